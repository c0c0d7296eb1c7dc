/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The parts of protoc-gen-micro: names, texts, the two files of a .proto.
 */
#pragma once

#include <glib.h>

#include "google/protobuf/descriptor.pb-c.h"
#include "plugin.pb-c.h"

typedef Google__Protobuf__FileDescriptorProto ProtoFile;
typedef Google__Protobuf__DescriptorProto ProtoMessage;
typedef Google__Protobuf__FieldDescriptorProto ProtoField;
typedef Google__Protobuf__ServiceDescriptorProto ProtoService;
typedef Google__Protobuf__MethodDescriptorProto ProtoMethod;

/* --- codegen-names.c: C names as protoc-gen-c makes them --- */

char *codegen_camel (const char *word);           /* hello_request → HelloRequest */
char *codegen_snake (const char *word);           /* HelloRequest → hello_request */
char *codegen_type_name (const char *full_name);  /* .a.b.Msg → A__B__Msg */
char *codegen_lower_name (const char *full_name); /* .a.b.Msg → a__b__msg */
char *codegen_member (const char *word);          /* Delete → delete_ */
/* A word of C or C++, or what is a macro where <micro/micro.h> or much else of libc is. */
gboolean codegen_is_reserved (const char *word);
char *codegen_file_base (const char *path); /* a/b.proto → a/b */

/* --- codegen-text.c --- */

/* Appends @text with each @name@ replaced; the arguments are name, value, …, NULL. */
void codegen_emit (GString *out, const char *text, ...) G_GNUC_NULL_TERMINATED;
/* The comment before the element at @path, without its slashes; (nullable) (transfer full). */
char *codegen_comment (const ProtoFile *file, const int *path, gsize length);
/* The line, from 1, of the element at @path; 0: protoc did not say. */
int codegen_line (const ProtoFile *file, const int *path, gsize length);
/* Appends @comment as a block comment under the line @title, both (nullable). */
void
codegen_emit_comment (GString *out, const char *indent, const char *title, const char *comment);

/* --- codegen-service.c --- */

/* What is said of a service and its methods in both files. */
typedef struct
{
  const ProtoFile *file;
  const ProtoService *service;
  int index;        /* in the file */
  char *full_name;  /* greeter.Say */
  char *prefix;     /* greeter_say */
  char *type;       /* GreeterSay */
  GPtrArray *names; /* of char *: hello; unique */
} Service;

Service *service_new (const ProtoFile *file, int index);
void service_free (Service *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Service, service_free)
gboolean method_is_unary (const ProtoMethod *method);
gboolean method_has_request (const ProtoMethod *method);

/* --- codegen-check.c --- */

/* FALSE: with @error, a sentence that begins with FILE:LINE. */
gboolean codegen_check (const Micro__Codegen__Request *request, GError **error);

/* --- codegen-fields.c --- */

/* Changes the names of fields that do not go in C; what protoc-gen-c writes then is put right. */
gboolean codegen_disguise_fields (ProtoFile *file, GError **error);
char *codegen_undisguise_fields (const char *content);

/* --- codegen-files.c --- */

/* The array file__descriptors: @file with all it imports, for reflection. */
void
codegen_emit_files (GString *out, const Micro__Codegen__Request *request, const ProtoFile *file);

/* --- codegen-streams.c --- */

void codegen_emit_stream (GString *out, const Service *service, guint index);

/* --- codegen-header.c, codegen-source.c --- */

char *codegen_header (const ProtoFile *file);
char *codegen_source (const Micro__Codegen__Request *request, const ProtoFile *file);

/* --- codegen-messages.c --- */

/* Runs protoc-gen-c and adds its files to @response. */
gboolean
codegen_add_messages (const Micro__Codegen__Request *request, GPtrArray *files, GError **error);
Micro__Codegen__Response__File *codegen_file_new (const char *name, const char *content);

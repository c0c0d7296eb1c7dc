/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * NAME.micro.h: handlers, stubs and g_autoptr for the messages.
 */
#include "config.h"

#include "codegen.h"

/* The guard is for messages that two files speak of. */
static void
emit_autoptr (GString *out, GHashTable *seen, const char *full_name)
{
  g_autofree char *type = codegen_type_name (full_name);
  g_autofree char *lower = codegen_lower_name (full_name);
  g_autofree char *guard = g_ascii_strup (lower, -1);

  if (!g_hash_table_add (seen, g_strdup (lower)))
    return;
  codegen_emit (out,
                "\n#ifndef @guard@__AUTOPTR\n"
                "#define @guard@__AUTOPTR\n"
                "static inline void\n"
                "@lower@__micro_free (@type@ *message)\n"
                "{\n"
                "  protobuf_c_message_free_unpacked ((ProtobufCMessage *) message, NULL);\n"
                "}\n"
                "G_DEFINE_AUTOPTR_CLEANUP_FUNC (@type@, @lower@__micro_free)\n"
                "#endif\n",
                "guard", guard, "lower", lower, "type", type, NULL);
}

static void
emit_message_autoptrs (GString *out,
                       GHashTable *seen,
                       const char *parent,
                       const ProtoMessage *message)
{
  g_autofree char *full_name = g_strconcat (parent, ".", message->name, NULL);

  if (message->options != NULL && message->options->map_entry)
    return;
  emit_autoptr (out, seen, full_name);
  for (gsize i = 0; i < message->n_nested_type; i++)
    emit_message_autoptrs (out, seen, full_name, message->nested_type[i]);
}

/* Events of a type; in the names of protobuf-c, which no service's functions have. */
static void
emit_events (GString *out, const char *package, const ProtoMessage *message)
{
  g_autofree char *full_name = g_strconcat (package, ".", message->name, NULL);
  g_autofree char *type = codegen_type_name (full_name);
  g_autofree char *lower = codegen_lower_name (full_name);

  codegen_emit (
      out,
      "\n/* Publishes it as protobuf; to be finished by micro_broker_publish_finish(). */\n"
      "static inline void\n"
      "@lower@__publish_async (MicroBroker *broker,\n"
      "    const char *topic,\n"
      "    const @type@ *message,\n"
      "    MicroMetadata *headers,\n"
      "    GCancellable *cancellable,\n"
      "    GAsyncReadyCallback callback,\n"
      "    gpointer user_data)\n"
      "{\n"
      "  micro_broker_publish_message_async (broker, topic,\n"
      "      (const ProtobufCMessage *) message, headers, cancellable, callback, user_data);\n"
      "}\n"
      "/* Before micro_app_init(); @queue (nullable) shares them. */\n"
      "static inline void\n"
      "@lower@__subscribe (MicroApp *app,\n"
      "    const char *topic,\n"
      "    const char *queue,\n"
      "    void (*callback) (const @type@ *message, MicroMetadata *headers, gpointer user_data),\n"
      "    gpointer user_data,\n"
      "    GDestroyNotify destroy)\n"
      "{\n"
      "  micro_app_subscribe_message (app, topic, queue, &@lower@__descriptor,\n"
      "      (MicroTypedMessageFunc) callback, user_data, destroy);\n"
      "}\n",
      "lower", lower, "type", type, "queue", "@queue", NULL);
}

static void
emit_handlers (GString *out, const Service *service)
{
  int path[] = { 6, service->index, 2, 0 };
  g_autofree char *comment = codegen_comment (service->file, path, 2);
  g_autofree char *title = g_strconcat (service->type, "Handlers", NULL);

  g_string_append (out, "\n");
  codegen_emit_comment (out, "", title, comment);
  g_string_append (out, "typedef struct\n{\n");
  for (gsize i = 0; i < service->service->n_method; i++)
    {
      const ProtoMethod *method = service->service->method[i];
      g_autofree char *type = codegen_type_name (method->input_type);
      g_autofree char *request = method_has_request (method)
                                     ? g_strdup_printf ("const %s *request", type)
                                     : g_strdup ("gconstpointer unused");
      g_autofree char *member = codegen_member (g_ptr_array_index (service->names, i));
      g_autofree char *method_comment = NULL;

      path[3] = i;
      method_comment = codegen_comment (service->file, path, 4);
      codegen_emit_comment (out, "  ", NULL, method_comment);
      codegen_emit (out, "  void (*@member@) (MicroCall *call, @request@, gpointer user_data);\n",
                    "member", member, "request", request, NULL);
    }
  if (service->service->n_method == 0)
    g_string_append (out, "  gpointer no_methods;\n");
  codegen_emit (out,
                "} @type@Handlers;\n\n"
                "extern const MicroServiceDescriptor @prefix@_descriptor;\n\n"
                "/* Serves the methods that are set; the others answer UNIMPLEMENTED.  @handlers "
                "is copied. */\n"
                "void @prefix@_add_handlers (MicroRouter *router,\n"
                "    const @type@Handlers *handlers,\n"
                "    gpointer user_data,\n"
                "    GDestroyNotify destroy);\n",
                "type", service->type, "prefix", service->prefix, NULL);
}

static void
emit_stubs (GString *out, const Service *service, guint index)
{
  const ProtoMethod *method = service->service->method[index];
  const char *name = g_ptr_array_index (service->names, index);
  const int path[] = { 6, service->index, 2, (int) index };
  g_autofree char *comment = codegen_comment (service->file, path, G_N_ELEMENTS (path));
  g_autofree char *request = codegen_type_name (method->input_type);
  g_autofree char *response = codegen_type_name (method->output_type);
  g_autofree char *title = g_strdup_printf ("%s_%s", service->prefix, name);

  codegen_emit (out,
                "\n/* Answers a call of @method@; any thread; takes nothing. */\n"
                "static inline void\n"
                "@function@_reply (MicroCall *call, const @response@ *response)\n"
                "{\n"
                "  micro_call_reply (call, response);\n"
                "}\n\n",
                "method", method->name, "function", title, "response", response, NULL);
  codegen_emit_comment (out, "", NULL, comment);
  codegen_emit (out,
                "/* @callback gets a const @response@ *, on a loop thread. */\n"
                "void @function@ (MicroClient *client,\n"
                "    const char *service,\n"
                "    const @request@ *request,\n"
                "    const MicroCallOptions *options,\n"
                "    MicroReplyFunc callback,\n"
                "    gpointer user_data);\n\n"
                "void @function@_async (MicroClient *client,\n"
                "    const char *service,\n"
                "    const @request@ *request,\n"
                "    const MicroCallOptions *options,\n"
                "    GCancellable *cancellable,\n"
                "    GAsyncReadyCallback callback,\n"
                "    gpointer user_data);\n\n"
                "/* Returns: (transfer full): free it with protobuf_c_message_free_unpacked() or "
                "g_autoptr. */\n"
                "@response@ *@function@_finish (MicroClient *client,\n"
                "    GAsyncResult *result,\n"
                "    GError **error) G_GNUC_WARN_UNUSED_RESULT;\n\n"
                "/* Blocks; not on a loop thread.  Returns: (transfer full): as above. */\n"
                "@response@ *@function@_sync (MicroClient *client,\n"
                "    const char *service,\n"
                "    const @request@ *request,\n"
                "    const MicroCallOptions *options,\n"
                "    GError **error) G_GNUC_WARN_UNUSED_RESULT;\n",
                "function", title, "request", request, "response", response, NULL);
}

char *
codegen_header (const ProtoFile *file)
{
  GString *out = g_string_new (NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *base = codegen_file_base (file->name);
  g_autofree char *package
      = g_strconcat (file->package != NULL && *file->package != '\0' ? "." : "",
                     file->package != NULL ? file->package : "", NULL);

  codegen_emit (out,
                "/* Generated by protoc-gen-micro from @file@; do not edit. */\n"
                "#pragma once\n\n"
                "#include <micro/micro.h>\n"
                "#include \"@base@.pb-c.h\"\n\n"
                "G_BEGIN_DECLS\n",
                "file", file->name, "base", base, NULL);
  for (gsize i = 0; i < file->n_message_type; i++)
    emit_message_autoptrs (out, seen, package, file->message_type[i]);
  for (gsize i = 0; i < file->n_message_type; i++)
    emit_events (out, package, file->message_type[i]);
  for (gsize i = 0; i < file->n_service; i++)
    {
      g_autoptr (Service) service = service_new (file, i);

      for (gsize j = 0; j < service->service->n_method; j++)
        emit_autoptr (out, seen, service->service->method[j]->output_type);
      emit_handlers (out, service);
      for (gsize j = 0; j < service->service->n_method; j++)
        if (method_is_unary (service->service->method[j]))
          emit_stubs (out, service, j);
        else
          codegen_emit_stream (out, service, j);
    }
  g_string_append (out, "\nG_END_DECLS\n");
  return g_string_free (out, FALSE);
}

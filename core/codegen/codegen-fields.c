/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fields that protoc-gen-c would give a name that C has a use for: it is told another, and what it
 * writes is put right.  Their names in descriptors, and so in JSON, stay.
 */
#include "config.h"

#include <string.h>

#include <gio/gio.h>

#include "codegen.h"

/* Ends a name that gets an underscore in C.  protoc-gen-c sorts the fields of a message by name,
 * and nothing that a name may go on with sorts before a zero. */
#define MARK "0000micromark"
#define MARK_UPPER "0000MICROMARK"

static char *
plain_name (const char *name)
{
  GString *plain = g_string_new (name);

  g_string_replace (plain, MARK, "", 0);
  return g_string_free (plain, FALSE);
}

/* What protobuf-c calls the head of the struct. */
static char *
base_name (const ProtoMessage *message)
{
  g_autofree guint8 *bytes = NULL;
  Micro__Codegen__MessageOptions *options;
  char *name;
  gsize length;

  if (message->options == NULL)
    return g_strdup ("base");
  length = google__protobuf__message_options__get_packed_size (message->options);
  bytes = g_malloc (length + 1);
  google__protobuf__message_options__pack (message->options, bytes);
  options = micro__codegen__message_options__unpack (NULL, length, bytes);
  name = g_strdup (options != NULL && options->pb_c_msg != NULL
                           && options->pb_c_msg->base_field_name != NULL
                       ? options->pb_c_msg->base_field_name
                       : "base");
  if (options != NULL)
    micro__codegen__message_options__free_unpacked (options, NULL);
  return name;
}

static gboolean
has_presence (const ProtoField *field, gboolean proto2)
{
  return field->proto3_optional
         || (proto2 && !field->has_oneof_index
             && field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL
             && field->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING
             && field->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE);
}

/* Takes what @field has in the struct when it is called @name; FALSE: another has it. */
static gboolean
take_members (GHashTable *taken, const ProtoField *field, const char *name, gboolean proto2)
{
  gboolean repeated
      = field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
  g_autofree char *more = repeated                       ? g_strconcat ("n_", name, NULL)
                          : has_presence (field, proto2) ? g_strconcat ("has_", name, NULL)
                                                         : g_strdup (name);

  if (g_hash_table_contains (taken, name) || g_hash_table_contains (taken, more))
    return FALSE;
  g_hash_table_add (taken, g_strdup (name));
  g_hash_table_add (taken, g_steal_pointer (&more));
  return TRUE;
}

static void
disguise_field (GHashTable *taken, ProtoField *field, gboolean proto2)
{
  g_autofree char *name = g_ascii_strdown (field->name, -1);
  GString *disguised = g_string_new (field->name);

  while (codegen_is_reserved (name) || !take_members (taken, field, name, proto2))
    {
      g_autofree char *plain = name;

      name = g_strconcat (plain, "_", NULL);
      g_string_append (disguised, MARK);
    }
  g_free (field->name);
  field->name = g_string_free (disguised, FALSE);
}

/* FALSE: with the marks, @field sorts elsewhere among its siblings. */
static gboolean
keeps_order (const ProtoMessage *message, const ProtoField *field)
{
  g_autofree char *plain = plain_name (field->name);

  for (gsize i = 0; i < message->n_field && !g_str_equal (plain, field->name); i++)
    {
      const char *other = message->field[i]->name;
      g_autofree char *other_plain = plain_name (other);

      if ((strcmp (plain, other_plain) < 0) != (strcmp (field->name, other) < 0))
        return FALSE;
    }
  return TRUE;
}

static gboolean
disguise_message (const ProtoFile *file, ProtoMessage *message, GError **error)
{
  gboolean proto2 = file->syntax == NULL || !g_str_equal (file->syntax, "proto3");
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_hash_table_add (taken, base_name (message));
  for (gsize i = 0; i < message->n_oneof_decl; i++)
    {
      g_autofree char *lower = codegen_snake (message->oneof_decl[i]->name);

      g_hash_table_add (taken, g_strconcat (lower, "_case", NULL));
    }
  for (gsize i = 0; i < message->n_field; i++)
    disguise_field (taken, message->field[i], proto2);
  for (gsize i = 0; i < message->n_field; i++)
    if (!keeps_order (message, message->field[i]))
      {
        g_autofree char *plain = plain_name (message->field[i]->name);

        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                     "%s: message %s has a field %s, which gets an underscore in C, and then must "
                     "have none that begins with %s0: rename one of them",
                     file->name, message->name, plain, plain);
        return FALSE;
      }
  for (gsize i = 0; i < message->n_nested_type; i++)
    {
      ProtoMessage *nested = message->nested_type[i];

      /* A map's field must be called like its entry; protobuf-c makes nothing of a map. */
      if (nested->options != NULL)
        nested->options->map_entry = FALSE;
      if (!disguise_message (file, nested, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
codegen_disguise_fields (ProtoFile *file, GError **error)
{
  for (gsize i = 0; i < file->n_message_type; i++)
    if (!disguise_message (file, file->message_type[i], error))
      return FALSE;
  return TRUE;
}

char *
codegen_undisguise_fields (const char *content)
{
  GString *text = g_string_new (content);

  while (g_string_replace (text, MARK "\"", "\"", 0) > 0)
    ;
  g_string_replace (text, MARK_UPPER, "", 0);
  g_string_replace (text, MARK, "_", 0);
  return g_string_free (text, FALSE);
}

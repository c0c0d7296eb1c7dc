/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What cannot become C is refused, with its place, before anything is written.
 */
#include "config.h"

#include <dlfcn.h>
#include <string.h>

#include <gio/gio.h>

#include "codegen.h"

/* Numbers of fields in descriptor.proto, of which paths to what was declared are made. */
enum
{
  FILE_MESSAGE = 4,
  FILE_ENUM = 5,
  FILE_SERVICE = 6,
  FILE_EXTENSION = 7,
  FILE_OPTIONS = 8,
  MESSAGE_FIELD = 2,
  MESSAGE_NESTED = 3,
  MESSAGE_ENUM = 4,
  MESSAGE_EXTENSION = 6,
  MESSAGE_ONEOF = 8,
  ENUM_VALUE = 2,
  SERVICE_METHOD = 2,
};

typedef struct
{
  GHashTable *owners; /* a name in C → what has it, for the reader */
  GHashTable *other;  /* of char *: messages that protobuf-c does not name as we do */
  const ProtoFile *file;
  gboolean generated; /* and not only imported */
  GArray *path;       /* of int: to what is being looked at */
  GError **error;
} Check;

static void
enter (Check *self, int field, gsize index)
{
  const int steps[] = { field, (int) index };

  g_array_append_vals (self->path, steps, G_N_ELEMENTS (steps));
}

static void
leave (Check *self)
{
  g_array_set_size (self->path, self->path->len - 2);
}

static char *
where (Check *self)
{
  int line = codegen_line (self->file, (const int *) (void *) self->path->data, self->path->len);

  return line > 0 ? g_strdup_printf ("%s:%d", self->file->name, line) : g_strdup (self->file->name);
}

static gboolean
refuse (Check *self, const char *what, const char *name, const char *why)
{
  g_autofree char *place = where (self);

  g_set_error (self->error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s: %s %s %s", place, what,
               name + (*name == '.'), why);
  return FALSE;
}

/* Takes @symbol for the @what called @name, if nobody has it. */
static gboolean
claim (Check *self, const char *what, const char *name, const char *symbol)
{
  g_autofree char *place = where (self);
  g_autofree char *why = NULL;
  const char *owner = g_hash_table_lookup (self->owners, symbol);

  if (owner == NULL)
    {
      g_hash_table_insert (self->owners, g_strdup (symbol),
                           g_strdup_printf ("%s %s (%s)", what, name + (*name == '.'), place));
      return TRUE;
    }
  why = g_strdup_printf ("and %s would both be “%s” in C: rename one of them", owner, symbol);
  return refuse (self, what, name, why);
}

/* Takes @stem with each of @endings, which NULL ends. */
static gboolean
claim_all (
    Check *self, const char *what, const char *name, const char *stem, const char *const *endings)
{
  for (; *endings != NULL; endings++)
    {
      g_autofree char *symbol = g_strconcat (stem, *endings, NULL);

      if (!claim (self, what, name, symbol))
        return FALSE;
    }
  return TRUE;
}

/* The type of a message or an enum. */
static gboolean
claim_type (Check *self, const char *what, const char *name)
{
  /* Without a package, the C library's. */
  static const char *const theirs[]
      = { "BUFSIZ", "DIR", "EOF", "FALSE", "FILE", "NULL", "TRUE", NULL };
  g_autofree char *type = codegen_type_name (name);

  if (*type == '\0' || g_ascii_isdigit (*type))
    return refuse (self, what, name,
                   "has nothing that can begin a name in C: rename it, or give the file a package");
  if (g_strv_contains (theirs, type))
    return refuse (self, what, name,
                   "is called like something of the C library: rename it, or give the file a "
                   "package");
  return claim (self, what, name, type);
}

static gboolean
check_enum (Check *self, const char *parent, const Google__Protobuf__EnumDescriptorProto *proto)
{
  g_autofree char *name = g_strconcat (parent, ".", proto->name, NULL);
  g_autofree char *lower = codegen_lower_name (name);
  g_autofree char *upper = g_ascii_strup (lower, -1);
  g_autofree char *descriptor = g_strconcat (lower, "__descriptor", NULL);

  if (!claim_type (self, "enum", name) || !claim (self, "enum", name, descriptor))
    return FALSE;
  for (gsize i = 0; i < proto->n_value; i++)
    {
      g_autofree char *symbol = g_strconcat (upper, "__", proto->value[i]->name, NULL);
      g_autofree char *value = g_strconcat (name, ".", proto->value[i]->name, NULL);
      gboolean ok;

      enter (self, ENUM_VALUE, i);
      ok = claim (self, "value", value, symbol);
      leave (self);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_oneof (Check *self, const char *parent, const ProtoMessage *message, gsize index)
{
  const char *oneof = message->oneof_decl[index]->name;
  g_autofree char *name = g_strconcat (parent, ".", oneof, NULL);
  g_autofree char *type = codegen_type_name (name);
  g_autofree char *lower = codegen_lower_name (name);
  g_autofree char *upper = g_ascii_strup (lower, -1);
  g_autofree char *type_case = g_strconcat (type, "Case", NULL);
  g_autofree char *not_set = g_strconcat (upper, "__NOT_SET", NULL);

  return claim (self, "oneof", name, type_case) && claim (self, "oneof", name, not_set);
}

static gboolean
check_field (Check *self, const char *parent, const ProtoMessage *message, const ProtoField *field)
{
  g_autofree char *name = g_strconcat (parent, ".", field->name, NULL);
  g_autofree char *lower = codegen_lower_name (name);
  g_autofree char *symbol = NULL;

  if (field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP && self->generated)
    return refuse (self, "field", name,
                   "is a group, which protobuf-c does not have: make it a message");
  if (field->has_oneof_index && message != NULL && !field->proto3_optional)
    {
      const char *oneof = message->oneof_decl[field->oneof_index]->name;
      g_autofree char *stem = g_strconcat (parent, ".", oneof, NULL);
      g_autofree char *stem_lower = codegen_lower_name (stem);
      g_autofree char *snake = codegen_snake (field->name);
      g_autofree char *joined = g_strconcat (stem_lower, "_", snake, NULL);

      symbol = g_ascii_strup (joined, -1);
    }
  else if (field->default_value != NULL)
    symbol = g_strconcat (lower, "__default_value", NULL);
  return symbol == NULL || claim (self, "field", name, symbol);
}

static gboolean
check_message (Check *self, const char *parent, const ProtoMessage *message)
{
  static const char *const lower_endings[]
      = { "__init",           "__get_packed_size", "__pack",
          "__pack_to_buffer", "__unpack",          "__free_unpacked",
          "__descriptor",     "__micro_free",      NULL };
  static const char *const upper_endings[] = { "__INIT", "__AUTOPTR", NULL };
  g_autofree char *name = g_strconcat (parent, ".", message->name, NULL);
  g_autofree char *type = codegen_type_name (name);
  g_autofree char *closure = g_strconcat (type, "_Closure", NULL);
  g_autofree char *lower = codegen_lower_name (name);
  g_autofree char *upper = g_ascii_strup (lower, -1);
  gboolean ok = claim_type (self, "message", name) && claim (self, "message", name, closure)
                && claim_all (self, "message", name, lower, lower_endings)
                && claim_all (self, "message", name, upper, upper_endings);

  for (gsize i = 0; ok && i < message->n_enum_type; i++, leave (self))
    {
      enter (self, MESSAGE_ENUM, i);
      ok = check_enum (self, name, message->enum_type[i]);
    }
  for (gsize i = 0; ok && i < message->n_oneof_decl; i++, leave (self))
    {
      enter (self, MESSAGE_ONEOF, i);
      ok = check_oneof (self, name, message, i);
    }
  for (gsize i = 0; ok && i < message->n_field; i++, leave (self))
    {
      enter (self, MESSAGE_FIELD, i);
      ok = check_field (self, name, message, message->field[i]);
    }
  for (gsize i = 0; ok && i < message->n_extension; i++, leave (self))
    {
      enter (self, MESSAGE_EXTENSION, i);
      ok = check_field (self, name, NULL, message->extension[i]);
    }
  for (gsize i = 0; ok && i < message->n_nested_type; i++, leave (self))
    {
      enter (self, MESSAGE_NESTED, i);
      ok = check_message (self, name, message->nested_type[i]);
    }
  return ok;
}

/* A function called like one of theirs would not compile, or be called in its place. */
static gboolean
check_libraries (Check *self, const char *name, const char *symbol)
{
  void *address = dlsym (RTLD_DEFAULT, symbol);
  Dl_info info;
  g_autofree char *library = NULL;
  g_autofree char *why = NULL;

  if (address == NULL || dladdr (address, &info) == 0)
    return TRUE;
  library = g_path_get_basename (info.dli_fname);
  why = g_strdup_printf ("would be “%s” in C, which %s has: rename it, or give the file a package",
                         symbol, library);
  return refuse (self, "method", name, why);
}

static gboolean
check_types (Check *self, const char *name, const ProtoMethod *method)
{
  const char *const types[] = { method->input_type, method->output_type };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_hash_table_contains (self->other, types[i]))
      {
        g_autofree char *why = g_strdup_printf (
            "has the type %s of a file with protobuf-c's option c_package or no_generate, which is "
            "not followed: remove the option",
            types[i] + 1);

        return refuse (self, "method", name, why);
      }
  return TRUE;
}

static gboolean
check_method (Check *self, const Service *service, gsize index)
{
  static const char *const unary[] = { "", "_reply", "_async", "_finish", "_sync", NULL };
  static const char *const stream[] = { "_open", "_stream_receive_sync", NULL };
  static const char *const client[] = { "_stream_send", "_stream_send_sync", NULL };
  static const char *const replies[] = { "_reply", NULL };
  static const char *const sends[] = { "_send", NULL };
  const ProtoMethod *method = service->service->method[index];
  g_autofree char *name = g_strconcat (service->full_name, ".", method->name, NULL);
  g_autofree char *stem
      = g_strdup_printf ("%s_%s", service->prefix, (char *) service->names->pdata[index]);

  if (!check_types (self, name, method) || !check_libraries (self, name, stem))
    return FALSE;
  if (method_is_unary (method))
    return claim_all (self, "method", name, stem, unary);
  return claim_all (self, "method", name, stem, stream)
         && (!method->client_streaming || claim_all (self, "method", name, stem, client))
         && claim_all (self, "method", name, stem, method->server_streaming ? sends : replies);
}

static gboolean
check_service (Check *self, int index)
{
  static const char *const types[] = { "Handlers", "__Binding", NULL };
  static const char *const functions[] = { "_add_handlers", "_descriptor", NULL };
  g_autoptr (Service) service = service_new (self->file, index);
  gboolean ok = claim_all (self, "service", service->full_name, service->type, types)
                && claim_all (self, "service", service->full_name, service->prefix, functions);

  for (gsize i = 0; ok && i < service->service->n_method; i++, leave (self))
    {
      enter (self, SERVICE_METHOD, i);
      ok = check_method (self, service, i);
    }
  return ok;
}

/* Which of protobuf-c's options that are not followed @file has; (nullable). */
static const char *
find_option (const ProtoFile *file, int *ret_number)
{
  g_autofree guint8 *bytes = NULL;
  Micro__Codegen__FileOptions *options;
  const char *found = NULL;
  gsize length;

  if (file->options == NULL)
    return NULL;
  length = google__protobuf__file_options__get_packed_size (file->options);
  bytes = g_malloc (length + 1);
  google__protobuf__file_options__pack (file->options, bytes);
  options = micro__codegen__file_options__unpack (NULL, length, bytes);
  if (options == NULL)
    return NULL;
  if (options->pb_c_file != NULL && options->pb_c_file->c_package != NULL)
    {
      found = "(pb_c_file).c_package";
      *ret_number = 6;
    }
  else if (options->pb_c_file != NULL && options->pb_c_file->no_generate)
    {
      found = "(pb_c_file).no_generate";
      *ret_number = 1;
    }
  micro__codegen__file_options__free_unpacked (options, NULL);
  return found;
}

static void
add_other (Check *self, const char *parent, const ProtoMessage *message)
{
  char *name = g_strconcat (parent, ".", message->name, NULL);

  g_hash_table_add (self->other, name);
  for (gsize i = 0; i < message->n_nested_type; i++)
    add_other (self, name, message->nested_type[i]);
}

static gboolean
check_file (Check *self)
{
  const ProtoFile *file = self->file;
  const char *package = file->package != NULL ? file->package : "";
  g_autofree char *parent = g_strconcat (*package != '\0' ? "." : "", package, NULL);
  const char *syntax = file->syntax != NULL ? file->syntax : "";
  const char *option;
  int number = 0;
  gboolean ok = TRUE;

  if (strpbrk (file->name, "\"\\\n") != NULL || strstr (file->name, "*/") != NULL)
    return refuse (self, "file", file->name,
                   "has a name that an #include or a comment in C cannot have: rename it");
  if (*syntax != '\0' && !g_str_equal (syntax, "proto2") && !g_str_equal (syntax, "proto3"))
    return refuse (self, "syntax", syntax,
                   "is none that protobuf-c knows: write syntax = \"proto3\" or \"proto2\"");
  option = find_option (file, &number);
  if (option != NULL && self->generated)
    {
      enter (self, FILE_OPTIONS, 1019);
      g_array_append_val (self->path, number);
      return refuse (self, "option", option, "is not followed: remove it");
    }
  for (gsize i = 0; option != NULL && i < file->n_message_type; i++)
    add_other (self, parent, file->message_type[i]);
  if (option != NULL)
    return TRUE;
  for (gsize i = 0; ok && i < file->n_message_type; i++, leave (self))
    {
      enter (self, FILE_MESSAGE, i);
      ok = check_message (self, parent, file->message_type[i]);
    }
  for (gsize i = 0; ok && i < file->n_enum_type; i++, leave (self))
    {
      enter (self, FILE_ENUM, i);
      ok = check_enum (self, parent, file->enum_type[i]);
    }
  for (gsize i = 0; ok && i < file->n_extension; i++, leave (self))
    {
      enter (self, FILE_EXTENSION, i);
      ok = check_field (self, parent, NULL, file->extension[i]);
    }
  for (gsize i = 0; ok && i < file->n_service; i++, leave (self))
    {
      enter (self, FILE_SERVICE, i);
      ok = check_service (self, (int) i);
    }
  return ok;
}

gboolean
codegen_check (const Micro__Codegen__Request *request, GError **error)
{
  g_autoptr (GHashTable) owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GArray) path = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GHashTable) other = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Check check = { .owners = owners, .other = other, .path = path, .error = error };

  for (gsize i = 0; i < request->n_proto_file; i++)
    {
      check.file = request->proto_file[i];
      check.generated = FALSE;
      for (gsize j = 0; j < request->n_file_to_generate; j++)
        check.generated |= g_str_equal (request->file_to_generate[j], check.file->name);
      if (!check_file (&check))
        return FALSE;
    }
  return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A service of a .proto: its C prefix and the names of its methods.
 */
#include "config.h"

#include "codegen.h"

gboolean
method_is_unary (const ProtoMethod *method)
{
  return !method->client_streaming && !method->server_streaming;
}

gboolean
method_has_request (const ProtoMethod *method)
{
  return !method->client_streaming;
}

/* What a method is called in C: its functions, and last its place in the handlers. */
static GPtrArray *
symbols_of (const char *name)
{
  static const char *const suffixes[]
      = { "",      "_reply", "_async",       "_finish",           "_sync",
          "_send", "_open",  "_stream_send", "_stream_send_sync", "_stream_receive_sync" };
  GPtrArray *symbols = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *member = codegen_member (name);

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    g_ptr_array_add (symbols, g_strconcat (name, suffixes[i], NULL));
  g_ptr_array_add (symbols, g_strconcat (".", member, NULL));
  return symbols;
}

static gboolean
any_taken (GHashTable *taken, GPtrArray *symbols)
{
  for (guint i = 0; i < symbols->len; i++)
    if (g_hash_table_contains (taken, symbols->pdata[i]))
      return TRUE;
  return FALSE;
}

/* Methods may differ only in what is lost on the way to C (getURL, getUrl), or be named like the
 * service's own functions. */
static char *
unique_name (GHashTable *taken, const char *method)
{
  char *name = codegen_snake (method);

  while (TRUE)
    {
      g_autoptr (GPtrArray) symbols = symbols_of (name);
      g_autofree char *plain = NULL;

      if (!any_taken (taken, symbols))
        {
          for (guint i = 0; i < symbols->len; i++)
            g_hash_table_add (taken, g_strdup (symbols->pdata[i]));
          return name;
        }
      plain = name;
      name = g_strconcat (plain, "_", NULL);
    }
}

Service *
service_new (const ProtoFile *file, int index)
{
  Service *self = g_new0 (Service, 1);
  const ProtoService *service = file->service[index];
  const char *package = file->package != NULL ? file->package : "";
  g_autofree char *full_name
      = g_strconcat (package, *package != '\0' ? "." : "", service->name, NULL);
  g_autofree char *lower = codegen_lower_name (full_name);
  g_autofree char *upper = codegen_type_name (full_name);
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) lower_pieces = g_strsplit (lower, "__", -1);
  g_auto (GStrv) upper_pieces = g_strsplit (upper, "__", -1);

  self->file = file;
  self->service = service;
  self->index = index;
  self->full_name = g_steal_pointer (&full_name);
  self->prefix = g_strjoinv ("_", lower_pieces);
  self->type = g_strjoinv ("", upper_pieces);
  self->names = g_ptr_array_new_with_free_func (g_free);
  g_hash_table_add (taken, g_strdup ("add_handlers"));
  g_hash_table_add (taken, g_strdup ("descriptor"));
  for (gsize i = 0; i < service->n_method; i++)
    g_ptr_array_add (self->names, unique_name (taken, service->method[i]->name));
  return self;
}

void
service_free (Service *self)
{
  g_free (self->full_name);
  g_free (self->prefix);
  g_free (self->type);
  g_ptr_array_unref (self->names);
  g_free (self);
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which file of a router's descriptors has what.
 */
#include "config.h"

#include "micro/filenames.pb-c.h"
#include "services.h"

struct _ReflectionIndex
{
  GHashTable *files;      /* name → GBytes */
  GHashTable *imports;    /* name → GPtrArray of names */
  GHashTable *symbols;    /* "package.Message" → name of its file */
  GHashTable *extensions; /* "package.Message" → GHashTable of number → name of its file */
};

/* --- Filling --- */

static char *
reflection_index_join (const char *scope, const char *name)
{
  return g_strconcat (scope, scope[0] != '\0' ? "." : "", name, NULL);
}

static void
add_symbol (ReflectionIndex *self, const char *scope, const char *name, const char *file)
{
  g_hash_table_insert (self->symbols, reflection_index_join (scope, name), (gpointer) file);
}

static void
add_fields (ReflectionIndex *self,
            const char *scope,
            Micro__Filenames__Field **fields,
            gsize n_fields,
            const char *file)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      const char *type
          = fields[i]->extendee[0] == '.' ? fields[i]->extendee + 1 : fields[i]->extendee;
      GHashTable *numbers;

      add_symbol (self, scope, fields[i]->name, file);
      if (type[0] == '\0')
        continue;
      numbers = g_hash_table_lookup (self->extensions, type);
      if (numbers == NULL)
        {
          numbers = g_hash_table_new (NULL, NULL);
          g_hash_table_insert (self->extensions, g_strdup (type), numbers);
        }
      g_hash_table_insert (numbers, GINT_TO_POINTER (fields[i]->number), (gpointer) file);
    }
}

/* A value of an enum is a name beside it (descriptor.proto). */
static void
add_enums (ReflectionIndex *self,
           const char *scope,
           Micro__Filenames__Enum **enums,
           gsize n_enums,
           const char *file)
{
  for (gsize i = 0; i < n_enums; i++)
    {
      add_symbol (self, scope, enums[i]->name, file);
      for (gsize j = 0; j < enums[i]->n_value; j++)
        add_symbol (self, scope, enums[i]->value[j]->name, file);
    }
}

static void
add_messages (ReflectionIndex *self,
              const char *scope,
              Micro__Filenames__Message **messages,
              gsize n_messages,
              const char *file)
{
  for (gsize i = 0; i < n_messages; i++)
    {
      const Micro__Filenames__Message *message = messages[i];
      g_autofree char *inner = reflection_index_join (scope, message->name);

      add_symbol (self, scope, message->name, file);
      add_fields (self, inner, message->field, message->n_field, file);
      add_fields (self, inner, message->extension, message->n_extension, file);
      add_enums (self, inner, message->enum_type, message->n_enum_type, file);
      add_messages (self, inner, message->nested_type, message->n_nested_type, file);
      for (gsize j = 0; j < message->n_oneof_decl; j++)
        add_symbol (self, inner, message->oneof_decl[j]->name, file);
    }
}

static void
add_services (ReflectionIndex *self, const Micro__Filenames__File *file, const char *name)
{
  for (gsize i = 0; i < file->n_service; i++)
    {
      const Micro__Filenames__Service *service = file->service[i];
      g_autofree char *inner = reflection_index_join (file->package, service->name);

      add_symbol (self, file->package, service->name, name);
      for (gsize j = 0; j < service->n_method; j++)
        add_symbol (self, inner, service->method[j]->name, name);
    }
}

static void
add_file (ReflectionIndex *self, const guint8 *data, gsize length)
{
  Micro__Filenames__File *file = micro__filenames__file__unpack (NULL, length, data);
  GPtrArray *imports;
  char *name;

  if (file == NULL)
    return;
  if (!g_hash_table_contains (self->files, file->name))
    {
      name = g_strdup (file->name);
      imports = g_ptr_array_new_with_free_func (g_free);
      for (gsize i = 0; i < file->n_dependency; i++)
        g_ptr_array_add (imports, g_strdup (file->dependency[i]));
      g_hash_table_insert (self->files, name, g_bytes_new_static (data, length));
      g_hash_table_insert (self->imports, name, imports);
      add_messages (self, file->package, file->message_type, file->n_message_type, name);
      add_enums (self, file->package, file->enum_type, file->n_enum_type, name);
      add_fields (self, file->package, file->extension, file->n_extension, name);
      add_services (self, file, name);
    }
  micro__filenames__file__free_unpacked (file, NULL);
}

/* A FileDescriptorSet is the field 1, length-delimited, again and again. */
static void
add_set (ReflectionIndex *self, const guint8 *data, gsize length)
{
  gsize at = 0;

  while (at < length && data[at] == 0x0a)
    {
      gsize size = 0;
      guint shift = 0;

      at++;
      while (at < length && shift < 35)
        {
          size |= (gsize) (data[at] & 0x7f) << shift;
          shift += 7;
          if (!(data[at++] & 0x80))
            break;
        }
      if (size > length - at)
        break;
      add_file (self, data + at, size);
      at += size;
    }
}

ReflectionIndex *
reflection_index_new (MicroRouter *router)
{
  GPtrArray *services = micro_router_get_services (router);
  ReflectionIndex *self = g_new0 (ReflectionIndex, 1);

  self->files
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->imports
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->symbols = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->extensions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify) g_hash_table_unref);
  for (guint i = 0; i < services->len; i++)
    {
      const MicroServiceDescriptor *service = g_ptr_array_index (services, i);

      add_set (self, service->files, service->files_length);
    }
  return self;
}

void
reflection_index_free (ReflectionIndex *self)
{
  g_hash_table_unref (self->extensions);
  g_hash_table_unref (self->symbols);
  g_hash_table_unref (self->imports);
  g_hash_table_unref (self->files);
  g_free (self);
}

/* --- Asking --- */

static void
reflection_index_collect (ReflectionIndex *self,
                          const char *name,
                          GHashTable *seen,
                          GPtrArray *found)
{
  GBytes *file = g_hash_table_lookup (self->files, name);
  GPtrArray *imports;

  if (file == NULL || !g_hash_table_add (seen, (gpointer) name))
    return;
  g_ptr_array_add (found, file);
  imports = g_hash_table_lookup (self->imports, name);
  for (guint i = 0; i < imports->len; i++)
    reflection_index_collect (self, g_ptr_array_index (imports, i), seen, found);
}

GPtrArray *
reflection_index_get_file (ReflectionIndex *self, const char *name)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  reflection_index_collect (self, name, seen, found);
  return found->len > 0 ? g_steal_pointer (&found) : NULL;
}

const char *
reflection_index_find_symbol (ReflectionIndex *self, const char *symbol)
{
  return g_hash_table_lookup (self->symbols, symbol[0] == '.' ? symbol + 1 : symbol);
}

const char *
reflection_index_find_extension (ReflectionIndex *self, const char *type, gint32 number)
{
  GHashTable *numbers = g_hash_table_lookup (self->extensions, type);

  return numbers != NULL ? g_hash_table_lookup (numbers, GINT_TO_POINTER (number)) : NULL;
}

GArray *
reflection_index_get_extensions (ReflectionIndex *self, const char *type)
{
  GHashTable *numbers = g_hash_table_lookup (self->extensions, type);
  GHashTableIter iter;
  gpointer number;
  GArray *found;

  if (numbers == NULL && reflection_index_find_symbol (self, type) == NULL)
    return NULL;
  found = g_array_new (FALSE, FALSE, sizeof (gint32));
  if (numbers != NULL)
    {
      g_hash_table_iter_init (&iter, numbers);
      while (g_hash_table_iter_next (&iter, &number, NULL))
        {
          gint32 value = GPOINTER_TO_INT (number);

          g_array_append_val (found, value);
        }
    }
  return found;
}

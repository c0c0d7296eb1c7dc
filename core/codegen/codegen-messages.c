/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The messages: protoc-gen-c as a child, asked nearly what we were asked.
 */
#include "config.h"

#include <gio/gio.h>

#include "codegen.h"

Micro__Codegen__Response__File *
codegen_file_new (const char *name, const char *content)
{
  Micro__Codegen__Response__File *file = g_new (Micro__Codegen__Response__File, 1);

  micro__codegen__response__file__init (file);
  file->name = g_strdup (name);
  file->content = g_strdup (content);
  return file;
}

static const ProtoFile *
find_file (const Micro__Codegen__Request *request, const char *name)
{
  for (gsize i = 0; i < request->n_proto_file; i++)
    if (g_str_equal (request->proto_file[i]->name, name))
      return request->proto_file[i];
  return NULL;
}

/* No library has C code for Google's well-known types, so whoever imports one gets it too. */
static void
add_well_known (const Micro__Codegen__Request *request, GPtrArray *names, const char *name)
{
  const ProtoFile *file = find_file (request, name);

  for (gsize i = 0; file != NULL && i < file->n_dependency; i++)
    {
      const char *dependency = file->dependency[i];

      if (!g_str_has_prefix (dependency, "google/protobuf/")
          || g_ptr_array_find_with_equal_func (names, dependency, g_str_equal, NULL))
        continue;
      g_ptr_array_add (names, (gpointer) dependency);
      add_well_known (request, names, dependency);
    }
}

static GBytes *
pack (const Micro__Codegen__Request *request)
{
  gsize length = micro__codegen__request__get_packed_size (request);
  guint8 *bytes = g_malloc (length + 1);

  micro__codegen__request__pack (request, bytes);
  return g_bytes_new_take (bytes, length);
}

/* What we were asked, plus the well-known types, less the services: protobuf-c's own RPC stubs are
 * of no use here, and a method called Delete or Register makes them uncompilable. */
static GBytes *
make_request (const Micro__Codegen__Request *request, GError **error)
{
  g_autoptr (GBytes) bytes = pack (request);
  g_autoptr (GBytes) changed = NULL;
  Micro__Codegen__Request *child = micro__codegen__request__unpack (NULL, g_bytes_get_size (bytes),
                                                                    g_bytes_get_data (bytes, NULL));
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  Micro__Codegen__Request asked;
  gboolean ok = TRUE;
  g_autofree gsize *n_services = g_new (gsize, child->n_proto_file);

  for (gsize i = 0; i < request->n_file_to_generate; i++)
    g_ptr_array_add (names, request->file_to_generate[i]);
  for (gsize i = 0; i < request->n_file_to_generate; i++)
    add_well_known (request, names, request->file_to_generate[i]);
  for (gsize i = 0; i < child->n_proto_file; i++)
    {
      ok = ok && codegen_disguise_fields (child->proto_file[i], error);
      n_services[i] = child->proto_file[i]->n_service;
      child->proto_file[i]->n_service = 0;
    }
  asked = *child;
  asked.parameter = NULL;
  asked.n_file_to_generate = names->len;
  asked.file_to_generate = (char **) names->pdata;
  changed = ok ? pack (&asked) : NULL;
  for (gsize i = 0; i < child->n_proto_file; i++)
    child->proto_file[i]->n_service = n_services[i];
  micro__codegen__request__free_unpacked (child, NULL);
  return g_steal_pointer (&changed);
}

static GBytes *
run_child (GBytes *input, GError **error)
{
  g_autofree char *program = g_find_program_in_path ("protoc-gen-c");
  g_autoptr (GSubprocess) child = NULL;
  g_autoptr (GBytes) output = NULL;

  if (program == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "protoc-gen-c, which makes the messages, is not in PATH: install it "
                   "(Debian and Fedora: protobuf-c-compiler; Alpine: protobuf-c)");
      return NULL;
    }
  child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error,
                            program, NULL);
  if (child == NULL || !g_subprocess_communicate (child, input, NULL, &output, NULL, error)
      || !g_subprocess_wait_check (child, NULL, error))
    {
      g_prefix_error (error, "%s: ", program);
      return NULL;
    }
  return g_steal_pointer (&output);
}

gboolean
codegen_add_messages (const Micro__Codegen__Request *request, GPtrArray *files, GError **error)
{
  g_autoptr (GBytes) input = make_request (request, error);
  g_autoptr (GBytes) output = input != NULL ? run_child (input, error) : NULL;
  Micro__Codegen__Response *response;
  gboolean ok;

  if (output == NULL)
    return FALSE;
  response = micro__codegen__response__unpack (NULL, g_bytes_get_size (output),
                                               g_bytes_get_data (output, NULL));
  if (response == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "protoc-gen-c answered what is not a CodeGeneratorResponse: is that "
                   "protobuf-c's program?");
      return FALSE;
    }
  ok = response->error == NULL || *response->error == '\0';
  if (!ok)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "protoc-gen-c: %s", response->error);
  for (gsize i = 0; ok && i < response->n_file; i++)
    {
      g_autofree char *content = codegen_undisguise_fields (response->file[i]->content);

      g_ptr_array_add (files, codegen_file_new (response->file[i]->name, content));
    }
  micro__codegen__response__free_unpacked (response, NULL);
  return ok;
}

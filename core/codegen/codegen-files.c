/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The serialised descriptors of a .proto and its imports, as a C array.
 */
#include "config.h"

#include "codegen.h"

static const ProtoFile *
find_file (const Micro__Codegen__Request *request, const char *name)
{
  for (gsize i = 0; i < request->n_proto_file; i++)
    if (g_str_equal (request->proto_file[i]->name, name))
      return request->proto_file[i];
  return NULL;
}

/* What a file imports stands before it. */
static void
collect (const Micro__Codegen__Request *request,
         const ProtoFile *file,
         GHashTable *seen,
         GPtrArray *files)
{
  if (file == NULL || !g_hash_table_add (seen, (gpointer) file))
    return;
  for (gsize i = 0; i < file->n_dependency; i++)
    collect (request, find_file (request, file->dependency[i]), seen, files);
  g_ptr_array_add (files, (gpointer) file);
}

void
codegen_emit_files (GString *out, const Micro__Codegen__Request *request, const ProtoFile *file)
{
  Google__Protobuf__FileDescriptorSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autofree ProtoFile *plain = NULL;
  g_autofree guint8 *bytes = NULL;
  gsize length;

  collect (request, file, seen, files);
  plain = g_new (ProtoFile, files->len);
  for (guint i = 0; i < files->len; i++)
    {
      plain[i] = *(const ProtoFile *) files->pdata[i];
      /* Comments are most of a descriptor's bytes, and nobody reflects on them. */
      plain[i].source_code_info = NULL;
      files->pdata[i] = &plain[i];
    }
  set.n_file = files->len;
  set.file = (ProtoFile **) files->pdata;
  length = google__protobuf__file_descriptor_set__get_packed_size (&set);
  bytes = g_malloc (length + 1);
  google__protobuf__file_descriptor_set__pack (&set, bytes);
  g_string_append (out, "\n/* A serialised google.protobuf.FileDescriptorSet, this file last. */\n"
                        "static const guint8 file__descriptors[] = {");
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (out, "%s0x%02x,", i % 16 == 0 ? "\n  " : " ", bytes[i]);
  g_string_append (out, "\n};\n");
}

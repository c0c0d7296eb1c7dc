/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * protoc-gen-micro: protoc's request on stdin, protoc's response on stdout.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "codegen.h"

#define FEATURE_PROTO3_OPTIONAL 1

static GBytes *
read_input (void)
{
  GByteArray *input = g_byte_array_new ();
  guint8 buffer[65536];

  for (gsize n; (n = fread (buffer, 1, sizeof buffer, stdin)) > 0;)
    g_byte_array_append (input, buffer, n);
  return g_byte_array_free_to_bytes (input);
}

static gboolean
parse_parameter (const char *parameter, gboolean *ret_messages, GError **error)
{
  g_auto (GStrv) words = g_strsplit (parameter != NULL ? parameter : "", ",", -1);
  gboolean messages = TRUE;

  for (guint i = 0; words[i] != NULL; i++)
    {
      const char *word = g_strstrip (words[i]);

      if (g_str_equal (word, "no-messages"))
        messages = FALSE;
      else if (*word != '\0')
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "no option “%s”: there is only “no-messages”", word);
          return FALSE;
        }
    }
  *ret_messages = messages;
  return TRUE;
}

static void
add_file (GPtrArray *files, const Micro__Codegen__Request *request, const ProtoFile *file)
{
  g_autofree char *base = codegen_file_base (file->name);
  g_autofree char *header_name = g_strconcat (base, ".micro.h", NULL);
  g_autofree char *source_name = g_strconcat (base, ".micro.c", NULL);
  g_autofree char *header = codegen_header (file);
  g_autofree char *source = codegen_source (request, file);

  g_ptr_array_add (files, codegen_file_new (header_name, header));
  g_ptr_array_add (files, codegen_file_new (source_name, source));
}

static gboolean
generate (const Micro__Codegen__Request *request, GPtrArray *files, GError **error)
{
  gboolean messages;

  if (!parse_parameter (request->parameter, &messages, error))
    return FALSE;
  if (!codegen_check (request, error))
    return FALSE;
  if (messages && !codegen_add_messages (request, files, error))
    return FALSE;
  for (gsize i = 0; i < request->n_file_to_generate; i++)
    for (gsize j = 0; j < request->n_proto_file; j++)
      if (g_str_equal (request->proto_file[j]->name, request->file_to_generate[i]))
        add_file (files, request, request->proto_file[j]);
  return TRUE;
}

static void
file_free (gpointer data)
{
  Micro__Codegen__Response__File *file = data;

  g_free (file->name);
  g_free (file->content);
  g_free (file);
}

static int
answer (GPtrArray *files, const GError *error)
{
  Micro__Codegen__Response response = MICRO__CODEGEN__RESPONSE__INIT;
  g_autofree guint8 *output = NULL;
  gsize length;

  response.has_supported_features = TRUE;
  response.supported_features = FEATURE_PROTO3_OPTIONAL;
  if (error != NULL)
    response.error = error->message;
  else
    {
      response.n_file = files->len;
      response.file = (Micro__Codegen__Response__File **) files->pdata;
    }
  length = micro__codegen__response__get_packed_size (&response);
  output = g_malloc (length + 1);
  micro__codegen__response__pack (&response, output);
  if (fwrite (output, 1, length, stdout) == length && fflush (stdout) == 0)
    return 0;
  fprintf (stderr, "protoc-gen-micro: cannot write to protoc: %s\n", g_strerror (errno));
  return 1;
}

static const char usage[]
    = "usage: protoc --micro_out=DIR FILE.proto...\n"
      "\n"
      "protoc starts protoc-gen-micro by itself when it finds it in PATH. It writes\n"
      "FILE.pb-c.{h,c} (messages) and FILE.micro.{h,c} (services) into DIR.\n"
      "\n"
      "  --micro_opt=no-messages  FILE.micro.{h,c} only\n"
      "  --help, --version        of protoc-gen-micro itself\n";

int
main (int argc, char *argv[])
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (file_free);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  Micro__Codegen__Request *request;
  int status;

  if (argc > 1 && g_str_equal (argv[1], "--version"))
    return printf ("protoc-gen-micro %s\n", PACKAGE_VERSION) > 0 ? 0 : 1;
  if (argc > 1 && g_str_equal (argv[1], "--help"))
    return fputs (usage, stdout) >= 0 ? 0 : 1;
  if (argc > 1 || isatty (STDIN_FILENO))
    {
      fputs (usage, stderr);
      return 2;
    }
  bytes = read_input ();
  request = micro__codegen__request__unpack (NULL, g_bytes_get_size (bytes),
                                             g_bytes_get_data (bytes, NULL));
  /* protoc always names a file; no bytes at all are a request that names none. */
  if (request == NULL || request->n_file_to_generate == 0)
    {
      fputs ("protoc-gen-micro: stdin is not a request of protoc: run protoc --micro_out=DIR "
             "FILE.proto, which starts it\n",
             stderr);
      if (request != NULL)
        micro__codegen__request__free_unpacked (request, NULL);
      return 2;
    }
  generate (request, files, &error);
  status = answer (files, error);
  micro__codegen__request__free_unpacked (request, NULL);
  return status;
}

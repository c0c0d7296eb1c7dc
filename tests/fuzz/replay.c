/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Runs a fuzzer over files, and over the files of folders, without libFuzzer.
 */
#include "fuzz.h"

/* libFuzzer calls it if it is there. */
__attribute__ ((weak)) int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  return 0;
}

static int
replay_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *exact = NULL;
  g_autofree char *data = NULL;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  /* Without the NUL that GLib appends, so that reading past the end is seen. */
  exact = g_memdup2 (data, size);
  LLVMFuzzerTestOneInput (exact, size);
  return 0;
}

static int
replay (const char *path, guint *n_files)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;
  int status = 0;

  if (folder == NULL)
    {
      (*n_files)++;
      return replay_file (path);
    }
  while (status == 0 && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *inside = g_build_filename (path, name, NULL);

      status = replay (inside, n_files);
    }
  return status;
}

int
main (int argc, char *argv[])
{
  guint n_files = 0;
  int status = 0;

  LLVMFuzzerInitialize (&argc, &argv);
  for (int i = 1; i < argc && status == 0; i++)
    status = replay (argv[i], &n_files);
  g_print ("%u inputs\n", n_files);
  return status;
}

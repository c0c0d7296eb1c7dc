/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The files of a directory, all of one moment: Kubernetes mounts a ConfigMap as links through
 * `..data`, and changes it by a new directory to which that link is then swapped (kubelet's
 * pkg/volume/util/atomic_writer.go).
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/files.h"

#define DATA_LINK "..data"
/* What etcd takes of a ConfigMap or Secret (kubernetes.io/docs, "ConfigMap: size"). */
#define MAX_FILE_BYTES (1024 * 1024)
/* Several may be projected into one directory. */
#define MAX_BYTES (8 * MAX_FILE_BYTES)
#define MAX_FILES 10000
#define MAX_DEPTH 8
#define MAX_TRIES 20

typedef struct
{
  GHashTable *entries;
  gsize bytes;
} Reading;

/* G_IO_ERROR_NOT_FOUND: it is gone, perhaps by a swap. */
static gboolean
set_errno (GError **error, const char *what, const char *name)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (saved), "cannot %s %s: %s", what,
               name, g_strerror (saved));
  return FALSE;
}

static gboolean read_directory (Reading *self, int fd, const char *prefix, int depth, GError **);

static gboolean
files_read_file (Reading *self, int fd, const char *name, gint64 size, GError **error)
{
  g_autofree char *data = NULL;
  gsize length = 0;

  if (size > MAX_FILE_BYTES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "%s has %" G_GINT64_FORMAT " bytes; a value has %d at most", name, size,
                   MAX_FILE_BYTES);
      return FALSE;
    }
  /* One byte more than it has, or it grows. */
  data = g_malloc ((gsize) size + 1);
  while (length <= (gsize) size)
    {
      gssize n = read (fd, data + length, (gsize) size + 1 - length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return set_errno (error, "read", name);
      if (n == 0)
        break;
      length += (gsize) n;
    }
  self->bytes += length;
  if (self->bytes > MAX_BYTES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "its files have more than %d bytes together", MAX_BYTES);
      return FALSE;
    }
  if (g_hash_table_size (self->entries) >= MAX_FILES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "there are more than %d files", MAX_FILES);
      return FALSE;
    }
  if (length > (gsize) size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s grows while it is read", name);
      return FALSE;
    }
  g_hash_table_insert (self->entries, g_strdup (name),
                       g_bytes_new_take (g_steal_pointer (&data), length));
  return TRUE;
}

static gboolean
read_entry (
    Reading *self, int directory, const char *file, const char *name, int depth, GError **error)
{
  /* A FIFO must not stop us. */
  int fd = openat (directory, file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat info;
  gboolean fine;

  if (fd < 0)
    return set_errno (error, "open", name);
  if (fstat (fd, &info) < 0)
    fine = set_errno (error, "look at", name);
  else if (S_ISREG (info.st_mode))
    fine = files_read_file (self, fd, name, info.st_size, error);
  else if (S_ISDIR (info.st_mode))
    return read_directory (self, fd, name, depth + 1, error);
  else
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is no file", name);
      fine = FALSE;
    }
  close (fd);
  return fine;
}

/* Takes @fd. */
static gboolean
read_directory (Reading *self, int fd, const char *prefix, int depth, GError **error)
{
  DIR *directory = fdopendir (fd);
  const struct dirent *entry;
  gboolean fine = depth <= MAX_DEPTH;

  if (directory == NULL)
    {
      set_errno (error, "read", prefix);
      close (fd);
      return FALSE;
    }
  if (!fine)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s is more than %d directories deep",
                 prefix, MAX_DEPTH);
  while (fine && (entry = readdir (directory)) != NULL)
    {
      g_autofree char *name = g_strconcat (prefix, *prefix != '\0' ? "/" : "", entry->d_name, NULL);

      /* Kubernetes' own names have two dots; a key may have one (".dockerconfigjson"). */
      if (strcmp (entry->d_name, ".") != 0 && strncmp (entry->d_name, "..", 2) != 0)
        fine = read_entry (self, fd, entry->d_name, name, depth, error);
    }
  closedir (directory);
  return fine;
}

static char *
read_link (int directory)
{
  char target[PATH_MAX];
  gssize n = readlinkat (directory, DATA_LINK, target, sizeof target);

  return n > 0 && n < (gssize) sizeof target ? g_strndup (target, (gsize) n) : NULL;
}

static GHashTable *
read_once (const char *path, char **ret_generation, GError **error)
{
  Reading reading = { 0 };
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  int top = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int data;
  gboolean fine;

  if (top < 0)
    {
      set_errno (error, "open", path);
      return NULL;
    }
  before = read_link (top);
  data = openat (top, before != NULL ? DATA_LINK : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  reading.entries
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  fine
      = data >= 0 ? read_directory (&reading, data, "", 0, error) : set_errno (error, "open", path);
  after = read_link (top);
  close (top);
  if (g_strcmp0 (before, after) != 0)
    {
      g_clear_error (error);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "it changes while it is read");
      fine = FALSE;
    }
  if (!fine)
    {
      g_hash_table_unref (reading.entries);
      return NULL;
    }
  *ret_generation = g_steal_pointer (&after);
  return reading.entries;
}

GHashTable *
micro_config_files_read (const char *path, char **ret_generation, GError **error)
{
  for (int i = 1; TRUE; i++)
    {
      GError *local = NULL;
      GHashTable *entries = read_once (path, ret_generation, &local);

      if (entries != NULL)
        return entries;
      if (i == MAX_TRIES
          || !(g_error_matches (local, G_IO_ERROR, G_IO_ERROR_BUSY)
               || (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
                   && g_file_test (path, G_FILE_TEST_IS_DIR))))
        {
          if (strstr (local->message, path) == NULL)
            g_prefix_error (&local, "%s: ", path);
          g_propagate_error (error, local);
          return NULL;
        }
      g_clear_error (&local);
    }
}

char *
micro_config_files_get_generation (const char *path)
{
  g_autofree char *link = g_build_filename (path, DATA_LINK, NULL);

  return g_file_read_link (link, NULL);
}

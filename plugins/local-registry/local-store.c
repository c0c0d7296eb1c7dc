/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Files of the local registry: written whole, read with suspicion.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local-store.h"

#define SUFFIX ".json"
#define MAX_NAME 240
#define MAX_PREFIX 170

char *
local_store_file_name (const char *service, const char *node_id)
{
  g_autofree char *name = g_uri_escape_string (service, NULL, FALSE);
  g_autofree char *id = g_uri_escape_string (node_id, NULL, FALSE);
  g_autofree char *whole = g_strconcat (name, "@", id, NULL);
  g_autofree char *hash = NULL;

  if (strlen (whole) <= MAX_NAME)
    return g_strconcat (whole, SUFFIX, NULL);
  /* Too long for a file system: as much of the name as goes, and a digest of it all. */
  hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, whole, -1);
  return g_strdup_printf ("%.*s@%s" SUFFIX, MAX_PREFIX, name, hash);
}

static gboolean
fail (GError **error, const char *verb, const char *path)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
               "cannot %s %s: %s; set --registry-directory to a folder that you may write", verb,
               path, g_strerror (saved));
  return FALSE;
}

static gboolean
write_whole (int fd, const char *data, gsize length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      length -= n;
    }
  return TRUE;
}

/* Locked before it has its name: nobody ever sees the file of a living node unlocked. */
int
local_store_write (const char *folder, MicroService *service, MicroNode *node, GError **error)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (MicroService) record = NULL;
  g_autofree char *json = NULL;
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  g_autofree char *temporary = NULL;
  int fd;

  g_ptr_array_add (nodes, node);
  record = micro_service_with_nodes (service, nodes);
  json = micro_service_to_json (record, FALSE);
  name = local_store_file_name (micro_service_get_name (service), micro_node_get_id (node));
  path = g_build_filename (folder, name, NULL);
  temporary = g_strdup_printf ("%s/.%d-%08x", folder, getpid (), g_random_int ());
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      fail (error, "create", folder);
      return -1;
    }
  fd = open (temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      fail (error, "write in", folder);
      return -1;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) != 0 || !write_whole (fd, json, strlen (json))
      || rename (temporary, path) != 0)
    {
      fail (error, "write", path);
      unlink (temporary);
      close (fd);
      return -1;
    }
  return fd;
}

static MicroService *
parse (int fd, gsize size, const char *path)
{
  g_autofree char *data = g_malloc (size + 1);
  g_autoptr (GError) error = NULL;
  MicroService *record;
  ssize_t n = pread (fd, data, size, 0);

  if (n != (ssize_t) size)
    return NULL;
  record = micro_service_from_json (data, n, &error);
  if (record == NULL)
    g_info ("%s is not a service record and is ignored: %s", path, error->message);
  return record;
}

MicroService *
local_store_read (const char *folder, const char *file_name)
{
  g_autofree char *path = NULL;
  g_autoptr (MicroService) record = NULL;
  struct stat status;
  struct stat now;
  gboolean dead;
  int fd;

  if (file_name[0] == '.' || !g_str_has_suffix (file_name, SUFFIX))
    return NULL;
  path = g_build_filename (folder, file_name, NULL);
  fd = open (path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return NULL;
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size == 0
      || status.st_size > LOCAL_STORE_MAX_BYTES || status.st_uid != geteuid ())
    {
      close (fd);
      return NULL;
    }
  dead = flock (fd, LOCK_SH | LOCK_NB) == 0;
  record = parse (fd, status.st_size, path);
  /* Only what is a record, and still the file that was opened, is somebody's remains. */
  if (dead && record != NULL && lstat (path, &now) == 0 && now.st_ino == status.st_ino)
    unlink (path);
  close (fd);
  return dead ? NULL : g_steal_pointer (&record);
}

GHashTable *
local_store_scan (const char *folder, const char *service)
{
  GHashTable *records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify) micro_service_unref);
  g_autofree char *escaped = service != NULL ? g_uri_escape_string (service, NULL, FALSE) : NULL;
  g_autofree char *prefix = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  if (escaped != NULL && strlen (escaped) < MAX_PREFIX)
    prefix = g_strconcat (escaped, "@", NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autoptr (MicroService) record = NULL;

      if (prefix != NULL && !g_str_has_prefix (name, prefix))
        continue;
      record = local_store_read (folder, name);
      if (record != NULL
          && (service == NULL || g_str_equal (micro_service_get_name (record), service)))
        g_hash_table_insert (records, g_strdup (name), g_steal_pointer (&record));
    }
  return records;
}

static int
compare_services (gconstpointer a, gconstpointer b)
{
  MicroService *first = *(MicroService *const *) a;
  MicroService *second = *(MicroService *const *) b;
  int order = strcmp (micro_service_get_name (first), micro_service_get_name (second));

  return order != 0
             ? order
             : strcmp (micro_service_get_version (first), micro_service_get_version (second));
}

static int
compare_nodes (gconstpointer a, gconstpointer b)
{
  return strcmp (micro_node_get_id (*(MicroNode *const *) a),
                 micro_node_get_id (*(MicroNode *const *) b));
}

GPtrArray *
local_store_merge (GHashTable *records)
{
  GPtrArray *merged = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  g_autoptr (GHashTable) groups
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      GPtrArray *from = micro_service_get_nodes (value);
      g_autofree char *key = g_strconcat (micro_service_get_name (value), "\n",
                                          micro_service_get_version (value), NULL);
      GPtrArray *group = g_hash_table_lookup (groups, key);

      if (group == NULL)
        {
          group = g_ptr_array_new ();
          g_hash_table_insert (groups, g_steal_pointer (&key), group);
          g_ptr_array_add (merged, micro_service_ref (value));
        }
      for (guint i = 0; i < from->len; i++)
        g_ptr_array_add (group, g_ptr_array_index (from, i));
    }
  for (guint i = 0; i < merged->len; i++)
    {
      g_autoptr (MicroService) one = g_ptr_array_index (merged, i);
      g_autofree char *key
          = g_strconcat (micro_service_get_name (one), "\n", micro_service_get_version (one), NULL);
      GPtrArray *group = g_hash_table_lookup (groups, key);

      g_ptr_array_sort (group, compare_nodes);
      merged->pdata[i] = micro_service_with_nodes (one, group);
    }
  g_ptr_array_sort (merged, compare_services);
  return merged;
}

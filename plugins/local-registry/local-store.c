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
#include <sys/stat.h>
#include <unistd.h>

#include "local-store.h"

#define SUFFIX ".json"
#define MAX_NAME 240
#define MAX_PREFIX 170
#define HEAD "{\"owner\":\""
/* Files named in warnings: the tenth says enough. */
#define MAX_COMPLAINTS 10
/* How often what the dead have left is in the way of one record. */
#define PLACE_TRIES 3

/* --- Names: any text, as one that every file system takes --- */

char *
local_store_prefix (const char *service)
{
  g_autofree char *escaped = g_uri_escape_string (service, NULL, FALSE);

  /* A file that begins with a dot is out of sight. */
  if (escaped[0] == '.')
    {
      g_autofree char *visible = g_strconcat ("%2E", escaped + 1, NULL);

      g_free (escaped);
      escaped = g_steal_pointer (&visible);
    }
  if (strlen (escaped) <= MAX_PREFIX)
    return g_steal_pointer (&escaped);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, escaped, -1);
}

GHashTable *
local_store_prefixes (const char *service)
{
  GHashTable *prefixes;

  if (service == NULL)
    return NULL;
  prefixes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (prefixes, local_store_prefix (service));
  return prefixes;
}

char *
local_store_file_name (const char *service, const char *node_id)
{
  g_autofree char *prefix = local_store_prefix (service);
  g_autofree char *id = g_uri_escape_string (node_id, NULL, FALSE);
  g_autofree char *hash = NULL;

  if (strlen (prefix) + strlen (id) + strlen ("@" SUFFIX) <= MAX_NAME)
    return g_strconcat (prefix, "@", id, SUFFIX, NULL);
  hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, id, -1);
  return g_strconcat (prefix, "@", hash, SUFFIX, NULL);
}

gboolean
local_store_is_wanted (GHashTable *prefixes, const char *file_name)
{
  g_autofree char *prefix = NULL;

  if (prefixes == NULL)
    return TRUE;
  prefix = g_strndup (file_name, strcspn (file_name, "@"));
  return g_hash_table_contains (prefixes, prefix);
}

/* --- Reading --- */

/* Once a file and process.  Not about what the dead left or what comes and goes. */
static void
local_store_complain (const char *path, const char *why)
{
  static GMutex mutex;
  static GHashTable *named;
  guint n;

  g_mutex_lock (&mutex);
  if (named == NULL)
    named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  n = g_hash_table_size (named);
  if (n <= MAX_COMPLAINTS && g_hash_table_add (named, g_strdup (path)))
    n = g_hash_table_size (named);
  else
    n = 0;
  g_mutex_unlock (&mutex);
  if (n > MAX_COMPLAINTS)
    g_warning ("ignoring %s too, and whatever else in that folder is no record", path);
  else if (n > 0)
    g_warning ("ignoring %s, which %s: remove it, or set --registry-directory to another folder",
               path, why);
}

static const char *
what_is_wrong (const struct stat *status)
{
  if (S_ISDIR (status->st_mode))
    return "is a directory";
  if (!S_ISREG (status->st_mode))
    return "is no plain file";
  if (status->st_uid != geteuid ())
    return "belongs to another user";
  if (status->st_size == 0)
    return "is empty";
  if (status->st_size > LOCAL_STORE_MAX_BYTES)
    return "is larger than any record";
  return NULL;
}

/* The whole text of the file, or NULL. */
static char *
read_text (const char *path, struct stat *status, gboolean *ret_unsure)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
  g_autofree char *text = NULL;
  const char *wrong;
  ssize_t n;

  if (fd < 0 && errno == ENOENT)
    return NULL;
  if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EINTR))
    {
      *ret_unsure = TRUE;
      return NULL;
    }
  if (fd < 0)
    {
      g_autofree char *why = g_strdup_printf ("cannot be read (%s)", g_strerror (errno));

      local_store_complain (path, errno == ELOOP ? "is a symbolic link" : why);
      return NULL;
    }
  wrong = fstat (fd, status) != 0 ? "cannot be read" : what_is_wrong (status);
  if (wrong == NULL)
    {
      text = g_malloc (status->st_size + 1);
      n = pread (fd, text, status->st_size, 0);
      if (n != status->st_size || memchr (text, '\0', n) != NULL)
        wrong = "is no text";
      else
        text[n] = '\0';
    }
  close (fd);
  if (wrong == NULL)
    return g_steal_pointer (&text);
  local_store_complain (path, wrong);
  return NULL;
}

static LocalLife
local_store_probe (const char *folder, const char *token, GHashTable *lives)
{
  gpointer known = lives != NULL ? g_hash_table_lookup (lives, token) : NULL;
  LocalLife life;

  if (known != NULL)
    return GPOINTER_TO_INT (known);
  life = local_owner_probe (folder, token);
  if (lives != NULL && life != LOCAL_LIFE_UNKNOWN)
    g_hash_table_insert (lives, g_strdup (token), GINT_TO_POINTER (life));
  return life;
}

/* The token that a text names, or NULL. */
static char *
read_token (const char *text)
{
  gsize length;

  if (!g_str_has_prefix (text, HEAD))
    return NULL;
  length = local_owner_token_length (text + strlen (HEAD));
  return length > 0 ? g_strndup (text + strlen (HEAD), length) : NULL;
}

static void
bury (const char *path, const struct stat *status)
{
  struct stat now;

  if (lstat (path, &now) == 0 && now.st_ino == status->st_ino)
    unlink (path);
}

/* A copy under another name would be the node twice. */
static gboolean
is_named_after (MicroService *service, const char *file_name)
{
  GPtrArray *nodes = micro_service_get_nodes (service);
  g_autofree char *expected = NULL;

  if (nodes->len != 1)
    return FALSE;
  expected = local_store_file_name (micro_service_get_name (service),
                                    micro_node_get_id (g_ptr_array_index (nodes, 0)));
  return g_str_equal (expected, file_name);
}

/* @token: of the owner; the text after it is JSON once it has its brace again */
static LocalRecord *
local_store_parse (LocalFolder *folder,
                   const char *file_name,
                   const char *path,
                   const struct stat *status,
                   char *text,
                   const char *token)
{
  char *json = text + strlen (HEAD) + strlen (token) + 1;
  g_autoptr (GError) error = NULL;
  g_autoptr (LocalRecord) record = NULL;

  if (json[0] == ',')
    json[0] = '{';
  record = local_folder_parse (folder, file_name, status, token, json, &error);
  if (record == NULL)
    {
      g_autofree char *why = g_strdup_printf ("is no service record (%s)", error->message);

      local_store_complain (path, why);
    }
  else if (!is_named_after (record->service, file_name))
    {
      local_folder_forget (folder, file_name);
      local_store_complain (path, "is not named after the node in it");
      return NULL;
    }
  return g_steal_pointer (&record);
}

/* What @file_name said when it was read, or says now, of a living or dead owner. */
static LocalRecord *
local_store_read_record (LocalFolder *folder,
                         const char *file_name,
                         GHashTable *lives,
                         gboolean *ret_unsure)
{
  g_autofree char *path = g_build_filename (folder->path, file_name, NULL);
  g_autofree char *token = NULL;
  g_autofree char *text = NULL;
  struct stat status;
  LocalRecord *known;
  LocalLife life;

  known = lstat (path, &status) == 0 ? local_folder_find (folder, file_name, &status) : NULL;
  if (known != NULL)
    token = g_strdup (known->owner);
  else if ((text = read_text (path, &status, ret_unsure)) == NULL)
    return NULL;
  else if ((token = read_token (text)) == NULL)
    {
      local_store_complain (path, "is no record of this registry");
      return NULL;
    }
  life = local_store_probe (folder->path, token, lives);
  if (life == LOCAL_LIFE_ALIVE)
    return known != NULL ? local_record_ref (known)
                         : local_store_parse (folder, file_name, path, &status, text, token);
  if (life == LOCAL_LIFE_UNKNOWN)
    *ret_unsure = TRUE;
  else
    bury (path, &status);
  return NULL;
}

LocalRecord *
local_store_read (LocalFolder *folder,
                  const char *file_name,
                  GHashTable *lives,
                  gboolean *ret_unsure)
{
  gboolean unsure = FALSE;
  LocalRecord *record = local_store_read_record (folder, file_name, lives, &unsure);

  if (record == NULL && !unsure)
    local_folder_forget (folder, file_name);
  if (ret_unsure != NULL)
    *ret_unsure = unsure;
  return record;
}

/* --- Writing --- */

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

/* An owner in front of the record's own keys, where it is found without reading JSON. */
static char *
make_text (LocalOwner *owner, MicroService *service, MicroNode *node)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (MicroService) record = NULL;
  g_autofree char *json = NULL;

  g_ptr_array_add (nodes, node);
  record = micro_service_with_nodes (service, nodes);
  json = micro_service_to_json (record, FALSE);
  return g_strconcat (HEAD, local_owner_get_token (owner), "\",", json + 1, NULL);
}

/* Whose record is at @path: (transfer full) (nullable): nobody's, so that it may be written over;
 * @ret_alive: of one that runs, or may. */
static char *
read_owner (const char *folder, const char *path, struct stat *status, gboolean *ret_alive)
{
  g_autofree char *text = NULL;
  g_autofree char *token = NULL;
  gboolean unsure = FALSE;

  if (lstat (path, status) != 0 || what_is_wrong (status) != NULL)
    return NULL;
  text = read_text (path, status, &unsure);
  token = text != NULL ? read_token (text) : NULL;
  *ret_alive = token != NULL && local_store_probe (folder, token, NULL) != LOCAL_LIFE_DEAD;
  return g_steal_pointer (&token);
}

/* Of two that come at once the second finds the first: who overwrote the file of another would take
 * its registration away.  FALSE with errno EEXIST: another has it. */
static gboolean
put_in_place (const char *folder, LocalOwner *owner, const char *temporary, const char *path)
{
  for (int i = 0; i < PLACE_TRIES; i++)
    {
      g_autofree char *token = NULL;
      gboolean alive = FALSE;
      struct stat status;

      if (renameat2 (AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return TRUE;
      token = errno == EEXIST ? read_owner (folder, path, &status, &alive) : NULL;
      /* Ours, or no record, or a file system that cannot do that. */
      if (token == NULL || g_str_equal (token, local_owner_get_token (owner)))
        return rename (temporary, path) == 0;
      if (alive)
        break;
      bury (path, &status);
    }
  errno = EEXIST;
  return FALSE;
}

gboolean
local_store_write (const char *folder,
                   LocalOwner *owner,
                   MicroService *service,
                   MicroNode *node,
                   struct stat *ret_file,
                   GError **error)
{
  g_autofree char *text = make_text (owner, service, node);
  g_autofree char *name
      = local_store_file_name (micro_service_get_name (service), micro_node_get_id (node));
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *temporary = local_owner_temporary (folder, local_owner_get_token (owner));
  gboolean written;
  int fd;

  if (strlen (text) > LOCAL_STORE_MAX_BYTES)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "the record of “%s” has %" G_GSIZE_FORMAT " bytes, more than the %d that the "
                   "local registry takes: give it less metadata",
                   micro_service_get_name (service), strlen (text), LOCAL_STORE_MAX_BYTES);
      return FALSE;
    }
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "the record of “%s” is not all UTF-8, so nobody could read it: look at its "
                   "name, version and metadata",
                   micro_service_get_name (service));
      return FALSE;
    }
  fd = open (temporary, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return local_owner_fail (error, "write in", folder);
  written = write_whole (fd, text, strlen (text)) && fstat (fd, ret_file) == 0;
  if (close (fd) == 0 && written && put_in_place (folder, owner, temporary, path))
    return TRUE;
  if (errno == EEXIST)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_ALREADY_EXISTS,
                 "the node “%s” of “%s” is another process that runs: give each its own "
                 "--server-id, or none",
                 micro_node_get_id (node), micro_service_get_name (service));
  else
    local_owner_fail (error, "write", path);
  unlink (temporary);
  return FALSE;
}

void
local_store_remove (const char *folder, const char *file_name, const char *owner)
{
  g_autofree char *path = g_build_filename (folder, file_name, NULL);
  g_autofree char *token = NULL;
  g_autofree char *text = NULL;
  gboolean unsure = FALSE;
  struct stat status;

  text = read_text (path, &status, &unsure);
  token = text != NULL ? read_token (text) : NULL;
  if (!unsure && g_strcmp0 (token, owner) == 0)
    unlink (path);
}

/* The file of an owner: removed if it is dead, and nobody's concern otherwise. */
static gboolean
is_owner (const char *folder, const char *file_name, GHashTable *lives)
{
  gsize length = local_owner_token_length (file_name);
  g_autofree char *token = NULL;

  if (length == 0 || !g_str_equal (file_name + length, LOCAL_OWNER_SUFFIX))
    return FALSE;
  token = g_strndup (file_name, length);
  if (local_store_probe (folder, token, lives) == LOCAL_LIFE_DEAD)
    local_owner_bury (folder, token);
  return TRUE;
}

/* The one in the folder, or NULL for anything else. */
static LocalRecord *
look (LocalFolder *folder, const char *file_name, GHashTable *prefixes, GHashTable *lives)
{
  g_autofree char *path = NULL;

  if (file_name[0] == '.' || !local_store_is_wanted (prefixes, file_name)
      || is_owner (folder->path, file_name, lives))
    return NULL;
  if (g_str_has_suffix (file_name, SUFFIX))
    return local_store_read (folder, file_name, lives, NULL);
  path = g_build_filename (folder->path, file_name, NULL);
  local_store_complain (path, "is no record");
  return NULL;
}

static void
forget_others (LocalFolder *folder, GHashTable *prefixes, GHashTable *found)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, folder->records);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (local_store_is_wanted (prefixes, name) && !g_hash_table_contains (found, name))
      g_hash_table_iter_remove (&iter);
}

GHashTable *
local_store_scan (LocalFolder *folder, GHashTable *prefixes, GError **error)
{
  g_autoptr (GHashTable) records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                          (GDestroyNotify) local_record_unref);
  g_autoptr (GHashTable) lives = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) closed = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, &closed);
  const char *name;

  if (dir == NULL && !g_error_matches (closed, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
                   "cannot look for services: %s; set --registry-directory to another folder",
                   closed->message);
      return NULL;
    }
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      LocalRecord *record = look (folder, name, prefixes, lives);

      if (record != NULL)
        g_hash_table_insert (records, g_strdup (name), record);
    }
  forget_others (folder, prefixes, records);
  return g_steal_pointer (&records);
}

GError *
local_store_not_found (const char *name, const char *directory)
{
  return g_error_new (MICRO_ERROR, MICRO_STATUS_NOT_FOUND,
                      "no service “%s” in the local registry (%s)", name, directory);
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Who wrote a record, and whether it lives: one locked file a process, one descriptor for it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local-owner.h"

#define RANDOM_DIGITS 16

struct _LocalOwner
{
  char *path;
  char *token; /* PID-RANDOM; the number is for people, nobody trusts it */
  int fd;
  pid_t pid;
};

/* A POSIX lock does not pass to a forked child and ends with the process, however it ends; but it
 * also ends when the process closes any other descriptor of the file.  So nobody may probe what is
 * his own. */
static GMutex mutex;
static GHashTable *own; /* token → LocalOwner */

gboolean
local_owner_fail (GError **error, const char *verb, const char *path)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
               "cannot %s %s: %s; set --registry-directory to a folder that you may write", verb,
               path, g_strerror (saved));
  return FALSE;
}

static char *
owner_path (const char *folder, const char *token)
{
  return g_strdup_printf ("%s/%s" LOCAL_OWNER_SUFFIX, folder, token);
}

/* Where an owner writes what it then gives its name: out of sight, and one at a time. */
char *
local_owner_temporary (const char *folder, const char *token)
{
  return g_strdup_printf ("%s/.%s", folder, token);
}

static void
owner_remember (LocalOwner *self)
{
  g_mutex_lock (&mutex);
  if (own == NULL)
    own = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_replace (own, self->token, self);
  g_mutex_unlock (&mutex);
}

static gboolean
is_own (const char *token)
{
  LocalOwner *found;
  gboolean result;

  g_mutex_lock (&mutex);
  found = own != NULL ? g_hash_table_lookup (own, token) : NULL;
  result = found != NULL && found->pid == getpid ();
  g_mutex_unlock (&mutex);
  return result;
}

/* Locked before it has its name: nobody ever sees the file of a living owner unlocked. */
LocalOwner *
local_owner_new (const char *folder, GError **error)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autoptr (LocalOwner) self = g_new0 (LocalOwner, 1);
  g_autofree char *temporary = NULL;

  self->pid = getpid ();
  self->token = g_strdup_printf ("%d-%08x%08x", (int) self->pid, g_random_int (), g_random_int ());
  self->fd = -1;
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      local_owner_fail (error, "create", folder);
      return NULL;
    }
  temporary = local_owner_temporary (folder, self->token);
  self->path = owner_path (folder, self->token);
  self->fd = open (temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->fd < 0)
    {
      local_owner_fail (error, "write in", folder);
      return NULL;
    }
  if (fcntl (self->fd, F_SETLK, &lock) != 0)
    {
      local_owner_fail (error, "lock a file in", folder);
      unlink (temporary);
      return NULL;
    }
  owner_remember (self);
  if (rename (temporary, self->path) != 0)
    {
      local_owner_fail (error, "write", self->path);
      unlink (temporary);
      return NULL;
    }
  return g_steal_pointer (&self);
}

const char *
local_owner_get_token (LocalOwner *self)
{
  return self->token;
}

gboolean
local_owner_is_in_place (LocalOwner *self)
{
  struct stat named;
  struct stat held;

  return lstat (self->path, &named) == 0 && fstat (self->fd, &held) == 0
         && named.st_ino == held.st_ino && named.st_dev == held.st_dev;
}

void
local_owner_free (LocalOwner *self)
{
  /* A forked child has inherited the memory, not the records. */
  if (self->fd >= 0 && self->pid == getpid () && local_owner_is_in_place (self))
    unlink (self->path);
  g_mutex_lock (&mutex);
  if (own != NULL && g_hash_table_lookup (own, self->token) == self)
    g_hash_table_remove (own, self->token);
  g_mutex_unlock (&mutex);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self->token);
  g_free (self);
}

gsize
local_owner_token_length (const char *text)
{
  gsize digits = strspn (text, "0123456789");
  gsize random;

  if (digits == 0 || digits > 10 || text[digits] != '-')
    return 0;
  random = strspn (text + digits + 1, "0123456789abcdef");
  return random == RANDOM_DIGITS ? digits + 1 + random : 0;
}

LocalLife
local_owner_probe (const char *folder, const char *token)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autofree char *path = NULL;
  int result;
  int fd;

  if (is_own (token))
    return LOCAL_LIFE_ALIVE;
  path = owner_path (folder, token);
  fd = open (path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return errno == ENOENT ? LOCAL_LIFE_DEAD : LOCAL_LIFE_UNKNOWN;
  result = fcntl (fd, F_GETLK, &lock);
  close (fd);
  if (result != 0)
    return LOCAL_LIFE_UNKNOWN;
  return lock.l_type == F_UNLCK ? LOCAL_LIFE_DEAD : LOCAL_LIFE_ALIVE;
}

void
local_owner_bury (const char *folder, const char *token)
{
  g_autofree char *path = owner_path (folder, token);
  g_autofree char *temporary = local_owner_temporary (folder, token);

  unlink (temporary);
  unlink (path);
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Follows the folder for all who watch it in one thread, with one inotify descriptor.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib-unix.h>

#include "local-monitor.h"
#include "local-watch.h"

/* What comes in a burst is looked at together, and longer where there is more to put together. */
#define SETTLE_MS 5
#define RECORDS_A_MS 400
/* For what inotify does not tell: no instance left, the folder replaced, a dead process whose file
 * a forked child holds open. */
#define TICK_MS 500
/* Owners asked in a tick; more take turns.  A thousand take two milliseconds. */
#define MAX_PROBES 500
#define EVENTS                                                                                     \
  (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF        \
   | IN_ONLYDIR)

struct _LocalMonitor
{
  LocalFolder *folder;
  GMainContext *context;
  GPtrArray *watches;  /* of LocalWatch */
  GHashTable *wanted;  /* (nullable): prefixes; NULL for all */
  GHashTable *known;   /* file name → LocalRecord */
  GHashTable *changed; /* file names */
  int inotify_fd;      /* -1 for none */
  gboolean has_said;   /* that there is none */
  GSource *source;
  GSource *settle;
  GSource *tick;
  struct stat seen; /* the folder, before it was last looked at */
  gint64 seen_us;   /* when that was */
  guint turn;       /* which owners are asked next */
  gboolean delivering;
};

/* --- Telling: after the state is whole, for a reader may come back with anything --- */

static gboolean
has_pending (LocalMonitor *self)
{
  for (guint i = 0; i < self->watches->len; i++)
    if (g_hash_table_size (((LocalWatch *) g_ptr_array_index (self->watches, i))->changed) > 0)
      return TRUE;
  return FALSE;
}

static gpointer
copy_watch (gconstpointer watch, gpointer user_data)
{
  return local_watch_ref ((LocalWatch *) watch);
}

static void
monitor_deliver (LocalMonitor *self)
{
  g_autoptr (LocalMonitor) held = local_monitor_ref (self);

  if (self->delivering)
    return;
  self->delivering = TRUE;
  while (has_pending (self))
    {
      g_autoptr (GPtrArray) watches = g_ptr_array_copy (self->watches, copy_watch, NULL);

      g_ptr_array_set_free_func (watches, (GDestroyNotify) local_watch_unref);
      for (guint i = 0; i < watches->len; i++)
        local_watch_deliver (watches->pdata[i], self->known, self->folder->path);
    }
  self->delivering = FALSE;
}

static void
monitor_tell (LocalMonitor *self, GHashTable *changes)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, changes);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    for (guint i = 0; i < self->watches->len; i++)
      {
        LocalWatch *watch = g_ptr_array_index (self->watches, i);

        if (local_watch_wants (watch, name))
          g_hash_table_add (watch->changed, g_strdup (name));
      }
  monitor_deliver (self);
}

/* --- Looking --- */

/* @record: (nullable): what is there now */
static void
monitor_compare (LocalMonitor *self,
                 const char *file_name,
                 LocalRecord *record,
                 GHashTable *changes)
{
  local_changes_compare (changes, g_hash_table_lookup (self->known, file_name), record);
  if (record == NULL)
    g_hash_table_remove (self->known, file_name);
  else
    g_hash_table_replace (self->known, g_strdup (file_name), local_record_ref (record));
}

static void
look_at (LocalMonitor *self, const char *file_name, GHashTable *lives, GHashTable *changes)
{
  gboolean unsure = FALSE;
  g_autoptr (LocalRecord) record = local_store_read (self->folder, file_name, lives, &unsure);

  if (!unsure)
    monitor_compare (self, file_name, record, changes);
}

/* Everything again: the first time, and when it cannot be told what has changed. */
static gboolean
look_at_all (LocalMonitor *self, GHashTable *prefixes, GHashTable *changes, GError **error)
{
  g_autoptr (GHashTable) found = NULL;
  g_autoptr (GHashTable) lives = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name;
  gpointer record;

  if (stat (self->folder->path, &self->seen) != 0)
    memset (&self->seen, 0, sizeof self->seen);
  self->seen_us = g_get_real_time ();
  found = local_store_scan (self->folder, prefixes, error);
  if (found == NULL)
    return FALSE;
  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (local_store_is_wanted (prefixes, name) && !g_hash_table_contains (found, name))
      g_ptr_array_add (gone, g_strdup (name));
  for (guint i = 0; i < gone->len; i++)
    look_at (self, g_ptr_array_index (gone, i), lives, changes);
  g_hash_table_iter_init (&iter, found);
  while (g_hash_table_iter_next (&iter, &name, &record))
    monitor_compare (self, name, record, changes);
  return TRUE;
}

/* All records of those who are dead; @lives: what is known of their lives, or to be found out. */
static void
drop_dead (LocalMonitor *self, GHashTable *lives, GHashTable *changes)
{
  GHashTableIter iter;
  gpointer name;
  gpointer value;

  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      LocalRecord *record = value;

      if (GPOINTER_TO_INT (g_hash_table_lookup (lives, record->owner)) != LOCAL_LIFE_DEAD)
        continue;
      local_changes_add (changes, record);
      local_store_remove (self->folder->path, name, record->owner);
      local_folder_forget (self->folder, name);
      g_hash_table_iter_remove (&iter);
    }
  g_hash_table_iter_init (&iter, lives);
  while (g_hash_table_iter_next (&iter, &name, &value))
    if (GPOINTER_TO_INT (value) == LOCAL_LIFE_DEAD)
      local_owner_bury (self->folder->path, name);
}

/* --- What the kernel says --- */

static gboolean
monitor_settled (gpointer user_data)
{
  LocalMonitor *self = user_data;
  g_autoptr (GHashTable) changed = g_steal_pointer (&self->changed);
  g_autoptr (GHashTable) lives = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) changes = local_changes_new ();
  gboolean died = FALSE;
  GHashTableIter iter;
  gpointer name;

  g_clear_pointer (&self->settle, g_source_unref);
  self->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      gsize length = local_owner_token_length (name);

      if (length > 0)
        {
          char *token = g_strndup (name, length);
          LocalLife life = local_owner_probe (self->folder->path, token);

          died |= life == LOCAL_LIFE_DEAD;
          g_hash_table_replace (lives, token, GINT_TO_POINTER (life));
        }
      else if (local_store_is_wanted (self->wanted, name))
        look_at (self, name, NULL, changes);
    }
  if (died)
    drop_dead (self, lives, changes);
  monitor_tell (self, changes);
  return G_SOURCE_REMOVE;
}

static void
start_settling (LocalMonitor *self)
{
  if (self->settle != NULL)
    return;
  self->settle = g_timeout_source_new (SETTLE_MS + g_hash_table_size (self->known) / RECORDS_A_MS);
  g_source_set_callback (self->settle, monitor_settled, self, NULL);
  g_source_attach (self->settle, self->context);
}

static gboolean
is_of_interest (const struct inotify_event *event)
{
  if (event->len == 0 || event->name[0] == '.')
    return FALSE;
  /* An owner's file is closed for writing when it ends, however it ends. */
  return g_str_has_suffix (event->name, ".json")
         || g_str_has_suffix (event->name, LOCAL_OWNER_SUFFIX);
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
stop_inotify (LocalMonitor *self)
{
  clear_source (&self->source);
  if (self->inotify_fd >= 0)
    close (self->inotify_fd);
  self->inotify_fd = -1;
}

static gboolean
folder_changed (int fd, GIOCondition condition, gpointer user_data)
{
  LocalMonitor *self = user_data;
  char buffer[65536] __attribute__ ((aligned (8)));
  ssize_t n = read (fd, buffer, sizeof buffer);
  gboolean lost = FALSE;
  gboolean gone = FALSE;

  for (ssize_t at = 0; at < n;)
    {
      const struct inotify_event *event = (const struct inotify_event *) (buffer + at);

      at += sizeof *event + event->len;
      if (event->mask & IN_Q_OVERFLOW)
        lost = TRUE;
      else if (event->mask & (IN_IGNORED | IN_MOVE_SELF))
        gone = TRUE;
      else if (is_of_interest (event))
        g_hash_table_add (self->changed, g_strdup (event->name));
    }
  /* Another folder in its place may well have its inode's number: the tick is to take it for new.
   */
  if (gone)
    {
      stop_inotify (self);
      memset (&self->seen, 0, sizeof self->seen);
    }
  if (lost)
    {
      g_autoptr (GHashTable) changes = local_changes_new ();

      look_at_all (self, self->wanted, changes, NULL);
      monitor_tell (self, changes);
    }
  else if (g_hash_table_size (self->changed) > 0)
    start_settling (self);
  return G_SOURCE_CONTINUE;
}

/* Once: the tick looks instead. */
static void
do_without_inotify (LocalMonitor *self, int code)
{
  if (code != ENOENT && !self->has_said)
    {
      self->has_said = TRUE;
      g_message ("%s is looked at every %d ms, as inotify does not watch it: %s",
                 self->folder->path, TICK_MS, g_strerror (code));
    }
  stop_inotify (self);
}

/* There are 128 instances a user, so it may fail. */
static void
start_inotify (LocalMonitor *self)
{
  self->inotify_fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->inotify_fd < 0 || inotify_add_watch (self->inotify_fd, self->folder->path, EVENTS) < 0)
    {
      do_without_inotify (self, errno);
      return;
    }
  self->source = g_unix_fd_source_new (self->inotify_fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (folder_changed), self, NULL);
  g_source_attach (self->source, self->context);
}

/* --- What it does not say --- */

static GHashTable *
probe_some (LocalMonitor *self)
{
  GHashTable *lives = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) owners = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_hash_table_add (owners, ((LocalRecord *) value)->owner);
  if (self->turn >= g_hash_table_size (owners))
    self->turn = 0;
  g_hash_table_iter_init (&iter, owners);
  while (g_hash_table_iter_next (&iter, &value, NULL) && n < self->turn + MAX_PROBES)
    if (n++ >= self->turn)
      g_hash_table_insert (lives, g_strdup (value),
                           GINT_TO_POINTER (local_owner_probe (self->folder->path, value)));
  self->turn = n;
  return lives;
}

static gboolean
ticked (gpointer user_data)
{
  LocalMonitor *self = user_data;
  g_autoptr (GHashTable) lives = probe_some (self);
  g_autoptr (GHashTable) changes = local_changes_new ();
  struct stat now = { 0 };
  gboolean replaced;

  if (stat (self->folder->path, &now) != 0)
    memset (&now, 0, sizeof now);
  replaced = now.st_ino != self->seen.st_ino || now.st_dev != self->seen.st_dev;
  if (replaced)
    stop_inotify (self);
  if (self->inotify_fd < 0)
    {
      /* Its time is coarse: what came just after the look may have come in the same instant. */
      gboolean same = memcmp (&now.st_mtim, &self->seen.st_mtim, sizeof now.st_mtim) == 0
                      && self->seen_us / G_USEC_PER_SEC > now.st_mtim.tv_sec + 1;

      start_inotify (self);
      if (replaced || !same || self->inotify_fd >= 0)
        look_at_all (self, self->wanted, changes, NULL);
    }
  drop_dead (self, lives, changes);
  monitor_tell (self, changes);
  return G_SOURCE_CONTINUE;
}

/* --- Watches --- */

static void
monitor_stop (LocalMonitor *self)
{
  stop_inotify (self);
  clear_source (&self->settle);
  clear_source (&self->tick);
  g_hash_table_remove_all (self->changed);
  g_hash_table_remove_all (self->known);
  memset (&self->seen, 0, sizeof self->seen);
}

static gboolean
is_unwanted (gpointer name, gpointer record, gpointer prefixes)
{
  return !local_store_is_wanted (prefixes, name);
}

/* After a watch came or went. */
static void
find_wanted (LocalMonitor *self)
{
  g_clear_pointer (&self->wanted, g_hash_table_unref);
  for (guint i = 0; i < self->watches->len; i++)
    if (((LocalWatch *) g_ptr_array_index (self->watches, i))->prefix == NULL)
      return;
  self->wanted = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < self->watches->len; i++)
    g_hash_table_add (self->wanted, ((LocalWatch *) g_ptr_array_index (self->watches, i))->prefix);
  g_hash_table_foreach_remove (self->known, is_unwanted, self->wanted);
}

static gboolean
watch_gone (gpointer user_data)
{
  LocalWatch *watch = user_data;
  g_autoptr (LocalMonitor) self = watch->owner;

  g_ptr_array_remove_fast (self->watches, watch);
  find_wanted (self);
  if (self->watches->len == 0)
    monitor_stop (self);
  local_watch_unref (watch);
  return G_SOURCE_REMOVE;
}

/* The reader may stop on any thread, and from inside a push. */
static void
monitor_watch_stopped (gpointer user_data)
{
  LocalMonitor *self = ((LocalWatch *) user_data)->owner;

  g_main_context_invoke_full (self->context, G_PRIORITY_DEFAULT, watch_gone, user_data, NULL);
}

static gboolean
monitor_start (LocalMonitor *self, GError **error)
{
  if (self->tick != NULL)
    return TRUE;
  if (g_mkdir_with_parents (self->folder->path, 0700) != 0)
    return local_owner_fail (error, "create", self->folder->path);
  start_inotify (self);
  self->tick = g_timeout_source_new (TICK_MS);
  g_source_set_static_name (self->tick, "local-registry tick");
  g_source_set_callback (self->tick, ticked, self, NULL);
  g_source_attach (self->tick, self->context);
  return TRUE;
}

/* All that is there, and of a service that is asked for also that it is not. */
static void
tell_present (LocalMonitor *self, LocalWatch *watch)
{
  GHashTableIter iter;
  gpointer record;

  if (watch->service != NULL)
    g_hash_table_add (watch->changed, g_strdup (watch->service));
  g_hash_table_iter_init (&iter, self->known);
  while (watch->service == NULL && g_hash_table_iter_next (&iter, NULL, &record))
    local_changes_add (watch->changed, record);
  local_watch_deliver (watch, self->known, self->folder->path);
}

MicroWatcher *
local_monitor_watch (LocalMonitor *self, const char *service, GError **error)
{
  g_autoptr (GHashTable) changes = local_changes_new ();
  g_autoptr (GHashTable) prefixes = NULL;
  MicroWatcher *watcher;
  LocalWatch *watch;

  if (!monitor_start (self, error))
    return NULL;
  prefixes = local_store_prefixes (service);
  if (!look_at_all (self, prefixes, changes, error))
    {
      monitor_tell (self, changes);
      if (self->watches->len == 0)
        monitor_stop (self);
      return NULL;
    }
  /* Who watched before hears of what is new; who comes hears of everything. */
  monitor_tell (self, changes);
  watch = local_watch_new (service, local_monitor_ref (self), monitor_watch_stopped, &watcher);
  g_ptr_array_add (self->watches, watch);
  find_wanted (self);
  tell_present (self, watch);
  return watcher;
}

/* --- Life --- */

LocalMonitor *
local_monitor_new (LocalFolder *folder)
{
  LocalMonitor *self = g_rc_box_new0 (LocalMonitor);

  self->folder = local_folder_ref (folder);
  self->context = g_main_context_ref_thread_default ();
  self->watches = g_ptr_array_new ();
  self->wanted = g_hash_table_new (g_str_hash, g_str_equal);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                       (GDestroyNotify) local_record_unref);
  self->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->inotify_fd = -1;
  return self;
}

LocalMonitor *
local_monitor_ref (LocalMonitor *self)
{
  return g_rc_box_acquire (self);
}

static void
monitor_clear (gpointer data)
{
  LocalMonitor *self = data;

  monitor_stop (self);
  g_clear_pointer (&self->wanted, g_hash_table_unref);
  g_hash_table_unref (self->known);
  g_hash_table_unref (self->changed);
  g_ptr_array_unref (self->watches);
  g_main_context_unref (self->context);
  local_folder_unref (self->folder);
}

void
local_monitor_unref (LocalMonitor *self)
{
  g_rc_box_release_full (self, monitor_clear);
}

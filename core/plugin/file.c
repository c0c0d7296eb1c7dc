/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Opening a plugin file, up to the point where its entry has been called.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>
#ifdef MICRO_ENABLE_MODULES
#include <gmodule.h>
#endif

#include "plugin/file.h"
#include "plugin/guard.h"

gboolean
micro_plugin_name_is_valid (const char *name)
{
  return name[0] != '\0' && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen (name);
}

char **
micro_plugin_file_path (void)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *path = getauxval (AT_SECURE) ? NULL : g_getenv ("MICRO_PLUGIN_PATH");

  if (path != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (path, ":", -1);

      for (char **part = parts; *part != NULL; part++)
        if (**part != '\0')
          g_strv_builder_add (builder, *part);
    }
  g_strv_builder_add (builder, MICRO_PLUGIN_DIR);
  return g_strv_builder_end (builder);
}

/**
 * micro_plugin_get_path:
 *
 * Returns: (transfer full): the directories of plugin files, in the order they are searched:
 * those of `MICRO_PLUGIN_PATH` (unless the process runs with raised privileges), then the
 * installed one
 */
char **
micro_plugin_get_path (void)
{
  return micro_plugin_file_path ();
}

#ifdef MICRO_ENABLE_MODULES

static gboolean
fail_open (const char *path, const char *why, GError **error)
{
  g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_OPEN, "%s: %s", path, why);
  return FALSE;
}

/* The dynamic linker maps what the headers promise and dies of SIGBUS where the file ends early, so
 * the promise is checked first.  What else is wrong with the file, the linker says itself. */
static gboolean
check_length (const char *path, int fd, gsize length, GError **error)
{
  ElfW (Ehdr) head;
  gsize end = 0;

  if (length == 0)
    return fail_open (path, "the file is empty; build or install the plugin again", error);
  if (pread (fd, &head, sizeof head, 0) != (gssize) sizeof head
      || memcmp (head.e_ident, ELFMAG, SELFMAG) != 0)
    return fail_open (path, "is not a shared library", error);
  if (head.e_ident[EI_CLASS] != (sizeof (void *) == 8 ? ELFCLASS64 : ELFCLASS32)
      || head.e_phentsize != sizeof (ElfW (Phdr)))
    return TRUE;
  end = head.e_phoff + (gsize) head.e_phnum * sizeof (ElfW (Phdr));
  for (guint i = 0; i < head.e_phnum && end <= length; i++)
    {
      ElfW (Phdr) segment;

      if (pread (fd, &segment, sizeof segment, head.e_phoff + i * sizeof segment)
          != (gssize) sizeof segment)
        return fail_open (path, "cannot be read", error);
      end = MAX (end, segment.p_offset + segment.p_filesz);
    }
  if (head.e_shoff != 0)
    end = MAX (end, head.e_shoff + (gsize) head.e_shnum * head.e_shentsize);
  if (end <= length)
    return TRUE;
  g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_OPEN,
               "%s: is truncated: %" G_GSIZE_FORMAT " bytes of at least %" G_GSIZE_FORMAT
               "; build or install the plugin again",
               path, length, end);
  return FALSE;
}

static gboolean
check_file (const char *path, GError **error)
{
  struct stat info;
  gboolean fine;
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

  if (fd < 0)
    {
      int saved = errno;

      g_set_error (error, MICRO_PLUGIN_ERROR,
                   saved == ENOENT ? MICRO_PLUGIN_ERROR_NOT_FOUND : MICRO_PLUGIN_ERROR_OPEN,
                   "%s: cannot be opened: %s%s", path, g_strerror (saved),
                   saved == EACCES ? "; check its mode and owner" : "");
      return FALSE;
    }
  if (fstat (fd, &info) < 0)
    fine = fail_open (path, g_strerror (errno), error);
  else if (S_ISDIR (info.st_mode))
    fine = fail_open (path, "is a directory, not a plugin file", error);
  else if (!S_ISREG (info.st_mode))
    fine = fail_open (path, "is not a regular file", error);
  else
    fine = check_length (path, fd, info.st_size, error);
  close (fd);
  return fine;
}

static gboolean
check_abi (const char *path, const MicroPluginInfo *info, GError **error)
{
  gboolean newer
      = info->abi_major > MICRO_PLUGIN_ABI_MAJOR
        || (info->abi_major == MICRO_PLUGIN_ABI_MAJOR && info->abi_minor > MICRO_PLUGIN_ABI_MINOR);

  if (info->abi_major != MICRO_PLUGIN_ABI_MAJOR || newer)
    g_set_error (
        error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ABI,
        "%s: built for plugin ABI %u.%u, but this micro %s has %u.%u; rebuild the plugin%s", path,
        info->abi_major, info->abi_minor, PACKAGE_VERSION, MICRO_PLUGIN_ABI_MAJOR,
        MICRO_PLUGIN_ABI_MINOR, newer ? " or install a newer micro" : "");
  else if (info->struct_size < G_STRUCT_OFFSET (MicroPluginInfo, reserved)
           || info->struct_size > sizeof *info)
    g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ABI,
                 "%s: its description is %u bytes long instead of %u; rebuild the plugin with "
                 "MICRO_PLUGIN_DEFINE",
                 path, info->struct_size, (guint) sizeof *info);
  else if (info->name == NULL || !micro_plugin_name_is_valid (info->name) || info->get_type == NULL)
    g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ENTRY,
                 "%s: its MICRO_PLUGIN_DEFINE lacks a .name of a-z, 0-9 and -, or a .get_type",
                 path);
  else
    return TRUE;
  return FALSE;
}

static GModule *
open_module (const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  GModule *module = g_module_open_full (path, G_MODULE_BIND_LOCAL, &local);
  const char *why;

  if (module != NULL)
    {
      /* Static types and quarks point into it for ever. */
      g_module_make_resident (module);
      return module;
    }
  why = local->message;
  if (g_str_has_prefix (why, path) && g_str_has_prefix (why + strlen (path), ": "))
    why += strlen (path) + 2;
  g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_OPEN,
               "%s: cannot be loaded: %s (often a missing library; try ldd %s)", path, why, path);
  return NULL;
}

static const MicroPluginInfo *
open_and_query (const char *path, GError **error)
{
  const MicroPluginInfo *(*query) (void) = NULL;
  const MicroPluginInfo *info;
  GModule *module = open_module (path, error);

  if (module == NULL)
    return NULL;
  if (!g_module_symbol (module, MICRO_PLUGIN_ENTRY, (gpointer *) &query) || query == NULL)
    {
      g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ENTRY,
                   "%s: is a library but not a micro plugin: it has no " MICRO_PLUGIN_ENTRY
                   " (see MICRO_PLUGIN_DEFINE in micro-plugin(3))",
                   path);
      return NULL;
    }
  info = query ();
  if (info == NULL)
    g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ENTRY,
                 "%s: its " MICRO_PLUGIN_ENTRY " gives nothing; use MICRO_PLUGIN_DEFINE", path);
  return info;
}

const MicroPluginInfo *
micro_plugin_file_open (const char *path, GError **error)
{
  MicroPluginGuard guard;
  const MicroPluginInfo *info;

  if (!check_file (path, error))
    return NULL;
  micro_plugin_guard_enter (&guard, path, "loaded");
  info = open_and_query (path, error);
  if (info != NULL && !check_abi (path, info, error))
    info = NULL;
  micro_plugin_guard_leave (&guard);
  return info;
}

#else /* !MICRO_ENABLE_MODULES */

const MicroPluginInfo *
micro_plugin_file_open (const char *path, GError **error)
{
  g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_OPEN,
               "%s: this micro was built without plugin files (--disable-modules)", path);
  return NULL;
}

#endif

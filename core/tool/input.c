/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A request from a file or standard input, which may be a pipe that nobody writes to.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tool.h"

/* gRPC's default limit; what is larger would be refused by the server anyway. */
#define MAX_BYTES (4 * 1024 * 1024)

/* A descriptor that has something, or its end, to read before @deadline_us; 0: whenever that is. */
static gboolean
wait_readable (int fd, const char *name, gint64 deadline_us, guint timeout_ms, GError **error)
{
  struct pollfd poller = { .fd = fd, .events = POLLIN };
  int n = -1;

  do
    {
      gint64 left_us = deadline_us - g_get_monotonic_time ();

      n = poll (&poller, 1, deadline_us == 0 ? -1 : (int) ((MAX (left_us, 0) + 999) / 1000));
    }
  while (n < 0 && errno == EINTR);
  if (n == 0)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_DEADLINE_EXCEEDED,
                 "%s did not end within %u ms; is somebody writing to it?", name, timeout_ms);
  return n != 0;
}

static GString *
read_all (int fd, const char *name, gint64 deadline_us, guint timeout_ms, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[65536];
  GStatBuf info;
  gssize n;

  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size > MAX_BYTES)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "%s has %" G_GOFFSET_FORMAT " bytes; a message may have at most %d (4 MiB)",
                   name, (goffset) info.st_size, MAX_BYTES);
      return NULL;
    }
  do
    {
      if (!wait_readable (fd, name, deadline_us, timeout_ms, error))
        return NULL;
      n = read (fd, buffer, sizeof buffer);
      if (n < 0 && errno != EAGAIN && errno != EINTR)
        {
          g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, "cannot read %s: %s",
                       name, g_strerror (errno));
          return NULL;
        }
      g_string_append_len (text, buffer, MAX (n, 0));
      if (text->len > MAX_BYTES)
        {
          g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                       "%s has more than the %d bytes (4 MiB) that a message may have", name,
                       MAX_BYTES);
          return NULL;
        }
    }
  while (n != 0);
  return g_steal_pointer (&text);
}

/* @path: (nullable): standard input.  @timeout_ms: (inout): how long it may take, and what of that
 * is left; 0: as long as it takes. */
GString *
tool_input_read (const char *path, guint *timeout_ms, GError **error)
{
  gint64 begin_us = g_get_monotonic_time ();
  gint64 deadline_us = *timeout_ms > 0 ? begin_us + (gint64) *timeout_ms * 1000 : 0;
  /* Opening a pipe would wait for somebody to write. */
  int fd = path != NULL ? g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0) : STDIN_FILENO;
  GString *text;
  gint64 spent_ms;

  if (path != NULL && *path == '\0')
    {
      g_set_error_literal (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                           "“@” has no file name behind it: write @request.json, or - for "
                           "standard input");
      return NULL;
    }
  if (fd < 0)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, "cannot read %s: %s", path,
                   g_strerror (errno));
      return NULL;
    }
  text = read_all (fd, path != NULL ? path : "standard input", deadline_us, *timeout_ms, error);
  if (path != NULL)
    close (fd);
  spent_ms = (g_get_monotonic_time () - begin_us) / 1000;
  if (*timeout_ms > 0)
    *timeout_ms -= (guint) MIN (spent_ms, *timeout_ms - 1);
  return text;
}

/* A line of standard input into @line, without its end; FALSE at the end of all, or with @error. */
gboolean
tool_input_read_line (GString *line, GError **error)
{
  int c = 0;

  g_string_truncate (line, 0);
  while (line->len <= MAX_BYTES && (c = getc_unlocked (stdin)) != EOF && c != '\n')
    g_string_append_c (line, (char) c);
  if (line->len > MAX_BYTES)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                 "a line of standard input has more than the %d bytes (4 MiB) that a message may "
                 "have",
                 MAX_BYTES);
  else if (ferror (stdin))
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                 "cannot read standard input: %s", g_strerror (errno));
  else
    return c != EOF || line->len > 0;
  return FALSE;
}

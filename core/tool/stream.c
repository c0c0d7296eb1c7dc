/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro stream: a call with many messages, JSON in and out; standard input a message a line.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

/* Of two threads, the one that reads standard input and the one that prints replies. */
typedef struct
{
  MicroStream *stream;
  GBytes *request; /* (nullable): otherwise the lines of standard input */
  char *problem;   /* (nullable): with a line */
} Sender;

static void
sender_clear (gpointer data)
{
  Sender *self = data;

  g_clear_pointer (&self->stream, micro_stream_unref);
  g_clear_pointer (&self->request, g_bytes_unref);
  g_free (self->problem);
}

static void
sender_release (Sender *self)
{
  g_atomic_rc_box_release_full (self, sender_clear);
}

/* FALSE: the call has ended, or the line is no JSON object. */
static gboolean
send_line (Sender *self, GString *line, guint number)
{
  gboolean whole = memchr (line->str, '\0', line->len) == NULL;
  char *words[] = { g_strstrip (line->str), NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) message = NULL;

  if (whole && words[0][0] == '\0')
    return TRUE;
  if (!whole || words[0][0] != '{')
    {
      self->problem = g_strdup_printf ("line %u of standard input is not a JSON object", number);
      return FALSE;
    }
  message = tool_request_read (NULL, words, 1, &error); /* no file, as it begins with “{” */
  if (message == NULL)
    {
      self->problem = g_strdup_printf ("line %u of standard input: %s", number, error->message);
      return FALSE;
    }
  return micro_stream_send_sync (self->stream, message);
}

static gpointer
stream_send_all (gpointer data)
{
  Sender *self = data;
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  guint number = 0;

  if (self->request != NULL)
    micro_stream_send_sync (self->stream, self->request);
  else
    while (tool_input_read_line (line, &error) && send_line (self, line, ++number))
      ;
  if (error != NULL)
    self->problem = g_strdup (error->message);
  if (self->problem != NULL)
    micro_stream_cancel (self->stream);
  else
    micro_stream_end (self->stream);
  sender_release (self);
  return NULL;
}

static int
receive_all (Tool *tool, ToolTarget *target, Sender *sender)
{
  GThread *thread;
  g_autoptr (GError) error = NULL;
  GBytes *reply;

  sender->stream = micro_client_open_bytes_stream (tool->client, target->service, target->endpoint,
                                                   MICRO_CODEC_JSON, &target->options, NULL, NULL);
  thread = g_thread_new ("sender", stream_send_all, g_atomic_rc_box_acquire (sender));
  while ((reply = micro_stream_receive_sync (sender->stream, &error)) != NULL)
    {
      tool_print_reply (tool, reply);
      g_bytes_unref (reply);
      /* Nobody reads on; what a call says of its end then is that we ended it. */
      if (!tool_output_flush ())
        micro_stream_cancel (sender->stream);
    }
  /* It may wait for a line that nobody needs, and then ends with the process. */
  if (sender->request != NULL)
    g_thread_join (thread);
  else
    g_thread_unref (thread);
  if (error == NULL || !tool_output_flush ())
    return EXIT_OK;
  if (sender->problem != NULL)
    return tool_fail (EXIT_USAGE, "micro help stream", "stream: %s", sender->problem);
  return tool_target_fail (target, error);
}

static int
stream_run (Tool *tool, Sender *sender)
{
  g_autoptr (GError) error = NULL;
  ToolTarget target;
  gboolean lines = tool->argc == 3 && strcmp (tool->argv[2], "-") == 0;
  int status = tool_target_read_timeout (tool);

  if (status != EXIT_OK)
    return status;
  if (tool->argc >= 2 && !lines)
    sender->request = tool_request_read (tool, tool->argv + 2, tool->argc - 2, &error);
  if (error != NULL)
    return tool_request_fail (tool, error);
  status = tool_target_init (&target, tool);
  if (status != EXIT_OK)
    return status;
  status = receive_all (tool, &target, sender);
  tool_target_clear (&target);
  return status;
}

int
tool_stream (Tool *tool)
{
  Sender *sender = g_atomic_rc_box_new0 (Sender);
  int status = stream_run (tool, sender);

  sender_release (sender);
  return status;
}

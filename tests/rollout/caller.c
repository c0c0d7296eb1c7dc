/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls the greeter at a steady rate, whatever becomes of the calls before, until its input ends.
 *
 * Its file gets a line a call that has ended: when it began (monotonic, in seconds), how long it
 * took (in milliseconds), "ok" or "failed", and the pod that answered or why none did; a tab
 * between.
 */
#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>

#include <micro/micro.h>

static int rate = 500;

static const GOptionEntry options[]
    = { { "rate", 0, 0, G_OPTION_ARG_INT, &rate, "Calls a second", "NUMBER" }, { NULL } };

typedef struct
{
  MicroClient *client;
  const char *name;
  GMainLoop *loop;
  FILE *output;
  GBytes *request;
  gint64 begin_us;
  guint n_begun;
  guint n_ended;
  guint n_failed;
  gboolean finishing;
} Caller;

typedef struct
{
  Caller *caller;
  gint64 begin_us;
} Call;

static void
tidy (char *text)
{
  g_strdelimit (text, "\t\n", ' ');
}

static void
ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Call *call = user_data;
  Caller *self = call->caller;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) reply = micro_client_call_bytes_finish (MICRO_CLIENT (source), result, &error);
  gint64 took_us = g_get_monotonic_time () - call->begin_us;
  g_autofree char *text = NULL;

  if (reply != NULL)
    text = g_strndup (g_bytes_get_data (reply, NULL), g_bytes_get_size (reply));
  else
    text = g_strdup (error->message);
  tidy (text);
  fprintf (self->output, "%.6f\t%.3f\t%s\t%s\n", (double) call->begin_us / G_USEC_PER_SEC,
           (double) took_us / 1000, reply != NULL ? "ok" : "failed", text);
  self->n_failed += reply == NULL;
  self->n_ended++;
  if (self->finishing && self->n_ended == self->n_begun)
    g_main_loop_quit (self->loop);
}

/* As many as are due: a tick that comes late makes up for it. */
static gboolean
tick (gpointer user_data)
{
  Caller *self = user_data;
  gint64 now_us = g_get_monotonic_time ();
  guint due = (guint) ((now_us - self->begin_us) * rate / G_USEC_PER_SEC);

  while (!self->finishing && self->n_begun < due)
    {
      Call *call = g_new0 (Call, 1);

      call->caller = self;
      call->begin_us = g_get_monotonic_time ();
      self->n_begun++;
      micro_client_call_bytes_async (self->client, self->name, "Say.Hello", MICRO_CODEC_JSON,
                                     self->request, NULL, NULL, ended, call);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
input_ended (int fd, GIOCondition condition, gpointer user_data)
{
  Caller *self = user_data;

  self->finishing = TRUE;
  if (self->n_ended == self->n_begun)
    g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("caller", "1.0.0");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GBytes) request = g_bytes_new_static ("{}", 2);
  g_autoptr (GError) error = NULL;
  Caller self = { .loop = loop, .request = request };

  micro_app_add_options (app, options);
  if (!micro_app_init (app, &argc, &argv, &error) || argc != 3)
    {
      g_printerr ("caller: %s\n",
                  error != NULL ? error->message : "the name of a service, and a file to write");
      return 2;
    }
  self.client = micro_app_get_client (app);
  self.name = argv[1];
  self.output = fopen (argv[2], "w");
  if (self.output == NULL)
    {
      g_printerr ("caller: %s cannot be written\n", argv[2]);
      return 1;
    }
  self.begin_us = g_get_monotonic_time ();
  g_timeout_add (2, tick, &self);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, input_ended, &self);
  g_main_loop_run (loop);
  fclose (self.output);
  g_print ("%u calls, %u failed\n", self.n_begun, self.n_failed);
  return 0;
}

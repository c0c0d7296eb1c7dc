/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Keeps a number of calls of the greeter in flight, until so many have ended or its input ends, and
 * says how many have failed.  peer.go does the same on grpc-go.
 *
 * Prints "CALLS FAILED", then a line an error: how often, a tab, its message.
 */
#include <glib-unix.h>
#include <unistd.h>

#include <micro/micro.h>

static int n_calls;
static int in_flight = 1;
static int timeout_ms = 60000;
static gboolean retry_safe;
static char *address;

static const GOptionEntry options[]
    = { { "calls", 0, 0, G_OPTION_ARG_INT, &n_calls, "As many; 0: until the input ends", "NUMBER" },
        { "in-flight", 0, 0, G_OPTION_ARG_INT, &in_flight, "At a time", "NUMBER" },
        { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout_ms, "Of each, in milliseconds", "NUMBER" },
        { "retry-safe", 0, 0, G_OPTION_ARG_NONE, &retry_safe, "They may run twice", NULL },
        { "to", 0, 0, G_OPTION_ARG_STRING, &address, "Instead of the service", "ADDRESS" },
        { NULL } };

typedef struct
{
  MicroClient *client;
  MicroCallOptions options;
  GMainLoop *loop;
  GBytes *request;
  int n_begun;
  int n_ended;
  int n_failed;
  gboolean finishing;
  GHashTable *errors; /* message → how often */
} Caller;

static void begin (Caller *self);

static void
count_error (Caller *self, const char *message)
{
  gpointer n = g_hash_table_lookup (self->errors, message);

  g_hash_table_insert (self->errors, g_strdup (message), GINT_TO_POINTER (GPOINTER_TO_INT (n) + 1));
  self->n_failed++;
}

static void
ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Caller *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) reply = micro_client_call_bytes_finish (MICRO_CLIENT (source), result, &error);

  if (reply == NULL)
    count_error (self, error->message);
  self->n_ended++;
  begin (self);
  if (self->n_ended == self->n_begun)
    g_main_loop_quit (self->loop);
}

static void
begin (Caller *self)
{
  if (self->finishing || (n_calls != 0 && self->n_begun == n_calls))
    return;
  self->n_begun++;
  micro_client_call_bytes_async (self->client, "greeter", "Say.Hello", MICRO_CODEC_JSON,
                                 self->request, &self->options, NULL, ended, self);
}

static gboolean
input_ended (int fd, GIOCondition condition, gpointer user_data)
{
  Caller *self = user_data;

  self->finishing = TRUE;
  return G_SOURCE_REMOVE;
}

static void
print_error (gpointer message, gpointer n, gpointer user_data)
{
  g_print ("%d\t%s\n", GPOINTER_TO_INT (n), (const char *) message);
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("caller", "1.0.0");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GBytes) request = g_bytes_new_static ("{}", 2);
  g_autoptr (GHashTable) errors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) error = NULL;
  Caller self
      = { .options = MICRO_CALL_OPTIONS_INIT, .loop = loop, .request = request, .errors = errors };

  micro_app_add_options (app, options);
  if (!micro_app_init (app, &argc, &argv, &error))
    {
      g_printerr ("caller: %s\n", error->message);
      return 2;
    }
  self.client = micro_app_get_client (app);
  self.options.timeout_ms = (guint) timeout_ms;
  self.options.address = address;
  self.options.retry_safe = retry_safe;
  if (n_calls == 0)
    g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, input_ended, &self);
  for (int i = 0; i < in_flight; i++)
    begin (&self);
  g_main_loop_run (loop);
  g_print ("%d %d\n", self.n_ended, self.n_failed);
  g_hash_table_foreach (errors, print_error, NULL);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One message on its way: to all subscribers, and to one of each queue.
 */
#include "config.h"

#include <micro/micro-error.h>
#include <micro/micro-node.h>
#include <micro/micro-service.h>

#include "http-private.h"

/* Of an answer, which is empty or a sentence. */
#define MAX_ANSWER 4096

typedef struct
{
  GTask *task;
  SoupSession *session;
  GBytes *envelope;
  char *topic;
  GCancellable *cancellable; /* the deadline's and the caller's */
  gulong cancelled_id;
  GSource *deadline;
  gboolean late;
  guint timeout_ms;
  GPtrArray *targets; /* of Target */
  guint n_open;
  guint n_reached;
  GError *error; /* (nullable): what went wrong first, fullness before all else */
} Publication;

/* A subscriber, or a queue, of which one is to get the message. */
typedef struct
{
  Publication *publication;
  GPtrArray *nodes; /* of MicroNode, in the order to be tried */
  guint next;
  SoupMessage *message;
  GCancellable *cancellable;
  gulong cancelled_id;
  gboolean sent;      /* begun to be: it may have arrived */
  gboolean restarted; /* by libsoup, which had to be stopped */
} Target;

static void try_next (Target *self);

static void
http_publish_on_cancelled (GCancellable *cancellable, gpointer data)
{
  g_cancellable_cancel (data);
}

static void
http_publish_target_free (gpointer data)
{
  Target *self = data;

  g_cancellable_disconnect (self->publication->cancellable, self->cancelled_id);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->nodes);
  g_clear_object (&self->message);
  g_free (self);
}

/* --- The end --- */

static void
publication_free (Publication *self)
{
  g_source_destroy (self->deadline);
  g_source_unref (self->deadline);
  g_cancellable_disconnect (g_task_get_cancellable (self->task), self->cancelled_id);
  g_ptr_array_unref (self->targets);
  g_object_unref (self->cancellable);
  g_object_unref (self->session);
  g_bytes_unref (self->envelope);
  g_free (self->topic);
  g_object_unref (self->task);
  g_free (self);
}

static void
end_publication (Publication *self)
{
  if (!g_task_return_error_if_cancelled (self->task))
    {
      if (self->error == NULL)
        g_task_return_boolean (self->task, TRUE);
      else
        {
          g_prefix_error (&self->error, "topic “%s”: ", self->topic);
          if (self->targets->len > 1)
            {
              g_autofree char *reached = g_strdup_printf ("; %u of %u subscribers have the message",
                                                          self->n_reached, self->targets->len);
              g_autofree char *all = g_strconcat (self->error->message, reached, NULL);

              g_free (self->error->message);
              self->error->message = g_steal_pointer (&all);
            }
          g_task_return_error (self->task, g_steal_pointer (&self->error));
        }
    }
  g_clear_error (&self->error);
  publication_free (self);
}

static void
end_target (Target *self, gboolean reached)
{
  Publication *publication = self->publication;

  g_clear_object (&self->message);
  publication->n_reached += reached;
  if (--publication->n_open == 0)
    end_publication (publication);
}

static void
fail_target (Target *self, GError *error)
{
  Publication *publication = self->publication;
  gboolean full = error->code == MICRO_STATUS_RESOURCE_EXHAUSTED;

  if (publication->error == NULL
      || (full && publication->error->code != MICRO_STATUS_RESOURCE_EXHAUSTED))
    {
      g_clear_error (&publication->error);
      publication->error = error;
    }
  else
    g_error_free (error);
  end_target (self, FALSE);
}

/* --- Answers --- */

static const char *
address_of (Target *self)
{
  return micro_node_get_address (g_ptr_array_index (self->nodes, self->next - 1));
}

static GError *
describe_answer (Target *self, guint status)
{
  const char *address = address_of (self);

  if (status == HTTP_TOO_MANY_REQUESTS)
    return g_error_new (MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED,
                        "the queue of the subscriber at %s is full; publish again later", address);
  if (status == SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE)
    return g_error_new (MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                        "the message is larger than the subscriber at %s takes", address);
  return g_error_new (MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
                      "what listens at %s does not take messages: it answers %u (%s)", address,
                      status, soup_status_get_phrase (status));
}

/* Who has left is no failure; of a queue another may still be there. */
static void
take_answer (Target *self, guint status)
{
  gboolean last = self->next >= self->nodes->len;

  if (SOUP_STATUS_IS_SUCCESSFUL (status))
    end_target (self, TRUE);
  else if ((status == SOUP_STATUS_NOT_FOUND || status == HTTP_TOO_MANY_REQUESTS) && !last)
    try_next (self);
  else if (status == SOUP_STATUS_NOT_FOUND)
    end_target (self, FALSE);
  else
    fail_target (self, describe_answer (self, status));
}

static void
on_answer_read (GObject *source, GAsyncResult *result, gpointer data)
{
  Target *self = data;
  g_autoptr (GBytes) answer
      = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);

  /* Read to its end, the connection serves the next message too. */
  if (answer != NULL && g_bytes_get_size (answer) > 0 && g_bytes_get_size (answer) < MAX_ANSWER)
    g_input_stream_close_async (G_INPUT_STREAM (source), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  take_answer (self, soup_message_get_status (self->message));
}

static GError *
http_publish_describe_failure (Target *self, const GError *error)
{
  Publication *publication = self->publication;

  if (publication->late)
    return g_error_new (MICRO_ERROR, MICRO_STATUS_DEADLINE_EXCEEDED,
                        "the subscriber at %s has not taken the message within %u ms%s",
                        address_of (self), publication->timeout_ms,
                        self->sent ? "; it may have it" : "");
  if (self->sent)
    return g_error_new (MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
                        "the subscriber at %s went away while it was sent the message, which it "
                        "may have: %s",
                        address_of (self),
                        self->restarted ? "the connection ended" : error->message);
  return g_error_new (MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
                      "the subscriber at %s cannot be reached: %s", address_of (self),
                      error->message);
}

static void
http_publish_on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  Target *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream
      = soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (stream != NULL)
    {
      g_input_stream_read_bytes_async (stream, MAX_ANSWER, G_PRIORITY_DEFAULT, self->cancellable,
                                       on_answer_read, self);
      return;
    }
  if (!self->sent && self->next < self->nodes->len
      && !g_cancellable_is_cancelled (self->cancellable))
    try_next (self);
  else
    fail_target (self, http_publish_describe_failure (self, error));
}

/* --- Sending --- */

static void
on_starting (SoupMessage *message, Target *self)
{
  self->sent = TRUE;
}

/* libsoup sends again what a kept connection was closed upon.  Never twice. */
static void
on_restarted (SoupMessage *message, Target *self)
{
  self->restarted = TRUE;
  g_cancellable_cancel (self->cancellable);
}

static SoupMessage *
make_message (Target *self, MicroNode *node)
{
  MicroMetadata *metadata = micro_node_get_metadata (node);
  const char *scheme
      = g_strcmp0 (micro_metadata_lookup (metadata, "secure"), "true") == 0 ? "https" : "http";
  g_autofree char *id = g_uri_escape_string (micro_node_get_id (node), NULL, FALSE);
  g_autofree char *text
      = g_strdup_printf ("%s://%s/?id=%s", scheme, micro_node_get_address (node), id);
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
  SoupMessage *message;

  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return NULL;
  message = soup_message_new_from_uri (SOUP_METHOD_POST, uri);
  /* Else libsoup would not use a connection again for a POST. */
  soup_message_set_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT);
  soup_message_set_request_body_from_bytes (message, "application/json",
                                            self->publication->envelope);
  g_signal_connect (message, "starting", G_CALLBACK (on_starting), self);
  g_signal_connect (message, "restarted", G_CALLBACK (on_restarted), self);
  return message;
}

static void
try_next (Target *self)
{
  Publication *publication = self->publication;
  MicroNode *node = g_ptr_array_index (self->nodes, self->next++);

  g_clear_object (&self->message);
  self->sent = FALSE;
  self->message = make_message (self, node);
  if (self->message != NULL)
    soup_session_send_async (publication->session, self->message, G_PRIORITY_DEFAULT,
                             self->cancellable, http_publish_on_sent, self);
  else if (self->next < self->nodes->len)
    try_next (self);
  else
    fail_target (self, g_error_new (MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
                                    "the subscriber “%s” is registered with “%s”, which is not an "
                                    "address",
                                    micro_node_get_id (node), micro_node_get_address (node)));
}

/* --- Who gets it --- */

static GPtrArray *
get_group (GHashTable *groups, Publication *publication, const char *queue)
{
  GPtrArray *nodes = g_hash_table_lookup (groups, queue);
  Target *target;

  if (nodes != NULL)
    return nodes;
  target = g_new0 (Target, 1);
  target->publication = publication;
  target->cancellable = g_cancellable_new ();
  target->cancelled_id = g_cancellable_connect (
      publication->cancellable, G_CALLBACK (http_publish_on_cancelled), target->cancellable, NULL);
  target->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_ptr_array_add (publication->targets, target);
  g_hash_table_insert (groups, g_strdup (queue), target->nodes);
  return target->nodes;
}

static void
http_publish_add_node (GHashTable *groups,
                       Publication *publication,
                       MicroService *service,
                       MicroNode *node)
{
  MicroMetadata *metadata = micro_node_get_metadata (node);
  const char *broker = micro_metadata_lookup (metadata, "broker");
  const char *version = micro_service_get_version (service);
  g_autofree char *own = NULL;
  const char *queue;

  if (g_strcmp0 (micro_metadata_lookup (metadata, "topic"), publication->topic) != 0)
    return;
  if (g_strcmp0 (broker, "http-queue") == 0)
    queue = micro_metadata_lookup (metadata, "queue");
  else if (g_strcmp0 (broker, "http") == 0)
    queue = g_str_equal (version, HTTP_BROADCAST) ? NULL : version;
  else
    return;
  /* Alone in its group; a queue's name cannot begin with a line break and an id. */
  if (queue == NULL)
    queue = own = g_strconcat ("\n", micro_node_get_id (node), NULL);
  g_ptr_array_add (get_group (groups, publication, queue), micro_node_ref (node));
}

static void
shuffle (GPtrArray *nodes)
{
  for (guint i = nodes->len; i > 1; i--)
    {
      guint other = (guint) g_random_int_range (0, (gint32) i);
      gpointer node = nodes->pdata[i - 1];

      nodes->pdata[i - 1] = nodes->pdata[other];
      nodes->pdata[other] = node;
    }
}

static void
find_targets (Publication *self, GPtrArray *services)
{
  g_autoptr (GHashTable) groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < services->len; i++)
    {
      MicroService *service = g_ptr_array_index (services, i);
      GPtrArray *nodes = micro_service_get_nodes (service);

      for (guint j = 0; nodes != NULL && j < nodes->len; j++)
        http_publish_add_node (groups, self, service, g_ptr_array_index (nodes, j));
    }
  for (guint i = 0; i < self->targets->len; i++)
    shuffle (((Target *) g_ptr_array_index (self->targets, i))->nodes);
}

/* --- The beginning --- */

static gboolean
on_deadline (gpointer data)
{
  Publication *self = data;

  self->late = TRUE;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static void
http_publish_start_deadline (Publication *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->deadline = g_timeout_source_new (self->timeout_ms);
  g_source_set_callback (self->deadline, on_deadline, self, NULL);
  g_source_attach (self->deadline, context);
}

void
http_publish_start (SoupSession *session,
                    GTask *task,
                    GPtrArray *services,
                    const char *topic,
                    GBytes *envelope,
                    guint timeout_ms)
{
  Publication *self = g_new0 (Publication, 1);

  self->task = task;
  self->session = g_object_ref (session);
  self->envelope = g_bytes_ref (envelope);
  self->topic = g_strdup (topic);
  self->timeout_ms = timeout_ms;
  self->targets = g_ptr_array_new_with_free_func (http_publish_target_free);
  self->cancellable = g_cancellable_new ();
  if (g_task_get_cancellable (task) != NULL)
    self->cancelled_id
        = g_cancellable_connect (g_task_get_cancellable (task),
                                 G_CALLBACK (http_publish_on_cancelled), self->cancellable, NULL);
  http_publish_start_deadline (self);
  find_targets (self, services);
  /* One more, so that it does not end while it begins. */
  self->n_open = self->targets->len + 1;
  for (guint i = 0; i < self->targets->len; i++)
    try_next (g_ptr_array_index (self->targets, i));
  if (--self->n_open == 0)
    end_publication (self);
}

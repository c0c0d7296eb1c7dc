/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Tasks that wait for a state to be reached.
 */
#include "config.h"

#include "kube-waiting.h"

typedef struct
{
  KubeWaiting *list;
  GTask *task;
  guint generation;
  GSource *cancelled; /* (nullable) */
} Waiting;

struct _KubeWaiting
{
  GPtrArray *all; /* of Waiting */
};

static void
waiting_free (gpointer data)
{
  Waiting *self = data;

  if (self->cancelled != NULL)
    {
      g_source_destroy (self->cancelled);
      g_source_unref (self->cancelled);
    }
  g_object_unref (self->task);
  g_free (self);
}

KubeWaiting *
kube_waiting_new (void)
{
  KubeWaiting *self = g_new0 (KubeWaiting, 1);

  self->all = g_ptr_array_new_with_free_func (waiting_free);
  return self;
}

void
kube_waiting_free (KubeWaiting *self)
{
  g_ptr_array_unref (self->all);
  g_free (self);
}

/* What was asked for goes on, whoever waits for it. */
static gboolean
waiting_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Waiting *waiting = user_data;

  g_task_return_error_if_cancelled (waiting->task);
  g_ptr_array_remove (waiting->list->all, waiting);
  return G_SOURCE_REMOVE;
}

void
kube_waiting_add (KubeWaiting *self, GTask *task, guint generation)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Waiting *waiting = g_new0 (Waiting, 1);

  *waiting = (Waiting){ self, task, generation, NULL };
  g_ptr_array_add (self->all, waiting);
  if (cancellable == NULL)
    return;
  waiting->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (waiting->cancelled, G_SOURCE_FUNC (waiting_on_cancelled), waiting, NULL);
  g_source_attach (waiting->cancelled, g_task_get_context (task));
}

void
kube_waiting_tell (KubeWaiting *self, guint generation, const GError *error)
{
  for (guint i = 0; i < self->all->len;)
    {
      Waiting *waiting = g_ptr_array_index (self->all, i);

      if (waiting->generation > generation)
        {
          i++;
          continue;
        }
      if (error != NULL)
        g_task_return_error (waiting->task, g_error_copy (error));
      else
        g_task_return_boolean (waiting->task, TRUE);
      g_ptr_array_remove_index (self->all, i);
    }
}

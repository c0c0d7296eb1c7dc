/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The stack of interceptors around a call on its way out.
 */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "call/interceptor.h"
#include "client/request.h"
#include <micro/micro-header.h>
#include <micro/micro-node.h>

/* --- The stack --- */

static const MicroInterceptorEntry *
request_intercept_get_entry (MicroRequest *self, guint i)
{
  MicroInterceptors *stack = g_atomic_pointer_get (&self->client->interceptors);

  return &g_array_index (stack->entries, MicroInterceptorEntry, i);
}

/* The first word counts the started. */
void
micro_request_intercept_start (MicroRequest *self)
{
  MicroInterceptors *stack = g_atomic_pointer_get (&self->client->interceptors);
  guint n = stack->entries->len;
  gpointer *states = g_new0 (gpointer, n + 1);

  self->intercepted = states;
  for (guint i = 0; i < n && self->refused == NULL; i++)
    {
      const MicroInterceptorEntry *entry = request_intercept_get_entry (self, i);
      const MicroClientInterceptor *funcs = entry->funcs;

      if (funcs->begin != NULL)
        states[i + 1] = funcs->begin (self, entry->user_data);
      if (self->refused == NULL)
        states[0] = GUINT_TO_POINTER (i + 1);
    }
}

void
micro_request_intercept_message (MicroRequest *self, gboolean sent, gsize size)
{
  MicroInterceptors *stack = g_atomic_pointer_get (&self->client->interceptors);

  if (!stack->sees_messages)
    return;
  for (guint i = GPOINTER_TO_UINT (self->intercepted[0]); i > 0; i--)
    {
      const MicroInterceptorEntry *entry = request_intercept_get_entry (self, i - 1);
      const MicroClientInterceptor *funcs = entry->funcs;

      if (funcs->message != NULL)
        funcs->message (self, sent, size, self->intercepted[i], entry->user_data);
    }
}

void
micro_request_intercept_end (MicroRequest *self, const GError *error)
{
  g_autofree gpointer *states = g_steal_pointer (&self->intercepted);

  for (guint i = GPOINTER_TO_UINT (states[0]); i > 0; i--)
    {
      const MicroInterceptorEntry *entry = request_intercept_get_entry (self, i - 1);
      const MicroClientInterceptor *funcs = entry->funcs;

      if (funcs->end != NULL)
        funcs->end (self, error, states[i], entry->user_data);
    }
}

/* --- What interceptors see and say --- */

/**
 * micro_request_get_service:
 * @self: a request
 *
 * Returns: (transfer none): the service that was called, not what answers for it
 */
const char *
micro_request_get_service (MicroRequest *self)
{
  return self->service;
}

/**
 * micro_request_get_path:
 * @self: a request
 *
 * Returns: (transfer none): the path of its method, `/greeter.Say/Hello`
 */
const char *
micro_request_get_path (MicroRequest *self)
{
  return self->path;
}

/**
 * micro_request_get_address:
 * @self: a request
 *
 * Returns: (transfer none) (nullable): of the node that the running, or the last, try went to
 */
const char *
micro_request_get_address (MicroRequest *self)
{
  if (self->address != NULL)
    return self->address;
  return self->attempt != NULL && self->attempt->node != NULL
             ? micro_node_get_address (self->attempt->node)
             : NULL;
}

/**
 * micro_request_is_stream:
 * @self: a request
 *
 * Returns: whether it is a stream
 */
gboolean
micro_request_is_stream (MicroRequest *self)
{
  return self->funcs->streaming;
}

/**
 * micro_request_get_header:
 * @self: a request
 * @name: of a header
 *
 * Returns: (transfer none) (nullable): one that will be sent, as the caller set it or passed it on
 */
const char *
micro_request_get_header (MicroRequest *self, const char *name)
{
  for (guint i = 0; self->headers != NULL && i < self->headers->len; i += 2)
    if (g_ascii_strcasecmp (g_ptr_array_index (self->headers, i), name) == 0)
      return g_ptr_array_index (self->headers, i + 1);
  return NULL;
}

void
micro_request_add_header (MicroRequest *self, const char *name, const char *value)
{
  if (self->refused == NULL)
    micro_header_check (name, value, &self->refused);
  if (self->headers == NULL)
    self->headers = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->headers, g_ascii_strdown (name, -1));
  g_ptr_array_add (self->headers, g_strdup (value));
}

/**
 * micro_request_set_header:
 * @self: a request
 * @name: of a header
 * @value: its value; base64 for a name that ends in "-bin"
 *
 * Replaces all headers of this name.  Only before the first try.  With one that
 * micro_header_check() refuses the call fails.
 */
void
micro_request_set_header (MicroRequest *self, const char *name, const char *value)
{
  g_return_if_fail (self != NULL && name != NULL && value != NULL);
  for (guint i = 0; self->headers != NULL && i < self->headers->len;)
    if (g_ascii_strcasecmp (g_ptr_array_index (self->headers, i), name) == 0)
      g_ptr_array_remove_range (self->headers, i, 2);
    else
      i += 2;
  micro_request_add_header (self, name, value);
}

void
micro_request_fail (MicroRequest *self, MicroStatus status, const char *format, ...)
{
  va_list arguments;

  g_return_if_fail (self != NULL && status != MICRO_STATUS_OK && self->attempt == NULL);
  if (self->refused != NULL)
    return;
  va_start (arguments, format);
  self->refused = g_error_new_valist (MICRO_ERROR, (int) status, format, arguments);
  va_end (arguments);
}

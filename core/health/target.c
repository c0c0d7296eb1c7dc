/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Asks a target how it is: by go-micro's Debug.Health, or by grpc.health.v1 where that is not.
 */
#include "config.h"

#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "health.h"
#include "micro/debug.pb-c.h"

#define GRPC_CHECK "/grpc.health.v1.Health/Check"

typedef struct
{
  const Asker *asker;
  const Target *target;
  VerdictFunc func;
  gpointer user_data;

  gboolean by_debug; /* what is asked now */
  gboolean again;    /* the other one has been asked */
  MicroCall *call;   /* (nullable) */
  MicroLoopTimer timer;
  Verdict verdict; /* of the message that has come */
  char *reason;
} Ask;

static void target_begin_call (Ask *self);

/* --- The end --- */

static void
target_end (Ask *self, Verdict verdict, const char *reason)
{
  micro_loop_stop_timer (self->asker->loop, &self->timer);
  self->func (verdict, reason, self->user_data);
  g_free (self->reason);
  g_free (self);
}

static const char *
method_name (Ask *self)
{
  return self->by_debug ? "Debug.Health" : "grpc.health.v1";
}

/* @timer: of connecting, or of the call */
static void
timed_out (MicroLoopTimer *timer)
{
  Ask *self = MICRO_CONTAINER_OF (timer, Ask, timer);
  g_autofree char *reason = NULL;

  if (self->call->progress == MICRO_CALL_SENT)
    reason = g_strdup_printf ("%s has not answered %s within %u ms", self->target->address,
                              method_name (self), self->asker->rpc_timeout_ms);
  else
    reason = g_strdup_printf ("%s cannot be connected to within %u ms", self->target->address,
                              self->asker->connect_timeout_ms);
  self->call->ops->cancel (self->call);
  self->call = NULL;
  target_end (self, VERDICT_UNREACHABLE, reason);
}

static void
target_start_timer (Ask *self, guint ms)
{
  self->timer.expired = timed_out;
  micro_loop_start_timer (self->asker->loop, &self->timer,
                          g_get_monotonic_time () + ms * (gint64) 1000);
}

/* --- What comes back --- */

static void
target_on_sent (MicroCall *call)
{
  Ask *self = call->user_data;

  target_start_timer (self, self->asker->rpc_timeout_ms);
}

static void
target_take (Ask *self, Verdict verdict, char *reason)
{
  g_free (self->reason);
  self->verdict = verdict;
  self->reason = reason;
}

static void
take_unhealthy (Ask *self, const char *status)
{
  g_autofree char *begin = g_strndup (status, 100);
  g_autofree char *clean = g_strdelimit (g_utf8_make_valid (begin, -1), "\r\n\t\033", ' ');

  target_take (self, VERDICT_UNHEALTHY,
               g_strdup_printf ("%s answers %s with “%s”", self->target->address,
                                method_name (self), clean));
}

static gboolean
read_debug (Ask *self, const guint8 *data, gsize length)
{
  HealthResponse *response = health_response__unpack (NULL, length, data);

  if (response == NULL)
    return FALSE;
  if (strcmp (response->status, "ok") == 0)
    target_take (self, VERDICT_HEALTHY, NULL);
  else
    take_unhealthy (self, response->status);
  health_response__free_unpacked (response, NULL);
  return TRUE;
}

static gboolean
read_grpc (Ask *self, const guint8 *data, gsize length)
{
  Grpc__Health__V1__HealthCheckResponse *response
      = grpc__health__v1__health_check_response__unpack (NULL, length, data);
  const ProtobufCEnumValue *value;

  if (response == NULL)
    return FALSE;
  value = protobuf_c_enum_descriptor_get_value (
      &grpc__health__v1__health_check_response__serving_status__descriptor, response->status);
  if (response->status == GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING)
    target_take (self, VERDICT_HEALTHY, NULL);
  else
    take_unhealthy (self, value != NULL ? value->name : "a status nobody knows");
  grpc__health__v1__health_check_response__free_unpacked (response, NULL);
  return TRUE;
}

static void
target_on_message (MicroCall *call, const guint8 *data, gsize length)
{
  Ask *self = call->user_data;

  if (!(self->by_debug ? read_debug (self, data, length) : read_grpc (self, data, length)))
    target_take (self, VERDICT_UNREACHABLE,
                 g_strdup_printf ("%s answers %s with what is no such answer",
                                  self->target->address, method_name (self)));
}

static void
target_on_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  Ask *self = call->user_data;
  g_autofree char *reason = NULL;

  self->call = NULL;
  if (status == MICRO_STATUS_OK && (self->reason != NULL || self->verdict == VERDICT_HEALTHY))
    target_end (self, self->verdict, self->reason);
  else if (status == MICRO_STATUS_UNIMPLEMENTED && !self->again)
    {
      self->by_debug = !self->by_debug;
      self->again = TRUE;
      target_begin_call (self);
    }
  else if (status == MICRO_STATUS_UNIMPLEMENTED)
    {
      reason = g_strdup_printf ("%s has neither Debug.Health nor grpc.health.v1: %s",
                                self->target->address, message != NULL ? message : "");
      target_end (self, VERDICT_UNREACHABLE, reason);
    }
  else
    {
      reason = g_strdup_printf ("%s at %s: %s: %s", method_name (self), self->target->address,
                                micro_status_to_string (status),
                                status == MICRO_STATUS_OK ? "the answer is empty"
                                : message != NULL         ? message
                                                          : "no reason is given");
      target_end (self, VERDICT_UNREACHABLE, reason);
    }
}

/* --- Asking --- */

static void
target_begin_call (Ask *self)
{
  static const MicroCallEvents events
      = { .message = target_on_message, .closed = target_on_closed, .sent = target_on_sent };
  const Asker *asker = self->asker;
  g_autofree char *debug = g_strdup_printf ("/%s.Debug/Health", self->target->name);
  MicroCallStart start = {
    .address = self->target->address,
    .path = self->by_debug ? debug : GRPC_CHECK,
    .deadline_us
    = g_get_monotonic_time () + (asker->connect_timeout_ms + (gint64) asker->rpc_timeout_ms) * 1000,
    .codec = MICRO_CODEC_PROTO,
  };
  MicroCall *call;

  /* Healthy is what has been read, so it cannot be what was there before. */
  target_take (self, VERDICT_UNREACHABLE, NULL);
  call = self->call = micro_transport_open (asker->transport, asker->loop, &start, &events, self);
  target_start_timer (self, call->progress == MICRO_CALL_SENT ? asker->rpc_timeout_ms
                                                              : asker->connect_timeout_ms);
  /* Both requests are empty messages: the process, not one of its services. */
  call->ops->begin_message (call, 0);
  call->ops->end_message (call);
  call->ops->half_close (call);
}

void
target_ask (const Asker *asker,
            const Target *target,
            Question question,
            VerdictFunc func,
            gpointer user_data)
{
  Ask *self = g_new0 (Ask, 1);

  self->asker = asker;
  self->target = target;
  self->by_debug = question == QUESTION_LIVE;
  self->func = func;
  self->user_data = user_data;
  target_begin_call (self);
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What micro-health and micro-probe share: a target, and how it is asked.
 */
#pragma once

#include <micro/micro-transport.h>
#include <micro/micro.h>

G_BEGIN_DECLS

/* micro-probe ends with these, as micro/kubernetes' probe does. */
typedef enum
{
  VERDICT_HEALTHY = 0,
  VERDICT_UNREACHABLE = 2, /* or it failed the call */
  VERDICT_UNHEALTHY = 4    /* it has answered that it is not well */
} Verdict;

typedef struct
{
  char *name;    /* "greeter" */
  char *address; /* "localhost:9091" */
} Target;

/* --- target.c: one question to one target --- */

typedef enum
{
  QUESTION_LIVE, /* Debug.Health, else grpc.health.v1 */
  QUESTION_READY /* the other way round */
} Question;

typedef struct
{
  MicroTransport *transport;
  MicroLoop *loop;
  guint connect_timeout_ms;
  guint rpc_timeout_ms;
} Asker;

/* On the loop's thread, exactly once.  @reason: (nullable): a sentence for a person; %NULL when it
 * is healthy. */
typedef void (*VerdictFunc) (Verdict verdict, const char *reason, gpointer user_data);

/* On the loop's thread.  Both must stay until @func has been called. */
void target_ask (const Asker *asker,
                 const Target *target,
                 Question question,
                 VerdictFunc func,
                 gpointer user_data);

/* --- options.c: flags and variables, "_" or "-" in their names --- */

typedef struct
{
  char *connect_timeout;
  char *rpc_timeout;
  char **more;        /* --target */
  GPtrArray *targets; /* of Target, at least one */
  Asker asker;
} HealthOptions;

/* Before micro_app_init(): the target is asked directly, whatever the variables of the pod say. */
void health_options_prepare (void);
/* (array zero-terminated=1): filled for the rest of @self's life. */
void health_options_add (HealthOptions *self, MicroApp *app);
/* After micro_app_init(). */
gboolean
health_options_read (HealthOptions *self, MicroApp *app, const char *rpc_timeout, GError **error);
void health_options_clear (HealthOptions *self);
/* @value, or the variable @name, or @preset; (transfer full) */
char *health_option (const char *value, const char *name, const char *preset);

/* --- rounds.c: micro-health's answers; all targets are asked once for all who wait --- */

typedef struct _Rounds Rounds;
struct _HttpRequest;

Rounds *rounds_new (const Asker *asker, GPtrArray *targets);
/* An HttpFunc with Rounds. */
void rounds_answer (struct _HttpRequest *request, gpointer user_data);
void rounds_free (Rounds *self); /* when nobody waits */

G_END_DECLS

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How the calls of a service, or of one of its methods, are attempted.
 */
#pragma once

#include <micro/micro-client.h>
#include <micro/micro-error.h>

G_BEGIN_DECLS

/* A set of statuses: MICRO_POLICY_STATUS (MICRO_STATUS_UNAVAILABLE) | … */
#define MICRO_POLICY_STATUS(status) (G_GUINT64_CONSTANT (1) << (status))
/* After these a call that may run twice is attempted again, unless a policy says otherwise. */
#define MICRO_POLICY_RETRY_SAFE                                                                    \
  (MICRO_POLICY_STATUS (MICRO_STATUS_UNAVAILABLE) | MICRO_POLICY_STATUS (MICRO_STATUS_ABORTED)     \
   | MICRO_POLICY_STATUS (MICRO_STATUS_RESOURCE_EXHAUSTED))

/**
 * MicroPolicy:
 * @size: `sizeof (MicroPolicy)` where it was made; members beyond it have their defaults
 * @timeout_ms: of the whole call with its attempts; 0: the client's
 * @retries: further attempts; -1: the client's
 * @retryable: statuses after which a call that a handler may have seen is attempted again: its
 *   methods may run twice.  0: only if the call says `retry_safe`, after %MICRO_POLICY_RETRY_SAFE
 * @backoff_ms: before the first further attempt; doubles with each, and is varied by a fifth;
 *   0: 20 ms
 * @max_backoff_ms: the most it becomes; 0: 1280 ms
 * @hedging_delay_ms: a unary call that has no answer after this time goes to another node as well,
 *   as one of its retries, and the first answer counts: only for methods that may run twice.
 *   0: never
 *
 * What the options of a call say goes before its policy.  An attempt that no handler can have seen
 * is made again in any case.
 */
typedef struct
{
  gsize size;
  guint timeout_ms;
  int retries;
  guint64 retryable;
  guint backoff_ms;
  guint max_backoff_ms;
  guint hedging_delay_ms;
} MicroPolicy;

#define MICRO_TYPE_POLICY (micro_policy_get_type ())
MICRO_API GType micro_policy_get_type (void);

#define MICRO_POLICY_INIT                                                                          \
  {                                                                                                \
    sizeof (MicroPolicy), 0, -1, 0, 0, 0, 0                                                        \
  }

/* Before the first call only; copies @policy.  @service: (nullable): of all services.  @method:
 * (nullable): of all methods; "Say.Hello" otherwise. */
MICRO_API void micro_client_set_policy (MicroClient *self,
                                        const char *service,
                                        const char *method,
                                        const MicroPolicy *policy);

/* For other languages. */
MICRO_API MicroPolicy *micro_policy_new (void);
MICRO_API MicroPolicy *micro_policy_copy (const MicroPolicy *self);
MICRO_API void micro_policy_free (MicroPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroPolicy, micro_policy_free)

G_END_DECLS

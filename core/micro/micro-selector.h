/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: which node of a service gets the next call.
 */
#pragma once

#include <micro/micro-error.h>
#include <micro/micro-node.h>
#include <micro/micro-registry.h>
#include <micro/micro-service.h>

G_BEGIN_DECLS

#define MICRO_TYPE_SELECTOR (micro_selector_get_type ())
MICRO_API
G_DECLARE_INTERFACE (MicroSelector, micro_selector, MICRO, SELECTOR, GObject)

/**
 * MicroPick:
 * @size: `sizeof (MicroPick)` where it was made; members beyond it are not there
 * @method: (nullable): the path of the method, `/greeter.Say/Hello`
 * @hash_key: (nullable): calls with equal keys belong on the same node
 * @attempt: how many of this call went before: 0 for the first
 * @tried: (nullable) (element-type MicroNode): nodes that must not be chosen: those this call has
 *   failed on, and those that are set aside; see micro_pick_may_use()
 * @deadline_us: when the caller stops waiting, g_get_monotonic_time(); %G_MAXINT64: never
 * @headers: (nullable) (array length=n_headers): name, value, …: what the caller sends
 * @n_headers: how many strings @headers has
 *
 * The call that a node is wanted for.  It and all it points to live until select() returns.
 */
typedef struct
{
  gsize size;
  const char *method;
  const char *hash_key;
  guint attempt;
  GPtrArray *tried;
  gint64 deadline_us;
  const char *const *headers;
  guint n_headers;
} MicroPick;

#define MICRO_TYPE_PICK (micro_pick_get_type ())
MICRO_API GType micro_pick_get_type (void);

/* Make it with MICRO_PICK_INIT and set what is known. */
#define MICRO_PICK_INIT                                                                            \
  {                                                                                                \
    sizeof (MicroPick), NULL, NULL, 0, NULL, G_MAXINT64, NULL, 0                                   \
  }

/**
 * MicroOutcome:
 * @size: `sizeof (MicroOutcome)` where it was made; members beyond it are not there
 * @status: how the call ended on the node; %MICRO_STATUS_CANCELLED or
 *   %MICRO_STATUS_DEADLINE_EXCEEDED also when it was given up while it ran
 * @sent: whether it had left for the node: %MICRO_STATUS_UNAVAILABLE without it says that the node
 *   could not be connected to
 * @declined: the node is well, and did not take it: it drains, or is full
 * @latency_us: from select() to the end
 *
 * How a call went on a node.
 */
typedef struct
{
  gsize size;
  MicroStatus status;
  gboolean sent;
  gboolean declined;
  gint64 latency_us;
} MicroOutcome;

#define MICRO_TYPE_OUTCOME (micro_outcome_get_type ())
MICRO_API GType micro_outcome_get_type (void);

#define MICRO_OUTCOME_INIT                                                                         \
  {                                                                                                \
    sizeof (MicroOutcome), MICRO_STATUS_OK, TRUE, FALSE, 0                                         \
  }

/**
 * MicroSelectorInterface:
 * @select: mandatory; picks one of the nodes of @service that micro_pick_may_use(); returns a
 *   reference (transfer full); must not block; any thread, many at once
 * @done: (nullable): how it went, exactly once for each node that @select returned, whatever became
 *   of the call; with the snapshot it was picked from; must not block; any thread
 * @update: (nullable): a service as it is now, before the first @select from this snapshot: the
 *   place to build rings and tables, once, and to keep them with micro_service_add_data(), so that
 *   they go with it.  The same @snapshot comes to @select until the next one.  A service of several
 *   versions is told whole, and each version, for calls of one.  Not told of one without nodes, nor
 *   of records of @resolve.  Not two at a time; must not block
 * @resolve: (nullable): makes the service record from its name alone, without a registry; one
 *   around another selector, which turns out to need one, says %G_IO_ERROR_NOT_SUPPORTED;
 *   (transfer full); must not block; any thread
 * @get_registry: (nullable): the registry to ask in place of the program's, for a selector that has
 *   to ask somebody itself; (transfer none), the same one for the selector's life; it gets and
 *   watches single services, and need do nothing else; any thread
 *
 * A slot left %NULL means "not supported"; the wrapper then does nothing, or returns
 * %G_IO_ERROR_NOT_SUPPORTED.
 */
struct _MicroSelectorInterface
{
  GTypeInterface parent_iface;

  MicroNode *(*select) (MicroSelector *self,
                        MicroService *service,
                        const MicroPick *pick,
                        GError **error);
  void (*done) (MicroSelector *self,
                MicroService *service,
                MicroNode *node,
                const MicroOutcome *outcome);
  void (*update) (MicroSelector *self, MicroService *snapshot);
  MicroService *(*resolve) (MicroSelector *self, const char *name, GError **error);
  MicroRegistry *(*get_registry) (MicroSelector *self);

  /*< private >*/
  gpointer reserved[8];
};

/* @pick: (nullable): nothing is known of the call. */
MICRO_API MicroNode *micro_selector_select (MicroSelector *self,
                                            MicroService *service,
                                            const MicroPick *pick,
                                            GError **error);
MICRO_API void micro_selector_done (MicroSelector *self,
                                    MicroService *service,
                                    MicroNode *node,
                                    const MicroOutcome *outcome);
MICRO_API void micro_selector_update (MicroSelector *self, MicroService *snapshot);
MICRO_API gboolean micro_selector_can_resolve (MicroSelector *self);
MICRO_API MicroService *
micro_selector_resolve (MicroSelector *self, const char *name, GError **error);
MICRO_API MicroRegistry *micro_selector_get_registry (MicroSelector *self);

/* For selectors. */
MICRO_API gboolean micro_pick_may_use (const MicroPick *self, MicroNode *node);
MICRO_API const char *micro_pick_get_header (const MicroPick *self, const char *name);
MICRO_API void micro_pick_fail (const MicroPick *self, MicroService *service, GError **error);

/* For other languages, and to keep one beyond the call: these own what they point to. */
MICRO_API MicroPick *micro_pick_new (void);
MICRO_API MicroPick *micro_pick_copy (const MicroPick *self);
MICRO_API void micro_pick_free (MicroPick *self);
MICRO_API MicroOutcome *micro_outcome_new (void);
MICRO_API MicroOutcome *micro_outcome_copy (const MicroOutcome *self);
MICRO_API void micro_outcome_free (MicroOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroPick, micro_pick_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroOutcome, micro_outcome_free)

G_END_DECLS

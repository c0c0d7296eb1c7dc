/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A subscriber's bounded queue: brokers push from any thread, its call-back runs in one context.
 */
#pragma once

#include <micro/micro-broker.h>

G_BEGIN_DECLS

#define MICRO_INBOX_DEFAULT_LENGTH 256
/* Whatever the number of its messages; one alone may be larger. */
#define MICRO_INBOX_MAX_BYTES (64 * 1024 * 1024)

/**
 * MicroInbox:
 *
 * For brokers, so that all of them keep the same promises to a subscriber.  Reference-counted.
 */
typedef struct _MicroInbox MicroInbox;

#define MICRO_TYPE_INBOX (micro_inbox_get_type ())
MICRO_API GType micro_inbox_get_type (void);

/* Delivers in the thread-default context of the calling thread. */
MICRO_API MicroInbox *micro_inbox_new (guint max_length,
                                       MicroMessageFunc callback,
                                       gpointer user_data,
                                       GDestroyNotify destroy);
MICRO_API MicroInbox *micro_inbox_ref (MicroInbox *self);
MICRO_API void micro_inbox_unref (MicroInbox *self);
/* Whether a push of so many bytes would be taken now. Any thread. */
MICRO_API gboolean micro_inbox_has_room (MicroInbox *self, gsize bytes);
/* FALSE if it is full or closed: the message is then not delivered. Any thread. */
MICRO_API gboolean micro_inbox_push (MicroInbox *self,
                                     const char *topic,
                                     MicroMetadata *headers,
                                     GBytes *body);
/* No more deliveries; what is queued is dropped.  Any thread. */
MICRO_API void micro_inbox_close (MicroInbox *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroInbox, micro_inbox_unref)

G_END_DECLS

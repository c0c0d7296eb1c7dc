/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The names that were asked for, each with what is known of it.
 */
#pragma once

#include "dns-private.h"

G_BEGIN_DECLS

struct _DnsRegistry
{
  GObject parent_instance;

  SelectorTarget target;
  DnsSettings settings;
  DnsPicker *picker;
  GHashTable *names;     /* name → DnsName; on the context's thread */
  GMainContext *context; /* (nullable) atomic: of the loop that asks; from the first question on */
  int n_distrusts;       /* atomic: on their way there */
};

typedef struct _DnsName DnsName;

/* All of this on the thread of the registry's context. */
GHashTable *dns_names_new (void);
DnsName *dns_names_find (DnsRegistry *registry, const char *name);
/* Adds it if it is not there yet; fails if it cannot be a host's. */
DnsName *dns_names_get (DnsRegistry *registry, const char *name, GError **error);
void dns_names_distrust (DnsRegistry *registry, const char *address);

/* Whether what is known still holds, be it that there is nothing. */
gboolean dns_name_is_fresh (DnsName *self);
void dns_name_answer (DnsName *self, GTask *task);
/* Asks, unless that is under way, and answers then. */
void dns_name_wait (DnsName *self, GTask *task, GCancellableSourceFunc on_cancelled);
void dns_name_drop_waiting (DnsName *self, GTask *task);
void dns_name_add_watcher (DnsName *self, MicroWatcher *watcher);
void dns_name_drop_watcher (DnsName *self, gpointer watcher);

G_END_DECLS

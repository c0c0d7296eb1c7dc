/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the client share.
 */
#pragma once

#include <micro/micro-cache-private.h>
#include <micro/micro-client.h>

G_BEGIN_DECLS

struct _MicroClient
{
  GObject parent_instance;

  MicroRegistry *registry;
  MicroSelector *selector;
  MicroTransport *transport;
  GPtrArray *loops;
  MicroCache *cache; /* (nullable): not when the selector resolves by itself */
  guint timeout_ms;
  int retries;
  guint next_loop; /* atomic */
  int budget;      /* atomic: tenths of a token */
};

/* One call with all its tries; the answer is bytes.  @request is taken (transfer none). */
void micro_client_start (MicroClient *self,
                         const char *service,
                         const char *path,
                         MicroCodec codec,
                         GBytes *request,
                         const MicroCallOptions *options,
                         GCancellable *cancellable,
                         MicroBytesFunc callback,
                         gpointer user_data);
char *micro_client_make_path (const char *service, const char *endpoint);
char *micro_client_method_path (const char *service,
                                const MicroMethod *method,
                                const MicroCallOptions *options);
GBytes *micro_client_pack (const MicroMethod *method, gconstpointer request);
gpointer micro_client_unpack (const MicroMethod *method, GBytes *reply, GError **error);

G_END_DECLS

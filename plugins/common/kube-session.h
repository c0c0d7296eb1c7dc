/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How libsoup has to be set up for the API server.
 */
#pragma once

#include <libsoup/soup.h>

#include "kube-config.h"

G_BEGIN_DECLS

/* @database: (nullable): the authorities to trust instead of the system's.  @timeout_s: how long a
 * connection may be silent.  libsoup's default of two connections to a host would make the third
 * request wait for the end of two watches. */
SoupSession *kube_session_new (const KubeConfig *config,
                               GTlsDatabase *database,
                               guint timeout_s,
                               int max_per_host);
/* For who asks the client for one. */
void kube_session_show_certificate (SoupMessage *message, GTlsCertificate *certificate);
/* Headers and hooks of a message; @config must live as long as it. */
void kube_session_prepare (SoupMessage *message, const KubeConfig *config);

G_END_DECLS

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * TLS where everything is linked in.
 */
#include "config.h"

#include "grpc-tls.h"

const GrpcTlsEngine *grpc_tls = &grpc_tls_engine;

gboolean
grpc_tls_load (GError **error)
{
  return TRUE;
}

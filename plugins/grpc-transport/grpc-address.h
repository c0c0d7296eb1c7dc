/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Addresses, and the first of several that can be connected to.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <micro/micro.h>

G_BEGIN_DECLS

/* --- grpc-address.c --- */
typedef struct
{
  struct sockaddr_storage storage;
  socklen_t length;
} GrpcSocketAddress;

gboolean
grpc_address_split (const char *address, char **ret_host, guint16 *ret_port, GError **error);
GPtrArray *grpc_address_resolve (const char *address, gboolean passive, GError **error);
GrpcSocketAddress *grpc_address_literal (const char *address);
char *grpc_address_to_string (const GrpcSocketAddress *address);
/* Whether it can be called, said without looking anything up. */
gboolean grpc_address_check (const char *address, GError **error);

/* --- grpc-race.c: the first of several addresses that answers --- */
typedef struct _GrpcRace GrpcRace;

/* @fd: a connected socket, the callee's; or -1 and an errno. */
typedef void (*GrpcRaceFunc) (int fd, int code, gpointer user_data);
/* After which the next address is tried beside the ones before (RFC 8305, 5 and 8). */
#define GRPC_RACE_STAGGER_MS 250
GrpcRace *grpc_race_new (MicroLoop *loop,
                         GPtrArray *addresses,
                         guint timeout_ms,
                         guint stagger_ms,
                         GrpcRaceFunc done,
                         gpointer user_data);
void grpc_race_start (GrpcRace *self);
void grpc_race_free (GrpcRace *self);

G_END_DECLS

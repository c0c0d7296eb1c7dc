/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Forward declarations, so that headers need not include one another.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#ifndef MICRO_API
#define MICRO_API __attribute__ ((visibility ("default")))
#endif

typedef struct _MicroEndpoint MicroEndpoint;
typedef struct _MicroNode MicroNode;
typedef struct _MicroService MicroService;
typedef struct _MicroEvent MicroEvent;
typedef struct _MicroMetadata MicroMetadata;
typedef struct _MicroLoop MicroLoop;
typedef struct _MicroCall MicroCall;
typedef struct _MicroCallOps MicroCallOps;
typedef struct _MicroCallEvents MicroCallEvents;
typedef struct _MicroCallOptions MicroCallOptions;
typedef struct _MicroMethod MicroMethod;
typedef struct _MicroRoute MicroRoute;
typedef struct _MicroChecks MicroChecks;
typedef struct _MicroStream MicroStream;
typedef struct _MicroStreamFuncs MicroStreamFuncs;
typedef struct _MicroTransport MicroTransport; /* <micro/micro-transport.h> */

G_END_DECLS

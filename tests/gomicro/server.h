/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The parts of our service for go-micro's clients.
 */
#pragma once

#include "probe.micro.h"

#define SERVICE_NAME "go.micro.srv.probe"

/* (transfer full) (nullable): all values of a header that came, as go-micro joins them */
char *find_header (MicroCall *call, const char *name);
void fail_as (MicroCall *call, const Probe__Failure *failure);
void count_gone (void); /* a call that waited has been told that its caller has gone */

/* server-streams.c */
void streams_add (ProbeProbeHandlers *handlers);

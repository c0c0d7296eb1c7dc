/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * From the name of a service to its host and port, for selectors that ask no registry.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

#define SELECTOR_TARGET_TEMPLATE_HELP "Host and port, of {name} {namespace} {domain} {port}"

typedef struct
{
  char *pattern;   /* (nullable): "{name}.{namespace}.svc:{port}" */
  char *namespace; /* (nullable): the pod's own */
  char *domain;    /* (nullable): appended where there is no pattern */
  guint port;
  gboolean dashes; /* "-" for each "." of the name */
} SelectorTarget;

/* (transfer full): `host:port` with an ASCII host, `[v6]:port`, or `unix:/path`; an error says what
 * is wrong with @name or with the pattern.  A name that is an address stays as it is, and one with
 * a port gets nothing else.  Any thread. */
char *selector_target_make (const SelectorTarget *self, const char *name, GError **error);
void selector_target_clear (SelectorTarget *self);

G_END_DECLS

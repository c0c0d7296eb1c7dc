/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The policies of a client: which one a call follows.
 */
#pragma once

#include <micro/micro-policy.h>

G_BEGIN_DECLS

typedef struct _MicroPolicies MicroPolicies;

MicroPolicies *micro_policies_new (void);
void micro_policies_free (MicroPolicies *self);
/* Before anybody finds; %NULL: all. */
void micro_policies_set (MicroPolicies *self,
                         const char *service,
                         const char *method,
                         const MicroPolicy *policy);
/* @path: "/greeter.Say/Hello".  Any thread; lives as long as @self. */
const MicroPolicy *micro_policies_find (MicroPolicies *self, const char *service, const char *path);

G_END_DECLS

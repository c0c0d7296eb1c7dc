/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Reads a JSON object in passing: takes the few members that are wanted, skips the rest.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * KubeScan:
 *
 * Where the reading is.  Once something is no JSON, @failed stays set and all calls say "nothing".
 */
typedef struct
{
  const char *at;
  const char *end;
  gboolean failed;
} KubeScan;

void kube_scan_init (KubeScan *self, const char *json, gsize length);

/* Takes the opening brace; FALSE, having skipped the value, if it is something else. */
gboolean kube_scan_enter_object (KubeScan *self);
gboolean kube_scan_enter_array (KubeScan *self);
/* Goes to the value of the next member, or takes the closing brace and returns FALSE.  The value
 * must then be taken or skipped.  @ret_name is the text between the quotes, undecoded. */
gboolean kube_scan_next_member (KubeScan *self, const char **ret_name, gsize *ret_length);
gboolean kube_scan_next_element (KubeScan *self);
gboolean kube_scan_is (const char *name, gsize length, const char *wanted);

void kube_scan_skip (KubeScan *self);
/* Skips it too, and says where it was. */
const char *kube_scan_raw (KubeScan *self, gsize *ret_length);
/* Of another type: NULL, the default given, and skipped. */
char *kube_scan_string (KubeScan *self);
/* In the place of what is in @member, unless it is no string: the last of two members wins. */
void kube_scan_take_string (KubeScan *self, char **member);
gint64 kube_scan_integer (KubeScan *self, gint64 otherwise);
gboolean kube_scan_boolean (KubeScan *self, gboolean otherwise);

G_END_DECLS

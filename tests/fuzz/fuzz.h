/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a fuzzer is: one function, which returns unless something is wrong with what it tests.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* libFuzzer's entry points; ours in replay.c call them too. */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* Takes a number below @below off the front of the input; 0 when there is none left. */
static inline guint
fuzz_take (const guint8 **data, gsize *size, guint below)
{
  guint value;

  if (*size == 0)
    return 0;
  value = **data % below;
  (*data)++;
  (*size)--;
  return value;
}

G_END_DECLS

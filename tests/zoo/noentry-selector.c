/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: a library without an entry.
 */
extern __attribute__ ((visibility ("default"))) int zoo_noentry (void);

int
zoo_noentry (void)
{
  return 0;
}

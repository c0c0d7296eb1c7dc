/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Prints the layout of what tests/abi.awk has found; a line's first word is what to sort by.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "headers.h"

#define SIZE(type, m) sizeof (((type *) NULL)->m)
#define TYPE(name, type) printf ("%s\t%s %zu\n", #name, #name, sizeof (type));
#define MEMBER(name, type, m)                                                                      \
  printf ("%s\t%s.%s %zu %zu\n", #name, #name, #m, offsetof (type, m), SIZE (type, m));
#define BITS(name, type, m)                                                                        \
  {                                                                                                \
    type it;                                                                                       \
    memset (&it, 0, sizeof it);                                                                    \
    it.m = -1;                                                                                     \
    print_bits (#name, #m, &it, sizeof it);                                                        \
  }
#define VALUE(name, value) printf ("%s\t%s %lld\n", #name, #value, (long long) value);

static void
print_bits (const char *name, const char *member, const void *data, size_t size)
{
  const unsigned char *bytes = data;
  size_t first = 0, count = 0;

  for (size_t i = size * 8; i > 0; i--)
    if (bytes[(i - 1) / 8] >> (i - 1) % 8 & 1)
      {
        first = i - 1;
        count++;
      }
  printf ("%s\t%s.%s bit %zu %zu\n", name, name, member, first, count);
}

int
main (void)
{
  const int one = 1;

  if (sizeof (void *) != 8 || *(const char *) &one != 1)
    return 77;
#include "declared.h"
  return 0;
}

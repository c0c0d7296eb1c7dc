/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * “Did you mean …?”: the known word nearest to a mistyped one.
 */
#include "config.h"

#include <string.h>

#include "base/similar.h"

#define MAX_LENGTH 64

/* Insertions, deletions, replacements and swaps of neighbours that lead from @a to @b. */
static guint
similar_distance (const char *a, const char *b)
{
  guint rows[3][MAX_LENGTH + 1];
  guint *before = rows[0], *last = rows[1], *row = rows[2];
  gsize n_a = strlen (a), n_b = strlen (b);

  if (n_a > MAX_LENGTH || n_b > MAX_LENGTH)
    return G_MAXUINT;
  for (gsize j = 0; j <= n_b; j++)
    last[j] = j;
  for (gsize i = 1; i <= n_a; i++)
    {
      guint *oldest = before;

      row[0] = i;
      for (gsize j = 1; j <= n_b; j++)
        {
          row[j] = MIN (MIN (last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = MIN (row[j], before[j - 2] + 1);
        }
      before = last;
      last = row;
      row = oldest;
    }
  return last[n_b];
}

const char *
micro_similar (const char *word, GPtrArray *words)
{
  gsize length = strlen (word);
  guint best = length < 4 ? 2 : length < 9 ? 3 : 4; /* only what is nearer than this */
  const char *found = NULL;

  for (guint i = 0; i < words->len; i++)
    {
      const char *other = g_ptr_array_index (words, i);
      guint d = similar_distance (word, other);

      if (d < best)
        {
          best = d;
          found = other;
        }
      else if (found == NULL && length >= 3 && g_str_has_prefix (other, word))
        found = other;
    }
  return found;
}

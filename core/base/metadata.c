/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * String pairs, sorted by key, made whole and never changed.
 */
#include "config.h"

#include <string.h>

#include "base/intern.h"
#include <micro/micro-metadata.h>

typedef struct
{
  char *key;
  char *value;
} Pair;

struct _MicroMetadata
{
  guint length;
  Pair *pairs;
};

G_DEFINE_BOXED_TYPE (MicroMetadata, micro_metadata, micro_metadata_ref, micro_metadata_unref)

/* g_qsort_with_data() is stable, so equal keys stay in their order. */
static int
compare_pairs (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return strcmp (((const Pair *) a)->key, ((const Pair *) b)->key);
}

static void
pair_clear (Pair *pair)
{
  micro_intern_release (pair->key);
  g_free (pair->value);
}

/**
 * micro_metadata_new_from_pairs:
 * @pairs: (array zero-terminated=1): key, value, …, %NULL; the last of equal keys wins
 *
 * Returns: (transfer full) (nullable): the metadata; %NULL, the empty one, for none
 */
MicroMetadata *
micro_metadata_new_from_pairs (const char *const *pairs)
{
  guint n = pairs != NULL ? g_strv_length ((char **) pairs) / 2 : 0;
  MicroMetadata *self;

  if (n == 0)
    return NULL;
  self = g_atomic_rc_box_new0 (MicroMetadata);
  self->pairs = g_new (Pair, n);
  for (guint i = 0; i < n; i++)
    self->pairs[i] = (Pair){ micro_intern (pairs[2 * i]), g_strdup (pairs[2 * i + 1]) };
  g_qsort_with_data (self->pairs, (int) n, sizeof (Pair), compare_pairs, NULL);
  for (guint i = 0; i < n; i++)
    {
      if (self->length > 0 && self->pairs[self->length - 1].key == self->pairs[i].key)
        pair_clear (&self->pairs[--self->length]);
      self->pairs[self->length++] = self->pairs[i];
    }
  return self;
}

/**
 * micro_metadata_new:
 * @first_key: (nullable): a key
 * @...: its value, further keys and values, %NULL
 *
 * Returns: (transfer full) (nullable): the metadata
 */
MicroMetadata *
micro_metadata_new (const char *first_key, ...)
{
  g_autoptr (GPtrArray) pairs = g_ptr_array_new ();
  va_list arguments;

  va_start (arguments, first_key);
  for (const char *key = first_key; key != NULL; key = va_arg (arguments, const char *))
    {
      g_ptr_array_add (pairs, (char *) key);
      g_ptr_array_add (pairs, va_arg (arguments, char *));
    }
  va_end (arguments);
  g_ptr_array_add (pairs, NULL);
  return micro_metadata_new_from_pairs ((const char *const *) pairs->pdata);
}

/**
 * micro_metadata_ref:
 * @self: (nullable): metadata
 *
 * Returns: (transfer full) (nullable): @self
 */
MicroMetadata *
micro_metadata_ref (MicroMetadata *self)
{
  return self != NULL ? g_atomic_rc_box_acquire (self) : NULL;
}

static void
metadata_clear (gpointer data)
{
  MicroMetadata *self = data;

  for (guint i = 0; i < self->length; i++)
    pair_clear (&self->pairs[i]);
  g_free (self->pairs);
}

/**
 * micro_metadata_unref:
 * @self: (transfer full) (nullable): metadata
 *
 * Drops a reference.  Any thread.
 */
void
micro_metadata_unref (MicroMetadata *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, metadata_clear);
}

/**
 * micro_metadata_get_length:
 * @self: (nullable): metadata
 *
 * Returns: how many pairs there are
 */
guint
micro_metadata_get_length (MicroMetadata *self)
{
  return self != NULL ? self->length : 0;
}

/**
 * micro_metadata_get_key:
 * @self: metadata
 * @index: of a pair, below its length
 *
 * Returns: (transfer none): the key; they are sorted
 */
const char *
micro_metadata_get_key (MicroMetadata *self, guint index)
{
  g_return_val_if_fail (index < micro_metadata_get_length (self), NULL);
  return self->pairs[index].key;
}

/**
 * micro_metadata_get_value:
 * @self: metadata
 * @index: of a pair, below its length
 *
 * Returns: (transfer none): the value
 */
const char *
micro_metadata_get_value (MicroMetadata *self, guint index)
{
  g_return_val_if_fail (index < micro_metadata_get_length (self), NULL);
  return self->pairs[index].value;
}

/**
 * micro_metadata_lookup:
 * @self: (nullable): metadata
 * @key: a key
 *
 * Returns: (nullable) (transfer none): the value of @key
 */
const char *
micro_metadata_lookup (MicroMetadata *self, const char *key)
{
  for (guint i = 0; i < micro_metadata_get_length (self); i++)
    if (strcmp (self->pairs[i].key, key) == 0)
      return self->pairs[i].value;
  return NULL;
}

/**
 * micro_metadata_with:
 * @self: (nullable): metadata
 * @key: a key
 * @value: its value
 *
 * Returns: (transfer full): a copy in which @key has @value
 */
MicroMetadata *
micro_metadata_with (MicroMetadata *self, const char *key, const char *value)
{
  g_autoptr (GPtrArray) pairs = g_ptr_array_new ();

  for (guint i = 0; i < micro_metadata_get_length (self); i++)
    {
      g_ptr_array_add (pairs, self->pairs[i].key);
      g_ptr_array_add (pairs, self->pairs[i].value);
    }
  g_ptr_array_add (pairs, (char *) key);
  g_ptr_array_add (pairs, (char *) value);
  g_ptr_array_add (pairs, NULL);
  return micro_metadata_new_from_pairs ((const char *const *) pairs->pdata);
}

/**
 * micro_metadata_equal:
 * @a: (nullable): one of two metadata
 * @b: (nullable): the other
 *
 * Returns: whether the pairs are the same
 */
gboolean
micro_metadata_equal (MicroMetadata *a, MicroMetadata *b)
{
  if (a == b)
    return TRUE;
  if (micro_metadata_get_length (a) != micro_metadata_get_length (b))
    return FALSE;
  for (guint i = 0; i < micro_metadata_get_length (a); i++)
    if (strcmp (a->pairs[i].key, b->pairs[i].key) != 0
        || strcmp (a->pairs[i].value, b->pairs[i].value) != 0)
      return FALSE;
  return TRUE;
}

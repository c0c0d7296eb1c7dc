/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Values by name, which any thread reads without a lock while one replaces them.
 */
#include "config.h"

#include "client/published.h"

/* A slot a name, so that a new value does not need a new table. */
typedef struct
{
  gpointer value; /* (nullable), atomic */
} Slot;

typedef struct
{
  gpointer data;
  GDestroyNotify free;
} Retired;

/* Whoever reads counts himself while he goes from the table to a reference of his own, some ten
 * nanoseconds; in one of two places, as @place was when he began.  What was replaced may go once
 * each place was seen without anybody after that: the one that nobody new comes to, then, when they
 * have changed their parts, the other.  Who begins later finds what replaced it. */
struct _MicroPublished
{
  GBoxedCopyFunc ref;
  GBoxedFreeFunc unref;
  int n_readers[2];  /* atomic */
  int place;         /* atomic */
  GHashTable *table; /* name → Slot; atomic, never changed once it is there */
  GArray *replaced;  /* of Retired */
  GArray *waiting;   /* of Retired: replaced before the places were looked at */
  gboolean half;     /* one of them was seen so */
};

static void
clear_retired (gpointer data)
{
  Retired *retired = data;

  retired->free (retired->data);
}

static GArray *
new_retired (void)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (Retired));

  g_array_set_clear_func (array, clear_retired);
  return array;
}

static GHashTable *
copy_table (GHashTable *table)
{
  GHashTable *copy = g_hash_table_new_full (g_str_hash, g_str_equal,
                                            (GDestroyNotify) g_ref_string_release, NULL);
  GHashTableIter iter;
  gpointer name, slot;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, &slot))
    g_hash_table_insert (copy, g_ref_string_acquire (name), slot);
  return copy;
}

MicroPublished *
micro_published_new (GBoxedCopyFunc ref, GBoxedFreeFunc unref)
{
  MicroPublished *self = g_new0 (MicroPublished, 1);

  self->ref = ref;
  self->unref = unref;
  self->table = g_hash_table_new (g_str_hash, g_str_equal);
  self->replaced = new_retired ();
  self->waiting = new_retired ();
  return self;
}

void
micro_published_free (MicroPublished *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Slot *slot = value;

      if (slot->value != NULL)
        self->unref (slot->value);
      g_free (slot);
    }
  g_hash_table_unref (self->table);
  g_array_unref (self->replaced);
  g_array_unref (self->waiting);
  g_free (self);
}

gpointer
micro_published_get (MicroPublished *self, const char *name)
{
  int *n_readers = &self->n_readers[g_atomic_int_get (&self->place)];
  gpointer value = NULL;
  Slot *slot;

  g_atomic_int_inc (n_readers);
  slot = g_hash_table_lookup (g_atomic_pointer_get (&self->table), name);
  if (slot != NULL)
    value = g_atomic_pointer_get (&slot->value);
  if (value != NULL)
    self->ref (value);
  g_atomic_int_add (n_readers, -1);
  return value;
}

guint
micro_published_get_n_retired (MicroPublished *self)
{
  return self->replaced->len + self->waiting->len;
}

static void
published_retire (MicroPublished *self, gpointer data, GDestroyNotify free)
{
  Retired retired = { data, free };

  g_array_append_val (self->replaced, retired);
}

static gboolean
other_place_is_empty (MicroPublished *self)
{
  return g_atomic_int_get (&self->n_readers[1 - self->place]) == 0;
}

/* FALSE: not now; it goes on with the next change. */
static gboolean
let_waiting_go (MicroPublished *self)
{
  if (!other_place_is_empty (self))
    return FALSE;
  if (!self->half)
    {
      g_atomic_int_set (&self->place, 1 - self->place);
      self->half = TRUE;
      if (!other_place_is_empty (self))
        return FALSE;
    }
  self->half = FALSE;
  g_array_set_size (self->waiting, 0);
  return TRUE;
}

static void
let_go (MicroPublished *self)
{
  GArray *none = self->waiting;

  if (self->waiting->len > 0 && !let_waiting_go (self))
    return;
  self->waiting = self->replaced;
  self->replaced = none;
  let_waiting_go (self);
}

/* Takes @table. */
static void
replace_table (MicroPublished *self, GHashTable *table)
{
  published_retire (self, g_atomic_pointer_exchange (&self->table, table),
                    (GDestroyNotify) g_hash_table_unref);
}

static void
published_add (MicroPublished *self, const char *name, gpointer value)
{
  GHashTable *table = copy_table (self->table);
  Slot *slot = g_new0 (Slot, 1);

  slot->value = self->ref (value);
  g_hash_table_insert (table, g_ref_string_new (name), slot);
  replace_table (self, table);
}

static void
drop (MicroPublished *self, const char *name, Slot *slot)
{
  GHashTable *table = copy_table (self->table);

  g_hash_table_remove (table, name);
  replace_table (self, table);
  published_retire (self, slot->value, self->unref);
  published_retire (self, slot, g_free);
}

void
micro_published_set (MicroPublished *self, const char *name, gpointer value)
{
  Slot *slot = g_hash_table_lookup (self->table, name);

  if (slot == NULL && value != NULL)
    published_add (self, name, value);
  else if (slot != NULL && value == NULL)
    drop (self, name, slot);
  else if (slot != NULL)
    published_retire (self, g_atomic_pointer_exchange (&slot->value, self->ref (value)),
                      self->unref);
  let_go (self);
}

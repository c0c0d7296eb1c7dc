/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Snapshots that are read while they are replaced; tests/test-threads.sh runs it under
 * ThreadSanitizer, too.
 */
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

extern "C"
{
#include "client/published.h"
}

/* GLib's library is not made for ThreadSanitizer, which so does not see that the counting of
 * references orders their last use and the end. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
extern "C" void __tsan_acquire (void *address);
extern "C" void __tsan_release (void *address);
#else
#define __tsan_acquire(address)
#define __tsan_release(address)
#endif

namespace
{
struct Number
{
  gsize value, same;
};

std::atomic<int> n_alive{ 0 };

void
number_free (gpointer data)
{
  Number *number = (Number *) data;

  __tsan_acquire (&n_alive);
  number->same = 0;
  n_alive--;
  g_free (number);
}

GPtrArray *
snapshot (gsize value)
{
  GPtrArray *array = g_ptr_array_new_with_free_func (number_free);
  Number *number = g_new (Number, 1);

  *number = { value, value };
  n_alive++;
  g_ptr_array_add (array, number);
  return array;
}

void
drop (GPtrArray *array)
{
  __tsan_release (&n_alive);
  g_ptr_array_unref (array);
}

struct Published : testing::Test
{
  void
  SetUp () override
  {
    published = micro_published_new ((GBoxedCopyFunc) g_ptr_array_ref,
                                     (GBoxedFreeFunc) g_ptr_array_unref);
  }

  void
  TearDown () override
  {
    micro_published_free (published);
    EXPECT_EQ (n_alive, 0);
  }

  void
  Set (const char *name, gsize value)
  {
    GPtrArray *array = snapshot (value);

    micro_published_set (published, name, array);
    drop (array);
  }

  /* 0: there is none. */
  gsize
  Get (const char *name)
  {
    GPtrArray *array = (GPtrArray *) micro_published_get (published, name);
    gsize value = 0;

    if (array == NULL)
      return 0;
    value = ((Number *) array->pdata[0])->value;
    EXPECT_EQ (((Number *) array->pdata[0])->same, value);
    drop (array);
    return value;
  }

  MicroPublished *published = NULL;
};

TEST_F (Published, IsWhatWasSetLast)
{
  EXPECT_EQ (Get ("a"), 0u);
  Set ("a", 1);
  Set ("b", 2);
  EXPECT_EQ (Get ("a"), 1u);
  Set ("a", 3);
  EXPECT_EQ (Get ("a"), 3u);
  micro_published_set (published, "a", NULL);
  EXPECT_EQ (Get ("a"), 0u);
  EXPECT_EQ (Get ("b"), 2u);
  micro_published_set (published, "never", NULL);
  Set ("a", 4);
  EXPECT_EQ (Get ("a"), 4u);
}

TEST_F (Published, KeepsNothingThatNobodyReads)
{
  GPtrArray *held;

  Set ("a", 1);
  held = (GPtrArray *) micro_published_get (published, "a");
  Set ("a", 2);
  EXPECT_EQ (micro_published_get_n_retired (published), 0u);
  EXPECT_EQ (((Number *) held->pdata[0])->value, 1u) << "it is his who has it";
  drop (held);
  EXPECT_EQ (n_alive, 1);
}

/* Readers never see half of one, nor an older one after a newer. */
TEST_F (Published, IsReadWhileItChanges)
{
  const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
  std::atomic<bool> over{ false };
  std::atomic<guint64> n_reads{ 0 };
  std::vector<std::thread> readers;
  guint most = 0, before = 0, n_let_go = 0;

  for (int i = 0; i < 3; i++)
    readers.emplace_back ([&, i] {
      gsize last[8] = { 0 };

      for (guint at = i; !over; at++)
        {
          gsize value = Get (names[at % 8]);

          if (at % 64 == 0)
            n_reads.fetch_add (64, std::memory_order_relaxed);
          if (value == 0)
            continue;
          EXPECT_GE (value, last[at % 8]);
          last[at % 8] = value;
        }
    });
  /* Twenty thousand times, and until some were read, and some let go of meanwhile. */
  for (gsize value = 1; value <= 20000 || n_reads <= 1000 || n_let_go == 0; value++)
    {
      /* Every now and then a name comes and goes. */
      if (value % 16 == 0)
        micro_published_set (published, names[value / 16 % 8], NULL);
      else
        Set (names[value % 8], value);
      most = MAX (most, micro_published_get_n_retired (published));
      n_let_go += micro_published_get_n_retired (published) < before;
      before = micro_published_get_n_retired (published);
      if (value % 64 == 0)
        g_usleep (200); /* a turn for readers */
    }
  over = true;
  for (std::thread &reader : readers)
    reader.join ();
  printf ("        %" G_GUINT64_FORMAT " reads, at most %u kept for readers\n", n_reads.load (),
          most);
  Set ("a", 1);
  EXPECT_EQ (micro_published_get_n_retired (published), 0u);
}
} // namespace

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes grpc-timeout: taken is exactly what the protocol's grammar allows, and what we write is
 * read as what it was, give or take a thousandth.
 */
#include <string.h>

#include "../../plugins/grpc-transport/grpc-wire.h"
#include "fuzz.h"

/* PROTOCOL-HTTP2.md: Timeout → TimeoutValue TimeoutUnit; at most eight digits. */
static gboolean
is_timeout (const char *text, gsize length)
{
  gsize digits = 0;

  while (digits < length && text[digits] >= '0' && text[digits] <= '9')
    digits++;
  return digits >= 1 && digits <= 8 && length == digits + 1
         && memchr ("HMSmun", text[digits], 6) != NULL;
}

static void
check_text (const char *text, gsize length)
{
  gint64 us = -1;
  gboolean taken = grpc_timeout_parse (text, length, &us);

  g_assert (taken == is_timeout (text, length));
  g_assert (!taken || (us >= 0 && us <= 99999999 * G_GINT64_CONSTANT (3600000000)));
}

static void
check_number (gint64 us)
{
  char buffer[12];
  gsize length = grpc_timeout_format (us, buffer);
  gint64 again = 0;

  g_assert (length < sizeof buffer && buffer[length] == '\0');
  g_assert (grpc_timeout_parse (buffer, length, &again));
  g_assert (again >= 1);
  /* Rounded up to four digits; then from eight digits of one unit to five of the next, where one in
   * 100,000 is lost. */
  g_assert (again <= MAX (us, 1) || again - us <= us / 1000);
  g_assert (again >= us - us / 100000 || again == 99999999 * G_GINT64_CONSTANT (3600000000));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  gint64 us = 0;

  check_text ((const char *) data, size);
  memcpy (&us, data, MIN (size, sizeof us));
  check_number (us);
  return 0;
}

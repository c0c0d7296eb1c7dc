/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes what is read out of headers: grpc-message, lists, content types, error records; and
 * metadata of records.
 */
#include <string.h>

#include "base/error.h"

#include "../../plugins/grpc-transport/grpc-wire.h"
#include "fuzz.h"

static void
check_message (const char *text, gsize length)
{
  g_autofree char *message = grpc_message_unescape (text, length);
  g_autofree char *escaped = grpc_message_escape (message, G_MAXSIZE);
  g_autofree char *again = grpc_message_unescape (escaped, strlen (escaped));

  g_assert (g_utf8_validate (message, -1, NULL));
  for (const char *at = escaped; *at != '\0'; at++)
    g_assert (*at >= 0x20 && *at <= 0x7e);
  g_assert_cmpstr (message, ==, again);
}

static void
check_words (const char *text, gsize length)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  MicroCodec codec = MICRO_CODEC_BYTES;

  for (char **word = words; *word != NULL; word++)
    {
      char *item = *word + strspn (*word, " \t");

      item[strcspn (item, " \t")] = '\0';
      g_assert (*item == '\0' || grpc_list_has (text, item));
    }
  grpc_list_has (text, "gzip");
  if (grpc_content_type_parse (text, length, &codec))
    g_assert (g_ascii_strncasecmp (text, "application/", 12) == 0);
}

static void
check_record (const char *text, gsize length)
{
  g_autoptr (GBytes) details = g_bytes_new (text, length);
  MicroErrorRecord record;

  if (micro_error_record_decode (text, details, &record))
    {
      g_assert (record.code > 0 && record.id != NULL && record.detail != NULL);
      micro_error_record_clear (&record);
    }
  if (micro_error_record_decode (text, NULL, &record))
    micro_error_record_clear (&record);
}

/* Lines are keys and values in turn. */
static void
check_pairs (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines) / 2;
  g_autoptr (MicroMetadata) metadata = micro_metadata_new_from_pairs ((const char *const *) lines);
  g_autoptr (MicroMetadata) with = NULL;

  g_assert (micro_metadata_get_length (metadata) <= n);
  for (guint i = 0; i < n; i++)
    g_assert_nonnull (micro_metadata_lookup (metadata, lines[2 * i]));
  for (guint i = 1; i < micro_metadata_get_length (metadata); i++)
    g_assert_cmpstr (micro_metadata_get_key (metadata, i - 1), <,
                     micro_metadata_get_key (metadata, i));
  if (n == 0)
    return;
  g_assert_cmpstr (micro_metadata_lookup (metadata, lines[2 * n - 2]), ==, lines[2 * n - 1]);
  with = micro_metadata_with (metadata, lines[0], lines[1]);
  g_assert_cmpstr (micro_metadata_lookup (with, lines[0]), ==, lines[1]);
  g_assert (micro_metadata_equal (with, with));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size); /* ends at the first NUL */

  check_message ((const char *) data, size);
  check_words (text, strlen (text));
  check_record (text, strlen (text));
  check_pairs (text);
  return 0;
}

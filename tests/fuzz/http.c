/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes the heads of HTTP/1 requests: a head that came in two pieces is read as one that came
 * whole, and what is read has no byte in it that a request line cannot have.
 */
#include <string.h>

#include "../../plugins/common/http-private.h"
#include "fuzz.h"

static void
check_text (const char *text)
{
  g_assert (strpbrk (text, " \r\n") == NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  HttpHead head, part;
  guint status = 0, part_status = 0;
  gsize cut = size > 0 ? data[0] % size : 0;
  HttpHeadResult result = http_head_parse ((const char *) data, size, &head, &status);
  HttpHeadResult result_of_part = http_head_parse ((const char *) data, cut, &part, &part_status);

  if (result_of_part != HTTP_HEAD_PART && size < HTTP_MAX_HEAD)
    {
      /* What is read does not change with what follows. */
      g_assert (result == result_of_part && status == part_status);
      g_assert (result != HTTP_HEAD_WHOLE || head.length == part.length);
    }
  if (result == HTTP_HEAD_WHOLE)
    {
      g_assert (head.length > 0 && head.length <= size);
      g_assert (head.path[0] == '/' || strcmp (head.path, "*") == 0);
      g_assert (strchr (head.path, '?') == NULL);
      check_text (head.path);
      if (head.query != NULL)
        check_text (head.query);
    }
  else
    g_assert (head.path == NULL && head.query == NULL);
  g_assert (result != HTTP_HEAD_BAD || status >= 400);
  http_head_clear (&head);
  http_head_clear (&part);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Headers of calls and answers: what may be one.  A peer ends the call, or the connection, for
 * others.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-error.h>
#include <micro/micro-header.h>

/* Header-Name of gRPC's PROTOCOL-HTTP2; capital letters are sent as small ones. */
static gboolean
header_is_name (const char *name)
{
  gsize length = 0;

  while (g_ascii_isalnum (name[length]) || (name[length] != '\0' && strchr ("-_.", name[length])))
    length++;
  return length > 0 && name[length] == '\0';
}

/* What a call or an answer says of itself (PROTOCOL-HTTP2), and what HTTP/2 has no place for (RFC
 * 9113, 8.2.2). */
static gboolean
header_is_reserved (const char *name)
{
  static const char *const own[] = { "te",
                                     "content-type",
                                     "content-length",
                                     "host",
                                     "timeout",
                                     "user-agent",
                                     "connection",
                                     "keep-alive",
                                     "proxy-connection",
                                     "transfer-encoding",
                                     "upgrade",
                                     NULL };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return g_str_has_prefix (lower, "grpc-") || g_strv_contains (own, lower);
}

/* ASCII-Value; a blank at either end would be no part of it (RFC 9110, 5.5). */
static gboolean
header_is_value (const char *value)
{
  gsize length = strlen (value);

  for (gsize i = 0; i < length; i++)
    if ((guchar) value[i] < 0x20 || (guchar) value[i] > 0x7e)
      return FALSE;
  return length == 0 || (value[0] != ' ' && value[length - 1] != ' ');
}

/* Of a name in -bin: with padding or without (PROTOCOL-HTTP2, "Custom-Metadata"). */
static gboolean
header_is_base64 (const char *value)
{
  gsize digits = 0, length = strlen (value);

  while (g_ascii_isalnum (value[digits]) || value[digits] == '+' || value[digits] == '/')
    digits++;
  if (strspn (value + digits, "=") != length - digits || digits % 4 == 1)
    return FALSE;
  return length == digits || (length % 4 == 0 && length - digits <= 2);
}

static gboolean
header_has_suffix (const char *name, const char *suffix)
{
  gsize length = strlen (name), end = strlen (suffix);

  return length > end && g_ascii_strcasecmp (name + length - end, suffix) == 0;
}

/**
 * micro_header_check:
 * @name: of a header; in capitals it is sent in small letters
 * @value: its value; of a name that ends in `-bin`: base64
 * @error: return location
 *
 * What is set as a header or trailer is looked at with this: a call with a bad one is not made, and
 * an answer with one ends its call with %MICRO_STATUS_INTERNAL.
 *
 * Returns: whether the two can be a header; %MICRO_STATUS_INVALID_ARGUMENT says why not
 */
gboolean
micro_header_check (const char *name, const char *value, GError **error)
{
  g_autofree char *quoted = NULL;
  const char *why = NULL;

  g_return_val_if_fail (name != NULL && value != NULL, FALSE);
  if (!header_is_name (name))
    why = "its name is not of letters, digits, “-”, “_” and “.”";
  else if (header_is_reserved (name))
    why = "it is one of the call's own";
  else if (header_has_suffix (name, "-bin") && !header_is_base64 (value))
    why = "its value is not base64, as that of a name in “-bin” is";
  else if (!header_is_value (value))
    why = "its value is not printable ASCII that begins and ends with no blank; a name in “-bin” "
          "takes any bytes, in base64";
  if (why == NULL)
    return TRUE;
  quoted = micro_error_quote (name);
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, "“%s” cannot be a header: %s",
               quoted, why);
  return FALSE;
}

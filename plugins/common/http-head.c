/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The head of an HTTP/1 request (RFC 9112, 3 and 5).
 */
#include "config.h"

#include <string.h>

#include "http-private.h"

void
http_head_clear (HttpHead *head)
{
  g_clear_pointer (&head->path, g_free);
  g_clear_pointer (&head->query, g_free);
}

const char *
http_status_text (guint status)
{
  switch (status)
    {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 414:
      return "URI Too Long";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
    }
}

/* --- Lines --- */

/* The length of the head at @data, or 0 if its empty line is not there yet. */
static gsize
find_end (const char *data, gsize length)
{
  for (gsize i = 0; i + 1 < length; i++)
    if (data[i] == '\n' && data[i + 1] == '\n')
      return i + 2;
    else if (data[i] == '\n' && data[i + 1] == '\r' && i + 2 < length && data[i + 2] == '\n')
      return i + 3;
  return 0;
}

/* No control characters; a bare CR is what other servers may take for the end of a line (RFC 9112,
 * 2.2). */
static gboolean
is_text (const char *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (g_ascii_iscntrl (data[i]) && data[i] != '\n' && data[i] != '\t'
        && !(data[i] == '\r' && i + 1 < length && data[i + 1] == '\n'))
      return FALSE;
  return TRUE;
}

/* Whether the word @word is in a list with commas, such as a Connection field has. */
static gboolean
has_word (const char *list, const char *word)
{
  g_auto (GStrv) words = g_strsplit (list, ",", -1);

  for (char **item = words; *item != NULL; item++)
    if (g_ascii_strcasecmp (g_strstrip (*item), word) == 0)
      return TRUE;
  return FALSE;
}

/* A body would have to be read before the next request; nobody sends one to a probe, and who does
 * gets an answer and no second one. */
static gboolean
read_field (HttpHead *head, char *line)
{
  char *colon = strchr (line, ':');
  const char *value;

  if (colon == NULL || colon == line || g_ascii_isspace (colon[-1]))
    return FALSE;
  *colon = '\0';
  value = g_strstrip (colon + 1);
  if (g_ascii_strcasecmp (line, "connection") == 0)
    {
      if (has_word (value, "close"))
        head->keep_alive = FALSE;
      else if (has_word (value, "keep-alive"))
        head->keep_alive = TRUE;
    }
  else if (g_ascii_strcasecmp (line, "transfer-encoding") == 0
           || (g_ascii_strcasecmp (line, "content-length") == 0 && strcmp (value, "0") != 0))
    head->keep_alive = FALSE;
  return TRUE;
}

/* "GET /health?verbose HTTP/1.1", or in the absolute form. 0 or a status. */
static guint
read_request_line (HttpHead *head, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);
  const char *target, *query;

  if (g_strv_length (words) != 3 || words[0][0] == '\0')
    return 400;
  if (!g_str_has_prefix (words[2], "HTTP/"))
    return 400;
  if (strcmp (words[2], "HTTP/1.1") != 0 && strcmp (words[2], "HTTP/1.0") != 0)
    return 505;
  head->keep_alive = words[2][strlen ("HTTP/1.")] == '1';
  head->head_only = strcmp (words[0], "HEAD") == 0;
  target = words[1];
  if (g_ascii_strncasecmp (target, "http://", 7) == 0)
    {
      target = strchr (target + 7, '/');
      if (target == NULL)
        target = "/";
    }
  if (target[0] != '/' && strcmp (target, "*") != 0)
    return 400;
  query = strchr (target, '?');
  head->path = query != NULL ? g_strndup (target, query - target) : g_strdup (target);
  head->query = query != NULL ? g_strdup (query + 1) : NULL;
  return 0;
}

static guint
read_head (HttpHead *head, char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint status;

  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_suffix (*line, "\r"))
      (*line)[strlen (*line) - 1] = '\0';
  status = read_request_line (head, lines[0]);
  for (char **line = lines + 1; status == 0 && **line != '\0'; line++)
    if (!read_field (head, *line))
      status = 400;
  return status;
}

/* --- The whole --- */

HttpHeadResult
http_head_parse (const char *data, gsize length, HttpHead *head, guint *ret_status)
{
  g_autofree char *text = NULL;
  gsize end;

  *head = (HttpHead){ NULL };
  /* Somebody who speaks TLS or anything else: not a letter of a method. */
  if (length > 0 && !g_ascii_isalpha (data[0]) && data[0] != '\r' && data[0] != '\n')
    {
      *ret_status = 400;
      return HTTP_HEAD_BAD;
    }
  end = find_end (data, length);
  if (end == 0 && length < HTTP_MAX_HEAD)
    return HTTP_HEAD_PART;
  *ret_status = end == 0 ? 431 : 0;
  if (*ret_status == 0 && !is_text (data, end))
    *ret_status = 400;
  if (*ret_status == 0)
    {
      text = g_strndup (data, end);
      *ret_status = read_head (head, text);
    }
  if (*ret_status != 0)
    {
      http_head_clear (head);
      return HTTP_HEAD_BAD;
    }
  head->length = end;
  return HTTP_HEAD_WHOLE;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the HTTP server share.
 */
#pragma once

#include "http-server.h"

G_BEGIN_DECLS

#define HTTP_MAX_HEAD 8192

/* What the head of a request says. */
typedef struct
{
  char *path;
  char *query; /* (nullable) */
  gboolean head_only;
  gboolean keep_alive;
  gsize length; /* of the head, with the empty line */
} HttpHead;

typedef enum
{
  HTTP_HEAD_WHOLE,
  HTTP_HEAD_PART, /* more is to come */
  HTTP_HEAD_BAD   /* @ret_status says why */
} HttpHeadResult;

/* http-head.c: RFC 9112, as much as a probe needs.  @head: cleared with http_head_clear() when
 * WHOLE. */
HttpHeadResult http_head_parse (const char *data, gsize length, HttpHead *head, guint *ret_status);
void http_head_clear (HttpHead *head);
const char *http_status_text (guint status);

/* http-listen.c: a listening socket; -1 with @error set. */
int http_listen (const char *address, char **ret_bound, GError **error);

G_END_DECLS

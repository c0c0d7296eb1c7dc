/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A small HTTP/1.1 server for probes: short answers, bounded, never disturbed by a slow client.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

/* libsoup would cost 2 MB of memory, a third of what micro-health may hold. */
typedef struct _HttpServer HttpServer;

/* A request, until it is answered. */
typedef struct _HttpRequest HttpRequest;

/* On the loop's thread; ends with http_request_answer(), now or later. */
typedef void (*HttpFunc) (HttpRequest *request, gpointer user_data);

/* Everything runs on @loop, which is the caller's. */
HttpServer *http_server_new (MicroLoop *loop, HttpFunc func, gpointer user_data);
/* @address: HOST:PORT, or :PORT for all interfaces.  Returns what is bound, "[::]:8080"; (transfer
 * full).  Any thread but the loop's; once. */
char *http_server_listen (HttpServer *self, const char *address, GError **error);
/* Closes everything; not on the loop.  No request may wait for its answer any more. */
void http_server_free (HttpServer *self);

/* "/health", without the query; not decoded. */
const char *http_request_get_path (HttpRequest *self);
/* Whether the query has it: "?verbose", "?a&verbose=1". */
gboolean http_request_has_parameter (HttpRequest *self, const char *name);
/* On the loop's thread, once.  @body: text; a line feed is not added. */
void http_request_answer (HttpRequest *self, guint status, const char *body);

G_END_DECLS

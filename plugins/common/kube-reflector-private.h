/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The state of a reflector, and what to do about an answer.
 */
#pragma once

#include "kube-backoff.h"
#include "kube-reflector.h"
#include "kube-splitter.h"

G_BEGIN_DECLS

typedef enum
{
  KUBE_PHASE_LIST,
  KUBE_PHASE_WATCH
} KubePhase;

/**
 * KubeNext:
 *
 * What comes next, and after how long.
 */
typedef struct
{
  KubePhase phase;
  guint delay_ms;
} KubeNext;

struct _KubeReflector
{
  int ref_count; /* one thread */
  KubeClient *client;
  char *path;
  char *query;
  const KubeReflectorFuncs *funcs;
  gpointer user_data;
  GMainContext *context;

  gboolean stopped;
  GCancellable *cancellable;
  GSource *timer;
  KubePhase phase;
  KubeBackoff backoff;

  char *rv;                   /* of the last list, event or bookmark; opaque; NULL before */
  gint64 rv_trusted_until_us; /* it is one of the server's past, so silence is no wonder; 0: who
                                 knows */
  gboolean rv_unavailable;
  guint gone_in_row;
  char *gone_rv; /* at which the last 410 came */
  guint too_large_in_row;
  guint malformed_in_row;
  gint64 errors_since_us;          /* of ERROR events other than 410; 0: none */
  gboolean no_bookmarks, no_match; /* parameters that the server does not know */
  gboolean synced, live;

  /* The list being read. */
  gboolean quorum;
  gboolean no_limit;
  guint gone_pages;
  char *continue_token;
  gboolean in_list;
  gboolean initial;      /* it comes as the beginning of a watch, up to a marker */
  gboolean plain_next;   /* the last that began so had no end */
  gint64 plain_until_us; /* the server refuses such */

  /* The stream being read. */
  GInputStream *stream;
  KubeSplitter *splitter;
  char *buffer;
  gint64 opened_us;
  guint64 n_in_stream;
  gboolean stream_malformed;
  KubeReply *stream_error; /* of an ERROR event */
  guint stream_error_code;

  KubeReflectorStats stats;
};

/* kube-reflector-errors.c: what to do about an answer that is no 200, about none, about an ERROR.
 */
KubeNext kube_reflector_judge_reply (KubeReflector *self, const KubeReply *reply);
KubeNext kube_reflector_judge_event (KubeReflector *self, const KubeReply *reply, guint code);
KubeNext kube_reflector_gone (KubeReflector *self);
/* A list of the whole from the quorum, without trusting the watch cache or our version. */
void kube_reflector_distrust_version (KubeReflector *self);

/* kube-reflector-initial.c: a list as the beginning of a watch. */
gboolean kube_reflector_may_stream (KubeReflector *self);
/* Whether @reply only says that this server, or our right, is for plain lists; none is asked for
 * otherwise for an hour. */
gboolean kube_reflector_must_list (KubeReflector *self, const KubeReply *reply);
/* The same of an ERROR. */
gboolean kube_reflector_must_list_after (KubeReflector *self, const KubeReply *reply, guint code);
/* FALSE if the list is whole: what comes now is a watch.  Takes no notice of an ERROR. */
gboolean
kube_reflector_take_initial (KubeReflector *self, const char *type, const char *json, gsize length);

/* kube-reflector-query.c */
char *kube_reflector_initial_path (KubeReflector *self);
char *kube_reflector_list_path (KubeReflector *self);
char *kube_reflector_watch_path (KubeReflector *self);

/* kube-reflector-read.c: the parts of an event, of an object, of a list's envelope. */
typedef struct
{
  char *type;
  const char *object;
  gsize length;
} KubeEvent;
gboolean kube_event_read (const char *json, gsize length, KubeEvent *ret_event);
char *kube_object_read_version (const char *json, gsize length, char **ret_continue);
/* Whether this bookmark ends a streamed list. */
gboolean kube_object_is_marker (const char *json, gsize length);

G_END_DECLS

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the http health endpoint share.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

/* --- health-probe.c: looking at something else by TCP or HTTP --- */
typedef struct
{
  char *name;
  char *target; /* "localhost:5432", "https://localhost/ready" */
  gboolean http;
  MicroCheckFlags flags;
} HealthProbe;

/* @text: "NAME=TARGET"; (transfer full), %NULL with @error set if it is not */
HealthProbe *health_probe_new (const char *text, gboolean http, GError **error);
void health_probe_free (HealthProbe *self);
/* A MicroCheckFunc with a HealthProbe. */
gboolean health_probe_run (GCancellable *cancellable, gpointer user_data, GError **error);

/* --- health-report.c: what is answered --- */
typedef enum
{
  HEALTH_PATH_UNKNOWN,
  HEALTH_PATH_ALL,
  HEALTH_PATH_LIVE,
  HEALTH_PATH_READY
} HealthPath;

HealthPath health_path_parse (const char *path);
/* (transfer full): a line for each of @checks that has a say in @path, and one for all. */
char *health_report (MicroChecks *checks, HealthPath path, gboolean fine);

G_END_DECLS

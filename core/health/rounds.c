/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro-health's answers: a thousand who ask at once are answered by one question a target.
 */
#include "config.h"

#include <string.h>

#include "common/http-server.h"
#include "health.h"

#define N_QUESTIONS 2

/* What is asked of all targets now, and who waits for it. */
typedef struct
{
  Rounds *rounds;
  GPtrArray *waiting; /* of HttpRequest; empty: nothing is asked */
  guint n_missing;
  gboolean fine;
  char **reasons; /* (nullable) each: a target */
} Round;

/* One target in a round. */
typedef struct
{
  Round *round;
  guint index;
} Part;

struct _Rounds
{
  const Asker *asker;
  GPtrArray *targets;
  Round questions[N_QUESTIONS];
  Part *parts[N_QUESTIONS];
};

Rounds *
rounds_new (const Asker *asker, GPtrArray *targets)
{
  Rounds *self = g_new0 (Rounds, 1);

  self->asker = asker;
  self->targets = targets;
  for (guint i = 0; i < N_QUESTIONS; i++)
    {
      self->questions[i].rounds = self;
      self->questions[i].waiting = g_ptr_array_new ();
      self->questions[i].reasons = g_new0 (char *, targets->len);
      self->parts[i] = g_new0 (Part, targets->len);
    }
  return self;
}

void
rounds_free (Rounds *self)
{
  for (guint i = 0; i < N_QUESTIONS; i++)
    {
      for (guint j = 0; j < self->targets->len; j++)
        g_free (self->questions[i].reasons[j]);
      g_free (self->questions[i].reasons);
      g_ptr_array_unref (self->questions[i].waiting);
      g_free (self->parts[i]);
    }
  g_free (self);
}

/* --- Answers --- */

static char *
make_report (Round *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->rounds->targets->len; i++)
    {
      const Target *target = self->rounds->targets->pdata[i];

      if (self->reasons[i] == NULL)
        g_string_append_printf (text, "+ %s\n", target->name);
      else
        g_string_append_printf (text, "- %s: %s\n", target->name, self->reasons[i]);
    }
  g_string_append (text, self->fine ? "OK\n" : "NOT_HEALTHY\n");
  return g_string_free (text, FALSE);
}

/* Whoever asks from now on begins the next round. */
static void
end_round (Round *self)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);
  g_autofree char *report = make_report (self);
  const char *brief = self->fine ? "OK" : "NOT_HEALTHY";
  guint status = self->fine ? 200 : 500;

  self->waiting = g_ptr_array_new ();
  for (guint i = 0; i < waiting->len; i++)
    http_request_answer (waiting->pdata[i], status,
                         http_request_has_parameter (waiting->pdata[i], "verbose") ? report
                                                                                   : brief);
}

static void
rounds_has_verdict (Verdict verdict, const char *reason, gpointer user_data)
{
  Part *part = user_data;
  Round *self = part->round;
  char **kept = &self->reasons[part->index];

  g_free (*kept);
  *kept = reason != NULL ? g_strdelimit (g_strdup (reason), "\r\n", ' ') : NULL;
  self->fine &= verdict == VERDICT_HEALTHY;
  self->n_missing--;
  if (self->n_missing == 0)
    end_round (self);
}

static void
begin_round (Rounds *self, Question question)
{
  Round *round = &self->questions[question];

  round->fine = TRUE;
  round->n_missing = self->targets->len;
  for (guint i = 0; i < self->targets->len; i++)
    {
      self->parts[question][i] = (Part){ round, i };
      target_ask (self->asker, self->targets->pdata[i], question, rounds_has_verdict,
                  &self->parts[question][i]);
    }
}

void
rounds_answer (HttpRequest *request, gpointer user_data)
{
  Rounds *self = user_data;
  const char *path = http_request_get_path (request);
  gboolean ready = strcmp (path, "/health/ready") == 0;
  Question question = ready ? QUESTION_READY : QUESTION_LIVE;
  Round *round = &self->questions[question];

  if (!ready && strcmp (path, "/health") != 0 && strcmp (path, "/health/") != 0
      && strcmp (path, "/health/live") != 0)
    {
      http_request_answer (request, 404, "try /health, /health/live or /health/ready\n");
      return;
    }
  g_ptr_array_add (round->waiting, request);
  if (round->waiting->len == 1)
    begin_round (self, question);
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A sentence before the end: which plugin file it was that crashed while it was loaded.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "plugin/guard.h"

#define STACK_BYTES (64 * 1024)

static const int signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };

static GMutex mutex;
static guint n_entered; /* by all threads; the first sets the handlers, the last resets them */
static struct sigaction formers[G_N_ELEMENTS (signals)];
static _Thread_local MicroPluginGuard *current;

static void
say (const char *text, gsize length)
{
  while (length > 0)
    {
      gssize n = write (STDERR_FILENO, text, length);

      if (n <= 0)
        return;
      text += n;
      length -= (gsize) n;
    }
}

/* Only what signal-safety(7) allows.  The signal then has the effect that it had without us, with
 * its status, its core and whoever else looks at it. */
static void
guard_on_signal (int number, siginfo_t *info, void *context)
{
  const char digits[] = { (char) ('0' + number / 10), (char) ('0' + number % 10) };
  static const char end[] = "); rebuild, replace or remove the file\n";

  if (current != NULL)
    {
      say (current->text, current->length);
      say (digits + (number < 10 ? 1 : 0), number < 10 ? 1 : 2);
      say (end, sizeof end - 1);
    }
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (signals[i] == number)
      sigaction (number, &formers[i], NULL);
  /* An instruction that faults does so again as soon as this returns; a trap does not. */
  if (info->si_code <= 0 || number == SIGTRAP || number == SIGSYS)
    raise (number);
}

static void
set_handlers (void)
{
  struct sigaction action
      = { .sa_sigaction = guard_on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };

  sigemptyset (&action.sa_mask);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &action, &formers[i]);
}

static void
reset_handlers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      struct sigaction now;

      /* The plugin may have set one of its own, which is its good right. */
      if (sigaction (signals[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO)
          && now.sa_sigaction == guard_on_signal)
        sigaction (signals[i], &formers[i], NULL);
    }
}

/* A recursion without end leaves no room for the handler. */
static gpointer
set_stack (void)
{
  stack_t stack;

  if (sigaltstack (NULL, &stack) != 0 || !(stack.ss_flags & SS_DISABLE))
    return NULL;
  stack = (stack_t){ .ss_sp = g_malloc (STACK_BYTES), .ss_size = STACK_BYTES };
  sigaltstack (&stack, NULL);
  return stack.ss_sp;
}

void
micro_plugin_guard_enter (MicroPluginGuard *self, const char *file, const char *what)
{
  const char *program = g_get_prgname ();

  *self = (MicroPluginGuard){ .outer = current };
  if (file == NULL)
    return;
  self->text
      = g_strdup_printf ("%s%s%s: crashed while it was %s (signal ", program != NULL ? program : "",
                         program != NULL ? ": " : "", file, what);
  self->length = strlen (self->text);
  self->stack = set_stack ();
  g_mutex_lock (&mutex);
  if (n_entered++ == 0)
    set_handlers ();
  g_mutex_unlock (&mutex);
  current = self;
}

void
micro_plugin_guard_leave (MicroPluginGuard *self)
{
  const stack_t none = { .ss_flags = SS_DISABLE };

  if (self->text == NULL)
    return;
  current = self->outer;
  g_mutex_lock (&mutex);
  if (--n_entered == 0)
    reset_handlers ();
  g_mutex_unlock (&mutex);
  if (self->stack != NULL)
    sigaltstack (&none, NULL);
  g_free (self->stack);
  g_clear_pointer (&self->text, g_free);
}

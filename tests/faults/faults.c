/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Every fault of a connection, in every kind of call, to either side: each call ends once, in time
 * and truthfully, and the server goes on.
 */
#include <micro/micro-transport.h>

#include "calls.h"
#include "proxy.h"

extern const MicroPluginInfo *micro_plugin_grpc_transport (void);
extern const MicroPluginInfo *micro_plugin_memory_registry (void);
extern const MicroPluginInfo *micro_plugin_static_selector (void);

#define LONG_MS 20000 /* for what must not need its deadline, on a slow machine too */
#define SHORT_MS 400
#define MARGIN_MS 5000 /* of a slow machine */
#define SWEEP_THREADS 16

static MicroTransport *server;
static MicroCache *cache;
static MicroClient *client;
static MicroTransport *calling;
static char *address;      /* of the server, past the proxy */
static const char *folder; /* (nullable): of server.pem, server.key and ca.pem, for TLS */

static GMutex mutex;
static GPtrArray *outcomes; /* all there were; under the mutex */
static int n_failed;

static const char *const way_names[] = { [WAY_UP] = "to-server", [WAY_DOWN] = "to-client" };

typedef struct
{
  Fault fault;
  Way way;
  MicroMethodKind kind;
  gsize after;
  int retries;
} Case;

/* --- One case --- */

static Outcome *
begin (MicroMethodKind kind)
{
  Outcome *outcome = outcome_new (kind);

  g_mutex_lock (&mutex);
  g_ptr_array_add (outcomes, outcome);
  g_mutex_unlock (&mutex);
  return outcome;
}

/* (transfer full) (nullable): what is wrong with it */
static char *
judge (const Case *self, const Outcome *outcome, guint deadline_ms)
{
  gboolean harmless = self->fault < FAULT_CUT;

  if (outcome->took_us > (deadline_ms + MARGIN_MS) * (gint64) 1000)
    return g_strdup_printf ("ended after %" G_GINT64_FORMAT " ms, with a deadline of %u ms",
                            outcome->took_us / 1000, deadline_ms);
  if (outcome->status == MICRO_STATUS_OK && !outcome->right)
    return g_strdup_printf ("OK after %d answers, not all of them right", outcome->n_answers);
  if (outcome->status == MICRO_STATUS_OK
      || (self->fault == FAULT_BLACK_HOLE && outcome->status == MICRO_STATUS_DEADLINE_EXCEEDED)
      || (!harmless && self->fault != FAULT_BLACK_HOLE
          && outcome->status == MICRO_STATUS_UNAVAILABLE))
    return NULL;
  return g_strdup_printf ("%s: %s", micro_status_to_string (outcome->status), outcome->message);
}

static char *
try_server (void)
{
  Outcome *outcome = begin (MICRO_METHOD_UNARY);

  call_start (outcome, client, address, LONG_MS, 0);
  if (!call_wait (outcome, LONG_MS + MARGIN_MS))
    return g_strdup ("the server does not answer any more");
  return outcome->status == MICRO_STATUS_OK
             ? NULL
             : g_strdup_printf ("the server does not serve any more: %s", outcome->message);
}

static char *
run_once (const Case *self, MicroStatus *ret_status)
{
  g_autoptr (Proxy) proxy = proxy_new (address, self->fault, self->way, self->after);
  guint deadline_ms = self->fault == FAULT_BLACK_HOLE ? SHORT_MS : LONG_MS;
  Outcome *outcome = begin (self->kind);
  char *problem;

  call_start (outcome, client, proxy_get_address (proxy), deadline_ms, self->retries);
  *ret_status = MICRO_STATUS_UNKNOWN;
  if (!call_wait (outcome, deadline_ms + MARGIN_MS))
    return g_strdup_printf ("hangs: nothing after its deadline of %u ms", deadline_ms);
  *ret_status = outcome->status;
  problem = judge (self, outcome, deadline_ms);
  return problem != NULL ? problem : try_server ();
}

/* A proxy may have the port of an earlier one, of which the client just learns that it has gone. */
#define TRIES 4

/* (transfer full) (nullable): what went wrong */
static char *
run_case (const Case *self)
{
  MicroStatus status;
  char *problem = run_once (self, &status);

  for (int i = 1; i < TRIES && problem != NULL && self->fault == FAULT_BLACK_HOLE
                  && status == MICRO_STATUS_UNAVAILABLE;
       i++)
    {
      g_free (problem);
      problem = run_once (self, &status);
    }
  return problem;
}

static void
report (const char *fault, MicroMethodKind kind, Way way, const char *problem)
{
  g_print ("%s %s%s/%s/%s%s%s\n", problem == NULL ? "ok" : "failed:", folder != NULL ? "tls-" : "",
           fault, call_kind_name (kind), way_names[way], problem != NULL ? ": " : "",
           problem != NULL ? problem : "");
  if (problem != NULL)
    n_failed++;
}

static gsize
measure_once (MicroMethodKind kind, Way way)
{
  g_autoptr (Proxy) proxy = proxy_new (address, FAULT_NONE, way, 0);
  Outcome *outcome = begin (kind);

  call_start (outcome, client, proxy_get_address (proxy), LONG_MS, 0);
  if (!call_wait (outcome, LONG_MS + MARGIN_MS) || outcome->status != MICRO_STATUS_OK)
    return 0;
  return proxy_get_passed (proxy, way);
}

/* How many bytes a call without a fault takes; 0: it does not succeed. */
static gsize
measure (MicroMethodKind kind, Way way)
{
  gsize bytes = 0;

  for (int i = 0; i < TRIES && bytes == 0; i++)
    bytes = measure_once (kind, way);
  return bytes;
}

/* --- The matrix --- */

typedef struct
{
  const char *name;
  Fault fault;
  guint tenths; /* of a call's bytes, after which it happens */
} Row;

static const Row rows[] = {
  { "none", FAULT_NONE, 0 },
  { "delay", FAULT_DELAY, 0 },
  { "one-byte-writes", FAULT_ONE_BYTE, 0 },
  { "cut-at-once", FAULT_CUT, 0 },
  { "cut-in-the-middle", FAULT_CUT, 6 },
  { "cut-near-the-end", FAULT_CUT, 9 },
  { "half-close-at-once", FAULT_HALF_CLOSE, 0 },
  { "half-close-in-the-middle", FAULT_HALF_CLOSE, 6 },
  { "half-close-near-the-end", FAULT_HALF_CLOSE, 9 },
  { "reset-at-once", FAULT_RESET, 0 },
  { "reset-in-the-middle", FAULT_RESET, 6 },
  { "reset-near-the-end", FAULT_RESET, 9 },
  { "black-hole-at-once", FAULT_BLACK_HOLE, 0 },
  { "black-hole-in-the-middle", FAULT_BLACK_HOLE, 6 },
  { "black-hole-near-the-end", FAULT_BLACK_HOLE, 9 },
};

static void
run_matrix (void)
{
  for (MicroMethodKind kind = MICRO_METHOD_UNARY; kind <= MICRO_METHOD_BIDI; kind++)
    for (Way way = 0; way < N_WAYS; way++)
      {
        gsize bytes = measure (kind, way);

        for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
          {
            const Row *row = &rows[i];
            const Case one = { row->fault, way, kind, bytes * row->tenths / 10, -1 };
            g_autofree char *problem = run_case (&one);

            report (row->name, kind, way, problem);
          }
      }
}

/* --- Every byte --- */

typedef struct
{
  GMutex mutex;
  char *problem; /* the first one */
} Sweep;

static void
sweep_one (gpointer data, gpointer user_data)
{
  Case *one = data;
  Sweep *sweep = user_data;
  char *problem = run_case (one);

  g_mutex_lock (&sweep->mutex);
  if (problem != NULL && sweep->problem == NULL)
    sweep->problem = g_strdup_printf ("after %" G_GSIZE_FORMAT " bytes: %s", one->after, problem);
  g_mutex_unlock (&sweep->mutex);
  g_free (problem);
  g_free (one);
}

static void
sweep (const char *name, Fault fault, Way way)
{
  Sweep sweep = { .problem = NULL };
  GThreadPool *pool = g_thread_pool_new (sweep_one, &sweep, SWEEP_THREADS, FALSE, NULL);
  gsize bytes = measure (MICRO_METHOD_UNARY, way);
  g_autofree char *text
      = g_strdup_printf ("%s-after-each-of-%" G_GSIZE_FORMAT "-bytes", name, bytes);

  g_mutex_init (&sweep.mutex);
  for (gsize after = 0; after <= bytes; after++)
    {
      const Case one = { fault, way, MICRO_METHOD_UNARY, after, 0 };

      g_thread_pool_push (pool, g_memdup2 (&one, sizeof one), NULL);
    }
  g_thread_pool_free (pool, FALSE, TRUE);
  g_mutex_clear (&sweep.mutex);
  if (bytes == 0)
    sweep.problem = g_strdup ("a call without a fault does not succeed");
  report (text, MICRO_METHOD_UNARY, way, sweep.problem);
  g_free (sweep.problem);
}

static void
run_sweeps (void)
{
  for (Way way = 0; way < N_WAYS; way++)
    {
      sweep ("cut", FAULT_CUT, way);
      sweep ("half-close", FAULT_HALF_CLOSE, way);
      sweep ("reset", FAULT_RESET, way);
      sweep ("black-hole", FAULT_BLACK_HOLE, way);
    }
}

/* --- All --- */

static GPtrArray *
new_loops (const char *name)
{
  GPtrArray *loops = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_loop_free);

  g_ptr_array_add (loops, micro_loop_new (name));
  return loops;
}

static MicroTransport *
new_transport (const char *first_name, ...)
{
  GType type = micro_plugin_grpc_transport ()->get_type ();
  g_autoptr (GError) error = NULL;
  GObject *transport;
  va_list properties;

  va_start (properties, first_name);
  transport
      = g_initable_new_valist (type, folder != NULL ? first_name : NULL, properties, NULL, &error);
  va_end (properties);
  if (transport == NULL)
    g_error ("%s", error->message);
  return (MicroTransport *) transport;
}

static void
set_up (MicroRouter *router, GPtrArray *loops, GPtrArray *client_loops)
{
  g_autoptr (GObject) registry = g_object_new (micro_plugin_memory_registry ()->get_type (), NULL);
  g_autoptr (GObject) selector = g_object_new (micro_plugin_static_selector ()->get_type (), NULL);
  g_autofree char *certificate = g_strconcat (folder, "/server.pem", NULL);
  g_autofree char *key = g_strconcat (folder, "/server.key", NULL);
  g_autofree char *ca = g_strconcat (folder, "/ca.pem", NULL);
  g_autoptr (GError) error = NULL;

  outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) outcome_free);
  server = new_transport ("tls-cert", certificate, "tls-key", key, NULL);
  address = micro_transport_listen (server, "127.0.0.1:0", router, loops, &error);
  if (address == NULL)
    g_error ("%s", error->message);
  calling = new_transport ("tls-ca", ca, NULL);
  cache = micro_cache_new ((MicroRegistry *) registry, NULL, client_loops->pdata[0]);
  client = micro_client_new (cache, (MicroSelector *) selector, calling, client_loops);
}

static void
check_ends (void)
{
  gint64 until = g_get_monotonic_time () + MARGIN_MS * 1000;
  guint n_twice = 0;

  while (calls_get_served () > 0 && g_get_monotonic_time () < until)
    g_usleep (1000);
  if (calls_get_served () > 0)
    {
      g_print ("failed: %d handlers were never told that their caller had gone\n",
               calls_get_served ());
      n_failed++;
    }
  else
    g_print ("ok every-handler-ends\n");
  for (guint i = 0; i < outcomes->len; i++)
    n_twice += ((Outcome *) outcomes->pdata[i])->n_closed != 1;
  if (n_twice > 0)
    {
      g_print ("failed: %u of %u calls did not end exactly once\n", n_twice, outcomes->len);
      n_failed++;
    }
  else
    g_print ("ok each-of-%u-calls-ends-once\n", outcomes->len);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GPtrArray) loops = new_loops ("serving");
  g_autoptr (GPtrArray) client_loops = new_loops ("calling");
  g_autoptr (MicroRouter) router = calls_router_new ();

  folder = argc > 1 ? argv[1] : NULL;
  set_up (router, loops, client_loops);
  run_matrix ();
  run_sweeps ();
  micro_transport_close (calling);
  check_ends ();
  micro_transport_close (server);
  g_object_unref (client);
  micro_cache_unref (cache);
  g_object_unref (calling);
  g_object_unref (server);
  g_ptr_array_unref (outcomes);
  g_free (address);
  return n_failed > 0;
}

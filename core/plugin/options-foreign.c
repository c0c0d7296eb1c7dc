/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * go-micro's flags and variables that have no meaning here, and what to do instead.
 */
#include "config.h"

#include <string.h>

#include "plugin/options.h"

typedef struct
{
  const char *name; /* and all that begin with it and a dash */
  const char *what;
} Foreign;

/* config/cmd of go-micro v2.9.1, and the flags of its micro v2.9.3. */
static const Foreign flags[] = {
  { "auth", "micro has no accounts; --tls-verify-clients lets in who has a certificate" },
  { "config", "micro asks no configuration service; use flags and variables" },
  { "profile", "micro has no profiler inside; use perf or valgrind" },
  { "runtime", "micro starts no services; Kubernetes or systemd does" },
  { "store", "micro has no store" },
  { "tracer", "micro keeps its last calls itself; see Debug.Trace" },
  { "enable-tls", "here it is --tls" },
  { "tls-cert-file", "here it is --tls-cert" },
  { "tls-key-file", "here it is --tls-key" },
  { "tls-client-ca-file", "here it is --tls-ca with --tls-verify-clients" },
  { "acme", "micro gets no certificates; cert-manager does" },
  { "api", "micro has no gateway; an ingress that speaks gRPC is one" },
  { "auto-update", "micro does not change itself; packages do" },
  { "enable-acme", "micro gets no certificates; cert-manager does" },
  { "enable-stats", "Debug.Stats of every service has them" },
  { "env", "--registry and --registry-address say where to look" },
  { "gateway", "micro has no network of its own; Kubernetes is one" },
  { "namespace", "--registry-namespace is the one of Kubernetes; names of services are whole" },
  { "network", "micro has no network of its own; Kubernetes is one" },
  { "plugin", "here it is the variable MICRO_PLUGINS" },
  { "proxy", "micro is no proxy; the variable MICRO_PROXY names one" },
  { "router", "micro has no router; --selector says which node a call goes to" },
  { "tunnel", "micro has no network of its own; Kubernetes is one" },
  { "update-url", "micro does not change itself; packages do" },
  { "web", "micro has no dashboard; micro list, get and call show services" },
  { "report-usage", "micro reports nothing to anybody" },
};

/* Those that say who may call, or where calls go: not to be followed is worth a warning. */
static const Foreign variables[] = {
  { "MICRO_AUTH",
    "micro has no accounts, and lets everybody call; --tls-verify-clients lets in who "
    "has a certificate" },
  { "MICRO_NETWORK", "calls do not go there; MICRO_PROXY says where all calls go" },
  { "MICRO_NETWORK_ADDRESS", "calls do not go there; MICRO_PROXY says where all calls go" },
  { "MICRO_ROUTER", "calls do not go there; MICRO_PROXY says where all calls go" },
  { "MICRO_ROUTER_ADDRESS", "calls do not go there; MICRO_PROXY says where all calls go" },
};

gboolean
micro_options_refuse_foreign (const char *flag, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      gsize length = strlen (flags[i].name);

      if (strncmp (flag, flags[i].name, length) == 0
          && (flag[length] == '\0' || flag[length] == '-'))
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                       "--%s is go-micro's and unknown here, leave it out: %s", flag,
                       flags[i].what);
          return TRUE;
        }
    }
  return FALSE;
}

void
micro_options_warn_foreign (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *value = g_getenv (variables[i].name);

      if (value != NULL && *value != '\0')
        g_warning ("%s is go-micro's and has no effect: %s", variables[i].name, variables[i].what);
    }
}

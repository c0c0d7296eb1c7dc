/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro kube: what a service needs in a cluster, as manifests for kubectl apply.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

#define LABEL_MAX 63 /* of a DNS label, RFC 1035 2.3.4, which the name of a Service has to be */
/* As the manifests below have them. */
#define HEALTH_PORT 8081
#define BROKER_PORT 10001

static struct
{
  char *image;
  char *health_image;
  gboolean is_named; /* by --image, in a registry; otherwise the node has it or nobody */
  gboolean is_health_named;
  char *namespace;
  char *probe;
  char *registry;
  char *registering;
  char *version;
  char *selector;
  char *broker;
  int replicas;
  int port;
} asked;

static const GOptionEntry entries[] = {
  { "image", 0, 0, G_OPTION_ARG_STRING, &asked.image, NULL, "IMAGE" },
  { "health-image", 0, 0, G_OPTION_ARG_STRING, &asked.health_image, NULL, "IMAGE" },
  { "namespace", 'n', 0, G_OPTION_ARG_STRING, &asked.namespace, NULL, "NAMESPACE" },
  { "probe", 0, 0, G_OPTION_ARG_STRING, &asked.probe, NULL, "HOW" },
  { "registry", 0, 0, G_OPTION_ARG_STRING, &asked.registry, NULL, "NAME" },
  { "registry-register", 0, 0, G_OPTION_ARG_STRING, &asked.registering, NULL, "HOW" },
  { "server-version", 0, 0, G_OPTION_ARG_STRING, &asked.version, NULL, "VERSION" },
  { "selector", 0, 0, G_OPTION_ARG_STRING, &asked.selector, NULL, "NAME" },
  { "broker", 0, 0, G_OPTION_ARG_STRING, &asked.broker, NULL, "NAME" },
  { "replicas", 0, 0, G_OPTION_ARG_INT, &asked.replicas, NULL, "N" },
  { "port", 0, 0, G_OPTION_ARG_INT, &asked.port, NULL, "PORT" },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry *
tool_kube_options (void)
{
  asked.replicas = 2;
  asked.port = 8080;
  return entries;
}

/* --- The text ---
 *
 * @word@ is replaced.  A ServiceAccount of its own has the rights of its service and no others. */

#define METADATA                                                                                   \
  "metadata:\n"                                                                                    \
  "  name: @name@\n"                                                                               \
  "  namespace: @namespace@\n"                                                                     \
  "  labels: {app: @name@}\n"

#define ACCOUNT                                                                                    \
  "apiVersion: v1\n"                                                                               \
  "kind: ServiceAccount\n" METADATA "automountServiceAccountToken: false\n"

#define PATCHES                                                                                    \
  "---\n"                                                                                          \
  "# It writes its record on its own pod, and finds the others by theirs. Who may patch pods "     \
  "may\n"                                                                                          \
  "# change any of the namespace: k8s-registry(7) has a policy against that.\n"
#define LOOKS                                                                                      \
  "---\n"                                                                                          \
  "# Its record comes with the template of its pod, so it only looks for the others.\n"
#define RIGHTS                                                                                     \
  "apiVersion: rbac.authorization.k8s.io/v1\n"                                                     \
  "kind: Role\n" METADATA "rules:\n"                                                               \
  "  - apiGroups: [\"\"]\n"                                                                        \
  "    resources: [pods]\n"                                                                        \
  "    verbs: [@verbs@]\n"                                                                         \
  "---\n"                                                                                          \
  "apiVersion: rbac.authorization.k8s.io/v1\n"                                                     \
  "kind: RoleBinding\n" METADATA "roleRef:\n"                                                      \
  "  apiGroup: rbac.authorization.k8s.io\n"                                                        \
  "  kind: Role\n"                                                                                 \
  "  name: @name@\n"                                                                               \
  "subjects:\n"                                                                                    \
  "  - kind: ServiceAccount\n"                                                                     \
  "    name: @name@\n"                                                                             \
  "    namespace: @namespace@\n"

/* The drain takes 3 s for the others to notice and 20 s for calls to end: 30 s is enough. */
#define DEPLOYMENT                                                                                 \
  "---\n"                                                                                          \
  "apiVersion: apps/v1\n"                                                                          \
  "kind: Deployment\n" METADATA "spec:\n"                                                          \
  "  replicas: @replicas@\n"                                                                       \
  "  selector:\n"                                                                                  \
  "    matchLabels: {app: @name@}\n"                                                               \
  "  template:\n"                                                                                  \
  "    metadata:\n"                                                                                \
  "      labels: {app: @name@@labels@}\n"                                                          \
  "@annotations@"                                                                                  \
  "    spec:\n"                                                                                    \
  "      serviceAccountName: @name@\n"                                                             \
  "      automountServiceAccountToken: @token@\n"                                                  \
  "      terminationGracePeriodSeconds: 30\n"                                                      \
  "      securityContext:\n"                                                                       \
  "        runAsNonRoot: true\n"                                                                   \
  "        runAsUser: 65534\n"                                                                     \
  "        seccompProfile: {type: RuntimeDefault}\n"                                               \
  "      containers:\n"                                                                            \
  "        - name: service\n"                                                                      \
  "          image: @image@\n"                                                                     \
  "@policy@"                                                                                       \
  "          args:\n"                                                                              \
  "            - --server_name=@service@\n"                                                        \
  "            - --server_address=0.0.0.0:@port@\n"

#define CONTAINED                                                                                  \
  "          resources:\n"                                                                         \
  "            requests: {cpu: 10m, memory: 16Mi}\n"                                               \
  "            limits: {memory: 64Mi}\n"                                                           \
  "          securityContext:\n"                                                                   \
  "            allowPrivilegeEscalation: false\n"                                                  \
  "            readOnlyRootFilesystem: true\n"                                                     \
  "            capabilities: {drop: [ALL]}\n"

#define SIDECAR                                                                                    \
  "        - name: health\n"                                                                       \
  "          image: @health-image@\n"                                                              \
  "@health-policy@"                                                                                \
  "          args:\n"                                                                              \
  "            - --server_name=@service@\n"                                                        \
  "            - --server_address=localhost:@port@\n"                                              \
  "            - --health_address=0.0.0.0:8081\n"                                                  \
  "          ports:\n"                                                                             \
  "            - {name: health, containerPort: 8081}\n" CONTAINED

/* A tag “latest” is looked for in a registry unless this says that a loaded image will do. */
#define LOADED "          imagePullPolicy: IfNotPresent\n"

#define PROBES(live, ready, more)                                                                  \
  "          livenessProbe:\n" live "            initialDelaySeconds: 3\n"                         \
  "            periodSeconds: 3\n" more "          readinessProbe:\n" ready                        \
  "            periodSeconds: 3\n" more
#define HTTP(path) "            httpGet: {path: " path ", port: 8081}\n"
#define GRPC "            grpc: {port: @port@}\n"
#define EXEC                                                                                       \
  "            exec:\n"                                                                            \
  "              command: [/probe, --server_name=@service@, "                                      \
  "'--server_address=localhost:@port@']\n"

#define REST                                                                                       \
  "---\n"                                                                                          \
  "apiVersion: v1\n"                                                                               \
  "kind: Service\n" METADATA "spec:\n"                                                             \
  "@headless@"                                                                                     \
  "  selector: {app: @name@}\n"                                                                    \
  "  ports:\n"                                                                                     \
  "    - {name: grpc, port: @port@, targetPort: @port@, protocol: TCP}\n"                          \
  "---\n"                                                                                          \
  "apiVersion: policy/v1\n"                                                                        \
  "kind: PodDisruptionBudget\n" METADATA "spec:\n"                                                 \
  "  maxUnavailable: 1\n"                                                                          \
  "  selector:\n"                                                                                  \
  "    matchLabels: {app: @name@}\n"

static const struct
{
  const char *name;
  const char *arguments;
  const char *port;
  const char *probes;
} probes[] = {
  { "http", "            - --health=http\n            - --health_address=0.0.0.0:8081\n",
    "            - {name: health, containerPort: 8081}\n",
    PROBES (HTTP ("/health/live"), HTTP ("/health/ready"), "") },
  { "grpc", "", "", PROBES (GRPC, GRPC, "") },
  { "exec", "", "", PROBES (EXEC, EXEC, "            timeoutSeconds: 3\n") },
  { "sidecar", "", "",
    PROBES (HTTP ("/health"), HTTP ("/health"), "            timeoutSeconds: 3\n") },
};

static void
kube_put (GString *out, const char *text, gboolean wanted)
{
  if (wanted)
    g_string_append (out, text);
}

static void
kube_fill (GString *out, const char *word, const char *value)
{
  g_autofree char *mark = g_strdup_printf ("@%s@", word);

  g_string_replace (out, mark, value, 0);
}

/* What YAML would take for a boolean, a number or nothing, were it not in quotes. */
static char *
kube_quote (const char *text)
{
  static const char *const words[]
      = { "true", "false", "yes", "no", "on", "off", "y", "n", "null" };
  gboolean other = g_ascii_isdigit (*text);

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    other |= g_ascii_strcasecmp (text, words[i]) == 0;
  return g_strdup_printf (other ? "\"%s\"" : "%s", text);
}

static void
fill_quoted (GString *out, const char *word, const char *value)
{
  g_autofree char *quoted = kube_quote (value);

  kube_fill (out, word, quoted);
}

/* --- The record of a pod template ---
 *
 * As k8s-registry writes it, but the same for every replica: readers put the pod's address before
 * the port. */

/* Names of @name have no other letters than a label takes; longer ones have a digest. */
static char *
kube_key_of (const char *service)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, service, -1);

  return strlen (service) <= LABEL_MAX - strlen ("selector-") ? g_strdup (service)
                                                              : g_strdup_printf ("h-%.32s", digest);
}

static char *
record_of (const char *service, const char *version, const char *port)
{
  g_autofree char *address = g_strconcat (":", port, NULL);
  g_autoptr (MicroMetadata) metadata = micro_metadata_new (
      "broker", asked.broker != NULL ? asked.broker : "none", "protocol", "grpc", "registry",
      asked.registry, "server", "grpc", "transport", "grpc", NULL);
  g_autoptr (MicroNode) node = micro_node_new (service, address, metadata);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (MicroService) record = NULL;

  g_ptr_array_add (nodes, node);
  record = micro_service_new (service, version, NULL, NULL, nodes);
  return micro_service_to_json (record, FALSE);
}

static void
fill_record (GString *out, const char *service, const char *version, const char *port)
{
  g_autofree char *key = kube_key_of (service);
  g_autofree char *record = record_of (service, version, port);
  g_autofree char *labels
      = g_strdup_printf (", micro.mu/type: service, micro.mu/selector-%s: service", key);
  g_autofree char *annotations = g_strdup_printf ("      annotations:\n"
                                                  "        micro.mu/service-%s: '%s'\n",
                                                  key, record);

  kube_fill (out, "labels", labels);
  kube_fill (out, "annotations", annotations);
}

static void
print_manifests (const char *service, const char *name, guint probe)
{
  g_autoptr (GString) out = g_string_new (ACCOUNT);
  g_autofree char *port = g_strdup_printf ("%d", asked.port);
  g_autofree char *replicas = g_strdup_printf ("%d", asked.replicas);
  const char *version = asked.version != NULL ? asked.version : "latest";
  gboolean in_cluster
      = g_str_equal (asked.registry, "kubernetes") || g_str_equal (asked.registry, "k8s");
  gboolean in_template = in_cluster && g_str_equal (asked.registering, "static");
  gboolean versioned = asked.version != NULL || in_template;
  gboolean is_static = g_str_equal (asked.selector, "static");
  gboolean http_broker = g_strcmp0 (asked.broker, "http") == 0;

  kube_put (out, PATCHES, in_cluster && !in_template);
  kube_put (out, LOOKS, in_template);
  kube_put (out, RIGHTS, in_cluster);
  g_string_append (out, DEPLOYMENT);
  g_string_append (out, probes[probe].arguments);
  kube_put (out, "            - --server_version=@version@\n", versioned);
  kube_put (out, "            - --broker_address=0.0.0.0:10001\n", http_broker);
  /* A connection through a Service stays with one pod: in time, each looks for another. */
  kube_put (out, "            - --server_max_connection_age_ms=300000\n", is_static);
  g_string_append (out, "          env:\n"
                        "            - {name: MICRO_REGISTRY, value: @registry@}\n"
                        "            - {name: MICRO_SELECTOR, value: @selector@}\n");
  kube_put (out, "            - {name: MICRO_REGISTRY_REGISTER, value: static}\n", in_template);
  kube_put (out, "            - {name: MICRO_BROKER, value: @broker@}\n", asked.broker != NULL);
  g_string_append (out, "          ports:\n"
                        "            - {name: grpc, containerPort: @port@}\n");
  g_string_append (out, probes[probe].port);
  kube_put (out, "            - {name: broker, containerPort: 10001}\n", http_broker);
  g_string_append (out, probes[probe].probes);
  g_string_append (out, CONTAINED);
  kube_put (out, SIDECAR, g_str_equal (probes[probe].name, "sidecar"));
  g_string_append (out, REST);

  if (in_template)
    fill_record (out, service, version, port);
  kube_fill (out, "labels", "");
  kube_fill (out, "annotations", "");
  kube_fill (out, "verbs", in_template ? "get, list, watch" : "get, list, watch, patch");
  kube_fill (out, "version", version);
  kube_fill (out, "headless", g_str_equal (asked.selector, "dns") ? "  clusterIP: None\n" : "");
  kube_fill (out, "token", in_cluster ? "true" : "false");
  kube_fill (out, "port", port);
  kube_fill (out, "replicas", replicas);
  fill_quoted (out, "registry", asked.registry);
  fill_quoted (out, "selector", asked.selector);
  fill_quoted (out, "broker", asked.broker != NULL ? asked.broker : "");
  fill_quoted (out, "namespace", asked.namespace);
  fill_quoted (out, "name", name);
  kube_fill (out, "service", service);
  fill_quoted (out, "image", asked.image);
  fill_quoted (out, "health-image", asked.health_image);
  kube_fill (out, "policy", asked.is_named ? "" : LOADED);
  kube_fill (out, "health-policy", asked.is_health_named ? "" : LOADED);
  g_print ("%s", out->str);
}

/* --- What was asked --- */

/* Letters, digits and @others, within: nothing that means something to YAML or to a shell. */
static gboolean
is_plain (const char *text, const char *others)
{
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr (others, *at) == NULL)
      return FALSE;
  return g_ascii_isalnum (text[0]) && g_ascii_isalnum (text[strlen (text) - 1]);
}

static gboolean
kube_is_label (const char *text)
{
  return is_plain (text, "-") && strlen (text) <= LABEL_MAX && g_ascii_isalpha (text[0])
         && strpbrk (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL;
}

static void
preset (char **value, const char *variable, const char *otherwise)
{
  if (*value == NULL && variable != NULL)
    *value = g_strdup (g_getenv (variable));
  if (*value == NULL)
    *value = g_strdup (otherwise);
}

/* What a Service may be called: go.micro.srv.greeter becomes go-micro-srv-greeter. */
static char *
object_name (const char *service)
{
  char *name = g_ascii_strdown (service, -1);

  return g_strdelimit (name, "._", '-');
}

static int
kube_check (const char *name, guint *ret_probe)
{
  const struct
  {
    const char *option;
    const char *value;
    const char *others;
  } words[] = {
    { "--image", asked.image, ".-_/:@" },  { "--health-image", asked.health_image, ".-_/:@" },
    { "--registry", asked.registry, "-" }, { "--selector", asked.selector, "-" },
    { "--broker", asked.broker, "-" },     { "--server-version", asked.version, ".-_+" },
  };

  if (!kube_is_label (name))
    return tool_fail (
        EXIT_USAGE, NULL,
        "kube: “%s” cannot be the name of a Service: that is at most %d letters, digits "
        "and “-”, begins with a letter and ends with none of “-”",
        name, LABEL_MAX);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (words[i].value != NULL && !is_plain (words[i].value, words[i].others))
      return tool_fail (EXIT_USAGE, "micro help kube", "kube: %s: “%s” is no such name",
                        words[i].option, words[i].value);
  if (!kube_is_label (asked.namespace))
    return tool_fail (EXIT_USAGE, NULL, "kube: --namespace: “%s” is not the name of a namespace",
                      asked.namespace);
  if (asked.port < 1 || asked.port > 65535)
    return tool_fail (EXIT_USAGE, NULL, "kube: --port: %d is not 1 to 65535", asked.port);
  if (asked.replicas < 0)
    return tool_fail (EXIT_USAGE, NULL, "kube: --replicas: %d is less than none", asked.replicas);
  if (!g_str_equal (asked.registering, "patch") && !g_str_equal (asked.registering, "static"))
    return tool_fail (EXIT_USAGE, NULL, "kube: --registry-register: “%s” is none of patch, static",
                      asked.registering);
  for (guint i = 0; i < G_N_ELEMENTS (probes); i++)
    if (g_str_equal (asked.probe, probes[i].name))
      {
        *ret_probe = i;
        return EXIT_OK;
      }
  return tool_fail (EXIT_USAGE, NULL, "kube: --probe: “%s” is none of http, grpc, exec, sidecar",
                    asked.probe);
}

/* In one pod no two listen on the same port. */
static int
check_port (guint probe)
{
  const char *name = probes[probe].name;
  const char *whose = NULL;

  if (asked.port == HEALTH_PORT && (g_str_equal (name, "http") || g_str_equal (name, "sidecar")))
    whose = "probes are answered; choose another, or --probe=grpc";
  else if (asked.port == BROKER_PORT && g_strcmp0 (asked.broker, "http") == 0)
    whose = "the http broker listens; choose another";
  if (whose == NULL)
    return EXIT_OK;
  return tool_fail (EXIT_USAGE, NULL, "kube: --port: %d is where %s", asked.port, whose);
}

int
tool_kube (Tool *tool)
{
  g_autofree char *name = NULL;
  g_autofree char *image = NULL;
  guint probe = 0;
  int status;

  if (tool->argc != 1)
    return tool_fail (EXIT_USAGE, "micro help kube",
                      "kube: takes one argument, the name of a service");
  name = object_name (tool->argv[0]);
  image = g_strdup_printf ("%s:latest", name);
  asked.is_named = asked.image != NULL;
  asked.is_health_named = asked.health_image != NULL;
  preset (&asked.image, NULL, image);
  preset (&asked.health_image, NULL, "micro-health:latest");
  preset (&asked.namespace, NULL, "default");
  preset (&asked.probe, NULL, "http");
  preset (&asked.registry, "MICRO_REGISTRY", "kubernetes");
  preset (&asked.registering, "MICRO_REGISTRY_REGISTER", "patch");
  preset (&asked.selector, "MICRO_SELECTOR", "roundrobin");
  preset (&asked.broker, "MICRO_BROKER", NULL);
  status = kube_check (name, &probe);
  if (status == EXIT_OK)
    status = check_port (probe);
  if (status == EXIT_OK)
    print_manifests (tool->argv[0], name, probe);
  return status;
}

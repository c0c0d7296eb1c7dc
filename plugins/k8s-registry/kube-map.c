/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What pods say about services: go-micro's annotations, held against the pod's own status.
 */
#include "config.h"

#include <string.h>

#include "../common/kube-scan.h"
#include "kube-map.h"

/* What a label's name may have, less "selector-". */
#define MAX_KEY 54
#define DIGEST_LENGTH 32
/* A record that is longer is somebody's mischief: all annotations of a pod may be 256 KiB. */
#define MAX_RECORD 262144

/* --- Names --- */

char *
kube_map_key_of_name (const char *name)
{
  gsize length = strlen (name);
  char *key = g_strdup (name);
  g_autofree char *digest = NULL;

  for (char *c = key; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("-_.", *c) == NULL)
      *c = '_';
  if (length > 0 && length <= MAX_KEY && g_ascii_isalnum (key[0])
      && g_ascii_isalnum (key[length - 1]))
    return key;
  /* go-micro cannot register such a name at all. */
  g_free (key);
  digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1);
  return g_strdup_printf ("h-%.*s", DIGEST_LENGTH, digest);
}

int
kube_map_family_of (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address == NULL)
    return 0;
  return g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 ? 6 : 4;
}

/* --- Entries --- */

static void
offer_clear (gpointer data)
{
  KubeOffer *self = data;

  micro_service_unref (self->shape);
  micro_node_unref (self->node);
}

KubeEntry *
kube_entry_new (void)
{
  KubeEntry *self = g_new0 (KubeEntry, 1);

  self->offers = g_array_new (FALSE, TRUE, sizeof (KubeOffer));
  g_array_set_clear_func (self->offers, offer_clear);
  return self;
}

void
kube_entry_free (KubeEntry *self)
{
  if (self == NULL)
    return;
  g_free (self->namespace_);
  g_free (self->name);
  g_free (self->uid);
  g_array_unref (self->offers);
  g_free (self);
}

/* --- A pod --- */

typedef struct
{
  MicroService *shape;
  GPtrArray *nodes; /* of MicroNode */
} Record;

typedef struct
{
  KubeEntry *entry;
  GArray *records; /* of Record */
  GPtrArray *ips;
  char *host_ip;
  char *phase;
  gboolean host_network;
  gboolean deleting;
  gboolean ready;
} Pod;

static void
kube_map_record_clear (gpointer data)
{
  Record *self = data;

  micro_service_unref (self->shape);
  g_ptr_array_unref (self->nodes);
}

static void
k8s_registry_kube_map_read_record (KubeMap *self, KubeScan *scan, Pod *pod)
{
  g_autofree char *json = kube_scan_string (scan);
  gsize length = json != NULL ? strlen (json) : 0;
  g_autoptr (GError) error = NULL;
  Record record;

  if (json == NULL || length > MAX_RECORD)
    {
      self->n_bad_records++;
      return;
    }
  record.shape = kube_map_read_record (self, json, length, &record.nodes, &error);
  if (record.shape != NULL)
    {
      g_array_append_val (pod->records, record);
      return;
    }
  self->n_bad_records++;
  g_debug ("an annotation of the pod %s/%s is no service record and is ignored: %s",
           pod->entry->namespace_, pod->entry->name, error->message);
}

static void
read_annotations (KubeMap *self, KubeScan *scan, Pod *pod)
{
  static const gsize prefix = sizeof KUBE_ANNOTATION_SERVICE - 1;
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (length > prefix && memcmp (name, KUBE_ANNOTATION_SERVICE, prefix) == 0)
      k8s_registry_kube_map_read_record (self, scan, pod);
    else
      kube_scan_skip (scan);
}

static gint64
read_time (KubeScan *scan)
{
  g_autofree char *text = kube_scan_string (scan);
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, NULL) : NULL;

  return time != NULL ? g_date_time_to_unix (time) : 0;
}

static gboolean
read_is_set (KubeScan *scan)
{
  g_autofree char *text = kube_scan_string (scan);

  return text != NULL;
}

static void
kube_map_read_metadata (KubeMap *self, KubeScan *scan, Pod *pod)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "name"))
      kube_scan_take_string (scan, &pod->entry->name);
    else if (kube_scan_is (name, length, "namespace"))
      kube_scan_take_string (scan, &pod->entry->namespace_);
    else if (kube_scan_is (name, length, "uid"))
      kube_scan_take_string (scan, &pod->entry->uid);
    else if (kube_scan_is (name, length, "creationTimestamp"))
      pod->entry->created_s = read_time (scan);
    else if (kube_scan_is (name, length, "deletionTimestamp"))
      pod->deleting = read_is_set (scan);
    else if (self != NULL && kube_scan_is (name, length, "annotations"))
      read_annotations (self, scan, pod);
    else
      kube_scan_skip (scan);
}

static void
read_spec (KubeScan *scan, Pod *pod)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "hostNetwork"))
      pod->host_network = kube_scan_boolean (scan, FALSE);
    else
      kube_scan_skip (scan);
}

static void
add_ip (Pod *pod, char *ip)
{
  if (ip != NULL && *ip != '\0'
      && !g_ptr_array_find_with_equal_func (pod->ips, ip, g_str_equal, NULL))
    g_ptr_array_add (pod->ips, ip);
  else
    g_free (ip);
}

static void
read_ips (KubeScan *scan, Pod *pod)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_array (scan))
    return;
  while (kube_scan_next_element (scan))
    {
      if (!kube_scan_enter_object (scan))
        continue;
      while (kube_scan_next_member (scan, &name, &length))
        if (kube_scan_is (name, length, "ip"))
          add_ip (pod, kube_scan_string (scan));
        else
          kube_scan_skip (scan);
    }
}

static void
kube_map_read_conditions (KubeScan *scan, Pod *pod)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_array (scan))
    return;
  while (kube_scan_next_element (scan))
    {
      g_autofree char *type = NULL;
      g_autofree char *status = NULL;

      if (!kube_scan_enter_object (scan))
        continue;
      while (kube_scan_next_member (scan, &name, &length))
        if (kube_scan_is (name, length, "type"))
          kube_scan_take_string (scan, &type);
        else if (kube_scan_is (name, length, "status"))
          kube_scan_take_string (scan, &status);
        else
          kube_scan_skip (scan);
      if (g_strcmp0 (type, "Ready") == 0)
        pod->ready = g_strcmp0 (status, "True") == 0;
    }
}

static void
kube_map_read_status (KubeScan *scan, Pod *pod)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "phase"))
      kube_scan_take_string (scan, &pod->phase);
    else if (kube_scan_is (name, length, "podIP"))
      add_ip (pod, kube_scan_string (scan));
    else if (kube_scan_is (name, length, "hostIP"))
      kube_scan_take_string (scan, &pod->host_ip);
    else if (kube_scan_is (name, length, "podIPs"))
      read_ips (scan, pod);
    else if (kube_scan_is (name, length, "conditions"))
      kube_map_read_conditions (scan, pod);
    else
      kube_scan_skip (scan);
}

/* --- A pod's nodes --- */

static const char *
choose_ip (KubeMap *self, Pod *pod)
{
  for (guint i = 0; i < pod->ips->len; i++)
    if (kube_map_family_of (g_ptr_array_index (pod->ips, i)) == self->family)
      return g_ptr_array_index (pod->ips, i);
  return pod->ips->len > 0 ? g_ptr_array_index (pod->ips, 0) : NULL;
}

/* "host:port", "[v6]:port" and ":port"; FALSE without a port. */
static gboolean
kube_map_split_address (const char *address, char **ret_host, guint16 *ret_port)
{
  const char *colon = strrchr (address, ':');
  gsize length = colon != NULL ? (gsize) (colon - address) : 0;
  guint64 port;

  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 1, 65535, &port, NULL))
    return FALSE;
  if (length >= 2 && address[0] == '[' && address[length - 1] == ']')
    *ret_host = g_strndup (address + 1, length - 2);
  else
    *ret_host = g_strndup (address, length);
  *ret_port = (guint16) port;
  return TRUE;
}

static gboolean
is_any_address (const char *host)
{
  return *host == '\0' || strcmp (host, "0.0.0.0") == 0 || strcmp (host, "::") == 0;
}

/* An address that is neither the pod's nor its machine's was left by a former sandbox of the pod,
 * and somebody else may have it by now. */
static gboolean
is_stale (Pod *pod, const char *host)
{
  if (kube_map_family_of (host) == 0 || pod->ips->len == 0)
    return FALSE;
  if (g_ptr_array_find_with_equal_func (pod->ips, host, g_str_equal, NULL))
    return FALSE;
  return !pod->host_network || g_strcmp0 (host, pod->host_ip) != 0;
}

static KubeState
kube_map_state_of (KubeMap *self, Pod *pod)
{
  if (pod->deleting)
    return KUBE_STATE_DRAINING;
  if (g_strcmp0 (pod->phase, "Running") != 0)
    return KUBE_STATE_NOT_READY;
  return pod->ready || self->ready_when_running ? KUBE_STATE_UP : KUBE_STATE_NOT_READY;
}

static void
kube_map_add_node (KubeMap *self, Pod *pod, MicroService *shape, MicroNode *node)
{
  KubeOffer offer = { .state = kube_map_state_of (self, pod), .preferred = TRUE };
  g_autofree char *host = NULL;

  if (!kube_map_split_address (micro_node_get_address (node), &host, &offer.port))
    {
      self->n_bad_records++;
      return;
    }
  if (is_any_address (host))
    {
      const char *ip = choose_ip (self, pod);
      g_autofree char *address = NULL;
      g_autofree char *id = NULL;

      if (ip == NULL)
        return;
      /* A record from the pod template is the same in every replica, and so is its id. */
      address = g_strdup_printf (strchr (ip, ':') != NULL ? "[%s]:%u" : "%s:%u", ip, offer.port);
      id = g_strdup_printf ("%s-%s", micro_service_get_name (shape), pod->entry->name);
      offer.node = kube_map_make_node (self, id, address, micro_node_get_metadata (node));
      offer.family = (guint8) kube_map_family_of (ip);
    }
  else if (is_stale (pod, host))
    {
      self->n_stale_records++;
      return;
    }
  else
    {
      offer.node = micro_node_ref (node);
      offer.family = (guint8) kube_map_family_of (host);
    }
  kube_map_add_offer (self, pod->entry, &offer, shape);
}

static void
add_records (KubeMap *self, Pod *pod)
{
  if (g_strcmp0 (pod->phase, "Succeeded") == 0 || g_strcmp0 (pod->phase, "Failed") == 0)
    return;
  for (guint i = 0; i < pod->records->len; i++)
    {
      Record *record = &g_array_index (pod->records, Record, i);

      for (guint j = 0; j < record->nodes->len; j++)
        kube_map_add_node (self, pod, record->shape, g_ptr_array_index (record->nodes, j));
    }
}

static void
read_pod (KubeMap *self, KubeScan *scan, Pod *pod)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "metadata"))
      kube_map_read_metadata (self, scan, pod);
    else if (self != NULL && kube_scan_is (name, length, "spec"))
      read_spec (scan, pod);
    else if (self != NULL && kube_scan_is (name, length, "status"))
      kube_map_read_status (scan, pod);
    else
      kube_scan_skip (scan);
}

static KubeEntry *
map_pod (KubeMap *self, const char *json, gsize length)
{
  g_autoptr (GArray) records = g_array_new (FALSE, FALSE, sizeof (Record));
  g_autoptr (GPtrArray) ips = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (KubeEntry) entry = kube_entry_new ();
  Pod pod = { .entry = entry, .records = records, .ips = ips };
  KubeScan scan;

  g_array_set_clear_func (records, kube_map_record_clear);
  kube_scan_init (&scan, json, length);
  read_pod (self, &scan, &pod);
  if (!scan.failed && entry->name != NULL)
    {
      if (entry->namespace_ == NULL)
        entry->namespace_ = g_strdup ("");
      if (self != NULL)
        add_records (self, &pod);
    }
  g_free (pod.host_ip);
  g_free (pod.phase);
  return scan.failed || entry->name == NULL ? NULL : g_steal_pointer (&entry);
}

KubeEntry *
kube_map_pod (KubeMap *self, const char *json, gsize length)
{
  return map_pod (self, json, length);
}

KubeEntry *
kube_map_identity (const char *json, gsize length)
{
  return map_pod (NULL, json, length);
}

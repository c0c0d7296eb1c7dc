/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a reflector itself must know of the objects that pass.
 */
#include "config.h"

#include "kube-reflector-private.h"
#include "kube-scan.h"

gboolean
kube_event_read (const char *json, gsize length, KubeEvent *ret_event)
{
  KubeEvent event = { NULL, NULL, 0 };
  const char *name;
  gsize n;
  KubeScan scan;

  kube_scan_init (&scan, json, length);
  if (!kube_scan_enter_object (&scan))
    return FALSE;
  while (kube_scan_next_member (&scan, &name, &n))
    if (kube_scan_is (name, n, "type") && event.type == NULL)
      event.type = kube_scan_string (&scan);
    else if (kube_scan_is (name, n, "object") && event.type != NULL)
      {
        /* Nothing follows it but a brace, and whoever reads it stops where it ends. */
        event.object = scan.at;
        event.length = json + length - 1 - scan.at;
        break;
      }
    else if (kube_scan_is (name, n, "object"))
      event.object = kube_scan_raw (&scan, &event.length);
    else
      kube_scan_skip (&scan);
  if (scan.failed || event.type == NULL || event.length == 0)
    {
      g_free (event.type);
      return FALSE;
    }
  *ret_event = event;
  return TRUE;
}

char *
kube_object_read_version (const char *json, gsize length, char **ret_continue)
{
  char *version = NULL;
  const char *name;
  gsize n;
  KubeScan scan;

  kube_scan_init (&scan, json, length);
  if (!kube_scan_enter_object (&scan))
    return NULL;
  while (kube_scan_next_member (&scan, &name, &n))
    {
      if (!kube_scan_is (name, n, "metadata"))
        {
          kube_scan_skip (&scan);
          continue;
        }
      if (!kube_scan_enter_object (&scan))
        break;
      while (kube_scan_next_member (&scan, &name, &n))
        if (kube_scan_is (name, n, "resourceVersion") && version == NULL)
          {
            version = kube_scan_string (&scan);
            if (ret_continue == NULL) /* what else stands there is much, and was read before */
              break;
          }
        else if (ret_continue != NULL && kube_scan_is (name, n, "continue")
                 && *ret_continue == NULL)
          *ret_continue = kube_scan_string (&scan);
        else
          kube_scan_skip (&scan);
      break;
    }
  if (version != NULL && *version == '\0')
    g_clear_pointer (&version, g_free);
  return version;
}

static gboolean
annotations_have_marker (KubeScan *scan)
{
  gboolean found = FALSE;
  const char *name;
  gsize n;

  if (!kube_scan_enter_object (scan))
    return FALSE;
  while (kube_scan_next_member (scan, &name, &n))
    if (kube_scan_is (name, n, "k8s.io/initial-events-end"))
      {
        g_autofree char *value = kube_scan_string (scan);

        found |= g_strcmp0 (value, "true") == 0;
      }
    else
      kube_scan_skip (scan);
  return found;
}

static gboolean
metadata_has_marker (KubeScan *scan)
{
  gboolean found = FALSE;
  const char *name;
  gsize n;

  if (!kube_scan_enter_object (scan))
    return FALSE;
  while (kube_scan_next_member (scan, &name, &n))
    if (kube_scan_is (name, n, "annotations"))
      found |= annotations_have_marker (scan);
    else
      kube_scan_skip (scan);
  return found;
}

gboolean
kube_object_is_marker (const char *json, gsize length)
{
  gboolean found = FALSE;
  const char *name;
  gsize n;
  KubeScan scan;

  kube_scan_init (&scan, json, length);
  if (!kube_scan_enter_object (&scan))
    return FALSE;
  while (kube_scan_next_member (&scan, &name, &n))
    if (kube_scan_is (name, n, "metadata"))
      found |= metadata_has_marker (&scan);
    else
      kube_scan_skip (&scan);
  return found && !scan.failed;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the API server answered, and the reason of a refusal.
 */
#include "config.h"

#include <string.h>

#include "kube-client.h"
#include "kube-scan.h"

void
kube_reply_free (KubeReply *self)
{
  if (self == NULL)
    return;
  g_free (self->body);
  g_free (self->reason);
  g_free (self->message);
  g_free (self->cause);
  g_clear_object (&self->stream);
  g_free (self);
}

static void
read_causes (KubeScan *scan, KubeReply *self)
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
        if (self->cause == NULL && kube_scan_is (name, length, "reason"))
          kube_scan_take_string (scan, &self->cause);
        else
          kube_scan_skip (scan);
    }
}

guint
kube_reply_read_status (KubeReply *self, const char *json, gsize length)
{
  gint64 code = 0;
  const char *name;
  gsize n;
  KubeScan scan;

  kube_scan_init (&scan, json, length);
  if (!kube_scan_enter_object (&scan))
    return 0;
  while (kube_scan_next_member (&scan, &name, &n))
    if (kube_scan_is (name, n, "reason"))
      kube_scan_take_string (&scan, &self->reason);
    else if (kube_scan_is (name, n, "message"))
      kube_scan_take_string (&scan, &self->message);
    else if (kube_scan_is (name, n, "code"))
      code = kube_scan_integer (&scan, 0);
    else if (kube_scan_is (name, n, "details") && kube_scan_enter_object (&scan))
      {
        while (kube_scan_next_member (&scan, &name, &n))
          if (kube_scan_is (name, n, "causes"))
            read_causes (&scan, self);
          else
            kube_scan_skip (&scan);
      }
    else if (!kube_scan_is (name, n, "details"))
      kube_scan_skip (&scan);
  return (guint) CLAMP (code, 0, 999);
}

KubeReply *
kube_reply_new (SoupMessage *message)
{
  KubeReply *self = g_new0 (KubeReply, 1);
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  const char *retry_after = soup_message_headers_get_one (headers, "Retry-After");
  guint64 seconds;

  self->status = soup_message_get_status (message);
  self->message = g_strdup (soup_message_get_reason_phrase (message));
  if (self->message == NULL)
    self->message = g_strdup (soup_status_get_phrase (self->status));
  if (retry_after != NULL && g_ascii_string_to_unsigned (retry_after, 10, 0, 3600, &seconds, NULL))
    self->retry_after_ms = (guint) seconds * 1000;
  return self;
}

void
kube_reply_set_body (KubeReply *self, SoupMessage *message, const char *data, gsize length)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  const char *type = soup_message_headers_get_content_type (headers, NULL);

  self->length = length;
  self->body = g_malloc (length + 1);
  if (length > 0)
    memcpy (self->body, data, length);
  self->body[length] = '\0';
  if (self->status < 300)
    return;
  /* What a filter in front of the API says is plain text. */
  if (g_strcmp0 (type, "application/json") == 0)
    kube_reply_read_status (self, self->body, length);
  else if (length > 0 && length < 512 && g_utf8_validate (self->body, -1, NULL))
    {
      g_free (self->message);
      self->message = g_strstrip (g_strdup (self->body));
    }
}

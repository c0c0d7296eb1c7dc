/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which pod we are.
 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include <micro/micro.h>

#include "kube-identity.h"

/* Of the claims of a token: three. */
#define MAX_DEPTH 16

void
kube_identity_free (KubeIdentity *self)
{
  if (self == NULL)
    return;
  g_free (self->namespace_);
  g_free (self->name);
  g_free (self->uid);
  g_free (self);
}

static JsonObject *
identity_get_object (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const char *
identity_get_string (JsonObject *object, const char *name)
{
  return object != NULL ? json_object_get_string_member_with_default (object, name, NULL) : NULL;
}

/* The payload of a JSON web token; only to be read, the API server is who verifies it. */
static char *
decode_payload (const char *token)
{
  g_auto (GStrv) parts = g_strsplit (token, ".", -1);
  g_autoptr (GString) base64 = NULL;
  g_autofree char *payload = NULL;
  gsize length;

  if (g_strv_length (parts) != 3)
    return NULL;
  base64 = g_string_new (parts[1]);
  g_string_replace (base64, "-", "+", 0);
  g_string_replace (base64, "_", "/", 0);
  while (base64->len % 4 != 0)
    g_string_append_c (base64, '=');
  payload = (char *) g_base64_decode (base64->str, &length);
  return payload != NULL ? g_strndup (payload, length) : NULL;
}

/* (nullable): in @parser, what the token says. */
static JsonObject *
read_claims (const KubeConfig *config, JsonParser *parser)
{
  g_autofree char *token = g_strdup (config->token);
  g_autofree char *payload = NULL;
  JsonNode *root;

  if (token == NULL && config->token_file != NULL)
    g_file_get_contents (config->token_file, &token, NULL, NULL);
  payload = token != NULL ? decode_payload (g_strstrip (token)) : NULL;
  if (payload == NULL || !micro_json_check (payload, strlen (payload), MAX_DEPTH, NULL)
      || !json_parser_load_from_data (parser, payload, -1, NULL))
    return NULL;
  root = json_parser_get_root (parser);
  return root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
}

gint64
kube_identity_read_expiry (const KubeConfig *config)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *all = read_claims (config, parser);

  return all != NULL ? json_object_get_int_member_with_default (all, "exp", 0) : 0;
}

char *
kube_identity_read_user (const KubeConfig *config)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  const char *user = identity_get_string (read_claims (config, parser), "sub");

  /* Of anybody else's token it depends on the API server's configuration who that is. */
  return user != NULL && g_str_has_prefix (user, "system:serviceaccount:") ? g_strdup (user) : NULL;
}

static void
take_claims (KubeIdentity *self, const KubeConfig *config)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *claims = identity_get_object (read_claims (config, parser), "kubernetes.io");
  JsonObject *pod = identity_get_object (claims, "pod");

  if (identity_get_string (pod, "name") == NULL)
    return;
  self->name = g_strdup (identity_get_string (pod, "name"));
  self->uid = g_strdup (identity_get_string (pod, "uid"));
  self->namespace_ = g_strdup (identity_get_string (claims, "namespace"));
  self->source = "the service account's token";
}

static const char *
get_variable (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && *value != '\0' ? value : NULL;
}

static void
identity_take_name (KubeIdentity *self, const char *name, const char *source)
{
  if (self->name != NULL || name == NULL || *name == '\0')
    return;
  self->name = g_strdup (name);
  self->source = source;
}

KubeIdentity *
kube_identity_new (const KubeConfig *config, const char *pod_name)
{
  KubeIdentity *self = g_new0 (KubeIdentity, 1);

  identity_take_name (self, pod_name, "--registry-pod-name");
  if (self->name == NULL)
    take_claims (self, config);
  if (self->name == NULL)
    self->uid = g_strdup (get_variable ("POD_NAME") != NULL ? get_variable ("POD_UID") : NULL);
  identity_take_name (self, get_variable ("POD_NAME"), "POD_NAME");
  self->is_told = self->name != NULL;
  identity_take_name (self, get_variable ("HOSTNAME"), "HOSTNAME");
  identity_take_name (self, g_get_host_name (), "the host's name");
  if (self->namespace_ == NULL)
    self->namespace_
        = g_strdup (get_variable ("POD_NAMESPACE") != NULL ? get_variable ("POD_NAMESPACE")
                                                           : config->namespace_);
  return self;
}

gboolean
kube_identity_is_told (const KubeIdentity *self)
{
  return self->is_told;
}

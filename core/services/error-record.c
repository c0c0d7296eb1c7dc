/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * go-micro's error record on the wire: as JSON in grpc-message, as a message in the details.
 */
#include "config.h"

#include <string.h>

#include "base/error.h"
#include "record/json.h"

#include "micro/errors.pb-c.h"

#define ERROR_TYPE "type.googleapis.com/errors.Error"

/* --- Out --- */

/* As Go's encoding/json escapes, so that the two cannot be told apart: for HTML and JavaScript too.
 */
static void
append_escaped (GString *json, const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '"' || c == '\\')
        g_string_append_printf (json, "\\%c", (char) c);
      else if (c == '\n')
        g_string_append (json, "\\n");
      else if (c == '\r')
        g_string_append (json, "\\r");
      else if (c == '\t')
        g_string_append (json, "\\t");
      else if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029)
        g_string_append_printf (json, "\\u%04x", c);
      else
        g_string_append_unichar (json, c);
    }
}

static void
append_member (GString *json, const char *name, const char *value)
{
  if (value[0] == '\0')
    return;
  g_string_append_printf (json, "%s\"%s\":\"", json->len > 1 ? "," : "", name);
  append_escaped (json, value);
  g_string_append_c (json, '"');
}

/* Without what is empty, as there. */
static char *
make_json (const Micro__Errors__Error *error)
{
  GString *json = g_string_new ("{");

  append_member (json, "id", error->id);
  if (error->code != 0)
    g_string_append_printf (json, "%s\"code\":%d", json->len > 1 ? "," : "", error->code);
  append_member (json, "detail", error->detail);
  append_member (json, "status", error->status);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static GBytes *
pack (const ProtobufCMessage *message)
{
  gsize size = protobuf_c_message_get_packed_size (message);
  guint8 *data = g_malloc (size + 1);

  protobuf_c_message_pack (message, data);
  return g_bytes_new_take (data, size);
}

/* What is not UTF-8 would make all of it unreadable. */
GBytes *
micro_error_record_encode (
    MicroStatus status, const char *id, int code, const char *detail, char **ret_json)
{
  Micro__Errors__Error error = MICRO__ERRORS__ERROR__INIT;
  Micro__Errors__Any any = MICRO__ERRORS__ANY__INIT;
  Micro__Errors__Any *anys[] = { &any };
  Micro__Errors__Status whole = MICRO__ERRORS__STATUS__INIT;
  g_autofree char *valid_id = g_utf8_make_valid (id, -1);
  g_autofree char *valid_detail = g_utf8_make_valid (detail != NULL ? detail : "", -1);
  g_autoptr (GBytes) packed = NULL;

  error.id = valid_id;
  error.code = code;
  error.detail = valid_detail;
  error.status = (char *) micro_code_to_string (code);
  *ret_json = make_json (&error);
  packed = pack (&error.base);
  any.type_url = (char *) ERROR_TYPE;
  any.value.data = (guint8 *) g_bytes_get_data (packed, &any.value.len);
  whole.code = (gint32) status;
  whole.message = *ret_json;
  whole.details = anys;
  whole.n_details = 1;
  return pack (&whole.base);
}

/* --- In --- */

static gboolean
decode_details (GBytes *details, MicroErrorRecord *ret_record)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (details, &length);
  Micro__Errors__Status *status = micro__errors__status__unpack (NULL, length, data);
  Micro__Errors__Error *error = NULL;

  for (gsize i = 0; status != NULL && error == NULL && i < status->n_details; i++)
    if (g_str_equal (status->details[i]->type_url, ERROR_TYPE))
      error = micro__errors__error__unpack (NULL, status->details[i]->value.len,
                                            status->details[i]->value.data);
  if (error != NULL)
    {
      *ret_record
          = (MicroErrorRecord){ g_strdup (error->id), error->code, g_strdup (error->detail) };
      micro__errors__error__free_unpacked (error, NULL);
    }
  if (status != NULL)
    micro__errors__status__free_unpacked (status, NULL);
  return ret_record->code > 0;
}

/* (transfer full): the member, or "" */
static char *
error_record_get_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return g_strdup (node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
                       ? json_node_get_string (node)
                       : "");
}

static gboolean
decode_json (const char *text, MicroErrorRecord *ret_record)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonNode *root = micro_json_parse (parser, text, strlen (text), NULL);
  JsonObject *object;
  gint64 code;

  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return FALSE;
  object = json_node_get_object (root);
  code = json_object_get_int_member_with_default (object, "code", 0);
  if (code <= 0 || code > G_MAXINT)
    return FALSE;
  *ret_record = (MicroErrorRecord){ error_record_get_string (object, "id"), (int) code,
                                    error_record_get_string (object, "detail") };
  return TRUE;
}

gboolean
micro_error_record_decode (const char *message, GBytes *details, MicroErrorRecord *ret_record)
{
  *ret_record = (MicroErrorRecord){ NULL, 0, NULL };
  if (details != NULL && decode_details (details, ret_record))
    return TRUE;
  micro_error_record_clear (ret_record);
  return message != NULL && message[0] == '{' && decode_json (message, ret_record);
}

void
micro_error_record_clear (MicroErrorRecord *self)
{
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->detail, g_free);
  self->code = 0;
}

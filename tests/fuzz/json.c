/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes the JSON transcoder, from JSON and from a message: what it has written it takes again, and
 * it is the same message then.
 */
#include "codec/unpack.h"
#include <micro/micro.h>

#include "fuzz.h"
#include "kitchen.pb-c.h"

static GByteArray *
pack (const ProtobufCMessage *message)
{
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_set_size (bytes, (guint) protobuf_c_message_get_packed_size (message));
  protobuf_c_message_pack (message, bytes->data);
  return bytes;
}

static ProtobufCMessage *
parse (const char *json, gsize length)
{
  g_autoptr (GError) error = NULL;
  ProtobufCMessage *message
      = micro_codec_from_json (&micro__test__v1__dish__descriptor, json, length, NULL, &error);

  g_assert ((message == NULL) == (error != NULL));
  g_assert (error == NULL || error->message[0] != '\0');
  return message;
}

/* From here on what is written must be stable: text → message → the same text. */
static void
go_round (ProtobufCMessage *message, gboolean from_json)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *again = NULL;
  ProtobufCMessage *same;
  gsize length = 0;

  text = micro_codec_to_json (message, &length, &error);
  g_assert ((text == NULL) == (error != NULL));
  /* JSON has no word for what is not UTF-8, and for some that a message can hold. */
  g_assert (text != NULL || !from_json);
  if (text == NULL)
    return;
  g_assert (strlen (text) == length && g_utf8_validate (text, (gssize) length, NULL));
  same = parse (text, length);
  g_assert (same != NULL);
  again = micro_codec_to_json (same, NULL, NULL);
  g_assert_cmpstr (text, ==, again);
  if (from_json)
    {
      g_autoptr (GByteArray) first = pack (message);
      g_autoptr (GByteArray) second = pack (same);

      g_assert_cmpmem (first->data, first->len, second->data, second->len);
    }
  protobuf_c_message_free_unpacked (same, NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  ProtobufCMessage *message = parse ((const char *) data, size);

  if (message != NULL)
    {
      go_round (message, TRUE);
      protobuf_c_message_free_unpacked (message, NULL);
    }
  message = micro_unpack (&micro__test__v1__dish__descriptor, NULL, size, data);
  if (message != NULL)
    {
      go_round (message, FALSE);
      protobuf_c_message_free_unpacked (message, NULL);
    }
  return 0;
}

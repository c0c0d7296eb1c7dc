/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Our client for go-micro's services: client cases, client ADDRESS OTHER CASE.
 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>

#include <json-glib/json-glib.h>

void
case_failed (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "%s\n", text);
  _Exit (1);
}

MicroCallOptions
peer_options (const Peer *peer)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;

  options.address = peer->address;
  options.timeout_ms = 20000;
  options.retries = 0;
  return options;
}

const Probe__Note *
full_note (void)
{
  static guint8 blob[] = { 0, 255, 1, 254 };
  static char *words[] = { (char *) "one", (char *) "", (char *) "two" };
  static Probe__Note inner = PROBE__NOTE__INIT;
  static Probe__Note__LabelsEntry entries[]
      = { PROBE__NOTE__LABELS_ENTRY__INIT, PROBE__NOTE__LABELS_ENTRY__INIT };
  static Probe__Note__LabelsEntry *labels[] = { &entries[0], &entries[1] };
  static Probe__Note self = PROBE__NOTE__INIT;

  entries[0].key = (char *) "key";
  entries[0].value = (char *) "value";
  entries[1].key = (char *) "other key";
  inner.text = (char *) "inner";
  self.text = (char *) "grüß \"dich\" <b>&\n\xe2\x80\xa8";
  self.large_number = -G_GINT64_CONSTANT (9007199254740993);
  self.words = words;
  self.n_words = G_N_ELEMENTS (words);
  self.labels = labels;
  self.n_labels = G_N_ELEMENTS (labels);
  self.blob.data = blob;
  self.blob.len = sizeof blob;
  self.mood = PROBE__MOOD__MOOD_GOOD;
  self.inner = &inner;
  return &self;
}

const char *
find_label (const Probe__Note *note, const char *key)
{
  for (gsize i = 0; i < note->n_labels; i++)
    if (g_str_equal (note->labels[i]->key, key))
      return note->labels[i]->value;
  return NULL;
}

void
check_same (const Probe__Note *came, const Probe__Note *expected)
{
  CHECK (g_str_equal (came->text, expected->text));
  CHECK (came->large_number == expected->large_number);
  CHECK (came->n_words == expected->n_words);
  for (gsize i = 0; i < came->n_words; i++)
    CHECK (g_str_equal (came->words[i], expected->words[i]));
  CHECK (came->n_labels == expected->n_labels);
  for (gsize i = 0; i < expected->n_labels; i++)
    CHECK (g_strcmp0 (find_label (came, expected->labels[i]->key), expected->labels[i]->value)
           == 0);
  CHECK (came->blob.len == expected->blob.len);
  for (gsize i = 0; i < came->blob.len; i++)
    CHECK (came->blob.data[i] == expected->blob.data[i]);
  CHECK (came->mood == expected->mood);
  CHECK ((came->inner != NULL) == (expected->inner != NULL));
  if (came->inner != NULL)
    check_same (came->inner, expected->inner);
}

void
check_json (GBytes *came, const char *expected)
{
  gsize length;
  const char *data = g_bytes_get_data (came, &length);
  g_autofree char *text = g_strndup (data, length);
  g_autoptr (JsonNode) came_node = json_from_string (text, NULL);
  g_autoptr (JsonNode) expected_node = json_from_string (expected, NULL);

  if (came_node == NULL || !json_node_equal (came_node, expected_node))
    case_failed ("%s came, not %s", text, expected);
}

const MicroMethod *
find_method (const char *name)
{
  const MicroServiceDescriptor *service = &probe_probe_descriptor;

  for (guint i = 0; i < service->n_methods; i++)
    if (g_str_equal (service->methods[i].name, name))
      return &service->methods[i];
  case_failed ("there is no method %s", name);
}

static const Case *const tables[] = { cases_usual, cases_streams, cases_faults, cases_ends };

static const Case *
find_case (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const Case *one = tables[i]; one->name != NULL; one++)
      if (g_str_equal (one->name, name))
        return one;
  return NULL;
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("micro.caller", "1");
  g_autoptr (GError) error = NULL;
  const Case *one;
  Peer peer;

  if (argc == 2 && g_str_equal (argv[1], "cases"))
    {
      for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
        for (one = tables[i]; one->name != NULL; one++)
          printf ("%s\n", one->name);
      return 0;
    }
  micro_app_set_usage (app, "ADDRESS OTHER CASE", "Runs one case at a service of go-micro");
  if (!micro_app_init (app, &argc, &argv, &error))
    case_failed ("%s", error->message);
  one = argc == 4 ? find_case (argv[3]) : NULL;
  if (one == NULL)
    case_failed ("say ADDRESS OTHER CASE with one of the cases");
  peer = (Peer){ argv[1], argv[2], micro_app_get_client (app) };
  one->run (&peer);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro doctor: what the registry depends on, a line each, and what would mend it.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

typedef struct
{
  Tool *tool;
  GMutex mutex;
  GCond cond;
  gboolean done;
  GPtrArray *findings;
  GError *error;
} Visit;

static void
on_diagnosed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Visit *visit = user_data;

  g_mutex_lock (&visit->mutex);
  visit->findings = micro_registry_diagnose_finish (MICRO_REGISTRY (source), result, &visit->error);
  visit->done = TRUE;
  g_cond_signal (&visit->cond);
  g_mutex_unlock (&visit->mutex);
}

static void
doctor_begin (gpointer user_data)
{
  Visit *visit = user_data;

  micro_registry_diagnose_async (visit->tool->registry, NULL, on_diagnosed, visit);
}

static GPtrArray *
diagnose (Tool *tool, GError **error)
{
  Visit visit = { .tool = tool };

  g_mutex_init (&visit.mutex);
  g_cond_init (&visit.cond);
  micro_loop_post (tool->loop, doctor_begin, &visit);
  g_mutex_lock (&visit.mutex);
  while (!visit.done)
    g_cond_wait (&visit.cond, &visit.mutex);
  g_mutex_unlock (&visit.mutex);
  g_mutex_clear (&visit.mutex);
  g_cond_clear (&visit.cond);
  if (visit.error != NULL)
    g_propagate_error (error, visit.error);
  return visit.findings;
}

/* Of a registry that depends on nothing all there is to see is what it knows. */
static GPtrArray *
look_at_list (Tool *tool)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_finding_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = micro_client_list_services_sync (tool->client, &error);
  g_autofree char *text = NULL;

  if (services != NULL)
    text = g_strdup_printf ("%s, which knows %u service%s", tool->registry_name, services->len,
                            services->len == 1 ? "" : "s");
  g_ptr_array_add (findings,
                   micro_finding_new ("registry",
                                      services != NULL ? MICRO_FINDING_OK : MICRO_FINDING_FAILED,
                                      services != NULL ? text : error->message,
                                      services != NULL ? NULL : "micro list"));
  return findings;
}

static void
append_string (GString *json, const char *name, const char *value)
{
  g_autofree char *clean = value != NULL ? tool_clean (value) : NULL;

  g_string_append_printf (json, "\"%s\":", name);
  if (clean == NULL)
    {
      g_string_append (json, "null");
      return;
    }
  g_string_append_c (json, '"');
  for (const char *at = clean; *at != '\0'; at++)
    {
      if (*at == '"' || *at == '\\')
        g_string_append_c (json, '\\');
      g_string_append_c (json, *at);
    }
  g_string_append_c (json, '"');
}

static char *
doctor_to_json (MicroFinding *finding)
{
  GString *json = g_string_new ("{");

  append_string (json, "check", micro_finding_get_check (finding));
  g_string_append_c (json, ',');
  append_string (json, "result",
                 micro_finding_result_to_string (micro_finding_get_result (finding)));
  g_string_append_c (json, ',');
  append_string (json, "text", micro_finding_get_text (finding));
  g_string_append_c (json, ',');
  append_string (json, "fix", micro_finding_get_fix (finding));
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static void
print_lines (GPtrArray *findings)
{
  for (guint i = 0; i < findings->len; i++)
    {
      MicroFinding *finding = findings->pdata[i];
      g_autofree char *check = tool_clean (micro_finding_get_check (finding));
      g_autofree char *text = tool_clean (micro_finding_get_text (finding));
      g_autofree char *fix = tool_clean (micro_finding_get_fix (finding));

      g_print ("%-8s %s: %s\n", micro_finding_result_to_string (micro_finding_get_result (finding)),
               check, text);
      if (*fix != '\0')
        g_print ("%-8s fix: %s\n", "", fix);
    }
}

int
tool_doctor (Tool *tool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) findings = NULL;
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_free);
  guint n_failed = 0;

  if (tool->argc > 0)
    return tool_fail (EXIT_USAGE, "micro doctor", "doctor: takes no argument “%s”", tool->argv[0]);
  findings = diagnose (tool, &error);
  if (findings == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    findings = look_at_list (tool);
  if (findings == NULL)
    return tool_fail (EXIT_REGISTRY, NULL, "doctor: %s", error->message);
  for (guint i = 0; i < findings->len; i++)
    {
      n_failed += micro_finding_get_result (findings->pdata[i]) == MICRO_FINDING_FAILED;
      g_ptr_array_add (objects, doctor_to_json (findings->pdata[i]));
    }
  if (tool->output == TOOL_JSON || tool->output == TOOL_JSONL)
    tool_json_print_list (tool, "checks", objects);
  else
    print_lines (findings);
  return n_failed > 0 ? EXIT_REGISTRY : EXIT_OK;
}

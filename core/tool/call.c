/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro call: a unary call with JSON in and out.
 */
#include "config.h"

#include "tool.h"

int
tool_call (Tool *tool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) reply = NULL;
  ToolTarget target;
  int status = tool_target_read_timeout (tool);

  if (status != EXIT_OK)
    return status;
  /* What is wrong with the command line is said before anybody is asked. */
  if (tool->argc >= 2)
    request = tool_request_read (tool, tool->argv + 2, tool->argc - 2, &error);
  if (error != NULL)
    return tool_request_fail (tool, error);
  status = tool_target_init (&target, tool);
  if (status != EXIT_OK)
    return status;
  reply = micro_client_call_bytes_sync (tool->client, target.service, target.endpoint,
                                        MICRO_CODEC_JSON, request, &target.options, &error);
  if (reply != NULL)
    tool_print_reply (tool, reply);
  else
    status = tool_target_fail (&target, error);
  tool_target_clear (&target);
  return status;
}

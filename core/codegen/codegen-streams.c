/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Methods with more than one message, in NAME.micro.h: the untyped calls with their types.
 */
#include "config.h"

#include "codegen.h"

static const char handler_sends[]
    = "\n/* Sends one message of @method@; any thread; FALSE: wait for writable before the next. "
      "*/\n"
      "static inline gboolean\n"
      "@function@_send (MicroCall *call, const @response@ *response)\n"
      "{\n"
      "  return micro_call_send (call, response);\n"
      "}\n";

static const char handler_replies[]
    = "\n/* Answers a call of @method@; any thread; takes nothing. */\n"
      "static inline void\n"
      "@function@_reply (MicroCall *call, const @response@ *response)\n"
      "{\n"
      "  micro_call_reply (call, response);\n"
      "}\n";

static const char caller_opens[]
    = "/* (transfer full): @events get const @response@ *; see micro_client_open_stream(). */\n"
      "static inline MicroStream *\n"
      "@function@_open (MicroClient *client,\n"
      "    const char *service,\n"
      "    const MicroCallOptions *options,\n"
      "    const MicroStreamEvents *events,\n"
      "    gpointer user_data)\n"
      "{\n"
      "  return micro_client_open_stream (client, service, "
      "&@prefix@_descriptor.methods[@number@],\n"
      "                                   options, events, user_data);\n"
      "}\n\n"
      "/* Any thread; FALSE: wait for writable before the next.  The last is followed by\n"
      " * micro_stream_end(). */\n"
      "static inline gboolean\n"
      "@function@_stream_send (MicroStream *stream, const @request@ *request)\n"
      "{\n"
      "  return micro_stream_send (stream, request);\n"
      "}\n\n"
      "/* Blocks while the peer is slow; FALSE: the call has ended. */\n"
      "static inline gboolean\n"
      "@function@_stream_send_sync (MicroStream *stream, const @request@ *request)\n"
      "{\n"
      "  return micro_stream_send_sync (stream, request);\n"
      "}\n";

static const char caller_asks[]
    = "/* (transfer full): @events get const @response@ *; see micro_client_open_stream(). */\n"
      "static inline MicroStream *\n"
      "@function@_open (MicroClient *client,\n"
      "    const char *service,\n"
      "    const @request@ *request,\n"
      "    const MicroCallOptions *options,\n"
      "    const MicroStreamEvents *events,\n"
      "    gpointer user_data)\n"
      "{\n"
      "  MicroStream *stream\n"
      "      = micro_client_open_stream (client, service, &@prefix@_descriptor.methods[@number@],\n"
      "                                  options, events, user_data);\n\n"
      "  micro_stream_send (stream, request);\n"
      "  micro_stream_end (stream);\n"
      "  return stream;\n"
      "}\n";

static const char caller_receives[]
    = "\n/* Blocks; (transfer full) (nullable): NULL without @error is the end. */\n"
      "static inline @response@ *\n"
      "@function@_stream_receive_sync (MicroStream *stream, GError **error)\n"
      "{\n"
      "  return (@response@ *) micro_stream_receive_sync (stream, error);\n"
      "}\n";

void
codegen_emit_stream (GString *out, const Service *service, guint index)
{
  const ProtoMethod *method = service->service->method[index];
  const char *name = g_ptr_array_index (service->names, index);
  const int path[] = { 6, service->index, 2, (int) index };
  g_autofree char *comment = codegen_comment (service->file, path, G_N_ELEMENTS (path));
  g_autofree char *request = codegen_type_name (method->input_type);
  g_autofree char *response = codegen_type_name (method->output_type);
  g_autofree char *function = g_strdup_printf ("%s_%s", service->prefix, name);
  g_autofree char *number = g_strdup_printf ("%u", index);
  const char *const parts[]
      = { method->server_streaming ? handler_sends : handler_replies, NULL,
          method->client_streaming ? caller_opens : caller_asks, caller_receives };

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i] != NULL)
      codegen_emit (out, parts[i], "method", method->name, "function", function, "prefix",
                    service->prefix, "number", number, "request", request, "response", response,
                    NULL);
    else
      {
        g_string_append_c (out, '\n');
        codegen_emit_comment (out, "", NULL, comment);
      }
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * NAME.micro.c: descriptors, dispatch and the bodies of the stubs.
 */
#include "config.h"

#include "codegen.h"

static void
emit_descriptor (GString *out, const Service *service)
{
  const ProtoService *proto = service->service;
  const char *package = service->file->package != NULL ? service->file->package : "";
  g_autofree char *n_methods = g_strdup_printf ("%zu", proto->n_method);
  g_autofree char *methods
      = proto->n_method > 0 ? g_strconcat (service->prefix, "__methods", NULL) : g_strdup ("NULL");

  if (proto->n_method > 0)
    codegen_emit (out, "\nstatic const MicroMethod @prefix@__methods[] = {\n", "prefix",
                  service->prefix, NULL);
  for (gsize i = 0; i < proto->n_method; i++)
    {
      static const char *const kinds[] = { "MICRO_METHOD_UNARY", "MICRO_METHOD_CLIENT_STREAM",
                                           "MICRO_METHOD_SERVER_STREAM", "MICRO_METHOD_BIDI" };
      const ProtoMethod *method = proto->method[i];
      g_autofree char *request = codegen_lower_name (method->input_type);
      g_autofree char *response = codegen_lower_name (method->output_type);

      codegen_emit (out,
                    "  { .package = \"@package@\", .service = \"@service@\",\n"
                    "    .name = \"@method@\", .kind = @kind@,\n"
                    "    .request = &@request@__descriptor,\n"
                    "    .response = &@response@__descriptor },\n",
                    "package", package, "service", proto->name, "method", method->name, "kind",
                    kinds[(method->client_streaming ? 1 : 0) + (method->server_streaming ? 2 : 0)],
                    "request", request, "response", response, NULL);
    }
  g_string_append (out, proto->n_method > 0 ? "};\n" : "");
  codegen_emit (out,
                "\nconst MicroServiceDescriptor @prefix@_descriptor = {\n"
                "  .package = \"@package@\", .name = \"@service@\",\n"
                "  .n_methods = @n@, .methods = @methods@,\n"
                "  .files = file__descriptors, .files_length = sizeof file__descriptors,\n"
                "};\n",
                "package", package, "service", proto->name, "n", n_methods, "prefix",
                service->prefix, "methods", methods, NULL);
}

static void
emit_dispatch (GString *out, const Service *service)
{
  const char *const prefix = service->prefix;

  codegen_emit (out,
                "\ntypedef struct\n"
                "{\n"
                "  @type@Handlers handlers;\n"
                "  gpointer user_data;\n"
                "  GDestroyNotify destroy;\n"
                "} @type@__Binding;\n",
                "type", service->type, NULL);
  for (guint i = 0; i < service->names->len; i++)
    {
      const char *name = g_ptr_array_index (service->names, i);
      g_autofree char *member = codegen_member (name);

      codegen_emit (out,
                    "\nstatic void\n"
                    "@prefix@_@name@__dispatch (MicroCall *call, gconstpointer request,\n"
                    "    gpointer user_data)\n"
                    "{\n"
                    "  const @type@__Binding *binding = (const @type@__Binding *) user_data;\n\n"
                    "  (binding->handlers.@member@) (call, request, binding->user_data);\n"
                    "}\n",
                    "prefix", prefix, "type", service->type, "name", name, "member", member, NULL);
    }
  codegen_emit (out,
                "\nstatic void\n"
                "@prefix@__binding_free (gpointer data)\n"
                "{\n"
                "  @type@__Binding *binding = (@type@__Binding *) data;\n\n"
                "  if (binding->destroy != NULL)\n"
                "    binding->destroy (binding->user_data);\n"
                "  g_free (binding);\n"
                "}\n\n"
                "void\n"
                "@prefix@_add_handlers (MicroRouter *router,\n"
                "    const @type@Handlers *handlers,\n"
                "    gpointer user_data,\n"
                "    GDestroyNotify destroy)\n"
                "{\n"
                "  @type@__Binding *binding = g_new0 (@type@__Binding, 1);\n"
                "  const MicroHandler dispatch[] = {\n",
                "prefix", prefix, "type", service->type, NULL);
  for (guint i = 0; i < service->names->len; i++)
    {
      g_autofree char *member = codegen_member (g_ptr_array_index (service->names, i));

      codegen_emit (out, "    handlers->@member@ != NULL ? @prefix@_@name@__dispatch : NULL,\n",
                    "prefix", prefix, "name", g_ptr_array_index (service->names, i), "member",
                    member, NULL);
    }
  codegen_emit (out,
                "    NULL,\n"
                "  };\n\n"
                "  binding->handlers = *handlers;\n"
                "  binding->user_data = user_data;\n"
                "  binding->destroy = destroy;\n"
                "  micro_router_add (router, &@prefix@_descriptor, dispatch, binding, "
                "@prefix@__binding_free);\n"
                "}\n",
                "prefix", prefix, NULL);
}

static void
emit_stubs (GString *out, const Service *service, guint index)
{
  const ProtoMethod *method = service->service->method[index];
  g_autofree char *request = codegen_type_name (method->input_type);
  g_autofree char *response = codegen_type_name (method->output_type);
  g_autofree char *number = g_strdup_printf ("%u", index);
  const char *const text
      = "\nvoid\n"
        "@prefix@_@name@ (MicroClient *client,\n"
        "    const char *service,\n"
        "    const @request@ *request,\n"
        "    const MicroCallOptions *options,\n"
        "    MicroReplyFunc callback,\n"
        "    gpointer user_data)\n"
        "{\n"
        "  micro_client_call (client, service, &@prefix@__methods[@number@], request, options,\n"
        "                     callback, user_data);\n"
        "}\n"
        "\nvoid\n"
        "@prefix@_@name@_async (MicroClient *client,\n"
        "    const char *service,\n"
        "    const @request@ *request,\n"
        "    const MicroCallOptions *options,\n"
        "    GCancellable *cancellable,\n"
        "    GAsyncReadyCallback callback,\n"
        "    gpointer user_data)\n"
        "{\n"
        "  micro_client_call_async (client, service, &@prefix@__methods[@number@], request, "
        "options,\n"
        "                           cancellable, callback, user_data);\n"
        "}\n"
        "\n@response@ *\n"
        "@prefix@_@name@_finish (MicroClient *client,\n"
        "    GAsyncResult *result,\n"
        "    GError **error)\n"
        "{\n"
        "  return (@response@ *) micro_client_call_finish (client, result, error);\n"
        "}\n"
        "\n@response@ *\n"
        "@prefix@_@name@_sync (MicroClient *client,\n"
        "    const char *service,\n"
        "    const @request@ *request,\n"
        "    const MicroCallOptions *options,\n"
        "    GError **error)\n"
        "{\n"
        "  return (@response@ *) micro_client_call_sync (client, service, "
        "&@prefix@__methods[@number@],\n"
        "                                                request, options, error);\n"
        "}\n";

  codegen_emit (out, text, "prefix", service->prefix, "name",
                g_ptr_array_index (service->names, index), "request", request, "response", response,
                "number", number, NULL);
}

char *
codegen_source (const Micro__Codegen__Request *request, const ProtoFile *file)
{
  GString *out = g_string_new (NULL);
  g_autofree char *base = codegen_file_base (file->name);

  codegen_emit (out,
                "/* Generated by protoc-gen-micro from @file@; do not edit. */\n"
                "#include \"@base@.micro.h\"\n",
                "file", file->name, "base", base, NULL);
  if (file->n_service > 0)
    codegen_emit_files (out, request, file);
  for (gsize i = 0; i < file->n_service; i++)
    {
      g_autoptr (Service) service = service_new (file, i);

      emit_descriptor (out, service);
      emit_dispatch (out, service);
      for (gsize j = 0; j < service->service->n_method; j++)
        if (method_is_unary (service->service->method[j]))
          emit_stubs (out, service, j);
    }
  return g_string_free (out, FALSE);
}

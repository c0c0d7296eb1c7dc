/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * grpc.reflection.v1 and v1alpha, which differ in their name alone: one set of handlers answers
 * both with the messages of v1.
 */
#include "config.h"

#include "grpc/reflection/v1/reflection.micro.h"
#include "grpc/reflection/v1alpha/reflection.micro.h"
#include "services.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;

#define ASKS(what) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##what
#define GIVES(what) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##what

typedef struct
{
  gatomicrefcount references;
  MicroRouter *router;    /* not owned: it owns this */
  ReflectionIndex *index; /* made when it is first asked for */
} Reflection;

static Reflection *
reflection_ref (Reflection *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

static void
reflection_unref (gpointer user_data)
{
  Reflection *self = user_data;

  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_clear_pointer (&self->index, reflection_index_free);
  g_free (self);
}

static ReflectionIndex *
get_index (Reflection *self)
{
  if (g_once_init_enter (&self->index))
    g_once_init_leave (&self->index, reflection_index_new (self->router));
  return self->index;
}

/* --- The answers --- */

static void
send_error (MicroCall *call, Response *response, const char *what, const char *name)
{
  Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
  g_autofree char *quoted = micro_error_quote (name);
  g_autofree char *text = g_strdup_printf ("no %s “%s” here", what, quoted);

  error.error_code = MICRO_STATUS_NOT_FOUND;
  error.error_message = text;
  response->message_response_case = GIVES (ERROR_RESPONSE);
  response->error_response = &error;
  micro_call_send (call, response);
}

static void
send_file (Reflection *self,
           MicroCall *call,
           Response *response,
           const char *name,
           const char *what,
           const char *asked)
{
  Grpc__Reflection__V1__FileDescriptorResponse files
      = GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
  g_autoptr (GPtrArray) found
      = name != NULL ? reflection_index_get_file (get_index (self), name) : NULL;
  g_autofree ProtobufCBinaryData *list = NULL;

  if (found == NULL)
    {
      send_error (call, response, what, asked);
      return;
    }
  list = g_new (ProtobufCBinaryData, found->len);
  for (guint i = 0; i < found->len; i++)
    list[i].data = (guint8 *) g_bytes_get_data (g_ptr_array_index (found, i), &list[i].len);
  files.n_file_descriptor_proto = found->len;
  files.file_descriptor_proto = list;
  response->message_response_case = GIVES (FILE_DESCRIPTOR_RESPONSE);
  response->file_descriptor_response = &files;
  micro_call_send (call, response);
}

static void
send_extension_numbers (Reflection *self, MicroCall *call, Response *response, const char *type)
{
  Grpc__Reflection__V1__ExtensionNumberResponse numbers
      = GRPC__REFLECTION__V1__EXTENSION_NUMBER_RESPONSE__INIT;
  g_autoptr (GArray) found = reflection_index_get_extensions (get_index (self), type);

  if (found == NULL)
    {
      send_error (call, response, "type", type);
      return;
    }
  numbers.base_type_name = (char *) type;
  numbers.n_extension_number = found->len;
  numbers.extension_number = (gint32 *) found->data;
  response->message_response_case = GIVES (ALL_EXTENSION_NUMBERS_RESPONSE);
  response->all_extension_numbers_response = &numbers;
  micro_call_send (call, response);
}

static void
send_services (Reflection *self, MicroCall *call, Response *response)
{
  GPtrArray *services = micro_router_get_services (self->router);
  Grpc__Reflection__V1__ListServiceResponse list
      = GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree Grpc__Reflection__V1__ServiceResponse *entries
      = g_new (Grpc__Reflection__V1__ServiceResponse, services->len);
  g_autofree Grpc__Reflection__V1__ServiceResponse **pointers
      = g_new (Grpc__Reflection__V1__ServiceResponse *, services->len);

  for (guint i = 0; i < services->len; i++)
    {
      const MicroServiceDescriptor *service = g_ptr_array_index (services, i);

      g_ptr_array_add (names, g_strconcat (service->package, service->package[0] != '\0' ? "." : "",
                                           service->name, NULL));
      grpc__reflection__v1__service_response__init (&entries[i]);
      entries[i].name = g_ptr_array_index (names, i);
      pointers[i] = &entries[i];
    }
  list.n_service = services->len;
  list.service = pointers;
  response->message_response_case = GIVES (LIST_SERVICES_RESPONSE);
  response->list_services_response = &list;
  micro_call_send (call, response);
}

static void
reflection_answer (MicroCall *call, gconstpointer message, gpointer user_data)
{
  Reflection *self = user_data;
  Request *request = (Request *) message;
  Response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
  ReflectionIndex *index = get_index (self);

  response.valid_host = request->host;
  response.original_request = request;
  switch (request->message_request_case)
    {
    case ASKS (FILE_BY_FILENAME):
      send_file (self, call, &response, request->file_by_filename, "file",
                 request->file_by_filename);
      break;
    case ASKS (FILE_CONTAINING_SYMBOL):
      send_file (self, call, &response,
                 reflection_index_find_symbol (index, request->file_containing_symbol), "symbol",
                 request->file_containing_symbol);
      break;
    case ASKS (FILE_CONTAINING_EXTENSION):
      send_file (self, call, &response,
                 reflection_index_find_extension (
                     index, request->file_containing_extension->containing_type,
                     request->file_containing_extension->extension_number),
                 "extension of", request->file_containing_extension->containing_type);
      break;
    case ASKS (ALL_EXTENSION_NUMBERS_OF_TYPE):
      send_extension_numbers (self, call, &response, request->all_extension_numbers_of_type);
      break;
    case ASKS (LIST_SERVICES):
      send_services (self, call, &response);
      break;
    default:
      micro_call_fail (call, MICRO_STATUS_INVALID_ARGUMENT, "the request asks for nothing");
      break;
    }
}

static void
reflection_end (MicroCall *call, gpointer user_data)
{
  micro_call_end (call);
}

static void
reflection_serve (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = reflection_answer, .ended = reflection_end, .cancelled = reflection_end };

  micro_call_stream (call, &funcs, user_data);
}

void
reflection_service_add (MicroRouter *router)
{
  static const MicroHandler handlers[] = { reflection_serve };
  Reflection *self = g_new0 (Reflection, 1);

  g_atomic_ref_count_init (&self->references);
  self->router = router;
  micro_router_add_internal (router, &grpc_reflection_v1_server_reflection_descriptor, handlers,
                             self, reflection_unref);
  micro_router_add_internal (router, &grpc_reflection_v1alpha_server_reflection_descriptor,
                             handlers, reflection_ref (self), reflection_unref);
}

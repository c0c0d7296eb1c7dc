/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: one method of a service and the shape of its messages.
 */
#include "config.h"

#include "base/intern.h"
#include <micro/micro-endpoint.h>
#include <micro/micro-metadata.h>

struct _MicroValue
{
  char *name;
  char *type;
  GPtrArray *values; /* (nullable): of MicroValue */
};

struct _MicroEndpoint
{
  char *name;
  MicroValue *request;
  MicroValue *response;
  MicroMetadata *metadata;
};

G_DEFINE_BOXED_TYPE (MicroValue, micro_value, micro_value_ref, micro_value_unref)
G_DEFINE_BOXED_TYPE (MicroEndpoint, micro_endpoint, micro_endpoint_ref, micro_endpoint_unref)

static gpointer
copy_value (gconstpointer value, gpointer user_data)
{
  return micro_value_ref ((MicroValue *) value);
}

/**
 * micro_value_new:
 * @name: of the field, or of the message
 * @type: its type
 * @values: (nullable) (transfer none) (element-type MicroValue): the fields inside
 *
 * Returns: (transfer full): the value
 */
MicroValue *
micro_value_new (const char *name, const char *type, GPtrArray *values)
{
  MicroValue *self = g_atomic_rc_box_new0 (MicroValue);

  self->name = micro_intern (name);
  self->type = micro_intern (type);
  if (values != NULL && values->len > 0)
    {
      self->values = g_ptr_array_copy (values, copy_value, NULL);
      g_ptr_array_set_free_func (self->values, (GDestroyNotify) micro_value_unref);
    }
  return self;
}

/**
 * micro_value_ref:
 * @self: a value
 *
 * Returns: (transfer full): @self
 */
MicroValue *
micro_value_ref (MicroValue *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
value_clear (gpointer data)
{
  MicroValue *self = data;

  micro_intern_release (self->name);
  micro_intern_release (self->type);
  g_clear_pointer (&self->values, g_ptr_array_unref);
}

/**
 * micro_value_unref:
 * @self: (transfer full) (nullable): a value
 *
 * Drops a reference.  Any thread.
 */
void
micro_value_unref (MicroValue *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, value_clear);
}

/**
 * micro_value_get_name:
 * @self: a value
 *
 * Returns: (transfer none): of the field, or of the message
 */
const char *
micro_value_get_name (MicroValue *self)
{
  return self->name;
}

/**
 * micro_value_get_value_type:
 * @self: a value
 *
 * Returns: (transfer none): its type, in the words of go-micro
 */
const char *
micro_value_get_value_type (MicroValue *self)
{
  return self->type;
}

/**
 * micro_value_get_values:
 * @self: a value
 *
 * Returns: (transfer none) (nullable) (element-type MicroValue): the fields inside, %NULL for none
 */
GPtrArray *
micro_value_get_values (MicroValue *self)
{
  return self->values;
}

/**
 * micro_value_equal:
 * @a: (nullable): one of two values
 * @b: (nullable): the other
 *
 * Returns: whether names, types and the fields inside are the same
 */
gboolean
micro_value_equal (MicroValue *a, MicroValue *b)
{
  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL || a->name != b->name || a->type != b->type)
    return FALSE;
  if ((a->values != NULL ? a->values->len : 0) != (b->values != NULL ? b->values->len : 0))
    return FALSE;
  for (guint i = 0; a->values != NULL && i < a->values->len; i++)
    if (!micro_value_equal (g_ptr_array_index (a->values, i), g_ptr_array_index (b->values, i)))
      return FALSE;
  return TRUE;
}

/**
 * micro_endpoint_new:
 * @name: `Service.Method`
 * @request: (nullable) (transfer none): the shape of the request
 * @response: (nullable) (transfer none): the shape of the response
 * @metadata: (nullable) (transfer none): `stream`, say
 *
 * Returns: (transfer full): the endpoint
 */
MicroEndpoint *
micro_endpoint_new (const char *name,
                    MicroValue *request,
                    MicroValue *response,
                    MicroMetadata *metadata)
{
  MicroEndpoint *self;

  g_return_val_if_fail (name != NULL, NULL);
  self = g_atomic_rc_box_new0 (MicroEndpoint);
  self->name = micro_intern (name);
  self->request = request != NULL ? micro_value_ref (request) : NULL;
  self->response = response != NULL ? micro_value_ref (response) : NULL;
  self->metadata = micro_metadata_ref (metadata);
  return self;
}

/**
 * micro_endpoint_ref:
 * @self: an endpoint
 *
 * Returns: (transfer full): @self
 */
MicroEndpoint *
micro_endpoint_ref (MicroEndpoint *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
endpoint_clear (gpointer data)
{
  MicroEndpoint *self = data;

  micro_intern_release (self->name);
  micro_value_unref (self->request);
  micro_value_unref (self->response);
  micro_metadata_unref (self->metadata);
}

/**
 * micro_endpoint_unref:
 * @self: (transfer full) (nullable): an endpoint
 *
 * Drops a reference.  Any thread.
 */
void
micro_endpoint_unref (MicroEndpoint *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, endpoint_clear);
}

/**
 * micro_endpoint_get_name:
 * @self: an endpoint
 *
 * Returns: (transfer none): `Service.Method`
 */
const char *
micro_endpoint_get_name (MicroEndpoint *self)
{
  return self->name;
}

/**
 * micro_endpoint_get_request:
 * @self: an endpoint
 *
 * Returns: (transfer none) (nullable): the shape of its request
 */
MicroValue *
micro_endpoint_get_request (MicroEndpoint *self)
{
  return self->request;
}

/**
 * micro_endpoint_get_response:
 * @self: an endpoint
 *
 * Returns: (transfer none) (nullable): the shape of its response
 */
MicroValue *
micro_endpoint_get_response (MicroEndpoint *self)
{
  return self->response;
}

/**
 * micro_endpoint_get_metadata:
 * @self: an endpoint
 *
 * Returns: (transfer none) (nullable): its metadata; %NULL is the empty one
 */
MicroMetadata *
micro_endpoint_get_metadata (MicroEndpoint *self)
{
  return self->metadata;
}

/**
 * micro_endpoint_equal:
 * @a: one of two endpoints
 * @b: the other
 *
 * Returns: whether all that they say is the same
 */
gboolean
micro_endpoint_equal (MicroEndpoint *a, MicroEndpoint *b)
{
  return a == b
         || (a->name == b->name && micro_value_equal (a->request, b->request)
             && micro_value_equal (a->response, b->response)
             && micro_metadata_equal (a->metadata, b->metadata));
}

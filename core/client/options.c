/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Options of a call that own their texts, for languages that cannot fill in a struct.
 */
#include "config.h"

#include <micro/micro-client.h>

G_DEFINE_BOXED_TYPE (MicroCallOptions,
                     micro_call_options,
                     micro_call_options_copy,
                     micro_call_options_free)

/**
 * micro_call_options_new:
 *
 * Returns: (transfer full): options that leave all to the client
 */
MicroCallOptions *
micro_call_options_new (void)
{
  static const MicroCallOptions defaults = MICRO_CALL_OPTIONS_INIT;

  return g_memdup2 (&defaults, sizeof defaults);
}

/**
 * micro_call_options_copy:
 * @self: options
 *
 * Returns: (transfer full): a copy, with copies of its texts
 */
MicroCallOptions *
micro_call_options_copy (const MicroCallOptions *self)
{
  MicroCallOptions *copy = g_memdup2 (self, sizeof *self);

  copy->address = g_strdup (self->address);
  copy->version = g_strdup (self->version);
  copy->headers = (const char *const *) g_strdupv ((char **) self->headers);
  copy->hash_key = g_strdup (self->hash_key);
  return copy;
}

/**
 * micro_call_options_free:
 * @self: (transfer full) (nullable): what micro_call_options_new() or micro_call_options_copy()
 * gave
 *
 * Frees them.
 */
void
micro_call_options_free (MicroCallOptions *self)
{
  if (self == NULL)
    return;
  g_free ((char *) self->address);
  g_free ((char *) self->version);
  g_strfreev ((char **) self->headers);
  g_free ((char *) self->hash_key);
  g_free (self);
}

static void
set_text (const char **place, const char *text)
{
  char *copy = g_strdup (text);

  g_free ((char *) *place);
  *place = copy;
}

/**
 * micro_call_options_set_address:
 * @self: options that micro_call_options_new() made
 * @address: (nullable): to call, past registry and selector
 */
void
micro_call_options_set_address (MicroCallOptions *self, const char *address)
{
  g_return_if_fail (self != NULL);
  set_text (&self->address, address);
}

/**
 * micro_call_options_set_version:
 * @self: options that micro_call_options_new() made
 * @version: (nullable): of the service; of no other a node is called
 */
void
micro_call_options_set_version (MicroCallOptions *self, const char *version)
{
  g_return_if_fail (self != NULL);
  set_text (&self->version, version);
}

/**
 * micro_call_options_set_headers:
 * @self: options that micro_call_options_new() made
 * @headers: (nullable) (array zero-terminated=1): name, value, …, %NULL
 */
void
micro_call_options_set_headers (MicroCallOptions *self, const char *const *headers)
{
  char **copy;

  g_return_if_fail (self != NULL);
  copy = g_strdupv ((char **) headers);
  g_strfreev ((char **) self->headers);
  self->headers = (const char *const *) copy;
}

/**
 * micro_call_options_set_hash_key:
 * @self: options that micro_call_options_new() made
 * @hash_key: (nullable): for selectors that send calls with equal keys to the same node
 */
void
micro_call_options_set_hash_key (MicroCallOptions *self, const char *hash_key)
{
  g_return_if_fail (self != NULL);
  set_text (&self->hash_key, hash_key);
}

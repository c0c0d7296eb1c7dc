/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes the loading of descriptors: the FileDescriptorSet of a service, and all that reflection
 * looks up in it.
 */
#include <micro/micro.h>

#include "../../core/services/services.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const symbols[] = { "greeter.Say",
                                         "greeter.Say.Hello",
                                         ".greeter.HelloRequest",
                                         "greeter.HelloRequest.name",
                                         "a",
                                         ".",
                                         "" };
  const MicroServiceDescriptor service = { "greeter", "Say", 0, NULL, data, size };
  g_autoptr (MicroRouter) router = micro_router_new ();
  ReflectionIndex *index;

  micro_router_add (router, &service, NULL, NULL, NULL);
  index = reflection_index_new (router);
  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++)
    {
      const char *name = reflection_index_find_symbol (index, symbols[i]);
      g_autoptr (GPtrArray) files = name != NULL ? reflection_index_get_file (index, name) : NULL;
      g_autoptr (GArray) numbers = reflection_index_get_extensions (index, symbols[i]);

      g_assert (name == NULL || files != NULL);
      for (guint j = 0; files != NULL && j < files->len; j++)
        g_assert (g_bytes_get_size (files->pdata[j]) <= size);
      for (guint j = 0; numbers != NULL && j < numbers->len; j++)
        g_assert_nonnull (reflection_index_find_extension (index, symbols[i],
                                                           g_array_index (numbers, gint32, j)));
    }
  reflection_index_free (index);
  return 0;
}

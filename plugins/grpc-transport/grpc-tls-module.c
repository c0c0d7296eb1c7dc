/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Finds the TLS module: grpc-tls.so, beside the folders that plugins are looked for in.
 */
#include "config.h"

#include <gmodule.h>

#include "grpc-tls.h"

#define FILE_NAME "grpc-tls.so"

const GrpcTlsEngine *grpc_tls;

static char *
find_file (void)
{
  g_auto (GStrv) folders = micro_plugin_get_path ();

  for (char **folder = folders; *folder != NULL; folder++)
    {
      g_autofree char *file = g_build_filename (*folder, "..", FILE_NAME, NULL);

      if (g_file_test (file, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&file);
    }
  return NULL;
}

static gboolean
tls_module_open_file (const char *file, GError **error)
{
  g_autoptr (GError) local = NULL;
  GModule *module = g_module_open_full (file, G_MODULE_BIND_LOCAL, &local);
  gpointer engine = NULL;

  if (module == NULL)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
                   "TLS is not to be had: %s; install it again", local->message);
      return FALSE;
    }
  g_module_make_resident (module);
  if (!g_module_symbol (module, "grpc_tls_engine", &engine))
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
                   "TLS is not to be had: %s is something else; install it again", file);
      return FALSE;
    }
  g_atomic_pointer_set (&grpc_tls, engine);
  return TRUE;
}

gboolean
grpc_tls_load (GError **error)
{
  static GMutex mutex;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  g_autofree char *file = NULL;

  if (g_atomic_pointer_get (&grpc_tls) != NULL)
    return TRUE;
  file = find_file ();
  if (file != NULL)
    return tls_module_open_file (file, error);
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
               "TLS is not to be had: there is no " FILE_NAME " beside the folders of plugins; "
               "install it, or name its neighbour in MICRO_PLUGIN_PATH");
  return FALSE;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * For tests of registries: their calls made and waited for, and records in short.
 */
#pragma once

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <micro/micro.h>

/* Fewer under valgrind, where each takes fifty times as long. */
inline guint
crowd_size ()
{
  const char *preload = g_getenv ("LD_PRELOAD");

  return preload != nullptr && strstr (preload, "vgpreload") != nullptr ? 300 : 1000;
}

/* One node an id; each serves on the address "ID:1". */
inline MicroService *
make_service (const char *name, const char *version, const std::vector<std::string> &ids)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  for (const std::string &id : ids)
    g_ptr_array_add (nodes, micro_node_new (id.c_str (), (id + ":1").c_str (), nullptr));
  return micro_service_new (name, version, nullptr, nullptr, nodes);
}

/* "name version: id id", one line a record. */
inline std::string
describe (MicroService *service)
{
  std::string text = std::string (micro_service_get_name (service)) + " "
                     + micro_service_get_version (service) + ":";
  GPtrArray *nodes = micro_service_get_nodes (service);

  for (guint i = 0; i < nodes->len; i++)
    text += std::string (" ") + micro_node_get_id ((MicroNode *) g_ptr_array_index (nodes, i));
  return text;
}

inline std::string
describe (GPtrArray *services)
{
  std::string text;

  for (guint i = 0; services != nullptr && i < services->len; i++)
    text += describe ((MicroService *) g_ptr_array_index (services, i)) + "\n";
  return text;
}

/* A registry on the test's own thread. */
class RegistryUser
{
public:
  explicit RegistryUser (MicroRegistry *own) : registry (own) {}
  ~RegistryUser () { g_object_unref (registry); }

  /* Turns the thread's main context until @done, which other threads may bring about: for ever if
   * need be, tests/limit says what hangs. */
  static bool
  Until (std::function<bool ()> done)
  {
    GMainContext *context = g_main_context_get_thread_default ();

    while (!done ())
      if (!g_main_context_iteration (context, FALSE))
        g_usleep (500);
    return true;
  }

  /* "" or why not. */
  std::string
  Register (MicroService *service, guint ttl_s = 0)
  {
    g_autoptr (GAsyncResult) result = nullptr;
    g_autoptr (GError) error = nullptr;

    micro_registry_register_async (registry, service, ttl_s, nullptr, keep, &result);
    Until ([&] { return result != nullptr; });
    return micro_registry_register_finish (registry, result, &error) ? "" : error->message;
  }

  std::string
  Deregister (MicroService *service)
  {
    g_autoptr (GAsyncResult) result = nullptr;
    g_autoptr (GError) error = nullptr;

    micro_registry_deregister_async (registry, service, nullptr, keep, &result);
    Until ([&] { return result != nullptr; });
    return micro_registry_deregister_finish (registry, result, &error) ? "" : error->message;
  }

  GPtrArray *
  Get (const char *name, GError **error = nullptr)
  {
    g_autoptr (GAsyncResult) result = nullptr;

    micro_registry_get_service_async (registry, name, nullptr, keep, &result);
    Until ([&] { return result != nullptr; });
    return micro_registry_get_service_finish (registry, result, error);
  }

  GPtrArray *
  List (GError **error = nullptr)
  {
    g_autoptr (GAsyncResult) result = nullptr;

    micro_registry_list_services_async (registry, nullptr, keep, &result);
    Until ([&] { return result != nullptr; });
    return micro_registry_list_services_finish (registry, result, error);
  }

  /* What describe() says of them; an error's message in its place. */
  std::string
  Got (const char *name)
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (GPtrArray) services = Get (name, &error);

    return services != nullptr ? describe (services) : error->message;
  }

  std::string
  Listed ()
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (GPtrArray) services = List (&error);

    return services != nullptr ? describe (services) : error->message;
  }

  MicroWatcher *
  Watch (const char *name, GError **error = nullptr)
  {
    g_autoptr (GAsyncResult) result = nullptr;

    micro_registry_watch_async (registry, name, nullptr, keep, &result);
    Until ([&] { return result != nullptr; });
    return micro_registry_watch_finish (registry, result, error);
  }

  /* "name version: ids; name version: ids", "no name", or the error's message. */
  static std::string
  Next (MicroWatcher *watcher)
  {
    g_autoptr (GAsyncResult) result = nullptr;
    g_autoptr (GError) error = nullptr;
    g_autoptr (MicroEvent) event = nullptr;
    GPtrArray *services;
    std::string text;

    micro_watcher_next_async (watcher, nullptr, keep, &result);
    Until ([&] { return result != nullptr; });
    event = micro_watcher_next_finish (watcher, result, &error);
    if (event == nullptr)
      return error->message;
    services = micro_event_get_services (event);
    if (services == nullptr)
      return std::string ("no ") + micro_event_get_name (event);
    for (guint i = 0; i < services->len; i++)
      text += (i > 0 ? "; " : "") + describe ((MicroService *) services->pdata[i]);
    return text;
  }

  /* Reads until that is told: for ever if need be. */
  static bool
  Hears (MicroWatcher *watcher, const std::string &wanted)
  {
    while (Next (watcher) != wanted)
      ;
    return true;
  }

  MicroRegistry *registry;

private:
  static void
  keep (GObject *, GAsyncResult *result, gpointer user_data)
  {
    *(GAsyncResult **) user_data = (GAsyncResult *) g_object_ref (result);
  }
};

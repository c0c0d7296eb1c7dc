/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * For tests of brokers: publishing waited for, and subscribers that remember.
 */
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <micro/micro.h>

/* Turns the main context until @done, which other threads may bring about: for ever if need be,
 * tests/limit says what hangs. */
inline bool
until (std::function<bool ()> done)
{
  while (!done ())
    if (!g_main_context_iteration (nullptr, FALSE))
      g_usleep (500);
  return true;
}

/* Until there is nothing left to do for the main context: enough where nobody else is waited for.
 */
inline void
turn ()
{
  while (g_main_context_iteration (nullptr, FALSE))
    ;
}

inline void
turn_for_ms (int ms)
{
  gint64 end_us = g_get_monotonic_time () + ms * 1000;

  until ([end_us] { return g_get_monotonic_time () > end_us; });
}

/* "" or what went wrong, with its status: "8 topic …". */
class Publisher
{
public:
  explicit Publisher (MicroBroker *own) : broker (own) {}

  std::string
  Publish (const char *topic,
           const std::string &text,
           MicroMetadata *headers = nullptr,
           GCancellable *cancellable = nullptr)
  {
    g_autoptr (GBytes) body = g_bytes_new (text.data (), text.size ());
    g_autoptr (GAsyncResult) result = nullptr;
    g_autoptr (GError) error = nullptr;

    micro_broker_publish_async (broker, topic, headers, body, cancellable, Keep, &result);
    until ([&result] { return result != nullptr; });
    if (micro_broker_publish_finish (broker, result, &error))
      return "";
    return std::to_string (error->code) + " " + error->message;
  }

  static void
  Keep (GObject *, GAsyncResult *result, gpointer user_data)
  {
    *static_cast<GAsyncResult **> (user_data) = G_ASYNC_RESULT (g_object_ref (result));
  }

  MicroBroker *broker;
};

class Subscriber
{
public:
  Subscriber (MicroBroker *own, const char *topic, const char *queue = nullptr) : broker (own)
  {
    g_autoptr (GError) error = nullptr;

    id = micro_broker_subscribe (broker, topic, queue, OnMessage, this, OnDestroy, &error);
    if (id == 0)
      failure = error->message;
  }
  ~Subscriber () { Leave (); }

  void
  Leave ()
  {
    if (id != 0)
      micro_broker_unsubscribe (broker, id);
    id = 0;
  }

  static void
  OnMessage (const char *topic, MicroMetadata *headers, GBytes *body, gpointer user_data)
  {
    Subscriber *self = static_cast<Subscriber *> (user_data);
    gsize size;
    const char *data = static_cast<const char *> (g_bytes_get_data (body, &size));

    self->topics.push_back (topic);
    self->bodies.emplace_back (data != nullptr ? data : "", size);
    self->headers.emplace_back ();
    for (guint i = 0; i < micro_metadata_get_length (headers); i++)
      self->headers.back () += std::string (micro_metadata_get_key (headers, i)) + "="
                               + micro_metadata_get_value (headers, i) + ";";
    if (self->then)
      self->then ();
  }

  static void
  OnDestroy (gpointer user_data)
  {
    static_cast<Subscriber *> (user_data)->destroyed++;
  }

  bool
  Waits (size_t count)
  {
    return until ([this, count] { return bodies.size () >= count; });
  }

  MicroBroker *broker;
  guint id;
  std::string failure;
  std::vector<std::string> topics, bodies, headers;
  std::function<void ()> then;
  int destroyed = 0;
};

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The wrappers of a transport that leaves out what it may.
 */
#include <string>

#include <gtest/gtest.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

namespace
{
typedef GObject BareTransport;
typedef GObjectClass BareTransportClass;
G_DEFINE_TYPE_WITH_CODE (BareTransport,
                         bare_transport,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_TRANSPORT, NULL))

void
bare_transport_class_init (BareTransportClass *)
{
}

void
bare_transport_init (BareTransport *)
{
}
}

TEST (Transport, ThatOnlyCallsSaysSoWhereItShouldListen)
{
  MicroTransport *transport = (MicroTransport *) g_object_new (bare_transport_get_type (), NULL);
  MicroRouter *router = micro_router_new ();
  GPtrArray *loops = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_loop_free);
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (loops, micro_loop_new ("test"));
  EXPECT_EQ (micro_transport_listen (transport, ":0", router, loops, &error), nullptr);
  ASSERT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNIMPLEMENTED));
  EXPECT_EQ (std::string (error->message),
             "the transport BareTransport makes calls only and cannot listen at “:0”; choose "
             "another with --transport");
  EXPECT_TRUE (micro_transport_check_address (transport, "anything", NULL));
  micro_transport_drain (transport, 1000);
  micro_transport_close (transport);
  g_ptr_array_unref (loops);
  g_object_unref (router);
  g_object_unref (transport);
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * For tests: a port of the loopback interface that nobody else gets.
 */
#pragma once

#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

/* Refuses whoever connects, until somebody of this program listens: on @fd, or by binding the
 * address again, as GIO and our own listeners do. */
class HeldPort
{
public:
  HeldPort ()
  {
    struct sockaddr_in here = {};
    socklen_t length = sizeof here;
    int yes = 1;

    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    EXPECT_EQ (bind (fd, (struct sockaddr *) &here, sizeof here), 0);
    EXPECT_EQ (getsockname (fd, (struct sockaddr *) &here, &length), 0);
    port = ntohs (here.sin_port);
    address = "127.0.0.1:" + std::to_string (port);
  }
  ~HeldPort () { close (fd); }
  HeldPort (const HeldPort &) = delete;

  const int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port;
  std::string address;
};

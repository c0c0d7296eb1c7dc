/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * For tests: a server that says, byte for byte, what the real API server cannot be made to say.
 */
#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include <glib.h>

class FakeApi
{
public:
  struct Request
  {
    std::string method, path, head, body;

    bool
    Has (const char *text) const
    {
      return path.find (text) != std::string::npos;
    }
  };

  class Connection
  {
  public:
    explicit Connection (int socket, std::atomic<bool> &stop) : fd (socket), stopping (stop) {}

    void
    Send (const std::string &bytes)
    {
      for (size_t at = 0; at < bytes.size ();)
        {
          ssize_t n = send (fd, bytes.data () + at, bytes.size () - at, MSG_NOSIGNAL);

          if (n <= 0)
            return;
          at += n;
        }
    }

    void
    Reply (const char *status,
           const std::string &body,
           const char *headers = "",
           const char *type = "application/json")
    {
      Send (std::string ("HTTP/1.1 ") + status + "\r\nContent-Type: " + type + "\r\n" + headers
            + "Content-Length: " + std::to_string (body.size ()) + "\r\n\r\n" + body);
    }

    void
    StartStream ()
    {
      Send ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: "
            "chunked\r\n\r\n");
    }

    void
    Chunk (const std::string &bytes)
    {
      char size[32];

      snprintf (size, sizeof size, "%zx\r\n", bytes.size ());
      Send (size + bytes + "\r\n");
    }

    void
    EndStream ()
    {
      Send ("0\r\n\r\n");
    }

    /* Until the client goes away or the test ends, or so many milliseconds. */
    bool
    StaysOpen (int ms = 60000)
    {
      for (; ms > 0 && !stopping; ms -= 20)
        {
          struct pollfd p = { fd, POLLIN, 0 };
          char byte;

          if (poll (&p, 1, 20) > 0 && recv (fd, &byte, 1, MSG_PEEK) <= 0)
            return false;
        }
      return !stopping;
    }

    /* What was sent is where the client need only read it. */
    void
    Arrives ()
    {
      int left = 1;

      while (ioctl (fd, SIOCOUTQ, &left) == 0 && left > 0)
        g_usleep (100);
    }

    void
    Close ()
    {
      shutdown (fd, SHUT_RDWR);
    }

    int fd;
    std::atomic<bool> &stopping;
  };

  using Handler = std::function<void (Connection &, const Request &)>;

  explicit FakeApi (Handler what, bool ipv6 = false) : handler (what)
  {
    struct sockaddr_in6 v6 = {};
    struct sockaddr_in v4 = {};
    socklen_t length = ipv6 ? sizeof v6 : sizeof v4;
    struct sockaddr *address = ipv6 ? (struct sockaddr *) &v6 : (struct sockaddr *) &v4;

    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    listener = socket (ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind (listener, address, length) == 0 && listen (listener, 64) == 0)
      {
        getsockname (listener, address, &length);
        port = ntohs (ipv6 ? v6.sin6_port : v4.sin_port);
      }
    url = std::string (ipv6 ? "http://[::1]:" : "http://127.0.0.1:") + std::to_string (port);
    acceptor = std::thread ([this] { Accept (); });
  }

  ~FakeApi ()
  {
    stopping = true;
    shutdown (listener, SHUT_RDWR);
    acceptor.join ();
    for (std::thread &thread : threads)
      thread.join ();
    close (listener);
  }

  /* What was asked until now; optionally only what has @text in its path. */
  std::vector<Request>
  Requests (const char *text = "")
  {
    std::lock_guard<std::mutex> lock (mutex);
    std::vector<Request> some;

    for (const Request &request : requests)
      if (request.Has (text))
        some.push_back (request);
    return some;
  }

  std::string url;
  int port = 0; /* 0: there is no such family here */

private:
  void
  Accept ()
  {
    while (!stopping)
      {
        struct pollfd p = { listener, POLLIN, 0 };
        int fd = poll (&p, 1, 50) > 0 ? accept4 (listener, NULL, NULL, SOCK_CLOEXEC) : -1;

        if (fd >= 0)
          threads.emplace_back ([this, fd] { Serve (fd); });
      }
  }

  bool
  Fill (int fd, std::string &buffer)
  {
    while (!stopping)
      {
        struct pollfd p = { fd, POLLIN, 0 };
        char bytes[4096];
        ssize_t n;

        if (poll (&p, 1, 50) <= 0)
          continue;
        n = recv (fd, bytes, sizeof bytes, 0);
        if (n <= 0)
          return false;
        buffer.append (bytes, n);
        return true;
      }
    return false;
  }

  bool
  Read (int fd, std::string &buffer, Request &request)
  {
    size_t end, length = 0, at;

    while ((end = buffer.find ("\r\n\r\n")) == std::string::npos)
      if (!Fill (fd, buffer))
        return false;
    request.head = buffer.substr (0, end + 2);
    request.method = request.head.substr (0, request.head.find (' '));
    request.path = request.head.substr (request.method.size () + 1);
    request.path = request.path.substr (0, request.path.find (' '));
    at = request.head.find ("Content-Length: ");
    if (at != std::string::npos)
      length = strtoul (request.head.c_str () + at + 16, NULL, 10);
    while (buffer.size () < end + 4 + length)
      if (!Fill (fd, buffer))
        return false;
    request.body = buffer.substr (end + 4, length);
    buffer.erase (0, end + 4 + length);
    return true;
  }

  void
  Serve (int fd)
  {
    Connection connection (fd, stopping);
    std::string buffer;
    Request request;

    while (Read (fd, buffer, request))
      {
        {
          std::lock_guard<std::mutex> lock (mutex);
          requests.push_back (request);
        }
        handler (connection, request);
      }
    close (fd);
  }

  Handler handler;
  int listener;
  std::atomic<bool> stopping{ false };
  std::thread acceptor;
  std::vector<std::thread> threads; /* of the acceptor */
  std::mutex mutex;
  std::vector<Request> requests;
};

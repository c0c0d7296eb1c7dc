/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the cases of our client share.
 */
#pragma once

#include "probe.micro.h"

#define SERVICE_NAME "go.micro.srv.probe"
#define LIMIT (4 * 1024 * 1024) /* of a message, everywhere */

typedef struct
{
  const char *address;
  const char *other; /* of a server of ours */
  MicroClient *client;
} Peer;

typedef struct
{
  const char *name;
  void (*run) (const Peer *peer);
} Case;

extern const Case cases_usual[]; /* up to one without a name */
extern const Case cases_streams[];
extern const Case cases_faults[];
extern const Case cases_ends[];

/* Ends the process: the case has failed. */
void case_failed (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;
#define CHECK(condition)                                                                           \
  do                                                                                               \
    {                                                                                              \
      if (!(condition))                                                                            \
        case_failed ("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                         \
    }                                                                                              \
  while (0)

/* Once, at the peer, within 20 s. */
MicroCallOptions peer_options (const Peer *peer);
/* With something of every kind; it is static. */
const Probe__Note *full_note (void);
/* The same for JSON. */
#define FULL_JSON                                                                                  \
  "{\"text\":\"grüß \\\"dich\\\" <b>&\\n\\u2028\",\"large_number\":\"-9007199254740993\","       \
  "\"words\":[\"one\",\"\",\"two\"],\"labels\":{\"key\":\"value\",\"other key\":\"\"},"            \
  "\"blob\":\"AP8B/g==\",\"mood\":\"MOOD_GOOD\",\"inner\":{\"text\":\"inner\"}}"
void check_same (const Probe__Note *came, const Probe__Note *expected);
/* Whatever the order of its members. */
void check_json (GBytes *came, const char *expected);
/* (nullable) */
const char *find_label (const Probe__Note *note, const char *key);
const MicroMethod *find_method (const char *name);

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON into the messages of google.protobuf that it writes in a way of their own.
 */
#pragma once

#include "codec/parser.h"
#include "codec/wellknown.h"

G_BEGIN_DECLS

/* Of %MICRO_WELL_KNOWN_NONE: %NULL. */
extern const MicroWellKnownParse micro_codec_well_known_parse[MICRO_WELL_KNOWN_N];

G_END_DECLS

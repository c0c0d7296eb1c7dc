/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The messages of google.protobuf that JSON writes in a way of their own.
 */
#pragma once

#include "codec/print.h"
#include "codec/wellknown.h"

G_BEGIN_DECLS

/* Of %MICRO_WELL_KNOWN_NONE: %NULL. */
extern const MicroWellKnownPrint micro_codec_well_known_print[MICRO_WELL_KNOWN_N];

G_END_DECLS

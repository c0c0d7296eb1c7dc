/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How deep a message may be nested, in bytes and in JSON.
 */
#pragma once

/* As protobuf's own implementations: what walks a message recurses. */
#define MICRO_CODEC_MAX_DEPTH 100

/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Read before every GTest program; tests.mk compiles it once for all of them.
 */

#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gio/gio.h>
#include <glib.h>

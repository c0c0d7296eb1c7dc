/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What gRPC C++'s interop programs want of its test library: nothing but this is of use here.
 */
#include "test/core/util/test_config.h"

namespace grpc
{
namespace testing
{
TestEnvironment::TestEnvironment (int *, char **) {}
TestEnvironment::~TestEnvironment () {}
} // namespace testing
} // namespace grpc

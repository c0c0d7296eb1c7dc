#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# clang-format has nothing to change.
. "$(dirname "$0")/functions.sh"
requires clang-format
cd "$abs_top_srcdir"
find core plugins examples tests \( -name '*.[ch]' -o -name '*.cc' \) ! -path '*/grpc-c++/*' -print0 |
  xargs -0 clang-format --dry-run -Werror --style=file

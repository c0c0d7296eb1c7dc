#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# clang-format has nothing to change. Each version of it has an opinion of its own; this one's counts.
. "$(dirname "$0")/functions.sh"
requires clang-format
version=$(clang-format --version | grep -oE '[0-9]+' | head -n 1) || true
[[ $version == 14 ]] || skip "clang-format is version $version, not 14"
cd "$abs_top_srcdir"
find core plugins examples tests \( -name '*.[ch]' -o -name '*.cc' \) ! -path '*/grpc-c++/*' -print0 |
  xargs -0 clang-format --dry-run -Werror --style=file

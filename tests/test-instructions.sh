#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A unary call costs at most 10 % more instructions than tests/bench/instructions.txt says.
. "$(dirname "$0")/functions.sh"
# Not by exec, which would leave $work behind.
abs_top_builddir=$abs_top_builddir "$abs_top_srcdir/tests/bench/instructions" --check

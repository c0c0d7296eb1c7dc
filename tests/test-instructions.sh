#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A unary call costs at most 10 % more instructions than tests/bench/instructions.txt says.
. "$(dirname "$0")/functions.sh"
abs_top_builddir=$abs_top_builddir exec "$abs_top_srcdir/tests/bench/instructions" --check

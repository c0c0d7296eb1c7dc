#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each fuzzer takes every input of its corpus, where what was found once is kept.
. "$(dirname "$0")/functions.sh"
ran=0
for folder in "$abs_top_srcdir"/tests/fuzz/corpus/*/; do
  name=$(basename "$folder")
  "$abs_top_builddir/tests/fuzz/$name" "$folder" >"$work/$name.log" 2>&1 ||
    fail "$name: $(tail -n 30 "$work/$name.log")"
  ran=$((ran + 1))
done
((ran > 0)) || fail 'there is no corpus'

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What threads read without a lock, under ThreadSanitizer.  GLib itself is not made for that, so it is
# this one file and its test, not the whole.
. "${abs_top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
read -ra cc < <(setting CC)
read -ra cxx < <(setting CXX)
requires "${cc[0]}" "${cxx[0]}" pkg-config
pkg-config --exists gtest_main || skip "GTest is not installed"

read -ra flags < <(pkg-config --cflags glib-2.0 gtest_main)
read -ra libraries < <(pkg-config --libs gtest_main glib-2.0)
flags+=(-fsanitize=thread -g -I"$abs_top_builddir" -I"$abs_top_srcdir/core")
echo 'int main (void) { return 0; }' >"$work/none.c"
"${cc[@]}" -fsanitize=thread "$work/none.c" -o "$work/none" >"$work/log" 2>&1 && "$work/none" >"$work/log" 2>&1 ||
  skip "ThreadSanitizer cannot run here: $(tail -n 1 "$work/log")"
"${cc[@]}" "${flags[@]}" -O1 -std=gnu11 -c "$abs_top_srcdir/core/client/published.c" -o "$work/published.o"
"${cxx[@]}" "${flags[@]}" -std=c++17 "$abs_top_srcdir/tests/core/test-published.cc" "$work/published.o" \
  "${libraries[@]}" -o "$work/test"
TSAN_OPTIONS=halt_on_error=1 "$work/test" >"$work/log" 2>&1 && exit
cat "$work/log"
# Where a kernel puts programs at random, it may suit one and not the next.
! grep 'FATAL: ThreadSanitizer:.*memory' "$work/log" || skip "ThreadSanitizer cannot run here"
fail "ThreadSanitizer has found something"

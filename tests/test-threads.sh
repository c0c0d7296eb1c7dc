#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What threads read without a lock, under ThreadSanitizer.  GLib itself is not made for that, so it is
# this one file and its test, not the whole.
. "${abs_top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
requires c++ cc pkg-config
pkg-config --exists gtest_main || skip "GTest is not installed"

read -ra flags < <(pkg-config --cflags glib-2.0 gtest_main)
read -ra libraries < <(pkg-config --libs gtest_main glib-2.0)
flags+=(-fsanitize=thread -g -O1 -I"$abs_top_builddir" -I"$abs_top_srcdir/core")
echo 'int main (void) { return 0; }' >"$work/none.c"
cc -fsanitize=thread "$work/none.c" -o "$work/none" 2>/dev/null && "$work/none" ||
  skip "no ThreadSanitizer here"
cc "${flags[@]}" -std=gnu11 -c "$abs_top_srcdir/core/micro/micro-published.c" -o "$work/published.o"
c++ "${flags[@]}" -std=c++17 "$abs_top_srcdir/tests/core/test-published.cc" "$work/published.o" \
  "${libraries[@]}" -o "$work/test"
TSAN_OPTIONS=halt_on_error=1 "$work/test" || fail "ThreadSanitizer has found something"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles by itself, as C and as C++, without a warning.
. "$(dirname "$0")/functions.sh"
read -ra cc < <(setting CC)
read -ra cxx < <(setting CXX)
requires pkg-config "${cc[0]}" "${cxx[0]}"
read -ra flags < <(pkg-config --cflags gio-2.0)
flags+=(-Wall -Wextra -Werror -Wno-unused-parameter -I"$abs_top_srcdir/core" -I"$abs_top_builddir/core")

# each COMPILER…: with every one of the headers, as many at a time as there are cores.
each ()
{
  printf 'micro/%s\n' "${headers[@]}" |
    xargs -P "$(nproc)" -I HEADER "$@" "${flags[@]}" -fsyntax-only -include HEADER /dev/null ||
    fail "${*: -1}: of the headers that are named above"
}
headers=()
for header in "$abs_top_srcdir"/core/micro/*.h "$abs_top_builddir"/core/micro/micro-version.h; do
  headers+=("${header##*/}")
done
each "${cc[@]}" -std=c11 -x c
# What a header has forgotten to include is found by now: GLib, which takes most of the time, is read once.
echo '#include <gio/gio.h>' >"$work/gio.h"
"${cxx[@]}" -std=c++17 "${flags[@]}" -x c++-header "$work/gio.h" -o "$work/gio.h.gch" || fail 'no GLib in C++'
each "${cxx[@]}" -std=c++17 -include "$work/gio.h" -x c++

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles by itself, as C and as C++, without a warning.
. "$(dirname "$0")/functions.sh"
requires pkg-config gcc g++
flags="-fsyntax-only -Wall -Wextra -Werror -Wno-unused-parameter $(pkg-config --cflags gio-2.0)"

for header in "$abs_top_srcdir"/core/micro/*.h "$abs_top_builddir"/core/micro/micro-version.h; do
  name=micro/${header##*/}
  [[ $name == *-private.h ]] && continue
  for language in c c++; do
    case $language in c) compiler='gcc -std=c11' ;; c++) compiler='g++ -std=c++17' ;; esac
    echo "#include <$name>" |
      $compiler $flags -I"$abs_top_srcdir/core" -I"$abs_top_builddir/core" -x $language - ||
      fail "<$name> does not compile as $language"
  done
done

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The README is true: its program compiles, its transcript is what micro prints, its links lead on.
. "$(dirname "$0")/functions.sh"
requires pkg-config
readme=$abs_top_srcdir/README.md
read -ra cc < <(setting CC)

# The blocks of a language.
{ echo '#include "greeter.micro.h"'; sed -n '/^```c$/,/^```$/p' "$readme" | grep -v '^```'; } >"$work/service.c"
"${cc[@]}" -fsyntax-only -Wall -Werror "$work/service.c" -I"$abs_top_builddir/proto" \
  -I"$abs_top_srcdir/core" -I"$abs_top_builddir/core" $(pkg-config --cflags gio-2.0 libprotobuf-c) ||
  fail 'the program of the README does not compile'

serves "$work/log" "$abs_top_builddir/examples/greeter/greeter-service"
sed -n '/^\$ micro/,/^```/p' "$readme" | grep -v '^```' >"$work/wanted"
grep -q '^\$ micro call' "$work/wanted" || fail 'the README has no transcript'
while IFS= read -r line; do
  [[ $line == '$ micro '* ]] || continue
  printf '%s\n' "$line"
  eval "${line#\$ }" 2>&1 </dev/null | sed "s|$XDG_RUNTIME_DIR|/run/user/1000|" || true
done <"$work/wanted" >"$work/printed"
diff "$work/wanted" "$work/printed" || fail 'micro prints (>) something else than the README shows (<)'

for link in $(grep -oE '\]\([^)#:]+\)' "$readme" | tr -d '])('); do
  [[ -e $abs_top_srcdir/$link ]] || fail "the README links to $link, which is not there"
done

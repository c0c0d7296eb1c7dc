#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What micro-plugin(3) shows of the example plugin and of its builds is what they say.
. "$(dirname "$0")/functions.sh"
page=$abs_top_srcdir/core/docs/micro-plugin.pod
example=$abs_top_srcdir/examples/plugin

# The C lines of the walk, blanks aside, in the order of the file.
squeeze () { sed 's/^[[:space:]]*//; s/[[:space:]]*$//' "$@" | grep .; }
squeeze "$example/last-selector.c" >"$work/code"
sed -n '/^=head2 The example/,/^=head2 Building/p' "$page" | grep '^ ' | squeeze >"$work/shown"
(($(wc -l <"$work/shown") > 10)) || fail 'the page shows less than ten lines of the example'
at=1
while IFS= read -r line; do
  next=$(tail -n "+$at" "$work/code" | grep -nxF -- "$line" | sed '1!d; s/:.*//') || true
  [[ -n $next ]] || fail "last-selector.c does not say, or not there: $line"
  at=$((at + next))
done <"$work/shown"

# Everything else that the page names exists.
for name in plain.mk configure.ac; do [[ -e $example/$name ]] || fail "no examples/plugin/$name"; done
grep -q '^PC = micro-1$' "$example/plain.mk" || fail 'plain.mk knows no PC'
for word in plugindir plugin_abi; do
  for pc in micro-1 micro-1-uninstalled; do
    grep -q "^$word=." "$abs_top_builddir/core/$pc.pc" || fail "$pc.pc has no $word"
  done
done
abi=$(sed -n 's/^plugin_abi=//p' "$abs_top_builddir/core/micro-1.pc")
expect 0 "plugin ABI +${abi/./\\.}" micro version
if command -v podchecker >/dev/null; then podchecker -warnings "$page" || fail "$page"; fi

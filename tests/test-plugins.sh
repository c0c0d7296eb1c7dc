#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What micro plugins says of files that do load: by which name they are found, and where that is from.
. "$(dirname "$0")/functions.sh"

zoo=$abs_top_builddir/tests/zoo/.libs
test -e "$zoo/misfiled-registry.so" || skip 'built without plugin files (--disable-modules)'
built=$abs_top_builddir/plugins/.libs
mkdir "$work/files"
MICRO_PLUGIN_PATH=$zoo micro plugins >"$work/list"

# What is in a file of the wrong name cannot be chosen by it.
grep -Eq "^misfiled-registry +selector .* misfiled: is a selector, not a registry; call it misfiled-selector.so, or say --selector=$zoo/misfiled-registry.so$" \
  "$work/list" || fail "micro plugins: misfiled-registry: $(cat "$work/list")"
grep -Eq '^other-twin +selector .* one of two; calls itself “twin”$' "$work/list" || fail 'other-twin'

# One name, one row: that of the plugin which is found by it.
cp "$built"/roundrobin-selector.so "$zoo"/twin-selector.so "$work/files"
MICRO_PLUGIN_PATH=$work/files:$built:$work/files:$zoo micro plugins >"$work/list"
for name in roundrobin twin; do
  (($(grep -c "^$name " "$work/list") == 1)) || fail "$name is listed twice: $(cat "$work/list")"
done
grep -Eq "^twin .* $work/files/twin-selector.so .*; hides $zoo/twin-selector.so$" "$work/list" ||
  fail "twin: $(cat "$work/list")"
if grep -Eq '^roundrobin .*\(linked in\)' "$work/list"; then
  hidden="$work/files/roundrobin-selector.so, $built/roundrobin-selector.so"
else
  hidden=$built/roundrobin-selector.so
fi
grep -q "^roundrobin .*; hides $hidden$" "$work/list" || fail "roundrobin: $(cat "$work/list")"

# The name of a plugin of another kind.
expect 2 'no registry named “random”: .*; “random” is a selector: use it with --selector$' \
  micro --registry=random list

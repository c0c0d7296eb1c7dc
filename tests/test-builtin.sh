#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Plugins that are linked in: which, the same as from files, and what configure refuses.
. "$(dirname "$0")/functions.sh"
greeter=$abs_top_builddir/examples/greeter/greeter-service
linked_in=$(setting BUILTIN_PLUGINS)

# They are there without any plugin file.
export MICRO_PLUGIN_PATH=$work
micro plugins >"$work/list"
for plugin in $linked_in; do
  grep -Eq "^${plugin%-*} +${plugin##*-} .*\(linked in\)" "$work/list" ||
    fail "$plugin is not listed as linked in: $(cat "$work/list")"
done

# Without plugin files nothing else can be had, and that is said.
if ! grep -q "^#define MICRO_ENABLE_MODULES" "$abs_top_builddir/config.h"; then
  expect 2 '^greeter: no selector named “nosuch” is compiled in \(have: [a-z0-9, -]*roundrobin' \
    "$greeter" --selector=nosuch
  expect 1 'such.so: this micro was built without plugin files \(--disable-modules\)$' \
    "$greeter" --selector=/no/such.so
  expect 1 '--server-name=NAME' "$greeter" --selector=nosuch --help
fi

# What configure will not do.
refused ()
{
  local why=$1
  shift
  mkdir -p "$work/configure"
  (cd "$work/configure" && "$abs_top_srcdir/configure" "$@" >out 2>&1) && fail "configure takes $*"
  grep -qF -- "$why" <<<"$(tail -n 5 "$work/configure/out")" || fail "$*: $(tail -n 5 "$work/configure/out")"
}
refused 'there is no plugin “nosuch-selector”; there are:' --with-builtin-plugins=nosuch-selector
refused 'Add --disable-modules' --disable-shared --enable-static

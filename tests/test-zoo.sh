#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bad plugins: one clear sentence each, never a crash.
. "$(dirname "$0")/functions.sh"

zoo=$abs_top_builddir/tests/zoo/.libs
test -e "$zoo/future-selector.so" || skip 'built without plugin files (--disable-modules)'
built=$MICRO_PLUGIN_PATH
export MICRO_PLUGIN_PATH=$zoo:$work/files:$built
greeter=$abs_top_builddir/examples/greeter/greeter-service
bad () { expect 1 "^greeter: .*$2" "$greeter" "--$1"; }

bad selector=future 'future-selector.so: built for plugin ABI 1\.7, but this micro .* has 1\..*; rebuild the plugin or install a newer micro$'
bad selector=past 'past-selector.so: built for plugin ABI 0\.9, but this micro .* rebuild the plugin$'
bad selector=short 'short-selector.so: its description is 8 bytes'
bad selector=missing 'missing-selector.so: cannot be loaded: .*zoo_nowhere.*try ldd'
bad selector=noentry 'noentry-selector.so: is a library but not a micro plugin: .*micro_plugin_query'
bad selector=null 'null-selector.so: its micro_plugin_query gives nothing'
bad selector=foreign 'foreign-selector.so: its type GSimpleAction implements none of'
bad registry=misfiled 'misfiled-registry.so: is a selector, not a registry; use it with --selector'
bad selector="$zoo/no/such.so" 'such.so: cannot be opened: No such file'
bad selector=rundrobin 'no selector named “rundrobin”: looked for rundrobin-selector.so in .*did you mean “roundrobin”'
bad selector=zzzz 'no selector named “zzzz”.*“micro plugins” lists'
bad selector=Static 'is not the name of a selector'
bad broker=nobroker 'no broker named “nobroker”'

# Files that are no plugins at all; the first hit counts, also when it is bad.
mkdir -p "$work/files/folder-selector.so"
whole=$zoo/twin-selector.so
size=$(stat -c %s "$whole")
for part in 10 100 1000 $((size / 2)) $((size - 1)); do
  head -c "$part" "$whole" >"$work/files/cut-selector.so"
  bad selector=cut 'cut-selector.so: is (truncated|not a shared library)'
done
: >"$work/files/empty-selector.so"
echo 'not ELF' >"$work/files/text-selector.so"
head -c 20000 /dev/urandom >"$work/files/noise-selector.so"
mkfifo "$work/files/pipe-selector.so"
ln -s nowhere "$work/files/dangling-selector.so"
{ head -c 64 "$whole"; head -c 20000 /dev/zero; } >"$work/files/zeros-selector.so"
bad selector=folder 'is a directory'
bad selector=empty 'the file is empty'
bad selector=text 'is not a shared library'
bad selector=noise 'is not a shared library'
bad selector=pipe 'is not a regular file'
bad selector=dangling 'cannot be opened'
bad selector=zeros 'zeros-selector.so: '
cp "$whole" "$work/files/closed-selector.so"
chmod 0 "$work/files/closed-selector.so"
if ! test -r "$work/files/closed-selector.so"; then
  bad selector=closed 'Permission denied; check its mode'
fi

# Two files with a type of the same name.  GObject warns; that is not fatal outside the tests.
export MICRO_PLUGINS=twin-selector,$zoo/other-twin-selector.so
G_DEBUG= bad drain-delay=0 'MICRO_PLUGINS: .*other-twin-selector.so: its type could not be registered: .*ZooTwin'
export MICRO_PLUGINS=nosuch
bad drain-delay=0 'MICRO_PLUGINS: no plugin file nosuch.so in'
unset MICRO_PLUGINS

# Help is given all the same.
expect 1 '--server-name=NAME' "$greeter" --selector=future --help
expect 1 'plugin ABI 1\.7' "$greeter" --selector=future --help

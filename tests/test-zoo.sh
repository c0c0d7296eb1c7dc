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
unknown () { expect 2 "^greeter: .*$2" "$greeter" "--$1"; }

bad selector=future 'future-selector.so: built for plugin ABI 1\.7, but this micro .* has 1\..*; rebuild the plugin or install a newer micro$'
bad selector=past 'past-selector.so: built for plugin ABI 0\.9, but this micro .* rebuild the plugin$'
bad selector=short 'short-selector.so: its description is 8 bytes'
bad selector=missing 'missing-selector.so: cannot be loaded: .*zoo_nowhere.*try ldd'
bad selector=noentry 'noentry-selector.so: is a library but not a micro plugin: .*micro_plugin_query'
bad selector=null 'null-selector.so: its micro_plugin_query gives nothing'
bad selector=foreign 'foreign-selector.so: its type GSimpleAction implements none of'
bad transport=stale 'stale-transport.so: built for transport ABI [0-9]+, but this micro .* has [0-9]+; rebuild the plugin$'
bad transport=silent 'silent-transport.so: is a transport and does not say .*MICRO_TRANSPORT_DEFINE$'
bad registry=misfiled 'misfiled-registry.so: is a selector, not a registry; use it with --selector'
unknown selector="$zoo/no/such.so" 'such.so: cannot be opened: No such file'
unknown selector=rundrobin 'no selector named “rundrobin”: looked for rundrobin-selector.so in .*did you mean “roundrobin”'
unknown selector=zzzz 'no selector named “zzzz”.*“micro plugins” lists'
unknown selector=Static 'is not the name of a selector'
unknown broker=nobroker 'no broker named “nobroker”'

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
unknown selector=dangling 'cannot be opened'
bad selector=zeros 'zeros-selector.so: '
cp "$whole" "$work/files/closed-selector.so"
chmod 0 "$work/files/closed-selector.so"
closed='closed-selector.so: cannot be opened: Permission denied; check its mode and owner$'
if ! test -r "$work/files/closed-selector.so"; then
  bad selector=closed "$closed"
elif command -v setpriv >/dev/null; then # root reads everything
  chmod 711 "$work"
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
  if "${nobody[@]}" "$greeter" --version >/dev/null 2>&1; then
    expect 1 "^greeter: .*$closed" "${nobody[@]}" "$greeter" --selector="$work/files/closed-selector.so"
  fi
fi

# Two files with a type of the same name.  GObject warns; that is not fatal outside the tests.
export MICRO_PLUGINS=twin-selector,$zoo/other-twin-selector.so
G_DEBUG= bad drain-delay=0 'MICRO_PLUGINS: .*other-twin-selector.so: its type could not be registered: .*ZooTwin'
export MICRO_PLUGINS=nosuch
unknown drain-delay=0 'MICRO_PLUGINS: no plugin file nosuch.so in'
unset MICRO_PLUGINS

# One that crashes ends the program by that signal, but not without a sentence.  The sanitizers would
# have the signals for themselves.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_sigbus=0:handle_abort=0
ulimit -c 0
crash () { expect "$1" "$2: crashed while it was $3 \(signal [0-9]+\); rebuild" "${@:4}"; }
crash 139 "$zoo/crash-selector.so" loaded "$greeter" --selector=crash
crash 13[23] "$zoo/constructor-selector.so" loaded "$greeter" --selector=constructor
crash 139 "$zoo/wild-selector.so" loaded micro list --selector=wild
crash 139 "$zoo/late-selector.so" started micro list --selector=late
crash 139 "$zoo/crash-selector.so" loaded env MICRO_PLUGINS=crash-selector micro list

# The list shows them all, and why each does not load; one that crashes takes only its child along.
micro plugins >"$work/list"
for row in 'crash crashed while it was loaded \(signal 11, SIGSEGV\)$' \
  'wild crashed while' 'late crashed while' 'constructor crashed while it was loaded \(signal [0-9]+, SIG' 'leaving ended the process that looked at it$' \
  'future .*plugin ABI 1\.7' 'past .*plugin ABI 0\.9' \
  'short .*8 bytes' 'missing .*zoo_nowhere' 'noentry .*micro_plugin_query' 'foreign its type .*none of' \
  'cut is truncated' 'folder is a directory' 'text is not a shared library' 'pipe is not a regular'; do
  grep -Eq "^${row%% *}-selector .*does not load: ${row#* }" "$work/list" ||
    fail "micro plugins: no “$row” in: $(cat "$work/list")"
done

# A selector that does not listen is not asked for ever.
serves "$work/served" "$greeter" --server-address=127.0.0.1:0
for command in 'call greeter Hello' 'stream greeter Chat'; do
  expect 78 UNAVAILABLE micro --selector=stubborn $command name=x
done

# Help is given all the same.
expect 1 '--server-name=NAME' "$greeter" --selector=future --help
expect 1 'plugin ABI 1\.7' "$greeter" --selector=future --help

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The plugin author's path: the example, built against the toolkit as it was compiled. Against the installed
# one: tests/installcheck.sh.
. "$(dirname "$0")/functions.sh"

example=$abs_top_srcdir/examples/plugin
requires pkg-config make nm
test -e "$abs_top_builddir/plugins/.libs/roundrobin-selector.so" ||
  skip 'built without plugin files (--disable-modules)'
# A sanitizer of the library must be one of the plugin too; CC may say more than the compiler.
cc=$(setting CC)
flags=$(setting SANITIZER_CFLAGS)

# chosen BUILD: by name, by path, by MICRO_PLUGINS; and it does choose the last one.
chosen ()
{
  local so=$1/last-selector.so
  test "$(nm -D --defined-only "$so" | grep -v __asan | grep -vc ' _')" = 1 || fail "$(nm -D "$so")"
  MICRO_PLUGIN_PATH=$1 expect 0 'Hello x' micro --selector=last call greeter Say.Hello name=x
  expect 0 'Hello x' micro --selector="$so" call greeter Say.Hello name=x
  MICRO_PLUGINS=$so expect 0 'Hello x' micro --selector=last call greeter Say.Hello name=x
  MICRO_PLUGIN_PATH=$1 expect 0 'last +selector|selector +last' micro plugins
}

serves "$work/log" "$abs_top_builddir/examples/greeter/greeter-service"

# Uninstalled, as a path with a space in it must do too.
mkdir -p "$work/un installed"
(cd "$work/un installed" &&
  PKG_CONFIG_PATH=$abs_top_builddir/core make -f "$example/plain.mk" PC=micro-1-uninstalled \
    CC="$cc" CFLAGS="-O1 -Wall -Werror $flags") >"$work/make.log" 2>&1 ||
  fail "uninstalled: $(cat "$work/make.log")"
chosen "$work/un installed"

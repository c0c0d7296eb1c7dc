#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make installcheck: what a user and a plugin author do with the installed toolkit.
# The installation's directories come in the environment.
. "$(dirname "$0")/functions.sh"
: "${bindir:?run me with make installcheck}" "${libdir:?}" "${pkgconfigdir:?}" "${pluginexecdir:?}" "${mandir:?}"
requires pkg-config protoc protoc-gen-c
PATH=$bindir:$PATH
export LD_LIBRARY_PATH=$libdir PKG_CONFIG_PATH=$pkgconfigdir
unset MICRO_PLUGIN_PATH
read -ra cc < <(sed -n 's/^CC = //p' "$abs_top_builddir/Makefile")

# What micro-1.pc says.
variable () { pkg-config --variable="$1" micro-1; }
[[ $(variable plugindir) == "$pluginexecdir" ]] || fail "plugindir is $(variable plugindir)"
abi=$(variable plugin_abi)
grep -q "^#define MICRO_PLUGIN_ABI_MAJOR ${abi%.*}$" "$(variable includedir)/micro-1/micro/micro-plugin.h" &&
  grep -q "^#define MICRO_PLUGIN_ABI_MINOR ${abi#*.}$" "$(variable includedir)/micro-1/micro/micro-plugin.h" ||
  fail "plugin_abi is “$abi”"
[[ -x $(variable protoc_gen_micro) ]] || fail "protoc_gen_micro is $(variable protoc_gen_micro)"

# The tool, its plugins, its manual.
expect 0 "static +selector .* $pluginexecdir/static-selector\.so " micro plugins
for page in man1/protoc-gen-micro.1 man3/micro-library.3 man3/micro-plugin.3 man7/static-selector.7; do
  [[ -s $mandir/$page ]] || fail "no manual page $page"
done
if compgen -G "$pluginexecdir/*.la" >/dev/null; then fail 'a .la among the plugins'; fi

# A service, by the two commands of a user.
mkdir "$work/greeter"
cd "$work/greeter"
protoc --micro_out=. -I"$abs_top_srcdir/proto" greeter.proto
"${cc[@]}" -O1 -Wall -Werror -o greeter "$abs_top_srcdir"/examples/greeter/greeter-s*.c -I. ./*.c \
  $(pkg-config --cflags --libs micro-1)
background "$work/log" ./greeter
wait_for 10 listed greeter || fail "not listed: $(cat "$work/log")"
expect 0 'Hello John' micro call greeter Say.Hello name=John

# The example plugin with autotools, installed to where micro looks by itself.
if command -v autoreconf >/dev/null && [[ -w $pluginexecdir ]]; then
  cp -r "$abs_top_srcdir/examples/plugin" "$work/plugin"
  chmod -R u+w "$work/plugin"
  cd "$work/plugin"
  { autoreconf -fi && ./configure && make && make install; } >"$work/plugin.log" 2>&1 ||
    fail "examples/plugin: $(tail -20 "$work/plugin.log")"
  status=0
  (expect 0 'Hello Jane' micro --selector=last call greeter Say.Hello name=Jane) || status=1
  (expect 0 "last +selector +1\.0 .* $pluginexecdir/last-selector\.so " micro plugins) || status=1
  make uninstall >>"$work/plugin.log" 2>&1
  ((status == 0)) || exit 1
  [[ ! -e $pluginexecdir/last-selector.so ]] || fail 'make uninstall leaves the plugin'
fi

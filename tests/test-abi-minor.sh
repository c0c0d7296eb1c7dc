#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A plugin that was built before a minor change works after it. The library is built as the next minor version of
# it would be, with a reserved slot of MicroPluginInfo and one of MicroSelectorInterface taken, and loads plugins
# made with the headers as they are. The other way round, a plugin is refused, with a sentence.
. "$(dirname "$0")/functions.sh"
requires pkg-config
core=$abs_top_builddir/core
test -e "$abs_top_builddir/plugins/.libs/random-selector.so" || skip 'built without plugin files (--disable-modules)'
test -e "$core/.libs/libmicro-1.so" || skip 'libmicro-1 is not a shared library in this build'
next=$work/next
read -ra cc < <(setting CC)
read -ra sanitizers < <(setting SANITIZER_CFLAGS)
read -ra micro < <(PKG_CONFIG_PATH=$core pkg-config --cflags --libs micro-1-uninstalled gmodule-2.0)
cc+=(-O0 -w -fPIC "${sanitizers[@]}")

abi () { sed -n "s/^#define MICRO_PLUGIN_ABI_$1 //p" "$abs_top_srcdir/core/micro/micro-plugin.h"; }
major=$(abi MAJOR)
minor=$(abi MINOR)

# take FILE MEMBER: a member in place of the first reserved slot.
take ()
{
  awk -v member="$2" '
    match ($0, /gpointer reserved\[[0-9]+\];/) {
      print "  " member ";"
      left = substr ($0, RSTART + 18) - 1
      $0 = left > 0 ? "  gpointer reserved[" left "];" : ""
      taken++
    }
    { print }
    END { exit taken != 1 }' "$abs_top_srcdir/core/micro/$1" >"$next/micro/$1" || fail "$1 has not one reserve"
}
mkdir -p "$next/micro" "$next/iface" "$work/major/micro"
take micro-plugin.h 'const char *homepage'
take micro-selector.h 'int (*weigh) (MicroSelector *self, MicroNode *node)'
sed -i "s/ABI_MINOR $minor$/ABI_MINOR $((minor + 1))/" "$next/micro/micro-plugin.h"
sed -i 's/^G_END_DECLS/MICRO_API int micro_selector_weigh (MicroSelector *self, MicroNode *node);\n&/' \
  "$next/micro/micro-selector.h"
cat "$abs_top_srcdir/core/iface/selector.c" - >"$next/iface/selector.c" <<'C'

int
micro_selector_weigh (MicroSelector *self, MicroNode *node)
{
  MicroSelectorInterface *iface = MICRO_SELECTOR_GET_IFACE (self);

  return iface->weigh != NULL ? iface->weigh (self, node) : -1;
}
C
sed "s/ABI_MAJOR $major$/ABI_MAJOR $((major + 1))/" "$abs_top_srcdir/core/micro/micro-plugin.h" \
  >"$work/major/micro/micro-plugin.h"

# The next library: what looks into the two structs made anew, the rest out of this build.
(cd "$next" && "${cc[@]}" -c -fvisibility=hidden -DG_LOG_DOMAIN='"micro"' -DMICRO_PLUGIN_DIR='"/nowhere"' \
  -I"$next" -I"$abs_top_builddir" "${micro[@]}" \
  "$abs_top_srcdir"/core/plugin/{file,kind,options,plugin}.c iface/selector.c)
sed 's/^/-Wl,-u,/' "$abs_top_srcdir/tests/symbols.txt" >"$work/symbols"
read -ra libs < <(sed -n "s/^dependency_libs='\(.*\)'$/\1/p" "$core/libmicro-core.la")
"${cc[@]}" -shared -Wl,-soname,libmicro-1.so.0 -Wl,-z,defs "$next"/*.o @"$work/symbols" "$core/.libs/libmicro-core.a" \
  "${libs[@]}" -o "$next/libmicro-1.so.0"
"${cc[@]}" -I"$next" "$abs_top_srcdir/tests/abi-minor.c" "$next/libmicro-1.so.0" "${micro[@]}" -o "$work/program"

# selector DIRECTORY SOURCE: to DIRECTORY/last-selector.so, with the headers of DIRECTORY before the others.
selector () { "${cc[@]}" -shared -fvisibility=hidden -I"$1" "$2" "${micro[@]}" -o "$1/last-selector.so"; }
example=$abs_top_srcdir/examples/plugin/last-selector.c
mkdir "$work/old"
selector "$work/old" "$example"
selector "$work/major" "$example"
sed '0,/^static MicroNode/s//static int\nweigh (MicroSelector *self, MicroNode *node)\n{\n  return 7;\n}\n&/
  s/^  iface->select = .*/&\n  iface->weigh = weigh;/; s/\.license/.homepage = "here", &/' \
  "$example" >"$next/last-selector.c"
selector "$next" "$next/last-selector.c"

new () { LD_LIBRARY_PATH=$next expect "$@"; }
new 0 "^last $major\.$minor of nowhere: chose greeter-1, which weighs -1$" "$work/program" "$work/old/last-selector.so"
new 0 "^random $major\.$minor of nowhere: chose greeter-1, which weighs -1$" "$work/program" \
  "$abs_top_builddir/plugins/.libs/random-selector.so"
new 0 "^last $major\.$((minor + 1)) of here: chose greeter-1, which weighs 7$" "$work/program" "$next/last-selector.so"
new 1 "built for plugin ABI $((major + 1))\.$minor, but this .* has $major\.$((minor + 1)); rebuild" "$work/program" \
  "$work/major/last-selector.so"

# So does a program that was built before, and this library takes no plugin that is ahead of it.
serves "$work/log" "$abs_top_builddir/examples/greeter/greeter-service"
new 0 'Hello x' "$abs_top_builddir/.libs/micro" --selector="$work/old/last-selector.so" call greeter Say.Hello name=x
new 0 'Hello x' "$abs_top_builddir/.libs/micro" --selector="$next/last-selector.so" call greeter Say.Hello name=x
expect 2 "built for plugin ABI $major\.$((minor + 1)), but this .* has $major\.$minor; .* or install a newer micro$" \
  micro --selector="$next/last-selector.so" call greeter Say.Hello name=x

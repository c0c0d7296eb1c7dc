#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A plugin exports micro_plugin_query alone, libmicro-1 the names in tests/symbols.txt alone.
# A name taken away is an ABI break; add new ones with: tests/test-symbols.sh --update
. "$(dirname "$0")/functions.sh"
requires nm
cd "$abs_top_builddir"
[[ -e core/.libs/libmicro-1.so ]] || skip 'libmicro-1 is not a shared library in this build'

exported () { nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | grep -v '^_\(init\|fini\)$'; }

shopt -s nullglob
for plugin in plugins/.libs/*.so; do
  names=$(exported "$plugin")
  [[ $names == micro_plugin_query ]] || fail "$plugin exports:" $names
done

if grep -q 'fsanitize' Makefile && grep -q '^SANITIZER_CFLAGS = *[^ ]' Makefile; then
  skip 'the sanitizers add symbols of their own'
fi
exported core/.libs/libmicro-1.so | LC_ALL=C sort >"$work/now"
others=$(grep -v '^micro_' "$work/now" || true)
[[ -z $others ]] || fail 'libmicro-1 exports what does not begin with micro_:' $others
# Debian's file says since which version each is there.
debian=$abs_top_srcdir/packaging/debian/libmicro-1-0.symbols
if [[ ${1:-} == --update ]]; then
  cp "$work/now" "$abs_top_srcdir/tests/symbols.txt"
  version=$(sed -n 's/^PACKAGE_VERSION = //p' Makefile)
  awk -v version="$version" 'NR == FNR { if (!/^ /) print; else since[$1] = $2; next }
    { name = $1 "@Base"; print " " name, name in since ? since[name] : version }' \
    "$debian" "$work/now" >"$work/debian"
  cp "$work/debian" "$debian"
fi
diff -u "$abs_top_srcdir/tests/symbols.txt" "$work/now" ||
  fail 'the exported symbols have changed; if meant so: tests/test-symbols.sh --update'
diff -u <(sed -n 's/^ \(.*\)@Base .*/\1/p' "$debian") "$work/now" ||
  fail "$debian has others; take them with: tests/test-symbols.sh --update"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What programs and plugins are compiled against is that of tests/abi.txt: of each public struct its size, and
# its members' offsets and sizes, of a bit-field in bits; of each enum its size and values. What the public
# headers declare is what is exported: the names in tests/symbols.txt, which test-symbols.sh holds to the library.
# After a change that is meant: MICRO_PLUGIN_ABI_* if it was released, then tests/test-abi.sh --update
. "$(dirname "$0")/functions.sh"
requires pkg-config
read -ra cc < <(setting CC)
read -ra flags < <(pkg-config --cflags gio-2.0)

# declared DIRECTORY: what the headers in DIRECTORY/micro declare, to $work/all.
declared ()
{
  local plain=(-DMICRO_API= '-D__attribute__(x)=' -D__extension__=)
  find=(-I"$1" -I"$abs_top_builddir/core" "${flags[@]}")
  (cd "$1/micro" && printf '#include <micro/%s>\n' micro-version.h *.h) >"$work/headers.h"
  "${cc[@]}" -E "${plain[@]}" "${find[@]}" -x c "$work/headers.h" >"$work/all.i" &&
    awk -f "$abs_top_srcdir/tests/abi.awk" "$work/all.i" >"$work/all"
}

# layout: of what declared() has found, to $work/now.
layout ()
{
  grep -v '^SYMBOL ' "$work/all" >"$work/declared.h"
  "${cc[@]}" -w -I"$work" "${find[@]}" "$abs_top_srcdir/tests/abi.c" -o "$work/abi" ||
    fail 'a public header has what tests/abi.awk does not understand'
  "$work/abi" >"$work/lines" || skip 'the layout is written down for machines of 64 bits, the low byte first'
  LC_ALL=C sort -s -t $'\t' -k 1,1 "$work/lines" | cut -f 2- >"$work/now"
}

# unmet: of the same, what is not exported, and what is exported besides. micro_plugin_query is each plugin's.
unmet ()
{
  sed -n 's/^SYMBOL (\(.*\), \(.*\))$/\1 \2/p' "$work/all" | awk '
    NR == FNR { exported[$1]; next }
    !($1 in exported) && $1 != "micro_plugin_query" { print $1 ", which " $2 " declares, is not exported" }
    { declared[$1] }
    END { for (name in exported) if (!(name in declared)) print name " is exported, and no public header declares it" }
  ' "$abs_top_srcdir/tests/symbols.txt" - | LC_ALL=C sort
}

declared "$abs_top_srcdir/core" || fail 'a public header has what tests/abi.awk does not understand'
layout
version=$(sed -n 's/^#define MICRO_PLUGIN_ABI_M[A-Z]*OR //p' "$abs_top_srcdir/core/micro/micro-plugin.h" | paste -sd .)
transport=$(sed -n 's/^#define MICRO_TRANSPORT_ABI //p' "$abs_top_srcdir/core/micro/micro-transport.h")
sed -i "1i plugin ABI $version, transport ABI $transport" "$work/now"
for kind in Registry Selector Transport Health Broker; do
  grep -q "^Micro${kind}Interface\.reserved " "$work/now" || fail "Micro${kind}Interface has no reserve"
done
if [[ ${1:-} == --update ]]; then
  cp "$work/now" "$abs_top_srcdir/tests/abi.txt"
fi
diff -u "$abs_top_srcdir/tests/abi.txt" "$work/now" ||
  fail 'the layout of a struct or an enum has changed; if meant so: tests/test-abi.sh --update'
[[ -z $(unmet) ]] || fail "$(unmet)
Define what is declared, declare in core/micro what is exported, then: tests/test-symbols.sh --update"

# It finds what is wrong: one more member, a function that nobody defines, one of no header, a struct of a new form.
planted=$work/planted/micro
mkdir -p "$planted"
cp "$abs_top_srcdir"/core/micro/*.h "$planted"
chmod u+w "$planted"/*
sed -i 's/^  GType (\*get_type) (void);/  guint flags;\n&/' "$planted/micro-plugin.h"
sed -i '/micro_duration_parse/d; s/^G_END_DECLS/MICRO_API\nint\nmicro_planted (void (*done) (int));\n&/' \
  "$planted/micro-duration.h"
declared "$work/planted" || fail 'the copied headers are not understood'
layout
grep -qx 'MicroPluginInfo.get_type 48 8' "$work/now" || fail 'a planted member was not found'
[[ $(unmet) == 'micro_duration_parse is exported, and no public header declares it
micro_planted, which micro-duration.h declares, is not exported' ]] || fail "two planted functions: $(unmet)"
for body in 'int a; union { int b; };' '' 'int a : 3, :2;' 'int (*a)[3];'; do
  echo "struct _MicroPlanted { $body };" >"$planted/micro-duration.h"
  ! declared "$work/planted" 2>"$work/log" || fail "a planted struct was passed over: { $body }"
  grep -q '^micro-duration.h: is not understood: .*MicroPlanted' "$work/log" || fail "$(cat "$work/log")"
done

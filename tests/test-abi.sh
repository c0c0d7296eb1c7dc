#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The layout of every vtable that plugins are compiled against is that of tests/abi.txt.
# After a change that is meant: MICRO_PLUGIN_ABI_* if it was released, then tests/test-abi.sh --update
. "$(dirname "$0")/functions.sh"
requires pkg-config
read -ra cc < <(setting CC)
read -ra flags < <(pkg-config --cflags gio-2.0 libprotobuf-c)

# Structs with a body, and their members, out of the public headers.
cat >"$work/members.awk" <<'END'
function last_word (text)
{
  if (match (text, /\(\*[a-z_0-9]+\)/)) # a function pointer
    return substr (text, RSTART + 2, RLENGTH - 3)
  sub (/[ \t]*\[.*\][ \t]*$/, "", text)
  sub (/.*[^A-Za-z_0-9]/, "", text)
  return text
}
function flush (i, count, members)
{
  if (name !~ /(Interface|Info|Ops|Events|Funcs|Interceptor)$/)
    return
  print "S (" name ")"
  count = split (body, members, ";")
  for (i = 1; i < count; i++)
    print "M (" name ", " last_word(members[i]) ")"
}
/^#/ { next }
/^(typedef )?struct( _Micro[A-Za-z]+)?$/ {
  open = 1; body = ""
  name = /_/ ? last_word($0) : ""; sub (/^_/, "", name)
  next
}
open && /^}/ { sub (/}[ \t]*/, ""); sub (/;.*/, ""); if (name == "") name = $0; flush(); open = 0 }
open && !/^{/ { body = body " " $0 }
END
cd "$abs_top_srcdir/core/micro"
members=$(cat -- *.h | sed 's|//.*||' |
  sed ':a;N;$!ba;s|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' | awk -f "$work/members.awk")
{
  echo '#include <stdio.h>'
  echo '#include <micro/micro.h>'
  echo '#define S(T) printf ("%s %zu\n", #T, sizeof (T));'
  echo '#define M(T, m) printf ("%s.%s %zu\n", #T, #m, offsetof (T, m));'
  echo 'int main (void) {'
  echo '  printf ("plugin ABI %d.%d\n", MICRO_PLUGIN_ABI_MAJOR, MICRO_PLUGIN_ABI_MINOR);'
  echo "$members"
  echo '  return sizeof (void *) == 8 ? 0 : 77; }'
} >"$work/abi.c"
"${cc[@]}" "$work/abi.c" -o "$work/abi" -I"$abs_top_srcdir/core" -I"$abs_top_builddir/core" \
  "${flags[@]}" -w || fail 'a public header has a struct that this test does not understand'
"$work/abi" >"$work/now" || skip 'pointers are not of 64 bits'

for kind in Registry Selector Transport Health Broker; do
  grep -q "^Micro${kind}Interface\.reserved " "$work/now" || fail "Micro${kind}Interface has no reserve"
done
if [[ ${1:-} == --update ]]; then
  cp "$work/now" "$abs_top_srcdir/tests/abi.txt"
fi
diff -u "$abs_top_srcdir/tests/abi.txt" "$work/now" ||
  fail 'the layout of a vtable has changed; if meant so: tests/test-abi.sh --update'

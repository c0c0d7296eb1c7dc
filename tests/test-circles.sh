#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No source needs another that needs it back, by itself or through others: tsort finds an order of
# the objects of the core, of each plugin and of each program.
. "$(dirname "$0")/functions.sh"
shopt -s nullglob
bad=0

# check_objects DIRECTORY OBJECT…: prints the circles there are, and fails then.
check_objects ()
{
  local circles
  cd "$1"
  circles=$(nm -A "${@:2}" | awk '
    { file = $1; sub (/:.*/, "", file); sub (/.*\//, "", file) }
    $(NF - 1) == "U" { needs[file, $NF] }
    $(NF - 1) ~ /^[TDBRVWC]$/ { owner[$NF] = file }
    END {
      for (key in needs) {
        split (key, part, SUBSEP)
        if (part[2] in owner && owner[part[2]] != part[1]) print part[1], owner[part[2]]
      }
    }' | tsort 2>&1 >/dev/null) || true
  [[ -z $circles ]] || { echo "$(dirname "$2"):"; echo "$circles"; return 1; }
}

# check SOURCES PREFIX: the objects that the sources have become with this prefix, if there are any.
checked=0
check ()
{
  local source object objects=()
  for source in $1; do
    for object in "${source%/*}/"{,.libs/}"$2$(basename "$source" .c).o"; do
      [[ ! -f $abs_top_builddir/$object ]] || objects+=("$object")
    done
  done
  ((${#objects[@]} > 1)) || return 0
  checked=$((checked + 1))
  (check_objects "$abs_top_builddir" "${objects[@]}") || bad=1
}

cd "$abs_top_srcdir"
check 'core/*/*.c' libmicro_core_la-
check 'core/tool/*.c' ''
check 'core/health/*.c' micro_health-
check 'core/health/*.c' micro_probe-
check 'core/codegen/*.c' protoc_gen_micro-
for plugin in plugins/*/; do
  check "$plugin*.c" ''
done
((checked >= 3)) || fail "the objects of $checked programs and libraries only were found"

# It finds one.
echo 'int b (void); int a (void) { return b (); }' >"$work/a.c"
echo 'int a (void); int b (void) { return a (); }' >"$work/b.c"
"${CC:-cc}" -c "$work/a.c" -o "$work/a.o"
"${CC:-cc}" -c "$work/b.c" -o "$work/b.o"
! (check_objects "$work" ./a.o ./b.o) >/dev/null || fail "two that need each other were not noticed"
exit "$bad"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who may include what: tests, examples -> plugins -> core -> GLib, and core's rooms as core/rooms says.
. "$(dirname "$0")/functions.sh"
shopt -s nullglob extglob
bad=0
# However it is written: with blanks, or behind a comment.
include='^[[:space:]]*(/\*.*\*/)?[[:space:]]*#[[:space:]]*include'

# forbid WHY ALLOWED FILE…: every #include of the files matches the regex ALLOWED.
forbid ()
{
  local why=$1 allowed=$2
  shift 2
  local found
  found=$(grep -EHn "$include" "$@" /dev/null |
    grep -Ev "include[[:space:]]*($allowed)" || true)
  [[ -z $found ]] || { echo "$why:"; echo "$found"; bad=1; }
}

glib='<(gio|glib|gobject)/'
libc='<[a-z_0-9]+\.h>|<(sys|net|netinet|arpa|linux)/[a-z_0-9]+\.h>'
public='<micro/[a-z-]+\.h>'

# check_rooms DIRECTORY: each include from one room of DIRECTORY/core into another is allowed.
check_rooms ()
{
  cd "$1"
  local rooms=() folder found=0
  mapfile -t rooms < <(awk '!/^(#|room )/ { print $1 }' core/rooms)
  for folder in core/*/ core/*/*/; do
    case " micro services tool health codegen completion docs ${rooms[*]} " in
      *" $(basename "$folder") "*) [[ $folder == core/*/*/ ]] || continue ;;
    esac
    compgen -G "$folder*.[ch]" >/dev/null || continue
    echo "$folder is in no row of core/rooms"
    found=1
  done
  awk '
    FILENAME == "core/rooms" {
      if (/^#/ || $1 == "room") next
      room[$1] = 1
      for (i = split ($2, uses, ","); i > 0; i--) allowed[$1, uses[i]] = 1
      for (i = 3; i <= NF; i++) owner["micro/micro-" $i ".h"] = $1
      next
    }
    FNR == 1 {
      split (FILENAME, part, "/")
      from = part[2] != "micro" ? part[2] : owner["micro/" part[3]]
      if (from == "") { print FILENAME " is in no row of core/rooms"; bad = 1 }
    }
    !/^[[:space:]]*(\/\*.*\*\/)?[[:space:]]*#[[:space:]]*include[[:space:]]*["<]/ { next }
    {
      file = $0; sub (/^.*include[[:space:]]*["<]/, "", file); sub (/[">].*/, "", file)
      to = file; sub (/\/.*/, "", to)
      if (file ~ /^micro\//) to = owner[file]
      else if (file !~ /\// || (!/"/ && !(to in room))) next
      if (!(to in room)) { print FILENAME ":" FNR ": " file " is in no row of core/rooms"; bad = 1 }
      else if (to != from && !((from, to) in allowed)) {
        print FILENAME ":" FNR ": " from " may not use " to ": " file; bad = 1
      }
    }
    END { exit bad }
  ' core/rooms $(printf 'core/%s/*.[ch] ' "${rooms[@]}") core/micro/micro-*.h || found=1
  return $found
}
(check_rooms "$abs_top_srcdir") || bad=1

# It finds what is wrong: an arrow that points up, in a source and in a public header.
mkdir -p "$work/planted"
cp -r "$abs_top_srcdir/core" "$work/planted"
(check_rooms "$work/planted" >"$work/log") || { cat "$work/log"; bad=1; }
echo '#include "client/cache.h"' >>"$work/planted/core/loop/timer.c"
echo '#include <micro/micro-app.h>' >>"$work/planted/core/micro/micro-node.h"
echo '/* x */ # include <client/cache.h>' >>"$work/planted/core/base/quote.c"
mkdir "$work/planted/core/extra" "$work/planted/core/call/sub"
touch "$work/planted/core/extra/extra.c" "$work/planted/core/call/sub/sub.h"
! (check_rooms "$work/planted" >"$work/log") || fail 'nothing of what was planted was found'
for found in 'core/loop/timer.c:.*: loop may not use client' 'core/micro/micro-node.h:.*: record may not use app' \
  'core/base/quote.c:.*: base may not use client' 'core/extra/ is in no row' 'core/call/sub/ is in no row'; do
  grep -q "$found" "$work/log" || fail "not found: $found"
done

cd "$abs_top_srcdir"
forbid 'A public header includes GLib and public headers only' \
  '<(gio/gio|glib|glib-object)\.h>|<micro/[a-z-]+\.h>' core/micro/*.h
forbid 'The core includes its own headers, GLib, json-glib, protobuf-c' \
  "\"config\.h\"|\"[a-z]+/[a-z-]+\.h\"|$public|$glib|<glib(-unix|-object)?\.h>|<gmodule\.h>|<json-glib/|<protobuf-c/|$libc" \
  core/{base,loop,record,codec,iface,config,call,plugin,client,app}/*.[ch]
forbid 'The services of every server include four private headers, the public ones and their own .proto' \
  "\"config\.h\"|\"services\.h\"|\"(base/error|record/json|call/context|app/services)\.h\"|\"[a-z0-9/]+\.(micro|pb-c)\.h\"|$public|<json-glib/|$libc" \
  core/services/*.[ch]

# Others, but tests: never a room of the core, never another plugin's.
others=(plugins/*/!(test-*).[ch] core/health/*.[ch] core/tool/*.[ch] core/codegen/*.[ch] examples/*/*.[ch])
own="$(awk '!/^(#|room )/ { print $1 }' core/rooms; basename -a plugins/*/)"
found=$(grep -EHn "$include[[:space:]]*(\".*/|<($(paste -sd'|' <<<"$own"))/)" "${others[@]}" |
  grep -Ev '"(\.\./)?common/|\.pb-c\.h"' || true)
[[ -z $found ]] || { echo "These include what is not their business: $found"; bad=1; }
while IFS=: read -r file name; do
  case $name in
    config.h | *.micro.h | *.pb-c.h | *common/*) continue ;;
  esac
  [[ -e ${file%/*}/$name ]] || { echo "$file includes $name, which is not in its folder"; bad=1; }
done < <(grep -EHo "$include[[:space:]]*\".*\"" "${others[@]}" | sed 's/:[^"]*"\(.*\)"$/:\1/')
exit $bad

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who may include what: tests, examples -> plugins -> core/micro -> GLib; nothing points back.
. "$(dirname "$0")/functions.sh"
cd "$abs_top_srcdir"
bad=0

# forbid WHY ALLOWED FILE…: every #include of the files matches the regex ALLOWED.
forbid ()
{
  local why=$1 allowed=$2
  shift 2
  local found
  found=$(grep -EHn '^#[[:space:]]*include' "$@" /dev/null |
    grep -Ev "include[[:space:]]*($allowed)" || true)
  [[ -z $found ]] || { echo "$why:"; echo "$found"; bad=1; }
}
shopt -s nullglob extglob

glib='<(gio|glib|gobject)/'
libc='<[a-z_0-9]+\.h>|<(sys|net|netinet|arpa|linux)/[a-z_0-9]+\.h>'
public='<micro/[a-z-]+\.h>'

headers=(core/micro/*.h)
public_headers=() private_headers=()
for header in "${headers[@]}"; do
  case $header in
    *-private.h) private_headers+=("$header") ;;
    *) public_headers+=("$header") ;;
  esac
done
forbid 'A public header includes GLib and public headers only' \
  '<(gio/gio|glib|glib-object)\.h>|<micro/([a-z]+-)*([a-oq-z][a-z]*|p[a-qs-z][a-z]*)\.h>' \
  "${public_headers[@]}"
forbid 'The core includes its own headers, GLib, json-glib, protobuf-c' \
  "\"config\.h\"|$public|$glib|<glib(-unix|-object)?\.h>|<gmodule\.h>|<json-glib/|<protobuf-c/|$libc" \
  core/micro/*.c "${private_headers[@]}"

forbid 'The services of every server include the core, GLib and their own .proto' \
  "\"config\.h\"|\"services\.h\"|\"[a-z0-9/]+\.(micro|pb-c)\.h\"|$public|<json-glib/|$libc" core/services/*.[ch]

# Others, but tests: never a private header of the core, never another plugin's.
others=(plugins/*/!(test-*).[ch] core/health/*.[ch] core/tool/*.[ch] examples/*/*.[ch])
found=$(grep -EHn '^#[[:space:]]*include[[:space:]]*(<micro/[a-z-]+-private\.h>|".*/)' "${others[@]}" |
  grep -Ev '"(\.\./)?common/|\.pb-c\.h"' || true)
[[ -z $found ]] || { echo "These include what is not their business: $found"; bad=1; }
while IFS=: read -r file name; do
  case $name in
    config.h | *.micro.h | *.pb-c.h | *common/*) continue ;;
  esac
  [[ -e ${file%/*}/$name ]] || { echo "$file includes $name, which is not in its folder"; bad=1; }
done < <(grep -Ho '^#[[:space:]]*include[[:space:]]*".*"' "${others[@]}" | sed 's/:#.*"\(.*\)"$/:\1/')
if grep -Hn 'include.*\.\(pb-c\|micro\)\.h' core/micro/*.[ch]; then
  echo 'The core knows no .proto'
  bad=1
fi
exit $bad

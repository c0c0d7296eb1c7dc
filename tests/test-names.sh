#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No two files of a process have a static function of the same name: a breakpoint on it, a line of a
# profile and a stack say which is meant.
. "$(dirname "$0")/functions.sh"

# twins DIRECTORY: the names that two sources below it share, with their files.
twins ()
{
  cd "$1"
  find core plugins -name '*.c' ! -path 'core/codegen/*' -exec awk '
    /^[a-z_0-9]+ \(/ && type ~ /^static / && type !~ /[;={]$/ { print $1, FILENAME }
    { type = $0 }' {} + | sort -u |
    awk '$1 == name { print name ": " file " and " $2 } { name = $1; file = $2 }'
}
found=$(twins "$abs_top_srcdir")
[[ -z $found ]] || fail "these names are taken twice:
$found"

mkdir -p "$work/planted/core" "$work/planted/plugins"
printf 'static void\nflush (int self)\n{\n}\n' | tee "$work/planted/core/a.c" >"$work/planted/plugins/b.c"
[[ $(twins "$work/planted") == 'flush: core/a.c and plugins/b.c' ]] || fail 'a planted twin was not found'

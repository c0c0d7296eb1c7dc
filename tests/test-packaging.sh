#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is installed is in a package: each plugin, program and manual page.
. "$(dirname "$0")/functions.sh"
debian=$abs_top_srcdir/packaging/debian

# packaged FILE: one package of each kind takes it, by a name or by a pattern.
mapfile -t patterns < <(grep -hE '^usr/' "$debian"/*.install)
# taken FILE PATTERN…: by how many of them.
taken ()
{
  local pattern number=0
  for pattern in "${@:2}"; do
    # shellcheck disable=SC2053 # a pattern it is
    [[ $1 != $pattern && $1 != $pattern/* ]] || number=$((number + 1))
  done
  echo $number
}
packaged ()
{
  [[ $(taken "$1" "${patterns[@]}") == 1 ]] ||
    fail "$(taken "$1" "${patterns[@]}") Debian packages have $1, not one: see packaging/debian/*.install"
  [[ $(taken "$1" "${rpm_patterns[@]}") == 1 ]] ||
    fail "$(taken "$1" "${rpm_patterns[@]}") RPM packages have $1, not one: see packaging/rpm/micro.spec"
}
# The RPM packages take the same, and both have the version of the toolkit.
mapfile -t rpm_patterns < <(sed -n 's/^%{_libdir}\(.*\.so\)$/usr\/lib\/*\1/p; s/^%{_mandir}\(.*\)$/usr\/share\/man\1/p
  s/^%{_bindir}/usr\/bin/p' "$abs_top_srcdir/packaging/rpm/micro.spec")
version=$(sed -n 's/^PACKAGE_VERSION = //p' "$abs_top_builddir/Makefile")
grep -qx "Version: *$version" "$abs_top_srcdir/packaging/rpm/micro.spec" || fail "micro.spec is not of $version"
head -n 1 "$debian/changelog" | grep -qF "($version-" || fail "packaging/debian/changelog is not of $version"
for part in MAJOR MINOR; do
  number=$(sed -n "s/^#define MICRO_PLUGIN_ABI_$part //p" "$abs_top_srcdir/core/micro/micro-plugin.h")
  grep -qx "%global abi_${part,,} $number" "$abs_top_srcdir/packaging/rpm/micro.spec" ||
    fail "micro.spec has another abi_${part,,} than $number"
done

builtin=$(sed -n 's/^BUILTIN_PLUGINS = //p' "$abs_top_builddir/Makefile")
for plugin in $(sed -n 's/^MICRO_PLUGIN(\[\(.*\)\])$/\1/p' "$abs_top_srcdir/configure.ac"); do
  [[ " $builtin " == *" $plugin "* ]] || packaged "usr/lib/x/micro-1/plugins/$plugin.so"
  [[ ! -f $abs_top_srcdir/plugins/$plugin/$plugin.pod ]] || packaged "usr/share/man/man7/$plugin.7"
done
for page in "$abs_top_srcdir"/core/docs/*.pod; do
  section=1
  [[ $page != */micro-library.pod && $page != */micro-plugin.pod ]] || section=3
  packaged "usr/share/man/man$section/$(basename "$page" .pod).$section"
done
for program in $(sed -e ':a' -e '/\\$/{N;s/\\\n//;ba}' "$abs_top_builddir/Makefile" |
  sed -n 's/\$(EXEEXT)//g; s/^bin_PROGRAMS = //p'); do
  packaged "usr/bin/$(basename "$program")"
  programs=1
done
[[ -n ${programs:-} ]] || fail 'no programs in the Makefile'

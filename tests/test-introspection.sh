#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What other languages see of the library: each result has an owner, and from Python a program lists
# services, calls the greeter and brings a selector. Where configure was not asked for the .gir, it is
# made here.
. "$(dirname "$0")/functions.sh"
requires g-ir-scanner g-ir-compiler pkg-config make
build=$abs_top_builddir
[[ -e $build/core/.libs/libmicro-1.so ]] || skip 'built without a shared library'
[[ -z $(setting SANITIZER_CFLAGS) ]] || skip 'Python has no sanitizers'
pkg-config --exists gobject-introspection-1.0 || skip 'the .gir files of GLib are not installed'
for python in python3 /usr/bin/python3 ''; do
  [[ -n $python ]] || skip 'there is no python3 with PyGObject'
  ! "$python" -c 'import gi' 2>/dev/null || break
done

folder=$build/core
if [[ ! -e $folder/Micro-1.typelib ]]; then
  folder=$work/gir
  mkdir "$folder"
  make -C "$build" gir_folder="$folder" "$folder/Micro-1.typelib" >"$work/make.log" 2>&1 ||
    fail "g-ir-scanner: $(cat "$work/make.log")"
fi

# from_python FILE ARGUMENT…
from_python ()
{
  env GI_TYPELIB_PATH="$folder" LD_LIBRARY_PATH="$build/core/.libs" "$python" "$@"
}
serves "$work/greeter.log" "$build/examples/greeter/greeter-service"
# The two programs of the page.
sed -n '/^=head2 From Python/,/^=head2 Running/s/^ //p' "$abs_top_srcdir/core/docs/micro-library.pod" |
  awk -v folder="$work" '/^import .*sys$/ { n++ } { print >folder "/page" n ".py" }'
expect 0 '^greeter 1\.0\.0' from_python "$work/page1.py" --selector=first
expect 0 '^\{"msg":"Hello Ada"\}$' from_python "$work/page1.py" --selector=first
expect 0 '^ok$' from_python "$abs_top_srcdir/tests/introspection.py" "$folder/Micro-1.gir" --selector=python

expect 0 '^ok$' from_python "$abs_top_srcdir/tests/introspection-serve.py"
serves "$work/shouter.log" env GI_TYPELIB_PATH="$folder" LD_LIBRARY_PATH="$build/core/.libs" "$python" "$work/page2.py"
expect 0 '"msg": "ADA"' micro call shouter Shout name=Ada
ends "$pid" "$work/shouter.log"

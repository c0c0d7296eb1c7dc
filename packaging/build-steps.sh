# SPDX-License-Identifier: Apache-2.0
# Sourced by examples/greeter/run and tests/run: install packages, configure, compile.
# Sets root (the checkout), top (the same without a space in it), build and cache.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/micro
if [[ $cache == *[!A-Za-z0-9_./+-]* ]] || ! mkdir -p "$cache" 2>/dev/null; then
  cache=/var/tmp/micro-$UID
  mkdir -p -m 700 "$cache"
  [[ -O $cache ]] || { echo "$cache belongs to somebody else; set XDG_CACHE_HOME" >&2; exit 1; }
fi

# Neither configure nor libtool works in a path with a space or a shell character in it, but both
# are content with a symbolic link to it.
top=$root
if [[ $root == *[!A-Za-z0-9_./+@%~-]* ]]; then
  top=$cache/src-$(printf %s "$root" | sha256sum | cut -c1-16)
  ln -sfn "$root" "$top"
fi
build=$top/build
mkdir -p "$build"
log=$build/run.log
[[ ${MICRO_RUN_LOG:-} == "$log" ]] || : >"$log" # one log for a script and those it runs
export MICRO_RUN_LOG=$log

say () { printf '%s\n' "$*"; }

# step TEXT COMMAND…: one line with the time it took; when it fails, the log's lines that speak of
# errors, and its end.
step ()
{
  local text=$1 start=$EPOCHREALTIME status=0 from
  from=$(stat -c %s "$log")
  shift
  printf '%-44s ' "$text"
  { printf '\n=== %s: %s\n' "$text" "$*"; "$@"; } >>"$log" 2>&1 </dev/null || status=$?
  local elapsed=$(( (${EPOCHREALTIME/./} - ${start/./}) / 100000 ))
  if ((status == 0)); then
    printf '%d.%d s\n' $((elapsed / 10)) $((elapsed % 10))
    return 0
  fi
  printf 'failed after %d.%d s; the end of %s:\n' $((elapsed / 10)) $((elapsed % 10)) "$log"
  tail -c "+$((from + 1))" "$log" | grep -nE '(error|Error|ERROR|cannot|FAIL|fatal)( |:)' | head -n 15
  echo …
  tail -n 30 "$log"
  return $status
}

apt_install ()
{
  local as_root=() options=(-y --no-install-recommends -o DPkg::Lock::Timeout=300)
  ((EUID == 0)) || as_root=(sudo -n)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" ||
    { "${as_root[@]}" apt-get update &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@"; }
}

# install_packages SECTION…: what is missing of these sections of packaging/debian-packages.
install_packages ()
{
  local wanted missing=() package
  wanted=$(awk -v sections=" $* " '/^#/ { next } index (sections, " " $1 " ") { print $2 }' \
               "$top/packaging/debian-packages")
  if ! command -v dpkg-query >/dev/null; then
    say "Not Debian: nothing installed. Needed are what Debian calls:" $wanted
    return 0
  fi
  for package in $wanted; do
    [[ $package == golang-go ]] && command -v go >/dev/null && continue
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) == ?i* ]] ||
      missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return 0
  if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
    say "These packages are missing, and this is neither root nor a sudo without password:"
    say "  sudo apt-get install ${missing[*]}"
    return 1
  fi
  step "Installing packages (${#missing[@]})" apt_install "${missing[@]}"
}

run_in () { cd "$1" && shift && "$@"; }

# What a killed make or configure has left half written, and would look ready to the next one.
remove_unfinished ()
{
  [[ -e $build/.unfinished ]] || return 0
  find "$build" "$top/configure" "$top/aclocal.m4" "$top/Makefile.in" "$top/config.h.in" "$top"/packaging/{build-aux,m4} \
    -newer "$build/.unfinished" ! -type d ! -name run.log ! -name .top -delete 2>/dev/null
  rm -f "$build/.unfinished"
}

# make_in FOLDER TEXT TARGET…
make_in ()
{
  local folder=$1 text=$2 status=0
  shift 2
  : >"$build/.unfinished"
  step "$text" run_in "$folder" make -j"$(nproc)" "$@" || status=$?
  rm -f "$build/.unfinished"
  return $status
}

# Configures and compiles into build/; does only what is left to do.
build_all ()
{
  local from=
  [[ -f $build/.top ]] && from=$(<"$build/.top")
  if [[ -n $from && $from != "$top" ]]; then # the checkout has moved
    find "$build" -mindepth 1 -maxdepth 1 ! -name run.log -exec rm -rf {} +
  fi
  printf '%s\n' "$top" >"$build/.top"
  remove_unfinished
  : >"$build/.unfinished"
  if [[ ! -x $top/configure || $top/configure.ac -nt $top/configure ]]; then
    step "Generating configure" run_in "$top" autoreconf -fi || return 1
  fi
  if [[ ! -f $build/Makefile ]]; then # the only C++ is in tests
    step "Configuring" run_in "$build" "$top/configure" CXXFLAGS='-O0 -g' "$@" || return 1
  fi
  make_in "$build" "Compiling" || return 1
}

# SPDX-License-Identifier: Apache-2.0
# Sourced by what runs in the fresh Debian: says passed or failed of each case, on one line.
set -uo pipefail
export XDG_RUNTIME_DIR=/run/user
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
cd /root || exit 1

# check TEXT COMMAND…
check ()
{
  if (set -e; "${@:2}") >/tmp/case.log 2>&1 </dev/null; then
    echo "passed: $1"
  else
    sed 's/^/  | /' /tmp/case.log
    echo "failed: $1: $(tail -n 4 /tmp/case.log | tr '\n' ' ')"
  fi
}
# says PATTERN COMMAND…: succeeds and says it. refuses PATTERN COMMAND…: fails and says it.
says () { local output; output=$("${@:2}" 2>&1) || { echo "$output"; return 1; }; echo "$output"; grep -Eq -- "$1" <<<"$output"; }
refuses () { local output; output=$("${@:2}" 2>&1) && { echo "succeeds: $output"; return 1; }; echo "$output"; grep -Eq -- "$1" <<<"$output"; }
wait_for () { local n; for ((n = 0; n < 200; n++)); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; "$@"; }
# By their files, so that no other archive has a say in what comes.
apt_get () { apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }
install_debs ()
{
  local files=() name
  for name; do files+=("$(ls /debs/"$name"_*.deb)"); done
  apt_get install --no-install-recommends "${files[@]}"
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the shells offer: commands, flags, plugins, and from the registry services and methods.
. "$(dirname "$0")/functions.sh"

export MICRO_COMPLETE_SECONDS=100
completion=$abs_top_srcdir/core/completion
serves "$work/greeter" "$abs_top_builddir/examples/greeter/greeter-service" --server-address=127.0.0.1:0

# complete WANTED WORD…: what all candidates are, in any order, with the last word as it stands.
complete_sh ()
{
  local wanted=$1 got
  shift
  got=$(sh "$completion/complete.sh" "$@" | cut -f 1 | sort | tr '\n' ' ')
  [[ $got == "$wanted" ]] || fail "$*: “$got”, not “$wanted”"
}
complete_sh "$(micro help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort | tr '\n' ' ')" micro ''
complete_sh 'call ' micro --registry=local -o json ca
complete_sh 'greeter ' micro call ''
complete_sh 'greeter ' micro --registry local --color always call gr
complete_sh '' micro --registry=memory call gr
complete_sh 'Say.Hello ' micro call greeter ''
complete_sh 'Say.Chat Say.Collect Say.Repeat ' micro stream greeter Say.
complete_sh 'name= ' micro call greeter Hello ''
complete_sh 'json jsonl raw table ' micro call -o ''
complete_sh '--color=always --color=auto ' micro list --color=a
complete_sh 'static ' micro --selector stat
complete_sh '--selector-domain= ' micro --selector=static --selector-dom
complete_sh '--server-name=greeter ' micro-probe --server-name=
complete_sh '--tls-cert= ' micro --tls-ce
complete_sh ':files ' micro --tls-cert=
# With “_”, as go-micro and the manuals write flags.
complete_sh '--server_name= ' micro-probe --server_n
complete_sh '--server_name=greeter ' micro-probe --server_name=
complete_sh 'greeter ' micro-probe --server_name ''
complete_sh ':files ' micro --tls_cert ''
complete_sh 'greeter ' micro --client_request_timeout 5s call ''
complete_sh ':files ' micro --config-directory=
complete_sh 'greeter ' micro get service ''
# The flags of one command, and what they take.
complete_sh '--probe= ' micro kube --prob
complete_sh '' micro list --prob
complete_sh '--probe=exec --probe=grpc --probe=http --probe=sidecar ' micro kube greeter --probe=
complete_sh '' micro kube -n greeter --probe x
complete_sh '' micro call '.*' ''
complete_sh '' micro call greeter '[' ''
for program in micro micro-health micro-probe; do # every flag there is
  help=$("$program" --help-all)
  complete_sh "$({ sed -nE 's/^  (-[a-z], )?(--[a-z-]*=?).*/\2/p' <<<"$help"
    sed -nE 's/^  --[a-z-]*(=?).*, or (--[a-z-]*)$/\2\1/p' <<<"$help"; } | sort | tr '\n' ' ')" "$program" --
done

for shell in bash zsh fish; do
  sed "s|@pkgdatadir@|$completion|" "$completion/micro.$shell.in" >"$work/micro.$shell"
done
mkdir "$work/zsh"
cp "$work/micro.zsh" "$work/zsh/_micro"
# The shells themselves: SHELL WANTED LINE, where the cursor is at the end of the line.
in_bash ()
{
  local got
  got=$(bash --norc -c '
    . "$1"; COMP_LINE=$2; COMP_POINT=${#2}; read -ra COMP_WORDS <<<"${2//=/ = }"
    [[ $2 != *" " ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _micro 2>/dev/null; echo "${COMPREPLY[*]}"' - "$work/micro.bash" "$2")
  [[ $got == "$1" ]] || fail "bash: $2: “$got”, not “$1”"
}
in_fish ()
{
  local got
  got=$(HOME=$work fish --no-config -c '. $argv[1]; complete -C $argv[2]' "$work/micro.fish" "$2" |
    cut -f 1 | tr '\n' ' ')
  [[ ${got% } == "$1" ]] || fail "fish: $2: “$got”, not “$1”"
}
in_zsh ()
{
  local got
  got=$(zsh -f "$abs_top_srcdir/tests/completion.zsh" "$work/zsh" "$2")
  [[ $got == "$1" ]] || fail "zsh: $2: “$got”, not “$1”"
}
: >"$work/a file"
cd "$work"
tried=
for shell in bash fish zsh; do
  command -v "$shell" >/dev/null || continue
  # An interactive shell takes a terminal, which a container may not have to give.
  [[ $shell != zsh ]] || zsh -fc 'zmodload zsh/zpty zsh/zselect && zpty probe true' 2>/dev/null || continue
  [[ $shell == bash ]] || tried+=" $shell"
  "in_$shell" 'Say.Hello' 'micro call greeter '
  "in_$shell" 'doctor' 'micro do'
done
in_bash 'local' 'micro --registry=lo'
[[ $tried != *zsh* ]] || in_zsh '--registry=local' 'micro --registry=lo'
[[ $tried != *fish* ]] || in_fish '--registry=local' 'micro --registry=lo'
in_bash '--selector=' 'micro --sele'
in_bash 'a file' 'micro --tls-cert=a'
[[ -n $tried ]] || skip 'neither zsh nor fish can run here; bash is right'

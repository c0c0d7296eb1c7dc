#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# “Coming from micro/kubernetes” is true: each flag and variable does what the page says, and so do its
# commands, word for word. An API server takes its manifests in tests/kubernetes.
. "$(dirname "$0")/functions.sh"
requires curl
page=$abs_top_srcdir/core/docs/coming-from-micro-kubernetes.md
greeter=$abs_top_builddir/examples/greeter/greeter-service
grep -Eq '^static +selector' <<<"$(micro plugins)" || skip 'the static selector is not built'
unset MICRO_REGISTRY MICRO_SELECTOR

# Rows of three columns: a flag that is the same has its variable in the help; what is refused is.
program=$greeter rows=0 helped=
while IFS= read -r line; do
  case $line in
    '### cmd/health') program=$abs_top_builddir/micro-health ;;
    '### cmd/probe') program=$abs_top_builddir/micro-probe ;;
    '### cmd/micro') program=micro ;;
    '## Flags of every service') program=$greeter ;;
  esac
  [[ $line == '| `--'*' | `'*' |' ]] || continue
  IFS='|' read -r _ flags variable here <<<"$line"
  rows=$((rows + 1))
  for flag in $(grep -oE -- '--[a-z_]+' <<<"$flags"); do
    case $here in
      ' the same'* | ' without effect'*)
        [[ $program == "$helped" ]] || "$program" --help-all >"$work/help"
        helped=$program
        grep -E -- "^ +(-[a-z], )?${flag//_/-}[ =]" "$work/help" | grep -qF "[$(tr -d '` ' <<<"$variable")]" ||
          fail "$program --help-all has no $flag with $variable"
        expect '1|2' 'unknown option --neither' "$program" "$flag=" --neither ;;
      ' refused'*) expect 2 "${flag//_/-} is go-micro's and unknown here" "$program" "$flag=x" ;;
      *) fail "what is “$line”?" ;;
    esac
  done
done <"$page"
((rows >= 35)) || fail "only $rows rows"
# Flags of ours that are named in passing, and what a variable of the other table does.
for flag in $(sed 's/^| `--[^|]*|[^|]*|//' "$page" | grep -oE -- '`--[a-z-]+' | tr -d '`' | sort -u); do
  case $flag in
    --api | --check | --enable) continue ;; # of the original
    --registry*) how=("$greeter" --registry=kubernetes) ;;
    --selector*) how=("$greeter" --selector=static) ;;
    --probe) how=(micro kube greeter) ;;
    --address) how=(micro list) ;;
    *) how=("$greeter") ;;
  esac
  "${how[@]}" "$flag=x" --neither >"$work/said" 2>&1 || true
  grep -qF "unknown option $flag" "$work/said" && fail "$flag is unknown"
done
STATIC_SELECTOR_DOMAIN_NAME=0.0.1 STATIC_SELECTOR_PORT_NUMBER=1 \
  expect 78 'cannot connect to 127\.0\.0\.1:1: ' micro --selector=static call 127 Say.Hello
expect 0 'MICRO_ROUTER is go-micro.s and has no effect' env -u G_DEBUG MICRO_ROUTER=x micro list

# What is typed there, with the names that it has there; only ports are others.
mkdir "$work/bin"
for link in health:micro-health probe:micro-probe micro:micro; do
  ln -s "$abs_top_builddir/${link#*:}" "$work/bin/${link%:*}"
done
ln -s "$greeter" "$work/bin/service"
cd "$work/bin"
while IFS= read -r line; do
  serves "$work/service.log" env MICRO_SERVER_ADDRESS=127.0.0.1:0 MICRO_REGISTRY=local bash -c "exec env $line"
done < <(grep -E '^[A-Z_a-z=]* ?\./service' "$page")
((${#pids[@]} == 2)) || fail 'not two ways to choose the static selector'
line=$(grep '^health ' "$page")
MICRO_HEALTH_ADDRESS=127.0.0.1:0 background "$work/health.log" bash -c "exec ./${line/localhost:9091/$address}"
await grep -q 'serves on' "$work/health.log" || fail "$line: $(cat "$work/health.log")"
url=$(sed -n 's|.*serves on http://\([^/]*\)/.*|\1|p' "$work/health.log")
line=$(grep '^curl ' "$page")
expect 0 '^OK' bash -c "exec ${line/localhost:8080/$url}"
PATH=$work/bin:$PATH
listed greeter || fail 'greeter is not listed'
while IFS= read -r line; do
  expect 0 . bash -c "$line"
done < <(sed -n 's/^| `\(micro [a-z]* [^|]*\)` | the same.*/\1/p' "$page" | grep -v publish)
expect 0 ok micro call greeter Debug.Health

for link in $(grep -oE '\]\([^)#:]+\)' "$page" | tr -d '])('); do
  [[ -e $(dirname "$page")/$link ]] || fail "the page links to $link, which is not there"
done
for file in $(grep -oE '`(packaging|examples)/[a-z/.-]+' "$page" | tr -d '`'); do
  [[ -e $abs_top_srcdir/$file ]] || fail "the page names $file, which is not there"
done

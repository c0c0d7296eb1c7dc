#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Help and manual are never apart: every command, flag and variable of one is in the other.
. "$(dirname "$0")/functions.sh"
bad=0

# flags, variables: those that are named on standard input.
flags () { grep -oE -- '--[a-z][a-z-]*[a-z]' | sort -u; }
variables () { grep -oE 'MICRO_[A-Z_]*[A-Z]' | sort -u; }
# of_page PAGE PATTERN: what the items of a page name.
items () { grep -E '^=item ' "$1" | grep -oE "$2" | sort -u || true; }
# same WHAT HELP PAGE
same ()
{
  diff <(echo "$2") <(echo "$3") >"$work/diff" && return
  echo "$1: < in the help alone, > in the page alone:"
  grep '^[<>]' "$work/diff" | grep -v '^. $' || return 0
  bad=1
}

page=$abs_top_srcdir/core/docs/micro.pod
commands=$(micro help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort)
[[ -n $commands ]] || fail 'no commands in: micro help'
same 'commands' "$commands" "$(items "$page" '^=item B<[a-z]+>' | sed 's/.*B<\(.*\)>/\1/')"
help=$(micro help; for command in $commands; do micro help "$command"; done)
# What every program has, from one that has nothing else.
toolkit=$("$abs_top_builddir/examples/greeter/greeter-service" --help-all |
  sed -n '/^Application Options/,$p')
same 'micro: flags' "$(flags <<<"$help $toolkit")" \
  "$(items "$page" 'B<--[a-z-]+>' | flags)"
same 'micro: variables' "$(variables <<<"$help $toolkit" | grep -v PLUGIN_PATH)" \
  "$(items "$page" 'MICRO_[A-Z_]+' | grep -Ev 'PLUGINS?$|PLUGIN_PATH|LOG_LEVEL|PROXY')"

# The programs for probes: what they have beyond the toolkit, and the two that mean something else.
for program in micro-health micro-probe; do
  own=$("$program" --help-all | sed -n '/^Application Options/,$p' | awk -F'[ =]+' \
    'NR == FNR { seen[$2]; next } !($2 in seen)' <(grep -vE -- '--server-(name|address)=' <<<"$toolkit") -)
  [[ $own == *--target* ]] || fail "$program has no options of its own: $own"
  pod=$abs_top_srcdir/core/docs/$program.pod
  same "$program: flags" "$(flags <<<"$own")" "$(items "$pod" 'B<--[a-z-]+>' | flags)"
  same "$program: variables" "$(variables <<<"$own")" "$(items "$pod" 'MICRO_[A-Z_]+')"
done

# Of go-micro's flags each does what the page says.
greeter=$abs_top_builddir/examples/greeter/greeter-service
while read -r line; do
  for flag in $(sed 's/  .*//; s/,/ /g' <<<"$line"); do
    case $line in
      *'  refused'*) expect 2 "--${flag//_/-} is go-micro's and unknown here, leave it out: " "$greeter" "--$flag=x" ;;
      *'  the same'* | *'  without effect'*) expect 2 'unknown option --neither' "$greeter" "--$flag=" --neither ;;
      *) fail "micro.pod: what is “$line”?" ;;
    esac
  done
done < <(sed -n '/^ FLAG /,/^$/p' "$page" | sed '1d; $d; s/^ //')
expect 2 'here it is --tls-cert$' "$greeter" --tls_cert_file=x
expect 0 'warning: MICRO_AUTH is go-micro.s and has no effect' env -u G_DEBUG MICRO_AUTH=jwt micro list
if MICRO_STORE=x micro list 2>&1 | grep MICRO_STORE; then fail 'MICRO_STORE is spoken of'; fi

# The default registry is the same in code and prose.
says () { tr '\n' ' ' <"$1" | grep -qE -- "$2" || fail "$1 does not say “$2”"; }
micro help >"$work/help"
says "$work/help" '--registry=NAME +\[MICRO_REGISTRY\] \(kubernetes in a pod, else local\)'
says "$page" 'unless told otherwise B<kubernetes> in a pod, else B<local>'
says "$abs_top_srcdir/README.md" '`--registry=local` \(default outside of pods\)'
says "$abs_top_srcdir/README.md" '`--registry=kubernetes` \(default in a pod\)'
expect 0 'MICRO_REGISTRY\] \(local\)' "$greeter" --help-all
if token=/var/run/secrets/kubernetes.io/serviceaccount/token; [[ ! -e $token ]]; then
  expect 0 'MICRO_REGISTRY\] \(local\)' env KUBERNETES_SERVICE_HOST=192.0.2.1 "$greeter" --help-all
fi

# A plugin's page is NAME-KIND.pod, of a folder of that name (k8s-registry is “kubernetes”).
for page in "$abs_top_srcdir"/plugins/*/*.pod; do
  plugin=$(basename "$page" .pod)
  kind=${plugin##*-} name=${plugin%-*}
  [[ $name != k8s ]] || name=kubernetes
  help=$("$abs_top_builddir/examples/greeter/greeter-service" "--$kind=$name" "--help-$kind" |
    sed -n "/^Options of/,/^\$/p")
  same "$plugin: flags" "$(flags <<<"$help" || true)" "$(items "$page" 'B<--[a-z0-9-]+>' | flags || true)"
done
exit $bad

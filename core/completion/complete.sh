# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What can stand last on a line, for every shell: complete PROGRAM WORD… LAST, with LAST perhaps
# empty. A candidate a line, a tab, what it is; or the one line “:files”. All of it comes from the
# help of the programs and from the registry, so there is nothing here to keep up with them.
program=$1
shift
tab=$(printf '\t')
kinds='registry selector transport broker health'

# A registry that does not answer must not hang the line.
ask () { timeout "${MICRO_COMPLETE_SECONDS:-3}" "$@" 2>/dev/null </dev/null; }
# A literal prefix, however much it looks like a pattern.
offer () { awk -v last="$1" 'index ($0, last) == 1'; }
is_kind () { case " $kinds " in *" ${1#--} "*) ;; *) return 1 ;; esac; }
# The name of a flag with dashes, as the help has it; what follows “=” stays.
dashes ()
{
  case ${1%%=*} in
    --*_*) printf '%s%s' "$(printf %s "${1%%=*}" | tr _ -)" "${1#"${1%%=*}"}" ;;
    *) printf %s "$1" ;;
  esac
}
# Back to how it is being written.
respell ()
{
  case ${spelled%%=*} in
    --*_*) awk -F "$tab" -v OFS="$tab" '{ flag = substr ($1, 3); gsub (/-/, "_", flag); $1 = "--" flag; print }' ;;
    *) cat ;;
  esac
}

# The line without its last word, each choice of a plugin as one word; “::” marks where it ends.
words=$#
set -- "$@" ::
last='' spelled=''
while [ "$words" -gt 0 ]; do
  word=$1
  [ "$words" -eq 1 ] || word=$(dashes "$word")
  shift
  words=$((words - 1))
  if [ "$words" = 0 ]; then
    spelled=$word
    last=$(dashes "$word")
  elif is_kind "$word" && [ "$words" -gt 1 ]; then
    set -- "$@" "$word=$1"
    shift
    words=$((words - 1))
  else
    set -- "$@" "$word"
  fi
done
shift # ::
chosen=$(for word; do
  case $word in
    --*=*) name=${word%%=*} name=${name#--} && is_kind "${name%%[-_]*}" && printf '%s\n' "$word" ;;
  esac
done)
IFS='
'
set -f
# NAME, “=” or nothing, METAVAR and what it is, with tabs between; an alias is a flag too.
flags_of ()
{
  awk -v OFS="$tab" '
  match ($0, /^  (-[a-z], )?--[a-z][a-z-]*(=[A-Z=]+)? +/) {
    flag = substr ($0, 1, RLENGTH); about = substr ($0, RLENGTH + 1)
    gsub (/^  (-[a-z], )?| +$/, "", flag)
    value = index (flag, "=") ? substr (flag, index (flag, "=") + 1) : ""
    sub (/=.*/, "", flag)
    print flag, value == "" ? "" : "=", value, about
    if (match (about, /, or --[a-z-]+$/)) print substr (about, RSTART + 5), value == "" ? "" : "=", value, about
  }'
}
# shellcheck disable=SC2086 # an option a line
flags=$(ask "$program" $chosen --help-all | flags_of)
metavar () { printf '%s\n' "$flags" | awk -F "$tab" -v flag="$1" '$1 == flag { print $3; exit }'; }

services () { ask micro $chosen list -o name; }

# values FLAG
values ()
{
  if is_kind "$1"; then
    ask micro plugins | awk -v kind="${1#--}" '$2 == kind { print $1 }' | sort -u
    return
  fi
  case $1 in
    -o | --output)
      ask micro help ${command:+"$command"} |
        sed -n 's/.*--output=FORMAT *\([a-z, ]*[a-z]\) .*/\1/p' | tr -d ' ' | tr , '\n' ;;
    --probe)
      ask micro help kube | sed -n 's/.*--probe=HOW *\([a-z, ]*[a-z]\) .*/\1/p' | tr -d ' ' | tr , '\n' ;;
    --color) printf '%s\n' auto always never ;;
    --server-name) [ "$program" = micro ] || services ;;
    *) case $(metavar "$1") in FILE | DIR*) echo :files ;; esac ;;
  esac
}

# What stands on the line already: the command, its first words, an option that waits for its value.
command='' first='' second='' place=0 waiting=''
for word; do
  if [ -n "$waiting" ]; then
    waiting=
    continue
  fi
  case $word in
    --*=*) ;;
    -o | -n) waiting=$word ;;
    --*) [ -z "$(metavar "$word")" ] || waiting=$word ;;
    *)
      case $place in
        0)
          command=$word
          # Those that this command alone has.
          [ "$program" != micro ] || flags=$flags$IFS$(ask micro help "$command" | flags_of)
          ;;
        1) first=$word ;;
        2) second=$word ;;
      esac
      place=$((place + 1))
      ;;
  esac
done

# methods WANTED: of $first, those that stream or those that do not.
methods ()
{
  ask micro $chosen get "$first" -o table | awk -v wanted="$1" '
    $1 == "endpoint" { streams = / stream=true/; if (streams == (wanted == "streams")) print $2 }'
}
fields ()
{
  ask micro $chosen get "$first" -o table | awk -v OFS="$tab" -v method="$second" '
    $1 == "endpoint" { n = $2; sub (/.*\./, "", n); ours = $2 == method || n == method; at = "" }
    ours && /^  [a-z]+ \{/ { at = $1; next }
    ours && at == "request" && /^    [^ }]/ { print $1 ($2 ~ /string|bool/ ? "=" : ":="), $2 }'
}

if [ -n "$waiting" ]; then
  case $(metavar "$waiting") in
    FILE | DIR*) values "$waiting" ;;
    *) values "$waiting" | offer "$last" ;;
  esac
  exit
fi
case $last in
  --*=*)
    found=$(values "${last%%=*}")
    case $found in
      :files) echo :files ;;
      ?*) for word in $found; do printf '%s=%s\n' "${spelled%%=*}" "$word"; done | offer "$spelled" ;;
    esac
    exit
    ;;
  -*)
    printf '%s\n' "$flags" | awk -F "$tab" -v OFS="$tab" '$1 != "" && !seen[$1]++ { print $1 $2, $4 }' |
      offer "$last" | respell
    exit
    ;;
esac
[ "$program" = micro ] || exit 0
case $place/$command in
  0/* | 1/help) ask micro help | sed -n "/^Commands:/,/^\$/s/^  \([a-z]*\) *\(.*\)/\1$tab\2/p" ;;
  1/get | 1/call | 1/stream) services ;;
  2/get) [ "$first" != service ] || services ;;
  2/call) methods answers ;;
  2/stream) methods streams ;;
  [3-9]/call | [3-9]/stream) fields ;;
  [2-9]/publish) echo :files ;;
esac | offer "$last"

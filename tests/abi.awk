# SPDX-License-Identifier: Apache-2.0
# What the public headers declare, out of them as cc -E -D'__attribute__(x)=' leaves them; for tests/test-abi.sh.
#   TYPE (NAME, C TYPE) MEMBER (NAME, C TYPE, MEMBER) BITS (the same) VALUE (NAME, CONSTANT) SYMBOL (NAME, FILE)
# Ends with 1, and says why, at what it does not understand: nothing is passed over.

function give_up (what)
{
  print file ": is not understood: " what >"/dev/stderr"
  failed = 1
  exit 1
}

function trim (s)
{
  gsub (/[ \t]+/, " ", s)
  sub (/^ /, "", s)
  sub (/ $/, "", s)
  return s
}

function last_word (s)
{
  sub (/.*[^A-Za-z_0-9]/, "", s)
  return s
}

# One declaration of a struct: a pointer to a function, or words with one name or more behind them.
function member (text, name, type, i, n, parts, word, bits)
{
  text = trim(text)
  if (match (text, /\( ?\* ?[A-Za-z_0-9]+ ?\) ?\(/)) {
    word = substr (text, RSTART, RLENGTH)
    gsub (/[^A-Za-z_0-9]/, "", word)
    print "MEMBER (" name ", " type ", " word ")"
    return
  }
  n = split (text, parts, ",")
  for (i = 1; i <= n; i++) {
    word = parts[i]
    bits = sub (/ ?: ?[0-9]+ ?$/, "", word)
    gsub (/ ?\[[^]]*\]/, "", word)
    word = trim(word)
    if (word ~ /[^A-Za-z_0-9 *]/ || last_word(word) == "" || (i == 1 && word == last_word(word)))
      give_up("“" text "” of " type)
    print (bits ? "BITS" : "MEMBER") " (" name ", " type ", " last_word(word) ")"
  }
}

# HEAD { BODY } TAIL;
function aggregate (head, body, tail, is_enum, type, name, i, n, parts)
{
  is_enum = head ~ /^(typedef )?enum/
  type = tail = trim(tail)
  if (head !~ /^typedef /)
    type = head ~ / / ? head : ""
  if (tail ~ /[^A-Za-z_0-9]/ || index (body, "{") > 0 || (type != tail && tail != ""))
    give_up(head " { … } " tail)
  name = type
  sub (/^(struct|union|enum) _?/, "", name)
  n = split (body, parts, is_enum ? "," : ";")
  for (i = 1; i <= n && is_enum; i++)
    sub (/=.*/, "", parts[i])
  if (is_enum && name == "")
    name = trim(parts[1])
  if (trim(parts[n]) == "")
    n--
  else if (!is_enum)
    give_up("“" parts[n] "” of " type)
  if (name == "" || n < 1)
    give_up(head " { … } " tail ", which has no name or no members")
  if (type != "")
    print "TYPE (" name ", " type ")"
  for (i = 1; i <= n; i++)
    if (is_enum)
      print "VALUE (" name ", " trim(parts[i]) ")"
    else
      member(parts[i], name, type)
}

function declaration (text)
{
  if (text ~ /^(typedef |static |$)/ || text ~ /^(struct|union|enum) [A-Za-z_0-9]+$/)
    return
  if (text !~ /\(/ && text ~ /[,=]/)
    give_up(text)
  sub (/ ?[([].*/, "", text)
  print "SYMBOL (" last_word(text) ", " file ")"
}

/^# [0-9]+ "/ {
  file = $0; sub (/^[^"]*"/, "", file); sub (/".*/, "", file)
  public = file ~ /\/micro\/micro[a-z-]*\.h$/
  sub (/.*\//, "", file)
}
/^#/ || !public { next }
{
  line = $0 " "
  while (match (line, /[{};]/)) {
    before = substr (line, 1, RSTART - 1)
    mark = substr (line, RSTART, 1)
    line = substr (line, RSTART + 1)
    if (depth > 0) {
      depth += (mark == "{") - (mark == "}")
      body = body before (depth > 0 ? mark : "")
      if (depth == 0 && head ~ /\)$/) { head = ""; inside = 0 } # of a function
    } else if (mark == "{" && !inside) {
      head = trim(head before); body = ""; depth = inside = 1
      if (head !~ /^(typedef )?(struct|union|enum)( [A-Za-z_0-9]+)?$/ && head !~ /^static .*\)$/)
        give_up(head)
    } else if (mark == ";" && inside) {
      aggregate(head, body, tail before); head = tail = ""; inside = 0
    } else if (mark == ";") {
      declaration(trim(head before)); head = ""
    } else
      give_up(head " " before mark)
  }
  if (depth > 0) body = body line
  else if (inside) tail = tail line
  else head = head line
}
END { if (!failed && trim(head) != "") give_up(head) }

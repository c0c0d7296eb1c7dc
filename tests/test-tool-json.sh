#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bad JSON on the command line: one sentence, the right status, and the service lives on.
. "$(dirname "$0")/functions.sh"
requires python3

serves "$work/service.log" "$abs_top_builddir/tests/proto/kitchen-service"
call () { micro call kitchen Echo "$@"; }

# What cannot be sent is a mistake of the command line (2).
at () { expect 2 "is not JSON: line $1, column $2: $3" call "$4"; }
at 1 13 'expected a value after “:”, but found “}”$' '{"a_string":}'
at 1 2 'expected a field name .*, but found “a_string”; field names stand in double quotes$' '{a_string: 1}'
at 1 16 'expected “,” or “}” after a field, but the text ends$' '{"a_string":"é"'
at 3 13 'expected “:” after the field name, but found “2”$' $'{\n "a_string": "x",\n "an_int32" 2}'
at 1 12 'expected a field name after “,”, but found “}”$' '{"sides":1,}'
at 1 13 'expected the end after the value, but found “more”$' '{"sides":1} more'
at 1 14 'a backslash in a string is followed by one of' '{"a_string":"\q"}'
at 1 13 'the string that begins here has no closing "$' '{"a_string":"x}'
at 1 13 'expected a value .*, but found “01”; JSON writes numbers' '{"an_int32":01}'
expect 2 'what follows “:=” is not JSON \(line 1, column 1: .* found “tru”; text stands' call a_bool:=tru
expect 2 'is a list|not an object' call '[1]'
expect 2 'not an object' call '"text"'
expect 2 'given twice|twice' call a_string=1 a_string=2
expect 2 'no field name' call =x
expect 2 'is neither a JSON object nor' call word
expect 2 'cannot read .*: No such file' call "@$work/missing"
nest () { python3 -c 'n = int(*__import__("sys").argv[1:]) - 1; print("{\"next\":" * n + "{}" + "}" * n)' "$1"; }
expect 0 '"next"' call "$(nest 100)"
expect 2 'the request nests more than 100 deep' call "$(nest 101)"
truncate -s 100000000 "$work/huge"
expect 2 'has 1000000.* bytes; a message may have at most 4194304' call "@$work/huge"
expect 2 'has more than the 4194304 bytes' bash -c "cat '$work/huge' | micro call kitchen Echo -"

# What follows “:=” goes as it stands: no other number, no cut string, nothing given twice dropped.
expect 0 '"next":\{"a_uint64":"18446744073709551615"\}' call -o raw 'next:={"a_uint64":18446744073709551615}'
expect 67 'large_numbers' call large_numbers:='[9223372036854775808]'
expect 0 '"a_double":1e\+?308' call -o raw a_double:=1e308
expect 67 'a_string|000' call a_string:='"a\u0000b"'
expect 67 'a_string.*twice' call next:='{"a_string":"x","a_string":"y"}'
expect 0 '"side":\{"name":"}\\"","sauce":\{"name":"y"\}\}' \
  call -o raw side:='{ "name" : "}\"" }' side.sauce.name=y
expect 0 '"side":\{"name":"x"\}' call -o raw side:=' { } ' side.name=x
expect 2 '“side.name” is given twice' call side:='{"sauce":{},"name":"x"}' side.name=y
expect 0 '"a_string":"\\"\\\\\\n"' call -o raw a_string=$'"\\\n'
expect 2 'nests more than 100 deep' call "$(printf 'next.%.0s' {1..100})a_string=x"

# What the service does not take comes back as INVALID_ARGUMENT (64 + 3), with the field's name.
expect 67 'a_strin' call '{"a_strin": "x"}'
expect 67 'an_int32' call '{"an_int32": 2147483648}'
expect 67 'an_int32' call '{"an_int32": 1.5}'
expect 67 'a_uint32' call '{"a_uint32": -1}'
expect 67 'an_int64' call an_int64:=9223372036854775808
expect 67 'a_bool' call '{"a_bool": "yes"}'
expect 67 'side' call '{"side": "text"}'
expect 67 'numbers' call '{"numbers": 1}'
expect 67 'heat' call '{"heat": "HEAT_TEPID"}'
expect 67 'some_bytes' call '{"some_bytes": "%%%"}'
expect 67 'cooked_at|cookedAt' call '{"cookedAt": "yesterday"}'
expect 67 'twice|more than one' call '{"a_string": "x", "a_string": "y"}'
expect 67 'twice|more than one|choice' call '{"choice_number": 1, "choice_text": "y"}'

# And what it takes comes back as it went: numbers whole, maps, bytes, unknown scripts.
expect 0 '"9007199254740993"' call an_int64:=9007199254740993
expect 0 '"aGk="' call some_bytes=aGk=
expect 0 'Grüße 世界' call 'a_string=Grüße 世界'
expect 0 '"3": \{' call '{"sides_by_number": {"3": {"name": "x"}}}'
expect 0 '"name": "deep"' call side.sauce.name=deep

# A service that does not answer: the deadline (64 + 4).
expect 68 'Kitchen.Echo: DEADLINE_EXCEEDED .4.: ' call heat=HEAT_HIGH --timeout=200ms
expect 0 '"still"' call a_string=still

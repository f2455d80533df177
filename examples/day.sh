#!/bin/sh
# One day at the reference site (examples/three-sections.yaml): people are registered from a CSV
# file, then walk through registration and the three sections. Passages that are permitted, ones
# that are refused and why, a sally port that someone tailgates, a lost card, a PIN tried too
# often, a door that is forced, a lockdown and its release by two operators.
#
#   examples/day.sh DIR PASSWORDS [CSV]
#
# DIR is the site's data directory, its engine is running; PASSWORDS holds NAME.pass for the
# operators anna (admin), sam (shift), dana (desk) and gil (gate). Every step says what it expects,
# and the script fails where that does not come true. It may be run again: another day begins.
#
# SALLYPORT names the program, DAY_PACE the seconds between steps (0).
set -eu

here=$(dirname "$0")
dir=$1 passwords=$2 csv=${3:-$here/people.csv}
bin=${SALLYPORT:-$here/../build/sallyport}
pace=${DAY_PACE:-0}
SALLYPORT_DIR=$dir
export SALLYPORT_DIR
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

say() {
  printf '\n== %s\n' "$*"
  [ "$pace" = 0 ] || sleep "$pace"
}

fail() {
  printf 'day: %s\n' "$*" >&2
  exit 1
}

# expect CODE COMMAND…: runs it and holds its exit code to CODE.
expect() {
  want=$1
  shift
  got=0
  "$@" || got=$?
  [ "$got" = "$want" ] || fail "\`$*\` ended with $got, not $want"
  [ "$pace" = 0 ] || sleep "$pace"
}

# as NAME VERB…: asks as this operator; as2 NAME SECOND VERB…: as two.
as() {
  name=$1
  shift
  "$bin" "$@" --as "$name" --password-fd 3 3<"$passwords/$name.pass"
}
as2() {
  name=$1 second=$2
  shift 2
  "$bin" "$@" --as "$name" --password-fd 3 --second "$second" --second-password-fd 4 \
    3<"$passwords/$name.pass" 4<"$passwords/$second.pass"
}

# Of the CSV file: its first columns have neither quotes nor commas within.
card_of() {
  awk -F, -v id="$1" '$1 == id { print $3 }' "$csv"
}
pin_of() {
  awk -F, -v id="$1" '$1 == id { print $4 }' "$csv"
}
# The number that the site gave to a row of the file.
number_of() {
  sed -n "s/.*\"external_id\":\"$1\".*\"number\":\"\([0-9-]*\)\".*/\1/p" "$work/people.json"
}

# show ID READER [--walk]: presents the card of a row of the file at a reader; showpin likewise,
# with the PIN, or the one given as third.
show() {
  who=$1 reader=$2
  shift 2
  "$bin" pass "$reader" --card-fd 3 "$@" 3<<END
$(card_of "$who")
END
}
showpin() {
  "$bin" pass "$2" --card-fd 3 --pin-fd 4 3<<CARD 4<<PIN
$(card_of "$1")
CARD
${3:-$(pin_of "$1")}
PIN
}
walk() { # ID READER…: one after the other, through
  id=$1
  shift
  for r in "$@"; do
    expect 0 show "$id" "$r" --walk
  done
}
door() { # NAME SIGN…
  d=$1
  shift
  for sign in "$@"; do
    expect 0 "$bin" door "$sign" "$d"
  done
}

say "What a day before left: doors, a lockdown, people who are still inside"
for d in main registration control-room s1-outer s1-inner s2-outer s2-inner s3-outer s3-inner clinic; do
  "$bin" door closed "$d" >/dev/null
  "$bin" door locked "$d" >/dev/null
done
if "$bin" status --json | grep -q '"lockdowns":\["section-1"'; then
  expect 0 as2 sam gil gate release section-1
fi
"$bin" roll --json >"$work/roll.json"
sed -n 's/.*"number":"\([0-9-]*\)".*/\1/p' "$work/roll.json" >"$work/inside"
while read -r n; do
  expect 0 as gil person locate "$n" outside
done <"$work/inside"

say "Registration: everyone in $(basename "$csv")"
expect 0 as dana person import "$csv" --json >"$work/people.json"
expect 0 as dana person import "$csv"

say "A visitor comes in, through registration"
visit=in-hours
if ! show V-1 main-in --walk; then
  echo "It is not visiting hours: the desk lets one visit be made now."
  visit=out-of-hours
  expect 0 as dana level grant "$(number_of V-1)" counsel --until +2h
  expect 0 show V-1 main-in --walk
fi
walk V-1 registration-in registration-out s1-outer-in

say "Into section 1 only with an escort: the visitor presents and waits, then the officer does"
walk O-4 main-in s1-outer-in
if show V-1 s1-inner-in; then
  echo "An officer of the day before went through moments ago, which counts."
  door s1-inner opened closed locked
  walk O-4 s1-inner-in
else
  expect 0 show O-4 s1-inner-in --walk
fi

say "Staff and officers come in; one goes through all three sections"
walk O-1 main-in s1-outer-in s1-inner-in s2-outer-in s2-inner-in s3-outer-in s3-inner-in
walk O-2 main-in
walk O-3 main-in
walk S-1 main-in s1-outer-in s1-inner-in clinic-in
walk S-2 main-in registration-in
walk S-4 main-in
walk C-1 main-in s1-outer-in s1-inner-in

say "A member of staff has no business in section 2, and a card that nobody was given opens nothing"
walk S-3 main-in s1-outer-in s1-inner-in
expect 1 show S-3 s2-outer-in
expect 1 "$bin" pass main-in --card-fd 3 3<<END
h10301:9999999
END

say "A sally port: while its outer door stands open, the inner one stays shut"
expect 0 show O-2 s1-outer-in
door s1-outer opened
echo "Someone slips in behind the officer: no card was presented."
expect 1 show O-2 s1-inner-in
door s1-outer closed locked
expect 0 show O-2 s1-inner-in --walk

say "The one who slipped in is in the vestibule; the journal has them in the entrance hall"
expect 1 show O-3 s1-inner-in
expect 0 as gil person locate "$(number_of O-3)" s1-port
walk O-3 s1-inner-in

say "A card is lost, and found by someone else"
lost="h10301:5$(date +%s | cut -c4-)"
expect 0 as dana credential issue "$(number_of S-2)" --card-fd 4 4<<END
$lost
END
credential=$("$bin" credential list --person "$(number_of S-2)" --json | tail -n 1 |
  sed 's/.*"credential":"\([0-9a-f]*\)".*/\1/')
expect 0 as gil credential lost "$credential"
expect 1 "$bin" pass main-in --card-fd 3 3<<END
$lost
END

say "The control room: card and PIN, and never one person alone"
expect 1 showpin S-4 control-room-in 000000
expect 1 showpin S-4 control-room-in 111111
expect 1 showpin S-4 control-room-in 222222
echo "Three wrong PINs: now the right one does not help either."
expect 1 showpin S-4 control-room-in
expect 0 "$bin" alarm list
walk O-5 main-in
walk O-6 main-in
expect 1 showpin O-5 control-room-in
expect 0 showpin O-6 control-room-in
door control-room opened closed locked

say "A door is forced, and seen to"
door clinic opened closed
for n in $("$bin" alarm list --json | sed -n 's/.*"entry":\([0-9]*\).*/\1/p'); do
  expect 0 as gil alarm acknowledge "$n"
done

say "Lockdown of section 1: staff stay where they are, officers pass"
expect 0 as gil gate lockdown section-1
expect 1 show S-1 clinic-out
walk O-3 clinic-in clinic-out
echo "One operator alone cannot end it."
expect 1 as gil gate release section-1
expect 0 as2 sam gil gate release section-1
walk S-1 clinic-out

say "Where is everyone?"
expect 0 "$bin" roll

say "The control room is left as it was entered: the last two together"
expect 1 show O-6 control-room-out
expect 0 show O-5 control-room-out
door control-room opened closed locked

say "Evening: they leave as they came"
walk O-1 s3-inner-out s3-outer-out s2-inner-out s2-outer-out s1-inner-out s1-outer-out main-out
for who in S-1 S-3 C-1 V-1 O-2 O-3 O-4; do
  walk "$who" s1-inner-out s1-outer-out main-out
done
walk S-2 registration-out main-out
walk S-4 main-out
walk O-5 main-out
walk O-6 main-out
if [ $visit = out-of-hours ]; then
  expect 0 as gil level revoke "$(number_of V-1)" counsel
fi
[ -z "$("$bin" roll --json)" ] || fail "someone is still inside"
say "The day is over"

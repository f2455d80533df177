/* Plans: what is wrong is told with its line; what is right comes back from its blob the same. */
#include "plan/plan_blob.h"
#include "plan/plan_print.h"
#include "plan/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD  "site: { name: s, zone: UTC }\n"
#define AREAS "areas: [{ name: hall, kind: room }]\n"
#define GATES                                                                                      \
  "gates:\n  - { name: main, from: outside, to: hall, doors: [{ name: d, readers: [{ name: r, "    \
  "direction: in }] }] }\n"
#define LEVELS "levels: [{ name: all, access: [{ gates: all }] }]\n"
#define AREAS_TWO                                                                                  \
  "areas: [{ name: hall, kind: room }, { name: lab, kind: room, first-person: all }]\n"
#define CELLS(cells) "areas:\n  - { name: hall, kind: room, cells:\n    [{ " cells " }] }\n"
#define GATES_NAMED(name)                                                                          \
  "gates: [{ name: " name ", from: outside, to: hall, doors: [{ name: d }] }]\n"
#define AREAS_AND "areas:\n  - { name: hall, kind: room }\n"
#define PORT(doors)                                                                                \
  "  - { name: v, kind: vestibule }\ngates: [{ name: main, from: outside, to: hall, vestibule: "   \
  "v, "                                                                                            \
  "doors: [" doors "] }]\n"
#define READER(fields)                                                                             \
  "gates: [{ name: main, from: outside, to: hall, doors: [{ name: d, readers: [{ name: r, " fields \
  " }] }] }]\n" LEVELS
/* Two doors, each with a reader of its own on the line: at lines 3 and 4. */
#define DOORS(one, other)                                                                          \
  "gates: [{ name: m, from: outside, to: hall, doors: [{ name: d, " one ", readers: [{ name: r, "  \
  "direction: in, line: l }] }] },\n"                                                              \
  "  { name: n, from: outside, to: hall, doors: [{ name: e, " other ", readers: [{ name: q, "      \
  "direction: in, line: l, address: 1 }] }] }]\n" LEVELS
#define WIRED(one, other)  DOORS("wiring: { " one " }", "wiring: { " other " }")
#define LINE               "lines: [{ name: l, kind: serial, where: /dev/ttyS0 }]\n"
#define WEEK(days)         "schedules: [{ name: w, week: { " days " } }]\n"
#define DATES(dates)       "schedules: [{ name: w, week: {}, exceptions: { " dates " } }]\n"
#define WITNESS(vkey, url) "witnesses: [{ vkey: \"" vkey "\", url: \"" url "\" }]\n"
#define VKEY               "example.org/w+1a2b3c4d+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define LEVELS_OF_NONE     "levels: [{ name: all, access: [] }]\n"
#define REST               GATES LEVELS
#define FORMATS(row)       HEAD AREAS GATES LEVELS "formats:\n  - " row "\n"
#define PARITY(row)                                                                                \
  FORMATS("name: f\n    bits: 8\n    fields: [{ name: n, first: 1, bits: 7 }]\n    parity:\n     " \
          " - { " row " }")

static const struct {
  const char *yaml, *told;
  uint32_t line;   /* 0 = of the file as a whole, or not looked at */
  uint32_t errors; /* how many in all; 0 = this one alone */
} faults[] = {
    {"", "empty", 1},
    {"- a\n", "keys", 0},
    {"site: { name: s, zone: UTC }\n\tareas: 3\n", "a tab", 2},
    {HEAD AREAS LEVELS_OF_NONE, "\"gates\" is missing", 0},
    {HEAD AREAS GATES, "\"levels\" is missing", 0},
    {"site: { name: s, zone: Mars/Base }\n" AREAS REST, "no time zone", 1},
    {"site: { name: S!, zone: UTC }\n" AREAS REST, "is no name", 1},
    {HEAD AREAS REST "gattes: []\n", "did you mean \"gates\"", 0},
    {HEAD "areas: [{ name: hall, kind: room }, { name: hall, kind: room }]\n" REST, "hall", 2},
    {HEAD "areas: [{ name: hall, kind: saloon }]\n" REST, "none of", 2},
    {HEAD "areas: [{ name: hall, kind: room, colour: red }]\n" REST, "no key of areas", 2},
    {HEAD "areas: [{ name: hall, kind: room, capacity: -1 }]\n" REST, "whole number", 2},
    {HEAD "areas: [{ name: hall, kind: room, floor-area: big }]\n" REST, "square metres", 2},
    {HEAD "areas: [{ name: hall, kind: room }, { name: lost, kind: room }]\n" REST,
     "cannot be reached", 2},
    {HEAD
     "areas: [{ name: hall, kind: room, capacity: 1, areas: [{ name: a, kind: room, capacity: 2 "
     "}] }]\n" REST,
     "the areas within it 2", 2},
    {HEAD "areas: [{ name: hall, kind: room, capacity: 4, bunks: 5 }]\n" REST, "bunks", 2},
    {HEAD "areas: [{ name: hall, kind: room, anti-passback: timed }]\n" REST, "anti-passback-time",
     2},
    {HEAD "areas: [{ name: hall, kind: room, anti-passback: hard }]\n" REST, "come back", 2},
    {HEAD "areas: [{ name: hall, kind: cell }]\n" REST "rules: { second-operator: false }\n",
     "second-operator", 2},
    {HEAD "areas: &a [{ name: hall, kind: room }]\ngates: *a\n" LEVELS, "alias", 0},
    {HEAD AREAS "gates:\n  - { name: main, from: outside, to: hal, doors: [{ name: d }] }\n" LEVELS,
     "did you mean \"hall\"", 4},
    {HEAD "areas: [{ name: hall, kind: room }, { name: v, kind: vestibule }]\n"
          "gates:\n  - { name: main, from: outside, to: hall, vestibule: v, doors: [{ name: d }] "
          "}\n" LEVELS,
     "interlock partner", 4},
    {HEAD AREAS "gates:\n  - { name: main, from: outside, to: hall, doors: [{ name: d, "
                "unlock-time: 5 }] }\n" LEVELS,
     "no duration", 4},
    {HEAD AREAS
     "gates:\n"
     "  - { name: main, from: outside, to: hall, doors: [{ name: d, readers: [{ name: r, "
     "direction: "
     "in, line: l, address: 3 }, { name: q, direction: out, line: l, address: 3 }] }] }\n" LEVELS
     "lines: [{ name: l, kind: serial, where: /dev/ttyS0 }]\n",
     "address 3", 4},
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ gates: [mian] }] }]\n", "no gate \"mian\"",
     5},
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ gates: all, schedule: never }] }]\n",
     "no schedule \"never\"", 5},
    {HEAD AREAS REST "schedules: [{ name: w, week: { mon: 08:00-25:00 } }]\n", "", 6},
    {HEAD AREAS REST "schedules: [{ name: w, week: { mon: \"08:00-12:00, 11:00-13:00\" } }]\n",
     "overlap", 6},
    {HEAD AREAS REST
     "schedules: [{ name: w, week: { mon: 08:00-09:00 }, exceptions: { 2026-12-24: closed, "
     "2026-12-23..2026-12-25: closed } }]\n",
     "overlap", 6},
    {HEAD AREAS REST "interlocks: [[d]]\n", "partner", 6},
    {HEAD AREAS REST "rules: { witness-quorum: 1 }\n", "quorum", 0},
    {HEAD AREAS REST "---\nsite: 1\n", "second document", 0},
    {HEAD "areas: [{ name: hall, kind: room, title: \"\xff\" }]\n" REST, "UTF-8", 2},

    /* values */
    {HEAD "areas: [{ name: hall, kind: room, title: \"\" }]\n" REST, "text of 1 to 79", 2},
    {HEAD "areas: [{ name: hall, kind: room, title: \"a\\ab\" }]\n" REST, "control characters", 2},
    {HEAD "areas: [{ name: hall, kind: room, capacity: 1000001 }]\n" REST, "0 to 1000000", 2},
    {HEAD "areas: [{ name: hall, kind: room, capacity: 1.5 }]\n" REST, "whole number", 2},
    {HEAD "areas: [{ name: hall, kind: room, capacity: 99999999999999999999 }]\n" REST,
     "whole number", 2},
    {HEAD "areas: [{ name: hall, kind: room, capacity: [1] }]\n" REST, "a single value", 2},
    {HEAD "areas: [{ name: hall, kind: room, bunks: 65536 }]\n" REST, "0 to 10000", 2},
    {HEAD "areas: [{ name: hall, kind: room, floor-area: 1.234 }]\n" REST, "square metres", 2},
    {HEAD "areas: [{ name: hall, kind: room, escort: yes }]\n" REST, "neither true nor false", 2},
    {HEAD "areas: [{ name: hall, kind: room, name: other }]\n" REST, "\"name\" is given twice", 2},
    {HEAD "areas: [{ name: hall, kind: room, [a]: b }]\n" REST, "single word", 2},
    {HEAD "areas: [{ name: hall }]\n" REST, "\"kind\" is missing", 2},
    {HEAD "areas: { name: hall, kind: room }\n" GATES LEVELS_OF_NONE "threats: 5\n", "a list", 2,
     3},
    {HEAD "areas: [{ name: outside, kind: room }]\n" REST, "may not be called \"outside\"", 2, 2},
    {HEAD "areas: [{ name: s, kind: room }, { name: hall, kind: room }]\n" REST,
     "area \"s\" is there already", 2},
    {HEAD "areas: [{ name: hall, kind: site }]\n" REST, "each plan has one", 2},
    {HEAD
     "areas: [{ name: hall, kind: room }, { name: abcdefghijklmnopqrstuvwxyz012345, kind: room "
     "}]\n" REST,
     "is no name", 2},
    {HEAD AREAS REST "schedules: [{ name: always, week: { mon: 08:00-09:00 } }]\n",
     "may not be called \"always\"", 6},
    {HEAD AREAS REST "rules: { escorted: [visitor, bird] }\n", "\"bird\" is none of staff", 6},
    {HEAD AREAS REST "rules: { escort-time: 11min }\n", "out of range", 6},
    {HEAD AREAS REST "rules: { pin-lock: 1500ms }\n", "whole seconds", 6},
    {HEAD AREAS REST "rules: { recall-answer: 59s }\n", "out of range: from 60 to 86400 s", 6},
    {HEAD AREAS REST "rules: { hearing-close: 8d }\n", "a week at most", 6},
    {HEAD AREAS REST "rules: { order-confirm: never }\n", "no duration", 6},
    {HEAD AREAS REST "rules: { exception-write: 90500ms }\n", "whole seconds", 6},
    {HEAD AREAS REST "rules: 5\n", "keys with values", 6},
    {HEAD AREAS GATES LEVELS "levels: []\n", "\"levels\" is given twice", 6},
    {HEAD AREAS "gates: []\n" LEVELS, "no gate", 0},
    {HEAD AREAS GATES "levels: []\n", "no access level", 0},
    /* areas */
    {HEAD "areas: [{ name: hall, kind: room, two-person: true, capacity: 1 }]\n" REST,
     "room for one", 2},
    {HEAD "areas: [{ name: hall, kind: room, first-person: al }]\n" REST,
     "there is no level \"al\": did you mean \"all\"?", 2},
    {HEAD AREAS_TWO GATES
     "  - { name: back, from: hall, to: lab, doors: [{ name: b, readers: [{ name: b-in, direction: "
     "in }] }] }\n"
     "levels: [{ name: all, access: [{ gates: [main] }] }, { name: x, access: [{ gates: [back] }] "
     "}]\n",
     "opens no gate into it", 2},
    {HEAD "areas: [{ name: hall, kind: room, escort: true }]\n" REST "rules: { escorts: none }\n",
     "names nobody", 2},
    {HEAD "areas:\n - name: hall\n   kind: room\n   areas: [{ name: a, kind: room, areas: [{ name: "
          "b, kind: room, areas: [{ name: c, kind: room, areas: [{ name: d, kind: room, areas: [{ "
          "name: e, kind: room, areas: [{ name: f, kind: room, areas: [{ name: g, kind: room }] }] "
          "}] }] }] }] }]\n" REST,
     "more than 8 areas deep", 5},
    /* cells */
    {HEAD CELLS("name: c, kind: cell") REST, "\"count\" is missing", 4},
    {HEAD CELLS("name: c, kind: cell, count: 0") REST, "1 to 1000", 4},
    {HEAD CELLS("name: c, kind: cell, count: 64, line: l") REST LINE, "127 addresses", 4},
    {HEAD CELLS("name: abcdefghijklmnopqrstuvw, kind: cell, count: 2") REST, "too long", 4},
    {HEAD CELLS("name: c, kind: cell, count: 2, line: k") REST LINE, "no line \"k\"", 4},
    {HEAD CELLS("name: c, kind: cell, count: 9, capacity: 2, bunks: 3") REST, "3 bunks", 4},
    {HEAD CELLS("name: c, kind: cell, count: 2, areas: [{ name: x, kind: room }]") REST,
     "nothing is nested", 4},
    {HEAD CELLS("name: main, kind: cell, count: 2") GATES_NAMED("main-2") LEVELS,
     "gate \"main-2\" is there already, in line 4", 5},
    /* gates and doors */
    {HEAD AREAS "gates: [{ name: main, from: hall, to: hall, doors: [{ name: d }] }]\n" LEVELS,
     "into itself", 3},
    {HEAD AREAS "gates: [{ name: main, from: outside, to: s, doors: [{ name: d }] }]\n" LEVELS,
     "the site as a whole", 3},
    {HEAD AREAS "gates: [{ name: main, from: outside, to: hall, doors: [] }]\n" LEVELS, "no door",
     3},
    {HEAD AREAS "gates: [{ name: main, from: outside, to: hall, doors: [{ name: d }, { name: e }] "
                "}]\n" LEVELS,
     "no vestibule", 3},
    {HEAD AREAS "gates: [{ name: main, from: outside, to: hall, vestibule: hall, doors: [{ name: d "
                "}, { name: e }] }]\n" LEVELS,
     "an area of its own", 3},
    {HEAD AREAS_AND PORT("{ name: d }, { name: e }, { name: f }") LEVELS, "more than two doors", 5},
    {HEAD AREAS_AND PORT("{ name: d, contact: false }, { name: e }") LEVELS, "stands open", 5},
    {HEAD AREAS_AND PORT("{ name: d, rex: unlock }, { name: e }") LEVELS,
     "a request to exit may not unlock it", 5},
    {HEAD AREAS_AND PORT("{ name: d }, { name: d }") LEVELS, "door \"d\" is there already", 5},
    {HEAD AREAS_AND PORT("{ name: d }, { name: e }") LEVELS "interlocks: [[d, f]]\n",
     "there is no door \"f\"", 7},
    {HEAD AREAS_AND PORT("{ name: d }, { name: e }") LEVELS "interlocks: [[d, d]]\n", "named twice",
     7},
    {HEAD AREAS_AND PORT("{ name: d }, { name: e }") LEVELS "interlocks: [d, e]\n", "list of lists",
     7, 2},
    {HEAD
     "areas: [{ name: hall, kind: room }]\ngates: [{ name: main, from: hall, to: hall2, doors: "
     "[{ name: d }] }]\n" LEVELS,
     "did you mean \"hall\"", 3},
    {HEAD "areas: [{ name: hall, kind: room }, { name: lab, kind: room }]\n"
          "gates: [{ name: main, from: hall, to: lab, doors: [{ name: d }] }]\n" LEVELS,
     "no gate leads to outside", 0},
    {HEAD "areas: [{ name: hall, kind: cell, areas: [{ name: shower, kind: room }] }]\n" GATES
          "  - { name: wet, from: hall, to: shower, doors: [{ name: w }] }\n" LEVELS,
     "a cell is one space", 5},
    /* readers */
    {HEAD AREAS READER("direction: inward"), "none of in, out", 3},
    {HEAD AREAS READER("factors: card"), "\"direction\" is missing", 3},
    {HEAD AREAS READER("direction: in, address: 127"), "0 to 126", 3},
    {HEAD AREAS READER("direction: in, line: bus"), "no line \"bus\"", 3},
    {HEAD AREAS REST "lines: [{ name: l, kind: serial, where: /dev/ttyS0, baud: 300 }]\n",
     "9600 to 230400", 6},
    /* wiring */
    {HEAD AREAS WIRED("strike: 16", "") LINE,
     "strike: \"16\" is not right: a whole number from 0 "
     "to 15 is expected",
     3},
    {HEAD AREAS WIRED("bell: 1", "") LINE, "\"bell\" is no key of wiring", 3},
    {HEAD AREAS DOORS("wiring: 3", "lock: fail-safe") LINE, "wiring: keys with values", 3},
    {HEAD AREAS WIRED("inverted: [contact, bell]", "") LINE,
     "\"bell\" is none of strike, contact, rex, lock-monitor", 3},
    {HEAD AREAS WIRED("at: s", "") LINE, "there is no reader \"s\"", 3},
    {HEAD AREAS WIRED("", "at: r") LINE,
     "door \"e\" has its strike at output 0 of reader \"r\", where the strike of door \"d\" is", 4,
     2},
    {HEAD AREAS WIRED("", "at: r, strike: 1") LINE,
     "door \"e\" has its contact at input 0 of reader \"r\", where the contact of door \"d\" is",
     4},
    {HEAD AREAS WIRED("at: q, strike: 3, contact: 7", "contact: 7") LINE,
     "door \"e\" has its contact at input 7 of reader \"q\", where the contact of door \"d\" is",
     4},
    {HEAD AREAS DOORS("rex: record, wiring: { contact: 1 }", "lock: fail-safe") LINE,
     "door \"d\" has its rex at input 1 of reader \"r\", where the contact of door \"d\" is", 3},
    {HEAD AREAS DOORS("wiring: { contact: 1 }, contact: false", "lock: fail-safe") LINE,
     "door \"d\" has no contact: leave it out, or say contact: true", 3},
    {HEAD AREAS WIRED("rex: 3", "") LINE, "door \"d\" has no request to exit: leave rex out", 3},
    {HEAD AREAS WIRED("lock-monitor: 2", "") LINE,
     "door \"d\" has no contact at its bolt: leave lock-monitor out", 3},
    {HEAD AREAS WIRED("inverted: [lock-monitor]", "") LINE, "no contact at its bolt", 3},
    {HEAD AREAS "gates: [{ name: m, from: outside, to: hall, doors: [{ name: d, wiring: { at: r }, "
                "readers: [{ name: r, direction: in }] }] }]\n" LEVELS,
     "door \"d\" is wired to reader \"r\", which is on no line: give it one, or name a reader that "
     "is",
     3},
    {HEAD AREAS
     "gates: [{ name: m, from: outside, to: hall, doors: [{ name: d, wiring: { at: r }, readers: "
     "[{ "
     "name: r, direction: in, line: l }, { name: q, direction: out, line: k }] }] }]\n" LEVELS
     "lines: [{ name: l, kind: serial, where: /dev/ttyS0 }, { name: k, kind: serial, where: "
     "/dev/ttyS1 }]\n",
     "door \"d\" is wired to reader \"r\" on line \"l\", and its reader \"q\" is on line \"k\": "
     "one "
     "line works a door",
     3},
    /* schedules */
    {HEAD AREAS REST WEEK("noon: 08:00-09:00"), "no days of the week", 6},
    {HEAD AREAS REST WEEK("mon: 08:00-08:00"), "no time of day", 6},
    {HEAD AREAS REST WEEK("mon: [a]"), "times are expected", 6},
    {HEAD AREAS REST WEEK("mon: 22:00-06:00, tue: 05:00-07:00"), "overlap", 6},
    {HEAD AREAS REST WEEK("sun: 22:00-06:00, mon: 05:00-07:00"), "overlap", 6},
    {HEAD AREAS REST "schedules: [{ name: w, week: x }]\n", "days with times", 6},
    {HEAD AREAS REST DATES("2026-02-29: closed"), "no date", 6},
    {HEAD AREAS REST DATES("2026-12-26..2026-12-24: closed"), "no date", 6},
    {HEAD AREAS REST DATES("2100-01-01: closed"), "of 1970 to 2099", 6},
    {HEAD AREAS REST DATES("2026-12-24: \"22:00-02:00\""), "ends on its day", 6},
    {HEAD AREAS REST DATES("2026-12-24: shut"), "no time of day", 6},
    {HEAD AREAS REST DATES("2026-01-01..2027-12-31: closed"), "more than 366", 6},
    /* levels and threat levels */
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ gates: all, way: in }] }]\n",
     "\"way\" is no key of access", 5},
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ direction: in }] }]\n",
     "\"gates\" is missing", 5},
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ gates: main }] }]\n", "a list like", 5},
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ gates: [\"x*\"] }] }]\n", "no gate \"x*\"",
     5},
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ gates: [main] }, { gates: all, direction: "
                      "out }] }]\n",
     "twice in direction out", 5},
    {HEAD AREAS REST "threats: [{ name: normal, factors: card+pin }, { name: high }]\n",
     "\"high\" permits what \"normal\" before it refuses", 6},
    /* witnesses */
    {HEAD AREAS REST WITNESS("example.org/w+1a2b3c4d", "https://w.example.org"), "verifier key", 6},
    {HEAD AREAS REST WITNESS(VKEY, "w.example.org"), "begins with https://", 6},
    {HEAD AREAS REST "witnesses: [{ vkey: " VKEY ", url: \"https://a\" }, { vkey: " VKEY
                     ", url: \"https://b\" }]\n",
     "two witnesses have one key", 6},
    {HEAD AREAS REST "rules:\n  witness-quorum: 1\n", "names 0 witnesses", 7},
    /* the file */
    {"site: { name: s, zone: UTC\n", "not YAML", 2},
    /* card formats */
    {FORMATS("{ name: f, bits: 257 }"), "bits: \"257\" is not right: a whole number from 0 to 256",
     7},
    {FORMATS("{ name: f, bits: 300, fields: [{ name: n, first: 299, bits: 1 }] }"), "0 to 255", 7,
     2},
    {FORMATS("{ name: h10301, bits: 27 }"), "a standard one of 26 bits: leave out bits", 7},
    {FORMATS("{ name: h10301, bits: 0 }"), "a standard one of 26 bits: leave out bits", 7},
    {FORMATS("{ name: raw, bits: 32 }"), "a standard one of any length: leave out bits", 7},
    {FORMATS("{ name: h10301, bits: 26, fields: [{ name: n, first: 1, bits: 24 }] }"),
     "leave out what describes it, or give it another name", 7},
    {FORMATS("{ name: f, fields: [{ name: n, first: 1, bits: 24 }] }"), "say its bits", 7},
    {FORMATS("{ name: f, bits: 8, parity: [{ bit: 0, kind: odd, over: 1-7 }] }"),
     "say which bits are the number", 7},
    {FORMATS("{ name: f, bits: 8, fields: [{ name: n, first: 1, bits: 8 }] }"),
     "field \"n\" does not lie within format \"f\", whose bits are 0 to 7", 7},
    {FORMATS("{ name: f, bits: 8, fields: [{ name: n, first: 0, bits: 0 }] }"), "from 1 to 256", 7},
    {FORMATS("{ name: f, bits: 8, fields: [{ name: n, first: 0 }] }"), "\"bits\" is missing", 7},
    {FORMATS("{ name: f, bits: 8, fields: [{ name: N, first: 0, bits: 8 }] }"), "is no name", 7},
    {FORMATS("\n    name: f\n    bits: 8\n    fields:\n"
             "      - { name: a, first: 0, bits: 5 }\n"
             "      - { name: b, first: 4, bits: 4 }"),
     "field \"b\" overlaps another of format \"f\": bit 4 is in both", 12},
    {FORMATS("\n    name: f\n    bits: 8\n    fields:\n"
             "      - { name: a, first: 0, bits: 4 }\n"
             "      - { name: a, first: 4, bits: 4 }"),
     "format \"f\" has field \"a\" twice", 12},
    {FORMATS("{ name: f, bits: 8, fields: 3 }"), "fields: a list is expected", 7},
    {FORMATS("{ name: f, bits: 8, fields: [1, 2, 3, 4, 5, 6, 7, 8, 9] }"),
     "fields: more than 8, which is the limit", 7},
    {PARITY("bit: 0, kind: odd, over: 0-7"), "parity bit 0 of format \"f\" covers itself", 11},
    {PARITY("bit: 8, kind: odd, over: 1-7"), "parity bit 8 lies outside of format \"f\"", 11},
    {PARITY("bit: 0, kind: odd, over: 1-8"), "parity bit 0 covers bit 8, which lies outside", 11},
    {PARITY("bit: 1, kind: odd, over: 2-7"), "parity bit 1 of format \"f\" is in a field", 11},
    {PARITY("bit: 0, kind: strange, over: 1-7"), "\"strange\" is none of even, odd", 11},
    {PARITY("bit: 0, kind: odd, over: 7-1"), "over: \"7-1\" is no bits: write 1-12", 11},
    {PARITY("bit: 0, kind: odd, over: \"1-3,, 5\""), "over: \"\" is no bits", 11},
    {PARITY("bit: 0, kind: odd, over: 1-256"), "255 the last that a card may have", 11},
    {PARITY("bit: 0, kind: odd, over: [1-3, { a: b }]"), "over: bits are expected", 11},
    {PARITY("bit: 0, kind: odd, over: []"), "covers nothing", 11},
    {PARITY("bit: 0, kind: odd"), "\"over\" is missing", 11},
    {PARITY("bit: 0, kind: odd, over: 1-7 }\n      - { bit: 0, kind: even, over: 1-7"),
     "format \"f\" has parity bit 0 twice", 12},
    {FORMATS("\n    name: f\n    bits: 8\n    fields: [{ name: n, first: 1, bits: 6 }]\n"
             "    parity:\n"
             "      - { bit: 0, kind: odd, over: 1-7 }\n"
             "      - { bit: 7, kind: odd, over: 1-6 }"),
     "parity bit 0 of format \"f\" covers parity bit 7, which is listed after it", 12},
    {FORMATS("{ name: h10302 }\n  - { name: h10304 }"),
     "format \"h10304\" would never be read: each of its cards fits \"h10302\" before it", 8},
    {FORMATS("{ name: f, bits: 26 }\n  - { name: h10301 }"), "fits \"f\" before it", 8},
    {FORMATS("{ name: f }\n  - { name: raw }"), "format \"raw\" would never be read", 8},
    {FORMATS("{ name: h10301 }\n  - { name: h10301 }"), "is there already, in line 7", 8},
    {"%YAML 9.9\n---\na: b\n", "not YAML", 1},
    {"a: \"\\xZZ\"\n", "not YAML", 1},
    {"# only a remark\n", "empty", 1},
    {"---\n---\n", "second document", 2},
};

static void each_fault_is_told_with_its_line(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    struct plan *p = NULL;
    struct plan_faults f = {0};
    if (plan_read(span_str(faults[i].yaml), &p, &f) != SP_INVALID)
      fail_msg("row %zu was not refused", i);
    assert_null(p);
    const uint32_t errors = faults[i].errors ? faults[i].errors : 1;
    if (f.errors != errors) {
      wrong++;
      print_error("row %zu: %u errors, not %u: %s; %s\n", i, f.errors, errors, f.at[0].text,
                  f.at[1].text);
    }
    bool found = false;
    for (uint32_t k = 0; k < f.kept; k++)
      found |= strstr(f.at[k].text, faults[i].told) &&
               (!faults[i].line || f.at[k].line == faults[i].line);
    if (!found) {
      wrong++;
      print_error("row %zu: expected \"%s\" in line %u, and first was line %u: %s\n", i,
                  faults[i].told, faults[i].line, f.kept ? f.at[0].line : 0,
                  f.kept ? f.at[0].text : "nothing");
    }
    plan_faults_free(&f);
  }
  assert_int_equal(wrong, 0);
}

static struct buf read_file(const char *name) {
  struct buf b = {0};
  char path[600];
  snprintf(path, sizeof path, "%s/%s",
           getenv("SALLYPORT_SOURCE") ? getenv("SALLYPORT_SOURCE") : ".", name);
  FILE *f = fopen(path, "rb");
  if (!f)
    fail_msg("cannot read %s: run from the top of the source, or set SALLYPORT_SOURCE", path);
  uint8_t piece[4096];
  for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
    buf_put(&b, piece, n);
  fclose(f);
  return b;
}

static void examples_are_right_and_come_back(void **state) {
  (void)state;
  const char *const names[] = {"examples/three-sections.yaml", "examples/makerspace.yaml"};
  for (int i = 0; i < 2; i++) {
    struct buf yaml = read_file(names[i]), once = {0}, again = {0};
    struct plan *p, *q;
    struct plan_faults f = {0};
    struct fault why = {0};
    if (plan_read(buf_span(&yaml), &p, &f))
      fail_msg("%s:%u: %s", names[i], f.at[0].line, f.at[0].text);
    assert_int_equal(f.n, 0);
    uint64_t bunks = 0;
    for (uint32_t a = 0; a < p->n_areas; a++)
      bunks += p->areas[a].bunks;
    assert_int_equal(bunks, i == 0 ? 20000 : 0);
    assert_int_equal(plan_blob_encode(p, &once, &why), SP_OK);
    if (plan_blob_decode(buf_span(&once), &q, &why))
      fail_msg("%s", why.text);
    assert_int_equal(plan_blob_encode(q, &again, &why), SP_OK);
    assert_true(span_eq(buf_span(&once), buf_span(&again)));
    plan_free(p);
    plan_free(q);
    plan_faults_free(&f);
    buf_free(&yaml);
    buf_free(&once);
    buf_free(&again);
  }
}

static void the_manual_is_right(void **state) {
  (void)state;
  struct buf page = read_file("docs/plan.md");
  static const char begin[] = "```yaml\n", end[] = "```\n";
  const char *text = buf_cstr(&page), *from = strstr(text, begin);
  assert_non_null(from);
  from += sizeof begin - 1;
  const char *until = strstr(from, end);
  assert_non_null(until);
  struct plan *p;
  struct plan_faults f = {0};
  if (plan_read(span_of(from, (size_t)(until - from)), &p, &f) || f.n)
    fail_msg("docs/plan.md, line %u of its plan: %s", f.at[0].line, f.at[0].text);
  assert_int_equal(p->n_doors, 3 + 6);
  plan_free(p);
  /* the second: of a door */
  from = strstr(until, begin);
  assert_non_null(from);
  from += sizeof begin - 1;
  until = strstr(from, end);
  assert_non_null(until);
  struct buf wired = {0};
  buf_puts(&wired, HEAD AREAS
           "gates: [{ name: main, from: outside, to: hall, doors: [{ name: d, lock-monitor: true, "
           "readers: [{ name: main-in, direction: in, line: l }],\n");
  buf_put(&wired, from, (size_t)(until - from));
  buf_puts(&wired, "}] }]\n" LEVELS LINE);
  if (plan_read(buf_span(&wired), &p, &f) || f.n)
    fail_msg("docs/plan.md, its wiring: %s\n%s", f.at[0].text, buf_cstr(&wired));
  assert_int_equal(p->doors[0].wiring.number[WIRE_LOCK_MONITOR], 4);
  plan_free(p);
  buf_free(&wired);
  /* the third: formats for any plan */
  from = strstr(until, begin);
  assert_non_null(from);
  from += sizeof begin - 1;
  until = strstr(from, end);
  assert_non_null(until);
  struct buf yaml = {0};
  buf_puts(&yaml, HEAD AREAS REST);
  buf_put(&yaml, from, (size_t)(until - from));
  if (plan_read(buf_span(&yaml), &p, &f) || f.n)
    fail_msg("docs/plan.md, its formats: %s", f.at[0].text);
  assert_int_equal(p->n_formats, 3);
  plan_free(p);
  buf_free(&yaml);
  plan_faults_free(&f);
  buf_free(&page);
}

/* Faults of every part of a file are told in one go, in the order of its lines, and what follows
 * from one of them is not told besides. */
static void all_faults_are_told_at_once(void **state) {
  (void)state;
  static const char yaml[] = "site: { name: s, zone: Europe/Berlim }\n"
                             "areas:\n"
                             "  - { name: hall, kind: rom }\n"
                             "  - { name: cellar, kind: room, capacity: 3, bunks: 4 }\n"
                             "  - { name: yard, kind: yard, colour: green }\n"
                             "gates:\n"
                             "  - name: main\n"
                             "    from: outside\n"
                             "    to: hal\n"
                             "    doors: [{ name: d, lock: fail }]\n"
                             "levels:\n"
                             "  - { name: all, access: [{ gates: [mian], schedule: nights }] }\n"
                             "schedules:\n"
                             "  - { name: night, week: { daily: 22-06 } }\n"
                             "rules: { pin-lock: 15 }\n";
  static const struct {
    uint32_t line;
    const char *text;
  } told[] = {
      {1, "zone: \"Europe/Berlim\" is no time zone: did you mean \"Europe/Berlin\"?"},
      {3, "kind: \"rom\" is none of outside, site, section, housing-unit, cell, isolation, yard, "
          "clinic, reception, vestibule, room"},
      {4,
       "area \"cellar\" has 4 bunks and a capacity of 3 persons: raise it, or set 0 for no limit"},
      {5, "\"colour\" is no key of areas: docs/plan.md lists them"},
      {9, "there is no area \"hal\": did you mean \"hall\"?"},
      {10, "lock: \"fail\" is none of fail-secure, fail-safe"},
      {12, "there is no schedule \"nights\": did you mean \"night\"?"},
      {14, "\"22-06\" is no time of day: write 06:00-18:00, several with commas"},
      {15, "pin-lock: \"15\" is no duration: write 500ms, 5s, 15min, 2h or 1d, a week at most"},
  };
  struct plan *p;
  struct plan_faults f = {0};
  assert_int_equal(plan_read(span_str(yaml), &p, &f), SP_INVALID);
  for (uint32_t i = 0; i < f.kept || i < sizeof told / sizeof told[0]; i++)
    if (i >= f.kept || i >= sizeof told / sizeof told[0] || f.at[i].line != told[i].line ||
        strcmp(f.at[i].text, told[i].text) != 0)
      fail_msg("fault %u: line %u: %s", i, i < f.kept ? f.at[i].line : 0,
               i < f.kept ? f.at[i].text : "not told");
  plan_faults_free(&f);
}

static const struct plan_door *door(const struct plan *p, const char *name) {
  uint32_t i;
  if (!plan_find(p, REF_DOOR, span_str(name), &i))
    fail_msg("no door %s", name);
  return &p->doors[i];
}

/* Two doors at one board, by numbers of their own, and one that says nothing. */
static void wiring_as_it_is_said(void **state) {
  (void)state;
  static const char yaml[] =
      HEAD AREAS DOORS("rex: record, wiring: { contact: 1, rex: 0, inverted: contact }",
                       "wiring: { inverted: [strike, lock-monitor], lock-monitor: 15, strike: 2, "
                       "at: r, contact: 3 }, lock-monitor: true") LINE;
  static const uint8_t d_at[] = {0, 1, 0, wire_none}, e_at[] = {2, 3, wire_none, 15};
  static const struct {
    const char *where, *what;
  } told[] = {
      {"door d:", ", wired (strike 0, contact 1 inverted, rex 0)\n"},
      {"door e:", ", wired to r (strike 2 inverted, contact 3, lock-monitor 15 inverted)\n"}};
  struct plan *p;
  struct plan_faults f = {0};
  struct buf text = {0};
  if (plan_read(span_str(yaml), &p, &f))
    fail_msg("%s", f.at[0].text);
  const struct plan_door *d = door(p, "d"), *e = door(p, "e");
  assert_memory_equal(d->wiring.number, d_at, sizeof d_at);
  assert_memory_equal(e->wiring.number, e_at, sizeof e_at);
  assert_int_equal(d->wiring.inverted, 1u << WIRE_CONTACT);
  assert_int_equal(e->wiring.inverted, 1u << WIRE_STRIKE | 1u << WIRE_LOCK_MONITOR);
  assert_int_equal(plan_door_board(p, 0, 0), 0);
  assert_int_equal(plan_door_board(p, 1, 0), 0);
  plan_print_text(p, &text);
  for (int i = 0; i < 2; i++) {
    const char *line = strstr(buf_cstr(&text), told[i].where);
    assert_non_null(line);
    const char *what = strstr(line, told[i].what);
    if (!what || memchr(line, '\n', (size_t)(what - line)))
      fail_msg("%s is not told: %s", told[i].what, line);
  }
  json_t *j = plan_print_json(p), *of_e;
  of_e = json_object_get(json_array_get(json_object_get(j, "doors"), 1), "wiring");
  char *as_text = json_dumps(of_e, JSON_COMPACT | JSON_SORT_KEYS);
  assert_string_equal(as_text, "{\"at\":\"r\",\"contact\":3,\"inverted\":[\"strike\","
                               "\"lock-monitor\"],\"lock-monitor\":15,\"strike\":2}");
  free(as_text);
  json_decref(j);
  buf_free(&text);
  plan_free(p);
  plan_faults_free(&f);
}

#define X(member, key, least, most, usual, text, doc) +1
enum { rule_times = 0 RULE_TIME_LIST(X) };
#undef X

/* What a blob of version 2 or 3 was of a plan that says nothing of wires, nor how long anything may
 * take. */
static char *as_version(struct span blob, int version) {
  json_t *root = json_loadb((const char *)blob.p, blob.n, 0, NULL), *row;
  size_t i;
  json_object_set_new(root, "v", json_integer(version));
  row = json_object_get(root, "rules");
  for (int k = 0; k < rule_times; k++)
    json_array_remove(row, json_array_size(row) - 1);
  json_array_foreach(json_object_get(root, "doors"), i, row) {
    for (int k = 0; version < 3 && k < WIRE_COUNT + 2; k++)
      json_array_remove(row, json_array_size(row) - 1);
  }
  char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
  json_decref(root);
  assert_non_null(text);
  return text;
}

/* Journals hold blobs of before: they say nothing of wires, or of times, and are read as they were
 * meant. */
static void blobs_of_before_are_read(void **state) {
  (void)state;
  struct buf yaml = read_file("tests/system/small.yaml"), blob = {0}, again = {0};
  struct plan *p, *q;
  struct plan_faults f = {0};
  struct fault why = {0};
  assert_int_equal(plan_read(buf_span(&yaml), &p, &f), SP_OK);
  assert_int_equal(plan_blob_encode(p, &blob, &why), SP_OK);
  for (int version = 2; version < 4; version++) {
    char *before = as_version(buf_span(&blob), version);
    if (plan_blob_decode(span_str(before), &q, &why))
      fail_msg("%s", why.text);
    buf_reset(&again);
    assert_int_equal(plan_blob_encode(q, &again, &why), SP_OK);
    assert_true(span_eq(buf_span(&blob), buf_span(&again)));
    plan_free(q);
    /* what no version would write */
    char *number = strstr(before, "\"v\":");
    number[4] = (char)('1' + version);
    assert_int_equal(plan_blob_decode(span_str(before), &q, &why), SP_INVALID);
    assert_non_null(
        strstr(why.text, version == 2 ? "of doors is malformed" : "rules are malformed"));
    free(before);
  }
  char *number = strstr((char *)(uintptr_t)buf_cstr(&blob), "\"v\":4");
  number[4] = '3';
  assert_int_equal(plan_blob_decode(buf_span(&blob), &q, &why), SP_INVALID);
  plan_free(p);
  plan_faults_free(&f);
  buf_free(&yaml);
  buf_free(&blob);
  buf_free(&again);
}

/* What is odd with a card format and no obstacle. */
static void doubtful_formats_are_told(void **state) {
  (void)state;
  static const struct {
    const char *yaml, *told;
  } rows[] = {
      {FORMATS("{ name: corporate-1000-48 }\n  - { name: wristband, bits: 48 }"),
       "one in 8 cards of format \"wristband\" also fits \"corporate-1000-48\" before it, and is "
       "read as that"},
      {FORMATS("{ name: h10301 }\n  - { name: f, bits: 26, fields: [{ name: n, first: 1, bits: 24 "
               "}], parity: [{ bit: 0, kind: even, over: 1-12 }, { bit: 25, kind: even, over: 1-24 "
               "}] }"),
       "one in 2 cards of format \"f\""},
      {FORMATS("{ name: f, bits: 10, fields: [{ name: n, first: 1, bits: 8 }], parity: [{ bit: 0, "
               "kind: even, over: 1-9 }] }"),
       "format \"f\": bit 9 is in no field and no parity bit: cards that differ only there are one "
       "card"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct plan *p;
    struct plan_faults f = {0};
    assert_int_equal(plan_read(span_str(rows[i].yaml), &p, &f), SP_OK);
    assert_int_equal(f.n, 1);
    if (!f.at[0].warning || f.at[0].line != 7 + (i < 2) || !strstr(f.at[0].text, rows[i].told))
      fail_msg("row %zu: line %u: %s", i, f.at[0].line, f.at[0].text);
    plan_free(p);
    plan_faults_free(&f);
  }
}

/* What a row of cells says of its readers holds for each of them. */
static void cells_hand_on_what_is_said_of_readers(void **state) {
  (void)state;
  static const char yaml[] = HEAD CELLS("name: c, kind: cell, count: 2, line: l, secure: install, "
                                        "factors: card+pin") REST LINE;
  struct plan *p;
  struct plan_faults f = {0};
  if (plan_read(span_str(yaml), &p, &f) || f.n)
    fail_msg("%s", f.at[0].text);
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n_readers; i++)
    if (p->readers[i].name.s[0] == 'c') {
      n++;
      assert_int_equal(p->readers[i].secure, SECURE_INSTALL);
      assert_int_equal(p->readers[i].factors, FACTOR_BIT_PIN);
    }
  assert_int_equal(n, 4);
  plan_free(p);
  plan_faults_free(&f);
}

/* A plan that cannot be read for want of memory is not called malformed. */
static void out_of_memory_is_no_mistake_of_the_plan(void **state) {
  (void)state;
  struct buf yaml = read_file("tests/system/small.yaml"), blob = {0};
  struct plan *p, *q;
  struct plan_faults f = {0};
  struct fault why = {0};
  assert_int_equal(plan_read(buf_span(&yaml), &p, &f), SP_OK);
  assert_int_equal(plan_blob_encode(p, &blob, &why), SP_OK);
  enum sp_err err = SP_NO_MEMORY;
  for (uint64_t nth = 0; err && nth < 1000; nth++) {
    (void)sp_alloc_fail_after(nth, nth % 2);
    err = plan_blob_decode(buf_span(&blob), &q, &why);
    (void)sp_alloc_fail_after(UINT64_MAX, false);
    assert_true(!err || err == SP_NO_MEMORY);
  }
  assert_int_equal(err, SP_OK);
  plan_free(q);
  plan_free(p);
  plan_faults_free(&f);
  buf_free(&blob);
  buf_free(&yaml);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_fault_is_told_with_its_line),
      cmocka_unit_test(examples_are_right_and_come_back),
      cmocka_unit_test(cells_hand_on_what_is_said_of_readers),
      cmocka_unit_test(wiring_as_it_is_said),
      cmocka_unit_test(blobs_of_before_are_read),
      cmocka_unit_test(out_of_memory_is_no_mistake_of_the_plan),
      cmocka_unit_test(the_manual_is_right),
      cmocka_unit_test(all_faults_are_told_at_once),
      cmocka_unit_test(doubtful_formats_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

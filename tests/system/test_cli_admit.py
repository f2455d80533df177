#!/usr/bin/env python3
"""The procedures of registration, each in one go, against the real engine: `person admit`."""
import json
import os
import pathlib
import pty
import select
import time
import unittest

from site_fixture import BINARY, EXISTS, HERE, INVALID, NOT_FOUND, OK, PASSWORDS, REFUSED, REGISTER, USAGE, Site

PLAN = pathlib.Path(__file__).resolve().parent.parent / "scenarios" / "plans" / "port.yaml"
CARDS = ("h10301:17-4711", "h10301:17-4712")
PIN = "2468"
ADA = ("--name", "Ada Vega", "--birth-date", "1984-03-02", "--identifier", "service:4711")


class Admit(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena")  # desk, records, legal

    def admit(self, *words, card=None, pin=None, expect=OK, by="dana", **kwargs):
        secrets = {"--card-fd": card + "\n"} if card else {}
        if pin:
            secrets["--pin-fd"] = pin + "\n"
        return self.ask("person", "admit", *words, by=by, secrets=secrets, expect=expect, **kwargs)

    def admitted(self, *words, **kwargs):
        return self.admit(*words, "--json", **kwargs).json()

    def nothing(self, *words, part, expect=USAGE, **kwargs):
        """A mistake leaves no entry at all, and says what would be right."""
        before = len(self.entries())
        result = self.admit(*words, expect=expect, **kwargs)
        self.assertIn(part, result.err)
        self.assertEqual(len(self.entries()), before, words)
        self.assertEqual(result.out, "")

    def types(self, since):
        return [e["type"] for e in self.entries()[since:] if not e["type"].startswith("session")]

    def order(self, kind="commitment", person=None, authentic=True, *words):
        number = self.ask("order", "record", kind, "district", *(("--person", person) if person else ()), *words, "--json",
                          by="rita", expect=OK).json()["entry"]["data"]["number"]
        order = f"{number // 10}-{number % 10}"
        if authentic:
            self.ask("order", "authenticate", order, by="lena", expect=OK)
        return order

    def law(self):
        self.ask("authority", "add", "district", by="rita", second="lena", expect=OK)
        self.ask("basis", "add", "code", by="rita", second="lena", expect=OK)

    # --- Who works here ---

    def test_an_officer(self):
        before = len(self.entries())
        made = self.admitted("officer", *ADA, "--level", "all", "--level", "lead", "--until", "+30d", card=CARDS[0], pin=PIN)
        self.assertEqual(self.types(before), ["person.added", "level.granted", "level.granted", "pin.set", "credential.issued"])
        self.assertEqual([made["kind"], made["levels"], made["pin"]], ["officer", ["all", "lead"], True])
        self.assertEqual(made["entries"], [e["n"] for e in self.entries()[before:] if not e["type"].startswith("session")])
        self.assertNotIn("failed", made)
        self.assertNotIn("by_hand", made)
        shown = self.ask("person", "show", made["person"], "--json", expect=OK).json()
        self.assertEqual(shown["kind"], "officer")
        self.assertEqual([c["credential"] for c in self.ask("credential", "list", "--json", expect=OK).rows()], [made["credential"]])
        self.assertTrue(all("until" in e["data"] for e in self.entries()[before:] if e["type"] in ("person.added", "level.granted", "credential.issued")))
        self.show(CARDS[0], "main-in", expect=OK)
        journal = self.ask("log", "--json", expect=OK).out
        for word in ("Vega", "1984-03-02", "4711", PIN):
            self.assertNotIn(word, journal)
        self.agree()

    def test_who_is_alike_is_told(self):
        first = self.admitted("staff", *ADA)["person"]
        told = self.admit("contractor", "--name", "Vega, Ada", "--birth-date", "1984-03-02", "--document", "D 1").out
        self.assertIn(f"They may be staff {first}", told)
        self.assertIn("all done", told)
        made = self.admitted("staff", "--name", "Someone", "--identifier", "SERVICE:47-11")
        self.assertEqual(made["candidates"], [first])
        # Who is registered gets what they lack, and no second registration.
        before = len(self.entries())
        again = self.admitted("staff", first, "--alias", "Ada V. Vega", "--level", "office")
        self.assertEqual(again["person"], first)
        self.assertEqual(self.types(before), ["person.identified", "level.granted"])
        self.nothing("officer", first, "--level", "office", part=f"person admit staff {first}", expect=INVALID)
        self.ask("person", "suspend", first, by="sam", expect=OK)
        self.nothing("staff", first, "--level", "office", part="suspended", expect=INVALID)

    def test_a_mistake_of_typing_leaves_nothing(self):
        name = ADA[:2]
        self.nothing("officer", *name, part="an identity document (--identifier TYPE:NUMBER)")
        self.nothing("officer", part="who they are (--name TEXT), an identity document")
        self.nothing("officer", "--details-file", "-", part="an identity document", stdin=b'{"name":"A"}')
        self.nothing("offcer", *ADA, part="none of staff, officer")
        self.nothing("officer", *ADA, "--level", "ofice", part="office", expect=NOT_FOUND)
        self.nothing("officer", *ADA, "--level", "office", "--level", "nihgt", part="night", expect=NOT_FOUND)
        self.nothing("officer", *ADA, "--until", "2020-01-01", part="not ahead", expect=INVALID)
        self.nothing("officer", *ADA, "--from", "+2h", "--until", "+1h", part="not after --from", expect=INVALID)
        self.nothing("officer", *ADA, "--until", "tomorow", part="tomorow", expect=INVALID)
        self.nothing("officer", *name, "--identifier", "4711", part="TYPE:NUMBER", expect=INVALID)
        self.nothing("officer", *ADA, "--order", "1000-9", part="--order has no place in `person admit officer`")
        self.nothing("officer", *ADA, card="h10301:17-47111111", part="", expect=INVALID)
        self.nothing("officer", *ADA, pin="12", part="", expect=INVALID)
        self.nothing("officer", "1000-8", "--level", "office", part="1000-8", expect=NOT_FOUND)

    def test_a_failure_in_the_middle(self):
        self.admitted("staff", *ADA, card=CARDS[0])
        before = len(self.entries())
        words = ("officer", "--name", "Bo O'Neil", "--document", "D 7", "--level", "office", "--until", "+1d")
        told = self.admit(*words, card=CARDS[0], pin=PIN, expect=EXISTS)
        self.assertEqual(self.types(before), ["person.added", "level.granted", "pin.set"])
        number = self.ask("person", "list", "--kind", "officer", "--json", expect=OK).rows()[0]["number"]
        left = [line.strip() for line in told.out.splitlines() if line.startswith("  sallyport")]
        self.assertEqual(left, [f"sallyport credential issue {number} --until +1d --dir {self.dir} --as dana"])
        # What is told is what finishes it.
        self.ask(*left[0].split()[1:4], "--until", "+1d", by="dana", secrets={"--card-fd": CARDS[1]}, expect=OK)
        self.show(CARDS[1], "main-in")
        made = json.loads(self.admit(*words, "--json", card=CARDS[0], expect=EXISTS).out)
        self.assertEqual([made["failed"], made["error"], made["levels"]], ["credential", "exists", ["office"]])
        self.assertEqual(len(made["by_hand"]), 1)
        self.assertEqual(made["reasons"][0]["code"], "exists")

    def test_who_may_not(self):
        before = len(self.entries())
        told = self.admit("officer", *ADA, "--level", "office", by="lena", expect=REFUSED)
        self.assertNotIn("By hand", told.out)
        self.assertNotIn("person.added", self.types(before))

    # --- Detainees ---

    def test_a_detainee(self):
        self.law()
        self.admitted("staff", *ADA)
        person = self.add_person("detainee")
        order = self.order("commitment", person, True, "--basis", "code")
        before = len(self.entries())
        made = self.admitted("detainee", "--order", order, *REGISTER, "--name", "Ada Vega", "--birth-date", "1984-03-02", "--level", "all",
                         card=CARDS[0])
        self.assertEqual(self.types(before), ["person.identified", "link.recorded", "booking.opened", "level.granted", "credential.issued"])
        self.assertEqual([made["person"], made["booking"], len(made["candidates"])], [person, "1000-9", 1])
        self.show(CARDS[0], "main-in", expect=OK)
        self.nothing("detainee", "--order", order, *REGISTER, part="admitted already", expect=EXISTS)
        self.assertNotIn("Vega", self.ask("log", "--json", expect=OK).out)
        self.agree()

    def test_a_detainee_and_mistakes(self):
        self.law()
        person, other = self.add_person("detainee"), self.add_person("detainee")
        order = self.order("commitment", person, False, "--basis", "code")
        stay = self.order("stay", person, False)
        self.nothing("detainee", *REGISTER, part="the order that holds them (--order ORDER)")
        self.nothing("detainee", "--order", order, part="the register")
        self.nothing("detainee", other, "--order", order, *REGISTER, part=f"names detainee {person}", expect=INVALID)
        self.nothing("detainee", "--order", stay, *REGISTER, part="is a stay", expect=INVALID)
        self.nothing("detainee", "--order", "1009-0", *REGISTER, part="1009-0", expect=NOT_FOUND)
        register = json.loads((HERE / "register.json").read_text())
        lacks = self.tmp / "lacks.json"
        del register["gender"]
        lacks.write_text(json.dumps(register))
        self.nothing("detainee", "--order", order, "--details-file", lacks, part="lacks gender", expect=INVALID)
        lacks.write_text(json.dumps({**register, "gendre": "x"}))
        self.nothing("detainee", "--order", order, "--details-file", lacks, part="gendre", expect=INVALID)
        # That nobody has authenticated it is no mistake of typing: the engine refuses, and the register of refusals has it.
        before = len(self.entries())
        made = json.loads(self.admit("detainee", "--order", order, *REGISTER, "--name", "X Y", "--level", "all", "--json", expect=REFUSED).out)
        self.assertEqual(self.types(before), ["person.identified", "booking.refused"])
        self.assertEqual([made["failed"], made["error"]], ["booking", "refused"])
        self.assertIn("unauthenticated", [r["code"] for r in made["reasons"]])
        self.assertEqual([c.split()[1:3] for c in made["by_hand"]], [["booking", "open"], ["level", "grant"]])
        # Whom a sealed order names is not told: the desk says whom it admits.
        sealed = self.order("commitment", person, True, "--basis", "code", "--sealed")
        self.nothing("detainee", "--order", sealed, *REGISTER, part="this order is sealed")
        self.assertEqual(self.admitted("detainee", person, "--order", sealed, *REGISTER)["person"], person)

    # --- Asking ---

    def test_through_a_pipe_nothing_is_asked(self):
        result = self.admit("officer", expect=USAGE, stdin=b"Ada Vega\n1984-03-02\nservice:4711\n\n\n")
        self.assertIn("nothing was done", result.err)
        self.assertEqual(result.out, "")

    def terminal(self, *words, by="dana"):
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(BINARY, [BINARY, *words, "--as", by, "--dir", str(self.dir)], {**os.environ, "TERM": "dumb"})
        return pid, fd

    def talk(self, fd, *lines):
        """(what is asked, what is answered), in turn; everything that was seen."""
        seen = all_seen = b""
        for asked, answer in lines:
            end = time.monotonic() + 20
            while asked.encode() not in seen:
                self.assertLess(time.monotonic(), end, (asked, all_seen.decode()))
                if select.select([fd], [], [], 0.1)[0]:
                    try:
                        more = os.read(fd, 4096)
                    except OSError:
                        self.fail((asked, all_seen.decode()))
                    seen += more
                    all_seen += more
            seen = seen[seen.index(asked.encode()) + len(asked):]
            os.write(fd, answer.encode() + b"\n")
        return all_seen

    def ended(self, pid, fd):
        seen = b""
        try:
            while more := os.read(fd, 4096):
                seen += more
        except OSError:
            pass  # the terminal hung up: the program ended
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()

    def test_step_by_step(self):
        first = self.admitted("staff", *ADA)["person"]
        before, reads = len(self.entries()), len(self.entries("--type", "details.read"))
        pid, fd = self.terminal("person", "admit", "officer")
        seen = self.talk(fd, ("name: ", ""), ("this must be there", "Vega Ada"), ("birth date", "1984-3-2"), ("is no date", "1984-03-02"),
                         ("identity document", "passport"), ("TYPE:NUMBER", "passport:X1"), ("another: identity document", ""),
                         ("another name", ""), ("until when", ""), ("access level", "ofice"), ("is `office` meant", "office"),
                         ("another: access level", ""), ("a PIN? y or n", "n"), ("a card? y or n", "y"),
                         ("card (FORMAT:NUMBER)", "h10301:x"), ("card (FORMAT:NUMBER)", CARDS[1]), ("password of dana", PASSWORDS["dana"]),
                         ("go on (nothing)", "what"), ("`details` or `stop`", "details"), (first, ""))
        code, rest = self.ended(pid, fd)
        self.assertEqual(code, OK, seen.decode() + rest)
        self.assertIn("all done", rest)
        self.assertNotIn(CARDS[1], seen.decode() + rest)
        self.assertEqual(self.types(before), ["person.added", "link.recorded", "details.read", "level.granted", "credential.issued"])
        self.assertEqual(len(self.entries("--type", "details.read")), reads + 1)

    def test_stopped_at_who_is_alike(self):
        self.admitted("staff", *ADA)
        pid, fd = self.terminal("person", "admit", "staff")
        self.talk(fd, ("name: ", "Ada Vega"), ("birth date", "1984-03-02"), ("identity document", "passport:X1"), ("another", ""),
                  ("another name", ""), ("until when", ""), ("access level", "office"), ("another", ""), ("a PIN", "n"), ("a card", "n"),
                  ("password of dana", PASSWORDS["dana"]), ("go on", "stop"))
        code, rest = self.ended(pid, fd)
        self.assertEqual(code, OK, rest)
        self.assertRegex(rest, r"sallyport level grant \d{4}-\d office --dir")
        self.assertNotIn("all done", rest)


if __name__ == "__main__":
    unittest.main()

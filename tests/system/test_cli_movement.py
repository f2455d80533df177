#!/usr/bin/env python3
"""Movements, as clerks and officers type them, against the real engine: a question asked anew at each step."""
import fcntl
import hashlib
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unicodedata
import unittest

from site_fixture import BINARY, INVALID, NOT_FOUND, OK, PASSWORDS, REFUSED, REGISTER, USAGE, Site

PLAN = pathlib.Path(__file__).resolve().parent.parent / "scenarios" / "plans" / "port.yaml"
SANITIZED = not (pathlib.Path(BINARY).parent / "tests" / "intercepted.so").exists()
CARDS = ("h10301:17-4711", "h10301:17-4712")


class Movement(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena", "gil")  # desk, records, legal, gate

    def setUp(self):
        if SANITIZED and self._testMethodName not in ("test_the_desk", "test_stayed_after_departure"):
            self.skipTest("one build is enough")
        super().setUp()
        for words in (("authority", "add", "appeals"), ("authority", "add", "district", "--above", "appeals"),
                      ("authority", "add", "state-b"), ("place", "add", "jail-b", "us"), ("basis", "add", "code")):
            self.ask(*words, by="rita", second="lena", expect=OK)

    @staticmethod
    def number(result):
        number = result.json()["entry"]["data"]["number"]
        return f"{number // 10}-{number % 10}"

    def order(self, kind, person, *words, authentic=True):
        order = self.number(self.ask("order", "record", kind, "district", "--person", person, *words, "--json", by="rita", expect=OK))
        if authentic:
            self.ask("order", "authenticate", order, by="lena", expect=OK)
        return order

    def inside(self, card):
        """A detainee who is held on an order, was booked, and came in."""
        person = self.add_person("detainee", level="all", card=card)
        self.ask("booking", "open", person, self.order("commitment", person, "--basis", "code"), *REGISTER, by="dana", expect=OK)
        self.show(card, "main-in", "--walk", expect=OK)
        return person

    def bus(self, *persons):
        """A bus to the other jail with them on its manifest, authorised; the orders in the same sequence."""
        movement = self.number(self.ask("movement", "propose", "transfer", "--to", "jail-b", "--receiver", "state-b",
                                        "--seats", "12", "--departs", "+2h", "--json", by="rita", expect=OK))
        orders = [self.order("transfer", p, "--basis", "code", "--to", "jail-b") for p in persons]
        for person, order in zip(persons, orders):
            self.ask("manifest", "add", movement, person, "--order", order, by="rita", expect=OK)
        self.ask("movement", "authorise", movement, by="lena", expect=OK)
        return movement, orders

    def confirm(self, movement, person, expect=OK, **kwargs):
        return self.ask("manifest", "confirm", movement, person, "--presented", person, "--biometric", "match", by="gil",
                        expect=expect, **kwargs)

    def shown(self, movement):
        return self.ask("movement", "show", movement, "--json", expect=OK).json()

    def states(self, movement):
        return {m["person"]: m["state"] for m in self.shown(movement)["manifest"]}

    def desk(self, movement, *lines, second=None):
        return self.ask("movement", "board", movement, by="gil", second=second, stdin="".join(f"{w}\n" for w in lines).encode(),
                        expect=OK)

    def test_taken_and_handed_over(self):
        person = self.inside(CARDS[0])
        movement, [order] = self.bus(person)
        shown = self.shown(movement)
        self.assertEqual((shown["kind"], shown["state"], shown["to"], shown["seats"], shown["seated"]), ("transfer", "authorised", "jail-b", 12, 1))
        self.assertEqual(shown["manifest"], [{"person": person, "state": "manifested", "order": order, "permitted": True, "reasons": []}])
        self.assertIn(f"transfer {order} of district", self.ask("movement", "show", movement, expect=OK).out)
        self.assertEqual(self.codes(CARDS[0], "main-out"), ["sequence"])
        self.confirm(movement, person)
        self.ask("movement", "board", movement, person, by="gil", expect=OK)
        person_now = self.ask("person", "show", person, "--json", expect=OK).json()
        self.assertEqual((person_now["movement"], person_now["on_manifest"]), (movement, "boarded"))
        self.assertIn("booking", person_now)
        self.show(CARDS[0], "main-out", "--walk", expect=OK)
        self.ask("movement", "depart", movement, by="gil", second="lena", expect=OK)
        row = self.ask("movement", "list", "--json", expect=OK).rows()[0]
        self.assertEqual((row["number"], row["state"], row["aboard"]), (movement, "departed", 1))
        self.ask("movement", "arrive", movement, by="sam", expect=OK)
        unsigned = self.ask("movement", "handover", movement, person, by="rita", expect=REFUSED)
        self.assertIn(f"the receiver of detainee {person} has not signed", unsigned.out)
        receipt = self.tmp / "receipt.pdf"
        receipt.write_bytes(b"%PDF received")
        self.ask("movement", "handover", movement, person, "--receipt", receipt, by="rita", expect=OK)
        signed = self.entries("--type", "movement.handed_over")[0]["data"]
        self.assertEqual(signed["receipt"], hashlib.sha256(b"%PDF received").hexdigest())
        self.assertEqual(self.states(movement), {person: "handed_over"})
        self.assertEqual([b["state"] for b in self.ask("booking", "list", "--json", expect=OK).rows()], ["closed"])
        log = self.ask("log", "--limit", "99", expect=OK).out
        for word in ("proposed", "manifest", "authorised", "confirmed", "boarded", "departed", "arrived", "handed over"):
            self.assertIn(word, log)
        for entry in self.entries():
            self.ask("explain", str(entry["n"]), expect=OK)
        self.agree()

    def test_stayed_before_boarding(self):
        """A stay after the approval keeps that person, and nobody else once they are off."""
        dina, emil = (self.inside(card) for card in CARDS)
        movement, _ = self.bus(dina, emil)
        for person in (dina, emil):
            self.confirm(movement, person)
        self.ask("movement", "board", movement, emil, by="gil", expect=OK)
        stay = self.order("stay", dina, authentic=False)
        self.assertEqual([(m["person"], m["permitted"], [r["code"] for r in m["reasons"]]) for m in self.shown(movement)["manifest"]],
                         [(dina, False, ["stayed"]), (emil, True, [])])
        refused = self.ask("movement", "board", movement, dina, by="gil", expect=REFUSED)
        self.assertIn(f"stay {stay} of district forbids it", refused.out)
        entry = self.entries("--type", "movement.refused")[0]
        told = self.ask("explain", str(entry["n"]), expect=OK).out
        for part in ("step `board`", f"movement {movement} (transfer)", f"detainee {dina}", f"stay {stay} of district forbids it"):
            self.assertIn(part, told)
        self.ask("movement", "depart", movement, by="gil", second="sam", expect=OK)
        self.assertEqual(self.states(movement), {dina: "removed", emil: "departed"})
        self.agree()

    def test_stayed_after_departure(self):
        """The engine recalls by itself, a clock runs until somebody answers, and the papers are named to whoever may read them."""
        person = self.inside(CARDS[0])
        movement, _ = self.bus(person)
        self.confirm(movement, person)
        self.ask("movement", "board", movement, person, by="gil", expect=OK)
        self.ask("movement", "depart", movement, by="gil", second="sam", expect=OK)
        stay = self.order("stay", person, "--reference", "25-1084", "--official", "Clerk of the Court", authentic=False)
        for _ in range(100):
            if self.entries("--type", "recall.raised"):
                break
            time.sleep(0.1)
        recall = self.entries("--type", "recall.raised")[0]
        self.assertEqual([r["code"] for r in recall["data"]["reasons"]], ["stayed"])
        self.assertIn(f"{person}", self.ask("alarm", "list", expect=OK).out)
        told = self.ask("explain", str(recall["n"]), expect=OK).out
        self.assertIn(f"stay {stay} of district forbids it", told)
        self.assertNotIn("25-1084", told)
        told = self.ask("explain", str(recall["n"]), "--details", by="rita", expect=OK).out
        self.assertIn(f"stay {stay} of district: reference 25-1084, Clerk of the Court", told)
        shown = self.ask("order", "show", stay, "--details", "--json", by="rita", expect=OK).json()
        self.assertEqual((shown["reference"], shown["official"]), ("25-1084", "Clerk of the Court"))
        self.assertNotIn("reference", self.ask("order", "show", stay, "--json", expect=OK).json())
        self.assertEqual(len(self.entries("--type", "details.read")), 2)
        self.ask("recall", "answer", movement, person, "returning", by="rita", expect=OK)
        self.show(CARDS[0], "main-in", "--walk", expect=OK)
        self.assertEqual(self.states(movement), {person: "returned"})
        self.agree()

    def test_several_are_refused_at_once(self):
        """Each is named with their own reasons."""
        dina, emil = (self.inside(card) for card in CARDS)
        movement, _ = self.bus(dina, emil)
        self.desk(movement, f"confirm {dina}", f"board {dina}", f"confirm {emil}", f"board {emil}")
        stays = [self.order("stay", p, authentic=False) for p in (dina, emil)]
        refused = self.ask("movement", "depart", movement, by="gil", second="sam", expect=REFUSED)
        for stay, person in zip(stays, (dina, emil)):
            self.assertIn(f"stay {stay} of district forbids it", refused.out)
            self.assertIn(f"detainee {person}", refused.out)
        self.agree()

    def test_the_desk(self):
        dina, emil = (self.inside(card) for card in CARDS)
        movement, _ = self.bus(dina, emil)
        stay = self.order("stay", emil, authentic=False)
        out = self.desk(movement, dina, f"board {dina}", f"confirm {dina} {emil}", f"confirm {dina} match", f"board {dina}", emil,
                        f"confirm {emil}", f"remove {emil}", "bord", "board 1000-1", "board", "confirm", "x" * 400, "", "depart",
                        "quit", "remove nobody", second="sam").out
        at = 0
        for part in (f"movement {movement} (transfer) to jail-b: authorised", f"detainee {dina} is manifested, and may go now",
                     f"next: confirm {dina}", "is not where this step begins", f"it is not shown that they are detainee {emil}",
                     "confirmed", "boarded", f"detainee {emil} is manifested, and may not go now", f"stay {stay} of district forbids it",
                     "confirm: stayed", f"stay {stay} of district forbids it", "removed", "is `board` meant?", "check digit",
                     "needs a person's number", "needs a person's number", "nothing is called", "departed"):
            self.assertIn(part, out[at:])
            at = out.index(part, at) + len(part)
        self.assertNotIn("\033", out)
        self.assertEqual(self.states(movement), {dina: "departed", emil: "removed"})
        departed = self.entries("--type", "movement.departed")[0]
        self.assertIn("second", departed)
        self.assertNotIn("second", self.entries("--type", "movement.boarded")[0])
        self.agree()

    def test_the_desk_asks_who_agrees(self):
        person = self.inside(CARDS[0])
        movement, _ = self.bus(person)
        out = self.desk(movement, f"confirm {person}", f"confirm {person}", f"board {person}", f"off {person}", "depart", "rita").out
        self.assertIn("not done", out)
        self.assertIn("got off", out)
        self.assertIn("no terminal to ask for the password of rita", out)
        self.assertEqual(self.states(movement), {person: "manifested"})
        out = self.desk(movement, "depart").out
        self.assertIn("depart with NAME", out)
        rows = self.ask("movement", "board", movement, "--json", by="gil", stdin=f"{person}\nnonsense\nboard {person}\n".encode(),
                        expect=OK).rows()
        self.assertEqual((rows[0]["next"], rows[1]["error"], rows[2]["decision"]), ("confirm", "usage", "refused"))
        self.agree()

    NAMES = ("Dina Okoye", "Émile Ångström-Żółkiewski von und zu Hohenlohe-Schillingsfürst", "山田太郎山田太郎山田太郎山田太郎")

    def named(self, name, born, card):
        """As `inside`, with a name."""
        person = self.number(self.ask("person", "add", "--kind", "detainee", "--name", name, "--birth-date", born, "--json", by="dana",
                                      expect=OK))
        self.ask("level", "grant", person, "all", by="dana", expect=OK)
        self.ask("credential", "issue", person, by="dana", secrets={"--card-fd": card}, expect=OK)
        self.ask("booking", "open", person, self.order("commitment", person, "--basis", "code"), *REGISTER, by="dana", expect=OK)
        self.show(card, "main-in", "--walk", expect=OK)
        return person

    def test_the_desk_knows_names(self):
        """It shows who they are; that it was read is one entry, however often it is drawn."""
        dina, emile = (self.named(n, b, c) for n, b, c in zip(self.NAMES, ("1990-02-28", "1971-12-01"), CARDS))
        movement, _ = self.bus(dina, emile)
        self.order("stay", emile, authentic=False)
        before = len(self.entries("--type", "details.read"))
        out = self.desk(movement, "show", dina, "show", f"confirm {dina}", "show").out
        for part in (self.NAMES[0], self.NAMES[1], "1990-02-28", "1971-12-01"):
            self.assertIn(part, out)
        self.assertIn(f"        {self.NAMES[0]}\n        born 1990-02-28\n", out)
        reads = self.entries("--type", "details.read")[before:]
        self.assertEqual(len(reads), 1)
        self.assertEqual(list(reads[0]["data"]), ["movement"])
        self.assertIn("details of all on movement", self.ask("log", "--type", "details.read", expect=OK).out)
        rows = self.ask("movement", "board", movement, "--json", by="gil", stdin=f"{dina}\nshow\n".encode(), expect=OK).rows()
        self.assertEqual((rows[0]["name"], rows[0]["birth_date"], rows[0]["photo"], rows[0]["state"]), (self.NAMES[0], "1990-02-28", False, "confirmed"))
        self.assertEqual([r["name"] for r in rows[1:]], list(self.NAMES[:2]))
        self.assertEqual([r["permitted"] for r in rows[1:]], [True, False])

    def test_a_mismatch_is_judged_by_two(self):
        person = self.inside(CARDS[0])
        movement, _ = self.bus(person)
        words = ("manifest", "confirm", movement, person, "--presented", person, "--biometric", "mismatch")
        self.assertIn("does not match", self.ask(*words, by="gil", expect=REFUSED).out)
        out = self.desk(movement, f"confirm {person} mismatch", f"confirm {person} mismatch with sam", second="sam").out
        self.assertIn("does not match", out)
        self.assertEqual(self.states(movement), {person: "confirmed"})
        self.assertIn("second", self.entries("--type", "identity.confirmed")[0])

    def test_the_desk_on_a_terminal(self):
        """The manifest is drawn anew after each line, within the screen, with whoever has come onto it."""
        person, other = self.named(self.NAMES[1], "1971-12-01", CARDS[0]), self.named(self.NAMES[2], "1990-02-28", CARDS[1])
        movement, _ = self.bus(person)
        reads = len(self.entries("--type", "details.read"))
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
        read, write = os.pipe()
        os.write(write, PASSWORDS["gil"].encode() + b"\n")
        os.close(write)
        desk = subprocess.Popen([BINARY, "movement", "board", movement, "--as", "gil", "--password-fd", str(read), "--dir", str(self.dir)],
                                stdin=theirs, stdout=theirs, stderr=theirs, pass_fds=[read], env={**os.environ, "TERM": "xterm"})
        os.close(theirs)
        os.close(read)
        seen = b""

        def until(text):
            nonlocal seen
            end = time.monotonic() + 20
            while text not in seen:
                self.assertLess(time.monotonic(), end, seen)
                if select.select([ours], [], [], 0.1)[0]:
                    seen += os.read(ours, 4096)

        until(b"> ")
        self.assertTrue(seen.startswith(b"\033[H\033[2J"))
        self.within(seen, 80)
        self.assertIn("Émile Ångström-", seen.decode())
        seen = b""
        os.write(ours, f"confirm {person}\n".encode())
        until(b"> ")
        drawn = seen.index(b"\033[H\033[2J")
        self.assertIn(b"confirmed", seen[drawn:])
        self.ask("manifest", "add", movement, other, "--order", self.order("transfer", other, "--basis", "code", "--to", "jail-b"), "--alternate",
                 by="rita", expect=OK)
        seen = b""
        os.write(ours, b"show\n")
        until(b"> ")
        self.assertIn("山田太郎", seen.decode())
        self.within(seen, 80)
        seen = b""
        os.write(ours, f"promote {other}\n".encode())
        until(b"> ")
        self.assertEqual([set(e["data"]) for e in self.entries("--type", "details.read")[reads:]], [{"movement"}, {"person"}])
        os.write(ours, b"quit\n")
        self.assertEqual(desk.wait(timeout=20), OK)
        os.close(ours)

    def within(self, seen, columns):
        """No line of the manifest is wider than the screen."""
        text = re.sub(r"\033\[[0-9;]*[A-Za-z]", "", seen.decode())
        for line in text.split("> ")[0].splitlines():
            if re.match(r" *(NUMBER|1\d\d\d-\d)", line):
                width = sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
                self.assertLessEqual(width, columns, line)

    def test_mistakes(self):
        person = self.inside(CARDS[0])
        movement, [order] = self.bus(person)
        for words, code, part in (
                (("movement", "propose", "transfr", "--to", "jail-b"), USAGE, "transfer"),
                (("movement", "propose", "transfer", "--to", "jail-c", "--receiver", "state-b"), NOT_FOUND, "`jail-b` meant"),
                (("movement", "propose", "transfer", "--to", "jail-b"), INVALID, "missing"),
                (("movement", "propose", "internal", "--seats", "many"), USAGE, "whole number"),
                (("movement", "authorise", "1000-1"), NOT_FOUND, "sallyport movement list"),
                (("movement", "authorise", movement), INVALID, "already so"),
                (("movement", "depart"), USAGE, "needs MOVEMENT"),
                (("manifest", "add", movement, person, "--order", order), INVALID, "already so"),
                (("manifest", "add", movement, person, "--ordr", order), USAGE, "--order meant"),
                (("manifest", "confirm", movement, person, "--presented", person), USAGE, "--biometric"),
                (("movement", "handover", movement, person, "--receipt", self.tmp / "none"), NOT_FOUND, "none"),
        ):
            result = self.ask(*words, by="rita")
            self.assertEqual(result.code, code, (words, result.out, result.err))
            self.assertIn(part, result.out + result.err, words)
        result = self.ask("movement", "board", "1009-9", by="gil", stdin=b"quit\n", expect=NOT_FOUND)
        self.assertIn("sallyport movement list", result.err)
        self.assertEqual(self.ask("movement", "show", "--help", expect=OK).err, "")
        self.ask("manifest", "add", movement, person, by="gil", expect=REFUSED)


if __name__ == "__main__":
    unittest.main()

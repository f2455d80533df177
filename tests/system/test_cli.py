#!/usr/bin/env python3
"""Every verb against a running site: the happy path, the shape of --json, and mistakes."""
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

from site_fixture import (BINARY, DENIED, EXISTS, FOUNDER, INVALID, NOT_FOUND, OK, PASSWORDS, REFUSED, ROOT, Site,
                          UNAVAILABLE, USAGE, run)

CARD = "h10301:1234567"


def costs(folder):
    """N, p and r of scrypt for each operator of the site."""
    with sqlite3.connect(folder / "site.db") as db:
        bodies = [bytes(row[0]) for row in db.execute("SELECT bytes FROM details_bodies")]
    db.close()
    return [tuple(map(int, cost)) for body in bodies for cost in re.findall(rb'"n":(\d+),"p":(\d+),"r":(\d+)', body)]



class Init(Site):
    def test_what_it_prints_and_makes(self):
        self.assertRegex(self.made.out, r"sallyport\.local/small\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,}")
        for name in ("signing.pem", "site.key"):
            self.assertEqual((self.dir / "keys" / name).stat().st_mode & 0o777, 0o600, name)
        self.assertEqual((self.dir / "keys").stat().st_mode & 0o077, 0)
        types = [e["type"] for e in self.entries()]
        self.assertEqual(types[0], "site.created")
        self.assertIn("plan.applied", types[:4])
        self.assertEqual(types.count("operator.added"), 2)

    def test_never_overwrites(self):
        before = {p: p.read_bytes() for p in (self.dir / "keys").iterdir()}
        again = run("init", self.dir, "--plan", self.PLAN, "--operator", "x:admin", "--operator", "y:shift",
                    secrets={"--password-fd": "one long password\nother long password\n"})
        self.assertEqual(again.code, EXISTS)
        self.assertEqual(before, {p: p.read_bytes() for p in (self.dir / "keys").iterdir()})

    def test_refuses(self):
        other = self.tmp / "other"
        passwords = {"--password-fd": "one long password\nother long password\n"}
        for words, code in (
                (["--operator", "x:admin"], INVALID),                       # two are needed
                (["--operator", "x:admin", "--operator", "y:admin"], INVALID),  # of two roles
                (["--operator", "x:admin", "--operator", "x:shift"], INVALID),  # of two names
                (["--operator", "x:wizard", "--operator", "y:shift"], USAGE),
                (["--operator", "x", "--operator", "y:shift"], USAGE),
                (["--operator", "x:admin", "--operator", "y:shift", "--origin", "a b"], INVALID),
        ):
            result = run("init", other, "--plan", self.PLAN, *words, secrets=passwords)
            self.assertEqual(result.code, code, (words, result.err))
            self.assertFalse((other / "site.db").exists(), words)
        bad = self.tmp / "bad.yaml"
        bad.write_text("site: {}\n")
        result = run("init", other, "--plan", bad, "--operator", "x:admin", "--operator", "y:shift",
                     secrets=passwords)
        self.assertEqual(result.code, INVALID)
        self.assertFalse((other / "site.db").exists())
        short = run("init", other, "--plan", self.PLAN, "--operator", "x:admin", "--operator", "y:shift",
                    secrets={"--password-fd": "one long password\n"})
        self.assertEqual(short.code, INVALID)
        self.assertFalse((other / "site.db").exists())

    def test_what_trying_a_password_costs(self):
        """By the program that is shipped; the other two of self.dir were founded by one for tests."""
        space = self.tmp / "space"
        made = run("init", space, "--plan", self.PLAN, "--operator", "x:admin", "--operator", "y:shift",
                   secrets={"--password-fd": "one long password\nother long password\n"})
        self.assertEqual(made.code, OK, made.err)
        self.assertEqual(costs(space), [(32768, 3, 8)] * 2)
        self.add_operator("dana")
        self.stop()
        self.assertEqual(costs(self.dir).count((32768, 3, 8)), 1 if FOUNDER != BINARY else 3)

    def test_one_operator_where_the_plan_says_so(self):
        space = self.tmp / "space"
        made = run("init", space, "--plan", ROOT / "examples" / "makerspace.yaml", "--operator", "jo:admin",
                   secrets={"--password-fd": "a long password\n"})
        self.assertEqual(made.code, OK, made.err)


class Verbs(Site):
    MORE = ("dana", "gil", "rita", "lena")

    def test_persons(self):
        number = self.add_person("officer", level="guard")
        add = self.ask("person", "add", "--kind", "visitor", "--name", "Rosa Díaz", "--birth-date", "1959-03-19",
                       "--document", "SV-77", "--until", "+8h", by="dana", expect=OK)
        self.assertIn("registered", add.out)
        visitor = re.search(r"visitor (\d+-\d)", add.out).group(1)
        rows = self.ask("person", "list", "--json", expect=OK).rows()
        self.assertEqual([r["kind"] for r in rows], ["officer", "visitor"])
        self.assertEqual(rows[0]["levels"], ["guard"])
        self.assertNotIn("name", rows[1])
        self.assertEqual(len(self.ask("person", "list", "--kind", "officer", "--json").rows()), 1)
        self.assertEqual(self.ask("person", "list", "--state", "departed").out, "nobody\n")
        self.assertIn("Rosa", self.ask("person", "list", "--details", by="dana", expect=OK).out)
        shown = self.ask("person", "show", visitor, "--details", "--json", by="gil", expect=OK).json()
        self.assertEqual((shown["name"], shown["birth_date"], shown["document"]), ("Rosa Díaz", "1959-03-19", "SV-77"))
        reads = [e for e in self.entries("--type", "details.read")]
        self.assertEqual(len(reads), 2)
        self.assertNotIn("person", reads[0]["data"])
        self.assertEqual(reads[1]["data"]["person"], shown["person"])
        for text in (visitor, visitor.replace("-", ""), shown["person"]):
            self.assertEqual(self.ask("person", "show", text, "--json").json()["number"], visitor)
        self.ask("person", "suspend", number, by="gil", expect=OK)
        self.ask("person", "suspend", number, by="gil", expect=INVALID)
        self.ask("person", "reinstate", number, by="dana", expect=REFUSED)
        self.ask("person", "reinstate", number, by="dana", second="sam", expect=OK)
        self.ask("person", "locate", number, "hall", by="gil", expect=OK)
        self.ask("person", "depart", number, by="dana", expect=INVALID)  # still inside
        self.assertEqual(self.ask("roll", "--json").rows()[0]["number"], number)
        self.ask("person", "locate", number, "outside", by="gil", expect=OK)
        self.ask("person", "separate", number, visitor, by="gil", expect=OK)
        self.assertEqual(self.ask("person", "show", number, "--json").json()["separate_from"], [visitor])
        self.ask("person", "unseparate", number, visitor, by="sam", second="lena", expect=OK)
        self.ask("person", "merge", visitor, number, by="dana", expect=OK)
        self.assertEqual(self.ask("person", "show", visitor, "--json").json()["merged_into"], number)
        self.ask("person", "unmerge", visitor, by="dana", second="sam", expect=OK)
        self.ask("person", "depart", number, by="dana", expect=OK)
        self.ask("person", "erase", visitor, "--ground", "retention", by="rita", second="lena", expect=OK)
        self.assertNotIn("name", self.ask("person", "show", visitor, "--details", "--json", by="gil").json())
        self.agree()

    def test_persons_mistakes(self):
        number = self.add_person()
        wrong_digit = number[:-1] + str((int(number[-1]) + 1) % 10)
        for words, code, part in (
                (["person", "show", wrong_digit], NOT_FOUND, "check digit"),
                (["person", "show", "nobody"], NOT_FOUND, "number"),
                (["person", "show", number, "--details"], USAGE, "--as"),
                (["person", "list", "--area", "hal"], NOT_FOUND, "`hall`"),
        ):
            result = self.ask(*words, expect=code)
            self.assertIn(part, result.err)
        for words, code, part in (
                (["person", "add", "--kind", "staff", "--birth-date", "19.3.1959"], INVALID, "1984-03-02"),
                (["person", "add", "--kind", "staff", "--until", "tomorrow"], INVALID, "+8h"),
                (["person", "add", "--kind", "staff", "--until", "2001-01-01", "--from", "2002-01-01"], INVALID, ""),
                (["person", "add", "--kind", "staff", "--details-file", "/nonexistent"], NOT_FOUND, "no such file"),
                (["level", "grant", number, "gaurd"], NOT_FOUND, "`guard`"),
                (["person", "locate", number, "moon"], NOT_FOUND, "area"),
        ):
            result = self.ask(*words, by="dana", expect=code)
            self.assertIn(part, result.err)
        for text in (b"{", b"[]", b'{"a":1,"a":2}', b"\xff", b'{"a":"' + b"x" * 20000 + b'"}'):
            result = self.ask("person", "add", "--kind", "staff", "--details-file", "-", by="dana", stdin=text)
            self.assertIn(result.code, (INVALID, 8), text[:10])
        self.assertEqual(len(self.ask("person", "list", "--json").rows()), 1)

    def test_who_may(self):
        number = self.add_person()
        refused = self.ask("person", "add", "--kind", "staff", "--json", by="gil", expect=REFUSED).json()
        self.assertEqual([r["code"] for r in refused["reasons"]], ["role_not_permitted"])
        self.assertEqual(refused["entry"]["type"], "command.refused")
        self.ask("gate", "lockdown", by="gil", expect=OK)
        alone = self.ask("gate", "release", "--json", by="gil", expect=REFUSED).json()
        self.assertEqual(alone["reasons"][0]["code"], "second_operator_required")
        same = self.ask("gate", "release", "--json", by="gil", second="gil", expect=REFUSED).json()
        self.assertIn("same_operator", [r["code"] for r in same["reasons"]])
        self.ask("gate", "release", by="gil", second="sam", expect=OK)
        for by, password in (("gil", "wrong password"), ("nobody", "x" * 12)):
            result = run("person", "suspend", number, "--as", by, "--dir", self.dir,
                         secrets={"--password-fd": password + "\n"})
            self.assertEqual(result.code, DENIED)
            self.assertNotIn(password, result.out + result.err)
        # without a terminal there is nobody to ask
        result = run("person", "suspend", number, "--as", "gil", "--dir", self.dir,
                     preexec=os.setsid)
        self.assertEqual(result.code, USAGE)
        self.assertIn("--password-fd", result.err)

    def test_a_password_typed_on_a_terminal(self):
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(BINARY, [BINARY, "gate", "lockdown", "--as", "gil", "--dir", str(self.dir)])
        seen = b""
        while b"password of gil: " not in seen:
            seen += os.read(fd, 1024)
        os.write(fd, PASSWORDS["gil"].encode() + b"\n")
        try:
            while True:
                more = os.read(fd, 1024)
                if not more:
                    break
                seen += more
        except OSError:
            pass  # the terminal hung up: the program ended
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), OK, seen)
        os.close(fd)
        self.assertIn(b"LOCKDOWN", seen)
        self.assertNotIn(PASSWORDS["gil"].encode(), seen)

    def test_one_time_pass(self):
        number, host = self.add_person("visitor", level="staff"), self.add_person("staff")
        self.ask("visit", "open", number, "--host", host, "--until", "+2h", by="dana", expect=OK)
        issue = ("credential", "issue", number, "--once")
        lacking = self.ask(*issue, by="dana", secrets={"--card-fd": CARD})
        self.assertEqual(lacking.code, USAGE, lacking.err)
        self.assertIn("--until", lacking.err)
        self.ask(*issue, "--until", "+1d", by="dana", secrets={"--card-fd": CARD}, expect=OK)

        def standing():
            row = self.ask("credential", "list", "--person", number, "--json", expect=OK).rows()[0]
            return row["state"], row["once"]

        self.assertEqual(standing(), ("issued", "unused"))
        self.show(CARD, "main-in", "--walk", expect=OK)
        self.assertEqual(standing(), ("issued", "in"))
        self.assertIn("credential_not_issued", self.codes(CARD, "main-in"))
        self.show(CARD, "main-out", "--walk", expect=OK)
        self.assertEqual(standing(), ("used", "used"))
        self.assertEqual(self.codes(CARD, "main-in"), ["credential_not_issued"])
        self.assertEqual(self.codes(CARD, "main-out")[0], "credential_not_issued")
        refused = self.entries("--type", "passage.refused")
        self.assertEqual([e["data"]["credential_state"] for e in refused], ["used"] * 3)
        issued = self.entries("--type", "credential.issued")[-1]
        self.assertIs(issued["data"]["once"], True)
        self.assertIn("It is a one-time pass: one way in, and one way out.", self.ask("explain", str(issued["n"])).out)
        self.assertIn("used", self.ask("credential", "list", expect=OK).out)

    def test_credentials(self):
        number = self.add_person("staff", level="staff", card=CARD, pin="4711")
        row = self.ask("credential", "list", "--json", expect=OK).rows()[0]
        self.assertEqual((row["number"], row["state"], row["format"]), (number, "issued", "h10301"))
        prefix = row["credential"][:6]
        self.ask("credential", "suspend", prefix, by="gil", expect=OK)
        self.assertIn("credential_not_issued", self.codes(CARD, "main-in"))
        self.ask("credential", "reinstate", prefix, by="dana", second="sam", expect=OK)
        self.ask("credential", "lost", prefix, by="gil", expect=OK)
        self.ask("credential", "reinstate", prefix, by="dana", second="sam", expect=OK)
        self.ask("credential", "revoke", prefix, by="gil", expect=OK)
        self.ask("credential", "reinstate", prefix, by="dana", second="sam", expect=INVALID)
        self.assertEqual(self.ask("credential", "list", "--person", number, "--json").rows()[0]["state"], "revoked")
        again = self.ask("credential", "issue", number, by="dana", secrets={"--card-fd": CARD})
        self.assertEqual(again.code, EXISTS)
        self.ask("credential", "issue", number, by="dana", secrets={"--card-fd": "long:0xfeedfacecafebeef"}, expect=OK)
        self.ask("pin", "set", number, by="dana", secrets={"--pin-fd": "4711\n", "--duress-fd": "4712\n"}, expect=OK)
        self.ask("pin", "set", number, "--clear", by="dana", expect=OK)
        self.assertEqual(self.ask("person", "show", number, "--json").json()["pin"], "none")
        self.ask("level", "revoke", number, "staff", by="gil", expect=OK)
        self.assertEqual(self.ask("person", "show", number, "--json").json()["levels"], [])
        self.agree()

    def test_credentials_mistakes(self):
        number = self.add_person()
        for card, code, part in (
                ("1234567", INVALID, "FORMAT:NUMBER"),
                ("h10302:1", NOT_FOUND, "`h10301`"),
                ("h10301:67108864", INVALID, "24"),
                ("h10301:twelve", INVALID, "decimal"),
                ("", INVALID, "empty"),
                ("h10301:\xff", INVALID, ""),
        ):
            result = self.ask("credential", "issue", number, by="dana",
                              secrets={"--card-fd": card.encode("latin-1") + b"\n"})
            self.assertEqual(result.code, code, (card, result.err))
            self.assertIn(part, result.err)
            self.assertNotIn("67108864", result.err + result.out)
        for pin in ("12", "1234567890123", "12a4", ""):
            self.ask("pin", "set", number, by="dana", secrets={"--pin-fd": pin + "\n"}, expect=INVALID)
        self.ask("pin", "set", number, "--clear", by="dana", secrets={"--pin-fd": "1234\n"}, expect=USAGE)
        self.ask("credential", "suspend", "ffff", by="gil", expect=NOT_FOUND)
        self.ask("credential", "suspend", "xyz", by="gil", expect=NOT_FOUND)

    def test_passages(self):
        officer = self.add_person("officer", level="guard", card="h10301:1", pin="1111")
        visitor = self.add_person("visitor", level="visitor", card="h10301:2")
        self.ask("visit", "open", visitor, "--host", officer, "--until", "+2h", by="dana", expect=OK)
        walked = self.show("h10301:1", "main-in", "--walk", expect=OK)
        for word in ("granted", "opened", "passed", "closed", "locked"):
            self.assertIn(word, walked.out)
        self.assertEqual(self.codes("h10301:99", "main-in"), ["credential_unknown"])
        self.assertEqual(self.codes("other:99", "main-in"), ["credential_unknown", "format_unknown"])
        self.assertIn("pin_missing", self.codes("h10301:1", "vault-in"))
        self.assertIn("pin_wrong", self.codes("h10301:1", "vault-in", pin="0000"))
        self.show("h10301:1", "vault-in", "--walk", pin="1111", expect=OK)
        self.show("h10301:1", "vault-out", "--walk", expect=OK)
        self.assertEqual([r["area"] for r in self.ask("roll", "--json").rows()], ["hall"])
        self.assertIn("hall", self.ask("roll").out)
        self.assertEqual(self.ask("roll", "ward").out, "nobody is inside\n")
        self.show("h10301:2", "main-in", "--walk", expect=OK)
        self.assertIn("no_access_level", self.codes("h10301:2", "ward-outer-in"))
        # a sally port: the inner door waits for the outer one
        self.show("h10301:1", "ward-outer-in", expect=OK)
        self.ask("door", "opened", "ward-outer", expect=OK)
        self.assertIn("interlock", self.codes("h10301:1", "ward-inner-in"))
        self.ask("door", "closed", "ward-outer", expect=OK)
        self.ask("door", "locked", "ward-outer", expect=OK)
        self.show("h10301:1", "ward-inner-in", "--walk", expect=OK)
        self.assertEqual(self.ask("roll", "ward", "--json").rows()[0]["area"], "ward")
        self.ask("gate", "lockdown", "ward", by="gil", expect=OK)
        self.assertEqual(self.ask("gate", "show", "ward", "--json").json()["state"], "locked down")
        self.show("h10301:1", "ward-inner-out", "--walk", expect=OK)  # guards pass in a lockdown
        self.ask("gate", "release", "ward", by="gil", second="sam", expect=OK)
        self.agree()

    def test_passages_mistakes(self):
        for words, code, part in (
                (["pass", "main-inn"], NOT_FOUND, "`main-in`"),
                (["door", "opened", "wardouter"], NOT_FOUND, "`ward-outer`"),
                (["reader", "offline", "x"], NOT_FOUND, "reader"),
        ):
            result = self.ask(*words, secrets={"--card-fd": CARD} if words[0] == "pass" else None, expect=code)
            self.assertIn(part, result.err)
        result = self.show(CARD, "main-in", "--biometric", "maybe")
        self.assertEqual(result.code, USAGE)

    def test_gates_threats_alarms(self):
        rows = self.ask("gate", "list", "--json", expect=OK).rows()
        self.assertEqual([r["gate"] for r in rows], ["main", "ward", "vault"])
        self.assertEqual(rows[1]["doors"], [{"door": "ward-outer", "state": "secured"},
                                            {"door": "ward-inner", "state": "secured"}])
        self.assertIn("ward-inner secured", self.ask("gate", "list").out)
        shown = self.ask("gate", "show", "ward", "--json", expect=OK).json()
        self.assertEqual(shown["vestibule"], "port")
        self.assertEqual(len(shown["readers"]), 4)
        self.assertIn({"level": "guard", "direction": "in", "schedule": "always"}, shown["levels"])
        self.ask("gate", "close", "main", by="gil", expect=OK)
        self.assertIn("gate_out_of_service", self.codes(CARD, "main-in"))
        self.ask("gate", "open", "main", by="gil", expect=REFUSED)
        self.ask("gate", "open", "main", by="gil", second="sam", expect=OK)
        self.ask("gate", "open", "main", by="gil", second="sam", expect=INVALID)
        self.ask("gate", "show", "wrd", expect=NOT_FOUND)
        self.ask("threat", "raise", "high", by="gil", expect=OK)
        self.assertEqual(self.ask("status", "--json").json()["threat"], "high")
        self.ask("threat", "lower", "normal", by="gil", expect=REFUSED)
        self.ask("threat", "lower", "normal", by="gil", second="sam", expect=OK)
        self.ask("threat", "raise", "hihg", by="gil", expect=NOT_FOUND)
        self.assertEqual(self.ask("alarm", "list").out, "no alarms are open\n")
        self.ask("door", "opened", "vault", expect=OK)
        self.ask("reader", "offline", "main-in", expect=OK)
        self.ask("reader", "tampered", "main-in", expect=OK)
        alarms = self.ask("alarm", "list", "--json", expect=OK).rows()
        self.assertEqual([a["type"] for a in alarms], ["door.forced", "reader.offline", "reader.tampered"])
        self.assertIn("vault", self.ask("alarm", "list").out)
        for a in alarms:
            self.ask("alarm", "acknowledge", a["entry"], by="gil", expect=OK)
        self.ask("alarm", "acknowledge", alarms[0]["entry"], by="gil", expect=INVALID)
        self.ask("reader", "restored", "main-in", expect=OK)
        self.ask("reader", "online", "main-in", expect=OK)
        self.ask("door", "rex", "main", expect=OK)
        status = self.ask("status", "--json", expect=OK).json()
        self.assertEqual((status["engine"], status["site"], status["alarms"]), ("running", "small", 0))
        self.assertIn("small", self.ask("status").out)

    def test_operators(self):
        rows = self.ask("operator", "list", "--json", expect=OK).rows()
        self.assertEqual([r["role"] for r in rows], ["admin", "shift", "desk", "gate", "records", "legal"])
        self.assertNotIn("name", rows[0])
        named = self.ask("operator", "list", "--details", "--json", by="anna", expect=OK).rows()
        self.assertEqual(named[3]["name"], "gil")
        self.assertNotIn("scrypt", json.dumps(named))
        self.ask("operator", "disable", "gil", by="sam", expect=OK)
        self.assertEqual(self.ask("operator", "list", "--json").rows()[3]["state"], "disabled")
        self.assertIn(self.ask("gate", "lockdown", by="gil").code, (DENIED, REFUSED))
        self.ask("operator", "disable", "nobody", by="sam", expect=NOT_FOUND)
        twice = self.ask("operator", "add", "dana", "gate", by="anna", second="sam",
                         secrets={"then": "another long password\n"})
        self.assertEqual(twice.code, EXISTS)
        self.ask("operator", "add", "zoe", "wizard", by="anna", second="sam", expect=USAGE)

    def test_plan(self):
        source = self.ask("plan", "show", expect=OK).out
        self.assertEqual(source, self.PLAN.read_text())
        shown = self.ask("plan", "show", "--json").json()
        self.assertEqual(shown["counts"]["gates"], 3)
        self.assertEqual([g["vestibule"] for g in shown["gates"] if g["name"] == "ward"], ["port"])
        tree = self.ask("plan", "show", "--tree").out
        self.assertIn("\n    ward (Ward): section, 10 persons, anti-passback hard, escort\n", tree)
        self.assertIn("\n  ward (Ward): hall to ward through port\n", tree)
        other = self.tmp / "other.yaml"
        other.write_text(source.replace("capacity: 10", "capacity: 11"))
        self.ask("plan", "apply", other, by="anna", expect=REFUSED)
        self.ask("plan", "apply", other, by="anna", second="sam", expect=OK)
        self.assertEqual(self.ask("plan", "show").out, other.read_text())
        # what still holds someone cannot be dropped
        number = self.add_person("officer", level="guard")
        self.ask("person", "locate", number, "vault", by="gil", expect=OK)
        dropped = re.sub(r"  - name: vault\n    title: Vault\n    kind.*\n.*\n", "", source)
        dropped = re.sub(r"  - name: vault\n    title: Vault\n    from(.|\n)*?\nlevels:", "levels:", dropped)
        dropped = dropped.replace(", vault]", "]")
        other.write_text(dropped)
        self.assertEqual(run("plan", "check", other).code, OK, run("plan", "check", other).out)
        result = self.ask("plan", "apply", other, by="anna", second="sam", expect=INVALID)
        self.assertIn("vault", result.err + result.out)
        other.write_text("site: {}\n")
        self.ask("plan", "apply", other, by="anna", second="sam", expect=INVALID)
        self.agree()

    def test_log_and_explain(self):
        number = self.add_person("officer", level="guard", card="h10301:1")
        self.show("h10301:1", "main-in", "--walk", expect=OK)
        self.codes("h10301:9", "main-in")
        lines = self.ask("log", expect=OK).out
        self.assertRegex(lines, rf"\d\d:\d\d:\d\d\.\d{{3}}  granted +officer {number} +main → hall  reader main-in")
        self.assertRegex(lines, r"refused .*credential_unknown")
        all_entries = self.entries()
        self.assertEqual([e["n"] for e in all_entries], list(range(len(all_entries))))
        self.assertEqual(len(self.entries("--limit", "3")), 3)
        self.assertEqual([e["n"] for e in self.entries("--limit", "3")], [e["n"] for e in all_entries[-3:]])
        by_person = self.entries("--person", number)
        self.assertTrue(by_person and all(p["n"] in [e["n"] for e in all_entries] for p in by_person))
        self.assertIn("passage.taken", [e["type"] for e in by_person])
        self.assertNotIn("operator.added", [e["type"] for e in by_person])
        self.assertTrue(all(e["data"].get("gate") == "main" for e in self.entries("--gate", "main")))
        self.assertEqual(len(self.entries("--gate", "main", "--type", "passage.refused", "--limit", "9")), 1)
        self.assertEqual(self.entries("--since", "+1h"), [])
        self.assertEqual(len(self.entries("--since", "-1h")), len(all_entries))
        granted = next(e for e in all_entries if e["type"] == "passage.granted")
        refused = next(e for e in all_entries if e["type"] == "passage.refused")
        said = self.ask("explain", granted["n"], expect=OK).out
        for part in ("main", "hall", number, "credential", "access level guard", "main-in", "It rests on"):
            self.assertIn(part, said)
        because = self.ask("explain", refused["n"], expect=OK).out
        self.assertIn("the credential is not known here", because)
        self.assertIn("credential_unknown", because)
        data = self.ask("explain", refused["n"], "--json").json()
        self.assertEqual(data["reasons"][0]["code"], "credential_unknown")
        for e in all_entries:  # each of them can be told in words
            self.assertNotIn("–", self.ask("explain", e["n"], expect=OK).out.split("\n")[1])
        self.ask("explain", 10 ** 6, expect=NOT_FOUND)
        self.ask("log", "--type", "passage.grant", expect=NOT_FOUND)
        self.ask("log", "--since", "yesterday", expect=INVALID)

    def test_log_follows(self):
        follow = subprocess.Popen([BINARY, "log", "--follow", "--limit", "0", "--json", "--dir", str(self.dir)],
                                  stdout=subprocess.PIPE)
        killer = threading.Timer(20, follow.kill)
        killer.start()
        try:
            time.sleep(0.5)
            self.ask("gate", "lockdown", by="gil", expect=OK)
            entry = json.loads(follow.stdout.readline())
            while entry["type"] != "lockdown.started":
                entry = json.loads(follow.stdout.readline())
        finally:
            killer.cancel()
            follow.kill()
            follow.wait()
            follow.stdout.close()

    def test_read_verbs_without_the_engine(self):
        number = self.add_person("officer", level="guard", card="h10301:1")
        self.stop()
        for words in (["status"], ["person", "list"], ["person", "show", number], ["gate", "list"], ["roll"],
                      ["gate", "show", "main"], ["credential", "list"], ["alarm", "list"], ["operator", "list"],
                      ["log"], ["explain", "0"], ["plan", "show"], ["verify"], ["replay"]):
            self.ask(*words, expect=OK)
            if words[0] not in ("log", "plan"):
                self.assertTrue(self.ask(*words, "--json", expect=OK).rows() is not None)
        self.assertEqual(self.ask("status", "--json").json()["engine"], "not running")
        result = self.ask("gate", "lockdown", by="gil", expect=UNAVAILABLE)
        self.assertIn("serve", result.err)
        result = run("status", "--dir", self.tmp / "nothing")
        self.assertEqual(result.code, NOT_FOUND)
        self.assertIn("init", result.err)

    def test_record(self):
        self.add_person("officer", level="guard", card="h10301:1")
        self.show("h10301:1", "main-in", "--walk", expect=OK)
        backup = self.tmp / "site.backup"
        self.ask("backup", backup, expect=OK)
        self.assertEqual(backup.stat().st_mode & 0o077, 0)
        self.ask("backup", backup, expect=EXISTS)
        out = self.tmp / "public"
        self.ask("export-log", out, expect=OK)
        self.assertTrue((out / "checkpoint").exists())
        vkey = re.search(r"sallyport\.local/small\+[0-9a-f]{8}\+\S+", self.made.out).group(0)
        check = subprocess.run([sys.executable,
                                              ROOT / "tests" / "system" / "check_tlog.py", out, vkey],
                                             capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        self.show("h10301:1", "main-out", "--walk", expect=OK)
        self.assertEqual(run("verify", self.dir).code, OK)
        self.agree()
        restored = self.tmp / "restored"
        self.assertEqual(run("restore", backup, restored).code, OK)
        self.assertEqual(run("verify", restored).code, OK)
        self.assertEqual(run("replay", restored).code, OK)
        # the backup is behind what this site has signed: going on with it here would fork the log
        self.assertEqual(run("restore", backup, self.dir).code in (10, EXISTS), True)
        self.assertEqual(run("restore", self.PLAN, self.tmp / "r2").code in (INVALID, 9), True)


if __name__ == "__main__":
    unittest.main()

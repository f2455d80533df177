#!/usr/bin/env python3
"""The register of a booking, as the desk fills it in, against the real engine."""
import json
import unittest

from site_fixture import HERE, INVALID, LIMIT, OK, REFUSED, USAGE, Site, run

PLAN = HERE.parent / "scenarios" / "plans" / "port.yaml"
CARD = "h10301:17-4711"
FULL = json.loads((HERE / "register.json").read_text())
SECRETS = ("Example", "asthma", "bruise", "1234", "inhaler")


class Register(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena")  # desk, records, legal

    def setUp(self):
        super().setUp()
        for words in (("authority", "add", "district"), ("basis", "add", "code-142")):
            self.ask(*words, by="rita", second="lena", expect=OK)
        self.person = self.add_person("detainee", level="all", card=CARD)
        number = self.ask("order", "record", "commitment", "district", "--person", self.person, "--basis", "code-142", "--json",
                          by="rita", expect=OK).json()["entry"]["data"]["number"]
        self.order = f"{number // 10}-{number % 10}"
        self.ask("order", "authenticate", self.order, by="lena", expect=OK)

    def open(self, details, expect=OK):
        return self.ask("booking", "open", self.person, self.order, "--json", "--details-file", self.file(details),
                        by="dana", expect=expect)

    def supplement(self, details, expect=OK, by="dana"):
        return self.ask("booking", "supplement", "1000-9", "--json", "--details-file", self.file(details), by=by,
                        expect=expect)

    def file(self, details):
        path = self.tmp / "details.json"
        path.write_text(details if isinstance(details, str) else json.dumps(details))
        return path

    def without(self, *fields, **more):
        return {k: v for k, v in {**FULL, **more}.items() if k not in fields}

    def test_form(self):
        form = run("booking", "template", "--json").json()
        self.assertEqual(set(form), set(FULL))
        fields = run("booking", "template").out
        for text in ("identity", "Mandela 7(a)", "ICPPED 17(3)(f)", "declined", "required"):
            self.assertIn(text, fields)
        # As it is printed it says nothing, and is not taken.
        self.assertIn("details: ", self.open(form, INVALID).err)

    def test_incomplete(self):
        result = self.open(self.without("health", "children"), REFUSED)
        refused = result.json()["entry"]
        self.assertEqual(refused["type"], "booking.refused")
        self.assertEqual(refused["data"]["missing"], ["health", "children"])
        self.assertEqual([r["code"] for r in refused["data"]["reasons"]], ["register_incomplete"])
        self.assertNotIn("commit", refused)
        told = self.ask("explain", refused["n"], expect=OK).out
        self.assertIn("The register lacks: health, children.", told)
        self.assertIn("docs/register.md", told)
        self.assertEqual(self.codes(CARD, "main-in"), ["no_booking"])
        self.ask("booking", "open", self.person, self.order, by="dana", expect=USAGE)

    def test_what_is_wrong_is_named(self):
        for change, words in (
                ({"helth": "good"}, ('"helth"', '"health"')),
                ({"identity": ""}, ("identity: a text is expected", '"declined"', '"unknown"')),
                ({"identity": ["Dina"]}, ("identity: a text",)),
                ({"identity": None}, ("identity: a text",)),
                ({"injuries": "bruise"}, ("injuries: a list of texts",)),
                ({"injuries": []}, ("injuries: a list of texts with one at least",)),
                ({"injuries": ["a", 1]}, ("injuries: a list of texts",)),
                ({"injuries": ["x"] * 65}, ("injuries: a list has 64 texts at most",)),
                ({"health": "x" * 2001}, ("health: a text has 2000 bytes at most",)),
                ({"deprived_at": "yesterday"}, ("deprived_at: an instant",)),
                ({"deprived_at": "2026-11-23"}, ("deprived_at: an instant",)),
                ({"deprived_at": "none"}, ('deprived_at: not "none"', '"unknown"')),
                ({"identity_by": "guess"}, ("identity_by: one of", '"papers"', '"unknown"')),
                ({"supervised_by": "unknown"}, ('supervised_by: not "unknown"',)),
                ({"photo": "AB" * 32}, ("photo: a SHA-256",)),
        ):
            err = self.open({**FULL, **change}, expect=None)
            self.assertIn(err.code, (INVALID, LIMIT), change)
            for word in words:
                self.assertIn(word, json.loads(err.err)["text"], change)
        self.assertEqual(self.ask("booking", "list", "--json", expect=OK).rows(), [])
        self.open("[1]", INVALID)

    def test_nobody_stays_unregistered_who_does_not_speak(self):
        silent = {**FULL, "identity": "unknown", "identity_by": "unknown", "gender": "declined", "family": "declined",
                  "children": "declined", "emergency_contact": "declined", "next_of_kin": "unknown"}
        opened = self.open(silent).json()["entry"]["data"]
        outstanding = ["identity", "identity_by", "gender", "family", "children", "emergency_contact", "next_of_kin"]
        self.assertEqual(opened["outstanding"], outstanding)
        row = self.ask("booking", "list", "--json", expect=OK).rows()[0]
        self.assertEqual((row["state"], row["outstanding"]), ("held", outstanding))

        later = self.supplement({"identity": "Dina Example", "next_of_kin": "declined", "photo": "ab" * 32}).json()["entry"]
        self.assertEqual(later["type"], "booking.supplemented")
        self.assertEqual(later["data"]["recorded"], ["identity", "next_of_kin", "photo"])
        self.assertEqual(self.ask("booking", "list", "--json", expect=OK).rows()[0]["outstanding"],
                         ["identity_by", "gender", "family", "children", "emergency_contact", "next_of_kin"])
        self.supplement({}, INVALID)
        shown = self.ask("booking", "show", "1000-9", "--details", "--json", by="rita", expect=OK).json()
        self.assertEqual([a["value"] for a in shown["register"]["identity"]], ["unknown", "Dina Example"])
        self.assertEqual(shown["register"]["identity"][1]["entry"], later["n"])
        self.assertIn("photo", shown["recorded"])
        self.assertIn("--details is journaled", self.ask("booking", "show", "1000-9", "--details", expect=USAGE).err)
        self.assertNotIn("register", self.ask("booking", "show", "1000-9", "--json", expect=OK).json())
        reads = self.ask("log", "--type", "details.read", "--json", expect=OK).rows()
        self.assertEqual(len(reads), 1)
        self.ask("verify", expect=OK)
        self.ask("replay", expect=OK)

    def test_erased_with_the_person(self):
        self.open(FULL)
        self.supplement({"requests": ["asks for a second blanket"]})
        self.stop()
        held = b"".join(p.read_bytes() for p in self.dir.iterdir() if p.is_file())
        self.assertIn(b"asthma", held)
        self.start()
        log = self.ask("log", "--json", expect=OK).out
        for secret in SECRETS:
            self.assertNotIn(secret, log)
        self.ask("person", "erase", self.person, "--ground", "court", by="rita", second="lena", expect=OK)
        self.stop()
        held = b"".join(p.read_bytes() for p in self.dir.iterdir() if p.is_file())
        for secret in (*SECRETS, "blanket"):
            self.assertNotIn(secret.encode(), held)
        self.ask("verify", expect=OK)
        self.start()
        shown = self.ask("booking", "show", "1000-9", "--details", by="rita", expect=OK).out
        self.assertIn("(erased)", shown)
        # What is written after it is there, and verifies.
        self.supplement({"released_to": "home"}, by="lena")
        self.assertIn("home", self.ask("booking", "show", "1000-9", "--details", by="rita", expect=OK).out)
        self.ask("verify", expect=OK)


if __name__ == "__main__":
    unittest.main()

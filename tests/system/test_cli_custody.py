#!/usr/bin/env python3
"""The verbs of custody, as clerks and legal officers type them, against the real engine."""
import hashlib
import pathlib
import unittest

from site_fixture import INVALID, NOT_FOUND, OK, REFUSED, REGISTER, USAGE, Site

PLAN = pathlib.Path(__file__).resolve().parent.parent / "scenarios" / "plans" / "port.yaml"
CARD = "h10301:17-4711"


class Custody(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena")  # desk, records, legal

    def setUp(self):
        super().setUp()
        self.two("authority", "add", "appeals")
        self.two("authority", "add", "district", "--above", "appeals")
        self.two("basis", "add", "code-142")
        self.person = self.add_person("detainee", level="all", card=CARD)

    def two(self, *words, expect=OK):
        return self.ask(*words, by="rita", second="lena", expect=expect)

    def record(self, *words, expect=OK):
        """The order's number."""
        result = self.ask("order", "record", *words, "--json", by="rita", expect=expect)
        if expect != OK:
            return result
        number = result.json()["entry"]["data"]["number"]
        return f"{number // 10}-{number % 10}"

    def admitted(self):
        order = self.record("commitment", "district", "--person", self.person, "--basis", "code-142",
                            "--reference", "3:25-cr-17", "--official", "J. Doe")
        self.ask("order", "authenticate", order, by="lena", expect=OK)
        self.ask("booking", "open", self.person, order, *REGISTER, by="dana", expect=OK)
        return order

    def state(self, order):
        return self.ask("order", "show", order, "--json", expect=OK).json()["state"]

    def test_admitted_on_an_order(self):
        order = self.record("commitment", "district", "--person", self.person, "--basis", "code-142", "--expires", "+30d")
        self.assertEqual(self.state(order), "unauthenticated")
        result = self.ask("booking", "open", self.person, order, *REGISTER, by="dana", expect=REFUSED)
        self.assertIn(f"commitment {order} of district", result.out + result.err)
        self.assertEqual(self.codes(CARD, "main-in"), ["no_basis_to_hold", "no_booking", "unauthenticated"])
        self.ask("order", "authenticate", order, by="rita", expect=REFUSED)
        self.ask("order", "authenticate", order, by="lena", expect=OK)
        self.assertEqual(self.state(order), "in_force")
        self.ask("booking", "open", self.person, order, *REGISTER, by="dana", expect=OK)
        booked = self.ask("booking", "list", "--json", expect=OK).rows()
        self.assertEqual([(b["person"], b["state"], b["held_by"]) for b in booked], [(self.person, "held", order)])
        granted = self.show(CARD, "main-in", "--json", expect=OK).json()["entry"]["data"]
        self.assertIn("order:", " ".join(granted["rests_on"]))
        self.ask("order", "recall", order, by="rita", expect=OK)
        self.assertEqual(self.ask("booking", "list", "--json", expect=OK).rows()[0]["state"], "no basis to hold")
        self.agree()

    def test_what_forbids(self):
        """It binds at once; no word of an operator takes it back, and only its issuer's later order ends it."""
        self.admitted()
        stay = self.record("injunction", "district", "--on-basis", "code-142", "--oral")
        self.assertEqual(self.state(stay), "in_force")
        self.assertEqual(self.ask("basis", "list", "--json", expect=OK).rows()[0]["state"], "suspended")
        self.assertIn("basis_suspended", self.codes(CARD, "main-in"))
        self.ask("order", "recall", stay, by="rita", expect=REFUSED)
        paper = self.tmp / "order.pdf"
        paper.write_bytes(b"%PDF the writing")
        self.ask("order", "write", stay, "--document", paper, "--differs", by="rita", expect=OK)
        written = self.entries("--type", "order.differs")[0]["data"]
        self.assertEqual(written["document"], hashlib.sha256(b"%PDF the writing").hexdigest())
        vacatur = self.record("vacatur", "appeals", "--ends", stay)
        self.assertEqual(self.state(stay), "in_force")
        self.ask("order", "authenticate", vacatur, by="lena", expect=OK)
        self.assertEqual(self.state(stay), "ended")
        self.show(CARD, "main-in", expect=OK)
        self.agree()

    def test_what_it_says_stays_out_of_the_journal(self):
        order = self.admitted()
        journal = self.ask("log", "--json", expect=OK).out
        self.assertNotIn("3:25-cr-17", journal)
        self.assertNotIn("J. Doe", journal)
        entry = next(e for e in self.entries("--type", "order.recorded"))
        self.assertIn("commit", entry)
        told = self.ask("explain", str(entry["n"]), expect=OK).out
        self.assertIn(f"commitment {order} of district", told)
        self.assertIn(f"detainee {self.person}", told)

    def number_of(self, result):
        number = result.json()["entry"]["data"]["number"]
        return f"{number // 10}-{number % 10}"

    def test_a_count(self):
        self.admitted()
        self.show(CARD, "main-in", "--walk", expect=OK)
        count = self.number_of(self.ask("count", "begin", "hall", "--json", by="sam", expect=OK))
        self.ask("count", "begin", "gatehouse", by="sam", expect=INVALID)
        shown = self.ask("count", "show", count, "--json", expect=OK).json()
        self.assertEqual((shown["state"], shown["missing"]), ("open", ["hall"]))
        self.ask("count", "close", count, by="rita", expect=REFUSED)
        told = self.ask("count", "tally", count, "hall", "0", by="dana", expect=OK)
        self.assertIn("COUNT DIFFERS", self.ask("log", expect=OK).out, told.out)
        movement = self.number_of(self.ask("movement", "propose", "internal", "--json", by="rita", expect=OK))
        frozen = self.ask("movement", "authorise", movement, by="sam", expect=REFUSED)
        self.assertIn(f"count {count} of hall differs from the journal", frozen.out + frozen.err)
        self.ask("count", "tally", count, "cellar", "0", by="dana", expect=NOT_FOUND)
        self.ask("count", "tally", count, "hall", "1", by="dana", expect=OK)
        self.ask("movement", "authorise", movement, by="sam", expect=OK)
        self.ask("count", "close", count, by="dana", expect=REFUSED)
        self.ask("count", "close", count, by="rita", expect=OK)
        row = self.ask("count", "list", "--json", expect=OK).rows()[0]
        self.assertEqual((row["number"], row["area"], row["state"], row["frozen"]), (count, "hall", "matched", False))
        entry = next(e for e in self.entries("--type", "count.differs"))
        self.assertIn("Detainees seen in hall: 0; in the journal: 1", self.ask("explain", str(entry["n"]), expect=OK).out)

    def test_a_death(self):
        self.admitted()
        papers = self.tmp / "papers"
        papers.mkdir()
        for name in ("autopsy", "receipt"):
            (papers / name).write_text(name)
        self.ask("death", "record", self.person, "--at", "+1h", by="dana", expect=INVALID)
        self.ask("death", "record", self.person, "--at", "-1h", by="dana", expect=OK)
        self.assertIn("deceased", self.codes(CARD, "main-in"))
        booking = self.ask("booking", "list", "--json", expect=OK).rows()[0]
        self.assertEqual(booking["state"], "died: register open")
        shown = self.ask("person", "show", self.person, "--json", expect=OK).json()
        self.assertEqual(shown["death"], "cause and remains open")
        cause = ("death", "cause", self.person, "--document", str(papers / "autopsy"))
        self.ask(*cause, "--finding", "heart failure", by="lena", expect=OK)
        self.ask("death", "remains", self.person, "--receipt", str(papers / "receipt"), "--handed-to", "A. Relative",
                 by="rita", expect=OK)
        died = self.ask("death", "list", "--json", expect=OK).rows()
        self.assertEqual([(d["person"], d["state"]) for d in died], [(self.person, "register closed")])
        self.assertEqual(self.ask("booking", "list", "--json", expect=OK).rows()[0]["state"], "died")
        journal = self.ask("log", "--json", expect=OK).out
        self.assertNotIn("heart failure", journal)
        self.assertNotIn("A. Relative", journal)
        found = next(e for e in self.entries("--type", "death.cause_found"))
        self.assertEqual(found["data"]["document"], hashlib.sha256(b"autopsy").hexdigest())
        told = self.ask("explain", str(found["n"]), expect=OK).out
        self.assertIn(f"Of what detainee {self.person} died was found by a document", told)
        self.ask("death", "retract", self.person, by="rita", expect=REFUSED)
        self.two("death", "retract", self.person)
        self.assertEqual(self.ask("booking", "list", "--json", expect=OK).rows()[0]["state"], "held")
        self.assertEqual(self.ask("death", "list", "--json", expect=OK).rows()[0]["state"], "retracted")

    def test_lists(self):
        self.two("place", "add", "county-court", "us")
        self.two("basis", "add", "sv-2025", "--agreement", "--country", "sv", "--places", "300", "--until", "2030-12-31")
        self.ask("class", "add", "removed", "--unlisted", "uncertain", by="rita", expect=OK)
        self.ask("class", "include", "removed", self.person, by="rita", expect=OK)
        order = self.record("withholding", "district", "--person", self.person, "--countries", "sv,ve")
        self.assertEqual(self.ask("order", "show", order, "--json", expect=OK).json()["countries"], ["sv", "ve"])
        self.assertEqual([o["number"] for o in self.ask("order", "list", "--person", self.person, "--json", expect=OK).rows()], [order])
        for verb, text in (("authority", "district   appeals"), ("place", "county-court  us"), ("basis", "sv-2025"), ("class", self.person)):
            self.assertIn(text, self.ask(verb, "list", expect=OK).out)
        self.ask("person", "mark", self.person, "unfit", by="dana", expect=OK)
        self.ask("person", "unmark", self.person, "unfit", by="rita", expect=REFUSED)
        self.two("person", "unmark", self.person, "unfit")
        other = self.add_person("detainee")
        self.ask("person", "link", self.person, other, by="dana", expect=OK)
        self.ask("person", "unlink", self.person, other, by="rita", second="lena", expect=OK)

    def test_funds_of_an_agreement(self):
        self.two("basis", "add", "sv-2025", "--agreement", "--country", "sv", "--places", "300")
        self.ask("agreement", "commit", "sv-2025", "476000000", "usd", by="rita", expect=OK)
        paper = self.tmp / "receipt.pdf"
        paper.write_bytes(b"paid")
        self.ask("agreement", "pay", "sv-2025", "1", "usd", by="rita", expect=REFUSED)
        self.two("agreement", "pay", "sv-2025", "476000001", "usd", expect=REFUSED)
        self.two("agreement", "pay", "sv-2025", "150000000", "usd", "--document", paper)
        shown = self.ask("agreement", "show", "sv-2025", "--json", expect=OK).json()
        self.assertEqual([shown[k] for k in ("state", "country", "places", "used", "left", "currency", "committed", "paid", "unpaid")],
                         ["in force", "sv", 300, 0, 300, "usd", 476000000, 150000000, 326000000])
        self.assertEqual([a["agreement"] for a in self.ask("agreement", "list", "--json", expect=OK).rows()], ["sv-2025"])
        self.assertIn("476000000", self.ask("agreement", "list", expect=OK).out)
        self.ask("agreement", "show", "code-142", expect=NOT_FOUND)
        self.ask("agreement", "commit", "sv-2025", "many", "usd", by="rita", expect=USAGE)
        self.ask("agreement", "commit", "sv-2025", "5", "dollars", by="rita", expect=INVALID)
        entry = self.entries("--type", "agreement.paid")[0]
        self.assertEqual(entry["data"]["document"], hashlib.sha256(b"paid").hexdigest())
        self.assertIn("150000000 minor units of usd were paid", self.ask("explain", str(entry["n"]), expect=OK).out)
        self.two("agreement", "pay", "sv-2025", "1", "eur", expect=REFUSED)
        self.agree()

    def test_assessments_authorise_nothing(self):
        self.admitted()
        paper, details = self.tmp / "file.pdf", self.tmp / "details.json"
        paper.write_bytes(b"sealed evidence")
        details.write_text('{"author":"an analyst","sources":"two tattoos","words":"member of a gang"}')
        words = ("assessment", "record", "affiliation", self.person, "--evidence", "sealed", "--review", "+30d")
        self.ask(*words, by="rita", expect=INVALID)
        number = self.ask(*words, "--document", paper, "--details-file", details, "--json", by="rita", expect=OK).json()["entry"]["data"]["number"]
        claim = f"{number // 10}-{number % 10}"
        self.assertNotIn("tattoos", self.ask("log", "--json", expect=OK).out)
        self.two("authority", "add", "state-b")
        self.two("place", "add", "airport", "fr")
        self.ask("movement", "propose", "removal", "--to", "airport", "--receiver", "state-b", by="rita", expect=OK)
        refused = self.ask("manifest", "add", "1000-9", self.person, "--assessment", claim, by="rita", expect=REFUSED)
        self.assertIn(f"assessment {claim} (affiliation) is a claim, and authorises nothing", refused.out + refused.err)
        entry = self.entries("--type", "movement.refused")[0]
        self.assertEqual([r["code"] for r in entry["data"]["reasons"]], ["no_authority"])
        self.ask("assessment", "contest", claim, by="dana", expect=OK)
        self.ask("assessment", "review", claim, "upheld", "--review", "+60d", by="rita", expect=REFUSED)
        shown = self.ask("assessment", "show", claim, "--json", expect=OK).json()
        self.assertEqual([shown[k] for k in ("kind", "evidence", "state", "contested", "overdue", "authorises")],
                         ["affiliation", "sealed", "contested", True, False, "nothing"])
        self.assertNotIn("sources", shown)
        told = self.ask("assessment", "show", claim, "--details", "--json", by="lena", expect=OK).json()
        self.assertEqual((told["sources"], told["author"]), ("two tattoos", "an analyst"))
        self.assertEqual(len(self.entries("--type", "details.read")), 1)
        self.ask("assessment", "review", claim, "withdrawn", by="lena", expect=OK)
        self.assertEqual([a["state"] for a in self.ask("assessment", "list", "--person", self.person, "--json", expect=OK).rows()], ["withdrawn"])
        reviewed = self.entries("--type", "assessment.reviewed")[0]
        self.assertIn(f"reviewed assessment {claim} (affiliation): withdrawn", self.ask("explain", str(reviewed["n"]), expect=OK).out)
        self.agree()

    def test_what_contradicts_is_told(self):
        self.admitted()
        self.two("authority", "add", "ministry")
        self.two("place", "add", "jail-b", "us")
        self.two("place", "add", "jail-c", "us")
        first = self.record("transfer", "ministry", "--person", self.person, "--basis", "code-142", "--to", "jail-b")
        second = self.record("transfer", "ministry", "--person", self.person, "--basis", "code-142", "--to", "jail-c")
        for order in (first, second):
            self.ask("order", "authenticate", order, by="lena", expect=OK)
        told = self.entries("--type", "order.conflicts")
        self.assertEqual([len(t["data"]["others"]) for t in told], [1])
        explained = self.ask("explain", str(told[0]["n"]), expect=OK).out
        self.assertIn(f"transfer {second} of ministry has come into force about detainee {self.person}", explained.lower())
        self.assertIn(f"transfer {first} of ministry", explained)
        self.assertIn("order.conflicts", self.ask("alarm", "list", expect=OK).out)
        stay = self.record("stay", "district", "--person", self.person)
        rows = self.ask("order", "conflicts", "--person", self.person, "--json", expect=OK).rows()
        self.assertEqual([(r["order"], r["other"], r["conflict"]) for r in rows],
                         [(first, stay, "forbidden"), (second, stay, "forbidden"), (second, first, "another place")])
        self.assertEqual(rows, self.ask("order", "conflicts", "--json", expect=OK).rows())
        for order in (first, second):
            self.ask("order", "recall", order, by="rita", expect=OK)
        self.assertEqual(self.ask("order", "conflicts", "--json", expect=OK).rows(), [])
        self.assertIn("no orders in force contradict", self.ask("order", "conflicts", expect=OK).out)
        self.agree()

    def test_mistakes(self):
        for words, code, part in (
                (("commitmant", "district", "--person", self.person), USAGE, "commitment"),
                (("stay", "distrikt", "--person", self.person), NOT_FOUND, "`district` meant"),
                (("stay", "district", "--persn", self.person), USAGE, "--person meant"),
                (("stay", "district", "--person"), USAGE, "needs a value"),
                (("stay", "district", "--person", self.person, "--person", self.person), USAGE, "twice"),
                (("stay", "district", "--oral=yes", "--person", self.person), USAGE, "takes no value"),
                (("stay", "district", "--person", "1000-1"), NOT_FOUND, "check digit"),
                (("stay", "district", "--person", self.person, "--movements", "flight"), USAGE, "removal"),
                (("withholding", "district", "--person", self.person, "--countries", "zz"), NOT_FOUND, "two letters"),
                (("vacatur", "district", "--ends", "1000-9"), NOT_FOUND, "order list"),
                (("stay", "district", "--person", self.person, "--expires", "soon"), INVALID, "soon"),
                (("stay", "district", "--person", self.person, "--document", self.tmp / "none"), NOT_FOUND, "none"),
                (("commitment", "district", "--person", self.person), INVALID, "missing"),
        ):
            result = self.ask("order", "record", *words, by="rita")
            self.assertEqual(result.code, code, (words, result.out, result.err))
            self.assertIn(part, result.out + result.err, words)
        self.assertEqual(self.entries("--type", "order.recorded"), [])
        result = self.ask("class", "add", "removed", by="rita", expect=USAGE)
        self.assertIn("--unlisted", result.err)


if __name__ == "__main__":
    unittest.main()

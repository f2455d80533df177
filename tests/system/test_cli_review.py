#!/usr/bin/env python3
"""What may have been in other hands: a card, an operator's password; and what was done with it since."""
import datetime
import pathlib
import time
import unittest

from site_fixture import INVALID, NOT_FOUND, OK, Site

PLAN = pathlib.Path(__file__).resolve().parent.parent / "scenarios" / "plans" / "port.yaml"
CARD, GUARD = "h10301:17-4711", "h10301:17-4712"


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Review(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena")  # desk, records, legal

    def record(self, *words):
        number = self.ask("order", "record", *words, "--json", by="rita", expect=OK).json()["entry"]["data"]["number"]
        return f"{number // 10}-{number % 10}"

    def review(self, *words):
        return self.ask("review", *words, "--json", expect=OK).rows()

    def test_an_operator(self):
        self.ask("authority", "add", "district", by="rita", second="lena", expect=OK)
        self.ask("basis", "add", "code-142", by="rita", second="lena", expect=OK)
        person = self.add_person("detainee", level="all", card=CARD)
        early = self.record("remand", "district", "--person", person, "--basis", "code-142")
        self.ask("order", "authenticate", early, by="lena", expect=OK)
        time.sleep(1.1)
        since = now()
        order = self.record("commitment", "district", "--person", person, "--basis", "code-142")
        self.ask("order", "authenticate", order, by="lena", expect=OK)
        self.ask("person", "mark", person, "unfit", by="dana", expect=OK)
        self.ask("person", "unmark", person, "unfit", by="rita", second="lena", expect=OK)
        self.ask("review", "operator", "lena", expect=INVALID)
        self.ask("operator", "compromise", "lena", "--since", "+1h", by="sam", expect=INVALID)
        told = self.ask("operator", "compromise", "lena", "--since", since, by="sam", expect=OK)
        self.assertIn("entries since then that rest on it: 2, of which still have effect: 2", told.out)
        self.ask("order", "recall", early, by="lena", expect=6)  # she logs in no more
        rows = self.review("operator", "lena")
        self.assertEqual([(r["type"], r["now"], r["stands"]) for r in rows],
                         [("order.authenticated", "in_force", True), ("mark.cleared", "not marked", True)])
        self.assertIn(f"commitment {order} of district", rows[0]["text"])
        # What she did before is not listed, unless it is asked for.
        self.assertEqual(len(self.review("operator", "lena", "--since", "2026-01-01")), 5)
        # Another officer says the same of the order; the mark is set again.
        self.ask("order", "authenticate", early, by="sam", expect=OK)
        self.ask("order", "authenticate", order, by="sam", expect=OK)
        self.ask("person", "mark", person, "unfit", by="dana", expect=OK)
        self.assertEqual([(r["now"], r["stands"]) for r in self.review("operator", "lena")],
                         [("authenticated again by another", False), ("marked", False)])
        self.assertEqual(self.ask("order", "show", order, "--json", expect=OK).json()["state"], "in_force")
        self.assertIn("0 of them still have effect", self.ask("review", "operator", "lena", expect=OK).out)
        self.assertIn("operator.compromised", self.ask("alarm", "list", expect=OK).out)
        self.agree()

    def test_a_card(self):
        self.add_person("staff", level="all", card=GUARD)
        self.show(GUARD, "main-in", "--walk", expect=OK)
        time.sleep(1.1)
        since = now()
        self.show(GUARD, "main-out", "--walk", expect=OK)
        self.show(GUARD, "main-in", "--walk", expect=OK)
        card = self.ask("credential", "list", "--json", expect=OK).rows()[0]["credential"]
        self.ask("review", "credential", "ffff", "--since", since, expect=NOT_FOUND)
        self.assertEqual(len(self.review("credential", card, "--since", since)), 4)
        told = self.ask("credential", "compromise", card[:8], "--since", since, by="dana", expect=OK)
        self.assertIn("entries since then that rest on it: 4, of which still have effect: 1", told.out)
        self.assertEqual(self.codes(GUARD, "main-out"), ["credential_not_issued"])
        rows = self.review("credential", card)
        self.assertEqual([(r["type"], r["stands"]) for r in rows],
                         [("passage.granted", None), ("passage.taken", False),
                          ("passage.granted", None), ("passage.taken", True), ("passage.refused", None)])
        self.ask("credential", "reinstate", card, by="dana", second="sam", expect=INVALID)
        self.ask("credential", "compromise", card, "--since", since, by="dana", expect=INVALID)
        self.agree()


if __name__ == "__main__":
    unittest.main()

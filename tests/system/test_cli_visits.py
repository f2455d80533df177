#!/usr/bin/env python3
"""Visits, as the desk types them, against the real engine."""
import pathlib
import unittest

from site_fixture import INVALID, OK, REFUSED, Site

PLAN = pathlib.Path(__file__).resolve().parent.parent / "scenarios" / "plans" / "port.yaml"
CARD = "h10301:17-4711"


class Visits(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "gil")

    def visits(self, *words):
        return self.ask("visit", "list", "--json", *words, expect=OK).rows()

    def test_expected(self):
        host = self.add_person("officer")
        person = self.add_person("visitor", level="all", card=CARD)
        self.assertEqual(self.codes(CARD, "main-in"), ["no_visit"])
        self.ask("visit", "open", person, "--until", "+2h", by="dana", expect=INVALID)
        self.ask("visit", "open", person, "--host", host, "--until", "+2h", by="gil", expect=REFUSED)
        opened = self.ask("visit", "open", person, "--host", host, "--area", "hall", "--until", "+2h", "--purpose",
                          "the boiler", "--json", by="dana", expect=OK).json()["entry"]
        self.assertNotIn("boiler", str(opened))
        self.assertIn("commit", opened)
        self.assertEqual([(v["person"], v["host"], v["state"], v["where"]) for v in self.visits()],
                         [(person, host, "on", "outside")])
        granted = self.show(CARD, "main-in", "--walk", "--json", expect=OK).rows()[0]["entry"]["data"]
        self.assertIn("visit:", " ".join(granted["rests_on"]))
        self.assertIn("is expected", self.ask("explain", str(opened["n"]), expect=OK).out)
        self.ask("visit", "close", "1000-9", by="gil", expect=OK)
        self.assertEqual([v["state"] for v in self.visits("--person", person)], ["closed"])
        # Out they go all the same.
        self.show(CARD, "main-out", "--walk", expect=OK)
        self.assertEqual(self.codes(CARD, "main-in"), ["no_visit"])
        self.ask("visit", "close", "1000-9", by="gil", expect=INVALID)
        self.agree()

    def test_inspector(self):
        self.add_person("inspector", level="all", card=CARD)
        self.show(CARD, "main-in", expect=OK)


if __name__ == "__main__":
    unittest.main()

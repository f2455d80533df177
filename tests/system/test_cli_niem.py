#!/usr/bin/env python3
"""A person's custody in NIEM's names: every key is in the table, every object names its entry, and nothing is told to
those who may not know it."""
import json
import pathlib
import re
import unittest

from site_fixture import NOT_FOUND, OK, REGISTER, ROOT, USAGE, Site

PLAN = pathlib.Path(__file__).resolve().parent.parent / "scenarios" / "plans" / "port.yaml"
CARD = "h10301:17-4711"
NAMES = set(re.findall(r"^\| `([a-z]+:[A-Za-z]+)` \|", (ROOT / "docs" / "niem.md").read_text(), re.M))


class Niem(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena", "gil")  # desk, records, legal, gate

    def setUp(self):
        super().setUp()
        for words in (("authority", "add", "district"), ("authority", "add", "state-b"), ("place", "add", "jail-b", "us"), ("basis", "add", "code")):
            self.ask(*words, by="rita", second="lena", expect=OK)

    @staticmethod
    def number(result):
        number = result.json()["entry"]["data"]["number"]
        return f"{number // 10}-{number % 10}"

    def order(self, kind, *words, authentic=True):
        order = self.number(self.ask("order", "record", kind, "district", "--person", self.person, *words, "--json", by="rita", expect=OK))
        if authentic:
            self.ask("order", "authenticate", order, by="lena", expect=OK)
        return order

    def taken_elsewhere(self):
        self.person = self.number(self.ask("person", "add", "--kind", "detainee", "--name", "Dina Okoye", "--birth-date", "1990-02-28", "--json",
                                           by="dana", expect=OK))
        self.ask("level", "grant", self.person, "all", by="dana", expect=OK)
        self.ask("credential", "issue", self.person, by="dana", secrets={"--card-fd": CARD}, expect=OK)
        held = self.order("commitment", "--basis", "code", "--reference", "3:25-cr-17", "--official", "J. Doe")
        self.ask("booking", "open", self.person, held, *REGISTER, by="dana", expect=OK)
        self.show(CARD, "main-in", "--walk", expect=OK)
        movement = self.number(self.ask("movement", "propose", "transfer", "--to", "jail-b", "--receiver", "state-b", "--json", by="rita", expect=OK))
        moves = self.order("transfer", "--basis", "code", "--to", "jail-b")
        self.ask("manifest", "add", movement, self.person, "--order", moves, by="rita", expect=OK)
        self.ask("movement", "authorise", movement, by="lena", expect=OK)
        self.ask("manifest", "confirm", movement, self.person, "--presented", self.person, "--biometric", "match", by="gil", expect=OK)
        self.ask("movement", "board", movement, self.person, by="gil", expect=OK)
        self.ask("movement", "depart", movement, by="gil", second="lena", expect=OK)
        self.ask("movement", "arrive", movement, by="sam", expect=OK)
        receipt = self.tmp / "receipt.pdf"
        receipt.write_bytes(b"%PDF received")
        self.ask("movement", "handover", movement, self.person, "--receipt", receipt, by="rita", expect=OK)
        self.sealed = self.order("withholding", "--countries", "fr", "--sealed", "--reference", "SEALED-REF", authentic=False)

    def export(self, *words, **kwargs):
        out = self.ask("export", "--niem", "--person", self.person, *words, expect=OK, **kwargs).out
        document = json.loads(out)
        self.keys_are_in_the_table({k: v for k, v in document.items() if k != "@context"})
        self.assertEqual(sorted(document["@context"]), ["j", "nc", "sp"])
        for kind, things in document.items():
            for thing in things if kind != "@context" else ():
                self.assertIsInstance(thing["sp:entry"], int, (kind, thing))
        return out, document

    def keys_are_in_the_table(self, value):
        if isinstance(value, list):
            for v in value:
                self.keys_are_in_the_table(v)
        elif isinstance(value, dict):
            for k, v in value.items():
                self.assertTrue(k == "@id" or k in NAMES, f"{k} is not in docs/niem.md")
                self.keys_are_in_the_table(v)

    def test_a_person_taken_elsewhere(self):
        self.taken_elsewhere()
        self.assertGreater(len(NAMES), 40)
        out, plain = self.export()
        for secret in ("Dina", "1990-02-28", "3:25-cr-17", "J. Doe", "SEALED-REF", "withholding"):
            self.assertNotIn(secret, out)
        self.assertEqual(self.entries("--type", "details.read"), [])
        by_n = {e["n"]: e for e in self.entries()}
        for kind, type_ in (("nc:Person", "person.added"), ("j:Booking", "booking.opened"), ("j:Detention", "booking.opened"),
                            ("j:CourtOrder", "order.recorded"), ("j:CustodyTransfer", "movement.handed_over")):
            for thing in plain[kind]:
                self.assertEqual(by_n[thing["sp:entry"]]["type"], type_)
        orders = plain["j:CourtOrder"]
        self.assertEqual([o.get("sp:kind") for o in orders], ["commitment", "transfer", None])
        self.assertEqual(orders[0]["j:CourtOrderIssuingCourt"], {"j:CourtName": "district"})
        self.assertEqual(set(orders[2]), {"@id", "sp:entry", "nc:ActivityIdentification", "j:CourtOrderDesignatedSubject", "j:CourtOrderStatus",
                                          "sp:effect", "sp:sealed"})
        self.assertEqual(plain["j:Booking"][0]["sp:order"]["@id"], orders[0]["@id"])
        [transfer] = plain["j:CustodyTransfer"]
        self.assertEqual((transfer["j:CustodyTransferReleasingEnforcementAgency"], transfer["j:CustodyTransferReceivingEnforcementAgency"]),
                         ({"nc:OrganizationName": "gatehouse"}, {"nc:OrganizationName": "state-b"}))
        self.assertEqual(plain["j:Detention"][0]["nc:SupervisionCustodyStatus"], {"nc:StatusDescriptionText": "closed"})
        # with details, as legal: all of it, each reading journaled; as the desk all but what is sealed
        out, told = self.export("--details", by="lena")
        self.assertEqual(told["nc:Person"][0]["nc:PersonName"], {"nc:PersonFullName": "Dina Okoye"})
        self.assertEqual(told["nc:Person"][0]["nc:PersonBirthDate"], {"nc:Date": "1990-02-28"})
        self.assertEqual([o.get("sp:reference") for o in told["j:CourtOrder"]], ["3:25-cr-17", None, "SEALED-REF"])
        self.assertEqual(told["j:CourtOrder"][2]["sp:kind"], "withholding")
        self.assertEqual([next(iter(e["data"])) for e in self.entries("--type", "details.read")], ["person", "order", "order", "order"])
        out, told = self.export("--details", by="dana")
        self.assertIn("3:25-cr-17", out)
        self.assertNotIn("SEALED-REF", out)
        self.assertNotIn("withholding", out)
        self.assertEqual([e["data"]["reasons"][0]["code"] for e in self.entries("--type", "command.refused")], ["sealed"])
        self.ask("export", "--niem", "--person", self.person, "--details", expect=USAGE)
        self.ask("export", "--person", self.person, expect=USAGE)
        self.ask("export", "--niem", expect=USAGE)
        self.ask("export", "--niem", "--person", "1000-1", expect=NOT_FOUND)


if __name__ == "__main__":
    unittest.main()

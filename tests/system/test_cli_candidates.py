#!/usr/bin/env python3
"""Who may be the same human: found by the real engine when somebody is registered, also after a restart, and answered
by the desk."""
import pathlib
import unittest

from site_fixture import INVALID, OK, REFUSED, USAGE, Site

PLAN = pathlib.Path(__file__).resolve().parent.parent / "scenarios" / "plans" / "port.yaml"


class Candidates(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena")  # desk, records, legal

    def register(self, *words, kind="detainee", by="dana"):
        """The number, and the numbers of those whom they are like."""
        result = self.ask("person", "add", "--kind", kind, *words, "--json", by=by, expect=OK).json()
        number = result["entry"]["data"]["number"]
        return f"{number // 10}-{number % 10}", self.named(result)

    def named(self, result):
        ids = {f"person:{p['person']}": p["number"] for p in self.ask("person", "list", "--json", expect=OK).rows()}
        return [ids[c] for c in result["entry"]["command"].get("candidates", [])]

    def queue(self, *words):
        rows = self.ask("person", "candidates", "--json", *words, expect=OK).rows()
        return [(r["number"], r["other"]) for r in rows]

    def test_found_linked_and_answered(self):
        first, like = self.register("--name", "José Muñoz García", "--birth-date", "1984-03-02")
        self.assertEqual(like, [])
        # Other names, other birth dates: nobody.
        _, like = self.register("--name", "Luisa Muñoz García", "--birth-date", "1984-03-02")
        self.assertEqual(like, [])
        _, like = self.register("--name", "José Muñoz García", "--birth-date", "1971-11-30")
        self.assertEqual(like, [])
        told = self.ask("person", "add", "--kind", "visitor", "--name", "Garcia Munoz, Jose", "--birth-date", "1984-03-02",
                        by="dana", expect=OK).out
        self.assertIn(f"They may be detainee {first}", told)
        self.assertIn("person unlink", told)
        second, like = self.register("--name", "Jose Munos", "--birth-date", "1984-02-03")
        self.assertEqual(like[0], first)
        self.assertIn((second, first), self.queue())
        self.assertEqual(self.queue("--person", second), [(second, n) for n in reversed(like)])
        # What no entry may hold.
        for word in ("Mu", "1984", "Garcia"):
            self.assertNotIn(word, "".join(str(e) for e in self.entries()))
        # What forbids binds both at once.
        self.ask("authority", "add", "district", by="rita", second="lena", expect=OK)
        self.ask("order", "record", "stay", "district", "--person", first, by="rita", expect=OK)
        # The desk answers: two operators that they are not; one that they are, and two back.
        self.ask("person", "unlink", second, first, by="dana", expect=REFUSED)
        self.ask("person", "unlink", second, first, by="dana", second="rita", expect=OK)
        self.assertNotIn((second, first), self.queue())
        third, like = self.register("--name", "X Y", "--identifier", "passport:X-1")
        fourth, like = self.register("--name", "Z W", "--identifier", "Passport:x1")
        self.assertEqual(like, [third])
        self.ask("person", "merge", fourth, third, by="dana", expect=OK)
        self.assertNotIn((fourth, third), self.queue())
        self.ask("person", "unmerge", fourth, by="dana", second="rita", expect=OK)
        self.assertIn((fourth, third), self.queue())
        self.agree()

    def test_known_after_a_restart_and_not_after_erasure(self):
        first, _ = self.register("--name", "Ana Diaz", "--birth-date", "1990-05-06")
        other, _ = self.register("--name", "Rosa Vega", "--birth-date", "1990-05-06")
        # An alias that is learnt later counts with the birth date of before, and no client can leave the search out.
        told = self.ask("person", "identify", other, "--alias", "Anna Dias", "--json", by="rita", expect=OK).json()
        self.assertEqual(self.named(told), [first])
        self.assertEqual(self.queue(), [(other, first)])
        # Not told again: the desk knows.
        told = self.ask("person", "identify", other, "--identifier", "visa:77", "--json", by="rita", expect=OK).json()
        self.assertEqual(self.named(told), [])
        self.stop()
        self.start()
        _, like = self.register("--name", "Dias, Anna", "--birth-date", "1990-05-06")
        self.assertEqual(sorted(like), sorted([first, other]))
        _, like = self.register("--name", "Somebody", "--identifier", "visa:77")
        self.assertEqual(like, [other])
        shown = self.ask("person", "show", other, "--details", "--json", by="rita", expect=OK).json()
        self.assertEqual(shown["details"]["also"][0]["aliases"], ["Anna Dias"])
        self.ask("person", "erase", other, "--ground", "request", by="rita", second="lena", expect=OK)
        _, like = self.register("--name", "Another", "--identifier", "visa:77")
        self.assertNotIn(other, like)
        self.stop()
        self.start()
        _, like = self.register("--name", "Third", "--identifier", "visa:77")
        self.assertNotIn(other, like)
        self.agree()

    def test_more_than_fit(self):
        for i in range(10):
            number, like = self.register("--name", "Maria Lopez", "--birth-date", "1999-09-09", kind="visitor")
            self.assertEqual(len(like), min(i, 8))
        unlinked = self.entries("--type", "candidates.unlinked")
        self.assertEqual(len(unlinked), 1)
        self.assertTrue(unlinked[0]["data"]["more"])
        alarms = self.ask("alarm", "list", "--json", expect=OK).rows()
        self.assertEqual([a["type"] for a in alarms], ["candidates.unlinked"])
        self.assertIn("may be the same human", self.ask("explain", str(unlinked[0]["n"]), expect=OK).out)
        self.agree()

    def test_search(self):
        first, _ = self.register("--name", "Mohammed Ali Hassan", "--birth-date", "1984-03-02", "--document", "P-100")
        second, _ = self.register("--name", "Ana Diaz", kind="staff")
        rows = self.ask("person", "search", "--name", "Muhamad Hassan", "--json", by="dana", expect=OK).rows()
        self.assertEqual([(r["number"], r["why"]) for r in rows], [(first, ["like_name", "unknown_birth_date"])])
        rows = self.ask("person", "search", "--name", "Muhamad Hassan", "--birth-date", "1984-02-03", "--json", by="dana",
                        expect=OK).rows()
        self.assertEqual([(r["number"], r["score"], r["name"]) for r in rows], [(first, 60, "Mohammed Ali Hassan")])
        rows = self.ask("person", "search", "--identifier", "passport:p100", "--json", by="dana", expect=OK).rows()
        self.assertEqual([(r["number"], r["why"]) for r in rows], [(first, ["identifier"])])
        self.assertIn("nobody", self.ask("person", "search", "--name", "Nobody", by="dana", expect=OK).out)
        self.ask("person", "search", by="dana", expect=USAGE)
        self.ask("person", "search", "--name", "x", expect=USAGE)
        # Each look is in the journal, and what was looked for is not.
        self.assertEqual(len(self.entries("--type", "details.read")), 4)
        self.assertIn(second, self.ask("person", "search", "--name", "Diaz Ana", by="dana", expect=OK).out)

    def test_details_that_cannot_be_searched(self):
        for details in ('{"name":7}', '{"aliases":"Ana"}', '{"identifiers":[{"type":"passport"}]}'):
            path = self.tmp / "details.json"
            path.write_text(details)
            self.ask("person", "add", "--kind", "visitor", "--details-file", path, by="dana", expect=INVALID)
        self.ask("person", "add", "--kind", "visitor", "--identifier", "X1", by="dana", expect=INVALID)
        number, _ = self.register(kind="visitor")
        self.ask("person", "identify", number, by="dana", expect=INVALID)
        self.assertEqual(len(self.entries("--type", "person.added")), 1)


if __name__ == "__main__":
    unittest.main()

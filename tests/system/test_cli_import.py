#!/usr/bin/env python3
"""person import: what is read, what is told of bad rows, and going on after a stop."""
import os
import signal
import subprocess
import time
import unittest

from site_fixture import (BINARY, DENIED, INVALID, NOT_FOUND, OK, PASSWORDS, ROOT, Site, UNAVAILABLE, run)

HEAD = "external_id,kind,card,pin,levels,name,until\n"


class Import(Site):
    MORE = ("dana",)

    def csv(self, text, *options, **kwargs):
        path = self.tmp / "people.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.ask("person", "import", path, *options, by="dana", **kwargs)

    def persons(self):
        return self.ask("person", "list", "--details", "--json", by="dana", expect=OK).rows()

    def test_happy(self):
        text = HEAD + ('A-1,officer,h10301:1,1111,guard staff,"Álvarez, ""Mar"" 李",\n'
                       'A-2,visitor,h10301:0x2,,visitor,"Rosa\nDíaz",+8h\n')
        result = self.csv(text, "--json", expect=OK)
        self.assertEqual([(r["line"], r["external_id"], r["result"]) for r in result.rows()],
                         [(2, "A-1", "imported"), (3, "A-2", "imported")])
        rows = self.persons()
        self.assertEqual([r["name"] for r in rows], ['Álvarez, "Mar" 李', "Rosa\nDíaz"])
        self.assertEqual(rows[0]["levels"], ["guard", "staff"])
        self.assertIn("until", rows[1])
        self.show("h10301:1", "main-in", "--walk", expect=OK)
        self.show("h10301:1", "vault-in", pin="1111", expect=OK)
        again = self.csv(text, expect=OK)
        self.assertIn("2 rows: 0 imported, 0 gone on with, 2 known already, 0 bad", again.out)
        self.assertEqual(len(self.persons()), 2)
        # nothing but the reading of details was journaled
        self.assertEqual({e["type"] for e in self.entries("--limit", "3")[-1:]}, {"details.read"})

    def test_dry_run_changes_nothing(self):
        before = len(self.entries())
        result = self.csv(HEAD + "A-1,officer,h10301:1,1111,guard,X,\n", "--dry-run", expect=OK)
        self.assertIn("1 good, 0 bad", result.out)
        self.assertEqual(len(self.entries()), before)

    def test_every_bad_row_is_told_and_the_others_are_in(self):
        text = HEAD + ("A-1,officer,h10301:1,1111,guard,One,\n"
                       "A-2,officr,h10301:2,1111,guard,Two,\n"
                       "A-3,officer,h10301:99999999,12,gaurd,Three,\n"
                       "A-4,officer\n"
                       "A-1,staff,h10301:5,,staff,Five,\n"
                       "A-6,staff,h10301:1,,staff,Six,\n"
                       "A-7,staff,h10301:7,,staff,\"Seven\" x,\n"
                       "A-8,staff,h10301:8,,staff,Eight,\n")
        result = self.csv(text, expect=INVALID)
        self.assertEqual([int(l.split(":")[1]) for l in result.out.splitlines() if ".csv:" in l],
                         [3, 4, 5, 8, 6, 7], result.out)
        for part in ("`officer` meant?", "27 bits", "4 to 12 digits", "`guard` meant?", "2 columns",
                     "external_id is that of line 2", "card is that of line 2", "quote"):
            self.assertIn(part, result.out)
        self.assertNotIn("99999999", result.out + result.err)
        self.assertIn("8 rows: 2 imported, 0 gone on with, 0 known already, 6 bad", result.out)
        self.assertEqual([r["external_id"] for r in self.persons()], ["A-1", "A-8"])
        rows = self.csv(text, "--json", expect=INVALID).rows()
        self.assertEqual(sorted(r["line"] for r in rows if r["result"] == "bad"), [3, 4, 5, 6, 7, 8])

    def test_a_card_of_someone_else(self):
        self.csv(HEAD + "A-1,officer,h10301:1,,guard,One,\n", expect=OK)
        result = self.csv(HEAD + "A-2,officer,h10301:1,,guard,Two,\n", expect=INVALID)
        self.assertIn("exists", result.out)

    def test_malformed_files(self):
        for text, part in ((b"", "empty"), (b"\xff\xfe\n", "UTF-8"), (b"name\nx\n", "kind"),
                           (b"kind,knd\nstaff,x\n", "`kind` meant?"), (b"kind\n\"staff\n", "quote"),
                           (b"kind\nst\x00aff\n", "control"), (b"kind\n" + b"x" * 40000 + b"\n", "longer"),
                           (b",".join(b"c%d" % i for i in range(100)), "column")):
            result = self.csv(text)
            self.assertEqual(result.code, INVALID, text[:20])
            self.assertIn(part, result.out + result.err, text[:20])
        self.assertEqual(self.ask("person", "import", "/nonexistent.csv", by="dana").code, NOT_FOUND)
        self.assertEqual(self.persons(), [])

    def test_goes_on_where_it_was_stopped(self):
        n = 3000
        text = HEAD + "".join(f"B-{i},staff,h10301:{i + 10},{1000 + i},staff,Person {i},\n" for i in range(n))
        path = self.tmp / "people.csv"
        path.write_text(text)
        read, write = os.pipe()
        os.write(write, (PASSWORDS["dana"] + "\n").encode())
        os.close(write)
        stopped = subprocess.Popen([BINARY, "person", "import", str(path), "--as", "dana", "--password-fd", str(read),
                                    "--dir", str(self.dir)], pass_fds=[read], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        os.close(read)
        for _ in range(500):
            if self.ask("person", "list", "--json").out.count("\n") > 100:
                break
            time.sleep(0.01)
        stopped.send_signal(signal.SIGKILL)
        stopped.wait()
        had = self.ask("person", "list", "--json").out.count("\n")
        self.assertGreater(had, 100)
        result = self.csv(text, expect=OK)
        self.assertIn(f"{n} rows: ", result.out)
        self.assertIn("0 bad", result.out)
        people = self.ask("person", "list", "--json").rows()
        self.assertEqual(len(people), n)
        self.assertTrue(all(p["levels"] == ["staff"] for p in people))
        self.assertEqual(len(self.ask("credential", "list", "--json").rows()), n)
        self.assertIn(f"{n} known already", self.csv(text, expect=OK).out)
        self.agree()

    def test_needs_engine_and_operator(self):
        text = HEAD + "A-1,officer,h10301:1,,guard,One,\n"
        path = self.tmp / "p.csv"
        path.write_text(text)
        result = self.ask("person", "import", path, "--as", "dana", secrets={"--password-fd": "wrong password\n"})
        self.assertEqual(result.code, DENIED)
        self.stop()
        self.csv(text, expect=UNAVAILABLE)

    def test_the_demo_people(self):
        """examples/people.csv is right for examples/three-sections.yaml."""
        self.stop()
        self.dir = self.tmp / "three"
        self.PLAN = ROOT / "examples" / "three-sections.yaml"
        made = run("init", self.dir, "--plan", self.PLAN, "--operator", "anna:admin", "--operator", "sam:shift",
                   secrets={"--password-fd": PASSWORDS["anna"] + "\n" + PASSWORDS["sam"] + "\n"})
        self.assertEqual(made.code, OK, made.err)
        self.start()
        self.ask("person", "import", ROOT / "examples" / "people.csv", by="sam", expect=OK)


if __name__ == "__main__":
    unittest.main()

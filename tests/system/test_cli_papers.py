#!/usr/bin/env python3
"""Papers of orders, receipts and photographs: kept, read, erased, and nowhere left."""
import hashlib
import json
import os
import pathlib
import sqlite3
import unittest

from site_fixture import CORRUPT, EXISTS, HERE, INVALID, LIMIT, NOT_FOUND, OK, REGISTER, USAGE, Site

PLAN = HERE.parent / "scenarios" / "plans" / "port.yaml"
JPEG = b"\xff\xd8\xff\xe0" + b"PHOTO-OF-DINA!" * 20000
PNG = b"\x89PNG\r\n\x1a\n" + b"another picture" * 50
PAPER = b"%PDF-1.7 COMMITMENT-OF-DINA " * 3000


class Papers(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena")  # desk, records, legal

    def setUp(self):
        super().setUp()
        for words in (("authority", "add", "district"), ("basis", "add", "code")):
            self.ask(*words, by="rita", second="lena", expect=OK)
        self.person = self.add_person("detainee")

    def file(self, name, data):
        path = self.tmp / name
        path.write_bytes(data)
        return path

    def record(self, *words, expect=OK, about=True):
        subject = ("--person", self.person) if about else ("--on-basis", "code")
        kind = ("commitment", "district", "--basis", "code") if about else ("injunction", "district")
        result = self.ask("order", "record", *kind, *subject, *words, "--json", by="rita", expect=expect)
        if expect != OK:
            return result
        entry = result.json()["entry"]
        number = entry["data"]["number"]
        return f"{number // 10}-{number % 10}", entry["data"]

    def out(self, *words, by="lena", expect=OK):
        path = self.tmp / f"out-{len(list(self.tmp.iterdir()))}"
        result = self.ask(*words, "--out", path, by=by, expect=expect)
        return path.read_bytes() if expect == OK else result

    def in_files(self, mark):
        return any(mark in p.read_bytes() for p in self.dir.iterdir() if p.is_file())

    def reads(self):
        return len(self.entries("--type", "details.read"))

    def test_the_paper_of_an_order(self):
        order, data = self.record("--document", self.file("order.pdf", PAPER))
        digest = hashlib.sha256(PAPER).hexdigest()
        self.assertEqual((data["document"], data["kept"]), (digest, True))
        self.assertEqual(self.out("paper", "show", order), PAPER)
        self.assertEqual(self.out("paper", "show", digest), PAPER)
        self.assertEqual(self.reads(), 2)
        self.assertIn("--as NAME", self.out("paper", "show", order, by=None, expect=USAGE).err)
        there = self.file("there", b"")
        self.ask("paper", "show", order, "--out", there, by="lena", expect=EXISTS)
        self.assertEqual(there.read_bytes(), b"")
        # Nobody's paper: it says something of a law.
        law, data = self.record("--document", self.file("law.pdf", b"%PDF of a law"), about=False)
        self.assertTrue(data["kept"])
        before = self.reads()
        self.assertEqual(self.out("paper", "show", law, by=None), b"%PDF of a law")
        self.assertEqual(self.reads(), before)
        verified = self.ask("verify", "--json", expect=OK).json()
        self.assertEqual((verified["papers"], verified["papers_erased"]), (2, 0))

    def test_held_elsewhere(self):
        order, data = self.record("--document", "sha256:" + "ab" * 32)
        self.assertNotIn("kept", data)
        self.assertIn("held elsewhere", self.out("paper", "show", order, expect=NOT_FOUND).err)
        self.assertIn("64 lower-case", self.record("--document", "sha256:xyz", expect=USAGE).err)
        self.out("paper", "show", "00" * 32, expect=NOT_FOUND)
        huge = self.tmp / "huge"
        with open(huge, "wb") as f:
            f.truncate((16 << 20) + 1)
        self.assertIn("keep it elsewhere", self.record("--document", huge, expect=LIMIT).err)
        self.record("--document", self.file("empty", b""), expect=INVALID)
        self.agree()

    def test_the_writing_of_an_oral_order(self):
        order, _ = self.record("--oral")
        self.out("paper", "show", order, expect=NOT_FOUND)
        written = self.ask("order", "write", order, "--document", self.file("w.pdf", PAPER), "--json", by="rita",
                           expect=OK).json()["entry"]
        self.assertTrue(written["data"]["kept"])
        self.assertEqual(self.out("paper", "show", order), PAPER)
        self.agree()

    def test_photo_and_erasure(self):
        self.ask("person", "photo", self.person, self.file("d.jpg", JPEG), by="dana", expect=OK)
        taken = self.entries("--type", "person.photographed")[0]
        self.assertEqual(set(taken["data"]), {"person"})
        self.assertIn("commit", taken)
        self.assertNotIn(hashlib.sha256(JPEG).hexdigest(), json.dumps(self.entries()))
        self.assertEqual(self.out("person", "photo", self.person), JPEG)
        self.ask("person", "photo", self.person, self.file("d.png", PNG), by="dana", expect=OK)
        self.assertEqual(self.out("person", "photo", self.person), PNG)
        self.assertEqual(self.reads(), 2)
        order, _ = self.record("--document", self.file("order.pdf", PAPER))
        # The same paper about somebody else stays with them.
        other, self.person = self.person, self.add_person("detainee")
        theirs, _ = self.record("--document", self.file("again.pdf", PAPER))
        self.person = other
        self.assertTrue(self.in_files(b"PHOTO-OF-DINA!") and self.in_files(b"COMMITMENT-OF-DINA"))
        self.assertEqual(self.ask("verify", "--json", expect=OK).json()["papers"], 4)

        self.ask("person", "erase", self.person, "--ground", "court", by="rita", second="lena", expect=OK)
        self.assertIn("erased", self.out("person", "photo", self.person, expect=NOT_FOUND).err)
        self.assertEqual(self.out("paper", "show", theirs), PAPER)
        verified = self.ask("verify", "--json", expect=OK).json()
        self.assertEqual((verified["papers"], verified["papers_erased"]), (1, 1))
        self.stop()
        self.assertFalse(self.in_files(b"PHOTO-OF-DINA!"))
        self.assertFalse(self.in_files(b"another picture"))
        self.start()
        # One taken later is there.
        self.ask("person", "photo", self.person, self.file("later.png", PNG), by="dana", expect=OK)
        self.assertEqual(self.out("person", "photo", self.person), PNG)
        self.agree()

    def test_what_is_no_photo(self):
        for data, code in ((b"GIF89a...", INVALID), (b"\xff\xd8\xff", INVALID), (b"", INVALID),
                           (JPEG[:4] + b"x" * (2 << 20), LIMIT)):
            result = self.ask("person", "photo", self.person, self.file("f", data), by="dana", expect=code)
            self.assertTrue(result.err)
        self.ask("person", "photo", self.person, by="dana", expect=USAGE)
        self.assertEqual(self.entries("--type", "person.photographed"), [])

    def test_backup_and_damage(self):
        order, _ = self.record("--document", self.file("order.pdf", PAPER))
        self.ask("person", "photo", self.person, self.file("d.jpg", JPEG), by="dana", expect=OK)
        self.ask("backup", self.tmp / "b.backup", expect=OK)
        self.stop()
        # A paper that was there and is gone, without an erasure, is a fault.
        db = sqlite3.connect(self.dir / "site.db")
        db.execute("UPDATE details_bodies SET bytes = zeroblob(length(bytes)) WHERE id = (SELECT body FROM papers ORDER BY n LIMIT 1)")
        db.execute("DELETE FROM papers WHERE n = (SELECT min(n) FROM papers)")
        db.commit()
        db.close()
        self.give_away()
        told = self.ask("verify", expect=CORRUPT)
        self.assertIn("missing, and no erasure is journaled", told.out + told.err)

    def test_export_has_none(self):
        self.record("--document", self.file("order.pdf", PAPER))
        self.ask("person", "photo", self.person, self.file("d.jpg", JPEG), by="dana", expect=OK)
        out = self.tmp / "export"
        self.ask("export-log", out, expect=OK)
        for root, _, names in os.walk(out):
            for name in names:
                data = pathlib.Path(root, name).read_bytes()
                self.assertFalse(b"PHOTO-OF" in data or b"COMMITMENT-OF" in data, name)


if __name__ == "__main__":
    unittest.main()

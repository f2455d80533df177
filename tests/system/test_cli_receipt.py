#!/usr/bin/env python3
"""Receipts: what somebody takes with them proves, with nothing of the site, that it stands in the log."""
import base64
import json
import pathlib
import re
import subprocess
import sys
import unittest

import check_tlog
from site_fixture import CORRUPT, DENIED, INVALID, NOT_FOUND, OK, REGISTER, ROOT, UNAVAILABLE, USAGE, Site, run

PLAN = pathlib.Path(__file__).resolve().parent.parent / "scenarios" / "plans" / "port.yaml"


class Receipts(Site):
    PLAN = PLAN
    OPERATORS = ("anna", "sam")
    MORE = ("dana", "rita", "lena")  # desk, records, legal

    def setUp(self):
        super().setUp()
        for words in (("authority", "add", "district"), ("basis", "add", "code")):
            self.ask(*words, by="rita", second="lena", expect=OK)
        self.vkey = re.search(r"sallyport\.local/gatehouse\+[0-9a-f]{8}\+\S+", self.made.out).group(0)
        self.away = self.tmp / "away"  # where nothing of the site is
        self.away.mkdir()

    def booked(self):
        person = self.number(self.ask("person", "add", "--kind", "detainee", "--name", "Zoë Quintanar-Østergård", "--birth-date",
                                      "1990-02-28", "--json", by="dana", expect=OK))
        order = self.number(self.ask("order", "record", "commitment", "district", "--person", person, "--basis", "code", "--reference",
                                     "3:25-cr-17", "--json", by="rita", expect=OK))
        self.ask("order", "authenticate", order, by="lena", expect=OK)
        booking = self.number(self.ask("booking", "open", person, order, *REGISTER, "--json", by="dana", expect=OK))
        return person, order, booking

    @staticmethod
    def number(result):
        number = result.json()["entry"]["data"]["number"]
        return f"{number // 10}-{number % 10}"

    def verify(self, file, *options, key=None, expect=OK):
        """In an empty directory, with no site that it could look at."""
        result = run("receipt", "verify", file, "--key", key or self.vkey, *options, cwd=self.away, env={"SALLYPORT_DIR": ""})
        self.assertEqual(result.code, expect, result.out + result.err)
        return result

    def independent(self, file, *entry):
        return subprocess.run([sys.executable, ROOT / "tests" / "system" / "check_tlog.py", "--proof", file, self.vkey, *entry],
                              capture_output=True, text=True, check=False)

    def test_a_booking(self):
        person, order, booking = self.booked()
        proof, svg = self.away / "b.tlog-proof", self.away / "b.svg"
        told = self.ask("receipt", "booking", booking, "--out", proof, "--qr", svg, expect=OK).out
        entry = self.entries("--type", "booking.opened")[0]
        self.assertIn(f"Detainee {person} was admitted: booking {booking}, on commitment {order} of district.", told)
        self.assertIn(f"Entry       {entry['n']}, booking.opened", told)
        self.assertIn(self.vkey, told)
        for secret in ("Zoë", "1990", "3:25"):
            self.assertNotIn(secret, told)
        # elsewhere, without the site
        said = self.verify(proof)
        self.assertIn("The log holds this entry, as it stands here.", said.out)
        said = json.loads(self.verify(proof, "--json").out)
        self.assertEqual((said["good"], said["entry"], said["type"], said["data"]), (True, entry["n"], "booking.opened", entry["data"]))
        self.assertTrue(self.independent(proof).stdout.startswith(f"ok {entry['n']} "))
        # another key, another log's key, no proof at all
        self.assertIn("not signed", self.verify(proof, key=self.other_key(), expect=CORRUPT).err)
        (self.away / "no").write_text("nothing\n")
        self.verify(self.away / "no", expect=INVALID)
        self.verify(self.away / "gone", expect=NOT_FOUND)

    def other_key(self):
        other = run("init", self.tmp / "other", "--plan", PLAN, "--operator", "anna:admin", "--operator", "sam:shift",
                    secrets={"--password-fd": "a long password one\na long password two\n"})
        return re.search(r"sallyport\.local/gatehouse\+[0-9a-f]{8}\+\S+", other.out).group(0)

    def test_what_was_rewritten_does_not_verify(self):
        person, order, booking = self.booked()
        proof = self.away / "b.tlog-proof"
        self.ask("receipt", "booking", booking, "--out", proof, expect=OK)
        text = proof.read_text()
        head, extra, rest = re.fullmatch(r"(c2sp.org/tlog-proof@v1\n)extra (\S+)\n(.*)", text, re.S).groups()
        entry = base64.b64decode(extra)
        file, bad = self.away / "entry", self.away / "bad"
        file.write_bytes(entry + b"\n")
        bad.write_text(head + rest)  # without the entry, which then has to be given
        self.verify(bad, expect=USAGE)
        self.verify(bad, "--entry", file)
        self.assertEqual(self.independent(bad, self.away / "entry").returncode, 1)  # with the newline it is another
        # the entry rewritten, as extra data and as a file
        for old, new in ((b'"booking.opened"', b'"booking.opaned"'), (b'"site":"gatehouse"', b'"site":"gatehousf"'), (b'"n":', b'"n":1')):
            rewritten = entry.replace(old, new, 1)
            self.assertNotEqual(rewritten, entry)
            bad.write_text(head + "extra " + base64.b64encode(rewritten).decode() + "\n" + rest)
            self.assertIn("this is not entry", self.verify(bad, expect=CORRUPT).err)
            self.assertEqual(self.independent(bad).returncode, 1)
            file.write_bytes(rewritten)
            self.verify(proof, "--entry", file, expect=CORRUPT)
        # every line of the proof changed in one character
        lines = (head + "extra " + extra + "\n" + rest).split("\n")
        for i, line in enumerate(lines):
            for at in {0, len(line) // 2, len(line) - 1} if line else ():
                changed = line[:at] + ("A" if line[at] != "A" else "B") + line[at + 1:]
                bad.write_text("\n".join(lines[:i] + [changed] + lines[i + 1:]))
                result = run("receipt", "verify", bad, "--key", self.vkey, cwd=self.away)
                self.assertIn(result.code, (INVALID, CORRUPT), (i, line, changed, result.out))
        # a receipt of another entry's leaf
        n = json.loads(entry)["n"]
        bad.write_text(text.replace(f"index {n}\n", f"index {n - 1}\n"))
        self.verify(bad, expect=CORRUPT)

    def test_details(self):
        person, order, _ = self.booked()
        proof = self.away / "p.tlog-proof"
        self.ask("receipt", "person", person, "--out", proof, "--details", expect=USAGE)
        self.assertFalse(proof.exists())
        told = self.ask("receipt", "person", person, "--out", proof, "--details", by="dana", expect=OK).out
        self.assertIn("name: Zoë Quintanar-Østergård", told)
        reads = self.entries("--type", "details.read")
        self.assertEqual(len(reads), 1)
        details = self.away / "p.tlog-proof.details"
        said = self.verify(proof, "--details-file", details)
        self.assertIn("it commits to these details", said.out)
        opened = json.loads(details.read_text())
        self.assertEqual(opened["details"]["birth_date"], "1990-02-28")
        for change in ({"name": "Zoe"}, {"birth_date": "1990-02-29"}, {"more": "x"}):
            details.write_text(json.dumps({**opened, "details": {**opened["details"], **change}}))
            self.verify(proof, "--details-file", details, expect=CORRUPT)
        details.write_text(json.dumps({**opened, "opening": opened["opening"][:-1] + "0"}))
        self.verify(proof, "--details-file", details, expect=CORRUPT if opened["opening"][-1] != "0" else OK)
        details.write_text("{}")
        self.verify(proof, "--details-file", details, expect=INVALID)
        # an entry that came without details; and erased ones, whose proof holds on
        self.assertIn("without details", self.ask("receipt", "0", "--details", by="dana", expect=NOT_FOUND).err)
        self.ask("person", "erase", person, "--ground", "retention", by="rita", second="lena", expect=OK)
        self.assertIn("erased", self.ask("receipt", "person", person, "--details", by="dana", expect=NOT_FOUND).err)
        self.ask("receipt", "person", person, "--out", proof, expect=OK)
        self.verify(proof)

    def test_a_sealed_order(self):
        person, _, _ = self.booked()
        sealed = self.number(self.ask("order", "record", "stay", "district", "--person", person, "--sealed", "--reference", "S-1", "--json",
                                      by="rita", expect=OK))
        proof = self.away / "s.tlog-proof"
        told = self.ask("receipt", "order", sealed, "--out", proof, expect=OK).out
        self.assertIn(f"sealed order {sealed}", told)
        self.assertNotIn("district", told)
        self.assertNotIn("stay", told)
        self.assertIn("with this leaf hash", self.verify(proof).out)  # no entry is in it
        self.ask("receipt", "order", sealed, "--out", proof, "--details", by="dana", expect=DENIED)
        self.ask("receipt", "order", sealed, "--out", proof, "--details", by="lena", expect=OK)
        self.assertEqual(json.loads(self.verify(proof, "--json").out)["data"]["kind"], "stay")

    def test_signed_or_not_at_all(self):
        person, _, booking = self.booked()
        self.ask("receipt", "booking", booking, expect=OK)
        self.stop()
        self.ask("receipt", "booking", booking, expect=OK)  # what was signed is, whether the engine runs or not
        last = self.entries()[-1]["n"]
        self.assertEqual(self.ask("receipt", str(last + 1), expect=NOT_FOUND).code, NOT_FOUND)
        # a checkpoint that does not reach so far
        point = self.dir / "checkpoint"
        whole = point.read_bytes()
        self.start()
        self.ask("person", "suspend", person, by="dana", expect=OK)
        newest = self.entries()[-1]["n"]
        self.ask("receipt", str(newest), expect=OK)
        self.stop()
        point.write_bytes(whole)
        self.assertIn("not signed yet", self.ask("receipt", str(newest), expect=UNAVAILABLE).err)

    def test_the_code(self):
        """The QR code holds the proof with the hash of the leaf: its modules are read here by what the standard says."""
        _, _, booking = self.booked()
        svg, file = self.away / "b.svg", self.away / "qr.tlog-proof"
        told = self.ask("receipt", "booking", booking, "--qr", svg, "--json", expect=OK).json()
        read = qr_read(qr_of_svg(svg.read_text()))
        self.assertEqual(read.decode(), told["qr"])
        file.write_bytes(read)
        self.assertIn("with this leaf hash", self.verify(file).out)
        self.assertTrue(self.independent(file).stdout.startswith("ok "))
        entry = self.away / "entry"
        entry.write_text(next(line for line in self.ask("log", "--json", expect=OK).out.splitlines() if '"booking.opened"' in line))
        self.verify(file, "--entry", entry)
        text = self.ask("receipt", "booking", booking, expect=OK).out
        self.assertEqual(qr_read(qr_of_text(text)), read)


# --- A reader of QR codes (ISO/IEC 18004), for versions 7 to 40 in byte mode, without correction of errors ---

# Of levels L and M, by version: codewords of correction a block, blocks.
CORRECTION = {
    "L": [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30,
          30, 30, 30, 30, 30, 30, 30],
    "M": [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
          28, 28, 28, 28, 28, 28, 28]}
BLOCKS = {
    "L": [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24,
          25],
    "M": [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40,
          43, 45, 47, 49]}
MASKS = [lambda y, x: (y + x) % 2 == 0, lambda y, x: y % 2 == 0, lambda y, x: x % 3 == 0, lambda y, x: (y + x) % 3 == 0,
         lambda y, x: (y // 2 + x // 3) % 2 == 0, lambda y, x: y * x % 2 + y * x % 3 == 0,
         lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0, lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0]


def qr_of_svg(svg):
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg).group(1)) - 8
    rows = [[0] * side for _ in range(side)]
    for x, y, n in re.findall(r"M(\d+) (\d+)h(\d+)", svg):
        for i in range(int(n)):
            rows[int(y) - 4][int(x) - 4 + i] = 1
    return rows


def qr_of_text(text):
    lines = [line for line in text.split("\n") if line and not set(line) - set(" \u2580\u2584\u2588")]
    rows = []
    for line in lines:
        rows.append([int(c in "\u2580\u2588") for c in line])
        rows.append([int(c in "\u2584\u2588") for c in line])
    side = len(lines[0]) - 8
    return [row[4:4 + side] for row in rows[4:4 + side]]


def alignments(version):
    n, side = version // 7 + 2, 17 + 4 * version
    step = 26 if version == 32 else (version * 4 + n * 2 + 1) // (2 * n - 2) * 2
    return [6] + [side - 7 - i * step for i in range(n - 2, -1, -1)]


def reserved(version):
    """Modules that hold no data."""
    side = 17 + 4 * version
    taken = [[False] * side for _ in range(side)]

    def fill(y0, y1, x0, x1):
        for y in range(y0, y1):
            for x in range(x0, x1):
                taken[y][x] = True
    fill(0, 9, 0, 9)
    fill(0, 9, side - 8, side)
    fill(side - 8, side, 0, 9)
    fill(6, 7, 0, side)
    fill(0, side, 6, 7)
    fill(0, 6, side - 11, side - 8)
    fill(side - 11, side - 8, 0, 6)
    at = alignments(version)
    for y in at:
        for x in at:
            if (y, x) not in ((6, 6), (6, at[-1]), (at[-1], 6)):
                fill(y - 2, y + 3, x - 2, x + 3)
    return taken


def qr_read(rows):
    side = len(rows)
    version = (side - 17) // 4
    bits = [rows[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [rows[y][8] for y in (7, 5, 4, 3, 2, 1, 0)]
    form = int("".join(map(str, bits)), 2) ^ 0b101010000010010
    level, mask = {1: "L", 0: "M"}[form >> 13], MASKS[form >> 10 & 7]
    taken, stream = reserved(version), []
    upwards = True
    for right in [x for x in range(side - 1, 0, -2) if x > 6] + [5, 3, 1]:
        right = right if right > 6 or right % 2 else right - 1
        for y in range(side - 1, -1, -1) if upwards else range(side):
            for x in (right, right - 1):
                if not taken[y][x]:
                    stream.append(rows[y][x] ^ mask(y, x))
        upwards = not upwards
    words = [int("".join(map(str, stream[i:i + 8])), 2) for i in range(0, len(stream) - 7, 8)]
    blocks, each = BLOCKS[level][version - 1], CORRECTION[level][version - 1]
    short, longer = len(words) // blocks - each, len(words) % blocks
    sizes = [short + (i >= blocks - longer) for i in range(blocks)]
    data, at = [[] for _ in range(blocks)], 0
    for i in range(short + 1):
        for b in range(blocks):
            if i < sizes[b]:
                data[b].append(words[at])
                at += 1
    text = "".join(f"{w:08b}" for block in data for w in block)
    counted, out = 16 if version > 9 else 8, b""
    while text.startswith("0100"):
        n = int(text[4:4 + counted], 2)
        out += bytes(int(text[i:i + 8], 2) for i in range(4 + counted, 4 + counted + 8 * n, 8))
        text = text[4 + counted + 8 * n:]
    return out


class Independent(unittest.TestCase):
    def test_the_example_of_the_standard(self):
        """The hashes lead from each leaf of a small tree to its root, and from no other."""
        leaves = [check_tlog.sha256(b"\\0%d" % i) for i in range(7)]
        root = check_tlog.root_of(leaves)
        pair = [check_tlog.root_of(leaves[i:i + 2]) for i in (0, 2, 4)]
        path = [leaves[2], pair[0], check_tlog.root_of(leaves[4:])]
        self.assertEqual(check_tlog.root_from(leaves[3], 3, 7, path), root)
        self.assertNotEqual(check_tlog.root_from(leaves[3], 2, 7, path), root)
        self.assertIsNone(check_tlog.root_from(leaves[3], 3, 7, path[:2]))
        self.assertIsNone(check_tlog.root_from(leaves[3], 3, 7, path + [root]))


if __name__ == "__main__":
    unittest.main()

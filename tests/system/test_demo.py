#!/usr/bin/env python3
"""What `make run` does: the demo site, its day, and going on with the same data."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from site_fixture import BINARY, ROOT, run


class Demo(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def once(self):
        done = subprocess.run([ROOT / "scripts" / "run", "--once"], capture_output=True, text=True, timeout=300,
                              env={**os.environ, "SALLYPORT": BINARY, "DEMO_DIR": str(self.dir)})
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
        return done.stdout

    def test_two_days(self):
        said = self.once()
        for code in ("escort_required", "interlock", "not_in_area", "credential_not_issued", "credential_unknown",
                     "pin_wrong", "pin_locked", "two_person_required", "no_access_level", "lockdown",
                     "second_operator_required"):
            self.assertIn(code, said)
        for words in ("The day is over", "The record is whole.", "byte for byte", "and identical"):
            self.assertIn(words, said)
        for name in ("anna", "sam", "dana", "gil"):
            self.assertEqual((self.dir / f"{name}.pass").stat().st_mode & 0o777, 0o600)
        key = (self.dir / "vkey").read_text()
        first = len(run("log", "--json", "--dir", self.dir / "site").rows())
        again = self.once()
        self.assertIn("Going on with the site", again)
        self.assertIn("18 known already", again)
        self.assertEqual((self.dir / "vkey").read_text(), key)
        self.assertGreater(len(run("log", "--json", "--dir", self.dir / "site").rows()), first + 100)


if __name__ == "__main__":
    unittest.main()

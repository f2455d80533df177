#!/usr/bin/python3
"""gendocs on a copy of docs/: each kind of damage is told with its place, and --write mends it."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GENDOCS = ROOT / os.environ.get("BUILD", "build") / "tools" / "gendocs"


class Gendocs(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.docs = pathlib.Path(self.dir.name) / "docs"
        shutil.copytree(ROOT / "docs", self.docs)
        self.gendocs("--write")

    def gendocs(self, mode):
        done = subprocess.run([GENDOCS, mode, self.docs], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def edit(self, page, old, new):
        path = self.docs / page
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def refused(self, *words):
        code, out = self.gendocs("--check")
        self.assertEqual(code, 1, out)
        for word in words:
            self.assertIn(word, out)

    def mended(self):
        self.assertEqual(self.gendocs("--write")[0], 0)
        self.assertEqual(self.gendocs("--check"), (0, ""))

    def test_what_was_written_is_right(self):
        self.assertEqual(self.gendocs("--check"), (0, ""))
        self.assertEqual(self.gendocs("--write"), (0, ""))

    def test_an_edited_line_is_told_with_what_it_should_be(self):
        self.edit("decisions.md", "`lockdown`", "`lokdown`")
        number = (self.docs / "decisions.md").read_text().split("`lokdown`")[0].count("\n") + 1
        self.refused(f"decisions.md:{number}:", "\n- ", "`lokdown`", "\n+ ", "`lockdown`")
        self.mended()

    def test_prose_stays(self):
        self.edit("decisions.md", "# Decisions\n", "# Decisions\n\nA sentence of ours, \u00e4nd an umlaut.\n")
        self.edit("decisions.md", "`lockdown`", "`lokdown`")
        self.mended()
        text = (self.docs / "decisions.md").read_text()
        self.assertIn("A sentence of ours, \u00e4nd an umlaut.\n", text)
        self.assertNotIn("lokdown", text)

    def test_a_block_without_end_changes_nothing(self):
        self.edit("decisions.md", "<!-- end -->\n", "")
        before = (self.docs / "decisions.md").read_bytes()
        self.refused("decisions.md:", "has no `<!-- end -->`")
        self.assertEqual(self.gendocs("--write")[0], 1)
        self.assertEqual((self.docs / "decisions.md").read_bytes(), before)

    def test_an_end_without_block(self):
        (self.docs / "new.md").write_text("# New\n<!-- end -->\n")
        self.refused("new.md:2:")

    def test_a_block_that_nobody_makes(self):
        (self.docs / "new.md").write_text("# New\n<!-- generated: weather -->\n<!-- end -->\n")
        self.refused("new.md:2:", "no generator has this name")

    def test_a_table_that_no_page_shows(self):
        (self.docs / "journal.md").unlink()
        self.refused("generated: entries", "generated: commands")

    def test_man_pages_come_and_go_with_their_verbs(self):
        (self.docs / "man" / "sallyport-pass.1").unlink()
        (self.docs / "man" / "sallyport-fly.1").write_text(".TH SALLYPORT-FLY 1\n")
        self.refused("sallyport-pass.1: is not there", "sallyport-fly.1: there is no such verb")
        self.mended()
        self.assertFalse((self.docs / "man" / "sallyport-fly.1").exists())

    def test_nothing_to_write_to(self):
        shutil.rmtree(self.docs)
        code, out = self.gendocs("--check")
        self.assertEqual(code, 2)
        self.assertIn("No such file", out)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The command line without a site: words, help, plan files."""
import pathlib
import re
import subprocess
import tempfile
import unittest

from site_fixture import BINARY, INVALID, LIMIT, NOT_FOUND, OK, ROOT, USAGE, run

EXAMPLES = ROOT / "examples"


def all_verbs():
    out = run("--help").out
    return [m.group(1).strip() for m in re.finditer(r"^  ([a-z][a-z -]{0,20}?)  +\S", out, re.M)]


class Words(unittest.TestCase):
    def test_every_verb_explains_itself_with_an_example(self):
        verbs = all_verbs()
        self.assertGreater(len(verbs), 50)
        for verb in verbs:
            help_text = run(*verb.split(), "--help")
            self.assertEqual(help_text.code, OK, verb)
            self.assertIn("Example", help_text.out, verb)
            self.assertIn(f"sallyport {verb}", help_text.out.split("Example")[1], verb)
            self.assertEqual(run("help", *verb.split()).out, help_text.out)

    def test_help_of_a_group(self):
        out = run("person", "--help")
        self.assertEqual(out.code, OK)
        self.assertIn("person add", out.out)
        self.assertNotIn("gate list", out.out)

    def test_version(self):
        self.assertEqual(run("version").code, OK)
        self.assertRegex(run("version").out, r"\d+\.\d+\.\d+")
        self.assertIn("version", run("version", "--json").json())
        self.assertEqual(run("--version").out, run("version").out)

    def test_typos_get_a_suggestion(self):
        for words, suggestion in (
                (["verfy"], "`verify`"),
                (["gat", "list"], "`gate`"),
                (["gate", "lokdown"], "`gate lockdown`"),
                (["person", "suspnd"], "`person suspend`"),
                (["suspend"], "suspend`"),
                (["log", "--folow"], "--follow"),
                (["person", "add", "--kid", "staff"], "--kind"),
                (["status", "--jsn"], "--json"),
        ):
            result = run(*words)
            self.assertEqual(result.code, USAGE, words)
            self.assertIn(suggestion, result.err, words)
            self.assertEqual(result.out, "", words)

    def test_mistakes_say_what_would_be_right(self):
        for words, part in (
                ([], "--help"),
                (["gate"], "list"),
                (["gate", "show"], "GATE"),
                (["explain", "one"], "whole number"),
                (["gate", "show", "a", "b"], "one too many"),
                (["person", "add", "--as", "x"], "--kind"),
                (["person", "add", "--kind", "wizard", "--as", "x"], "contractor"),
                (["person", "add", "--kind"], "needs a value"),
                (["person", "add", "--kind=staff"], "--as"),
                (["person", "list", "--json=1"], "no value"),
                (["person", "list", "--kind", "staff", "--kind", "staff"], "twice"),
                (["person", "suspend", "1000-9", "--as", "x", "--password-fd", "77"], "77"),
                (["person", "suspend", "1000-9", "--as", "x", "--password-fd", "three"], "file descriptor"),
                (["log", "-f"], "two dashes"),
                (["log", "--limit", "-1"], "whole number"),
                (["log", "--limit", "99999999999999999999"], "whole number"),
        ):
            result = run(*words)
            self.assertEqual(result.code, USAGE, words)
            self.assertIn(part, result.err, words)

    def test_errors_as_json(self):
        result = run("person", "list", "--json", "--kind", "wizard")
        self.assertEqual(result.code, USAGE)
        self.assertRegex(result.err, r'^\{"error":"usage","text":".*"\}\n$')

    def test_no_control_character_comes_back(self):
        result = run("gate\x1b[31m")
        self.assertEqual(result.code, USAGE)
        self.assertNotIn("\x1b", result.err)

    def test_full_standard_output(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BINARY, "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 12)
        self.assertIn(b"standard output", done.stderr)


class Plans(unittest.TestCase):
    def check(self, text, *options):
        with tempfile.TemporaryDirectory() as tmp:
            path = pathlib.Path(tmp) / "plan.yaml"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            return run("plan", "check", path, *options)

    def test_examples_are_good(self):
        for name in ("makerspace", "three-sections"):
            result = run("plan", "check", EXAMPLES / f"{name}.yaml")
            self.assertEqual(result.code, OK, result.out + result.err)
            self.assertIn("good", result.out)
        counts = run("plan", "check", EXAMPLES / "three-sections.yaml", "--json").json()
        self.assertEqual(counts["errors"], 0)
        self.assertGreater(counts["counts"]["areas"], 400)

    def test_every_fault_at_once_with_its_place(self):
        text = (EXAMPLES / "makerspace.yaml").read_text()
        bad = (text.replace("to: workshop", "to: workshpo").replace("kind: room", "kind: rom")
               .replace("unlock-time: 5s", "unlock-time: soon"))
        result = self.check(bad)
        self.assertEqual(result.code, INVALID)
        places = re.findall(r"plan\.yaml:(\d+):\d+: error: ", result.out)
        self.assertGreaterEqual(len(set(places)), 3, result.out)
        self.assertIn("workshop", result.out)
        rows = self.check(bad, "--json").json()
        self.assertGreaterEqual(rows["errors"], 3)
        self.assertTrue(all(f["line"] for f in rows["faults"] if f["is"] == "error"))

    def test_bad_files(self):
        self.assertEqual(run("plan", "check", "/nonexistent.yaml").code, NOT_FOUND)
        for text in ("", "a: [1, 2", "- just\n- a list\n", "a: &x [*x]\n", "\t\n", "site: 7\n",
                     "[" * 5000, "{a: " * 2000, b"site: {name: \xff\xfe}\n", b"\x00\x01\x02",
                     "a: 1\na: 2\n", "unknown: true\n"):
            result = self.check(text)
            self.assertEqual(result.code, INVALID, (text[:20], result.out, result.err))
            self.assertTrue(result.out + result.err)
        self.assertIn(self.check("# " + "x" * (5 << 20)).code, (LIMIT, INVALID))


if __name__ == "__main__":
    unittest.main()

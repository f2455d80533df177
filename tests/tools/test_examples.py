#!/usr/bin/python3
"""Examples that are written by a generator are what it writes."""
import pathlib
import subprocess
import unittest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


class Examples(unittest.TestCase):
    def test_three_sections(self):
        made = subprocess.run([EXAMPLES / "generate-three-sections"], stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(made, (EXAMPLES / "three-sections.yaml").read_bytes(), "make examples writes it anew")


if __name__ == "__main__":
    unittest.main()

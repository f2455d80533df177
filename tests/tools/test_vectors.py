#!/usr/bin/python3
"""The vectors that are kept are those that make-osdp makes, and what it makes them with is AES."""
import pathlib
import runpy
import subprocess
import unittest

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"


class Vectors(unittest.TestCase):
    def test_what_is_kept_is_what_is_made(self):
        made = subprocess.run([VECTORS / "make-osdp"], capture_output=True, text=True, check=True).stdout
        self.assertEqual((VECTORS / "osdp.txt").read_text(), made)

    def test_what_others_published(self):
        its = runpy.run_path(str(VECTORS / "make-osdp"))
        block = its["aes"](bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff"))  # FIPS 197, C.1
        self.assertEqual(block.hex(), "69c4e0d86a7b0430d8cdb78070b4c55a")
        self.assertEqual(its["crc"](b"123456789"), 0xE5CC)  # the catalogue of CRCs: CRC-16/SPI-FUJITSU


if __name__ == "__main__":
    unittest.main()

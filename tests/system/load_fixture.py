"""A site whose engine is asked without pause by load_client: what the tests of crashes and of disks share."""
import hashlib
import os
import pathlib
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import time

from site_fixture import BINARY, Site

TESTS = pathlib.Path(BINARY).parent / "tests"
LOAD_CLIENT = TESTS / "load_client"
INTERCEPTED = TESTS / "intercepted.so"
ONE_BUILD = INTERCEPTED.exists()  # not with sanitizers: one build is enough
CARD = 738291


def peer_of(path):
    """The process that listens there, 0 when none does: whichever of serve's processes that is."""
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        try:
            os.chdir(path.parent)  # a name has 108 bytes
            s.connect(path.name)
        except OSError:
            return 0
        finally:
            os.chdir(here)
        return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


class Load(Site):
    MORE = ("dana",)

    def setUp(self):
        if not ONE_BUILD:
            self.skipTest("one build is enough")
        super().setUp()
        self.add_person("staff", level="staff", card=f"long:{CARD}")
        self.stop()
        self.restarts = []

    def begin(self, **kwargs):
        """Starts serve; the moment."""
        self.log = open(self.tmp / "serve.log", "ab")
        self.engine = subprocess.Popen([BINARY, "serve", "--dir", str(self.dir)], stdout=subprocess.PIPE,
                                       stderr=self.log, **kwargs)
        return time.monotonic()

    def wait_until_ready(self, since):
        said, out = b"", self.engine.stdout.fileno()
        while b"requests at" not in said and select.select([out], [], [], 30)[0]:
            more = os.read(out, 4096)
            if not more:
                break
            said += more
        self.assertIn(b"requests at", said, (self.tmp / "serve.log").read_text())
        self.restarts.append(time.monotonic() - since)

    def stop(self, how=signal.SIGTERM):
        if self.engine is not None and self.engine.stdout:
            self.engine.stdout.close()
        return super().stop(how)

    def ask_without_pause(self, connections, ledger):
        return subprocess.Popen([LOAD_CLIENT, self.dir, str(connections), ledger, f"{CARD:x}"], stderr=subprocess.PIPE)

    def told(self, client, ledger):
        """The lines of its ledger, when its engine is gone."""
        _, said = client.communicate(timeout=70)
        self.assertEqual(client.returncode, 0, said.decode())
        return ledger.read_text().splitlines()

    def read_entries(self, since):
        """From a copy: whoever opens it first after a crash mends it, and that shall be the engine."""
        found = {}
        for name in ("site.db", "site.db-wal"):
            shutil.copyfile(self.dir / name, self.tmp / name)
        db = sqlite3.connect(self.tmp / "site.db")
        for first, count, stored in db.execute("SELECT first, count, bytes FROM entries WHERE first + count > ?",
                                               (since,)):
            at = 0
            for n in range(first, first + count):
                length = int.from_bytes(stored[at:at + 2], "big")
                found[n] = hashlib.sha256(stored[at + 2:at + 2 + length]).hexdigest()
                at += 2 + length
        db.close()
        return found

    def look_for(self, lines, stored, where):
        """All that was told is stored, with the same bytes. How many entries and unlocks were told."""
        counts = {"a": 0, "u": 0}
        for line in lines:
            what, n, *digest = line.split()
            found = stored.get(int(n))
            self.assertIsNotNone(found, f"{where}: entry {n} was told and is not there: {line}")
            if what == "a":
                self.assertEqual(found, digest[0], f"{where}: entry {n} is another one")
            counts[what] += 1
        return counts["a"], counts["u"]

#!/usr/bin/env python3
"""What `make run` does: the demo site on its lines, its day, and going on with the same data; and that nothing of it is left."""
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from site_fixture import BINARY, FOUNDER, ROOT, run

PORTS = 15
SANITIZED = "asan" in BINARY
PATIENCE_S = 240 if SANITIZED else 60
signal.signal(signal.SIGINT, signal.default_int_handler)  # or what we start would ignore it where we were told to


def listen(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the readers do
        s.bind(("127.0.0.1", port))


def free_ports():
    """As many in a row that nobody listens on, below those that the system gives to whoever connects."""
    while True:
        first = random.randrange(12000, 30000)
        try:
            for port in range(first, first + PORTS):
                listen(port)
            return first
        except OSError:
            pass


class Demo(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.port = free_ports()
        self.child = None
        self.addCleanup(self.end)

    def start(self, *words, env=None):
        """In a session of its own, as on a terminal."""
        env = {**os.environ, "SALLYPORT": BINARY, "DEMO_DIR": str(self.dir), "DEMO_PORT": str(self.port), "DAY_PACE": "0",
               **(env or {})}
        with open(self.dir / "out", "wb") as out:
            self.child = subprocess.Popen([ROOT / "scripts" / "run", *words], stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=out, start_new_session=True, env=env)

    def end(self):
        if self.child and self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGTERM)
            self.child.wait(30)

    def said(self):
        return (self.dir / "out").read_text(errors="replace")

    def until(self, true, what):
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            self.assertIsNone(self.child.poll(), f"it ended before {what}:\n{self.said()}")
            self.assertLess(time.monotonic(), deadline, f"not {what}:\n{self.said()}")
            time.sleep(0.05)

    def nothing_is_left(self):
        left = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.dir).encode() in path.read_bytes():
                    left.append(path.read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                pass  # it has ended meanwhile
        self.assertEqual(left, [])
        for port in range(self.port, self.port + PORTS):
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()

    def once(self):
        """With passwords that cost nothing to try, else a third of it would be their work; the other tests have real ones."""
        self.start("--once", env={"DEMO_FOUNDER": FOUNDER})
        code = self.child.wait(timeout=500)
        self.assertEqual(code, 0, self.said()[-3000:])
        self.nothing_is_left()
        return self.said()

    def log(self, *words):
        return run("log", "--json", *words, "--dir", self.dir / "site").rows()

    @unittest.skipIf(SANITIZED, "one build is enough")
    def test_two_days(self):
        said = self.once()
        for code in ("escort_required", "interlock", "not_in_area", "credential_not_issued", "credential_unknown",
                     "pin_wrong", "pin_locked", "two_person_required", "no_access_level", "lockdown",
                     "second_operator_required"):
            self.assertIn(code, said)
        for words in ("Every reader has a key of its own", "The day is over", "The record is whole.", "byte for byte",
                      "and identical"):
            self.assertIn(words, said)
        for name in ("anna", "sam", "dana", "gil"):
            self.assertEqual((self.dir / f"{name}.pass").stat().st_mode & 0o777, 0o600)
        entries = self.log()
        self.assertEqual({e["by"].split(":")[0] for e in entries if e["type"] == "passage.granted"}, {"line"})
        self.assertLessEqual({"door.forced", "door.held", "door.exit_requested", "reader.tampered", "reader.offline",
                              "reader.online", "passage.reported_late"}, {e["type"] for e in entries})
        key = (self.dir / "vkey").read_text()
        keys = {path: path.read_text() for path in (self.dir / "readers").glob("*.key.*")}
        self.assertEqual(len(keys), 862)
        again = self.once()
        self.assertIn("Going on with the site", again)
        self.assertNotIn("secure: install", again)
        self.assertIn("18 known already", again)
        self.assertEqual((self.dir / "vkey").read_text(), key)
        self.assertEqual({path: path.read_text() for path in keys}, keys)
        self.assertGreater(len(self.log()), len(entries) + 100)

    @unittest.skipIf(SANITIZED, "one build is enough")
    def test_a_card_by_hand_and_ctrl_c(self):
        self.start()
        self.until(lambda: "its day begins" in self.said(), "running")
        with open(self.dir / "readers" / "line-s3", "w", encoding="ascii") as fifo:
            fifo.write("8 card h10301:8888888\n")
        self.until(lambda: any(e["data"]["reader"] == "s3-block-b-in" and e["by"] == "line:line-s3"
                               for e in self.log("--type", "passage.refused")), "refused at a reader")
        self.until(lambda: "8: text 1 NO ENTRY" in (self.dir / "readers" / "line-s3.log").read_text(), "shown")
        os.killpg(self.child.pid, signal.SIGINT)  # as a terminal's Ctrl-C
        self.assertEqual(self.child.wait(30), 130)
        self.nothing_is_left()
        self.assertLessEqual({e["data"]["reader"] for e in self.log("--type", "reader.offline")}, {"workshop-in"})

    def test_ended_half_way(self):
        self.start()
        self.until(lambda: "readers wait" in self.said(), "starting")
        self.child.terminate()
        self.assertEqual(self.child.wait(30), 143)
        self.nothing_is_left()
        self.start()  # and it is gone on with
        self.until(lambda: "Every reader has a key" in self.said(), "set up")
        self.until(lambda: "its day begins" in self.said(), "running")
        self.child.terminate()
        self.assertEqual(self.child.wait(30), 143)
        self.nothing_is_left()

    def test_a_port_that_is_taken(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", self.port + 3))
            s.listen()
            self.start("--once")
            self.assertEqual(self.child.wait(PATIENCE_S), 1)
        self.assertIn(f"127.0.0.1:{self.port + 3}: address already in use", self.said())
        self.assertIn("DEMO_PORT=", self.said())
        self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()

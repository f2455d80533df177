#!/usr/bin/env python3
"""`sallyport line trace LINE`: listening to a line that `serve` runs, contained as it is shipped."""
import os
import re
import signal
import socket
import stat
import subprocess
import time
import unittest

import test_line
from site_fixture import BINARY, INVALID, NOT_FOUND, OK, UNAVAILABLE, USAGE, run


class Tap(test_line.Bus):
    def listener(self, name, *options):
        """A trace in the background; what it says is NAME.log, and NAME.err."""
        with open(self.tmp / f"{name}.log", "ab") as out, open(self.tmp / f"{name}.err", "ab") as err:
            child = subprocess.Popen([BINARY, "line", "trace", "entrance", "--dir", self.dir, *map(str, options)],
                                     stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: child.poll() is None and (child.kill(), child.wait()))
        self.said(f"{name}.log" if "--raw" in options else f"{name}.err", "line entrance; milliseconds since")
        return child

    def stopped(self, child):
        child.send_signal(signal.SIGINT)
        return child.wait(timeout=30)

    def test_a_session_that_began_before(self):
        self.both()
        before = self.types().count("reader.offline")
        result = self.ask("line", "trace", "entrance", "--count", 40, expect=OK)
        self.assertEqual(len(result.out.splitlines()), 40)
        self.assertIn("POLL [no key]", result.out)
        self.assertEqual(result.err.count("has not seen its session begin"), 4)
        path = self.dir / "lines" / "entrance.sock"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        rows = self.ask("line", "trace", "entrance", "--count", 5, "--json", expect=OK).rows()
        self.assertEqual(len(rows), 5)
        self.assertTrue(all(r["verdict"] in ("closed", "again") and r["ms"] >= 0 for r in rows), rows)
        begin = time.monotonic()
        self.ask("line", "trace", "entrance", "--seconds", 1, expect=OK)
        self.assertLess(time.monotonic() - begin, test_line.PATIENCE)
        self.assertGreaterEqual(time.monotonic() - begin, 1)
        self.assertEqual(self.types().count("reader.offline"), before)

    def test_from_its_handshake_on(self):
        """Each MAC is checked then; cards and PINs stay where they are."""
        self.both()
        plain, cards = self.listener("plain"), self.listener("cards", "--cards")
        for i in (0, 1):
            self.type(f"{i} restart")
        for i in (0, 1):
            self.said("reader.log", f"{i}: session secure", 3)  # SCBK-D, its own key, and now
        time.sleep(0.5)  # what it kept until now would be late
        self.type(f"0 card {test_line.CARD}")
        self.said("reader.log", "0: bolt drawn")
        self.type(f"1 card {test_line.CARD}")
        self.said("reader.log", "PIN, THEN #")
        self.type("1 key 4711#")
        self.said("plain.log", "KEYPAD reader=0 count=")
        self.said("cards.log", "KEYPAD reader=0 count=")
        self.assertEqual((self.stopped(plain), self.stopped(cards)), (OK, OK), self.text("plain.err"))
        told = self.text("plain.log")
        self.assertRegex(told, r"CCRYPT cuid=.* \[key holds\]")
        self.assertRegex(told, r"0 -> panel  #\d  RAW reader=0 format=1 bits=26 data=\(hidden\) \[MAC holds\]")
        self.assertRegex(self.text("cards.log"), r"RAW reader=0 format=1 bits=26 data=[0-9a-f]{8} \[MAC holds\]")
        for log in ("plain.log", "cards.log"):
            self.assertRegex(self.text(log), r"KEYPAD reader=0 count=\d+ keys=\(hidden\)")
            self.assertIn("OUT output=0 control=5", self.text(log))
            self.assertNotIn("WRONG", self.text(log))

    def test_kept_and_read_later(self):
        self.both()
        raw = self.listener("raw", "--raw")
        self.type("2 restart")
        self.said("reader.log", "2: session secure", 3)
        time.sleep(0.5)
        self.type(f"2 card {test_line.CARD}")
        self.said("reader.log", "2: bolt drawn")
        time.sleep(0.3)
        self.assertEqual(self.stopped(raw), OK)
        kept = self.tmp / "raw.log"
        text = kept.read_text()
        self.assertRegex(text.splitlines()[0], r"^# line entrance; milliseconds since \d{4}-\d\d-\d\dT")
        self.assertTrue(all(re.match(r" *\d+\.\d (CP>PD|PD>CP) [0-9a-f]+$", line) for line in text.splitlines()[1:]))
        closed = run("line", "trace", "--file", kept)
        self.assertEqual(closed.code, OK, closed.err)
        self.assertNotIn("RAW reader", closed.out)
        opened = run("line", "trace", "--file", kept, "--scbk", self.tmp / "key.2")
        self.assertEqual(opened.code, OK, opened.err)
        self.assertIn("RAW reader=0 format=1 bits=26 data=(hidden) [MAC holds]", opened.out)
        self.assertNotIn((self.tmp / "key.2").read_text().strip(), text)
        # Frames that are missing look like forgeries, but where the recording says that they are.
        lines = text.splitlines()
        some = [i for i, line in enumerate(lines) if re.search(" ff53[08]2", line)][-12:-8]
        lines[some[0]:some[-1] + 1] = []
        for note, code, wrong in (([], INVALID, True),
                                  (["# 4 frames are left out here: they were not taken in time"], OK, False)):
            kept.write_text("\n".join(lines[:some[0]] + note + lines[some[0]:]) + "\n")
            cut = run("line", "trace", "--file", kept, "--scbk", self.tmp / "key.2")
            self.assertEqual((cut.code, "[WRONG]" in cut.out), (code, wrong), cut.out[-2000:] + cut.err)

    def test_the_line_ends(self):
        self.both()
        child = self.listener("ends")
        os.kill([p for p in test_line.pids_below(self.engine.pid) if test_line.comm(p) == "entrance"][0], signal.SIGKILL)
        self.assertEqual(child.wait(timeout=30), UNAVAILABLE)
        self.assertIn("listen to it again", self.text("ends.err"))
        self.said("serve.log", "its port is there", 2)  # it listens anew although its socket was left
        self.ask("line", "trace", "entrance", "--count", 1, expect=OK)
        self.stop()
        self.assertFalse((self.dir / "lines" / "entrance.sock").exists())
        result = self.ask("line", "trace", "entrance")
        self.assertEqual(result.code, UNAVAILABLE)
        self.assertIn("does not run", result.err)

    def test_as_many_as_may_listen(self):
        self.both()
        kept = []
        for _ in range(4):
            s = socket.socket(socket.AF_UNIX)
            s.connect(str(self.dir / "lines" / "entrance.sock"))
            s.sendall(b"nobody looks at this\n")
            self.assertIn(b"# line entrance", s.recv(200))
            kept.append(s)
        result = self.ask("line", "trace", "entrance", "--count", 1)
        self.assertEqual(result.code, UNAVAILABLE)
        self.assertIn("as many listen already as may", result.err)
        kept.pop().close()
        deadline = time.time() + test_line.PATIENCE
        while self.ask("line", "trace", "entrance", "--count", 1).code != OK:
            self.assertLess(time.time(), deadline)
        for s in kept:
            s.close()

    def test_wrong_words(self):
        for words, code in ((("nowhere",), NOT_FOUND), ((), USAGE), (("entrance", "--file", "x"), USAGE),
                            (("--file", "x", "--count", 1), USAGE), (("entrance", "--raw", "--json"), USAGE),
                            (("entrance", "--raw", "--cards"), USAGE)):
            self.assertEqual(self.ask("line", "trace", *words).code, code, words)


if __name__ == "__main__":
    unittest.main()

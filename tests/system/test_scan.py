#!/usr/bin/env python3
"""`sallyport line scan`: on the readers of `sallyport reader`, and on peripherals of a few lines that are odd each in its way."""
import fcntl
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
import unittest

import test_line
from site_fixture import BINARY, BUSY, IO, LIMIT, NOT_FOUND, OK, UNPRIVILEGED, USAGE, run
from test_reader import CAP, ID, NAK, PDID, POLL, RAW, Panel, crc16

SPEEDS = {termios.B9600: 9600, termios.B19200: 19200, termios.B38400: 38400, termios.B57600: 57600,
          termios.B115200: 115200, termios.B230400: 230400}


def reply(address, code, data=b""):
    body = bytes([0x53, address | 0x80]) + (8 + len(data)).to_bytes(2, "little") + bytes([4, code]) + data
    return b"\xff" + body + crc16(body)


class Odd:
    """The other end of a serial device: answer(speed, address, code) is what comes back to each question."""

    def __init__(self, answer, chatter=b""):
        self.answer, self.chatter, self.heard, self.ended = answer, chatter, [], False
        self.master, self.slave = os.openpty()
        self.path = os.ttyname(self.slave)
        attributes = termios.tcgetattr(self.slave)
        attributes[0] = attributes[1] = attributes[3] = 0  # raw
        termios.tcsetattr(self.slave, termios.TCSANOW, attributes)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        got = b""
        while not self.ended:
            if not select.select([self.master], [], [], 0.02)[0]:
                if self.chatter:
                    os.write(self.master, self.chatter)
                continue
            got += os.read(self.master, 4096)
            while len(got) >= 9:
                n = 10 if got[5] & 4 else 9
                frame, got = got[:n], got[n:]
                speed = SPEEDS[termios.tcgetattr(self.slave)[4]]
                self.heard.append((speed, frame[2], frame[6]))
                os.write(self.master, self.answer(speed, frame[2], frame[6]) or b"")

    def close(self):
        self.ended = True
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)


class Scans(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)

    def reader(self, *options):
        """Returns the child and what it says first."""
        child = subprocess.Popen([BINARY, "reader", *map(str, options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 text=True)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.stdin.close)
        return child, child.stdout.readline()

    def odd(self, answer, chatter=b""):
        odd = Odd(answer, chatter)
        self.addCleanup(odd.close)
        return odd

    def test_several_on_a_serial_line(self):
        link = self.tmp / "line"
        self.reader("--pty", link, "--address", "3-5")
        result = run("line", "scan", link, "--baud", 9600, "--address", "1-6")
        self.assertEqual(result.code, OK, result.err)
        lines = result.out.splitlines()
        self.assertEqual([line.split()[:3] for line in lines[1:]], [[str(a), "9600", "CRC-16"] for a in (3, 4, 5)])
        self.assertIn("AES-128", lines[1])
        self.assertIn("2 outputs", lines[1])
        self.assertIn("at most", result.err)
        rows = run("line", "scan", link, "--baud", 9600, "--address", 4, "--json").rows()
        self.assertEqual([(r["address"], r["baud"], r["vendor"]) for r in rows], [(4, 9600, "535054")])
        self.assertEqual(rows[0]["serial"], 1004)
        self.assertIn({"function": 9, "compliance": 1, "number": 1,
                       "what": "communication security: bit 0 = AES-128"}, rows[0]["capabilities"])

    def test_over_tcp_and_with_a_key(self):
        key = self.tmp / "key"
        key.write_text("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n")
        key.chmod(0o600)
        _, said = self.reader("--listen", "tcp://127.0.0.1:0", "--address", 9, "--key-file", key)
        result = run("line", "scan", said.split()[-1], "--address", "8-9", "--json")
        self.assertEqual((result.code, result.err), (OK, ""))
        (row,) = result.rows()
        self.assertEqual((row["address"], row["baud"], row["secure"]), (9, None, "AES-128"))

    def test_what_is_there_changes_nothing(self):
        """A card that waits is still there; no LED, output or buzzer is touched."""
        child, said = self.reader("--listen", "tcp://127.0.0.1:0", "--address", 0)
        child.stdin.write("card raw:FF/8\n")
        child.stdin.flush()
        where = said.split()[-1]
        self.assertEqual(run("line", "scan", where, "--address", "0-1").code, OK)
        host, port = where.removeprefix("tcp://").rsplit(":", 1)
        with socket.create_connection((host, int(port))) as s:
            panel = Panel(s.fileno())
            self.assertEqual(panel.begin()[0], PDID)
            self.assertEqual(panel.ask(POLL), (RAW, bytes([0, 1, 8, 0, 255])))
        child.stdin.write("quit\n")
        child.stdin.flush()
        told = child.stdout.read()
        self.assertIn("connect", told)
        for what in ("led", "bolt", "buzzer", "text"):
            self.assertNotIn(what, told)

    def test_its_speed(self):
        """Asked at all of them, it answers at one: that is told, and looked at first."""
        odd = self.odd(lambda speed, address, code: speed == 38400 and address in (2, 0x7F)
                       and reply(address, *((PDID, bytes(12)) if code == ID else (NAK, b"\3"))))
        result = run("line", "scan", odd.path, "--address", "1-2", "--json")
        self.assertEqual(result.code, OK, result.err)
        self.assertEqual([(r["address"], r["baud"]) for r in result.rows()], [(2, 38400)])
        self.assertEqual({code for _, _, code in odd.heard}, {ID, CAP})
        self.assertEqual([s for s, _, _ in odd.heard[:6]], sorted(SPEEDS.values()))
        self.assertEqual(odd.heard[6][:2], (38400, 1))

    def test_one_that_wants_a_session(self):
        odd = self.odd(lambda speed, address, code: address == 5 and reply(5, NAK, b"\6"))
        result = run("line", "scan", odd.path, "--baud", 9600, "--address", "4-5")
        self.assertEqual(result.code, OK, result.err)
        self.assertIn("refuses ID: a secure session is needed", result.out)

    def test_something_that_is_no_frame(self):
        odd = self.odd(lambda speed, address, code: address in (1, 2) and b"\x53\x81\x14\x00\x04garbage")
        result = run("line", "scan", odd.path, "--baud", 9600, "--address", "0-3")
        self.assertEqual(result.code, OK, result.err)
        (line,) = result.out.splitlines()[1:]
        self.assertTrue(line.strip().startswith("1-2  9600"), line)
        self.assertIn("two readers with one address", line)
        row = run("line", "scan", odd.path, "--baud", 9600, "--address", "0-3", "--json").rows()[0]
        self.assertEqual((row["address"], row["last"], row["noise"]), (1, 2, True))

    def test_another_panel(self):
        body = bytes([0x53, 9, 8, 0, 4 | 2, POLL])
        odd = self.odd(lambda *_: b"", b"\xff" + body + crc16(body))
        result = run("line", "scan", odd.path, "--baud", 9600)
        self.assertEqual(result.code, BUSY)
        self.assertIn("another panel", result.err)
        self.assertEqual(odd.heard, [])

    def test_a_device_that_is_held(self):
        odd = self.odd(lambda *_: b"")
        lock = os.open(odd.path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, lock)
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        result = run("line", "scan", odd.path, "--baud", 9600)
        self.assertEqual(result.code, IO)
        self.assertIn("another process uses it", result.err)
        self.assertEqual(odd.heard, [])

    def test_it_is_stopped(self):
        odd = self.odd(lambda speed, address, code: address == 1
                       and reply(1, *((PDID, bytes(12)) if code == ID else (NAK, b"\3"))))
        child = subprocess.Popen([BINARY, "line", "scan", odd.path, "--baud", "9600"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        deadline = time.time() + 30
        while len(odd.heard) < 6 and time.time() < deadline:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
        self.assertEqual(child.returncode, LIMIT, err)
        self.assertIn("stopped before everyone was asked", err)
        self.assertEqual(len(out.splitlines()), 2)

    def test_wrong_words(self):
        odd = self.odd(lambda *_: b"")
        for words, code, what in (((odd.path, "--baud", 1200), USAGE, "9600"), ((odd.path, "--baud", 0), USAGE, "9600"),
                                  ((odd.path, "--address", "0-127"), USAGE, "126"),
                                  (("tcp://127.0.0.1:1", "--baud", 9600), USAGE, "converter"),
                                  (("tcp://127.0.0.1:1",), IO, "refused"), (("tcp://nowhere",), USAGE, "HOST:PORT"),
                                  (("/dev/null",), IO, "no serial device"), ((self.tmp / "no",), IO, "No such file"),
                                  ((odd.path, "--baud", 9600, "--address", 1), NOT_FOUND, "nobody answers")):
            result = run("line", "scan", *words)
            self.assertEqual(result.code, code, (words, result.err))
            self.assertIn(what, result.err)
            self.assertEqual(result.out, "")


test_line.FOLDER.chmod(0o711)  # the line runs as another user
LINK = test_line.FOLDER / "serial"
SERIAL = test_line.FOLDER / "serial.yaml"
SERIAL.write_text(re.sub(r"lines: .*", f"lines: [{{ name: entrance, kind: serial, where: {LINK}, baud: 9600 }}]",
                         test_line.PLAN.read_text()))


class Held(test_line.Bus):
    """A line of `serve` on a serial device, contained as it is shipped."""
    PLAN = SERIAL

    def readers(self):
        self.reader = self.spawn("reader.log", "reader", "--pty", LINK, "--address", "0-3", "--lock-monitor",
                                 "--key-file", self.tmp / "key")
        self.said("reader.log", "a serial line at")
        if os.getuid() == 0:
            os.chown(LINK, UNPRIVILEGED, UNPRIVILEGED)

    def test_a_line_that_runs(self):
        """It has its device alone: a scan is refused, and its readers do not notice."""
        self.both()
        offline = self.types().count("reader.offline")
        result = run("line", "scan", LINK, "--baud", 9600)
        self.assertEqual(result.code, IO)
        self.assertIn("another process uses it", result.err)
        self.assertNotIn("asking", result.err)
        self.type(f"0 card {test_line.CARD}")
        self.said("reader.log", "0: bolt drawn")
        self.assertEqual(self.types().count("reader.offline"), offline)
        pid = [p for p in test_line.pids_below(self.engine.pid) if test_line.comm(p) == "entrance"][0]
        os.kill(pid, signal.SIGKILL)  # and leaves nothing that keeps the next one away
        self.said("serve.log", "its port is there", 2)
        self.stop()
        result = run("line", "scan", LINK, "--baud", 9600, "--address", "0-3")
        self.assertEqual((result.code, len(result.out.splitlines())), (OK, 5), result.err)


if __name__ == "__main__":
    unittest.main()

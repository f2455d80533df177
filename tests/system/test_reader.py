#!/usr/bin/env python3
"""`sallyport reader` against a panel of a few lines: frames, CRC and the secure channel are written here anew."""
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from site_fixture import BINARY, DENIED, EXISTS, INVALID, IO, NOT_FOUND, OK, USAGE, run

POLL, ID, CAP, LSTAT, ISTAT, OSTAT = 0x60, 0x61, 0x62, 0x64, 0x65, 0x66
OUT, LED, BUZ, TEXT, COMSET, KEYSET, CHLNG, SCRYPT = 0x68, 0x69, 0x6A, 0x6B, 0x6E, 0x75, 0x76, 0x77
ACK, NAK, PDID, PDCAP, LSTATR, ISTATR, OSTATR = 0x40, 0x41, 0x45, 0x46, 0x48, 0x49, 0x4A
RAW, KEYPAD, COM, CCRYPT, RMAC_I, BUSY = 0x50, 0x53, 0x54, 0x76, 0x78, 0x79
SCBK_D = bytes(range(0x30, 0x40))
KEY = bytes.fromhex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")
LOCKED = bytes([0, 0])
SANITIZED = "asan" in BINARY
PATIENCE = 20 if SANITIZED else 5


def crc16(data):
    crc = 0x1D0F
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc.to_bytes(2, "little")


def aes(key, block, *how):
    return subprocess.run(["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", key.hex(), *how], input=block,
                          stdout=subprocess.PIPE, check=True).stdout


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


class Panel:
    """One reader's panel on a file descriptor; in a session once `handshake` was called."""

    def __init__(self, fd, address=0):
        self.fd, self.address, self.sequence, self.keys, self.got = fd, address, 0, None, b""

    def frame(self, code, data=b"", block=b""):
        length = 5 + len(block) + 1 + len(data) + (4 if self.keys and not block else 0) + 2
        if self.keys and not block:
            pad = data and data + b"\x80" + bytes(-len(data + b"x") % 16)
            block, length = bytes([2, 0x17 if data else 0x15]), length + 2 + len(pad) - len(data)
            iv, data = bytes(255 - b for b in self.reply_mac), b""
            for at in range(0, len(pad), 16):
                iv = aes(self.keys[0], xor(iv, pad[at:at + 16]))
                data += iv
        body = bytes([0x53, self.address]) + length.to_bytes(2, "little")
        body += bytes([self.sequence | 4 | (8 if block else 0)]) + block + bytes([code]) + data
        if block and block[1] >= 0x15:
            self.command_mac = self.mac(self.reply_mac, body)
            body += self.command_mac[:4]
        return b"\xff" + body + crc16(body)

    def mac(self, iv, body):
        if len(body) % 16:
            body += b"\x80" + bytes(-len(body + b"x") % 16)
        for at in range(0, len(body), 16):
            iv = aes(self.keys[1] if at + 16 < len(body) else self.keys[2], xor(iv, body[at:at + 16]))
        return iv

    def ask(self, code, data=b"", block=b"", timeout=PATIENCE):
        """(code, data) of the answer, or None."""
        self.sent = self.frame(code, data, block)
        self.fd_write(self.sent)
        answer = self.read(timeout)
        if answer and answer[0] != BUSY:
            self.sequence = self.sequence % 3 + 1
        return answer

    def fd_write(self, data):
        os.write(self.fd, data)

    def read(self, timeout=PATIENCE):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            at = self.got.find(b"\x53")
            if at >= 0 and len(self.got) >= at + 4:
                length = int.from_bytes(self.got[at + 2:at + 4], "little")
                if len(self.got) >= at + length:
                    whole, self.got = self.got[at:at + length], self.got[at + length:]
                    return self.take(whole)
            if select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                self.got += os.read(self.fd, 4096)
        return None

    def take(self, whole):
        assert crc16(whole[:-2]) == whole[-2:] and whole[1] == self.address | 0x80, whole.hex()
        at, body = 5, whole[:-2]
        self.block = b""
        if whole[4] & 8:
            self.block = whole[5:5 + whole[5]]
            at += whole[5]
        if not self.block or self.block[1] < 0x15:
            return body[at], body[at + 1:]
        body, mac = body[:-4], body[-4:]
        self.reply_mac = self.mac(self.command_mac, body)
        assert self.reply_mac[:4] == mac, "the MAC of an answer is wrong"
        data = body[at + 1:]
        if self.block[1] == 0x18:
            plain, iv = b"", bytes(255 - b for b in self.command_mac)
            for i in range(0, len(data), 16):
                plain += xor(iv, aes(self.keys[0], data[i:i + 16], "-d"))
                iv = data[i:i + 16]
            data = plain.rstrip(b"\0")[:-1]
        return body[at], data

    def begin(self):
        self.sequence, self.keys = 0, None
        return self.ask(ID, b"\0")

    def handshake(self, key, k):
        self.keys = None
        a = bytes(range(8))
        code, data = self.ask(CHLNG, a, bytes([3, 0x11, k]))
        if code != CCRYPT or self.block[2] != k:
            return False
        b = data[8:16]
        keys = [aes(key, bytes([1, n]) + a[:6] + bytes(8)) for n in (0x82, 1, 2)]
        if aes(keys[0], a + b) != data[16:]:
            return False
        mine = aes(keys[0], b + a)
        code, data = self.ask(SCRYPT, mine, bytes([3, 0x13, k]))
        if code != RMAC_I or self.block[2] != 1 or data != aes(keys[2], aes(keys[1], mine)):
            return False
        self.keys, self.reply_mac = keys, data
        return True


class Reader(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        self.said = []

    def start(self, *args, json_=True):
        self.child = subprocess.Popen([BINARY, "reader", *map(str, args), *(["--json"] if json_ else [])],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        return self.line()

    def end(self):
        if self.child.stdin.closed:
            return
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            pipe.close()

    def line(self):
        line = self.child.stdout.readline()
        return json.loads(line) if line.startswith("{") else line.rstrip("\n")

    def until(self, what, says, number=None):
        """Reads what happens until this does; it is in self.said too."""
        while True:
            e = self.line()
            if not e:
                self.fail(f"{what} {says} did not happen: {self.said}")
            self.said.append(e)
            if e["what"] == what and e["is"] == says and (number is None or e["number"] == number):
                return e

    def type(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()

    def listen(self, *args):
        where = self.start("--listen", "tcp://127.0.0.1:0", *args)["is"]
        self.port = int(where.rsplit(":", 1)[1])
        return self.connect()

    def connect(self, address=0):
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.addCleanup(self.socket.close)
        self.until("connection", "connected")
        return Panel(self.socket.fileno(), address)

    def polled(self, panel):
        """The first answer that tells something."""
        for _ in range(50):
            answer = panel.ask(POLL)
            if answer != (ACK, b""):
                return answer
            time.sleep(0.02)
        self.fail("nothing happened")

    def test_card_keys_and_contacts_are_polled(self):
        p = self.listen("--lock-monitor")
        self.assertEqual(p.begin()[0], PDID)
        self.assertEqual(p.ask(CAP, b"\0")[1][:6], bytes([1, 1, 3, 2, 3, 2]))
        self.assertEqual(p.ask(POLL), (ISTATR, bytes([0, 0, 1])))  # the bolt is out
        self.type("card h10301:17-4711")
        # Even parity, 8 bits of facility, 16 of number, odd parity; each over the half beside it.
        bits = f"{17:08b}{4711:016b}"
        bits = str(bits[:12].count("1") % 2) + bits + str(1 - bits[12:].count("1") % 2)
        want = int(bits + "0" * 6, 2).to_bytes(4, "big")
        self.assertEqual(self.polled(p), (RAW, bytes([0, 1, 26, 0]) + want))
        self.type("card raw:9A123440/26")
        self.assertEqual(self.polled(p), (RAW, bytes.fromhex("00011a009a123440")))
        self.type("key 12*#")
        self.assertEqual(self.polled(p), (KEYPAD, b"\0\x0412\x7f\r"))
        self.type("rex")
        self.assertEqual(self.polled(p), (ISTATR, bytes([0, 1, 1])))
        self.assertEqual(self.polled(p), (ISTATR, bytes([0, 0, 1])))
        self.type("tamper on")
        self.assertEqual(self.polled(p), (LSTATR, bytes([1, 0])))
        self.type("power off")
        self.assertEqual(self.polled(p), (LSTATR, bytes([1, 1])))
        self.type("open")
        self.until("door", "stays closed: locked")
        self.assertEqual(p.ask(POLL), (ACK, b""))
        self.type("open force")
        self.assertEqual(self.polled(p), (ISTATR, bytes([1, 0, 1])))  # one contact after the other
        self.assertEqual(self.polled(p), (ISTATR, bytes([1, 0, 0])))
        self.type("close")
        self.assertEqual(self.polled(p), (ISTATR, bytes([0, 0, 0])))
        self.assertEqual(self.polled(p), (ISTATR, bytes([0, 0, 1])))

    def test_wired_otherwise(self):
        p = self.listen("--lock-monitor", "--wiring", "strike=3:inverted,contact=5:inverted,rex=0,lock-monitor=2")
        p.begin()
        self.assertIn(bytes([1, 1, 6, 2, 3, 4]), p.ask(CAP, b"\0")[1])
        now = b""
        for _ in range(4):  # what is so from the start; its output is off, so the bolt is drawn
            code, data = p.ask(POLL)
            now = data if code == ISTATR else now
        self.assertEqual(now, bytes([0, 0, 0, 0, 0, 1]))
        self.assertEqual(p.ask(OUT, bytes([3, 2, 0, 0])), (ACK, b""))
        self.until("bolt", "out")
        self.assertEqual(self.polled(p), (ISTATR, bytes([0, 0, 1, 0, 0, 1])))
        self.assertEqual(p.ask(OUT, bytes([3, 6, 3, 0])), (ACK, b""))
        self.until("bolt", "drawn")
        self.until("bolt", "out")
        for words in ("strike", "strike=16", "bell=1", "contact=0:up", "contact=0,rex=0", "lock-monitor=4", ""):
            done = run("reader", "--listen", "tcp://127.0.0.1:0", "--wiring", words)
            self.assertEqual(done.code, USAGE, (words, done.err))

    def test_the_bolt_is_drawn_for_its_time(self):
        p = self.listen("--lock-monitor")
        p.begin()
        p.ask(POLL)
        self.assertEqual(p.ask(OUT, bytes([0, 5, 10, 0])), (ACK, b""))
        start = time.monotonic()
        self.until("bolt", "drawn")
        self.assertEqual(self.polled(p), (ISTATR, bytes([0, 0, 0])))
        self.assertEqual(p.ask(OSTAT), (OSTATR, bytes([1, 0])))
        self.type("open")
        self.until("door", "open")
        self.assertEqual(self.polled(p), (ISTATR, bytes([1, 0, 0])))
        self.until("bolt", "out")
        self.assertGreater(time.monotonic() - start, 0.8)
        self.assertLess(time.monotonic() - start, 2 if not SANITIZED else 10)
        self.assertEqual(p.ask(OSTAT), (OSTATR, LOCKED))
        self.type("close")
        self.assertEqual(self.polled(p), (ISTATR, bytes([0, 0, 0])))
        self.assertEqual(self.polled(p), (ISTATR, bytes([0, 0, 1])))
        p.ask(OUT, bytes([0, 2, 0, 0]))  # for good, until the power goes
        self.until("bolt", "drawn")
        self.type("restart")
        self.until("bolt", "out")
        self.assertEqual(p.ask(POLL), (NAK, b"\4"))
        self.assertEqual(p.begin()[0], PDID)

    def test_what_it_shows(self):
        p = self.listen()
        p.begin()
        p.ask(LED, bytes([0, 0, 2, 1, 1, 2, 0, 4, 0, 1, 1, 0, 1, 0]))  # green blinking, then red
        self.until("led", "green", 0)
        self.until("led", "dark", 0)
        self.until("led", "green", 0)
        self.until("led", "red", 0)
        p.ask(BUZ, bytes([0, 2, 1, 1, 2]))
        for says in ("on", "off", "on", "off"):
            self.until("buzzer", says)
        p.ask(TEXT, bytes([0, 1, 0, 2, 1, 9]) + b"STOP\x1b[31m")
        self.assertEqual(self.until("text", "STOP\ufffd[31m")["number"], 2)

    def test_refusals(self):
        p = self.listen()
        p.begin()
        self.assertEqual(p.ask(OUT, bytes([9, 2, 0, 0])), (NAK, b"\3"))
        self.assertEqual(p.ask(0x5F), (NAK, b"\3"))
        self.assertEqual(p.ask(ID), (NAK, b"\2"))
        self.assertEqual(p.ask(KEYSET, b"\1\x10" + KEY), (NAK, b"\6"))
        damaged = bytearray(p.frame(OUT, bytes([0, 2, 0, 0])))
        damaged[-1] ^= 1
        p.fd_write(damaged)
        self.assertIsNone(p.read(0.5))
        self.assertEqual(p.ask(OSTAT), (OSTATR, LOCKED))
        first = p.ask(OUT, bytes([0, 2, 0, 0]))
        p.fd_write(p.sent)
        self.assertEqual(p.read(), first)  # once more, and carried out once
        self.type("quit")
        self.assertEqual(self.child.wait(PATIENCE), OK)
        self.assertEqual(self.child.stdout.read().count('"drawn"'), 1)

    def test_first_key_is_kept(self):
        file = self.tmp / "reader.key"
        p = self.listen("--key-file", file)
        p.begin()
        self.assertTrue(p.handshake(SCBK_D, 0))
        self.until("session", "secure")
        self.assertEqual(p.ask(KEYSET, b"\1\x10" + KEY), (ACK, b""))
        self.until("key", "set")
        self.assertEqual(file.read_text(), KEY.hex() + "\n")
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.type("card raw:80/1")
        p.begin()
        self.assertEqual(p.ask(POLL), (NAK, b"\6"))  # nothing in clear from now on
        self.assertTrue(p.handshake(KEY, 1))
        self.assertEqual(self.polled(p), (RAW, bytes([0, 1, 1, 0, 0x80])))
        self.assertEqual(p.ask(OUT, bytes([0, 5, 2, 0])), (ACK, b""))
        self.until("bolt", "drawn")
        self.child.send_signal(signal.SIGTERM)
        self.assertEqual(self.child.wait(PATIENCE), OK)
        out = self.child.stdout.read() + self.child.stderr.read() + json.dumps(self.said)
        self.assertNotIn(KEY.hex(), out.lower())
        self.end()
        p = self.listen("--key-file", file)  # it has it
        p.begin()
        code, data = p.ask(CHLNG, bytes(8), bytes([3, 0x11, 0]))
        self.assertEqual((code, data), (NAK, b"\6"))
        self.assertFalse(p.handshake(SCBK_D, 1))
        self.assertTrue(p.handshake(KEY, 1))

    def test_a_key_that_cannot_be_kept_is_refused(self):
        folder = self.tmp / "gone"
        folder.mkdir()
        p = self.listen("--key-file", folder / "reader.key")
        folder.rmdir()
        p.begin()
        self.assertTrue(p.handshake(SCBK_D, 0))
        self.assertEqual(p.ask(KEYSET, b"\1\x10" + KEY), (NAK, b"\x09"))
        self.until("key", "not kept")
        self.assertEqual(p.ask(POLL), (ACK, b""))  # the session goes on

    def test_key_files_that_will_not_do(self):
        file = self.tmp / "reader.key"
        for text, mode, code in ((KEY.hex(), 0o644, DENIED), ("00" * 15, 0o600, INVALID), ("zz" * 16, 0o600, INVALID),
                                 (SCBK_D.hex(), 0o600, INVALID), (KEY.hex() + "00", 0o600, INVALID), ("", 0o600, INVALID)):
            file.write_text(text)
            file.chmod(mode)
            done = run("reader", "--listen", "tcp://127.0.0.1:0", "--key-file", file)
            self.assertEqual(done.code, code, (text, done.err))
            self.assertIn("reader.key", done.err)
            if text:
                self.assertNotIn(text, done.err)
        self.assertEqual(run("reader", "--listen", "tcp://127.0.0.1:0", "--key-file", self.tmp).code, DENIED
                         if stat.S_IMODE(self.tmp.stat().st_mode) & 0o77 else INVALID)

    def test_pseudo_terminal(self):
        link = self.tmp / "line"
        self.assertIn(str(link), self.start("--pty", link, "--address", 7)["is"])
        self.assertEqual(run("reader", "--pty", link).code, EXISTS)
        for _ in range(2):  # whoever opens it may come again
            fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
            p = Panel(fd, 7)
            self.assertEqual(p.begin()[0], PDID)
            self.type("card raw:0A0D1311/32")  # bytes that a terminal would eat
            self.assertEqual(self.polled(p), (RAW, bytes.fromhex("000120000a0d1311")))
            os.close(fd)
        self.child.send_signal(signal.SIGINT)
        self.assertEqual(self.child.wait(PATIENCE), OK)
        self.assertFalse(link.is_symlink())

    def test_several_on_one_line(self):
        one = self.listen("--address", "0-3")
        three = Panel(one.fd, 3)
        self.assertEqual(one.begin()[0], PDID)
        self.assertEqual(three.begin()[0], PDID)
        self.type("3 card raw:FF/8")
        self.assertEqual(self.polled(three), (RAW, bytes([0, 1, 8, 0, 255])))
        self.assertEqual(one.ask(POLL), (ACK, b""))
        three.ask(OUT, bytes([0, 5, 1, 0]))
        self.assertEqual(self.until("bolt", "drawn")["reader"], 3)
        self.type("3 cut 0.4")
        self.until("line", "cut")
        self.assertIsNone(three.ask(POLL, timeout=0.2))
        self.assertEqual(one.ask(POLL), (ACK, b""))
        self.until("line", "back")
        three.fd_write(three.sent)
        self.assertEqual(three.read(), (ACK, b""))
        self.assertIsNone(Panel(one.fd, 4).ask(ID, b"\0", timeout=0.2))
        self.type("2 busy 1")
        self.type("2 open force")
        self.until("door", "open")
        two = Panel(one.fd, 2)
        self.assertEqual(two.begin(), (BUSY, b""))
        self.assertEqual(two.begin()[0], PDID)

    def test_a_panel_that_comes_again(self):
        p = self.listen()
        p.begin()
        self.socket.close()
        self.until("connection", "disconnected")
        p = self.connect()
        self.assertEqual(p.begin()[0], PDID)
        again = self.connect()  # and one whose connection before was never closed
        self.assertEqual(again.begin()[0], PDID)
        self.assertEqual(os.read(p.fd, 1), b"")

    def test_it_connects(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(PATIENCE)
            port = server.getsockname()[1]
            self.start("--connect", f"tcp://127.0.0.1:{port}")
            for _ in range(2):
                panel, _ = server.accept()
                with panel:
                    self.assertEqual(Panel(panel.fileno()).begin()[0], PDID)

    def test_scripts(self):
        script = self.tmp / "day.txt"
        script.write_text("# a day\nopen\n\nopen force\nclose\nwait 0.3\nquit\n")
        start = time.monotonic()
        done = run("reader", "--listen", "tcp://127.0.0.1:0", "--script", script, "--label", "east")
        self.assertEqual((done.code, done.err), (OK, ""))
        self.assertGreaterEqual(time.monotonic() - start, 0.3)
        self.assertEqual(done.out.splitlines()[1:],
                         ["east: door stays closed: locked", "east: door open", "east: door closed"])
        script.write_text("open force\nclose\n")
        self.assertEqual(run("reader", "--listen", "tcp://127.0.0.1:0", "--script", script).code, OK)
        script.write_text("open force\n\ncard raw:99/3\nclose\n")
        done = run("reader", "--listen", "tcp://127.0.0.1:0", "--script", script)
        self.assertEqual(done.code, INVALID)
        self.assertIn("day.txt, line 3: ", done.err)
        self.assertNotIn("raw:99", done.err)
        self.assertNotIn("closed", done.out)
        done = run("reader", "--listen", "tcp://127.0.0.1:0", "--script", "-", stdin=b"rex\nopen window\n")
        self.assertEqual(done.code, INVALID)
        self.assertIn("standard input, line 2", done.err)
        self.assertEqual(run("reader", "--listen", "tcp://127.0.0.1:0", "--script", self.tmp / "none").code, NOT_FOUND)

    def test_words(self):
        wrong = ("foo", "card", "card h10301:256-1", "card h10301:1-65536", "card h10301:", "card raw:zz/8", "card raw:FF/7",
                 "card raw:FF/9", "card raw:/0", "card raw:FF/8x", "card 1234", "key", "key 12a", "key " + "1" * 33,
                 "open window", "close now", "tamper", "tamper maybe", "power 1", "busy", "busy -1", "busy 1001", "cut x",
                 "cut 86401", "wait", "wait -1", "wait 1e3", "a b c d e f", "x" * 2000)
        done = run("reader", "--listen", "tcp://127.0.0.1:0", stdin="\n".join((*wrong, "help")).encode())
        self.assertEqual(done.code, OK)
        told = done.err.splitlines()
        self.assertEqual(len(told), len(wrong), done.err)
        for secret in ("65536", "zz", "12a", "1234", "1111"):
            self.assertNotIn(secret, done.err)
        for word in ("card", "key", "open", "close", "rex", "tamper", "power", "busy", "restart", "cut", "wait", "quit"):
            self.assertRegex(done.out, rf"(?m)^{word} ")
        done = run("reader", "--listen", "tcp://127.0.0.1:0", "--address", "1-2", stdin=b"open\n3 open\n1\n2 open force\n")
        self.assertEqual(len(done.err.splitlines()), 3)
        self.assertIn("2: door open", done.out)

    def test_wrong_options(self):
        for args in ([], ["--listen", "tcp://127.0.0.1:0", "--pty", self.tmp / "x"], ["--listen", "127.0.0.1:1"],
                     ["--listen", "tcp://127.0.0.1"], ["--listen", "tcp://127.0.0.1:http"], ["--connect", "tcp://:1x"],
                     ["--listen", "tcp://127.0.0.1:0", "--address", "127"],
                     ["--listen", "tcp://127.0.0.1:0", "--address", "3-1"],
                     ["--listen", "tcp://127.0.0.1:0", "--address", "x"]):
            done = run("reader", *args)
            self.assertEqual(done.code, USAGE, (args, done.err))
            self.assertEqual(len(done.err.splitlines()), 1)

    def test_a_port_that_is_taken(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            where = f"127.0.0.1:{s.getsockname()[1]}"
            done = run("reader", "--listen", f"tcp://{where}")
        self.assertEqual((done.code, done.err), (IO, f"sallyport: {where}: address already in use\n"))


if __name__ == "__main__":
    unittest.main()

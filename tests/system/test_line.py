#!/usr/bin/env python3
"""From reader to gate: the real engine, `sallyport line run` and `sallyport reader` on OSDP bytes with the secure channel."""
import atexit
import collections
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from site_fixture import BINARY, DENIED, INVALID, NOT_FOUND, OK, Site, run

PATIENCE = 40 if "asan" in BINARY else 15


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
PORT = free_port()
PLAN = FOLDER / "plan.yaml"
PLAN.write_text(f"""
site: {{ name: lines, zone: UTC }}
areas: [{{ name: hall, kind: room }}, {{ name: lock, kind: vestibule }}, {{ name: ward, kind: section }}]
lines: [{{ name: entrance, kind: tcp-client, where: "127.0.0.1:{PORT}" }}]
gates:
  - name: main
    from: outside
    to: hall
    doors:
      - name: main
        lock-monitor: true
        rex: record
        readers:
          - {{ name: main-in, direction: in, line: entrance, address: 0, secure: install }}
          - {{ name: main-out, direction: out, line: entrance, address: 1, secure: install, factors: card+pin }}
  - name: ward
    from: hall
    to: ward
    vestibule: lock
    doors:
      - name: outer
        unlock-time: 2s
        readers: [{{ name: outer-in, direction: in, line: entrance, address: 2, secure: install }}]
      - name: inner
        unlock-time: 2s
        readers: [{{ name: inner-in, direction: in, line: entrance, address: 3, secure: install }}]
formats: [{{ name: h10301 }}]
levels: [{{ name: all, access: [{{ gates: all }}] }}]
""")
DEVICE = FOLDER / "tty"
SERIAL = FOLDER / "serial.yaml"
SERIAL.write_text(re.sub(r"^lines: .*", f"lines: [{{ name: entrance, kind: serial, where: {DEVICE}, baud: 230400 }}]",
                         PLAN.read_text(), flags=re.M))
CARD, OTHER = "h10301:17-4711", "h10301:17-4712"


# A reader in clear, a card of 26 bits, then a frame with a flipped bit; made with the CRC of the standard.
RECORDED = """# notes are left out
    21.0 CP>PD ff53050900046100c125
    21.1 PD>CP ff538514000445aabbcc020104030201010203b5c1
    30.0 CP>PD ff530508000560{crc1}
"""


class Traces(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        self.file = self.tmp / "bus.txt"

    def trace(self, text, *options):
        self.file.write_text(text)
        return run("line", "trace", "--file", self.file, *options)

    def test_a_frame_a_line(self):
        result = self.trace(RECORDED.format(crc1="8dba"))
        self.assertEqual(result.code, OK, result.err)
        lines = result.out.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("panel -> 5  #0  ID type=0", lines[0])
        self.assertIn("5 -> panel  #0  PDID vendor=aabbcc model=2", lines[1])
        rows = self.trace(RECORDED.format(crc1="8dba"), "--json").rows()
        self.assertEqual([r["name"] for r in rows], ["ID", "PDID", "POLL"])

    def test_what_is_damaged(self):
        result = self.trace(RECORDED.format(crc1="8dbb"))
        self.assertEqual(result.code, INVALID)
        self.assertIn("damaged", result.out)

    def test_noise(self):
        """Bytes that are no frame are told; 00 and FF come from a line whose direction turns."""
        result = self.trace("1.0 PD>CP 41424344\n2.0 PD>CP 00ff\n")
        self.assertEqual((result.code, result.out.count("\n")), (INVALID, 1), result.out)
        self.assertIn("4 bytes that are no frame", result.out)

    def test_raw_bytes(self):
        self.file.write_bytes(bytes.fromhex("00ff53050900046100c125") * 2)
        result = run("line", "trace", "--file", self.file)
        self.assertEqual((result.code, result.out.count("ID type=0")), (OK, 2), result.err)

    def test_wrong_input(self):
        for text, what in (("hello\n", "bus.txt:1"), ("1.0 CP>PD 5\n", "bus.txt:1"), ("# x\n1.0 A>B 53\n", "bus.txt:2")):
            result = self.trace(text)
            self.assertEqual(result.code, INVALID)
            self.assertIn(what, result.err)
        key = self.tmp / "key"
        key.write_text("00112233445566778899aabbccddeeff\n")
        key.chmod(0o644)
        result = self.trace("# nothing\n", "--scbk", key)
        self.assertEqual(result.code, DENIED)
        self.assertIn("chmod 600", result.err)


def pids_below(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *pids_below(int(child))]
    return found


def comm(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


class Bus(Site):
    """A site on OSDP bytes: what they read and drive, how to make people do things, and what was said of it."""
    PLAN = PLAN
    MORE = ("dana",)
    SERVE = ()
    LINE_LOG = "serve.log"

    def setUp(self):
        super().setUp()
        self.before = collections.Counter()
        self.person = self.add_person(level="all", card=CARD, pin="4711")

    def spawn(self, log, *words):
        out = open(self.tmp / log, "ab")
        child = subprocess.Popen([BINARY, *map(str, words)], stdin=subprocess.PIPE, stdout=out, stderr=out, text=True)
        out.close()
        self.addCleanup(self.end, child)
        return child

    def end(self, child, how=signal.SIGTERM):
        if child.poll() is None:
            child.send_signal(how)
        code = child.wait(timeout=30)
        if not child.stdin.closed:
            child.stdin.close()
        return code

    def readers(self, *more):
        self.reader = self.spawn("reader.log", "reader", "--listen", f"tcp://127.0.0.1:{PORT}", "--address", "0-3",
                                 "--lock-monitor", "--key-file", self.tmp / "key", *more)
        self.said("reader.log", "listening")

    def line(self):
        pass

    def both(self, *more):
        self.readers(*more)
        self.line()
        for name in ("main-in", "main-out", "outer-in", "inner-in"):
            self.said(self.LINE_LOG, f"reader {name}: online")
        time.sleep(0.3)  # what they kept until now would be late
        self.before = collections.Counter(self.types())  # readers that began late were offline at first

    def type(self, words):
        self.reader.stdin.write(words + "\n")
        self.reader.stdin.flush()

    def text(self, log):
        path = self.tmp / log
        return path.read_text() if path.exists() else ""

    def said(self, log, what, times=1):
        deadline = time.time() + PATIENCE
        while self.text(log).count(what) < times:
            self.assertLess(time.time(), deadline, f"{log} does not say {what!r}:\n{self.text(log)}\n{self.text(self.LINE_LOG)}\n{self.types()}")
            time.sleep(0.02)

    def types(self):
        return [e["type"] for e in self.entries()]

    def since(self, what):
        """How often it has happened since all readers were there."""
        return self.types().count(what) - self.before[what]

    def happened(self, what, times=1, patience=PATIENCE):
        deadline = time.time() + patience
        while self.since(what) < times:
            self.assertLess(time.time(), deadline, f"no {what}: {self.types()}\n{self.text(self.LINE_LOG)}")
            time.sleep(0.05)


class Lines(Bus):
    # --- What must be ---

    def test_through_a_door(self):
        self.both()
        self.assertIn("own", self.ask("line", "show", "entrance", expect=OK).out)
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")
        self.said("reader.log", "0: led 0 green")
        self.said("reader.log", "0: buzzer on")
        self.type("0 open")
        self.happened("passage.taken")
        self.type("0 close")
        self.said("reader.log", "0: bolt out")
        self.happened("door.locked")
        granted = [e for e in self.entries() if e["type"] == "passage.granted"]
        self.assertEqual(granted[0]["by"], "line:entrance")
        self.assertEqual([p.stat().st_mode & 0o777 for p in (self.dir / "lines").glob("*.scbk")], 4 * [0o600])
        keys = [(self.tmp / f"key.{i}").read_text().strip() for i in range(4)]
        self.assertEqual(len(set(keys)), 4)
        for path in [*self.dir.rglob("*"), self.tmp / self.LINE_LOG, self.tmp / "reader.log"]:
            if path.is_file():
                for key in keys:
                    self.assertNotIn(key.encode(), path.read_bytes())
                    self.assertNotIn(bytes.fromhex(key), path.read_bytes())
        self.agree()

    def test_who_is_refused(self):
        self.both()
        self.type(f"0 card {OTHER}")
        self.said("reader.log", "0: led 0 red")
        self.said("reader.log", "NO ENTRY")
        self.happened("passage.refused")
        self.type("0 card raw:ffffffc0/26")  # its parity does not hold
        self.said(self.LINE_LOG, "parity")
        self.assertNotIn("bolt drawn", self.text("reader.log"))

    def test_a_card_and_a_pin(self):
        self.both()
        self.type(f"1 card {CARD}")
        self.said("reader.log", "PIN, THEN #")
        self.type("1 key 4711#")
        self.happened("passage.granted")
        self.said("reader.log", "0: bolt drawn")  # the door is wired to its first reader
        self.type(f"1 card {CARD}")
        self.said("reader.log", "PIN, THEN #", 2)
        self.type("1 key 1234#")
        self.happened("passage.refused")

    def test_a_sally_port(self):
        """Locks without a monitor: the second door opens once the line has said that the first is locked."""
        self.both()
        self.type(f"2 card {CARD}")
        self.said("reader.log", "2: bolt drawn")
        self.type(f"3 card {CARD}")
        self.happened("passage.refused")
        self.type("2 open")
        self.happened("passage.taken")
        self.type("2 close")
        self.happened("door.locked")
        self.type(f"3 card {CARD}")
        self.said("reader.log", "3: bolt drawn")
        self.happened("passage.not_taken")  # nobody opens
        self.said("reader.log", "3: bolt out")
        self.happened("door.locked", 2)  # by the reader's own timer, as the reader says

    # --- What must not be ---

    def line_pid(self, name="entrance"):
        """Of the line that is served."""
        (pid,) = [p for p in pids_below(self.engine.pid) if comm(p) == name]
        return pid

    def test_the_line_is_lost(self):
        """It is there again by itself; meanwhile nobody passes there, and an alarm says so."""
        self.both()
        before = self.line_pid()
        os.kill(before, signal.SIGKILL)
        self.happened("reader.offline", 4)
        self.assertIn("gate_out_of_service", self.codes(CARD, "main-in"))
        self.said("serve.log", "its process was ended by signal 9 (Killed); it is started in 1 s")
        self.happened("reader.online", 4)
        self.assertNotEqual(self.line_pid(), before)
        time.sleep(0.3)
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")

    def test_a_restart_is_no_alarm(self):
        self.both()
        self.assertEqual(self.stop(), OK)
        self.start()
        self.said("serve.log", "reader inner-in: online", 2)
        self.assertEqual(self.since("reader.offline"), 0)

    def test_a_line_that_never_comes(self):
        """Whatever keeps its process from running: nobody passes there, an alarm says so, and readers are not called online."""
        self.both()
        self.assertEqual(self.stop(), OK)
        self.assertEqual(set(self.states().values()), {"not served"})
        with open(self.dir / "lines" / "entrance.lock", "r+b") as lock:
            fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            self.start()
            self.assertEqual([r["state"] for r in self.rows("line", "list")], ["not served"])
            self.happened("reader.offline", 4, 3 * PATIENCE)
            self.assertIn("gate_out_of_service", self.codes(CARD, "main-in"))
        self.happened("reader.online", 4, 3 * PATIENCE)
        self.assertEqual([r["state"] for r in self.rows("line", "list")], ["served"])

    def test_one_process_a_line(self):
        self.both()
        other = self.spawn("other.log", "line", "run", "entrance", "--dir", self.dir)
        self.said("other.log", "line entrance is run by another process already")
        self.end(other)
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")
        self.assertEqual(self.since("reader.offline"), 0)

    # --- Another plan ---

    def apply(self, text):
        file = self.tmp / "next.yaml"
        file.write_text(text)
        self.ask("plan", "apply", file, by="anna", second="sam", expect=OK)

    def test_a_plan_that_does_not_change_a_line(self):
        self.both()
        pid = self.line_pid()
        self.apply(PLAN.read_text().replace("levels: [", "levels: [{ name: few, access: [{ gates: [main] }] }, "))
        time.sleep(2.5)
        self.assertEqual(self.line_pid(), pid)
        self.assertEqual(self.since("reader.offline"), 0)
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")

    def test_readers_that_are_set_up_stay_on_the_line(self):
        """`install`, and then `required` once they have their keys."""
        self.both()
        pid = self.line_pid()
        self.apply(PLAN.read_text().replace(", secure: install", ""))
        self.assertEqual({r["key"] for r in self.ask("line", "show", "entrance", "--json").rows()}, {"own"})
        self.apply(PLAN.read_text().replace(", secure: install", "").replace("address: 3", "address: 5"))
        self.said("serve.log", "line entrance: the plan has changed it")  # so the one before was taken, too
        self.assertEqual(self.text("serve.log").count("the plan has changed it"), 1)
        self.said("serve.log", "reader main-in: online", 2)
        self.assertNotEqual(self.line_pid(), pid)

    def test_a_plan_that_changes_lines(self):
        """One goes on at other addresses, one is new, and one is there no longer."""
        self.both()
        pid, port = self.line_pid(), free_port()
        self.apply(PLAN.read_text().replace("address: 3", "address: 5")
                   .replace("lines: [", f'lines: [{{ name: yard, kind: tcp-server, where: "127.0.0.1:{port}" }}, '))
        self.said("serve.log", "line entrance: the plan has changed it")
        self.said("serve.log", f"line yard: listening on tcp://127.0.0.1:{port}")
        self.said("serve.log", "line entrance: reader main-in: online", 2)
        self.assertNotEqual(self.line_pid(), pid)
        self.happened("reader.offline", 1)  # nobody is at address 5
        self.apply(PLAN.read_text())
        self.said("serve.log", "line yard: the plan has it no longer")
        self.said("serve.log", "reader inner-in: online", 2)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    def test_doors_that_are_wired_otherwise(self):
        """Contacts that are closed while the door is, strikes that hold it locked; a door at another's board."""
        wiring = "strike: 2, contact: 4, inverted: [strike, contact]"
        plan = (PLAN.read_text().replace("lock-monitor: true", f"lock-monitor: true\n        wiring: {{ at: main-out, {wiring}, rex: 0, lock-monitor: 1 }}")
                .replace("name: outer\n", f"name: outer\n        wiring: {{ {wiring} }}\n")
                .replace("name: inner\n", f"name: inner\n        wiring: {{ {wiring} }}\n"))
        self.apply(plan)
        self.both("--wiring", "strike=2:inverted,contact=4:inverted,rex=0,lock-monitor=1")
        rows = {r["reader"]: r["wired"] for r in self.ask("line", "show", "entrance", "--json", expect=OK).rows()}
        self.assertEqual(rows["main-out"], "main: strike 2 inverted, contact 4 inverted, rex 0, lock-monitor 1")
        self.assertIsNone(rows["main-in"])
        self.said("reader.log", "1: bolt out")  # locked as soon as the line is there
        self.type(f"0 card {CARD}")
        self.said("reader.log", "1: bolt drawn")
        self.type("1 open")
        self.happened("passage.taken")
        self.type("1 close")
        self.said("reader.log", "1: bolt out", 2)
        self.happened("door.locked")
        self.type("1 rex")
        self.happened("door.exit_requested")
        self.type(f"2 card {CARD}")
        self.said("reader.log", "2: bolt drawn")
        self.type("2 open")
        self.happened("passage.taken", 2)
        self.type("2 close")
        self.happened("door.locked", 2)
        self.assertNotIn("door.forced", self.types())
        self.assertNotIn("and the plan wires", self.text(self.LINE_LOG))
        self.agree()

    def test_a_board_that_lacks_what_is_wired(self):
        self.apply(PLAN.read_text().replace("lock-monitor: true", "lock-monitor: true\n        wiring: { contact: 9 }"))
        self.both()
        self.said(self.LINE_LOG, "reader main-in has 3 inputs, and the plan wires contact of door main to input 9: "
                                 "it never counts as closed or locked")
        time.sleep(1)
        self.assertNotIn("door.locked", self.types())

    def test_a_reader_is_lost_and_keeps_a_card(self):
        self.both()
        self.type("0 cut 11")
        self.type(f"0 card {CARD}")
        self.happened("reader.offline")
        self.happened("reader.online")
        self.happened("passage.reported_late")
        time.sleep(0.5)
        self.assertNotIn("bolt drawn", self.text("reader.log"))

    def test_a_reader_with_another_key(self):
        self.both()
        self.end(self.reader)
        (self.tmp / "key.0").write_text("0123456789abcdef0123456789abcdef\n")
        self.readers()
        self.said(self.LINE_LOG, "reader main-in: not secure")
        self.happened("reader.insecure")
        self.assertIn("gate_out_of_service", self.codes(CARD, "main-in"))
        self.said(self.LINE_LOG, "reader main-out: online", 2)
        time.sleep(0.5)  # what it kept until now would be late
        self.type(f"0 card {CARD}")
        self.type(f"1 card {CARD}")
        self.said("reader.log", "PIN, THEN #")
        self.assertNotIn("passage.granted", self.types())
        self.assertNotIn("bolt drawn", self.text("reader.log"))
        self.assertEqual(self.states(), {"main-in": "insecure", "main-out": "online", "outer-in": "online", "inner-in": "online"})
        self.assertEqual([(r["offline"], r["insecure"]) for r in self.rows("line", "list")], [(0, 1)])

    def test_the_right_reader_is_there_again(self):
        """Also where the line that tells it has not seen the other one."""
        self.both()
        self.end(self.reader)
        own = (self.tmp / "key.0").read_text()
        (self.tmp / "key.0").write_text("0123456789abcdef0123456789abcdef\n")
        self.readers()
        self.happened("reader.insecure")
        self.end(self.reader)
        (self.tmp / "key.0").write_text(own)
        os.kill(self.line_pid(), signal.SIGKILL)
        self.readers()
        self.happened("reader.secure")
        self.said(self.LINE_LOG, "reader main-in: online", 2)
        time.sleep(0.5)
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")
        self.assertEqual(self.types().count("reader.insecure"), 1)

    def test_a_reader_is_replaced(self):
        """A new one comes without a key. It is insecure until someone says that it may be set up, by removing the old key."""
        self.both()
        self.end(self.reader)
        (self.tmp / "key.0").unlink()
        self.readers()
        self.happened("reader.insecure")
        self.said(self.LINE_LOG, "it has the key that everyone knows")
        self.assertEqual(self.states()["main-in"], "insecure")
        (self.dir / "lines" / "main-in.scbk").unlink()
        os.kill(self.line_pid(), signal.SIGKILL)
        self.happened("reader.secure")
        self.said(self.LINE_LOG, "reader main-in: it has its key", 2)
        time.sleep(0.5)
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")

    def states(self):
        return {r["reader"]: r["state"] for r in self.rows("line", "show", "entrance")}

    def rows(self, *words):
        return self.ask(*words, "--json", expect=OK).rows()

    def test_another_key_is_ordered(self):
        """At once where the reader is there, and when it is back where it is not; the old one is worth nothing then."""
        self.both()
        old = (self.tmp / "key.0").read_text()
        self.ask("line", "keyset", "main-in", by="anna", expect=OK)
        self.happened("reader.rekeyed")
        self.assertNotEqual((self.tmp / "key.0").read_text(), old)
        self.end(self.reader)
        self.said(self.LINE_LOG, "reader outer-in: the line is cut")
        self.ask("line", "keyset", "outer-in", by="anna", expect=OK)
        self.assertIn("already", self.ask("line", "keyset", "outer-in", by="anna").err)
        self.readers()
        self.happened("reader.rekeyed", 2)
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")
        self.end(self.reader)
        (self.tmp / "key.0").write_text(old)  # whoever put the old one back
        self.readers()
        self.happened("reader.insecure")

    def test_power_and_tamper(self):
        self.both()
        self.type("0 power off")
        self.type("0 tamper on")
        self.happened("reader.power_failed")
        self.happened("reader.tampered")
        self.assertEqual(self.states()["main-in"], "tampered")
        os.kill(self.line_pid(), signal.SIGKILL)  # another line asks how it is, and does not end the alarm
        self.said(self.LINE_LOG, "reader main-in: online", 2)
        time.sleep(0.5)
        self.assertEqual(self.states()["main-in"], "tampered")
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")
        self.type("0 power on")
        self.type("0 tamper off")
        self.happened("reader.power_restored")
        self.happened("reader.restored")
        self.assertEqual(self.states()["main-in"], "online")

    def test_a_door_that_is_forced(self):
        self.both()
        self.type("0 open force")
        self.happened("door.forced")
        self.type("0 close")
        self.happened("door.closed")


TWO = FOLDER / "two.yaml"
TWO.write_text(PLAN.read_text().replace("kind: section }", "kind: section, two-person: true }"))


class Together(Bus):
    PLAN = TWO

    def test_two_who_pass_together(self):
        """One unlock for both, and its door is locked when the line says so."""
        self.both()
        self.add_person(level="all", card=OTHER)
        for times, card in enumerate((CARD, OTHER), 1):
            self.type(f"2 card {card}")
            self.said("reader.log", "2: bolt drawn", times)
            self.type("2 open")
            self.happened("passage.taken", times)
            self.type("2 close")
            self.happened("door.locked", times)
        self.type(f"3 card {CARD}")
        self.said("reader.log", "SECOND PERSON")
        self.type(f"3 card {OTHER}")
        self.said("reader.log", "3: bolt drawn")
        self.type("3 open")
        self.happened("passage.taken", 4)
        self.type("3 close")
        self.happened("door.locked", 3)
        self.assertNotIn("door.lock_failed", self.types())


class Apart(Bus):
    """Lines that are run one by one, so that the engine can die without them."""
    SERVE = ("--no-lines",)
    LINE_LOG = "line.log"

    def line(self):
        self.panel = self.spawn("line.log", "line", "run", "entrance", "--dir", self.dir)

    def test_the_engine_is_lost(self):
        self.both()
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn")
        self.stop(signal.SIGKILL)
        self.said(self.LINE_LOG, "the engine is gone")
        self.said("reader.log", "0: bolt out")
        self.said("reader.log", "OUT OF SERVICE")
        self.type(f"0 card {CARD}")
        time.sleep(1)
        self.start()
        self.said(self.LINE_LOG, "connected to the engine", 2)
        self.happened("passage.reported_late")
        self.assertEqual(self.text("reader.log").count("bolt drawn"), 1)
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn", 2)

    def test_wrong_words(self):
        result = run("line", "run", "nowhere", "--dir", self.dir)
        self.assertEqual(result.code, NOT_FOUND)
        self.assertIn("no line `nowhere`", result.err)
        self.assertIn("entrance", self.ask("line", "list", expect=OK).out)


class Serial(Bus):
    """On a pseudo terminal, which a line sets as it would any serial device."""
    PLAN = SERIAL
    SERVE = ("--no-lines",)
    LINE_LOG = "line.log"
    NAMES = ("main-in", "main-out", "outer-in", "inner-in")

    def line(self):
        self.spawn("line.log", "line", "run", "entrance", "--dir", self.dir)

    def readers(self):
        self.reader = self.spawn("reader.log", "reader", "--pty", DEVICE, "--address", "0-3", "--lock-monitor", "--key-file",
                                 self.tmp / "key")
        self.opened = getattr(self, "opened", 0) + 1
        self.said("reader.log", "a serial line at", self.opened)
        self.device = os.open(DEVICE, os.O_RDWR | os.O_NOCTTY)  # before the line has it alone
        self.addCleanup(os.close, self.device)

    def passes(self, times):
        """Card, strike, contact: a passage, and a door that is locked after it."""
        self.type(f"0 card {CARD}")
        self.said("reader.log", "0: bolt drawn", times)
        self.type("0 open")
        self.happened("passage.taken", times)
        self.type("0 close")
        self.said("reader.log", "0: bolt out", times)
        self.happened("door.locked", times)

    def test_through_a_door(self):
        self.both()
        self.passes(1)
        i, o, c, local, speed_in, speed_out, _ = termios.tcgetattr(self.device)
        self.assertEqual((speed_in, speed_out), (termios.B230400, termios.B230400))
        self.assertEqual(c & (termios.CSIZE | termios.CSTOPB | termios.PARENB | termios.CRTSCTS), termios.CS8)
        self.assertEqual(i & (termios.IXON | termios.ICRNL | termios.ISTRIP), 0)
        self.assertEqual((o & termios.OPOST, local & (termios.ECHO | termios.ICANON | termios.ISIG)), (0, 0))
        self.agree()

    def test_a_device_that_goes_and_comes(self):
        """As when an adapter is pulled out: another device is at the same path afterwards."""
        self.both()
        self.passes(1)
        before = os.path.realpath(DEVICE)
        online = {name: self.text(self.LINE_LOG).count(f"reader {name}: online") for name in self.NAMES}
        self.end(self.reader, signal.SIGKILL)
        self.said(self.LINE_LOG, "its port is lost")
        self.happened("reader.offline", len(self.NAMES))
        self.assertIn("gate_out_of_service", self.codes(CARD, "main-in"))
        DEVICE.unlink()  # nobody could when it was killed
        self.readers()
        self.said(self.LINE_LOG, "its port is there", 2)
        for name in self.NAMES:
            self.said(self.LINE_LOG, f"reader {name}: online", online[name] + 1)
        time.sleep(0.3)
        self.assertNotEqual(os.path.realpath(DEVICE), before)
        self.passes(2)

    def test_without_a_device(self):
        """It says so once, and goes on trying."""
        self.line()
        self.said(self.LINE_LOG, f"{DEVICE}: No such file or directory")
        time.sleep(2.5)
        self.assertEqual(self.text(self.LINE_LOG).count("No such file"), 1)
        self.readers()
        self.said(self.LINE_LOG, "reader main-in: online")


if __name__ == "__main__":
    unittest.main()

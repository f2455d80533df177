#!/usr/bin/env python3
"""The engine process against a hostile world: bad bytes on its socket, kill -9, full disks, read-only
directories, other versions, a second engine, and secrets that must be nowhere."""
import json
import os
import pathlib
import re
import resource
import signal
import socket
import sqlite3
import struct
import subprocess
import threading
import time
import unittest

from site_fixture import (BINARY, BUSY, CORRUPT, DENIED, FORK, INVALID, IO, LIMIT, OK, PASSWORDS, REFUSED, ROOT, Site,
                          UNAVAILABLE, VERSION, run)

REQUEST, REPLY, BLOB, EFFECT, SUBSCRIBE = 1, 2, 3, 4, 5


def frame(payload, kind=REQUEST, number=1, version=1, magic=b"SP", length=None):
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    return magic + struct.pack("<BBIQ", version, kind, len(payload) if length is None else length, number) + payload


class Wire:
    """A connection to the engine's socket."""

    def __init__(self, site):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        try:
            self.socket.connect(str(site.dir / "engine.sock"))
        except OSError:
            self.socket.close()
            raise
        self.rest = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """(kind, id, object), or None when the engine hung up."""
        while len(self.rest) < 16 or len(self.rest) < 16 + struct.unpack("<I", self.rest[4:8])[0]:
            try:
                more = self.socket.recv(1 << 16)
            except (ConnectionResetError, BrokenPipeError):
                return None
            if not more:
                return None
            self.rest += more
        magic, version, kind, n, number = struct.unpack("<2sBBIQ", self.rest[:16])
        assert magic == b"SP" and version == 1
        payload, self.rest = self.rest[16:16 + n], self.rest[16 + n:]
        return kind, number, json.loads(payload)

    def ask(self, request, number=1):
        self.send(frame(request, number=number))
        while True:
            got = self.receive()
            if got is None or got[0] == REPLY:
                return got and got[2]


def pass_request(card, reader="main-in"):
    return {"command": {"type": "pass", "reader": reader, "format": "h10301", "biometric": "none"},
            "secret": {"card": {"format": "h10301", "value": f"{card:x}"}}}


class Socket(Site):
    def alive(self):
        with Wire(self) as w:
            self.assertEqual(w.ask({"status": {}}).get("error"), None)

    def test_a_pass_and_its_effects(self):
        with Wire(self) as w, Wire(self) as watcher:
            watcher.send(frame({"effects": True}, kind=SUBSCRIBE))
            self.assertNotEqual(watcher.receive()[0], EFFECT)  # answered: it watches from now on
            answer = w.ask(pass_request(1))
            self.assertEqual(answer["decision"], "refused")
            self.assertEqual(answer["entry"]["type"], "passage.refused")
            self.assertEqual(answer["reasons"][0]["code"], "credential_unknown")
            got = watcher.receive()
            while got[0] != EFFECT:
                got = watcher.receive()
            self.assertEqual(got[2]["effect"], "signal")

    def test_malformed_requests(self):
        deep = b'{"command":' * 200 + b"1" + b"}" * 200
        for payload in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"command":{"type":"pass"', b"{}" * 2, deep,
                        b"[" * 30000, b'{"command":{"type":"none.such"}}', b'{"command":{}}', b'{"command":7}',
                        b'{"what":{}}', b'{"command":{"type":"pass"}}',
                        b'{"command":{"type":"tick"}}', b'{"command":{"type":"gate.close","gate":"nowhere"}}',
                        b'{"command":{"type":"gate.close","gate":"main","more":1}}',
                        b'{"command":{"type":"gate.close","gate":"main","gate":"main"}}',
                        b'{"command":{"type":"gate.close","gate":"main"},"session":"00"}',
                        b'{"command":{"type":"door.report","door":"main","sign":"opened","late":true,'
                        b'"occurred_at":"9999-99-99T00:00:00.000000Z"}}',
                        b'{"command":{"type":"pass","reader":"main-in","biometric":"none",'
                        b'"tag":"00112233445566778899aabbccddeeff"}}',
                        b'{"command":{"type":"pass","reader":"main-in","biometric":"none"},'
                        b'"secret":{"card":{"format":"h10301","value":"XYZ"}}}',
                        b'{"command":{"type":"person.suspend","person":"' + b"0" * 32 + b'"}}',
                        b'{"login":{"name":"anna"}}', b'{"login":{"name":"anna","password":7}}'):
            with Wire(self) as w:
                answer = w.ask(payload)
                self.assertTrue(answer is None or "error" in answer or answer.get("decision") in ("refused", "rejected"),
                                (payload[:60], answer))
                if answer and "error" in answer:
                    self.assertTrue(answer["text"], payload[:60])
        self.alive()

    def test_malformed_frames(self):
        for data in (b"GET / HTTP/1.0\r\n\r\n", frame({}, magic=b"XX"), frame({}, version=2), frame({}, kind=9),
                     frame({}, kind=REPLY), frame(b"", length=0xffffffff), frame(b"", length=70000), b"S", b"SP\x01",
                     os.urandom(4096), b"\0" * 4096, frame({"status": {}})[:-1]):
            with Wire(self) as w:
                try:
                    w.send(data)
                    w.socket.shutdown(socket.SHUT_WR)
                    while w.receive() is not None:
                        pass
                except (BrokenPipeError, ConnectionResetError):
                    pass
        self.alive()

    def test_a_frame_in_single_bytes(self):
        with Wire(self) as w:
            for byte in frame({"status": {}}):
                w.send(bytes([byte]))
            self.assertNotIn("error", w.receive()[2])

    def test_many_connections_and_none_of_them_reads(self):
        wires = []
        try:
            for _ in range(300):
                wires.append(Wire(self))
        except OSError:
            pass
        finally:
            for w in wires:
                w.close()
        time.sleep(0.2)
        self.alive()

    def test_only_the_one_who_runs_it(self):
        if os.getuid() != 0:
            self.skipTest("needs root to be someone else")
        self.assertEqual((self.dir / "engine.sock").stat().st_mode & 0o777, 0o600)
        os.chmod(self.tmp, 0o755)
        os.chmod(self.dir, 0o755)
        os.chmod(self.dir / "engine.sock", 0o666)
        done = subprocess.run(["python3", "-c", "import socket,sys,os\nos.setuid(65534)\ns=socket.socket(socket.AF_UNIX)\n"
                               "s.connect(sys.argv[1])\ns.sendall(bytes.fromhex(sys.argv[2]))\n"
                               "sys.stdout.buffer.write(s.recv(65536))", str(self.dir / "engine.sock"),
                               frame(pass_request(1)).hex()], capture_output=True, timeout=20)
        self.assertNotIn(b"decision", done.stdout)


class Crash(Site):
    def test_kill_while_answering_loses_nothing_that_was_answered(self):
        answered = {}
        for round_number in range(3):
            stop = threading.Event()

            def present(card):
                try:
                    with Wire(self) as w:
                        for i in range(64):
                            w.send(frame(pass_request(card + i), number=i))
                        while not stop.is_set():
                            got = w.receive()
                            if got is None:
                                return
                            entry = got[2].get("entry")
                            if entry:
                                answered[entry["n"]] = entry
                                w.send(frame(pass_request(card), number=got[1]))
                except OSError:
                    return

            threads = [threading.Thread(target=present, args=(1000 * t,)) for t in range(4)]
            for t in threads:
                t.start()
            before = len(answered)
            deadline = time.time() + 20
            while len(answered) < before + 2000 and time.time() < deadline:
                time.sleep(0.01)
            self.stop(signal.SIGKILL)
            stop.set()
            for t in threads:
                t.join()
            self.assertGreater(len(answered), before)
            self.start()
        kept = {e["n"]: e for e in self.entries()}
        for n, entry in answered.items():
            self.assertEqual(kept.get(n), entry)
        self.agree()

    def test_a_clean_stop(self):
        self.ask("door", "opened", "main", expect=OK)
        self.assertEqual(self.stop(signal.SIGTERM), 0)
        self.start()
        self.assertEqual(self.stop(signal.SIGINT), 0)
        self.agree()

    def test_a_second_engine_is_refused(self):
        second = run("serve", "--dir", self.dir)
        self.assertEqual(second.code, BUSY)
        self.assertTrue(second.err)
        self.assertEqual(self.ask("rebuild").code, BUSY)
        self.ask("status", expect=OK)

    def test_a_full_disk(self):
        """Writes that fail stop the engine; what it answered before is there afterwards."""
        self.stop()
        size = (self.dir / "site.db").stat().st_size
        wal = self.dir / "site.db-wal"
        most = max(size, wal.stat().st_size if wal.exists() else 0) + (4 << 20)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        self.start(preexec_fn=limit)
        answered, code = {}, None
        with Wire(self) as w:
            for i in range(60):
                w.send(frame(pass_request(i), number=i))
            for _ in range(200000):
                got = w.receive()
                if got is None:
                    break
                entry = got[2].get("entry")
                if entry:
                    answered[entry["n"]] = entry
                    try:
                        w.send(frame(pass_request(1), number=1))
                    except OSError:
                        pass  # it has stopped; what it still answered is read before the end
                elif "error" in got[2]:
                    continue
        code = self.engine.wait(timeout=30)
        self.log.close()
        self.engine = None
        self.assertEqual(code, IO, (self.tmp / "serve.log").read_text())
        self.start()
        kept = {e["n"]: e for e in self.entries()}
        for n, entry in answered.items():
            self.assertEqual(kept.get(n), entry)
        self.agree()


class Directories(Site):
    def test_a_read_only_directory(self):
        self.stop()
        if os.getuid() == 0:
            for path in [self.tmp, self.dir, *self.dir.rglob("*")]:
                os.chown(path, 65534, 65534)

        def drop():
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)

        for path in (self.dir, self.dir / "site.db"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            result = run("serve", "--dir", self.dir, preexec=drop, timeout=20)
            self.assertIn(result.code, (IO, DENIED))
            self.assertTrue(result.err)
            result = run("init", self.dir / "new", "--plan", self.PLAN, "--operator", "a:admin", "--operator", "b:shift",
                         secrets={"--password-fd": "one long password\nanother long one\n"}, preexec=drop)
            self.assertIn(result.code, (IO, DENIED))
            self.assertTrue(result.err)
        finally:
            self.dir.chmod(0o755)

    def test_a_newer_version(self):
        self.stop()
        with sqlite3.connect(self.dir / "site.db") as db:
            db.execute("PRAGMA user_version=99")
        db.close()
        for verb in ("status", "serve", "verify", "log"):
            result = run(verb, "--dir", self.dir)
            self.assertEqual(result.code, VERSION, (verb, result.err))
            self.assertIn("99", result.err)

    def test_not_a_database(self):
        self.stop()
        for content in (b"", b"not a database at all" * 100):
            (self.dir / "site.db").write_bytes(content)
            for suffix in ("-wal", "-shm"):
                (self.dir / ("site.db" + suffix)).unlink(missing_ok=True)
            for verb in ("status", "serve", "verify"):
                result = run(verb, "--dir", self.dir, timeout=20)
                self.assertIn(result.code, (CORRUPT, IO, INVALID), (verb, result.err))
                self.assertTrue(result.err)

    def test_keys_that_others_may_read(self):
        self.stop()
        (self.dir / "keys" / "signing.pem").chmod(0o644)
        result = run("serve", "--dir", self.dir, timeout=20)
        self.assertEqual(result.code, DENIED)
        self.assertIn("signing.pem", result.err)

    def test_damage_is_found(self):
        """One bit in an entry, far from where a reader looks first."""
        self.ask("gate", "lockdown", by="sam", expect=OK)
        self.stop()
        with sqlite3.connect(self.dir / "site.db") as db:
            first, blob = db.execute("SELECT first, bytes FROM entries ORDER BY first LIMIT 1").fetchone()
            at = blob.find(b'"vkey":"') + 20
            blob = bytes([*blob[:at], blob[at] ^ 1, *blob[at + 1:]])
            db.execute("UPDATE entries SET bytes=? WHERE first=?", (blob, first))
        db.close()
        result = run("verify", self.dir)
        self.assertIn(result.code, (CORRUPT, FORK), result.out)
        self.assertIn("entries", result.out + result.err)
        self.assertNotEqual(run("serve", "--dir", self.dir, timeout=20).code, OK)


class Secrets(Site):
    MORE = ("dana",)

    def test_nowhere(self):
        # long enough that no hash or id holds them by chance
        card, pin = "17293822569102704641", "908172635104"
        hexa = f"{int(card):x}"
        number = self.add_person("officer", level="guard", card=f"long:{card}", pin=pin)
        self.show(f"long:{card}", "main-in", "--walk", expect=OK)
        self.show(f"long:{card}", "vault-in", pin=pin, expect=OK)
        self.codes(f"long:{card}", "vault-in", pin="192837465019")
        rosa = self.ask("person", "add", "--kind", "visitor", "--name", "Rosa Zzyzx", "--document", "QX-775533",
                        by="dana", expect=OK)
        self.assertNotIn("Zzyzx", rosa.out)
        said = [self.ask(*words).out for words in (["log"], ["log", "--json"], ["person", "show", number],
                                                   ["credential", "list", "--json"], ["status", "--json"])]
        self.stop()
        files = {p: p.read_bytes() for p in self.tmp.rglob("*") if p.is_file()}
        self.assertTrue(any(p.name == "site.db" for p in files))
        secret = [card, hexa, pin, "192837465019", *(PASSWORDS[n] for n in ("anna", "sam", "dana"))]
        for path, content in files.items():
            for s in secret:
                self.assertNotIn(s.encode(), content, path)
        for text in said:
            for s in secret + ["Zzyzx", "QX-775533"]:
                self.assertNotIn(s, text)
        # details are in the store, and in no entry
        with sqlite3.connect(self.dir / "site.db") as db:
            self.assertNotIn(b"Zzyzx", b"".join(r[0] for r in db.execute("SELECT bytes FROM entries")))
        db.close()

    def test_erased_details_leave_no_trace_in_the_files(self):
        for name in ("rita", "lena"):
            self.add_operator(name)
        add = self.ask("person", "add", "--kind", "visitor", "--name", "Rosa Zzyzx", by="dana", expect=OK)
        number = re.search(r"visitor (\d+-\d)", add.out).group(1)
        self.ask("person", "erase", number, "--ground", "retention", by="rita", second="lena", expect=OK)
        self.stop()
        for path in self.dir.glob("site.db*"):
            self.assertNotIn(b"Zzyzx", path.read_bytes(), path)
        self.start()
        self.agree()


class Clock(Site):
    def test_entry_times_never_go_back(self):
        for sign in ("opened", "closed") * 5:
            self.ask("door", sign, "main", expect=OK)
        times = [e["at"] for e in self.entries()]
        self.assertEqual(times, sorted(times))


if __name__ == "__main__":
    unittest.main()

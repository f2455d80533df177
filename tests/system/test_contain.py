#!/usr/bin/env python3
"""`serve` and what it starts: as whom they run, what the kernel keeps them from, and that none outlives the other."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from site_fixture import (BINARY, COUNTS_COVERAGE, DENIED, NOT_FOUND, OK, Site, UNAVAILABLE, UNPRIVILEGED, USAGE, run)

BUILD = pathlib.Path(BINARY).parent
LESSER_KERNEL = BUILD / "tests" / "lesser_kernel"
MISLED = BUILD / "tests" / "misled.so"
ROOT_RUNS = os.getuid() == 0
OTHER = 64777  # nobody that the system knows, nor the tests


def status(pid):
    """/proc/PID/status as a dictionary."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.strip() for k, v in (line.split(":", 1) for line in lines)}


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def mentions(directory):
    """Processes that have the directory in their command line."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(directory).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


class Contained(Site):
    SERVE = ()

    def child(self, name):
        """The process that the supervisor started as this."""
        (pid,) = [p for p in children(self.engine.pid)
                  if f"@{name}".encode() in pathlib.Path(f"/proc/{p}/cmdline").read_bytes().split(b"\0")]
        return pid

    def engine_pid(self):
        return self.child("engine")

    def log_text(self):
        return (self.tmp / "serve.log").read_text()

    def gone(self, pid):
        deadline = time.time() + 10
        while time.time() < deadline:
            try:
                if status(pid)["State"].startswith("Z"):
                    return True
            except (FileNotFoundError, ProcessLookupError):
                return True
            time.sleep(0.01)
        return False

    def nobody_is_left(self):
        """A supervisor that was killed leaves its engine to be reaped by whoever reaps here; dead is enough."""
        left = [p for p in mentions(self.dir) if not self.gone(p)]
        self.assertEqual(left, [])

    def refused(self, *options, code, parts, before=(), env=None):
        done = subprocess.run([*map(str, before), BINARY, "serve", "--dir", str(self.dir), *options],
                              capture_output=True, text=True, timeout=20, env={**os.environ, **(env or {})})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)
        self.assertEqual(done.stderr.count("sallyport: "), 1, done.stderr)  # told once
        self.nobody_is_left()

    def serve(self, *options, before=(), env=None):
        """Like start, with these words; returns what it said until it was ready."""
        log = self.tmp / "other.log"
        with open(log, "wb") as out:
            self.engine = subprocess.Popen([*map(str, before), BINARY, "serve", "--dir", str(self.dir), *options],
                                           stdout=out, stderr=out, env={**os.environ, **(env or {})})
        self.log.close()
        self.log = open(log, "ab")
        deadline = time.time() + 20
        while "requests at" not in log.read_text():
            self.assertIsNone(self.engine.poll(), log.read_text())
            self.assertLess(time.time(), deadline)
            time.sleep(0.01)
        return log.read_text()


class Kernel(Contained):
    """What the kernel says of the processes."""

    def test_of_both(self):
        engine, supervisor = self.engine_pid(), self.engine.pid
        for pid in (engine, supervisor):
            said = status(pid)
            self.assertEqual(said["Seccomp"], "2", said["Name"])
            self.assertEqual(said["NoNewPrivs"], "1")
            for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                self.assertEqual(int(said[kind], 16), 0, kind)
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0 ")
            if ROOT_RUNS:
                self.assertEqual(int(said["CapBnd"], 16), 0)
                # not to be looked at: what the kernel shows of it is root's, whoever runs it
                self.assertEqual(pathlib.Path(f"/proc/{pid}/maps").stat().st_uid, 0)
                if not COUNTS_COVERAGE:
                    self.assertEqual(said["Uid"].split(), [str(UNPRIVILEGED)] * 4)
                    self.assertEqual(said["Gid"].split(), [str(UNPRIVILEGED)] * 4)
                    self.assertEqual(said["Groups"].split(), [])
        # each thread, not only the first
        for task in pathlib.Path(f"/proc/{engine}/task").iterdir():
            self.assertEqual(status(f"{engine}/task/{task.name}")["Seccomp"], "2")
        self.assertGreater(len(list(pathlib.Path(f"/proc/{engine}/task").iterdir())), 1)
        self.assertNotEqual(os.getsid(engine), os.getsid(supervisor))

    def test_another_address_space(self):
        engine = self.engine_pid()
        self.assertIn(b"@engine", pathlib.Path(f"/proc/{engine}/cmdline").read_bytes())
        if not ROOT_RUNS:  # who runs it may not look into it either
            with self.assertRaises(PermissionError):
                os.readlink(f"/proc/{engine}/exe")
            return
        self.assertEqual(os.readlink(f"/proc/{engine}/exe"), os.path.realpath(BINARY))
        maps = [re.search(r"^([0-9a-f]+)-.*/sallyport$", pathlib.Path(f"/proc/{pid}/maps").read_text(), re.M).group(1)
                for pid in (engine, self.engine.pid)]
        randomised = pathlib.Path("/proc/sys/kernel/randomize_va_space").read_text().strip() != "0"
        self.assertTrue(maps[0] != maps[1] or not randomised, maps)

    def test_descriptors_and_environment(self):
        if not ROOT_RUNS:
            self.skipTest("only root may look")
        self.stop()
        read, write = os.pipe()
        try:
            self.start(pass_fds=[read, write], env={**os.environ, "SECRET_OF_MINE": "x", "LANG": "C.UTF-8"})
            engine = self.engine_pid()
            foreign = os.readlink(f"/proc/self/fd/{read}")
            for pid in (engine, self.engine.pid):
                held = {p.name: os.readlink(p) for p in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
                self.assertNotIn(foreign, held.values())
            held = {p.name: os.readlink(p) for p in pathlib.Path(f"/proc/{engine}/fd").iterdir()}
            self.assertEqual(held.pop("0"), "/dev/null")
            for name in ("1", "2"):
                self.assertIn(str(self.tmp), held.pop(name))
            for name, target in held.items():
                self.assertRegex(target, r"^(pipe|socket|anon_inode):|^/dev/null$|^" + re.escape(str(self.dir)), name)
            environ = pathlib.Path(f"/proc/{engine}/environ").read_bytes()
            self.assertNotIn(b"SECRET_OF_MINE", environ)
            self.assertIn(b"LANG=C.UTF-8", environ)
            supervisor = [os.readlink(p) for p in pathlib.Path(f"/proc/{self.engine.pid}/fd").iterdir()]
            self.assertEqual(len(supervisor), 4, supervisor)
        finally:
            os.close(read)
            os.close(write)

    def test_status_tells(self):
        text = self.ask("status", expect=OK).out
        self.assertRegex(text, r"Contained +user .*\d+.*, no capabilities, no new privileges, calls filtered")
        said = self.ask("status", "--json", expect=OK).json()["contained"]
        self.assertEqual((said["capabilities"], said["no_new_privileges"], said["seccomp"]), (False, True, True))
        if ROOT_RUNS and not COUNTS_COVERAGE:
            self.assertEqual(said["uid"], UNPRIVILEGED)
        self.assertRegex(self.log_text(), r"engine: user \d+, no capabilities, \d+ calls to the system and no others")
        self.stop()
        self.assertNotIn("contained", self.ask("status", "--json", expect=OK).json())

    def test_a_forbidden_call_of_the_real_engine(self):
        if not MISLED.exists():
            self.skipTest("nothing can be preloaded before a sanitizer")
        self.stop()
        self.serve(env={"LD_PRELOAD": str(MISLED)})
        engine = self.engine_pid()
        self.ask("door", "opened", "main")  # its first client
        code = self.engine.wait(timeout=20)
        said = (self.tmp / "other.log").read_text()
        self.assertEqual(code, DENIED, said)
        self.assertIn("the engine asked the system for socket (", said)
        self.assertIn("not on its list: it was attacked", said)
        self.engine = None
        self.log.close()
        self.assertTrue(self.gone(engine))
        self.start()
        self.ask("door", "opened", "main", expect=OK)
        self.agree()


class Ends(Contained):
    """When one ends, so does the other, and who started them is told."""

    def test_the_supervisor_is_killed(self):
        for _ in range(5):  # and the site is free at once for the next
            engine = self.engine_pid()
            self.assertEqual(self.stop(signal.SIGKILL), -signal.SIGKILL)
            self.start()
            self.assertTrue(self.gone(engine))
        alive = {p for p in mentions(self.dir) if status(p)["State"][0] != "Z"}
        self.assertEqual(len(children(self.engine.pid)), 2)  # the engine, and who keeps the lines
        keeper = self.child("lines")
        self.assertLessEqual(alive, {self.engine.pid, *children(self.engine.pid), *children(keeper)})
        self.assertEqual(self.stop(), OK)
        self.nobody_is_left()

    def test_the_engine_is_killed_or_crashes(self):
        for number, name in ((signal.SIGKILL, "Killed"), (signal.SIGSEGV, "Segmentation fault"),
                             (signal.SIGABRT, "Aborted")):
            if number != signal.SIGKILL and not MISLED.exists():
                continue  # a sanitizer makes an exit of a crash
            os.kill(self.engine_pid(), number)
            self.assertEqual(self.engine.wait(timeout=20), UNAVAILABLE)
            self.assertIn(f"the engine was ended by signal {int(number)} ({name})", self.log_text())
            self.engine = None
            self.log.close()
            self.nobody_is_left()
            self.start()
        self.agree()

    def test_signals_that_stop_in_order(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            engine = self.engine_pid()
            self.assertEqual(self.stop(number), OK)
            self.assertTrue(self.gone(engine))
            self.assertFalse((self.dir / "engine.sock").exists())
            self.start()
        os.kill(self.engine_pid(), signal.SIGTERM)  # to the engine itself
        self.assertEqual(self.engine.wait(timeout=20), OK)
        self.nobody_is_left()

    def test_a_supervisor_that_was_stopped_and_goes_on(self):
        os.kill(self.engine.pid, signal.SIGSTOP)
        self.ask("status", expect=OK)
        os.kill(self.engine.pid, signal.SIGCONT)
        self.assertEqual(self.stop(), OK)

    def test_not_by_hand(self):
        self.stop()
        for words in (["@engine", "--dir", self.dir], ["@nothing", "--dir", self.dir], ["@"]):
            result = run(*words)
            self.assertEqual(result.code, USAGE, result.err)
            self.assertTrue(result.err)


class Users(Contained):
    def setUp(self):
        super().setUp()
        self.stop()

    def as_someone(self, *options):
        def drop():
            os.setgroups([])
            os.setgid(OTHER)
            os.setuid(OTHER)

        return run("serve", "--dir", self.dir, *options, preexec=drop, timeout=20)

    def needs_root(self):
        if not ROOT_RUNS:
            self.skipTest("needs root")

    def own(self, uid):
        for path in [self.dir, *self.dir.rglob("*")]:
            os.chown(path, uid, uid)

    def test_unknown_user(self):
        self.refused("--user", "no-such-user", code=NOT_FOUND, parts=["no user `no-such-user`", "adduser"])

    def test_only_root_chooses(self):
        if ROOT_RUNS:
            result = self.as_someone("--user", "root")
        else:
            result = run("serve", "--dir", self.dir, "--user", "root", timeout=20)
        self.assertEqual(result.code, DENIED)
        self.assertIn("only root", result.err)

    def test_the_owner_runs_it(self):
        self.needs_root()
        if COUNTS_COVERAGE:
            self.skipTest("what is counted is written where only root may")
        self.own(OTHER)
        self.serve()
        for pid in (self.engine_pid(), self.engine.pid):
            self.assertEqual(status(pid)["Uid"].split(), [str(OTHER)] * 4)
        self.assertEqual((self.dir / "engine.sock").stat().st_uid, OTHER)
        self.ask("door", "opened", "main", expect=OK)  # root may ask
        self.assertEqual(self.stop(), OK)
        for path in self.dir.rglob("*"):
            self.assertEqual(path.stat().st_uid, OTHER, path)

    def test_a_directory_of_another(self):
        self.needs_root()
        self.own(0)
        self.refused("--user", str(OTHER), code=DENIED, parts=["may not write there", f"chown -R {OTHER}"])
        self.dir.chmod(0o755)
        self.refused("--user", str(OTHER), code=DENIED, parts=["may not write there"])

    def test_a_directory_out_of_reach(self):
        self.needs_root()
        self.own(OTHER)
        self.tmp.chmod(0o700)
        self.refused(code=DENIED, parts=["may not reach it", "namei"])
        self.tmp.chmod(0o711)

    def test_a_directory_of_root(self):
        self.needs_root()
        self.own(0)
        said = self.serve()
        self.assertIn("belongs to root", said)
        self.assertIn("chown -R USER", said)
        seen = status(self.engine_pid())
        self.assertEqual([int(seen[k], 16) for k in ("CapEff", "CapPrm", "CapBnd")], [0, 0, 0])
        self.ask("door", "opened", "main", expect=OK)
        self.assertEqual(self.stop(), OK)
        self.assertNotIn("belongs to root", self.serve("--user", "root"))
        self.agree()

    def test_no_directory_belongs_to_nobody(self):
        result = run("serve", "--dir", self.tmp / "nowhere", timeout=20)
        self.assertNotIn("belongs to root", result.err)
        self.assertEqual(result.code, NOT_FOUND, result.err)

    def test_a_directory_whose_name_is_too_long_for_a_socket(self):
        """It is reached by way of /proc, which shows little of a process that may not be looked at."""
        self.dir = self.dir.rename(self.tmp / ("long-" * 40))
        self.serve()
        self.ask("door", "opened", "main", expect=OK)
        self.agree()

    def test_a_program_that_the_user_may_not_run(self):
        self.needs_root()
        if not MISLED.exists():
            self.skipTest("one build is enough")
        self.own(OTHER)
        copy = self.tmp / "sallyport"
        shutil.copy(BINARY, copy)
        copy.chmod(0o700)
        done = subprocess.run([copy, "serve", "--dir", self.dir], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, DENIED, done.stderr)
        self.assertIn(f"{copy}: Permission denied", done.stderr)
        self.assertIn("chmod 755", done.stderr)
        self.nobody_is_left()


class Kernels(Contained):
    """Kernels that have less."""

    def setUp(self):
        super().setUp()
        self.stop()

    def test_without_seccomp(self):
        for how in ("usual", "strict"):
            self.refused("--containment", how, before=[LESSER_KERNEL, "seccomp"], code=DENIED,
                         parts=["filters no calls", "CONFIG_SECCOMP_FILTER", "--containment weak"])
        said = self.serve("--containment", "weak", before=[LESSER_KERNEL, "seccomp"])
        self.assertEqual(said.count("filters no calls"), 1, said)
        self.assertIn("any call to the system", said)
        self.ask("door", "opened", "main", expect=OK)
        self.assertEqual(self.stop(), OK)

    def test_without_landlock(self):
        self.refused("--containment", "strict", before=[LESSER_KERNEL, "landlock"], code=DENIED,
                     parts=["no Landlock", "--containment usual"])
        if ROOT_RUNS and COUNTS_COVERAGE:
            return
        said = self.serve(before=[LESSER_KERNEL, "landlock"])
        self.assertEqual(said.count("files are not confined"), 1, said)
        self.assertEqual(status(self.engine_pid())["NoNewPrivs"], "1")
        self.ask("door", "opened", "main", expect=OK)
        self.assertEqual(self.stop(), OK)

    def test_root_without_landlock(self):
        if not ROOT_RUNS:
            self.skipTest("needs root")
        for path in [self.dir, *self.dir.rglob("*")]:
            os.chown(path, 0, 0)
        result = subprocess.run([LESSER_KERNEL, "landlock", BINARY, "serve", "--dir", self.dir], capture_output=True,
                                text=True, timeout=20)
        self.assertEqual(result.returncode, DENIED, result.stderr)
        self.assertIn("--user root", result.stderr)
        self.serve("--user", "root", before=[LESSER_KERNEL, "landlock"])
        self.assertEqual(self.stop(), OK)


if __name__ == "__main__":
    unittest.main()

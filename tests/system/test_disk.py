#!/usr/bin/env python3
"""The real program on a disk that is full, or broken, and with a clock that is set back.

Which disk it was is printed: a small file system made for the test where the machine allows that (a tmpfs in a mount
namespace of the test's own; ext4 on a loop device above one that is full, whose writes then fail with EIO), else the
library intercepted.so, which is preloaded and lets calls fail; DISK_INTERPOSED=1 asks for that.
"""
import ctypes
import mmap
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest

from load_fixture import INTERCEPTED, Load
from site_fixture import IO, OK, REFUSED

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 0x40000, 2
EIO, ENOSPC = 5, 28
LIBC = ctypes.CDLL(None, use_errno=True)
KINDS = ("memory", "write", "sync", "folder", "rename", "create", "remove", "resize", "open", "read", "map")  # of intercept.h
ORDER = struct.Struct(f"=IiQQQ{len(KINDS)}Q{len(KINDS)}Qq?")
DISK_BYTES = 96 << 20
FILLED_S_MAX = 30  # a checkpoint is due each second, and needs room


def say(text):
    print(f"disk: {text}", file=sys.stderr, flush=True)


def mount(source, target, kind, flags=0, data=None):
    if LIBC.mount(source.encode(), str(target).encode(), kind and kind.encode(), flags, data and data.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mounting {target}")


def unmount(target):
    LIBC.umount2(str(target).encode(), MNT_DETACH)


def own_mounts():
    """From here on what is mounted is seen by this process and its children alone. Why not, or None."""
    uid, gid = os.getuid(), os.getgid()
    if LIBC.unshare(CLONE_NEWNS if uid == 0 else CLONE_NEWNS | CLONE_NEWUSER) != 0:
        return os.strerror(ctypes.get_errno())
    try:
        if uid:
            pathlib.Path("/proc/self/setgroups").write_text("deny")
            pathlib.Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            pathlib.Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        mount("none", "/", None, MS_REC | MS_PRIVATE)
    except OSError as e:
        return str(e)
    return None


NO_MOUNTS = "DISK_INTERPOSED is set" if os.environ.get("DISK_INTERPOSED") else own_mounts()


class Order:
    """What intercepted.so lets fail, in a file that the engine has mapped too."""

    def __init__(self, where):
        self.library = where / "intercepted.so"
        shutil.copy(INTERCEPTED, self.library)
        self.library.chmod(0o755)
        path = where / "intercepted.so.order"
        path.write_bytes(bytes(ORDER.size + 64))
        path.chmod(0o666)  # the engine is another user
        with open(path, "r+b") as f:
            self.bytes = mmap.mmap(f.fileno(), 0)
        self.env = {**os.environ, "LD_PRELOAD": str(self.library)}

    def give(self, kinds, error, at=0, for_good=True):
        """The kinds come last: from then on it counts."""
        self.off()
        self.bytes[:ORDER.size] = ORDER.pack(0, error, at, 2**64 - 1 if for_good else at + 1, 0, *[0] * (2 * len(KINDS)), 0, False)
        self.bytes[:4] = struct.pack("=I", sum(1 << KINDS.index(k) for k in kinds))

    def off(self):
        self.bytes[:4] = bytes(4)

    def injected(self):
        return sum(ORDER.unpack(self.bytes[:ORDER.size])[-2 - len(KINDS):-2])

    def step_clock(self, seconds):
        at = ORDER.size - 9
        self.bytes[at:at + 8] = struct.pack("=q", round(seconds * 1e6))


class Small:
    """A tmpfs that is as large as it is, filled by a file beside the site."""

    def __init__(self, where):
        self.top, self.env = where / "small", None
        self.top.mkdir()
        mount("tmpfs", self.top, "tmpfs", data=f"size={DISK_BYTES},mode=0755")
        self.name = f"a tmpfs of {DISK_BYTES >> 20} MiB"

    def fail(self):
        with open(self.top / "filler", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(1 << 20))
            except OSError:
                pass
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass

    def heal(self):
        (self.top / "filler").unlink()

    def end(self):
        unmount(self.top)


class Failing:
    """ext4 on a loop device whose file has holes, and no room below to fill them."""

    def __init__(self, where):
        self.below = Small(where)
        self.image, self.top, self.env = self.below.top / "image", where / "failing", None
        self.top.mkdir()
        with open(self.image, "wb") as f:
            f.truncate(4 * DISK_BYTES)
        self.run("mkfs.ext4", "-q", "-F", "-J", "size=4", "-E", "lazy_journal_init=0", self.image)
        self.attach()
        self.name = "ext4 on a loop device above a tmpfs without room"

    @staticmethod
    def run(*words, may=(0,)):
        done = subprocess.run([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
        if done.returncode not in may:
            raise OSError(done.returncode, f"{words[0]}: {done.stdout.decode()}")

    def attach(self):
        self.run("mount", "-t", "ext4", "-o", "loop", self.image, self.top)

    def fail(self):
        os.sync()
        self.below.fail()

    def heal(self):
        """As someone does who was told: off with it, room, check, on again."""
        self.run("umount", "-l", self.top)
        self.below.heal()
        deadline = time.monotonic() + 20
        while str(self.image).encode() in self.attached():
            if time.monotonic() > deadline:
                raise OSError(16, "the loop device stays")
            time.sleep(0.05)
        self.run("e2fsck", "-fy", self.image, may=(0, 1))
        self.attach()

    @staticmethod
    def attached():
        return b"\n".join(p.read_bytes() for p in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"))

    def end(self):
        subprocess.run(["umount", "-l", str(self.top)], check=False, stderr=subprocess.DEVNULL)
        self.below.end()


class Interposed:
    def __init__(self, where, kinds, error):
        self.top, self.kinds, self.error = where / "disk", kinds, error
        self.top.mkdir()
        self.order = Order(where)
        self.env, self.name = self.order.env, "the preloaded library intercepted.so"

    def fail(self):
        self.order.give(self.kinds, self.error)

    def heal(self):
        self.order.off()

    def end(self):
        pass


def disk_for(where, kind, kinds, error):
    """A small file system, or else the library; and why."""
    if NO_MOUNTS is None:
        try:
            return kind(where), ""
        except OSError as e:
            unmount(where / "small")
            return Interposed(where, kinds, error), f" (a file system cannot be made: {e})"
    return Interposed(where, kinds, error), f" (a file system cannot be mounted: {NO_MOUNTS})"


class Disks(Load):
    def setUp(self):
        super().setUp()
        self.checked = [0, 0]

    def text(self):
        return (self.tmp / "serve.log").read_text()

    def move_to(self, disk):
        disk.top.chmod(0o755)
        shutil.copytree(self.dir, disk.top / "site", copy_function=shutil.copy2)
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "--reference", self.dir, disk.top / "site"], check=True)
        self.dir = disk.top / "site"

    def gone(self, where=""):
        try:
            code = self.engine.wait(timeout=FILLED_S_MAX)
        except subprocess.TimeoutExpired:
            self.fail(f"{where}: it goes on: {self.text()[-2000:]}")
        self.engine.stdout.close()
        self.log.close()
        self.engine = None
        return code

    def check(self, lines, where):
        """Nothing that was told is missing."""
        for i, n in enumerate(self.look_for(lines, self.read_entries(0), where)):
            self.checked[i] += n

    def starts_again(self):
        self.wait_until_ready(self.begin())
        self.ask("door", "rex", "main", expect=OK)
        code = self.stop()
        self.assertEqual(code, OK, self.text())

    def serve_until_it_fails(self, disk, words, rounds):
        self.addCleanup(disk.end)
        self.addCleanup(self.stop)
        self.move_to(disk)
        starts = {True: 0, False: 0}
        (self.tmp / "serve.log").touch()
        for which in range(rounds):
            ledger = self.tmp / f"ledger-{which}"
            before = len(self.text())
            self.wait_until_ready(self.begin(env=disk.env))
            client = self.ask_without_pause(4, ledger)
            time.sleep(0.1 + 0.1 * which)
            disk.fail()
            code = self.gone()
            said = self.text()[before:]
            self.assertEqual(code, IO, said)
            self.assertRegex(said, words)
            lines = self.told(client, ledger)
            starts[self.tries_to_start(disk, words)] += 1
            disk.heal()
            self.check(lines, f"round {which}")
            self.starts_again()
        self.agree()
        return starts

    def tries_to_start(self, disk, words):
        """While the disk is as it is: it does, or says why it does not."""
        before = len(self.text())
        self.begin(env=disk.env)
        try:
            code = self.engine.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.engine.send_signal(signal.SIGTERM)
            code = self.gone()
            self.assertIn(code, (OK, IO), self.text()[before:])
            return True
        self.gone()
        self.assertEqual(code, IO, self.text()[before:])
        self.assertRegex(self.text()[before:], words)
        return False

    def test_full_while_it_serves(self):
        disk, why = disk_for(self.tmp, Small, ("write", "create", "resize"), ENOSPC)
        say(f"full: {disk.name}{why}")
        starts = self.serve_until_it_fails(disk, r"(?i)full|no space left", 3)
        say(f"full: 3 rounds, {self.checked[0]} answered and {self.checked[1]} unlocks checked; on the full disk it "
            f"started {starts[True]} times and said why not {starts[False]} times")

    def test_broken_while_it_serves(self):
        disk, why = disk_for(self.tmp, Failing, ("write", "sync"), EIO)
        say(f"broken: {disk.name}{why}")
        starts = self.serve_until_it_fails(disk, r"(?i)i/o error|input/output error|read-only", 2)
        say(f"broken: 2 rounds, {self.checked[0]} answered and {self.checked[1]} unlocks checked; on the broken disk "
            f"it started {starts[True]} times and said why not {starts[False]} times")

    def test_one_call_fails(self):
        """Its Nth sync or write, once and for good. What failed is not done again as if nothing had been."""
        order, ended, went_on = Order(self.tmp), 0, 0
        say("calls: the preloaded library intercepted.so")
        for kind, error in (("sync", EIO), ("write", ENOSPC)):
            for for_good in (False, True):
                for at in (0, 1, 2, 3, 5, 8, 30, 200):
                    where = f"{kind} {at}, {'for good' if for_good else 'once'}"
                    died = self.one_call(order, [kind], error, at, for_good, where)
                    ended += died
                    went_on += not died
        self.agree()
        say(f"calls: {ended} times it ended, {went_on} times it could go on; {self.checked[0]} answered and "
            f"{self.checked[1]} unlocks checked")
        self.assertGreater(ended, 8)

    def one_call(self, order, kinds, error, at, for_good, where):
        ledger = self.tmp / "ledger"
        ledger.unlink(missing_ok=True)
        before = len(self.text()) if (self.tmp / "serve.log").exists() else 0
        order.give(kinds, error, at, for_good)
        self.begin(env=order.env)
        died, lines = self.is_over(5, lambda: (self.dir / "engine.sock").exists()), []
        while_starting = order.injected()
        if not died:
            client = self.ask_without_pause(3, ledger)
            met = self.is_over(3, lambda: order.injected() > while_starting)
            died = met or order.injected() > while_starting
            if not died:
                self.engine.send_signal(signal.SIGTERM)
            code = self.gone(where)
            self.assertEqual(code, IO if died else OK, f"{where}: {self.text()[before:]}")
            lines = self.told(client, ledger)
        else:
            self.assertEqual(self.gone(), IO, f"{where}: {self.text()[before:]}")
        if died:
            self.assertRegex(self.text()[before:], r"sallyport: .*/.*: .", where)
        order.off()
        self.check(lines, where)
        self.starts_again()
        return died

    def is_over(self, seconds, otherwise):
        """Has the engine ended within that time, before the other thing is so?"""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.engine.poll() is not None:
                return True
            if otherwise():
                return False
            time.sleep(0.005)
        return False


class Clock(Load):
    def test_set_back_and_forth(self):
        """Entries do not go back, the boundary refuses until the clock has caught up, doors relock meanwhile."""
        order = Order(self.tmp)
        self.wait_until_ready(self.begin(env=order.env))
        card = "long:738291"
        self.show(card, "main-in", expect=OK)
        self.ask("door", "opened", "main", expect=OK)
        self.ask("door", "closed", "main", expect=OK)
        order.step_clock(-7200)
        self.ask("door", "rex", "main", expect=OK)
        self.assertIn("clock", self.codes(card, "main-out"))
        self.assertIn("the clock was set back", (self.tmp / "serve.log").read_text())
        order.step_clock(0)
        time.sleep(0.3)  # what it went on slowly is less than that
        self.show(card, "main-out", expect=OK)
        order.step_clock(-7200)
        deadline = time.monotonic() + 40
        while "passage.not_taken" not in [e["type"] for e in self.entries()]:  # relocked, though time goes slowly
            self.assertLess(time.monotonic(), deadline, "a door stays unlocked while the clock is behind")
            time.sleep(0.2)
        order.step_clock(0)
        times = [e["at"] for e in self.entries()]
        self.assertEqual(times, sorted(times))
        self.assertEqual(self.stop(), OK)
        self.agree()


if __name__ == "__main__":
    unittest.main()

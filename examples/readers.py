#!/usr/bin/env python3
"""Readers for trials: `sallyport reader` for each line of a site's plan that waits on TCP (kind: tcp-client).

    examples/readers.py SITE FOLDER

FOLDER gets, for each line: LINE, a FIFO that takes what people do at its readers; LINE.log, what the readers show and
do; and their keys, so that they are the same readers when they are started again. For example:

    echo '0 card h10301:1000011' > FOLDER/LINE     # a card at the reader of address 0; `echo help` tells what else
    tail -f FOLDER/LINE.log

It prints "ready" when all of them wait for their panel, and goes on until it is told to end, or one of them ends. All end
with it, however it ends: it holds their input. SALLYPORT names the program.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("SALLYPORT", str(ROOT / "build" / "sallyport"))
START_S = 20


class Wrong(Exception):
    pass


def rows(site, *verb):
    done = subprocess.run([PROGRAM, *verb, "--json", "--dir", site], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"`sallyport {' '.join(verb)}` of {site}: {done.stderr.strip() or done.stdout.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Readers:
    """Those of one line, one process."""

    def __init__(self, folder, line, addresses):
        self.line, self.where = line["name"], line["where"]
        self.log = folder / f"{self.line}.log"
        fifo = folder / self.line
        if not fifo.is_fifo():
            os.mkfifo(fifo, 0o600)
        # While this is open the readers' input does not end when someone's `echo` has.
        self.held = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
        told = os.open(fifo, os.O_RDONLY | os.O_CLOEXEC)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "reader", "--listen", f"tcp://{self.where}", "--address", f"{addresses[0]}-{addresses[-1]}",
                 "--key-file", str(folder / f"{self.line}.key")],
                stdin=told, stdout=log, stderr=log, start_new_session=True)
        os.close(told)

    def said(self):
        return self.log.read_text(errors="replace")

    def wait(self, deadline):
        while "listening on" not in self.said():
            if self.process.poll() is not None:
                raise Wrong(f"the readers of {self.line} cannot wait at {self.where}: {self.said().strip()}\n"
                            "Who listens there? `ss -ltnp` tells. End that, or give the line another port.")
            if time.monotonic() > deadline:
                raise Wrong(f"the readers of {self.line} are not there after {START_S} s: see {self.log}")
            time.sleep(0.01)


def run(site, folder):
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wake, ended = os.pipe()
    os.set_blocking(ended, False)
    signal.set_wakeup_fd(ended)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        if signal.getsignal(number) != signal.SIG_IGN:  # a script that started us ends us itself
            signal.signal(number, lambda *_: None)
    every = []
    try:
        for line in rows(site, "line", "list"):
            addresses = sorted(r["address"] for r in rows(site, "line", "show", line["name"]))
            if line["kind"] == "tcp-client" and addresses:
                every.append(Readers(folder, line, addresses))
        deadline = time.monotonic() + START_S
        for readers in every:
            readers.wait(deadline)
        print("ready", flush=True)
        while all(r.process.poll() is None for r in every):
            if set(os.read(wake, 64)) - {signal.SIGCHLD}:
                return
        raise Wrong("; ".join(f"the readers of {r.line} ended: see {r.log}"
                              for r in every if r.process.poll() is not None))
    finally:
        for readers in every:
            readers.process.terminate()
        for readers in every:
            readers.process.wait()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        run(sys.argv[1], pathlib.Path(sys.argv[2]))
    except Wrong as wrong:
        sys.exit(f"readers: {wrong}")


if __name__ == "__main__":
    main()

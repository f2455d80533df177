"""A site with readers for trials (readers.py): what people do at them, what the readers then show, what is asked of the
program, and what its journal says. Whatever does not come true within a while is Failed, and says where to look.
"""
import csv
import json
import os
import pathlib
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("SALLYPORT", str(ROOT / "build" / "sallyport"))
PATIENCE_S = 30  # a busy machine is no failure
LOOK_S = 0.005


class Failed(Exception):
    pass


class Line:
    """The readers of a line: words in, and what they print, by address."""

    def __init__(self, folder, name):
        self.name, self.path = name, folder / f"{name}.log"
        self.words = open(folder / name, "w", encoding="utf-8", buffering=1)
        self.log = open(self.path, encoding="utf-8", errors="replace")
        self.said, self.rest = [], ""

    def do(self, address, words):
        self.words.write(f"{address} {words}\n")

    def look(self):
        """How much it has printed by now."""
        *lines, self.rest = (self.rest + self.log.read()).split("\n")
        self.said += lines
        return len(self.said)

    def until(self, true, what):
        deadline = time.monotonic() + PATIENCE_S
        while not (found := true()):
            if time.monotonic() > deadline:
                raise Failed(f"{what}: nothing of the kind in {PATIENCE_S} s; see {self.path}")
            time.sleep(LOOK_S)
        return found

    def wait(self, since, wanted, what):
        """The first of the wanted lines to be printed after `since`."""
        return self.until(lambda: next((x for x in self.said[since:self.look()] if x in wanted), None), what)

    def unlocked(self, address):
        self.look()
        return next((x for x in reversed(self.said) if x.startswith(f"{address}: bolt ")), "").endswith("drawn")


class Journal:
    """The entries as they come."""

    def __init__(self, directory):
        self.entries, self.news = [], threading.Condition()
        self.follow = subprocess.Popen([PROGRAM, "log", "--follow", "--json", "--limit", "1", "--dir", directory],
                                       stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()
        self.wait(lambda entry: True, "the journal's last entry", 0)

    def read(self):
        for line in self.follow.stdout:
            with self.news:
                self.entries.append(json.loads(line))
                self.news.notify_all()

    def mark(self):
        with self.news:
            return len(self.entries)

    def wait(self, wanted, what, since):
        """The first such entry after `since`."""
        deadline = time.monotonic() + PATIENCE_S
        with self.news:
            while True:
                for entry in self.entries[since:]:
                    if wanted(entry):
                        return entry
                since = len(self.entries)
                if not self.news.wait(deadline - time.monotonic()):
                    raise Failed(f"{what}: the journal does not say so in {PATIENCE_S} s")

    def close(self):
        self.follow.terminate()
        self.follow.wait()


class Site:
    def __init__(self, directory, passwords, readers, people):
        self.dir, self.passwords, self.csv = str(directory), pathlib.Path(passwords), people
        with open(people, encoding="utf-8", newline="") as file:
            self.people = {row["external_id"]: row for row in csv.DictReader(file)}
        self.numbers, self.lines, self.readers, self.doors = {}, {}, {}, {}
        for line in self.rows("line", "list"):
            for row in self.rows("line", "show", line["name"]):
                at = (line["name"], row["address"])
                self.readers[row["reader"]] = (*at, row["door"])
                self.doors.setdefault(row["door"], at)  # it is wired to the first of its readers
            if line["readers"]:
                self.lines[line["name"]] = Line(pathlib.Path(readers), line["name"])
        self.interlocked = {door["door"] for gate in self.rows("gate", "list") if len(gate["doors"]) > 1
                            for door in gate["doors"]}
        self.journal = Journal(self.dir)

    def close(self):
        self.journal.close()

    # --- Asking the program ---

    def ask(self, *words, by=None, second=None, secrets=None, code=0, quiet=False):
        """Runs a verb, as this operator or these two, and holds its exit code to `code`. Secrets, by option, go through
        pipes: nobody can read them in a list of processes."""
        given = dict(secrets or {})
        words = [*words, "--dir", self.dir]
        for name, who, fd in ((by, "--as", "--password-fd"), (second, "--second", "--second-password-fd")):
            if name:
                words += [who, name]
                given[fd] = (self.passwords / f"{name}.pass").read_text()
        fds = []
        for option, text in given.items():
            read, write = os.pipe()
            os.write(write, text.encode())
            os.close(write)
            words += [option, str(read)]
            fds.append(read)
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, pass_fds=fds, check=False)
        for fd in fds:
            os.close(fd)
        if not quiet:
            print(done.stdout + done.stderr, end="", flush=True)
        if done.returncode != code:
            raise Failed(f"`sallyport {' '.join(words)}` ended with {done.returncode}, not {code}: "
                         f"{done.stdout[-500:]}{done.stderr}")
        return done.stdout

    def rows(self, *words, **kwargs):
        out = self.ask(*words, "--json", quiet=True, **kwargs)
        return [json.loads(line) for line in out.splitlines()]

    # --- At a reader ---

    def ready(self):
        """Waits until every reader shows that it is (a blue light)."""
        for name, line, address in [(r, self.lines[at[0]], at[1]) for r, at in self.readers.items()]:
            line.wait(0, {f"{address}: led 0 blue"}, f"reader {name} is ready")

    def at(self, reader, words):
        line, address, _ = self.readers[reader]
        self.lines[line].do(address, words)

    def door(self, door, words):
        line, address = self.doors[door]
        self.lines[line].do(address, words)

    def present(self, card, reader, pin=None):
        """Shows a card, types the PIN where one is asked for, and waits for what the reader shows: True when the door is
        unlocked, else the journal's entry that says why not."""
        name, address, door = self.readers[reader]
        line, mark = self.lines[name], self.journal.mark()
        since = line.look()
        enter, no, second, asks = [f"{address}: text 1 {text}"
                                   for text in ("PLEASE ENTER", "NO ENTRY", "SECOND PERSON", "PIN, THEN #")]
        line.do(address, f"card {card}")
        shown = line.wait(since, {enter, no, second, asks}, f"{reader} answers a card")
        if shown == asks:
            since = line.look()
            line.do(address, f"key {pin or '0000'}#")
            shown = line.wait(since, {enter, no, second}, f"{reader} answers a PIN")
        if shown != enter:
            return self.happens("passage.refused", reader, mark)
        wired, at = self.doors[door]
        self.lines[wired].until(lambda: self.lines[wired].unlocked(at), f"door {door} is unlocked")
        return True

    def go_through(self, door):
        """The door, once it is unlocked: opened, closed, and locked again. Of an interlocked one its line says so; of
        others the engine, a second later, which nobody here waits for."""
        name, address = self.doors[door]
        line, mark = self.lines[name], self.journal.mark()
        since = line.look()
        line.do(address, "open")
        line.wait(since, {f"{address}: door open"}, f"door {door} opens")
        line.do(address, "close")
        line.wait(since, {f"{address}: bolt out"}, f"door {door} is locked")
        self.happens("passage.taken", door, mark)
        closed = self.happens("door.closed", door, mark)
        if door in self.interlocked:
            self.happens("door.locked", door, mark)
        if closed["by"] != f"line:{name}":
            raise Failed(f"entry {closed['n']}: {closed['by']} reported it, not line {name}")

    def let_out(self, door):
        """Someone presses the button of a door that has one (rex: unlock), and goes through."""
        name, address = self.doors[door]
        line, mark = self.lines[name], self.journal.mark()
        line.do(address, "rex")
        line.until(lambda: line.unlocked(address), f"door {door} is unlocked")
        since = line.look()
        line.do(address, "open")
        line.wait(since, {f"{address}: door open"}, f"door {door} opens")
        line.do(address, "close")
        line.wait(since, {f"{address}: bolt out"}, f"door {door} is locked")
        self.happens("door.closed", door, mark)

    def happens(self, kind, what, mark):
        """Waits for an entry of this type about this door or reader."""
        return self.journal.wait(lambda e: e["type"] == kind and what in (e["data"].get("door"), e["data"].get("reader")),
                                 f"{kind} of {what}", mark)

"""A site in a temporary directory, driven by the real binary: what the system tests share.

SALLYPORT names the binary. Secrets go by file descriptor, as people are told to give them.
"""
import atexit
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BINARY = os.environ.get("SALLYPORT", str(ROOT / "build" / "sallyport"))
# The same program, but what it founds asks no work of whoever tries a password.
FOUNDER = str(pathlib.Path(BINARY).parent / "tests" / "cheap_passwords")
if not os.access(FOUNDER, os.X_OK):
    FOUNDER = BINARY

# Whose the sites are when root runs the tests: nobody that the system knows. Files of coverage are root's, who then
# must write them.
UNPRIVILEGED = 64321
COUNTS_COVERAGE = any(pathlib.Path(BINARY).parent.glob("sallyport.p/*.gcno"))

OK, REFUSED, USAGE, INVALID, NOT_FOUND, EXISTS, DENIED, BUSY = range(8)
LIMIT, CORRUPT, FORK, VERSION, IO, NO_MEMORY, UNAVAILABLE = range(8, 15)

PASSWORDS = {
    "anna": "anna's long password",
    "sam": "sam's long password",
    "dana": "dana's long password",
    "gil": "gil's long password",
    "rita": "rita's long password",
    "lena": "lena's long password",
}
ROLES = {"anna": "admin", "sam": "shift", "dana": "desk", "gil": "gate", "rita": "records",
         "lena": "legal"}


# What the register needs at admission.
REGISTER = ("--details-file", HERE / "register.json")


class Result:
    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout.decode()
        self.err = process.stderr.decode()

    def json(self):
        return json.loads(self.out)

    def rows(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*args, secrets=None, stdin=b"", env=None, timeout=60, cwd=None, preexec=None, binary=BINARY):
    """Runs the binary; secrets: {option: text} are given on pipes of their own."""
    words, fds = [binary, *map(str, args)], []
    for option, text in (secrets or {}).items():
        read, write = os.pipe()
        os.write(write, text.encode() if isinstance(text, str) else text)
        os.close(write)
        os.set_inheritable(read, True)
        words += [option, str(read)]
        fds.append(read)
    full = {k: v for k, v in os.environ.items() if k not in ("SALLYPORT_DIR", "NO_COLOR")}
    full.update(env or {})
    try:
        return Result(subprocess.run(words, input=stdin, capture_output=True, pass_fds=fds,
                                     env=full, timeout=timeout, cwd=cwd, preexec_fn=preexec))
    finally:
        for fd in fds:
            os.close(fd)


class Site(unittest.TestCase):
    """Each test has a site of its own, made from PLAN with OPERATORS and MORE, its engine running.

    Passwords cost a quarter of a second each on purpose, so the sites are founded, once and then copied, by FOUNDER,
    and tests spend their time on what they test. test_cli.py looks at what a password costs in the shipped program.
    """
    PLAN = HERE / "small.yaml"
    OPERATORS = ("anna", "sam")
    MORE = ()
    SERVE = ("--no-lines",)  # cards are shown by hand
    templates = {}

    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        self.dir = self.tmp / "site"
        self.engine = None
        self.addCleanup(self.stop)
        kind = (self.PLAN, self.OPERATORS, self.MORE)
        if kind not in self.templates:
            self.templates[kind] = self.make_template()
        template, self.made = self.templates[kind]
        shutil.copytree(template, self.dir)
        self.give_away()
        self.start()

    def give_away(self):
        """So that the engine, which runs as the owner of its site, has no privileges that root has."""
        if os.getuid() != 0:
            return
        self.tmp.chmod(0o711)
        if COUNTS_COVERAGE:
            return
        for path in [self.dir, *self.dir.rglob("*")]:
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)

    def make_template(self):
        made = run("init", self.dir, "--plan", self.PLAN,
                   *[w for n in self.OPERATORS for w in ("--operator", f"{n}:{ROLES[n]}")],
                   secrets={"--password-fd": "".join(PASSWORDS[n] + "\n" for n in self.OPERATORS)}, binary=FOUNDER)
        self.assertEqual(made.code, OK, made.err)
        if self.MORE:
            self.start(FOUNDER)
            for name in self.MORE:
                self.add_operator(name)
            self.stop()
        template = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
        atexit.register(shutil.rmtree, template, ignore_errors=True)
        shutil.move(self.dir, template / "site")
        return template / "site", made

    # --- The engine ---

    def start(self, binary=BINARY, **kwargs):
        self.log = open(self.tmp / "serve.log", "ab")
        self.engine = subprocess.Popen([binary, "serve", "--dir", str(self.dir), *self.SERVE],
                                       stdout=self.log, stderr=self.log, **kwargs)
        for _ in range(400):
            if run("status", "--dir", self.dir, "--json").out.find('"engine":"running"') >= 0:
                return
            if self.engine.poll() is not None:
                break
            time.sleep(0.02)
        self.fail(f"the engine did not start ({self.engine.poll()}): " + (self.tmp / "serve.log").read_text())

    def stop(self, how=signal.SIGTERM):
        if self.engine is None:
            return None
        if self.engine.poll() is None:
            self.engine.send_signal(how)
        code = self.engine.wait(timeout=30)
        self.log.close()
        self.engine = None
        return code

    # --- Asking ---

    def ask(self, *args, by=None, second=None, secrets=None, expect=None, **kwargs):
        words, given = list(args), dict(secrets or {})
        if by:
            words += ["--as", by]
            given["--password-fd"] = PASSWORDS[by] + "\n" + given.pop("then", "")
        if second:
            words += ["--second", second]
            given["--second-password-fd"] = PASSWORDS[second] + "\n"
        result = run(*words, "--dir", self.dir, secrets=given, **kwargs)
        if expect is not None:
            self.assertEqual(result.code, expect,
                             f"{' '.join(map(str, args))}: {result.out}{result.err}")
        if result.code not in (OK, REFUSED) or result.err:
            self.assertTrue(result.err.strip(), "an error says nothing")
        return result

    def add_operator(self, name):
        return self.ask("operator", "add", name, ROLES[name], by="anna", second="sam",
                        secrets={"then": PASSWORDS[name] + "\n"}, expect=OK)

    def add_person(self, kind="staff", level=None, card=None, pin=None):
        """Returns the number."""
        entry = self.ask("person", "add", "--kind", kind, "--json", by="dana",
                         expect=OK).json()["entry"]
        number = entry["data"]["number"]
        text = f"{number // 10}-{number % 10}"
        if level:
            self.ask("level", "grant", text, level, by="dana", expect=OK)
        if pin:
            self.ask("pin", "set", text, by="dana", secrets={"--pin-fd": pin}, expect=OK)
        if card:
            self.ask("credential", "issue", text, by="dana", secrets={"--card-fd": card},
                     expect=OK)
        return text

    def show(self, card, reader, *options, pin=None, expect=None):
        secrets = {"--card-fd": card}
        if pin:
            secrets["--pin-fd"] = pin
        return self.ask("pass", reader, *options, secrets=secrets, expect=expect)

    def codes(self, card, reader, pin=None):
        """The codes of the reasons for which a card is refused."""
        result = self.show(card, reader, "--json", pin=pin, expect=REFUSED)
        return [r["code"] for r in result.json()["reasons"]]

    def entries(self, *filters):
        return self.ask("log", "--json", *filters, expect=OK).rows()

    def agree(self):
        """verify, replay and rebuild, with the engine stopped."""
        self.stop()
        for verb in ("verify", "replay", "rebuild", "verify"):
            self.ask(verb, expect=OK)

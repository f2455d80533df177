#!/usr/bin/python3
"""scripts/test counts what its runners print; what it cannot count is a failure."""
import importlib.machinery
import importlib.util
import os
import pathlib
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True  # or scripts/testc would appear
loader = importlib.machinery.SourceFileLoader("runner", str(ROOT / "scripts" / "test"))
runner = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
loader.exec_module(runner)

CMOCKA = """[==========] Running 4 test(s).
[ RUN      ] a
[       OK ] a
[  SKIPPED ] b
[  FAILED  ] c
[==========] 4 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] b

 1 SKIPPED TEST(S)
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] c
"""
SETUP_FAILED = """[==========] Running 3 test(s).
[  FAILED  ] GROUP SETUP
[==========] 0 test(s) run.
[  PASSED  ] 0 test(s).
"""
UNITTEST = """test_a (__main__.T) ... ok
test_b (__main__.T) ... skipped 'no engine'
----------------------------------------------------------------------
Ran 6 tests in 0.100s

FAILED (failures=1, errors=1, skipped=1, expected failures=1)
"""


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Counting(unittest.TestCase):
    def test_cmocka(self):
        passed, failed, skipped, reasons = runner.count_cmocka(CMOCKA)
        self.assertEqual((passed, failed, skipped, set(reasons)), (1, 2, 1, {"b"}))

    def test_a_group_whose_setup_failed_counts_whole(self):
        self.assertEqual(runner.count_cmocka(CMOCKA + SETUP_FAILED)[:3], (1, 5, 1))

    def test_unittest(self):
        passed, failed, skipped, reasons = runner.count_unittest(UNITTEST)
        self.assertEqual((passed, failed, skipped), (3, 2, 1))
        self.assertEqual(reasons, ["test_b (__main__.T): 'no engine'"])
        self.assertEqual(runner.count_unittest("Ran 2 tests in 1s\n\nOK\n")[:3], (2, 0, 0))

    def test_checks(self):
        self.assertEqual(runner.count_checks("ok: a\nsrc/x.c:3: bad\nnot ok: b\n")[:3], (1, 1, 0))

    def do(self, script):
        with tempfile.TemporaryDirectory() as logs:
            runner.LOGS = logs
            return runner.do(runner.Test("t", ["sh", "-c", script], {}, runner.count_checks))

    def test_a_crash_is_a_failure(self):
        _, result, out, _, _ = self.do("echo ok: a; kill -SEGV $$")
        self.assertEqual(result[:3], (1, 1, 0))
        self.assertIn("SIGSEGV", out)

    def test_no_test_is_a_failure(self):
        self.assertEqual(self.do("true")[1].failed, 1)

    def test_a_leak_after_all_passed_is_a_failure(self):
        self.assertEqual(self.do("echo ok: a; exit 23")[1][:2], (1, 1))

    def test_what_a_test_started_ends_with_it(self):
        with tempfile.TemporaryDirectory() as d:
            pid_file = os.path.join(d, "pid")
            self.do(f"sleep 600 & echo $! >{pid_file}; echo ok: a")
            with open(pid_file, encoding="ascii") as f:
                pid = int(f.read())
            deadline = time.monotonic() + 10  # a signal takes its time to end a process
            while runs(pid) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertFalse(runs(pid))

    def test_one_that_hangs_is_ended(self):
        runner.TEST_S_MAX = 1
        _, result, out, seconds, _ = self.do("sleep 600")
        self.assertEqual(result.failed, 1)
        self.assertLess(seconds, 60)
        self.assertIn("took longer than 1 s", out)


if __name__ == "__main__":
    unittest.main()

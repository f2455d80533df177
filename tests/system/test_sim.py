"""The simulator: seeds that must hold, bugs that must be found, and what its user may do wrong."""
import glob
import os
import re
import subprocess
import unittest

SALLYPORT = os.environ.get("SALLYPORT", "build/sallyport")
SIM = os.path.join(os.path.dirname(SALLYPORT), "sallyport-sim")
SANITIZED = "asan" in os.path.dirname(SALLYPORT)
SCENARIOS = os.path.join(os.path.dirname(__file__), "..", "scenarios")
# `make sim` tries more, and whole days, which take minutes each.
SEEDS = ["--seeds", "8", "--length", "300", "--from", "101"] if SANITIZED else ["--seeds", "24", "--length", "1200"]
SEEDS_MAX = "1000"  # within which every planted bug must be found
BUS_FAULTS = ("noise", "late", "replay", "second-panel", "reader-power", "wrong-key", "tamper", "bus-cut", "line-kill")


def sim(*args, timeout=300):
    return subprocess.run([SIM, *args], capture_output=True, text=True, timeout=timeout, check=False)


def canaries():
    return re.findall(r"^  ([a-z-]+) ", sim("--list").stdout.split("Canaries")[1], re.M)


class Simulator(unittest.TestCase):
    def test_seeds_hold(self):
        done = sim(*SEEDS, "--jobs", "1", timeout=500)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout[-8000:])
        self.assertRegex(done.stdout, r"(?m)^[1-9]\d* seeds, ")

    def test_scenarios_hold_amid_a_day(self):
        """Each scenario of custody once, on a day of its own; where it is slow, every fifth."""
        jobs = str(min(2, os.cpu_count() or 1))
        files = sorted(glob.glob(os.path.join(SCENARIOS, "custody", "*.scn")))
        if SANITIZED:
            for path in files[::5]:
                done = sim("--seed", "7", "--scenario", path)
                self.assertEqual(done.returncode, 0, done.stdout[-8000:])
            return
        done = sim("--scenarios", SCENARIOS, "--jobs", jobs)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout[-8000:])
        self.assertIn(f"\n{len(files)} seeds, ", done.stdout)
        lines, left_out = re.search(r"scenarios: (\d+) lines came .*, (\d+) could not", done.stdout).groups()
        self.assertGreater(int(lines), 500)
        self.assertLess(int(left_out), 20)

    @unittest.skipIf(SANITIZED, "one build is enough to see it")
    def test_days_see_whole_journeys(self):
        """What nobody asks is not tried: departures, recalls and refusals at a departure are there."""
        done = sim("--seeds", "40", "--length", "420", "--people", "7")
        self.assertEqual(done.returncode, 0, done.stdout[-8000:])
        days = [int(n) for n in re.findall(r" on (\d+)", re.search("journeys: .*", done.stdout).group().replace(" days", ""))]
        departed, refused, recalled, handed_over = days
        self.assertGreaterEqual(departed, 20)
        self.assertGreaterEqual(refused, 5)
        self.assertGreaterEqual(recalled, 3)
        self.assertGreaterEqual(handed_over, 3)

    @unittest.skipIf(SANITIZED, "one build is enough to find them")
    def test_planted_bugs_are_found(self):
        names = canaries()
        self.assertGreaterEqual(len(names), 20)
        for name in names:
            with self.subTest(canary=name):
                # seed 11 is of the reference site, and takes as long as all others of this together
                done = sim("--canary", name, "--seeds", SEEDS_MAX, "--jobs", "1", "--from", "12")
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertIn(f"{name}: found: ", done.stdout)
                self.assertNotIn("(Segmentation fault)", done.stdout)  # that would be the simulator's own

    def test_what_can_happen_to_a_bus_happens(self):
        done = sim("--faults", ",".join(BUS_FAULTS), "--seeds", "4", "--length", "600")
        self.assertEqual(done.returncode, 0, done.stdout[-8000:])
        struck = dict(re.findall(r"([a-z-]+) (\d+)", done.stdout.split("faults:")[1]))
        self.assertEqual([name for name in BUS_FAULTS if struck[name] == "0"], [])
        self.assertEqual(struck["kill"], "0")

    def test_nothing_is_found_where_nothing_is_planted(self):
        done = sim("--canary", "none", "--seeds", "2" if SANITIZED else "20", "--from", "12")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("NOT FOUND", done.stdout)

    def test_what_is_shipped_has_no_place_for_them(self):
        with open(SALLYPORT, "rb") as program:
            content = program.read()
        for name in canaries() + ["__wrap_core_decide", "canary"]:
            self.assertNotIn(name.encode(), content)

    def test_mistakes_are_told(self):
        for args, word in ((["--seed", "x"], "whole number"), (["--canary", "none-such"], "--list"),
                           (["--faults", "rain"], "--list"), (["--operators", "1"], "3 to 12"),
                           (["--tell"], "--seed"), (["--scenario", "none.scn"], "scenario"), (["more"], "nothing is expected")):
            done = sim(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""One day at the reference site (examples/three-sections.yaml), through readers on OSDP lines: people are registered from a
CSV file, then put their cards to readers and walk through registration and the three sections. Passages that are
permitted, ones that are refused and why, a sally port that someone tailgates, a lost card, a PIN tried too often, a door
that is forced and one that is held, a reader that is tampered with and one that is cut off, a button at a door, a
lockdown and its release by two operators.

    examples/day.py SITE PASSWORDS READERS [CSV]

SITE is the data directory, which `sallyport serve` serves; PASSWORDS holds NAME.pass for the operators anna (admin), sam
(shift), dana (desk) and gil (gate); READERS is the folder of examples/readers.py. Every step says what it expects, and the
script fails where that does not come true. It may be run again: another day begins.

SALLYPORT names the program, DAY_PACE the seconds between steps (0).
"""
import os
import pathlib
import sys
import time

from trial_site import Failed, Site

HERE = pathlib.Path(__file__).resolve().parent
PACE = float(os.environ.get("DAY_PACE") or 0)
CUT_S = 12  # longer than the 8 s after which a reader is offline


class Day:
    def __init__(self, site):
        self.site = site
        self.came = set()  # who must have gone home in the end; others may be about by hand

    # --- Words of the story ---

    def say(self, text):
        print(f"\n== {text}", flush=True)
        time.sleep(PACE)

    def tell(self, text):
        print(text, flush=True)
        time.sleep(PACE)

    def card(self, who):
        return self.site.people[who]["card"]

    def show(self, who, reader, card=None, pin=None):
        pin = pin or (self.site.people[who]["pin"] if who in self.site.people else None)
        return self.site.present(card or self.card(who), reader, pin)

    def walk(self, who, *readers):
        """One after the other, through."""
        for reader in readers:
            self.enters(who, reader)
            self.site.go_through(self.site.readers[reader][2])

    def enters(self, who, reader, **how):
        """The door is unlocked, and nobody has gone through yet."""
        refused = self.show(who, reader, **how)
        if refused is not True:
            raise Failed(f"{who} at {reader} should pass, and was refused: {self.codes(refused)}; "
                         f"`sallyport explain {refused['n']}` tells more")
        self.came.add(who)
        self.tell(f"{who:6} {reader:18} green: please enter")

    def refused(self, who, reader, *codes, **how):
        """For one of these reasons, among others."""
        entry, want = self.show(who, reader, **how), " or ".join(codes)
        if entry is True:
            raise Failed(f"{who} at {reader} should be refused ({want}), and the door was unlocked")
        if not set(codes) & set(self.codes(entry).split(", ")):
            raise Failed(f"{who} at {reader} should be refused for {want}, not for {self.codes(entry)}")
        self.tell(f"{who:6} {reader:18} refused: {self.codes(entry)} (entry {entry['n']})")

    @staticmethod
    def codes(entry):
        return ", ".join(reason["code"] for reason in entry["data"]["reasons"])

    def alarm(self, kind, what, mark):
        entry = self.site.happens(kind, what, mark)
        self.tell(f"{'':6} {what:18} {kind} (entry {entry['n']}, by {entry['by']})")

    def number(self, who):
        return self.site.numbers[who]

    # --- The story ---

    def run(self):
        for part in (self.before, self.registration, self.visitor, self.escort, self.come_in, self.wrong_place,
                     self.something_breaks, self.sally_port, self.lost_card, self.control_room, self.forced_door,
                     self.put_right, self.lockdown, self.where, self.leave_control_room, self.evening):
            part()
        self.say("The day is over")

    def before(self):
        self.say("What a day before left: readers, a lockdown, people who are still inside")
        self.site.ready()
        (status,) = self.site.rows("status")
        if "section-1" in status["lockdowns"]:
            self.site.ask("gate", "release", "section-1", by="sam", second="gil")
        for visit in self.site.rows("visit", "list"):
            if visit["state"] != "closed":
                self.site.ask("visit", "close", visit["number"], by="gil")
        for person in self.site.rows("roll"):
            self.site.ask("person", "locate", person["number"], "outside", by="gil")

    def registration(self):
        file = str(self.site.csv)
        self.say(f"Registration: everyone in {pathlib.Path(file).name}")
        rows = self.site.rows("person", "import", file, by="dana")
        self.site.numbers = {row["external_id"]: row["number"] for row in rows if "external_id" in row}
        self.site.ask("person", "import", file, by="dana")

    def visitor(self):
        self.say("A visitor comes in, through registration, once somebody of the staff expects them")
        self.refused("V-1", "main-in", "no_visit")
        self.site.ask("visit", "open", self.number("V-1"), "--host", self.number("S-1"), "--until", "+12h", by="dana")
        entry = self.show("V-1", "main-in")
        self.granted = entry is not True
        if self.granted:
            self.tell(f"V-1    main-in            refused: {self.codes(entry)} (entry {entry['n']})")
            self.tell("It is not visiting hours: the desk lets one visit be made now.")
            self.site.ask("level", "grant", self.number("V-1"), "counsel", "--until", "+2h", by="dana")
            self.enters("V-1", "main-in")
        self.site.go_through("main")
        self.walk("V-1", "registration-in", "registration-out", "s1-outer-in")

    def escort(self):
        self.say("Into section 1 only with an escort: the visitor presents and waits, then the officer does")
        self.walk("O-4", "main-in", "s1-outer-in")
        entry = self.show("V-1", "s1-inner-in")
        if entry is True:
            self.tell("An officer of the day before went through moments ago, which counts.")
            self.site.go_through("s1-inner")
        else:
            self.tell(f"V-1    s1-inner-in        second person: {self.codes(entry)} (entry {entry['n']})")
        self.walk("O-4", "s1-inner-in")

    def come_in(self):
        self.say("Staff and officers come in; one goes through all three sections")
        self.walk("O-1", "main-in", "s1-outer-in", "s1-inner-in", "s2-outer-in", "s2-inner-in", "s3-outer-in",
                  "s3-inner-in")
        self.walk("O-2", "main-in")
        self.walk("O-3", "main-in")
        self.walk("S-1", "main-in", "s1-outer-in", "s1-inner-in", "clinic-in")
        self.walk("S-2", "main-in", "registration-in")
        self.walk("S-4", "main-in")
        self.refused("C-1", "main-in", "no_visit")
        self.tell("Counsel comes for somebody who is held here; inspectors come whenever they want.")
        self.walk("I-1", "main-in", "s1-outer-in", "s1-inner-in")

    def wrong_place(self):
        self.say("A member of staff has no business in section 2, and a card that nobody was given opens nothing")
        self.walk("S-3", "main-in", "s1-outer-in", "s1-inner-in")
        self.refused("S-3", "s2-outer-in", "no_access_level")
        self.refused("nobody", "main-in", "credential_unknown", card="h10301:9999999")

    def something_breaks(self):
        self.say("The reader of the workshop loses its wire, and the door of registration is left open")
        self.broken = self.site.journal.mark()
        self.site.at("workshop-in", f"cut {CUT_S}")
        self.site.at("workshop-in", f"card {self.card('S-3')}")  # which the reader keeps until it is asked again
        self.enters("S-2", "registration-out")
        self.site.door("registration", "open")
        self.tell("Both are noticed, in 8 and 15 seconds; meanwhile the day goes on.")

    def sally_port(self):
        self.say("A sally port: while its outer door stands open, the inner one stays shut")
        self.enters("O-2", "s1-outer-in")
        mark = self.site.journal.mark()
        self.site.door("s1-outer", "open")
        self.site.happens("passage.taken", "s1-outer", mark)
        self.tell("Someone slips in behind the officer: no card was presented.")
        self.refused("O-2", "s1-inner-in", "interlock")
        self.site.door("s1-outer", "close")
        self.site.happens("door.locked", "s1-outer", mark)
        self.walk("O-2", "s1-inner-in")
        self.say("The one who slipped in is in the vestibule; the journal has them in the entrance hall")
        self.refused("O-3", "s1-inner-in", "not_in_area")
        self.site.ask("person", "locate", self.number("O-3"), "s1-port", by="gil")
        self.walk("O-3", "s1-inner-in")

    def lost_card(self):
        self.say("A card is lost, and found by someone else")
        lost = f"h10301:5{int(time.time()) % 1000000:06d}"  # another one each day
        self.site.ask("credential", "issue", self.number("S-2"), by="dana", secrets={"--card-fd": lost})
        *_, last = self.site.rows("credential", "list", "--person", self.number("S-2"))
        self.site.ask("credential", "lost", last["credential"], by="gil")
        self.refused("finder", "main-in", "credential_not_issued", card=lost)

    def control_room(self):
        self.say("The control room: card and PIN, and never one person alone")
        for pin in ("000000", "111111", "222222"):
            self.refused("S-4", "control-room-in", "pin_wrong", "pin_locked", pin=pin)  # locked: of another day
        self.tell("Three wrong PINs: now the right one does not help either.")
        self.refused("S-4", "control-room-in", "pin_locked")
        self.site.ask("alarm", "list")
        self.walk("O-5", "main-in")
        self.walk("O-6", "main-in")
        self.refused("O-5", "control-room-in", "two_person_required")
        self.walk("O-6", "control-room-in")

    def forced_door(self):
        self.say("A door is forced, a reader's case is opened, and a button lets someone out of registration")
        mark = self.site.journal.mark()
        self.site.door("clinic", "open force")
        self.alarm("door.forced", "clinic", mark)
        self.site.door("clinic", "close")
        self.site.at("clinic-out", "tamper on")
        self.alarm("reader.tampered", "clinic-out", mark)
        self.site.at("clinic-out", "tamper off")
        self.site.happens("reader.restored", "clinic-out", mark)

    def put_right(self):
        self.say("What broke this morning: the door is closed, the reader is back and tells of the card that it kept")
        self.alarm("door.held", "registration", self.broken)
        self.site.door("registration", "close")
        self.alarm("reader.offline", "workshop-in", self.broken)
        self.alarm("reader.online", "workshop-in", self.broken)
        self.alarm("passage.reported_late", "workshop-in", self.broken)
        self.site.happens("door.closed", "registration", self.broken)
        self.tell("A delivery leaves registration: the desk presses the button, and the journal says that nobody knows who.")
        self.site.let_out("registration")
        for alarm in self.site.rows("alarm", "list"):
            self.site.ask("alarm", "acknowledge", str(alarm["entry"]), by="gil")

    def lockdown(self):
        self.say("Lockdown of section 1: staff stay where they are, officers pass")
        self.site.ask("gate", "lockdown", "section-1", by="gil")
        self.refused("S-1", "clinic-out", "lockdown")
        self.walk("O-3", "clinic-in", "clinic-out")
        self.tell("One operator alone cannot end it.")
        self.site.ask("gate", "release", "section-1", by="gil", code=1)
        self.site.ask("gate", "release", "section-1", by="sam", second="gil")
        self.walk("S-1", "clinic-out")

    def where(self):
        self.say("Where is everyone?")
        self.site.ask("roll")

    def leave_control_room(self):
        self.say("The control room is left as it was entered: the last two together")
        self.refused("O-6", "control-room-out", "two_person_required")
        self.walk("O-5", "control-room-out")

    def evening(self):
        self.say("Evening: they leave as they came")
        self.walk("O-1", "s3-inner-out", "s3-outer-out", "s2-inner-out", "s2-outer-out", "s1-inner-out", "s1-outer-out",
                  "main-out")
        for who in ("S-1", "S-3", "I-1", "V-1", "O-2", "O-3", "O-4"):
            self.walk(who, "s1-inner-out", "s1-outer-out", "main-out")
        for who in ("S-2", "S-4", "O-5", "O-6"):
            self.walk(who, "main-out")
        if self.granted:
            self.site.ask("level", "revoke", self.number("V-1"), "counsel", by="gil")
        roll = {person["number"] for person in self.site.rows("roll")}
        here = [who for who in sorted(self.came) if self.number(who) in roll]
        if here:
            raise Failed(f"{', '.join(here)}: still inside")


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    try:
        site = Site(*sys.argv[1:4], sys.argv[4] if len(sys.argv) == 5 else HERE / "people.csv")
        try:
            Day(site).run()
        finally:
            site.close()
    except Failed as why:
        sys.exit(f"day: {why}")


if __name__ == "__main__":
    main()

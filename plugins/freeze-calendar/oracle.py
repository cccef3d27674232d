"""Answers the questions of the comparison in `src/tests/compare.rs`, by other means.

Recurrence comes from python-dateutil, zones from zoneinfo with the data of the package tzdata. What
neither of them decides (how a window is written, what an occurrence is, when releases are open) is
written here a second time, from README.md and not from the plugin's code.

One JSON document comes in on standard input, and one goes out.
"""

import bisect
import json
import os
import re
import sys
import zoneinfo
from datetime import date, datetime, timedelta, timezone

import tzdata
from dateutil.rrule import DAILY, MO, WEEKLY, rrule, rrulestr

UTC = timezone.utc
EPOCH = datetime(1970, 1, 1)
DAY = timedelta(days=1)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CODES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
AHEAD_SECONDS = 5 * 366 * 86_400


def instant(local, zone):
    """The instant of a local time: the first of two, and in a gap by the offset before it.

    Found by the way back, from instants to local times. zoneinfo's own way there (fold=0) says the
    same, but for the last tabulated change of a zone whose rule for later years would have put a
    change there: 2023-10-28T23:30 in America/Nuuk gets an offset that the zone never had that day.
    """
    seconds = int((local - EPOCH).total_seconds())
    before, after = offset(seconds - 26 * 3600, zone), offset(seconds + 26 * 3600, zone)
    found = [seconds - ahead for ahead in (before, after) if offset(seconds - ahead, zone) == ahead]
    return min(found) if found else seconds - before


def local_time(seconds, zone):
    moment = datetime.fromtimestamp(seconds, zoneinfo.ZoneInfo(zone))
    return moment.replace(tzinfo=None, fold=0)


def offset(seconds, zone):
    moment = datetime.fromtimestamp(seconds, zoneinfo.ZoneInfo(zone))
    return int(moment.utcoffset().total_seconds())


def clock(text):
    """A time of the day as a span since midnight."""
    parts = [int(part) for part in text.split(":")]
    return timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2] if len(parts) > 2 else 0)


def weekday(text):
    return WEEKDAYS.index(text.lower()[:3])


def until_of(rule, zone):
    """Which starts an UNTIL lets through."""
    found = re.search(r"UNTIL=([0-9TZ]+)", rule)
    if not found:
        return lambda _: True
    text = found[1]
    if len(text) == 8:
        last = datetime.strptime(text, "%Y%m%d").date()
        return lambda start: start.date() <= last
    if text.endswith("Z"):
        last = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        return lambda start: instant(start, zone) <= last
    last = datetime.strptime(text, "%Y%m%dT%H%M%S")
    return lambda start: start <= last


def counted(part, parts):
    """BYDAY with every weekday counted, as soon as one is.

    dateutil lets a day pass only if it is both a plain weekday and a counted one of a mixed list;
    RFC 5545 means either.
    """
    days = part.removeprefix("BYDAY=").split(",")
    if all(len(day) == 2 for day in days) or all(len(day) > 2 for day in days):
        return part
    is_year = "FREQ=YEARLY" in parts and not any(part.startswith("BYMONTH=") for part in parts)
    most = 53 if is_year else 5
    every = range(1, most + 1)
    days = [day if len(day) > 2 else ",".join(f"{number}{day}" for number in every) for day in days]
    return "BYDAY=" + ",".join(days)


def rule_starts(start, rule, zone):
    """The starts of a rule, the first one included: its COUNT and UNTIL are applied here."""
    count = re.search(r"COUNT=(\d+)", rule)
    count = int(count[1]) if count else None
    allowed = until_of(rule, zone)
    parts = [part for part in rule.split(";") if not part.startswith(("COUNT=", "UNTIL="))]
    parts = [counted(part, parts) if part.startswith("BYDAY=") else part for part in parts]
    begin = start
    if "FREQ=WEEKLY" in parts and any(part.startswith("BYSETPOS=") for part in parts):
        # BYSETPOS picks among a whole week; dateutil would begin the first week at the start.
        week_start = next((part[5:] for part in parts if part.startswith("WKST=")), "MO")
        if not any(part.startswith("BYDAY=") for part in parts):
            parts.append("BYDAY=" + CODES[start.weekday()])
        begin -= DAY * ((start.weekday() - CODES.index(week_start)) % 7)
    number = 0
    is_first = True
    for found in rrulestr(";".join(parts), dtstart=begin):
        if found < start:
            continue
        candidates = [found]
        if is_first and found != start:
            candidates.insert(0, start)
        is_first = False
        for candidate in candidates:
            if not allowed(candidate) or (count is not None and number >= count):
                return
            number += 1
            yield candidate


def window_starts(window, zone, near):
    """The length of a window by the clock, and its starts in order."""
    if window.get("weekly"):
        weekly = window["weekly"]
        (from_day, from_time), (to_day, to_time) = (
            weekly["from"].split(), weekly["to"].split()
        )
        begin = weekday(from_day) * DAY + clock(from_time)
        length = (weekday(to_day) * DAY + clock(to_time) - begin) % (7 * DAY)
        monday = datetime.combine(near.date(), datetime.min.time()) - DAY * (near.weekday() + 21)
        return length, rrule(WEEKLY, dtstart=monday + begin, wkst=MO)
    if window.get("daily"):
        daily = window["daily"]
        begin, end = clock(daily["from"]), clock(daily["to"])
        length = end - begin if end > begin else end + DAY - begin
        days = [weekday(day) for day in daily.get("days", [])] or list(range(7))
        first = datetime.combine(near.date(), datetime.min.time()) - 10 * DAY
        return length, rrule(DAILY, dtstart=first + begin, byweekday=days)
    if window.get("first-day"):
        start = datetime.fromisoformat(window["first-day"])
        last = datetime.fromisoformat(window.get("last-day") or window["first-day"])
        length = last + DAY - start
    else:
        start = datetime.fromisoformat(window["start"])
        length = datetime.fromisoformat(window["end"]) - start
    if window.get("rule"):
        return length, rule_starts(start, window["rule"], zone)
    return length, iter([start])


def occurrences(window, default_zone, low, high):
    """The occurrences that end after `low` and begin before `high`."""
    zone = window.get("zone") or default_zone
    near = local_time(low, zone)
    length, starts = window_starts(window, zone, near)
    excepted = {date.fromisoformat(day) for day in window.get("except", [])}
    found = []

    def add(start):
        if start.date() in excepted:
            return
        begin = instant(start, zone)
        end = instant(start + length, zone)
        if end <= begin:
            # A gap has moved the start past the end: the occurrence keeps its length.
            end = begin + int(length.total_seconds())
        if end > low and begin < high:
            found.append((begin, end))

    latest = local_time(high, zone) + 3 * DAY
    first = None
    for start in starts:
        first = first or start
        if start > latest:
            break
        if start + length + 3 * DAY > near:
            add(start)
    for day in window.get("also", []):
        time = datetime.fromisoformat(window.get("start") or window["first-day"]).time()
        add(datetime.combine(date.fromisoformat(day), time))
    return sorted(found)


class Union:
    """The moments that some of the intervals hold."""

    def __init__(self, intervals):
        self.edges = []
        for begin, end in sorted(intervals):
            if self.edges and begin <= self.edges[-1]:
                self.edges[-1] = max(self.edges[-1], end)
            else:
                self.edges += [begin, end]

    def __contains__(self, moment):
        # An odd number of edges up to a moment means that an interval is open there.
        return bisect.bisect_right(self.edges, moment) % 2 == 1


def state(settings, zone, now):
    """Whether releases are open, and when they open next: looked for nearby first."""
    for ahead in (20 * 86_400, 400 * 86_400, AHEAD_SECONDS):
        high = now + ahead
        deny, allow = (
            Union(
                item for window in settings[key] for item in occurrences(window, zone, now, high)
            )
            for key in ("deny", "allow")
        )

        def is_open(moment):
            return moment not in deny and (not settings["allow"] or moment in allow)

        if is_open(now):
            return True, None
        # Releases can open only where a deny window ends or an allow window begins.
        for moment in sorted(deny.edges[1::2] + allow.edges[::2]):
            if now < moment < high and is_open(moment):
                return False, moment
    return False, None


def schedule(case):
    settings = case["settings"]
    zone = settings.get("zone") or "UTC"
    now = case["at"]
    is_open, opens = state(settings, zone, now)
    low, high = now - 20 * 86_400, now + 300 * 86_400
    return {
        "open": is_open,
        "next": opens,
        "occurrences": [
            occurrences(window, zone, low, high)[: case["shown"]]
            for window in settings["deny"] + settings["allow"]
        ],
    }


def main():
    zoneinfo.reset_tzpath([])
    questions = json.load(sys.stdin)
    answers = {
        "release": tzdata.IANA_VERSION,
        "zones": sorted(zoneinfo.available_timezones()),
        "offsets": [
            [offset(seconds, item["zone"]) for seconds in item["instants"]]
            for item in questions["offsets"]
        ],
        "instants": [
            [instant(EPOCH + timedelta(seconds=local), item["zone"]) for local in item["locals"]]
            for item in questions["instants"]
        ],
        "schedules": [schedule(case) for case in questions["schedules"]],
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    assert "PYTHONTZPATH" not in os.environ or not os.environ["PYTHONTZPATH"]
    main()

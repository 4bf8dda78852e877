"""Times that an instructor writes, such as a due date: read without guessing, and said back in words.

A time is ISO 8601. One without an offset or a zone is in the course's zone: `c.Course.timezone` in nbgrader_config.py,
or else the zone of this machine, with summer time as it is on that date.
"""

import difflib
import os
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from helpers.language.message import Message, message

if TYPE_CHECKING:  # nbgrader takes a second to import, and a learner's commands do without
    from helpers.classroom.course import Course

_FORM = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?)?"
    r"(?: (?P<zone>[A-Za-z+-]\S*))?"
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?", re.ASCII)

#: The offsets that are in use: +19:00 is a slip of the pen.
_OFFSETS = range(-12 * 60, 14 * 60 + 1)

#: Names in the tz database that people take for an offset, as CET in summer, and two that name no place.
_NOT_ACCEPTED = {"CET", "EET", "EST", "HST", "MET", "MST", "WET", "Factory", "localtime"}

#: The same in every locale, unlike those of `strftime`.
_DAYS = (
    *(message("Monday"), message("Tuesday"), message("Wednesday"), message("Thursday"), message("Friday")),
    *(message("Saturday"), message("Sunday")),
)
_MONTHS = (
    *(message("January"), message("February"), message("March"), message("April"), message("May"), message("June")),
    *(message("July"), message("August"), message("September"), message("October"), message("November")),
    message("December"),
)

#: Units of time [minutes], one of each, and several.
_LENGTHS = (
    (24 * 60, message("1 day"), Message("{count} days")),
    (60, message("1 hour"), Message("{count} hours")),
    (1, message("1 minute"), Message("{count} minutes")),
)


def course_zone(course: "Course") -> ZoneInfo | None:
    """Return the zone of times that name none: the course's, or that of this machine, None if it has no name.

    Raises:
        ValueError: nbgrader_config.py names a zone that does not exist.
    """
    setting = course.config.Course.get("timezone")
    if setting is None:
        return _machine_zone()
    try:
        return _find_zone(str(setting))
    except ValueError as error:
        raise ValueError(
            f"{error}: write one such as Asia/Seoul as `c.Course.timezone` in nbgrader_config.py, or remove that line "
            "to use the zone of this machine."
        ) from None


def read_time(text: str, zone: tzinfo | None) -> datetime:
    """Return the time that a text says, in its time zone; a date alone is the end of that day.

    Args:
        text: ISO 8601, with T or a space, and with an offset (+09:00, Z) or a zone of the tz database where needed.
        zone: of a text that names none; None is that of this machine.

    Raises:
        ValueError: it is not a time, or the clocks of its zone show it twice or never.
    """
    if not (match := _FORM.fullmatch(" ".join(text.split()))):
        raise ValueError(_refusal(text))
    try:
        zone = _read_zone(match["offset"], match["zone"]) or zone
        local = _read_local(match["day"], match["clock"])
        # Not by `astimezone`, which takes the other offset for a time that the clocks of this machine skip.
        seconds = [local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)]
        first, second = (datetime.fromtimestamp(number, UTC) for number in seconds)
        found = second.astimezone(zone)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(_refusal(text, str(error))) from None
    if first == second or (first < second and not match["clock"]):  # the end of a day is the later of the two
        return found
    raise ValueError(_ambiguity(text, local, first, second))


def in_words(moment: datetime, now: datetime | None = None) -> str:
    """Return a time as people say it: “Tuesday, 1 December 2026, 23:59 (Asia/Seoul, UTC+09:00), in 4 days”.

    Args:
        moment: with a time zone.
        now: the present, unless a test has another.
    """
    weekday, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    day = message("{weekday}, {day} {month} {year}", weekday=weekday, day=moment.day, month=month, year=moment.year)
    clock = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    zone = moment.tzinfo.key if isinstance(moment.tzinfo, ZoneInfo) else moment.tzname()
    offset = f"UTC{_offset_of(moment)}"
    distance = _distance(moment - (now or datetime.now(UTC)))
    return f"{day}, {clock} ({offset if zone == offset else f'{zone}, {offset}'}), {distance}"


def as_text(moment: datetime) -> str:
    """Return a time as `read_time` reads it: with its zone, or its offset where that has no name or is ambiguous."""
    local = moment.replace(tzinfo=None).isoformat(" ", "auto" if moment.second or moment.microsecond else "minutes")
    named = f"{local} {moment.tzinfo.key}" if isinstance(moment.tzinfo, ZoneInfo) else ""
    with suppress(ValueError):
        if read_time(named, None) == moment:
            return named
    return f"{local}{_offset_of(moment)}"


def is_past(moment: datetime) -> bool:
    """Return whether a time with a time zone is over."""
    return moment < datetime.now(UTC)


def _distance(gap: timedelta) -> str:
    minutes, length = int(abs(gap).total_seconds()) // 60, message("less than a minute")
    for size, one, several in reversed(_LENGTHS):
        if count := minutes // size:
            length = one if count == 1 else replace(several, values={"count": count})
    return str(message("in {length}" if gap >= timedelta() else "{length} ago", length=length))


def _offset_of(moment: datetime) -> str:
    """Its offset from UTC, as in +09:00; strftime has this form from Python 3.12 on."""
    digits = f"{moment:%z}"
    return ":".join((digits[:3], digits[3:5], digits[5:])).rstrip(":")


# --- reading ----------------------------------------------------------------------------------------------------------


def _read_local(day: str, clock: str | None) -> datetime:
    """The date and time, without a zone."""
    if re.fullmatch(r"24:00(:00)?", clock or ""):  # in ISO 8601, the midnight at the end of a day
        return datetime.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(datetime.fromisoformat(day), time.fromisoformat(clock or "23:59:59"))


def _read_zone(offset: str | None, word: str | None) -> tzinfo | None:
    """The zone that a text names, by an offset or as a word after a space; None if by neither."""
    if offset and word:
        raise ValueError("it has an offset and a word after it")
    if not (name := offset or word):
        return None
    if name == "Z":
        return UTC
    if not (match := _OFFSET.fullmatch(name)):
        return _find_zone(name)
    minutes = int(f"{match['sign']}1") * (60 * int(match["hours"]) + int(match["minutes"] or 0))
    if minutes not in _OFFSETS or int(match["minutes"] or 0) > 59:
        raise ValueError(f"no place has the offset {name}")
    return timezone(timedelta(minutes=minutes))


def _find_zone(name: str) -> ZoneInfo:
    known = available_timezones() - _NOT_ACCEPTED
    if name in known:
        return ZoneInfo(name)
    if re.fullmatch(r"[A-Z]{3,5}", name):
        raise ValueError(f"{name} is an abbreviation, which can mean several zones")
    folded = {zone.casefold(): zone for zone in known}
    similar = difflib.get_close_matches(name.casefold(), folded, n=1)
    hint = f" (did you mean {folded[similar[0]]}?)" if similar else ""
    raise ValueError(f"{name!r} is not a zone of the tz database{hint}")


def _machine_zone() -> ZoneInfo | None:
    """The zone of this machine by its name in the tz database, if it has one; Python itself knows its rules only."""
    if (name := os.environ.get("TZ")) is None:
        with suppress(OSError):
            name = os.readlink("/etc/localtime").rpartition("zoneinfo/")[2]
    with suppress(ValueError):
        return _find_zone(name.removeprefix(":")) if name else None
    return None


# --- refusing ---------------------------------------------------------------------------------------------------------


def _refusal(text: str, why: str = "") -> str:
    return (
        f"{text!r} is not a time{why and f': {why}'}; write it as 2026-12-01 23:59, where needed with a zone or an "
        "offset: 2026-12-01 23:59 Asia/Seoul, 2026-12-01 23:59+09:00."
    )


def _ambiguity(text: str, local: datetime, first: datetime, second: datetime) -> str:
    """What is wrong with a time at which the clocks change, and what to write: the offset of before or of after."""
    shown = local.isoformat(" ", "auto" if local.second or local.microsecond else "minutes")
    offsets = [timezone(local - moment.replace(tzinfo=None)) for moment in (first, second)]
    before, after = (f"{shown}{_offset_of(local.replace(tzinfo=offset))}" for offset in offsets)
    times = "twice" if first < second else "never"
    return f"{text!r} is ambiguous: the clocks change then and show it {times}; write {before} or {after}."

"""Times that an instructor writes: what is understood, what is refused, and how it is said back."""

import calendar
import locale
import os
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from traitlets.config import Config

from helpers.classroom.administration.times import course_zone, in_words, is_past, read_time
from helpers.classroom.course import Course

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 20, tzinfo=UTC)


@pytest.fixture
def machine(monkeypatch):
    """A function that sets the zone of this machine."""

    def set_zone(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01 23:59", "2026-12-01T23:59:00+09:00"),
        ("2026-12-01T23:59", "2026-12-01T23:59:00+09:00"),
        ("  2026-12-01   23:59:30 ", "2026-12-01T23:59:30+09:00"),
        ("2026-12-01 23:59:30.25", "2026-12-01T23:59:30.250000+09:00"),
        ("2026-12-01", "2026-12-01T23:59:59+09:00"),
        ("2026-12-01 Europe/Berlin", "2026-12-01T23:59:59+01:00"),
        ("2026-12-01 Z", "2026-12-01T23:59:59+00:00"),
        ("2026-12-01 24:00", "2026-12-02T00:00:00+09:00"),
        ("2026-12-01 23:59+01:00", "2026-12-01T23:59:00+01:00"),
        ("2026-12-01 23:59 +01:00", "2026-12-01T23:59:00+01:00"),
        ("2026-12-01T23:59-0330", "2026-12-01T23:59:00-03:30"),
        ("2026-12-01T23:59+05:45", "2026-12-01T23:59:00+05:45"),
        ("2026-12-01T14:59:00Z", "2026-12-01T14:59:00+00:00"),
        ("2026-12-01 23:59 UTC", "2026-12-01T23:59:00+00:00"),
        ("2026-12-01 23:59 America/New_York", "2026-12-01T23:59:00-05:00"),
        ("2026-07-01 23:59 America/New_York", "2026-07-01T23:59:00-04:00"),
        ("2026-07-01T23:59 America/Argentina/Buenos_Aires", "2026-07-01T23:59:00-03:00"),
        ("2028-02-29 00:00", "2028-02-29T00:00:00+09:00"),
    ],
)
def test_a_time_is_that_moment(text, moment):
    assert read_time(text, SEOUL).isoformat() == moment


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "soon", "tomorrow", "12", "1.12.2026", "01.12.2026 23:59", "12/01/2026", "1 December 2026"),
        *("2026/12/01", "2026-12", "2026-1-2", "26-12-01", "20261201", "20261201T2359", "2026-W49-2", "2026-335"),
        *("2026-12-01 23", "2026-12-01 2359", "2026-12-01 9:00", "2026-12-01_23:59", "2026-12-01 11:59 PM"),
        *(
            "2026-13-01",
            "2026-02-30",
            "2027-02-29 12:00",
            "2026-12-01 24:01",
            "2026-12-01 23:60",
            "2026-12-01 23:59:60",
        ),
        *("2026-12-01 23:59:60", "2026-12-01 23:59 KST", "2026-12-01 23:59 CET", "2026-12-01 23:59 EST"),
        *("2026-12-01 23:59 UTC+9", "2026-12-01 23:59 Seoul", "2026-12-01 23:59 Asia", "2026-12-01 23:59 ../UTC"),
        *("2026-12-01 23:59 localtime", "2026-12-01 23:59+19:00", "2026-12-01 23:59+09:75", "2026-12-01 23:59+9"),
        *("2026-12-01 23:59+０９:00", "2026-12-01 2３:59"),
        *("2026-12-01-05:00", "2026-12-01 23:59+09:00 Asia/Seoul", "2026-12-01 23:59 Asia/Seoul!"),
        *(
            "9999-12-31 23:59 -05:00",
            "２０２６-12-01",
            "2026-12-01\0",
            "99999999999999999999",
            "2026-12-01 23:59 2026-12-02 23:59",
        ),
    ],
)
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"is not a time.*; write it as 2026-12-01 23:59, .*Asia/Seoul") as refusal:
        read_time(text, SEOUL)
    assert str(refusal.value).startswith(repr(text))


def test_the_reason_is_said_where_there_is_one():
    for text, reason in {
        "2026-02-30": "day is out of range for month",
        "2026-12-01 23:59 KST": "KST is an abbreviation, which can mean several zones",
        "2026-12-01 23:59 asia/seoul": "'asia/seoul' is not a zone of the tz database (did you mean Asia/Seoul?)",
        "2026-12-01 23:59+19:00": "no place has the offset +19:00",
    }.items():
        with pytest.raises(ValueError) as refusal:
            read_time(text, SEOUL)
        assert f"is not a time: {reason}; write it as" in str(refusal.value)


#: By what the clocks of Berlin do: a time then, and the two that it may stand for.
CHANGES = {
    "never": ("2027-03-28 02:30", "2027-03-28 02:30+01:00", "2027-03-28 02:30+02:00"),
    "twice": ("2026-10-25 02:30:15", "2026-10-25 02:30:15+02:00", "2026-10-25 02:30:15+01:00"),
}


@pytest.mark.parametrize("times", CHANGES)
@pytest.mark.parametrize("zone", [BERLIN, None], ids=["the course's zone", "the machine's zone"])
def test_a_time_at_which_the_clocks_change_is_refused_with_both_offsets(machine, times, zone):
    machine("Europe/Berlin")
    text, first, second = CHANGES[times]
    with pytest.raises(ValueError) as refusal:
        read_time(text, zone)
    assert str(refusal.value) == (
        f"{text!r} is ambiguous: the clocks change then and show it {times}; write {first} or {second}."
    )
    assert abs(read_time(first, zone) - read_time(second, zone)) == timedelta(hours=1)


def test_the_end_of_a_day_whose_last_hour_comes_twice_is_the_later():
    assert read_time("2026-10-24", ZoneInfo("Asia/Beirut")).isoformat() == "2026-10-24T23:59:59+02:00"


# --- the zone of a time without one -----------------------------------------------------------------------------------


def course_with(folder, **settings):
    """Return a course whose nbgrader_config.py has these lines."""
    return Course(folder, Config(Course=settings))


def test_the_machine_s_zone_has_the_summer_time_of_the_date(machine, tmp_path):
    for name in ("America/New_York", ":America/New_York", "EST5EDT,M3.2.0,M11.1.0"):
        machine(name)
        zone = course_zone(course_with(tmp_path))
        found = [read_time(f"{day} 12:00", zone).isoformat()[-6:] for day in ("2026-12-01", "2026-07-01")]
        assert found == ["-05:00", "-04:00"]


@pytest.mark.parametrize("name", ["Asia/Seoul", ":Asia/Seoul", None])
def test_the_machine_s_zone_has_its_name_in_the_tz_database(monkeypatch, tmp_path, name):
    monkeypatch.setattr(os, "readlink", {"/etc/localtime": "../usr/share/zoneinfo/Asia/Seoul"}.__getitem__)
    monkeypatch.setenv("TZ", name) if name else monkeypatch.delenv("TZ", raising=False)
    assert course_zone(course_with(tmp_path)) == SEOUL


def test_the_setting_goes_before_the_machine_s_zone(machine, tmp_path):
    machine("America/New_York")
    assert course_zone(course_with(tmp_path, timezone="Asia/Seoul")) == SEOUL


@pytest.mark.parametrize("setting", ["KST", "Asia/Seul", "", 9, "/etc/localtime", "+09:00"])
def test_a_setting_that_is_no_zone_is_refused(tmp_path, setting):
    with pytest.raises(ValueError, match=r"write one such as Asia/Seoul as `c.Course.timezone` in nbgrader_config.py"):
        course_zone(course_with(tmp_path, timezone=setting))


# --- said back --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-12-01 23:59", "Tuesday, 1 December 2026, 23:59 (Asia/Seoul, UTC+09:00), in 4 days"),
        ("2026-12-01", "Tuesday, 1 December 2026, 23:59:59 (Asia/Seoul, UTC+09:00), in 4 days"),
        ("2026-11-27 23:59+05:45", "Friday, 27 November 2026, 23:59 (UTC+05:45), in 22 hours"),
        ("2026-11-27 21:00Z", "Friday, 27 November 2026, 21:00 (UTC, UTC+00:00), in 1 day"),
        ("2026-11-26 20:01 UTC", "Thursday, 26 November 2026, 20:01 (UTC, UTC+00:00), in 1 minute"),
        ("2026-11-26 20:00 UTC", "Thursday, 26 November 2026, 20:00 (UTC, UTC+00:00), in less than a minute"),
        (
            "2026-02-28 12:00 America/New_York",
            "Saturday, 28 February 2026, 12:00 (America/New_York, UTC-05:00), 271 days ago",
        ),
    ],
)
def test_a_time_is_said_in_words(text, words):
    assert in_words(read_time(text, SEOUL), NOW) == words


def test_a_zone_without_a_name_is_said_by_its_abbreviation(machine):
    machine("KST-9")
    assert in_words(read_time("2026-12-01 23:59", None), NOW).endswith("23:59 (KST, UTC+09:00), in 4 days")


@pytest.fixture(params=["de_DE.UTF-8", "ko_KR.UTF-8"])
def foreign_locale(request):
    """A locale with other names of days, where this machine has it."""
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, request.param)
    except locale.Error:
        pytest.skip(f"this machine has no {request.param}")
    yield
    locale.setlocale(locale.LC_TIME, before)


def test_the_words_are_english_in_every_locale(foreign_locale):
    assert in_words(NOW, NOW).startswith("Thursday, 26 November 2026, ")


def test_days_and_months_are_those_of_the_calendar():
    for day in range(366):
        moment = datetime(2028, 1, 1, tzinfo=UTC) + timedelta(days=day)
        name, date, _ = in_words(moment).split(", ", 2)
        assert name == calendar.day_name[moment.weekday()]
        assert date == f"{moment.day} {calendar.month_name[moment.month]} 2028"


def test_what_is_over_is_past():
    now = datetime.now(SEOUL)
    assert [is_past(now + timedelta(minutes=minutes)) for minutes in (-1, 1)] == [True, False]

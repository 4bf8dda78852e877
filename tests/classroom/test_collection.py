"""Submissions are taken complete, from the right person, and nothing outside is read through them."""

import contextlib
import io
import json
import os
import pwd
import shutil
import stat
import struct
import threading
import time
import warnings
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Student
from nbgrader.apps.api import NbGraderAPI
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeCollect, ExchangeSubmit

from helpers.checks.notebook_file import LARGEST_FILE
from helpers.classroom.administration import exchange, submitted_files
from helpers.classroom.administration.collection import Collected, collect
from helpers.classroom.administration.download import find_in_download, opened_download
from helpers.classroom.administration.groups import write_groups

NAME = "09_small"
ME = pwd.getpwuid(os.getuid()).pw_name
OTHER = next(user for user in pwd.getpwall() if user.pw_uid not in (0, os.getuid()))
THIRD = next(user for user in pwd.getpwall() if user.pw_uid not in (0, os.getuid(), OTHER.pw_uid))
SECRET = "the instructor's own file"


def notebook(answer="x = 1"):
    """Return the text of a notebook."""
    cell = {"cell_type": "code", "source": answer, "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def now(**ago):
    """Return a time in UTC, in nbgrader's form."""
    return f"{datetime.now(UTC) - timedelta(**ago):%Y-%m-%d %H:%M:%S.%f} UTC"


@pytest.fixture
def secret(tmp_path):
    """A file that no submission may lead to."""
    path = tmp_path / "secret.ipynb"
    path.write_text(notebook(SECRET))
    return path


@pytest.fixture
def course(blank_course, tmp_path):
    """A course with an exchange, and with three students in its class list."""
    blank_course.config.CourseDirectory.course_id = "deep"
    blank_course.config.Exchange.root = str(tmp_path / "exchange")
    blank_course.directory = CourseDirectory(config=blank_course.config)
    (tmp_path / "exchange/deep/inbound").mkdir(parents=True)
    with blank_course.gradebook() as gradebook:
        gradebook.add_student("ada", first_name="Ada", last_name="Lovelace", email="ada@x.org", lms_user_id="501")
        gradebook.add_student("bob", first_name="Bob", last_name="O'Brien", lms_user_id="502")
        gradebook.add_student("cem", first_name="Cem", last_name="Yılmaz")
    return blank_course


@pytest.fixture
def inbound(course, tmp_path):
    """The folder that students hand in to."""
    return tmp_path / "exchange/deep/inbound"


def hand_in(inbound, user=ME, text=None, at=None, name=f"{NAME}.ipynb", owner=None):
    """Put a submission into the exchange, and return its folder."""
    folder = inbound / f"{user}+{NAME}+{at or now()}+{os.urandom(6).hex()}"
    folder.mkdir()
    (folder / name).write_text(text or notebook())
    (folder / "timestamp.txt").write_text(at or now())
    if owner is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner, -1)
    return folder


def taken(course, student=ME):
    """Return the names and texts of what was collected from a student."""
    folder = course.folder("submitted", NAME, student)
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.exists() else {}


def answer(course, student=ME):
    """Return the answer in a student's collected notebook."""
    return json.loads(taken(course, student)[f"{NAME}.ipynb"])["cells"][0]["source"]


def everything(course):
    """Return all bytes that collecting has written."""
    return b"".join(path.read_bytes() for path in course.folder("submitted", NAME).rglob("*") if path.is_file())


def reasons(report):
    """Return why something was refused."""
    return [reason for _, reason in report.refused]


# --- the exchange -----------------------------------------------------------------------------------------------------


def test_a_submission_is_in_nbgraders_place_with_its_time(course, inbound):
    at = now(seconds=2)
    hand_in(inbound, at=at)
    report = collect(course, NAME)
    assert taken(course) == {f"{NAME}.ipynb": notebook(), "timestamp.txt": at}
    assert course.submitted(NAME) == {ME: course.root / f"build/submitted/{ME}/{NAME}/{NAME}.ipynb"}
    assert str(report) == (
        "Collected: 1 new, 0 updated; 0 were there already.\n"
        f"Not in the class list: {ME}.\n"
        "Nothing from 3 of the class: ada, bob, cem."
    )


def test_what_nbgraders_own_submit_hands_in_is_collected(course, inbound, tmp_path):
    work = tmp_path / NAME
    work.mkdir()
    (work / f"{NAME}.ipynb").write_text(notebook())
    (inbound.parent / "outbound" / NAME).mkdir(parents=True)
    course.config.CourseDirectory.assignment_id = NAME
    course.config.Exchange.assignment_dir = str(tmp_path)
    course.config.Exchange.cache = str(tmp_path / "cache")
    directory = CourseDirectory(config=course.config)
    ExchangeSubmit(coursedir=directory, authenticator=Authenticator(config=course.config), config=course.config).start()
    assert collect(course, NAME).collected == [ME]
    assert answer(course) == "x = 1"


def test_only_the_notebook_is_taken_and_the_secret_that_its_feedback_is_found_by(course, inbound):
    folder = hand_in(inbound)
    (folder / "numpy.py").write_text("raise SystemExit")
    (folder / "submission_secret.txt").write_text("0f" * 64)
    collect(course, NAME)
    assert taken(course).keys() == {f"{NAME}.ipynb", "timestamp.txt", "submission_secret.txt"}
    assert taken(course)["submission_secret.txt"] == "0f" * 64


@pytest.mark.parametrize("text", ["0f" * 63, "0f" * 64 + "\n", "../" * 40 + "secret01", "", "é" * 128])
def test_what_is_not_a_secret_is_not_taken(course, inbound, text):
    (hand_in(inbound) / "submission_secret.txt").write_text(text)
    collect(course, NAME)
    assert taken(course).keys() == {f"{NAME}.ipynb", "timestamp.txt"}


def test_a_secret_behind_a_symlink_is_not_taken(course, inbound, tmp_path):
    (tmp_path / "key").write_text("0f" * 64)
    (hand_in(inbound) / "submission_secret.txt").symlink_to(tmp_path / "key")
    collect(course, NAME)
    assert taken(course).keys() == {f"{NAME}.ipynb", "timestamp.txt"}


def test_only_the_instructor_may_enter_a_collected_folder_and_in_a_shared_course_the_group(course, inbound):
    for shared, mode in {False: 0o700, True: 0o2770}.items():
        course.directory.groupshared = shared
        hand_in(inbound, text=notebook(f"shared = {shared}"), at=now(seconds=60 - shared))
        collect(course, NAME)
        assert course.folder("submitted", NAME, ME).stat().st_mode & 0o7777 == mode


def test_the_log_has_neither_the_name_of_a_submissions_folder_nor_its_secret(course, inbound, caplog):
    folder = hand_in(inbound)
    (folder / "submission_secret.txt").write_text("0f" * 64)
    with caplog.at_level("DEBUG", logger="helpers"):
        collect(course, NAME)
    assert f"{ME} submitted at" in caplog.text
    assert folder.name not in caplog.text
    assert "0f0f" not in caplog.text


def test_a_dry_run_reads_everything_and_writes_nothing(course, inbound, secret):
    hand_in(inbound)
    report = collect(course, NAME, dry_run=True)
    assert (report.collected, str(report)[:18]) == ([ME], "Would be collected")
    assert not (course.root / "build").exists()


def test_a_submission_in_anothers_name_is_refused(course, inbound):
    hand_in(inbound, user="ada")
    report = collect(course, NAME)
    assert reasons(report) == [f"was handed in as ada, but belongs to {ME}"]
    assert not report.complete
    assert taken(course, "ada") == {}


def test_the_stock_exchange_takes_it_and_follows_a_symlink(course, inbound, secret):
    folder = hand_in(inbound, user="ada")
    (folder / "more.ipynb").symlink_to(secret)
    course.config.CourseDirectory.assignment_id = NAME
    ExchangeCollect(coursedir=CourseDirectory(config=course.config), config=course.config).start()
    assert SECRET in taken(course, "ada")["more.ipynb"]


def test_formgraders_button_collects_as_make_collect_does(course, inbound, secret):
    forged, own = hand_in(inbound, user="ada"), hand_in(inbound)
    (forged / "more.ipynb").symlink_to(secret)
    (own / "numpy.py").write_text("")
    outcome = NbGraderAPI(CourseDirectory(config=course.config), config=course.config).collect(NAME)
    assert outcome["success"], outcome["log"]
    assert f"Refused: {forged.name} was handed in as ada, but belongs to {ME}." in outcome["log"]
    assert taken(course, "ada") == {}
    assert "numpy.py" not in taken(course)
    assert f"{NAME}.ipynb" in taken(course)


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to two users")


@needs_root
def test_a_user_can_submit_in_their_own_name_only(course, inbound):
    hand_in(inbound, OTHER.pw_name, notebook("mine"), owner=OTHER.pw_uid)
    hand_in(inbound, THIRD.pw_name, notebook("mine too"), owner=THIRD.pw_uid)
    hand_in(inbound, OTHER.pw_name, notebook("forged"), owner=THIRD.pw_uid)
    report = collect(course, NAME)
    assert sorted(report.collected) == sorted([OTHER.pw_name, THIRD.pw_name])
    assert reasons(report) == [f"was handed in as {OTHER.pw_name}, but belongs to {THIRD.pw_name}"]
    assert (answer(course, OTHER.pw_name), answer(course, THIRD.pw_name)) == ("mine", "mine too")


@needs_root
def test_a_notebook_that_someone_else_put_into_a_folder_is_refused(course, inbound):
    folder = hand_in(inbound, OTHER.pw_name, owner=OTHER.pw_uid)
    os.chown(folder / f"{NAME}.ipynb", THIRD.pw_uid, -1)
    assert reasons(collect(course, NAME)) == ["has a notebook that belongs to someone else"]


@needs_root
def test_a_second_notebook_that_someone_else_put_into_a_folder_does_not_count(course, inbound):
    folder = hand_in(inbound, OTHER.pw_name, notebook("mine"), name="renamed.ipynb", owner=OTHER.pw_uid)
    (folder / "other.ipynb").write_text(notebook("not mine"))
    os.chown(folder / "other.ipynb", THIRD.pw_uid, -1)
    collect(course, NAME)
    assert answer(course, OTHER.pw_name) == "mine"


@needs_root
def test_a_secret_that_someone_else_put_into_a_folder_is_not_taken(course, inbound):
    """They would find the feedback by it."""
    folder = hand_in(inbound, OTHER.pw_name, owner=OTHER.pw_uid)
    (folder / "submission_secret.txt").write_text("0f" * 64)
    os.chown(folder / "submission_secret.txt", THIRD.pw_uid, -1)
    assert collect(course, NAME).collected == [OTHER.pw_name]
    assert taken(course, OTHER.pw_name).keys() == {f"{NAME}.ipynb", "timestamp.txt"}


@needs_root
def test_a_user_who_is_gone_is_refused(course, inbound):
    hand_in(inbound, "ada", owner=4_000_000)
    assert reasons(collect(course, NAME)) == ["was handed in as ada, but belongs to the unknown user 4000000"]


@pytest.mark.parametrize("student", ["ada+rnn@x.org", "a+b+c", f"eve+{NAME}+2026-01-01 00:00:00 UTC"])
def test_a_plus_in_a_students_id_is_not_taken_for_the_one_after_it(course, inbound, student):
    course.config.ExchangeCollect.check_owner = False
    hand_in(inbound, user=student)
    assert collect(course, NAME).collected == [student]


def test_owners_are_not_compared_where_nbgrader_is_told_so_and_the_report_says_it(course, inbound):
    """In containers, where every student has one and the same user."""
    course.config.ExchangeCollect.check_owner = False
    hand_in(inbound, "ada")
    hand_in(inbound, "..")
    hand_in(inbound, ".")
    report = collect(course, NAME)
    assert report.collected == ["ada"]
    assert len(report.refused) == 2 and all("does not name a student: the id `." in each for each in reasons(report))
    assert any("were not checked" in note for note in report.notes)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path, secret: path.symlink_to(secret), "has a notebook that is a symlink"),
        (lambda path, secret: path.symlink_to("nowhere"), "has a notebook that is a symlink"),
        (lambda path, secret: path.hardlink_to(secret), "has a notebook that is a hard link: the same file has"),
        (lambda path, secret: os.mkfifo(path), "has a notebook that is not a regular file"),
        (lambda path, secret: path.mkdir(), "has a notebook that is not a regular file"),
        (lambda path, secret: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 101 << 20), "is larger than 100 MB"),
        (lambda path, secret: None, f"has no {NAME}.ipynb in it"),
    ],
    ids=["symlink", "dangling symlink", "hard link", "pipe", "folder", "too large", "missing"],
)
def test_what_only_seems_to_be_a_notebook_is_refused(course, inbound, secret, spoil, reason):
    folder = hand_in(inbound)
    (folder / f"{NAME}.ipynb").unlink()
    spoil(folder / f"{NAME}.ipynb", secret)
    report = collect(course, NAME)
    assert reason in reasons(report)[0]
    assert not (course.root / "build").exists()


def test_a_symlink_in_the_place_of_a_folder_is_not_followed(course, inbound, secret, tmp_path):
    (tmp_path / "outside").mkdir()
    shutil.copy(secret, tmp_path / "outside" / f"{NAME}.ipynb")
    (inbound / f"{ME}+{NAME}+{now()}").symlink_to(tmp_path / "outside")
    assert reasons(collect(course, NAME)) == ["is a symlink or not a folder"]


def test_a_timestamp_file_is_not_read(course, inbound, secret):
    at = now()
    folder = hand_in(inbound, at=at)
    (folder / "timestamp.txt").unlink()
    (folder / "timestamp.txt").symlink_to(secret)
    collect(course, NAME)
    assert taken(course)["timestamp.txt"] == at


def test_a_refused_submission_leaves_the_one_before_it(course, inbound):
    hand_in(inbound, text=notebook("first"), at=now(seconds=60))
    (hand_in(inbound) / f"{NAME}.ipynb").unlink()
    report = collect(course, NAME)
    assert (report.collected, len(report.refused), answer(course)) == ([ME], 1, "first")


def test_a_single_notebook_of_another_name_is_taken_and_reported(course, inbound):
    hand_in(inbound, name="my work.ipynb")
    assert f"{ME}: `my work.ipynb` was taken as {NAME}.ipynb." in collect(course, NAME).notes
    assert answer(course) == "x = 1"


def test_a_notebook_whose_name_is_in_capitals_is_taken_and_reported(course, inbound):
    folder = hand_in(inbound, name="09_SMALL.IPYNB")
    (folder / "notes.ipynb").write_text(notebook("other"))
    assert f"{ME}: `09_SMALL.IPYNB` was taken as {NAME}.ipynb." in collect(course, NAME).notes
    assert answer(course) == "x = 1"


def test_of_two_notebooks_of_other_names_none_is_guessed(course, inbound):
    (hand_in(inbound, name="one.ipynb") / "two.ipynb").write_text(notebook())
    assert reasons(collect(course, NAME)) == [f"has no {NAME}.ipynb in it, but 2 other notebooks"]


def test_another_assignments_submissions_stay(course, inbound):
    hand_in(inbound).rename(inbound / f"{ME}+08_other+{now()}")
    assert collect(course, NAME).collected == []


def test_a_name_cannot_steer_the_terminal(course, inbound):
    hand_in(inbound, user="\x1b[2Jada")
    assert str(collect(course, NAME)).isascii() is False
    assert "\x1b" not in str(collect(course, NAME))


def test_no_exchange_is_said_in_one_sentence(course, inbound):
    shutil.rmtree(inbound)
    with pytest.raises(ValueError, match=r"^The exchange has no folder .*inbound\."):
        collect(course, NAME)
    course.directory.course_id = ""
    with pytest.raises(ValueError, match=r"^There is no exchange: name the course"):
        collect(course, NAME)


# --- times ------------------------------------------------------------------------------------------------------------


def test_the_last_submission_is_taken_and_later_only_a_newer_one(course, inbound):
    hand_in(inbound, text=notebook("first"), at=now(seconds=90))
    hand_in(inbound, text=notebook("second"), at=now(seconds=60))
    assert collect(course, NAME).collected == [ME]
    assert answer(course) == "second"
    assert collect(course, NAME).unchanged == [ME]
    hand_in(inbound, text=notebook("third"), at=now(seconds=30))
    assert collect(course, NAME).updated == [ME]
    assert answer(course) == "third"


def test_an_earlier_submission_does_not_replace_a_later_one(course, inbound):
    late = hand_in(inbound, text=notebook("late"), at=now(seconds=10))
    collect(course, NAME)
    shutil.rmtree(late)
    hand_in(inbound, text=notebook("early"), at=now(seconds=60))
    assert collect(course, NAME).unchanged == [ME]
    assert answer(course) == "late"


@pytest.mark.parametrize("claim", [{"hours": 3}, {"hours": -3}], ids=["earlier", "later"])
def test_a_time_that_the_file_system_contradicts_is_replaced_by_its_own_and_reported(course, inbound, claim):
    folder = hand_in(inbound, at=now(**claim))
    os.utime(folder / f"{NAME}.ipynb", (0, 0))  # what a student can set back; the change time stays
    report = collect(course, NAME)
    written = datetime.strptime(taken(course)["timestamp.txt"], "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=1)
    assert any(note.startswith(f"{ME}: its name says") for note in report.notes)


@pytest.mark.parametrize("claim", [{"minutes": 4}, {"seconds": 20}, {"minutes": -4}], ids=["earlier", "a bit", "later"])
def test_a_time_that_the_file_system_hardly_contradicts_counts_and_is_reported(course, inbound, claim):
    hand_in(inbound, at=(at := now(**claim)))
    report = collect(course, NAME)
    assert taken(course)["timestamp.txt"] == at
    note, _ = report.notes
    assert note.startswith(f"{ME}: its name says {at[:19]}, its notebook was last changed at ")
    assert note.endswith("; the name counts; was a due date between the two?")


def test_the_seconds_that_submitting_takes_are_not_reported(course, inbound):
    hand_in(inbound, at=now(seconds=3))
    assert collect(course, NAME).notes == [f"Not in the class list: {ME}."]


def test_a_name_that_claims_a_later_time_does_not_come_last(course, inbound):
    hand_in(inbound, text=notebook("first"), at=now(hours=-3))
    hand_in(inbound, text=notebook("last"))
    collect(course, NAME)
    assert answer(course) == "last"


def test_a_change_after_handing_in_makes_it_later(course, inbound, monkeypatch):
    monkeypatch.setattr(exchange, "SLACK", timedelta(0))
    hand_in(inbound, at=now(seconds=30))
    assert any("was last changed" in note for note in collect(course, NAME).notes)


def test_timestamps_are_trusted_where_the_exchange_was_restored_from_a_backup(course, inbound):
    at = now(days=30)
    hand_in(inbound, at=at)
    assert collect(course, NAME, trust_timestamps=True).collected == [ME]
    assert taken(course)["timestamp.txt"] == at


@pytest.mark.parametrize("text", ["soon", "9" * 200, "2026-11-23 10:00 99999999999", "\udcff"])
def test_a_name_without_a_time_has_that_of_the_file_system(course, inbound, text):
    hand_in(inbound).rename(inbound / f"{ME}+{NAME}+{text}")
    report = collect(course, NAME)
    assert report.collected == [ME]
    assert any(note.startswith(f"{ME}: its name says no time") for note in report.notes)


def test_before_the_due_date_the_last_in_time_is_taken_with_a_students_extension(course, inbound):
    due = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=100)
    hand_in(inbound, text=notebook("in time"), at=now(seconds=120))
    hand_in(inbound, text=notebook("extended"), at=now(seconds=60))
    hand_in(inbound, text=notebook("late"), at=now(seconds=10))
    collect(course, NAME)
    assert answer(course) == "late"
    with course.gradebook() as gradebook:
        gradebook.add_assignment(NAME, duedate=due)
    assert collect(course, NAME, before_due=True).updated == [ME]
    assert answer(course) == "in time"
    with course.gradebook() as gradebook:
        gradebook.add_student(ME)
        gradebook.add_submission(NAME, ME)
        gradebook.grant_extension(NAME, ME, minutes=1)
    collect(course, NAME, before_due=True)
    assert answer(course) == "extended"


# --- races ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch):
    """A function that calls another right before, or right after, a name is opened for the nth time."""

    def meanwhile(name, do, turn=1, after=False):
        seen, really = [0], os.open

        def slow_open(path, *args, **kwargs):
            seen[0] += path == name
            if path == name and seen[0] == turn and not after:
                do()
            descriptor = really(path, *args, **kwargs)
            if path == name and seen[0] == turn and after:
                do()
            return descriptor

        monkeypatch.setattr(submitted_files.os, "open", slow_open)

    return meanwhile


def swap(path, target):
    """Put a symlink in the place of something."""
    path.rename(path.with_name(f"{path.name}.away"))
    path.symlink_to(target)


@pytest.mark.parametrize("turn", [1, 2], ids=["when it is looked at", "when it is read"])
@pytest.mark.parametrize("after", [False, True], ids=["before it is opened", "once it is open"])
def test_a_notebook_swapped_for_a_symlink_reveals_nothing(course, inbound, secret, meanwhile, turn, after):
    path = hand_in(inbound, text=notebook("mine")) / f"{NAME}.ipynb"
    meanwhile(path.name, lambda: swap(path, secret), turn, after)
    collect(course, NAME)
    assert SECRET.encode() not in everything(course)


@pytest.mark.parametrize("turn", [1, 2], ids=["when it is looked at", "when it is read"])
@pytest.mark.parametrize("after", [False, True], ids=["before it is opened", "once it is open"])
def test_a_folder_swapped_for_a_symlink_reveals_nothing(course, inbound, secret, tmp_path, meanwhile, turn, after):
    (tmp_path / "outside").mkdir()
    shutil.copy(secret, tmp_path / "outside" / f"{NAME}.ipynb")
    folder = hand_in(inbound, text=notebook("mine"))
    meanwhile(folder.name, lambda: swap(folder, tmp_path / "outside"), turn, after)
    collect(course, NAME)
    assert SECRET.encode() not in everything(course)


def test_a_notebook_changed_between_looking_and_reading_is_refused(course, inbound, meanwhile):
    path = hand_in(inbound) / f"{NAME}.ipynb"
    meanwhile(path.name, lambda: path.write_text(notebook("changed")), turn=2)
    assert reasons(collect(course, NAME)) == ["was changed while it was being collected; collect again"]


def test_a_thread_that_swaps_all_the_time_reveals_nothing(course, inbound, secret):
    path = hand_in(inbound, text=notebook("mine")) / f"{NAME}.ipynb"
    fresh, stop = path.with_name("fresh"), threading.Event()

    def swap_on():
        while not stop.is_set():
            fresh.symlink_to(secret)
            os.replace(fresh, path)
            fresh.write_text(notebook("mine"))
            os.replace(fresh, path)

    thread = threading.Thread(target=swap_on)
    thread.start()
    try:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            for found in exchange.find_in_exchange(course, NAME).files:
                with contextlib.suppress(submitted_files.Refused):
                    assert SECRET.encode() not in found.read()
    finally:
        stop.set()
        thread.join()


def test_a_run_that_is_killed_leaves_the_whole_old_submission_or_the_whole_new_one(course, inbound, monkeypatch):
    hand_in(inbound, text=notebook("first"), at=now(seconds=60))
    collect(course, NAME)
    hand_in(inbound, text=notebook("second"), at=now(seconds=30))

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pathlib.Path.write_bytes", killed)
        collect(course, NAME)
    assert answer(course) == "first"
    assert collect(course, NAME).updated == [ME]
    assert answer(course) == "second"
    assert os.listdir(course.folder("submitted", NAME, ME).parent) == [NAME]


# --- downloads --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["folder", "archive"])
def download(request, tmp_path):
    """A function that makes a folder or an archive out of a dict from names to texts."""

    def make(files):
        if request.param == "folder":
            for name, text in files.items():
                path = tmp_path / "download" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return tmp_path / "download"
        return pack(tmp_path / "download.zip", files)

    return make


def pack(path, files):
    """Make a zip archive out of a dict from names, or entries, to texts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


MOODLE = {
    "Ada Lovelace_4711_assignsubmission_file_/my.ipynb": notebook("ada"),
    "Ada Lovelace_4711_assignsubmission_onlinetext_/onlinetext.html": "<p>hello</p>",
    "Bob OBrien_4712_assignsubmission_file_09_small.ipynb": notebook("bob"),
    "Cem Yılmaz_4713_assignsubmission_file/deep/er/09_small.ipynb": notebook("cem"),
    "Zoe Unknown_4714_assignsubmission_file_/09_small.ipynb": notebook("zoe"),
}


def test_moodles_names_in_each_of_their_forms(course, download):
    report = collect(course, NAME, download(MOODLE))
    assert report.collected == ["ada", "bob", "cem"]
    assert [answer(course, student) for student in report.collected] == ["ada", "bob", "cem"]
    assert report.unmatched == [
        ("Zoe Unknown_4714_assignsubmission_file_/09_small.ipynb", "nobody of this name is in the class list")
    ]
    assert f"ada: `my.ipynb` was taken as {NAME}.ipynb." in report.notes
    assert any(note.startswith("By their names alone: ada, bob, cem.") for note in report.notes)


WORKSHEET = """\
Identifier,Full name,Email address,Status
Teilnehmer/in 4711,Bob O'Brien,,
Teilnehmer/in 4712,Ada Lovelace,ADA@x.org,
"""


def test_with_moodles_worksheet_the_number_counts_and_not_the_name(course, download, tmp_path):
    """A student who takes another's name still submits as themselves."""
    (tmp_path / "worksheet.csv").write_text(WORKSHEET)
    report = collect(course, NAME, download(MOODLE), worksheet=tmp_path / "worksheet.csv")
    assert (answer(course, "bob"), answer(course, "ada")) == ("ada", "bob")
    assert [name[:3] for name, _ in report.unmatched] == ["Cem", "Zoe"]
    assert not any("By their names" in note for note in report.notes)


def test_a_file_that_is_not_a_worksheet_is_refused(course, tmp_path):
    (tmp_path / "list.csv").write_text("id\nada\n")
    with pytest.raises(
        ValueError, match="is not a grading worksheet of Moodle's: it has no column with “Participant 4711”"
    ):
        collect(course, NAME, pack(tmp_path / "a.zip", MOODLE), worksheet=tmp_path / "list.csv")


def test_two_people_of_one_name_are_both_left_to_the_instructor(course, download):
    files = {
        "Ada Lovelace_1_assignsubmission_file_/a.ipynb": notebook("one"),
        "ada lovelace_2_assignsubmission_file_/a.ipynb": notebook("two"),
    }
    report = collect(course, NAME, download(files))
    assert report.collected == []
    assert [reason for _, reason in report.unmatched] == ["2 people in this download seem to be ada"] * 2


@pytest.mark.parametrize("what", ["lms_user_id", "email"])
def test_what_two_students_of_the_class_share_matches_neither(course, tmp_path, what):
    with course.gradebook() as gradebook:
        gradebook.add_student("ada2", **{what: {"lms_user_id": "501", "email": "Ada@x.org"}[what]})
    (tmp_path / "worksheet.csv").write_text("Identifier,Email address\nParticipant 1,ada@x.org\n")
    files = {
        "lms_user_id": {"x_501_1_a.ipynb": notebook()},
        "email": {"Nobody_1_assignsubmission_file_/a.ipynb": notebook()},
    }[what]
    report = collect(course, NAME, pack(tmp_path / "a.zip", files), worksheet=tmp_path / "worksheet.csv")
    assert (report.collected, len(report.unmatched)) == ([], 1)


def test_two_students_of_one_name_are_not_told_apart_by_it(course, download):
    with course.gradebook() as gradebook:
        gradebook.add_student("ada2", first_name="Ada", last_name="Lovelace")
    report = collect(course, NAME, download({"Ada Lovelace_1_assignsubmission_file_/a.ipynb": notebook()}))
    assert report.unmatched[0][1] == "2 students of the class have this name"


def test_canvas_names_are_matched_by_number_and_late_ones_are_named(course, download):
    files = {
        "lovelaceada_LATE_501_90001_09_small.ipynb": notebook("ada"),
        "anyname_502_90002_whatever-1.ipynb": notebook("bob"),
        "lovelaceada_777_90003_09_small.ipynb": notebook("another of her name"),
        "yılmazcem_778_90004_12_34_x.ipynb": notebook("cem"),
        "anon_Ab1cD_90005_09_small.ipynb": notebook("anonymous"),
        "LATE_anon_Ab2cD_90006_09_small.ipynb": notebook("anonymous"),
    }
    report = collect(course, NAME, download(files))
    assert [answer(course, student) for student in report.collected] == ["ada", "bob", "cem"]
    assert sorted(reason for _, reason in report.unmatched) == [
        "Canvas made it anonymous: let Canvas show the names, and download again",
        "Canvas made it anonymous: let Canvas show the names, and download again",
        "its number is not the one that the class list has for ada",
    ]
    assert "Canvas marks as late: ada." in report.notes
    assert any(note.startswith("By their names alone: cem.") for note in report.notes)


def test_of_canvas_files_with_the_right_name_the_newest_upload_counts(course, download):
    files = {
        "lovelaceada_501_90009_09_small-1.ipynb": notebook("newest"),
        "lovelaceada_501_90001_09_small.ipynb": notebook("old"),
        "lovelaceada_501_90010_00_start_here.ipynb": notebook("another assignment"),
    }
    report = collect(course, NAME, download(files))
    assert answer(course, "ada") == "newest"
    assert "ada handed in 3 notebooks: `09_small-1.ipynb` was taken, the newest." in report.notes


def test_a_number_that_two_students_have_names_neither(course, download):
    with course.gradebook() as gradebook:
        gradebook.add_student("dan", first_name="Dan", last_name="Doe", lms_user_id="501")
    report = collect(course, NAME, download({"lovelaceada_501_9001_09_small.ipynb": notebook()}))
    assert (report.collected, len(report.unmatched)) == ([], 1)


def test_plain_names_and_folders_are_ids_of_the_class_list(course, download):
    files = {
        "ada.ipynb": notebook("ada"),
        "bob/anything.ipynb": notebook("bob"),
        "bob/data.csv": "1,2",
        "ADA2.ipynb": notebook(),
        "cem/work.py": "x = 1",
    }
    report = collect(course, NAME, download(files))
    assert report.collected == ["ada", "bob"]
    assert report.unmatched == [("ADA2.ipynb", "its name does not say whose it is")]
    assert report.refused == [("cem", "handed in no notebook, only work.py")]
    assert report.missing == ["cem"]


def test_a_folder_around_everything_is_named_and_not_looked_into(course, download):
    """It may be a student's, who has named the files after others."""
    report = collect(course, NAME, download({"zoe/ada.ipynb": notebook(), "zoe/bob/b.ipynb": notebook()}))
    assert report.collected == []
    assert report.notes == ["All files are in one folder, `zoe`: unpack it and name that folder."]


@pytest.mark.parametrize("name", ["ada.ipynb", "ada_1_assignsubmission_file_x.ipynb", "lovelaceada_501_1_x.ipynb"])
def test_a_student_cannot_call_a_file_so_that_it_is_anothers(course, download, name):
    files = {
        f"bob/{name}": notebook("bob"),
        f"Cem Yılmaz_4713_assignsubmission_file_/{name}": notebook("cem"),
        f"Zoe_4714_assignsubmission_file_{name}": notebook("zoe"),
        f"anyname_777_1_{name}": notebook("zoe"),
        f"Group 1_assignsubmission_file_/{name}": notebook("zoe"),
    }
    report = collect(course, NAME, download(files))
    assert report.collected == ["bob", "cem"]
    assert (answer(course, "bob"), answer(course, "cem")) == ("bob", "cem")


def test_files_that_systems_leave_behind_are_ignored(course, download):
    files = {
        "ada.ipynb": notebook("ada"),
        "__MACOSX/._ada.ipynb": "junk",
        "bob/.ipynb_checkpoints/b-checkpoint.ipynb": notebook("old"),
        "bob/b.ipynb": notebook("bob"),
        ".DS_Store": "junk",
    }
    report = collect(course, NAME, download(files))
    assert (report.collected, report.complete, answer(course, "bob")) == (["ada", "bob"], True, "bob")


def test_names_may_be_decomposed_as_macos_writes_them(course, download):
    with course.gradebook() as gradebook:
        gradebook.add_student("zoe", first_name="Zoé", last_name="Müller")
        gradebook.add_student("é", first_name="É")
    files = {"Zoe\u0301 Mu\u0308ller_1_assignsubmission_file_/a.ipynb": notebook(), "e\u0301.ipynb": notebook()}
    assert collect(course, NAME, download(files)).collected == ["zoe", "é"]


def test_a_download_has_no_times_unless_one_is_given(course, download):
    path = download({"ada.ipynb": notebook("ada")})
    collect(course, NAME, path)
    assert "timestamp.txt" not in taken(course, "ada")
    assert collect(course, NAME, path).unchanged == ["ada"]
    assert collect(course, NAME, path, submitted_at="2026-11-30 18:00+09:00").updated == ["ada"]
    assert taken(course, "ada")["timestamp.txt"] == "2026-11-30 09:00:00.000000 UTC"
    assert collect(course, NAME, path).unchanged == ["ada"]
    for text in ("tomorrow", "", "2026-11-30 18:00 KST", "1.12.2026"):
        with pytest.raises(ValueError, match=f"^{text!r} is not a time.*; write it as 2026-12-01 23:59"):
            collect(course, NAME, path, submitted_at=text)


def test_another_notebook_in_a_later_download_replaces_the_first(course, tmp_path):
    collect(course, NAME, pack(tmp_path / "1.zip", {"ada.ipynb": notebook("first")}))
    report = collect(course, NAME, pack(tmp_path / "2.zip", {"ada.ipynb": notebook("second")}))
    assert (report.updated, answer(course, "ada")) == (["ada"], "second")


def test_who_is_in_an_earlier_download_only_is_not_missing(course, tmp_path):
    collect(course, NAME, pack(tmp_path / "1.zip", {"ada.ipynb": notebook()}))
    assert collect(course, NAME, pack(tmp_path / "2.zip", {"bob.ipynb": notebook()})).missing == ["cem"]


def test_what_a_run_that_was_killed_left_is_removed(course, tmp_path):
    """nbgrader would take every folder beside an assignment's for another assignment."""
    folder = course.folder("submitted", NAME, "ada").parent
    (folder / ".collecting-x1/09_small").mkdir(parents=True)
    collect(course, NAME, pack(tmp_path / "1.zip", {"ada.ipynb": notebook()}))
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_the_time_of_a_download_is_in_the_course_s_zone_and_said_back(course, download):
    course.config.Course.timezone = "Asia/Seoul"
    report = collect(course, NAME, download({"ada.ipynb": notebook()}), submitted_at="2026-11-03")
    assert taken(course, "ada")["timestamp.txt"] == "2026-11-03 14:59:59.000000 UTC"
    words = "All of them are entered as submitted Tuesday, 3 November 2026, 23:59:59 (Asia/Seoul, UTC+09:00), "
    assert [note for note in report.notes if words in note and note.endswith(" ago.")] == report.notes


def test_a_time_of_a_download_in_the_future_is_doubted(course, download):
    report = collect(course, NAME, download({"ada.ipynb": notebook()}), submitted_at="2126-11-30", dry_run=True)
    assert report.notes[0].endswith(": that is in the future; is it right?")


def test_options_that_belong_to_the_other_source_are_refused(course, inbound, tmp_path):
    for text in ("2026-11-30", ""):
        with pytest.raises(ValueError, match=r"^--submitted-at does not apply when collecting from the exchange"):
            collect(course, NAME, submitted_at=text)
    with pytest.raises(ValueError, match=r"^--trust-timestamps does not apply when collecting from a download"):
        collect(course, NAME, tmp_path, trust_timestamps=True)


def test_without_a_class_list_a_download_is_refused(blank_course, tmp_path):
    with pytest.raises(ValueError, match="The class list is empty: enter it first"):
        collect(blank_course, NAME, tmp_path)


@pytest.mark.parametrize(
    "name", ["ada.IPYNB", "ADA.IPYNB", "lovelaceada_501_1_09_SMALL.IPYNB", "ada/Work.Ipynb", "ada/09_small (1).IPYNB"]
)
def test_names_may_be_in_capitals(course, download, name):
    assert collect(course, NAME, download({name: notebook("ada")})).collected == ["ada"]


def test_a_notebook_of_the_right_name_in_capitals_is_the_right_one(course, download):
    collect(course, NAME, download({"ada/09_SMALL.IPYNB": notebook("right"), "ada/z.ipynb": notebook("other")}))
    assert answer(course, "ada") == "right"


def test_thirty_megabytes_are_collected(course, tmp_path):
    report = collect(course, NAME, pack(tmp_path / "a.zip", {"ada.ipynb": notebook("#" * (30 << 20))}))
    assert report.collected == ["ada"]


# --- attempts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def attempt(course, tmp_path):
    """A function that collects Ada's attempt of some number from Canvas, and returns the report."""

    def attempt(number, text, **options):
        files = {f"lovelaceada_501_{number}_09_small.ipynb": notebook(text)}
        return collect(course, NAME, pack(tmp_path / f"{number}.zip", files), **options)

    return attempt


def test_an_older_attempt_from_canvas_does_not_come_back(course, attempt):
    assert attempt(9001, "first").collected == ["ada"]
    assert attempt(10001, "second").updated == ["ada"]  # larger as a number, not as a text
    report = attempt(9001, "first")
    assert (report.older, report.updated, report.missing) == (["ada"], [], ["bob", "cem"])
    assert "Older than what is there, and not taken: ada." in str(report)
    assert report.complete
    assert answer(course, "ada") == "second"


def test_the_same_attempt_again_is_there_already(course, attempt):
    attempt(9001, "first")
    assert attempt(9001, "first").unchanged == ["ada"]


def test_the_same_attempt_with_other_bytes_is_taken(course, attempt):
    """Somebody has repaired it in the unpacked download."""
    attempt(9001, "broken")
    assert attempt(9001, "repaired").updated == ["ada"]


def test_a_newer_attempt_with_the_same_bytes_changes_its_number_only(course, attempt):
    attempt(9001, "same")
    before = course.folder("submitted", NAME, "ada").stat().st_ino
    assert attempt(9005, "same", dry_run=True).unchanged == ["ada"]
    assert attempt(9005, "same").unchanged == ["ada"]
    assert course.folder("submitted", NAME, "ada").stat().st_ino == before
    assert attempt(9003, "between").older == ["ada"]


def test_an_older_attempt_can_be_taken_by_removing_what_is_there(course, attempt):
    attempt(9002, "second")
    shutil.rmtree(course.folder("submitted", NAME, "ada"))
    assert attempt(9001, "first").collected == ["ada"]


def test_a_dry_run_names_older_attempts(course, attempt):
    attempt(9002, "second")
    assert attempt(9001, "first", dry_run=True).older == ["ada"]


@pytest.mark.parametrize("content", [b"", b"soon", b"after", b"\xff", b"9" * 5000])
def test_an_attempt_whose_number_is_damaged_is_replaced_as_one_without(course, attempt, content):
    attempt(9002, "second")
    (course.folder("submitted", NAME, "ada") / "attempt.txt").write_bytes(content)
    assert attempt(9001, "first").updated == ["ada"]


def test_a_reason_that_is_a_question_ends_as_one():
    unmatched = [("a.ipynb", "is it the right list?"), ("b.ipynb", "nobody has this name")]
    sentences = str(Collected(unmatched=unmatched)).splitlines()
    assert sentences[1:] == [
        "Not matched: a.ipynb: is it the right list?",
        "Not matched: b.ipynb: nobody has this name.",
    ]


def test_one_without_a_number_replaces_canvass_and_an_attempt_that_was_replaced_does_not_come_back(
    course, attempt, tmp_path
):
    attempt(9002, "canvas")
    report = collect(course, NAME, pack(tmp_path / "own.zip", {"ada.ipynb": notebook("own")}))
    assert report.updated == ["ada"]
    assert "Replaced what came from Canvas, although nothing says which is newer: ada." in str(report)
    report = collect(course, NAME, pack(tmp_path / "own.zip", {"ada.ipynb": notebook("own again")}))
    assert report.updated == ["ada"]
    assert "Canvas" not in str(report)
    assert attempt(9002, "canvas").older == attempt(9001, "first").older == ["ada"]
    assert answer(course, "ada") == "own again"
    assert attempt(9003, "newer").updated == ["ada"]
    assert attempt(9003, "repaired").updated == ["ada"]


def test_what_replaces_a_submission_with_a_time_and_has_none_is_named(course, inbound, tmp_path):
    hand_in(inbound, text=notebook("exchange"))
    collect(course, NAME)
    with course.gradebook() as gradebook:
        gradebook.add_student(ME)
    report = collect(course, NAME, pack(tmp_path / "own.zip", {f"{ME}.ipynb": notebook("own")}))
    assert f"Replaced by a submission whose time is not known: {ME}." in str(report)


def test_the_number_of_an_attempt_is_for_collecting_alone(course, attempt):
    """nbgrader would copy it beside the graded notebook."""
    attempt(9001, "first")
    assert taken(course, "ada").keys() == {f"{NAME}.ipynb", "attempt.txt"}
    assert "attempt.txt" in course.directory.ignore


# --- groups -----------------------------------------------------------------------------------------------------------


def test_the_work_of_a_group_is_placed_for_each_member(course, download):
    write_groups(course, {"Team A": ["ada", "cem"]})
    path = download({"teama_501_9001_09_small.ipynb": notebook("ours")})
    report = collect(course, NAME, path)
    assert report.collected == ["ada", "cem"]
    assert (answer(course, "ada"), answer(course, "cem")) == ("ours", "ours")
    assert "Team A: the notebook of ada counts for ada, cem." in report.notes
    assert report.missing == ["bob"]
    assert collect(course, NAME, path).unchanged == ["ada", "cem"]


def test_an_older_attempt_of_a_group_comes_back_for_no_member(course, tmp_path):
    write_groups(course, {"Team A": ["ada", "cem"]})
    for number, text in ((9001, "first"), (9002, "second"), (9001, "first")):
        files = {f"teama_501_{number}_09_small.ipynb": notebook(text)}
        report = collect(course, NAME, pack(tmp_path / f"{number}.zip", files))
    assert report.older == ["ada", "cem"]
    assert answer(course, "cem") == "second"


def test_a_file_of_groups_that_is_damaged_is_named(course, tmp_path):
    write_groups(course, {"Team A": ["ada", "cem"]})
    (course.root / "groups.json").write_text("{")
    with pytest.raises(ValueError, match=r"groups\.json"):
        collect(course, NAME, pack(tmp_path / "a.zip", {"ada.ipynb": notebook()}))


# --- hostile and damaged downloads ------------------------------------------------------------------------------------


def test_no_name_in_an_archive_becomes_a_path_and_those_that_lie_outside_are_named(course, tmp_path):
    names = ["../../ada.ipynb", "/ada/x.ipynb", "..\\ada.ipynb", "ada/../../../x.ipynb", "C:\\ada.ipynb"]
    before = {path for path in tmp_path.rglob("*") if "course" not in path.parts}
    report = collect(
        course, NAME, pack(tmp_path / "a.zip", {**dict.fromkeys(names, notebook("evil")), "bob.ipynb": "{}"})
    )
    assert report.collected == ["bob"]
    assert (
        "Refused: ../../ada.ipynb, ../ada.ipynb, /ada/x.ipynb, C:/ada.ipynb, ada/../../../x.ipynb would lie outside "
        "the archive; no platform gives such names."
    ) in str(report)
    assert not report.complete
    after = {path for path in tmp_path.rglob("*") if "course" not in path.parts}
    assert after - before == {tmp_path / "a.zip"}
    assert {path.name for path in course.folder("submitted", NAME).iterdir()} == {"bob"}


@pytest.mark.parametrize("name", ["C:ada.ipynb", "z:\\ada.ipynb", "\\\\host\\share\\ada.ipynb", "a/./../../ada.ipynb"])
def test_a_name_with_a_drive_or_a_host_lies_outside_an_archive(course, tmp_path, name):
    [(named, reason)] = collect(course, NAME, pack(tmp_path / "a.zip", {name: notebook()})).refused
    assert named.endswith("ada.ipynb") and reason.startswith("would lie outside the archive")


@pytest.mark.parametrize("name", ["./ada.ipynb", ".//./ada/x.ipynb", "ada/./x.ipynb"])
def test_a_point_in_the_path_of_an_archive_is_the_folder_itself(course, tmp_path, name):
    assert collect(course, NAME, pack(tmp_path / "a.zip", {name: notebook()})).collected == ["ada"]


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR])
def test_a_device_in_an_archive_is_refused(course, tmp_path, kind):
    entry = zipfile.ZipInfo("ada.ipynb")
    entry.external_attr = (kind | 0o666) << 16
    assert collect(course, NAME, pack(tmp_path / "a.zip", {entry: notebook()})).refused == [
        ("ada", "is not a regular file")
    ]


def test_of_two_entries_of_one_name_the_last_is_taken_as_when_unpacking_and_that_is_said(course, tmp_path):
    entries = {zipfile.ZipInfo("ada.ipynb"): notebook("first"), zipfile.ZipInfo("ada.ipynb"): notebook("last")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = pack(tmp_path / "a.zip", entries)
    report = collect(course, NAME, path)
    assert answer(course, "ada") == "last"
    assert report.notes == [
        "ada handed in 2 notebooks: `ada.ipynb` was taken, the last of this name and time in the archive."
    ]


def test_an_entry_that_is_the_newest_by_a_date_in_the_future_is_taken_and_that_is_said(course, tmp_path):
    future = zipfile.ZipInfo("ada/y.ipynb", (2107, 12, 31, 0, 0, 0))
    path = pack(tmp_path / "a.zip", {future: notebook("future"), "ada/x.ipynb": notebook("today")})
    report = collect(course, NAME, path)
    assert answer(course, "ada") == "future"
    assert "ada: `y.ipynb` has a date in the future, 2107-12-31." in report.notes


def test_of_many_files_outside_an_archive_some_are_named_and_the_others_counted(course, tmp_path):
    names = [f"../{number:04}.ipynb" for number in range(1000)]
    [(named, _)] = collect(course, NAME, pack(tmp_path / "a.zip", dict.fromkeys(names, "{}"))).refused
    assert named.startswith("../0000.ipynb, ../0001.ipynb") and named.endswith(" and 980 more")


def test_a_number_that_is_too_long_for_a_number_stops_nothing(course, tmp_path):
    files = {f"lovelaceada_501_{'9' * 5000}_x.ipynb": notebook(), "bob.ipynb": notebook()}
    report = collect(course, NAME, pack(tmp_path / "a.zip", files))
    assert (report.collected, len(report.unmatched)) == (["bob"], 1)


@given(st.lists(st.text(st.sampled_from("ab/.\\_ 019\0é\n")), min_size=1, max_size=5), st.sampled_from(["", ".ipynb"]))
def test_whatever_the_names_in_an_archive_only_students_have_handed_in(tmp_path_factory, names, ending):
    path = tmp_path_factory.getbasetemp() / "any.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two of one name, which an archive may hold
        for name in names:
            archive.writestr(zipfile.ZipInfo(f"{name}{ending}"), "{}")
    student = Student(id="ab", first_name="a", last_name="b", lms_user_id="1")
    with opened_download(path) as files:
        found = find_in_download(files, NAME, [student])
        assert {file.student for file in found.files} <= {"ab"}
        assert len(found.files) <= 1
        assert all(file.read() == b"{}" for file in found.files)


def test_a_bomb_is_not_unpacked(course, tmp_path):
    path = pack(tmp_path / "a.zip", {"ada.ipynb": b"0" * (101 << 20), "bob.ipynb": notebook()})
    report = collect(course, NAME, path)
    assert (report.collected, report.refused) == (["bob"], [("ada", "is larger than 100 MB")])


def test_no_more_is_read_than_a_notebook_may_have_whatever_the_size_was_said_to_be():
    stream = io.BytesIO(bytes(LARGEST_FILE + 100))
    with pytest.raises(submitted_files.Refused, match="is larger than 100 MB"):
        submitted_files.read_limited(stream)
    assert stream.tell() == LARGEST_FILE + 1


def test_a_bomb_that_lies_about_its_size_is_stopped(course, tmp_path):
    path = pack(tmp_path / "a.zip", {"ada.ipynb": b"0" * (101 << 20)})
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(start) + offset, 10)
    path.write_bytes(data)
    report = collect(course, NAME, path)
    assert [student for student, _ in report.refused] == ["ada"]
    assert taken(course, "ada") == {}


def test_a_download_of_too_many_files_is_refused(course, download, monkeypatch):
    monkeypatch.setattr("helpers.classroom.administration.download.MOST_FILES", 2)
    with pytest.raises(ValueError, match=r"has more than 2 files\. Is it the download of one assignment\?"):
        collect(course, NAME, download(dict.fromkeys("abc", "")))


def test_an_encrypted_entry_is_refused_and_the_others_are_taken(course, tmp_path):
    path = pack(tmp_path / "a.zip", {"ada.ipynb": notebook(), "bob.ipynb": notebook()})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    report = collect(course, NAME, path)
    assert (report.collected, report.refused) == (["bob"], [("ada", "is encrypted")])


def test_a_damaged_entry_is_refused_and_the_others_are_taken(course, tmp_path):
    path = pack(tmp_path / "a.zip", {"ada.ipynb": notebook(), "bob.ipynb": notebook()})
    data = bytearray(path.read_bytes())
    data[45:60] = b"\xff" * 15
    path.write_bytes(data)
    report = collect(course, NAME, path)
    assert (report.collected, report.refused) == (["bob"], [("ada", "is damaged in the archive")])


def test_a_symlink_in_an_archive_is_refused(course, tmp_path, secret):
    entry = zipfile.ZipInfo("ada.ipynb")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, str(secret))
    assert collect(course, NAME, tmp_path / "a.zip").refused == [("ada", "is a symlink")]


def test_symlinks_in_a_folder_are_not_followed(course, tmp_path, secret):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/ada.ipynb").symlink_to(secret)
    (tmp_path / "outside").mkdir()
    shutil.copy(secret, tmp_path / "outside")
    (tmp_path / "folder/bob").symlink_to(tmp_path / "outside")
    report = collect(course, NAME, tmp_path / "folder")
    assert report.refused == [("ada", "is a symlink")]
    assert report.missing == ["ada", "bob", "cem"]


@pytest.mark.parametrize("cut", [0, 1, 100, -10])
def test_a_file_that_is_not_a_complete_archive_is_refused(course, tmp_path, cut):
    path = pack(tmp_path / "a.zip", {"ada.ipynb": notebook()})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"a\.zip is not a zip archive, or is damaged: download it again\.$"):
        collect(course, NAME, path)


def test_a_path_that_does_not_exist_is_refused(course, tmp_path):
    with pytest.raises(ValueError, match="There is no folder or zip archive"):
        collect(course, NAME, tmp_path / "nowhere.zip")


def test_names_in_an_archive_without_the_flag_for_utf8_are_read(course, tmp_path):
    with course.gradebook() as gradebook:
        gradebook.add_student("zoé")
    path = pack(tmp_path / "a.zip", {"zoé.ipynb": notebook()})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 9] &= 0xF7
    data[7] &= 0xF7
    path.write_bytes(data)
    assert collect(course, NAME, path).collected == ["zoé"]


def test_names_in_the_code_page_of_a_machine_are_read_by_the_letters_of_the_class(course, tmp_path):
    with course.gradebook() as gradebook:
        gradebook.add_student("taro", first_name="太郎", last_name="田中")
    path = pack(tmp_path / "a.zip", {"123456789_1_assignsubmission_file_/x.ipynb": notebook()})
    path.write_bytes(path.read_bytes().replace(b"123456789", "太郎 田中".encode("cp932")))
    assert collect(course, NAME, path).collected == ["taro"]

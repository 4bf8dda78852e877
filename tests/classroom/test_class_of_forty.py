"""A class of forty from its list to its scores: groups, namesakes, late additions, drops, and work handed in again."""

import csv
from functools import cache

import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.administration.collection import collect
from helpers.classroom.administration.export import export
from helpers.classroom.administration.roster import enter
from helpers.classroom.authoring.source import as_solution, read_source
from tests.classroom.class_of_forty import LANGUAGES, LATE, ClassOfForty, pack

#: Of notebook 02; with each of them right or not there are five scores.
NUMBERS = ("2.1", "2.2", "2.3")


class Term:
    """The class in a course, with what an instructor does in a term.

    Args:
        course: a SampleClass without submissions.
        language: of the class.
        platform: "canvas", "moodle" or "plain".
        folder: for files.
    """

    def __init__(self, course, language, platform, folder):
        self.course, self.platform, self.folder = course, platform, folder
        self.made_up = ClassOfForty(language, course.name, NUMBERS)
        solution = as_solution(read_source(course.source))
        answers = {cell.id: cell.source for cell in solution.cells}
        self.write = cache(
            lambda right: course.write({each: answers[f"ex-{each.replace('.', '-')}"] for each in right})
        )

    def enter(self, second):
        """Enter the first or the second class list, and the groups."""
        texts = [self.made_up.class_list(self.platform, second)]
        if self.platform == "canvas" and not second:
            texts.append(self.made_up.canvas_groups())
        for text in texts:
            path = self.folder / "list.csv"
            path.write_text(text, encoding="utf-8-sig")
            assert enter(self.course.course, path).complete

    def collect(self, second):
        """Collect the download of the first or the second round."""
        files = self.made_up.download(self.platform, second, self.write)
        path = pack(self.folder / "download.zip", files)
        worksheet = self.folder / "worksheet.csv"
        worksheet.write_text(self.made_up.worksheet(), encoding="utf-8-sig")
        report = collect(
            self.course.course, self.course.name, path, worksheet=worksheet if self.platform == "moodle" else None
        )
        assert report.complete, str(report)
        return report

    def right_scores(self, second):
        """Return the right scores of all who are in the gradebook: "" where there is none."""
        right = self.made_up.right(second)
        people = {person.id for person in self.made_up.people if second or person.place not in LATE}
        return {each: _points(right[each]) if each in right else "" for each in people}

    def exported(self, platform):
        """Return the scores in the export for a platform: a dict from id to text."""
        report = export(self.course.course, platform)
        with report.path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        student, score = {
            "canvas": ("SIS Login ID", self.course.name),
            "moodle": ("Username", self.course.name),
            "plain": ("student_id", "score"),
        }[platform]
        return {row[student]: row[score] for row in rows if row[student]}


def _points(right):
    return f"{2 * sum(EXERCISES[each].points for each in right):g}"  # the hidden tests give as many again


def run(term):
    """Two rounds of the term, with the right scores at the end of each in every export."""
    for second in (False, True):
        term.enter(second)
        term.collect(second)
        if term.platform == "canvas" and second:
            old = term.collect(False)
            assert old.older and not old.updated
        term.course.grade()
        for platform in ("canvas", "moodle", "plain"):
            assert term.exported(platform) == term.right_scores(second)


@pytest.fixture
def term(sample_class, tmp_path):
    """A function that begins a term."""
    return lambda language, platform: Term(sample_class("02"), language, platform, tmp_path)


@pytest.mark.parametrize(("language", "platform"), [("ko", "canvas"), ("de", "moodle"), ("ja", "plain")])
def test_every_score_is_where_it_belongs(working_sandbox, term, language, platform):
    run(term(language, platform))


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("platform", ["canvas", "moodle", "plain"])
def test_every_score_is_where_it_belongs_in_each_language_on_each_platform(working_sandbox, term, language, platform):
    run(term(language, platform))

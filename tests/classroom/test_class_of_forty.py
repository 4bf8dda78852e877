"""A class of forty from its list to its scores: groups, namesakes, late additions, drops, and work handed in again."""

import csv
from functools import cache

import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.administration.collection import collect
from helpers.classroom.administration.export import export
from helpers.classroom.administration.roster import enter
from helpers.classroom.authoring.source import as_solution, read_source
from tests.classroom.class_of_forty import DROPPED, LANGUAGES, LATE, ClassOfForty, pack

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

    def scores_not_stale(self):
        """Return the right scores between the second collecting and grading: "" for work that is another one now."""
        first, now = self.right_scores(False), self.right_scores(True)
        right = [self.made_up.right(second) for second in (False, True)]
        return {each: first.get(each, "") if right[0].get(each) == right[1].get(each) else "" for each in now}

    def check_exports(self, scores):
        """Compare the export for each platform with the right scores."""
        for platform in ("canvas", "moodle", "plain"):
            assert self.exported(platform) == scores

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
        if second:
            if term.platform == "canvas":
                old = term.collect(False)
                assert old.older and not (old.updated or old.collected)
            term.check_exports(term.scores_not_stale())
        term.course.grade()
        term.check_exports(term.right_scores(second))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_class_has_one_of_everything(language):
    made_up = ClassOfForty(language, "02_gradient_clipping", NUMBERS)
    names = [made_up.called(person) for person in made_up.people]
    assert (len(names), len(set(names))) == (40, 39)
    first, second = made_up.right(False), made_up.right(True)
    assert len(set(map(_points, second.values()))) == 5
    assert sum(first[each] != second[each] for each in first) == 10 + 3 + 3  # those alone, and two groups
    assert {person.place for person in made_up.in_list(False)} ^ {person.place for person in made_up.in_list(True)} == {
        *DROPPED,
        *LATE,
    }


@pytest.fixture
def term(sample_class, tmp_path):
    """A function that begins a term."""
    return lambda language, platform: Term(sample_class("02"), language, platform, tmp_path)


#: One language and platform in `make test`, the others in `make test-more`.
TERMS = [("ko", "canvas")]
MORE = [("de", "moodle"), ("ja", "plain"), ("fr", "canvas"), ("es", "moodle"), ("ko", "plain")]


@pytest.mark.parametrize(
    ("language", "platform"), [*TERMS, *(pytest.param(*pair, marks=pytest.mark.slow) for pair in MORE)]
)
def test_every_score_is_where_it_belongs(working_sandbox, term, language, platform):
    run(term(language, platform))

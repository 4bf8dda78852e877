"""A cell keeps its id when something changes elsewhere."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.cell_ids import assign_cell_ids, find_heading, make_slug
from helpers.classroom.authoring.source import read_source
from tests.classroom.sample_class import REPOSITORY

VALID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def text(source):
    return new_markdown_cell(source)


def code(source="1", tag="", grade_id=""):
    metadata = ({"tags": [tag]} if tag else {}) | ({"nbgrader": {"grade_id": grade_id}} if grade_id else {})
    return new_code_cell(source, metadata=metadata)


def a_notebook():
    """Return two sections of three cells, a graded cell in the first, one for the release alone in the second."""
    first = [text("# One\n\nWords."), code(), code(grade_id="ex-1-1"), text("More words.")]
    second = [text("## 2. Two of them (about 10 min)"), code(), code("where", tag="release"), code()]
    return first + second


def ids(cells):
    """Return the ids that cells get."""
    assign_cell_ids(cells, "release")
    found = [cell.id for cell in cells]
    assert len(set(found)) == len(found)
    assert all(VALID.fullmatch(cell_id) for cell_id in found)
    return found


def test_a_cell_is_named_after_the_heading_above_it_and_its_number_below():
    assert ids(a_notebook()) == [
        "one_1",
        "one_2",
        "ex-1-1",
        "one_3",
        "two-of-them_1",
        "two-of-them_2",
        "two-of-them_release_1",
        "two-of-them_3",
    ]


@pytest.mark.parametrize("place", range(1, 9))
def test_a_cell_put_in_renames_only_those_after_it_under_the_same_heading(place):
    cells, before = a_notebook(), ids(a_notebook())
    cells.insert(place, code("new"))
    after = ids(cells)
    kept = [*after[:place], *after[place + 1 :]]
    section = range(place, 4) if place <= 4 else range(place, 8)
    assert [number for number in range(8) if kept[number] != before[number] and number not in section] == []


@pytest.mark.parametrize("place", range(1, 8))
def test_a_cell_taken_out_renames_only_those_after_it_under_the_same_heading(place):
    cells, before = a_notebook(), ids(a_notebook())
    section = range(place, 4) if place < 4 else range(place, 8)
    if place == 4:  # with its heading gone, a section belongs to the one above
        cells[place] = text("Words, and no heading any more.")
    else:
        del cells[place], before[place]
    after = ids(cells)
    changed = [number for number in range(len(before)) if after[number] != before[number]]
    assert [number for number in changed if number not in section] == []


@pytest.mark.parametrize("kind", [{"grade_id": "check-1-1"}, {"tag": "release"}])
def test_a_graded_cell_and_one_for_the_release_alone_rename_no_other(kind):
    cells, before = a_notebook(), ids(a_notebook())
    cells.insert(1, code("new", **kind))
    after = ids(cells)
    assert [after[0], *after[2:]] == before


def test_a_renamed_heading_renames_the_cells_under_it_and_no_other():
    cells, before = a_notebook(), ids(a_notebook())
    cells[4].source = "## Zwei"
    assert ids(cells) == [*before[:4], "zwei_1", "zwei_2", "zwei_release_1", "zwei_3"]


def test_another_number_or_another_time_in_a_heading_renames_nothing():
    cells, before = a_notebook(), ids(a_notebook())
    cells[4].source = "### 3. Two of them (about 15 min)"
    assert ids(cells) == before


def test_equal_headings_are_told_apart_by_their_number_and_the_first_keeps_its_name():
    cells = [text("# Why"), code(), text("# Why"), code(), text("# Why 2"), code()]
    assert ids(cells) == ["why_1", "why_2", "why_2_1", "why_2_2", "why-2_1", "why-2_2"]
    assert ids([*cells[:1], code("new"), *cells[1:]])[3:] == ["why_2_1", "why_2_2", "why-2_1", "why-2_2"]


def test_cells_before_the_first_heading_have_a_name_too_and_none_is_given_twice():
    assert ids([code(), text("# Top"), code()]) == ["top_1", "top_2_1", "top_2_2"]


def test_headings_without_latin_letters_have_names_that_differ_and_stay():
    found = ids([text("## 요약"), code(), text("## 은닉 상태"), text("## 은닉 상태 (hidden state)")])
    assert found[0] == f"{make_slug('요약')}_1" == "50f30154_1"
    assert make_slug("The hidden state, 은닉 상태").startswith("the-hidden-state-")
    assert make_slug("The derivative of σ") != make_slug("The derivative of")


def test_long_headings_that_begin_alike_have_names_of_their_own():
    found = ids([text(f"# {'word ' * 60}one"), *(code() for _ in range(120)), text(f"# {'word ' * 60}two")])
    assert found[0].startswith("word-word-") and found[-1].endswith("_1")
    many = [cell for _ in range(99) for cell in (text(f"# {'word ' * 60}"), code(tag="release"))]
    assert max(map(len, ids(many))) <= 64


@pytest.mark.parametrize("fence", ["```", "~~~", "   ````python"])
def test_what_looks_like_a_heading_inside_a_code_fence_is_none(fence):
    end = re.match(r" *(`+|~+)", fence)[0]
    assert find_heading(text(f"## True\n\n{fence}\n# 1. a comment\n{end}\n")) == "True"
    assert find_heading(text(f"{fence}\n# not ended\n")) == ""
    assert find_heading(text(f"{fence}\n# a comment\n{end}\n\n### After ###\n")) == "After"
    assert find_heading(code("# a comment")) == ""


def test_of_two_headings_in_one_cell_the_last_counts():
    assert ids([text("## 4. All\n\n### Exercise 8.4 ★★ Slow down (about 15 min)"), code()]) == [
        "exercise-8-4-slow-down_1",
        "exercise-8-4-slow-down_2",
    ]


def test_every_notebook_has_valid_ids_and_each_once():
    for path in find_sources(REPOSITORY):
        found = [cell.id for cell in read_source(path).cells]
        assert len(set(found)) == len(found)
        assert all(VALID.fullmatch(cell_id) for cell_id in found)

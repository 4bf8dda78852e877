"""The build marks what is Korean in a notebook, and nothing else."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from helpers.classroom.authoring.korean import mark_korean


def marked(text):
    """Return the text of a text cell after `mark_korean`."""
    cell = new_markdown_cell(text)
    mark_korean([cell])
    return cell.source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("**hidden state** (은닉 상태)", '**hidden state** (<span lang="ko">은닉 상태</span>)'),
        ("(가중치 감쇠, 가중치 감소)", '(<span lang="ko">가중치 감쇠, 가중치 감소</span>)'),
        ("(변분\n드롭아웃)", '(<span lang="ko">변분\n드롭아웃</span>)'),
        ("하나\n\n둘", '<span lang="ko">하나</span>\n\n<span lang="ko">둘</span>'),
        ("`글` and ```\n글\n```", "`글` and ```\n글\n```"),
    ],
)
def test_korean_words_outside_code_are_marked(text, expected):
    assert marked(text) == expected


def test_a_summary_is_marked_as_a_whole_and_stays_a_list():
    expected = '## <span lang="ko">요약</span>\n\n<div lang="ko">\n\n1. `x`는 하나.\n2. 둘.\n\n</div>'
    assert marked("## 요약\n\n1. `x`는 하나.\n2. 둘.") == expected


def test_code_is_left_as_it_is():
    cell = new_code_cell("name = '은닉 상태'")
    mark_korean([cell])
    assert cell.source == "name = '은닉 상태'"

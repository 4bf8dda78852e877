"""What make itself says, in the language of the edition."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers.language.make_says import find_texts, translate_line
from helpers.language.translation import speaking

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def make(*arguments):
    """Return the lines that make prints."""
    ended = subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return ended.stdout.splitlines()


def head(line):
    """Return what stands before the text of a line of `make help`: a target or a preset."""
    return re.match(r" *(make [a-z-]+|PRESET=[a-z-]+)? *", line)[0]


def test_help_has_the_same_lines_in_korean():
    english, korean = make("help"), make("help", "EDITION=ko")
    assert [*map(head, english)] == [*map(head, korean)]
    for line in korean:
        assert re.search("[가-힣]", line.removeprefix(head(line)))


def test_where_python_cannot_run_help_is_english():
    assert make("help", "EDITION=ko", "PYTHON=no-such-python") == make("help")


def test_what_it_says_before_the_course_is_installed_is_translated():
    said = [
        text for text in find_texts((ROOT / "Makefile").read_text(encoding="utf-8")) if text.startswith("Installing")
    ]
    assert len(said) == 4
    for text in said:
        with speaking("ko"):
            assert re.search("[가-힣]", translate_line(text))
        assert translate_line(text) == text


@pytest.mark.parametrize("line", ["", "  ", "no text of the course", "  make unheard-of  does nothing"])
def test_another_line_stays_as_it_is(line):
    with speaking("ko"):
        assert translate_line(line) == line


def test_each_sentence_without_a_value_is_passed_on_to_be_translated():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in makefile.splitlines():
        if re.search(r'echo "[^"$\\]+"', line):
            assert "$(IN_EDITION)" in line

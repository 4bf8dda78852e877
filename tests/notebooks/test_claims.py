"""Every claim in `docs/claims.md` that rests on an experiment: what the notebook printed, and its range."""

import html
import re
from pathlib import Path

import pytest

from helpers.classroom.authoring import build
from tests.outputs import committed, outputs

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ["claim", "cell", "printed", "seeds", "value", "range"]
NUMBER = r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?%?"


def claims():
    """Yield the number of a notebook and a row of its table, as a dict."""
    text = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        rows = [
            [cell.strip() for cell in line.strip("|\n").split("|")] for line in section.splitlines() if line[:1] == "|"
        ]
        assert rows[0] == COLUMNS, section.splitlines()[0]
        for row in rows[2:]:
            assert len(row) == len(COLUMNS), row
            yield section[:2], dict(zip(COLUMNS, row))


def as_number(text):
    value = float(text.strip("%").replace(",", ""))
    return value / 100 if text.endswith("%") else value


def ends(words):
    """The two ends of a range: “0.1 to 0.3”, “at most 0.4”, “at least 2”, or “exactly 5”."""
    numbers = [as_number(number) for number in re.findall(NUMBER, words)]
    match words.split()[:2]:
        case ["at", "most"]:
            return float("-inf"), numbers[0]
        case ["at", "least"]:
            return numbers[0], float("inf")
        case ["exactly", _]:
            return numbers[0], numbers[0]
    low, high = numbers
    assert low <= high and " to " in words, words
    return low, high


def told(source):
    """What each cell of an executed notebook says, by its id: its text, and the alt texts of its figures."""
    said = {}
    for name, (printed, shown) in outputs(committed(source)).items():
        pages = [page for data in shown for page in data.values()]
        said[name] = html.unescape("\n".join([printed, *pages]))
    return said


SAID = {source.stem[:2]: told(source) for source in build.find_sources(ROOT)}
CLAIMS = list(claims())


@pytest.mark.parametrize(
    "number, claim", CLAIMS, ids=[f"{number} {claim['cell']} {claim['value']}" for number, claim in CLAIMS]
)
def test_a_claim_is_what_its_cell_printed_and_in_its_range(number, claim):
    assert claim["cell"].strip("`") in SAID[number], "there is no such cell"
    before, after = claim["printed"].strip("`").split("{}")
    found = re.findall(f"{re.escape(before)}({NUMBER}){re.escape(after)}", SAID[number][claim["cell"].strip("`")])
    assert len(set(found)) == 1, found
    assert found[0] == claim["value"]
    low, high = ends(claim["range"])
    assert low <= as_number(found[0]) <= high


def test_every_claim_names_its_seeds():
    assert [claim["claim"] for _, claim in CLAIMS if not re.search(r"\d|none", claim["seeds"])] == []

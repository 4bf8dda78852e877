"""The messages of all checks: short, of few names, and each template filled in."""

import ast
import re
from pathlib import Path
from statistics import median, quantiles
from string import Formatter

import pytest

import helpers.checks
from helpers.checks.catalogue import EXERCISES
from helpers.classroom.authoring import translations
from helpers.language.message import MOST_NAMES, Listing, Message, Names, message
from helpers.language.translation import speaking, translate
from tests.checks.judging import judge_quickly

#: A placeholder that was not filled in. Sets and dicts of Python, as in an error, have more between their braces.
UNFILLED = re.compile(r"\{[a-z_]*(?::[^}]*)?\}")

#: Words in a row, and what is none: code, and placeholders.
WORDS, CODE = re.compile(r"[a-z]{2,} [a-z]{2,}"), re.compile(r"`[^`]*`|\{[^}]*\}")

#: What a template of a message may have in braces.
FIELD = re.compile(r"[a-z_]+")


@pytest.mark.slow
def test_the_messages_on_all_known_mistakes_are_short_and_whole():
    verdicts = [
        (exercise.id, judge_quickly(exercise, mistake.wrong))
        for exercise in EXERCISES.values()
        for mistake in exercise.misconceptions
    ]
    lengths = [len("\n".join(verdict.paragraphs)) for _, verdict in verdicts]
    assert median(lengths) <= 300
    assert quantiles(lengths, n=10)[-1] <= 600
    for exercise_id, verdict in verdicts:
        for one in verdict.messages + verdict.remarks:
            fill(one, exercise_id)
            for language in translations.find_languages():
                with speaking(language):
                    assert not (left := english_in(one)), (exercise_id, language, left)
            for run in re.findall(r"`[^`]+`(?:, `[^`]+`)+", str(one)):
                assert run.count("`, `") < MOST_NAMES, (exercise_id, run)


def fill(one, exercise_id):
    """Check a Message and those in it: its values are those that its template names."""
    named = {name for _, name, _, _ in Formatter().parse(one.template) if name} if one.values else set()
    assert named <= set(one.values), (exercise_id, one)
    assert one.values or not UNFILLED.search(one.template), (exercise_id, one)
    for value in one.values.values():
        if isinstance(value, Message):
            fill(value, exercise_id)


#: Values that are Python's, or quote an answer, and stay as they are.
QUOTED = {"error", "warning", "code", "yours", "said", "rest", "got", "expected"}


def english_in(one):
    """Return the first text of a Message, or of one in it, that is left in English in another language."""
    if WORDS.search(CODE.sub("", one.template)) and translate(one.template) == one.template:
        return one.template
    assert not UNFILLED.search(CODE.sub("", str(one))), str(one)
    for name, value in one.values.items():
        if isinstance(value, Message) and (left := english_in(value)):
            return left
        texts = [value] if isinstance(value, str) else value if isinstance(value, Names) else []
        for text in texts if name not in QUOTED else []:
            if WORDS.search(CODE.sub("", text)) and translate(text) == text:
                return text
    return ""


def test_a_template_is_one_plain_text():
    """Neither an f-string nor a sum: a sentence that is glued from pieces cannot be translated."""
    glued = []
    for path in sorted(Path(helpers.checks.__file__).parents[1].rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):  # where nobody looks for one
                assert "template" not in map(_name_of, node.targets[0].elts), f"{path.name}:{node.lineno}"
            if isinstance(node, ast.Assign) and _name_of(node.targets[0]) == "template":
                glued += [f"{path.name}:{node.lineno}"] * isinstance(node.value, ast.JoinedStr | ast.BinOp)
            if isinstance(node, ast.Call) and _name_of(node.func) in translations._MAKERS:
                template = node.args[0] if node.args else None
                if isinstance(template, ast.JoinedStr | ast.BinOp):
                    glued.append(f"{path.name}:{node.lineno}")
                elif isinstance(template, ast.Constant):
                    fields = {name for _, name, _, _ in Formatter().parse(template.value) if name is not None}
                    if node.keywords or len(node.args) > 1:
                        assert all(map(FIELD.fullmatch, fields)), f"{path.name}:{node.lineno}"
    assert glued == []


def test_a_listing_leaves_out_what_is_empty():
    facts = [message("{count} at 1", count=2), "", message("{count} at 2", count=3)]
    assert str(message("So many: {facts}.", facts=Listing(facts))) == "So many: 2 at 1; 3 at 2."
    assert str(Listing(facts[:2], " ")) == "2 at 1"


def _name_of(node):
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")

"""Which language is spoken, and what a message becomes in it."""

import json

import pytest

from helpers.language import translation
from helpers.language.message import Message, Names, message
from helpers.language.translation import EDITION, language, language_of, speaking, translate

RIGHT = "Exercise {id}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder that a kernel works in, where the environment asks for no edition."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(EDITION, raising=False)
    translation._of_notebook_in.cache_clear()
    yield tmp_path
    translation._of_notebook_in.cache_clear()


def put(folder, course, name="01_a.ipynb"):
    metadata = {} if course is None else {"course": course}
    (folder / name).write_text(json.dumps({"metadata": metadata, "cells": []}), encoding="utf-8")


def test_english_unless_told_otherwise(folder):
    assert language() == "en"


def test_the_environment_names_an_edition(folder, monkeypatch):
    monkeypatch.setenv(EDITION, "ko")
    assert language() == "ko"


@pytest.mark.parametrize("course, spoken", [({"language": "ko"}, "ko"), ({"edition": "0123"}, "en"), (None, "ko")])
def test_the_notebook_in_the_folder_is_stronger_than_the_environment(course, spoken, folder, monkeypatch):
    monkeypatch.setenv(EDITION, "ko")
    put(folder, course)
    assert language() == spoken


@pytest.mark.parametrize("text", ["", "[]", "{", '{"metadata": 3}', "[" * 100_000, '{"metadata": {"course": [1]}}'])
def test_a_damaged_notebook_says_nothing(text, folder, monkeypatch):
    monkeypatch.setenv(EDITION, "ko")
    (folder / "01_a.ipynb").write_text(text, encoding="utf-8")
    assert language() == "ko"


@pytest.mark.parametrize("odd", [3, None, "../../etc", "ko/../x", "KO", "", ["ko"]])
def test_a_language_that_is_none_is_english(odd):
    assert language_of({"course": {"language": odd}}) == "en"


def test_a_language_without_a_catalogue_is_spoken_in_english():
    with speaking("xx"):
        assert str(message("not yet")) == "not yet"


@pytest.mark.parametrize("size", [0, 3, 30, 5_000, 100_000])
def test_a_damaged_catalogue_is_as_none(size, tmp_path, monkeypatch):
    (tmp_path / "xx.mo").write_bytes((translation.CATALOGUES / "ko.mo").read_bytes()[:size])
    monkeypatch.setattr(translation, "CATALOGUES", tmp_path)
    translation._catalogue.cache_clear()
    with speaking("xx"):
        assert str(message(RIGHT, id="1.3")) == "Exercise 1.3"
    translation._catalogue.cache_clear()


def test_a_folder_that_was_removed(folder, monkeypatch):
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert language() == "en"


def test_what_is_not_in_the_catalogue_is_said_in_english():
    with speaking("ko"):
        assert str(message("No such sentence, {name}.", name="x")) == "No such sentence, x."
        assert translate("") == ""


def test_a_message_is_translated_where_it_becomes_text():
    said = message(RIGHT, id="1.3")
    with speaking("ko"):
        assert str(said) == "연습문제 1.3"
    assert str(said) == "Exercise 1.3"


def test_braces_of_a_text_without_values_stay():
    with speaking("ko"):
        assert str(Message("f'{x}' and {}")) == "f'{x}' and {}"


def test_values_that_are_texts_of_the_course_are_translated_too(monkeypatch):
    korean = {"{label} ran": "{label}을(를) 실행", "second call": "두 번째 호출", "dxs": "dxs"}
    monkeypatch.setattr("helpers.language.message.translate", lambda text: korean.get(text, text))
    with speaking("ko"):
        assert str(message("{label} ran", label="second call")) == "두 번째 호출을 실행"
        assert str(Names(["second call", "dxs"])) == "`두 번째 호출`, `dxs`"


def test_a_value_that_is_a_name_in_code_stays_though_a_text_of_the_course_is_the_same_word():
    with speaking("ko"):
        assert str(message("layers")) != "layers"
        assert "`layers`" in str(message("`{name}` is in reverse order of time.", name="layers"))
        assert str(Names(["layers", "params"])) == "`layers`, `params`"

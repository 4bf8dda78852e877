"""The figures of the language model: what they draw, the numbers their words claim, and what they refuse."""

import numpy as np
import pytest

from helpers import plots
from helpers.data import stream_batches

COUNTED = {"unigram": 292.0, "trigram": 75.0}


def _texts(picture, number=0):
    return [text.get_text() for text in picture.figure.axes[number].texts]


def test_each_target_is_the_word_after_its_input():
    texts = _texts(plots.language_model(["we", "the", "people", "of"]))
    assert {"we", "the", "people", "target: the", "target: people", "target: of"} <= set(texts)
    assert "of" not in texts


def test_a_repeated_word_is_drawn_with_the_sum_of_its_gradients():
    E, dys = np.arange(8.0).reshape(4, 2), np.array([[1.0, 1.0], [2.0, 0.0], [0.5, -1.0]])
    picture = plots.embedding_lookup(E, [2, 0, 2], dys)
    assert "Row 2 was read 2 times and gets the sum, 1.5, 0" in picture.alt
    assert "1.5" in _texts(picture) and _texts(picture).count("word 2") == 2


def test_the_bars_of_the_loss_are_the_arrays():
    p = np.array([0.5, 0.25, 0.125, 0.125])
    gradient = p - np.eye(4)[1]
    left, right = plots.softmax_loss(p, 1, gradient).figure.axes
    assert [bar.get_height() for bar in left.patches] == list(p)
    assert [bar.get_height() for bar in right.patches] == list(gradient)
    assert [bool(bar.get_hatch()) for bar in left.patches] == [False, True, False, False]


def test_the_ladder_is_in_order_and_begins_with_knowing_nothing():
    picture = plots.perplexity_ladder({"mine": 108.0, **COUNTED}, 3001)
    assert _texts(picture) == ["every word equally likely: 3001", "unigram: 292", "mine: 108", "trigram: 75"]
    assert picture.figure.axes[0].get_xscale() == "log"


def test_the_rows_are_drawn_as_the_windows_have_them():
    ids = np.arange(24)
    picture = plots.stream_rows(ids, list(stream_batches(ids, 2, 4)))
    assert "Row 0 reads 0 1 2 3, then 4 5 6 7, then 8 9 10; row 1 reads 11 12 13 14" in picture.alt
    assert "The last 2 ids are never an input" in picture.alt
    assert [text for text in _texts(picture) if text.startswith("last target")] == [
        f"last target: {word}" for word in (4, 15, 8, 19, 11, 22)
    ]


def test_one_row_can_be_drawn():
    assert "row 1 reads nothing" in plots.stream_rows(np.arange(9), list(stream_batches(np.arange(9), 1, 4))).alt


def test_what_a_reset_costs_is_drawn_at_its_number_of_words():
    picture = plots.cost_of_forgetting([1.5, 1.25, 1.1, 1.05, 1.0], guess=3)
    forgetting, carried, guess = picture.figure.axes[0].lines
    assert list(forgetting.get_xdata()) == [1, 2, 3, 4, 5] and list(forgetting.get_ydata())[:2] == [1.5, 1.25]
    assert set(carried.get_ydata()) == {1} and set(guess.get_xdata()) == {3}
    assert "1.50 after 1, 1.25 after 2, 1.00 after 5; 1.18 over the last five. Your guess was 3." in picture.alt


def test_keys_of_the_same_window_and_of_an_earlier_one_are_drawn_apart():
    recalled = {"carried": ({1: [1.0, 1.0]}, {1: [1.0, 4.0], 2: [1.1, 1.1]}), "zeros": ({}, {1: [8.2], 6: [8.1]})}
    picture = plots.recalled_by_age(recalled, 8)
    same, earlier = picture.figure.axes
    means = [line for line in earlier.lines if line.get_linestyle() != "None"]
    assert [list(line.get_ydata()) for line in means[:2]] == [[2.0, pytest.approx(1.1)], [8.2, pytest.approx(8.1)]]
    assert set(means[2].get_ydata()) == {8} and same.get_ylim() == earlier.get_ylim()
    assert "carried, read in an earlier window: 1.1 to 2.0; zeros, read in an earlier window: 8.1 to 8.2" in picture.alt


def test_each_word_stands_above_its_chance_and_the_darkest_was_expected_least():
    picture = plots.loss_by_word(["the", "state", "of"], np.log([4.0, 2500.0, 1.25]))
    assert _texts(picture) == ["the", "1 in 4.0", "state", "1 in 2,500", "of", "1 in 1.2"]
    grounds = [patch.get_facecolor()[2] for patch in picture.figure.axes[0].patches]
    assert grounds[1] == min(grounds) and grounds[2] == max(grounds)
    assert "Expected least: state, the, of. Perplexity of the text: 23." in picture.alt


def test_a_run_that_is_still_going_on_leaves_room_for_the_rest():
    picture = plots.training_curve([900.0, 400.0], 25, 500, COUNTED)
    (ax,) = picture.figure.axes
    assert ax.get_xlim() == (0, 500) and list(ax.lines[0].get_xdata()) == [25, 50]
    assert "900 over the first 25, 400 after 50 of 500" in picture.alt
    assert "unigram: 292; trigram: 75" in picture.alt


def test_each_temperature_has_its_own_bars():
    p = {0.5: np.array([0.9, 0.1]), 1.0: np.array([0.6, 0.4])}
    picture = plots.next_words(p, ["people", "dream"])
    for ax, (temperature, heights) in zip(picture.figure.axes, p.items()):
        assert [bar.get_width() for bar in ax.patches] == list(heights)
        assert ax.get_title(loc="left") == f"temperature {temperature:g}"
    assert "people, has at temperature 0.5 0.90, at temperature 1 0.60" in picture.alt


def test_a_live_figure_shows_the_last_picture_and_how_far_the_loop_is():
    live = plots.LiveFigure(500, "perplexity")
    for done, perplexities in (25, [900.0]), (50, [900.0, 400.0]):
        live.show(done, plots.training_curve(perplexities, 25, 500, COUNTED))
        assert live.bar.value == done
        assert f"after {done} of 500" in live.image.value
    assert repr(live) == "A live figure, perplexity, drawn while the loop runs"


REFUSED = {
    "three words": (lambda: plots.language_model(["a", "b", "c"]), "four words: got 3"),
    "a large embedding": (lambda: plots.embedding_lookup(np.ones((7, 2)), [0], np.ones((1, 2))), "at most 6 rows"),
    "gradients of another length": (
        lambda: plots.embedding_lookup(np.ones((3, 2)), [0], np.ones((2, 2))),
        r"dys .* \(1, 2\)",
    ),
    "a target outside": (lambda: plots.softmax_loss(np.ones(3) / 3, 3, np.ones(3)), "one of V words"),
    "no models": (lambda: plots.perplexity_ladder({}, 10), "models must be a dict with 1 to 5 entries"),
    "no windows": (lambda: plots.stream_rows(np.arange(5), []), "0 windows"),
    "a long stream": (lambda: plots.stream_rows(np.arange(50), list(stream_batches(np.arange(50), 2, 9))), "40 ids"),
    "no ratios": (lambda: plots.cost_of_forgetting([]), "not be empty"),
    "nothing recalled": (lambda: plots.recalled_by_age({"a": ({}, {})}, 8), "not empty"),
    "a loss too few": (lambda: plots.loss_by_word(["a", "b"], [1.0]), r"must have the shape \(2,\)"),
    "a long text": (lambda: plots.loss_by_word(["a"] * 61, np.ones(61)), "at most 60 words"),
    "an empty run": (lambda: plots.training_curve([], 25, 500, COUNTED), "not be empty"),
    "no distributions": (lambda: plots.next_words({}, ["a"]), "1 to 4 entries"),
    "too few words": (
        lambda: plots.next_words({1.0: np.ones(3)}, ["a"]),
        r"must have the shape \(1,\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arrays_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as refused:
        draw()
    assert str(refused.value).endswith(".")

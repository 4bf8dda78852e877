"""Figures of the full model: what they draw is what they were given."""

import numpy as np
import pytest

from helpers import plots

OWNERS = dict.fromkeys(("Embedding", "VariationalDropout", "LSTM", "TiedAffine", "SoftmaxCrossEntropy"), "yours")
WORDS = ["we", "must", "act", "now"]


def test_a_bar_has_the_length_of_its_counts():
    picture = plots.parameter_counts({"untied": {"E": 6, "W": 4}, "tied": {"E": 6}})
    bars = picture.figure.axes[0].patches
    assert [bar.get_width() for bar in bars] == [6, 4, 6]
    assert "untied: 10, of which E 6, W 4; tied: 6" in picture.alt


def test_the_third_table_is_the_sum_of_the_first_two():
    picture = plots.summed_gradient(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    shown = [np.asarray(ax.images[0].get_array()) for ax in picture.figure.axes[:3]]
    assert np.array_equal(shown[2], shown[0] + shown[1])
    assert "embedding's part has 1 rows that are not zero, the output's part 2" in picture.alt


def test_who_wrote_a_layer_is_told():
    assert "LSTM: the reference's" in plots.full_model(WORDS, OWNERS | {"LSTM": "the reference's"}).alt


def test_without_owners_each_layer_tells_what_it_gives():
    picture = plots.full_model(WORDS)
    assert "yours" not in picture.alt and picture.alt.endswith("one matrix E.")
    said = [text.get_text() for text in picture.figure.axes[0].texts]
    assert "(N, T, V)" in said and not any("reference" in text for text in said)


def test_three_masks_lie_on_the_way_up_and_none_along_time():
    (ax,) = plots.full_model(WORDS, OWNERS).figure.axes
    colours = [line.get_markeredgecolor() for line in ax.lines if line.get_marker() == "s"]
    assert len(colours) == 9 and len(set(colours)) == 3


def test_an_epoch_that_is_not_below_the_best_is_circled():
    picture = plots.decay_on_plateau([90, 70, 80, 75, np.nan, 60], [20, 20, 20, 5, 1.25, 0.3], 6, {"unigram": 143.0})
    rings = next(line for line in picture.figure.axes[0].lines if line.get_markersize() == 12)
    assert list(rings.get_xdata()) == [3, 4, 5]
    assert "after epoch 3 from 20 to 5" in picture.alt


def test_each_seed_of_an_ablation_is_a_point_beside_mean_and_deviation():
    picture = plots.ablation({"baseline": [70.0, 72.0], "tying": [60.0, 60.0]})
    points = [line for line in picture.figure.axes[0].lines if line.get_marker() in "os"]
    assert list(points[0].get_xdata()) == [70.0, 72.0]
    assert "baseline: 71.0 ± 1.4; tying: 60.0 ± 0.0" in picture.alt


REFUSED = {
    "an unknown part": (lambda: plots.parameter_counts({"a": {"heads": 1}}), "E, LSTMs, W, b"),
    "two shapes": (lambda: plots.summed_gradient(np.ones((2, 2)), np.ones((2, 3))), "one shape"),
    "three words": (lambda: plots.full_model(WORDS[:3], OWNERS), "four words"),
    "no owner": (lambda: plots.full_model(WORDS, {}), "an owner"),
    "two lengths": (
        lambda: plots.decay_on_plateau([1.0, 2.0], [1.0], 2, {}),
        "must have one shape",
    ),
    "one seed": (lambda: plots.ablation({"a": [1.0]}), "two seeds"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arrays_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as refused:
        draw()
    assert str(refused.value).endswith(".")

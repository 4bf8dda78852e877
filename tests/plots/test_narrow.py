"""The rendering of a chart for a narrow screen: when there is one, and how it is laid out."""

import inspect
from itertools import pairwise

import numpy as np
import pytest

from helpers import plots
from helpers.plots.narrow import TALLEST, WANTED, WIDTH, broken, is_narrow, narrow_layout
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import course_style, new_canvas, new_figure
from tests.plots.examples import CHARTS, DIAGRAMS, FIGURES, NARROW


@pytest.fixture
def wanted(monkeypatch):
    """Ask for narrow renderings, as the builder of the site does."""
    monkeypatch.setenv(WANTED, "1")


def _panels(picture):
    """The axes of a figure from top to bottom, without colour bars."""
    panels = [ax for ax in picture.figure.axes if ax.get_label() != "<colorbar>"]
    return sorted(panels, key=lambda ax: -ax.get_position().y0)


# --- when there is one -------------------------------------------------------------------------------------------


def test_a_chart_has_no_narrow_rendering_unless_it_is_wanted(monkeypatch):
    monkeypatch.delenv(WANTED, raising=False)
    picture = FIGURES["activation_slopes"]()
    assert picture.narrow is None and picture._repr_html_().count("data:image") == 1
    monkeypatch.setenv(WANTED, "1")
    assert FIGURES["activation_slopes"]().narrow.figure.get_figwidth() == WIDTH


@pytest.mark.parametrize("name", sorted(DIAGRAMS))
def test_a_diagram_has_none_since_its_parts_have_fixed_places(name, wanted):
    assert FIGURES[name]().narrow is None


@pytest.mark.parametrize("name", ["activation_slopes", "four_answers", "gate_openness", "scalar_powers"])
def test_the_wide_rendering_is_the_same_with_a_narrow_one(name, wanted, pictures):
    picture = FIGURES[name]()
    assert picture.narrow and picture.fingerprint() == pictures[name].fingerprint()
    assert picture.narrow.alt == picture.alt


def test_a_function_that_fails_leaves_no_narrow_layout_behind(wanted):
    @draws_picture
    def draw():
        if is_narrow():
            raise ValueError
        return Picture(new_figure()[0], "A figure.")

    with pytest.raises(ValueError):
        draw()
    assert not is_narrow()


def test_a_page_chooses_between_two_images_with_one_alt_text(wanted):
    shown = FIGURES["gradient_heatmap"]()._repr_html_()
    source = shown.index('<source media="(max-width: 46em)" width="440" srcset="data:image')
    image = shown.index("<img ")
    assert shown.index("<picture>") < source < image < shown.index("</picture>")
    assert shown.count("data:image") == 2 and shown.count("alt=") == 1
    assert '<img class="colour-map"' in shown


# --- how it is laid out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NARROW)
def test_a_narrow_chart_fits_a_phone_with_its_panels_one_above_the_other(name, pictures):
    picture = pictures[name]
    assert picture.figure.get_figwidth() == WIDTH <= 4.4
    panels = _panels(picture)
    for above, below in pairwise(panels):
        assert above.get_position().y0 > below.get_position().y1
    if name.partition(",")[0] != "cliff_landscape":  # its panel is one in three dimensions
        assert np.ptp([ax.get_position().x0 for ax in panels]) < 0.01


@pytest.mark.parametrize("name", CHARTS)
def test_a_narrow_chart_has_the_panels_of_the_wide_one(name, pictures):
    wide, narrow = _panels(pictures[name]), _panels(pictures[f"{name}, narrow"])
    assert sorted(ax.get_title("left") for ax in wide) == sorted(
        ax.get_title("left").replace("\n", " ") for ax in narrow
    )
    assert sum(len(ax.lines) + len(ax.patches) for ax in wide) == sum(len(ax.lines) + len(ax.patches) for ax in narrow)


@pytest.mark.parametrize("name", NARROW)
def test_every_panel_of_a_narrow_chart_says_what_its_axes_are(name, pictures):
    panels = [ax for ax in _panels(pictures[name]) if ax.axison]
    named = [ax for ax in panels if ax.get_ylabel()]
    assert named in ([], panels)


def test_the_columns_of_a_wide_figure_follow_each_other(pictures):
    """And each has the numbers of its steps below it, though they are shared."""
    panels = _panels(pictures["gate_openness, narrow"])
    assert [ax.get_title("left") for ax in panels] == ["before", "", "", "after", "", ""]
    assert [bool(ax.get_xlabel()) for ax in panels] == [False, False, True] * 2
    for ax in panels:
        assert ax.xaxis.get_tick_params()["labelbottom"] == bool(ax.get_xlabel())


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (3, 1), (1, 2), (2, 3)])
def test_axes_come_in_the_array_of_the_wide_figure(columns, rows):
    for squeeze in True, False:
        _, wide = new_figure(columns=columns, rows=rows, squeeze=squeeze)
        with narrow_layout():
            _, narrow = new_figure(columns=columns, rows=rows, squeeze=squeeze, sharex=True)
        assert np.shape(narrow) == np.shape(wide)


def test_a_narrow_figure_has_the_ratios_of_heights_and_none_of_widths():
    with narrow_layout():
        figure, axes = new_figure(8, 4, columns=2, rows=2, width_ratios=(1, 9), height_ratios=(3, 1))
    assert list(axes[0, 0].get_gridspec().get_height_ratios()) == [3, 1, 3, 1]
    assert axes[0, 0].get_gridspec().ncols == 1 and figure.get_figheight() == 8 <= 4 * TALLEST


def test_long_words_are_broken_and_a_formula_stays_whole():
    formula = r"$x_1 + x_2 + x_3$"
    with narrow_layout(), course_style():
        figure, ax = new_figure(8, 2)
        ax.set(title=f"a title that is far too long for a phone, about {formula} and more", xlabel="short")
        ax.set_ylabel("a name that is longer than its axis is high")
        Picture(figure, "A figure.")
    assert formula in ax.get_title("left") and "\n" in ax.get_title("left")
    assert ax.get_xlabel() == "short" and "\n" in ax.get_ylabel()


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("radius 1.8, × 0.1", "radius 1.8,\n× 0.1"),
        ("w = 1.1:  1.38 × 10⁴", "w = 1.1:\n1.38 × 10⁴"),
        (r"worst case $\|W_h^k x\|$", "worst case\n" r"$\|W_h^k x\|$"),
    ],
)
def test_the_name_of_a_line_is_broken_where_a_reader_pauses(name, lines):
    assert broken(name, 14) == lines


def test_a_canvas_is_as_wide_as_ever():
    with narrow_layout():
        assert new_canvas(6, 1)[0].get_figwidth() == 6


def test_no_figure_draws_at_random_or_takes_what_can_be_read_only_once():
    """The second drawing would be of other numbers, or of none."""
    for draw in (getattr(plots, name) for name in FIGURES):
        hints = [str(parameter.annotation) for parameter in inspect.signature(draw).parameters.values()]
        assert not [hint for hint in hints if "Generator" in hint or "Iter" in hint], draw.__name__

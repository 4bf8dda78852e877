"""The one style: each thing has one look in the whole course, and its text can be read on its ground."""

import colorsys
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from helpers import plots
from helpers.plots.style import (
    CELL_FILL,
    FIELD_FILL,
    FINE,
    HAIR,
    LARGE,
    LINE,
    LOOKS,
    MEDIUM,
    PAGE,
    PATH,
    RC,
    SERIES,
    SMALL,
    THICK,
    WEIGHT_FILL,
    looks_of,
    tint,
)

#: What belongs to no thing: words, frames, level lines.
NEUTRAL = "ink", "page", "pale", "frame", "level", "border", "outline"
NEUTRAL_COLOURS = {
    *(to_hex(colour) for name in NEUTRAL for colour in (LOOKS[name].colour, LOOKS[name].text)),
    *map(to_hex, (PAGE, CELL_FILL, FIELD_FILL, WEIGHT_FILL, RC["grid.color"])),
}

#: What carries no meaning by itself: the white of the page, and the frames of what is written in them.
FAINT = "page", "frame"


def _linear(colour):
    return np.array([c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)])


def _luminance(colour):
    return float(np.dot((0.2126, 0.7152, 0.0722), _linear(colour)))


def _contrast(one, other):
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _texts(figure):
    """Every text of a figure that can be seen."""
    hidden = {label for ax in figure.axes if not ax.axison for label in ax.findobj(Text)} - {
        text for ax in figure.axes for text in ax.texts
    }
    return [
        text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip() and text not in hidden
    ]


def _ground(text, figure):
    """The colour that a text stands on: its own ground, or the patches under it, one over the other."""
    if text.get_bbox_patch() is not None:
        return to_rgba(text.get_bbox_patch().get_facecolor())
    box = text.get_window_extent(RendererAgg(1, 1, figure.dpi))  # it measures, and draws nothing
    centre = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    ground = np.ones(3)
    ax = text.axes
    if ax is None or text not in ax.texts:
        return ground
    for patch in sorted(ax.patches, key=lambda patch: patch.get_zorder()):
        *colour, alpha = to_rgba(patch.get_facecolor())
        if alpha and patch.get_zorder() <= text.get_zorder() and patch.contains_point(centre):
            ground = (1 - alpha) * ground + alpha * np.array(colour)
    return ground


def _artists(figure):
    """(name, colour, width of the line) of every line, arrow, patch and area that a figure draws in its axes."""
    for ax in figure.axes:
        for artist in (
            *ax.lines,
            *ax.patches,
            *ax.collections,
            *(text for text in ax.texts if getattr(text, "arrow_patch", None)),
        ):
            name = artist.get_gid()
            if isinstance(artist, Line2D):
                yield name, artist.get_color(), artist.get_linewidth() * (artist.get_linestyle() != "None")
            elif isinstance(artist, Text):
                yield name, artist.arrow_patch.get_edgecolor(), artist.arrow_patch.get_linewidth()
            elif isinstance(artist, Patch):
                for colour in artist.get_facecolor(), artist.get_edgecolor():
                    if to_rgba(colour)[3]:
                        yield name, colour, artist.get_linewidth()
            elif isinstance(artist, (LineCollection, PolyCollection)) and artist.get_array() is None:
                for colour in (*artist.get_facecolor(), *artist.get_edgecolor()):
                    yield name, colour, LINE


# --- every figure ------------------------------------------------------------------------------------------------


def test_every_text_can_be_read_on_its_ground(name, pictures):
    figure = pictures[name].figure
    faint = {
        text.get_text(): round(contrast, 2)
        for text in _texts(figure)
        if (contrast := _contrast(text.get_color(), _ground(text, figure)[:3])) < 4.5
    }
    assert not faint


def test_a_figure_has_no_size_of_text_but_the_three(name, pictures):
    assert {text.get_fontsize() for text in _texts(pictures[name].figure)} <= {SMALL, MEDIUM, LARGE}


def test_a_figure_has_no_width_of_line_but_those_of_the_scale(name, pictures):
    assert {width for *_, width in _artists(pictures[name].figure)} <= {0, HAIR, FINE, LINE, THICK, PATH}


def test_whatever_is_coloured_says_what_it_is_and_has_its_look(name, pictures):
    figure = pictures[name].figure
    wrong = set()
    for of, colour, _ in _artists(figure):
        shown = to_hex(colour)
        tints = {to_hex(tint(of, share)) for share in (0.12, 0.2, 0.3, 0.35, 0.5)} if of else set()
        looks = {to_hex(LOOKS[of].colour), to_hex(LOOKS[of].text), *tints} if of else set()
        if shown not in looks | NEUTRAL_COLOURS:
            wrong.add((of, shown))
    for text in _texts(figure):
        of = text.get_gid()
        if to_hex(text.get_color()) not in ({to_hex(LOOKS[of].text)} if of else NEUTRAL_COLOURS):
            wrong.add((text.get_text(), to_hex(text.get_color())))
    assert not wrong


def test_a_line_stands_out_from_the_page(name, pictures):
    """Bands, frames and what lies below a thicker line of its own colour may be fainter."""
    found = [line for ax in pictures[name].figure.axes for line in ax.lines if line.get_gid() not in FAINT]
    solid = {line.get_gid() for line in found if line.get_alpha() is None}
    faint = {
        line.get_gid(): line.get_color()
        for line in found
        if (line.get_alpha() is not None and line.get_gid() not in solid)
        or max(_contrast(colour, PAGE) for colour in (line.get_color(), line.get_markeredgecolor())) < 3
    }
    assert not faint


def test_no_two_things_of_a_figure_look_alike(name, pictures):
    used = {of for of, *_ in _artists(pictures[name].figure)} - {None, *NEUTRAL}
    alike = [
        (one, other)
        for one, other in combinations(sorted(used), 2)
        if _appearance(LOOKS[one]) == _appearance(LOOKS[other])
    ]
    assert not alike


def _appearance(look):
    return look.colour, str(look.dash), look.hatch


def test_no_two_lines_of_one_plot_share_colour_and_dash(name, pictures):
    for ax in pictures[name].figure.axes:
        labels = {}
        for line in ax.lines:
            if line.get_label()[0] != "_":
                labels.setdefault((to_hex(line.get_color()), str(line._dash_pattern)), set()).add(line.get_label())
        assert all(len(found) == 1 for found in labels.values())


@pytest.mark.parametrize("letter", "ch")
def test_a_state_has_one_colour_wherever_it_is_written(name, pictures, letter):
    symbol = re.compile(rf"\${letter}(_\{{\\mathrm\{{(prev|next)\}}\}})?\$")
    names = {
        text.get_gid() for ax in pictures[name].figure.axes for text in ax.texts if symbol.fullmatch(text.get_text())
    }
    assert names <= {letter}


def test_a_symbol_has_its_subscript_upright(name, pictures):
    assert not [
        text.get_text() for text in _texts(pictures[name].figure) if re.search(r"_\{?(prev|next)", text.get_text())
    ]


def test_no_line_of_the_grid_strikes_a_text_through(name, pictures):
    figure = pictures[name].figure
    for ax in figure.axes:
        if not (ax.axison and any(line.get_visible() for line in (*ax.get_xgridlines(), *ax.get_ygridlines()))):
            continue
        for text in ax.texts:
            if text.get_text() and ax.bbox.contains(*text.get_window_extent().p0):
                assert text.get_bbox_patch() is not None, text.get_text()
        if ax.get_legend():
            assert ax.get_legend().get_frame().get_facecolor() == (1, 1, 1, 1)


# --- the table ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", LOOKS)
def test_a_colour_stands_out_from_the_page(of):
    assert of in FAINT or _contrast(LOOKS[of].colour, PAGE) >= 3


#: How readers see colours who lack one kind of cone: on linear RGB (Machado, Oliveira and Fernandes 2009).
NO_RED = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
NO_GREEN = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
NO_BLUE = [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]
TO_XYZ = np.array([[0.434, 0.376, 0.190], [0.213, 0.715, 0.072], [0.018, 0.109, 0.873]])  # white is 1, 1, 1


def _lab(linear):
    x, y, z = np.cbrt(TO_XYZ @ np.clip(linear, 0.001, 1))
    return np.array([116 * y, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", [np.eye(3), NO_RED, NO_GREEN, NO_BLUE], ids=["all", "no red", "no green", "no blue"])
def test_coloured_series_differ_for_every_kind_of_colour_vision(seen):
    """By 10 in CIE Lab, where 2 can just be seen side by side; beside it, they differ in dash and marker."""
    colours = {LOOKS[of].colour for of in ("h", "f", "c", "g", "i", "o", "gradient", "weight")}
    places = [_lab(np.array(seen) @ _linear(colour)) for colour in colours]
    assert min(np.linalg.norm(one - other) for one, other in combinations(places, 2)) > 10


@pytest.mark.parametrize("of", LOOKS)
def test_text_has_a_darker_colour_of_the_same_hue(of):
    look = LOOKS[of]
    if of == "page":  # the white number on a dark square
        return
    (hue, _, value), (text_hue, _, text_value) = (
        colorsys.rgb_to_hsv(*to_rgb(colour)) for colour in (look.colour, look.text)
    )
    assert text_value <= value
    assert abs(hue - text_hue) < 0.02 or colorsys.rgb_to_hsv(*to_rgb(look.text))[1] < 0.2
    assert _contrast(look.text, PAGE) >= 5


def test_no_two_series_share_a_colour_a_dash_or_a_marker():
    for key in "colour", "dash", "marker":
        assert len({str(getattr(look, key)) for look in SERIES}) == len(SERIES) == 6


@pytest.mark.parametrize(
    "labels",
    [
        ["0.9 × orthogonal", "1.1 × orthogonal"],
        ["LSTM, rate 10", "feed-forward, rate 10", "feed-forward, rate 5"],
        ["LSTM, chrono", "LSTM, bias 0", "LSTM, bias 1"],
        ["forget bias 0", "forget bias 1", "forget bias 5"],
        ["through c alone", "through h as well"],
        ["every word equally likely", "unigram", "Kneser-Ney trigram", "your model", "the reference"],
        ["training", "validation", "unigram", "Kneser-Ney trigram", "bigram"],
        ["right answer", "the LSTM"],
        ["$f$ = 0.5", "$f$ = 0.9", "$f$ = 0.99", "$f$ = 0.999"],
        ["state carried", "set back to zeros", "carried into other rows", "carried, every key too old"],
        list("abcdef"),
    ],
)
def test_the_lines_of_one_figure_look_different(labels):
    looks = looks_of(labels)
    assert len({(look.colour, str(look.dash)) for look in looks}) == len(labels)


def test_a_label_has_the_look_of_what_it_names():
    names = {"LSTM, chrono": "LSTM", "through c alone": "path c", "norm clipped to 1": "clipped", "valid": "validation"}
    for label, name in (names | {"not clipped": "not clipped", "your model": "yours", "this model": "yours"}).items():
        (look,) = looks_of([label])
        assert look == LOOKS[name]


def test_a_state_and_the_path_through_it_have_one_colour():
    path, rest = looks_of(["through c alone", "through h as well"])
    assert (path.colour, rest.colour) == (LOOKS["c"].colour, LOOKS["h"].colour)
    assert len({LOOKS[name].colour for name in (*"xhcfgio", "gradient", "weight")}) == 9


def test_no_module_of_figures_has_a_colour_or_a_size_of_its_own():
    own = re.compile(
        r"#[0-9A-Fa-f]{6}|\"(white|black|red|blue|green|gr[ae]y)\"|\b(size|fontsize|lw|mew)=\d*\.?\d*[1-9]\b"
    )
    folder = Path(plots.__file__).parent
    found = {
        path.name: [match.group() for match in own.finditer(path.read_text())]
        for path in folder.glob("*.py")
        if path.name != "style.py"
    }
    assert {name: matches for name, matches in found.items() if matches} == {}

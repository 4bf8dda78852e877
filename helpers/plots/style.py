"""The one style of the course: a table from each thing that figures draw to its look, and sizes, widths and settings.

No other module names a colour, a size of text, a width or a dash: it names what it draws, such as ``"c"``. An artist
carries that name as its gid, by which a test holds that nothing has two colours in the course.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from helpers.plots.narrow import is_narrow, stacked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# matplotlib takes about a second to import, so the functions that draw import it: a notebook that only imports
# `plots` starts at once.

#: A place on a canvas or in axes, x and y.
Point: TypeAlias = tuple[float, float]

#: Keywords of matplotlib for one line, whose values are of many types.
Style: TypeAlias = dict[str, Any]

#: What matplotlib takes for the dashes of a line.
Dash: TypeAlias = str | tuple[int, tuple[int, ...]]


# --- sizes -------------------------------------------------------------------------------------------------------

#: The three sizes of text [point]: what stands beside, plain words and titles, and symbols and equations.
SMALL, MEDIUM, LARGE = 8.5, 10.0, 12.0

#: The widths of lines [point]: between cells, frames and single runs, lines, what matters most, paths in diagrams.
HAIR, FINE, LINE, THICK, PATH = 0.4, 0.8, 1.6, 2.4, 3.2

#: The sizes of markers [point]: on a line, of a row of them, alone, and around another one.
DOT, POINT, MARK, RING = 4.0, 6.0, 8.0, 12.0

#: How much of a colour is left where it fills an area that holds text.
TINT = 0.2


# --- looks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """How one thing looks wherever it is drawn: colour of lines and fills, colour of text, dash, marker, hatching."""

    name: str
    colour: str
    text: str
    dash: Dash = "-"
    marker: str = "o"
    hatch: str = ""

    @property
    def line(self) -> Style:
        """Keywords of ``Axes.plot`` for a line without markers."""
        return {"color": self.colour, "linestyle": self.dash, "gid": self.name}

    @property
    def marked(self) -> Style:
        """Keywords of ``Axes.plot`` for a line with markers."""
        return self.line | {"marker": self.marker}

    @property
    def fill(self) -> Style:
        """Keywords of a patch that is filled."""
        return {"facecolor": self.colour, "gid": self.name}


# Okabe and Ito's colours, told apart by readers of every kind of colour vision, and wine, gold and greys. A line alone
# has a contrast of at least 3 with the page, so their orange and sky blue are darker here, and vermilion too: it would
# otherwise be like that orange to readers who see no red. Beside each, the same hue darkened for text: its contrast is
# at least 4.5 on every ground that figures have. The frame has less, since what is in it carries the meaning.
_BLUE = "#0072B2", "#0067A0"
_VERMILION = "#B84700", "#AA4B00"
_GREEN = "#009E73", "#007656"
_PURPLE = "#CC79A7", "#8F5575"
_ORANGE = "#D17D00", "#8A5F00"
_SKY = "#3A97D3", "#346C8C"
_WINE = "#882255", "#7A1F4C"
_GOLD = "#A08F4E", "#79652C"
_GREY = "#7F7F7F", "#676767"
_INK = "#333333", "#333333"
_PALE = "#7A828C", "#5F656D"
_FRAME = "#AEB8C4", "#5F656D"

_SOLID, _DASHED, _DASH_DOT, _DOTTED = "-", "--", "-.", ":"
_LONG, _SHORT, _LEVEL = (0, (5, 1)), (0, (1, 1)), (0, (6, 3))

_TABLE: dict[str, tuple[Any, ...]] = {
    # words, frames, and lines that belong to nothing else
    "ink": (_INK,),
    "page": (("#FFFFFF", "#FFFFFF"),),
    "pale": (_PALE,),
    "frame": (_FRAME,),
    "level": (_INK, _LEVEL),
    "border": (_PALE, _DASHED),
    "guess": (_INK, _SHORT, "*"),
    "outline": (_INK, _DASHED),
    # the quantities of a cell
    "x": (_GREY,),
    "h": (_BLUE,),
    "c": (_GREEN,),
    "f": (_VERMILION,),
    "g": (_PURPLE,),
    "i": (_ORANGE,),
    "o": (_SKY,),
    "z": (_VERMILION,),
    "r": (_SKY,),
    "n": (_PURPLE,),
    "weight": (_GOLD,),
    "gradient": (_WINE, _SOLID, "o"),
    "path c": (_GREEN, _SOLID, "o"),
    "path h": (_BLUE, _DASHED, "s"),
    # functions
    "sigmoid": (_ORANGE,),
    "tanh": (_PURPLE,),
    "slope": (_VERMILION, _DASHED, "s"),
    # kinds of layers, each in the colour of the state that it carries on
    "RNN": (_BLUE, _DASHED, "s"),
    "RNN, clipped": (_BLUE, _SOLID, "v"),
    "RNN, orthogonal": (_SKY, _DASH_DOT, "^"),
    "LSTM": (_GREEN, _SOLID, "o"),
    "GRU": (_PURPLE, _DOTTED, "D"),
    "feed-forward": (_ORANGE, _DASHED, "s"),
    "bias 0": (_ORANGE, _LONG, "v"),
    "bias 1": (_PURPLE, _DOTTED, "D"),
    "bias 5": (_BLUE, _SOLID, "o"),
    # models, and what they are measured by
    "yours": (_SKY, _SOLID, "o"),
    "reference": (_PALE, _DASHED, "s"),
    "blind": (_INK, _SOLID, "x"),
    "unigram": (_ORANGE, _DASH_DOT, "^"),
    "trigram": (_PURPLE, _DOTTED, "D"),
    "training": (_BLUE, _SOLID, "o"),
    "validation": (_VERMILION, _DASHED, "s"),
    "test": (_GREEN, _SOLID, "o"),
    "target": (_VERMILION, _SOLID, "o", "//"),
    "answer": (_VERMILION, _DASHED, "s"),
    "probability": (_BLUE,),
    # the eigenvectors of Wh
    "eigenvector 1": (_BLUE, _DOTTED),
    "eigenvector 2": (_GREEN, _DASH_DOT),
    # the norm of a gradient
    "step": (_BLUE, _SOLID, "s"),
    "clipped": (_BLUE, _DASHED, "s"),
    "not clipped": (_ORANGE, _SOLID, "o"),
    "overflow": (_VERMILION, _DOTTED),
    # dropout and its masks
    "kept": (_BLUE,),
    "mask": (_WINE, _SOLID, "s"),
    "mask 0": (_WINE, _SOLID, "s"),
    "mask 1": (_PURPLE, _SOLID, "s"),
    "mask 2": (_ORANGE, _SOLID, "s"),
    "mask LSTM 1": (_VERMILION, _SOLID, "s"),
    "mask LSTM 2": (_SKY, _SOLID, "s"),
    "none": (_GREY, _DOTTED, "D"),
    "fresh": (_VERMILION, _DASHED, "s"),
    "shared": (_BLUE, _SOLID, "o"),
    # the state between windows
    "carried": (_BLUE, _SOLID, "o"),
    "set back": (_VERMILION, _DASHED, "s"),
    "window 0": (_SKY,),
    "window 1": (_ORANGE,),
    "window 2": (_GREEN,),
    "window 3": (_PURPLE,),
    # parts of a model, by their numbers
    "E": (_GOLD,),
    "LSTMs": (_GREEN, _SOLID, "o", ".."),
    "W": (_GOLD, _DASHED, "s", "//"),
    "b": (_GREY,),
    # the course, and how far someone is
    "part 1": (_BLUE,),
    "part 2": (_GREEN,),
    "part 3": (_WINE,),
    "part 4": (_PURPLE,),
    "right": (_GREEN,),
    "wrong": (_VERMILION, _SOLID, "o", "///"),
    "not written": (_PALE,),
    "stopped": (_PURPLE, _SOLID, "o", "xxx"),
    # the first, second, … of things that have no look of their own
    "series 1": (_BLUE, _SOLID, "o"),
    "series 2": (_VERMILION, _DASHED, "s"),
    "series 3": (_GREEN, _DASH_DOT, "^"),
    "series 4": (_PURPLE, _DOTTED, "D"),
    "series 5": (_ORANGE, _LONG, "v"),
    "series 6": (_INK, _SHORT, "x"),
}

#: The look of each thing, in every figure of the course.
LOOKS: dict[str, Look] = {name: Look(name, *hue, *rest) for name, (hue, *rest) in _TABLE.items()}

#: Looks for lines whose labels name nothing in the table: readers need not tell them apart by colour.
SERIES = [look for name, look in LOOKS.items() if name.startswith("series")]

#: Words in the label of a line, and what they name; the first that stands in it counts.
_WORDS = {
    "chrono": "LSTM",
    "bias 0": "bias 0",
    "bias 1": "bias 1",
    "bias 5": "bias 5",
    "0.9 × orthogonal": "RNN",
    "through c": "path c",
    "through h": "path h",
    "right answer": "answer",
    "feed-forward": "feed-forward",
    "LSTM": "LSTM",
    "RNN, clipped": "RNN, clipped",
    "RNN, orthogonal": "RNN, orthogonal",
    "RNN": "RNN",
    "GRU": "GRU",
    "your": "yours",
    "this model": "yours",
    "the reference": "reference",
    "every word": "blind",
    "unigram": "unigram",
    "trigram": "trigram",
    "train": "training",
    "valid": "validation",
    "not clipped": "not clipped",
    "clipped": "clipped",
    "fresh": "fresh",
    "shared": "shared",
    "none": "none",
    "state carried": "carried",
    "set back": "set back",
}


def looks_of(labels: Iterable[str]) -> list[Look]:
    """Return the looks of the lines of one figure, no two of them alike.

    What a label names has the look of the table; a second line of it has another dash and marker. Labels that name
    nothing share out what is left, colours and, as far as they go, dashes.
    """
    labels, looks = list(labels), dict[int, Look]()
    for number, label in enumerate(labels):
        if look := next((LOOKS[name] for word, name in _WORDS.items() if word in label), None):
            if any((look.colour, look.dash) == (other.colour, other.dash) for other in looks.values()):
                other = _unlike(looks.values(), "dash")
                look = replace(look, dash=other.dash, marker=other.marker)
            looks[number] = look
    for number in range(len(labels)):
        if number not in looks:
            looks[number] = _unlike(looks.values(), "colour", "dash")
    return [looks[number] for number in range(len(labels))]


def _unlike(looks: Collection[Look], *keys: str) -> Look:
    """Return the first series that is unlike all these looks in all keys, or else in as many of the first as can be."""
    taken = {key: [getattr(look, key) for look in looks] for key in keys}
    free = [look for look in SERIES if all(getattr(look, key) not in taken[key] for key in keys)]
    return free[0] if free else _unlike(looks, *keys[:-1])


# --- maps and grounds --------------------------------------------------------------------------------------------

#: Maps for arrays: `SIZE` for magnitudes, `SIGNED` (centred on 0) for gradients.
SIZE = "viridis"
SIGNED = "RdBu_r"

#: Grounds: the page, a cell or a layer of a network, the field around several of them, and a parameter.
PAGE, CELL_FILL, FIELD_FILL, WEIGHT_FILL = "#FFFFFF", "#F3F6FA", "#FAFBFD", "#FFF8E1"

#: The ground behind a text, so that no line strikes it through.
GROUND: Style = {"facecolor": PAGE, "edgecolor": "none", "pad": 1.0}


def tint(name: str, share: float = TINT) -> tuple[float, ...]:
    """Return a thing's colour, mixed with white so that a share of it is left."""
    from matplotlib.colors import to_rgb

    return tuple(1 - share * (1 - part) for part in to_rgb(LOOKS[name].colour))


# --- settings ----------------------------------------------------------------------------------------------------

#: Marks of a symbol before and after a step, upright as words are.
PREV, NEXT = r"_{\mathrm{prev}}", r"_{\mathrm{next}}"

RC: dict[str, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "svg.hashsalt": "course",  # the same names in an SVG each time it is made
    "font.size": MEDIUM,
    "mathtext.fontset": "cm",
    "axes.titlesize": MEDIUM,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": MEDIUM,
    "axes.linewidth": FINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": FINE,
    "xtick.labelsize": MEDIUM,
    "ytick.labelsize": MEDIUM,
    "lines.linewidth": LINE,
    "lines.markersize": DOT,
    "patch.linewidth": FINE,
    "hatch.linewidth": FINE,
    "legend.frameon": True,
    "legend.framealpha": 1,
    "legend.edgecolor": "none",
    "legend.fontsize": MEDIUM,
    "text.color": LOOKS["ink"].text,
    "axes.labelcolor": LOOKS["ink"].text,
    "axes.edgecolor": LOOKS["pale"].colour,
    "xtick.color": LOOKS["ink"].text,
    "ytick.color": LOOKS["ink"].text,
}


@contextmanager
def course_style() -> Iterator[None]:
    """Give matplotlib the course's settings for the time of the context, whatever the reader has set."""
    import matplotlib.style

    with matplotlib.style.context(["default", RC]):
        yield


def new_figure(
    width: float = 8.0, height: float = 3.2, columns: int = 1, rows: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """Return a figure in the course's style and its axes (one, or an array of them); narrow where that is drawn.

    Args:
        width, height: of the whole figure [inch].
        columns, rows: how many axes there are side by side, and one above the other.
        subplots: passed on to ``Figure.subplots``, e.g. ``sharey=True``.
    """
    from matplotlib.figure import Figure

    with course_style():
        if is_narrow():
            return stacked(height, columns, rows, **subplots)
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, **subplots)


def new_canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure [inch] and one bare axes that fills it, in which a unit is an inch, for drawing diagrams."""
    from matplotlib.figure import Figure

    with course_style():
        figure = Figure(figsize=(width, height))
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, width), ylim=(0, height))
        ax.set_axis_off()
        return figure, ax

"""The one style of the course: colours, line styles, and figures that carry their own alt text."""

import base64
import html
import io
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

#: Okabe and Ito's colours, told apart by readers of every kind of colour vision.
COLOURS = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "grey": "#7F7F7F",
}

#: What a thing is coloured, in every figure of the course.
COLOUR_OF = {
    "x": COLOURS["grey"],
    "h": COLOURS["blue"],
    "c": COLOURS["green"],
    "f": COLOURS["vermilion"],
    "g": COLOURS["purple"],
    "i": COLOURS["orange"],
    "o": COLOURS["sky"],
    "gradient": COLOURS["vermilion"],
}

#: Line colour, dash and marker of the first, second, … series: no series is told by colour alone.
SERIES = [
    {"color": COLOURS["blue"], "linestyle": "-", "marker": "o"},
    {"color": COLOURS["vermilion"], "linestyle": "--", "marker": "s"},
    {"color": COLOURS["green"], "linestyle": "-.", "marker": "^"},
    {"color": COLOURS["purple"], "linestyle": ":", "marker": "D"},
    {"color": COLOURS["orange"], "linestyle": (0, (5, 1)), "marker": "v"},
    {"color": COLOURS["black"], "linestyle": (0, (1, 1)), "marker": "x"},
]

#: Maps for arrays: `SIZE` for magnitudes, `SIGNED` (centred on 0) for gradients.
SIZE = "viridis"
SIGNED = "RdBu_r"

RC = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "legend.frameon": False,
    "svg.hashsalt": "course",
}


def new_figure(width=8.0, height=3.2, columns=1, rows=1, **subplots):
    """Return a figure in the course's style and its axes (one, or an array of them).

    Args:
        width: of the whole figure [inch].
        height: of the whole figure [inch].
        columns: axes side by side.
        rows: axes one above the other.
        subplots: passed on to ``Figure.subplots``, e.g. ``sharey=True``.
    """
    with mpl.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, **subplots)


class Picture:
    """A finished figure and the words for a reader who cannot see it.

    Shown by a notebook as an image with alt text; its text form is the alt text itself.

    Args:
        figure: a matplotlib figure.
        alt: one or two sentences that say what the figure shows.
    """

    def __init__(self, figure, alt):
        self.figure = figure
        self.alt = " ".join(alt.split())

    def png(self, dpi=RC["savefig.dpi"]):
        """Return the image as PNG bytes."""
        buffer = io.BytesIO()
        with mpl.rc_context(RC):
            self.figure.savefig(buffer, format="png", dpi=dpi)
        return buffer.getvalue()

    def save(self, path):
        """Write the image to a PNG file."""
        Path(path).write_bytes(self.png())

    def _repr_html_(self):
        # Twice the resolution at the same width: sharp on dense screens. JupyterLab gives a PNG output no alt text,
        # so the image goes into HTML, which can carry one.
        data = base64.b64encode(self.png(dpi=2 * RC["savefig.dpi"])).decode()
        width = round(self.figure.get_figwidth() * RC["figure.dpi"])
        return (
            f'<img alt="{html.escape(self.alt)}" width="{width}" style="max-width: 100%; background: white" '
            f'src="data:image/png;base64,{data}">'
        )

    def __repr__(self):
        return f"Figure: {self.alt}"

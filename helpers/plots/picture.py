"""A finished figure with its alt text, and a description of its contents by which two figures can be compared."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import io
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
from numpy.typing import ArrayLike

from helpers.atomic_write import replace_file
from helpers.language.message import Message
from helpers.plots.narrow import fit, is_narrow, is_wanted, narrow_layout
from helpers.plots.style import RC, course_style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


P = ParamSpec("P")

logger = logging.getLogger(__name__)


class Picture:
    """A finished figure and its alt text.

    A notebook shows it as an image with alt text; its text form is the alt text itself.

    Args:
        figure: a matplotlib figure.
        *alt: sentences that say what the figure shows; empty ones are left out.

    Attributes:
        narrow: the same for a narrow screen, if that is wanted and the figure is a chart, or else None.
    """

    narrow: Picture | None = None

    def __init__(self, figure: Figure, *alt: Message | str) -> None:
        self.figure = figure
        self.alt = " ".join(" ".join(map(str, alt)).split())
        # Lay out once and keep it: the layout is refined at every drawing, and two drawings would differ.
        with course_style():
            if is_narrow():
                fit(figure)
            layout = figure.get_layout_engine()  # a canvas has none: its parts have fixed places
            if layout and self._has_colour_map():
                figure.draw_without_rendering()  # its colours are known only when it is drawn
            elif layout:
                layout.execute(figure)
        figure.set_layout_engine("none")

    def png(self, dpi: float = RC["savefig.dpi"], metadata: dict[str, str] | None = None) -> bytes:
        """Return the image as PNG bytes, with `dpi` pixels to an inch and `metadata` (keyword to text) stored in it."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        # The canvas draws once; `savefig` would draw twice, since it takes the figure for one that is not laid out.
        buffer = io.BytesIO()
        with course_style(), _resolution(self.figure, dpi):
            canvas: Any = FigureCanvasAgg(self.figure)  # its methods have no types
            canvas.print_png(buffer, metadata=metadata)
        return buffer.getvalue()

    def svg(self) -> bytes:
        """Return the image as SVG, whose text is drawn as curves: it looks the same whatever fonts there are."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        buffer = io.BytesIO()
        with course_style(), _resolution(self.figure, 72):  # in points: an SVG has no pixels
            canvas: Any = FigureCanvasSVG(self.figure)
            canvas.print_svg(buffer, metadata={"Date": None})
        return buffer.getvalue()

    def save(self, path: str | Path) -> None:
        """Write the image to a PNG file, with its alt text and the fingerprint of what it holds in the metadata."""
        replace_file(Path(path), self.png(metadata={"Description": self.alt, "Fingerprint": self.fingerprint()}))
        logger.info("Wrote the figure %s.", path)

    def contents(self) -> list[str]:
        """Return what the figure holds, a line for each artist: its kind, text, data and style. No pixels."""
        lines = []
        for ax in self.figure.axes:
            words = ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()
            lines.append(f"axes {words} {_rounded([*ax.get_xlim(), *ax.get_ylim()])} {ax.get_facecolor()}")
            artists = *ax.texts, *ax.lines, *ax.patches, *ax.collections, *ax.images
            lines += [" ".join([type(artist).__name__, *_properties(artist)]) for artist in artists]
        return lines

    def fingerprint(self) -> str:
        """Return a hash of the contents and the alt text: the same on all machines, whatever their pixels are."""
        return hashlib.sha256("\n".join([self.alt, *self.contents()]).encode()).hexdigest()

    def moving_html(self) -> str:
        """Return the HTML of one of many images that follow each other: as SVG, which is made in half the time.

        On the site nothing moves: there it is the image for a page, and the narrow one with it.
        """
        if is_wanted():
            return self._repr_html_()
        return self._on_its_ground(self._tag("data:image/svg+xml;base64," + base64.b64encode(self.svg()).decode()))

    def _repr_html_(self) -> str:
        image = self._tag(self._payload())
        if self.narrow:
            size = f'width="{self.narrow._width}"'
            source = f'<source media="{_NARROW_PAGE}" {size} srcset="{self.narrow._payload()}">'
            image = f"<picture>{source}{image}</picture>"
        return self._on_its_ground(image)

    def _tag(self, address: str) -> str:
        # JupyterLab gives a PNG output no alt text, so the image goes into HTML, which can carry one.
        alt = html.escape(self.alt)
        kind = ' class="colour-map"' if self._has_colour_map() else ""
        return f'<img{kind} alt="{alt}" width="{self._width}" style="{_IMAGE}" src="{address}">'

    @staticmethod
    def _on_its_ground(image: str) -> str:
        return f'<div class="course-figure" style="{_GROUND}">{image}</div>'

    @property
    def _width(self) -> int:
        """The width at which the image is shown [pixel]."""
        return round(float(self.figure.get_figwidth() * RC["figure.dpi"]))

    def _payload(self) -> str:
        """Return the image as an address that holds all of it, at twice the resolution: sharp on dense screens."""
        return "data:image/png;base64," + base64.b64encode(self.png(dpi=2 * RC["savefig.dpi"])).decode()

    def _has_colour_map(self) -> bool:
        """Return whether light and dark mean something in the figure, so that a dark page must not turn them round."""
        axes = self.figure.axes
        mapped = [collection for ax in axes for collection in ax.collections if collection.get_array() is not None]
        return bool(mapped) or any(ax.images for ax in axes)

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


@contextmanager
def _resolution(figure: Figure, dpi: float) -> Iterator[None]:
    """Give a figure so many pixels to an inch for the time of the context."""
    before = figure.dpi
    figure.set_dpi(dpi)
    try:
        yield
    finally:
        figure.set_dpi(before)


def draws_picture(function: Callable[P, Picture]) -> Callable[P, Picture]:
    """Decorate a function that draws a figure: it runs in the course's style, and again for a narrow rendering.

    Lines and text take their settings when made, so all of the function must run in style. A diagram, whose parts have
    fixed places, is as wide the second time and has no narrow rendering.
    """

    @functools.wraps(function)
    def draw(*args: P.args, **kwargs: P.kwargs) -> Picture:
        with course_style():
            picture = function(*args, **kwargs)
            if is_wanted() and not is_narrow():
                with narrow_layout():
                    narrow = function(*args, **kwargs)
                if narrow.figure.get_figwidth() < picture.figure.get_figwidth():
                    picture.narrow = narrow
            return picture

    return draw


# A page that is narrower shows the narrow rendering, as in the style sheet of the site.
_NARROW_PAGE = "(max-width: 46em)"

# The ground that a figure is shown on has rounded edges and takes a little of the page's colour: white on a light page,
# a soft grey in the dark theme of JupyterLab, or of the site. The image's own white is multiplied onto it and becomes
# the ground, so that one rendering serves both.
_PAGE_COLOUR = "var(--jp-layout-color0, var(--pst-color-background, white))"
_GROUND = (
    "display: inline-block; max-width: 100%; box-sizing: border-box; padding: 0.5em; border-radius: 0.5em; "
    f"background: white; background: color-mix(in srgb, white 86%, {_PAGE_COLOUR}); isolation: isolate"
)
_IMAGE = "display: block; max-width: 100%; mix-blend-mode: multiply"

_TEXT = "get_text", "get_color", "get_fontsize", "get_math_fontfamily"
_STYLE = (
    *("get_color", "get_facecolor", "get_edgecolor", "get_linewidth", "get_linestyle", "get_hatch"),
    *("get_marker", "get_markersize", "get_markerfacecolor", "get_markeredgecolor"),
)
_NUMBERS = "get_xydata", "get_array", "get_offsets"


def _properties(artist: Artist) -> list[str]:
    """Return the text, the style and the data of an artist, as texts."""
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    if isinstance(artist, Text):
        arrow = getattr(artist, "arrow_patch", None)
        places = artist.get_position(), getattr(artist, "xy", ())
        return [*_values(artist, _TEXT), *_values(arrow, ("get_edgecolor", "get_linewidth")), *map(_rounded, places)]
    data = [getattr(artist, name)() for name in _NUMBERS if hasattr(artist, name)]
    if isinstance(artist, Patch):
        data.append(artist.get_patch_transform().transform(artist.get_path().vertices))
    elif hasattr(artist, "get_paths"):
        data += [path.vertices for path in artist.get_paths()]
    return [*_values(artist, _STYLE), *(_rounded(numbers) for numbers in data if numbers is not None)]


def _values(artist: Artist | None, names: Iterable[str]) -> list[str]:
    return [str(getattr(artist, name)()) for name in names if hasattr(artist, name)]


def _rounded(values: ArrayLike) -> str:
    # Six digits: the last ones may differ between processors. Adding 0 turns -0 into 0.
    return str((np.round(np.ma.filled(np.ma.asarray(values, dtype=float), np.nan), 6) + 0.0).tolist())

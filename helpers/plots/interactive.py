"""Figures that change, for readers whose notebook shows widgets; what they say is in a still figure as well."""

import html
from collections.abc import Callable

from ipywidgets import HTML, FloatSlider, IntProgress, Text, VBox

from helpers.language.message import message
from helpers.plots.picture import Picture
from helpers.plots.repeated_warnings import show_warnings_once

#: How a text of a `PromptBox` stands on the page: with room around it, and lines that are not too long.
_SHEET = "max-width: 42em; margin: 0.5em 0; padding: 0.4em 0.8em; line-height: 1.5; border-left: 4px solid currentColor"


class SliderFigure(VBox):  # type: ignore[misc]  # ipywidgets comes without types
    """A figure that is drawn anew for each position of a slider.

    The image is the value of an HTML widget, not captured output: capturing blocks when a notebook is run without a
    browser.

    Args:
        draw: ``draw(value) -> Picture``.
        name: of the slider.
        low, high, start, step: its smallest, its largest and its first value, and the distance between two values.
    """

    def __init__(
        self, draw: Callable[[float], Picture], name: str, low: float, high: float, start: float, step: float
    ) -> None:
        slider = FloatSlider(value=start, min=low, max=high, step=step, description=name, continuous_update=False)
        slider.layout.width = "30em"
        image = HTML(draw(start).moving_html())
        slider.observe(lambda change: setattr(image, "value", draw(change["new"]).moving_html()), "value")
        template = "A slider, {name} from {low} to {high}, with a figure beneath it"
        self._text = message(template, name=name, low=low, high=high)
        super().__init__([slider, image])

    def __repr__(self) -> str:
        return str(self._text)


class PromptBox(VBox):  # type: ignore[misc]  # ipywidgets comes without types
    """A box for the beginning of a text, a slider for the temperature, and what a model writes after that beginning.

    It writes when Enter is pressed in the box, or the slider moves, with the mouse or the arrow keys.

    Args:
        write: ``write(beginning, temperature) -> text``.
        beginning: what is in the box at first.
        low, high, start, step: the smallest, the largest and the first temperature, and the distance between two.
    """

    def __init__(
        self,
        write: Callable[[str, float], str],
        beginning: str,
        low: float = 0.2,
        high: float = 1.4,
        start: float = 0.8,
        step: float = 0.1,
    ) -> None:
        box = Text(value=beginning, description="beginning", continuous_update=False)
        slider = FloatSlider(
            value=start, min=low, max=high, step=step, description="temperature", continuous_update=False
        )
        for control in (box, slider):
            control.layout.width, control.style.description_width = "32em", "8em"
        self.text = HTML()

        def show(_: object = None) -> None:
            words = html.escape(write(box.value, slider.value)).replace("\n", "<br>")
            self.text.value = f'<div role="status" style="{_SHEET}">{words}</div>'

        for control in (box, slider):
            control.observe(show, "value")
        show()
        template = "A box for the beginning of a text, and a slider for the temperature from {low} to {high}"
        self._text = message(template, low=low, high=high)
        super().__init__([box, slider, self.text])

    def __repr__(self) -> str:
        return str(self._text)


class LiveFigure(VBox):  # type: ignore[misc]  # ipywidgets comes without types
    """A figure that is drawn anew while a loop runs, under a bar that shows its progress.

    Args:
        total: how many rounds the loop has.
        name: what the figure shows, for readers without widgets.
    """

    def __init__(self, total: int, name: str) -> None:
        self.bar, self.image = IntProgress(max=total, description=f"of {total}"), HTML()
        self._text = message("A live figure, {name}, drawn while the loop runs", name=name)
        show_warnings_once()
        super().__init__([self.bar, self.image])

    def show(self, done: int, picture: Picture) -> None:
        """Move the bar to `done` rounds and put a new Picture in the place of the last one."""
        self.bar.value, self.image.value = done, picture.moving_html()

    def __repr__(self) -> str:
        return str(self._text)

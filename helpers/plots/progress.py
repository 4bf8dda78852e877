"""How far a learner has come: one square for each exercise of the course."""

from helpers.plots.style import COLOURS, INK, PALE, Picture, in_style, new_canvas

#: Height of the strip of one notebook, and width of the square of one exercise [inch].
_STRIP, _SQUARE = 0.32, 0.46


@in_style
def course_progress(notebooks):
    """Draw each exercise as a square: filled once it is right, crossed where its check said "not yet", else empty.

    Args:
        notebooks: dict from the number of a notebook to its exercises, each a pair (id, state), where the state is
            "right", "not yet" or "open".

    Returns:
        Picture

    Raises:
        ValueError: an unknown state.
    """
    height = _STRIP * len(notebooks) + 0.42
    figure, ax = new_canvas(6.0, height)
    for row, (number, exercises) in enumerate(notebooks.items()):
        bottom = height - _STRIP * (row + 1) - 0.02
        ax.text(0.12, bottom + 0.13, number, fontsize=9, fontweight="bold", va="center")
        for column, (name, state) in enumerate(exercises):
            _square(ax, 0.55 + _SQUARE * column, bottom, name, state)
    for x, state in (0.55, "right"), (2.0, "not yet"), (3.45, "open"):
        _square(ax, x, 0.06, "", state)
        ax.text(x + _SQUARE, 0.19, state if state != "open" else "not run yet", fontsize=8.5, va="center", color=INK)
    counts = [
        f"notebook {number}: {sum(state == 'right' for _, state in exercises)} of {len(exercises)}"
        for number, exercises in notebooks.items()
    ]
    return Picture(figure, f"One square for each exercise, green once it is right. Right so far, {'; '.join(counts)}.")


def _square(ax, x, y, name, state):
    from matplotlib.patches import Rectangle

    fills = {"right": COLOURS["green"], "not yet": "white", "open": "white"}
    if state not in fills:
        raise ValueError(f"A state is one of {', '.join(fills)}: got {state!r}.")
    edge = {"right": COLOURS["green"], "not yet": COLOURS["vermilion"], "open": PALE}[state]
    ax.add_patch(Rectangle((x, y), 0.4, 0.26, fc=fills[state], ec=edge, lw=1.4))
    if state == "not yet":
        ax.plot([x, x + 0.4], [y, y + 0.26], color=edge, lw=1.2, alpha=0.55)
    if name:
        ax.text(x + 0.2, y + 0.13, name, ha="center", va="center", fontsize=8,
                color="white" if state == "right" else INK, zorder=4)  # fmt: skip

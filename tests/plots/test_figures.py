"""What holds of every figure: its alt text, what it holds, and that no text touches another."""

import inspect
import subprocess
import sys
from itertools import combinations

import matplotlib as mpl
import pytest
from bs4 import BeautifulSoup
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.text import Text
from PIL import Image

from helpers import plots
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import course_style, new_figure
from tests.plots.examples import FIGURES


def _drawn_texts(figure, monkeypatch):
    """Draw a figure and return (text, box in pixels) of everything it wrote."""
    written = {}
    draw = Text.draw

    def noting_draw(text, renderer, *args, **kwargs):
        if text.get_visible() and text.get_text().strip():
            written[text] = Text.get_window_extent(text, renderer)
        draw(text, renderer, *args, **kwargs)

    monkeypatch.setattr(Text, "draw", noting_draw)
    with course_style():
        figure.draw(RendererAgg(*map(int, figure.bbox.size), figure.dpi))
    return [(text.get_text(), box) for text, box in written.items()]


def test_every_public_figure_has_an_example():
    public = {name for name, member in vars(plots).items() if inspect.isfunction(member)}
    assert public == set(FIGURES)


def test_the_alt_text_is_plain_sentences(name, pictures):
    alt = pictures[name].alt
    assert isinstance(pictures[name], Picture)
    assert alt[0].isupper() and alt.endswith(".") and len(alt.split()) >= 15
    assert not set(alt) & set("$\\{}\n") and "nan" not in alt


def _layout(picture):
    return [ax.get_position().bounds for ax in picture.figure.axes]


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_arrays_give_the_same_figure(name, pictures):
    """A narrow rendering is drawn by the same function, on another page."""
    again = FIGURES[name]()
    assert len(again.contents()) > len(again.figure.axes)
    assert again.contents() == pictures[name].contents() and again.alt == pictures[name].alt
    assert _layout(again) == _layout(pictures[name])


@pytest.mark.parametrize("name", ["gradient_heatmap", "learning_curves", "scalar_powers", "circle_after_steps"])
def test_showing_a_picture_does_not_change_it(name):
    picture = FIGURES[name]()
    before = picture.contents(), _layout(picture)
    picture._repr_html_()
    assert (picture.contents(), _layout(picture)) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda ax: ax.texts[0].set_text("another"),
        lambda ax: ax.texts[0].set_color("red"),
        lambda ax: ax.texts[0].set_position((1, 2)),
        lambda ax: ax.lines[0].set_ydata([1.0, 3.0]),
        lambda ax: ax.lines[0].set_linestyle(":"),
        lambda ax: ax.patches[0].set_height(9),
        lambda ax: ax.patches[0].set_facecolor("red"),
        lambda ax: ax.texts[1].arrow_patch.set_color("red"),
        lambda ax: setattr(ax.texts[1], "xy", (9, 1)),
        lambda ax: ax.collections[0].set_array([4.0, 4.0]),
        lambda ax: ax.collections[1].set_paths([[(0, 0), (1, 1), (0, 9)]]),
        lambda ax: ax.images[0].set_data([[5.0]]),
        lambda ax: ax.set_xlabel("another"),
        lambda ax: ax.set_ylim(0, 99),
        lambda ax: ax.lines[0].remove(),
    ],
)
def test_whatever_changes_in_a_figure_changes_its_fingerprint(change):
    @draws_picture
    def draw():
        figure, ax = new_figure()
        ax.text(0, 0, "a text")
        ax.plot([0, 1], [1, 2])
        ax.bar([0], [1])
        ax.scatter([0, 1], [1, 2], c=[0.0, 1.0])
        ax.fill_between([0, 1], [1, 2])
        ax.annotate("", [1, 1], [0, 0], arrowprops={"arrowstyle": "-|>"})
        ax.imshow([[1.0]])
        return Picture(figure, "A figure.")

    picture = draw()
    before = picture.fingerprint()
    assert draw().fingerprint() == before
    change(picture.figure.axes[0])
    assert picture.fingerprint() != before


def test_no_text_touches_another_or_leaves_the_page(name, pictures, monkeypatch):
    figure = pictures[name].figure
    texts = _drawn_texts(figure, monkeypatch)
    page = figure.bbox
    outside = [text for text, box in texts if min(box.min) < -1 or (box.max > page.max + 1).any()]
    touching = [
        (one, other)
        for (one, a), (other, b) in combinations(texts, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 2 and min(a.y1, b.y1) - max(a.y0, b.y0) > 2
    ]
    assert texts and not outside and not touching


def test_a_figure_fits_a_notebook_page(name, pictures):
    assert pictures[name].figure.get_figwidth() * mpl.rcParamsDefault["figure.dpi"] <= 880


def test_the_axes_of_a_plot_are_labelled(name, pictures):
    plotted = [ax for ax in pictures[name].figure.axes if ax.axison]
    if plotted:
        assert any(ax.get_xlabel() for ax in plotted)
        # The two lines of this one carry their names instead.
        assert any(ax.get_ylabel() for ax in plotted) or name.startswith("tanh_and_derivative")


def test_the_readers_own_settings_change_nothing(pictures):
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 20, "axes.facecolor": "black", "mathtext.fontset": "stix"}):
        for name in "tanh_graph", "scalar_powers":
            assert FIGURES[name]().contents() == pictures[name].contents()


def test_drawing_leaves_the_readers_settings_alone():
    with mpl.rc_context({"lines.linewidth": 9}):
        plots.tanh_graph().png()
        assert mpl.rcParams["lines.linewidth"] == 9


def test_a_notebook_shows_the_image_with_its_alt_text():
    @draws_picture
    def draw():
        return Picture(new_figure(4, 2)[0], 'A "quoted" alt text, with a < b.')

    shown = draw()._repr_html_()
    assert 'alt="A &quot;quoted&quot; alt text, with a &lt; b."' in shown
    assert 'width="440"' in shown and "data:image/png;base64," in shown
    assert repr(draw()) == 'Figure: A "quoted" alt text, with a < b.'


def test_a_figure_is_shown_as_one_image_on_a_ground_with_rounded_edges(pictures):
    shown = pictures["tanh_graph"]._repr_html_()
    assert shown.count("data:image") == shown.count("<img") == 1
    assert "border-radius" in shown and "var(--jp-layout-color0" in shown


def test_an_image_of_many_that_follow_each_other_is_vector_graphics_with_the_same_alt_text(pictures):
    picture = pictures["circle_after_steps"]
    still, moving = (BeautifulSoup(html, "html.parser").img for html in (picture._repr_html_(), picture.moving_html()))
    assert moving["src"].startswith("data:image/svg+xml;base64,")
    assert still["src"].startswith("data:image/png;base64,")
    del still["src"], moving["src"]
    assert still == moving and "alt" in still.attrs and still["width"] == "880"


def test_an_svg_needs_no_fonts_and_is_the_same_each_time(pictures):
    first, second = pictures["scalar_powers"].svg(), pictures["scalar_powers"].svg()
    assert first == second
    assert b"<text" not in first and first.count(b"<path") > 20


@pytest.mark.parametrize("show", [Picture.png, Picture.svg, Picture.moving_html])
def test_a_figure_is_laid_out_without_drawing_and_then_drawn_once(monkeypatch, show):
    """Most of the time of an image is spent on drawing; a figure that a slider moves must not draw twice."""
    drawn = []
    draw = Axes.draw
    monkeypatch.setattr(Axes, "draw", lambda ax, renderer: [drawn.append(ax), draw(ax, renderer)])
    picture = FIGURES["scalar_powers"]()
    assert drawn == []
    show(picture)
    assert drawn == picture.figure.axes


def test_a_saved_picture_has_its_alt_text_and_its_fingerprint(tmp_path, pictures):
    picture = pictures["survival"]
    picture.save(tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as image:
        assert image.text["Description"] == picture.alt and image.text["Fingerprint"] == picture.fingerprint()
        assert image.size == tuple(picture.figure.get_size_inches() * picture.figure.dpi)


@pytest.mark.parametrize("name", ["scalar_powers", "norms_over_time", "shares_by_step"])
def test_lines_differ_in_colour_and_in_dash(name, pictures):
    lines = [line for line in pictures[name].figure.axes[0].lines if line.get_marker() not in ("None", None, "")]
    assert len(lines) >= 2
    assert len({line.get_color() for line in lines}) == len(lines)
    assert len({line.get_marker() for line in lines}) == len(lines)
    assert len({str(line._dash_pattern) for line in lines}) == len(lines)  # the linestyle forgets its dashes


def test_importing_the_figures_does_not_import_matplotlib():
    code = "import sys, helpers.plots; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_drawing_does_not_import_pyplot():
    code = "import sys; from helpers import plots; plots.tanh_graph().png(); print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"

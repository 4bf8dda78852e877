"""Every figure of the course: functions that take arrays and return a picture with its alt text."""

from helpers.plots.course import course_map, sigmoid_curve
from helpers.plots.glyphs import rnn_step_backward, rnn_step_forward, rnn_unrolled, tanh_graph
from helpers.plots.gradients import (
    disagreement,
    gradient_heatmap,
    norms_over_time,
    overflow,
    scalar_powers,
    tanh_and_derivative,
    unit_circle,
    weights_that_stop,
)
from helpers.plots.interactive import SliderFigure
from helpers.plots.training import gradient_norms, learning_curves

__all__ = [
    "SliderFigure",
    "course_map",
    "disagreement",
    "gradient_heatmap",
    "gradient_norms",
    "learning_curves",
    "norms_over_time",
    "overflow",
    "rnn_step_backward",
    "rnn_step_forward",
    "rnn_unrolled",
    "scalar_powers",
    "sigmoid_curve",
    "tanh_and_derivative",
    "tanh_graph",
    "unit_circle",
    "weights_that_stop",
]

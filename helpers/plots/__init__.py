"""Every figure of the course: functions that take arrays and return a picture with its alt text."""

from helpers.plots.clipping import clipping_cliff, runs_with_and_without, two_ways_to_clip
from helpers.plots.course import course_map, sigmoid_curve
from helpers.plots.gates import fused_product, gate_openness, gate_or_content, gate_positions, memory_over_time
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
from helpers.plots.lstm_glyph import lstm_cell, lstm_unrolled
from helpers.plots.training import gradient_norms, learning_curves

__all__ = [
    "SliderFigure",
    "clipping_cliff",
    "course_map",
    "disagreement",
    "fused_product",
    "gate_openness",
    "gate_or_content",
    "gate_positions",
    "gradient_heatmap",
    "gradient_norms",
    "learning_curves",
    "lstm_cell",
    "lstm_unrolled",
    "memory_over_time",
    "norms_over_time",
    "overflow",
    "rnn_step_backward",
    "rnn_step_forward",
    "rnn_unrolled",
    "runs_with_and_without",
    "scalar_powers",
    "sigmoid_curve",
    "tanh_and_derivative",
    "tanh_graph",
    "two_ways_to_clip",
    "unit_circle",
    "weights_that_stop",
]

"""Every figure of the course: functions that take arrays and return a `Picture`, a figure with its alt text."""

from helpers.plots.clipping import (
    cliff_landscape,
    clip_limits,
    clipping_cliff,
    lost_and_loss,
    lost_starts,
    runs_with_and_without,
    two_ways_to_clip,
)
from helpers.plots.course import course_map, sigmoid_curve
from helpers.plots.dropout import dropout_masks, masked_again_and_again, stack_over_time
from helpers.plots.full_model import (
    ablation,
    beside_reference,
    decay_on_plateau,
    full_model,
    parameter_counts,
    perplexity_by_seed,
    summed_gradient,
)
from helpers.plots.gate_player import GatePlayer, hand_set_gates
from helpers.plots.gates import (
    fused_product,
    gate_openness,
    gate_or_content,
    gate_positions,
    memory_over_time,
    stuck_gates,
)
from helpers.plots.gradient_flow import (
    activation_slopes,
    gru_cell,
    gru_step_backward,
    learning_to_remember,
    lstm_step_backward,
    memory_path,
    what_arrives,
    what_survives,
)
from helpers.plots.gradients import (
    circle_after_steps,
    gradient_heatmap,
    norms_over_time,
    overflow,
    scalar_powers,
    shares_by_step,
    tanh_and_derivative,
)
from helpers.plots.interactive import LiveFigure, PromptBox, SliderFigure
from helpers.plots.item_analysis import item_analysis
from helpers.plots.language_model import (
    affine_graph,
    cost_of_forgetting,
    embedding_lookup,
    language_model,
    loss_by_word,
    next_words,
    perplexity_by_context,
    perplexity_ladder,
    recalled_by_age,
    softmax_loss,
    stream_rows,
    training_curve,
    truncated_bptt,
)
from helpers.plots.lstm_glyph import lstm_cell, lstm_unrolled
from helpers.plots.numerical import error_by_eps
from helpers.plots.overfitting import (
    fit_and_generalise,
    four_answers,
    gap_between_curves,
    longest_copies,
    lowest_and_last,
    weight_sizes,
)
from helpers.plots.progress import course_progress
from helpers.plots.recall import how_far_back, recall_by_lag
from helpers.plots.rnn_glyph import rnn_step_backward, rnn_step_forward, rnn_unrolled, tanh_graph
from helpers.plots.solved_network import gates_by_symbol, gradient_by_step, solved_by_rate, updates_until_solved
from helpers.plots.training import gradient_norms, learning_curves
from helpers.plots.variational import masked_lstm_cell, masks_over_time, survival

"""One example of every figure, from arrays that a notebook might hold."""

from functools import partial

import numpy as np

from helpers import plots
from helpers.data import stream_batches
from helpers.plots.narrow import narrow_layout

STEPS = np.arange(1, 61)
X = np.linspace(-4, 4, 201)
SHEAR = np.array([[0.9, 2.0], [0.0, 0.5]])


def _overflow():
    norms = np.append(2.0 ** np.arange(1, 64), np.full(40, np.inf))
    norms[90:] = np.nan
    return plots.overflow(norms)


def _seeds(base):
    return base**STEPS * np.exp(np.random.default_rng(0).normal(0, 0.3, (5, STEPS.size)).cumsum(axis=1))


def _positions(gate):
    memory = np.array([0.3, -0.8, 1.5, -2.5, 0.1, 0.9])
    return plots.gate_positions(gate, memory, {o: o * memory for o in (0.0, 0.5, 1.0)}, ("$g$", r"$i \odot g$"))


def _gates():
    gates = 1 / (1 + np.exp(-np.random.default_rng(0).normal(3, 1, (40, 4))))
    gates[20, 1] = 0.02
    return gates


def _overfitting_runs():
    steps = np.arange(10)
    ends = {"as it is": 84, "more data": 48, "smaller": 68, "weight decay": 69, "dropout": 61}
    return {
        name: (100 * 0.86**steps, end + 30 * 0.4**steps - (end > 80) * 10 * np.sin(steps / 3))
        for name, end in ends.items()
    }


def _fit_and_generalise():
    """Two kinds of models at two rates, three seeds of each, the second learning faster."""
    seeds = np.array([[1.0], [1.03], [0.98]])

    def paths(speed, rise):
        train = seeds * 100 * (1 - speed) ** np.arange(10)
        return train, seeds * (75 + 40 * 0.4 ** np.arange(10) + rise * np.arange(10) ** 2)

    return plots.fit_and_generalise(
        {
            "learning rate 5": {"LSTM": paths(0.09, 0.0), "feed-forward": paths(0.13, 0.1)},
            "learning rate 10": {"LSTM": paths(0.13, 0.2), "feed-forward": paths(0.17, 0.7)},
        }
    )


def _lowest_and_last():
    lows = {"LSTM, rate 10": 76, "more data": 53, "smaller, H = 16": 77, "dropout 0.5": 71}
    return {name: (low + np.array([0, 0.5, 1.2]), low * 1.08 + np.arange(3)) for name, low in lows.items()}


def _copies(guess=...):
    runs = {
        "no dropout": [60, 44, 37, 58, 29, 60],
        "dropout 0.5": [24, 4, 11, 9, 6, 7],
        "new speeches": [3, 4, 3, 3, 20, 4],
    }
    return plots.longest_copies(runs, 60, guess=guess)


def _masks():
    rng = np.random.default_rng(0)
    return plots.dropout_masks(
        {
            "sentence 0": (rng.random((10, 12)) >= 0.5) / 0.5,
            "sentence 1, shared": np.tile((rng.random((1, 12)) >= 0.5) / 0.5, (10, 1)),
        }
    )


def _masked_again():
    kept = np.cumprod(np.random.default_rng(0).random((10, 400)) >= 0.5, axis=0)
    return plots.masked_again_and_again(kept[:, :40] * 2.0, {"measured, 400 units": kept.mean(axis=1)}, 0.5)


def _masks_over_time():
    rng = np.random.default_rng(0)
    fresh, shared = rng.random((10, 12)) >= 0.3, np.tile(rng.random((1, 12)) >= 0.3, (10, 1))
    masks = {"a fresh mask at each step": fresh / 0.7, "one mask for all steps": shared / 0.7}
    return plots.masks_over_time(masks, {title: np.cumprod(mask, axis=0) for title, mask in masks.items()})


def _survival(rate=0.1, **style):
    steps = np.arange(1, 36)
    formula = {"fresh": (1 - rate) ** steps, "shared": 1 - rate + 0.0 * steps}
    mixed = dict.fromkeys(formula, 1.1 * formula["fresh"])
    return plots.survival(
        formula, {"$W_h$ = identity": formula, "$W_h$ orthogonal": mixed}, title=f"rate {rate:g}", **style
    )


OWNERS = {
    "Embedding": "yours",
    "VariationalDropout": "yours",
    "LSTM": "the reference's",
    "TiedAffine": "yours",
    "SoftmaxCrossEntropy": "yours",
}


def _counts(guess=...):
    parts = {"E": 300_000, "LSTMs": 160_000, "W": 300_000, "b": 3000}
    return plots.parameter_counts({"untied": parts, "tied": parts | {"W": 0}}, guess)


def _tied_gradient():
    rng = np.random.default_rng(0)
    return plots.summed_gradient(
        rng.normal(0, 1, (12, 6)) * (np.arange(12) % 3 == 0)[:, None], rng.normal(0, 1, (12, 6))
    )


def _ablation(guess=None):
    means = {"baseline": 69.6, "depth": 68.3, "dropout": 63.2, "variational": 63.5, "tying": 62.7}
    return plots.ablation({name: mean + np.array([-0.4, 0.1, 0.3]) for name, mean in means.items()}, guess)


def _learning_runs():
    rng = np.random.default_rng(0)
    rising = [np.clip(np.linspace(0.2, 1.05, steps), 0, 1) for steps in (60, 90)]
    return {"LSTM": rising, "RNN": [0.25 + rng.normal(0, 0.05, 90) for _ in range(2)]}


SYMBOLS = {"A": 0.5, "B": 0.8, "C": -0.9, "D": 0.6, "E": -0.4, "F": 0.7}


def _hand_set(f, i, o):
    """A memory cell that keeps -0.7 from before, with its gates set by hand."""
    c, h = [-0.7], []
    for step, g in enumerate(SYMBOLS.values()):
        c.append(f[step] * c[-1] + i[step] * g)
        h.append(o[step] * np.tanh(c[-1]))
    return np.array(c), np.array(h)


def _half_open():
    half = np.full(6, 0.5)
    return plots.hand_set_gates(dict.fromkeys("fio", half), SYMBOLS, *_hand_set(half, half, half), keep="B")


def _all_open():
    one = np.ones(6)
    return plots.hand_set_gates(dict.fromkeys("fio", one), SYMBOLS, *_hand_set(one, one, one), keep="B")


def _stuck():
    labels = ("f closed", "f open", "i closed", "i open", "o closed", "o open")
    after = dict(zip(labels, np.array([[0.5], [0.57], [0.58], [0.8], [0.58], [0.04]]) * [0.9, 1.0, 1.1]))
    again = dict(zip(labels, np.array([[0.1], [0.04], [0.58], [0.2], [0.58], [0.04]]) * [0.9, 1.0, 1.1]))
    return plots.stuck_gates({"stuck after training": after, "stuck before training": again}, 0.58, 0.037)


OUT = np.linspace(-1, 1, 9)
COUNTED = {"unigram": 292.0, "trigram": 75.0}


def _recalls(*means):
    return {lag: [mean, mean - 0.05, mean] for lag, mean in zip((1, 2, 5, 10, 20, 40, 80), means)}


def _softmax_loss():
    p = np.array([0.5, 0.25, 0.125, 0.125])
    return plots.softmax_loss(p, 1, p - np.eye(4)[1])


def _recalled_keys():
    ages = range(1, 11)
    ways = {"state carried": (1.1, 1.1), "set back to zeros": (2.6, 8.4), "carried into other rows": (5.1, 8.6)}
    recalled = {
        way: ({age: [level, 1.1 * level] for age in range(1, 5)}, {age: [other, 1.05 * other] for age in ages})
        for way, (level, other) in ways.items()
    }
    return plots.recalled_by_age(
        recalled | {"carried, every key too old": ({}, {age: [8.1, 8.3] for age in range(6, 11)})}, 8, guess=4
    )


def _next_words():
    powers = {temperature: np.exp(-np.arange(8) / temperature) for temperature in (0.5, 1.0, 1.5)}
    return plots.next_words({t: p / p.sum() for t, p in powers.items()}, [f"word {number}" for number in range(8)])


CLIFF = np.linspace(0, 1, 8), np.linspace(-1, 0, 6), np.linspace(0, 2, 48).reshape(6, 8)

#: From the name of a public function to a call that draws it.
FIGURES = {
    "ablation": _ablation,
    "activation_slopes": lambda: plots.activation_slopes(
        np.linspace(0, 1, 9), np.linspace(0, 1, 9) * (1 - np.linspace(0, 1, 9)), OUT, 1 - OUT**2
    ),
    "affine_graph": plots.affine_graph,
    "beside_reference": lambda: plots.beside_reference(
        [90, 72, 64, 60, 61, 56], [[91, 73, 65, 61, 57, 56], [89, 72, 65, 60, 60.5, 57]]
    ),
    "circle_after_steps": lambda: plots.circle_after_steps(SHEAR, [0, 1], (0, 1, 3, 25)),
    "cliff_landscape": lambda: plots.cliff_landscape(*CLIFF),
    "clip_limits": lambda: plots.clip_limits(
        [0.1, 1.0, 10.0], [[0.3, 0.02, 0.5], [0.2, 0.01, 0.6]], [[1.0, 0.1, 0.7], [1.0, 0.2, 0.8]], 1 / 3, guess=0.1
    ),
    "clipping_cliff": lambda: plots.clipping_cliff(
        *CLIFF,
        {"not clipped": np.array([[0.2, -0.8], [0.9, -0.1]]), "clipped": np.array([[0.2, -0.8], [0.3, -0.7]])},
        {"not clipped": [0.08, 0.09], "clipped": [0.08, 1e-5]},
    ),
    "course_progress": lambda: plots.course_progress(
        {
            "00": [("0.1", "right", 1, 1)],
            "01": [("1.1", "right", 1, 1), ("1.2", "not yet", 0, 1), ("1.3", "open", 0, 2)],
        }
    ),
    "course_map": plots.course_map,
    "decay_on_plateau": lambda: plots.decay_on_plateau(
        [90, 72, 110, 54, 51, 50], [30, 30, 30, 7.5, 7.5, 7.5], 8, {"unigram": 143.0, "Kneser-Ney trigram": 55.0}
    ),
    "cost_of_forgetting": lambda: plots.cost_of_forgetting(1 + 0.3 * 0.7 ** np.arange(35), guess=8),
    "dropout_masks": _masks,
    "masked_lstm_cell": plots.masked_lstm_cell,
    "masks_over_time": _masks_over_time,
    "parameter_counts": _counts,
    "recalled_by_age": _recalled_keys,
    "perplexity_by_seed": lambda: plots.perplexity_by_seed(
        {"LSTM": [62.1, 63.2, 62.5], "GRU": [63.0, 63.6, 62.9]}, guess=61.5
    ),
    "recall_by_lag": lambda: plots.recall_by_lag(
        {
            "RNN": _recalls(1, 1, 1, 0.9, 0.5, 0.3, 0.24),
            "RNN, clipped": _recalls(1, 1, 1, 1, 0.9, 0.5, 0.26),
            "RNN, orthogonal": _recalls(1, 1, 1, 1, 1, 1, 1),
            "LSTM": _recalls(1, 1, 1, 1, 1, 1, 1),
        },
        yours=dict(zip((1, 5, 10, 20), (1.0, 1.0, 0.51, 0.24))),
        guess=30,
    ),
    "how_far_back": lambda: plots.how_far_back(
        {
            "RNN (01)": {lag: [1, 1, 1 if lag < 40 else 0.3] for lag in (1, 20, 40, 80)},
            "LSTM (04)": {lag: [1.0, 0.99, 1.0] for lag in (1, 20, 40, 80)},
        },
        {"full model, LSTM (08)": 10},
        guess=30,
    ),
    "shares_by_step": lambda: plots.shares_by_step(
        {f"{base} × orthogonal": base**STEPS / (base**STEPS).sum() for base in (0.5, 0.9)}
    ),
    "summed_gradient": _tied_gradient,
    "survival": _survival,
    "embedding_lookup": lambda: plots.embedding_lookup(
        np.arange(1, 9).reshape(4, 2) / 10, [2, 0, 2], np.array([[1.0, 1.0], [2.0, 0.0], [0.5, -1.0]])
    ),
    "error_by_eps": lambda: plots.error_by_eps(
        10.0 ** -np.arange(1, 7),
        {"float64": [2e-4, 2e-6, 2e-8, 2e-10, 3e-11, 3e-10], "float32": [2e-4, 2e-5, 2e-4, 1e-3, 2e-2, 0.2]},
        guess=1e-4,
    ),
    "fit_and_generalise": _fit_and_generalise,
    "four_answers": lambda: plots.four_answers(_overfitting_runs(), 50),
    "full_model": lambda: plots.full_model(["we", "must", "act", "now"], OWNERS),
    "fused_product": plots.fused_product,
    "gap_between_curves": lambda: plots.gap_between_curves(*_overfitting_runs()["as it is"], 50),
    "gate_openness": lambda: plots.gate_openness(
        {title: {gate: np.random.default_rng(0).random(24) for gate in "fio"} for title in ("before", "after")},
        marked=[0, 5, 13],
    ),
    "gate_or_content": lambda: plots.gate_or_content(X, 1 / (1 + np.exp(-X)), np.tanh(X)),
    "gate_positions": lambda: _positions("o"),
    "gates_by_symbol": lambda: plots.gates_by_symbol(
        {
            "i": {"noise": [0.03, 0.1, 0.3], "X": [0.5, 0.4, 0.4], "Y": [0.4, 0.2, 0.6]},
            "f": {"noise": [1.0, 0.98, 0.6], "X": [0.99, 0.9, 0.7], "Y": [0.97, 0.95, 0.4]},
        }
    ),
    "gradient_by_step": lambda: plots.gradient_by_step(
        {"before training": 0.9 ** STEPS[::-1], "after training": np.where(np.isin(STEPS, (13, 33)), 1.0, 0.02)},
        marked={12: "X", 32: "Y"},
    ),
    "gradient_heatmap": lambda: plots.gradient_heatmap(
        np.random.default_rng(0).normal(size=(40, 8)) * 0.8 ** np.arange(39, -1, -1)[:, None], title="Gradients"
    ),
    "gradient_norms": lambda: plots.gradient_norms(np.exp(np.random.default_rng(0).normal(0, 1, 200)), 0.25),
    "gru_cell": plots.gru_cell,
    "gru_step_backward": plots.gru_step_backward,
    "hand_set_gates": _half_open,
    "item_analysis": lambda: plots.item_analysis(
        {"1.4": (12, 21, 9, 8), "1.3": (25, 20, 4, 1), "1.6": (31, 16, 3, 0), "1.1": (50, 0, 0, 0)}
    ),
    "language_model": lambda: plots.language_model(["the", "state", "of", "the"]),
    "learning_curves": lambda: plots.learning_curves(
        {"training": [400.0, 200.0, 120.0, 90.0], "validation": [380.0, 210.0, 150.0, 140.0]},
        baselines={"unigram": 292.0, "trigram": 75.0},
        learning_rates=[20.0, 20.0, 10.0, 5.0],
    ),
    "learning_to_remember": lambda: plots.learning_to_remember({"Order": _learning_runs()}, chance=0.25),
    "lstm_cell": plots.lstm_cell,
    "lstm_step_backward": plots.lstm_step_backward,
    "lost_and_loss": lambda: plots.lost_and_loss(
        {
            "not clipped": {0.5: [0.01, 0.02], 1.0: [0.02, 0.5], 1.8: [np.nan, 0.9]},
            "clipped": {0.5: [0.01, 0.02], 1.0: [0.03, 0.04], 1.8: [0.1, 0.2]},
        },
        1 / 3,
        "scale of the initial Wh",
    ),
    "lost_starts": lambda: plots.lost_starts(
        {"not clipped": [10, 29, 26], "clipped": [2, 1, 0]}, [0.1, 0.5, 2.0], 100, guess=50
    ),
    "lstm_unrolled": plots.lstm_unrolled,
    "masked_again_and_again": _masked_again,
    "loss_by_word": lambda: plots.loss_by_word(
        ["to", "keep", "our", "economy", "growing", ",", "we", "must", "open", "markets", "abroad", ".", "<eos>"],
        np.log([20, 140, 8, 11, 60, 2.5, 3, 9, 900, 410, 45_000, 1.4, 1.001]),
    ),
    "memory_over_time": lambda: plots.memory_over_time(
        {f"$f$ = {f}": f ** np.arange(51) for f in (0.5, 0.9, 0.99)}, ylabel="what is left", title="f", marked=[3, 20]
    ),
    "memory_path": plots.memory_path,
    "next_words": _next_words,
    "norms_over_time": lambda: plots.norms_over_time(
        {
            "0.4 × random: vanishes": _seeds(0.5),
            "0.9 × random: grows, then vanishes": 0.9**STEPS,
            "$w$ = 1.1": _seeds(1.1),
        },
        title="Three sizes",
        limits=(1e-9, 1e3),
    ),
    "overflow": _overflow,
    "perplexity_by_context": lambda: plots.perplexity_by_context(
        {1: 64.8, 2: 52.2, 3: 49.7, 5: 49.3, 10: 48.3, 20: 48.5, 40: 48.4}, 48.4, guess=7
    ),
    "perplexity_ladder": lambda: plots.perplexity_ladder({"your model": 108.0, **COUNTED}, 3001),
    "rnn_step_backward": plots.rnn_step_backward,
    "rnn_step_forward": plots.rnn_step_forward,
    "rnn_unrolled": plots.rnn_unrolled,
    "runs_with_and_without": lambda: plots.runs_with_and_without(
        {
            "not clipped": (np.array([1.0, 10.0, np.inf]), np.array([1.0, 100.0, np.nan])),
            "clipped": (np.geomspace(1, 0.01, 50), np.geomspace(8, 0.5, 50)),
        },
        max_norm=0.5,
        constant=0.17,
    ),
    "scalar_powers": lambda: plots.scalar_powers({f"w = {w}": w**STEPS for w in (0.9, 0.99, 1.0, 1.01, 1.1)}),
    "sigmoid_curve": lambda: plots.sigmoid_curve(2 * X, 1 / (1 + np.exp(-2 * X))),
    "softmax_loss": _softmax_loss,
    "solved_by_rate": lambda: plots.solved_by_rate(
        {"RNN, identity": {0.0003: 5, 0.001: 1, 0.003: 0}, "LSTM, chrono": {0.001: 4, 0.003: 5, 0.01: 5}}, seeds=5
    ),
    "stack_over_time": plots.stack_over_time,
    "stream_rows": lambda: plots.stream_rows(np.arange(24), list(stream_batches(np.arange(24), 2, 4))),
    "stuck_gates": _stuck,
    "tanh_and_derivative": lambda: plots.tanh_and_derivative(X, np.tanh(X), 1 - np.tanh(X) ** 2),
    "tanh_graph": plots.tanh_graph,
    "training_curve": lambda: plots.training_curve(900 * np.arange(1, 15) ** -0.7, 25, 500, COUNTED),
    "truncated_bptt": plots.truncated_bptt,
    "two_ways_to_clip": lambda: plots.two_ways_to_clip([4.0, 0.5], [0.992, 0.124], [1.0, 0.5], limit=1.0),
    "updates_until_solved": lambda: plots.updates_until_solved(
        {
            "RNN, random": [np.inf] * 5,
            "RNN, identity": [635, np.inf, 280, 360, 514],
            "LSTM, chrono": [133, 165, 109, 138, 212],
        },
        limit=3000,
        guess=900,
    ),
    "longest_copies": _copies,
    "lowest_and_last": lambda: plots.lowest_and_last(_lowest_and_last()),
    "weight_sizes": lambda: plots.weight_sizes({"without": X, "with weight decay": X / 2}),
    "what_arrives": lambda: plots.what_arrives(
        {
            "RNN: the same matrix": {"0.9 × orthogonal": 0.9**STEPS, "1.1 × orthogonal": 1.1**STEPS},
            "LSTM: another gate each time": {
                "forget bias 0": 0.5**STEPS,
                "forget bias 1": _seeds(0.73),
                "forget bias 5": 0.99**STEPS,
            },
        }
    ),
    "what_survives": lambda: plots.what_survives(_gates(), np.cumprod(_gates()[::-1], axis=0)[::-1]),
}

#: The other forms of a figure.
VARIANTS = (
    {
        f"rnn_unrolled, {steps} steps{', backward' * backward}": lambda steps=steps, backward=backward: (
            plots.rnn_unrolled(steps, backward)
        )
        for steps in (2, 3, 4)
        for backward in (False, True)
    }
    | {
        f"circle_after_steps, {count}": lambda count=count, guess=guess: plots.circle_after_steps(
            SHEAR, [0, 1], (3, 0, 25)[:count], guesses={3: guess}
        )
        for count, guess in ((1, 2), (3, 40))
    }
    | {
        f"lstm_cell, {gates}": lambda gates=gates: plots.lstm_cell(gates, new=gates[-1:])
        for gates in ("", "o", "of", "ofg", "ofgi")
    }
    | {
        "stack_over_time, depth": lambda: plots.stack_over_time("depth"),
        "stack_over_time, shared": lambda: plots.stack_over_time("shared"),
        "stack_over_time, time": lambda: plots.stack_over_time("time"),
        "learning_to_remember, two panels": lambda: plots.learning_to_remember(
            {"Order": _learning_runs(), "First symbol": _learning_runs()}, chance=0.25
        ),
        "lstm_step_backward, memory only": lambda: plots.lstm_step_backward(memory_only=True),
        "hand_set_gates, all open": _all_open,
        "gate_openness, guess": lambda: plots.gate_openness(
            {"before": dict.fromkeys("fio", np.full(24, 0.5)), "after": dict.fromkeys("fio", np.linspace(0, 1, 24))},
            marked=[0, 5, 13],
            guess=0.3,
        ),
        "memory_over_time, guess": lambda: plots.memory_over_time(
            {f"$f$ = {f}": f ** np.arange(51) for f in (0.5, 0.9, 0.99)}, ylabel="what is left", guess=12
        ),
        "gate_positions, in general": lambda: _positions(""),
        "what_arrives, two ways": lambda: plots.what_arrives(
            {
                f"forget bias {bias}": {"through c alone": 0.8**STEPS, "through h as well": _seeds(0.7)}
                for bias in (1, 5)
            }
        ),
        "learning_to_remember, beginnings": lambda: plots.learning_to_remember(
            {"Three": {f"LSTM, {start}": _learning_runs()["LSTM"] for start in ("chrono", "bias 0", "bias 1")}},
            chance=0.25,
        ),
        "memory_over_time, words": lambda: plots.memory_over_time(
            {
                "open at step 0 only": np.full(41, 0.9),
                "stuck open": np.sin(np.arange(41)),
                "stuck closed": np.zeros(41),
            },
            title="Remember the first thing you hear",
            marked=[0],
        ),
        "memory_over_time, learned": lambda: plots.memory_over_time(
            {"right answer": np.repeat([0.2, -0.8, 0.6, 0.1], 25), "the LSTM": np.repeat([0.1, -0.7, 0.7, 0.2], 25)},
            ylabel="number at the last flag",
            marked=[0, 25, 50, 75],
        ),
        "perplexity_ladder, both": lambda: plots.perplexity_ladder(
            {"unigram": 292.0, "Kneser-Ney trigram": 75.0, "your model": 71.0, "the reference": 70.5}, 3001
        ),
        "gap_between_curves, guessed": lambda: plots.gap_between_curves(
            *_overfitting_runs()["as it is"], 50, guess=300
        ),
        "longest_copies, guessed": lambda: _copies(15),
        "lowest_and_last, guessed": lambda: plots.lowest_and_last(_lowest_and_last(), guess=66),
        "ablation, guessed": lambda: _ablation({"depth": 66, "dropout": ..., "tying": 60.5}),
        "decay_on_plateau, guessed": lambda: plots.decay_on_plateau(
            [90, 72, 64, 60, 61, 56], [10] * 5 + [2.5], 6, {"unigram": 143.0}, guess=50
        ),
        "parameter_counts, guessed": lambda: _counts(0.5),
        "survival, guess": lambda: _survival(guess={"$W_h$ orthogonal": 0.4}),
        "survival, rate 0.5": lambda: _survival(0.5, lowest=1e-11),
        "gate_openness, words": lambda: plots.gate_openness(
            {"one unit": dict.fromkeys("fi", np.linspace(0, 1, 9))},
            labels=["the", "keys", "that", "I", "left", "in", "the", "hall", "were"],
        ),
    }
)

#: Figures whose parts have fixed places on a canvas. All others are charts, with a rendering for a narrow screen.
DIAGRAMS = {
    *("affine_graph", "course_map", "course_progress", "embedding_lookup", "full_model", "fused_product", "gru_cell"),
    "gru_step_backward",
    "hand_set_gates",
    *("language_model", "lstm_cell", "lstm_step_backward", "lstm_unrolled", "masked_lstm_cell", "memory_path"),
    *("rnn_step_backward", "rnn_step_forward", "rnn_unrolled", "stack_over_time", "stream_rows", "tanh_graph"),
    "truncated_bptt",
}


def narrowly(draw):
    """Draw a figure for a narrow screen."""
    with narrow_layout():
        return draw()


CHARTS = {name: draw for name, draw in (FIGURES | VARIANTS).items() if name.partition(",")[0] not in DIAGRAMS}
NARROW = {f"{name}, narrow": partial(narrowly, draw) for name, draw in CHARTS.items()}

#: Every form of every figure, in every rendering.
ALL = FIGURES | VARIANTS | NARROW

"""The exercises of notebook 03 and the mistakes people make in them."""

import numpy as np

from helpers.checks.exercise import Exercise, Misconception
from helpers.checks.probes import step_with_cache
from helpers.nn import steps
from helpers.nn.functional import sigmoid

# --- what 3.1 to 3.4 share: one block, and the memory that it works on ------------------------------------------------


def _draw_block(memory):
    """A draw of x, h_prev, the array called `memory`, and the block's own parameters."""

    def draw(rng, sizes):
        N, D, H = sizes.N, sizes.D, sizes.H
        return {
            "x": rng.normal(0, 1, (N, D)),
            "h_prev": np.tanh(rng.normal(0, 1, (N, H))),
            memory: rng.normal(0, 1, (N, H)),
            "Wx": rng.normal(0, 0.4, (D, H)),
            "Wh": rng.normal(0, 0.4, (H, H)),
            "b": rng.normal(0, 0.5, H),
        }

    return draw


def _by_hand(**memory):
    """The numbers of the examples by hand: a = (2, -2), so that σ(a) = (0.881, 0.119) and tanh(a) = (0.964, -0.964)."""
    ((name, value),) = memory.items()
    return {
        "x": np.array([[1.0]]),
        "h_prev": np.array([[0.4, -0.2]]),
        name: np.array([value]),
        "Wx": np.array([[1.0, -1.0]]),
        "Wh": np.array([[0.5, 0.2], [-0.5, 0.4]]),
        "b": np.array([0.7, -1.0]),
    }


def _weighted_sum(x, h_prev, memory, Wx, Wh, b):
    return x @ Wx + h_prev @ Wh + b


def _block(finish, weighted_sum=_weighted_sum):
    """A block that computes `a` by `weighted_sum` and returns ``finish(a, memory)``."""

    def wrong(x, h_prev, memory, Wx, Wh, b):
        return finish(weighted_sum(x, h_prev, memory, Wx, Wh, b), memory)

    return wrong


def _mistakes_in_the_sum(block, memory, finish):
    """The mistakes made before the activation, which are the same in all four blocks.

    Args:
        block: what a message calls it, e.g. "an output gate".
        memory: name of the array it works on.
        finish: ``finish(a, memory)``, right.
    """
    return (
        Misconception(
            _block(finish, lambda x, h_prev, memory, Wx, Wh, b: x @ Wx + h_prev @ Wh),
            f"{block} without its bias `b`",
            "Three terms go into `a`: the input's, the hidden state's, and `b`.",
        ),
        Misconception(
            _block(finish, lambda x, h_prev, memory, Wx, Wh, b: x @ Wx + b),
            f"{block} that ignores `h_prev`",
            "It must decide from the input *and* from what was read before: the term `h_prev @ Wh` is missing.",
        ),
        Misconception(
            _block(finish, lambda x, h_prev, memory, Wx, Wh, b: h_prev @ Wh + b),
            f"{block} that ignores its input `x`",
            "Three terms go into `a`: the input's, the hidden state's, and `b`.",
        ),
        Misconception(
            _block(finish, lambda x, h_prev, memory, Wx, Wh, b: x @ Wx + h_prev @ Wh.T + b),
            f"{block} with `Wh` transposed: `h_prev @ Wh.T`",
            "`Wh` is square, so no shape gives this away. Rows of the batch stand on the left here: `h_prev @ Wh`.",
        ),
        Misconception(
            _block(finish, lambda x, h_prev, memory, Wx, Wh, b: x @ Wx + memory @ Wh + b),
            f"{block} that reads `{memory}` where it should read `h_prev`",
            f"The weights see x and the hidden state. `{memory}` comes in afterwards, element by element.",
        ),
    )


# --- 3.1 ------------------------------------------------------------------------------------------------------------

OUTPUT_GATE = Exercise(
    id="3.1",
    name="output_gate",
    title="The output gate",
    stars=1,
    reference=steps.output_gate,
    results={"h": "(N, H)"},
    draw=_draw_block("c"),
    example=_by_hand(c=[0.5, -2.0]),
    uses=("0.1",),
    misconceptions=(
        Misconception(
            _block(lambda a, c: np.tanh(a) * np.tanh(c)),
            "an output gate with tanh in the place of the sigmoid",
            "An openness lies in 0…1. With tanh the gate could turn the sign of the memory: `o = sigmoid(…)`.",
        ),
        Misconception(
            _block(lambda a, c: sigmoid(a) * c),
            "a hidden state made from `c` itself: `o * c`, without the tanh",
            "The memory can grow to any size; what leaves is squashed first: `o * np.tanh(c)`.",
        ),
        Misconception(
            _block(lambda a, c: sigmoid(a) * sigmoid(c)),
            "a hidden state with a sigmoid of `c` in the place of its tanh",
            "The gate takes the sigmoid, the memory takes tanh: `h` must be able to be negative.",
        ),
        Misconception(
            _block(lambda a, c: a * np.tanh(c)),
            "an output gate without its sigmoid: `a * np.tanh(c)`",
            "`a` can be any number; the sigmoid makes an openness in 0…1 of it.",
        ),
        Misconception(
            _block(lambda a, c: np.tanh(sigmoid(a) * c)),
            "a tanh of the product: `np.tanh(o * c)`",
            "First `np.tanh(c)`, then the gate. The other way round, a half-open gate shows a large memory whole.",
        ),
        Misconception(
            _block(lambda a, c: sigmoid(a)),
            "the gate itself, `o`, returned in the place of `h`",
            "The gate only says how much. What leaves is `o * np.tanh(c)`.",
        ),
        Misconception(
            _block(lambda a, c: (1 - sigmoid(a)) * np.tanh(c)),
            "a gate that works the other way round: `(1 - o) * np.tanh(c)`",
            "o = 1 is an *open* gate: it lets everything through.",
        ),
        Misconception(
            _block(lambda a, c: sigmoid(a) + np.tanh(c)),
            "a sum, `o + np.tanh(c)`, where a product belongs",
            "⊙ multiplies element by element: in NumPy `*`.",
        ),
        *_mistakes_in_the_sum("an output gate", "c", lambda a, c: sigmoid(a) * np.tanh(c)),
    ),
)

# --- 3.2 ------------------------------------------------------------------------------------------------------------


def _forget_in_place(a, c_prev):
    c_prev *= sigmoid(a)
    return c_prev


FORGET_GATE = Exercise(
    id="3.2",
    name="forget_gate",
    title="The forget gate",
    stars=1,
    reference=steps.forget_gate,
    results={"c": "(N, H)"},
    draw=_draw_block("c_prev"),
    example=_by_hand(c_prev=[0.5, -2.0]),
    uses=("0.1",),
    misconceptions=(
        Misconception(
            lambda x, h_prev, c_prev, Wx, Wh, b: sigmoid(x @ Wx + h_prev @ Wh + b) * h_prev,
            "a gate that is multiplied onto `h_prev` instead of the memory",
            "`h_prev` only helps to decide. What is kept, or not, is the memory.",
        ),
        Misconception(
            _block(lambda a, c_prev: (1 - sigmoid(a)) * c_prev),
            "a gate that works the other way round: `(1 - f) * c_prev`",
            "In spite of its name, f = 1 *keeps* everything and f = 0 forgets.",
        ),
        Misconception(
            _block(lambda a, c_prev: np.tanh(a) * c_prev),
            "a forget gate with tanh in the place of the sigmoid",
            "An openness lies in 0…1. A gate of -1 would turn the memory into its opposite.",
        ),
        Misconception(
            _block(lambda a, c_prev: a * c_prev),
            "a forget gate without its sigmoid: `a * c_prev`",
            "`a` can be any number; the sigmoid makes an openness in 0…1 of it.",
        ),
        Misconception(
            _block(lambda a, c_prev: sigmoid(a) * np.tanh(c_prev)),
            "a memory that goes through a tanh: `f * np.tanh(c_prev)`",
            "On the line of the memory there is no tanh: it would squash at every step. Only `h` is squashed.",
        ),
        Misconception(
            _block(lambda a, c_prev: np.tanh(sigmoid(a) * c_prev)),
            "a memory that goes through a tanh: `np.tanh(f * c_prev)`",
            "On the line of the memory there is no tanh: it would squash at every step. Only `h` is squashed.",
        ),
        Misconception(
            _block(lambda a, c_prev: sigmoid(a)),
            "the gate itself, `f`, returned in the place of `c`",
            "The gate only says how much. What is left of the memory is `f * c_prev`.",
        ),
        Misconception(
            _block(lambda a, c_prev: sigmoid(a) + c_prev),
            "a sum, `f + c_prev`, where a product belongs",
            "⊙ multiplies element by element: in NumPy `*`.",
        ),
        Misconception(
            _block(_forget_in_place),
            "the right numbers, written into `c_prev` itself",
            "`c_prev *= f` changes the caller's array, which backward still needs. `f * c_prev` makes a new one.",
        ),
        *_mistakes_in_the_sum("a forget gate", "c_prev", lambda a, c_prev: sigmoid(a) * c_prev),
    ),
)

# --- 3.3 ------------------------------------------------------------------------------------------------------------


def _add_in_place(a, c):
    g = np.tanh(a)
    c += g
    return c, g


NEW_MEMORY = Exercise(
    id="3.3",
    name="new_memory",
    title="The new memory",
    stars=1,
    reference=steps.new_memory,
    results={"c_next": "(N, H)", "g": "(N, H)"},
    draw=_draw_block("c"),
    example=_by_hand(c=[0.5, -2.0]),
    misconceptions=(
        Misconception(
            _block(lambda a, c: (c + sigmoid(a), sigmoid(a))),
            "a new memory with a sigmoid: `g` as if it were a gate",
            "`g` is content, not openness: `np.tanh` gives it a strength and a sign. With σ it could only ever add.",
        ),
        Misconception(
            _block(lambda a, c: (c * np.tanh(a), np.tanh(a))),
            "a new memory that is multiplied: `c * g`",
            "New content is *added*: `c + g`. A product could write nothing into an empty memory.",
        ),
        Misconception(
            _block(lambda a, c: (np.tanh(a), np.tanh(a))),
            "a new memory that replaces the old one: `c_next = g`",
            "That is the simple RNN again. Here the old memory stays and the new one is added: `c + g`.",
        ),
        Misconception(
            _block(lambda a, c: (np.tanh(c + a), np.tanh(a))),
            "a tanh around the sum: `np.tanh(c + a)`",
            "Only the new content is squashed. The memory itself goes on without a tanh.",
        ),
        Misconception(
            _block(lambda a, c: (np.tanh(c + np.tanh(a)), np.tanh(a))),
            "a tanh around the new memory cell: `np.tanh(c + g)`",
            "Only the new content is squashed. The memory itself goes on without a tanh.",
        ),
        Misconception(
            _block(lambda a, c: (c + np.tanh(a + c), np.tanh(a + c))),
            "a new content with the memory inside its tanh: `np.tanh(a + c)`",
            "`g` is made from x and the hidden state alone; the memory is added afterwards.",
        ),
        Misconception(
            _block(lambda a, c: (c + a, a)),
            "a new memory without its tanh: `g = a`",
            "The tanh keeps one step from writing more than -1…1.",
        ),
        Misconception(
            _block(lambda a, c: (np.tanh(a), c + np.tanh(a))),
            "the right numbers, in the other order: `g, c_next`",
            "The order is `c_next, g`.",
        ),
        Misconception(
            _block(lambda a, c: (c + np.tanh(a), a)),
            "a right `c_next` with `a`, before the tanh, in the place of `g`",
            "Give the tanh's result a name, `g`, add it, and return it.",
        ),
        Misconception(
            _block(lambda a, c: (np.tanh(c) + np.tanh(a), np.tanh(a))),
            "a memory that is squashed before the new one is added: `np.tanh(c) + g`",
            "On the line of the memory there is no tanh: `c + g`.",
        ),
        Misconception(
            _block(_add_in_place),
            "the right numbers, written into `c` itself",
            "`c += g` changes the caller's array, which backward still needs. `c + g` makes a new one.",
        ),
        *_mistakes_in_the_sum("a new memory", "c", lambda a, c: (c + np.tanh(a), np.tanh(a))),
    ),
)

# --- 3.4 ------------------------------------------------------------------------------------------------------------


def _gate_in_place(a, g):
    g *= sigmoid(a)
    return g


INPUT_GATE = Exercise(
    id="3.4",
    name="input_gate",
    title="The input gate",
    stars=1,
    reference=steps.input_gate,
    results={"gated": "(N, H)"},
    draw=_draw_block("g"),
    example=_by_hand(g=[0.964, -0.964]),
    uses=("0.1",),
    misconceptions=(
        Misconception(
            _block(lambda a, g: np.tanh(a) * g),
            "an input gate with tanh in the place of the sigmoid",
            "An openness lies in 0…1. A gate of -1 would write the opposite of the new memory.",
        ),
        Misconception(
            _block(lambda a, g: a * g),
            "an input gate without its sigmoid: `a * g`",
            "`a` can be any number; the sigmoid makes an openness in 0…1 of it.",
        ),
        Misconception(
            _block(lambda a, g: sigmoid(a) * np.tanh(g)),
            "a new memory that goes through its tanh twice: `i * np.tanh(g)`",
            "`g` has been through its tanh already, in exercise 3.3.",
        ),
        Misconception(
            _block(lambda a, g: sigmoid(a) * sigmoid(g)),
            "an input gate with a sigmoid on `g` as well",
            "`g` has been through its tanh already, and its sign matters.",
        ),
        Misconception(
            _block(lambda a, g: g + sigmoid(a) * g),
            "all of `g`, and what the gate lets through on top of it: `g + i * g`",
            "A closed gate must write nothing. What is added to the memory comes in the cell, not here.",
        ),
        Misconception(
            _block(lambda a, g: (1 - sigmoid(a)) * g),
            "a gate that works the other way round: `(1 - i) * g`",
            "i = 1 is an *open* gate: it writes all of `g`.",
        ),
        Misconception(
            _block(lambda a, g: sigmoid(a)),
            "the gate itself, `i`, returned in the place of what it lets through",
            "The gate only says how much. What is written is `i * g`.",
        ),
        Misconception(
            _block(lambda a, g: sigmoid(a) + g),
            "a sum, `i + g`, where a product belongs",
            "⊙ multiplies element by element: in NumPy `*`.",
        ),
        Misconception(
            _block(_gate_in_place),
            "the right numbers, written into `g` itself",
            "`g *= i` changes the caller's array, which backward still needs. `i * g` makes a new one.",
        ),
        *_mistakes_in_the_sum("an input gate", "g", lambda a, g: sigmoid(a) * g),
    ),
)

# --- 3.5 ------------------------------------------------------------------------------------------------------------

_CACHE = ("x", "h_prev", "c_prev", "Wx", "Wh", "f", "g", "i", "o", "c_next")


def _draw_lstm(rng, sizes):
    N, D, H = sizes.N, sizes.D, sizes.H
    return {
        "x": rng.normal(0, 1, (N, D)),
        "h_prev": np.tanh(rng.normal(0, 1, (N, H))),
        "c_prev": rng.normal(0, 1, (N, H)),
        "Wx": rng.normal(0, 0.4, (D, 4 * H)),
        "Wh": rng.normal(0, 0.4, (H, 4 * H)),
        "b": rng.normal(0, 0.5, 4 * H),
    }


#: One unit, so that the four blocks are four numbers: A = (2, 0.5, -2, 0).
LSTM_BY_HAND = {
    "x": np.array([[1.0]]),
    "h_prev": np.array([[0.5]]),
    "c_prev": np.array([[2.0]]),
    "Wx": np.array([[1.0, 1.0, -1.0, 1.0]]),
    "Wh": np.array([[1.0, -1.0, -1.0, -2.0]]),
    "b": np.array([0.5, 0.0, -0.5, 0.0]),
}


def _lstm(**changes):
    """A step forward with some of its lines changed, each a function of the names it needs, in one dict."""

    def wrong(x, h_prev, c_prev, Wx, Wh, b):
        v = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "Wx": Wx, "Wh": Wh, "b": b}
        lines = {
            "A": lambda v: v["x"] @ v["Wx"] + v["h_prev"] @ v["Wh"] + v["b"],
            "blocks": lambda v: np.split(v["A"], 4, axis=1),
            "f": lambda v: sigmoid(v["blocks"][0]),
            "g": lambda v: np.tanh(v["blocks"][1]),
            "i": lambda v: sigmoid(v["blocks"][2]),
            "o": lambda v: sigmoid(v["blocks"][3]),
            "c_next": lambda v: v["f"] * v["c_prev"] + v["g"] * v["i"],
            "h_next": lambda v: v["o"] * np.tanh(v["c_next"]),
            "cache": lambda v: tuple(v[name] for name in _CACHE),
        }
        for name, line in lines.items():
            v[name] = changes.get(name, line)(v)
        return v["h_next"], v["c_next"], v["cache"]

    return wrong


def _reordered(order):
    """Cut A into blocks that are taken for `order`, and hand them out as f, g, i, o."""
    return _lstm(blocks=lambda v: [np.split(v["A"], 4, axis=1)[order.index(name)] for name in "fgio"])


def _interleaved(v):
    return list(v["A"].reshape(*v["c_prev"].shape, 4).transpose(2, 0, 1))


def _states_exchanged(x, h_prev, c_prev, Wx, Wh, b):
    h_next, c_next, cache = steps.lstm_step_forward(x, h_prev, c_prev, Wx, Wh, b)
    return c_next, h_next, cache


def _lstm_in_place(x, h_prev, c_prev, Wx, Wh, b):
    before = c_prev.copy()
    h_next, c_next, (*cache, _) = steps.lstm_step_forward(x, h_prev, before, Wx, Wh, b)
    c_prev[...] = c_next
    return h_next, c_prev, (*cache, c_prev)


def _stored(**entries):
    """A right step that stores something else under some names of its cache."""
    return _lstm(cache=lambda v: tuple(entries[name](v) if name in entries else v[name] for name in _CACHE))


LSTM_STEP_FORWARD = Exercise(
    id="3.5",
    name="lstm_step_forward",
    title="All four in one product",
    stars=2,
    reference=steps.lstm_step_forward,
    results={
        "h_next": "(N, H)",
        "c_next": "(N, H)",
        "cache[0], x,": "(N, D)",
        "cache[1], h_prev,": "(N, H)",
        "cache[2], c_prev,": "(N, H)",
        "cache[3], Wx,": "(D, 4H)",
        "cache[4], Wh,": "(H, 4H)",
        "cache[5], f,": "(N, H)",
        "cache[6], g,": "(N, H)",
        "cache[7], i,": "(N, H)",
        "cache[8], o,": "(N, H)",
        "cache[9], c_next,": "(N, H)",
    },
    draw=_draw_lstm,
    probe=step_with_cache("lstm_step_forward", ("h_next", "c_next"), _CACHE),
    example=LSTM_BY_HAND,
    uses=("0.1",),
    misconceptions=(
        Misconception(
            _reordered("ifgo"),
            "a step with the blocks in the order i, f, g, o, as PyTorch and Keras have them",
            "Here the order is `LSTM_ORDER = f, g, i, o`. Nothing but the values gives a wrong order away.",
        ),
        Misconception(
            _reordered("figo"),
            "a step with the blocks in the order f, i, g, o",
            "The second block of `LSTM_ORDER` is the new memory g, the third the input gate i.",
        ),
        Misconception(
            _reordered("ifog"),
            "a step with the blocks in the order i, f, o, g",
            "Here the order is `LSTM_ORDER = f, g, i, o`. Nothing but the values gives a wrong order away.",
        ),
        Misconception(
            _reordered("fgoi"),
            "a step with the input gate and the output gate exchanged",
            "The third block of `LSTM_ORDER` is the input gate i, the last the output gate o.",
        ),
        Misconception(
            _lstm(blocks=_interleaved),
            "a step that takes every fourth column for a block",
            "Each block is H columns *side by side*: the first H are f. `np.split(A, 4, axis=1)` cuts so.",
        ),
        Misconception(
            _lstm(g=lambda v: sigmoid(v["blocks"][1])),
            "a step with a sigmoid on `g`",
            "`g` is content, not a gate: it goes through `np.tanh`, the other three through the sigmoid.",
        ),
        Misconception(
            _lstm(
                f=lambda v: np.tanh(v["blocks"][0]),
                i=lambda v: np.tanh(v["blocks"][2]),
                o=lambda v: np.tanh(v["blocks"][3]),
            ),
            "a step with tanh on all four blocks",
            "f, i and o are gates, in 0…1: they go through the sigmoid. Only `g` takes tanh.",
        ),
        Misconception(
            _lstm(h_next=lambda v: v["o"] * v["c_next"]),
            "a hidden state without its tanh: `o * c_next`",
            "The memory can grow to any size; what leaves is squashed first: `o * np.tanh(c_next)`.",
        ),
        Misconception(
            _lstm(h_next=lambda v: v["o"] * np.tanh(v["c_prev"])),
            "a hidden state made from the *old* memory, `c_prev`",
            "The output gate looks at the new memory: `o * np.tanh(c_next)`.",
        ),
        Misconception(
            _lstm(c_next=lambda v: np.tanh(v["f"] * v["c_prev"] + v["g"] * v["i"])),
            "a memory that goes through a tanh",
            "On the line of the memory there is no tanh. It stands on the branch that becomes `h_next`.",
        ),
        Misconception(
            _lstm(c_next=lambda v: v["f"] * np.tanh(v["c_prev"]) + v["g"] * v["i"]),
            "an old memory that goes through a tanh: `f * np.tanh(c_prev)`",
            "On the line of the memory there is no tanh. It stands on the branch that becomes `h_next`.",
        ),
        Misconception(
            _lstm(c_next=lambda v: v["f"] * (v["c_prev"] + v["g"] * v["i"])),
            "a forget gate around the whole sum: `f * (c_prev + g * i)`",
            "`f` belongs to the *old* memory alone; what comes in now has a gate of its own.",
        ),
        Misconception(
            _lstm(c_next=lambda v: v["i"] * v["c_prev"] + v["g"] * v["f"]),
            "a step in which the forget gate and the input gate do each other's work",
            "`f` belongs to the old memory, `i` to the new one: `f * c_prev + g * i`.",
        ),
        Misconception(
            _lstm(c_next=lambda v: v["f"] * v["c_prev"] + v["g"]),
            "a step without the input gate: `f * c_prev + g`",
            "Not all of the new memory is worth adding: `g * i`.",
        ),
        Misconception(
            _lstm(c_next=lambda v: v["c_prev"] + v["g"] * v["i"]),
            "a step without the forget gate: `c_prev + g * i`",
            "The old memory goes through `f` first. (The LSTM of 1997 had none, and never forgot.)",
        ),
        Misconception(
            _lstm(A=lambda v: v["x"] @ v["Wx"] + v["h_prev"] @ v["Wh"]),
            "a step without its bias `b`",
            "Three terms go into `A`: the input's, the hidden state's, and `b`.",
        ),
        Misconception(
            _lstm(A=lambda v: v["x"] @ v["Wx"] + v["c_prev"] @ v["Wh"] + v["b"]),
            "a step whose blocks read `c_prev` where they should read `h_prev`",
            "The weights see x and the hidden state; the memory is only ever used element by element.",
        ),
        Misconception(
            _lstm(A=lambda v: v["x"] @ v["Wx"] + v["b"]),
            "a step that ignores `h_prev`",
            "Three terms go into `A`: the input's, the hidden state's, and `b`.",
        ),
        Misconception(
            _states_exchanged,
            "the right numbers with `c_next` and `h_next` exchanged",
            "The order is `h_next, c_next, cache`.",
        ),
        Misconception(
            _stored(**{name: lambda v, n=n: v["blocks"][n] for n, name in enumerate("fgio")}),
            "right states with the blocks in the cache as they were *before* sigmoid and tanh",
            "Backward wants the outputs, as in exercise 1.1: the derivatives are had from them.",
        ),
        Misconception(
            _stored(c_next=lambda v: np.tanh(v["c_next"])),
            "right states with `np.tanh(c_next)` as the last entry of the cache",
            "The last entry is `c_next` itself; backward can take its tanh.",
        ),
        Misconception(
            _stored(c_prev=lambda v: v["c_next"]),
            "right states with `c_next` in the cache where `c_prev` belongs",
            "Backward needs both: `c_prev` for the forget gate, `c_next` for the tanh.",
        ),
        Misconception(
            _lstm_in_place,
            "the right numbers, written into `c_prev` itself",
            "The caller still needs the old memory for backward. Make a new array.",
        ),
    ),
)

EXERCISES = (OUTPUT_GATE, FORGET_GATE, NEW_MEMORY, INPUT_GATE, LSTM_STEP_FORWARD)

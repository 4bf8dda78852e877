"""The exercises of notebook 03 and the mistakes people make in them."""

import numpy as np

from helpers.checks.exercise import Exercise, mistakes
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


def _mistakes_in_the_sum(block, memory):
    """The mistakes made before the activation, which are the same in all four blocks.

    Args:
        block: the right function.
        memory: name of the array it works on.
    """
    text = """
        @ Wh + b → @ Wh
            The bias `b` is missing.
            Three terms go into `a`: `x @ Wx`, `h_prev @ Wh` and `b`.
        @ Wx + h_prev → @ Wx + 0 * h_prev
            `h_prev` is not used.
            The block decides from the input *and* from what was read before: add `h_prev @ Wh`.
        a = x @ → a = 0 * x @
            The input `x` is not used.
            Three terms go into `a`: `x @ Wx`, `h_prev @ Wh` and `b`.
        @ Wh + b → @ Wh.T + b
            `Wh` is transposed: `h_prev @ Wh.T`.
            `Wh` is square, so the shapes do not object. The rows of the batch stand on the left: `h_prev @ Wh`.
        @ Wx + h_prev → @ Wx + MEMORY
            `MEMORY` stands where `h_prev` belongs.
            The weights see `x` and `h_prev`. `MEMORY` comes in afterwards, element by element.
        (a) → (a - b) + b
            The bias is added *after* the activation.
            `b` belongs to the sum: `a = x @ Wx + h_prev @ Wh + b`.
        """
    return mistakes(block, text.replace("MEMORY", memory))


# --- 3.1 ------------------------------------------------------------------------------------------------------------

OUTPUT_GATE = Exercise(
    heading="3.1 ★ The output gate",
    reference=steps.output_gate,
    results={"h_next": "(N, H)"},
    draw=_draw_block("c_next"),
    example=_by_hand(c_next=[0.5, -2.0]),
    uses=("0.1",),
    misconceptions=(
        *mistakes(
            steps.output_gate,
            """
            sigmoid(a) → np.tanh(a)
                `o` comes from tanh instead of the sigmoid.
                An openness lies in 0…1. With tanh the gate could turn the sign of the memory: `o = sigmoid(a)`.
            np.tanh(c_next) → c_next
                The tanh is missing: `h_next = o * c_next`.
                The memory can grow to any size; what leaves is squashed first: `o * np.tanh(c_next)`.
            np.tanh(c_next) → sigmoid(c_next)
                A sigmoid of `c_next` stands in the place of its tanh.
                The gate takes the sigmoid, the memory takes tanh: `h_next` must be able to be negative.
            sigmoid(a) → a
                The sigmoid of the gate is missing: `o = a`.
                `a` can be any number; `sigmoid(a)` makes an openness in 0…1 of it.
            = o * np.tanh(c_next) → = np.tanh(o * c_next)
                The tanh is taken of the product: `np.tanh(o * c_next)`.
                First `np.tanh(c_next)`, then the gate. Otherwise a half-open gate shows a large memory whole.
            = o * np.tanh(c_next) → = o
                The gate itself is returned: `o`.
                The gate only says how much. What leaves is `o * np.tanh(c_next)`.
            = o * → =
                The gate is not used: `h_next = np.tanh(c_next)`.
                `o` says how much of it leaves: `o * np.tanh(c_next)`.
            = o * → = (1 - o) *
                The gate works the other way round: `1 - o`.
                o = 1 is an *open* gate: it lets everything through.
            = o * → = o +
                A sum, `o + np.tanh(c_next)`, stands where a product belongs.
                ⊙ multiplies element by element: in NumPy `*`.
            """,
        ),
        *_mistakes_in_the_sum(steps.output_gate, "c_next"),
    ),
)

# --- 3.2 ------------------------------------------------------------------------------------------------------------

FORGET_GATE = Exercise(
    heading="3.2 ★ The forget gate",
    reference=steps.forget_gate,
    results={"c": "(N, H)"},
    draw=_draw_block("c_prev"),
    example=_by_hand(c_prev=[0.5, -2.0]),
    uses=("0.1",),
    misconceptions=(
        *mistakes(
            steps.forget_gate,
            """
            * c_prev → * h_prev
                The gate is multiplied onto `h_prev` instead of the memory.
                `h_prev` only helps to decide. What is kept, or not, is the memory: `f * c_prev`.
            c = f * → c = (1 - f) *
                The gate works the other way round: `1 - f`.
                In spite of its name, f = 1 *keeps* everything and f = 0 forgets.
            sigmoid(a) → np.tanh(a)
                `f` comes from tanh instead of the sigmoid.
                An openness lies in 0…1. A gate of -1 would turn the memory into its opposite.
            sigmoid(a) → a
                The sigmoid of the gate is missing: `f = a`.
                `a` can be any number; `sigmoid(a)` makes an openness in 0…1 of it.
            * c_prev → * np.tanh(c_prev)
                The old memory goes through a tanh: `f * np.tanh(c_prev)`.
                On the line of the memory there is no tanh: it would squash at every step. Only `h` is squashed.
            c = f * c_prev → c = np.tanh(f * c_prev)
                What is left of the memory goes through a tanh: `np.tanh(f * c_prev)`.
                On the line of the memory there is no tanh: it would squash at every step. Only `h` is squashed.
            c = f * c_prev → c = f
                The gate itself is returned: `f`.
                The gate only says how much. What is left of the memory is `f * c_prev`.
            c = f * → c =
                The gate is not used: `c_prev` is returned as it came.
                `f` says how much of it stays: `f * c_prev`.
            c = f * → c = f +
                A sum, `f + c_prev`, stands where a product belongs.
                ⊙ multiplies element by element: in NumPy `*`.
            """,
        ),
        *_mistakes_in_the_sum(steps.forget_gate, "c_prev"),
    ),
)

# --- 3.3 ------------------------------------------------------------------------------------------------------------


def _new_memory(x, h_prev, c, Wx, Wh, b):
    a = x @ Wx + h_prev @ Wh + b
    g = np.tanh(a)
    c_next = c + g
    return c_next, g


NEW_MEMORY = Exercise(
    heading="3.3 ★ The new memory",
    reference=steps.new_memory,
    results={"c_next": "(N, H)", "g": "(N, H)"},
    draw=_draw_block("c"),
    example=_by_hand(c=[0.5, -2.0]),
    spelt_out=_new_memory,
    misconceptions=(
        *mistakes(
            _new_memory,
            """
            np.tanh(a) → sigmoid(a)
                `g` comes from the sigmoid, as if it were a gate.
                `g` is content, not openness: `np.tanh` gives it a strength and a sign.
            = c + g → = c * g
                The new memory is multiplied: `c * g`.
                New content is *added*: `c + g`. A product could write nothing into an empty memory.
            = c + g → = g
                The new memory replaces the old one: `c_next = g`.
                That is the simple RNN again. Here the old memory stays and the new one is added: `c + g`.
            = c + g → = np.tanh(c + a)
                A tanh stands around the sum: `np.tanh(c + a)`.
                Only the new content is squashed: `g = np.tanh(a)`, then `c + g`.
            = c + g → = np.tanh(c + g)
                A tanh stands around the sum: `np.tanh(c + g)`.
                Only the new content is squashed. The memory itself goes on without a tanh.
            np.tanh(a) → np.tanh(a + c)
                The memory stands inside the tanh: `np.tanh(a + c)`.
                `g` is made from `x` and `h_prev` alone; the memory is added afterwards.
            np.tanh(a) → a
                The tanh is missing: `g = a`.
                The tanh keeps one step from writing more than -1…1.
            return c_next, g → return g, c_next
                `c_next` and `g` are exchanged.
                The order is `c_next, g`.
            return c_next, g → return c_next, a
                `a` is returned in the place of `g`.
                Give the result of the tanh a name, `g`, add it, and return it.
            = c + g → = np.tanh(c) + g
                The old memory goes through a tanh: `np.tanh(c) + g`.
                On the line of the memory there is no tanh: `c + g`.
            = c + g → = h_prev + g
                The new content is added to `h_prev` instead of the memory.
                `h_prev` only helps to make `g`. It is written into the memory: `c + g`.
            """,
        ),
        *_mistakes_in_the_sum(_new_memory, "c"),
    ),
)

# --- 3.4 ------------------------------------------------------------------------------------------------------------

INPUT_GATE = Exercise(
    heading="3.4 ★ The input gate",
    reference=steps.input_gate,
    results={"gated": "(N, H)"},
    draw=_draw_block("g"),
    example=_by_hand(g=[0.964, -0.964]),
    uses=("0.1",),
    misconceptions=(
        *mistakes(
            steps.input_gate,
            """
            sigmoid(a) → np.tanh(a)
                `i` comes from tanh instead of the sigmoid.
                An openness lies in 0…1. A gate of -1 would write the opposite of the new memory.
            sigmoid(a) → a
                The sigmoid of the gate is missing: `i = a`.
                `a` can be any number; `sigmoid(a)` makes an openness in 0…1 of it.
            i * g → i * np.tanh(g)
                `g` goes through a second tanh: `i * np.tanh(g)`.
                `g` has been through its tanh already, in exercise 3.3.
            i * g → i * sigmoid(g)
                `g` goes through a sigmoid.
                `g` has been through its tanh already, and its sign matters.
            i * g → g + i * g
                All of `g` is added to what the gate lets through: `g + i * g`.
                A closed gate must write nothing. What is added to the memory comes in the cell, not here.
            i * g → (1 - i) * g
                The gate works the other way round: `1 - i`.
                i = 1 is an *open* gate: it writes all of `g`.
            i * g → i
                The gate itself is returned: `i`.
                The gate only says how much. What is written is `i * g`.
            i * g → g
                The gate is not used: `g` is returned as it came.
                `i` says how much of it is written: `i * g`.
            i * g → i + g
                A sum, `i + g`, stands where a product belongs.
                ⊙ multiplies element by element: in NumPy `*`.
            i * g → i * h_prev
                The gate is multiplied onto `h_prev` instead of the new memory.
                `h_prev` only helps to decide. What is written, or not, is the new memory: `i * g`.
            """,
        ),
        *_mistakes_in_the_sum(steps.input_gate, "g"),
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


def _step(x, h_prev, c_prev, Wx, Wh, b):
    A = x @ Wx + h_prev @ Wh + b
    A_f, A_g, A_i, A_o = np.split(A, 4, axis=1)
    f = sigmoid(A_f)
    g = np.tanh(A_g)
    i = sigmoid(A_i)
    o = sigmoid(A_o)
    c_next = f * c_prev + g * i
    h_next = o * np.tanh(c_next)
    cache = (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)
    return h_next, c_next, cache


def _other_orders(*orders):
    """Cuts of `A` into blocks that are taken for another order than f, g, i, o."""
    return "".join(
        f"""
        A_f, A_g, A_i, A_o = → {", ".join(f"A_{block}" for block in order)} =
            The blocks are cut in the order {", ".join(order)}.
            Here the order is `LSTM_ORDER = f, g, i, o`. The shapes are the same in any order; only the values tell.
        """
        for order in orders
    )


def _other_biases():
    """The bias of each block in the place of each other one."""
    parts = {(own, other): "fgio".replace(own, other) for own in "fgio" for other in "fgio" if own != other}
    return "".join(
        f"""
        @ Wh + b → @ Wh + np.hstack([np.split(b, 4)["fgio".index(block)] for block in "{blocks}"])
            `{own}` is given the bias of `{other}`.
            In `b` too the blocks are f, g, i, o, of H values each: look at the slice of `b` for `{own}`.
        """
        for (own, other), blocks in parts.items()
    )


LSTM_STEP_FORWARD = Exercise(
    heading="3.5 ★★ All four in one product",
    reference=steps.lstm_step_forward,
    results={
        "h_next": "(N, H)",
        "c_next": "(N, H)",
        "x in the cache": "(N, D)",
        "h_prev in the cache": "(N, H)",
        "c_prev in the cache": "(N, H)",
        "Wx in the cache": "(D, 4H)",
        "Wh in the cache": "(H, 4H)",
        "f in the cache": "(N, H)",
        "g in the cache": "(N, H)",
        "i in the cache": "(N, H)",
        "o in the cache": "(N, H)",
        "c_next in the cache": "(N, H)",
    },
    draw=_draw_lstm,
    probe=step_with_cache("lstm_step_forward", ("h_next", "c_next"), _CACHE),
    example=LSTM_BY_HAND,
    spelt_out=_step,
    groups={f"{name} in the cache": "what came in, in the cache" for name in _CACHE[:5]},
    uses=("0.1",),
    misconceptions=(
        *mistakes(_step, _other_orders("ifgo", "figo", "fiog", "ifog", "fgoi", "igfo", "iofg")),
        *mistakes(
            _step,
            """
            np.split(A, 4, axis=1) → np.moveaxis(A.reshape(len(A), -1, 4), 2, 0)
                Every fourth column is taken for a block.
                Each block is H columns *side by side*: the first H are f. `np.split(A, 4, axis=1)` cuts so.
            np.tanh(A_g) → sigmoid(A_g)
                `g` comes from the sigmoid, as if it were a gate.
                `g` is content, not a gate: it goes through `np.tanh`, the other three through the sigmoid.
            f = sigmoid(A_f) → f = np.tanh(A_f)
            i = sigmoid(A_i) → i = np.tanh(A_i)
            o = sigmoid(A_o) → o = np.tanh(A_o)
                All four blocks go through tanh.
                f, i and o are gates, in 0…1: they go through the sigmoid. Only `g` takes tanh.
            f = sigmoid(A_f) → f = A_f
            g = np.tanh(A_g) → g = A_g
            i = sigmoid(A_i) → i = A_i
            o = sigmoid(A_o) → o = A_o
                Sigmoid and tanh are missing: the blocks are used as they are cut.
                `f = sigmoid(A_f)`, `g = np.tanh(A_g)`, and sigmoids for `i` and `o` too.
            np.tanh(c_next) → c_next
                The tanh of the memory is missing: `h_next = o * c_next`.
                The memory can grow to any size; what leaves is squashed first: `o * np.tanh(c_next)`.
            np.tanh(c_next) → sigmoid(c_next)
                A sigmoid of `c_next` stands in the place of its tanh.
                `h_next` must be able to be negative: `o * np.tanh(c_next)`.
            np.tanh(c_next) → np.tanh(c_prev)
                `h_next` is made from the *old* memory, `c_prev`.
                The output gate looks at the new memory: `o * np.tanh(c_next)`.
            h_next = o * np → h_next = np
                The output gate is not used: `h_next = np.tanh(c_next)`.
                `o` says how much of it leaves: `o * np.tanh(c_next)`.
            h_next = o * np.tanh(c_next) → h_next = np.tanh(o * c_next)
                The tanh is taken of the product: `np.tanh(o * c_next)`.
                First `np.tanh(c_next)`, then the gate.
            h_next = o * np.tanh(c_next) → c_next = np.tanh(c_next); h_next = o * np.tanh(c_next)
                The new memory goes through a tanh, and a second one makes `h_next`.
                On the line of the memory there is no tanh. It stands on the branch that becomes `h_next`.
            f * c_prev → f * np.tanh(c_prev)
                The old memory goes through a tanh: `f * np.tanh(c_prev)`.
                On the line of the memory there is no tanh. It stands on the branch that becomes `h_next`.
            = f * c_prev + g * i → = f * (c_prev + g * i)
                The forget gate stands around the whole sum: `f * (c_prev + g * i)`.
                `f` belongs to the *old* memory alone; what comes in now has a gate of its own.
            = f * c_prev → = i * c_prev
            + g * i → + g * f
                The forget gate and the input gate do each other's work.
                `f` belongs to the old memory, `i` to the new one: `f * c_prev + g * i`.
            + g * i → + g
                The input gate is not used: `f * c_prev + g`.
                Not all of the new memory is worth adding: `g * i`.
            = f * c_prev → = c_prev
                The forget gate is not used: `c_prev + g * i`.
                The old memory goes through `f` first. (The LSTM of 1997 had none, and never forgot.)
            + g * i → + i
                The new memory is not used: `f * c_prev + i`.
                `i` only says how much. What is added is `g * i`.
            + g * i → + g * (1 - f)
                `1 - f` stands in the place of `i`: `f * c_prev + g * (1 - f)`.
                The input gate has weights of its own, and need not close when `f` opens: `g * i`.
            i = sigmoid(A_i) → i = 1 - f
                The input gate is made from the forget gate: `i = 1 - f`.
                It has a block of its own, and need not close when `f` opens: `i = sigmoid(A_i)`.
            = f * c_prev → = (1 - f) * c_prev
                The forget gate works the other way round: `1 - f`.
                In spite of its name, f = 1 *keeps* everything and f = 0 forgets.
            @ Wh + b → @ Wh
                The bias `b` is missing.
                Three terms go into `A`: `x @ Wx`, `h_prev @ Wh` and `b`.
            @ Wx + h_prev → @ Wx + c_prev
                `c_prev` stands where `h_prev` belongs.
                The weights see `x` and `h_prev`; the memory is only ever used element by element.
            @ Wx + h_prev → @ Wx + 0 * h_prev
                `h_prev` is not used.
                Three terms go into `A`: `x @ Wx`, `h_prev @ Wh` and `b`.
            return h_next, c_next → return c_next, h_next
                `h_next` and `c_next` are exchanged.
                The order is `h_next, c_next, cache`.
            Wh, f, g, i, o → Wh, A_f, A_g, A_i, A_o
                The cache holds the blocks as they were *before* sigmoid and tanh.
                Backward wants the outputs, as in exercise 1.1: the derivatives are made from them.
            , c_next) → , np.tanh(c_next))
                The last entry of the cache is `np.tanh(c_next)`.
                It is `c_next` itself; backward can take its tanh.
            , c_next) → , h_next)
                The last entry of the cache is `h_next`.
                It is `c_next`: backward goes through its tanh.
            cache = (x, h_prev, c_prev → cache = (x, h_prev, c_next
                `c_next` stands in the cache where `c_prev` belongs.
                Backward needs both: `c_prev` for the forget gate, `c_next` for the tanh.
            cache = (x, h_prev, c_prev → cache = (x, h_next, c_prev
                `h_next` stands in the cache where `h_prev` belongs.
                Backward needs `h_prev`, which `Wh` was multiplied by, for the gradient of `Wh`.
            cache = (x, h_prev, c_prev → cache = (x, c_prev, h_prev
                `h_prev` and `c_prev` are exchanged in the cache.
                The order is `(x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)`.
            """,
        ),
        *mistakes(_step, _other_biases()),
    ),
)

EXERCISES = (OUTPUT_GATE, FORGET_GATE, NEW_MEMORY, INPUT_GATE, LSTM_STEP_FORWARD)

"""The exercises of notebook 03 and the mistakes people make in them."""

from collections.abc import Sequence

import numpy as np

from helpers.arrays import FloatArray as Array
from helpers.checks.edits import Answer
from helpers.checks.exercise import Exercise, Misconception, Sizes, Values, mistakes
from helpers.checks.probes import step_with_cache
from helpers.nn import LSTM_ORDER, steps
from helpers.nn.functional import sigmoid

# --- arguments, for notebook 04 too -----------------------------------------------------------------------------------


def by_hand(**rows: Sequence[float]) -> Values:
    """Return the arguments of an example with N = 1."""
    return {name: np.array([row]) for name, row in rows.items()}


def draw_step(rng: np.random.Generator, sizes: Sizes, blocks: int, *memory: str) -> Values:
    """Draw what goes into a step with parameters of so many blocks: x, h_prev, and the arrays called `memory`."""
    states = {name: rng.normal(0, 1, (sizes.N, sizes.H)) for name in ("h_prev", *memory)}
    states["h_prev"] = np.tanh(states["h_prev"])
    return {"x": rng.normal(0, 1, (sizes.N, sizes.D)), **states, **draw_params(rng, sizes, blocks)}


def draw_params(rng: np.random.Generator, sizes: Sizes, blocks: int) -> Values:
    """Draw the parameters of so many blocks."""
    D, H = sizes.D, sizes.H
    return {
        "Wx": rng.normal(0, 0.4, (D, blocks * H)),
        "Wh": rng.normal(0, 0.4, (H, blocks * H)),
        "b": rng.normal(0, 0.5, blocks * H),
    }


# --- what 3.1 to 3.4 share: one block, and the memory that it works on ------------------------------------------------


def _block_by_hand(memory: str, *values: float) -> Values:
    """The numbers of the examples by hand: a = (2, -2), so that σ(a) = (0.881, 0.119) and tanh(a) = (0.964, -0.964)."""
    arrays = by_hand(x=[1.0], h_prev=[0.4, -0.2], **{memory: values}, Wx=[1.0, -1.0])
    return arrays | {"Wh": np.array([[0.5, 0.2], [-0.5, 0.4]]), "b": np.array([0.7, -1.0])}


def _mistakes_in_the_sum(block: Answer, memory: str) -> tuple[Misconception, ...]:
    """The mistakes made before the activation, which are the same in all four blocks.

    Args:
        block: the right function.
        memory: name of the array it works on.
    """
    return mistakes(
        block,
        f"""
        @ Wh + b → @ Wh
            The bias `b` is missing.
            Three terms go into `a`: the input's, the previous state's, and `b`.
        @ Wx + h_prev → @ Wx + 0 * h_prev
            `h_prev` is not used.
            The block decides from the input *and* from what was read before, which is in `h_prev`.
        a = x @ → a = 0 * x @
            The input `x` is not used.
            Three terms go into `a`: the input's, the previous state's, and `b`.
        @ Wh + b → @ Wh.T + b
            `Wh` is transposed: `h_prev @ Wh.T`.
            `Wh` is square, so the shapes do not object. The rows of the batch stand on the left: `h_prev @ Wh`.
        @ Wx + h_prev → @ Wx + {memory}
            `{memory}` is used where `h_prev` belongs.
            The weights see `x` and `h_prev`. `{memory}` comes in afterwards, element by element.
        (a) → (a - b) + b
            The bias is added *after* the activation.
            `b` is the third term of the sum `a`, to which the activation is applied.
        """,
    )


def _mistakes_of_a_gate(block: Answer, gate: str, content: str) -> tuple[Misconception, ...]:
    """The mistakes made with a gate and what it lets through, which are the same in 3.1, 3.2 and 3.4.

    Args:
        block: the right function.
        gate, content: as its source has the two, which it multiplies.
    """
    return mistakes(
        block,
        f"""
        sigmoid(a) → np.tanh(a)
            `{gate}` comes from tanh instead of the sigmoid.
            An openness lies in 0…1. A gate of -1 would turn the sign of what it lets through.
        {gate} * {content} → (1 - {gate}) * {content}
            The gate works the other way round: `1 - {gate}`.
            An openness of 1 lets everything through (so the forget gate *keeps* it), and 0 nothing.
        sigmoid(a) → a
            The sigmoid of the gate is missing: `{gate} = a`.
            `a` can be any number, and an openness lies in 0…1.
        {gate} * {content} → {gate} * h_prev
            The gate multiplies `h_prev`, not `{content}`.
            `h_prev` only helps to set the gate. What passes through it is `{content}`.
        {gate} * {content} → {gate}
            The gate itself is returned: `{gate}`.
            The gate only says how much of `{content}` gets through.
        {gate} * {content} → {content}
            The gate is not used: `{content}` is returned.
            `{gate}` says how much of it gets through: it is a factor.
        {gate} * {content} → {gate} + {content}
            A sum, `{gate} + {content}`, is used where a product belongs.
            ⊙ multiplies element by element: in NumPy `*`.
        {gate} * {content} → {gate} @ {content}.T
            A matrix product is used where ⊙ belongs.
            ⊙ multiplies element by element: in NumPy `*`. Both factors, and the result, have the shape (N, H).
        sigmoid(a) → (powers := np.exp(a - a.max(axis=1, keepdims=True))) / powers.sum(axis=1, keepdims=True)
            A softmax over the units is used instead of the sigmoid.
            Each unit has an openness of its own, and they need not add up to 1.
        sigmoid(a) → np.round(sigmoid(a))
            The gate is rounded to 0 or 1.
            A gate may be half open, and it can be learned only if it may: leave it as the sigmoid gives it.
        """,
    )


# --- 3.1 ------------------------------------------------------------------------------------------------------------

OUTPUT_GATE = Exercise(
    heading="3.1 ★ The output gate",
    reference=steps.output_gate,
    results={"h_next": "(N, H)"},
    draw=lambda rng, sizes: draw_step(rng, sizes, 1, "c_next"),
    example=_block_by_hand("c_next", 0.5, -2.0),
    uses=("0.1",),
    misconceptions=(
        *mistakes(
            steps.output_gate,
            """
            np.tanh(c_next) → c_next
                The tanh is missing: `h_next = o * c_next`.
                The memory can grow to any size. What leaves the cell is squashed to -1…1 first.
            np.tanh(c_next) → sigmoid(c_next)
                A sigmoid of `c_next` is taken instead of its tanh.
                The gate takes the sigmoid, the memory takes tanh: `h_next` must be able to be negative.
            = o * np.tanh(c_next) → = np.tanh(o * c_next)
                The tanh is taken of the product: `np.tanh(o * c_next)`.
                First `np.tanh(c_next)`, then the gate. Otherwise a half-open gate shows a large memory whole.
            """,
        ),
        *_mistakes_of_a_gate(steps.output_gate, "o", "np.tanh(c_next)"),
        *_mistakes_in_the_sum(steps.output_gate, "c_next"),
    ),
)

# --- 3.2 ------------------------------------------------------------------------------------------------------------

FORGET_GATE = Exercise(
    heading="3.2 ★ The forget gate",
    reference=steps.forget_gate,
    results={"c": "(N, H)"},
    draw=lambda rng, sizes: draw_step(rng, sizes, 1, "c_prev"),
    example=_block_by_hand("c_prev", 0.5, -2.0),
    uses=("0.1",),
    misconceptions=(
        *_mistakes_of_a_gate(steps.forget_gate, "f", "c_prev"),
        *mistakes(
            steps.forget_gate,
            """
            * c_prev → * np.tanh(c_prev)
                The old memory goes through a tanh: `f * np.tanh(c_prev)`.
                There is no tanh on the line of the memory: it would squash the memory at every step. Only `h` is
                    squashed.
            c = f * c_prev → c = np.tanh(f * c_prev)
                What is left of the memory goes through a tanh: `np.tanh(f * c_prev)`.
                There is no tanh on the line of the memory: it would squash the memory at every step. Only `h` is
                    squashed.
            """,
        ),
        *_mistakes_in_the_sum(steps.forget_gate, "c_prev"),
    ),
)

# --- 3.3 ------------------------------------------------------------------------------------------------------------


def _new_memory(x: Array, h_prev: Array, c: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Array]:
    a = x @ Wx + h_prev @ Wh + b
    g = np.tanh(a)
    c_next = c + g
    return c_next, g


NEW_MEMORY = Exercise(
    heading="3.3 ★ The new memory",
    reference=steps.new_memory,
    results={"c_next": "(N, H)", "g": "(N, H)"},
    draw=lambda rng, sizes: draw_step(rng, sizes, 1, "c"),
    example=_block_by_hand("c", 0.5, -2.0),
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
                New content is *added*. A product could write nothing into an empty memory.
            = c + g → = g
                The new memory replaces the old one: `c_next = g`.
                That is the simple RNN again. Here the old memory stays, and the new one is added to it.
            = c + g → = np.tanh(c + a)
                A tanh stands around the sum: `np.tanh(c + a)`.
                Only the new content is squashed, before it is added. The memory itself goes on without a tanh.
            = c + g → = np.tanh(c + g)
                A tanh stands around the sum: `np.tanh(c + g)`.
                Only the new content is squashed. The memory itself goes on without a tanh.
            np.tanh(a) → np.tanh(a + c)
                The memory stands inside the tanh: `np.tanh(a + c)`.
                `g` is made from `x` and `h_prev` alone; the memory is added afterwards.
            np.tanh(a) → a
                The tanh is missing: `g = a`.
                The tanh keeps what one step adds between -1 and 1.
            return c_next, g → return g, c_next
                `c_next` and `g` are exchanged.
                The order is `c_next, g`.
            return c_next, g → return c_next, a
                `a` is returned instead of `g`.
                Give the result of the tanh a name, `g`, add it, and return it.
            = c + g → = np.tanh(c) + g
                The old memory goes through a tanh: `np.tanh(c) + g`.
                There is no tanh on the line of the memory. Only the new content has been through one.
            = c + g → = h_prev + g
                The new content is added to `h_prev` instead of the memory.
                `h_prev` only helps to make `g`. What `g` is added to is the memory.
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
    draw=lambda rng, sizes: draw_step(rng, sizes, 1, "g"),
    example=_block_by_hand("g", 0.964, -0.964),
    uses=("0.1",),
    misconceptions=(
        *_mistakes_of_a_gate(steps.input_gate, "i", "g"),
        *mistakes(
            steps.input_gate,
            """
            i * g → i * np.tanh(g)
                `g` goes through a second tanh: `i * np.tanh(g)`.
                `g` has been through its tanh already, in exercise 3.3.
            i * g → i * sigmoid(g)
                `g` goes through a sigmoid.
                `g` has been through its tanh already, and its sign matters.
            i * g → g + i * g
                All of `g` is added to what the gate lets through: `g + i * g`.
                A closed gate must write nothing. What is added to the memory comes in the cell, not here.
            """,
        ),
        *_mistakes_in_the_sum(steps.input_gate, "g"),
    ),
)

# --- 3.5 ------------------------------------------------------------------------------------------------------------

_CACHE = (
    {"x": "(N, D)", "h_prev": "(N, H)", "c_prev": "(N, H)", "Wx": "(D, 4H)", "Wh": "(H, 4H)"}
    | dict.fromkeys(LSTM_ORDER, "(N, H)")
    | {"c_next": "(N, H)"}
)

#: One unit, so that the four blocks are four numbers: A = (2, 0.5, -1, 1.5). No gate is 1 minus another.
LSTM_BY_HAND = by_hand(x=[1.0], h_prev=[0.5], c_prev=[2.0], Wx=[1.0, 1.0, -1.0, 1.0], Wh=[1.0, -1.0, -1.0, -2.0]) | {
    "b": np.array([0.5, 0.0, 0.5, 1.5])
}


def _step(x: Array, h_prev: Array, c_prev: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Array, steps.Cache]:
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


def _other_orders(*orders: str) -> str:
    """Cuts of `A` into blocks that are taken for another order than f, g, i, o."""
    return "".join(
        f"""
        A_f, A_g, A_i, A_o = → {", ".join(f"A_{block}" for block in order)} =
            The blocks are cut in the order {", ".join(order)}.
            Here the order is `LSTM_ORDER = f, g, i, o`. The shapes are the same in any order; only the values tell.
        """
        for order in orders
    )


def _other_biases() -> str:
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
    results={"h_next": "(N, H)", "c_next": "(N, H)"} | {f"{name} in the cache": _CACHE[name] for name in _CACHE},
    draw=lambda rng, sizes: draw_step(rng, sizes, 4, "c_prev"),
    probe=step_with_cache("lstm_step_forward", ("h_next", "c_next"), tuple(_CACHE)),
    example=LSTM_BY_HAND,
    spelt_out=_step,
    groups={f"{name} in the cache": "the inputs in the cache" for name in ("x", "h_prev", "c_prev", "Wx", "Wh")},
    uses=("0.1",),
    misconceptions=(
        *mistakes(_step, _other_orders("ifgo", "figo", "fiog", "ifog", "fgoi", "igfo", "iofg")),
        *mistakes(
            _step,
            """
            np.split(A, 4, axis=1) → np.split(A, 4)
                `np.split` without `axis` cuts the batch into four.
                The four blocks stand side by side, H columns each: cut along axis 1.
            np.split(A, 4, axis=1) → np.moveaxis(A.reshape(len(A), -1, 4), 2, 0)
                Every fourth column is taken as a block.
                Each block is H columns *side by side*: the first H are f, the next H are g.
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
                Gates lie in 0…1, and content in -1…1: each block goes through the function that belongs to it.
            np.tanh(c_next) → c_next
                The tanh of the memory is missing: `h_next = o * c_next`.
                The memory can grow to any size. What leaves the cell is squashed to -1…1 first.
            np.tanh(c_next) → sigmoid(c_next)
                A sigmoid of `c_next` is taken instead of its tanh.
                `h_next` can be negative, and a sigmoid never is.
            np.tanh(c_next) → np.tanh(c_prev)
                `h_next` is made from the *old* memory, `c_prev`.
                What leaves the cell is made from `c_next`, the memory after this step.
            h_next = o * np → h_next = np
                The output gate is not used: `h_next = np.tanh(c_next)`.
                `o` says how much of it leaves: it is a factor.
            h_next = o * np.tanh(c_next) → h_next = np.tanh(o * c_next)
                The tanh is taken of the product: `np.tanh(o * c_next)`.
                First `np.tanh(c_next)`, then the gate.
            h_next = o * np.tanh(c_next) → c_next = np.tanh(c_next); h_next = o * np.tanh(c_next)
                `c_next` goes through a tanh, and a second one makes `h_next`.
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
                `f` belongs to the old memory, `i` to the new one.
            + g * i → + g
                The input gate is not used: `f * c_prev + g`.
                Not all of the new memory is worth adding: `i` says how much.
            = f * c_prev → = c_prev
                The forget gate is not used: `c_prev + g * i`.
                The old memory goes through `f` first. (The LSTM of 1997 had none, and never forgot.)
            + g * i → + i
                The new memory is not used: `f * c_prev + i`.
                `i` only says how much of `g` is added.
            + g * i → + g * (1 - f)
                `1 - f` is used instead of `i`: `f * c_prev + g * (1 - f)`.
                The input gate has weights of its own, and need not close when `f` opens.
            i = sigmoid(A_i) → i = 1 - f
                The input gate is made from the forget gate: `i = 1 - f`.
                It has a block of its own, `A_i`, and need not close when `f` opens.
            = f * c_prev → = (1 - f) * c_prev
                The forget gate works the other way round: `1 - f`.
                In spite of its name, f = 1 *keeps* everything and f = 0 forgets.
            @ Wh + b → @ Wh
                The bias `b` is missing.
                Three terms go into `A`: the input's, the previous state's, and `b`.
            @ Wx + h_prev → @ Wx + c_prev
                `c_prev` is used where `h_prev` belongs.
                The weights see `x` and `h_prev`; the memory is only ever used element by element.
            @ Wx + h_prev → @ Wx + 0 * h_prev
                `h_prev` is not used.
                Three terms go into `A`: the input's, the previous state's, and `b`.
            return h_next, c_next → return c_next, h_next
                `h_next` and `c_next` are exchanged.
                The order is `h_next, c_next, cache`.
            Wh, f, g, i, o → Wh, A_f, A_g, A_i, A_o
                The cache holds the blocks as they were *before* sigmoid and tanh.
                Backward needs the outputs, as in exercise 1.1: the derivatives are made from them.
            , c_next) → , np.tanh(c_next))
                The last entry of the cache is `np.tanh(c_next)`.
                It is `c_next` itself; backward can take its tanh.
            , c_next) → , h_next)
                The last entry of the cache is `h_next`.
                It is `c_next`: backward goes through its tanh.
            cache = (x, h_prev, c_prev → cache = (x, h_prev, c_next
                The cache holds `c_next` where `c_prev` belongs.
                Backward needs both: `c_prev` for the forget gate, `c_next` for the tanh.
            cache = (x, h_prev, c_prev → cache = (x, h_next, c_prev
                The cache holds `h_next` where `h_prev` belongs.
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

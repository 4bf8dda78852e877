"""The exercises of notebook 06 and the mistakes people make in them."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from helpers.arrays import FloatArray
from helpers.checks import dropout
from helpers.checks.edits import Answer
from helpers.checks.exercise import ContractError, Exercise, Sizes, Values, mistakes, unpack
from helpers.checks.probes import build_layer
from helpers.language.message import Message, listed, message
from helpers.nn import layers
from helpers.nn.base import Layer, Param, State
from helpers.nn.recurrent import LSTM, RNN
from helpers.training.diagnosis import diagnose
from helpers.training.optimisers import add_weight_decay

# --- 6.1 ------------------------------------------------------------------------------------------------------------


class _Switch(Layer):
    """A stateless layer that halves its input in training, so that the keyword shows."""

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        self.scale = 0.5 if training else 1.0
        return xs * self.scale

    def backward(self, dys: FloatArray) -> FloatArray:
        return dys * self.scale


class _SwitchedRNN(RNN):
    """A recurrent layer that halves its output in training."""

    def forward(
        self, xs: FloatArray, state: FloatArray | None = None, *, training: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        self.scale = 0.5 if training else 1.0
        hs, state = super().forward(xs, state, training=training)
        return hs * self.scale, state

    def backward(self, dhs: FloatArray, dstate: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        return super().backward(dhs * self.scale, dstate)


def _draw_stack(rng: np.random.Generator, sizes: Sizes) -> Values:
    N, T, D, H, V = sizes.N, min(sizes.T, 3), sizes.D, sizes.H, sizes.V  # what a layer does with T is its own affair

    def recurrent(width: int, blocks: int = 1) -> list[FloatArray]:
        return [rng.normal(0, 0.4, shape) for shape in ((width, blocks * H), (H, blocks * H), (blocks * H,))]

    def states(count: int) -> tuple[FloatArray, ...]:
        return tuple(rng.normal(0, 0.5, (N, H)) for _ in range(count))

    return {
        "rnn1": recurrent(D),
        "rnn2": recurrent(H),
        "xs": rng.normal(0, 1, (N, T, D)),
        "state": states(2),
        "dys": rng.normal(0, 1, (N, T, H)),
        "dstate": states(2),
        "more_xs": rng.normal(0, 1, (N, T, D)),
        "E": rng.normal(0, 1, (V, D)),
        "ids": rng.integers(0, V, (N, T)),
        "lstm": recurrent(D, 4),
        "rnn": recurrent(H),
        "mixed_state": (states(2), *states(1)),
        "mixed_dstate": (states(2), *states(1)),
    }


def _parts(state: State, name: str, count: int) -> Sequence[Any]:
    """Return the two entries of a state, or those of an LSTM's pair and another entry: `count` parts in all."""
    if not isinstance(state, tuple | list):
        template = "`{name}` must be a tuple with one entry for each recurrent layer: got {kind}."
        raise ContractError(template, name=name, kind=_kind(state))
    if len(state) != 2:
        template = "`{name}` must have one entry for each *recurrent* layer: 2 here, and yours has {got}."
        raise ContractError(template, name=name, got=len(state))
    pair, entry = state
    if count == 2:
        return state
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        template = "The first entry of `{name}` belongs to an LSTM and must be its pair (h, c): got {kind}."
        raise ContractError(template, name=name, kind=_kind(pair))
    return *pair, entry


def _kind(thing: object) -> Message:
    if isinstance(thing, np.ndarray):
        return message("an array of shape {shape}", shape=thing.shape)
    return message("a {name}", name=type(thing).__name__)


def _use_stack(answer: Answer, arguments: Values, record: Values) -> None:
    complaints: list[ContractError] = []  # of states in another form: there is more to look at before they are raised

    def write_down(names: Iterable[str], given: Values, called: str) -> None:
        (first, *parts), (out, state) = names, given.values()
        record[first] = out
        try:
            record.update(dict(zip(parts, _parts(state, called, len(parts)))))
        except ContractError as complaint:
            complaints.append(complaint)

    def once(stack: Layer, names: Sequence[Iterable[str]], given: Sequence[Any], **keywords: bool) -> None:
        (forward, backward), (xs, state, dstate) = names, given
        found = unpack(stack.forward(xs, state, **keywords), ("ys", "state"), "Stacked.forward")
        write_down(forward, found, "state")
        found = unpack(stack.backward(arguments["dys"], dstate), ("dxs", "dstate"), "Stacked.backward")
        write_down(backward, found, "dstate")

    first, second, lstm, rnn = (
        [Param(value, f"{name}.{part}") for part, value in zip(("Wx", "Wh", "b"), arguments[name])]
        for name in ("rnn1", "rnn2", "lstm", "rnn")
    )
    E = Param(arguments["E"], "E")
    stack = build_layer(answer, "Stacked", [RNN(*first), _Switch(), _SwitchedRNN(*second)])
    mixed = build_layer(answer, "Stacked", [layers.Embedding(E), LSTM(*lstm), RNN(*rnn), _Switch()])
    if {id(param) for param in stack.parameters()} != {id(param) for param in (*first, *second)}:
        raise ContractError(
            "`parameters()` of your `Stacked` does not find those of its layers: keep the layers on `self`."
        )
    grads = [("gradient of the lower Wh", first[1]), ("gradient of the upper Wh", second[1])]
    try:
        names = _FORWARD, _BACKWARD
        once(stack, names, [arguments[name] for name in ("xs", "state", "dstate")], training=False)
        record.update({name: param.grad for name, param in grads})
        again = [[name + _AGAIN for name in part] for part in names]
        once(stack, again, (arguments["more_xs"], None, None), training=True)
        record.update({name + _AGAIN: param.grad for name, param in grads})
        names = _MIXED_FORWARD, _MIXED_BACKWARD
        once(mixed, names, [arguments[name] for name in ("ids", "mixed_state", "mixed_dstate")])
        record["gradient of E"] = E.grad
    finally:
        if complaints:
            raise complaints[0]


class _Stacked(Layer):
    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        self.depth = sum(layer.recurrent for layer in self.layers)

    def forward(self, xs: Any, state: State = None, *, training: bool = False) -> tuple[Any, State]:
        given, after = [None] * self.depth if state is None else list(state), []
        for layer in self.layers:
            if layer.recurrent:
                xs, new = layer.forward(xs, given.pop(0), training=training)
                after.append(new)
            else:
                xs = layer.forward(xs, training=training)
        return xs, tuple(after)

    def backward(self, dys: Any, dstate: State = None) -> tuple[Any, State]:
        given, before = [None] * self.depth if dstate is None else list(dstate), []
        for layer in reversed(self.layers):
            if layer.recurrent:
                dys, new = layer.backward(dys, given.pop())
                before.append(new)
            else:
                dys = layer.backward(dys)
        return dys, tuple(before[::-1])


_AGAIN = " of a second call, in training, with no state given"
_FORWARD = {"ys": "(N, T, H)", "state[0]": "(N, H)", "state[1]": "(N, H)"}
_BACKWARD = {"dxs": "(N, T, D)", "dstate[0]": "(N, H)", "dstate[1]": "(N, H)"}
_GRADS = {"gradient of the lower Wh": "(H, H)", "gradient of the upper Wh": "(H, H)"}
_MIXED_FORWARD = {
    "ys above an embedding": "(N, T, H)",
    "h of state[0], an LSTM's": "(N, H)",
    "c of state[0], an LSTM's": "(N, H)",
    "state[1] above an LSTM": "(N, H)",
}
_MIXED_BACKWARD = {
    "dxs below an embedding": "None",
    "h of dstate[0], an LSTM's": "(N, H)",
    "c of dstate[0], an LSTM's": "(N, H)",
    "dstate[1] above an LSTM": "(N, H)",
}
_OF_STACK = _FORWARD | _BACKWARD | _GRADS

STACKED = Exercise(
    heading="6.1 ★★ One layer on top of the other",
    reference=layers.Stacked,
    results=_OF_STACK
    | {f"{name}{_AGAIN}": shape for name, shape in _OF_STACK.items()}
    | _MIXED_FORWARD
    | _MIXED_BACKWARD
    | {"gradient of E": "(V, D)"},
    draw=_draw_stack,
    probe=_use_stack,
    spelt_out=_Stacked,
    groups=dict.fromkeys(_FORWARD, "forward")
    | dict.fromkeys(_BACKWARD | _GRADS, "backward")
    | {f"{name}{_AGAIN}": "a second call, in training" for name in _OF_STACK}
    | dict.fromkeys(_MIXED_FORWARD, "forward above an embedding")
    | dict.fromkeys((*_MIXED_BACKWARD, "gradient of E"), "backward above an embedding"),
    misconceptions=mistakes(
        _Stacked,
        """
        forward: given.pop(0) → after[-1] if after else given[0]
            A layer's new state is handed to the layer above it.
            Does the loop write to the variable that it reads the states from? Only `xs` goes up from layer to layer.
        forward: given.pop(0) → given[0]
            Every recurrent layer gets the same state, that of the lowest.
            Entry 0 belongs to the lowest recurrent layer, entry 1 to the next one up.
        forward: given.pop(0) → [state] and state
            A layer gets the *whole* state instead of its own entry.
            `state` has one entry for each recurrent layer. Take them one by one, from the front.
        forward: for layer in self.layers → for number, layer in enumerate(self.layers)
        forward: given.pop(0) → state[number]
            A state is looked up by the number of its *layer*.
            Stateless layers have no entry, so the third layer may have the second: count recurrent layers only.
        forward: given.pop(0) → state[len(after)]
            `Stacked.forward` needs a state, and gets `None`.
            `None` stands for zeros: replace it by a list with one `None` for each recurrent layer.
        backward: given.pop() → dstate[-1 - len(before)]
            `Stacked.backward` needs a `dstate`, and gets `None`.
            `None` stands for zeros: replace it by a list with one `None` for each recurrent layer.
        forward: if layer.recurrent → if True
            A stateless layer is given a state: the branch for stateless layers is missing.
            Where `layer.recurrent` is false, `forward` takes no state, and returns `xs` alone.
        forward: if layer.recurrent → if False
            A recurrent layer is treated like a stateless one: it gets no state.
            Where `layer.recurrent` is true, `forward` takes its entry as well, and returns a pair.
        forward: else list(state) → else [None] * self.depth
            The given state is ignored: every call starts from zeros.
            Hand each recurrent layer its entry of `state`.
        forward: given.pop(0) → given.pop()
            The states are dealt out from the top down.
            The first entry belongs to the first recurrent layer, the one nearest to the input.
        forward: tuple(after) → tuple(after[::-1])
            The states are returned in the wrong order, the top layer's first.
            What is returned must fit the next call: the lowest layer's entry first.
        forward: tuple(after) → after[-1]
            Only the state of the top layer is returned.
            Every recurrent layer has a state of its own to be carried on: collect all of them in a tuple.
        forward: tuple(after) → tuple(after[-1:])
            The returned state has one entry, that of the top layer.
            Every recurrent layer has a state of its own to be carried on: append each to a list, in the loop.
        forward: after.append(new) → after.extend(new if isinstance(new, tuple) else [new])
            The pair (h, c) of an LSTM becomes two entries of the state.
            An entry is whatever the layer returned, a pair too: `append` it as it is, not `extend` or `+=`.
        forward: after.append(new) → after.append((new,))
            Each entry of the returned state is wrapped in a tuple of its own.
            An entry is what the layer returned, as it is: the next call hands it back to that layer.
        = layer.forward(xs, training=training) → = layer.forward(xs, training=training); after.append(None)
            The returned state has an entry for the stateless layers too.
            Append to the state only where `layer.recurrent` is true.
        forward: [None] * self.depth if → getattr(self, "last", None) or [None] * self.depth if
        forward: return xs, tuple(after) → self.last = list(after); return xs, tuple(after)
            The stack keeps its state between calls, and continues from it when it is given none.
            `None` means zeros. The caller carries the state; a stack keeps none.
        forward: .pop(0), training=training → .pop(0)
        = layer.forward(xs, training=training) → = layer.forward(xs)
            `training` is not passed on: a dropout layer in the stack never drops anything.
            Every `forward` gets it: `layer.forward(…, training=training)`.
        forward: .pop(0), training=training → .pop(0)
            `training` is passed on to the stateless layers only.
            A recurrent layer may have dropout inside it, as in notebook 07: it gets `training` too.
        = layer.forward(xs, training=training) → = layer.forward(xs)
            `training` is passed on to the recurrent layers only.
            Dropout between the layers is a stateless layer: it gets `training` too.
        forward: .pop(0), training=training → .pop(0), training=True
        = layer.forward(xs, training=training) → = layer.forward(xs, training=True)
            The layers are told that they are always training.
            Pass on what you were given: `training=training`.
        forward: xs, new = layer → ys, new = layer
        forward: xs = layer → ys = layer
        forward: return xs → return ys
            Every layer reads the input of the lowest one.
            What comes out of a layer is what the next one up takes: `xs = …`.
        backward: dys, new = layer → dxs, new = layer
        backward: dys = layer → dxs = layer
        backward: return dys → return dxs
            Every layer gets the gradient from above the stack.
            What comes back from a layer is what the next one down takes: `dys = …`.
        backward: reversed(self.layers) → self.layers
        backward: given.pop() → given.pop(0)
        backward: before[::-1] → before
            On the way back the layers are visited from the bottom up.
            The gradient comes in at the top: visit `reversed(self.layers)`.
        backward: reversed(self.layers) → self.layers[:0:-1]
            The way back leaves out the lowest layer.
            `range(…, 0, -1)` ends at 1. `reversed(self.layers)` visits all of them.
        backward: given, before → self.layers.reverse(); given, before
        backward: reversed(self.layers) → self.layers
            The list of layers itself is reversed on the way back.
            `self.layers.reverse()` changes the list for good. `reversed(self.layers)` only reads it from the end.
        backward: given.pop() → given.pop(0)
            `dstate` is read from its beginning while the layers are visited from the top.
            The top layer comes first on the way back, and its entry is the last one.
        backward: before[::-1] → before
            `dstate` is returned in the order of the way back, the top layer's first.
            `dstate` has the form of `state`: reverse the list before you return it.
        backward: else list(dstate) → else [None] * self.depth
            The given `dstate` is ignored.
            Hand each recurrent layer its entry of `dstate`.
        """,
    ),
)

# --- 6.2 ------------------------------------------------------------------------------------------------------------

#: Perplexities in training and validation, and the tolerance, None for none.
_Run: TypeAlias = tuple[Sequence[float], Sequence[float], float | None]

#: Runs by name: the right word, training and validation perplexities, and the tolerance as a range, or None for none.
_RUNS: dict[str, tuple[str, Sequence[float], Sequence[float], tuple[float, float] | None]] = {
    "a turn": ("overfitting", (300, 150, 101, 100), (320, 200, 230, 260), (0.03, 0.08)),
    "a turn while training falls": ("overfitting", (300, 150, 100, 80), (320, 200, 230, 260), (0.03, 0.08)),
    "a turn, and back a little": ("overfitting", (300, 150, 101, 100), (320, 200, 260, 245), (0.03, 0.08)),
    "a slow rise while training falls": ("overfitting", (300, 170, 130, 100), (190, 180, 200, 203), (0.03, 0.08)),
    "a rise from the first epoch on": ("overfitting", (120, 110, 101, 100), (180, 210, 240, 260), (0.03, 0.08)),
    "a turn, below the first epoch": ("overfitting", (100, 100, 100, 120), (320, 100, 120, 130), (0.03, 0.08)),
    "a turn, half-way to the first epoch": ("overfitting", (100, 100, 100, 99), (320, 100, 180, 250), (0.03, 0.08)),
    "a turn, no tolerance given": ("overfitting", (300, 150, 101, 100), (320, 200, 215, 225), None),
    "a small rise, low tolerance": ("overfitting", (300, 121, 120, 120), (320, 180, 184, 186.5), (0.005, 0.015)),
    "both still fall": ("still learning", (300, 200, 150, 120), (320, 220, 180, 160), (0.03, 0.08)),
    "training falls, validation is flat": ("still learning", (300, 200, 150, 120), (320, 182, 181, 180), (0.03, 0.08)),
    "training falls after a rise": ("still learning", (300, 100, 150, 120), (320, 182, 181, 180), (0.03, 0.08)),
    "a fall, no tolerance given": ("still learning", (300, 200, 150, 138), (320, 182, 181, 180), None),
    "a small fall, low tolerance": ("still learning", (300, 126, 124, 120), (320, 182, 181, 180), (0.005, 0.015)),
    "a turn, high tolerance": ("finished", (300, 150, 101, 100), (320, 200, 215, 225), (0.25, 0.35)),
    "training falls, high tolerance": ("finished", (300, 150, 120, 100), (320, 182, 181, 180), (0.25, 0.35)),
    "both are flat": ("finished", (300, 121, 120, 120), (320, 181, 180, 180), (0.03, 0.08)),
    "both are flat, far apart": ("finished", (300, 31, 30, 30), (320, 201, 200, 200), (0.03, 0.08)),
    "validation falls, training is flat": ("finished", (300, 121, 120, 120), (320, 240, 200, 170), (0.03, 0.08)),
    "training rises": ("finished", (300, 110, 100, 120), (320, 240, 200, 170), (0.03, 0.08)),
}

#: The examples by hand.
_BY_HAND: dict[str, _Run] = {
    "the first run by hand": ([100, 60, 40], [110, 80, 90], 0.05),
    "the second run by hand": ([100, 60, 40], [110, 80, 82], 0.05),
}
#: Runs that change by about the tolerance, by next to nothing, or not at all.
_SMALL = dict.fromkeys(
    (
        "a rise of just the tolerance",
        "a fall of just the tolerance",
        "a rise by 0.01",
        "a fall by 0.01",
        "training stands still, validation falls",
        "a fall of a little less than the tolerance",
    ),
    "finished",
) | {"a rise of a little more than the tolerance": "overfitting"}


def _draw_curves(rng: np.random.Generator, sizes: Sizes) -> Values:
    def near(values: Sequence[float]) -> list[float]:
        # More epochs on the way from the first to the second: they change neither the extremes nor the end.
        first, second, *others = values
        values = [*np.linspace(first, second, int(rng.integers(2, 5))), *others]
        factor = rng.uniform(0.5, 2)
        return [round(float(factor * value * rng.uniform(0.997, 1.003)), 3) for value in values]

    runs: dict[str, _Run] = {
        name: (near(train), near(valid), None if tolerance is None else round(float(rng.uniform(*tolerance)), 6))
        for name, (_, train, valid, tolerance) in _RUNS.items()
    }
    # In whole numbers and a quarter, every right formula is exact.
    whole = 4 * int(rng.integers(20, 60))
    flat = [2 * whole, whole, whole, whole]
    rise, fall = [2 * whole, whole, whole * 5 // 4], [2 * whole, whole, whole * 3 // 4]
    hardly_up, hardly_down = [2 * whole, whole, whole + 0.01], [2 * whole, whole, whole - 0.01]
    curves: Sequence[tuple[Sequence[float], Sequence[float]]] = (
        (flat, rise),
        (fall, flat),
        (flat, hardly_up),
        (hardly_down, flat),
        (flat, fall),
        ([2 * whole, whole, 0.78 * whole], flat),
        (flat, [whole, whole, 1.28 * whole]),
    )
    runs |= {name: (train, valid, 0.25) for name, (train, valid) in zip(_SMALL, curves)}
    # In any order, so that what is asked for is not known from what was asked for before.
    return _by_argument({name: runs[name] for name in rng.permutation(list(runs)).tolist()})


def _by_argument(runs: dict[str, _Run]) -> Values:
    """The runs as arguments by name: each a dict from the name of a run to what it is given."""
    return {
        "train_ppl": {name: list(train) for name, (train, _, _) in runs.items()},
        "valid_ppl": {name: list(valid) for name, (_, valid, _) in runs.items()},
        "tolerance": {name: tolerance for name, (_, _, tolerance) in runs.items()},
    }


_WORDS = ("overfitting", "still learning", "finished")


def _use_diagnose(answer: Answer, arguments: Values, record: Values) -> None:
    for name in arguments["train_ppl"]:
        train, valid, tolerance = (runs[name] for runs in arguments.values())
        said = answer(train, valid) if tolerance is None else answer(train, valid, tolerance)
        said = said.item() if isinstance(said, np.ndarray) and said.ndim == 0 else said
        if not isinstance(said, str) or said not in _WORDS:
            template = "`diagnose` must return one of its three words, {words}: got {said!r}."
            raise ContractError(template, words=listed(_WORDS), said=said)
        record[name] = said


DIAGNOSE = Exercise(
    heading="6.2 ★ Read the two curves",
    reference=diagnose,
    results=dict.fromkeys((*_RUNS, *_SMALL, *_BY_HAND), "a string"),
    draw=_draw_curves,
    probe=_use_diagnose,
    example=_by_argument(_BY_HAND),
    groups=_SMALL | {name: word for name, (word, *_) in _RUNS.items()} | dict(zip(_BY_HAND, _WORDS)),
    misconceptions=mistakes(
        diagnose,
        """
        if valid_ppl[-1] > → if not train_ppl[-1] < (1 - tolerance) * train_ppl[-2] and valid_ppl[-1] >
            The two tests are in the wrong order: “still learning” comes first.
            While a model overfits, its training perplexity usually still falls. Test for overfitting first.
        min(valid_ppl) → valid_ppl[-2]
            The first test compares with the epoch before, not with the *lowest* validation perplexity.
            A slow rise over many epochs is overfitting too, and so is a small fall after it: take `min(valid_ppl)`.
        min(valid_ppl) → valid_ppl[0]
            The first test compares with the *first* validation perplexity.
            The first epoch is the worst of nearly every run. Compare with `min(valid_ppl)`.
        if valid_ppl[-1] > → if False and valid_ppl[-1] >
            “overfitting” is never said.
            Is the last value compared with the *lowest*, `min(valid_ppl)`? Nothing rises above `max(valid_ppl)`.
        min(valid_ppl) → (sum(valid_ppl) / len(valid_ppl))
            The first test compares with the mean of the validation perplexities.
            What counts is how far it has risen above its lowest point: `min(valid_ppl)`.
        min(valid_ppl) → train_ppl[-1]
            The first test looks at the gap between the two curves.
            Nearly every model is better on the text it learned from. What counts is that validation has turned.
        (1 + tolerance) → (1 + 0.05)
        (1 - tolerance) → (1 - 0.05)
            The tolerance is always 0.05, whatever the argument.
            `tolerance` is an argument: use it in both tests.
        (1 + tolerance) → (1 + 0.05)
            The tolerance of the first test is always 0.05, whatever was given.
            `tolerance` is an argument: use it in both tests.
        (1 - tolerance) → (1 - 0.05)
            The tolerance of the second test is always 0.05, whatever was given.
            `tolerance` is an argument: use it in both tests.
        valid_ppl[-1] > (1 + tolerance) * min(valid_ppl) → min(valid_ppl) < (1 - tolerance) * valid_ppl[-1]
            The first test takes the rise as a share of the *last* perplexity.
            A rise by 5 % ends at 1.05 times the lowest: `(1 + tolerance) * min(valid_ppl)`.
        train_ppl[-1] < (1 - tolerance) * train_ppl[-2] → (1 + tolerance) * train_ppl[-1] < train_ppl[-2]
            The second test takes the fall as a share of the *last* perplexity.
            A fall by 5 % ends at 0.95 times the perplexity before: `(1 - tolerance) * train_ppl[-2]`.
        (1 + tolerance) * →
        (1 - tolerance) * →
            The tolerance is not used: a change of a thousandth counts.
            Only a change of more than `tolerance` counts: multiply by `1 + tolerance` or `1 - tolerance`.
        (1 - tolerance) * →
            The second test has no tolerance: a fall of a thousandth counts.
            A fall counts only if it is more than the share `tolerance` of the epoch before.
        (1 + tolerance) * →
            The first test has no tolerance: a rise of a thousandth counts.
            A rise counts only if it is more than the share `tolerance` of the lowest value.
        (1 + tolerance) * → tolerance +
            The tolerance of the first test is absolute: it is added to the perplexity.
            5 % of 200 is 10: *multiply* by `1 + tolerance`.
        (1 + tolerance) * → tolerance +
        (1 - tolerance) * → -tolerance +
            The tolerance is absolute: it is added to the perplexity.
            5 % of 200 is 10: *multiply* by `1 + tolerance`, or by `1 - tolerance`.
        (1 - tolerance) * → -tolerance +
            The tolerance of the second test is absolute: it is subtracted from the perplexity.
            5 % of 200 is 10: *multiply* by `1 - tolerance`.
        (1 - tolerance) → (1 + tolerance)
            The second test has a plus: `1 + tolerance`.
            A *fall* of more than the tolerance ends below the epoch before. On which side of it is your limit?
        train_ppl[-2] → train_ppl[0]
            The second test compares with the *first* training perplexity.
            What counts is whether it still falls: compare the last epoch with the one before, `train_ppl[-2]`.
        train_ppl[-1] < (1 - tolerance) * train_ppl[-2] → valid_ppl[-1] < (1 - tolerance) * valid_ppl[-2]
            The second test reads the *validation* curve.
            Whether the model still learns its own text is seen in `train_ppl`.
        train_ppl[-1] < → train_ppl[-1] >
            The second test is the wrong way round: it says “still learning” where training does *not* fall.
            A model is still learning while its training perplexity *falls*.
        train_ppl[-1] < (1 - tolerance) → train_ppl[-1] > (1 + tolerance)
            The second test says “still learning” where the training perplexity *rises*.
            A model is still learning while its training perplexity *falls*.
        if train_ppl[-1] < → if False and train_ppl[-1] <
            “still learning” is never said.
            Where validation has not turned, ask whether training still fell in the last epoch.
        valid_ppl[-1] > → valid_ppl[-1] >=
            The first test has `>=`: a rise of just the tolerance counts.
            The change must be *more* than the tolerance: `>`.
        train_ppl[-1] < → train_ppl[-1] <=
            The second test has `<=`: a fall of just the tolerance counts.
            The change must be *more* than the tolerance: `<`.
        train_ppl: Sequence[float], valid_ppl: → valid_ppl: Sequence[float], train_ppl:
            The two curves are exchanged.
            `train_ppl` is the first argument, `valid_ppl` the second.
        return "still learning" → return "finished"
        return "finished" → return "still learning"
            “still learning” and “finished” are exchanged.
            While training still falls, the model is still learning; where neither test is true, it is finished.
        return "overfitting" → return "still learning"
        return "still learning" → return "overfitting"
            “overfitting” and “still learning” are exchanged.
            *Over*fitting means that the model has learned too much of the training text, so validation has turned.
        """,
    ),
)

# --- 6.3 ------------------------------------------------------------------------------------------------------------


def _draw_decay(rng: np.random.Generator, sizes: Sizes) -> Values:
    shapes = (sizes.D, sizes.H), (sizes.H, sizes.H), (sizes.H,), (sizes.D, sizes.H)
    values = [rng.normal(0, 1, shape) for shape in shapes]
    return {
        "values": [*values, values[1].copy()],
        "grads": [rng.normal(0, 1, shape) for shape in (*shapes, shapes[1])],
        "strength": float(rng.uniform(0.05, 0.6)),
    }


#: The fourth has the name and the shape of the first, the fifth the shape and the values of the second: two layers that
#: began alike. Neither is the same Param.
_NAMES = ("Wx", "Wh", "b", "Wx", "upper Wh")


def _use_decay(answer: Answer, arguments: Values, record: Values) -> None:
    params = [Param(value, name) for name, value in zip(_NAMES, arguments["values"])]
    for param, grad in zip(params, arguments["grads"]):
        param.grad[...] = grad
    # The first one twice: a matrix that two layers share.
    penalty = answer([*params, params[0]], arguments["strength"])
    if penalty is None:
        raise ContractError("`add_weight_decay` returned nothing. It must end in `return` and the penalty.")
    if np.ndim(penalty) != 0 or not isinstance(penalty, float | np.floating | np.ndarray):
        raise ContractError("The penalty must be one number: got {kind}.", kind=_kind(penalty))
    # As precise as the values are: a plain float does not tell in which type it was computed.
    record["penalty"] = params[0].value.dtype.type(penalty)
    record.update({f"params[{number}].grad": param.grad for number, param in enumerate(params)})
    record.update({f"params[{number}].value, afterwards": param.value for number, param in enumerate(params)})


def _add_weight_decay(params: Iterable[Param], strength: float) -> float:
    squares = 0.0
    for param in dict.fromkeys(params):
        param.grad[...] += strength * param.value
        squares += float(np.sum(param.value**2, dtype=np.float64))
    penalty = 0.5 * strength * squares
    return penalty


_DECAYED = ("(D, H)", "(H, H)", "(H,)", "(D, H)", "(H, H)")

ADD_WEIGHT_DECAY = Exercise(
    heading="6.3 ★ Make large weights expensive",
    reference=add_weight_decay,
    results={"penalty": "()"}
    | {f"params[{number}].grad": shape for number, shape in enumerate(_DECAYED)}
    | {f"params[{number}].value, afterwards": shape for number, shape in enumerate(_DECAYED)},
    draw=_draw_decay,
    probe=_use_decay,
    example={"values": [np.array([1.0, -2.0])], "grads": [np.array([0.5, 0.5])], "strength": 0.1},
    spelt_out=_add_weight_decay,
    groups={f"params[{number}].grad": "gradients" for number in range(len(_DECAYED))}
    | {f"params[{number}].value, afterwards": "values" for number in range(len(_DECAYED))},
    mutates=("values", "grads"),
    misconceptions=mistakes(
        _add_weight_decay,
        """
        dict.fromkeys(params) → params
            A Param that two layers share is counted twice.
            `params` may hold the same Param more than once. `dict.fromkeys(params)` keeps each once, in order.
        param.grad[...] += → param.value[...] -=
            The values are changed instead of the gradients.
            The penalty has a gradient: add it to `.grad`. Moving the values is the business of `sgd_step`.
        param.grad[...] += strength * param.value → pass
        squares += float(np.sum(param.value**2, dtype=np.float64)) → squares +=
                float(np.sum(param.value**2, dtype=np.float64)); param.value[...] -= strength * param.value
            The values are changed instead of the gradients, after their squares are summed.
            The penalty has a gradient: add it to `.grad`. Moving the values is the business of `sgd_step`.
        += strength * param.value → += strength * param.value; param.value[...] -= strength * param.value
            The values are changed as well as the gradients.
            Only the gradients get something here. Moving the values is the business of `sgd_step`.
        squares += float(np.sum(param.value**2, dtype=np.float64)) → squares +=
                float(np.sum(param.value**2, dtype=np.float64)); param.value[...] -= strength * param.value
            The values are changed as well as the gradients, after their squares are summed.
            Only the gradients get something here. Moving the values is the business of `sgd_step`.
        0.5 * strength * squares → strength * squares
            The penalty has no ½.
            ½·strength·Σ value²: the ½ is there so that the gradient has no 2 in it.
        0.5 * strength * squares → strength * squares
        += strength → += 2 * strength
            The penalty has no ½, and its gradient is twice too large.
            ½·strength·Σ value², and strength·value.
        += strength → += 2 * strength
            The gradient of the penalty is twice too large.
            The derivative of ½·value² is value: the ½ and the 2 cancel.
        += strength → += 0.5 * strength
            The gradient of the penalty is half of what it should be.
            The derivative of ½·value² is value, with no ½ left.
        param.grad[...] += → param.grad[...] =
            The gradient of the penalty replaces the one of the loss.
            The loss's own gradient is in `.grad` already. Add to it: `param.grad += …`.
        param.grad[...] += → grad = param.grad +
            The gradients are not changed.
            `param.grad += …` changes the array that is there; `grad = grad + …` only makes a new one.
        param.grad[...] += → param.grad[...] -=
            The gradient of the penalty is *subtracted*: the step against it makes weights larger.
            `sgd_step` goes against the gradient. Add `strength * value`, and the step shrinks it.
        += strength * param.value → += param.value
            The gradient of the penalty has no `strength` in it.
            Both the penalty and its gradient are proportional to `strength`.
        = 0.5 * strength * → = 0.5 *
            The penalty has no `strength` in it.
            Both the penalty and its gradient are proportional to `strength`.
        += strength * param.value → += strength * np.sign(param.value)
            The gradient of the penalty is that of a sum of *absolute* values: the sign, instead of the value.
            The derivative of ½·value² is value itself: a large weight is pulled harder than a small one.
        += strength * param.value → += strength * np.sign(param.value)
        np.sum(param.value**2, → 2 * np.sum(np.abs(param.value),
            The penalty is one of *absolute* values (L1), with its gradient.
            This penalty is ½·strength·Σ value², and its gradient strength·value.
        += strength * param.value → += strength * param.value**2
            The gradient of the penalty has the *square* of the value in it.
            The square stands in the penalty. Its derivative, value, is what goes into the gradient.
        float(np.sum(param.value**2, dtype=np.float64)) → float(np.sum(param.value, dtype=np.float64)) ** 2
            The penalty has the square of the sum, where a positive and a negative weight cancel.
            First square, then sum: `np.sum(value**2)`.
        squares += → squares =
            The penalty is that of the last Param alone.
            Add inside the loop: `squares += …`.
        float(np.sum(param.value**2, dtype=np.float64)) → float(np.sum(param.value**2, dtype=np.float64));
                return 0.5 * strength * squares
            `return` stands inside the loop: only the first Param is decayed.
            Move `return` to the left, below the loop.
        float(np.sum(param.value**2, dtype=np.float64)) → float(np.sum(param.value**2, dtype=np.float64)) ** 0.5
            The penalty has the norm of each Param, not its square.
            Σ value² is the square of the norm: leave out the root.
        np.sum(param.value**2, → np.mean(param.value**2,
            The penalty has the *mean* square of each Param.
            The penalty is a sum over all the weights; its gradient is then strength·value.
        strength * squares → strength * squares**0.5
            The penalty has the *norm* of all values, not its square.
            Σ value² is the square of the norm: leave out the root.
        strength * squares → strength * squares / sum(param.value.size for param in dict.fromkeys(params))
            The penalty has the *mean* square of all values.
            The penalty is a sum over all the weights; its gradient is then strength·value.
        dict.fromkeys(params) → [param for param in dict.fromkeys(params) if param.value.ndim > 1]
            The vectors are left out.
            Which Params are decayed is for the caller to say: take all that you are given.
        dict.fromkeys(params) → {param.name: param for param in params}.values()
            Of two Params with the same *name* only one is decayed.
            Two layers may each have a `Wx`. The same Param is the same *object*: `dict.fromkeys(params)`.
        dict.fromkeys(params) → {param.value.tobytes(): param for param in reversed(params)}.values()
            Of two Params with equal *values* only the first is decayed.
            Two layers may begin alike. The same Param is the same *object*: `dict.fromkeys(params)`.
        dict.fromkeys(params) → {param.value.shape: param for param in reversed(params)}.values()
            Of two Params of the same *shape* only the first is decayed.
            Two layers may be equally large. The same Param is the same *object*: `dict.fromkeys(params)`.
        """,
    ),
)

# --- 6.4 ------------------------------------------------------------------------------------------------------------


class _Dropout(Layer):
    mask: FloatArray | None

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        self.rate, self.mask = rate, None
        self.rng = rng

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        if not training:
            self.mask = None
            return xs
        kept = self.rng.random(xs.shape) >= self.rate
        self.mask = kept.astype(xs.dtype) / xs.dtype.type(1 - self.rate)
        ys = xs * self.mask
        return ys

    def backward(self, dys: FloatArray) -> FloatArray:
        dxs = dys if self.mask is None else dys * self.mask
        return dxs


DROPOUT = Exercise(
    heading="6.4 ★★ Switch off at random",
    reference=layers.Dropout,
    results=dropout.RESULTS,
    draw=dropout.draw_dropout,
    probe=dropout.try_dropout("Dropout"),
    groups=dropout.GROUPS,
    spelt_out=_Dropout,
    misconceptions=dropout.dropout_mistakes(_Dropout)
    + mistakes(
        _Dropout,
        """
        (xs.shape) → ((1, *xs.shape[1:]))
            One mask serves the whole batch.
            Every value has a mask value of its own: draw in the shape of `xs`.
        (xs.shape) → ((len(xs), 1, xs.shape[2]))
            One mask serves all the steps of a sequence.
            That is variational dropout, of notebook 07. Here every value has its own: draw in the shape of `xs`.
        (xs.shape) → (xs.shape[2:])
            One mask for the features serves all sequences and steps.
            Every value has a mask value of its own: draw in the shape of `xs`.
        (xs.shape) → ((*xs.shape[:2], 1))
            Whole words are dropped: one mask value serves all the features of a place.
            Every value has a mask value of its own: draw in the shape of `xs`.
        (xs.shape) → ((len(xs), 1, 1))
            Whole sequences are dropped: one mask value serves all their steps and features.
            Every value has a mask value of its own: draw in the shape of `xs`.
        """,
    ),
)

EXERCISES = (STACKED, DIAGNOSE, ADD_WEIGHT_DECAY, DROPOUT)

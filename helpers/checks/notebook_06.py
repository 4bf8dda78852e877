"""The exercises of notebook 06 and the mistakes people make in them."""

import numpy as np

from helpers.checks import dropout
from helpers.checks.exercise import ContractError, Exercise, Misconception, mistakes, unpack
from helpers.checks.probes import build_layer
from helpers.nn import layers
from helpers.nn.base import Layer, Param
from helpers.nn.recurrent import LSTM, RNN
from helpers.training.diagnosis import diagnose
from helpers.training.optimisers import add_weight_decay

# --- 6.1 ------------------------------------------------------------------------------------------------------------


class _Switch(Layer):
    """A stateless layer that halves its input in training, so that the keyword shows."""

    def forward(self, xs, *, training=False):
        self.scale = 0.5 if training else 1.0
        return xs * self.scale

    def backward(self, dys):
        return dys * self.scale


class _SwitchedRNN(RNN):
    """A recurrent layer that halves its output in training."""

    def forward(self, xs, state=None, *, training=False):
        self.scale = 0.5 if training else 1.0
        hs, state = super().forward(xs, state, training=training)
        return hs * self.scale, state

    def backward(self, dhs, dstate=None):
        return super().backward(dhs * self.scale, dstate)


def _draw_stack(rng, sizes):
    N, T, D, H, V = sizes.N, sizes.T, sizes.D, sizes.H, sizes.V

    def recurrent(width, blocks=1):
        shapes = (width, blocks * H), (H, blocks * H), (blocks * H,)
        return [rng.normal(0, 0.4, shape) for shape in shapes]

    def states(count):
        return [rng.normal(0, 0.5, (N, H)) for _ in range(count)]

    return {
        "rnn1": recurrent(D),
        "rnn2": recurrent(H),
        "xs": rng.normal(0, 1, (N, T, D)),
        "state": tuple(states(2)),
        "dys": rng.normal(0, 1, (N, T, H)),
        "dstate": tuple(states(2)),
        "more_xs": rng.normal(0, 1, (N, T, D)),
        "E": rng.normal(0, 1, (V, D)),
        "ids": rng.integers(0, V, (N, T)),
        "lstm": recurrent(D, 4),
        "rnn": recurrent(H),
        "mixed_state": (tuple(states(2)), *states(1)),
        "mixed_dstate": (tuple(states(2)), *states(1)),
    }


def _entries(state, count, name):
    if not isinstance(state, tuple | list):
        raise ContractError(f"`{name}` must be a tuple with one entry for each recurrent layer: got {_kind(state)}.")
    if len(state) != count:
        raise ContractError(
            f"`{name}` must have one entry for each *recurrent* layer: {count} here, and yours has {len(state)}."
        )
    return list(state)


def _kind(thing):
    return f"an array of shape {thing.shape}" if isinstance(thing, np.ndarray) else f"a {type(thing).__name__}"


def _pair(entry, name):
    if not isinstance(entry, tuple | list) or len(entry) != 2:
        raise ContractError(
            f"The first entry of `{name}` belongs to an LSTM and must be its pair (h, c): got {_kind(entry)}."
        )
    return entry


def _use_stack(answer, arguments, record):
    first, second = (
        [Param(value, f"{name}.{part}") for part, value in zip(("Wx", "Wh", "b"), arguments[name])]
        for name in ("rnn1", "rnn2")
    )
    stack = build_layer(answer, "Stacked", [RNN(*first), _Switch(), _SwitchedRNN(*second)])
    if {id(param) for param in stack.parameters()} != {id(param) for param in (*first, *second)}:
        raise ContractError(
            "`parameters()` of your `Stacked` does not find those of its layers: keep the layers on `self`."
        )
    rounds = (
        ("", arguments["xs"], arguments["state"], arguments["dstate"], False),
        (" of a second call, in training, with no state given", arguments["more_xs"], None, None, True),
    )
    for suffix, xs, state, dstate, training in rounds:
        ys, after = unpack(stack.forward(xs, state, training=training), ("ys", "state"), "Stacked.forward").values()
        record[f"ys{suffix}"] = ys
        for number, entry in enumerate(_entries(after, 2, "state")):
            record[f"state[{number}]{suffix}"] = entry
        dxs, before = unpack(stack.backward(arguments["dys"], dstate), ("dxs", "dstate"), "Stacked.backward").values()
        record[f"dxs{suffix}"] = dxs
        for number, entry in enumerate(_entries(before, 2, "dstate")):
            record[f"dstate[{number}]{suffix}"] = entry
        record[f"gradient of the lower Wh{suffix}"] = first[1].grad.copy()
        record[f"gradient of the upper Wh{suffix}"] = second[1].grad.copy()
    _use_mixed_stack(answer, arguments, record)


def _use_mixed_stack(answer, arguments, record):
    E = Param(arguments["E"], "E")
    cells = LSTM(*(Param(value) for value in arguments["lstm"])), RNN(*(Param(value) for value in arguments["rnn"]))
    stack = answer([layers.Embedding(E), *cells, _Switch()])
    ys, state = unpack(
        stack.forward(arguments["ids"], arguments["mixed_state"]), ("ys", "state"), "Stacked.forward"
    ).values()
    record["ys above an embedding"] = ys
    lower, upper = _entries(state, 2, "state")
    record["h of state[0], an LSTM's"], record["c of state[0], an LSTM's"] = _pair(lower, "state")
    record["state[1] above an LSTM"] = upper
    dxs, dstate = unpack(
        stack.backward(arguments["dys"], arguments["mixed_dstate"]), ("dxs", "dstate"), "Stacked.backward"
    ).values()
    record["dxs below an embedding"] = dxs
    lower, upper = _entries(dstate, 2, "dstate")
    record["h of dstate[0], an LSTM's"], record["c of dstate[0], an LSTM's"] = _pair(lower, "dstate")
    record["dstate[1] above an LSTM"] = upper
    record["gradient of E"] = E.grad.copy()


class _Stacked(Layer):
    """The reference spelt out, with a method for each place where people go wrong."""

    def __init__(self, layers):
        self.layers = layers

    def forward(self, xs, state=None, *, training=False):
        given, after = self.hand_out(state), []
        bottom = xs
        for layer in self.layers:
            xs = self.input_of(xs, bottom)
            if layer.recurrent:
                entry = self.entry(given[len(after)], after)
                xs, entry = layer.forward(xs, entry, training=self.training_of_recurrent(training))
                after.append(entry)
            else:
                xs = layer.forward(xs, training=self.training(training))
        return xs, self.collect(after)

    def input_of(self, xs, bottom):
        return xs

    def entry(self, own, after):
        return own

    def hand_out(self, state):
        return [None] * self.depth() if state is None else list(state)

    def depth(self):
        return sum(layer.recurrent for layer in self.layers)

    def training(self, training):
        return training

    def training_of_recurrent(self, training):
        return self.training(training)

    def collect(self, after):
        return tuple(after)

    def backward(self, dys, dstate=None):
        given, before = self.hand_back(dstate), []
        for layer in self.way_back():
            if layer.recurrent:
                dys, entry = layer.backward(dys, given[len(before)])
                before.append(entry)
            else:
                dys = layer.backward(dys)
        return dys, self.collect_back(before)

    def way_back(self):
        return self.layers[::-1]

    def hand_back(self, dstate):
        return [None] * self.depth() if dstate is None else list(dstate)[::-1]

    def collect_back(self, before):
        return tuple(before[::-1])


def _stacked(**methods):
    """The class above with some of its methods replaced."""
    return type("Stacked", (_Stacked,), methods)


def _with_stateless(self, after):
    after = iter(after)
    return tuple(next(after) if layer.recurrent else None for layer in self.layers)


def _remember(self, after):
    self.last = after
    return tuple(after)


def _remembered(self, state):
    return getattr(self, "last", None) or [None] * self.depth() if state is None else list(state)


def _by_number_of_the_layer(self, state):
    """An entry of `state` for each layer, taken out by the number of the layer."""
    numbers = [number for number, layer in enumerate(self.layers) if layer.recurrent]
    return _Late([None] * len(self.layers) if state is None else state, numbers)


def _by_number_on_the_way_back(self, dstate):
    return _by_number_of_the_layer(self, dstate).back()


class _Late:
    """Entries that are looked up only when their layer is reached."""

    def __init__(self, entries, numbers):
        self.entries, self.numbers = entries, numbers

    def back(self):
        return _Late(self.entries, self.numbers[::-1])

    def __getitem__(self, number):
        return self.entries[self.numbers[number]]


def _reverse_in_place(self):
    self.layers.reverse()
    return self.layers


STACKED = Exercise(
    id="6.1",
    name="Stacked",
    title="One layer on top of the other",
    stars=2,
    reference=layers.Stacked,
    results={
        f"{name}{suffix}": shape
        for suffix in ("", " of a second call, in training, with no state given")
        for name, shape in {
            "ys": "(N, T, H)",
            "state[0]": "(N, H)",
            "state[1]": "(N, H)",
            "dxs": "(N, T, D)",
            "dstate[0]": "(N, H)",
            "dstate[1]": "(N, H)",
            "gradient of the lower Wh": "(H, H)",
            "gradient of the upper Wh": "(H, H)",
        }.items()
    }
    | {
        "ys above an embedding": "(N, T, H)",
        "h of state[0], an LSTM's": "(N, H)",
        "c of state[0], an LSTM's": "(N, H)",
        "state[1] above an LSTM": "(N, H)",
        "dxs below an embedding": "None",
        "h of dstate[0], an LSTM's": "(N, H)",
        "c of dstate[0], an LSTM's": "(N, H)",
        "dstate[1] above an LSTM": "(N, H)",
        "gradient of E": "(V, D)",
    },
    draw=_draw_stack,
    probe=_use_stack,
    misconceptions=(
        Misconception(
            _stacked(entry=lambda self, own, after: after[-1] if after else own),
            "a stack that hands the state of the layer below to the layer above",
            "Does the loop write into the very variable it reads the states from? Each layer goes on from its own "
            "entry; only `xs` travels upwards.",
        ),
        Misconception(
            _stacked(hand_out=lambda self, state: [None if state is None else state[0]] * self.depth()),
            "a stack whose recurrent layers all get the same state, that of the lowest",
            "Entry 0 belongs to the lowest recurrent layer, entry 1 to the next one up.",
        ),
        Misconception(
            _stacked(hand_out=lambda self, state: [state] * self.depth()),
            "a stack that hands the *whole* tuple to a layer, instead of the layer's own entry",
            "`state` has one entry for each recurrent layer. Take them one by one, from the front.",
        ),
        Misconception(
            _stacked(hand_out=_by_number_of_the_layer, hand_back=_by_number_on_the_way_back),
            "a stack that looks up a state by the number of its *layer*",
            "Stateless layers have no entry, so the third layer may have the second: count recurrent layers only.",
        ),
        Misconception(
            _stacked(hand_out=lambda self, state: state),
            "a stack that needs a state, and gets `None`",
            "`None` stands for zeros everywhere: make one `None` for each recurrent layer of it.",
        ),
        Misconception(
            _stacked(hand_out=lambda self, state: [None] * self.depth()),
            "a stack that ignores the state it is given: every window starts from zeros",
            "Hand each recurrent layer its entry of `state`.",
        ),
        Misconception(
            _stacked(hand_out=lambda self, state: [None] * self.depth() if state is None else list(state)[::-1]),
            "a stack that deals out its states from the top down",
            "The first entry belongs to the first recurrent layer, the one nearest to the input.",
        ),
        Misconception(
            _stacked(collect=lambda self, after: tuple(after[::-1])),
            "a stack that returns its states in the wrong order, the top layer's first",
            "What is returned must fit the next call: the lowest layer's entry first.",
        ),
        Misconception(
            _stacked(collect=lambda self, after: after[-1]),
            "a stack that returns the state of its top layer only",
            "Every recurrent layer has a state of its own to be carried on: collect all of them in a tuple.",
        ),
        Misconception(
            _stacked(collect=_with_stateless),
            "a stack whose state has an entry for the stateless layers too",
            "Append to the state only where `layer.recurrent` is true.",
        ),
        Misconception(
            _stacked(collect=_remember, hand_out=_remembered),
            "a stack that keeps its state between calls, and goes on from it when it is given none",
            "`None` means zeros. The caller carries the state; a stack keeps none.",
        ),
        Misconception(
            _stacked(training=lambda self, training: False),
            "a stack that does not pass `training` on: a dropout layer inside it never drops anything",
            "Every `forward` gets it: `layer.forward(…, training=training)`.",
        ),
        Misconception(
            _stacked(training_of_recurrent=lambda self, training: False),
            "a stack that passes `training` on to the stateless layers only",
            "A recurrent layer may have dropout inside it, as in notebook 07: it gets `training` too.",
        ),
        Misconception(
            _stacked(
                training=lambda self, training: False,
                training_of_recurrent=lambda self, training: training,
            ),
            "a stack that passes `training` on to the recurrent layers only",
            "Dropout between the layers is a stateless layer: it gets `training` too.",
        ),
        Misconception(
            _stacked(training=lambda self, training: True),
            "a stack that tells its layers that it is always training",
            "Pass on what you were given: `training=training`.",
        ),
        Misconception(
            _stacked(input_of=lambda self, xs, bottom: bottom),
            "a stack in which every layer reads the input of the lowest one",
            "What comes out of a layer is what the next one up takes.",
        ),
        Misconception(
            _stacked(
                way_back=lambda self: self.layers,
                hand_back=lambda self, dstate: [None] * self.depth() if dstate is None else list(dstate),
                collect_back=lambda self, before: tuple(before),
            ),
            "a stack that goes up again on its way back",
            "The gradient comes in at the top: visit `reversed(self.layers)`.",
        ),
        Misconception(
            _stacked(way_back=lambda self: self.layers[:0:-1]),
            "a way back that stops above the lowest layer",
            "`range(…, 0, -1)` ends at 1. `reversed(self.layers)` visits all of them.",
        ),
        Misconception(
            _stacked(way_back=_reverse_in_place),
            "a stack that turns its own list of layers round on the way back",
            "`self.layers.reverse()` changes the list for good. `reversed(self.layers)` only reads it from the end.",
        ),
        Misconception(
            _stacked(hand_back=lambda self, dstate: [None] * self.depth() if dstate is None else list(dstate)),
            "a stack that reads `dstate` from its beginning while it visits the layers from the top",
            "The top layer comes first on the way back, and its entry is the last one.",
        ),
        Misconception(
            _stacked(collect_back=lambda self, before: tuple(before)),
            "a stack that returns `dstate` in the order of the way back, the top layer's first",
            "`dstate` has the form of `state`: turn the list round before you return it.",
        ),
        Misconception(
            _stacked(hand_back=lambda self, dstate: [None] * self.depth()),
            "a stack that ignores the `dstate` it is given",
            "Hand each recurrent layer its entry: `layer.backward(dys, entry)`.",
        ),
    ),
)

# --- 6.2 ------------------------------------------------------------------------------------------------------------

_RUNS = {
    "a validation perplexity that has turned": "overfitting",
    "a turn, while training still falls": "overfitting",
    "a turn, and back by a little": "overfitting",
    "a turn, and no tolerance given": "overfitting",
    "a turn, with a tolerance above it": "fine",
    "both still falling": "underfitting",
    "training still falling, validation flat": "underfitting",
    "both flat": "fine",
    "both flat, far apart": "fine",
    "validation falling, training flat": "fine",
    "training rising": "fine",
    "a small rise, with a tolerance below it": "overfitting",
    "a small fall, with a tolerance below it": "underfitting",
}


def _draw_curves(rng, sizes):
    def near(*values):
        factor = rng.uniform(0.8, 1.2)
        return [round(float(factor * value * rng.uniform(0.997, 1.003)), 3) for value in values]

    curves = {
        "a validation perplexity that has turned": (near(300, 150, 101, 100), near(320, 200, 230, 260), 0.05),
        "a turn, while training still falls": (near(300, 150, 100, 80), near(320, 200, 230, 260), 0.05),
        "a turn, and back by a little": (near(300, 150, 101, 100), near(320, 200, 260, 245), 0.05),
        "a turn, and no tolerance given": (near(300, 150, 101, 100), near(320, 200, 215, 225), None),
        "a turn, with a tolerance above it": (near(300, 150, 101, 100), near(320, 200, 215, 225), 0.3),
        "both still falling": (near(300, 200, 150, 120), near(320, 220, 180, 160), 0.05),
        "training still falling, validation flat": (near(300, 200, 150, 120), near(320, 182, 181, 180), 0.05),
        "both flat": (near(300, 121, 120, 120), near(320, 181, 180, 180), 0.05),
        "both flat, far apart": (near(300, 31, 30, 30), near(320, 201, 200, 200), 0.05),
        "validation falling, training flat": (near(300, 121, 120, 120), near(320, 240, 200, 170), 0.05),
        "training rising": (near(300, 110, 100, 120), near(320, 181, 180, 180), 0.05),
        "a small rise, with a tolerance below it": (near(300, 121, 120, 120), near(320, 180, 184, 186.5), 0.01),
        "a small fall, with a tolerance below it": (near(300, 126, 124, 120), near(320, 182, 181, 180), 0.01),
    }
    return {"runs": curves}


def _use_diagnose(answer, arguments, record):
    for name, (train, valid, tolerance) in arguments["runs"].items():
        before = list(train), list(valid)
        said = answer(train, valid) if tolerance is None else answer(train, valid, tolerance)
        if not isinstance(said, str):
            raise ContractError(f"`diagnose` must return one of three words, a string: got {said!r}.")
        if (train, valid) != before:
            raise ContractError("`diagnose` changed a list that it was given: the caller still needs its curves.")
        record[name] = said


def _diagnosis(
    over=lambda train, valid, tolerance: valid[-1] > (1 + tolerance) * min(valid),
    under=lambda train, valid, tolerance: train[-1] < (1 - tolerance) * train[-2],
    under_first=False,
    tolerance_is=None,
):
    """The right function with another test for one of the two faults, or the two in another order."""

    def wrong(train_ppl, valid_ppl, tolerance=0.05):
        tolerance = tolerance if tolerance_is is None else tolerance_is
        found = [("overfitting", over), ("underfitting", under)]
        for name, test in found[::-1] if under_first else found:
            if test(train_ppl, valid_ppl, tolerance):
                return name
        return "fine"

    return wrong


DIAGNOSE = Exercise(
    id="6.2",
    name="diagnose",
    title="Read the two curves",
    stars=1,
    reference=diagnose,
    results=dict.fromkeys(_RUNS, ""),
    draw=_draw_curves,
    probe=_use_diagnose,
    misconceptions=(
        Misconception(
            _diagnosis(over=lambda train, valid, tolerance: valid[-1] > (1 + tolerance) * valid[-2]),
            "a comparison with the epoch before, instead of the *lowest* validation perplexity",
            "A slow rise over many epochs is overfitting too, and so is a small fall after it: take `min(valid_ppl)`.",
        ),
        Misconception(
            _diagnosis(over=lambda train, valid, tolerance: valid[-1] > (1 + tolerance) * valid[0]),
            "a comparison with the *first* validation perplexity",
            "The first epoch is the worst of nearly every run. Compare with `min(valid_ppl)`.",
        ),
        Misconception(
            _diagnosis(over=lambda train, valid, tolerance: valid[-1] > (1 + tolerance) * train[-1]),
            "a look at the gap: overfitting wherever validation is worse than training",
            "Nearly every model is better on the text it learned from. What counts is that validation has turned.",
        ),
        Misconception(
            _diagnosis(under_first=True),
            "the two tests in the other order: underfitting is asked for first",
            "While a model overfits, its training perplexity usually still falls. Ask for overfitting first.",
        ),
        Misconception(
            _diagnosis(tolerance_is=0.05),
            "a tolerance that is always 0.05, whatever was given",
            "`tolerance` is an argument: use it in both tests.",
        ),
        Misconception(
            _diagnosis(tolerance_is=0.0),
            "a diagnosis without any tolerance: a change of a thousandth counts",
            "Only a *relative* change of more than `tolerance` counts: multiply by `1 + tolerance` or `1 - tolerance`.",
        ),
        Misconception(
            _diagnosis(
                over=lambda train, valid, tolerance: valid[-1] > min(valid) + tolerance,
                under=lambda train, valid, tolerance: train[-1] < train[-2] - tolerance,
            ),
            "an absolute tolerance, added to the perplexity",
            "5 % of 200 is 10: *multiply* by `1 + tolerance`, or by `1 - tolerance`.",
        ),
        Misconception(
            _diagnosis(under=lambda train, valid, tolerance: train[-1] < (1 - tolerance) * train[0]),
            "underfitting wherever training has fallen since the *first* epoch",
            "What counts is whether it still falls: compare the last epoch with the one before, `train_ppl[-2]`.",
        ),
        Misconception(
            _diagnosis(under=lambda train, valid, tolerance: valid[-1] < (1 - tolerance) * valid[-2]),
            "underfitting where the *validation* perplexity still falls",
            "The second test reads the training curve.",
        ),
        Misconception(
            _diagnosis(under=lambda train, valid, tolerance: train[-1] > (1 + tolerance) * train[-2]),
            "underfitting where the training perplexity *rises*",
            "A model underfits while there is more to learn: while its training perplexity still *falls*.",
        ),
        Misconception(
            lambda train, valid, tolerance=0.05: diagnose(valid, train, tolerance),
            "the two curves taken for each other",
            "`train_ppl` is the first argument, `valid_ppl` the second.",
        ),
        Misconception(
            lambda train, valid, tolerance=0.05: {"overfitting": "underfitting", "underfitting": "overfitting"}.get(
                diagnose(train, valid, tolerance), "fine"
            ),
            "the two words taken for each other",
            "*Over*fitting: learned too much of the training text, so validation turns. *Under*fitting: not done yet.",
        ),
    ),
)

# --- 6.3 ------------------------------------------------------------------------------------------------------------


def _draw_decay(rng, sizes):
    shapes = ((sizes.D, sizes.H), (sizes.H, sizes.H), (sizes.H,))
    return {
        "values": [rng.normal(0, 1, shape) for shape in shapes],
        "grads": [rng.normal(0, 1, shape) for shape in shapes],
        "strength": 0.3,
    }


def _use_decay(answer, arguments, record):
    params = [Param(value, f"params[{number}]") for number, value in enumerate(arguments["values"])]
    for param, grad in zip(params, arguments["grads"]):
        param.grad[...] = grad
    # The first one twice: a matrix that two layers share.
    penalty = answer([*params, params[0]], arguments["strength"])
    if penalty is None:
        raise ContractError("`add_weight_decay` returned nothing. It must end in `return` and the penalty.")
    if np.ndim(penalty) != 0 or not isinstance(penalty, float | np.floating | np.ndarray):
        raise ContractError(f"The penalty must be one number: got {_kind(penalty)}.")
    # As precise as the values are: a plain float does not tell in which type it was computed.
    record["penalty"] = params[0].value.dtype.type(penalty)
    record.update({f"params[{number}].grad": param.grad.copy() for number, param in enumerate(params)})
    record.update({f"params[{number}].value, afterwards": param.value.copy() for number, param in enumerate(params)})


def _each_once(params):
    return list(dict.fromkeys(params))


def _square(params):
    return sum(float(np.sum(np.square(param.value, dtype="float64"))) for param in params)


def _decay(
    change=lambda grad, value, strength: np.add(grad, strength * value, out=grad),
    penalty=lambda params, strength: 0.5 * strength * _square(params),
    chosen=_each_once,
):
    """The right function with another change of the gradients, another penalty, or other Params."""

    def wrong(params, strength):
        params = chosen(params)
        for param in params:
            change(param.grad, param.value, strength)
        return penalty(params, strength)

    return wrong


def _shrink_values(params, strength):
    penalty = 0.5 * strength * _square(_each_once(params))
    for param in _each_once(params):
        param.value[...] *= 1 - strength
    return penalty


def _forgotten_gradients(params, strength):
    for param in _each_once(params):
        grad = param.grad
        grad = grad + strength * param.value
    return 0.5 * strength * _square(_each_once(params))


ADD_WEIGHT_DECAY = Exercise(
    id="6.3",
    name="add_weight_decay",
    title="Make large weights expensive",
    stars=1,
    reference=add_weight_decay,
    results={
        "penalty": "()",
        "params[0].grad": "(D, H)",
        "params[1].grad": "(H, H)",
        "params[2].grad": "(H,)",
        "params[0].value, afterwards": "(D, H)",
        "params[1].value, afterwards": "(H, H)",
        "params[2].value, afterwards": "(H,)",
    },
    draw=_draw_decay,
    probe=_use_decay,
    example={"values": [np.array([1.0, -2.0])], "grads": [np.array([0.5, 0.5])], "strength": 0.1},
    mutates=("values", "grads"),
    misconceptions=(
        Misconception(
            _decay(chosen=list),
            "a Param that is shared by two layers, and is counted twice",
            "`params` may hold the same Param more than once. `dict.fromkeys(params)` keeps each once, in order.",
        ),
        Misconception(
            _decay(penalty=lambda params, strength: strength * _square(params)),
            "a penalty without its ½, beside the gradient of the one with it",
            "½·strength·Σ value²: the ½ is there so that the gradient has no 2 in it.",
        ),
        Misconception(
            _decay(
                change=lambda grad, value, strength: np.add(grad, 2 * strength * value, out=grad),
                penalty=lambda params, strength: strength * _square(params),
            ),
            "a penalty without its ½, and its gradient, both twice too large",
            "½·strength·Σ value², and strength·value.",
        ),
        Misconception(
            _decay(change=lambda grad, value, strength: np.add(grad, 2 * strength * value, out=grad)),
            "a gradient that is twice too large",
            "The derivative of ½·value² is value: the ½ and the 2 cancel.",
        ),
        Misconception(
            _decay(change=lambda grad, value, strength: np.add(grad, 0.5 * strength * value, out=grad)),
            "a gradient that is half of what it should be",
            "The derivative of ½·value² is value, with no ½ left.",
        ),
        Misconception(
            _decay(change=lambda grad, value, strength: np.multiply(strength, value, out=grad)),
            "a gradient that replaces the one of the loss",
            "The loss's own gradient is in `.grad` already. Add to it: `param.grad += …`.",
        ),
        Misconception(
            _forgotten_gradients,
            "gradients that were added up in new arrays, and never reached the Params",
            "`grad = grad + …` makes a new array. `param.grad += …` changes the one that is there.",
        ),
        Misconception(
            _decay(change=lambda grad, value, strength: np.add(grad, -strength * value, out=grad)),
            "a penalty's gradient that is *subtracted*: the step against it makes weights larger",
            "`sgd_step` goes against the gradient. Add `strength * value`, and the step shrinks it.",
        ),
        Misconception(
            _decay(change=lambda grad, value, strength: np.add(grad, value, out=grad)),
            "a gradient without the strength",
            "Both the penalty and its gradient are proportional to `strength`.",
        ),
        Misconception(
            _decay(change=lambda grad, value, strength: np.add(grad, strength * np.sign(value), out=grad)),
            "the gradient of a sum of *absolute* values: the sign, instead of the value",
            "The derivative of ½·value² is value itself: a large weight is pulled harder than a small one.",
        ),
        Misconception(
            _decay(
                change=lambda grad, value, strength: np.add(grad, strength * np.sign(value), out=grad),
                penalty=lambda params, strength: strength * sum(float(np.abs(p.value).sum()) for p in params),
            ),
            "a penalty of the *absolute* values (L1), with its gradient",
            "This penalty is ½·strength·Σ value², and its gradient strength·value.",
        ),
        Misconception(
            _decay(change=lambda grad, value, strength: np.add(grad, strength * value**2, out=grad)),
            "a gradient with the *square* of the value in it",
            "The square stands in the penalty. Its derivative, value, is what goes into the gradient.",
        ),
        Misconception(
            _decay(
                penalty=lambda params, strength: 0.5 * strength * sum(float(p.value.sum()) ** 2 for p in params),
            ),
            "a penalty of the square of the sum, where a positive and a negative weight cancel",
            "First square, then sum: `np.sum(value**2)`.",
        ),
        Misconception(
            _decay(penalty=lambda params, strength: 0.5 * strength * _square(params[-1:])),
            "a penalty of the last Param alone",
            "Is the sum begun before the loop, and added to inside it?",
        ),
        Misconception(
            _decay(
                penalty=lambda params, strength: 0.5 * strength * sum(np.sqrt(_square([p])) for p in params),
            ),
            "a penalty of the norm of each Param, not of its square",
            "Σ value² is the square of the norm: leave out the root.",
        ),
        Misconception(
            _decay(
                penalty=lambda params, strength: 0.5 * strength * sum(_square([p]) / p.value.size for p in params),
            ),
            "a penalty of the *mean* square of each Param",
            "The penalty is a sum over all the weights; its gradient is then strength·value.",
        ),
        Misconception(
            _decay(penalty=lambda params, strength: 0.5 * strength * np.sqrt(_square(params))),
            "a penalty of the *norm*, not of its square",
            "Σ value² is the square of the norm: leave out the root.",
        ),
        Misconception(
            _decay(
                penalty=lambda params, strength: 0.5 * strength * _square(params) / sum(p.value.size for p in params)
            ),
            "a penalty of the *mean* square",
            "The penalty is a sum over all the weights; its gradient is then strength·value.",
        ),
        Misconception(
            _decay(chosen=lambda params: [param for param in _each_once(params) if param.value.ndim > 1]),
            "a function that leaves out the vectors by itself",
            "Which Params are decayed is for the caller to say: take all that you are given.",
        ),
        Misconception(
            _shrink_values,
            "values that are shrunk on the spot, with the gradients left alone",
            "Only add to the gradients. Moving the values is the business of `sgd_step`.",
        ),
    ),
)

# --- 6.4 ------------------------------------------------------------------------------------------------------------


class _Dropout(Layer):
    def __init__(self, rate, rng):
        self.rate, self.mask = rate, None
        self.rng = rng

    def forward(self, xs, *, training=False):
        if not training:
            self.mask = None
            return xs
        kept = self.rng.random(xs.shape) >= self.rate
        self.mask = kept.astype(xs.dtype) / xs.dtype.type(1 - self.rate)
        ys = xs * self.mask
        return ys

    def backward(self, dys):
        dxs = dys if self.mask is None else dys * self.mask
        return dxs


DROPOUT = Exercise(
    id="6.4",
    name="Dropout",
    title="Switch off at random",
    stars=2,
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

"""The exercises of notebook 08 and the mistakes people make in them. (8.5 is a written answer, graded by a person.)"""

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from helpers.arrays import AnyArray, FloatArray, IntArray
from helpers.checks.edits import Answer
from helpers.checks.exercise import ContractError, Exercise, Sizes, Values, mistakes, unpack
from helpers.checks.probes import build_layer
from helpers.language.message import Message
from helpers.nn import analysis, layers, model
from helpers.nn.base import Layer, Param
from helpers.nn.fast import FastLSTM
from helpers.nn.recurrent import LSTM
from helpers.training.perplexity import perplexity_with_context
from helpers.training.schedules import train_with_decay

# --- 8.1 ------------------------------------------------------------------------------------------------------------


def _draw_params(rng: np.random.Generator, sizes: Sizes) -> Values:
    V, D, H = sizes.V, sizes.D, sizes.H
    return {
        "E": rng.normal(0, 1, (V, D)),
        "Wh": rng.normal(0, 1, (H, 4 * H)),
        "b": rng.normal(0, 1, 4 * H),
    }


_COUNTED = {
    "count of E, Wh, b": "E Wh b",
    "count of E, Wh, b and E once more": "E Wh b E",
    "count of b and another Param with the same values": "b twin",
    "count of b and another Param of the same name": "b namesake",
    "count of b and another Param of the same shape": "b lookalike",
    "count of no Params, []": "",
}


def _use_count(answer: Answer, arguments: Values, record: Values) -> None:
    params = {name: Param(array, name) for name, array in arguments.items()}
    b = params["b"].value
    # Alike, and yet other Params.
    params |= {"twin": Param(b.copy(), "c"), "namesake": Param(b[1:] + 1, "b"), "lookalike": Param(b + 1, "d")}
    record.update({name: answer([params[one] for one in counted.split()]) for name, counted in _COUNTED.items()})


def _count_parameters(params: Sequence[Param]) -> int:
    different = dict.fromkeys(params)
    return sum(param.value.size for param in different)


COUNT_PARAMETERS = Exercise(
    heading="8.1 ★ Count what is learned",
    reference=analysis.count_parameters,
    results=dict.fromkeys(_COUNTED, ""),
    draw=_draw_params,
    probe=_use_count,
    spelt_out=_count_parameters,
    misconceptions=mistakes(
        _count_parameters,
        """
        dict.fromkeys(params) → params
            A shared Param is counted as often as it occurs in the list.
            It is one matrix, learned once: count each Param once, however often it is listed.
        dict.fromkeys(params) → {param.value.tobytes(): param for param in params}.values()
            Params with equal *values* are counted as one.
            Two biases may both be zero at the start, and are still two. Compare by identity, not by value.
        dict.fromkeys(params) → {param.name: param for param in params}.values()
            Params of the same *name* are counted as one.
            A name is for messages only, and two layers may both call theirs `b`. Compare by identity.
        dict.fromkeys(params) → {param.value.shape: param for param in params}.values()
            Params of the same *shape* are counted as one.
            Two LSTMs of one size have matrices of the same shape, and each learns its own. Compare by identity.
        param.value.size for → 1 for
            The Params are counted, not the numbers in them.
            Each Param holds an array; `param.value.size` says how many numbers.
        param.value.size for → len(param.value) for
            Only the *rows* are counted.
            `len` of an array is its first axis. `.size` is all of it.
        param.value.size for → sum(param.value.shape) for
            The lengths of the axes are added.
            A (V, D) matrix holds V *times* D numbers: `param.value.size`.
        param.value.size for → param.value.shape[0] * param.value.shape[1] for
            Every Param is treated as a matrix.
            A bias has one axis only. `param.value.size` holds for any number of axes.
        in different) → in different if param.value.ndim == 2)
            Only the matrices are counted, not the biases.
            Biases are learned too.
        param.value.size for → param.value.nbytes for
            The bytes are counted.
            `.nbytes` depends on the dtype; `.size` is the count of numbers.
        return sum( → return 2 * sum(
            The gradients are counted as well as the values.
            A gradient is kept beside each number, but it is not learned.
        """,
    ),
)

# --- 8.2 ------------------------------------------------------------------------------------------------------------


def _draw_tied(rng: np.random.Generator, sizes: Sizes) -> Values:
    N, T, D, V = sizes.N, sizes.T, sizes.D, sizes.V
    return {
        "E": rng.normal(0, 1, (V, D)),
        "b": rng.normal(0, 1, V),
        "xs": rng.normal(0, 1, (N, T, D)),
        "dlogits": rng.normal(0, 1, (N, T, V)),
        "before": rng.normal(0, 1, (V, D)),
        "more_xs": rng.normal(0, 1, (N, T, D)),
    }


def _use_tied(answer: Answer, arguments: Values, record: Values) -> None:
    E, b = Param(arguments["E"].copy(), "E"), Param(arguments["b"].copy(), "b")
    layer: Any = build_layer(answer, "TiedAffine", E, b)
    E.grad += arguments["before"]  # what the embedding has put there already
    record["logits"] = layer.forward(arguments["xs"])
    record["dxs"] = layer.backward(arguments["dlogits"])
    record["E.grad, added to what was there"] = E.grad
    record["b.grad"] = b.grad
    record["values of E after backward"] = "unchanged" if np.array_equal(E.value, arguments["E"]) else "changed"
    E.value[...] = arguments["E"][::-1] + 1  # as an update would, in place
    record["logits after E has changed"] = layer.forward(arguments["more_xs"], training=True)
    record["dxs after E has changed"] = layer.backward(arguments["dlogits"])
    record["E.grad after two calls"] = E.grad
    record["b.grad after two calls"] = b.grad
    narrow = arguments["xs"][..., 1:]
    wide = np.concatenate([arguments["xs"], arguments["more_xs"][..., :1]], axis=-1)
    record["error of xs that are one too narrow"] = _name_of_error(lambda: layer.forward(narrow))
    record["error of xs that are one too wide"] = _name_of_error(lambda: layer.forward(wide))
    found = ["E" if param is E else "b" if param is b else "another one" for param in layer.parameters()]
    record["Params that parameters() finds"] = ", ".join(sorted(set(found))) or "none"


def _name_of_error(call: Callable[[], object]) -> str:
    try:
        call()
    except NotImplementedError:
        raise
    except ValueError:
        return "ValueError"  # or one of its subclasses, which is as good
    except Exception as error:
        return type(error).__name__
    return "none"


class _TiedAffine(Layer):
    def __init__(self, E: Param, b: Param) -> None:
        self.E, self.b = E, b

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        self.xs = xs
        logits: FloatArray = xs @ self.E.value.T + self.b.value
        return logits

    def backward(self, dlogits: FloatArray) -> FloatArray:
        xs, rows = self.xs.reshape(-1, self.xs.shape[-1]), dlogits.reshape(-1, dlogits.shape[-1])
        dE = rows.T @ xs
        db = dlogits.sum(axis=(0, 1))
        dxs: FloatArray = dlogits @ self.E.value
        self.E.grad += dE
        self.b.grad += db
        return dxs


TIED_AFFINE = Exercise(
    heading="8.2 ★★ One matrix for two layers",
    reference=layers.TiedAffine,
    results={
        "logits": "(N, T, V)",
        "dxs": "(N, T, D)",
        "E.grad, added to what was there": "(V, D)",
        "b.grad": "(V,)",
        "values of E after backward": "",
        "logits after E has changed": "(N, T, V)",
        "dxs after E has changed": "(N, T, D)",
        "E.grad after two calls": "(V, D)",
        "b.grad after two calls": "(V,)",
        "error of xs that are one too narrow": "",
        "error of xs that are one too wide": "",
        "Params that parameters() finds": "",
    },
    draw=_draw_tied,
    probe=_use_tied,
    groups={
        **{f"{name} after E has changed": "a second call, after E has changed" for name in ("logits", "dxs")},
        **{f"{name}.grad after two calls": "gradients after two calls" for name in "Eb"},
        **{f"error of xs that are one too {way}": "xs of another width" for way in ("narrow", "wide")},
    },
    spelt_out=_TiedAffine,
    misconceptions=mistakes(
        _TiedAffine,
        """
        self.E.grad += dE → self.E.grad[...] = dE
            The gradient of E overwrites what the embedding has put there.
            Both uses of E have a part in its gradient, and the parts are added: `self.E.grad += …`.
        self.b.grad += db → self.b.grad[...] = db
            The gradient of b overwrites what was there.
            `backward` *adds* to `.grad`, of b as of E: `self.b.grad += …`.
        self.E.grad += dE → self.E.grad += 2 * dE
            The gradient of E is added twice.
            The embedding adds its part by itself. Add `dlogitsᵀ xs` here, once.
        self.E.value.T + → self.E.value +
            E is not transposed in the logits: `xs @ E`.
            A row of E belongs to a word: E is (V, D), xs ends in D. Which axis of E has to meet it?
        dlogits @ self.E.value → dlogits @ self.E.value.T
            E is transposed on the way back: `dlogits @ E.T`.
            `dlogits` ends in V, and `dxs` must end in D. E is (V, D): which of its axes has to meet `dlogits`?
        rows.T @ xs → xs.T @ rows
            The gradient of E has its two factors in the order of `Affine`: (D, N·T) @ (N·T, V).
            That is the gradient of Eᵀ. `E.grad` has the shape of E, (V, D).
        rows.T @ xs → (xs.T @ rows).reshape(self.E.value.shape)
            The gradient of E is transposed, and forced into shape with `reshape`.
            `reshape` does not transpose. The product (V, N·T) @ (N·T, D) has the right shape by itself.
        rows.T @ xs → rows.reshape(rows.shape[1], -1) @ xs
            The gradient of E is made from `dlogits.reshape(V, -1)`.
            `reshape` does not move an axis: it cuts the same sequence of numbers at other places. Rows first, then
                `.T`.
        rows.T @ xs → dlogits[:, -1].T @ self.xs[:, -1]
            The gradient of E comes from the last step alone.
            E makes the logits of *every* step, so its gradient is a sum over the batch and all steps.
        self.E, self.b = E, b → self.E, self.b, self.W = E, b, E.value.T.copy()
        forward: self.E.value.T → self.W
        backward: self.E.value → self.W.T
            The layer copied E when it was made, and does not see that E has changed since.
            Keep the Param, and read `self.E.value` each time.
        self.E, self.b = E, b → self.W, self.b = Param(E.value.T.copy(), "W"), b
        forward: self.E.value.T → self.W.value
        backward: self.E.value → self.W.value.T
        self.E.grad += dE → self.W.grad += dE.T
            The layer has a matrix of its own, equal to E at the start and not tied to it.
            Tying is one and the same Param in two layers: `self.E = E`, with no copy and no new Param.
        self.E, self.b = E, b → self.E, self.b = Param(E.value), b
            The layer makes a new Param around the array of E: its gradient does not arrive in `E.grad`.
            Tying is one and the same Param in two layers: keep `E` itself, `self.E = E`.
        dlogits.sum(axis=(0, 1)) → dlogits.mean(axis=1).sum(axis=0)
            The gradient of b is a mean over the steps.
            b was added at every step, so its gradient is a *sum* over the steps too.
        dlogits.sum(axis=(0, 1)) → dlogits.mean(axis=(0, 1))
            The gradient of b is a mean over the batch and the steps.
            b was added N·T times, so its gradient is a *sum* over both axes.
        dlogits.sum(axis=(0, 1)) → dlogits[:, -1].sum(axis=0)
            The gradient of b comes from the last step alone.
            Sum over the batch *and* the steps: `axis=(0, 1)`.
        dlogits.sum(axis=(0, 1)) → dlogits.sum(axis=0)
            The gradient of b is not summed over the steps.
            b was added at every step of every row: sum over `axis=(0, 1)`. What is left is (V,).
        self.b.grad += db →
            `backward` leaves b without a gradient.
            E is shared, but b is not: no other layer gives b its gradient.
        rows.T @ xs → rows.T @ xs / len(rows)
            The gradient of E is divided by N·T.
            The loss has divided already; `dlogits` holds it.
        rows.T @ xs → rows.T @ xs / len(dlogits)
        dlogits.sum(axis=(0, 1)) → dlogits.sum(axis=(0, 1)) / len(dlogits)
            The gradients are divided by the batch size N.
            The loss has divided already; `dlogits` holds it.
        self.E.grad += dE →
            `backward` adds nothing to the gradient of E.
            E has two uses. The embedding adds its part by itself; add that of this product, `dlogitsᵀ xs`.
        + self.b.value →
            The logits lack the bias.
            The layer was given two Params. Is `b` added to the scores?
        return logits → p = np.exp(logits - logits.max(-1, keepdims=True)); return p / p.sum(-1, keepdims=True)
            The logits are put through a softmax.
            The softmax belongs to the loss, `SoftmaxCrossEntropy`. Return the plain scores, xs Eᵀ + b.
        self.E.grad += dE → self.E.value += dE
            The gradient is added to the *values* of E.
            `backward` changes `.grad` only: `self.E.grad += …`.
        xs @ self.E.value.T → xs @ self.E.value[:, : xs.shape[-1]].T
            The layer accepts an `xs` that is too narrow, and uses a part of E.
            An `xs` that is not as wide as the embedding is a mistake of the caller's: raise a ValueError.
        xs @ self.E.value.T → xs[..., : self.E.value.shape[1]] @ self.E.value.T
            The layer cuts `xs` to the width of E.
            What it cuts off is lost without a word. Raise a ValueError for `xs` of another width.
        self.xs = xs → assert xs.shape[-1] == self.E.value.shape[1]; self.xs = xs
            `xs` of another width raises an AssertionError.
            An `assert` is for mistakes of your own. `raise ValueError(…)`, or let NumPy's product raise it.
        """,
    ),
)

# --- 8.3 ------------------------------------------------------------------------------------------------------------

_STEPS_OF_TRAINING = ("first", "second")
#: Gradients that the check looks at, with their shapes; those of an LSTM lie on top of each other: Wx, Wh, b.
_SHAPES = {
    "E.grad": "(V, H)",
    "b.grad": "(V,)",
    "gradients of the lower LSTM": "(2H + 1, 4H)",
    "gradients of the upper LSTM": "(2H + 1, 4H)",
}
_FORWARD = Message(
    "The model that you returned fails when it reads a batch of words. {said}. The body is `Stacked` of *one* list, "
    "from the embedding up to the last dropout; every layer gets whole Params."
)
_LOSS = Message(
    "The model that you returned fails when it computes its loss. {said}. Look at the order of the layers, and at "
    "that of `LanguageModel(body, output, criterion)`; is the loss an object?"
)
_BACKWARD = Message(
    "The model that you returned fails when it goes backward. {said}. Does every place have a layer of its own, made "
    "from its class?"
)


def _draw_model(rng: np.random.Generator, sizes: Sizes) -> Values:
    V, H, N, T = sizes.V, sizes.H, sizes.N, sizes.T
    arrays = {"E": rng.normal(0, 1, (V, H)), "b": rng.normal(0, 1, V)}
    for name in "lstm1", "lstm2":
        arrays[f"{name}.Wx"] = rng.normal(0, 1, (H, 4 * H)) / np.sqrt(H)
        arrays[f"{name}.Wh"] = rng.normal(0, 1, (H, 4 * H)) / np.sqrt(H)
        arrays[f"{name}.b"] = rng.normal(0, 1, 4 * H)
    return {
        "arrays": arrays,
        "xs": rng.integers(0, V, (N, T)),
        "targets": rng.integers(0, V, (N, T)),
        "rate": float(rng.uniform(0.15, 0.45)),
        "seed": int(rng.integers(2**31)),
    }


def _use_builder(answer: Answer, arguments: Values, record: Values) -> None:
    params = {name: Param(array.copy(), name) for name, array in arguments["arrays"].items()}
    xs, targets, rng = arguments["xs"], arguments["targets"], np.random.default_rng(arguments["seed"])
    noted = _Noted(arguments["rate"], rng)
    built = answer(dict(noted.classes), dict(params), arguments["rate"], rng)
    if not all(hasattr(built, method) for method in ("forward", "loss", "backward", "parameters")):
        raise ContractError("`build_language_model` must return a `LanguageModel(body, output, criterion)`.")
    record["rate of the dropout layers"] = ", ".join(dict.fromkeys(noted.rates)) or "none"
    record["generator of the dropout layers"] = ", ".join(dict.fromkeys(noted.generators)) or "none"
    with _telling(_FORWARD):
        record["logits, not training"], state = _scored(built, xs)
    arrays = list(_inside(state))
    if len(arrays) < 2:
        raise ContractError("The state of the model must have an entry for each LSTM: build its body with `Stacked`.")
    record["number of LSTMs with a state"] = len(arrays) // 2
    record["h of the upper LSTM's state"] = arrays[-2]
    for which in _STEPS_OF_TRAINING:
        noted.passed.clear()
        with _telling(_LOSS):
            loss, _ = built.loss(xs, targets, training=True)
        record["order of the layers"] = ", ".join(noted.passed)
        record[f"loss of the {which} training step"] = arguments["arrays"]["b"].dtype.type(loss)
        with _telling(_BACKWARD):
            built.backward()
        found = {"E.grad": params["E"].grad, "b.grad": params["b"].grad}
        for place, name in (("lower", "lstm1"), ("upper", "lstm2")):
            grads = (params[f"{name}.{part}"].grad for part in ("Wx", "Wh", "b"))
            found[f"gradients of the {place} LSTM"] = np.vstack(list(grads))
        record.update({f"{name} after the {which} training step": array for name, array in found.items()})
    params["E"].value += 1
    record["logits after E has changed"], _ = _scored(built, xs)
    record["count of parameters"] = analysis.count_parameters(built.parameters())
    _made_from_what_was_given(built, noted.classes)


class _Noted:
    """Classes of layers that note which of them words pass through, and what the dropout layers are given.

    A dropout layer of these has the right rate and generator all the same: so a wrong one hides no other mistake.
    """

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        self.rate, self.rng = rate, rng
        self.rates: list[str] = []
        self.generators: list[str] = []
        self.passed: list[str] = []
        self.classes = {layer.__name__: self._noting(layer) for layer in _LAYERS}
        self.classes |= {whole.__name__: type(whole.__name__, (whole,), {}) for whole in _WHOLES}

    def _noting(self, layer: Any) -> type:
        def init(one: Any, *arguments: Any, **keywords: Any) -> None:
            layer.__init__(one, *arguments, **keywords)
            if hasattr(one, "rate"):
                known = {self.rate: "rate", 1 - self.rate: "1 - rate"}
                self.rates.append(known.get(one.rate, "another number"))
                self.generators.append("rng" if one.rng is self.rng else "another one")
                one.rate, one.rng = self.rate, self.rng

        @functools.wraps(layer.forward)  # `Stacked` reads from its signature whether it has a state
        def forward(one: Any, *arguments: Any, **keywords: Any) -> Any:
            self.passed.append(layer.__name__)
            return layer.forward(one, *arguments, **keywords)

        return type(layer.__name__, (layer,), {"__init__": init, "forward": forward})


@contextlib.contextmanager
def _telling(sentence: Message) -> Iterator[None]:
    """Turn an error inside the returned model into a sentence: its own line numbers are none of the learner's."""
    try:
        yield
    except (NotImplementedError, MemoryError, ContractError):
        raise
    except Exception as error:
        raise ContractError(sentence.template, said=f"{type(error).__name__}: {error}".rstrip(": .")) from None


def _scored(built: Any, xs: AnyArray) -> list[Any]:
    return [*unpack(built.forward(xs), ("logits", "state"), "the model's `forward`").values()]


def _inside(thing: Any) -> Iterator[Any]:
    """Yield the arrays of a state, or the layers of a layer and itself: a stack may stand in another one."""
    parts = thing
    if not isinstance(thing, tuple | list):
        yield thing
        parts = getattr(thing, "layers", ())
    for part in parts:
        yield from _inside(part)


def _made_from_what_was_given(built: Any, classes: Mapping[str, type]) -> None:
    for part in _inside([built.body, built.output, built.criterion]):
        name = type(part).__name__
        if name in classes and not isinstance(part, classes[name]):
            template = (
                '`{name}` in your model is not made from `layers["{name}"]`. Take every class from `layers`, so that '
                "the model can be built from other layers too."
            )
            if name == "Dropout":
                template = (
                    "`Dropout` draws a fresh mask at every step. This model needs one mask for all steps: take "
                    '`layers["VariationalDropout"]`.'
                )
            raise ContractError(template, name=name)


#: The layers that words pass through, and what they are put together with.
_LAYERS = (layers.Embedding, layers.Dropout, layers.VariationalDropout, LSTM, layers.Affine, layers.TiedAffine)
_WHOLES = (layers.Stacked, layers.SoftmaxCrossEntropy)


def _build_language_model(
    layers: Mapping[str, Any], params: Mapping[str, Param], rate: float, rng: np.random.Generator
) -> model.LanguageModel:
    embedding = layers["Embedding"](params["E"])
    first, second, third = (layers["VariationalDropout"](rate, rng) for _ in range(3))
    lower = layers["LSTM"](params["lstm1.Wx"], params["lstm1.Wh"], params["lstm1.b"])
    upper = layers["LSTM"](params["lstm2.Wx"], params["lstm2.Wh"], params["lstm2.b"])
    output = layers["TiedAffine"](params["E"], params["b"])
    body = layers["Stacked"]([embedding, first, lower, second, upper, third])
    criterion = layers["SoftmaxCrossEntropy"]()
    return model.LanguageModel(body, output, criterion)


BUILD_LANGUAGE_MODEL = Exercise(
    heading="8.3 ★★★ Put it all together",
    reference=model.build_language_model,
    results={
        "rate of the dropout layers": "",
        "generator of the dropout layers": "",
        "logits, not training": "(N, T, V)",
        "number of LSTMs with a state": "",
        "h of the upper LSTM's state": "(N, H)",
        "order of the layers": "",
    }
    | {
        f"{name} the {which} training step": shape
        for which in _STEPS_OF_TRAINING
        for name, shape in [("loss of", ""), *((f"{grads} after", shape) for grads, shape in _SHAPES.items())]
    }
    | {"logits after E has changed": "(N, T, V)", "count of parameters": ""},
    draw=_draw_model,
    probe=_use_builder,
    groups={
        "logits, not training": "forward, not training",
        "number of LSTMs with a state": "forward, not training",
        "h of the upper LSTM's state": "forward, not training",
    }
    | {
        f"{name} the {which} training step": f"gradients of the {which} training step"
        for which in _STEPS_OF_TRAINING
        for name in (f"{grads} after" for grads in _SHAPES)
    },
    spelt_out=_build_language_model,
    misconceptions=mistakes(
        _build_language_model,
        """
        layers["TiedAffine"](params["E"], → layers["TiedAffine"](Param(params["E"].value.copy()),
            The output layer has a matrix of its own, a copy of E: it is not tied.
            Give `TiedAffine` the very Param of the embedding: `params["E"]`.
        second, upper, third → first, upper, first
            *One* dropout layer is used in three places: each overwrites the mask of the one before.
            Make a new dropout layer for each place. They may share the `rng`.
        second, upper → first, upper
            One dropout layer is used both below and above the lower LSTM.
            Make a new dropout layer for each place: it keeps its mask for the way back.
        third] → second]
            One dropout layer is used both below and above the upper LSTM.
            Make a new dropout layer for each place: it keeps its mask for the way back.
        third] → first]
            The dropout layer next to the embedding is also the one next to the output.
            Make a new dropout layer for each place: it keeps its mask for the way back.
        first, lower → lower
            The dropout between the embedding and the first LSTM is missing.
            Dropout comes after the embedding and after *each* LSTM: three in all.
        second, upper → upper
            The dropout between the two LSTMs is missing.
            Dropout comes after the embedding and after *each* LSTM: three in all.
        , third] → ]
            The dropout between the upper LSTM and the output is missing.
            Dropout comes after the embedding and after *each* LSTM: three in all.
        first, lower, second, upper, third → lower, upper
            There is no dropout at all.
            `rate` is for three dropout layers: after the embedding and after each LSTM.
        first, lower, second, upper, third → lower, first, upper, second, third
            There is no dropout below the lower LSTM, and there are two above the upper one.
            Dropout comes after the embedding and after *each* LSTM: three in all.
        first, lower, second, upper, third → lower, first, second, upper, third
            There is no dropout below the lower LSTM, and there are two between the LSTMs.
            Dropout comes after the embedding and after *each* LSTM: three in all.
        layers["VariationalDropout"] → layers["Dropout"]
            The dropout is the plain one, with a fresh mask at every step.
            This model needs one mask for all steps: which of the two dropout classes draws that?
        embedding, first → first, embedding
            The first dropout comes before the embedding.
            Dropout of word ids makes no sense: look the words up first, then drop features.
        params["lstm2.Wx"], params["lstm2.Wh"], params["lstm2.b"] → params["lstm1.Wx"], params["lstm1.Wh"],
                params["lstm1.b"]
            Both LSTMs have the Params of the first.
            The upper one has Params of its own: `params["lstm2.Wx"]` and so on.
        params["lstm2.Wx"] → params["lstm1.Wx"]
            The upper LSTM has the `Wx` of the lower one.
            The upper one has Params of its own: `params["lstm2.Wx"]`.
        params["lstm2.Wh"] → params["lstm1.Wh"]
            The upper LSTM has the `Wh` of the lower one.
            The upper one has Params of its own: `params["lstm2.Wh"]`.
        params["lstm2.b"] → params["lstm1.b"]
            The upper LSTM has the `b` of the lower one.
            The upper one has Params of its own: `params["lstm2.b"]`.
        lower, second, upper → upper, second, lower
            The two LSTMs are exchanged.
            `lstm1` is the lower one, next to the embedding.
        , upper, third] → ]
            There is only one LSTM.
            Two LSTMs, with the Params "lstm1.…" and "lstm2.…".
        (rate, rng) → (1 - rate, rng)
            The dropout layers are given `1 - rate`.
            Your dropout takes the probability to *drop*, and so does this function: pass it on as it is.
        (rate, rng) → (0.5, rng)
            The dropout layers ignore `rate` and have a rate of their own.
            Hand `rate` on to each of them.
        (rate, rng) → (rate, np.random.default_rng(0))
            The dropout layers have generators of their own.
            Hand `rng` on to each of them: then the same seed trains the same model again.
        params["lstm1.Wx"], params["lstm1.Wh"] → params["lstm1.Wh"], params["lstm1.Wx"]
        params["lstm2.Wx"], params["lstm2.Wh"] → params["lstm2.Wh"], params["lstm2.Wx"]
            The LSTMs have `Wx` and `Wh` exchanged.
            Here both are (H, 4H), so no shape objects. An LSTM takes `Wx`, `Wh`, `b`, in this order.
        layers["Embedding"](params["E"]) → layers["Embedding"](params["E"].value)
            A layer is given an array, not a Param.
            Hand on whole Params, `params["E"]` and so on: a layer reads their `.value` and adds to their `.grad`.
        layers["TiedAffine"] → layers["Affine"]
            The output is a plain `Affine`.
            `Affine` multiplies by its matrix as it stands, (H, V). `TiedAffine` multiplies by the transpose of E.
        layers["SoftmaxCrossEntropy"]() → layers["SoftmaxCrossEntropy"]
            The loss is the class, not an object of it.
            The model needs an object: call the class, as you do for the other layers.
        layers["Stacked"]( → (
            The body is a plain list of layers.
            A list has no `forward`: give it to `layers["Stacked"]`.
        third] → third, output]
            The output layer is in the stack as well.
            The stack ends with the last dropout. `LanguageModel` puts the output on top of it.
        body, output, criterion → body, criterion, output
            The output and the loss are exchanged.
            The order is `LanguageModel(body, output, criterion)`.
        """,
    ),
)

# --- 8.4 ------------------------------------------------------------------------------------------------------------


#: What is looked at in a run, with its shape, and the runs beside the first one.
_SCHEDULE = dict.fromkeys(("perplexities", "learning_rates", "the rates that run_epoch was given"), "(epochs,)")
_SCHEDULE["what the rate is divided by"] = ""
_USUAL, _NAN_FIRST = "a run with the usual factor", "a run that begins with NaN"


def _draw_curve(rng: np.random.Generator, sizes: Sizes) -> Values:
    # Better, NaN, worse, worse than the first, better than that, twice the best again, the best of all, and more.
    first, best, epochs = rng.uniform(85, 95), rng.uniform(65, 75), sizes.T + 11
    worse, worst, best_of_all = best + rng.uniform(2, 8), first + rng.uniform(2, 5), best - rng.uniform(5, 10)
    begun = [first, best, np.nan, worse, worst, worse, best, best, best_of_all]
    # Bad epochs anywhere between, so that the number of an epoch does not tell whether the rate is divided after it.
    begun = np.insert(begun, rng.integers(1, len(begun), rng.integers(1, 4)), rng.uniform(100, 120)).tolist()
    return {
        "curve": np.array([*begun, *rng.uniform(50, 100, epochs - len(begun))]),
        "learning_rate": float(rng.uniform(5, 25)),
        "factor": float(rng.uniform(1.5, 3.5)),
    }


def _use_schedule(answer: Answer, arguments: Values, record: Values) -> None:
    curve, learning_rate, factor = arguments.values()

    def run(measured: AnyArray, suffix: str, **keywords: float) -> str:
        calls: list[str] = []
        trained: list[float] = []

        def run_epoch(rate: float) -> None:
            calls.append("t")
            trained.append(float(rate))

        def evaluate() -> float:
            calls.append("e")
            epoch = max(0, len(trained) - 1)  # however often it is called in an epoch
            return float(measured[min(epoch, len(measured) - 1)])

        given = answer(run_epoch, evaluate, learning_rate, len(measured), **keywords)
        given = unpack(given, ("perplexities", "learning_rates"), "train_with_decay")
        is_whole = len(trained) >= len(measured)
        if is_whole:
            numbers = {name: _as_numbers(name, values) for name, values in given.items()}
            if np.array_equal(numbers["learning_rates"], measured, equal_nan=True):
                raise ContractError("What should be `learning_rates` holds the perplexities.")
            record.update({f"{name}{suffix}": values for name, values in numbers.items()})
            record[f"the rates that run_epoch was given{suffix}"] = np.array(trained)
        record[f"what the rate is divided by{suffix}"] = _divisor(trained, keywords.get("factor", 4.0))
        if not is_whole:
            raise ContractError("The training ended before `epochs` epochs were run: it must go on after a plateau.")
        return "".join(calls)

    record["calls of evaluate"] = _in_words(run(curve, "", factor=factor))
    run(curve, f" in {_USUAL}")
    run(np.array([np.nan, *curve]), f" in {_NAN_FIRST}", factor=factor)


def _divisor(rates: Sequence[float], factor: float) -> str:
    changes = [(rate, following) for rate, following in pairwise(rates) if following != rate]
    if not changes:
        return "nothing"
    return "factor" if all(math.isclose(rate, following * factor) for rate, following in changes) else "another number"


def _in_words(calls: str) -> str:
    """Say when the model was evaluated, e.g. from "tete", trained and evaluated twice."""
    before, *after = calls.split("t")
    if before:
        return "one before the first epoch"
    if any(len(evaluations) > 1 for evaluations in after):
        return "several in an epoch"
    return "one after each epoch" if all(after) else "none after some epoch"


def _as_numbers(name: str, values: Any) -> FloatArray:
    try:
        return np.array([float(value) for value in values])
    except (TypeError, ValueError):
        raise ContractError("`{name}` must be a list of numbers, one for each epoch.", name=name) from None


def _train_with_decay(
    run_epoch: Callable[[float], object],
    evaluate: Callable[[], float],
    learning_rate: float,
    epochs: int,
    factor: float = 4.0,
) -> tuple[list[float], list[float]]:
    perplexities, learning_rates, best = [], [], math.inf
    for _ in range(epochs):
        learning_rates.append(learning_rate)
        run_epoch(learning_rate)
        ppl = evaluate()
        perplexities.append(ppl)
        if ppl < best:
            best = ppl
        else:
            learning_rate /= factor
    return perplexities, learning_rates


TRAIN_WITH_DECAY = Exercise(
    heading="8.4 ★★ Slow down on the plateau",
    reference=train_with_decay,
    results=_SCHEDULE
    | {"calls of evaluate": ""}
    | {f"{name} in {_USUAL}": shape for name, shape in _SCHEDULE.items()}
    | {f"{name} in {_NAN_FIRST}": shape and "(epochs + 1,)" for name, shape in _SCHEDULE.items()},
    draw=_draw_curve,
    probe=_use_schedule,
    example={"curve": np.array([90.0, 70.0, 75.0, 72.0, 60.0]), "learning_rate": 20.0, "factor": 4.0},
    groups={f"{name} in {run}": run for run in (_USUAL, _NAN_FIRST) for name in _SCHEDULE},
    spelt_out=_train_with_decay,
    misconceptions=mistakes(
        _train_with_decay,
        """
        learning_rate /= factor → learning_rate /= factor; best = ppl
            Each epoch is compared with the one before, not with the best so far.
            After a bad epoch almost any other looks better. Keep the best perplexity of all.
        if ppl < best: → if ppl <= best:
            An epoch *equal* to the best counts as better.
            Not below the best is a plateau too: divide unless `ppl < best`.
        else: → elif ppl >= best:
            A NaN does not lower the rate: every comparison with NaN is False.
            Ask the other way round: is it *below* the best? If not, divide.
        if ppl < best: → if not ppl >= best:
            NaN counts as better, and is the best from then on.
            Every comparison with NaN is False. Ask whether the epoch is *below* the best; if not, divide.
        if ppl < best: → if not ppl > best:
            NaN counts as better, and so does an epoch equal to the best.
            Every comparison with NaN is False. Ask whether the epoch is *below* the best; if not, divide.
        learning_rate /= factor → learning_rate /= factor; best = min(ppl, best)
            NaN takes the place of the best perplexity.
            NaN is not below anything, so it is never the best. The epoch after it would look worse.
        if ppl < best: → if len(perplexities) == 1 or ppl < best:
            The first epoch is the best so far even if it is NaN.
            Nothing is below NaN: every later epoch would look worse. Begin with infinity as the best.
        best = ppl → best = perplexities[0]
            Each epoch is compared with the *first* one.
            Update the best whenever an epoch is below it.
        best = ppl → pass
            The best perplexity is never updated.
            When an epoch is below the best so far, it becomes the best.
        learning_rate /= factor → learning_rate /= factor; best = math.inf
            The best perplexity is forgotten after each cut.
            A smaller rate does not change what the best is. Only an epoch below it does.
        learning_rate /= factor → learning_rate *= factor
            The learning rate is *multiplied* by the factor.
            Divide: the steps should become smaller.
        learning_rate /= factor → learning_rate -= factor
            The factor is *subtracted* from the learning rate.
            Divide: subtracted often enough, it makes the rate negative.
        learning_rate /= factor → learning_rate = learning_rates[0] / factor
            The *first* learning rate is divided, however often it has been divided already.
            Divide the rate as it stands: after two plateaus it is `learning_rate / factor²`.
        best = ppl → best = ppl; learning_rate /= factor
            The learning rate is divided after every epoch.
            Only after an epoch not below the best of those *before* it. The best begins with infinity.
        if ppl < best: → if len(perplexities) == 1:
            From the second epoch on, the learning rate is divided after every epoch.
            Is the best so far made from the epochs *before* this one alone? Nothing is below itself.
        learning_rate /= factor → pass
            The learning rate never changes.
            Divide it after an epoch whose perplexity is not below the best so far.
        best = ppl → best = ppl; learning_rate /= factor
        else: → elif False:
            The learning rate is divided when the perplexity *improves*.
            It is the other way round: as long as the perplexity improves, go on at this rate.
        if ppl < best: → if not ppl < best:
            The two branches are exchanged.
            Below the best: it is the new best. Otherwise: divide.
        return perplexities, learning_rates → return perplexities, [*learning_rates[1:], learning_rate]
            The list holds the rate of the *next* epoch in each place.
            Note the rate before you run the epoch: it is the one that was trained with.
        run_epoch(learning_rate) → ppl = evaluate()
        ppl = evaluate() → run_epoch(learning_rate)
            The evaluation comes *before* the epoch instead of after it.
            First train, then measure.
        [], [], math.inf → [], [], evaluate()
            `evaluate` is called once before the first epoch.
            Only what an epoch reaches counts. Before the first epoch the best is infinity.
        run_epoch(learning_rate) → run_epoch(learning_rates[0])
            The rate is divided in the list, while `run_epoch` still gets the first one.
            Hand the current rate to `run_epoch` in each epoch.
        learning_rate /= factor → learning_rate /= 4.0
            The rate is always divided by 4, whatever `factor` is.
            Divide by `factor`; 4 is only its usual value.
        learning_rate /= factor → learning_rate //= factor
            The rate is divided with `//`, which rounds down.
            A learning rate is not a whole number. Divide with `/`.
        ppl = evaluate() → ppl = evaluate(); evaluate()
            `evaluate()` is called twice in an epoch.
            Each call measures anew, and may take a minute. Call it once, and keep what it returned.
        perplexities.append(ppl) → perplexities.append(ppl if ppl < best else best)
            The list holds the best perplexity so far, not that of each epoch.
            The best is for the comparison only. Note what each epoch came to, good or bad.
        perplexities.append(ppl) → perplexities += [ppl] if ppl == ppl else []
            A NaN is left out of the list.
            Each epoch has its place in the list, whatever its perplexity.
        learning_rate /= factor → break
            The training *stops* at the first plateau.
            That is early stopping. Here the training goes on, with smaller steps, for all the epochs.
        range(epochs) → range(min(epochs, 4))
            The training *stops* before it has run all the epochs.
            Neither a plateau nor anything else is a reason to stop: train for all the epochs, with smaller steps.
        return perplexities, learning_rates → return learning_rates, perplexities
            The two lists are in the wrong order.
            First the perplexities, then the learning rates.
        """,
    ),
)

# --- 8.6 ------------------------------------------------------------------------------------------------------------

#: What an answer is asked for, with whether anything can be predicted there.
_MEASURED = ("perplexity", "perplexity, one word given", "perplexity of a single word")
_NOTHING = {"as many ids as context": 0, "fewer ids than context": 1}


class _HalvedInTraining(Layer):
    """Takes the place of dropout: halves its input in training, so that the keyword shows."""

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        return xs * 0.5 if training else xs


def _draw_text(rng: np.random.Generator, sizes: Sizes) -> Values:
    # In most draws more windows than a batch of 100 holds, and no whole number of batches of an even size. Fewer in the
    # others: an answer that reads its windows one by one takes a while in the sandbox.
    context, is_long = sizes.T, sizes.T > 2
    count = (101 if is_long else 13) + 2 * int(rng.integers(0, 4))
    arrays = _draw_model(rng, sizes)["arrays"]
    return {
        "arrays": {name: array for name, array in arrays.items() if not name.startswith("lstm2")},
        "ids": rng.integers(0, sizes.V, count + context),
        "context": context,
    }


def _use_context(answer: Answer, arguments: Values, record: Values) -> None:
    params, ids, context = arguments["arrays"], arguments["ids"], arguments["context"]
    E, *weights, b = (Param(array.copy(), name) for name, array in _in_model_order(params))
    body = layers.Stacked([layers.Embedding(E), _HalvedInTraining(), FastLSTM(*weights), _HalvedInTraining()])
    read = model.LanguageModel(body, layers.TiedAffine(E, b), layers.SoftmaxCrossEntropy())

    def measured(given: IntArray, words: int) -> Any:
        value = unpack(answer(read, given, words), ("perplexity",), "perplexity_with_context")["perplexity"]
        # Sums of float32 are right to its digits alone, and a perplexity is an ordinary float.
        return b.value.dtype.type(value) if isinstance(value, float | np.floating) else value

    for name, (given, words) in zip(_MEASURED, ((ids, context), (ids[-12:], 1), (ids[: context + 1], context))):
        record[name] = measured(given, words)
    for name, fewer in _NOTHING.items():
        record[f"error of {name}"] = _name_of_error(functools.partial(measured, ids[: context - fewer], context))


def _in_model_order(arrays: Values) -> list[tuple[str, AnyArray]]:
    return [(name, arrays[name]) for name in ("E", "lstm1.Wx", "lstm1.Wh", "lstm1.b", "b")]


def _perplexity_with_context(model: Any, ids: IntArray, context: int) -> float:
    count = len(ids) - context
    if count < 1:
        raise ValueError("There is no word to predict.")
    windows = np.array([ids[start : start + context + 1] for start in range(count)])
    total = 0.0
    for begin in range(0, len(windows), 100):
        batch = windows[begin : begin + 100]
        xs, targets = batch[:, :-1], batch[:, -1:]
        logits, _ = model.forward(xs)
        loss = model.criterion.forward(logits[:, -1:], targets)
        total += loss * len(batch)
    return math.exp(total / len(windows))


PERPLEXITY_WITH_CONTEXT = Exercise(
    heading="8.6 ★★ Only the last few words",
    reference=perplexity_with_context,
    results=dict.fromkeys((*_MEASURED, *(f"error of {name}" for name in _NOTHING)), ""),
    draw=_draw_text,
    probe=_use_context,
    bounded=("arrays",),
    groups={f"error of {name}": "no word to predict" for name in _NOTHING},
    spelt_out=_perplexity_with_context,
    misconceptions=mistakes(
        _perplexity_with_context,
        """
        logits, _ = model.forward(xs) → loss, _ = model.loss(xs, batch[:, 1:])
        loss = model.criterion.forward(logits[:, -1:], targets) → pass
            *All* the words of a window are predicted, not only the last one.
            Each of them but the last is predicted from fewer than `context` words. Keep the logits of the last step.
        total = 0.0 → total, state = 0.0, None
        range(0, len(windows), 100) → range(len(windows))
        begin + 100 → begin + 1
        logits, _ = model.forward(xs) → logits, state = model.forward(xs, state)
            The state is carried from one window to the next.
            Then the model has seen more than `context` words. Give `forward` no state: it starts from zeros then.
        total = 0.0 → total, state = 0.0, None
        logits, _ = model.forward(xs) → logits, state = model.forward(xs, state)
            The state is carried from one batch of windows to the next.
            Then the model has seen more than `context` words. Give `forward` no state: it starts from zeros then.
        total = 0.0 → logits, _ = model.forward(ids[None, :-1]); return math.exp(model.criterion.forward(
                logits[:, context - 1 :], ids[None, context:]))
            The whole past is read, not only the last `context` words.
            Each word needs a window of its own: the `context` words right before it, read from a zero state.
        model.forward(xs) → model.forward(xs, training=True)
            The model is read in training, with dropout.
            Dropout is for training alone: leave `training` out, and it is off.
        ids[start : start + context + 1] → ids[start : start + context]
            One word too few is read: the windows hold `context` words, with the one to be predicted among them.
            A window holds `context` words *and* the one that follows: `context + 1` words in all.
        ids[start : start + context + 1] → ids[start : start + context]
        in range(count)] → in range(count + 1)]
            All the windows of `context` words are read: one word too few in each, and one window too many.
            A window holds `context` words *and* the one that follows: `context + 1` words in all.
        count = len(ids) - context → count = len(ids) - context - 1
        ids[start : start + context + 1] → ids[start : start + context + 2]
            One word too many is read before each prediction.
            A window holds `context` words and the one that follows: `context + 1` words in all.
        count = len(ids) - context → count = len(ids) - context - 1
            One word of the text is not predicted: there is one window too few.
            Each word with `context` words before it is predicted. Is the last word among them?
        total += loss * len(batch) → total += loss
        math.exp(total / len(windows)) → math.exp(total / math.ceil(len(windows) / 100))
            The mean is one of batches: the short last batch counts as much as a full one.
            Each *word* counts once: multiply the loss of a batch by its number of windows, and divide by all of them.
        loss * len(batch) → math.exp(loss) * len(batch)
        math.exp(total / len(windows)) → total / len(windows)
            The perplexities of batches are averaged, not their losses.
            The mean belongs inside the exponent: add up losses, divide, then take `exp`, once.
        range(0, len(windows), 100) → range(len(windows))
        begin + 100 → begin + 1
        loss * len(batch) → math.exp(loss) * len(batch)
        math.exp(total / len(windows)) → total / len(windows)
            The perplexities of single words are averaged, not their losses.
            The mean belongs inside the exponent: add up losses, divide, then take `exp`, once.
        range(0, len(windows), 100) → range(0, len(windows) - 99, 100)
        math.exp(total / len(windows)) → math.exp(total / (len(windows) // 100 * 100))
            The short last batch is left out.
            Its words are to be predicted too. A slice that reaches beyond the end is only shorter.
        in range(count)] → in range(0, count, context)]
            The windows do not overlap: only one word in `context` is predicted.
            Every word of `ids[context:]` is predicted once: the windows start at 0, 1, 2, ….
        batch[:, :-1], batch → batch, batch
            The word to be predicted is among the words that are read.
            Read all of a window but its last word.
        logits[:, -1:] → logits[:, :1]
            The prediction is the one after the *first* word of the window.
            All `context` words have been read only after the last step.
        return math.exp(total / len(windows)) → return total / len(windows)
            What is returned is the mean loss, not the perplexity.
            Perplexity is `exp` of the mean loss.
        math.exp(total / len(windows)) → math.exp(total / len(ids))
            The loss is divided by the number of ids, not by that of the predicted words.
            The first `context` ids are read and never predicted: divide by the number of those that are predicted.
        if count < 1: → if False:
            No ValueError is raised where there is no word to predict.
            A mean over no words has no value: raise a ValueError where `len(ids) <= context`.
        if count < 1: → if count < 0:
            No ValueError is raised for exactly `context` ids.
            There is no word left to predict then either.
        if count < 1: → if count == 0:
            No ValueError is raised for *fewer* than `context` ids.
            There is no word to predict then either.
        raise ValueError( → raise AssertionError(
            An AssertionError is raised where there is no word to predict.
            An `assert` is for mistakes of your own. Raise a `ValueError`.
        """,
    ),
)

EXERCISES = (COUNT_PARAMETERS, TIED_AFFINE, BUILD_LANGUAGE_MODEL, TRAIN_WITH_DECAY, PERPLEXITY_WITH_CONTEXT)

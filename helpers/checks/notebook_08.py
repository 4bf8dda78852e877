"""The exercises of notebook 08 and the mistakes people make in them. (8.5 is a written answer, graded by a person.)"""

import contextlib

import numpy as np

from helpers.checks.exercise import ContractError, Exercise, Misconception, unpack
from helpers.checks.probes import build_layer
from helpers.nn import analysis, layers, model
from helpers.nn.base import Layer, Param
from helpers.nn.recurrent import LSTM
from helpers.training.schedules import train_with_decay

# --- 8.1 ------------------------------------------------------------------------------------------------------------


def _draw_params(rng, sizes):
    V, D, H = sizes.V, sizes.D, sizes.H
    return {
        "E": rng.normal(0, 1, (V, D)),
        "Wh": rng.normal(0, 1, (H, 4 * H)),
        "b": rng.normal(0, 1, 4 * H),
    }


def _use_count(answer, arguments, record):
    E, Wh, b = (Param(array, name) for name, array in arguments.items())
    # Alike, and yet other Params.
    twin, namesake, lookalike = Param(b.value.copy(), "c"), Param(b.value[1:] + 1, "b"), Param(b.value + 1, "d")
    record["count of E, Wh, b"] = answer([E, Wh, b])
    record["count of E, Wh, b and E once more"] = answer([E, Wh, b, E])
    record["count of b and another Param with the same values"] = answer([b, twin])
    record["count of b and another Param of the same name"] = answer([b, namesake])
    record["count of b and another Param of the same shape"] = answer([b, lookalike])
    record["count of no Params, []"] = answer([])


COUNT_PARAMETERS = Exercise(
    id="8.1",
    name="count_parameters",
    title="Count what is learned",
    stars=1,
    reference=analysis.count_parameters,
    results={
        "count of E, Wh, b": "",
        "count of E, Wh, b and E once more": "",
        "count of b and another Param with the same values": "",
        "count of b and another Param of the same name": "",
        "count of b and another Param of the same shape": "",
        "count of no Params, []": "",
    },
    draw=_draw_params,
    probe=_use_count,
    misconceptions=(
        Misconception(
            lambda params: sum(param.value.size for param in params),
            "a sum that counts a shared Param as often as it stands in the list",
            "It is one matrix, learned once. `dict.fromkeys(params)` keeps each Param once.",
        ),
        Misconception(
            lambda params: sum({param.value.tobytes(): param.value.size for param in params}.values()),
            "a sum that takes Params with equal *values* for the same one",
            "Two biases may both be zero at the start, and are two all the same. Compare by identity, not by value.",
        ),
        Misconception(
            lambda params: sum({param.name: param.value.size for param in params}.values()),
            "a sum that takes Params of the same *name* for the same one",
            "A name is for messages only, and two layers may both call theirs `b`. Compare by identity.",
        ),
        Misconception(
            lambda params: sum({param.value.shape: param.value.size for param in params}.values()),
            "a sum that takes Params of the same *shape* for the same one",
            "Two LSTMs of one size have matrices of the same shape, and learn each their own. Compare by identity.",
        ),
        Misconception(
            lambda params: len(dict.fromkeys(params)),
            "the number of Params, not of the numbers in them",
            "Each Param holds an array; `param.value.size` says how many numbers.",
        ),
        Misconception(
            lambda params: sum(len(param.value) for param in dict.fromkeys(params)),
            "a sum of the numbers of *rows*",
            "`len` of an array is its first axis. `.size` is all of it.",
        ),
        Misconception(
            lambda params: sum(param.value.size for param in dict.fromkeys(params) if param.value.ndim == 2),
            "a count of the matrices alone, without the biases",
            "Biases are learned too.",
        ),
        Misconception(
            lambda params: sum(param.value.nbytes for param in dict.fromkeys(params)),
            "a count of bytes",
            "`.nbytes` depends on the dtype; `.size` is the count of numbers.",
        ),
        Misconception(
            lambda params: 2 * sum(param.value.size for param in dict.fromkeys(params)),
            "a count that adds the gradients to the values",
            "A gradient is kept beside each number, but it is not learned.",
        ),
    ),
)

# --- 8.2 ------------------------------------------------------------------------------------------------------------


def _draw_tied(rng, sizes):
    N, T, D, V = sizes.N, sizes.T, sizes.D, sizes.V
    return {
        "E": rng.normal(0, 1, (V, D)),
        "b": rng.normal(0, 1, V),
        "xs": rng.normal(0, 1, (N, T, D)),
        "dlogits": rng.normal(0, 1, (N, T, V)),
        "before": rng.normal(0, 1, (V, D)),
        "more_xs": rng.normal(0, 1, (N, T, D)),
    }


def _use_tied(answer, arguments, record):
    E, b = Param(arguments["E"].copy(), "E"), Param(arguments["b"].copy(), "b")
    layer = build_layer(answer, "TiedAffine", E, b)
    E.grad += arguments["before"]  # what the embedding has put there already
    record["logits"] = layer.forward(arguments["xs"])
    record["dxs"] = layer.backward(arguments["dlogits"])
    record["E.grad, added to what was there"] = E.grad.copy()
    record["b.grad"] = b.grad.copy()
    E.value[...] = E.value[::-1] + 1  # as an update would, in place
    record["logits after E has changed"] = layer.forward(arguments["more_xs"], training=True)
    record["dxs after E has changed"] = layer.backward(arguments["dlogits"])
    record["E.grad after two calls"] = E.grad.copy()
    record["b.grad after two calls"] = b.grad.copy()
    if {id(param) for param in layer.parameters()} != {id(E), id(b)}:
        raise ContractError(
            "`parameters()` of your `TiedAffine` does not find E and b: keep the two on `self`, unchanged."
        )
    narrow = arguments["xs"][..., 1:]
    wide = np.concatenate([arguments["xs"], arguments["more_xs"][..., :1]], axis=-1)
    record["error of xs that are one too narrow"] = _name_of_error(lambda: layer.forward(narrow))
    record["error of xs that are one too wide"] = _name_of_error(lambda: layer.forward(wide))


def _name_of_error(call):
    try:
        call()
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "none"


class _TiedAffine(Layer):
    """The reference spelt out, with a method for each place where people go wrong."""

    def __init__(self, E, b):
        self.E, self.b = E, b

    def forward(self, xs, *, training=False):
        self.xs = xs
        return self.product(xs) + self.bias()

    def product(self, xs):
        return xs @ self.E.value.T

    def bias(self):
        return self.b.value

    def backward(self, dlogits):
        rows, xs = dlogits.reshape(-1, dlogits.shape[-1]), self.xs.reshape(-1, self.xs.shape[-1])
        self.collect(self.E.grad, self.gradient(rows, xs))
        self.collect_bias(self.b.grad, dlogits)
        return self.back(dlogits)

    def gradient(self, rows, xs):
        return rows.T @ xs

    def collect(self, grad, new):
        grad += new

    def collect_bias(self, grad, dlogits):
        grad += dlogits.sum(axis=(0, 1))

    def back(self, dlogits):
        return dlogits @ self.E.value


def _tied(**methods):
    """The class above with some of its methods replaced."""
    return type("TiedAffine", (_TiedAffine,), methods)


def _overwrite(self, grad, new):
    grad[...] = new


def _copy_at_the_start(self, E, b):
    _TiedAffine.__init__(self, E, b)
    self.W = E.value.T.copy()


def _matrix_of_its_own(self, E, b):
    self.E, self.b = Param(E.value.copy(), "W"), b


def _last_step(self, rows, xs):
    every = self.xs.shape[1]
    return rows[every - 1 :: every].T @ xs[every - 1 :: every]


def _step_on_values(self, grad, new):
    self.E.value += new


TIED_AFFINE = Exercise(
    id="8.2",
    name="TiedAffine",
    title="One matrix for two layers",
    stars=2,
    reference=layers.TiedAffine,
    results={
        "logits": "(N, T, V)",
        "dxs": "(N, T, D)",
        "E.grad, added to what was there": "(V, D)",
        "b.grad": "(V,)",
        "logits after E has changed": "(N, T, V)",
        "dxs after E has changed": "(N, T, D)",
        "E.grad after two calls": "(V, D)",
        "b.grad after two calls": "(V,)",
        "error of xs that are one too narrow": "",
        "error of xs that are one too wide": "",
    },
    draw=_draw_tied,
    probe=_use_tied,
    misconceptions=(
        Misconception(
            _tied(collect=_overwrite),
            "a gradient of E that overwrites what the embedding has put there",
            "Both uses of E have a part in its gradient, and the parts are added: `self.E.grad += …`.",
        ),
        Misconception(
            _tied(
                collect=_overwrite,
                collect_bias=lambda self, grad, dlogits: _overwrite(self, grad, dlogits.sum(axis=(0, 1))),
            ),
            "gradients of E and b that both overwrite what was there",
            "`backward` *adds* to `.grad`: `+=` for both Params.",
        ),
        Misconception(
            _tied(product=lambda self, xs: xs @ self.E.value),
            "logits with E not transposed: `xs @ E`",
            "A row of E belongs to a word: E is (V, D), xs ends in D. Which axis of E has to meet it?",
        ),
        Misconception(
            _tied(gradient=lambda self, rows, xs: xs.T @ rows),
            "a gradient with the two factors in the order of `Affine`: (D, N·T) @ (N·T, V)",
            "That is the gradient of Eᵀ. `E.grad` has the shape of E, (V, D).",
        ),
        Misconception(
            _tied(gradient=lambda self, rows, xs: (xs.T @ rows).reshape(self.E.value.shape)),
            "a gradient of E that is transposed, and forced into shape with `reshape`",
            "`reshape` does not transpose. The product (V, N·T) @ (N·T, D) has the right shape by itself.",
        ),
        Misconception(
            _tied(gradient=lambda self, rows, xs: rows.reshape(rows.shape[1], -1) @ xs),
            "a gradient of E from `dlogits.reshape(V, -1)`",
            "`reshape` does not move an axis: it cuts the same row of numbers at other places. Rows first, then `.T`.",
        ),
        Misconception(
            _tied(gradient=_last_step),
            "a gradient of E from the last step alone",
            "E makes the logits of *every* step, so its gradient is a sum over the batch and all steps.",
        ),
        Misconception(
            _tied(
                __init__=_copy_at_the_start,
                product=lambda self, xs: xs @ self.W,
                back=lambda self, dlogits: dlogits @ self.W.T,
            ),
            "a layer that copied E when it was made, and does not see that E has changed since",
            "Keep the Param, and read `self.E.value` each time.",
        ),
        Misconception(
            _tied(__init__=_matrix_of_its_own),
            "a layer with a matrix of its own, equal to E at the start and not tied to it",
            "Tying is one and the same Param in two layers: `self.E = E`, with no copy and no new Param.",
        ),
        Misconception(
            _tied(collect_bias=lambda self, grad, dlogits: np.add(grad, dlogits.mean(axis=(0, 1)), out=grad)),
            "a gradient of b that is a mean over the batch",
            "b was added N·T times, so its gradient is a *sum* over both axes.",
        ),
        Misconception(
            _tied(collect_bias=lambda self, grad, dlogits: np.add(grad, dlogits[:, -1].sum(axis=0), out=grad)),
            "a gradient of b from the last step alone",
            "Sum over the batch *and* the steps: `axis=(0, 1)`.",
        ),
        Misconception(
            _tied(collect_bias=lambda self, grad, dlogits: None),
            "a backward that leaves b without a gradient",
            "E is shared, b is not: nobody else gives b its gradient.",
        ),
        Misconception(
            _tied(gradient=lambda self, rows, xs: rows.T @ xs / len(rows)),
            "a gradient of E that is divided by N·T",
            "The loss has divided already; `dlogits` holds it.",
        ),
        Misconception(
            _tied(collect=lambda self, grad, new: None),
            "a backward that leaves the gradient of E to the embedding",
            "The embedding only gives its own part. Add the one of this product: `dlogitsᵀ xs`.",
        ),
        Misconception(
            _tied(bias=lambda self: 0),
            "logits without the bias",
            "logits = xs Eᵀ + b.",
        ),
        Misconception(
            _tied(collect=_step_on_values),
            "a gradient that is added to the *values* of E",
            "`backward` changes `.grad` only: `self.E.grad += …`.",
        ),
        Misconception(
            _tied(product=lambda self, xs: xs @ self.E.value[:, : xs.shape[-1]].T),
            "a layer that takes xs of another width, and uses a part of E",
            "An xs that is not as wide as the embedding is a mistake of the caller's: let it be a ValueError.",
        ),
        Misconception(
            _tied(product=lambda self, xs: xs[..., : self.E.value.shape[1]] @ self.E.value.T),
            "a layer that cuts xs to the width of E",
            "What it cuts off is lost without a word. Let an xs of another width be a ValueError.",
        ),
    ),
)

# --- 8.3 ------------------------------------------------------------------------------------------------------------

_STEPS_OF_TRAINING = ("the first", "the second")
#: Gradients that the check looks at, with their shapes; those of an LSTM lie on top of each other: Wx, Wh, b.
_SHAPES = {
    "E.grad": "(V, H)",
    "b.grad": "(V,)",
    "gradients of the lower LSTM": "(2H + 1, 4H)",
    "gradients of the upper LSTM": "(2H + 1, 4H)",
}
_FORWARD = (
    "The body is `Stacked` of *one* list, from the embedding up; the output layer and the loss stand apart, in the "
    "order `LanguageModel(body, output, criterion)`. Every layer gets whole Params, not their `.value`."
)
_LOSS = (
    'Is the loss made from its class, with parentheses: `layers["SoftmaxCrossEntropy"]()`? Does the embedding stand '
    "before the first dropout?"
)
_BACKWARD = "Has every place a layer of its own, made from its class?"


def _draw_model(rng, sizes):
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
        "rate": 0.3,
        "seed": int(rng.integers(2**31)),
    }


def _use_builder(answer, arguments, record):
    params = {name: Param(array.copy(), name) for name, array in arguments["arrays"].items()}
    xs, targets, rng = arguments["xs"], arguments["targets"], np.random.default_rng(arguments["seed"])
    built = answer(dict(_CLASSES), dict(params), arguments["rate"], rng)
    if not all(hasattr(built, method) for method in ("forward", "loss", "backward", "parameters")):
        raise ContractError("`build_language_model` must return a `LanguageModel(body, output, criterion)`.")
    with _telling("reads a batch of words", _FORWARD):
        record["logits, not training"], state = _scored(built, xs)
    record["number of entries in the state"] = len(state)
    record["h of the upper LSTM's state"] = unpack(state[-1], ("h", "c"), "the upper LSTM")["h"]
    for which in _STEPS_OF_TRAINING:
        with _telling("computes its loss", _LOSS):
            loss, _ = built.loss(xs, targets, training=True)
            record[f"loss of {which} training step"] = arguments["arrays"]["b"].dtype.type(loss)
        with _telling("goes backward", _BACKWARD):
            built.backward()
        found = {"E.grad": params["E"].grad.copy(), "b.grad": params["b"].grad.copy()}
        for place, name in (("lower", "lstm1"), ("upper", "lstm2")):
            grads = (params[f"{name}.{part}"].grad for part in ("Wx", "Wh", "b"))
            found[f"gradients of the {place} LSTM"] = np.vstack(list(grads))
        record.update({f"{name} after {which} training step": array for name, array in found.items()})
    params["E"].value += 1
    record["logits after E has changed"], _ = _scored(built, xs)
    record["count of parameters"] = analysis.count_parameters(built.parameters())


@contextlib.contextmanager
def _telling(doing, look):
    """Turn an error inside the returned model into a sentence: its own line numbers are none of the learner's."""
    try:
        yield
    except (NotImplementedError, MemoryError, ContractError):
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}".rstrip(": .")
        raise ContractError(f"The model that you returned fails when it {doing}. {said}. {look}") from None


def _scored(built, xs):
    given = unpack(built.forward(xs), ("logits", "state"), "the model's `forward`")
    if not isinstance(given["state"], tuple | list) or not given["state"]:
        raise ContractError("The state of the model must have an entry for each LSTM: build its body with `Stacked`.")
    return given.values()


_CLASSES = {
    layer.__name__: layer
    for layer in (
        layers.Stacked,
        layers.Embedding,
        layers.Dropout,
        layers.VariationalDropout,
        LSTM,
        layers.Affine,
        layers.TiedAffine,
        layers.SoftmaxCrossEntropy,
    )
}

#: The body of the model, from the bottom up, as the functions below spell it out.
_BODY = ("embedding", "dropout", "lstm1", "dropout", "lstm2", "dropout")


def _tied_output(layers, params):
    return layers["TiedAffine"](params["E"], params["b"])


def _builder(
    body=_BODY,
    output=_tied_output,
    dropout="VariationalDropout",
    rate=lambda rate: rate,
    rng=lambda rng: rng,
    one=False,
):
    """The function with another body, output layer or dropout; `one` uses one dropout layer everywhere."""

    def build(layers, params, p, generator):
        made = []

        def layer(name):
            if name == "embedding":
                return layers["Embedding"](params["E"])
            if name == "dropout":
                if not (one and made):
                    made.append(layers[dropout](rate(p), rng(generator)))
                return made[-1]
            return layers["LSTM"](*(params[f"{name}.{part}"] for part in ("Wx", "Wh", "b")))

        stack = layers["Stacked"]([layer(name) for name in body])
        return model.LanguageModel(stack, output(layers, params), layers["SoftmaxCrossEntropy"]())

    return build


def _with_the_output_inside(layers, params, rate, rng):
    """The output layer as the last of the stack, and once more above it."""
    built = _builder()(layers, params, rate, rng)
    body = layers["Stacked"]([*built.body.layers, built.output])
    return model.LanguageModel(body, built.output, built.criterion)


def _with_a_list(layers, params, rate, rng):
    built = _builder()(layers, params, rate, rng)
    return model.LanguageModel(built.body.layers, built.output, built.criterion)


def _with_a_class(layers, params, rate, rng):
    built = _builder()(layers, params, rate, rng)
    return model.LanguageModel(built.body, built.output, layers["SoftmaxCrossEntropy"])


def _out_of_order(layers, params, rate, rng):
    built = _builder()(layers, params, rate, rng)
    return model.LanguageModel(built.body, built.criterion, built.output)


def _exchanged_matrices(layers, params, rate, rng):
    renamed = {name: params[_EXCHANGED.get(name, name)] for name in params}
    return _builder()(layers, renamed, rate, rng)


_EXCHANGED = {
    f"{name}.{part}": f"{name}.{other}" for name in ("lstm1", "lstm2") for part, other in (("Wx", "Wh"), ("Wh", "Wx"))
}


def _without(number):
    return tuple(name for place, name in enumerate(_BODY) if place != number)


BUILD_LANGUAGE_MODEL = Exercise(
    id="8.3",
    name="build_language_model",
    title="Put it all together",
    stars=3,
    reference=model.build_language_model,
    results={
        "logits, not training": "(N, T, V)",
        "number of entries in the state": "",
        "h of the upper LSTM's state": "(N, H)",
    }
    | {
        f"{name}{suffix} training step": shape
        for which in _STEPS_OF_TRAINING
        for name, shape, suffix in [
            ("loss of ", "", which),
            *((f"{gradients} after ", shape, which) for gradients, shape in _SHAPES.items()),
        ]
    }
    | {"logits after E has changed": "(N, T, V)", "count of parameters": ""},
    draw=_draw_model,
    probe=_use_builder,
    misconceptions=(
        Misconception(
            _builder(output=lambda layers, params: layers["TiedAffine"](Param(params["E"].value.copy()), params["b"])),
            "a model whose output layer has a matrix of its own, a copy of E: it is not tied",
            'Give `TiedAffine` the very Param of the embedding: `params["E"]`.',
        ),
        Misconception(
            _builder(one=True),
            "a model with *one* dropout layer in three places: each forward overwrites the mask of the one before",
            "Make a new dropout layer for each place. They may share the `rng`.",
        ),
        Misconception(
            _builder(_without(1)),
            "a model without dropout between the embedding and the first LSTM",
            "Dropout comes after the embedding and after *each* LSTM: three in all.",
        ),
        Misconception(
            _builder(_without(3)),
            "a model without dropout between the two LSTMs",
            "Dropout comes after the embedding and after *each* LSTM: three in all.",
        ),
        Misconception(
            _builder(_without(5)),
            "a model without dropout between the upper LSTM and the output",
            "Dropout comes after the embedding and after *each* LSTM: three in all.",
        ),
        Misconception(
            _builder(("embedding", "lstm1", "lstm2")),
            "a model without any dropout",
            "`rate` is for three dropout layers: after the embedding and after each LSTM.",
        ),
        Misconception(
            _builder(dropout="Dropout"),
            "a model with plain dropout, a fresh mask at every step",
            'Take `layers["VariationalDropout"]`.',
        ),
        Misconception(
            _builder(("embedding", "dropout", "lstm1", "dropout", "lstm1", "dropout")),
            "a model whose two LSTMs share the Params of the first",
            'The upper one has Params of its own: `params["lstm2.Wx"]` and so on.',
        ),
        Misconception(
            _builder(("embedding", "dropout", "lstm2", "dropout", "lstm1", "dropout")),
            "a model whose two LSTMs are exchanged",
            "`lstm1` is the lower one, next to the embedding.",
        ),
        Misconception(
            _builder(("embedding", "dropout", "lstm1", "dropout")),
            "a model with one LSTM only",
            'Two LSTMs, with the Params "lstm1.…" and "lstm2.…".',
        ),
        Misconception(
            _builder(rate=lambda rate: 1 - rate),
            "a model that gives its dropout layers `1 - rate`",
            "Your dropout takes the probability to *drop*, and so does this function: hand it on as it is.",
        ),
        Misconception(
            _builder(rate=lambda rate: 0.5),
            "a model whose dropout layers have the rate 0.5, whatever `rate` says",
            "Hand `rate` on.",
        ),
        Misconception(
            _builder(rng=lambda rng: np.random.default_rng(0)),
            "a model whose dropout layers have generators of their own",
            "Hand `rng` on to each of them: then the same seed trains the same model again.",
        ),
        Misconception(
            _exchanged_matrices,
            "a model whose LSTMs have `Wx` and `Wh` exchanged",
            "Here both are (H, 4H), so no shape objects. An LSTM takes `Wx`, `Wh`, `b`, in this order.",
        ),
        Misconception(
            _with_a_class,
            "a model whose loss is the class, not an object of it",
            'Call the class: `layers["SoftmaxCrossEntropy"]()`.',
        ),
        Misconception(
            _with_a_list,
            "a model whose body is a plain list of layers",
            'A list has no `forward`: give it to `layers["Stacked"]`.',
        ),
        Misconception(
            _with_the_output_inside,
            "a model whose output layer stands in the stack as well",
            "The stack ends with the last dropout. `LanguageModel` puts the output on top of it.",
        ),
        Misconception(
            _out_of_order,
            "a `LanguageModel` whose output and loss are exchanged",
            "The order is `LanguageModel(body, output, criterion)`.",
        ),
    ),
)

# --- 8.4 ------------------------------------------------------------------------------------------------------------


def _draw_curve(rng, sizes):
    # Better, worse, better than that and not the best, equal to the best, not a number, the best of all, and some more.
    epochs = sizes.T + 6
    curve = rng.uniform(50, 100, epochs)
    curve[:7] = np.array([90, 70, 80, 75, 70, np.nan, 60]) + rng.uniform(-1, 1)
    return {"curve": curve, "learning_rate": float(rng.uniform(5, 25)), "factor": float(rng.uniform(1.5, 3.5))}


def _use_schedule(answer, arguments, record):
    curve, learning_rate, factor = arguments.values()
    calls, trained = [], []

    def run_epoch(rate):
        calls.append("t")
        trained.append(float(rate))

    def evaluate():
        calls.append("e")
        return float(curve[min(calls.count("e"), len(curve)) - 1])

    def run(suffix="", **keywords):
        calls.clear()
        trained.clear()
        given = answer(run_epoch, evaluate, learning_rate, len(curve), **keywords)
        given = unpack(given, ("perplexities", "learning_rates"), "train_with_decay")
        for name, values in given.items():
            record[f"{name}{suffix}"] = _as_numbers(name, values)
        record[f"the rates that run_epoch was given{suffix}"] = np.array(trained)

    run(factor=factor)
    record["order of the calls"] = "".join(calls)
    run(" with the usual factor")


def _as_numbers(name, values):
    try:
        numbers = np.array([float(value) for value in values])
    except (TypeError, ValueError):
        raise ContractError(f"`{name}` must be a list of numbers, one for each epoch.") from None
    return numbers


def _schedule(
    is_worse=lambda ppl, best, last: not ppl < best,
    keep=lambda ppl, best: ppl if ppl < best else best,
    change=lambda rate, factor, first: rate / factor,
    first_best=float("inf"),
    note_after=False,
    evaluate_first=False,
):
    """The function with one of its rules replaced."""

    def train(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
        perplexities, rates, best, last, first = [], [], first_best, float("inf"), learning_rate
        for _ in range(epochs):
            if not note_after:
                rates.append(learning_rate)
            if evaluate_first:
                ppl = evaluate()
                run_epoch(learning_rate)
            else:
                run_epoch(learning_rate)
                ppl = evaluate()
            if is_worse(ppl, best, last):
                learning_rate = change(learning_rate, factor, first)
            best, last = keep(ppl, best), ppl
            perplexities.append(ppl)
            if note_after:
                rates.append(learning_rate)
        return perplexities, rates

    return train


def _never_passed_on(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    perplexities, rates, best, rate = [], [], float("inf"), learning_rate
    for _ in range(epochs):
        rates.append(rate)
        run_epoch(learning_rate)
        perplexities.append(evaluate())
        if not perplexities[-1] < best:
            rate /= factor
        else:
            best = perplexities[-1]
    return perplexities, rates


def _measured_twice(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    perplexities, rates, best = [], [], float("inf")
    for _ in range(epochs):
        rates.append(learning_rate)
        run_epoch(learning_rate)
        perplexities.append(evaluate())
        ppl = evaluate()
        if ppl < best:
            best = ppl
        else:
            learning_rate /= factor
    return perplexities, rates


def _stops_early(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    perplexities, rates, best = [], [], float("inf")
    for _ in range(epochs):
        rates.append(learning_rate)
        run_epoch(learning_rate)
        perplexities.append(evaluate())
        if not perplexities[-1] < best:
            break
        best = perplexities[-1]
    return perplexities, rates


def _exchanged_lists(*arguments, **keywords):
    perplexities, rates = train_with_decay(*arguments, **keywords)
    return rates, perplexities


def _fixed_factor(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    return train_with_decay(run_epoch, evaluate, learning_rate, epochs, 4.0)


TRAIN_WITH_DECAY = Exercise(
    id="8.4",
    name="train_with_decay",
    title="Slow down on the plateau",
    stars=2,
    reference=train_with_decay,
    results={
        "perplexities": "(epochs,)",
        "learning_rates": "(epochs,)",
        "the rates that run_epoch was given": "(epochs,)",
        "order of the calls": "",
        "perplexities with the usual factor": "(epochs,)",
        "learning_rates with the usual factor": "(epochs,)",
        "the rates that run_epoch was given with the usual factor": "(epochs,)",
    },
    draw=_draw_curve,
    probe=_use_schedule,
    example={"curve": np.array([90.0, 70.0, 75.0, 72.0, 60.0]), "learning_rate": 20.0, "factor": 4.0},
    misconceptions=(
        Misconception(
            _schedule(is_worse=lambda ppl, best, last: not ppl < last),
            "a comparison with the epoch before, not with the best so far",
            "After a bad epoch almost any other looks better. Keep the best perplexity of all.",
        ),
        Misconception(
            _schedule(is_worse=lambda ppl, best, last: ppl > best or np.isnan(ppl)),
            "a rule that lets an epoch *equal* to the best pass for better",
            "Not below the best is a plateau too: divide unless `ppl < best`.",
        ),
        Misconception(
            _schedule(is_worse=lambda ppl, best, last: ppl >= best),
            "a rule that lets NaN pass: every comparison with NaN is False",
            "Ask the other way round: is it *below* the best? If not, divide.",
        ),
        Misconception(
            _schedule(is_worse=lambda ppl, best, last: ppl > best),
            "a rule that lets NaN pass, and an epoch equal to the best as well",
            "Ask the other way round: is it *below* the best? If not, divide.",
        ),
        Misconception(
            _schedule(keep=lambda ppl, best: min(ppl, best) if not np.isnan(ppl) else ppl),
            "a best perplexity that NaN has taken the place of",
            "NaN is not below anything, so it is never the best. Every epoch after it would look worse.",
        ),
        Misconception(
            _schedule(keep=lambda ppl, best: best if best < float("inf") else ppl),
            "a comparison with the *first* epoch",
            "Update the best whenever an epoch is below it.",
        ),
        Misconception(
            _schedule(change=lambda rate, factor, first: rate * factor),
            "a learning rate that is *multiplied* by the factor",
            "Divide: the steps should become smaller.",
        ),
        Misconception(
            _schedule(change=lambda rate, factor, first: first / factor),
            "the first learning rate divided by the factor, however often it has been divided already",
            "Divide the rate as it stands: after two plateaus it is `learning_rate / factor²`.",
        ),
        Misconception(
            _schedule(is_worse=lambda ppl, best, last: True),
            "a learning rate that is divided after every epoch",
            "Only after an epoch that is not below the best so far.",
        ),
        Misconception(
            _schedule(is_worse=lambda ppl, best, last: best < float("inf")),
            "a best that the epoch itself is a part of: from the second epoch on, none is below it",
            "Compare with the best of the epochs *before* this one, and take it in afterwards.",
        ),
        Misconception(
            _schedule(is_worse=lambda ppl, best, last: False),
            "a learning rate that never changes",
            "Divide it after an epoch whose perplexity is not below the best so far.",
        ),
        Misconception(
            _schedule(is_worse=lambda ppl, best, last: ppl < best),
            "a learning rate that is divided when the perplexity *improves*",
            "The other way round: as long as it improves, go on at this rate.",
        ),
        Misconception(
            _schedule(note_after=True),
            "a list with the rate of the *next* epoch in each place",
            "Note the rate before you run the epoch: it is the one that was trained with.",
        ),
        Misconception(
            _schedule(evaluate_first=True),
            "an evaluation *before* the epoch instead of after it",
            "First train, then measure: `run_epoch(…)`, then `evaluate()`.",
        ),
        Misconception(
            _never_passed_on,
            "a rate that is divided in the list, while `run_epoch` still gets the first one",
            "Hand the current rate to `run_epoch` in each epoch.",
        ),
        Misconception(
            _fixed_factor,
            "a division by 4, whatever `factor` says",
            "Divide by `factor`; 4 is only its usual value.",
        ),
        Misconception(
            _schedule(change=lambda rate, factor, first: rate // factor),
            "a division with `//`, which rounds down",
            "A learning rate is not a whole number. Divide with `/`.",
        ),
        Misconception(
            _measured_twice,
            "an epoch that calls `evaluate()` twice",
            "Each call measures anew, and may take a minute. Call it once, and keep what it returned.",
        ),
        Misconception(
            _stops_early,
            "a training that *stops* at the first plateau",
            "That is early stopping. Here the training goes on, with smaller steps, for all the epochs.",
        ),
        Misconception(
            _exchanged_lists,
            "the two lists in the wrong order",
            "First the perplexities, then the learning rates.",
        ),
    ),
)

EXERCISES = (COUNT_PARAMETERS, TIED_AFFINE, BUILD_LANGUAGE_MODEL, TRAIN_WITH_DECAY)

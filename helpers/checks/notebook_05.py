"""The exercises of notebook 05 and the mistakes people make in them."""

import inspect
import itertools
import math

import numpy as np

from helpers.checks.exercise import ContractError, Exercise, Misconception
from helpers.checks.probes import build_layer, isolated_copies
from helpers.data.batching import stream_batches
from helpers.nn import functional, layers
from helpers.nn.base import Layer, Param
from helpers.training.perplexity import perplexity


def _refuse_lost_params(layer, name, params):
    """Raise ContractError unless the layer keeps exactly these Params."""
    if {id(param) for param in layer.parameters()} != {id(param) for param in params}:
        wanted = " and ".join(param.name for param in params)
        raise ContractError(f"`parameters()` of your `{name}` does not find {wanted}: keep it on `self`, unchanged.")


def _name_of_error(call):
    """Return the name of the error that a call ends in, or a sentence that says there was none."""
    try:
        call()
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "no error"


# --- 5.1 ------------------------------------------------------------------------------------------------------------


def _draw_embedding(rng, sizes):
    N, T, D, V = sizes.N, sizes.T, sizes.D, sizes.V

    def ids():
        read = rng.integers(0, V - 1, (N, T))  # nobody reads the last word: its row must stay as it is
        read[:, -1] = read[:, 0]
        read[-1, -1] = read[0, 0]
        return read

    return {
        "E": rng.normal(0, 1, (V, D)),
        "ids": ids(),
        "dys": rng.normal(0, 1, (N, T, D)),
        "more_ids": ids(),
        "more_dys": rng.normal(0, 1, (N, T, D)),
    }


def _use_embedding(answer, arguments, record):
    E = Param(arguments["E"], "E")
    layer = build_layer(answer, "Embedding", E)
    record["ys"] = layer.forward(arguments["ids"])
    record["what backward returns"] = layer.backward(arguments["dys"])
    record["E.grad"] = E.grad.copy()
    _refuse_lost_params(layer, "Embedding", [E])
    layer.forward(arguments["more_ids"], training=True)
    layer.backward(arguments["more_dys"])
    record["E.grad after two calls"] = E.grad.copy()
    # 0 · inf is NaN: a product with one-hot vectors multiplies every row, a look-up touches only those it reads.
    E = Param(arguments["E"].copy(), "E")
    E.value[-1] = np.inf
    layer = build_layer(answer, "Embedding", E)
    record["ys beside an infinite row of E that is not read"] = layer.forward(arguments["ids"])
    dys = arguments["dys"].copy()
    dys[0, 0] = np.inf
    layer.backward(dys)
    record["E.grad beside an infinite dys of one word"] = E.grad.copy()


class _Embedding(Layer):
    """The reference spelt out, with a method for each place where people go wrong."""

    def __init__(self, E):
        self.E = E

    def forward(self, xs, *, training=False):
        self.ids = xs
        return self.look_up(xs)

    def look_up(self, ids):
        return self.E.value[ids]

    def backward(self, dys):
        self.hand_out(self.ids, dys)
        return self.result(dys)

    def hand_out(self, ids, dys):
        np.add.at(self.E.grad, ids, dys)

    def result(self, dys):
        return None


def _embedding(**methods):
    """The class above with some of its methods replaced."""
    return type("Embedding", (_Embedding,), methods)


def _hand_out_once(self, ids, dys):
    self.E.grad[ids] += dys


def _hand_out_by_sequence(self, ids, dys):
    for row, d in zip(ids, dys):
        self.E.grad[row] += d


def _hand_out_last(self, ids, dys):
    self.E.grad[ids] = dys


def _hand_out_anew(self, ids, dys):
    self.E.grad[...] = 0
    np.add.at(self.E.grad, ids, dys)


def _hand_out_means(self, ids, dys):
    counts = np.bincount(ids.ravel(), minlength=len(self.E.value))
    np.add.at(self.E.grad, ids, dys / counts[ids][..., None].astype(dys.dtype))


def _returned_instead(self, dys):
    dE = np.zeros_like(self.E.value)
    np.add.at(dE, self.ids, dys)
    return dE


def _hand_out_into_values(self, ids, dys):
    np.add.at(self.E.value, ids, dys)


def _one_hot(self, ids, dtype):
    return np.eye(len(self.E.value), dtype=dtype)[ids]


def _look_up_by_product(self, ids):
    return _one_hot(self, ids, self.E.value.dtype) @ self.E.value


def _hand_out_by_product(self, ids, dys):
    one_hot = _one_hot(self, ids, dys.dtype)
    self.E.grad += one_hot.reshape(-1, one_hot.shape[-1]).T @ dys.reshape(-1, dys.shape[-1])


EMBEDDING = Exercise(
    id="5.1",
    name="Embedding",
    title="One row for each word",
    stars=2,
    reference=layers.Embedding,
    results={
        "ys": "(N, T, D)",
        "what backward returns": "None",
        "E.grad": "(V, D)",
        "E.grad after two calls": "(V, D)",
        "ys beside an infinite row of E that is not read": "(N, T, D)",
        "E.grad beside an infinite dys of one word": "(V, D)",
    },
    draw=_draw_embedding,
    probe=_use_embedding,
    misconceptions=(
        Misconception(
            _embedding(hand_out=_hand_out_once),
            "an embedding with `E.grad[ids] += dys`, which keeps only one gradient of a word that was read twice",
            "NumPy reads all those rows, adds, and writes them back: the last copy wins. `np.add.at` adds every one.",
        ),
        Misconception(
            _embedding(hand_out=_hand_out_by_sequence),
            "an embedding with `E.grad[ids[n]] += dys[n]` for each sequence: a word that is twice in one counts once",
            "A loop over the sequences is not enough. `np.add.at` adds every place.",
        ),
        Misconception(
            _embedding(hand_out=_hand_out_last),
            "an embedding with `E.grad[ids] = dys`, which overwrites",
            "`backward` adds, both for a word that is read twice and from call to call: `np.add.at(self.E.grad, …)`.",
        ),
        Misconception(
            _embedding(hand_out=_hand_out_anew),
            "an embedding whose backward zeroes the gradient before it starts",
            "`backward` *adds* to `.grad`. Zeroing is the training loop's business, with `zero_grad()`.",
        ),
        Misconception(
            _embedding(hand_out=_hand_out_means),
            "an embedding that takes the *mean* over the places where a word was read",
            "If a mean is wanted, the loss takes it, once. Here the places' gradients add up.",
        ),
        Misconception(
            _embedding(hand_out=lambda self, ids, dys: np.add.at(self.E.grad, ids, dys / ids.size)),
            "an embedding with its gradient divided by N·T",
            "The loss has taken the mean already: what arrives in `dys` is only handed out.",
        ),
        Misconception(
            _embedding(hand_out=lambda self, ids, dys: np.add.at(self.E.grad, ids, dys / len(ids))),
            "an embedding with its gradient divided by the batch size",
            "The loss has taken the mean already: what arrives in `dys` is only handed out.",
        ),
        Misconception(
            _embedding(look_up=_look_up_by_product, hand_out=_hand_out_by_product),
            "an embedding by way of one-hot vectors: right, and V times the work and the memory",
            "`self.E.value[xs]` reads the rows it needs, and `np.add.at` writes to them; no other row is touched.",
        ),
        Misconception(
            _embedding(hand_out=_hand_out_by_product),
            "an embedding that reads its rows and hands the gradient out with a product of one-hot vectors",
            "`np.add.at(self.E.grad, ids, dys)` touches only the rows that were read.",
        ),
        Misconception(
            _embedding(look_up=lambda self, ids: self.E.value[:, ids]),
            "an embedding that looks for its words among the columns of `E`",
            "`E` is (V, D), one *row* per word: `self.E.value[xs]`.",
        ),
        Misconception(
            _embedding(
                look_up=lambda self, ids: self.E.value[ids] * self.E.value.dtype.type(self.E.value.shape[1]) ** 0.5
            ),
            "an embedding whose rows are multiplied by the square root of D",
            "Some models do that, this one does not: the row is taken as it is.",
        ),
        Misconception(
            _embedding(hand_out=_hand_out_into_values),
            "an embedding that adds the gradient to `E.value`",
            "`backward` adds to `self.E.grad`. Moving the values is the business of `sgd_step`.",
        ),
        Misconception(
            _embedding(hand_out=lambda self, ids, dys: None, result=_returned_instead),
            "an embedding whose backward *returns* the gradient of `E` and leaves `E.grad` as it was",
            "The optimiser looks into `E.grad` and nowhere else: add it there, and return nothing.",
        ),
        Misconception(
            _embedding(result=lambda self, dys: dys),
            "an embedding whose backward returns `dys`",
            "Ids are whole numbers: there is no gradient with respect to them, and nothing to return.",
        ),
    ),
)

# --- 5.2 ------------------------------------------------------------------------------------------------------------


def _draw_affine(rng, sizes):
    N, T, D, M = sizes.N, sizes.T, sizes.H, sizes.V
    return {
        "W": rng.normal(0, 0.4, (D, M)),
        "b": rng.normal(0, 0.5, M),
        "xs": rng.normal(0, 1, (N, T, D)),
        "dys": rng.normal(0, 1, (N, T, M)),
        "more_xs": rng.normal(0, 1, (N, T, D)),
    }


def _use_affine(answer, arguments, record):
    W, b = Param(arguments["W"], "W"), Param(arguments["b"], "b")
    layer = build_layer(answer, "Affine", W, b)
    record["ys"] = layer.forward(arguments["xs"])
    record["dxs"] = layer.backward(arguments["dys"])
    record.update({"W.grad": W.grad.copy(), "b.grad": b.grad.copy()})
    _refuse_lost_params(layer, "Affine", [W, b])
    layer.forward(arguments["more_xs"], training=True)
    layer.backward(arguments["dys"])
    record.update({"W.grad after two calls": W.grad.copy(), "b.grad after two calls": b.grad.copy()})


class _Affine(Layer):
    """The reference spelt out, with a method for each place where people go wrong."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, xs, *, training=False):
        self.xs = xs
        return self.ys(xs)

    def ys(self, xs):
        return xs @ self.W.value + self.b.value

    def backward(self, dys):
        self.collect(self.W.grad, self.dW(self.xs, dys))
        self.collect(self.b.grad, self.db(dys))
        return self.dxs(dys)

    def dW(self, xs, dys):
        return np.tensordot(xs, dys, ([0, 1], [0, 1]))

    def db(self, dys):
        return dys.sum(axis=(0, 1))

    def dxs(self, dys):
        return dys @ self.W.value.T

    def collect(self, grad, new):
        grad += new


def _affine(**methods):
    """The class above with some of its methods replaced."""
    return type("Affine", (_Affine,), methods)


def _overwrite(self, grad, new):
    grad[...] = new


AFFINE = Exercise(
    id="5.2",
    name="Affine",
    title="A score for each word",
    stars=1,
    reference=layers.Affine,
    results={
        "ys": "(N, T, M)",
        "dxs": "(N, T, D)",
        "W.grad": "(D, M)",
        "b.grad": "(M,)",
        "W.grad after two calls": "(D, M)",
        "b.grad after two calls": "(M,)",
    },
    draw=_draw_affine,
    probe=_use_affine,
    misconceptions=(
        Misconception(
            _affine(ys=lambda self, xs: xs @ self.W.value),
            "an affine layer without its bias",
            "`ys = xs @ W + b`; NumPy adds `b` to every row by itself.",
        ),
        Misconception(
            _affine(ys=lambda self, xs: np.tanh(xs @ self.W.value + self.b.value)),
            "an affine layer that squashes its output by a tanh",
            "Logits are scores of any size: nothing comes after the sum.",
        ),
        Misconception(
            _affine(dxs=lambda self, dys: dys @ self.W.value),
            "an affine layer with `W` not transposed on the way back: `dys @ W`",
            "`dys` is (N, T, M) and `dxs` must be (N, T, D): multiply by an (M, D), which is `W.T`.",
        ),
        Misconception(
            _affine(dW=lambda self, xs, dys: np.swapaxes(xs, 1, 2) @ dys),
            "an affine layer with one `dW` for each row of the batch, not summed",
            "Flatten both to N·T rows first: `xs.reshape(-1, D).T @ dys.reshape(-1, M)` sums over all of them.",
        ),
        Misconception(
            _affine(dW=lambda self, xs, dys: _Affine.dW(self, xs, dys).T),
            "an affine layer whose `dW` is transposed",
            "`dW` must have the shape of `W`, (D, M): the inputs, transposed, stand on the left.",
        ),
        Misconception(
            _affine(db=lambda self, dys: dys),
            "an affine layer whose `db` is not summed",
            "`b` was added in N·T places, so its gradient is the sum over all of them: axes 0 and 1.",
        ),
        Misconception(
            _affine(db=lambda self, dys: dys.sum(axis=0)),
            "an affine layer whose `db` is summed over the batch and not over the steps",
            "`b` was added in N·T places: sum over axes 0 *and* 1, so that (M,) is left.",
        ),
        Misconception(
            _affine(db=lambda self, dys: dys.sum()),
            "an affine layer whose `db` is summed over everything, outputs too",
            "Each output has its own bias: sum over axes 0 and 1 only.",
        ),
        Misconception(
            _affine(db=lambda self, dys: dys.mean(axis=(0, 1))),
            "an affine layer whose `db` is the *mean* over batch and steps",
            "The loss has taken the mean already. Here the places' gradients add up.",
        ),
        Misconception(
            _affine(collect=lambda self, grad, new: _Affine.collect(self, grad, new / len(self.xs))),
            "an affine layer with the parameters' gradients divided by the batch size",
            "The loss has taken the mean already. Here the places' gradients add up.",
        ),
        Misconception(
            _affine(collect=_overwrite),
            "an affine layer whose second call wipes out the gradients of the first: `=` for `+=`, or zeroed before",
            "`backward` *adds* to `.grad`: `self.W.grad += dW`. Zeroing is the training loop's business.",
        ),
        Misconception(
            _affine(collect=lambda self, grad, new: None if grad is self.b.grad else _Affine.collect(self, grad, new)),
            "an affine layer that leaves out the gradient of `b`",
            "Two Params, two gradients: `self.b.grad += db`.",
        ),
    ),
)

# --- 5.3 ------------------------------------------------------------------------------------------------------------


def _draw_logits(rng, sizes):
    N, T, V = sizes.N, sizes.T, sizes.V
    return {"logits": rng.normal(0, 1.5, (N, T, V)), "targets": rng.integers(0, V, (N, T))}


def _use_criterion(answer, arguments, record):
    if not inspect.isclass(answer):
        raise ContractError(
            "`SoftmaxCrossEntropy` must be a class: give the check the class itself, without parentheses."
        )
    logits, targets = arguments["logits"], arguments["targets"]
    N, T, _ = logits.shape
    # Rows far above and far below 0, all of them spread wide: where a careless softmax overflows or meets log 0.
    sides = np.where((np.arange(N)[:, None] + np.arange(T)) % 2, -1000, 1000)[..., None]
    criterion = answer()
    for scores, suffix in (logits, ""), ((400 * logits + sides).astype(logits.dtype), " of large logits"):
        loss = criterion.forward(scores, targets)
        if np.ndim(loss) != 0 or not isinstance(loss, float | np.number | np.ndarray):
            what = f"an array of shape {np.shape(loss)}" if np.ndim(loss) else f"of type {type(loss).__name__}"
            raise ContractError(f"The loss must be one number, the mean over all N·T tokens: yours is {what}.")
        # As precise as the logits are: a plain float does not tell in which type it was computed.
        record[f"loss{suffix}"] = logits.dtype.type(loss)
        record[f"dlogits{suffix}"] = criterion.backward()


class _SoftmaxCrossEntropy:
    """The reference spelt out, with a method for each place where people go wrong."""

    def forward(self, logits, targets):
        self.targets = targets
        self.log_probs = self.log_softmax(logits)
        picked = np.take_along_axis(self.log_probs, self.words()[..., None], axis=-1)[..., 0]
        return self.loss(picked)

    def words(self):
        return self.targets

    def log_softmax(self, logits):
        return functional.log_softmax(logits)

    def loss(self, picked):
        return -float(picked.mean())

    def backward(self):
        dlogits = np.exp(self.log_probs)
        np.put_along_axis(dlogits, self.words()[..., None], self.at_target(dlogits), axis=-1)
        return self.scale(dlogits)

    def at_target(self, probs):
        return np.take_along_axis(probs, self.words()[..., None], axis=-1) - 1

    def scale(self, dlogits):
        return dlogits / self.targets.size


def _criterion(**methods):
    """The class above with some of its methods replaced."""
    return type("SoftmaxCrossEntropy", (_SoftmaxCrossEntropy,), methods)


def _naive_log_softmax(self, logits):
    powers = np.exp(logits)
    return np.log(powers / powers.sum(axis=-1, keepdims=True))


def _log_of_softmax(self, logits):
    return np.log(functional.softmax(logits))


def _one_maximum(self, logits):
    powers = np.exp(logits - logits.max())
    return np.log(powers / powers.sum(axis=-1, keepdims=True))


def _naive_log_sum(self, logits):
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def _one_maximum_log_sum(self, logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _padded_log(self, logits):
    return np.log(functional.softmax(logits) + logits.dtype.type(1e-7))


def _padded_picked(padding):
    """A loss that pads the target's probability, with the right gradient: `np.log(p[target] + padding)`."""
    return _criterion(loss=lambda self, picked: -float(np.log(np.exp(picked) + picked.dtype.type(padding)).mean()))


def _subtract_at_every_target(self):
    dlogits = np.exp(self.log_probs)
    dlogits[:, :, self.targets] -= 1
    return self.scale(dlogits)


def _softmax_over_time(self, logits):
    return np.swapaxes(functional.log_softmax(np.swapaxes(logits, 1, 2)), 1, 2)


def _softmax_in_place(self, logits):
    logits -= logits.max(axis=-1, keepdims=True)
    return functional.log_softmax(logits)


SOFTMAX_CROSS_ENTROPY = Exercise(
    id="5.3",
    name="SoftmaxCrossEntropy",
    title="Softmax and the loss",
    stars=2,
    reference=layers.SoftmaxCrossEntropy,
    results={
        "loss": "()",
        "dlogits": "(N, T, V)",
        "loss of large logits": "()",
        "dlogits of large logits": "(N, T, V)",
    },
    draw=_draw_logits,
    probe=_use_criterion,
    misconceptions=(
        Misconception(
            _criterion(log_softmax=_naive_log_softmax),
            "a softmax without subtracting the maximum: `np.exp` overflows where a logit is large",
            "Subtract each row's largest logit first: the probabilities stay the same, and no power is above 1.",
        ),
        Misconception(
            _criterion(log_softmax=_naive_log_sum),
            "the log of a sum of powers without subtracting the maximum: `np.exp` overflows where a logit is large",
            "Subtract each row's largest logit first: the probabilities stay the same, and no power is above 1.",
        ),
        Misconception(
            _criterion(log_softmax=_one_maximum_log_sum),
            "a log-softmax that subtracts *one* maximum, that of the whole array: a row far below it has log 0",
            "Each row has its own maximum: `logits.max(axis=-1, keepdims=True)`.",
        ),
        Misconception(
            _criterion(log_softmax=_one_maximum),
            "a softmax that subtracts *one* maximum, that of the whole array: a row far below it becomes 0 / 0",
            "Each row has its own maximum: `logits.max(axis=-1, keepdims=True)`.",
        ),
        Misconception(
            _criterion(log_softmax=_log_of_softmax),
            "a stable softmax, and then its logarithm: a probability too small for a float is 0, its log is -inf",
            "Stay with logarithms: `log_probs = shifted - np.log(np.exp(shifted).sum(…))`, and no probability is 0.",
        ),
        Misconception(
            _criterion(log_softmax=_padded_log),
            "a small number added inside the logarithm, `np.log(probs + 1e-7)`",
            "That hides the log of 0 and caps the loss: no word can cost more than 16 nats. Stay with logarithms.",
        ),
        *(
            Misconception(
                _padded_picked(float(padding)),
                f"a small number added inside the logarithm, `np.log(probs + {padding})`",
                "That hides the log of 0 and caps the loss: no word can cost more than "
                f"{-math.log(float(padding)):.0f} nats. Stay with logarithms.",
            )
            for padding in ("1e-8", "1e-9", "1e-10", "1e-12", "1e-15")
        ),
        Misconception(
            _criterion(loss=lambda self, picked: -float(picked.sum())),
            "a loss that is the *sum* over the tokens, with the gradient of the mean",
            "The loss is a mean over N·T tokens, so that it does not depend on the size of the batch.",
        ),
        Misconception(
            _criterion(loss=lambda self, picked: -float(picked.sum()), scale=lambda self, dlogits: dlogits),
            "a loss that is the *sum* over the tokens, and its gradient",
            "Divide both by N·T.",
        ),
        Misconception(
            _criterion(
                loss=lambda self, picked: -float(picked.sum() / len(picked)),
                scale=lambda self, dlogits: dlogits / len(dlogits),
            ),
            "a mean over the batch only: N where N·T belongs",
            "Every one of the N·T places is a token with a target of its own. Divide by both.",
        ),
        Misconception(
            _criterion(scale=lambda self, dlogits: dlogits),
            "a right loss with a gradient that is not divided by N·T",
            "The loss is a mean, so each token's gradient is a N·T-th part.",
        ),
        Misconception(
            _criterion(scale=lambda self, dlogits: dlogits / len(dlogits)),
            "a right loss with a gradient divided by N alone",
            "The loss is a mean over N·T tokens, so each one's gradient is a N·T-th part.",
        ),
        Misconception(
            _criterion(at_target=lambda self, probs: np.take_along_axis(probs, self.words()[..., None], axis=-1)),
            "a right loss with the probabilities as its gradient: nothing is subtracted at the target",
            "probabilities minus one-hot: at each target's place subtract 1.",
        ),
        Misconception(
            _criterion(at_target=lambda self, probs: np.take_along_axis(probs, self.words()[..., None], axis=-1) + 1),
            "a right loss with a gradient that *adds* 1 at each target",
            "probabilities *minus* one-hot: below 0 at the target, and each place sums to 0.",
        ),
        Misconception(
            _criterion(backward=_subtract_at_every_target),
            "a right loss with 1 subtracted at all targets in *every* place: `dlogits[:, :, targets] -= 1`",
            "Each place has one target of its own, so row, step and target go in threes. Hint 3 shows such an index.",
        ),
        Misconception(
            _criterion(scale=lambda self, dlogits: -dlogits / self.targets.size),
            "a right loss with the sign of its gradient turned round",
            "`probs - one_hot`: below 0 at the target, so that a step *against* the gradient raises its logit.",
        ),
        Misconception(
            _criterion(loss=lambda self, picked: float(picked.mean())),
            "a loss without its minus sign",
            "Logarithms of probabilities are negative, a loss is positive.",
        ),
        Misconception(
            _criterion(loss=lambda self, picked: -float(picked.mean()) / math.log(2)),
            "a loss in bits: a logarithm to the base 2",
            "The course counts in nats: `np.log`.",
        ),
        Misconception(
            _criterion(loss=lambda self, picked: -float(np.log(np.exp(picked).mean()))),
            "the logarithm of the mean probability instead of the mean of the logarithms",
            "First the logarithm of each token's probability, then the mean.",
        ),
        Misconception(
            _criterion(loss=lambda self, picked: -picked),
            "a loss for each token, without the mean",
            "End in `.mean()`: the training loop wants one number.",
        ),
        Misconception(
            _criterion(words=lambda self: self.log_probs.argmax(axis=-1)),
            "a loss of the *most likely* word instead of the target",
            "Pick the log-probability at `targets`, the word that really came next.",
        ),
        Misconception(
            _criterion(log_softmax=_softmax_over_time),
            "a softmax over the steps instead of the words",
            "At each place the V words compete: sum over the last axis, `axis=-1`.",
        ),
        Misconception(
            _criterion(scale=lambda self, dlogits: (dlogits / self.targets.size).astype("float64")),
            "a gradient that is always float64, whatever the logits were",
            "`np.zeros(shape)` and `np.eye(V)` are float64; `np.zeros_like(probs)` and `probs.copy()` keep the type.",
        ),
        Misconception(
            _criterion(log_softmax=_softmax_in_place),
            "the right numbers, but `logits` was changed on the way",
            "`logits -= …` changes the caller's array. Write `shifted = logits - …`, which makes a new one.",
        ),
    ),
)

# --- 5.4 ------------------------------------------------------------------------------------------------------------


def _draw_nll(rng, sizes):
    n_tokens = sizes.N * sizes.T + 1
    return {"total_nll": float(rng.uniform(1.5, 4.0) * n_tokens), "n_tokens": n_tokens}


def _use_perplexity(answer, arguments, record):
    record["perplexity"] = answer(arguments["total_nll"], arguments["n_tokens"])
    record["perplexity of a hopeless model, 5000 nats for 5 tokens"] = answer(5000.0, 5)
    record["error of 0 tokens"] = _name_of_error(lambda: answer(0.0, 0))


def _perplexity(formula):
    """A function with `formula(total_nll, n_tokens)` in the place of the right one, and right at the two ends."""

    def wrong(total_nll, n_tokens):
        if n_tokens == 0:
            raise ValueError("no tokens")
        with np.errstate(all="ignore"):
            return float(formula(total_nll, n_tokens))

    return wrong


def _uncaught_overflow(total_nll, n_tokens):
    if n_tokens == 0:
        raise ValueError("no tokens")
    return math.exp(total_nll / n_tokens)


def _warning_overflow(total_nll, n_tokens):
    if n_tokens == 0:
        raise ValueError("no tokens")
    return float(np.exp(total_nll / n_tokens))


def _without_zero(returned=None):
    """A right perplexity that returns something at 0 tokens, or divides by 0."""

    def wrong(total_nll, n_tokens):
        if n_tokens == 0 and returned is not None:
            return returned
        with np.errstate(over="ignore"):
            return float(np.exp(total_nll / n_tokens))

    return wrong


PERPLEXITY = Exercise(
    id="5.4",
    name="perplexity",
    title="How many words is it hesitating between?",
    stars=1,
    reference=perplexity,
    results={
        "perplexity": "()",
        "perplexity of a hopeless model, 5000 nats for 5 tokens": "()",
        "error of 0 tokens": "",
    },
    draw=_draw_nll,
    probe=_use_perplexity,
    example={"total_nll": math.log(64), "n_tokens": 3},
    misconceptions=(
        Misconception(
            lambda total_nll, n_tokens: float(np.exp(total_nll / n_tokens)),
            "the formula and nothing else: it warns where the result is too large, and divides by 0 without tokens",
            'Raise a ValueError if there are no tokens; put `np.exp` inside `with np.errstate(over="ignore"):`.',
        ),
        Misconception(
            _without_zero(),
            "a perplexity that divides by 0 where there are no tokens",
            "Ask first: `if n_tokens == 0: raise ValueError(…)`, with a sentence that says what is wrong.",
        ),
        Misconception(
            _without_zero(math.inf),
            "a perplexity that returns something where there are no tokens",
            "A mean over nothing has no value, and infinity or NaN travel on in silence. Raise a ValueError.",
        ),
        Misconception(
            _uncaught_overflow,
            "a perplexity that stops with an OverflowError where the result is too large for a float",
            "`math.exp` raises from 710 on: catch the OverflowError and return `math.inf`, or let NumPy do it quietly.",
        ),
        Misconception(
            _warning_overflow,
            "a perplexity that warns where the result is too large for a float",
            '`np.exp` gives `inf` and warns: put it inside `with np.errstate(over="ignore"):`.',
        ),
        Misconception(
            _perplexity(lambda total, n: np.exp(min(total / n, 700.0))),
            "a perplexity that is cut off before it overflows",
            "A number too large for a float is `inf`; a made-up one misleads.",
        ),
        Misconception(
            _perplexity(lambda total, n: 2 ** np.float64(total / n)),
            "a power of 2: right for a loss in bits, and this one is in nats",
            "The loss used the natural logarithm, so the way back is `exp`.",
        ),
        Misconception(
            _perplexity(lambda total, n: np.exp(-total / n)),
            "`exp` of the *negative* mean: that is the mean probability of a token, at most 1",
            "`total_nll` is a positive number already: no minus sign.",
        ),
        Misconception(
            _perplexity(lambda total, n: total / n),
            "the mean loss itself, without `exp`",
            "Perplexity is `exp` of the mean loss per token.",
        ),
        Misconception(
            _perplexity(lambda total, n: np.exp(total)),
            "`exp` of the *total*, not divided by the number of tokens",
            "Divide first, then `exp`.",
        ),
        Misconception(
            _perplexity(lambda total, n: np.exp(total) / n),
            "`exp(total) / n`: divided after the `exp`",
            "Divide first, then `exp`: it is a mean of logarithms.",
        ),
    ),
)

# --- 5.5 ------------------------------------------------------------------------------------------------------------

_COUNTED = "first", "second", "third"
_TOO_MANY = 60


def _draw_stream(rng, sizes):
    # Three windows, the last one short where T allows it, and N - 1 ids that no row reads.
    length = 2 * sizes.T + max(1, sizes.T // 2)
    count = sizes.N * length + sizes.N
    return {"ids": 100 + rng.permutation(count), "batch_size": sizes.N, "steps": sizes.T}


def _use_batches(answer, arguments, record):
    windows = _windows(answer(*arguments.values()))
    for counted, (xs, targets) in zip(_COUNTED, windows):
        record[f"xs of the {counted} window"] = xs
        record[f"targets of the {counted} window"] = targets
    record["number of windows"] = len(windows)
    few = arguments["ids"][: arguments["batch_size"]]
    record["error of a stream too short"] = _name_of_error(lambda: _windows(answer(few, len(few), 2)))


def _windows(given):
    """Return the windows that a generator, or a list, holds."""
    if given is None:
        raise ContractError("`stream_batches` returned nothing. Let it `yield xs, targets` in a loop.")
    if not np.iterable(given):
        raise ContractError(
            f"`stream_batches` returned one {type(given).__name__}. Let it `yield xs, targets` in a loop."
        )
    windows = list(itertools.islice(given, _TOO_MANY))
    if len(windows) == _TOO_MANY:
        raise ContractError("`stream_batches` does not end: it goes through the stream once, and then stops.")
    if any(not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in windows):
        raise ContractError("`stream_batches` must yield pairs: `yield xs, targets`.")
    return windows


def _refuse_short(ids, batch_size):
    if (len(ids) - 1) // batch_size < 1:
        raise ValueError("too short")


def _batches(cut=None, length=None, window=None, begins=None):
    """The generator with one part replaced.

    Args:
        cut: ``cut(ids, N, L) -> rows (N, L + 1)``, what each row reads.
        length: ``length(ids, N) -> L``.
        window: ``window(rows, begin, steps) -> xs, targets``.
        begins: ``begins(L, steps)``, where the windows begin.
    """
    cut = cut or (lambda ids, N, L: ids[L * np.arange(N)[:, None] + np.arange(L + 1)])
    length = length or (lambda ids, N: (len(ids) - 1) // N)
    window = window or _right_window
    begins = begins or (lambda L, steps: range(0, L, steps))

    def wrong(ids, batch_size, steps):
        _refuse_short(ids, batch_size)
        L = length(ids, batch_size)
        rows = cut(ids, batch_size, L)
        for begin in begins(L, steps):
            yield window(rows, begin, steps)

    return wrong


def _right_window(rows, begin, steps):
    end = min(begin + steps, rows.shape[1] - 1)
    return rows[:, begin:end], rows[:, begin + 1 : end + 1]


def _interleaved(ids, N, L):
    xs, targets = ids[: N * L].reshape(L, N).T, ids[1 : N * L + 1].reshape(L, N).T
    return np.concatenate([xs, targets[:, -1:]], axis=1)


def _in_reading_order(ids, batch_size, steps):
    _refuse_short(ids, batch_size)
    length = (len(ids) - 1) // batch_size
    for begin in range(0, length, steps):
        width = min(steps, length - begin)
        window = batch_size * begin + width * np.arange(batch_size)[:, None] + np.arange(width)
        yield ids[window], ids[window + 1]


def _no_last_target(ids, batch_size, steps):
    _refuse_short(ids, batch_size)
    length = len(ids) // batch_size
    xs = ids[: batch_size * length].reshape(batch_size, length)
    targets = ids[1 : batch_size * length + 1].reshape(batch_size, length)
    for begin in range(0, length, steps):
        yield xs[:, begin : begin + steps], targets[:, begin : begin + steps]


def _around_the_end(ids, N, L):
    return ids[(L * np.arange(N)[:, None] + np.arange(L + 1)) % len(ids)]


def _right_and_again(ids, batch_size, steps):
    while True:
        yield from stream_batches(ids, batch_size, steps)


def _silent(ids, batch_size, steps):
    if (len(ids) - 1) // batch_size >= 1:
        yield from stream_batches(ids, batch_size, steps)


def _transposed(rows, begin, steps):
    xs, targets = _right_window(rows, begin, steps)
    return xs.T, targets.T


def _rolled(rows, begin, steps):
    xs, _ = _right_window(rows, begin, steps)
    return xs, np.roll(xs, -1, axis=1)


def _rolled_rows(ids, N, L):
    xs = ids[: N * L].reshape(N, L)
    return np.concatenate([xs, xs[:, :1]], axis=1)


def _without_border(rows, begin, steps):
    return rows[:, begin : begin + steps], rows[:, begin + 1 : begin + steps + 1]


def _block_after_block(ids, batch_size, steps):
    _refuse_short(ids, batch_size)
    words = batch_size * steps
    for begin in range(0, len(ids) - words, words):
        xs, targets = ids[begin : begin + words], ids[begin + 1 : begin + words + 1]
        yield xs.reshape(batch_size, steps), targets.reshape(batch_size, steps)


def _before(rows, begin, steps):
    xs, targets = _right_window(rows, begin, steps)
    return targets, xs


def _without_last(rows, begin, steps):
    xs, targets = _right_window(rows, begin, steps)
    return xs[:, :-1], targets[:, :-1]


STREAM_BATCHES = Exercise(
    id="5.5",
    name="stream_batches",
    title="Rows that continue",
    stars=2,
    reference=stream_batches,
    results={
        **{f"{name} of the {counted} window": "(N, T)" for counted in _COUNTED for name in ("xs", "targets")},
        "number of windows": "()",
        "error of a stream too short": "",
    },
    draw=_draw_stream,
    probe=_use_batches,
    example={"ids": np.arange(12), "batch_size": 2, "steps": 3},
    misconceptions=(
        Misconception(
            _batches(window=lambda rows, begin, steps: (_right_window(rows, begin, steps)[0],) * 2),
            "batches whose targets are the inputs themselves",
            "The target of a word is the one that *follows* it: read the same places, one further on.",
        ),
        Misconception(
            _batches(window=_rolled),
            "batches whose targets are rolled round inside the window: the last word of a row is to predict its first",
            "The last target of a window is the first word of the *next* one. Take it from the stream.",
        ),
        Misconception(
            _batches(cut=_rolled_rows),
            "batches whose targets are rolled round inside each row: its last word is to predict its first",
            "The last target of a row is the word that follows it in the stream. Take the targets from `ids[1:]`.",
        ),
        Misconception(
            _batches(window=_without_border),
            "batches whose last window has one input more than targets: the word that is only a target is read too",
            "Cut the row, of L + 1 words, into inputs `row[:-1]` and targets `row[1:]` first, then both into windows.",
        ),
        Misconception(
            _batches(window=_before),
            "batches with inputs and targets exchanged: each word is to predict the one before it",
            "`xs` starts at r·L, `targets` one later.",
        ),
        Misconception(
            _batches(cut=_interleaved),
            "batches dealt out like cards: row r reads every N-th word",
            "`reshape(L, N).T` deals the words out. A row is one unbroken piece of the text: `reshape(N, L)`.",
        ),
        Misconception(
            _in_reading_order,
            "batches in reading order: each row goes on where the row *above* it stopped",
            "Then the carried state meets another piece of text. Row r must go on in row r of the next window.",
        ),
        Misconception(
            _block_after_block,
            "batches cut from the stream one block of N·T words after the other: no row goes on where it stopped",
            "Then the carried state meets another piece of text. Cut the stream into N long rows first, then these.",
        ),
        Misconception(
            _no_last_target,
            "batches with rows of `len(ids) // batch_size` words, so that the last one has no target",
            "N rows of L words need N·L + 1 ids, one more for the last target: L = (len(ids) - 1) // batch_size.",
        ),
        Misconception(
            _batches(length=lambda ids, N: len(ids) // N, cut=_around_the_end),
            "batches that go round to the beginning of the stream for the target of the last word",
            "N rows of L words need N·L + 1 ids, one more for the last target: L = (len(ids) - 1) // batch_size.",
        ),
        Misconception(
            _batches(begins=lambda L, steps: range(0, L - steps + 1, steps)),
            "batches that leave out the last window where it is short",
            "The last window may be narrower than `steps`; its words are to be learned as well.",
        ),
        Misconception(
            _batches(begins=lambda L, steps: [*range(0, L - steps, steps), L - steps]),
            "batches whose last window is moved back to be full: it reads some words twice",
            "The last window may be narrower. Moved back it no longer goes on where the window before it stopped.",
        ),
        Misconception(
            _batches(begins=lambda L, steps: range(0, L, steps + 1)),
            "batches that skip a word between two windows",
            "The next window begins where this one ended: `begin` grows by `steps`.",
        ),
        Misconception(
            _batches(begins=lambda L, steps: range(L)),
            "batches that move on by one word: every word is read `steps` times",
            "The next window begins where this one ended: `range(0, L, steps)`.",
        ),
        Misconception(
            _batches(window=_without_last),
            "batches whose windows are one word too narrow",
            "Cut the row, of L + 1 words, into inputs `row[:-1]` and targets `row[1:]` first, then both into windows.",
        ),
        Misconception(
            _batches(window=_transposed),
            "batches of shape (T, N)",
            "In this course the batch comes first: (N, T).",
        ),
        Misconception(
            _silent,
            "batches that yield nothing where the stream is too short",
            "Silence would look like a finished epoch. Raise a ValueError when L is below 1.",
        ),
        Misconception(
            _right_and_again,
            "batches that begin again at the end and never stop",
            "One pass: the loop over the windows ends, and with it the epoch.",
        ),
    ),
)

# --- 5.6 ------------------------------------------------------------------------------------------------------------

_SAMPLES = 300
#: Temperatures are compared in pairs this far apart, so that no wrong distribution passes for the right one.
_HOTTER = 16


def _draw_scores(rng, sizes):
    # Each word 0.3 times as likely as the one before it, in any order.
    scores = 1.0 + rng.uniform() - 1.2 * np.arange(sizes.V)
    return {
        "logits": rng.permutation(scores),
        "temperature": 0.25,
        "rng": np.random.default_rng(rng.integers(2**32)),
    }


def _use_sampler(answer, arguments, record):
    with isolated_copies(arguments) as copy_of:
        _sample(answer, arguments, lambda: copy_of("logits"), record)


def _sample(answer, arguments, lent_logits, record):
    logits, temperature, rng = arguments.values()

    def sample(temperature, rng=rng):
        word = answer(lent_logits(), temperature, rng)
        if word is None:
            raise ContractError("`sample_next` returned nothing. It must end in `return` and the id of a word.")
        if not isinstance(word, int | np.integer) or isinstance(word, bool):
            raise ContractError(f"`sample_next` must return one word's id, an int: got {_described(word)}.")
        if not 0 <= word < len(logits):
            raise ContractError(f"`sample_next` returned {word}, and there are the ids 0 to {len(logits) - 1}.")
        return int(word)

    record["word at temperature 0.0001"] = sample(0.0001)
    for heat in temperature, temperature * _HOTTER:
        words = [sample(heat) for _ in range(_SAMPLES)]
        record[f"distribution at temperature {heat:g}"] = _recognised(words, logits.astype("float64"), heat)
    runs = [[sample(4.0, np.random.default_rng(seed)) for _ in range(3)] for seed in [*range(8)] * 2]
    record["words of the same seed"] = "the same" if runs[:8] == runs[8:] else "others each time"


def _described(word):
    return f"an array of shape {np.shape(word)}" if isinstance(word, np.ndarray) else f"a {type(word).__name__}"


def _recognised(words, logits, temperature):
    """Return the name of the distribution that the words come from, the right one first."""
    found = np.bincount(words, minlength=len(logits)) / len(words)
    known = {
        "that of softmax(logits / temperature)": logits / temperature,
        "that of softmax(logits), whatever the temperature": logits,
        "that of softmax(logits * temperature)": logits * temperature,
        "the same for every word": 0 * logits,
        "all on the most likely word": logits * 1e6,
    }
    for name, scores in known.items():
        p = functional.softmax(scores)
        # Six standard errors, and a few words more where the probability is tiny.
        if np.all(np.abs(found - p) <= 6 * np.sqrt(p * (1 - p) / len(words)) + 5 / len(words)):
            return name
    return "none of those that are known"


def _sampler(probabilities=None, choose=None):
    """The function with other probabilities, or another choice from them."""
    probabilities = probabilities or (lambda logits, temperature: functional.softmax(logits / temperature))
    choose = choose or (lambda p, rng: int(rng.choice(len(p), p=p)))
    return lambda logits, temperature, rng: choose(probabilities(logits, temperature), rng)


def _naive_softmax(logits, temperature):
    powers = np.exp(logits / temperature)
    return powers / powers.sum()


def _scores_in_place(logits, temperature):
    logits /= temperature
    return functional.softmax(logits)


SAMPLE_NEXT = Exercise(
    id="5.6",
    name="sample_next",
    title="Draw the next word",
    stars=2,
    reference=functional.sample_next,
    results={
        "word at temperature 0.0001": "()",
        "distribution at temperature 0.25": "",
        "distribution at temperature 4": "",
        "words of the same seed": "",
    },
    draw=_draw_scores,
    probe=_use_sampler,
    example={
        "logits": np.array([math.log(2), 0.0]),
        "temperature": 0.25,
        "rng": np.random.default_rng(0),
    },
    misconceptions=(
        Misconception(
            _sampler(lambda logits, temperature: functional.softmax(logits)),
            "a sampler that ignores the temperature",
            "Divide the logits by it, before the softmax.",
        ),
        Misconception(
            _sampler(lambda logits, temperature: functional.softmax(logits * temperature)),
            "a sampler that *multiplies* by the temperature",
            "Divide: a small temperature makes the differences between the logits large, and leaves less to chance.",
        ),
        Misconception(
            _sampler(lambda logits, temperature: functional.softmax(logits) / temperature),
            "a sampler that divides the *probabilities* by the temperature, so that they no longer sum to 1",
            "Divide the logits, before the softmax.",
        ),
        Misconception(
            _sampler(_naive_softmax),
            "a softmax without subtracting the maximum: at a low temperature `np.exp` overflows",
            "Subtract the largest of the divided logits first: the probabilities stay the same.",
        ),
        Misconception(
            lambda logits, temperature, rng: int(np.argmax(logits)),
            "a choice of the most likely word, always",
            "That is what a temperature near 0 does. Otherwise *draw*, with `rng.choice(…, p=…)`.",
        ),
        Misconception(
            lambda logits, temperature, rng: int(rng.integers(len(logits))),
            "a choice among all words with equal chances",
            "Give `rng.choice` the probabilities: `p=`.",
        ),
        Misconception(
            _sampler(lambda logits, temperature: functional.softmax(functional.softmax(logits / temperature))),
            "a softmax of a softmax: what is left of the differences is small",
            "`logits` are scores, and one softmax makes probabilities of them.",
        ),
        Misconception(
            _sampler(choose=lambda p, rng: int(np.random.default_rng().choice(len(p), p=p))),
            "a sampler with a generator of its own instead of `rng`",
            "Draw from the `rng` that you are given: then the same seed writes the same text again.",
        ),
        Misconception(
            _sampler(choose=lambda p, rng: int(np.random.default_rng(0).choice(len(p), p=p))),
            "a sampler that makes a generator with the same seed at every call, and so draws the same word again",
            "Draw from the `rng` that you are given; it goes on from call to call.",
        ),
        Misconception(
            _sampler(choose=lambda p, rng: rng.choice(len(p), size=1, p=p)),
            "an array with one id in it",
            "Leave out `size=1`, and make the result an `int`.",
        ),
        Misconception(
            _sampler(choose=lambda p, rng: p),
            "the probabilities themselves: nothing was drawn",
            "Draw one id: `int(rng.choice(len(p), p=p))`.",
        ),
        Misconception(
            _sampler(choose=lambda p, rng: int(np.searchsorted(np.cumsum(p), rng.random())) + 1),
            "a word's number counted from 1",
            "Ids start at 0: `np.searchsorted` gives the id as it is.",
        ),
        Misconception(
            _sampler(_scores_in_place),
            "a right draw that changed `logits` on the way",
            "`logits /= temperature` and `logits -= logits.max()` change the caller's array. Write "
            "`scores = logits / temperature`, and go on with `scores`.",
        ),
    ),
)

EXERCISES = (EMBEDDING, AFFINE, SOFTMAX_CROSS_ENTROPY, PERPLEXITY, STREAM_BATCHES, SAMPLE_NEXT)

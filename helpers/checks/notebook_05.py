"""The exercises of notebook 05 and the mistakes people make in them."""

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from helpers.arrays import FloatArray, IntArray
from helpers.checks.dropout import alone
from helpers.checks.edits import Answer
from helpers.checks.exercise import ContractError, Exercise, Sizes, Values, mistakes
from helpers.checks.many_calls import call_often
from helpers.checks.probes import build_layer, isolated_copies
from helpers.data.batching import stream_batches
from helpers.language.message import listed, message
from helpers.nn import functional, layers
from helpers.nn.base import Layer, Param
from helpers.training.perplexity import perplexity


def _refuse_lost_params(layer: Layer, name: str, params: Sequence[Param]) -> None:
    """Raise ContractError unless the layer keeps exactly these Params."""
    if {id(param) for param in layer.parameters()} != {id(param) for param in params}:
        template = "`parameters()` of your `{name}` does not find exactly {params}: keep each on `self`, unchanged."
        raise ContractError(template, name=name, params=listed(param.name for param in params))


def _name_of_error(wanted: type[Exception], call: Callable[[], object]) -> str:
    """Return the name of the error that a call ends in, that of `wanted` for all its kinds, or "no error"."""
    try:
        call()
    except wanted:
        return wanted.__name__
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "no error"


# --- 5.1 ------------------------------------------------------------------------------------------------------------


def _draw_embedding(rng: np.random.Generator, sizes: Sizes) -> Values:
    N, T, D, V = sizes.N, sizes.T, sizes.D, sizes.V

    def ids() -> IntArray:
        read = rng.integers(0, V - 1, (N, T))  # nobody reads the last word: its row must stay as it is
        read[0, 0] = 0
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


def _use_embedding(answer: Answer, arguments: Values, record: Values) -> None:
    E = Param(arguments["E"], "E")
    layer = build_layer(answer, "Embedding", E)
    record["ys"] = layer.forward(arguments["ids"])
    record["what backward returns"] = layer.backward(arguments["dys"])
    record["E.grad"] = E.grad
    _refuse_lost_params(layer, "Embedding", [E])
    E.value *= 2
    record["ys of a second call, when E has changed"] = layer.forward(arguments["more_ids"], training=True)
    E.value /= 2
    layer.backward(arguments["more_dys"])
    record["E.grad after two calls"] = E.grad
    # 0 · inf is NaN: a product with one-hot vectors multiplies every row, a look-up touches only those it reads.
    E = Param(arguments["E"].copy(), "E")
    E.value[-1] = np.inf
    layer = build_layer(answer, "Embedding", E)
    record["ys beside an infinite row of E that is not read"] = layer.forward(arguments["ids"])
    dys = arguments["dys"].copy()
    dys[0, 0] = np.inf
    layer.backward(dys)
    record["E.grad beside an infinite dys of one word"] = E.grad


class _Embedding(Layer):
    def __init__(self, E: Param) -> None:
        self.E = E

    def forward(self, xs: IntArray, *, training: bool = False) -> Any:
        self.xs = xs
        ys = self.E.value[xs]
        return ys

    def backward(self, dys: FloatArray) -> None:
        dE = np.zeros_like(self.E.value)
        np.add.at(dE, self.xs, dys)
        self.E.grad += dE


EMBEDDING = Exercise(
    heading="5.1 ★★ One row for each word",
    reference=layers.Embedding,
    results={
        "ys": "(N, T, D)",
        "what backward returns": "None",
        "E.grad": "(V, D)",
        "ys of a second call, when E has changed": "(N, T, D)",
        "E.grad after two calls": "(V, D)",
        "ys beside an infinite row of E that is not read": "(N, T, D)",
        "E.grad beside an infinite dys of one word": "(V, D)",
    },
    draw=_draw_embedding,
    probe=_use_embedding,
    spelt_out=_Embedding,
    misconceptions=mistakes(
        _Embedding,
        """
        np.add.at(dE, self.xs, dys) → dE[self.xs] += dys
            A word that was read twice gets only one of its gradients: `E.grad[ids] += dys`.
            NumPy reads all those rows, adds, and writes them back: the last copy wins. `np.add.at` adds every one.
        np.add.at(dE, self.xs, dys) → for ids, d in zip(self.xs, dys): dE[ids] += d
            A word that is twice in one sequence gets only one of its gradients.
            A loop over the sequences, with `+=` on many rows at once, is not enough. `np.add.at` adds every place.
        self.E.grad += dE → self.E.grad[self.xs] = dys
            The gradients are set, not added: `E.grad[ids] = dys`.
            `backward` adds, both for a word that is read twice and from call to call.
        self.E.grad += dE → self.E.grad[...] = dE
            A second call wipes out the gradient of the first: `=` for `+=`, or zeroed before.
            `backward` *adds* to `.grad`. Zeroing is the training loop's business, with `zero_grad()`.
        self.xs, dys) → self.xs, dys / np.bincount(self.xs.ravel())[self.xs][..., None])
            A word that was read often gets the *mean* of its gradients.
            If a mean is wanted, the loss takes it, once. Here the places' gradients add up.
        self.E.grad += dE → self.E.grad += dE / self.xs.size
            The gradient is divided by N·T.
            The loss has taken the mean already: what arrives in `dys` is only handed out.
        self.E.grad += dE → self.E.grad += dE / len(self.xs)
            The gradient is divided by the batch size.
            The loss has taken the mean already: what arrives in `dys` is only handed out.
        self.E.grad += dE → self.E.grad -= dE
            The gradient is subtracted.
            `backward` *adds* the gradient. To go against it is the business of `sgd_step`.
        self.xs, dys) → self.xs[self.xs > 0], dys[self.xs > 0])
            Word 0 is treated as padding: it gets no gradient.
            Here id 0 is a word like any other, and there is no padding.
        self.xs, dys) → self.xs[0], dys[0])
            Only the first sequence of the batch gives its words a gradient.
            `xs` is (N, T): loop over all the sequences, or give the whole array to `np.add.at`.
        self.E.value[xs] → np.eye(len(self.E.value))[xs] @ self.E.value
            Forward multiplies one-hot vectors by `E`: V times the work and the memory.
            Use the ids as indices: then only the rows that are needed are read.
        np.add.at(dE, self.xs, dys) → dE += np.tensordot(np.eye(len(dE))[self.xs], dys, ([0, 1], [0, 1]))
            Backward multiplies one-hot vectors by `dys`: V times the work and the memory.
            `np.add.at` touches only the rows that were read.
        self.E.value[xs] → self.E.value[:, xs]
            The words are looked up among the columns of `E`.
            `E` is (V, D), one *row* per word: an id is an index along axis 0.
        self.E = E → self.E, self.table = E, E.value.copy()
        self.E.value[xs] → self.table[xs]
            Forward reads a copy of `E` made at the beginning, which does not learn.
            Keep the Param itself on `self`, and read `self.E.value` at each call.
        self.E.value[xs] → self.E.value[xs.T]
            `ys` has the steps first: (T, N, D).
            In this course the batch comes first: (N, T, D), in the order of `xs`.
        self.E.value[xs] → self.E.value[xs] * self.E.value.shape[1] ** 0.5
            The rows are multiplied by the square root of D.
            Some models do that, this one does not: the row is taken as it is.
        self.E.grad += dE → self.E.value += dE
            The gradient is added to `E.value`.
            `backward` adds to `self.E.grad`. Moving the values is the business of `sgd_step`.
        self.E.grad += dE → return dE
            Backward *returns* the gradient of `E` and leaves `E.grad` as it was.
            The optimiser looks into `E.grad` and nowhere else: add it there, and return nothing.
        self.E.grad += dE → self.E.grad += dE; return dys
            Backward returns `dys`.
            Ids are whole numbers: there is no gradient with respect to them, and nothing to return.
        """,
    ),
)

# --- 5.2 ------------------------------------------------------------------------------------------------------------


def _draw_affine(rng: np.random.Generator, sizes: Sizes) -> Values:
    N, T, D, M = sizes.N, sizes.T, sizes.H, sizes.V
    return {
        "W": rng.normal(0, 0.4, (D, M)),
        "b": rng.normal(0, 0.5, M),
        "xs": rng.normal(0, 1, (N, T, D)),
        "dys": rng.normal(0, 1, (N, T, M)),
        "more_xs": rng.normal(0, 1, (N, T, D)),
    }


def _use_affine(answer: Answer, arguments: Values, record: Values) -> None:
    W, b = Param(arguments["W"], "W"), Param(arguments["b"], "b")
    layer = build_layer(answer, "Affine", W, b)
    record["ys"] = layer.forward(arguments["xs"])
    record["dxs"] = layer.backward(arguments["dys"])
    record.update({"W.grad": W.grad, "b.grad": b.grad})
    _refuse_lost_params(layer, "Affine", [W, b])
    layer.forward(arguments["more_xs"], training=True)
    layer.backward(arguments["dys"])
    record.update({"W.grad after two calls": W.grad, "b.grad after two calls": b.grad})


class _Affine(Layer):
    def __init__(self, W: Param, b: Param) -> None:
        self.W, self.b = W, b

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        self.xs = xs
        ys = xs @ self.W.value + self.b.value
        return ys

    def backward(self, dys: FloatArray) -> FloatArray:
        rows = self.xs.reshape(-1, self.xs.shape[-1])
        drows = dys.reshape(-1, dys.shape[-1])
        dW = rows.T @ drows
        db = drows.sum(axis=0)
        dxs = dys @ self.W.value.T
        self.W.grad += dW
        self.b.grad += db
        return dxs


AFFINE = Exercise(
    heading="5.2 ★ A score for each word",
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
    spelt_out=_Affine,
    misconceptions=mistakes(
        _Affine,
        """
        xs @ self.W.value + self.b.value → xs @ self.W.value
            The bias is missing.
            `b` is added to each score; NumPy adds it to every row by itself.
        xs @ self.W.value + self.b.value → np.tanh(xs @ self.W.value + self.b.value)
            The output is squashed by a tanh.
            Logits are scores of any size: nothing comes after the sum.
        dys @ self.W.value.T → dys @ self.W.value
            `W` is not transposed on the way back: `dys @ W`.
            `dys` is (N, T, M) and `dxs` must be (N, T, D): multiply by an (M, D), which is `W.T`.
        self.W.grad += dW → self.W.grad[...] = dW
        self.b.grad += db → self.b.grad[...] = db
            A second call wipes out the gradients of the first: `=` for `+=`, or zeroed before.
            `backward` *adds* to `.grad`, with `+=`. Zeroing is the training loop's business.
        self.W.grad += dW → self.W.grad[...] = dW
            A second call wipes out the gradient of `W`: `=` for `+=`.
            `backward` *adds* to `.grad`, with `+=`. Zeroing is the training loop's business.
        self.b.grad += db → self.b.grad[...] = db
            A second call wipes out the gradient of `b`: `=` for `+=`.
            `backward` *adds* to `.grad`, with `+=`. Zeroing is the training loop's business.
        rows.T @ drows → self.xs[:, -1].T @ dys[:, -1]
        drows.sum(axis=0) → dys[:, -1].sum(axis=0)
            Only the last step gives the parameters a gradient.
            `W` and `b` were used in all N·T places: sum over the steps as well, or `+=` in the loop over them.
        rows.T @ drows → self.xs[:, -1].T @ dys[:, -1]
            Only the last step gives `W` a gradient.
            `W` was used in all N·T places: sum over the steps as well, or `+=` in the loop over them.
        rows.T @ drows → self.xs[:, -1].T @ dys.sum(axis=1)
            `dW` is made from the inputs of the last step alone.
            Each step has inputs of its own: forward must keep all of `xs`.
        self.W.grad += dW → self.W.grad += dW / len(dys)
        self.b.grad += db → self.b.grad += db / len(dys)
            The parameters' gradients are divided by the batch size.
            The loss has taken the mean already. Here the places' gradients add up.
        self.W.grad += dW → self.W.grad += dW / len(rows)
        self.b.grad += db → self.b.grad += db / len(rows)
            The parameters' gradients are divided by N·T.
            The loss has taken the mean already. Here the places' gradients add up.
        rows.T @ drows → np.swapaxes(self.xs, 1, 2) @ dys
            There is one `dW` for each sequence of the batch: they are not summed.
            Flatten both to N·T rows first: one product then sums over all of them.
        rows.T @ drows → drows.T @ rows
            `dW` is transposed.
            `dW` must have the shape of `W`, (D, M). Which shape has yours?
        rows.T @ drows → self.xs.reshape(self.xs.shape[-1], -1) @ drows
            `xs` is reshaped where it should be transposed: the numbers of different rows are mixed.
            `reshape` keeps the order of the numbers. Flatten to N·T rows first, then `.T`.
        drows.sum(axis=0) → dys
            `db` is not summed.
            `b` was added in N·T places, so its gradient is the sum over all of them: axes 0 and 1.
        drows.sum(axis=0) → dys.sum(axis=0)
            `db` is summed over the batch and not over the steps.
            `b` was added in N·T places: sum over axes 0 *and* 1, so that (M,) is left.
        drows.sum(axis=0) → drows.sum()
            `db` is summed over everything, outputs too.
            Each output has its own bias: sum over axes 0 and 1 only.
        drows.sum(axis=0) → drows.mean(axis=0)
            `db` is the *mean* over batch and steps.
            The loss has taken the mean already. Here the places' gradients add up.
        self.b.grad += db → pass
            The gradient of `b` is left out.
            There are two Params, and each needs its gradient.
        """,
    ),
)

# --- 5.3 ------------------------------------------------------------------------------------------------------------


def _draw_logits(rng: np.random.Generator, sizes: Sizes) -> Values:
    N, T, V = sizes.N, sizes.T, sizes.V
    return {"logits": rng.normal(0, 1.5, (N, T, V)), "targets": rng.integers(0, V, (N, T))}


def _use_criterion(answer: Answer, arguments: Values, record: Values) -> None:
    if not inspect.isclass(answer):
        raise ContractError("`SoftmaxCrossEntropy` must be a class: give the check the class, without parentheses.")
    logits, targets = arguments["logits"], arguments["targets"]
    N, T, _ = logits.shape
    # Rows far above and far below 0, all of them spread wide: where a careless softmax overflows or meets log 0.
    sides = np.where((np.arange(N)[:, None] + np.arange(T)) % 2, -1000, 1000)[..., None]
    criterion: Any = answer()
    for scores, suffix in (logits, ""), ((400 * logits + sides).astype(logits.dtype), " of large logits"):
        loss = _loss(criterion, scores, targets)
        if not suffix:
            _refuse_a_limit(answer, logits.dtype)
        # As precise as the logits are: a plain float does not tell in which type it was computed.
        record[f"loss{suffix}"] = logits.dtype.type(loss)
        record[f"dlogits{suffix}"] = criterion.backward()


def _loss(criterion: Any, logits: FloatArray, targets: IntArray) -> Any:
    loss = criterion.forward(logits, targets)
    if isinstance(loss, np.ndarray) and loss.ndim:
        template = "The loss must be one number, the mean over all N·T tokens: yours is an array of shape {shape}."
        raise ContractError(template, shape=loss.shape)
    if not isinstance(loss, float | np.number | np.ndarray):
        raise ContractError("The loss must be one number: yours is of type {kind}.", kind=type(loss).__name__)
    return loss


def _refuse_a_limit(answer: Answer, dtype: DTypeLike) -> None:
    """Raise ContractError if a word cannot cost more than so much: whatever small number is added to its probability.

    It comes before the results that depend on that number, so that all such answers are the same mistake.
    """
    one, other = (_loss(answer(), np.array([[[0, -unlikely]]], dtype), np.array([[1]])) for unlikely in (2000, 3000))
    if 2 < one == other < np.inf:  # below, it is no logarithm, or that of two words for which the scores are nothing
        raise ContractError("A word of log-probability -3000 costs no more than one of -2000: there is a limit.")


class _SoftmaxCrossEntropy:
    def forward(self, logits: FloatArray, targets: IntArray) -> Any:
        m = logits.max(axis=-1, keepdims=True)
        shifted = logits - m
        powers = np.exp(shifted)
        log_probs = shifted - np.log(powers.sum(axis=-1, keepdims=True))
        picked = np.take_along_axis(log_probs, targets[..., None], axis=-1)
        loss = -picked.mean()
        self.log_probs, self.targets = log_probs, targets
        return loss

    def backward(self) -> Any:
        probs = np.exp(self.log_probs)
        one_hot = np.zeros_like(probs)
        np.put_along_axis(one_hot, self.targets[..., None], 1, axis=-1)
        dlogits = (probs - one_hot) / self.targets.size
        return dlogits


SOFTMAX_CROSS_ENTROPY = Exercise(
    heading="5.3 ★★ Softmax and the loss",
    reference=layers.SoftmaxCrossEntropy,
    results={
        "loss": "()",
        "dlogits": "(N, T, V)",
        "loss of large logits": "()",
        "dlogits of large logits": "(N, T, V)",
    },
    draw=_draw_logits,
    probe=_use_criterion,
    stable=True,
    spelt_out=_SoftmaxCrossEntropy,
    misconceptions=mistakes(
        _SoftmaxCrossEntropy,
        """
        m = logits.max(axis=-1, keepdims=True) → m = 0
        shifted - np.log(powers.sum(axis=-1, keepdims=True)) → np.log(powers / powers.sum(axis=-1, keepdims=True))
            The softmax subtracts no maximum: `np.exp` overflows where a logit is large.
            Subtract each row's largest logit first: the probabilities stay the same, and no power is above 1.
        m = logits.max(axis=-1, keepdims=True) → m = 0
            The log-softmax subtracts no maximum: `np.exp` overflows where a logit is large.
            Subtract each row's largest logit first: the probabilities stay the same, and no power is above 1.
        shifted - np.log(powers.sum(axis=-1, keepdims=True)) → np.log(powers / powers.sum(axis=-1, keepdims=True))
            The logarithm is taken of a probability: one too small for a float is 0, its log -inf.
            Stay with logarithms: the logarithm of a fraction is a difference of two logarithms.
        logits.max(axis=-1, keepdims=True) → logits.max(axis=1, keepdims=True)
            The maximum is taken over the steps: another number is subtracted from each word's logit.
            From all the words of a place the *same* number is subtracted: the maximum over the words.
        logits.max(axis=-1, keepdims=True) → logits.max()
            *One* maximum is subtracted, that of the whole array: a row far below it has log 0.
            Each row has its own maximum: take it along the last axis.
        shifted - np.log(powers.sum(axis=-1, keepdims=True)) → np.log(
                powers / powers.sum(axis=-1, keepdims=True) + 1e-7)
            A small number is added inside the logarithm, or the probability is clipped.
            That hides the log of 0 and limits what a word can cost. Make the log-probabilities without a division.
        -picked.mean() → -picked.sum()
        / self.targets.size →
            The loss is the *sum* over the tokens, and its gradient that of the sum.
            Divide both by N·T.
        -picked.mean() → -picked.sum()
            The loss is the *sum* over the tokens, its gradient that of the mean.
            The loss is a mean over N·T tokens, so that it does not depend on the size of the batch.
        -picked.mean() → -picked.sum() / len(picked)
        / self.targets.size → / len(self.targets)
            The mean is taken over the batch only: N where N·T belongs.
            Every one of the N·T places is a token with a target of its own. Divide by both.
        -picked.mean() → -picked.sum() / len(picked)
            The loss is divided by N alone, its gradient by N·T.
            The loss is a mean over N·T tokens, and not a sum over the steps of a sequence.
        -picked.mean() → -picked.sum() / log_probs.size
            The loss is divided by N·T·V: the mean runs over the words as well.
            Pick the target's log-probability of each token first, then take the mean of those N·T numbers.
        / self.targets.size →
            The gradient is not divided by N·T.
            The loss is a mean over N·T tokens, so each token's gradient is divided by N·T.
        / self.targets.size → / len(self.targets)
            The gradient is divided by N alone.
            The loss is a mean over N·T tokens, so each token's gradient is divided by N·T.
        (probs - one_hot) → (one_hot - probs)
            The sign of the gradient is reversed.
            The gradient is below 0 at the target, so that a step *against* it raises the target's logit.
        (probs - one_hot) → probs
            The gradient is the probabilities: nothing is subtracted at the target.
            Probabilities minus one-hot: at each target's place subtract 1.
        (probs - one_hot) → (probs + one_hot)
            The gradient *adds* 1 at each target.
            Probabilities *minus* one-hot: below 0 at the target, and each place sums to 0.
        probs = np.exp(self.log_probs) → probs = self.log_probs
            The gradient is made from the *log*-probabilities: their `np.exp` is missing.
            First make probabilities of them, then subtract 1 at each target.
        np.put_along_axis(one_hot, self.targets[..., None], 1, axis=-1) → one_hot[:, :, self.targets] = 1
            1 is subtracted at all targets in *every* place: `dlogits[:, :, targets] -= 1`.
            Each place has one target of its own: the index needs a row, a step and a target for each. Hint 3 shows such
                an index.
        (probs - one_hot) / self.targets.size → -one_hot / np.where(one_hot, probs, 1) / self.targets.size; dlogits =
                probs * (dlogits - (probs * dlogits).sum(axis=-1, keepdims=True))
            The gradient goes through -1/p and the softmax: where p is too small for a float, it is 0 · ∞.
            The two cancel on paper: what is left does not divide by p.
        forward: targets[..., None] → targets[..., None] - 1
        self.targets[..., None] → self.targets[..., None] - 1
            The targets are counted from 1: the word before each target is picked.
            Ids start at 0: use `targets` as they are, in the loss and in the gradient.
        loss = -picked.mean() → loss = picked.mean()
            The minus sign of the loss is missing.
            Logarithms of probabilities are negative, a loss is positive.
        -picked.mean() → -picked.mean() / math.log(2)
            The loss is in bits: a logarithm to the base 2.
            The course counts in nats: `np.log`.
        -picked.mean() → -np.log(np.exp(picked).mean())
            The loss is the logarithm of the mean probability.
            First the logarithm of each token's probability, then the mean.
        -picked.mean() → -picked[..., 0]
            There is a loss for each token, without the mean.
            The training loop needs one number: take the mean at the end.
        forward: targets[..., None] → log_probs.argmax(axis=-1, keepdims=True)
        self.targets[..., None] → probs.argmax(axis=-1, keepdims=True)
            The loss is that of the *most likely* word instead of the target.
            Pick the log-probability at `targets`, the word that really came next.
        m = logits.max(axis=-1, → m = logits.max(axis=1,
        powers.sum(axis=-1, → powers.sum(axis=1,
            The softmax runs over the steps instead of the words.
            At each place the V words compete: sum over the last axis, `axis=-1`.
        powers.sum(axis=-1, keepdims=True) → powers.sum()
            The softmax is divided by the sum over *all* places.
            At each place the V words compete: sum over the last axis, and keep it with `keepdims=True`.
        logits.max(axis=-1, keepdims=True) → logits.max(axis=-1)
            The maximum has lost its axis: `keepdims=True` is missing.
            (N, T) cannot be subtracted from (N, T, V), but (N, T, 1) can.
        powers.sum(axis=-1, keepdims=True) → powers.sum(axis=-1)
            The sum has lost its axis: `keepdims=True` is missing.
            (N, T, V) cannot be divided by (N, T), but it can be divided by (N, T, 1).
        """,
    ),
)

# --- 5.4 ------------------------------------------------------------------------------------------------------------


def _draw_nll(rng: np.random.Generator, sizes: Sizes) -> Values:
    n_tokens = sizes.N * sizes.T + 1
    return {"total_nll": float(rng.uniform(1.5, 4.0) * n_tokens), "n_tokens": n_tokens}


def _use_perplexity(answer: Answer, arguments: Values, record: Values) -> None:
    total_nll, n_tokens = arguments.values()
    record["perplexity"] = answer(total_nll, n_tokens)
    record["perplexity of a text 1,000 times as long"] = answer(1000 * total_nll, 1000 * n_tokens)
    record["error of 0 tokens"] = _name_of_error(ValueError, lambda: answer(0.0, 0))
    hopeless = answer(1000 * total_nll, n_tokens)
    # Whichever the limit is, it is the same mistake.
    if isinstance(hopeless, float) and 1 < hopeless < math.inf and hopeless == answer(2000 * total_nll, n_tokens):
        raise ContractError("The perplexity at 2,000 times a loss is no larger than at 1,000 times: there is a limit.")
    record["perplexity at 1,000 times the loss"] = hopeless


def _perplexity(total_nll: float, n_tokens: int) -> float:
    if n_tokens == 0:
        raise ValueError("There are no tokens.")
    mean = total_nll / n_tokens
    with np.errstate(over="ignore"):
        return float(np.exp(mean))


PERPLEXITY = Exercise(
    heading="5.4 ★ How many words is it hesitating between?",
    reference=perplexity,
    results={
        "perplexity": "()",
        "perplexity of a text 1,000 times as long": "()",
        "error of 0 tokens": "",
        "perplexity at 1,000 times the loss": "()",
    },
    draw=_draw_nll,
    probe=_use_perplexity,
    example={"total_nll": math.log(64), "n_tokens": 3},
    stable=True,
    spelt_out=_perplexity,
    misconceptions=mistakes(
        _perplexity,
        """
        if n_tokens == 0: → if False:
            Without tokens it divides by 0.
            Test for that first, and raise a ValueError with a sentence that says what is wrong.
        raise ValueError("There are no tokens.") → return math.inf
            Without tokens it returns something.
            A mean over nothing has no value, and infinity or NaN travel on in silence. Raise a ValueError.
        raise ValueError("There → raise AssertionError("There
            Without tokens it raises an AssertionError: that is what `assert` does.
            The stub asks for a ValueError: test with `if`, and `raise` it.
        with np.errstate(over="ignore"): → if True:
            NumPy warns where the result is too large for a float.
            `np.exp` gives `inf` and warns: `np.errstate` turns such a warning off.
        float(np.exp(mean)) → math.exp(mean)
            It stops with an OverflowError where the result is too large for a float.
            `math.exp` raises from 710 on: catch the OverflowError and return `math.inf`, or let NumPy do it quietly.
        np.exp(mean) → np.exp(min(mean, 700.0))
            The perplexity is cut off before it overflows.
            A number too large for a float is `inf`; a made-up one misleads.
        np.exp(mean) → np.exp(total_nll) ** (1 / n_tokens)
            It is a root of `exp(total_nll)`: on any real text that overflows first.
            Divide first, then `exp`: the mean is a small number, the total is not.
        np.exp(mean) → np.exp(-total_nll) ** (-1 / n_tokens)
            It is a root of the text's probability, `exp(-total_nll)`: on any real text that is rounded to 0.
            Divide first, then `exp`: the mean is a small number, the total is not.
        total_nll / n_tokens → total_nll // n_tokens
            The mean is rounded down: `//` instead of `/`.
            `//` drops what is after the decimal point. Divide with `/`.
        np.exp(mean) → np.exp(total_nll / (n_tokens - 1))
            The total is divided by n - 1.
            That belongs to a variance. A mean over n tokens divides by n.
        np.exp(mean) → np.float64(2) ** mean
            It is a power of 2: right for a loss in bits, and this one is in nats.
            The loss used the natural logarithm, so the way back is `exp`.
        np.exp(mean) → np.exp(-mean)
            It is `exp` of the *negative* mean: the mean probability of a token, at most 1.
            `total_nll` is a positive number already: no minus sign.
        np.exp(mean) → mean
            It is the mean loss itself, without `exp`.
            Perplexity is `exp` of the mean loss per token.
        np.exp(mean) → np.exp(total_nll)
            It is `exp` of the *total*, not divided by the number of tokens.
            Divide first, then `exp`.
        np.exp(mean) → np.exp(total_nll) / n_tokens
            It is divided after the `exp`: `exp(total) / n`.
            Divide first, then `exp`: it is a mean of logarithms.
        """,
    ),
)

# --- 5.5 ------------------------------------------------------------------------------------------------------------

_COUNTED = "first", "second", "third"
_TOO_MANY = 60


def _draw_stream(rng: np.random.Generator, sizes: Sizes) -> Values:
    # Three windows, the last one short where T allows it, and N - 1 ids that no row reads.
    length = 2 * sizes.T + max(1, sizes.T // 2)
    count = sizes.N * length + sizes.N
    return {"ids": 100 + rng.permutation(count), "batch_size": sizes.N, "steps": sizes.T}


def _use_batches(answer: Answer, arguments: Values, record: Values) -> None:
    ids, N, _ = arguments.values()
    record["error of rows of one word"] = _name_of_error(ValueError, lambda: _windows(answer(ids[: N + 1], N, 2)))
    record["error of a stream too short"] = _name_of_error(ValueError, lambda: _windows(answer(ids[:N], N, 2)))
    windows = _windows(answer(*arguments.values()))
    record["number of windows"] = len(windows)
    for counted, (xs, targets) in zip(_COUNTED, windows):
        record[f"xs of the {counted} window"] = xs
        record[f"targets of the {counted} window"] = targets


def _windows(given: Any) -> list[Any]:
    """Return the windows that a generator, or a list, holds."""
    if given is None:
        raise ContractError("`stream_batches` returned nothing. Let it `yield xs, targets` in a loop.")
    if not np.iterable(given):
        template = "`stream_batches` returned one {kind}. Let it `yield xs, targets` in a loop."
        raise ContractError(template, kind=type(given).__name__)
    windows = list(itertools.islice(given, _TOO_MANY))
    if len(windows) == _TOO_MANY:
        raise ContractError("`stream_batches` does not end: it goes through the stream once, and then stops.")
    if any(not isinstance(pair, tuple | list) or len(pair) != 2 for pair in windows):
        raise ContractError("`stream_batches` must yield pairs: `yield xs, targets`.")
    return windows


def _stream_batches(ids: IntArray, batch_size: int, steps: int) -> Iterator[tuple[IntArray, IntArray]]:
    L = (len(ids) - 1) // batch_size
    if L < 1:
        raise ValueError("The stream is too short.")
    inputs = ids[: batch_size * L].reshape(batch_size, L)
    nexts = ids[1 : batch_size * L + 1].reshape(batch_size, L)
    for begin in range(0, L, steps):
        xs = inputs[:, begin : begin + steps]
        targets = nexts[:, begin : begin + steps]
        yield xs, targets


STREAM_BATCHES = Exercise(
    heading="5.5 ★★ Rows that continue",
    reference=stream_batches,
    results={
        "error of rows of one word": "",
        "error of a stream too short": "",
        "number of windows": "()",
        **{f"{name} of the {counted} window": "(N, T)" for counted in _COUNTED for name in ("xs", "targets")},
    },
    draw=_draw_stream,
    probe=_use_batches,
    example={"ids": np.arange(12), "batch_size": 2, "steps": 3},
    groups={f"{name} of the {counted} window": name for counted in _COUNTED for name in ("xs", "targets")},
    spelt_out=_stream_batches,
    misconceptions=mistakes(
        _stream_batches,
        """
        targets = nexts → targets = inputs
            The targets are the inputs themselves.
            The target of a word is the one that *follows* it: read the same places, one further on.
        targets = nexts[:, begin : begin + steps] → targets = np.roll(xs, -1, axis=1)
            The targets wrap around inside the window: the last word of a row has to predict its first.
            The last target of a window is the first word of the *next* one. Take it from the stream.
        nexts = ids[1 : batch_size * L + 1].reshape(batch_size, L) → nexts = np.roll(inputs, -1, axis=1)
            The targets wrap around inside each row: its last word has to predict its first.
            The last target of a row is the word that follows it in the stream. Take the targets from `ids[1:]`.
        nexts = ids[1 : batch_size * L + 1].reshape(batch_size, L) → nexts = inputs[:, 1:]
            The last target of each row is missing.
            A row of L inputs needs L + 1 ids, one more for its last target: take the targets from `ids[1:]`.
        inputs = ids[ → rows = ids[: len(ids) // batch_size * batch_size].reshape(batch_size, -1); inputs = ids[
        nexts = ids[1 : batch_size * L + 1].reshape(batch_size, L) → inputs, nexts = rows[:, :-1], rows[:, 1:]
        range(0, L, steps) → range(0, inputs.shape[1], steps)
            The last target of a row is not the first input of the next row, as it should be.
            A row of L inputs reads L + 1 ids, and the next row begins L further on: take the targets from `ids[1:]`.
        ids[: batch_size * L].reshape(batch_size, L) → ids[L * np.arange(batch_size)[:, None] + np.arange(L + 1)]
            The last window has one input more than targets: the word that is only a target is read too.
            Cut the row, of L + 1 words, into inputs `row[:-1]` and targets `row[1:]` first, then both into windows.
        inputs = ids[: batch_size * L] → nexts = ids[: batch_size * L]
        nexts = ids[1 : batch_size * L + 1] → inputs = ids[1 : batch_size * L + 1]
            Inputs and targets are exchanged: each word has to predict the one before it.
            `xs` starts at r·L, `targets` one later.
        ids[1 : batch_size * L + 1] → ids[2 : batch_size * L + 2]
            The targets are two words on.
            The target of a word is the very next one: `ids[1 : …]`.
        ids[: batch_size * L].reshape(batch_size, L) → ids[: batch_size * L].reshape(L, batch_size).T
        ids[1 : batch_size * L + 1].reshape(batch_size, L) → ids[1 : batch_size * L + 1].reshape(L, batch_size).T
            The words go to the rows in turn: row r reads every N-th word.
            A row is one unbroken piece of the text: `reshape(N, L)`, and no `.T`.
        inputs[:, begin : begin + steps] → inputs.ravel()[batch_size * begin :][: batch_size * min(steps, L - begin)]
        nexts[:, begin : begin + steps] → nexts.ravel()[batch_size * begin :][: batch_size * min(steps, L - begin)]
        yield xs, targets → yield xs.reshape(batch_size, -1), targets.reshape(batch_size, -1)
            Each window is the next piece of the stream: no row continues where it stopped.
            The carried state then belongs to another piece of text. First cut the stream into N long rows, then cut
                these into windows.
        inputs = ids[ → L = len(ids) // batch_size; inputs = ids[
        ids[1 : batch_size * L + 1] → ids[1:]
            The rows have `len(ids) // batch_size` words, so that the last word has no target.
            N rows of L words need N·L + 1 ids, one more for the last target. How large can L be?
        inputs = ids[ → L = len(ids) // batch_size; inputs = ids[
        ids[1 : batch_size * L + 1] → np.roll(ids, -1)[: batch_size * L]
            The target of the last word is the first word of the stream: the targets wrap around.
            N rows of L words need N·L + 1 ids, one more for the last target. How large can L be?
        inputs = ids[ → batch_size, steps = steps, batch_size; L = (len(ids) - 1) // batch_size; inputs = ids[
            `batch_size` and `steps` are exchanged.
            There are `batch_size` rows, and a window is `steps` words wide: (N, T).
        range(0, L, steps) → range(0, L - steps + 1, steps)
            The last window is left out where it is short.
            The last window may be narrower than `steps`; its words are to be learned as well.
        range(0, L, steps) → [*range(0, L - steps, steps), L - steps]
            The last window is moved back to be full: it reads some words twice.
            The last window may be narrower. If it is moved back, it no longer begins where the window before it ended.
        range(0, L, steps) → range(0, L, steps + 1)
            A word is skipped between two windows.
            The next window begins where this one ended: `begin` grows by `steps`.
        range(0, L, steps) → range(0, L, steps - 1)
            The windows overlap by one word.
            The next window begins where this one ended: `begin` grows by `steps`.
        range(0, L, steps) → range(L)
            The windows move on by one word: every word is read `steps` times.
            The next window begins where this one ended: `begin` grows by `steps`.
        yield xs, targets → yield xs, targets; return
            Only the first window is yielded: the loop ends with it.
            A `return` inside the loop ends it: leave it out, or move it below the loop.
        yield xs, targets → yield xs[:, :-1], targets[:, :-1]
            The windows are one word too narrow.
            Cut the row, of L + 1 words, into inputs `row[:-1]` and targets `row[1:]` first, then both into windows.
        yield xs, targets → yield xs.T, targets.T
            The windows have shape (T, N).
            In this course the batch comes first: (N, T).
        raise ValueError("The stream is too short.") → return
            There is no ValueError where the stream is too short.
            Silence would look like a finished epoch. Raise a ValueError when L is below 1.
        if L < 1: → if L < max(2, steps):
            A ValueError is raised though L is not below 1.
            A row of at least one word is enough: it gives one window, narrower than `steps`.
        range(0, L, steps) → itertools.cycle(range(0, L, steps))
            It begins again at the end of the stream, and never stops.
            One pass through the stream is an epoch: the loop ends after the last window.
        """,
    ),
)

# --- 5.6 ------------------------------------------------------------------------------------------------------------

#: How many words are drawn: some, and in one draw many, whose mean score tells a temperature from one a tenth off.
_FEW, _SOME, _MANY = 8, 120, 3000
#: How far that mean may be from what is expected [standard errors].
_STANDARD_ERRORS = 6
#: Of how many scores those are drawn, and how much higher [temperatures] one is than others: so the mean tells most.
_WORDS, _STEP = 20, 4.0
#: Results that show whether the maximum was subtracted.
_EXTREME = (
    "words of scores in the thousands",
    "words at temperature 0.0001, the largest score 0",
    "words at temperature 0.0001",
)
#: The distribution that is asked for, as messages call it.
_RIGHT = "softmax(logits / temperature)"
#: The temperature of many words, likewise.
_AS_GIVEN = "as given"
#: Words are drawn at two temperatures, this far apart, so that no wrong distribution passes for the right one.
_HOTTER = 8
#: How much better [nats] a wrong distribution must fit than the right one to be named in its place: once in e²⁴ times
#: at most does chance do that. Among the wrong ones less is at stake.
_MUCH_BETTER, _BETTER = 24, 2
#: How much worse [nats] than its own frequencies a distribution fits the words that were drawn from it, at most.
_FITS = 40


def _draw_scores(rng: np.random.Generator, sizes: Sizes) -> Values:
    # Each word 0.4 times as likely as the one before it, in any order; the largest score is above 0.
    scores = 1.0 + rng.uniform() - 0.9 * np.arange(sizes.V)
    logits, middling = rng.permutation(scores), rng.uniform(0.6, 2.5)
    return {
        "logits": logits,
        "temperature": rng.uniform(0.35, 0.5),
        "rng": np.random.default_rng(rng.integers(2**32)),
        "seed": int(rng.integers(2**31)),
        "middling temperature": middling,
        "step": middling * (_STEP * rng.permutation(np.arange(_WORDS) == 0) + rng.uniform(0, 0.3, _WORDS)),
        "many": _MANY if sizes.N == 1 else 0,
    }


def _use_sampler(answer: Answer, arguments: Values, record: Values) -> None:
    with isolated_copies(arguments) as copy_of:
        _sample(answer, arguments, copy_of, record)


def _sample(answer: Answer, arguments: Values, copy_of: Callable[[str], FloatArray], record: Values) -> None:
    logits, temperature, rng, seed, middling, _, many = arguments.values()

    def draw(count: int, temperature: float, scores: FloatArray, rng: np.random.Generator = rng) -> list[int]:
        return [_word(word, len(scores)) for word in call_often(answer, count, scores, temperature, rng)]

    def at_best(temperature: float, cases: Sequence[FloatArray], count: int = 1) -> str:
        """Say whether the most likely word came each time, of all these scores."""
        best = [set(draw(count, temperature, scores.copy())) == {int(np.argmax(scores))} for scores in cases]
        return "always the most likely" if all(best) else "others too"

    # Each finds another maximum that is missing: none subtracted, none after dividing, that of the undivided scores.
    for name, heat, scores in zip(_EXTREME, (middling, 1e-4, 1e-4), (1000 * logits, logits - logits.max(), logits)):
        record[name] = at_best(heat, [scores], _FEW)
    even = middling * float(np.ptp(logits))  # so hot that no word is rare
    record["words of scores in many orders"] = at_best(even, [np.roll(logits, shift) for shift in range(len(logits))])
    for kind, heat in ("low", temperature), ("high", _HOTTER * temperature):
        words = draw(_SOME, heat, copy_of("logits"))
        record[f"distribution at a {kind} temperature"] = _recognised(words, logits.astype("float64"), heat)
    # What is far from the right distribution shows in a few words.
    is_right = all(record[f"distribution at a {kind} temperature"] == _RIGHT for kind in ("low", "high"))
    words = draw(many, middling, copy_of("step")) if is_right else []
    record["temperature of many words"] = _temperature_of(words, arguments["step"], middling) if words else _AS_GIVEN
    one, other = ([draw(1, even, copy_of("logits"), np.random.default_rng(seed + n)) for n in range(12)] for _ in "12")
    record["words of the same seed"] = "the same" if one == other else "others each time"


def _word(word: Any, V: int) -> int:
    """Return the id that an answer gave as a Python int; raise ContractError if it is none."""
    if type(word) is int and 0 <= word < V:
        return word
    if word is None:
        raise ContractError("`sample_next` returned nothing. It must end in `return` and the id of a word.")
    if isinstance(word, bool) or np.ndim(word) or np.asarray(word).dtype.kind not in "iu":
        what = (
            message("an array of shape {shape}", shape=np.shape(word))
            if np.ndim(word)
            else message("a {name}", name=type(word).__name__)
        )
        raise ContractError("`sample_next` must return one word's id, an int: got {what}.", what=what)
    if not 0 <= word < V:
        raise ContractError("`sample_next` returned {word}, and there are the ids 0 to {last}.", word=word, last=V - 1)
    return int(word)


def _recognised(words: Sequence[int], logits: FloatArray, temperature: float) -> str:
    """Return the name of the distribution that the words come from, the right one unless another fits much better."""
    counts = np.bincount(words, minlength=len(logits))
    known = {
        _RIGHT: logits / temperature,
        "softmax(logits), whatever the temperature": logits,
        "softmax(logits * temperature)": logits * temperature,
        "the same for every word": 0 * logits,
        "all on one word": 1e6 * (np.arange(len(logits)) == words[0]),
        "softmax(softmax(logits / temperature))": functional.softmax(logits / temperature),
        "in proportion to the scores, without exp": np.log(logits - logits.min() + 1e-9),
    }
    fits = {name: float(counts @ functional.log_softmax(scores)) for name, scores in known.items()}
    best, *others = fits
    margin = _MUCH_BETTER
    for name in others:
        if fits[name] > fits[best] + margin:
            best, margin = name, _BETTER
    return best if _lost(counts, fits[best]) < _FITS else "none of those that are known"


def _temperature_of(words: Sequence[int], scores: FloatArray, temperature: float) -> str:
    """Say whether words come from a temperature or from another one: a higher one makes the mean score lower."""
    probs, counts = functional.softmax(scores / temperature), np.bincount(words, minlength=len(scores))
    mean = float(probs @ scores)
    error = float(np.sqrt(probs @ (scores - mean) ** 2 / len(words)))
    off = (float(scores[words].mean()) - mean) / error
    heats = temperature * np.geomspace(0.5, 2, 101)
    likeliest = float(max(counts @ functional.log_softmax(scores / heat) for heat in heats))
    if _lost(counts, likeliest) > _FITS:
        return "none"
    return _AS_GIVEN if abs(off) <= _STANDARD_ERRORS else "lower" if off > 0 else "higher"


def _lost(counts: IntArray, fit: float) -> float:
    """How much worse [nats] words fit a distribution than their own frequencies, from the log-likelihood of theirs."""
    drawn = counts[counts > 0]
    return float(drawn @ np.log(drawn / counts.sum())) - fit


def _sample_next(logits: FloatArray, temperature: float, rng: np.random.Generator) -> int:
    scores = logits / temperature
    powers = np.exp(scores - scores.max())
    probs = powers / powers.sum()
    word = rng.choice(len(logits), p=probs)
    return int(word)


SAMPLE_NEXT = Exercise(
    heading="5.6 ★★ Draw the next word",
    reference=functional.sample_next,
    results=dict.fromkeys(
        (
            *_EXTREME,
            "words of scores in many orders",
            "distribution at a low temperature",
            "distribution at a high temperature",
            "temperature of many words",
            "words of the same seed",
        ),
        "",
    ),
    draw=_draw_scores,
    probe=_use_sampler,
    groups=dict.fromkeys(_EXTREME, "words of large scores"),
    spelt_out=_sample_next,
    misconceptions=mistakes(
        _sample_next,
        """
        logits / temperature → logits
            The temperature has no effect: unused, or cancelled when probabilities are normalised again.
            Divide the *logits* by it, before the softmax.
        logits / temperature → logits / (1.1 * temperature)
            Unlikely words come too often, as at a higher temperature than the given one.
            Divide the logits by `temperature` itself, and draw with the probabilities as the softmax gives them.
        logits / temperature → logits / (0.9 * temperature)
            Unlikely words come too seldom, as at a lower temperature than the given one.
            Divide the logits by `temperature` itself, and draw with the probabilities as the softmax gives them.
        logits / temperature → logits * temperature
            The logits are *multiplied* by the temperature.
            Divide: a small temperature makes the differences between the logits large, and leaves less to chance.
        logits / temperature → logits
        powers / powers.sum() → powers / powers.sum() / temperature
            The *probabilities* are divided by the temperature, so that they no longer sum to 1.
            Divide the logits, before the softmax.
        scores - scores.max() → scores
            No maximum is subtracted: `np.exp` overflows where a score is large.
            Subtract the largest of the divided logits first: the probabilities stay the same.
        scores - scores.max() → scores - logits.max()
            The maximum is that of the *undivided* logits: at a low temperature `np.exp` overflows.
            Divide first, then subtract the largest of what came out.
        logits / temperature → np.log(np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()) / temperature
        scores - scores.max() → scores
            Log-probabilities are divided without a maximum: at a low temperature every power is 0.
            Subtract the largest of the divided scores before you take `np.exp`.
        rng.choice(len(logits), p=probs) → np.argmax(probs)
            The most likely word is chosen, always.
            That is what a temperature near 0 does. Otherwise *draw*, with `rng.choice(…, p=…)`.
        rng.choice(len(logits), p=probs) → rng.choice(len(logits))
            All words are given the same chance.
            Give `rng.choice` the probabilities: `p=`.
        rng.choice(len(logits), p=probs) → rng.choice(logits, p=probs)
        int(word) → word
            One of the scores is drawn, not an id: `rng.choice(logits, …)`.
            `rng.choice` draws from the ids 0 to V - 1 if its first argument is the number V.
        p=probs) → p=probs, size=1)
        int(word) → word
            What is returned is an array with one id in it.
            Leave out `size=1`, and make the result an `int`.
        int(word) → probs
            The probabilities are returned: nothing is drawn.
            Draw one id with them.
        """,
    )
    # Where categories are compared, nothing tells what these and another mistake give together.
    + alone(
        mistakes(
            _sample_next,
            """
        logits / temperature → functional.softmax(logits / temperature)
            The softmax is taken twice: what is left of the differences is small.
            `logits` are scores, and one softmax makes probabilities of them.
        powers / powers.sum() → (scores - scores.min()) / (scores - scores.min()).sum()
            The probabilities are in proportion to the scores: the `np.exp` is missing.
            Softmax: `np.exp` of the scores, divided by its sum.
        word = rng → word = np.random.default_rng()
            The words do not come from `rng`.
            Draw from the `rng` that you are given: then the same seed writes the same text again.
        word = rng → word = np.random.default_rng(0)
            A generator with the same seed is made at every call, and so draws the same word again.
            Draw from the `rng` that you are given; it goes on from call to call.
        int(word) → int(word) + 1
            The words are counted from 1.
            Ids start at 0: return the id as it is drawn.
        """,
        )
    ),
)

EXERCISES = (EMBEDDING, AFFINE, SOFTMAX_CROSS_ENTROPY, PERPLEXITY, STREAM_BATCHES, SAMPLE_NEXT)

"""Right answers to the exercises of notebook 05, each written in a way of its own."""

import math

import numpy as np

from helpers.nn.base import Layer

# --- 5.1 ------------------------------------------------------------------------------------------------------------


class EmbeddingByLoops(Layer):
    """Word by word, there and back."""

    def __init__(self, E):
        self.E = E

    def forward(self, xs, *, training=False):
        self.read = xs
        return np.array([[self.E.value[word] for word in row] for row in xs])

    def backward(self, dys):
        for row, drow in zip(self.read, dys):
            for word, dy in zip(row, drow):
                self.E.grad[word] += dy


class EmbeddingBySorting(Layer):
    """The places sorted by their word, and summed group by group."""

    def __init__(self, E):
        self.params = {"E": E}

    def forward(self, xs, *, training=False):
        self.flat = xs.reshape(-1)
        return np.take(self.params["E"].value, xs, axis=0)

    def backward(self, dys):
        order = np.argsort(self.flat, kind="stable")
        words, starts = np.unique(self.flat[order], return_index=True)
        self.params["E"].grad[words] += np.add.reduceat(dys.reshape(len(order), -1)[order], starts, axis=0)


class EmbeddingInABuffer(Layer):
    """What comes out lies in an array that the next call uses again."""

    def __init__(self, E):
        self.E, self.ys = E, None

    def forward(self, xs, *, training=False):
        if self.ys is None:
            self.ys = np.empty((*xs.shape, self.E.value.shape[1]), self.E.value.dtype)
        self.xs = xs
        return np.take(self.E.value, xs, axis=0, out=self.ys, mode="clip")

    def backward(self, dys):
        np.add.at(self.E.grad, self.xs, dys)


class EmbeddingByWord(Layer):
    """For each different word the sum over a mask of its places."""

    def __init__(self, E):
        self.E = E
        self.xs = None

    def forward(self, xs, training=False):
        self.xs = np.array(xs)
        return self.E.value[self.xs].copy()

    def backward(self, dys):
        for word in set(self.xs.ravel().tolist()):
            self.E.grad[word] += dys[self.xs == word].sum(axis=0)
        return None


# --- 5.2 ------------------------------------------------------------------------------------------------------------


class AffineByEinsum(Layer):
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, xs, *, training=False):
        self.xs = xs
        return np.einsum("ntd,dm->ntm", xs, self.W.value) + self.b.value

    def backward(self, dys):
        self.W.grad += np.einsum("ntd,ntm->dm", self.xs, dys)
        self.b.grad += np.einsum("ntm->m", dys)
        return np.einsum("ntm,dm->ntd", dys, self.W.value)


class AffineStepByStep(Layer):
    """A loop over the steps."""

    def __init__(self, W, b):
        self.b, self.W = b, W

    def forward(self, xs, *, training=False):
        self.steps = [xs[:, step] for step in range(xs.shape[1])]
        return np.stack([x.dot(self.W.value) + self.b.value for x in self.steps], axis=1)

    def backward(self, dys):
        dxs = []
        for step, x in enumerate(self.steps):
            self.W.grad += x.T @ dys[:, step]
            self.b.grad += dys[:, step].sum(0)
            dxs.append(dys[:, step] @ self.W.value.T)
        return np.stack(dxs, axis=1)


class AffineWithAColumnOfOnes(Layer):
    """The bias as one more row of the weights."""

    def __init__(self, W, b):
        self.both = [W, b]

    def forward(self, xs, training=False):
        W, b = self.both
        ones = np.ones((*xs.shape[:2], 1), dtype=xs.dtype)
        self.xs = np.concatenate([xs, ones], axis=2)
        return self.xs @ np.concatenate([W.value, b.value[None]])

    def backward(self, dys):
        W, b = self.both
        grad = np.tensordot(self.xs, dys, axes=((0, 1), (0, 1)))
        W.grad[...] += grad[:-1]
        b.grad[...] += grad[-1]
        return np.matmul(dys, np.transpose(W.value))


# --- 5.3 ------------------------------------------------------------------------------------------------------------


class LossOfFlatRows:
    """All places in one long column; logarithms subtracted."""

    def forward(self, logits, targets):
        rows = logits.reshape(-1, logits.shape[-1])
        shifted = rows - rows.max(axis=1, keepdims=True)
        self.log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        self.shape, self.targets = logits.shape, targets.reshape(-1)
        return -self.log_probs[np.arange(len(rows)), self.targets].mean()

    def backward(self):
        dlogits = np.exp(self.log_probs)
        dlogits[np.arange(len(dlogits)), self.targets] -= 1
        dlogits /= len(dlogits)
        return dlogits.reshape(self.shape)


class LossWithOneHot(Layer):
    """The textbook's picture, with a one-hot array that is always float64; the loss by way of the largest logit."""

    def forward(self, logits, targets):
        self.one_hot = np.eye(logits.shape[-1])[targets]
        top = np.max(logits, axis=-1, keepdims=True)
        powers = np.exp(logits - top)
        total = powers.sum(axis=-1, keepdims=True)
        self.probs = powers / total
        lost = np.log(total[..., 0]) + top[..., 0] - np.sum(logits * self.one_hot, axis=-1)
        return float(np.mean(lost))

    def backward(self):
        return (self.probs - self.one_hot) / np.prod(self.one_hot.shape[:2], dtype=self.probs.dtype)


class LossByLoops:
    """Place by place, the gradient made on the way forward."""

    def forward(self, logits, targets):
        N, T, _ = logits.shape
        self.dlogits, total = np.empty_like(logits), 0.0
        for n in range(N):
            for step in range(T):
                scores = logits[n, step] - logits[n, step].max()
                log_total = np.log(np.exp(scores).sum())
                total += float(log_total - scores[targets[n, step]])
                self.dlogits[n, step] = np.exp(scores - log_total) / (N * T)
                self.dlogits[n, step, targets[n, step]] -= 1 / (N * T)
        return total / (N * T)

    def backward(self):
        return self.dlogits


class LossInPlace:
    """The textbook's way back: what forward kept becomes the gradient, so that a second call would give another."""

    def forward(self, logits, targets):
        shifted = logits - logits.max(axis=-1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        self.dlogits, self.targets = np.exp(log_probs), targets
        return -np.take_along_axis(log_probs, targets[..., None], axis=-1).mean()

    def backward(self):
        self.dlogits -= np.eye(self.dlogits.shape[-1], dtype=self.dlogits.dtype)[self.targets]
        self.dlogits /= self.targets.size
        return self.dlogits


# --- 5.4 ------------------------------------------------------------------------------------------------------------


def perplexity_by_numpy(total_nll, n_tokens):
    if not n_tokens:
        raise ValueError("There are no tokens.")
    with np.errstate(over="ignore"):
        return np.exp(total_nll / n_tokens)


def perplexity_by_comparison(total_nll, n_tokens):
    if n_tokens < 1:
        raise ValueError(f"{n_tokens} tokens")
    mean = total_nll / n_tokens
    return math.inf if mean > math.log(np.finfo(float).max) else math.exp(mean)


def perplexity_by_a_power(total_nll, n_tokens):
    class Nothing(ValueError):
        """A kind of ValueError of its own."""

    try:
        return np.array(math.e ** (total_nll / n_tokens))
    except ZeroDivisionError:
        raise Nothing("Perplexity is a mean over tokens, and there are none.") from None
    except OverflowError:
        return float("inf")


# --- 5.5 ------------------------------------------------------------------------------------------------------------


def batches_by_reshape(ids, batch_size, steps):
    L = (len(ids) - 1) // batch_size
    if L < 1:
        raise ValueError("The stream is too short.")
    xs = ids[: batch_size * L].reshape(batch_size, L)
    targets = ids[1 : batch_size * L + 1].reshape(batch_size, L)
    for begin in range(0, L, steps):
        yield xs[:, begin : begin + steps], targets[:, begin : begin + steps]


def batches_in_a_list(ids, batch_size, steps):
    L = (len(ids) - 1) // batch_size
    if L == 0:
        raise ValueError("The stream is too short.")
    rows = np.stack([ids[r * L : r * L + L + 1] for r in range(batch_size)])
    inputs, targets = rows[:, :-1], rows[:, 1:]
    edges = np.arange(steps, L, steps)
    return list(zip(np.split(inputs, edges, axis=1), np.split(targets, edges, axis=1)))


def batches_word_by_word(ids, batch_size, steps):
    L = (len(ids) - 1) // batch_size
    if L < 1:
        raise ValueError("The stream is too short.")
    done = 0
    while done < L:
        width = min(steps, L - done)
        xs = np.zeros((batch_size, width), dtype=ids.dtype)
        targets = np.zeros_like(xs)
        for r in range(batch_size):
            for step in range(width):
                xs[r, step] = ids[r * L + done + step]
                targets[r, step] = ids[r * L + done + step + 1]
        yield [xs, targets]
        done += width


def batches_of_views(ids, batch_size, steps):
    L = (len(ids) - 1) // batch_size
    if L < 1:
        raise ValueError("The stream is too short.")
    rows = np.lib.stride_tricks.sliding_window_view(ids, L + 1)[::L][:batch_size]
    return iter(
        [
            (rows[:, begin : begin + steps][:, : L - begin], rows[:, begin + 1 : begin + 1 + steps])
            for begin in range(0, L, steps)
        ]
    )


# --- 5.6 ------------------------------------------------------------------------------------------------------------


def sample_by_choice(logits, temperature, rng):
    scores = logits / temperature
    powers = np.exp(scores - scores.max())
    return int(rng.choice(len(logits), p=powers / powers.sum()))


def sample_by_the_cumulative_sum(logits, temperature, rng):
    scores = (logits - logits.max()).astype("float64") / temperature
    heights = np.cumsum(np.exp(scores))
    return np.searchsorted(heights, rng.random() * heights[-1], side="right")


def sample_by_noise(logits, temperature, rng):
    return np.argmax(logits / temperature - np.log(-np.log(rng.random(len(logits)))))


def sample_by_multinomial(logits, temperature, rng):
    scores = logits.astype("float64") / temperature
    scores -= scores.max()
    powers = np.exp(scores)
    return np.array(np.argmax(rng.multinomial(1, powers / powers.sum())))


ANSWERS = {
    "5.1": (EmbeddingByLoops, EmbeddingBySorting, EmbeddingByWord, EmbeddingInABuffer),
    "5.2": (AffineByEinsum, AffineStepByStep, AffineWithAColumnOfOnes),
    "5.3": (LossOfFlatRows, LossWithOneHot, LossByLoops, LossInPlace),
    "5.4": (perplexity_by_numpy, perplexity_by_comparison, perplexity_by_a_power),
    "5.5": (batches_by_reshape, batches_in_a_list, batches_word_by_word, batches_of_views),
    "5.6": (sample_by_choice, sample_by_the_cumulative_sum, sample_by_noise, sample_by_multinomial),
}

"""Right answers to the exercises of notebook 08, each written in a way of its own."""

import math

import numpy as np

from helpers.nn.base import Layer
from helpers.nn.model import LanguageModel

# --- 8.1 ------------------------------------------------------------------------------------------------------------


def count_by_identity(params):
    seen, total = set(), 0
    for param in params:
        if id(param) not in seen:
            seen.add(id(param))
            total += int(np.prod(param.value.shape))
    return total


def count_with_a_set(params):
    return sum(param.value.size for param in set(params))


def count_with_a_dict(params):
    sizes = {id(param): param.value.ravel().shape[0] for param in params}
    return sum(sizes.values())


def count_by_recursion(params):
    if not params:
        return 0
    first, *rest = params
    return (0 if first in rest else first.value.size) + count_by_recursion(rest)


def count_as_an_array(params):
    different = {id(param): param for param in params}.values()
    return np.array([param.grad.size for param in different], dtype=int).sum()


# --- 8.2 ------------------------------------------------------------------------------------------------------------


class TiedByEinsum(Layer):
    """The products as sums over named axes."""

    def __init__(self, E, b):
        self.embedding, self.bias = E, b

    def forward(self, xs, *, training=False):
        if xs.shape[-1] != self.embedding.value.shape[1]:
            raise ValueError("xs is not as wide as the embedding.")
        self.seen = xs
        return np.einsum("ntd,vd->ntv", xs, self.embedding.value) + self.bias.value

    def backward(self, dlogits):
        self.embedding.grad[...] += np.einsum("ntv,ntd->vd", dlogits, self.seen)
        self.bias.grad[...] += np.einsum("ntv->v", dlogits)
        return np.einsum("ntv,vd->ntd", dlogits, self.embedding.value)


class TiedStepByStep(Layer):
    """A loop over the steps, each with its own products."""

    def __init__(self, E, b):
        self.params = [E, b]

    def forward(self, xs, training=False):
        E, b = (param.value for param in self.params)
        self.xs = xs
        return np.stack([xs[:, step] @ E.T + b for step in range(xs.shape[1])], axis=1)

    def backward(self, dlogits):
        E, b = self.params
        dxs = np.empty_like(self.xs)
        for step in range(dlogits.shape[1]):
            E.grad += (self.xs[:, step].T @ dlogits[:, step]).T
            b.grad += dlogits[:, step].sum(axis=0)
            dxs[:, step] = dlogits[:, step] @ E.value
        return dxs


class TiedByTensordot(Layer):
    """The axes that are summed over, named by number."""

    def __init__(self, E, b):
        self.E, self.b = E, b

    def forward(self, xs, *, training=False):
        self.rows = xs
        return np.tensordot(xs, self.E.value, axes=(2, 1)) + self.b.value

    def backward(self, dlogits):
        np.add(self.E.grad, np.tensordot(dlogits, self.rows, axes=((0, 1), (0, 1))), out=self.E.grad)
        np.add(self.b.grad, dlogits.reshape(-1, dlogits.shape[2]).sum(0), out=self.b.grad)
        return np.dot(dlogits, self.E.value)


class WidthError(ValueError):
    pass


class TiedWordByWord(Layer):
    """Loops over everything, arrays in float64, and an error of its own."""

    def __init__(self, E, b):
        self.E, self.b = E, b

    def forward(self, xs, *, training=False):
        if xs.shape[2] != self.E.value.shape[1]:
            raise WidthError(f"xs must be as wide as E, {self.E.value.shape[1]}.")
        self.xs = xs
        logits = np.zeros((*xs.shape[:2], len(self.b.value)))
        for place in np.ndindex(xs.shape[:2]):
            logits[place] = self.E.value @ xs[place] + self.b.value
        return logits

    def backward(self, dlogits):
        dxs = np.zeros(self.xs.shape)
        for place in np.ndindex(dlogits.shape[:2]):
            self.E.grad += np.outer(dlogits[place], self.xs[place])
            self.b.grad += dlogits[place]
            dxs[place] = self.E.value.T @ dlogits[place]
        return dxs


class TiedWithABuffer(TiedByEinsum):
    """Writes the logits into the same array again, as long as their shape is the same."""

    logits = np.empty(0)

    def forward(self, xs, *, training=False):
        fresh = super().forward(xs, training=training)
        if self.logits.shape != fresh.shape:
            self.logits = np.empty_like(fresh)
        self.logits[...] = fresh
        return self.logits


# --- 8.3 ------------------------------------------------------------------------------------------------------------


def build_in_a_loop(layers, params, rate, rng):
    body = [layers["Embedding"](params["E"]), layers["VariationalDropout"](rate, rng)]
    for number in (1, 2):
        weights = [params[f"lstm{number}.{part}"] for part in ("Wx", "Wh", "b")]
        body += [layers["LSTM"](*weights), layers["VariationalDropout"](rate, rng)]
    return LanguageModel(
        layers["Stacked"](body), layers["TiedAffine"](params["E"], params["b"]), layers["SoftmaxCrossEntropy"]()
    )


def build_line_by_line(layers, params, rate, rng):
    criterion = layers["SoftmaxCrossEntropy"]()
    output = layers["TiedAffine"](b=params["b"], E=params["E"])
    third = layers["VariationalDropout"](rate, rng)
    upper = layers["LSTM"](params["lstm2.Wx"], params["lstm2.Wh"], params["lstm2.b"])
    second = layers["VariationalDropout"](rate, rng)
    lower = layers["LSTM"](params["lstm1.Wx"], params["lstm1.Wh"], params["lstm1.b"])
    first = layers["VariationalDropout"](rate, rng)
    words = layers["Embedding"](params["E"])
    return LanguageModel(layers["Stacked"]([words, first, lower, second, upper, third]), output, criterion)


def build_as_stacks_of_stacks(layers, params, rate, rng):
    def block(layer):
        return [layer, layers["VariationalDropout"](rate, rng)]

    def lstm(name):
        return layers["LSTM"](*(param for key, param in sorted(params.items(), key=_part) if key.startswith(name)))

    blocks = [block(layer) for layer in (layers["Embedding"](params["E"]), lstm("lstm1"), lstm("lstm2"))]
    body = [layer for pair in blocks for layer in pair]
    return LanguageModel(
        body=layers["Stacked"](body),
        output=layers["TiedAffine"](params["E"], params["b"]),
        criterion=layers["SoftmaxCrossEntropy"](),
    )


def build_a_stack_in_a_stack(layers, params, rate, rng):
    def dropped(layer):
        return layers["Stacked"]((layer, layers["VariationalDropout"](rate, rng)))

    E, *weights, b = _in_order(params)
    lstms = (layers["LSTM"](*weights[:3]), layers["LSTM"](*weights[3:]))
    body = layers["Stacked"]([layers["Embedding"](E), layers["VariationalDropout"](rate, rng), *map(dropped, lstms)])
    return LanguageModel(body, layers["TiedAffine"](E, b), layers["SoftmaxCrossEntropy"]())


def _in_order(params):
    names = (f"lstm{number}.{part}" for number in (1, 2) for part in ("Wx", "Wh", "b"))
    return [params["E"], *(params[name] for name in names), params["b"]]


def _part(item):
    return ["Wx", "Wh", "b", "E"].index(item[0].split(".")[-1])


# --- 8.4 ------------------------------------------------------------------------------------------------------------


def decay_with_a_list(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    perplexities, rates = [], []
    for _ in range(epochs):
        rates.append(learning_rate)
        run_epoch(learning_rate)
        ppl = evaluate()
        known = [one for one in perplexities if not math.isnan(one)]
        if math.isnan(ppl) or (known and ppl >= min(known)):
            learning_rate = learning_rate / factor
        perplexities.append(ppl)
    return perplexities, rates


def decay_with_arrays(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    perplexities, rates = np.zeros(epochs), np.zeros(epochs)
    best = np.inf
    for epoch in range(epochs):
        rates[epoch] = learning_rate
        run_epoch(rates[epoch])
        perplexities[epoch] = evaluate()
        if perplexities[epoch] < best:
            best = perplexities[epoch]
        else:
            learning_rate /= factor
    return perplexities, rates


def decay_by_counting(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    plateaus, best, history = 0, math.inf, []
    while len(history) < epochs:
        rate = learning_rate * factor**-plateaus
        run_epoch(rate)
        history.append((evaluate(), rate))
        if history[-1][0] < best:
            best = history[-1][0]
        else:
            plateaus += 1
    return tuple([pair[k] for pair in history] for k in (0, 1))


def decay_by_multiplying(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    rates, perplexities, best = [learning_rate], [], np.inf
    for _ in range(epochs):
        run_epoch(rates[-1])
        perplexities.append(evaluate())
        rates.append(rates[-1] * (1 if perplexities[-1] < best else 1 / factor))
        best = np.fmin(best, perplexities[-1])
    return perplexities, rates[:-1]


# --- 8.6 ------------------------------------------------------------------------------------------------------------


def context_by_sliding(model, ids, context):
    if len(ids) <= context:
        raise ValueError("nothing to predict")
    windows = np.lib.stride_tricks.sliding_window_view(ids, context + 1)
    losses = []
    for batch in np.array_split(windows, max(1, len(windows) // 64)):
        logits, _ = model.forward(batch[:, :-1], training=False)
        losses += [model.criterion.forward(logits[:, -1:], batch[:, -1:])] * len(batch)
    return float(np.exp(np.mean(losses)))


def context_word_by_word(model, ids, context):
    """Each word by itself; the loss of the last step, from the state that the others leave."""
    total, places = 0.0, range(context, len(ids))
    if not places:
        raise ValueError(f"{len(ids)} ids leave no word to predict after {context}.")
    for place in places:
        state = None
        if context > 1:
            _, state = model.forward(ids[None, place - context : place - 1])
        loss, _ = model.loss(ids[None, place - 1 : place], ids[None, place : place + 1], state)
        total += loss
    return math.exp(total / len(places))


def context_by_hand(model, ids, context):
    """All windows at once, and the softmax written out."""
    count = len(ids) - context
    xs = ids[np.arange(max(count, 0))[:, None] + np.arange(context)]
    if not len(xs):
        raise ValueError
    scores = model.forward(xs)[0][:, -1].astype("float64")
    scores -= scores.max(axis=-1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return np.exp(-log_p[np.arange(count), ids[context:]].mean())


def context_by_difference(model, ids, context):
    """The loss of all the steps less that of all but the last."""
    windows = [ids[end - context : end + 1] for end in range(context, len(ids))]
    if not windows:
        raise ValueError("no words")
    total = 0.0
    for begin in range(0, len(windows), 50):
        batch = np.stack(windows[begin : begin + 50])
        last = context * model.loss(batch[:, :-1], batch[:, 1:])[0]
        if context > 1:
            last -= (context - 1) * model.loss(batch[:, :-2], batch[:, 1:-1])[0]
        total += last * len(batch)
    return np.exp(total / len(windows))


def context_step_by_step(model, ids, context):
    """One column of the windows after the other, with the layers of the model themselves."""
    if len(ids) <= context:
        raise ValueError("too short")
    words = [ids[place : len(ids) - context + place] for place in range(context + 1)]
    state = None
    for step in range(context):
        hs, state = model.body.forward(words[step][:, None], state)
    return float(np.exp(model.criterion.forward(model.output.forward(hs), words[context][:, None])))


ANSWERS = {
    "8.1": (count_by_identity, count_with_a_set, count_with_a_dict, count_by_recursion, count_as_an_array),
    "8.2": (TiedByEinsum, TiedStepByStep, TiedByTensordot, TiedWordByWord, TiedWithABuffer),
    "8.3": (build_in_a_loop, build_line_by_line, build_as_stacks_of_stacks, build_a_stack_in_a_stack),
    "8.4": (decay_with_a_list, decay_with_arrays, decay_by_counting, decay_by_multiplying),
    "8.6": (
        context_by_sliding,
        context_word_by_word,
        context_by_hand,
        context_by_difference,
        context_step_by_step,
    ),
}

"""Right answers to the exercises of notebook 06, each written in a way of its own."""

import math

import numpy as np

from helpers.nn.base import Layer

# --- 6.1 ------------------------------------------------------------------------------------------------------------


class StackedByIndex(Layer):
    """A slot of the state for each layer, counted beforehand."""

    def __init__(self, layers):
        self.layers = layers
        self.slots = [sum(one.recurrent for one in layers[:k]) for k in range(len(layers))]
        self.depth = sum(one.recurrent for one in layers)

    def forward(self, xs, state=None, *, training=False):
        after = [None] * self.depth
        for k, layer in enumerate(self.layers):
            if not layer.recurrent:
                xs = layer.forward(xs, training=training)
                continue
            slot = self.slots[k]
            xs, after[slot] = layer.forward(xs, state[slot] if state is not None else None, training=training)
        return xs, tuple(after)

    def backward(self, dys, dstate=None):
        before = [None] * self.depth
        for k in range(len(self.layers) - 1, -1, -1):
            layer, slot = self.layers[k], self.slots[k]
            if layer.recurrent:
                dys, before[slot] = layer.backward(dys, None if dstate is None else dstate[slot])
            else:
                dys = layer.backward(dys)
        return dys, tuple(before)


class StackedByPopping(Layer):
    """Lists that are used up, and a list for the state instead of a tuple."""

    def __init__(self, layers):
        self.parts = tuple(layers)

    def _waiting(self, state):
        count = len([part for part in self.parts if part.recurrent])
        return list(state) if state else [None] * count

    def forward(self, xs, state=None, training=False):
        waiting, after = self._waiting(state), []
        for part in self.parts:
            if part.recurrent:
                xs, new = part.forward(xs, waiting.pop(0), training=training)
                after.append(new)
            else:
                xs = part.forward(xs, training=training)
        return xs, after

    def backward(self, dys, dstate=None):
        waiting, before = self._waiting(dstate), []
        for part in reversed(self.parts):
            if part.recurrent:
                dys, new = part.backward(dys, waiting.pop())
                before.insert(0, new)
            else:
                dys = part.backward(dys)
        return dys, before


class StackedByRecursion(Layer):
    """The first layer, and a stack of the others."""

    def __init__(self, layers):
        self.first, self.rest = layers[0], StackedByRecursion(layers[1:]) if len(layers) > 1 else None

    def forward(self, xs, state=None, *, training=False):
        own = ()
        if self.first.recurrent:
            xs, new = self.first.forward(xs, None if state is None else state[0], training=training)
            own, state = (new,), None if state is None else state[1:]
        else:
            xs = self.first.forward(xs, training=training)
        if self.rest is None:
            return xs, own
        xs, above = self.rest.forward(xs, state, training=training)
        return xs, own + above

    def backward(self, dys, dstate=None):
        above, own = (), None
        if dstate is not None and self.first.recurrent:
            own, dstate = dstate[0], dstate[1:]
        if self.rest is not None:
            dys, above = self.rest.backward(dys, dstate)
        if not self.first.recurrent:
            return self.first.backward(dys), above
        dys, dfirst = self.first.backward(dys, own)
        return dys, (dfirst, *above)


# --- 6.2 ------------------------------------------------------------------------------------------------------------


def diagnose_by_ratios(train_ppl, valid_ppl, tolerance=0.05):
    if valid_ppl[-1] / np.min(valid_ppl) - 1 > tolerance:
        return "overfitting"
    return "still learning" if 1 - train_ppl[-1] / train_ppl[-2] > tolerance else "finished"


def diagnose_with_a_loop(train_ppl, valid_ppl, tolerance=0.05):
    best = math.inf
    for value in valid_ppl:
        best = value if value < best else best
    last, before = train_ppl[-1], train_ppl[-2]
    answer = "finished"
    if last < before - tolerance * before:
        answer = "still learning"
    if value > best + tolerance * best:
        answer = "overfitting"
    return answer


def diagnose_with_arrays(train_ppl, valid_ppl, tolerance=0.05):
    train, valid = np.array(train_ppl), np.array(valid_ppl)
    turned = valid[-1] > (1 + tolerance) * np.sort(valid)[0]
    falling = np.diff(train)[-1] < -tolerance * train[-2]
    return np.select([turned, falling], ["overfitting", "still learning"], "finished").item()


def diagnose_by_a_table(train_ppl, valid_ppl, tolerance=0.05):
    """A word out of an array: a string of NumPy's."""
    *_, before, last = train_ppl
    turned = any(valid_ppl[-1] > value * (1 + tolerance) for value in valid_ppl)
    return np.array(["finished", "still learning", "overfitting", "overfitting"])[
        2 * turned + (last < before * (1 - tolerance))
    ]


# --- 6.3 ------------------------------------------------------------------------------------------------------------


def decay_by_identity(params, strength):
    seen, total = set(), 0.0
    for param in params:
        if id(param) in seen:
            continue
        seen.add(id(param))
        param.grad += strength * param.value
        total += (param.value**2).sum()
    return float(strength * total / 2)


def decay_by_dot(params, strength):
    each = list({id(param): param for param in params}.values())
    penalty = sum(float(np.vdot(param.value, param.value)) for param in each) * strength * 0.5
    for param in each:
        np.add(param.grad, param.value * strength, out=param.grad)
    return penalty


def decay_element_by_element(params, strength):
    penalty = 0.0
    for param in set(params):
        for place in np.ndindex(param.value.shape):
            param.grad[place] += strength * param.value[place]
            penalty += 0.5 * strength * float(param.value[place]) ** 2
    return penalty


def decay_with_an_array_for_the_penalty(params, strength):
    """The penalty as an array without axes."""
    penalty = np.array(0.0)
    for param in {id(param): param for param in params}.values():
        param.grad[:] = param.grad + param.value * strength
        penalty = np.asarray(penalty + np.linalg.norm(param.value.astype("float64")) ** 2 * strength / 2)
    return penalty


# --- 6.4 ------------------------------------------------------------------------------------------------------------


class DropoutByWhere(Layer):
    """The places that were dropped, and no mask."""

    def __init__(self, rate, rng):
        self.p, self.generator = rate, rng

    def forward(self, xs, *, training=False):
        self.dropped = self.generator.random(xs.shape) < self.p if training else None
        return xs.copy() if self.dropped is None else self._through(xs)

    def _through(self, values):
        return np.where(self.dropped, values.dtype.type(0), values / (1 - self.p))

    def backward(self, dys):
        return dys.copy() if self.dropped is None else self._through(dys)


class DropoutByBinomial(Layer):
    """Another draw from the same generator, and a mask of 1 outside training."""

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, training=False):
        if training:
            self.mask = self.rng.binomial(1, 1 - self.rate, size=xs.shape).astype(xs.dtype)
            self.mask /= 1 - self.rate
        else:
            self.mask = 1
        return xs * self.mask

    def backward(self, dys):
        return self.mask * dys


class DropoutWithAFlag(Layer):
    """Two ways through, told apart by a flag; random numbers from high to low."""

    def __init__(self, rate, rng):
        self.rate, self.rng, self.was_training = rate, rng, False

    def forward(self, xs, *, training=False):
        self.was_training = training
        if training:
            keep = self.rng.uniform(0, 1, xs.size).reshape(xs.shape) < 1 - self.rate
            self.mask = np.zeros_like(xs)
            self.mask[keep] = 1 / (1 - self.rate)
            return self.mask * xs
        return xs

    def backward(self, dys):
        return self.mask * dys if self.was_training else dys


class DropoutDrawnFirst(Layer):
    """A mask that is drawn before `training` is looked at, in float64 whatever the inputs are."""

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, *, training=False):
        drawn = self.rng.choice([0.0, 1.0], xs.shape, p=[self.rate, 1 - self.rate]) / (1 - self.rate)
        self.mask = drawn if training else np.ones(xs.shape)
        return xs * self.mask

    def backward(self, dys):
        return dys * self.mask


class DropoutInABuffer(Layer):
    """Results in arrays that the next call uses again; places that were dropped, in a row."""

    def __init__(self, rate, rng):
        self.rate, self.rng, self.result = rate, rng, None

    def forward(self, xs, *, training=False):
        self.gone = np.flatnonzero(self.rng.random(xs.size) < self.rate) if training else None
        return self._through(xs)

    def _through(self, values):
        if self.result is None or self.result.shape != values.shape or self.result.dtype != values.dtype:
            self.result = np.empty(values.shape, values.dtype)
        self.result[...] = values
        if self.gone is not None:
            self.result /= 1 - self.rate
            self.result.flat[self.gone] = 0
        return self.result

    backward = _through


ANSWERS = {
    "6.1": (StackedByIndex, StackedByPopping, StackedByRecursion),
    "6.2": (diagnose_by_ratios, diagnose_with_a_loop, diagnose_with_arrays, diagnose_by_a_table),
    "6.3": (decay_by_identity, decay_by_dot, decay_element_by_element, decay_with_an_array_for_the_penalty),
    "6.4": (DropoutByWhere, DropoutByBinomial, DropoutWithAFlag, DropoutDrawnFirst, DropoutInABuffer),
}

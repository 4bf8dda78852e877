"""The full model trains with layers that give float64 where its parameters are float32, as `np.zeros((N, H))` does."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.nn import PLAIN, Layer, build_language_model, create_params
from helpers.training.presets import Settings
from helpers.training.trainer import Trainer

V, H = 9, 8
IDS = np.tile(np.arange(V), 20)
SETTINGS = Settings(hidden_size=H, depth=2, rate=0.1, epochs=6, batch_size=4, steps=6)


class Embedding(Layer):
    def __init__(self, E):
        self.E = E

    def forward(self, xs, *, training=False):
        self.ids, ys = xs, np.zeros((*xs.shape, self.E.value.shape[1]))
        ys[...] = self.E.value[xs]
        return ys

    def backward(self, dys):
        np.add.at(self.E.grad, self.ids, dys)


class VariationalDropout(Layer):
    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, *, training=False):
        N, _, D = xs.shape
        self.mask = np.ones((N, 1, D))
        if training:
            self.mask = (self.rng.random((N, 1, D)) >= self.rate) / (1 - self.rate)
        return xs * self.mask

    def backward(self, dys):
        return dys * self.mask


def textbook_sigmoid(a):
    return 1 / (1 + np.exp(-a))


class LSTM(Layer):
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        N, T, _ = xs.shape
        h, c = (np.zeros((N, H)), np.zeros((N, H))) if state is None else state
        self.xs, self.kept, hs = xs, [], np.zeros((N, T, H))
        for step in range(T):
            A = xs[:, step] @ self.Wx.value + h @ self.Wh.value + self.b.value
            f, g, i, o = np.split(A, 4, axis=1)
            f, g, i, o = textbook_sigmoid(f), np.tanh(g), textbook_sigmoid(i), textbook_sigmoid(o)
            self.kept.append((h, c, f, g, i, o))
            c = f * c + i * g
            h = o * np.tanh(c)
            hs[:, step] = h
        self.c = c
        return hs, (h, c)

    def backward(self, dhs, dstate=None):
        dh, dc = (np.zeros((len(dhs), H)), np.zeros((len(dhs), H))) if dstate is None else dstate
        dxs, c_next = np.zeros(self.xs.shape), self.c
        for step in reversed(range(dhs.shape[1])):
            h_prev, c_prev, f, g, i, o = self.kept[step]
            dh = dh + dhs[:, step]
            do = dh * np.tanh(c_next)
            dc = dc + dh * o * (1 - np.tanh(c_next) ** 2)
            blocks = dc * c_prev * f * (1 - f), dc * i * (1 - g**2), dc * g * i * (1 - i), do * o * (1 - o)
            dA = np.concatenate(blocks, axis=1)
            self.Wx.grad += self.xs[:, step].T @ dA
            self.Wh.grad += h_prev.T @ dA
            self.b.grad += dA.sum(axis=0)
            dxs[:, step], dh, dc, c_next = dA @ self.Wx.value.T, dA @ self.Wh.value.T, dc * f, c_prev
        return dxs, (dh, dc)


class TiedAffine(Layer):
    def __init__(self, E, b):
        self.E, self.b = E, b

    def forward(self, xs, *, training=False):
        self.xs, logits = xs, np.zeros((*xs.shape[:2], V))
        logits += xs @ self.E.value.T + self.b.value
        return logits

    def backward(self, dlogits):
        self.E.grad += np.einsum("ntv,ntd->vd", dlogits, self.xs)
        self.b.grad += dlogits.sum(axis=(0, 1))
        return dlogits @ self.E.value


class SoftmaxCrossEntropy:
    def forward(self, logits, targets):
        scores = np.exp(logits - logits.max(axis=2, keepdims=True), dtype="float64")
        self.probs, self.targets = scores / scores.sum(axis=2, keepdims=True), targets
        return -np.log(np.take_along_axis(self.probs, targets[..., None], axis=2)).mean()

    def backward(self):
        return (self.probs - np.eye(V)[self.targets]) / self.targets.size


WIDE = {layer.__name__: layer for layer in (Embedding, VariationalDropout, LSTM, TiedAffine, SoftmaxCrossEntropy)}


def train(layers, settings=SETTINGS):
    rng = np.random.default_rng(0)
    params = create_params(V, H, 2, rng, dtype="float32")
    model = build_language_model(layers, params, settings.rate, rng)
    run = Trainer(model, settings, IDS, IDS[:50], eos=0, rng=rng)
    run.train()
    assert {param.value.dtype for param in params.values()} == {np.dtype("float32")}
    return [epoch["train_perplexity"] for epoch in run.history]


def test_the_model_learns_with_layers_that_are_all_wide():
    perplexities = train(PLAIN | WIDE)
    assert perplexities[-1] < 0.8 * perplexities[0]


@pytest.mark.parametrize("name", WIDE)
def test_one_wide_layer_among_the_references_learns_what_they_learn(name):
    settings = replace(SETTINGS, epochs=2)
    # This dropout draws its mask in another type, so other units are dropped.
    tolerance = 0.05 if name == "VariationalDropout" else 1e-3
    np.testing.assert_allclose(train(PLAIN | {name: WIDE[name]}, settings), train(PLAIN, settings), rtol=tolerance)

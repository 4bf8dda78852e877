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
# **You will do**: compute, count and see what is left of a memory after many masks; write dropout with one mask for all
# steps, first between the layers and then inside the LSTM; and compare three placements on a language model.
#
# **You will learn**: why a fresh mask at each step loses a memory exponentially and a shared one only once, what the
# gradient does under a shared mask, and when all this pays, which is not always.
#
# **You will need**: about two hours; notebook 06, whose `Dropout` and `Stacked` you bring along, and the LSTM of
# notebooks 03 and 04.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import numpy as np
from IPython.display import display

from helpers import plots
from helpers.checks import answer, check
from helpers.data import first_symbol_recall, load_corpus
from helpers.nn import Layer, Param, StepDropoutLSTM, assemble, create_params
from helpers.training import Adam

lstm_step_forward, lstm_step_backward = answer("3.5"), answer("4.3")
RNN, Dropout, Affine, SoftmaxCrossEntropy = (answer(i) for i in ("1.4", "6.4", "5.2", "5.3"))

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
# **Why.** Before changing a layer, compute what the change is worth. How much of a memory survives `steps` masks, if each
# is drawn afresh, and if it is one mask every time?

# %% [markdown]
# **The equation.** Every mask keeps a value with the probability $1 - rate$, independently of all others. A value is
# still there if it was kept *every* time:
#
# $$ \text{fresh: } (1 - rate)^{steps} \qquad\qquad \text{shared: } 1 - rate $$
#
# The shared mask takes its share at the first step. At all later steps it takes what is gone already.
#
# **By hand**, rate 1/2, three steps: fresh $\tfrac12 \cdot \tfrac12 \cdot \tfrac12 = \tfrac18$, shared $\tfrac12$.


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
# <details><summary>Hint 2: the equation to use</summary>Independent events: the probability that all happen is the product of their probabilities.</details>
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
survives = answer("7.1")
print("by hand:", survives(0.5, 3, False), "and", survives(0.5, 3, True))
for rate in 0.5, 0.25, 0.1:
    fresh, shared = (survives(rate, 35, kind) for kind in (False, True))
    print(f"rate {rate:4}, 35 steps: fresh {fresh:.1e}, shared {shared:.2f}")

# %% [markdown]
# **What to notice.** Even a gentle rate of 0.1 leaves 2.5 % of the memory after 35 words if the masks are fresh. A
# shared mask leaves 90 %, after 35 words or after a thousand.
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
# A formula of yours should be met by an experiment of yours. Send a state of 4,000 ones through masks of your `Dropout`:
# through a fresh one at each of 15 steps, and 15 times through one that is drawn once. Count what is not 0.

# %%
rate, steps, units = 0.25, 15, 4000
drop, ones = Dropout(rate, np.random.default_rng(0)), np.ones((1, 1, units))
fresh = np.stack([drop.forward(ones, training=True)[0, 0] for _ in range(steps)])
masks = {"fresh": fresh, "shared": np.repeat(fresh[:1], steps, axis=0)}
states = {name: np.cumprod(mask != 0, axis=0) for name, mask in masks.items()}
counted = {name: state.mean(axis=1) for name, state in states.items()}
computed = {
    name: np.array([survives(rate, k, name == "shared") for k in range(1, steps + 1)])
    for name in masks
}
errors = {name: np.sqrt(p * (1 - p) / units) for name, p in computed.items()}

# %%
for name in masks:
    print(
        f"{name:6} computed {computed[name][[0, 4, 14]].round(4)}, counted {counted[name][[0, 4, 14]]}"
    )
    assert np.all(np.abs(counted[name] - computed[name]) < 6 * errors[name])
plots.survival(computed, counted, {name: 6 * error for name, error in errors.items()})

# %% [markdown]
# The lines are your formula, the marks what was counted. The bars are six standard errors, $6 \sqrt{p (1 - p) / 4000}$;
# the assertion holds every mark within them. On the log axis the fresh masks draw a straight line downwards: that *is*
# exponential loss. Here are the first 12 of the 4,000 features:

# %%
titles = {"fresh": "a fresh mask at each step", "shared": "one mask for all steps"}
plots.masks_over_time(
    {titles[name]: mask[:, :12] for name, mask in masks.items()},
    {titles[name]: state[:, :12] for name, state in states.items()},
)

# %% [markdown]
# White is dropped above, and gone beneath. On the left, each white cell leaves a white row behind it. On the right, what
# is hidden is hidden from the start, and the rest goes through untouched.
#
# How much depends on the rate? Your formula again, over 35 words:


# %%
def lines_at(rate):
    return {
        name: [survives(rate, k, name == "shared") for k in range(1, 36)]
        for name in ("fresh", "shared")
    }


plots.survival_by_rate({rate: lines_at(rate) for rate in (0.05, 0.25, 0.5)})

# %% [markdown]
# At 0.05 the two lines part slowly, at 0.5 at once; but they always part.
#
# > **Try it.** Move the rate, and watch the slope. The axis stays where it is. (Where your notebook shows no slider, the
# > figure above says the same.)

# %%
plots.SliderFigure(
    lambda rate: plots.survival(lines_at(rate), lowest=1e-11), "rate", 0.05, 0.5, 0.1, 0.05
)

# %% [markdown]
# ## 2. One mask for a whole sequence
#
# ### Exercise 7.2 · One mask for all steps
#
# <small>15 min</small>
#
# **Why.** Gal and Ghahramani (2016) derived from Bayesian inference how dropout should be used in a recurrent network, and
# found: with one mask for a whole sequence. From *variational inference* it has its name, **variational dropout** (변분
# 드롭아웃, 책에 따라 변형 드롭아웃). It hides some features of a sentence throughout, instead of flickering.

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
# <details><summary>Hint 3: almost the code</summary><code>kept = self.rng.random((N, 1, D)) >= self.rate</code>; <code>self.mask = kept.astype(xs.dtype) / xs.dtype.type(…)</code>; <code>return xs * self.mask</code>. When not training, <code>self.mask = None</code>, and backward asks for that.</details>

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
assert np.allclose(means, xs, rtol=0.06)

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
    assert (len(still) > 0) == (name == "shared")

# %%
plain, masked = LSTM(*map(Param, weights)), VariationalLSTM(*map(Param, weights), 0.5, rng)
difference = np.max(np.abs(plain.forward(xs)[0] - masked.forward(xs)[0]))
print(f"without training, largest difference from the plain LSTM: {difference:.0e}")
assert difference < 1e-12

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
# In notebook 06 an LSTM recalled a symbol over 20 steps, although fresh masks lay on `h`: its memory cell `c` went round
# them. An RNN has no `c`. Its whole memory is `h`, and goes through every mask.
#
# So give your RNN the same task, over 12 steps: recall the first symbol. Here it is, one step at a time, with a mask from
# any dropout layer on `h`.


# %%
class MaskedRNN(Layer):
    """Your RNN with a mask on h before each step; only the last h is read."""

    def __init__(self, params, drop):
        self.params, self.drop = params, drop

    def forward(self, xs, state=None, *, training=False):
        (N, T, _), H = xs.shape, len(self.params[1].value)
        self.mask = self.drop.forward(np.ones((N, T, H), xs.dtype), training=training)
        self.cells, h = [RNN(*self.params) for _ in range(T)], np.zeros((N, H), xs.dtype)
        for step, cell in enumerate(self.cells):
            hs, h = cell.forward(xs[:, [step]], self.mask[:, step] * h)
        return hs, h

    def backward(self, dhs, dstate=None):
        for step in reversed(range(len(self.cells))):
            _, dstate = self.cells[step].backward(dhs, dstate)
            dstate, dhs = self.mask[:, step] * dstate, np.zeros_like(dhs)


# %%
def recall(kind, rate, seed, steps=12, units=24, updates=150):
    """Share of first symbols that a trained RNN recalls, measured without dropout; guessing gives 0.25."""
    rng = np.random.default_rng(seed)
    shapes = (8, units), (units, units), (units,), (units, 4), (4,)
    params = [Param(rng.uniform(-0.2, 0.2, shape).astype("float32")) for shape in shapes]
    params[1].value[...] = np.eye(units)  # it begins by remembering
    layer, out = MaskedRNN(params[:3], kind(rate, rng)), Affine(*params[3:])
    criterion, adam = SoftmaxCrossEntropy(), Adam(params)
    for _ in range(updates):
        xs, targets = first_symbol_recall(32, steps, rng)
        recall_update(layer, out, criterion, params, xs, targets)
        adam.step(0.01)
    xs, targets = first_symbol_recall(500, steps, rng)
    scores = out.forward(layer.forward(xs)[0])[:, 0]
    return float(np.mean(scores.argmax(axis=1) == targets))


# %% [markdown]
# One update of it, and then five seeds for each kind of mask, at rate 0.5:

# %%
clip_gradients = answer("2.2")


def recall_update(layer, out, criterion, params, xs, targets):
    for one in params:
        one.grad[...] = 0
    hs, _ = layer.forward(xs, training=True)
    criterion.forward(out.forward(hs), targets[:, None])
    layer.backward(out.backward(criterion.backward()))
    clip_gradients([one.grad for one in params], max_norm=1.0)


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
kinds = {"none": (Dropout, 0.0), "fresh": (Dropout, 0.5), "shared": (VariationalDropout, 0.5)}
live, recalled = plots.LiveFigure(15, "how much is recalled with each kind of mask"), {}
display(live)  # until the figure below takes its place
for name, (kind, rate) in kinds.items():
    recalled[name] = []
    for seed in range(5):
        recalled[name].append(recall(kind, rate, seed))
        live.show(sum(map(len, recalled.values())), plots.recalled_by_seed(recalled, 0.25))
live.close()
for name, shares in recalled.items():
    print(f"{name:7}", [round(share, 2) for share in shares])
print(
    f"mean with fresh masks: {np.mean(recalled['fresh']):.2f}; 12 masks leave {survives(0.5, 12, False):.4f}"
)
assert min(recalled["none"] + recalled["shared"]) > 0.9 > 0.75 > np.mean(recalled["fresh"])
assert min(recalled["fresh"]) < 0.35
plots.recalled_by_seed(recalled, 0.25)

# %% [markdown]
# One point for each seed. Without dropout, and with a shared mask, the symbol is recalled with every seed. With fresh
# masks of the same rate it is half of them or less on average, and with the worst seed no better than guessing: while the
# network learns, twelve masks leave $0.5^{12} = 0.0002$ of the first `h`.

# %% [markdown]
# ## 5. Three placements on a language model
#
# Now the patient of notebook 06: 10,000 tokens, the 800 commonest words, one LSTM layer of 64 units, 500 updates. Without
# dropout it learned its text by heart. Three placements at rate 0.5:
#
# - **depth**: `Dropout`, fresh masks, on the way up
# - **time**: fresh masks on the recurrent path
# - **variational**: shared masks, on the way up *and* on the recurrent path

# %%
corpus, V, H = load_corpus("sotu"), 800, 64
everything, valid = (
    np.where(ids < V, ids, corpus.vocabulary.unk) for ids in (corpus.train, corpus.valid[:3000])
)
text = everything[:10_001]
sgd_step, ppl, batches = (answer(i) for i in ("2.3", "5.4", "5.5"))
layers = {"Stacked": answer("6.1"), "Embedding": answer("5.1"), "Affine": Affine, "LSTM": LSTM}
layers |= {"SoftmaxCrossEntropy": SoftmaxCrossEntropy, "Dropout": Dropout}
layers |= {"VariationalDropout": VariationalDropout, "VariationalLSTM": VariationalLSTM}
layers |= {"StepDropoutLSTM": StepDropoutLSTM}
placements = {
    "none": {},
    "depth": {"rate": 0.5, "dropout": "standard"},
    "time": {"recurrent_rate": 0.5, "dropout": "standard"},
    "variational": {"rate": 0.5, "recurrent_rate": 0.5, "dropout": "variational"},
}

# %% [markdown]
# Every layer is yours where its check has passed (the lines above say which), but for `StepDropoutLSTM`. `assemble` puts
# them together.


# %%
def build(seed=0, **dropout):
    rng = np.random.default_rng(seed)
    params = create_params(V, H, 1, rng, tied=False)
    return assemble(layers, params, rng, **dropout)


def measure(model, ids):
    total, n, state = 0.0, 0, None
    for xs, targets in batches(ids, 20, 10):
        loss, state = model.loss(xs, targets, state)
        total, n = total + loss * targets.size, n + targets.size
    return ppl(total, n)


# %%
def fit(model, params, every=100):
    """500 updates; training and validation perplexity after every 100."""
    train_ppl, valid_ppl, done = [], [], 0
    while done < 500:
        state = None
        for xs, targets in list(batches(text, 20, 10))[: 500 - done]:
            for one in params:
                one.grad[...] = 0
            _, state = model.loss(xs, targets, state, training=True)
            model.backward()
            clip_gradients([one.grad for one in params], max_norm=0.25)
            sgd_step(params, 10.0)
            done += 1
            if done % every == 0:
                train_ppl.append(measure(model, text[:2000]))
                valid_ppl.append(measure(model, valid))
    return train_ppl, valid_ppl


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
live, runs = plots.LiveFigure(4, "training and validation perplexity of each placement"), {}
display(live)  # until the figure below takes its place
for done, (name, dropout) in enumerate(placements.items(), 1):
    model = build(**dropout)
    runs[name] = fit(model, model.parameters())
    live.show(done, plots.four_answers(runs, 100))
live.close()
plots.four_answers(runs, 100)

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
last, lowest = (
    {name: pick(run[1]) for name, run in runs.items()} for pick in (lambda v: v[-1], min)
)
print(f"{'':12}training validation lowest")
for name, (train, validation) in runs.items():
    print(f"{name:12}{train[-1]:8.0f} {validation[-1]:10.0f} {lowest[name]:6.0f}")
assert all(last[name] < 0.92 * last["none"] for name in ("depth", "time", "variational"))
assert last["variational"] < 0.95 * last["time"]
assert abs(last["variational"] / last["depth"] - 1) < 0.06

# %% [markdown]
# Two questions are open. Is the point between **depth** and **variational** more than chance? The same model with another
# seed can tell. And what did sharing the mask do *along time alone*? **variational** has masks on the way up as well, so
# one more run has shared masks on the recurrent path and no others.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
for name, like, model in (
    ("depth, another seed", "depth", build(1, **placements["depth"])),
    ("time, shared masks", "time", build(recurrent_rate=0.5, dropout="variational")),
):
    _, validation = fit(model, model.parameters(), every=500)
    last[name] = validation[-1]
    print(f"{name:20} validation {last[name]:.1f}, beside {like} {last[like]:.1f}")
    assert abs(last[name] / last[like] - 1) < 0.06

# %% [markdown]
# The honest reading:
#
# - All three help: 80 without dropout, 68 with fresh masks along time, 62 with fresh masks in depth, 61 with shared ones
#   in both directions.
# - **Depth against time**: the masks on the way up do the work, shared or not.
# - **Depth against variational**: about a point, and another seed alone moves **depth** by about as much. No difference
#   that this experiment can see.
# - **Shared against fresh along time**, and nothing else: 68.9 against 68.5. Sharing the mask brings nothing here either.

# %% [markdown]
# So variational dropout does no miracle on this patient. An LSTM keeps its memory in `c`, which no mask touches. It pays
# where the memory itself goes through the mask, as in section 4. Gal and Ghahramani report that it pays in larger models
# as well; notebook 08 tries that with four seeds on the whole corpus, and reads its own table.

# %% [markdown]
# ## Summary
#
# - Fresh masks along time leave $(1 - rate)^{steps}$ of a memory, a shared one leaves $1 - rate$: computed, counted within
#   six standard errors, and seen.
# - Variational dropout draws $(N, 1, D)$ once per training forward, and lets it broadcast over the steps.
# - On the recurrent path the mask sits on `h_prev` inside the product with `Wh`; `c` and what leaves the layer stay whole.
# - Under a shared mask one sequence trains a smaller network: the rows of hidden units get no gradient at all.
# - An RNN that must remember in `h` recalls everything with a shared mask, and half or less with fresh ones.
# - On the small language model: none 80, time 68, depth 62, variational 61. The last two do not differ, and sharing the
#   masks along time alone changes nothing.

# %% [markdown]
# ## Questions
#
# 1. What fraction is left after 100 steps at rate 0.2, fresh and shared?
# 2. Why does the log plot of section 1 show a straight line, and what is its slope?
# 3. A mask of shape (N, T, 1): what does it drop?
# 4. How many random numbers does `VariationalDropout` draw for a batch (20, 35, 200), and how many `Dropout`?
# 5. Why is the mask drawn anew at each training forward, and not once for the whole training?
# 6. Where would a shared, scaled mask on `c` lead after 20 steps at rate 0.5?
# 7. Why does `dWh` need no line of its own in `VariationalLSTM.backward`?
# 8. Both kinds of dropout have the right mean. What differs between their sums over the steps of a sequence?
# 9. In which of this notebook's experiments did sharing the mask make a clear difference, and in which not?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. $0.8^{100} = 2 \cdot 10^{-10}$, and 0.8.
# 2. The logarithm of $(1 - rate)^{k}$ is $k \log(1 - rate)$: linear in $k$, with slope $\log_{10} 0.75 = -0.125$ a step.
# 3. Whole steps: all features of a word together, another choice of words for each sequence.
# 4. 20 · 200 = 4,000 against 20 · 35 · 200 = 140,000.
# 5. Kept for good, it would be a smaller model and no dropout: the hidden units would never learn.

# %% [markdown] tags=["solution"]
# 6. Survivors are doubled at every step: $2^{20} \approx 10^6$ times too large. On `h_prev` inside the product nothing adds
#    up, since `h` is made anew at every step.
# 7. The cache of a step holds what really went into the product, `mask * h_prev`, and `dWh` is made from that.
# 8. The variance. With fresh masks the noise averages out over T steps, with a shared one it does not: T times the
#    variance of the mean.
# 9. Clear in section 1, by count, and in section 4, the RNN with its memory in `h`. Not to be seen in section 5, neither
#    in depth nor along time: there the memory is in `c`.

# %% tags=["solution"]
print("1.", f"{0.8**100:.0e}", 1 - 0.2, "  2.", round(np.log10(0.75), 3), "  6.", 2**20)
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
# 1. 시간 방향으로 시각마다 새 마스크를 쓰면 기억은 (1 - rate)^steps만큼만 남아 지수적으로 사라지고, 마스크 하나를 공유하면
#    1 - rate만큼 남는다.
# 2. 변분 드롭아웃(책에 따라 변형 드롭아웃)은 훈련할 때 순전파마다 형상이 (N, 1, D)인 마스크를 한 번 뽑아 모든 시각에 똑같이
#    적용한다.
# 3. 순환 드롭아웃의 마스크는 Wh와 곱해지는 h_prev에만 적용하며, 기억 셀 c와 위로 올라가는 h는 그대로 둔다.
# 4. 마스크를 공유하면 시퀀스마다 더 작은 신경망 하나를 훈련하는 셈이어서, 가려진 유닛에 해당하는 Wh의 행에는 기울기가 전혀
#    흐르지 않는다.
# 5. 기억이 h에만 있는 RNN에서는 공유 마스크의 효과가 뚜렷했지만, 작은 LSTM 언어 모델에서는 깊이 방향에서도 시간 방향에서도 차이가
#    보이지 않았다.

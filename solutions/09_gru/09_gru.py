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
# # GRU
#
# *One state, two gates, beside the LSTM.* An appendix: read it after notebook 08, or straight after 04.
#
# **You will do**: write the GRU, one step forward and back, and over time; let it remember; put it where the LSTM was.
#
# **You will learn**: what a cell with one state and two gates can do, what it costs, and where other libraries do it
# differently.
#
# **You will need**: two hours; notebooks 01 and 04. (Section 3 uses the model of notebook 08.)
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
from dataclasses import replace

import numpy as np
from IPython.display import display

from helpers import plots
from helpers.checks import answer, check
from helpers.data import load_corpus
from helpers.nn import Layer, Param, assemble, count_parameters, create_params
from helpers.training import SWEEPS, load_enough_words, load_recall, load_sweep, recall_curve
from helpers.training.recall import RECALL_ROWS

sigmoid, tanh_backward = answer("0.1"), answer("1.1")

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# ## 1. One state, two gates
#
# The LSTM carries two things from step to step, `c` and `h`, and has three gates. The **GRU** (게이트 순환 유닛) of Cho et al.
# (2014) carries one, `h`, and has two gates:
#
# - the **update gate** (업데이트 게이트) `z` says how much of the new state comes in; as much of the old one goes. It does
#   the work of f and i at once.
# - the **reset gate** (리셋 게이트) `r` says how much of the old state the new one may see.

# %%
plots.gru_cell()

# %% [markdown]
# The hidden state runs along the top. There it meets a product with $1 - z$ and a plus, as the memory of the LSTM met f and
# a plus. But what the GRU remembers is also what it shows.

# %% [markdown]
# ### Exercise 9.1 · One step of the GRU
#
# <small>20 min</small>
#
# **Why.** Three blocks in place of four, and no `c`. Is that enough?
#
# **The equation.** Blocks in the order z, r, n, each with its columns of `Wx` (D, 3H), `Wh` (H, 3H) and `b` (3H,):
#
# $$ z = \sigma(x W_{xz} + h_\mathrm{prev} W_{hz} + b_z) \qquad r = \sigma(x W_{xr} + h_\mathrm{prev} W_{hr} + b_r) $$
# $$ n = \tanh(x W_{xn} + (r \odot h_\mathrm{prev}) W_{hn} + b_n) \qquad h_\mathrm{next} = (1-z) \odot h_\mathrm{prev} + z \odot n $$

# %% [markdown]
# **By hand**, with N = D = 1 and H = 2. $x = 1$ and $h_\mathrm{prev} = (0.5, -1)$; the blocks are
# $W_x = (1, -1 \,|\, 0.5, -0.5 \,|\, -0.5, 0.5)$, $b = (-1, 1 \,|\, 0.5, -0.5 \,|\, 0.3, -0.5)$ and
#
# $$ W_{hz} = \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix} \quad W_{hr} = \begin{pmatrix} 0 & -1 \\ -1 & 0 \end{pmatrix} \quad W_{hn} = \begin{pmatrix} 1 & 2 \\ -1 & 1 \end{pmatrix} $$
#
# Then $z = \sigma(0.5, -1) = (0.622, 0.269)$ and $r = \sigma(2, -1.5) = (0.881, 0.182)$. The new state may see
# $r \odot h_\mathrm{prev} = (0.440, -0.182)$ of the old one. Times $W_{hn}$ this gives $(0.623, 0.698)$. So
# $n = \tanh(0.423, 0.698) = (0.399, 0.603)$, and $h_\mathrm{next} = (0.437, -0.569)$.


# %% nbgrader={"grade": false, "grade_id": "ex-9-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gru_step_forward(x, h_prev, Wx, Wh, b):
    """One step of the GRU, blocks in the order z, r, n; the reset comes before the product.

    Args:
        x (N, D), h_prev (N, H): input, and hidden state before.
        Wx (D, 3H), Wh (H, 3H), b (3H,): parameters.

    Returns:
        h_next (N, H): hidden state after
        cache: the tuple (x, h_prev, Wx, Wh, z, r, n), for the way back
    """
    ### BEGIN SOLUTION
    Whz, Whr, Whn = np.split(Wh, 3, axis=1)
    az, ar, an = np.split(x @ Wx + b, 3, axis=1)
    z, r = sigmoid(az + h_prev @ Whz), sigmoid(ar + h_prev @ Whr)
    n = np.tanh(an + (r * h_prev) @ Whn)
    h_next = (1 - z) * h_prev + z * n
    return h_next, (x, h_prev, Wx, Wh, z, r, n)
    ### END SOLUTION
    # 1. cut Wh, and x @ Wx + b, into the blocks z, r, n
    # 2. the two gates, then the new state from what r leaves of h_prev
    # 3. mix old and new
    raise NotImplementedError("Exercise 9.1: write gru_step_forward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>The LSTM made its four blocks with one product. Why can the three blocks of the GRU not be one? What must be known before <code>Whn</code> is used?</details>
# <details><summary>Hint 2: the equation to use</summary><code>np.split(Wh, 3, axis=1)</code> gives Whz, Whr, Whn. The third meets <code>r * h_prev</code>, the first two meet <code>h_prev</code>.</details>
# <details><summary>Hint 3: almost the code</summary><code>n = np.tanh(an + (r * h_prev) @ Whn)</code> and <code>h_next = (1 - z) * h_prev + z * n</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-9-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("9.1", gru_step_forward)

# %% nbgrader={"grade": true, "grade_id": "hidden-9-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 9.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("9.1", gru_step_forward)
### END HIDDEN TESTS

# %%
x, h_prev = np.array([[1.0]]), np.array([[0.5, -1.0]])
Wx = np.array([[1, -1, 0.5, -0.5, -0.5, 0.5]])
Wh = np.array([[1.0, 0, 0, -1, 1, 2], [0, 1, -1, 0, -1, 1]])
b = np.array([-1, 1, 0.5, -0.5, 0.3, -0.5])
h_next, cache = answer("9.1")(x, h_prev, Wx, Wh, b)
for name, array in zip(("z", "r", "n", "h_next"), (*cache[4:], h_next)):
    print(f"{name:7}", array.round(3))

# %% [markdown]
# **What to notice.** $1 - z$ stands where the forget gate stood. Where z = 0 the state passes the step unchanged, and so does
# its gradient.
#
# **Go further.** Suppose that each gate is all open or all closed. Which setting turns the GRU into the RNN of exercise 1.2?

# %% [markdown] tags=["solution"]
# **Go further, answered.** z = 1 and r = 1: $h_\mathrm{next} = n = \tanh(x W_{xn} + h_\mathrm{prev} W_{hn} + b_n)$, exercise 1.2.

# %% [markdown]
# ### Three conventions
#
# A GRU is not quite the same thing everywhere. With the same weights, each of the first three choices of this table changes what
# it computes, and none of them gives an error:
#
# | | here | PyTorch's `nn.GRU` |
# | --- | --- | --- |
# | z is the share of | the *new* state, as in Chung et al. (2014) | the *old* state, as in Cho et al. (2014) |
# | the reset comes | before the product, as in Cho et al.: $(r \odot h_\mathrm{prev}) W_{hn}$ | after it: $r \odot (h_\mathrm{prev} W_{hn} + b_{hn})$ |
# | order of the blocks | z, r, n | r, z, n |
# | weights, biases | `Wx` (D, 3H), one `b` (3H,) | `weight_ih_l0` (3H, D), and two biases |
#
# The example by hand tells them apart. Here is what it gives when one choice is made differently, and when all three are.


# %%
def another_gru(order="zrn", after=False, z_is_old=False):
    """h_next of the example by hand, under other conventions."""
    blocks = [dict(zip(order, np.split(array, 3, axis=-1))) for array in (x @ Wx + b, Wh)]
    a, W = blocks
    z, r = (sigmoid(a[gate] + h_prev @ W[gate]) for gate in "zr")
    n = np.tanh(a["n"] + (r * (h_prev @ W["n"]) if after else (r * h_prev) @ W["n"]))
    return z * h_prev + (1 - z) * n if z_is_old else (1 - z) * h_prev + z * n


print("as here:                ", another_gru().round(3))
print("z is what is kept:      ", another_gru(z_is_old=True).round(3))
print("reset after the product:", another_gru(after=True).round(3))
print("order r, z, n:          ", another_gru("rzn").round(3))
print("all three, as PyTorch:  ", another_gru("rzn", after=True, z_is_old=True).round(3))

# %% [markdown]
# ### Exercise 9.2 · Backward through one step of the GRU
#
# <small>40 min</small>
#
# **Why.** `h_prev` is used in *four* places here. Forget one, and nothing complains: every shape is right, only the gradient is
# wrong.
#
# **The equation.** Derive it, from the outside in. A plus passes its gradient on to each term. A product passes it to each
# factor, times the *other* one. σ and tanh multiply it by $y(1-y)$ and by $1-y^2$, where y is what came out; a product $v W$
# multiplies it by $W^\top$. Here is the way back through the figure above:

# %%
plots.gru_step_backward()

# %% [markdown]
# The four terms of $dh_\mathrm{prev}$ have numbers. Term 1 is the direct way. Terms 3 and 4 come back through $W_{hz}$ and
# $W_{hr}$. $u$ is the gradient at $r \odot h_\mathrm{prev}$, which went through $W_{hn}$. From $u$ come term 2 and the gradient
# of r.
#
# **By hand**, going on from 9.1 with $dh_\mathrm{next} = (1, 1)$: $da_n = (0.523, 0.171)$, $u = (0.865, -0.352)$,
# $da_z = (-0.024, 0.315)$ and $da_r = (0.045, 0.053)$. The four terms are $(0.378, 0.731)$, $(0.762, -0.064)$,
# $(-0.024, 0.315)$ and $(-0.053, -0.045)$; so $dh_\mathrm{prev} = (1.064, 0.937)$.


# %% nbgrader={"grade": false, "grade_id": "ex-9-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gru_step_backward(dh_next, cache):
    """Backward through one step of the GRU.

    Args:
        dh_next (N, H): gradient of the loss with respect to h_next.
        cache: from exercise 9.1, (x (N, D), h_prev (N, H), Wx (D, 3H), Wh (H, 3H), z, r, n (N, H)).

    Returns:
        dx (N, D), dh_prev (N, H), dWx (D, 3H), dWh (H, 3H), db (3H,)
    """
    ### BEGIN SOLUTION
    x, h_prev, Wx, Wh, z, r, n = cache
    Whz, Whr, Whn = np.split(Wh, 3, axis=1)
    dan = tanh_backward(dh_next * z, n)
    dreset = dan @ Whn.T  # with respect to r * h_prev
    daz = dh_next * (n - h_prev) * z * (1 - z)
    dar = dreset * h_prev * r * (1 - r)
    dh_prev = dh_next * (1 - z) + dreset * r + daz @ Whz.T + dar @ Whr.T
    dA = np.hstack([daz, dar, dan])
    dWh = np.hstack([h_prev.T @ daz, h_prev.T @ dar, (r * h_prev).T @ dan])
    return dA @ Wx.T, dh_prev, x.T @ dA, dWh, dA.sum(axis=0)
    ### END SOLUTION
    # x, h_prev, Wx, Wh, z, r, n = cache
    # 1. through the mixture: to n, to z, and straight to h_prev
    # 2. through n to the reset product, and from there to r and to h_prev
    # 3. through both gates to h_prev: now four parts make dh_prev
    # 4. dWh block by block, the rest from dA
    raise NotImplementedError("Exercise 9.2: write gru_step_backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Mark every place where <code>h_prev</code> stands in the four equations of 9.1. Each mark is one term of <code>dh_prev</code>.</details>
# <details><summary>Hint 2: the equation to use</summary>With $dh$ for $dh_\mathrm{next}$: $da_n = dh \odot z \odot (1 - n^2)$ and $u = da_n W_{hn}^\top$; $da_z = dh \odot (n - h_\mathrm{prev}) \odot z(1-z)$ and $da_r = u \odot h_\mathrm{prev} \odot r(1-r)$; and $dh_\mathrm{prev} = dh \odot (1 - z) + u \odot r + da_z W_{hz}^\top + da_r W_{hr}^\top$.</details>
# <details><summary>Hint 3: almost the code</summary><code>dh_prev = dh_next * (1 - z) + u * r + daz @ Whz.T + dar @ Whr.T</code>; the third block of <code>dWh</code> is <code>(r * h_prev).T @ dan</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-9-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("9.2", gru_step_backward)

# %% nbgrader={"grade": true, "grade_id": "hidden-9-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 9.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("9.2", gru_step_backward)
### END HIDDEN TESTS

# %%
dx, dh_prev, dWx, dWh, db = answer("9.2")(np.ones((1, 2)), cache)
print("daz, dar, dan =", db.round(3))
print("dh_prev =", dh_prev.round(3))
by_differences = answer("0.2")(lambda h: answer("9.1")(x, h, Wx, Wh, b)[0].sum(), h_prev)
print("by differences, as in exercise 0.2:", by_differences.round(3))

# %% [markdown]
# **What to notice.** The step and the differences give the same numbers. The direct way is again a product with a gate alone,
# $1 - z$. But the GRU has no second state, so the other three ways end in the same one.
#
# **Go further.** Chrono initialisation (notebook 04) set $b_f = \log u$ and $b_i = -\log u$, with u between 1 and T − 1. What
# does the same for a GRU?

# %% [markdown] tags=["solution"]
# **Go further, answered.** $1 - z$ plays the part of f, so $b_z = -\log u$ with the same u. There is no $b_i$ to set: what comes
# in is z itself, small where much is kept.

# %% [markdown]
# ### Exercise 9.3 · The GRU over time, and back
#
# <small>30 min</small>
#
# **Why.** With this class your GRU can stand wherever an RNN or an LSTM stood.
#
# **The equation.** The loops are those of exercise 1.4, with other steps. The state is `h` alone, and each weight was used at
# every step:
#
# $$ dh_s \leftarrow \mathrm{step\_backward}(dhs_s + dh) \qquad dW \mathrel{+}= dW_s $$

# %% [markdown]
# **By hand**, with T = 2 and H = 1: let all weights be 0 and $b = (0, 0, 0.5)$. Then $z = 0.5$ and $n = \tanh(0.5) = 0.462$ at
# both steps. From $h = 1$ the states are $0.5 + 0.231 = 0.731$ and $0.366 + 0.231 = 0.597$. Backward from $dhs = (0, 1)$ only
# the direct way is left: 0.5 reaches the state between the two steps, and 0.25 the first state.


# %% nbgrader={"grade": false, "grade_id": "ex-9-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
class GRU(Layer):
    """A GRU over T steps.

    No state is kept between calls; arguments stay unchanged; gradients are added to `.grad`.

    Args:
        Wx, Wh, b: Params of shapes (D, 3H), (H, 3H), (3H,), blocks in the order z, r, n.
    """

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        """xs (N, T, D), state (N, H) or None
        -> hs (N, T, H), state (N, H) after the last step"""
        ### BEGIN SOLUTION
        h = np.zeros((len(xs), len(self.Wh.value)), dtype=xs.dtype) if state is None else state
        hs, self.caches = [], []
        for step in range(xs.shape[1]):
            h, cache = gru_step_forward(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            hs.append(h)
            self.caches.append(cache)
        return np.stack(hs, axis=1), h
        ### END SOLUTION
        # 1. start from `state`, or from zeros of the dtype of xs
        # 2. step by step: call gru_step_forward; carry h; keep every h and every cache
        # 3. return all hidden states, and the last one
        raise NotImplementedError("Exercise 9.3: write GRU.forward")

    def backward(self, dhs, dstate=None):
        """dhs (N, T, H), dstate (N, H) or None
        -> dxs (N, T, D), dstate (N, H) before the first step"""
        ### BEGIN SOLUTION
        dh = np.zeros_like(dhs[:, 0]) if dstate is None else dstate
        dxs = []
        for step in reversed(range(dhs.shape[1])):
            dx, dh, dWx, dWh, db = gru_step_backward(dhs[:, step] + dh, self.caches[step])
            dxs.append(dx)
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return np.stack(dxs[::-1], axis=1), dh
        ### END SOLUTION
        # 1. start from `dstate`, or from zeros
        # 2. from the last step to the first: what comes from above is added to dh
        # 3. return dxs, and the gradient of the state you started from
        raise NotImplementedError("Exercise 9.3: write GRU.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Open your RNN of exercise 1.4 beside it. Which of its lines say that it is an RNN?</details>
# <details><summary>Hint 2: the equation to use</summary>Forward: <code>h, cache = gru_step_forward(…)</code>. Backward: <code>dx, dh, dWx, dWh, db = gru_step_backward(dhs[:, step] + dh, …)</code>.</details>
# <details><summary>Hint 3: the plan</summary>Two loops. The first runs from step 0 on and keeps each <code>h</code> and each cache. The second runs from the last step to the first and adds each <code>dW</code> to its <code>.grad</code>. Turn the list of <code>dx</code> round at the end.</details>

# %% nbgrader={"grade": true, "grade_id": "check-9-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("9.3", GRU)

# %% nbgrader={"grade": true, "grade_id": "hidden-9-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 9.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("9.3", GRU)
### END HIDDEN TESTS

# %%
layer_class = answer("9.3")
by_hand = layer_class(*(Param(np.array(v)) for v in ([[0.0] * 3], [[0.0] * 3], [0, 0, 0.5])))
hs, _ = by_hand.forward(np.zeros((1, 2, 1)), np.ones((1, 1)))
dxs, dh = by_hand.backward(np.array([[[0.0], [1.0]]]))
print("h =", hs.ravel().round(3), "  before the first step: dh =", dh.round(3))

# %% [markdown]
# **What to notice.** Only the names of the two steps say which cell this class runs.
#
# **Go further.** Which lines would have to change for a cell with *two* states?

# %% [markdown] tags=["solution"]
# **Go further, answered.** The two that start, the two that call a step, and the two that return: a pair takes the place of
# `h` and of `dh`, as in exercise 4.4. The loops stay as they are.

# %% [markdown]
# ## 2. How far back can it remember?
#
# The question of notebook 01 again: name the symbol that came *first*, after some steps that tell nothing. The stored runs of
# the RNNs and the LSTM are those of notebooks 02 and 04. The GRU gets what the LSTM got: the same sequences, Adam with the same
# rate, and biases that spread the time scales ($b_z = -\log u$).
#
# Up to how many steps back will yours be right?

# %%
guess = ...  # a number of steps, from 1 to 80

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
yours = recall_curve(RECALL_ROWS["GRU"], 5, (5, 20, 80), answer("9.3"))
print("yours:", {lag: round(share, 2) for lag, share in yours.items()})

# %%
stored = load_recall()
for label, curve in stored.items():
    mean, right = np.mean(curve[80]), sum(share >= 0.9 for share in curve[80])
    print(f"{label}: {mean:.2f} at 80 steps back, {right} of {len(curve[80])} seeds right")
few = {label: stored[label] for label in ("RNN, clipped", "RNN, orthogonal", "LSTM", "GRU")}
plots.recall_by_lag(few, yours=yours, guess=guess)

# %% [markdown]
# One state is enough: the GRU remembers as far as the LSTM does, on each of the stored seeds. (The list counts the seeds that
# are right at least nine times in ten.) An RNN can do it too: from an orthogonal matrix on every seed, from the identity on most.
# But not with any inputs: if its `Wx` starts ten times as large, like the LSTM's, the orthogonal RNN is right on no seed.
#
# Is it the GRU that remembers, or does it owe that to the biases it starts with? Here it is once more, with biases of 0, so that z
# begins near one half in every unit.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
plain = recall_curve(replace(RECALL_ROWS["GRU"], start="random"), 5, (10, 20, 40), answer("9.3"))
print("biases of 0:", {lag: round(share, 2) for lag, share in plain.items()})

# %% [markdown]
# On this seed, without those biases, the GRU still finds what lies 20 steps back, and at 40 it only guesses. As with the LSTM,
# the cell makes a long memory *possible*, and its start can decide whether learning finds it.

# %% [markdown]
# ## 3. In the LSTM's place
#
# Now the GRU takes the LSTM's place in the full model of notebook 08: two layers, tied, with variational dropout. Nothing else
# changes. First, the size. A GRU has three blocks where the LSTM has four. Which share is left of the *whole* model, with its
# embedding?

# %%
guess = ...  # the share that is left, a number from 0 to 1

# %%
V, H, sizes = 3001, 100, {}
for cell in "LSTM", "GRU":
    params = create_params(V, H, 2, np.random.default_rng(0), cell=cell)
    sizes[cell] = count_parameters(params.values())
    print(f"{cell:5} {sizes[cell]:,} numbers")
print(f"share: {sizes['GRU'] / sizes['LSTM']:.2f}")
if guess is not ...:
    print("your guess:", guess)

# %% [markdown]
# Most of the model is the embedding, which no cell makes smaller.
#
# Next, the perplexity. Both cells train in this model, on the whole corpus, for eight epochs. One run takes two minutes, so
# the runs are stored; `make sweep NAME=gru` makes them again. Which learning rate is fair? Each cell gets *three*, around its
# own best, and every rate three seeds. The rate is chosen by validation perplexity, and the two are then compared on the test
# split.
#
# How much lower, or higher, will the GRU's test perplexity be than the LSTM's, each at its own best rate?

# %%
guess = ...  # GRU minus LSTM; the LSTM's test perplexity is 62.2

# %%
runs, best = load_sweep("gru"), {}


def of_row(cell, rate, split="test"):
    row = f"{cell}, {rate:g}"
    return np.array([run[f"{split}_perplexity"] for run in runs if run["row"] == row])


for cell in "LSTM", "GRU":
    rates = [row.learning_rate for row in SWEEPS["gru"].values() if row.cell == cell]
    means = {rate: float(of_row(cell, rate, "valid").mean()) for rate in rates}
    best[cell] = min(means, key=means.get)
    print(f"{cell:5} validation perplexity", {rate: round(mean, 1) for rate, mean in means.items()})

# %%
rows = {
    f"{cell}, rate {rate:g}": of_row(cell, rate) for cell in best for rate in sorted(best.values())
}
for label, values in rows.items():
    print(f"{label}: test perplexity {values.mean():.1f}, spread {values.std(ddof=1):.1f}")
lstm, gru = (of_row(cell, rate) for cell, rate in best.items())
error = np.sqrt((lstm.var(ddof=1) + gru.var(ddof=1)) / len(gru))
print(f"each at its best: difference {gru.mean() - lstm.mean():+.1f}, standard error {error:.1f}")
seconds = [
    np.mean([run["cpu_seconds"] for run in runs if run["row"].startswith(cell)]) for cell in best
]
print(f"CPU time of a run, GRU against LSTM: {seconds[1] / seconds[0]:.2f}")
plots.perplexity_by_seed(rows, guess if guess is ... else lstm.mean() + guess)

# %% [markdown]
# Each at its own best rate, the LSTM ends a little lower: by 1.1, nearly three standard errors. But those rates are not the
# same, 20 for the LSTM and 14 for the GRU. With 14 for both, the two could not have been told apart, and with 20 the GRU would
# have lost by four and a half. Whoever gives both the same rate measures the rate.
#
# %% [markdown]
# Is the LSTM better, then? On this text, at this size, probably, and it has a tenth more numbers to do it with. In a large
# comparison (Jozefowicz et al. 2015) neither won on every task.
#
# And the time? The GRU has three blocks instead of four, but its state needs two products in a row, since r must be known first. And
# about half of a run goes into the output over 3,001 words, which is the same for both. Here it saves some 4 %.

# %% [markdown]
# ### A small one, live
#
# One seed of each with *your* layers, on 20,000 tokens, the 1,000 commonest words, H = 32, six epochs, at the rates
# chosen above. Where a layer is not yours yet, the reference's stands in.

# %%
layers = {
    "Stacked": answer("6.1"), "Embedding": answer("5.1"), "LSTM": answer("4.4"), "GRU": answer("9.3"),
    "TiedAffine": answer("8.2"), "SoftmaxCrossEntropy": answer("5.3"), "VariationalDropout": answer("7.2"),
}  # fmt: skip
clip_gradients, sgd_step = answer("2.2"), answer("2.3")
perplexity, stream_batches = answer("5.4"), answer("5.5")
corpus = load_corpus("sotu")
train, valid = (
    np.where(ids < 1000, ids, corpus.vocabulary.unk)
    for ids in (corpus.train[:20_001], corpus.valid[:5_001])
)


# %%
def run_epoch(model, learning_rate):
    params, state = model.parameters(), None
    for xs, targets in stream_batches(train, 10, 20):
        model.zero_grad()
        _, state = model.loss(xs, targets, state, training=True)
        model.backward()
        clip_gradients([param.grad for param in params], max_norm=0.25)
        sgd_step(params, learning_rate)


# %%
def measure(model):
    total, n, state = 0.0, 0, None
    for xs, targets in stream_batches(valid, 10, 20):
        loss, state = model.loss(xs, targets, state)
        total, n = total + loss * targets.size, n + targets.size
    return perplexity(total, n)


def drawn(curves):
    begun = {cell: curve for cell, curve in curves.items() if curve}
    return plots.learning_curves(begun, baselines={}, learning_rates=None)


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
curves = {"LSTM": [], "GRU": []}
live = plots.LiveFigure(12, "validation perplexity, epoch by epoch")
display(live)  # until the figure below takes its place
for cell, curve in curves.items():
    rng = np.random.default_rng(0)
    model = assemble(layers, create_params(1000, 32, 2, rng, cell=cell), rng, rate=0.2)
    for learning_rate in [best[cell]] * 5 + [best[cell] / 4]:
        run_epoch(model, learning_rate)
        curve.append(measure(model))
        live.show(sum(map(len, curves.values())), drawn(curves))
live.close()

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
for cell, curve in curves.items():
    print(f"{cell}: validation perplexity {curve[-1]:.1f} after {len(curve)} epochs")
drawn(curves)

# %% [markdown]
# Both of your cells learn the small text in the same model, put together by the same function: only the class has changed. One
# seed of a small model says nothing about which is better. For that there is the table.

# %% [markdown]
# ## 4. The whole thread
#
# How far back can this network remember? Notebook 01 asked it first. Here are the answers since then, in one picture. The
# upper part is the task of section 2. The lower part is a text. Exercise 8.6 asked how many of the last words are enough: with
# these, the full model's perplexity is within one per cent of that with the whole past. The same was measured with both cells
# in that model, on the small text of notebook 08, with three seeds. The runs are stored (`make sweep NAME=contexts`).
#
# Guess: how many of the last words are enough with the GRU?

# %%
guess = ...  # a number of words, from 1 to 40

# %%
notebooks = {
    "RNN": "01", "RNN, clipped": "02", "RNN, orthogonal": "04", "LSTM": "04", "GRU": "09"
}  # fmt: skip
thread = {f"{label} ({number})": stored[label] for label, number in notebooks.items()}
enough = load_enough_words()
for cell, words in enough.items():
    print(f"full model, {cell}: last words that are enough, seed by seed: {words}")
plots.how_far_back(
    thread, {f"full model, {cell}": max(words) for cell, words in enough.items()}, guess=guess
)

# %% [markdown]
# The upper part is what a network *can* remember. The LSTM and the GRU reach the longest distance that was tried, and so does
# an RNN with the right start. The lower part is what this text *makes* a model of this size use: about ten words, whichever
# the cell. These are two questions, and a long memory answers only the first. (Khandelwal et al. 2018 found that larger LSTMs
# make use of some 200 words on larger texts.)

# %% [markdown]
# ## Summary
#
# - The GRU has one state and two gates: $h_\mathrm{next} = (1-z) \odot h_\mathrm{prev} + z \odot n$.
# - Its direct path is that of the LSTM, with $1 - z$ for f. `h_prev` is used in four places, so $dh_\mathrm{prev}$ has four terms.
# - With biases that spread the time scales it remembers over 80 steps, as the LSTM does. With biases of 0 it did not reach 40.
# - In the LSTM's place it takes three quarters of the cell's parameters. Each at its own best learning rate, the LSTM ends
#   1.1 lower here. At one rate for both, the difference would have been nothing, or four and a half.
# - Libraries differ in three choices, and none of them gives an error: what z means, where the reset comes, and the order
#   of the blocks.
# - What a network can remember, and what a text makes it use, are two questions. Here the answers are
#   at least 80 steps, and ten words.

# %% [markdown]
# ## Questions
#
# 1. Which gate of the LSTM has no counterpart in the GRU, and what follows for `h`?
# 2. Why can the three blocks not be made with one product, as those of the LSTM?
# 3. In how many places is `h_prev` used in one step, and what does each add to $dh_\mathrm{prev}$?
# 4. Can the gradient along the direct path explode?
# 5. How many parameters has a GRU with D = H = 100, and how many has the LSTM?
# 6. z = 0.03 at all steps: how much arrives by the direct path after 100?
# 7. You want to load the weights of PyTorch's GRU into yours. Which two things must you do, and why is that not enough?
# 8. With which setting of the gates does a GRU forget everything in one step?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. The output gate. The GRU cannot hide what it remembers: all of `h` goes up.
# 2. `Whn` multiplies $r \odot h_\mathrm{prev}$, so r must be known first. (PyTorch resets after the product, and can.)
# 3. Four: the direct product with $1 - z$, the reset product, the sum in z, the sum in r.
# 4. No: $1 - z$ is at most 1. Through the other three places it can.
# 5. $3 (100·100 + 100·100 + 100) = 60{,}300$, and $4 · 20{,}100 = 80{,}400$.
# 6. $0.97^{100} = 0.048$.

# %% [markdown] tags=["solution"]
# 7. Its $z$ is $1 - z$ of yours: turn the sign of `Wx`, `Wh` and `b` in that block, since $\sigma(-a) = 1 - \sigma(a)$, and
#    reorder the blocks. Even then its reset comes *after* the product, so the two agree only where that makes no difference.
# 8. z = 1 and r = 0: then $h_\mathrm{next} = \tanh(x W_{xn} + b_n)$, and nothing of $h_\mathrm{prev}$ is left.

# %% tags=["solution"]
print("5.", f"{3 * 20_100:,}", f"{4 * 20_100:,}", "  6.", round(0.97**100, 3))

# %% [markdown]
# ## Before you hand in
#
# *Kernel → Restart Kernel and Run All Cells*. Look at the points under every check, save, and hand in the file
# `09_gru.ipynb`. This was the appendix; there is no notebook after it.
#
# ## Further reading
#
# - K. Cho et al., *Learning phrase representations using RNN encoder-decoder for statistical machine translation*, EMNLP 2014.
# - J. Chung, C. Gulcehre, K. Cho, Y. Bengio, *Empirical evaluation of gated recurrent neural networks on sequence modeling*,
#   arXiv:1412.3555 (2014).
# - R. Jozefowicz, W. Zaremba, I. Sutskever, *An empirical exploration of recurrent network architectures*, ICML 2015.
# - U. Khandelwal, H. He, P. Qi, D. Jurafsky, *Sharp nearby, fuzzy far away: how neural language models use context*, ACL 2018.

# %% [markdown]
# ## 요약
#
# 1. GRU는 상태 하나(은닉 상태 h)와 게이트 두 개(업데이트 게이트 z, 리셋 게이트 r)로 이루어진다.
# 2. 업데이트 게이트는 새 상태를 받아들이는 만큼 이전 상태를 버리므로, 망각 게이트와 입력 게이트의 일을 함께 한다.
# 3. 한 시각을 거슬러 갈 때 직접 이어지는 경로에서는 1 - z가 LSTM의 망각 게이트 f를 대신한다.
# 4. 이전 은닉 상태는 네 곳에서 쓰이므로, 그 기울기는 네 항의 합이다.
# 5. z의 뜻, 리셋의 위치, 블록의 순서는 라이브러리마다 다르며, 서로 달라도 오류는 나지 않는다.

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
# # Vanishing and exploding gradients
#
# *See gradients vanish and explode.*
#
# **You will do**: write a recurrent network, forward and back through time; find out how far back it can remember; measure
# what happens to its gradient on the way into the past; predict that from two numbers.
#
# **You will learn**: why a simple RNN forgets. Not because its state is too small, but because the *training signal* from
# far back is lost: it vanishes (vanishing gradient, 기울기 소실), or it explodes (exploding gradient, 기울기 폭발).
#
# **You will need**: two to three hours; notebook 00; matrix products and the chain rule (연쇄 법칙). Singular values and
# eigenvalues are explained.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import numpy as np

from helpers import plots
from helpers.checks import answer, check
from helpers.data import tasks
from helpers.nn import Affine, Layer, Param, SoftmaxCrossEntropy
from helpers.training import load_recall

# %% [markdown]
# ## 1. A state that is carried along
#
# To guess the last word of “the keys that I left on the table in the hall **were**”, a network must still know, nine words
# on, that there were several keys: a long-term dependency (장기 의존성, 장기 의존 관계). A recurrent network (RNN, 순환
# 신경망) carries a **hidden state** (은닉 상태): at each step it mixes the new input into the previous state.
#
# The figure shows one cell four times, with the same parameters (매개변수): the weights (가중치) `Wx` and `Wh` and the bias
# (편향) `b`. The state `h` goes upwards, to a prediction, and to the right, into the next step. This notebook is about the
# way back.

# %%
plots.rnn_unrolled(steps=4)

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# ### Exercise 1.1 · Backward through tanh
#
# <small>10 min</small>
#
# **Why.** At every step the state goes through a tanh, and its gradient goes back through one.
#
# **The question.** Let $y = \tanh(x)$, and let `dout` be the gradient with respect to `y`. What is `dx`, the gradient with
# respect to `x`, which is not kept on the way forward? Use the chain rule, element by element, and
#
# $$ \tanh'(x) = 1 - \tanh^2(x) $$
#
# **By hand**: $dout = (1, 2)$ and $y = (0.5, -0.9)$. The slopes of tanh there are 0.75 and 0.19, so $dx = (0.75, 0.38)$. The
# second gradient was the larger and is now the smaller: its unit (유닛) is nearly *saturated* (포화), with an output close
# to -1 or 1.

# %%
plots.tanh_graph()


# %% nbgrader={"grade": false, "grade_id": "ex-1-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tanh_backward(dout, y):
    """Backward through y = tanh(x), from the output.

    Args:
        dout (any shape): gradient of the loss with respect to y.
        y (same shape): what tanh gave on the way forward.

    Returns:
        dx: gradient of the loss with respect to x, same shape
    """
    ### BEGIN SOLUTION
    return dout * (1 - y**2)
    ### END SOLUTION
    # the chain rule: what comes from above, times the local derivative
    raise NotImplementedError("Exercise 1.1: write tanh_backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Two factors, multiplied element by element. One of them is given.</details>
# <details><summary>Hint 2: the equation to use</summary>tanh(x) is what you call <code>y</code>, so tanh′(x) = 1 − y² and dx = dout ⊙ (1 − y²). ⊙ is the Hadamard product (아다마르 곱): element by element.</details>
# <details><summary>Hint 3: almost the code</summary><code>dout * (1 - …)</code>, where … is <code>y</code> squared.</details>

# %% nbgrader={"grade": true, "grade_id": "check-1-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("1.1", tanh_backward)

# %% nbgrader={"grade": true, "grade_id": "hidden-1-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 1.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("1.1", tanh_backward)
### END HIDDEN TESTS

# %%
x = np.linspace(-4, 4, 401)
slope = answer("1.1")(np.ones_like(x), np.tanh(x))
print("largest slope", slope.max(), "at x =", x[slope.argmax()].round(3))
print("slope at x = 2:", slope[np.abs(x - 2).argmin()].round(3))
plots.tanh_and_derivative(x, np.tanh(x), slope)

# %% [markdown]
# **What to notice.** The output was enough: the input need not be kept. The slope is 1 at exactly one point and smaller
# everywhere else: 0.07 at x = 2. Going back through a tanh never makes a gradient larger. After T steps there are T such
# factors.
#
# **Go further.** If every factor were 0.9, after how many steps would less than a hundredth be left?

# %% [markdown] tags=["solution"]
# **Go further, answered.** 0.9ᵏ < 0.01 means k > ln 0.01 / ln 0.9 = 43.7: after 44 steps. The factor is 0.9 already at
# |x| = 0.33, where a unit is far from saturated.

# %% [markdown]
# ### Exercise 1.2 · One step of the RNN
#
# <small>10 min</small>
#
# **Why.** This is the whole network. Everything that follows calls this one function T times, and then goes back through
# the T calls.
#
# **The equation.**
#
# $$ a = x\,W_x + h_\mathrm{prev}\,W_h + b \qquad\qquad h_\mathrm{next} = \tanh(a) $$
#
# | `x` | `Wx` | `h_prev` | `Wh` | `b` | `h_next` |
# | --- | --- | --- | --- | --- | --- |
# | (N, D) | (D, H) | (N, H) | (H, H) | (H,) | (N, H) |
#
# **By hand**, with N = 1, D = 1, H = 2: $x = (1)$, $h_\mathrm{prev} = (0.4, -0.2)$, $W_x = (0.3, -0.5)$,
# $W_h = \begin{pmatrix}0.5 & 0.2\\ -0.5 & 0.4\end{pmatrix}$, $b = (0.1, 0.1)$.
#
# $a_1 = 0.3 + (0.4·0.5 + 0.2·0.5) + 0.1 = 0.7$ and $a_2 = -0.5 + (0.4·0.2 - 0.2·0.4) + 0.1 = -0.4$,
# so $h_\mathrm{next} = (\tanh 0.7, \tanh(-0.4)) = (0.604, -0.380)$.

# %%
plots.rnn_step_forward()


# %% nbgrader={"grade": false, "grade_id": "ex-1-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rnn_step_forward(x, h_prev, Wx, Wh, b):
    """One step of the RNN.

    Args:
        x (N, D): input of this step.
        h_prev (N, H): hidden state before it.
        Wx (D, H), Wh (H, H), b (H,): parameters, the same at every step.

    Returns:
        h_next (N, H): hidden state after it, a new array
        cache: the tuple (x, h_prev, Wx, Wh, h_next), for the way back
    """
    ### BEGIN SOLUTION
    h_next = np.tanh(x @ Wx + h_prev @ Wh + b)
    return h_next, (x, h_prev, Wx, Wh, h_next)
    ### END SOLUTION
    # 1. the sum a: two products and the bias
    # 2. squash it
    # 3. return the new state, and all that backward will ask for
    raise NotImplementedError("Exercise 1.2: write rnn_step_forward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Write the shapes under each term of the equation: all three must be (N, H).</details>
# <details><summary>Hint 2: the equation to use</summary>a = x W<sub>x</sub> + h<sub>prev</sub> W<sub>h</sub> + b, with <code>@</code> for the products. NumPy adds <code>b</code> to every row by itself.</details>
# <details><summary>Hint 3: almost the code</summary><code>h_next = np.tanh(x @ … + h_prev @ … + b)</code>, then <code>return h_next, (x, h_prev, Wx, Wh, h_next)</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-1-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("1.2", rnn_step_forward)

# %% nbgrader={"grade": true, "grade_id": "hidden-1-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 1.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("1.2", rnn_step_forward)
### END HIDDEN TESTS

# %%
Wx, Wh = np.array([[0.3, -0.5]]), np.array([[0.5, 0.2], [-0.5, 0.4]])
step_forward = answer("1.2")
h_next, cache = step_forward(np.array([[1.0]]), np.array([[0.4, -0.2]]), Wx, Wh, np.full(2, 0.1))
print("h_next =", h_next.round(3))

# %% [markdown]
# **What to notice.** Nothing in this step says “keep”: whatever the network wants to remember, it must rebuild at every step,
# through the same `Wh`.
#
# **Go further.** Give the step no input (x = 0, b = 0) and let it run. What becomes of the state?

# %% [markdown] tags=["solution"]
# **Go further, answered.** With this `Wh` the state dies out: both singular values, 0.73 and 0.41, are below 1, so each
# step makes it shorter, and the tanh only adds to that. The code below shows it.

# %% tags=["solution"]
h = np.array([[0.4, -0.2]])
for _ in range(20):
    h, _ = step_forward(np.zeros((1, 1)), h, Wx, Wh, np.zeros(2))
print(
    "length after 20 steps:",
    f"{np.linalg.norm(h):.1e}",
    " singular values:",
    np.linalg.svd(Wh)[1].round(2),
)

# %% [markdown]
# ### Exercise 1.3 · Backward through one step
#
# <small>20 min</small>
#
# **Why.** Going back, you will call this function at every step. What it does to a gradient once, it does T times. Of its
# five results only `dh_prev` travels on into the past.
#
# **The equation.** From the outside in, the tanh first. ⊙ is the Hadamard product (아다마르 곱), element by element.
#
# $$ da = dh_\mathrm{next} \odot (1 - h_\mathrm{next}^2) \qquad (N, H) $$
# $$ dW_x = x^\top da \qquad dW_h = h_\mathrm{prev}^\top da \qquad db = \textstyle\sum_n da_n $$
# $$ dx = da\,W_x^\top \qquad dh_\mathrm{prev} = da\,W_h^\top $$
#
# **By hand**, going on from 1.2 with $dh_\mathrm{next} = (1, 1)$: $1 - h_\mathrm{next}^2 = (0.6347, 0.8556)$, which is also $da$.
# Then $dh_\mathrm{prev} = (0.6347·0.5 + 0.8556·0.2,\; -0.6347·0.5 + 0.8556·0.4) = (0.4885, 0.0249)$.
# A gradient of length 1.41 went in; one of length 0.49 came out.

# %%
plots.rnn_step_backward()


# %% nbgrader={"grade": false, "grade_id": "ex-1-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rnn_step_backward(dh_next, cache):
    """Backward through one step of the RNN.

    Args:
        dh_next (N, H): gradient of the loss with respect to h_next.
        cache: from exercise 1.2, (x (N, D), h_prev (N, H), Wx (D, H), Wh (H, H), h_next (N, H)).

    Returns:
        dx (N, D), dh_prev (N, H), dWx (D, H), dWh (H, H), db (H,)
    """
    ### BEGIN SOLUTION
    x, h_prev, Wx, Wh, h_next = cache
    da = tanh_backward(dh_next, h_next)
    return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)
    ### END SOLUTION
    # x, h_prev, Wx, Wh, h_next = cache
    # 1. through the tanh: exercise 1.1 does it, from the output
    # 2. to the parameters: each result has the shape of its parameter
    # 3. to x and to h_prev
    raise NotImplementedError("Exercise 1.3: write rnn_step_backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>All five results are made from one array. Which one? Make it first and give it a name.</details>
# <details><summary>Hint 2: the equation to use</summary><code>da = tanh_backward(dh_next, h_next)</code>. For Y = X W the gradients are dX = dY Wᵀ and dW = Xᵀ dY.</details>
# <details><summary>Hint 3: almost the code</summary>Let the shapes lead: <code>dWh</code> is (H, H) and must be made of <code>h_prev</code> (N, H) and <code>da</code> (N, H). Only <code>h_prev.T @ da</code> or its transpose fits; the first index belongs to <code>h_prev</code>. The bias was added to N rows: sum over axis 0.</details>
#
# Check it yourself first: the next cell calls **your own** `numerical_gradient` of exercise 0.2. The loss is the sum of
# `h_next`, so $dh_\mathrm{next} = (1, 1)$, and the numbers are those of the example above.
#
# > **Try it.** Add a line that prints `rnn_step_backward(np.ones((1, 2)), cache)[3]`. Do the two agree?


# %%
def loss(Wh):
    return step_forward(*cache[:3], Wh, np.full(2, 0.1))[0].sum()


print("dWh by numerical_gradient:", answer("0.2")(loss, Wh.copy()).round(4).tolist())

# %% nbgrader={"grade": true, "grade_id": "check-1-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("1.3", rnn_step_backward)

# %% nbgrader={"grade": true, "grade_id": "hidden-1-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 1.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("1.3", rnn_step_backward)
### END HIDDEN TESTS

# %%
dx, dh_prev, dWx, dWh, db = answer("1.3")(np.ones((1, 2)), cache)
print("da = db =", db.round(4), "  dh_prev =", dh_prev.round(4), "  dWh =", dWh.round(4).tolist())
print("length of the gradient:", np.sqrt(2).round(2), "→", np.linalg.norm(dh_prev).round(2))

# %% [markdown]
# **What to notice.** Two things shrank the gradient: the factor $1 - h^2$, which is never above 1, and the product with
# $W_h^\top$. The first differs from step to step. The second is *the same matrix every time*.
#
# **Go further.** Which states pass on no gradient at all? Why is it hard for a unit to come back from there?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Those with h = ±1: the unit is saturated and 1 - h² is 0. Its gradient with respect to `a` is
# then 0 too, so this step changes none of the unit's weights. It stays saturated until other inputs bring it back.

# %% [markdown]
# ## 2. Back through time
#
# Unrolled over T steps, it is a very deep feed-forward network (피드포워드 신경망, 순방향 신경망) whose layers all share
# their weights. Backpropagation (역전파) through it, after the forward pass (순전파), is called **backpropagation through
# time** (BPTT, 시간에 따른 역전파).
#
# At each step *two* gradients arrive and are **added**: one from above, `dhs[:, step]`, and one from the future, the `dh_prev`
# of the step after. And because all steps share `Wh`, its gradient is the **sum** over the steps.

# %%
plots.rnn_unrolled(steps=4, backward=True)

# %% [markdown]
# ### Exercise 1.4 · The RNN over time, and back
#
# <small>40 min</small>
#
# **Why.** This is the layer you will train; the LSTM of notebook 04 has the same outside.
#
# **The equation.** Forward, for step = 0 … T-1, with $h_{-1}$ the given state:
# $h_{s} = \mathrm{step}(x_s, h_{s-1})$. Backward, for step = T-1 … 0, with `dh` the gradient from beyond the last step:
#
# $$ dx_s,\; dh,\; dW_x,\; dW_h,\; db \;\leftarrow\; \mathrm{step\_backward}(dhs_s + dh,\; cache_s) $$
#
# where the last three are added up over the steps.
#
# > **Notation.** A `Param` has a `.value`, which the step functions want, and a `.grad` of the same shape, to which
# > `backward` *adds* (`+=`, never `=`). `Layer` asks nothing of you. Keep the caches in `self.caches`. `state=None` and
# > `dstate=None` mean zeros. Ignore `training` until notebook 06.

# %% [markdown]
# **By hand**, with N = D = H = 1, T = 2, $W_x = 1$, $W_h = 0.5$, b = 0 and $xs = (1, 0)$. Forward:
# $h_0 = \tanh(1) = 0.762$, $h_1 = \tanh(0.381) = 0.363$. Backward, with $dhs = (0, 1)$: at step 1
# $da = 1 - 0.363^2 = 0.868$, so $dh = 0.868 · 0.5 = 0.434$ goes on to step 0, where $da = 0.434 · (1 - 0.762^2) = 0.182$.
# Over both steps: $dW_x = 0 + 0.182$, $dW_h = 0.661 + 0$, $db = 0.868 + 0.182 = 1.050$.


# %% nbgrader={"grade": false, "grade_id": "ex-1-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
class RNN(Layer):
    """A simple RNN over T steps.

    Args:
        Wx, Wh, b: Params of shapes (D, H), (H, H), (H,).

    `backward` adds to each `.grad`. A call keeps only what its `backward` needs, and changes none of its arguments.
    """

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        """xs (N, T, D), state (N, H) or None -> hs (N, T, H), state (N, H) after the last step"""
        ### BEGIN SOLUTION
        N, T, _ = xs.shape
        h = np.zeros((N, self.Wh.value.shape[0]), dtype=xs.dtype) if state is None else state
        hs, self.caches = [], []
        for step in range(T):
            h, cache = rnn_step_forward(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            hs.append(h)
            self.caches.append(cache)
        return np.stack(hs, axis=1), h
        ### END SOLUTION
        # 1. start from `state`, or from zeros of the dtype of xs
        # 2. step by step: call rnn_step_forward on xs[:, step]; keep every state and every cache
        # 3. return all states, and the last one
        raise NotImplementedError("Exercise 1.4: write RNN.forward")

    def backward(self, dhs, dstate=None):
        """dhs (N, T, H), dstate (N, H) or None -> dxs (N, T, D), dstate (N, H) before the first step"""
        ### BEGIN SOLUTION
        dh = np.zeros_like(dhs[:, 0]) if dstate is None else dstate
        dxs = []
        for step in reversed(range(dhs.shape[1])):
            dx, dh, dWx, dWh, db = rnn_step_backward(dhs[:, step] + dh, self.caches[step])
            dxs.append(dx)
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return np.stack(dxs[::-1], axis=1), dh
        ### END SOLUTION
        # 1. start from `dstate`, or from zeros
        # 2. from the last step to the first: add the gradient from above to the one from the future,
        #    call rnn_step_backward, add to the three .grad, keep dx where its x was
        # 3. return dxs, and the gradient of the state you started from
        raise NotImplementedError("Exercise 1.4: write RNN.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Both methods are a loop around one function you have already written. Forward keeps what backward needs: one cache for each step.</details>
# <details><summary>Hint 2: the equation to use</summary>What enters a step on the way back is <code>dhs[:, step] + dh</code>; what leaves it as <code>dh_prev</code> is the next <code>dh</code>.</details>
# <details><summary>Hint 3: almost the code</summary><code>for step in reversed(range(T)):</code> … <code>dx, dh, dWx, dWh, db = rnn_step_backward(dhs[:, step] + dh, self.caches[step])</code> … <code>self.Wh.grad += dWh</code>. Collect the <code>dx</code> in a list, turn it round, and <code>np.stack(…, axis=1)</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-1-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("1.4", RNN)

# %% nbgrader={"grade": true, "grade_id": "hidden-1-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 1.4 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("1.4", RNN)
### END HIDDEN TESTS

# %%
layer_class = answer("1.4")
small = layer_class(Param(np.ones((1, 1))), Param(np.array([[0.5]])), Param(np.zeros(1)))
hs, _ = small.forward(np.array([[[1.0], [0.0]]]))
small.backward(np.array([[[0.0], [1.0]]]))
sums = {f"d{name}": round(getattr(small, name).grad.item(), 3) for name in ("Wx", "Wh", "b")}
print("hs =", hs.ravel().round(3), sums)

# %% [markdown]
# **What to notice.** The three gradients are sums over both steps: that is how one weight can serve many steps, and later
# two layers.
#
# **Go further.** Put a loss on *every* step of a long sequence. Does the gradient of the first input still vanish? Can
# the last steps now learn from the first?

# %% [markdown] tags=["solution"]
# **Go further, answered.** It no longer vanishes: the losses near the first input reach it without a detour. But they are
# *near*. The part that comes from the last loss is as small as before; a sum hides what is missing in it. The code below
# compares the two.

# %% tags=["solution"]
rng = np.random.default_rng(0)
orthogonal, _ = np.linalg.qr(rng.normal(size=(16, 16)))
layer = layer_class(Param(rng.normal(0, 0.3, (8, 16))), Param(orthogonal), Param(np.zeros(16)))
hs, _ = layer.forward(rng.normal(size=(4, 60, 8)))
every_step = rng.normal(size=hs.shape)
last_step = np.where(np.arange(60)[:, None] == 59, every_step, 0)
first_input = [np.linalg.norm(layer.backward(dhs)[0][:, 0]) for dhs in (every_step, last_step)]
print(
    f"gradient of the first input: losses at every step {first_input[0]:.2g}, the last loss alone {first_input[1]:.0e}"
)

# %% [markdown]
# ### How far back can it remember?
#
# A network reads one of four symbols, then k others that tell nothing, and must name the first one. Guessing is right once
# in four. For each distance k your RNN starts anew and gets 300 updates of plain stochastic gradient descent (SGD, 확률적
# 경사 하강법).
#
# > **Notation.** `Affine` makes four scores from the last state. The loss compares them with the right symbol, and its
# > `backward` gives their gradient. You will write both in notebook 05.


# %%
def new_network(rng, H=32):
    """Your RNN with small random weights, and a layer that makes four scores of its state."""
    Wx, Wh = rng.normal(0, 0.1, (8, H)), rng.normal(0, 1 / np.sqrt(H), (H, H))
    rnn = layer_class(Param(Wx), Param(Wh), Param(np.zeros(H)))
    return rnn, Affine(Param(rng.normal(0, 1 / np.sqrt(H), (H, 4))), Param(np.zeros(4)))


# %%
def update(rnn, scores, xs, first, learning_rate=0.01):
    """One update with SGD, on one batch."""
    hs, _ = rnn.forward(xs)
    loss, dhs = SoftmaxCrossEntropy(), np.zeros_like(hs)
    loss.forward(scores.forward(hs[:, -1:]), first[:, None])  # only the last state has to answer
    rnn.zero_grad(), scores.zero_grad()
    dhs[:, -1:] = scores.backward(loss.backward())
    rnn.backward(dhs)
    for param in rnn.parameters() + scores.parameters():
        param.value -= learning_rate * param.grad


# %%
def share_right(k, seed=0, updates=300):
    """Train a new network for this distance, then ask it about 1000 new sequences."""
    rng = np.random.default_rng(seed)
    rnn, scores = new_network(rng)
    for _ in range(updates):
        update(rnn, scores, *tasks.first_symbol_recall(32, k + 1, rng))
    xs, first = tasks.first_symbol_recall(1000, k + 1, rng)
    answers = scores.forward(rnn.forward(xs)[0][:, -1:])[:, 0].argmax(axis=1)
    return float(np.mean(answers == first))


# %%
guess = ...  # a number: up to how many steps back will your RNN be right nearly always?

# %%
yours = {k: share_right(k) for k in (1, 2, 5, 10, 20, 40)}
stored = load_recall()["RNN"]
print("yours:", {k: round(share, 2) for k, share in yours.items()})
for k, shares in stored.items():
    print(f"k = {k}, five seeds: {min(shares):.2f} to {max(shares):.2f} right")
plots.recall_by_lag({"RNN": stored}, yours=yours, guess=guess)

# %% [markdown]
# Ten steps back, all five seeds are right. From twenty on it depends on the seed, and eighty steps back no network is right
# more than half of the time. One share is far *below* guessing: an exploding gradient threw out what that network had
# learned (notebook 02).
#
# Is the state too small? No: it has to hold one symbol, near or far. Is it the training? The learning rate and the size of
# `Wx` are the best of fourteen pairs, tried on other seeds. Another start of `Wh` helps (notebook 04).
#
# > **Try it.** Is it the number of updates? `share_right(20, updates=3000)` takes five to twenty seconds. The five seeds
# > are stored; `make sweep NAME=recall` trains them again.

# %% [markdown]
# ### How far back does its gradient reach?
#
# What becomes of the *training signal*? There is one loss, at the last step, and its gradient has to travel back to every
# earlier input. Measure it on the way, in networks that have not learned anything yet.


# %%
def gradient_per_step(gain, seed, steps=60, inputs=0.3, H=32, D=8):
    """Norm of the gradient at the input 0 … steps-1 steps before the loss, and that gradient."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(H, H)))  # orthogonal: it changes no length
    layer = layer_class(Param(rng.normal(0, inputs, (D, H))), Param(gain * Q), Param(np.zeros(H)))
    xs = rng.normal(size=(4, steps, D))
    hs, _ = layer.forward(xs)
    dhs = np.zeros_like(hs)
    dhs[:, -1] = rng.normal(size=(4, H))
    dxs, _ = layer.backward(dhs)
    return np.linalg.norm(dxs, axis=(0, 2))[::-1], dxs


# %%
gains = (0.5, 1.0, 2.5)
norms = {
    f"{gain} × orthogonal": np.array([gradient_per_step(gain, seed)[0] for seed in range(5)])
    for gain in gains
}
for label, values in norms.items():
    left = np.median(values[:, -1] / values[:, 0])
    print(f"{label}: after 59 steps the gradient is {left:.0e} of what it was")
plots.norms_over_time(norms, title="A loss at the last step, felt 0 to 59 steps before", start=0)

# %% [markdown]
# Here `Wh` is a number times an orthogonal matrix (직교 행렬), which itself changes no length. Five seeds each; the thick line is
# their median. At 0.5 the gradient is down to about 1e-8 after twenty steps, at 2.5 it grows, and even at 1.0 the tanh takes
# its share at every step.
#
# The next figure shows the middle one again, unit by unit. The loss stands at the right edge. Towards the left its gradient
# fades into white.

# %%
_, dxs = gradient_per_step(1.0, seed=0, steps=40)
plots.gradient_heatmap(dxs[0], title="The gradient of one sequence: input units over time")

# %% [markdown]
# ## 3. The same matrix, T times
#
# Without the tanh, what is left is a product with $W_h^\top$ at every step:
# $dh_{T-k} = dh_T\,(W_h^\top)^k$. If `Wh` were a single number w, that would be $w^k$.

# %%
k = np.arange(1, 101)
powers = {f"w = {w}": w**k for w in (0.9, 1.0, 1.1)}
print("after 100 steps:", {label: float(f"{values[-1]:.2g}") for label, values in powers.items()})
plots.scalar_powers(powers)

# %% [markdown]
# A tenth below 1 leaves 0.00003 after 100 steps, a tenth above makes 14,000 of it. Only |w| = 1 keeps the size.
#
# ### Exercise 1.5 · How large is the gradient after k steps?
#
# <small>10 min</small>
#
# **Why.** Before explaining it for a matrix, measure it.
#
# **The equation.** $dh \leftarrow dh\,W_h^\top$, and after each product its Frobenius norm (프로베니우스 노름)
# $\lVert dh \rVert = \sqrt{\sum_{n,j} dh_{nj}^2}$.
#
# **By hand.** $W_h = \mathrm{diag}(0.5,\, 2)$, $dh = (3, 4)$, length 5. After one product (1.5, 8): 8.14.
# After two (0.75, 16): 16.02.


# %% nbgrader={"grade": false, "grade_id": "ex-1-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def backprop_norms(Wh, dh, steps):
    """Size of a gradient after 1, 2, …, steps products with Wh.T.

    Args:
        Wh (H, H): recurrent weights.
        dh (N, H): gradient at the last step; it stays as it is.
        steps: how many steps to go back.

    Returns:
        norms (steps,): the Frobenius norm after each product
    """
    ### BEGIN SOLUTION
    norms = []
    for _ in range(steps):
        dh = dh @ Wh.T
        norms.append(np.linalg.norm(dh))
    return np.array(norms)
    ### END SOLUTION
    # for each step: first the product, then the norm
    raise NotImplementedError("Exercise 1.5: write backprop_norms")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>A loop with two lines in it.</details>
# <details><summary>Hint 2: the equation to use</summary><code>np.linalg.norm(dh)</code> of a two-dimensional array is the Frobenius norm.</details>
# <details><summary>Hint 3: almost the code</summary><code>dh = dh @ Wh.T</code> makes a new array; <code>dh @= Wh.T</code> would write into the caller's. Collect the norms in a list and return <code>np.array(norms)</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-1-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("1.5", backprop_norms)

# %% nbgrader={"grade": true, "grade_id": "hidden-1-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 1.5 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("1.5", backprop_norms)
### END HIDDEN TESTS

# %%
norms_of = answer("1.5")
print(norms_of(np.diag([0.5, 2.0]), np.array([[3.0, 4.0]]), 2).round(2))

# %% [markdown]
# **What to notice.** The gradient ended almost entirely along the second axis: the direction that is stretched most takes
# over. So perhaps one number per matrix says what happens in the long run. Which one?
#
# **Go further.** For which `dh` would this matrix make the gradient vanish, and how large an error in that `dh` would
# spoil it within 60 steps?

# %% [markdown] tags=["solution"]
# **Go further, answered.** For a `dh` that lies on the first axis *exactly*: (3, 0) becomes (1.5, 0), (0.75, 0), … The
# smallest trace of the other axis is doubled at each step and takes over in the end. A trace of 1e-16, as much as rounding
# leaves, is enough, as the code below shows.

# %% tags=["solution"]
for trace in (0.0, 1e-16):
    left = norms_of(np.diag([0.5, 2.0]), np.array([[3.0, trace]]), 60)
    print(
        f"dh = (3, {trace}): after 10, 30, 60 steps", *(f"{norm:.0e}" for norm in left[[9, 29, 59]])
    )

# %% [markdown]
# ## 4. The unit circle under Wh
#
# Take all gradients of length 1: in two dimensions, a circle. One step back is a product with $W_h^\top$, and it turns
# the circle into an **ellipse**. The lengths of its half-axes are the **singular values** (특잇값) of `Wh`. The largest is
# the most, the smallest the least, that one step can do to a gradient's length.
#
# For the matrix below the largest is 2.24. And after three steps?

# %%
guess = ...  # a number: how long is the longest half-axis after three steps?

# %%
sheared = np.array([[0.9, 2.0], [0.0, 0.5]])
upwards = np.array([0.0, 1.0])  # a gradient of length 1
plots.circle_after_steps(sheared, upwards, (0, 1, 3, 25), guesses={3: guess})

# %% [markdown]
# It is 3.11, not 2.24³ = 11.2, and after 25 steps *every* gradient is shorter than 0.4. Why?
#
# The blue and the green line are the **eigenvectors** (고유벡터). A step only multiplies a gradient on one of them by a number, its
# **eigenvalue** (고윳값): here 0.9 and 0.5. So along these lines everything shrinks. But they are only 11° apart. The upward
# gradient of length 1 is the sum of two long parts, 5.00 and 5.10, that nearly cancel. One of them shrinks faster, and the
# sum *grows*, until both are gone.
#
# > **Try it.** Move the slider. At which k is the gradient longest? By which factor does each step shrink it once the
# > green part is gone?

# %%
plots.SliderFigure(
    lambda k: plots.circle_after_steps(sheared, upwards, [int(k)]),
    "k",
    low=0,
    high=25,
    start=2,
    step=1,
)

# %% [markdown]
# ### Exercise 1.6 · Two numbers that say where the gradient goes
#
# <small>15 min</small>
#
# **Why.** The largest singular value bounds *one* step; the largest eigenvalue decides about *many*.
#
# **The equation.**
#
# $$ \sigma_\mathrm{max} = \max_{\lVert v\rVert = 1} \lVert v\,W_h^\top \rVert
# \qquad\quad \rho = \max_i |\lambda_i| \qquad\quad \rho \le \sigma_\mathrm{max} $$
#
# λ is an eigenvalue if $v\,W_h^\top = \lambda v$ for some $v \ne 0$. It may be negative or complex, so ρ, the **spectral
# radius** (스펙트럼 반지름), takes the largest *absolute* value. `Wh` has the same singular values and the same eigenvalues as
# its transpose.

# %% [markdown]
# **By hand.** $W_h = \begin{pmatrix}0.5 & 2\\ 0 & -0.8\end{pmatrix}$ is triangular, so its eigenvalues stand on the
# diagonal: 0.5 and -0.8, and ρ = 0.8. Its singular values are the *square roots* of the eigenvalues of
# $W_h^\top W_h = \begin{pmatrix}0.25 & 1\\ 1 & 4.64\end{pmatrix}$: for a 2 × 2 matrix
# λ² - (sum of the diagonal) λ + (determinant) = 0, here $\lambda^2 - 4.89\,\lambda + 0.16 = 0$, which gives 4.857 and 0.033.
# So $\sigma_\mathrm{max} = \sqrt{4.857} = 2.204$.


# %% nbgrader={"grade": false, "grade_id": "ex-1-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient_bounds(Wh):
    """The two numbers that decide what a recurrence does to a gradient.

    Args:
        Wh (H, H): recurrent weights.

    Returns:
        sigma_max: largest singular value, a float
        spectral_radius: largest absolute eigenvalue, a float
    """
    ### BEGIN SOLUTION
    sigma_max = np.linalg.svd(Wh, compute_uv=False)[0]
    spectral_radius = np.abs(np.linalg.eigvals(Wh)).max()
    return float(sigma_max), float(spectral_radius)
    ### END SOLUTION
    # 1. singular values: np.linalg.svd lists them, the largest first
    # 2. eigenvalues may be complex: take absolute values before the maximum
    raise NotImplementedError("Exercise 1.6: write gradient_bounds")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>NumPy's <code>linalg</code> has a function for each. Neither assumes a symmetric matrix.</details>
# <details><summary>Hint 2: the equation to use</summary>σ: <code>np.linalg.svd(Wh, compute_uv=False)</code>. λ: <code>np.linalg.eigvals(Wh)</code>.</details>
# <details><summary>Hint 3: almost the code</summary>The first of the singular values; <code>np.abs(…).max()</code> of the eigenvalues; <code>float(…)</code> around both.</details>

# %% nbgrader={"grade": true, "grade_id": "check-1-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("1.6", gradient_bounds)

# %% nbgrader={"grade": true, "grade_id": "hidden-1-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 1.6 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("1.6", gradient_bounds)
### END HIDDEN TESTS

# %%
bounds = answer("1.6")
sigma, radius = bounds(sheared)
norms = norms_of(sheared, upwards[None], 60)
print(f"σ = {sigma:.2f}, ρ = {radius:.2f}")
print(f"up to {norms.max():.2f} after {norms.argmax() + 1} steps, {norms[-1]:.3f} after 60")
print(f"from step 59 to step 60 × {norms[-1] / norms[-2]:.2f}")

# %% [markdown]
# **What to notice.** The two numbers of the matrix of section 4 disagree. The gradient first becomes three times as long, then
# vanishes, in the end by the factor ρ at each step. “σ > 1, so it explodes” would have been wrong.
#
# > **Note.** σ < 1 is *sufficient* for vanishing: after k steps at most $\sigma^k$ is left. σ > 1 is only *necessary* for
# > exploding. In the long run ρ decides.
#
# **Go further.** For which matrices are σ and ρ always equal?

# %% [markdown] tags=["solution"]
# **Go further, answered.** For *normal* matrices, those with $W_h W_h^\top = W_h^\top W_h$: symmetric and orthogonal ones
# among them. Their eigenvectors stand at right angles, so the parts of a gradient are never longer than the gradient, and
# nothing cancels. That is why the cells of section 2 used orthogonal matrices: there the two numbers agree.

# %% [markdown]
# ### Exercise 1.7 · Predict it
#
# <small>15 min</small>
#
# **Why.** Predict first, measure afterwards: only a rule that is written down can turn out to be wrong.
#
# **The equation.** For the linear recurrence of exercise 1.5:
#
# | if | then | word |
# | --- | --- | --- |
# | $\sigma_\mathrm{max} < 1$ | every gradient shrinks at every step | `"vanishes"` |
# | $\rho > 1$ | almost every gradient grows in the long run | `"explodes"` |
# | $\sigma_\mathrm{max} > 1 > \rho$ | some gradients grow at first; all shrink in the end | `"grows, then vanishes"` |
#
# **By hand.** The matrix worked out in 1.6 has σ = 2.204 and ρ = 0.8: third row.


# %% nbgrader={"grade": false, "grade_id": "ex-1-7", "locked": false, "schema_version": 3, "solution": true, "task": false}
def predict_gradient(Wh):
    """What the linear recurrence does to a gradient.

    Args:
        Wh (H, H): recurrent weights; σ and ρ are at least 0.02 away from 1.

    Returns:
        "vanishes", "explodes" or "grows, then vanishes"
    """
    ### BEGIN SOLUTION
    sigma_max, spectral_radius = gradient_bounds(Wh)
    if sigma_max < 1:
        return "vanishes"
    if spectral_radius > 1:
        return "explodes"
    return "grows, then vanishes"
    ### END SOLUTION
    # the two numbers of exercise 1.6, and the three rows of the table
    raise NotImplementedError("Exercise 1.7: write predict_gradient")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Which rows can you settle by one number alone, and by which?</details>
# <details><summary>Hint 2: the equation to use</summary>ρ ≤ σ always. So σ &lt; 1 settles the first row, ρ &gt; 1 the second, and the third is all that is left.</details>
# <details><summary>Hint 3: almost the code</summary><code>sigma_max, spectral_radius = gradient_bounds(Wh)</code>, two <code>if</code>, three <code>return</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-1-7", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("1.7", predict_gradient)

# %% nbgrader={"grade": true, "grade_id": "hidden-1-7", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 1.7 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("1.7", predict_gradient)
### END HIDDEN TESTS

# %%
rng = np.random.default_rng(0)
base = rng.normal(0, 1 / np.sqrt(8), (8, 8))
matrices = {
    "0.4 × random": 0.4 * base,
    "chain": 0.7 * np.eye(8) + 0.7 * np.eye(8, k=1),  # 0.7 of itself and 0.7 of its neighbour
    "1.4 × random": 1.4 * base,
}
for label, Wh in matrices.items():
    print(f"{label}: σ = {bounds(Wh)[0]:.2f}, ρ = {bounds(Wh)[1]:.2f}")

# %%
# What does each of the three do to the gradient that one step lengthens most?
guess = ...  # three words of the table, one for each matrix, e.g. ["explodes", …]

# %%
predict = answer("1.7")
measured, said = {}, dict(zip(matrices, guess)) if guess is not ... else {}
for label, Wh in matrices.items():
    most_stretched = np.linalg.svd(Wh)[2][:1]
    norms = norms_of(Wh, most_stretched, 60)
    print(f"{label}: {predict(Wh)}; longest {norms.max():.3g} after {norms.argmax() + 1}")
    you = f" (you: {said[label]})" if label in said else ""
    measured[f"{label}: {predict(Wh)}{you}"] = norms
plots.norms_over_time(measured, title="Predicted, then measured")

# %% [markdown]
# **What to notice.** The words beside the lines come from σ and ρ alone. The chain's gradient grows for 19 steps, to thirty
# times its length, and vanishes all the same. Its eigenvectors do not merely stand close together, they all *coincide*.
#
# **Go further.** “Grows, then vanishes”: how long can a gradient grow before it has to fall?

# %% [markdown] tags=["solution"]
# **Go further, answered.** As long as you like: the closer ρ comes to 1 from below, the later the turn. The upper triangle
# with 0.8 on its diagonal and 2 beside it grows for a few steps, the one with 0.99 for a hundred. The code below finds the
# peak of each; ρ alone says nothing about the climb before it.

# %% tags=["solution"]
for radius in (0.8, 0.9, 0.99):
    climb = norms_of(np.array([[radius, 2.0], [0.0, radius]]), np.array([[0.0, 1.0]]), 400)
    print(
        f"ρ = {radius}: highest after {climb.argmax() + 1} steps, {climb.max():.3g} times as long"
    )

# %% [markdown]
# ## 5. With the tanh back in
#
# The rule was for the linear recurrence. A tanh adds factors $1 - h^2 \le 1$, so it can make a gradient vanish that would
# have exploded. Each `Wh` here is 1.5 times an orthogonal matrix (σ = ρ = 1.5), driven by weak and by strong inputs.

# %%
start = np.ones((1, 32)) / 1.5  # divided, so that 0 steps back is its own size
saturated = {"linear": norms_of(1.5 * np.eye(32), start, 60)}
for inputs in (0.1, 3.0):
    saturated[f"tanh, inputs × {inputs}"] = gradient_per_step(1.5, seed=0, inputs=inputs)[0]
for label, values in saturated.items():
    print(f"{label}: {values[-1] / values[0]:.0e} of it after 59 more steps")
plots.norms_over_time(saturated, title="σ = ρ = 1.5", start=0)

# %% [markdown]
# The linear line rises, as predicted. With strong inputs the units saturate, and a `Wh` with the very same σ and ρ lets the
# gradient *vanish*. So ρ > 1 is no promise that gradients reach the past.
#
# ## 6. What this does to learning
#
# **Vanishing: the far steps hardly count.** The gradient of `Wh` is a *sum* over the steps. How much of it is left for a step
# far back?

# %%
step_backward = answer("1.3")


def shares(gain, seed, steps=40):  # of each step in the gradient of Wh, from the last step back
    rng = np.random.default_rng(seed)
    Wh, caches, sizes = gain * np.linalg.qr(rng.normal(size=(32, 32)))[0], [], []
    Wx, h, dh = rng.normal(0, 0.3, (8, 32)), np.full((4, 32), 0.1), rng.normal(size=(4, 32))
    for x in rng.normal(size=(steps, 4, 8)):
        h, cache = step_forward(x, h, Wx, Wh, np.zeros(32))
        caches.append(cache)
    for cache in reversed(caches):
        _, dh, _, dWh, _ = step_backward(dh, cache)
        sizes.append(np.linalg.norm(dWh))
    return np.array(sizes) / sum(sizes)


# %%
guess = ...  # a number: which share has the step ten steps back, where Wh is 0.5 × orthogonal?

# %%
by_gain = {
    f"{gain} × orthogonal": np.mean([shares(gain, seed) for seed in range(5)], axis=0)
    for gain in (0.5, 1.0)
}
for label, share in by_gain.items():
    print(f"{label}: five steps back {share[5]:.0e}, ten steps back {share[10]:.0e}")
weight, step = np.float32(0.3), np.float32(1e-9)
print("0.3 - 0.000000001 == 0.3 in float32:", weight - step == weight)
plots.shares_by_step(by_gain, guess={10: guess})

# %% [markdown]
# Five seeds each; the lines are their means. At 0.5, the step ten steps back has some 0.00002 of the sum, even if that very
# step held the answer. A larger learning rate does not help: it multiplies the whole sum, and the **shares stay**. The
# network does not *decide* to forget. The part of the gradient that says what to remember is too small beside the rest. And
# if *all* of an update is as small as in the last printed line, adding it in floating-point numbers (부동소수점 수) does not
# move the weight by a single bit.
#
# **Exploding: overflow.** The other way round, the gradient grows at each step until float32 has no number for it.

# %%
random = np.random.default_rng(0).normal(0, 1, (32, 32))
exploding, ones = (1.4 * random / np.sqrt(32)).astype("float32"), np.ones((1, 32), "float32")
with np.errstate(all="ignore"):  # we want to look at the overflow, not to be warned of it
    norms = norms_of(exploding, ones, 300)
    dh = ones @ np.linalg.matrix_power(exploding.T, 300)
    weights_after = exploding - np.float32(0.1) * (ones.T @ dh)  # dWh = h_prev.T @ dh
first_inf, first_nan = np.isinf(norms).argmax() + 1, np.isnan(norms).argmax() + 1
print(f"first inf at step {first_inf} · first NaN at step {first_nan}")
print("weights that are NaN after one update:", f"{np.isnan(weights_after).mean():.0%}")
plots.overflow(norms)

# %% [markdown]
# First the *square* in the norm overflows, then the gradient itself; then infinity minus infinity makes NaN (not a number).
# One update with NaN and **every weight is NaN**: the model is lost.
#
# What helps? Against exploding, **gradient clipping** (기울기 클리핑): notebook 02, a few lines. Against vanishing, a
# better start of `Wh` can help, and so can another path for the memory, with **gates** (게이트): the LSTM of notebooks 03 and 04, and the GRU (gated recurrent unit, 게이트 순환 유닛) of notebook 09.

# %% [markdown]
# ## Summary
#
# - An RNN carries a hidden state; training goes back through every step (BPTT).
# - Each step back multiplies the gradient by $1 - h^2 \le 1$ and by the *same* $W_h^\top$.
# - σ < 1: it vanishes. ρ > 1: in the linear case it explodes. σ > 1 > ρ: it grows, then vanishes. A saturated tanh lets it
#   vanish whatever ρ is.
# - A vanished gradient has next to no share in the sum that moves the weights; an exploded one turns them into NaN. Clipping
#   helps against the second, gates against the first.
# - Trained with plain SGD, this RNN recalls a symbol of ten steps ago with every seed, and one of eighty steps ago less than
#   half of the time.
#
# ## Questions
#
# 1. Why can `tanh_backward` do without x?
# 2. At a step two gradients are added. Where does each come from, and why are they added?
# 3. Why is `dWh` a sum over time?
# 4. What would go wrong if `backward` wrote `self.Wh.grad = dWh`?
# 5. `Wh` = 0.5 · (an orthogonal matrix), no tanh. How much of a gradient is left after 20 steps?
# 6. Give a triangular 2 × 2 matrix with ρ = 0 and σ = 100. What does it do to a gradient, step by step?
# 7. Suppose a step used max(a, 0) for tanh(a): its slope is 1 for a > 0, else 0. Would that cure vanishing?
# 8. Would a smaller learning rate (학습률) cure exploding gradients?
# 9. Would a hundred times the learning rate help the far steps of section 6?
# 10. A friend initialises `Wh` orthogonally “so that gradients neither vanish nor explode”. What is right about it?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. Its derivative is a function of the output: 1 - y².
# 2. One from above, the loss at this step, and one from the future, through the next state. h goes two ways, so its
#    gradient is the sum over both.
# 3. The same `Wh` is used at each step; by the chain rule the contributions of all uses add up.
# 4. Each step overwrites the one before: only the first step of the sequence would count. (`Param` refuses it.)
# 5. 0.5²⁰ ≈ 0.00000095: every singular value is 0.5, so each step halves the length exactly.
# 6. $\begin{pmatrix}0&100\\0&0\end{pmatrix}$: some gradients grow a hundredfold in one step, and all are exactly 0 after two.

# %% [markdown] tags=["solution"]
# 7. Its slope is 1 or 0: no shrinking where a unit is active, nothing at all where it is not. The repeated `Wh` stays, and
#    so does exploding; the state is no longer bounded.
# 8. It delays the damage: the *gradient* still overflows, whatever it is multiplied by afterwards.
# 9. No. It multiplies the parts of all steps, so each keeps its share; the steps nearby would throw the weights about.
# 10. At the start, without the tanh, it is exactly right: σ = ρ = 1. The tanh still shrinks, and after the first updates
#     `Wh` is no longer orthogonal.

# %% tags=["solution"]
print("5.", 0.5**20)
print("6.", backprop_norms(np.array([[0.0, 100.0], [0.0, 0.0]]), np.array([[1.0, 1.0]]), 3))
# %% [markdown]
# ## Before you hand in
#
# *Kernel → Restart Kernel and Run All Cells*. Look at the points under every check, save, and hand in the file
# `01_vanishing_and_exploding_gradients.ipynb`. Learning on your own? Then go on to
# [notebook 02](../02_gradient_clipping/02_gradient_clipping.ipynb).
#
# ## Further reading
#
# - Y. Bengio, P. Simard, P. Frasconi, *Learning long-term dependencies with gradient descent is difficult*, IEEE
#   Transactions on Neural Networks 5 (1994).
# - R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks*, ICML 2013.
# - P. Werbos, *Backpropagation through time: what it does and how to do it*, Proceedings of the IEEE 78 (1990).
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016), sections 10.2 and 10.7.

# %% [markdown]
# ## 요약
#
# 1. RNN은 은닉 상태를 다음 시각으로 넘기며, 학습할 때는 기울기가 시간을 거슬러 흐른다(BPTT).
# 2. 기울기가 한 시각을 거슬러 갈 때마다 두 가지가 곱해진다. 하나는 1을 넘지 않는 tanh의 미분값 1 - h²이고, 다른 하나는 모든
#    시각이 공유하는 가중치 Wh의 전치 행렬이다.
# 3. Wh의 가장 큰 특잇값이 1보다 작으면 기울기는 소실되고, 선형인 경우 스펙트럼 반지름이 1보다 크면 기울기는 폭발한다.
# 4. 가장 큰 특잇값이 1보다 크더라도 스펙트럼 반지름이 1보다 작으면 기울기는 잠시 커졌다가 결국 소실된다. 또 tanh가 포화되면
#    스펙트럼 반지름과 관계없이 소실될 수 있다.
# 5. 기울기가 소실되면 먼 시각의 기여가 기울기의 합에서 거의 사라지고, 폭발하면 가중치가 NaN이 된다. 폭발에는 기울기
#    클리핑으로, 소실에는 게이트(LSTM, GRU)로 대응한다.

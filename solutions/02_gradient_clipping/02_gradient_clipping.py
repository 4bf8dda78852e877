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
# # Gradient clipping
#
# *Clip exploding gradients.*
#
# **You will do**: measure all gradients with one number, write gradient clipping, and train the same RNN with and without it.
#
# **You will learn**: why one bad step can undo all the good ones; why the *norm* is clipped and not each value; and what
# clipping cannot cure.
#
# **You will need**: an hour; notebook 01 for the reason why gradients explode.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import numpy as np

from helpers import plots
from helpers.checks import answer, check
from helpers.nn import Affine, Param

RNN = answer("1.4")  # your own, if notebook 01 is solved

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# ## 1. A cliff
#
# Going back through T steps multiplies a gradient by the same matrix T times (notebook 01). Seen from the weights: the loss
# is nearly flat in some places and has **cliffs** in others. Here is one, of the smallest RNN there is: one unit,
# $h \leftarrow \tanh(w h + b)$, 50 steps, and the loss $(h_{50} - 0.7)^2$.


# %%
def loss_and_gradient(w, b, steps=50):
    hs = [np.full(np.broadcast(w, b).shape, 0.5)]
    for _ in range(steps):
        hs.append(np.tanh(w * hs[-1] + b))
    dh, dw, db = 2 * (hs[-1] - 0.7), 0, 0
    for step in reversed(range(steps)):
        da = dh * (1 - hs[step + 1] ** 2)
        dh, dw, db = da * w, dw + da * hs[step], db + da
    return (hs[-1] - 0.7) ** 2, np.array([dw, db])


# %%
def descend(limit, start=(1.25, -0.2), rate=0.05, steps=60):
    path = [np.array(start)]
    for _ in range(steps):
        _, gradient = loss_and_gradient(*path[-1])
        norm = np.linalg.norm(gradient)
        path.append(path[-1] - rate * gradient * min(1, limit / norm))
    return np.array(path)


# %%
paths = {"not clipped": descend(np.inf), "norm clipped to 1": descend(1.0)}
for label, path in paths.items():
    longest = np.linalg.norm(np.diff(path, axis=0), axis=1).max()
    print(
        f"{label}: longest step {longest:.2f}, loss at the end {loss_and_gradient(*path[-1])[0]:.4f}"
    )
ws, bs = np.linspace(0.8, 1.7, 181), np.linspace(-0.3, 0.9, 241)
plots.clipping_cliff(ws, bs, loss_and_gradient(*np.meshgrid(ws, bs))[0], paths)

# %% [markdown]
# Both runs start at the star, on the plateau, and walk towards the edge. At the edge the slope is so steep that one step
# throws the first run (orange) across the whole picture; from up there it creeps back, and is not home after sixty
# steps. The second (blue) goes the *same way* with a step of bounded length, and ends at the foot of the cliff, where the
# loss is 0. Nothing else differs.

# %% [markdown]
# ### Exercise 2.1 · One norm for all gradients
#
# <small>10 min</small>
#
# **Why.** To say that a gradient is too long, you need its length: one number for *all* parameters together.
#
# **The equation.** All gradients, laid end to end, are one long vector. Its length is the **global norm** (전역 노름):
#
# $$ \lVert g \rVert = \sqrt{\textstyle\sum_{\text{arrays}} \sum_k g_k^2} $$
#
# Sum in float64. Gradients are float32, which ends at 3.4e38: it can hold 1e25, but not the square of it.
#
# **By hand.** Two arrays, (3, 4) and (12): $\sqrt{9 + 16 + 144} = \sqrt{169} = 13$. Not 5 + 12 = 17.

# %%
plots.norm_as_length([3, 4], 12, norm=13)


# %% nbgrader={"grade": false, "grade_id": "ex-2-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def global_norm(grads):
    """Length of all gradients, taken as one long vector.

    Args:
        grads: a list of arrays of any shapes and float types; it may be empty, and its arrays stay as they are.

    Returns:
        norm: a float, 0.0 for an empty list
    """
    ### BEGIN SOLUTION
    total = 0.0
    for grad in grads:
        total += np.sum(grad.astype(np.float64) ** 2)
    return float(np.sqrt(total))
    ### END SOLUTION
    # 1. add up the squares of all elements of all arrays, in float64
    # 2. one square root, at the end
    raise NotImplementedError("Exercise 2.1: write global_norm")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>One running total, one loop over the list, one square root.</details>
# <details><summary>Hint 2: the equation to use</summary><code>grad.astype(np.float64)</code> makes a copy that can hold large squares.</details>
# <details><summary>Hint 3: almost the code</summary><code>total += np.sum(grad.astype(np.float64) ** 2)</code>, and <code>float(np.sqrt(total))</code> after the loop.</details>

# %% nbgrader={"grade": true, "grade_id": "check-2-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("2.1", global_norm)

# %% nbgrader={"grade": true, "grade_id": "hidden-2-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 2.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("2.1", global_norm)
### END HIDDEN TESTS

# %%
norm_of = answer("2.1")
print("by hand:", norm_of([np.array([3.0, 4.0]), np.array([12.0])]))
print("float32 gradients of 1e25:", f"{norm_of([np.full(4, 1e25, dtype='float32')]):.1e}")

# %% [markdown]
# **What to notice.** A number that is alive and well in float32 can have a square that is not. When gradients explode, the
# first thing to overflow is the measurement.
#
# **Go further.** The norm grows with the number of parameters. If every element of the gradient is about 0.01, what is the
# norm for ten thousand parameters, and for a million?

# %% [markdown] tags=["solution"]
# **Go further, answered.** $0.01·\sqrt{10^4} = 1$ and $0.01·\sqrt{10^6} = 10$. So a good `max_norm` depends on the model: look
# at the norms of the first hundred steps before you choose one.

# %% tags=["solution"]
print([round(norm_of([np.full(n, 0.01)]), 6) for n in (10_000, 1_000_000)])

# %% [markdown]
# ## 2. By norm or by value?
#
# Two ways to shorten a gradient suggest themselves. **By norm**: if it is too long, multiply *all* of it by one factor.
# **By value**: cut each element off at ± a limit.

# %%
gradient = np.array([4.0, 0.5])
by_norm = gradient / np.linalg.norm(gradient)
by_value = np.clip(gradient, -1, 1)
print("by norm", by_norm.round(3), "· by value", by_value)
plots.two_ways_to_clip(gradient, by_norm, by_value, limit=1.0)

# %% [markdown]
# Both end near the limit. But the gradient points to where the loss falls fastest, and clipping by value turns it: here by
# 19 degrees. The large element is cut, the small one is not. With many elements the turn is larger:

# %%
long = np.random.default_rng(0).standard_cauchy(10_000)  # many small elements and a few huge ones


def turn(one, other):
    """Degrees between two long vectors."""
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return np.degrees(np.arccos(min(1, cosine)))


print(f"10,000 elements, cut off at 1: turned by {turn(long, np.clip(long, -1, 1)):.0f} degrees")
print(f"by norm: turned by {turn(long, long / np.linalg.norm(long)):.0f} degrees")

# %% [markdown]
# ### Exercise 2.2 · Clip by the global norm
#
# <small>20 min</small>
#
# **Why.** Three lines that make the difference between a model and a heap of NaN. Every language model of this course is
# trained with them.
#
# **The equation.** With $\lVert g \rVert$ from 2.1:
#
# $$ g \;\leftarrow\; g \cdot \frac{max\_norm}{\lVert g \rVert} \qquad\text{only if } \lVert g \rVert > max\_norm $$
#
# **By hand.** (300, 400) and (1200), max_norm 650: the norm is 1300, the factor 0.5, and (150, 200) and (600) are left. With
# (0.3, 0.4) and (1.2) nothing happens: 1.3 is below 650.

# %% [markdown]
# Two things are part of the contract. The arrays are changed **in place**, because the layers hold them. And if the norm is
# NaN or infinite, no factor can repair it: raise `FloatingPointError` *before* anything is changed, so that somebody can
# still save the weights.
#
# > **Warning.** `NaN > max_norm` is False. A clipping function that only compares lets NaN through, and the next update
# > turns every weight into NaN.


# %% nbgrader={"grade": false, "grade_id": "ex-2-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def clip_gradients(grads, max_norm):
    """Scale all gradients by one factor if their global norm is above max_norm.

    Args:
        grads: a list of arrays; these very arrays are changed, in place.
        max_norm: the largest norm to leave as it is, above 0.

    Returns:
        norm: the global norm before clipping, a float

    Raises:
        FloatingPointError, or one derived from it: the norm is NaN or infinite; no array has been changed.
    """
    ### BEGIN SOLUTION
    norm = global_norm(grads)
    if not np.isfinite(norm):
        raise FloatingPointError(f"the norm of the gradients is {norm}")
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm
    return norm
    ### END SOLUTION
    # 1. the norm, from exercise 2.1; is it a finite number?
    # 2. if it is too large: multiply every array, in place, by one factor
    # 3. return the norm before
    raise NotImplementedError("Exercise 2.2: write clip_gradients")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Measure first, complain second, change third. Then return what you measured.</details>
# <details><summary>Hint 2: the equation to use</summary><code>np.isfinite(norm)</code> is False for NaN and for infinity. In place means <code>grad *= factor</code>.</details>
# <details><summary>Hint 3: almost the code</summary><code>if norm > max_norm:</code> and, for each <code>grad</code>, <code>grad *= max_norm / norm</code>. Not <code>grad = grad * …</code>, which makes a new array that nobody keeps.</details>

# %% nbgrader={"grade": true, "grade_id": "check-2-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("2.2", clip_gradients)

# %% nbgrader={"grade": true, "grade_id": "hidden-2-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 2.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("2.2", clip_gradients)
### END HIDDEN TESTS

# %%
clip = answer("2.2")
grads = [np.array([300.0, 400.0]), np.array([1200.0])]
print("norm before", clip(grads, 650.0), "· left:", *grads, "· norm after", norm_of(grads))

# %% [markdown]
# **What to notice.** The direction is exactly the same, only the length changed. And the number that comes back is the
# norm *before*: plotted over training it tells you when, and how badly, gradients would have exploded.
#
# **Go further.** Some libraries divide by `norm + 1e-6`. What for? Does the check accept it?

# %% [markdown] tags=["solution"]
# **Go further, answered.** So that a norm of 0 does not divide by zero. Here 0 is never above `max_norm`, so it is not needed.
# The check accepts it: for a norm of hundreds it changes nothing that seven digits show.

# %% [markdown]
# ### Exercise 2.3 · One step of gradient descent
#
# <small>5 min</small>
#
# **Why.** The last piece of a training loop: **stochastic gradient descent** (확률적 경사 하강법), the update itself.
#
# **The equation.** For every parameter, with learning rate (학습률) η:
#
# $$ W \;\leftarrow\; W - \eta\, dW $$
#
# **By hand.** $W = (1, -2)$, $dW = (0.5, -1)$, η = 0.1: $W$ becomes $(0.95, -1.9)$.


# %% nbgrader={"grade": false, "grade_id": "ex-2-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sgd_step(params, learning_rate):
    """One step of stochastic gradient descent.

    Args:
        params: a list of Params; each .value is changed in place, each .grad stays as it is.
        learning_rate: a positive float.
    """
    ### BEGIN SOLUTION
    for param in params:
        param.value -= learning_rate * param.grad
    ### END SOLUTION
    # for each Param: go against its gradient, in place
    raise NotImplementedError("Exercise 2.3: write sgd_step")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>One loop, one line.</details>
# <details><summary>Hint 2: the equation to use</summary>In place means <code>param.value -= …</code>: the array object stays the same.</details>
# <details><summary>Hint 3: almost the code</summary><code>param.value -= learning_rate * param.grad</code>, for each <code>param</code> in <code>params</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-2-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("2.3", sgd_step)

# %% nbgrader={"grade": true, "grade_id": "hidden-2-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 2.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("2.3", sgd_step)
### END HIDDEN TESTS

# %%
weights = Param(np.array([1.0, -2.0]))
weights.grad[...] = (0.5, -1.0)
before = weights.value.copy()
update = answer("2.3")
update([weights], 0.1)
print("W before", before, "· after", weights.value)
plots.one_step(before, weights.grad, weights.value)

# %% [markdown]
# **What to notice.** The step goes against the gradient, and is η times as long. If the gradient is a thousand times too
# long, so is the step: this is where the cliff becomes a leap.
#
# **Go further.** With clipping, how far can all parameters together move in one step?

# %% [markdown] tags=["solution"]
# **Go further, answered.** At most η · max_norm. Clipping turns a hope into a bound.

# %% [markdown]
# ## 3. The same RNN, with and without
#
# Now on a task. The network reads random numbers in -1…1 and has to say, at every step, *the number of two steps ago*. Always
# saying 0 has a mean squared error of 1/3; anything better has remembered something.
#
# `Wh` is random, with a spectral radius near 1.8: by notebook 01, a gradient that goes back through it explodes.


# %%
def echo(count, steps, delay, rng):
    """xs (N, T, 1): random numbers. targets (N, T - delay, 1): those of `delay` steps ago."""
    xs = rng.uniform(-1, 1, (count, steps, 1)).astype("float32")
    return xs, xs[:, : steps - delay]


xs, targets = echo(1000, 50, 2, np.random.default_rng(0))
print("numbers", xs[0, :6, 0].round(1), "· asked for from step 2 on", targets[0, :4, 0].round(1))
print(f"always saying 0: {np.mean(targets**2):.2f}")


# %%
def make_network(seed, scale, hidden=32):
    rng = np.random.default_rng(seed)
    sizes = {(1, hidden): 0.5, (hidden, hidden): scale / np.sqrt(hidden), (hidden, 1): 0.1}
    Wx, Wh, W = (Param(rng.normal(0, std, shape).astype("float32")) for shape, std in sizes.items())
    b, b_out = (Param(np.zeros(width, "float32")) for width in (hidden, 1))
    return RNN(Wx, Wh, b), Affine(W, b_out), rng


Wh = make_network(0, scale=1.8)[0].Wh.value
print(f"spectral radius of Wh: {np.abs(np.linalg.eigvals(Wh)).max():.1f}")


# %%
def loss_and_backward(rnn, head, xs, targets):
    """Mean squared error of the last answers, one for each target; the gradients are added to the Params."""
    asked = slice(xs.shape[1] - targets.shape[1], None)
    hs, _ = rnn.forward(xs)
    error = head.forward(hs[:, asked]) - targets
    dhs = np.zeros_like(hs)
    dhs[:, asked] = head.backward(2 * error / error.size)
    rnn.backward(dhs)
    return float(np.mean(error**2))


# %%
def train(seed, max_norm=None, rate=0.3, delay=2, scale=1.8, updates=400):
    (rnn, head, rng), losses, norms = make_network(seed, scale), [], []
    params = rnn.parameters() + head.parameters()
    while len(losses) < updates and (not norms or np.isfinite(norms[-1])):
        for param in params:
            param.grad[...] = 0
        losses.append(loss_and_backward(rnn, head, *echo(10, 50, delay, rng)))
        grads = [param.grad for param in params]
        norms.append(norm_of(grads))
        if max_norm and np.isfinite(norms[-1]):
            clip(grads, max_norm)
        update(params, rate)
    return np.array(losses), np.array(norms)


# %%
with np.errstate(all="ignore"):  # one of the runs will overflow; that is what we want to see
    runs = {"not clipped": train(seed=0), "clipped to 1": train(seed=0, max_norm=1)}
losses, norms = runs["not clipped"]
print("not clipped, the first three norms:", ", ".join(f"{norm:.0f}" for norm in norms[:3]))
print("above 10,000 within six updates:", np.nanmax(norms[:6]) > 10_000)
print(f"the loss after fewer than 100 updates: {losses[-1]}")
losses, norms = runs["clipped to 1"]
print(f"clipped: loss {losses[-50:].mean():.2f} after {len(losses)} updates")
print(f"longer than 1 was the gradient at {np.mean(norms > 1):.0%} of them")
plots.runs_with_and_without(runs, max_norm=1, guess=1 / 3)

# %% [markdown]
# The same network, the same seed, the same data. Without clipping a long step leads to where gradients are longer still, and
# the next step is longer again: the norm goes from 4 to about 90 in three updates, and beyond ten thousand in a few more.
# Then loss and norm leave the picture at the top; at the cross they are no longer numbers.
#
# With clipping no step is longer than η · max_norm = 0.3 · 1, and the network learns. The norm is above `max_norm` mostly
# in the first twenty updates. The other steps, more than nine in ten, are plain gradient descent.

# %% [markdown]
# **But is 0.3 not simply too high a learning rate?** A fair question. Take a third of it, without clipping, on five seeds:

# %%
with np.errstate(all="ignore"):
    lost = [not np.isfinite(train(seed)[1][-1]) for seed in range(5)]
clipped = np.mean([train(seed, max_norm=1)[0][-50:].mean() for seed in range(5)])
slower = np.mean([train(seed, rate=0.1)[0][-50:].mean() for seed in range(5)])
print("η 0.3, not clipped: lost on", sum(lost), "of 5 seeds")
print(f"η 0.3, clipped to 1: loss {clipped:.2f}, the mean of 5 seeds")
print(f"η 0.1, not clipped: loss {slower:.2f}")
assert all(lost) and clipped < 0.8 * slower

# %% [markdown]
# The smaller rate survives too. But it shortens *all* steps because of the few that are too long, and after as many updates it
# is behind. Clipping lets you keep the rate that is right for the many.

# %% [markdown]
# > **Try it.** Set `max_norm` to 5, and to 0.01. One hardly holds anything back, the other clips every single step. What
# > becomes of the loss?

# %% tags=["solution"]
for max_norm in (5, 0.01):
    losses, norms = train(seed=0, max_norm=max_norm)
    print(
        f"max_norm {max_norm}: clipped {'all' if np.all(norms > max_norm) else 'not all'} of the steps, "
        f"loss above that of always saying 0: {losses[-50:].mean() > 1 / 3}"
    )
print(f"max_norm {max_norm}: loss {losses[-50:].mean():.1f}")

# %% [markdown] tags=["solution"]
# **Tried.** At 5 the steps are still long enough to ruin the network: nothing is NaN, and the loss is worse than that of
# always saying 0. At 0.01 every step has the same short length, and 400 of them do not lead far enough. A good `max_norm` lies
# a little above the norms of a run that goes well.

# %% [markdown]
# ## 4. What clipping does not cure
#
# Clipping shortens what is too long. It cannot lengthen what has vanished. Take the number of *30* steps ago, and a `Wh` with
# a spectral radius near 0.5:

# %%
plain, norms = train(seed=0, delay=30, scale=0.5)
far, _ = train(seed=0, delay=30, scale=0.5, max_norm=1)
print(f"30 steps ago, clipped: loss {far[-50:].mean():.2f} · always saying 0: {1 / 3:.2f}")
print(f"clipped were {np.sum(norms > 1)} steps; the longest norm was {norms.max():.2f}")
print("the same losses without clipping:", np.array_equal(plain, far))
assert far[-50:].mean() > 0.9 / 3

# %% [markdown]
# Not one step was clipped, and the network is no better than one that always says 0. Here is why: the gradient of an error
# at the last step, on its way back through both networks, and both of them scaled by one factor.


# %%
def norms_back(scale, steps=40):
    """Norm of a dh of length 1 at the last step, after 0, 1, 2, … steps back."""
    rnn, _, rng = make_network(0, scale)
    xs, _ = echo(10, steps, 0, rng)
    dh, hs = np.full((10, 32), 1 / np.sqrt(320)), rnn.forward(xs)[0]
    norms = [np.linalg.norm(dh)]
    for step in reversed(range(1, steps)):
        dh = (dh * (1 - hs[:, step] ** 2)) @ rnn.Wh.value.T
        norms.append(np.linalg.norm(dh))
    return np.array(norms)


# %%
long, short = norms_back(1.8), norms_back(0.5)
for label, norms in {"0.5": short, "0.5, × 100": 100 * short}.items():
    print(
        f"{label}: {norms[30]:.0e} is left 30 steps back, {norms[30] / norms[0]:.0e} of the first"
    )
curves = {"1.8": long, "1.8, × 0.1": 0.1 * long, "0.5": short, "0.5, × 100": 100 * short}
curves = {f"radius {label}": norms for label, norms in curves.items()}
plots.norms_over_time(curves, start=0, title="One factor moves a curve, and leaves its shape")

# %% [markdown]
# A factor below 1 brings the exploding curve down to where it does no harm: that is clipping. A factor above 1 lifts the
# vanishing one, but the steps far back stay as small a share of the whole as before.
#
# > **Note.** Clipping is a remedy for one of the two troubles. For the other one the network itself must change: notebook 03.

# %% [markdown]
# ## Summary
#
# - Exploding gradients make cliffs in the loss; one step over an edge can undo everything.
# - The global norm measures all gradients as one vector. Sum its squares in float64.
# - Clipping by norm keeps the direction and bounds the step by η · max_norm; clipping by value turns the direction.
# - Every comparison with NaN is False: test for it by name, and stop before it reaches the weights.
# - Clipping does nothing against vanishing gradients.

# %% [markdown]
# ## Questions
#
# 1. Why one norm for all parameters, and not one for each array?
# 2. Why must clipping happen in place?
# 3. What does `clip_gradients` return, and what is it good for?
# 4. Why is a smaller learning rate not the same as clipping?
# 5. `if norm <= max_norm: return norm` and after it the scaling, without a test for NaN: what happens on NaN?
# 6. The norm in float32 of gradients around 1e20: what goes wrong, and where?
# 7. Your gradient norm is above `max_norm` at *every* step. What have you chosen, in effect?
# 8. Clipping bounds each step. Can training still diverge?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. With a factor for each array the direction of the whole step would change, as with clipping by value.
# 2. The layers hold these very arrays, and the update reads `.grad` from there.
# 3. The norm before clipping: watched over training, it shows how often and how far gradients explode.
# 4. It shortens *all* steps, also the many good ones; clipping touches only those that are too long.
# 5. The comparison is False, so NaN goes on to the scaling, and every gradient becomes NaN.
# 6. The squares, 1e40, are above the largest float32 (3.4e38): the norm is infinite although every gradient is finite.
# 7. Steps of constant length: the gradient gives the direction only, and the learning rate alone the length.
# 8. Yes: many bounded steps in a bad direction go as far as one long one. It only happens slowly enough to be noticed.

# %% tags=["solution"]
with np.errstate(over="ignore"):
    print("6.", np.float32(1e20) ** 2, "in float32,", f"{1e20**2:.0e}", "in float64")

# %% [markdown]
# ## Before you hand in
#
# *Kernel → Restart Kernel and Run All Cells*. Look at the points under every check, save, and hand in the file
# `02_gradient_clipping.ipynb`. Learning on your own? Then go on to [notebook 03](../03_lstm_gates/03_lstm_gates.ipynb).
#
# ## Further reading
#
# - R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks*, ICML 2013: the cliff, and
#   clipping by norm.
# - T. Mikolov, *Statistical language models based on neural networks*, PhD thesis, Brno (2012): clipping by value.
# - H. Jaeger, *Short term memory in echo state networks*, GMD Report 152 (2001): saying the number of some steps ago.

# %% [markdown]
# ## 요약
#
# 1. 기울기가 폭발하는 곳에서는 손실이 절벽처럼 가파르게 변하므로, 가중치를 단 한 번 지나치게 크게 갱신하는 것만으로도 그때까지
#    학습한 것을 모두 잃을 수 있다.
# 2. 모든 기울기를 하나의 긴 벡터로 보고 그 길이(전역 노름)를 float64로 계산한다.
# 3. 전역 노름이 max_norm보다 클 때만 모든 기울기에 같은 비율을 곱한다. 그러면 방향은 그대로이고 길이만 줄어든다.
# 4. 기울기를 원소별로 자르면 방향이 바뀐다. 또 NaN과의 대소 비교는 언제나 거짓이므로, 노름이 NaN인지는 따로 먼저 검사해야 한다.
# 5. 클리핑은 기울기 폭발만 막을 뿐 기울기 소실은 해결하지 못하며, 소실에는 게이트가 필요하다.

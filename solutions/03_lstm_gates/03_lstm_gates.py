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
# # LSTM gates
#
# *Build an LSTM, gate by gate.*
#
# **You will do**: write the output gate, the forget gate, the new memory and the input gate; then all four as one product;
# then watch a network learn when to open them.
#
# **You will learn**: how the LSTM (장단기 메모리) keeps what a simple RNN rebuilds at every step; what a gate is, what it
# does half open, and what breaks when it is stuck.
#
# **You will need**: two hours; notebooks 00 and 01, for the sigmoid and the step of the RNN.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import numpy as np

from helpers import plots
from helpers.checks import answer, check
from helpers.nn import LSTM_ORDER, Affine, FastLSTM, Param
from helpers.training.optimisers import Adam

sigmoid = answer("0.1")

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# ## 1. A memory of its own
#
# The RNN of notebook 01 *shows* its one state to the layer above, and it *remembers* with it. Each step sends all of it
# through `Wh` and a tanh, and the gradient must come back through both.
#
# The LSTM separates the two. A second line runs from step to step: the **memory cell** (기억 셀) `c`. The hidden state
# (은닉 상태) `h` is only what the cell shows of it.

# %%
plots.lstm_unrolled()

# %% [markdown]
# `h` is passed along *and* goes up to the layer above, as in the RNN. `c` is only passed along: it stays inside the layer, and
# nobody outside ever sees it.
#
# Look into one cell, at first without a gate. How `c` is made is left open; what it shows is simply
#
# $$ h = \tanh(c) $$

# %%
plots.lstm_cell("")

# %%
c = np.array([[0.5, -2.0]])
print("c =", c, "  h = tanh(c) =", np.tanh(c).round(3))

# %% [markdown]
# The memory can be any number; what leaves lies in -1…1. Part by part, you will now take the question mark away.
#
# **What is a gate?** (게이트) A number between 0 (closed) and 1 (open), its *openness*: one for each unit, at each step. It is
# multiplied onto something, element by element (⊙, 아다마르 곱). Nobody sets it by hand: each gate has weights and a bias of
# its own, sees `x` and `h_prev`, and *learns* when to open.
#
# > **Notation.** In exercises 3.1 to 3.4 `Wx (D, H)`, `Wh (H, H)` and `b (H,)` belong to the one part that you are
# > writing. `x` is (N, D); states, memories and gates are (N, H).

# %% [markdown]
# ### Exercise 3.1 · The output gate
#
# <small>10 min</small>
#
# **Why.** A cell may hold what will matter in twenty steps and is of no use now. The **output gate** (출력 게이트) decides, for
# each element of `tanh(c_next)`, how much it matters to the next step and to the layer above.
#
# **The equation.**
#
# $$ o = \sigma(x\,W_x + h_\mathrm{prev}\,W_h + b) \qquad\qquad h_\mathrm{next} = o \odot \tanh(c_\mathrm{next}) \qquad (N, H) $$
#
# ($c_\mathrm{next}$ is the memory after this step; how it is made comes next.)

# %%
plots.lstm_cell("o", new="o")

# %% [markdown]
# **By hand**, with N = 1, D = 1, H = 2: $x = (1)$, $h_\mathrm{prev} = (0.4, -0.2)$, $W_x = (1, -1)$,
# $W_h = \begin{pmatrix}0.5 & 0.2\\ -0.5 & 0.4\end{pmatrix}$, $b = (0.7, -1).$ The sum is
# $a = (1 + 0.3 + 0.7,\; -1 + 0 - 1) = (2, -2)$, so $o = (0.881, 0.119)$: the first unit is almost open, the second almost
# closed.
#
# With $c_\mathrm{next} = (0.5, -2)$: $h_\mathrm{next} = (0.881·0.462,\; 0.119·(-0.964)) = (0.407, -0.115)$. The larger memory shows less.


# %% nbgrader={"grade": false, "grade_id": "ex-3-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_gate(x, h_prev, c_next, Wx, Wh, b):
    """What the cell shows of its memory.

    Args:
        x (N, D): input of this step.
        h_prev (N, H): hidden state before it.
        c_next (N, H): the memory cell after it; it stays as it is.
        Wx (D, H), Wh (H, H), b (H,): the gate's own parameters.

    Returns:
        h_next (N, H): the hidden state after it
    """
    ### BEGIN SOLUTION
    o = sigmoid(x @ Wx + h_prev @ Wh + b)
    return o * np.tanh(c_next)
    ### END SOLUTION
    # 1. how far is the gate open? `sigmoid` is there already
    # 2. squash the memory, and let the gate at it
    raise NotImplementedError("Exercise 3.1: write output_gate")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>The sum inside is that of the RNN's step. What follows it is another function, and one more product.</details>
# <details><summary>Hint 2: the equation to use</summary>o = σ(x W<sub>x</sub> + h<sub>prev</sub> W<sub>h</sub> + b); then h<sub>next</sub> = o ⊙ tanh(c<sub>next</sub>), where ⊙ is <code>*</code>.</details>
# <details><summary>Hint 3: almost the code</summary><code>o = sigmoid(x @ … + h_prev @ … + b)</code>, then <code>return o * np.tanh(…)</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-3-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("3.1", output_gate)

# %% nbgrader={"grade": true, "grade_id": "hidden-3-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 3.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("3.1", output_gate)
### END HIDDEN TESTS

# %%
show = answer("3.1")
by_hand = np.array([[1.0]]), np.array([[0.4, -0.2]])  # x and h_prev of the example
# Wx, Wh and b
block = np.array([[1.0, -1.0]]), np.array([[0.5, 0.2], [-0.5, 0.4]]), np.array([0.7, -1.0])
print("h_next =", show(*by_hand, np.array([[0.5, -2.0]]), *block).round(3))

# %% [markdown]
# Now see it closed, half open and open. A gate whose weights are zero does what its bias says: σ(-1000) = 0, σ(0) = 0.5,
# σ(1000) = 1.

# %%
print("σ(-1000), σ(0), σ(1000) =", sigmoid(np.array([-1000.0, 0.0, 1000.0])))


# %%
def set_to(bias):
    """Wx, Wh and b of a block that looks at nothing: its bias alone decides."""
    return np.zeros((1, 6)), np.zeros((6, 6)), np.full(6, bias)


positions = {0.0: -1000.0, 0.5: 0.0, 1.0: 1000.0}  # openness: bias
x, h_prev = np.ones((1, 1)), np.full((1, 6), 0.5)
memory = np.array([[0.3, -0.8, 1.5, -2.5, 0.1, 0.9]])
shown = {
    openness: show(x, h_prev, memory, *set_to(bias))[0] for openness, bias in positions.items()
}
for openness, h in shown.items():
    print(f"o = {openness}: h =", h.round(2) + 0.0)
plots.gate_positions("o", np.tanh(memory[0]), shown, (r"$\tanh(c)$", "$h$"))

# %% [markdown]
# Dashed: what comes to the gate. Filled: what leaves it. The strip at the right edge is the gate itself.
#
# **What to notice.** *Stuck closed*, the cell remembers and never says a word: h = 0, for the layer above and for all the
# gates, which read `h_prev`. *Stuck open*, all it holds is heard at every step, useful or not. `c` itself has not changed.
#
# **Go further.** Why does the gate come *after* the tanh, and not before it: `np.tanh(o * c)`?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Take c = 10 and o = 0.5. After the tanh the gate shows 0.5 · 1.000 = 0.5, half of the signal.
# Before it, tanh(5) = 0.9999: a half-open gate would show a large memory whole. The openness would mean something else for
# every size of memory.

# %% tags=["solution"]
print((0.5 * np.tanh(10.0)).round(4), np.tanh(0.5 * 10.0).round(4))

# %% [markdown]
# ### Exercise 3.2 · The forget gate
#
# <small>10 min</small>
#
# **Why.** A sentence ends, a bracket closes: what was kept for it should go. The **forget gate** (망각 게이트) says, unit by
# unit, how much of `c_prev` stays.
#
# **The equation.** $f = \sigma(x\,W_x + h_\mathrm{prev}\,W_h + b)$, with weights of its *own*, and
#
# $$ c = f \odot c_\mathrm{prev} \qquad (N, H) $$

# %%
plots.lstm_cell("of", new="f")

# %% [markdown]
# Half of the question mark is answered: the old memory goes through a ⊙ and *nothing else*, no matrix and no tanh.
#
# > **Warning.** The name misleads: f = 1 *keeps* everything, f = 0 forgets.
#
# **By hand**, with the numbers of 3.1, so that $f = (0.881, 0.119)$, and $c_\mathrm{prev} = (0.5, -2)$:
# $c = (0.881·0.5,\; 0.119·(-2)) = (0.440, -0.238)$.


# %% nbgrader={"grade": false, "grade_id": "ex-3-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def forget_gate(x, h_prev, c_prev, Wx, Wh, b):
    """What is left of the old memory.

    Args:
        x (N, D): input of this step.
        h_prev (N, H): hidden state before it.
        c_prev (N, H): memory cell before it; it stays as it is.
        Wx (D, H), Wh (H, H), b (H,): the gate's own parameters.

    Returns:
        c (N, H): the part of c_prev that is kept
    """
    ### BEGIN SOLUTION
    f = sigmoid(x @ Wx + h_prev @ Wh + b)
    return f * c_prev
    ### END SOLUTION
    # 1. how far is the gate open?
    # 2. let it at the old memory, and return a new array
    raise NotImplementedError("Exercise 3.2: write forget_gate")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>The gate itself is made exactly as in 3.1. Only what it is multiplied onto is different.</details>
# <details><summary>Hint 2: the equation to use</summary>f = σ(x W<sub>x</sub> + h<sub>prev</sub> W<sub>h</sub> + b); then c = f ⊙ c<sub>prev</sub>. No tanh anywhere.</details>
# <details><summary>Hint 3: almost the code</summary><code>f = sigmoid(…)</code>, then <code>return f * c_prev</code>. Not <code>c_prev *= f</code>, which would write into the caller's array.</details>

# %% nbgrader={"grade": true, "grade_id": "check-3-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("3.2", forget_gate)

# %% nbgrader={"grade": true, "grade_id": "hidden-3-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 3.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("3.2", forget_gate)
### END HIDDEN TESTS

# %%
keep = answer("3.2")
print("c =", keep(*by_hand, np.array([[0.5, -2.0]]), *block).round(3))
kept = {openness: keep(x, h_prev, memory, *set_to(bias))[0] for openness, bias in positions.items()}
for openness, c in kept.items():
    print(f"f = {openness}: c =", c.round(2) + 0.0)
plots.gate_positions("f", memory[0], kept, (r"$c_\mathrm{prev}$", "$c$"))

# %% [markdown]
# A forget gate acts at *every* step: put a 1 into a cell and hold the gate at an openness f. What is
# left after k steps is $f^k$.


# %%
def remaining(f, steps=50):
    """A memory of 1, and what is left of it after 1, 2, … steps with a forget gate of openness f."""
    zero, c, left = np.zeros((1, 1)), np.ones((1, 1)), [1.0]
    for _ in range(steps):
        c = keep(zero, zero, c, zero, zero, np.array([np.log(f / (1 - f))]))  # σ of this bias is f
        left.append(c.item())
    return np.array(left)


# %%
memories = {f"$f$ = {f}": remaining(f) for f in (0.5, 0.9, 0.99, 0.999)}
left = [float(f"{memory[-1]:.3g}") for memory in memories.values()]
print("left after 50 steps:", left, "· 0.9⁵⁰ =", f"{0.9**50:.3g}")
after_7, after_100 = remaining(0.9)[7], remaining(0.99, 100)[-1]
print(f"f = 0.9: {after_7:.2f} after 7 steps · f = 0.99: {after_100:.2f} after 100")
plots.memory_over_time(memories, ylabel="what is left")

# %% [markdown]
# **What to notice.** “Almost open” is not open: at f = 0.9 half of a memory is gone after seven steps. Even 0.99 leaves
# little more than a third after a hundred.
#
# *Stuck closed*, c = 0: whatever was written is gone a step later. *Stuck open*, nothing is ever dropped; you will see after
# 3.3 what comes of that. Move the gate yourself:


# %%
def memory_behind(f):
    return plots.memory_over_time(
        {f"$f$ = {f:.2f}": remaining(f)},
        ylabel="what is left",
        title=f"half of it is gone after {np.log(0.5) / np.log(f):.1f} steps",
    )


plots.SliderFigure(memory_behind, "f", low=0.5, high=0.99, start=0.9, step=0.01)

# %% [markdown]
# **Go further.** Which bias gives an untrained forget gate, with weights near 0, an openness of 0.99?

# %% [markdown] tags=["solution"]
# **Go further, answered.** σ(b) = 0.99 means b = ln(0.99/0.01) = 4.6. Notebook 04 starts forget gates with such a bias on
# purpose.

# %% tags=["solution"]
print(np.log(0.99 / 0.01).round(2), sigmoid(np.array([4.6])).round(3))

# %% [markdown]
# ### Exercise 3.3 · The new memory
#
# <small>10 min</small>
#
# **Why.** So far the cell can only lose. Something has to come in: the **new memory** (새로운 기억 셀) `g`, which most papers
# call the *candidate cell state*. It is made from the input and the hidden state, and *added* to what the forget gate left.
#
# **The equation.**
#
# $$ g = \tanh(x\,W_x + h_\mathrm{prev}\,W_h + b) \qquad\qquad c_\mathrm{next} = c + g \qquad (N, H) $$
#
# **By hand**, with the same numbers, $a = (2, -2)$ and $c = (0.5, -2)$: $g = (0.964, -0.964)$ and
# $c_\mathrm{next} = (1.464, -2.964).$

# %%
plots.lstm_cell("ofg", new="g")


# %% nbgrader={"grade": false, "grade_id": "ex-3-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def new_memory(x, h_prev, c, Wx, Wh, b):
    """Add new content to the memory.

    Args:
        x (N, D): input of this step.
        h_prev (N, H): hidden state before it.
        c (N, H): what the forget gate left; it stays as it is.
        Wx (D, H), Wh (H, H), b (H,): the new memory's own parameters.

    Returns:
        c_next (N, H): the memory with the new content in it
        g (N, H): the new content alone, between -1 and 1
    """
    ### BEGIN SOLUTION
    g = np.tanh(x @ Wx + h_prev @ Wh + b)
    return c + g, g
    ### END SOLUTION
    # 1. the new content
    # 2. return the sum, and the content
    raise NotImplementedError("Exercise 3.3: write new_memory")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary><code>g</code> is what a whole step of the RNN returned. What is new is that it does not replace the memory.</details>
# <details><summary>Hint 2: the equation to use</summary>g = tanh(x W<sub>x</sub> + h<sub>prev</sub> W<sub>h</sub> + b); then c<sub>next</sub> = c + g.</details>
# <details><summary>Hint 3: almost the code</summary><code>g = np.tanh(…)</code>, then <code>return c + g, g</code>. Not <code>c += g</code>, which would write into the caller's array.</details>

# %% nbgrader={"grade": true, "grade_id": "check-3-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("3.3", new_memory)

# %% nbgrader={"grade": true, "grade_id": "hidden-3-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 3.3 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("3.3", new_memory)
### END HIDDEN TESTS

# %%
add = answer("3.3")
c_next, g = add(*by_hand, np.array([[0.5, -2.0]]), *block)
print("c_next =", c_next.round(3), "  g =", g.round(3))
strengths = {-1.0: -1000.0, 0.0: 0.0, 1.0: 1000.0}  # strength: bias
written = {
    strength: add(x, h_prev, memory, *set_to(bias))[0][0] for strength, bias in strengths.items()
}
for strength, c_next in written.items():
    print(f"g = {strength:g}: c_next =", c_next.round(2))
plots.gate_positions("g", memory[0], written, ("$c$", r"$c_\mathrm{next}$"))

# %% [markdown]
# **What to notice.** `g` moves the memory up, down, or not at all, by at most 1 in a step. It is **not a gate**. A gate takes
# the sigmoid and says *how much* of something else may pass; `g` *is* the something. Its tanh is a strength, with a sign.

# %%
a = np.linspace(-5, 5, 201)
two = np.array([2.0, -2.0])
print("at a = (2, -2):  σ gives", sigmoid(two).round(3), "  tanh gives", np.tanh(two).round(3))
plots.gate_or_content(a, sigmoid(a), np.tanh(a))

# %% [markdown]
# At a = -2 the gate says “almost closed”, the content says “strongly *down*”. Give `g` a sigmoid and it could only ever push
# up. Let both write random things for 100 steps into a cell that forgets nothing:

# %%
a = np.random.default_rng(0).normal(size=100)
cells = {"$g$ = tanh($a$)": np.cumsum(np.tanh(a)), "$g$ = σ($a$), wrong": np.cumsum(sigmoid(a))}
for label, c in cells.items():
    signs = int((np.diff(np.sign(c)) != 0).sum())
    print(
        f"{label.replace('$', '')}: c from {c.min():.1f} to {c.max():.1f}, changes its sign {signs} times"
    )
plots.memory_over_time(cells, title="A cell that forgets nothing and is written to at every step")

# %% [markdown]
# With a sigmoid the memory only climbs: nothing can be taken back. With tanh it can; but it holds the sum of everything, and
# nothing in particular. That is a forget gate **stuck open**, and a cell that writes without asking. The next exercise asks.
#
# **Go further.** Could $c_\mathrm{next} = f \odot c_\mathrm{prev} + g$, without another gate, learn to keep one value for a hundred steps?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Only if g = 0 at every step in between, which means a = 0 *exactly in the middle* of tanh's
# steepest part, whatever x says. A gate closes at its flat end instead: any a below -5 will do. That is what the input gate
# is for.

# %% [markdown]
# ### Exercise 3.4 · The input gate
#
# <small>10 min</small>
#
# **Why.** Not everything that comes in is worth keeping. The **input gate** (입력 게이트) decides, for each element of `g`,
# how much of it is worth adding.
#
# **The equation.** $i = \sigma(x\,W_x + h_\mathrm{prev}\,W_h + b)$, with weights of its own once more, and what is added is
#
# $$ gated = i \odot g \qquad (N, H) $$

# %%
plots.lstm_cell("ofgi", new="i")

# %% [markdown]
# The cell is complete: what to drop, what to add, what to show, and the content itself.
#
# **By hand**, with $i = (0.881, 0.119)$ and $g = (0.964, -0.964)$:
# $gated = (0.881·0.964,\; 0.119·(-0.964)) = (0.849, -0.115)$. Two contents of equal strength; one is written, the other
# hardly.


# %% nbgrader={"grade": false, "grade_id": "ex-3-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def input_gate(x, h_prev, g, Wx, Wh, b):
    """The part of the new memory that is worth adding.

    Args:
        x (N, D): input of this step.
        h_prev (N, H): hidden state before it.
        g (N, H): the new memory; it stays as it is.
        Wx (D, H), Wh (H, H), b (H,): the gate's own parameters.

    Returns:
        gated (N, H): what is added to the memory cell
    """
    ### BEGIN SOLUTION
    i = sigmoid(x @ Wx + h_prev @ Wh + b)
    return i * g
    ### END SOLUTION
    # 1. how far is the gate open?
    # 2. let it at the new memory
    raise NotImplementedError("Exercise 3.4: write input_gate")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>The third gate, made like the other two. <code>g</code> has been through its tanh already.</details>
# <details><summary>Hint 2: the equation to use</summary>i = σ(x W<sub>x</sub> + h<sub>prev</sub> W<sub>h</sub> + b); then gated = i ⊙ g.</details>
# <details><summary>Hint 3: almost the code</summary><code>i = sigmoid(…)</code>, then <code>return i * g</code>. Not <code>g *= i</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-3-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("3.4", input_gate)

# %% nbgrader={"grade": true, "grade_id": "hidden-3-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 3.4 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("3.4", input_gate)
### END HIDDEN TESTS

# %%
write = answer("3.4")
print("gated =", write(*by_hand, np.array([[0.964, -0.964]]), *block).round(3))
content = np.tanh(memory)
gated = {
    openness: write(x, h_prev, content, *set_to(bias))[0] for openness, bias in positions.items()
}
for openness, values in gated.items():
    print(f"i = {openness}: gated =", values.round(2) + 0.0)
plots.gate_positions("i", content[0], gated, ("$g$", r"$i \odot g$"))

# %% [markdown]
# Now let it decide. A cell should keep the first thing it hears, through 40 steps of chatter. Its forget gate is open; the
# input gate is opened for the first step only, or stuck.


# %%
def listen(openness, contents):
    """The memory at every step; the input gate as told, the forget gate open."""
    zero, one, c, cs = np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), []
    for i, x in zip(openness, contents):
        left = keep(zero, zero, c, zero, zero, np.array([1000.0]))
        _, g = add(np.array([[x]]), zero, left, one, zero, np.zeros(1))
        c = left + write(zero, zero, g, zero, zero, np.array([1000.0 if i else -1000.0]))
        cs.append(c.item())
    return np.array(cs)


# %%
chatter = np.append(1.5, np.random.default_rng(1).normal(size=40))
first_only = np.arange(41) == 0
cells = {
    "open at step 0 only": first_only,
    "stuck open": np.full(41, True),
    "stuck closed": np.full(41, False),
}
cells = {label: listen(openness, chatter) for label, openness in cells.items()}
for label, c in cells.items():
    print(f"{label}: c = {c[0]:.2f} after the first step, {c[-1]:.2f} after the last")
plots.memory_over_time(cells, title="Remember the first thing you hear", marked=[0])

# %% [markdown]
# **What to notice.** The blue line is the point of the LSTM: written once, then *unchanged* for 40 steps, not rebuilt.
# *Stuck open*, the chatter is piled on top of it. *Stuck closed*, nothing ever gets in: c = 0 to the end.
#
# **Go further.** Some cells save a gate and set i = 1 - f. What can such a cell not do?

# %% [markdown] tags=["solution"]
# **Go further, answered.** It cannot add without dropping: f = i = 1, which makes a counter, is out of reach. It can keep
# (f = 1, i = 0) and overwrite (f = 0, i = 1), which is often enough. The GRU of notebook 04 does just that.

# %% [markdown]
# ## 2. Four in one product
#
# Four blocks with the same two inputs. Put their weights side by side, and *one* product with `x` and one with `h_prev` give
# all four: two large products, which a processor gets through faster than eight small ones.
#
# > **Notation.** The order of the blocks is a convention, and every library has another. Here it is
# > `LSTM_ORDER = ("f", "g", "i", "o")`: columns 0 to H-1 of `Wx`, `Wh` and `b` belong to f, the next H to g, and so on.

# %%
print(LSTM_ORDER)
plots.fused_product()

# %% [markdown]
# ### Exercise 3.5 · All four in one product
#
# <small>20 min</small>
#
# **Why.** This is the LSTM: the function that notebook 04 goes back through, and that every language model from notebook 05
# on is made of.
#
# **The equation.**
#
# $$ A = x\,W_x + h_\mathrm{prev}\,W_h + b \qquad (N, 4H) $$
# $$ f = \sigma(A_f) \quad g = \tanh(A_g) \quad i = \sigma(A_i) \quad o = \sigma(A_o) \qquad (N, H) $$
# $$ c_\mathrm{next} = f \odot c_\mathrm{prev} + g \odot i \qquad\qquad h_\mathrm{next} = o \odot \tanh(c_\mathrm{next}) $$

# %% [markdown]
# **By hand**, with H = 1, so that the four blocks are four numbers: $x = (1)$, $h_\mathrm{prev} = (0.5)$, $c_\mathrm{prev} = (2)$,
# $W_x = (1, 1, -1, 1)$, $W_h = (1, -1, -1, -2)$, $b = (0.5, 0, -0.5, 0)$.
#
# $A = (1 + 0.5 + 0.5,\; 1 - 0.5,\; -1 - 0.5 - 0.5,\; 1 - 1) = (2, 0.5, -2, 0)$, so $f = 0.881$, $g = 0.462$, $i = 0.119$,
# $o = 0.5$. Then $c_\mathrm{next} = 0.881·2 + 0.462·0.119 = 1.817$ and $h_\mathrm{next} = 0.5·\tanh(1.817) = 0.474$.


# %% nbgrader={"grade": false, "grade_id": "ex-3-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lstm_step_forward(x, h_prev, c_prev, Wx, Wh, b):
    """One step of the LSTM.

    Args:
        x (N, D): input of this step.
        h_prev (N, H), c_prev (N, H): hidden state and memory cell before it; they stay as they are.
        Wx (D, 4H), Wh (H, 4H), b (4H,): parameters, the blocks in the order f, g, i, o.

    Returns:
        h_next (N, H), c_next (N, H): hidden state and memory cell after it
        cache: the tuple (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next), for the way back
    """
    ### BEGIN SOLUTION
    f, g, i, o = np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1)
    f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
    c_next = f * c_prev + g * i
    h_next = o * np.tanh(c_next)
    return h_next, c_next, (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)
    ### END SOLUTION
    # 1. one product for all four blocks, (N, 4H)
    # 2. cut it into f, g, i, o: three go through the sigmoid, one through tanh
    # 3. the new memory cell, and what it shows
    # 4. return both, and all that backward will ask for
    raise NotImplementedError("Exercise 3.5: write lstm_step_forward")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>The sum is the RNN's, only four times as wide. <code>np.split</code> cuts an array into equal parts along an axis.</details>
# <details><summary>Hint 2: the equation to use</summary><code>f, g, i, o = np.split(A, 4, axis=1)</code>, then σ, tanh, σ, σ; then c<sub>next</sub> = f ⊙ c<sub>prev</sub> + g ⊙ i and h<sub>next</sub> = o ⊙ tanh(c<sub>next</sub>).</details>
# <details><summary>Hint 3: almost the code</summary>After the split: <code>f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)</code>. The cache holds these, <em>after</em> the activation, and <code>c_next</code>, before its tanh.</details>

# %% nbgrader={"grade": true, "grade_id": "check-3-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("3.5", lstm_step_forward)

# %% nbgrader={"grade": true, "grade_id": "hidden-3-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 3.5 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("3.5", lstm_step_forward)
### END HIDDEN TESTS

# %%
lstm_step = answer("3.5")
example = {
    "x": [[1.0]],
    "h_prev": [[0.5]],
    "c_prev": [[2.0]],
    "Wx": [[1.0, 1.0, -1.0, 1.0]],
    "Wh": [[1.0, -1.0, -1.0, -2.0]],
    "b": [0.5, 0.0, -0.5, 0.0],
}
h_next, c_next, cache = lstm_step(*(np.array(value) for value in example.values()))
print("c_next =", round(c_next.item(), 3), "  h_next =", round(h_next.item(), 3))

# %% [markdown]
# Is it the same as your four functions? Give each its own columns of random weights, and compare.

# %%
rng, H = np.random.default_rng(0), 6
x, h_prev, c_prev = rng.normal(size=(2, 5)), rng.normal(size=(2, H)), rng.normal(size=(2, H))
Wx, Wh, b = rng.normal(size=(5, 4 * H)), rng.normal(size=(H, 4 * H)), rng.normal(size=4 * H)
own = {name: [np.split(W, 4, axis=-1)[k] for W in (Wx, Wh, b)] for k, name in enumerate(LSTM_ORDER)}
c = keep(x, h_prev, c_prev, *own["f"])
_, g = add(x, h_prev, c, *own["g"])
c = c + write(x, h_prev, g, *own["i"])
h = show(x, h_prev, c, *own["o"])
h_next, c_next, _ = lstm_step(x, h_prev, c_prev, Wx, Wh, b)
same = np.allclose(h, h_next, atol=1e-12) and np.allclose(c, c_next, atol=1e-12)
print("the same h and c, to 12 digits:", same)

# %% [markdown]
# **What to notice.** `h_next` goes up and on; `c_next` only goes on. And follow `c` through the equations: a product with a
# gate, a sum, nothing else. Notebook 04 follows a gradient back along that line.
#
# **Go further.** How many parameters has an LSTM with D = 100 and H = 100, and how many has the RNN of that size?

# %% [markdown] tags=["solution"]
# **Go further, answered.** 4 · (100·100 + 100·100 + 100) = 80,400 against 20,100: four times as many, and four times the
# work in each step.

# %% tags=["solution"]
D = H = 100
print(4 * (D * H + H * H + H), D * H + H * H + H)

# %% [markdown]
# ## 3. Gates that learn when to open
#
# So far you set the gates by hand. Now a network has to find out by itself, on a task where we know what is right.
#
# At every step it reads a number and a **flag**, and has to say *the number that came with the last flag*. One memory cell is
# enough (H = 1), and it is plain how its gates should work:
#
# | | input gate i | forget gate f |
# | --- | --- | --- |
# | at a flag | open: write this number | closed: drop the old one |
# | elsewhere | closed: it is chatter | open: keep |


# %%
def notes(count, steps, rng):
    """xs (N, T, 2): numbers in -1…1, and flags; targets (N, T, 1): the number at the last flag."""
    numbers, flags = rng.uniform(-1, 1, (count, steps)), rng.random((count, steps)) < 0.2
    flags[:, 0] = True
    last = np.maximum.accumulate(np.where(flags, np.arange(steps), 0), axis=1)
    return np.stack([numbers, flags], axis=2), np.take_along_axis(numbers, last, axis=1)[..., None]


xs, targets = notes(1, 8, np.random.default_rng(2))
print(
    "number", xs[0, :, 0].round(1), "\nflag  ", xs[0, :, 1], "\ntarget", targets[0, :, 0].round(1)
)

# %% [markdown]
# The network: an LSTM of one unit, and an affine layer (Affine 계층, 아핀 계층) that reads its `h`. The backward pass comes in
# notebook 04; until then the course's own layer does it. The weights start small, so every gate is about half open. The
# loss is the mean squared error.


# %%
def new_network(seed):
    rng = np.random.default_rng(seed)
    lstm = FastLSTM(*(Param(rng.normal(0, 0.1, shape)) for shape in ((2, 4), (1, 4), (4,))))
    return lstm, Affine(Param(rng.normal(0, 0.1, (1, 1))), Param(np.zeros(1))), rng


# %%
def train(lstm, output, rng, updates=400):
    adam = Adam(lstm.parameters() + output.parameters())
    for _ in range(updates):
        xs, targets = notes(32, 20, rng)
        error = output.forward(lstm.forward(xs)[0]) - targets
        lstm.zero_grad()
        output.zero_grad()
        lstm.backward(output.backward(2 * error / error.size))
        adam.step(learning_rate=0.05)


# %% [markdown]
# What do the gates do? Your own `lstm_step_forward` tells, in its cache.


# %%
def read(lstm, xs):
    """What one cell does over time: f, g, i, o and c, each (N, T)."""
    h, c, seen = np.zeros((len(xs), 1)), np.zeros((len(xs), 1)), []
    for step in range(xs.shape[1]):
        h, c, cache = lstm_step(xs[:, step], h, c, lstm.Wx.value, lstm.Wh.value, lstm.b.value)
        seen.append(cache[5:])
    return dict(zip((*LSTM_ORDER, "c"), np.stack(seen).transpose(1, 2, 0, 3)[..., 0]))


# %%
lstm, output, rng = new_network(seed=0)
xs, targets = notes(1, 24, np.random.default_rng(3))
before = read(lstm, xs)
train(lstm, output, rng)
after = read(lstm, xs)

# %%
at_flags = xs[0, :, 1] > 0
for name, gates in ("before", before), ("after ", after):
    for gate in "fio":
        at, elsewhere = gates[gate][0, at_flags].mean(), gates[gate][0, ~at_flags].mean()
        print(f"{name} {gate}: {at:.2f} at a flag, {elsewhere:.2f} elsewhere")
openness = {"before training": before, "after training": after}
openness = {title: {gate: gates[gate][0] for gate in "fio"} for title, gates in openness.items()}
plots.gate_openness(openness, marked=np.flatnonzero(at_flags))

# %% [markdown]
# The pale bands are the flags. Before training every gate stands about half open. Afterwards **the input gate
# opens at the flags, the forget gate closes at the flags, and only there.** Nobody told them; the loss did.
# The output gate stays open, since the answer is wanted at every step. The weights say it too:

# %%
for gate in "fi":
    column = LSTM_ORDER.index(gate)
    bias, weight = lstm.b.value[column], lstm.Wx.value[1, column]
    without, at = sigmoid(np.array([bias, bias + weight]))
    print(f"{gate}: bias {bias:+.1f}, weight of the flag {weight:+.1f}:", end=" ")
    print(f"σ = {without:.2f} without a flag, {at:.2f} at one")

# %% [markdown]
# Luck? Four more seeds, and sequences five times as long as any in training:

# %%
xs, targets = notes(64, 100, np.random.default_rng(9))
flags = xs[..., 1] > 0
for seed in range(1, 5):
    other = new_network(seed)
    train(*other)
    gates, error = read(other[0], xs), other[1].forward(other[0].forward(xs)[0]) - targets
    rows = [f"{k} {gates[k][flags].mean():.2f} / {gates[k][~flags].mean():.2f}" for k in "if"]
    typical = np.sqrt((error**2).mean())
    print(f"seed {seed}: at a flag / elsewhere: {',  '.join(rows)};  typical error {typical:.2f}")
print(f"for comparison, always saying 0: typical error {np.sqrt((targets**2).mean()):.2f}")

# %%
heard = output.forward(lstm.forward(xs[:1])[0])[0, :, 0]
print("typical error of this sequence:", np.sqrt(((heard - targets[0, :, 0]) ** 2).mean()).round(2))
print(f"left of a memory after 8 steps with f = 0.99: {0.99**8:.2f}")
curves = {"right answer": targets[0, :, 0], "the LSTM": heard}
plots.memory_over_time(
    curves, ylabel="number at the last flag", title="100 steps", marked=np.flatnonzero(flags[0])
)

# %% [markdown]
# Steps up and down at the flags, and nearly flat in between: a memory that is held, not rebuilt. It does creep, from step 20
# to 28 for instance: the learned gates stop at 0.99 and 0.01, so a little is lost at every step, and a little chatter comes in.
#
# Finally, break it. Take the trained network and jam one gate: its weights to 0, its bias to ±1000.


# %%
def jammed(gate, bias):
    """The trained layer with one gate stuck."""
    column = LSTM_ORDER.index(gate)
    params = [Param(param.value.copy()) for param in (lstm.Wx, lstm.Wh, lstm.b)]
    for param, value in zip(params, (0, 0, bias)):
        param.value[..., column] = value
    return FastLSTM(*params)


# %%
for gate in "fio":
    errors = [output.forward(jammed(gate, bias).forward(xs)[0]) - targets for bias in (-1000, 1000)]
    closed, opened = (np.sqrt((error**2).mean()) for error in errors)
    print(f"{gate} stuck closed: typical error {closed:.2f}   stuck open: {opened:.2f}")

# %% [markdown]
# **What to notice.** Jam a gate the wrong way and the network is hardly better than one that always says 0. The input gate
# stuck open is worse than that: the cell speaks, and it speaks of chatter. One jam does no harm, the output gate stuck open:
# here the answer is wanted at every step.
#
# **Go further.** At a flag f is about 0.25, not 0: a quarter of the old number stays behind. The answers are right all the
# same. Which of the other weights makes up for it? Print `lstm.Wh.value`.

# %% [markdown] tags=["solution"]
# **Go further, answered.** The new memory reads `h_prev` with a negative weight: at a flag `g` is made of the new number
# *minus* some of what the cell still shows. Times i and o, that takes away just what f left standing. The four parts learn
# together, and nobody said that forgetting is the forget gate's work alone.

# %% tags=["solution"]
at = {gate: after[gate][0, at_flags].mean() for gate in "fio"}
weight = lstm.Wh.value[0, LSTM_ORDER.index("g")]
print(
    f"left by f: {at['f']:.2f} of the old memory; added by g: i · weight · o = {at['i'] * weight * at['o']:.2f} of it"
)

# %% [markdown]
# ## Summary
#
# - The memory cell `c` stays inside the layer; `h = o ⊙ tanh(c)` is what it shows, to the next step and to the layer above.
# - A gate is an openness in 0…1: σ, with weights of its own, learned. f: what to keep. i: what of the new memory is worth
#   adding. o: what to show.
# - `g` is not a gate: tanh, content, a strength in -1…1.
# - All four come from one product, blocks in the order f, g, i, o.
# - Gates learn when to open: at the flag, and only there.

# %% [markdown]
# ## Questions
#
# 1. Which of f, g, i, o can be negative?
# 2. f = 1 and i = 0 at some step. What is `c_next`? And f = 0, i = 1?
# 3. f = i = o = 1 at every step, and `g` is 1. What are `c` and `h` after 5 steps?
# 4. Can |c| exceed 1? Can |h|?
# 5. Why do the gates read `h_prev`, and not `c_prev`?
# 6. The output gate is stuck closed. What do the other gates still know about the past?
# 7. A memory must last 200 steps with at least half of it left. How open must the forget gate be?
# 8. You load weights from PyTorch, whose order is i, f, g, o, without reordering. Does anything fail?
# 9. f = 0 and i = o = 1 for good: which network is that, almost?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. Only `g`. The other three are openings, in 0…1.
# 2. `c_prev`, unchanged: keep. And `g`: overwrite.
# 3. c = 5 and h = tanh(5) = 0.9999: a counter whose display saturates.
# 4. |c| can, as in 3: each step may add up to 1. |h| cannot: a number below 1 times a tanh.
# 5. In this LSTM it is a choice: `h_prev` is what the cell shows of `c_prev`. Variants in which the gates see `c` as well are
#    said to have *peephole connections* (Gers & Schmidhuber, 2000).
# 6. Nothing: they read x and `h_prev` = 0. The past is in `c`, but no gate can see it.

# %% [markdown] tags=["solution"]
# 7. f²⁰⁰ ≥ 0.5 means f ≥ 0.5^(1/200) = 0.9965.
# 8. Nothing fails: all shapes agree. The forget gate now does the input gate's work, and the output is nonsense. Only values
#    can show it, which is why the checks compare values.
# 9. c = g and h = tanh(g): the simple RNN with a second tanh.

# %% tags=["solution"]
print("3.", np.tanh(5).round(4))
print("7.", round(0.5 ** (1 / 200), 4))

# %% [markdown]
# ## Before you hand in
#
# *Kernel → Restart Kernel and Run All Cells*. Look at the points under every check, save, and hand in the file
# `03_lstm_gates.ipynb`. Learning on your own? Then go on to
# [notebook 04](../04_lstm_gradient_flow/04_lstm_gradient_flow.ipynb).
#
# ## Further reading
#
# - S. Hochreiter, J. Schmidhuber, *Long short-term memory*, Neural Computation 9 (1997).
# - F. Gers, J. Schmidhuber, F. Cummins, *Learning to forget: continual prediction with LSTM*, Neural Computation 12 (2000).
# - F. Gers, J. Schmidhuber, *Recurrent nets that time and count*, IJCNN 2000.
# - K. Greff et al., *LSTM: a search space odyssey*, IEEE Transactions on Neural Networks and Learning Systems 28 (2017).

# %% [markdown]
# ## 요약
#
# 1. LSTM은 계층 안에만 머무는 기억 셀 c를 따로 두고, 그중 일부만 은닉 상태 h = o ⊙ tanh(c)로 내보낸다.
# 2. 게이트는 열린 정도를 나타내는 0과 1 사이의 값으로, 시그모이드로 계산한다. 게이트마다 가중치를 따로 두고 학습한다.
# 3. 망각 게이트 f는 이전 기억을 얼마나 남길지, 입력 게이트 i는 새로운 기억 셀을 얼마나 더할지, 출력 게이트 o는 기억을 얼마나
#    내보낼지 정한다.
# 4. 새로운 기억 셀 g는 게이트가 아니라 내용이며, tanh를 거쳐 -1과 1 사이의 값으로 세기와 부호를 나타낸다.
# 5. 네 블록의 가중치를 f, g, i, o 순서로 이어 붙여 한꺼번에 계산하며, 게이트를 언제 열지는 학습으로 알아낸다.

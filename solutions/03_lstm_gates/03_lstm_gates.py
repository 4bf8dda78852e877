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
# **You will do**: write the output gate, the forget gate, the new memory and the input gate; set them by hand, so that a
# cell keeps one symbol; then write all four as one product, and watch a network learn when to open them.
#
# **You will learn**: how the LSTM (장단기 메모리) keeps what a simple RNN computes anew at every step; what a gate is, what
# it does when it is half open, and what goes wrong when it is stuck.
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
# The RNN of notebook 01 has one state for two purposes: it *remembers* with it, and it *passes it up* to the layer above.
# Each step sends all of it through `Wh` and a tanh, and the gradient must come back through both.
#
# The LSTM separates the two. A second line runs from step to step: the **memory cell** (기억 셀). The hidden state (은닉
# 상태) `h` is only what the cell shows of its memory.

# %%
plots.lstm_unrolled()

# %% [markdown]
# `h` is passed on to the next step *and* goes up to the layer above, as in the RNN. The memory `c` is only passed on: it stays
# inside the layer and never goes up.
#
# Now look into one cell, at first without a gate. The memory before the step is `c_prev`, the memory after it is `c_next`.
# How one becomes the other is left open for now. What the cell shows is
#
# $$ h_\mathrm{next} = \tanh(c_\mathrm{next}) $$

# %%
c_next = np.array([[0.5, -2.0]])
print("c_next =", c_next, "  h_next = tanh(c_next) =", np.tanh(c_next).round(3))
plots.lstm_cell("")

# %% [markdown]
# The memory can be any number; what leaves the cell lies between -1 and 1. You will now replace the question mark, part by part.
#
# ### What is a gate?
#
# A **gate** (게이트) decides how much of a value passes. For each unit, at each step, it is a number between 0 (closed) and
# 1 (open), its *openness*:
#
# $$ \sigma(x\,W_x + h_\mathrm{prev}\,W_h + b) \qquad (N, H) $$
#
# The openness multiplies the value, element by element (⊙, 아다마르 곱). The LSTM has three gates. They differ in *what*
# they multiply, and each has weights and a bias of its own. Nobody sets them: they are learned, as all weights are.

# %%
content, bias = np.array([0.3, -0.8, 1.5, -2.5, 0.1, 0.9]), {0.0: -1000.0, 0.5: 0.0, 1.0: 1000.0}
gated = {openness: sigmoid(np.full(6, bias[openness])) * content for openness in bias}
for openness, values in gated.items():
    print(f"openness {openness}:", values.round(2) + 0.0)
plots.gate_positions("", content, gated, ("comes in", "passes"))

# %% [markdown]
# The strip at the right edge is the openness. With its weights at 0, a gate does what its bias says: σ(-1000) = 0, σ(0) = 0.5,
# σ(1000) = 1.
#
# **By hand**, with N = 1, D = 1, H = 2: $x = (1)$, $h_\mathrm{prev} = (0.4, -0.2)$, $W_x = (1, -1)$,
# $W_h = \begin{pmatrix}0.5 & 0.2\\ -0.5 & 0.4\end{pmatrix}$, $b = (0.7, -1).$ The sum is
# $a = (1 + 0.3 + 0.7,\; -1 + 0 - 1) = (2, -2)$, and the openness is $\sigma(a) = (0.881, 0.119)$: the first unit is almost
# open, the second almost closed. These numbers serve for exercises 3.1 to 3.4.

# %% [markdown]
# ### Exercise 3.1 · The output gate
#
# <small>10 min</small>
#
# **Why.** A cell may hold something that will matter in twenty steps but is of no use now. The **output gate** (출력 게이트) `o` decides
# how much of each element of `tanh(c_next)` the next step and the layer above get to see.
#
# The figure asks for `h_next`. Which value does the gate multiply? (`c_next` comes later.)
#
# **By hand**, with that openness and $c_\mathrm{next} = (0.5, -2)$: $\tanh(c_\mathrm{next}) = (0.462, -0.964)$, and
# $h_\mathrm{next} = (0.407, -0.115)$. The larger memory shows less.
#
# > **Notation.** Up to exercise 3.4, `Wx (D, H)`, `Wh (H, H)` and `b (H,)` belong to the part that you are writing.
# > States, memories and gates are (N, H).

# %%
plots.lstm_cell("o", new="o")


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
    # 2. squash the memory with tanh, and multiply by the gate
    raise NotImplementedError("Exercise 3.1: write output_gate")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>The sum is that of the RNN's step. After it comes another function than in the RNN, and then one more product.</details>
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
apply_output_gate = answer("3.1")
by_hand = np.array([[1.0]]), np.array([[0.4, -0.2]])  # x and h_prev of the example
# Wx, Wh and b
block = np.array([[1.0, -1.0]]), np.array([[0.5, 0.2], [-0.5, 0.4]]), np.array([0.7, -1.0])
memory = np.array([[0.5, -2.0]])
print("h_next =", apply_output_gate(*by_hand, memory, *block).round(3))


# %%
def fixed(openness):
    """Wx, Wh and b of a gate that ignores its input: the bias alone sets its openness."""
    openness = np.clip(openness, 1e-12, 1 - 1e-12)
    return np.zeros((1, 1)), np.zeros((1, 1)), np.array([np.log(openness / (1 - openness))])


zero = np.zeros((1, 1))  # an input, or a state, of one unit
for o in (0.0, 0.5, 1.0):
    h_next = apply_output_gate(zero, zero, np.array([[1.5]]), *fixed(o))
    print(f"o = {o}: c_next = 1.5 is shown as h_next = {h_next.item():.2f}")

# %% [markdown]
# **What to notice.** If `o` is *stuck closed*, the cell still remembers, but h = 0: the layer above sees nothing, and neither
# do the gates at the next step, which read `h_prev`. If it is *stuck open*, everything in the cell is visible at every step,
# useful or not.
#
# **Go further.** Why does the gate come *after* the tanh, and not before it: `np.tanh(o * c_next)`?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Take a memory of 10 and o = 0.5. After the tanh, the gate lets 0.5 · 1.000 = 0.5 pass, half of the
# value. Before it, the result is tanh(5) = 0.9999: a half-open gate would show almost all of a large memory. The same
# openness would mean something different for each size of memory.

# %% tags=["solution"]
print((0.5 * np.tanh(10.0)).round(4), np.tanh(0.5 * 10.0).round(4))

# %% [markdown]
# ### Exercise 3.2 · The forget gate
#
# <small>10 min</small>
#
# **Why.** A sentence ends, or a bracket closes: what was kept for it should go. The **forget gate** (망각 게이트) `f` says, unit
# by unit, how much of `c_prev` stays. What it leaves is called `c`.
#
# The gate is made as before, with weights of its *own*. Follow the line of the memory: it passes one ⊙ and *nothing else*, no
# matrix and no tanh. (So far nothing is added to it: `c_next` is `c`.)
#
# > **Warning.** The name misleads: f = 1 *keeps* everything, f = 0 forgets.
#
# **By hand**, with f = (0.881, 0.119) and $c_\mathrm{prev} = (0.5, -2)$: $c = (0.440, -0.238)$.

# %%
plots.lstm_cell("of", new="f")


# %% nbgrader={"grade": false, "grade_id": "ex-3-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def forget_gate(x, h_prev, c_prev, Wx, Wh, b):
    """What is left of the old memory.

    Args:
        x (N, D): input of this step.
        h_prev (N, H): hidden state before it.
        c_prev (N, H): memory cell before it; it stays as it is.
        Wx (D, H), Wh (H, H), b (H,): the gate's own parameters.

    Returns:
        c (N, H): what is left of c_prev
    """
    ### BEGIN SOLUTION
    f = sigmoid(x @ Wx + h_prev @ Wh + b)
    return f * c_prev
    ### END SOLUTION
    # 1. how far is the gate open?
    # 2. multiply the old memory by it, and return a new array
    raise NotImplementedError("Exercise 3.2: write forget_gate")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>The gate is made exactly as in 3.1. Only what it multiplies is different.</details>
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
apply_forget_gate = answer("3.2")
print("c =", apply_forget_gate(*by_hand, memory, *block).round(3))

# %% [markdown]
# A forget gate acts at *every* step. Put a 1 into a cell and hold the gate at an openness of 0.9. After how many steps is
# half of it gone?

# %%
guess = ...  # a number: after how many steps is only half of the memory left?


# %%
def remaining(f, steps=50):
    """A memory of 1, and what is left of it after 1, 2, … steps with a forget gate of openness f."""
    left = [np.ones((1, 1))]
    for _ in range(steps):
        left.append(apply_forget_gate(zero, zero, left[-1], *fixed(f)))
    return np.ravel(left)


memories = {f"$f$ = {f}": remaining(f) for f in (0.5, 0.9, 0.99, 0.999)}
for label, left in memories.items():
    print(f"{label.replace('$', '')}: {left[7]:.2f} left after 7 steps, {left[-1]:.3f} after 50")
print(f"f = 0.99: {remaining(0.99, 100)[-1]:.2f} left after 100 steps")
plots.memory_over_time(memories, ylabel="what is left", guess=guess)

# %% [markdown]
# **What to notice.** After k steps $f^k$ is left. “Almost open” is not open: at f = 0.9 half of a memory is gone after seven
# steps. Even 0.99 leaves little more than a third after a hundred.
#
# If `f` is *stuck closed*, whatever was written is gone a step later. If it is *stuck open*, nothing is ever dropped. Move the
# gate yourself:


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
# call the *candidate cell state*. It is *added* to `c`, to what the forget gate left.
#
# `g` is made from the same sum as a gate, with weights of its own, but it goes through a tanh. The result of this exercise is
# both: `c_next`, and `g` alone.
#
# **By hand**, with $a = (2, -2)$ and $c = (0.5, -2)$: $g = (0.964, -0.964)$ and $c_\mathrm{next} = (1.464, -2.964).$

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
# <details><summary>Hint 1: a nudge</summary><code>g</code> is made as the whole new state of the RNN was made. The difference: it does not replace the memory.</details>
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
add_new_memory = answer("3.3")
c_next, g = add_new_memory(*by_hand, memory, *block)
print("c_next =", c_next.round(3), "  g =", g.round(3))

a, two = np.linspace(-5, 5, 201), np.array([2.0, -2.0])
print("at a = (2, -2):  σ gives", sigmoid(two).round(3), "  tanh gives", np.tanh(two).round(3))
plots.gate_or_content(a, sigmoid(a), np.tanh(a))

# %% [markdown]
# **What to notice.** `g` moves the memory up or down, by at most 1 a step. It is **not a gate**. A gate says *how much* of
# something else passes. `g` *is* that something: its tanh gives it a strength and a sign. At a = -2 a gate says “almost
# closed”, the new memory “strongly *down*”. With a sigmoid it could only push the memory up.
#
# If the forget gate is **stuck open**, every `g` is added and nothing is dropped: the memory is the sum of everything that
# came in. The next gate lets the cell choose.
#
# **Go further.** Could $c_\mathrm{next} = f \odot c_\mathrm{prev} + g$, without another gate, keep one value for a hundred steps?

# %% [markdown] tags=["solution"]
# **Go further, answered.** With f = 1, only if g = 0 at every step in between. That needs a = 0 *exactly in the middle* of
# tanh's steepest part, whatever `x` is. A gate closes at the flat end of the sigmoid instead: with any a below -7 it lets in
# less than 0.1 in a hundred steps.
# (Another way is to take back through `h_prev` what came in; section 4 has an example of it.)

# %% [markdown]
# ### Exercise 3.4 · The input gate
#
# <small>10 min</small>
#
# **Why.** Not everything that comes in is worth keeping. The **input gate** (입력 게이트) `i` decides, for each element of `g`,
# how much of it is added to the memory. That part is called `gated` here.
#
# The cell is complete: what to drop, what to add, what to show, and the content itself.
#
# **By hand**, with $i = (0.881, 0.119)$ and $g = (0.964, -0.964)$: $gated = (0.849, -0.115)$. The two contents are equally
# strong. The first is written, the second hardly at all.

# %%
plots.lstm_cell("ofgi", new="i")


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
    # 2. multiply the new memory by it
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
apply_input_gate = answer("3.4")
print("gated =", apply_input_gate(*by_hand, np.array([[0.964, -0.964]]), *block).round(3))

# %% [markdown]
# **What to notice.** You can now answer what the last figure asks: `c_next` is `c + gated`. With f = 1 and i = 0 it is exactly
# `c_prev`: the cell *keeps* a value, and computes nothing anew.
#
# **Go further.** Some cells save a gate and set i = 1 - f. What can such a cell not do?

# %% [markdown] tags=["solution"]
# **Go further, answered.** It cannot add without dropping: f = i = 1, which makes a counter, is out of reach. It can keep
# (f = 1, i = 0) and overwrite (f = 0, i = 1), which is often enough. The GRU of notebook 09 does just that.

# %% [markdown]
# ## 2. Set the gates yourself
#
# Before a network learns to use its gates, use them yourself. A cell of one unit reads six symbols, each with its own `g`. It
# still holds -0.7 from before. Make it **keep B**, and show it at the last step alone: h = 0 until then, tanh(0.8) = 0.66 there.
# Here is the cell, built from the four functions:

# %%
symbols = {"A": 0.5, "B": 0.8, "C": -0.9, "D": 0.6, "E": -0.4, "F": 0.7}


def run_cell(f, i, o):
    """The memory before and after each step (7,), and what is shown (6,), if the gates are set so."""
    c, h = [np.array([[-0.7]])], []
    for step, content in enumerate(symbols.values()):
        left = apply_forget_gate(zero, zero, c[-1], *fixed(f[step]))
        _, g = add_new_memory(
            np.arctanh([[content]]), zero, left, np.ones((1, 1)), zero, np.zeros(1)
        )
        c.append(left + apply_input_gate(zero, zero, g, *fixed(i[step])))
        h.append(apply_output_gate(zero, zero, c[-1], *fixed(o[step])))
    return np.ravel(c), np.ravel(h)


# %% [markdown]
# Here all gates are half open. Read a column from top to bottom. `g` comes in, through the input gate, into the memory; the old
# memory comes from the left, through the forget gate; the output gate decides what is shown. Dashed: what is wanted.

# %%
half = np.full(6, 0.5)
plots.hand_set_gates(
    {"f": half, "i": half, "o": half}, symbols, *run_cell(half, half, half), keep="B"
)

# %% [markdown]
# Now set the gates, with the mouse or the keyboard: Tab goes from slider to slider, and the arrow keys move the slider. The
# line at the bottom says what is off.

# %%
plots.GatePlayer(run_cell, symbols, keep="B")

# %% [markdown]
# > **Try it.** Then make it keep D instead: `keep="D"`. Find a setting in which i = 1 - f at every step. And which setting makes
# > the cell hold the *sum* of B and D? (The line at the bottom will object.)

# %% [markdown] tags=["solution"]
# One setting that works, and one for the sum. At step 0 `f` and `i` make no difference, since the memory of step 0 is dropped at
# step 1 and the output gate is closed.

# %% tags=["solution"]
setting = {"f": [0, 0, 1, 1, 1, 1], "i": [1, 1, 0, 0, 0, 0], "o": [0, 0, 0, 0, 0, 1]}
print("i = 1 - f at every step:", setting["i"] == [1 - f for f in setting["f"]])
plots.hand_set_gates(setting, symbols, *run_cell(**setting), keep="B")

# %% tags=["solution"]
c, _ = run_cell(f=[0, 0, 1, 1, 1, 1], i=[0, 1, 0, 1, 0, 0], o=half)
print("B and D are added, with f = i = 1 at step 3: c_next =", c[-1].round(2))

# %% [markdown]
# ## 3. Four in one product
#
# The four parts read the same two inputs. Put their weights side by side, and *one* product with `x` and one with `h_prev`
# give all four. Libraries store an LSTM in this way too: in three arrays (PyTorch in four: it has two biases), not twelve.
#
# > **Notation.** The order of the blocks is a convention. Here it is `LSTM_ORDER = ("f", "g", "i", "o")`: columns 0 to H-1 of
# > `Wx`, `Wh` and `b` belong to f, the next H to g, and so on. PyTorch and Keras use i, f, g, o; ONNX uses i, o, f, g.

# %%
print(LSTM_ORDER)
plots.fused_product()

# %% [markdown]
# ### Exercise 3.5 · All four in one product
#
# <small>20 min</small>
#
# **Why.** This is the LSTM. Notebook 04 takes a gradient back through this function, and every language model from notebook
# 05 on is made of it.
#
# **The equation.** One product gives the four blocks side by side:
#
# $$ A = x\,W_x + h_\mathrm{prev}\,W_h + b \qquad (N, 4H) $$
#
# What becomes of each block, and how they make `c_next` and `h_next`, you know from 3.1 to 3.4.

# %% [markdown]
# **By hand**, with H = 1, so that the four blocks are four numbers: $x = (1)$, $h_\mathrm{prev} = (0.5)$, $c_\mathrm{prev} = (2)$,
# $W_x = (1, 1, -1, 1)$, $W_h = (1, -1, -1, -2)$, $b = (0.5, 0, 0.5, 1.5)$.
#
# $A = (1 + 0.5 + 0.5,\; 1 - 0.5,\; -1 - 0.5 + 0.5,\; 1 - 1 + 1.5) = (2, 0.5, -1, 1.5)$, so $f = 0.881$, $g = 0.462$,
# $i = 0.269$, $o = 0.818$. Then $c_\mathrm{next} = 0.881·2 + 0.462·0.269 = 1.886$ and
# $h_\mathrm{next} = 0.818·\tanh(1.886) = 0.781$.


# %% nbgrader={"grade": false, "grade_id": "ex-3-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lstm_step_forward(x, h_prev, c_prev, Wx, Wh, b):
    """One step of the LSTM.

    Args:
        x (N, D): input of this step.
        h_prev (N, H), c_prev (N, H): hidden state and memory cell before it; they stay as they are.
        Wx (D, 4H), Wh (H, 4H), b (4H,): parameters, the blocks in the order f, g, i, o.

    Returns:
        h_next (N, H), c_next (N, H): hidden state and memory cell after it
        cache: the tuple (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next), for the backward pass
    """
    ### BEGIN SOLUTION
    f, g, i, o = np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1)
    f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
    c_next = f * c_prev + g * i
    h_next = o * np.tanh(c_next)
    return h_next, c_next, (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)
    ### END SOLUTION
    # 1. the sum for all four blocks, (N, 4H)
    # 2. split it into f, g, i, o: three go through the sigmoid, one through tanh
    # 3. the memory after this step, and what the cell shows of it
    # 4. return both, and the cache that backward will need
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
    "b": [0.5, 0.0, 0.5, 1.5],
}
h_next, c_next, cache = lstm_step(*(np.array(value) for value in example.values()))
print("c_next =", round(c_next.item(), 3), "  h_next =", round(h_next.item(), 3))

# %% [markdown]
# Does it give the same as the four functions? Give each function its own columns of random weights, and compare.

# %%
rng, H = np.random.default_rng(0), 6
x, h_prev, c_prev = rng.normal(size=(2, 5)), rng.normal(size=(2, H)), rng.normal(size=(2, H))
Wx, Wh, b = rng.normal(size=(5, 4 * H)), rng.normal(size=(H, 4 * H)), rng.normal(size=4 * H)
own = {name: [np.split(W, 4, axis=-1)[k] for W in (Wx, Wh, b)] for k, name in enumerate(LSTM_ORDER)}
c = apply_forget_gate(x, h_prev, c_prev, *own["f"])
_, g = add_new_memory(x, h_prev, c, *own["g"])
apart = c + apply_input_gate(x, h_prev, g, *own["i"])
shown = apply_output_gate(x, h_prev, apart, *own["o"])
h_next, c_next, _ = lstm_step(x, h_prev, c_prev, Wx, Wh, b)
same = np.allclose(shown, h_next, atol=1e-12) and np.allclose(apart, c_next, atol=1e-12)
print("the same h_next and c_next, to 12 digits:", same)

# %% [markdown]
# **What to notice.** Follow the memory through the equations: a product with a gate, a sum, nothing else. Notebook 04 takes a
# gradient back along that line.
#
# **Go further.** How many parameters does an LSTM with D = 100 and H = 100 have, and how many does an RNN of that size have?
# And is one wide product faster than four narrow ones? Time both with `%timeit`, at H = 6, 100 and 400.

# %% [markdown] tags=["solution"]
# **Go further, answered.** 4 · (100·100 + 100·100 + 100) = 80,400 against 20,100: four times as many, and four times the
# arithmetic in each step.
#
# Hardly: the arithmetic is the same. When this was written, on one core, four narrow products took between 0.7 and 1.2 times
# as long as a wide one (batches of 1, 20 and 32, H from 6 to 650). One product is shorter code, and one array to store. (On a
# GPU, where each call costs more, it may help.)

# %% tags=["solution"]
D = H = 100
print(4 * (D * H + H * H + H), D * H + H * H + H)

# %% [markdown]
# ## 4. Gates that learn when to open
#
# You have set the gates by hand. Now a network has to find its setting by itself, on a task where we know what is right.
#
# At every step it reads a number and a **flag**, 0 or 1. It has to give *the number that came with the last flag*. One memory
# cell is enough (H = 1), and with it you would set the gates so:
#
# | | input gate i | forget gate f |
# | --- | --- | --- |
# | at a flag | open: write this number | closed: drop the old one |
# | elsewhere | closed: ignore this number | open: keep |


# %%
def flagged_numbers(count, steps, rng):
    """xs (N, T, 2): numbers in -1…1, and flags; targets (N, T, 1): the number at the last flag."""
    numbers, flags = rng.uniform(-1, 1, (count, steps)), rng.random((count, steps)) < 0.2
    flags[:, 0] = True
    last = np.maximum.accumulate(np.where(flags, np.arange(steps), 0), axis=1)
    return np.stack([numbers, flags], axis=2), np.take_along_axis(numbers, last, axis=1)[..., None]


xs, targets = flagged_numbers(1, 8, np.random.default_rng(2))
print("number", xs[0, :, 0].round(1))
print("flag  ", xs[0, :, 1])
print("target", targets[0, :, 0].round(1))

# %% [markdown]
# The network is an LSTM of one unit and an affine layer (Affine 계층, 아핀 계층) that reads its `h`. You write the backward
# pass in notebook 04; until then the course's own layer, `FastLSTM`, does it. The weights start small, so every gate is about
# half open. The loss is the mean squared error. `Adam` is SGD with a step size of its own for each weight. What the gates do is
# in the cache of `lstm_step_forward`.


# %%
def new_network(seed):
    rng = np.random.default_rng(seed)
    lstm = FastLSTM(*(Param(rng.normal(0, 0.1, shape)) for shape in ((2, 4), (1, 4), (4,))))
    return lstm, Affine(Param(rng.normal(0, 0.1, (1, 1))), Param(np.zeros(1))), rng


# %%
def train(lstm, output, rng, updates=400):
    adam = Adam(lstm.parameters() + output.parameters())
    for _ in range(updates):
        xs, targets = flagged_numbers(32, 20, rng)
        error = output.forward(lstm.forward(xs)[0]) - targets
        lstm.zero_grad()
        output.zero_grad()
        lstm.backward(output.backward(2 * error / error.size))
        adam.step(learning_rate=0.05)


# %%
def gates_over_time(lstm, xs):
    """How far the gates of one cell are open at each step, and g: f, g, i, o, each (N, T)."""
    h, c, seen = np.zeros((len(xs), 1)), np.zeros((len(xs), 1)), []
    for step in range(xs.shape[1]):
        h, c, cache = lstm_step(xs[:, step], h, c, lstm.Wx.value, lstm.Wh.value, lstm.b.value)
        seen.append(cache[5:9])
    return dict(zip(LSTM_ORDER, np.stack(seen).transpose(1, 2, 0, 3)[..., 0]))


# %% [markdown]
# At a flag the old number should go. How far open will the forget gate be there, after training?

# %%
guess = ...  # a number, 0 to 1: the forget gate at a flag, after training

# %%
networks = [new_network(seed) for seed in range(5)]
lstm, output, _ = networks[0]
xs, targets = flagged_numbers(1, 24, np.random.default_rng(3))
before = gates_over_time(lstm, xs)
for network in networks:
    train(*network)
after = gates_over_time(lstm, xs)

# %%
at_flags = xs[0, :, 1] > 0
for name, gates in ("before", before), ("after ", after):
    for gate in "fio":
        at, elsewhere = gates[gate][0, at_flags].mean(), gates[gate][0, ~at_flags].mean()
        print(f"{name} {gate}: {at:.2f} at a flag, {elsewhere:.2f} elsewhere")
openness = {"before training": before, "after training": after}
openness = {title: {gate: gates[gate][0] for gate in "fio"} for title, gates in openness.items()}
plots.gate_openness(openness, marked=np.flatnonzero(at_flags), guess=guess)

# %% [markdown]
# The pale bands are the flags. Before training every gate is about half open. Afterwards **the input gate opens at the flags,
# and the forget gate closes there**, as you would have set them. Nobody told them; the loss did. The forget gate
# closes only to about a quarter, and it need not close further, as you will see. The output gate stays open, since the answer
# is wanted at every step.
#
# Was it luck? That was seed 0. Here are all five, on sequences five times as long as those of the training:


# %%
def typical_error(lstm, output):
    """The root of the mean squared error, on 64 sequences of 100 steps."""
    return np.sqrt(((output.forward(lstm.forward(xs)[0]) - targets) ** 2).mean())


xs, targets = flagged_numbers(64, 100, np.random.default_rng(9))
flags, errors = xs[..., 1] > 0, [typical_error(lstm, output) for lstm, output, _ in networks]
for seed, (network, error) in enumerate(zip(networks, errors)):
    gates = gates_over_time(network[0], xs)
    rows = [f"{k} {gates[k][flags].mean():.2f} / {gates[k][~flags].mean():.2f}" for k in "if"]
    print(f"seed {seed}: at a flag / elsewhere: {',  '.join(rows)};  typical error {error:.3f}")
always_0 = np.sqrt((targets**2).mean())
print(f"largest typical error {max(errors):.3f}; always answering 0: {always_0:.2f}")

# %%
answers = output.forward(lstm.forward(xs[:1])[0])[0, :, 0]
curves = {"right answer": targets[0, :, 0], "the LSTM": answers}
plots.memory_over_time(
    curves, ylabel="number at the last flag", title="100 steps", marked=np.flatnonzero(flags[0])
)

# %% [markdown]
# The answer jumps at the flags and is nearly flat in between: the cell holds the number. It does drift, from step 20 to 28 for
# instance. Between flags the gates f and i are at 0.99 and 0.01, so at every step a little is lost, and a little of the other
# numbers comes in.
#
# ### Which gate is needed?
#
# Take a trained network and set one gate fixed: its weights to 0, its bias to ±1000. Which of the six ways does the least harm?

# %%
guess = ...  # in words: one of f, i, o, and open or closed


def stick(lstm, gate, bias):
    """Set the weights of one gate to 0 and its bias to ±1000; with a slope of 0, it stays so in training."""
    column = LSTM_ORDER.index(gate)
    for param, value in zip((lstm.Wx, lstm.Wh, lstm.b), (0, 0, bias)):
        param.value[..., column] = value


def copy(lstm):
    return FastLSTM(*(Param(param.value.copy()) for param in (lstm.Wx, lstm.Wh, lstm.b)))


# %%
ways = {f"{k} {how}": (k, bias) for k in "fio" for how, bias in (("closed", -1000), ("open", 1000))}
stuck_after = {}
for way, (gate, bias) in ways.items():
    copies = [(copy(lstm), output) for lstm, output, _ in networks]
    for lstm, _ in copies:
        stick(lstm, gate, bias)
    stuck_after[way] = [typical_error(*network) for network in copies]
    print(f"{way:8}: typical error {min(stuck_after[way]):.2f} to {max(stuck_after[way]):.2f}")

# %% [markdown]
# One way does next to no harm, the output gate stuck open: here the answer is wanted at every step. Stuck in any other way,
# the network is little better than always answering 0, or worse.
#
# But is that fair? The other parts were trained to work with that gate. So let three networks learn from the beginning, with
# the gate stuck from the first update on. (Half a minute on a slow machine.)

# %%
stuck_before = {}
for way, (gate, bias) in ways.items():
    stuck_before[way] = []
    for seed in range(3):
        network = new_network(seed)
        stick(network[0], gate, bias)
        train(*network)
        stuck_before[way].append(typical_error(*network[:2]))
    print(f"{way:8}: typical error {min(stuck_before[way]):.2f} to {max(stuck_before[way]):.2f}")

tables = {"stuck after training": stuck_after, "stuck before training": stuck_before}
plots.stuck_gates(tables, baseline=always_0, intact=float(np.median(errors)))

# %% [markdown]
# **What to notice.** If i or o is closed, nothing gets in or out, and no training helps. But on this task the network learns
# about as well *with f stuck open* as with a forget gate. It does fairly well even with f closed, when nothing stays in the
# cell. With i open it is clearly worse. So the left panel shows what the trained network relies on, not what the task needs.
# The parts of a cell learn together.
#
# **Go further.** How does a cell drop an old number when its forget gate is stuck open? Train one, and print the weight with
# which `g` reads `h_prev`. Print it for the first network too.

# %% [markdown] tags=["solution"]
# **Go further, answered.** The new memory reads `h_prev` with a negative weight. At a flag `g` is made of the new number
# *minus* some of what the cell still shows, and that takes away what f has left standing. In the first network it takes away
# about that quarter; with f = 1 it takes away about all of it. So forgetting is not the forget gate's work alone.

# %% tags=["solution"]
without_f = new_network(0)
stick(without_f[0], "f", 1000)
train(*without_f)
for network in networks[0], without_f:
    gates, weight = gates_over_time(network[0], xs), network[0].Wh.value[0, LSTM_ORDER.index("g")]
    f, i, o = (gates[gate][flags].mean() for gate in "fio")
    print(
        f"at a flag: left by f {f:.2f} of the old memory; g reads h_prev with the weight {weight:.1f},",
        end=" ",
    )
    print(f"and i · weight · o = {i * weight * o:.2f}")

# %% [markdown]
# ## Summary
#
# - The memory stays inside the layer and never goes up. What the cell shows of it, `h_next = o ⊙ tanh(c_next)`, goes to the next
#   step and to the layer above.
# - A gate is an openness in 0…1: a sigmoid, with weights of its own, learned. f: how much of the memory stays. i: how much of the
#   new memory is added. o: how much is shown.
# - `g` is not a gate: it goes through tanh and is content, a strength in -1…1.
# - All four come from one sum, with the blocks in the order f, g, i, o.
# - Gates learn when to open. They learn together: what one of them cannot do, another may learn to do.

# %% [markdown]
# ## Questions
#
# 1. Which of f, g, i, o can be negative?
# 2. f = 1 and i = 0 at some step. What is `c_next`? And f = 0, i = 1?
# 3. f = i = o = 1 at every step, `g` is 1, and the memory is 0 at first. What are `c_next` and `h_next` at the fifth step?
# 4. Can |c_next| exceed 1? Can |h_next|?
# 5. Why do the gates read `h_prev`, and not `c_prev`?
# 6. The output gate is stuck closed. What do the other gates still know about the past?
# 7. A memory must last 200 steps with at least half of it left. How open must the forget gate be?
# 8. You load weights from PyTorch, whose order is i, f, g, o, without reordering. Does anything fail?
# 9. f = 0 and i = o = 1 at every step: which network is that, almost?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. Only `g`. The other three are gates, in 0…1.
# 2. `c_prev`, unchanged: the cell keeps it. And `g`: the cell overwrites it.
# 3. c_next = 5 and h_next = tanh(5) = 0.9999: the memory counts, and what it shows saturates.
# 4. |c_next| can, as in 3: each step may add up to 1. |h_next| cannot: it is a number below 1 times a tanh.
# 5. It is a choice: `h_prev` is what the cell shows of `c_prev`. Variants in which the gates read the memory as well are
#    said to have *peephole connections* (Gers & Schmidhuber, 2000).
# 6. Nothing: they read `x` and `h_prev` = 0. The past is in the memory, but no gate reads that.

# %% [markdown] tags=["solution"]
# 7. f²⁰⁰ ≥ 0.5 means f ≥ 0.5^(1/200) = 0.9965.
# 8. Nothing fails: all shapes agree. What was trained as the input gate now works as the forget gate, and the output is wrong.
#    Only values can show it, which is why the checks compare values.
# 9. c_next = g and h_next = tanh(g): the simple RNN with a second tanh.

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
# 1. LSTM은 계층 안에만 머무는 기억 셀을 따로 두고, 그중 일부만 은닉 상태 h_next = o ⊙ tanh(c_next)로 내보낸다.
# 2. 게이트는 열린 정도를 나타내는 0과 1 사이의 값으로, 시그모이드로 계산한다. 게이트마다 가중치를 따로 두고 학습한다.
# 3. 망각 게이트 f는 이전 기억을 얼마나 남길지, 입력 게이트 i는 새로운 기억 셀을 얼마나 더할지, 출력 게이트 o는 기억을 얼마나
#    내보낼지 정한다.
# 4. 새로운 기억 셀 g는 게이트가 아니라 내용이며, tanh를 거쳐 -1과 1 사이의 값으로 세기와 부호를 나타낸다.
# 5. 네 블록의 가중치를 f, g, i, o 순서로 이어 붙여 한꺼번에 계산하며, 게이트를 언제 열지는 학습으로 알아낸다.

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
# # Start here
#
# *Write, check, fix.*
#
# **You will do**: run your first cells, write two functions, let a check find what is wrong with them, and fix them.
#
# **You will learn**: how a notebook of this course works, how to read a check, where the hints are, how to hand in,
# and how to get a broken notebook back. Why the sigmoid, which every gate of this course is made of, should not
# be typed in as the textbook prints it. And how to find out whether a gradient is right.
#
# **You will need**: 50 minutes; a little Python and NumPy; the derivative of a function of one variable.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import numpy as np

from helpers import plots
from helpers.checks import check

# %% [markdown]
# Click on the cell above and press **Shift + Enter**: the cell runs, and the next one is chosen. A number in brackets
# appears beside it. That is all there is to running a notebook: from the top to the bottom, one cell after the other.
# Cells remember what ran before them, so if you start in the middle, names are missing.
#
# ## Where this course goes
#
# A recurrent network (RNN, 순환 신경망) reads one word after the other and keeps a *hidden state* (은닉 상태): its only
# memory of what it has read. You will see that memory fail, repair it, and train a language
# model (언어 모델) on the repaired one.

# %%
plots.course_map()

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# Nine notebooks, each a station. In every one you write small pieces in NumPy, and every piece is checked at once. In
# the last notebook **the layers that you wrote train a real language model**.
#
# > **Note.** No exercise is locked behind an earlier one. Where you left one open, the course's own *reference* takes
# > its place and a line tells you so. Skip what you know, come back to what you skipped.

# %% [markdown]
# ## How it is written
#
# Sizes have the same letters in every formula, every docstring and every message:
#
# | letter | size of | letter | size of |
# | --- | --- | --- | --- |
# | `N` | the batch (배치): sequences (시퀀스) read side by side | `D` | an input vector |
# | `T` | the time steps (시각) | `H` | the hidden state |
# | | | `V` | the vocabulary (어휘) |

# %% [markdown]
# > **Notation.** One step reads `x (N, D)`; a whole sequence is `xs (N, T, D)`, with an s. Examples are *rows*: a layer
# > (계층) computes `x @ W`, not `W @ x`. `dW` is the gradient (기울기) of the loss (손실) with
# > respect to `W`, so it has the shape (형상) of `W`.
# > `W[i, j]` leads from input i to output j.

# %%
x, W = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
y = x @ W
print("x", x.shape, "times W", W.shape, "gives y", y.shape, "with the values", y)

# %% [markdown]
# One row of three numbers times a (3, 2) matrix: one row of two. The first is 1·1 + 2·0 + 3·1 = 4. If a line of your own
# ever puzzles you, print the shapes first, as this cell does: many a mistake is a shape mistake, and a shape is seen at a
# glance.

# %% [markdown]
# ## A function to start with
#
# Three of the four lines inside an LSTM (long short-term memory, 장단기 메모리) ask the same question: *how far is this
# gate (게이트) open?* The answer must lie between 0 (closed) and 1 (open). The **sigmoid** (시그모이드) gives it:
#
# $$ \sigma(a) = \frac{1}{1 + e^{-a}} $$

# %%
a = np.linspace(-8, 8, 201)
plots.sigmoid_curve(a, 1 / (1 + np.exp(-a)))

# %% [markdown]
# Far to the left the gate is shut, far to the right it is wide open, and only in between does a small change of `a` make
# a difference. Here is the formula, typed in as it stands. It looks right, and in the figure above it *was* right. Give
# it to the check and read what it says.


# %%
def textbook_sigmoid(a):
    return 1 / (1 + np.exp(-a))


check("0.1", textbook_sigmoid)

# %% [markdown]
# ## Read a check
#
# A check tells you, in this order: **what** is wrong and where; the **cause**, if your numbers are exactly those of a known
# mistake; and what to **look at**. If it names no cause, it found none: it does not guess. The points you earned stand in
# the title, and you may check as often as you like.
#
# Each exercise has two checks, for half of its points each: the one you see, and a *hidden* one for a grader, with the
# same kinds of input, other numbers and other sizes.

# %% [markdown]
# ### What passes
#
# - **Any way of computing**: loops, `einsum`, functions of your own. Every number is compared with the reference's, in
#   float64 to 7 digits, in float32 to 4.
# - **With a remark**, for full points: a wider type than the inputs' (float64 for float32), and right numbers beside a
#   NumPy warning. Only 0.1, 5.3 and 5.4, on stable formulas, take no warning.
# - **What does not pass**: a narrower type; NaN or infinity; a changed argument, unless the docstring asks for it; a
#   `.grad` that is replaced, not added to; a state kept between calls.
#
# Right in the visible check is right in the hidden one, unless it was fitted to the visible numbers.

# %% [markdown]
# ### Exercise 0.1 · A sigmoid that never overflows
#
# <small>10 min</small>
#
# **Why.** In float64, $e^{710}$ is already infinity: it overflows (오버플로). A gate far *below* its threshold must simply be
# closed, without a warning on the screen; and in later formulas infinity divided by infinity is NaN (not a number), which spreads.
#
# **The equation.** Two ways of writing the same curve that never put a large positive number into `exp`:
#
# $$ \sigma(a) = \tfrac12\left(1 + \tanh\tfrac a2\right)
# \qquad\qquad \sigma(a) = \begin{cases} 1/(1+e^{-a}) & a \ge 0\\ e^{a}/(1+e^{a}) & a < 0 \end{cases} $$
#
# **By hand.** $\sigma(0) = 0.5$; $\sigma(2) = 1/(1+e^{-2}) = 1/1.135 = 0.881$; and $\sigma(-2) = 1 - 0.881 = 0.119$.


# %% nbgrader={"grade": false, "grade_id": "ex-0-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sigmoid(a):
    """Openness of a gate: 1 / (1 + exp(-a)), without overflow for any a.

    Args:
        a (any shape): float array.

    Returns:
        y: same shape and dtype as a, between 0 and 1
    """
    ### BEGIN SOLUTION
    return (1 + np.tanh(a / 2)) / 2
    ### END SOLUTION
    # 1. choose one of the two forms above
    # 2. return a new array; `a` itself stays as it is
    raise NotImplementedError("Exercise 0.1: write sigmoid")


# %% [markdown]
# Stuck? Open one hint at a time; each gives away a little more.
#
# <details><summary>Hint 1: a nudge</summary>One of the two forms needs a single NumPy function that is safe everywhere.</details>
# <details><summary>Hint 2: the equation to use</summary>σ(a) = (1 + tanh(a/2)) / 2. Why? Write tanh(u) as (1 − e<sup>−2u</sup>) / (1 + e<sup>−2u</sup>) and put u = a/2.</details>
# <details><summary>Hint 3: almost the code</summary><code>np.tanh(a / 2)</code> runs from −1 to 1. Add something, then divide by something.</details>

# %% nbgrader={"grade": true, "grade_id": "check-0-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("0.1", sigmoid)

# %% nbgrader={"grade": true, "grade_id": "hidden-0-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 0.1 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("0.1", sigmoid)
### END HIDDEN TESTS

# %% [markdown]
# **What to notice.** The two forms are *equal* as formulas and differ as programs. That happens all through this course:
# the equation says what to compute, and floating-point arithmetic (부동소수점 연산) decides how.

# %%
from helpers.checks import answer

sigmoid_now = answer("0.1")
print("σ(0), σ(2), σ(-2) =", np.round(sigmoid_now(np.array([0.0, 2.0, -2.0])), 3))
print("σ(±1000)          =", sigmoid_now(np.array([1000.0, -1000.0])))

# %% [markdown]
# `answer("0.1")` hands you *your* function if its check has passed, and the reference if not: demonstrations like this
# one always run. The three numbers are those of the example by hand, and the last line is a gate wide open and one
# shut, without a warning. (A number too small for float64 simply becomes 0. That *underflow* does no harm here.)
#
# **Go further.** Show that $\sigma(-a) = 1 - \sigma(a)$, and that $\sigma'(a) = \sigma(a)(1 - \sigma(a))$. Where is the
# slope largest, and how large is it there?

# %% [markdown] tags=["solution"]
# **Go further, answered.** $1 - \frac{1}{1+e^{-a}} = \frac{e^{-a}}{1+e^{-a}} = \frac{1}{e^{a}+1} = \sigma(-a)$. For the slope,
# $\frac{d}{da}(1+e^{-a})^{-1} = \frac{e^{-a}}{(1+e^{-a})^2} = \sigma(a)\,\sigma(-a) = \sigma(a)(1-\sigma(a))$. It is largest at
# $a = 0$, where it is 1/4. A sigmoid takes at least three quarters of a gradient away; remember that in notebook 03.

# %% tags=["solution"]
slope = (sigmoid_now(a + 1e-5) - sigmoid_now(a - 1e-5)) / 2e-5
print("largest slope", round(float(slope.max()), 4), "at a =", float(a[slope.argmax()]))

# %% [markdown]
# ## Is this gradient right?
#
# From notebook 01 on you work out gradients by hand, and it is easy to lose a sign, a factor or a whole term. A
# **numerical gradient** (수치 기울기) needs no derivation: move one number a little, and see how much the result moves.
# Such *numerical differentiation* (수치 미분) is far too slow to train with, but it tells you whether the gradient you
# derived is right.
#
# Write it once, and use it on any `backward` that you do not trust: 1.3, 4.3 and 8.2 are good places.

# %% [markdown]
# ### Exercise 0.2 · A gradient without a formula
#
# <small>20 min</small>
#
# **Why.** A check tells you that a gradient is wrong. In your own projects there is no check, and this function takes
# its place.
#
# **The equation.** *Central differences* (중심 차분), a little to either side of each element $x_k$:
#
# $$ \frac{\partial f}{\partial x_k} \approx \frac{f(x + \varepsilon e_k) - f(x - \varepsilon e_k)}{2\varepsilon} $$
#
# where $e_k$ has the shape of $x$ and is 1 at element k, 0 elsewhere.

# %% [markdown]
# **By hand.** $f(x) = x_1^2\,x_2$ at $x = (1, 3)$ with $\varepsilon = 0.1$:
# $(1.1^2 · 3 - 0.9^2 · 3) / 0.2 = (3.63 - 2.43) / 0.2 = 6$ and $(1 · 3.1 - 1 · 2.9) / 0.2 = 1$. Indeed
# $2 x_1 x_2 = 6$ and $x_1^2 = 1$. To one side only, the first would be $(3.63 - 3) / 0.1 = 6.3$.


# %% nbgrader={"grade": false, "grade_id": "ex-0-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def numerical_gradient(f, x, eps=1e-5):
    """Gradient of f at x, by central differences.

    Args:
        f: a function that takes x and returns a float.
        x (any shape): float64 array; you may change it on the way, but afterwards it is as it was.
        eps: how far to go to either side.

    Returns:
        dx: same shape as x, a slope for each of its elements
    """
    ### BEGIN SOLUTION
    dx = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + eps
        above = f(x)
        x[index] = kept - eps
        below = f(x)
        x[index] = kept
        dx[index] = (above - below) / (2 * eps)
    return dx
    ### END SOLUTION
    # for every element: `for index in np.ndindex(x.shape)` visits them all, whatever the shape
    # 1. f with this one element a little larger, then a little smaller
    # 2. put the element back
    # 3. the difference, divided by the distance of the two points
    raise NotImplementedError("Exercise 0.2: write numerical_gradient")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary><code>f</code> takes the whole array and gives one number. How many times must you call it for an array of 12 elements?</details>
# <details><summary>Hint 2: the equation to use</summary>dx[index] = (f(x with x[index] + eps) − f(x with x[index] − eps)) / (2 eps): two calls for each element.</details>
# <details><summary>Hint 3: the plan</summary>Start from <code>dx = np.zeros_like(x)</code>. In the loop keep <code>x[index]</code>, write <code>kept + eps</code> into <code>x</code> and call <code>f(x)</code>, do the same with <code>kept - eps</code>, write <code>kept</code> back, and fill <code>dx[index]</code>.</details>

# %% nbgrader={"grade": true, "grade_id": "check-0-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("0.2", numerical_gradient)

# %% nbgrader={"grade": true, "grade_id": "hidden-0-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Exercise 0.2 once more, on inputs that only a grader sees: other sizes, other types, large values.
### BEGIN HIDDEN TESTS
from helpers.checks import hidden_check

hidden_check("0.2", numerical_gradient)
### END HIDDEN TESTS

# %%
gradient_of = answer("0.2")
x = np.array([[0.0, 2.0, -2.0]])
exact = sigmoid_now(x) * (1 - sigmoid_now(x))  # the slope of the sigmoid
for eps in (1e-1, 1e-2, 1e-3, 1e-5, 1e-8, 1e-11):
    off = gradient_of(lambda x: float(sigmoid_now(x).sum()), x, eps) - exact
    print(f"eps {eps:.0e}: off by {np.abs(off).max():.0e}")

# %% [markdown]
# **What to notice.** A tenth of `eps` leaves a hundredth of the error: it falls as $\varepsilon^2$. But not for ever. Below
# about 1e-5 it *grows*: the two values of `f` are then so alike that their difference keeps few right digits. In float32,
# with half the digits, this sets in much sooner, so gradients are checked in float64.
#
# **Go further.** A model has a million numbers to learn. How many times does its numerical gradient compute the loss?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Two million times, for one gradient. Backpropagation takes one pass forward and one back, however
# many numbers there are. So the numerical gradient checks a small model, and backpropagation trains the large one.

# %% [markdown]
# ## The rules of the house
#
# - **Call no file `helpers.py`**: beside a notebook it hides the course's own package.
# - **Your answers go into the cells** that raise `NotImplementedError`; helper functions and imports too, or into a cell
#   of your own above the check.
# - **The last cell above a check that defines the name counts**: leave no old attempt below.
# - **You may add cells** to try things out; nobody grades them.
# - **Names stay as they are**: a check looks for `sigmoid`, not for `my_sigmoid`.
# - **Check cells stay as they are.** Changing one changes nothing but what *you* see.
# - `print` inside your function as much as you like: the panel shows what was printed.

# %% [markdown]
# > **Try it.** Put `print(a.shape)` into your sigmoid and check again. Then take it out.

# %% [markdown]
# ## When something breaks
#
# | what you see | what to do |
# | --- | --- |
# | `'helpers' is not a package` | a file `helpers.py` lies beside the notebook: give it another name, then *Kernel → Restart* |
# | `NameError: name 'np' is not defined` | a cell above has not run, or stopped with an error: *Run → Run All Above Selected Cell* |
# | a cell shows `[*]` and never ends | the square button ■ interrupts it; look for a loop that does not end |
# | results you cannot explain | menu *Kernel → Restart Kernel and Run All Cells*: it forgets everything and starts clean |
# | a cell you deleted, a check you changed, a file that will not open | in a terminal: `make restore NB=00` |
#
# `make restore` puts a fresh copy in the place of yours and keeps yours beside it as a numbered backup. Nothing is ever
# thrown away.

# %% [markdown]
# ## Where your work lives
#
# You are working in `my/00_start_here/`, on your own copy. `make learn` makes such copies and never touches one that is
# there, so you can update the course and keep your answers. Save with **Ctrl + S** (⌘ S on a Mac). Full solutions, with the
# questions answered, are in `solutions/`. They are worth more *after* you tried.
#
# ## Summary
#
# - The sigmoid turns any number into an openness between 0 and 1; write it in a form that cannot overflow.
# - A numerical gradient needs no formula: central differences, one element at a time, in float64.
# - Run from the top; check at once; open a hint; restart when in doubt; restore when it is broken.
# - Print shapes. `dW` has the shape of `W`.

# %% [markdown]
# ## Questions
#
# 1. What is `(x @ W).shape` for `x (N, D)` and `W (D, H)`?
# 2. Why does `W @ x` fail for them, and what would have to change for it to work?
# 3. What shape does `dW` have, and why can it have no other?
# 4. A gate gets a = -30. Is it open or closed? Does a change of a by 1 matter?
# 5. Why is σ(-1000) *exactly* 0.0 in float64, though the formula never gives 0?
# 6. What is the largest number that float32 can hold, roughly, and what is its logarithm?
# 7. A check says that your numbers are wrong and names no cause. What does that tell you?
# 8. Your check passed yesterday; today the same cell raises `NameError`. What happened?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. (N, H).
# 2. (D, H) times (N, D) does not fit. With examples as columns, `x.T` (D, N), the product `W.T @ x.T` is the same layer.
# 3. (D, H): one number for every weight, the change of the loss per change of that weight.
# 4. Closed: σ(-30) ≈ 1e-13. A change of 1 alters it by about 2e-13: nothing that a loss would notice.
# 5. e⁻¹⁰⁰⁰ ≈ 10⁻⁴³⁴ lies below the smallest positive float64 (about 5·10⁻³²⁴), so it *underflows* to 0. That is harmless.
# 6. About 3.4·10³⁸; its natural logarithm is 88.7. So exp(89) overflows in float32.
# 7. That they are not exactly those of any known mistake. Start from the one number it shows, got against expected.
# 8. The kernel was restarted and forgot every name. Run the cells above first.

# %% tags=["solution"]
for kind in ("float32", "float64"):
    largest = np.finfo(kind).max
    print(f"{kind}: largest number {largest:.3g}, its logarithm {np.log(largest):.1f}")

# %% [markdown]
# ## Before you hand in
#
# Learning on your own? Then there is nothing to hand in: go on to
# [notebook 01](../01_vanishing_and_exploding_gradients/01_vanishing_and_exploding_gradients.ipynb).
#
# In a class: *Kernel → Restart Kernel and Run All Cells*, look at the points under every check, save, and give your teacher
# the saved file `00_start_here.ipynb`. Restarting matters: it shows what a grader will see, who has none of the names that
# only your session remembers.
#
# ## Further reading
#
# - D. Goldberg, *What every computer scientist should know about floating-point arithmetic*, ACM Computing Surveys 23 (1991).
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016), section 4.1, on overflow and underflow.

# %% [markdown]
# ## 요약
#
# 1. 위에서 아래로 셀을 차례대로 실행하고(Shift + Enter), 답을 쓴 뒤 바로 `check`로 확인한다.
# 2. 시그모이드는 임의의 수를 0과 1 사이의 값, 곧 게이트가 열린 정도로 바꾼다.
# 3. 수식으로는 같아도 부동소수점 연산의 결과는 다를 수 있으므로, 오버플로가 일어나지 않는 식을 쓴다.
# 4. 기울기 `dW`의 형상은 언제나 `W`의 형상과 같고, 직접 유도한 기울기는 수치 미분으로 구한 기울기와 비교해 검산한다.
# 5. 노트북이 망가지면 `make restore NB=00`으로 되돌리며, 이전 파일은 백업으로 남는다.

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
# **You will learn**: how a notebook of this course works, how to read a check, where the hints are, how to hand in, and
# how to get a broken notebook back. You will also learn why the sigmoid, which every gate uses, should not be typed in
# as the textbook prints it, and how to find out by yourself whether a gradient is right.
#
# **You will need**: 50 minutes; a little Python and NumPy; the derivative of a function of one variable.
#
# [Glossary · 용어집](../../GLOSSARY.md): every term in English and Korean.

# %%
import numpy as np

from helpers import plots
from helpers.checks import check

# %% [markdown]
# Click on the cell above and press **Shift + Enter**: the cell runs, a number in brackets appears beside it, and the next
# cell is selected. Run a notebook like this from top to bottom, one cell after the other. A cell uses the names that the
# cells above it have defined. If you start in the middle, names are missing.

# %% [markdown]
# ## Where this course goes
#
# A recurrent network (RNN, 순환 신경망) reads one word after the other. Its *hidden state* (은닉 상태) is its only memory of
# what it has read. One question runs through the course: **how far back can this network remember?** You will see the
# memory fail, repair it, and train a language model (언어 모델) with it.

# %%
plots.course_map()

# %% tags=["release"]
# Where you stand: the checks you ran and saved, here and in the notebooks beside this one.
# Nothing is sent anywhere.
from helpers.checks import progress

plots.course_progress(progress().squares)

# %% [markdown]
# Each station is a notebook. In each one you write small pieces in NumPy, and a check tells you at once whether a piece is
# right. In notebook 08 **the layers that you wrote train a real language model**.
#
# > **Note.** You can do any exercise without the ones before it. If you left one open, the course's own answer, the
# > *reference*, takes its place, and a line tells you so. Skip what you know; come back to what you skipped.

# %% [markdown]
# ## Letters and shapes
#
# The same letters stand for the same sizes in every formula, docstring and message:
#
# | letter | size of | letter | size of |
# | --- | --- | --- | --- |
# | `N` | the batch (배치): how many sequences (시퀀스) are read side by side | `D` | an input vector |
# | `T` | time: the number of time steps (시각) | `H` | the hidden state |
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
# A row of three numbers times a (3, 2) matrix gives a row of two. The first of them is 1·1 + 2·0 + 3·1 = 4. If a line of
# your own code puzzles you, print the shapes first, as this cell does: many mistakes show there at once.

# %% [markdown]
# ## A function to start with
#
# An LSTM (long short-term memory, 장단기 메모리) has three gates (게이트): one for what it forgets, one for what it takes in,
# and one for what it gives out. Each needs a number between 0 (closed) and 1 (open). The **sigmoid** (시그모이드) makes one
# out of any number $a$:
#
# $$ \sigma(a) = \frac{1}{1 + e^{-a}} $$
#
# > **Notation.** σ with an argument, as in $\sigma(a)$, is the sigmoid. From notebook 01 on, σ *without* an argument, or
# > with an index, is a singular value (특잇값) of a matrix. Both are standard, and the two have nothing to do with each other.

# %%
a = np.linspace(-8, 8, 201)
plots.sigmoid_curve(a, 1 / (1 + np.exp(-a)))

# %% [markdown]
# Far to the left the gate is closed, far to the right it is open. Only in between does a small change of `a` make a
# difference. Below is the formula, typed in as it stands. It looks right, and it drew the figure above. Give it to the
# check, and read what the check says.


# %%
def textbook_sigmoid(a):
    return 1 / (1 + np.exp(-a))


check("0.1", textbook_sigmoid)

# %% [markdown]
# ## Read a check
#
# A check tells you, in this order: **what** is wrong, and where; the **cause**, if your numbers are exactly those of a
# known mistake; and what to **look at**. If it names no cause, it has found none: it does not guess. You may check as often
# as you like.

# %% [markdown]
# ### Points
#
# Each exercise has two checks, and each is worth half of its points. You see one of them. The other one is *hidden*: only a
# grader runs it, on the same kinds of input with other numbers and other sizes. So the line below the title of an
# exercise says “1 + 1 points”, and the panel says “of 1 point”. The panels and your progress
# count only the half that you can see; a grader counts both.

# %% [markdown]
# ### What passes
#
# - **Any way of computing**: loops, `einsum`, functions of your own. Every number is compared with the reference's, to 7
#   digits in float64 and to 4 in float32.
# - **With a remark, for full points**: a wider type than the inputs' (float64 for float32); right numbers beside a NumPy
#   warning. Only 0.1, 5.3 and 5.4, on stable formulas, allow no warning.
# - **What does not pass**: a narrower type; NaN or infinity; a changed argument, unless the docstring allows it; a `.grad`
#   that is replaced, not added to; a state that is kept between calls.
#
# What passes the check that you see passes the hidden one, unless it was fitted to the numbers.

# %% [markdown]
# ### Exercise 0.1 · A sigmoid that never overflows
#
# <small>10 min</small>
#
# **Why.** In float64, $e^{710}$ is already infinite: it overflows (오버플로). But a gate with a very negative $a$ is simply
# closed, and there is nothing to warn of. In later formulas infinity is divided by infinity. That gives NaN (not a number),
# and whatever is computed from it is NaN too.

# %% [markdown]
# **The question.** In what form of $\sigma$ does no large positive number go into the exponential function, whatever $a$
# is? There are two ways to find one. Choose either.
#
# - In $1/(1+e^{-a})$, multiply numerator and denominator by $e^{a}$. For which $a$ is this form safe, and for which the
#   first one?
# - NumPy computes $\tanh u = (1 - e^{-2u})/(1 + e^{-2u})$ safely for every $u$. For which $u$ is $e^{-2u} = e^{-a}$? And how
#   do you turn a number between −1 and 1 into one between 0 and 1?
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
    # 1. use a form that is safe for every `a`
    # 2. return a new array; `a` itself stays as it is
    raise NotImplementedError("Exercise 0.1: write sigmoid")


# %% [markdown]
# Stuck? Open one hint at a time; each tells you a little more.
#
# <details><summary>Hint 1: a nudge</summary>The second way needs one NumPy function and no choice. The first way needs a choice for each element; <code>np.where</code> computes both forms everywhere, so both must be safe everywhere.</details>
# <details><summary>Hint 2: the equation to use</summary>σ(a) = (1 + tanh(a/2)) / 2. Or: 1 / (1 + e) for a ≥ 0 and e / (1 + e) for a &lt; 0, where e = exp(−|a|) is safe on both sides.</details>
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
# **What to notice.** As formulas, yours and the textbook's are *equal*. As programs they are not. You will see this again
# and again: the equation says what to compute; how to compute it depends on floating-point arithmetic (부동소수점 연산).

# %%
from helpers.checks import answer

sigmoid_now = answer("0.1")
print("σ(0), σ(2), σ(-2) =", np.round(sigmoid_now(np.array([0.0, 2.0, -2.0])), 3))
print("σ(±1000)          =", sigmoid_now(np.array([1000.0, -1000.0])))

# %% [markdown]
# `answer("0.1")` gives you *your* function if its check has passed, and the reference if not. So a demonstration like this
# one always runs. The first three numbers are those of the example by hand. The last line shows an open gate and a closed
# one, without a warning. (A number that is too small for float64 becomes 0. This *underflow* does no harm here.)
#
# **Go further.** Show that $\sigma(-a) = 1 - \sigma(a)$, and that $\sigma'(a) = \sigma(a)(1 - \sigma(a))$. Where is the
# slope largest, and how large is it there?

# %% [markdown] tags=["solution"]
# **Go further, answered.** $1 - \frac{1}{1+e^{-a}} = \frac{e^{-a}}{1+e^{-a}} = \frac{1}{e^{a}+1} = \sigma(-a)$. For the slope,
# $\frac{d}{da}(1+e^{-a})^{-1} = \frac{e^{-a}}{(1+e^{-a})^2} = \sigma(a)\,\sigma(-a) = \sigma(a)(1-\sigma(a))$. It is largest at
# $a = 0$, where it is 1/4. So at most a quarter of a gradient gets back through a sigmoid; remember this in notebook 03.

# %% tags=["solution"]
slope = (sigmoid_now(a + 1e-5) - sigmoid_now(a - 1e-5)) / 2e-5
print("largest slope", round(float(slope.max()), 4), "at a =", float(a[slope.argmax()]))

# %% [markdown]
# ## Is this gradient right?
#
# From notebook 01 on you work out gradients by hand, and it is easy to lose a sign, a factor or a whole term. A
# **numerical gradient** (수치 기울기) needs no derivation: change one number a little, and see how much the result changes.
# This *numerical differentiation* (수치 미분) is far too slow for training. But it tells you whether the gradient that you
# derived is right.
#
# Write it once, here. From then on you can check any `backward` yourself, as 1.3 and 4.3 will ask you to.

# %% [markdown]
# ### Exercise 0.2 · A gradient without a formula
#
# <small>20 min</small>
#
# **Why.** In this course a check tells you that a gradient is wrong. In your own projects there is no such check. There
# you need this function.
#
# **The equation.** *Central differences* (중심 차분), a little to either side of each element $x_k$:
#
# $$ \frac{\partial f}{\partial x_k} \approx \frac{f(x + \varepsilon e_k) - f(x - \varepsilon e_k)}{2\varepsilon} $$
#
# where $e_k$ has the shape of $x$ and is 1 at element k, 0 elsewhere.

# %% [markdown]
# **By hand.** $f(x) = x_1^2\,x_2$ at $x = (1, 3)$ with $\varepsilon = 0.1$:
# $(1.1^2 · 3 - 0.9^2 · 3) / 0.2 = (3.63 - 2.43) / 0.2 = 6$ and $(1 · 3.1 - 1 · 2.9) / 0.2 = 1$. Indeed
# $2 x_1 x_2 = 6$ and $x_1^2 = 1$. A difference to one side only would give $(3.63 - 3) / 0.1 = 6.3$ for the first.


# %% nbgrader={"grade": false, "grade_id": "ex-0-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def numerical_gradient(f, x, eps=1e-5):
    """Gradient of f at x, by central differences.

    Args:
        f: a function that takes x and returns a float.
        x (any shape): float64 array; you may change it during the call, but put it back as it was.
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
    # for each element: `for index in np.ndindex(x.shape)` visits all of them, whatever the shape
    # 1. call f with this one element a little larger, then a little smaller
    # 2. put the element back
    # 3. divide the difference by the distance between the two points
    raise NotImplementedError("Exercise 0.2: write numerical_gradient")


# %% [markdown]
# <details><summary>Hint 1: a nudge</summary><code>f</code> takes the whole array and gives one number. How many times must you call it for an array of 12 elements? Call it with the whole array each time.</details>
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

# %% [markdown]
# How small should `eps` be? The next cells take the slope of the sigmoid at nine points, with `eps` from 0.1 down to 1e-12,
# and compare it with the exact slope, $\sigma(a)(1 - \sigma(a))$. Which `eps` has the smallest error?
#
# > **Note.** A cell with `guess = ...` asks what you expect. Put your guess in the place of the three dots, and the figure
# > shows it beside what came out. It gives no points, and nothing fails if you leave the dots.

# %%
guess = ...  # the eps with the smallest error, as a number such as 0.1, 1e-3 or 1e-12

# %%
gradient_of = answer("0.2")
points = np.linspace(-4, 4, 9)
exact = sigmoid_now(points) * (1 - sigmoid_now(points))


def largest_error(eps, dtype):
    def f(a):  # the slope of this sum along one element is the slope of the sigmoid there
        return float(sigmoid_now(a.astype(dtype)).sum())

    return np.abs(gradient_of(f, points, eps) - exact).max()


# %%
eps = 10.0 ** -np.arange(1, 13)
errors = {dtype: [largest_error(each, dtype) for each in eps] for dtype in ("float64", "float32")}
for each, error in zip(eps[:3], errors["float64"]):
    print(f"float64, eps {each:g}: off by {error:.1e}")
plots.error_by_eps(eps, errors, guess=guess)

# %% [markdown]
# **What to notice.** From left to right, `eps` is divided by ten at each point. In float64 the error is first divided by a
# hundred each time: it falls as $\varepsilon^2$. Then it *grows*. The two values of `f` are so close together that they
# differ only in their last digits, and those are rounded. Between the two lies the best `eps`: here 1e-5, the default.
#
# In float32, with about half the digits, rounding takes over from 1e-2 on, and the smallest error is larger by several
# powers of ten. So gradients are checked in float64.
#
# **Go further.** A model has a million numbers to learn. How often must its loss be computed for one numerical gradient?

# %% [markdown] tags=["solution"]
# **Go further, answered.** Two million times, for one gradient. Backpropagation takes one pass forward and one back, however
# many numbers there are. So the numerical gradient checks a small model, and backpropagation trains the large one.

# %% [markdown]
# ### Is this backward right?
#
# A function called `backward` gets `dout`, the gradient of the loss with respect to what a layer gave, and returns the
# gradient with respect to what the layer got. For a check you need one number to differentiate. Take the sum of the
# output times `dout`: its gradient with respect to the output *is* `dout`.
#
# Below are two ways back through a sigmoid $y = \sigma(x)$. One is wrong. Decide which before you run the second cell.


# %%
def first(dout, y):
    return dout * (1 - y)


def second(dout, y):
    return dout * y * (1 - y)


# %%
rng = np.random.default_rng(0)
x, dout = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
numerical = gradient_of(lambda x: float((dout * sigmoid_now(x)).sum()), x)
for backward in (first, second):
    off = np.abs(backward(dout, sigmoid_now(x)) - numerical).max()
    print(f"{backward.__name__} is off by {off:.8f}")

# %% [markdown]
# The right one agrees to eight decimals, the wrong one not even to one. Where two gradients agree to three or four digits,
# the fault may be in the check: look for a float32 on the way, and try another `eps`.

# %% [markdown]
# ## Rules for your answers
#
# - **Name no file `helpers.py`**: it would hide the course's own package.
# - **Write your answers into the cells** that raise `NotImplementedError`. Helper functions and imports go there too, or
#   into a cell of your own above the check.
# - **The last cell above a check that defines the name counts**, so leave no old attempt below your answer.
# - **Add cells** to try things out; nobody grades them.
# - **Keep the names**: a check looks for `sigmoid`, not for `my_sigmoid`.
# - **Leave the check cells as they are.** If you change one, that changes only what *you* see.
# - **Print** inside your function if you like: the panel shows what was printed.

# %% [markdown]
# > **Try it.** Put `print(a.shape)` into your sigmoid and check again. Then take it out.

# %% [markdown]
# ## When something breaks
#
# | what you see | what to do |
# | --- | --- |
# | `'helpers' is not a package` | there is a file `helpers.py` beside the notebook: rename it, then *Kernel → Restart* |
# | `NameError: name 'np' is not defined` | a cell above has not run, or stopped with an error: *Run → Run All Above Selected Cell* |
# | a cell shows `[*]` and never ends | interrupt it with the square button ■, and look for a loop that does not end |
# | results that you cannot explain | *Kernel → Restart Kernel and Run All Cells*: everything is forgotten and computed anew |
# | a cell is deleted, a check is changed, or the file does not open | in a terminal: `make restore NB=00` |
#
# `make restore` replaces your copy by a fresh one and keeps yours beside it as a numbered backup. Nothing is thrown away.

# %% [markdown]
# ## Where your work is
#
# You are working on your own copy, in `my/00_start_here/`. `make learn` makes such copies and never touches one that is
# there, so you can update the course and keep your answers. Save with **Ctrl + S** (⌘ S on a Mac). The whole course has a
# folder `solutions/`, which a learner kit leaves out. You learn more from a solution *after* you have tried.
#
# ## Summary
#
# - The sigmoid turns any number into one between 0 and 1, the openness of a gate; write it in a form that cannot overflow.
# - A numerical gradient needs no formula: central differences, one element at a time, in float64, with `eps` near 1e-5.
# - Run from the top; check at once; open a hint when you are stuck; restart when in doubt; restore what is broken.
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
# 9. With `eps` = 1e-12, a numerical gradient differs from yours in the fourth decimal. Is yours wrong?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. (N, H).
# 2. (D, H) times (N, D) does not fit. With examples as columns, `x.T` (D, N), the product `W.T @ x.T` is the same layer.
# 3. (D, H): one number for every weight, the change of the loss per change of that weight.
# 4. Closed: σ(-30) ≈ 1e-13. A change of 1 alters it by less than 2e-13: nothing that a loss would notice.
# 5. e⁻¹⁰⁰⁰ ≈ 10⁻⁴³⁴ lies below the smallest positive float64 (about 5·10⁻³²⁴), so it *underflows* to 0. That is harmless.
# 6. About 3.4·10³⁸; its natural logarithm is 88.7. So exp(89) overflows in float32.
# 7. That they are not exactly those of any known mistake. Start from the one number it shows, got against expected.
# 8. The kernel was restarted and forgot every name. Run the cells above first.
# 9. You cannot tell: at 1e-12, rounding alone makes an error of that size, as the figure shows. Try 1e-5.

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
# In a class: choose *Kernel → Restart Kernel and Run All Cells*, look at the points under every check, save, and give your
# teacher the saved file `00_start_here.ipynb`. Restarting matters: a grader has none of the names that only your session
# remembers.
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

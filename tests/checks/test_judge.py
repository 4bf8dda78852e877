"""The order inside a check, and what it says at each stage."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.exercise import Exercise
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.nn import RNN, Param, rnn_step_backward, rnn_step_forward, sigmoid, tanh_backward

BACKWARD = EXERCISES["1.3"]


def said(exercise_id, answer):
    verdict = judge(EXERCISES[exercise_id], answer, VISIBLE)
    assert not verdict.right
    assert verdict.points == 0.0
    return "\n".join(verdict.paragraphs)


def changed(**changes):
    """The right step backward with some results replaced."""

    def answer(dh_next, cache):
        names = ("dx", "dh_prev", "dWx", "dWh", "db")
        results = dict(zip(names, rnn_step_backward(dh_next, cache)))
        results.update({name: change(results[name]) for name, change in changes.items()})
        return tuple(results.values())

    return answer


def test_a_stub_is_not_written_yet():
    def rnn_step_backward(dh_next, cache):
        raise NotImplementedError("Exercise 1.3: write rnn_step_backward")

    verdict = judge(BACKWARD, rnn_step_backward, VISIBLE)
    assert verdict.status == "not written yet"
    assert verdict.points == 0.0


def test_a_half_written_class_is_told_what_is_right_and_what_is_left():
    class HalfRNN(RNN):
        def backward(self, dhs, dstate=None):
            raise NotImplementedError("Exercise 1.4: write RNN.backward")

    verdict = judge(EXERCISES["1.4"], HalfRNN, VISIBLE)
    assert verdict.status == "not written yet"
    assert "Right so far: `forward`." in verdict.paragraphs[0]
    assert "write RNN.backward" in verdict.paragraphs[0]


def test_a_wrong_first_half_is_told_before_the_second_is_written():
    class HalfRNN(RNN):
        def forward(self, xs, state=None, *, training=False):
            hs, state = super().forward(xs, None)
            return hs, state

        def backward(self, dhs, dstate=None):
            raise NotImplementedError("Exercise 1.4: write RNN.backward")

    assert "`hs` is off in" in said("1.4", HalfRNN)


def test_returning_nothing_is_named():
    assert "returned nothing" in said("1.1", lambda dout, y: None)


def test_a_missing_result_is_counted():
    message = said("1.3", lambda dh_next, cache: rnn_step_backward(dh_next, cache)[:4])
    assert "returned 4 values, expected 5: `dx`, `dh_prev`, `dWx`, `dWh`, `db`" in message


def test_a_wrong_shape_is_shown_in_symbols_and_numbers():
    message = said("1.3", changed(db=lambda db: db[None]))
    assert "`db` has shape (1, 7), expected (H,) = (7,)" in message


def test_a_shape_without_a_known_cause_says_what_is_right():
    message = said("1.3", changed(db=lambda db: db[None, None]))
    assert "Right so far: `dx`, `dh_prev`, `dWx`, `dWh`. Off: `db`." in message


def test_a_narrower_dtype_is_named():
    message = said("1.3", changed(dWh=lambda dWh: dWh.astype("float32")))
    assert "`dWh` is float32 where the inputs are float64: it loses digits." in message


def test_a_wider_dtype_is_right_with_a_remark():
    verdict = judge(BACKWARD, changed(dWh=lambda dWh: dWh.astype("float64")), VISIBLE)
    assert verdict.right and verdict.points == verdict.max_points
    (remark,) = map(str, verdict.remarks)
    assert "`dWh` is float64 where the inputs are float32" in remark


def test_a_wider_dtype_does_not_hide_a_cause():
    def keeps_the_square_out(dout, y):
        return (dout * (1 - y)).astype("float64")

    causes = judge(EXERCISES["1.1"], keeps_the_square_out, VISIBLE).causes
    assert causes == judge(EXERCISES["1.1"], lambda dout, y: dout * (1 - y), VISIBLE).causes != ()


def test_nan_is_named_before_values():
    assert "`dx` is NaN in 12 of 12 places" in said("1.3", changed(dx=lambda dx: dx * np.nan))


def test_infinity_is_named():
    assert "`dx` is infinite in 1 of 12 places" in said(
        "1.3", changed(dx=lambda dx: np.where(dx == dx.max(), np.inf, dx))
    )


def test_a_warning_is_passed_on():
    def warns(a):
        np.log(np.zeros(1))
        return sigmoid(a)

    exercise = replace(EXERCISES["0.1"], stable=True)
    told = "NumPy warned while `sigmoid` ran (first draw in float64): divide by zero"
    assert told in judge(exercise, warns, VISIBLE).paragraphs[0]
    verdict = judge(replace(exercise, stable=False), warns, VISIBLE)
    assert verdict.right
    assert "NumPy warned on the first draw in float64: divide by zero" in str(verdict.remarks[0])


def test_a_number_too_small_for_a_float_is_no_reason_to_warn():
    def underflows(a):
        np.exp(np.full(1, -1000.0))
        return sigmoid(a)

    assert judge(EXERCISES["0.1"], underflows, VISIBLE).right


def test_a_changed_argument_is_named():
    def meddles(dout, y):
        dx = tanh_backward(dout, y)
        y += 1
        return dx

    assert "changed its argument `y`" in said("1.1", meddles)


def test_a_changed_cache_is_named():
    def meddles(dh_next, cache):
        results = rnn_step_backward(dh_next, cache)
        cache[3][...] = 0
        return results

    assert "changed its argument `cache`" in said("1.3", meddles)


def test_a_wrong_value_says_where_got_and_expected_on_the_example_by_hand():
    message = said("1.1", lambda dout, y: tanh_backward(dout, y) + 0.5)
    assert "On the example by hand, `dx` is off in 2 of 2 places: at [0, 0] it is 1.25, expected 0.75." in message


def test_an_exception_is_shown_with_its_line():
    def stumbles(dout, y):
        return dout * missing_name  # noqa: F821

    message = said("1.1", stumbles)
    assert "NameError: name 'missing_name' is not defined" in message
    assert "`return dout * missing_name" in message


def test_a_forgotten_value_is_explained():
    class Forgets(RNN):
        def forward(self, xs, state=None, *, training=False):
            return xs @ self.Wx, state

    message = said("1.4", Forgets)
    assert "`return xs @ self.Wx, state`" in message
    assert "its values are in `.value`" in message


@pytest.mark.parametrize(
    "mistake",
    [
        lambda self, xs: xs @ self.Wx,
        lambda self, xs: xs @ self.Wx.T,
        lambda self, xs: np.matmul(xs, self.Wx),
        lambda self, xs: -self.b,
        lambda self, xs: self.Wx[0],
        lambda self, xs: np.dot(xs, self.Wx),
    ],
)
def test_a_param_that_was_taken_for_an_array_is_explained(mistake):
    assert "(A Param is not an array" in said(
        "1.4", type("RNN", (RNN,), {"forward": lambda self, xs, *_: mistake(self, xs)})
    )


def _rebinds(self, xs):
    self.Wx.grad = xs


def _wrong_shape(self, xs):
    self.Wx.grad += np.ones(13)


@pytest.mark.parametrize(
    "mistake",
    [
        _rebinds,
        _wrong_shape,
        lambda self, xs: Param(3),
        lambda self, xs: Param(),
        lambda self, xs: Parameter,  # noqa: F821
        lambda self, xs: np.Param,
        lambda self, xs: {}["Param"],
    ],
)
def test_another_error_with_a_param_is_not_explained_so(mistake):
    message = said("1.4", type("RNN", (RNN,), {"forward": lambda self, xs, *_: mistake(self, xs)}))
    assert "It stopped at" in message
    assert "(A Param is not an array" not in message


def test_an_error_as_long_as_a_book_is_cut_off():
    def stumbles(dout, y):
        raise ValueError("`y` " * 100_000)

    assert len(said("1.1", stumbles)) < 1_500


def test_an_error_in_a_function_that_was_called_names_both_lines():
    def inner(y):
        return y @ y

    def outer(dout, y):
        return inner(y)

    message = said("1.1", outer)
    assert "of the cell with `inner`, `return y @ y`, called from line" in message


def test_a_single_number_in_the_place_of_an_array_is_named():
    assert "The result is one number, the norm after the last product." in said(
        "1.5", lambda Wh, dh, steps: np.linalg.norm(dh @ np.linalg.matrix_power(Wh.T, steps))
    )


def test_a_cause_is_found_behind_a_bare_numpy_number():
    def bounds(Wh):
        return np.linalg.norm(Wh), np.abs(np.linalg.eigvals(Wh)).max()

    assert "The Frobenius norm is taken instead of the largest" in said("1.6", bounds)


def test_parameters_in_the_wrong_order_are_caught():
    assert said("1.1", lambda y, dout: tanh_backward(dout, y))


def test_a_wrong_number_of_arguments_is_explained():
    assert "does not accept the expected arguments" in said("1.1", lambda dout: dout)


def test_a_wrong_product_shows_the_line_and_names_the_transpose():
    def stumbles(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return da @ Wx, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(0)

    message = said("1.3", stumbles)
    assert "`Wx` is not transposed" in message


def test_a_cause_that_is_not_detected_is_not_guessed():
    verdict = judge(BACKWARD, changed(dWx=lambda dWx: dWx * 1.37), VISIBLE)
    assert verdict.causes == ()
    assert not any(mistake.name in " ".join(verdict.paragraphs) for mistake in BACKWARD.misconceptions)


def test_two_known_mistakes_at_once_are_both_named():
    def wrong(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return da @ Wx.T, da @ Wh, x.T @ da, h_prev.T @ da, da.mean(0)

    verdict = judge(BACKWARD, wrong, VISIBLE)
    assert len(verdict.causes) == 2
    assert str(verdict.messages[0]) == "**Two mistakes at once.**"
    assert all(cause.name in "\n".join(verdict.paragraphs) for cause in verdict.causes)


def test_a_known_mistake_beside_an_unknown_one_is_named_for_the_result_it_spoils():
    def wrong(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return da @ Wx.T, da @ Wh, x.T @ da, h_prev.T @ da * 1.5, da.sum(0)

    message = said("1.3", wrong)
    assert "`Wh` is not transposed" in message
    assert "Something else is off in `dWh`." in message


def test_an_instance_in_the_place_of_a_class_is_explained():
    assert "must be a class" in said("1.4", lambda Wx, Wh, b: RNN(Wx, Wh, b))


def test_a_class_that_is_no_layer_is_explained():
    class Bare:
        def __init__(self, Wx, Wh, b):
            pass

    assert "must be a Layer: write `class RNN(Layer):`" in said("1.4", Bare)


def test_a_layer_that_hides_its_parameters_is_told():
    class Hidden(RNN):
        def parameters(self):
            return []

    assert "does not find Wx, Wh and b" in said("1.4", Hidden)


def test_replacing_a_gradient_is_refused_by_the_param_itself():
    class Rebinds(RNN):
        def backward(self, dhs, dstate=None):
            results = super().backward(dhs, dstate)
            self.Wh.grad = self.Wh.grad * 1
            return results

    assert "Change the array that is there: `.grad += …`" in said("1.4", Rebinds)


def _layer(layer_class):
    return layer_class(*(Param(np.ones((2, 2))) for _ in range(3)))


@pytest.mark.parametrize(
    ("exercise_id", "returned", "kind"),
    [
        ("1.1", np.ones(3), "ndarray"),
        ("1.3", (np.ones(3), np.ones(3)), "tuple"),
        ("1.4", _layer(RNN), "RNN"),
        ("1.4", _layer(type("MyLayer", (RNN,), {})), "MyLayer"),
        ("1.7", "vanishes", "str"),
        ("2.1", 3.0, "float"),
        ("2.1", np.float64(3), "float64"),
        ("2.3", None, "NoneType"),
        ("5.5", iter([]), "list_iterator"),
        ("8.1", 3, "int"),
        ("8.4", ([1.0], [1.0]), "tuple"),
    ],
)
def test_a_call_in_the_place_of_a_function_is_told_to_leave_the_parentheses_out(exercise_id, returned, kind):
    name = EXERCISES[exercise_id].name
    told = f"The check got an object of type `{kind}`, not `{name}` itself: pass `{name}` without parentheses after it."
    assert said(exercise_id, returned) == told


def test_a_name_in_quotes_is_told_to_leave_them_out():
    assert said("1.1", "tanh_backward").endswith("Pass `tanh_backward` itself, without quotes.")


def test_what_the_answer_prints_is_kept_and_shown():
    def prints(dout, y):
        print("shape", dout.shape)
        return tanh_backward(dout, y)

    verdict = judge(EXERCISES["1.1"], prints, VISIBLE)
    assert verdict.right
    assert "shape (2, 7)" in verdict.printed


def test_an_answer_that_exits_is_not_the_end():
    def leaves(dout, y):
        raise SystemExit(0)

    assert "SystemExit" in said("1.1", leaves)


def test_interrupting_a_check_stops_it():
    def interrupted(dout, y):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(EXERCISES["1.1"], interrupted, VISIBLE)


def test_a_check_writes_nothing_to_stderr(capfd):
    def noisy(a):
        warnings.warn("look here", stacklevel=1)
        return 1 / (1 + np.exp(-a))

    judge(EXERCISES["0.1"], noisy, VISIBLE)
    assert capfd.readouterr().err == ""


def test_hard_coded_sizes_fail_the_visible_check():
    def hard_coded(x, h_prev, Wx, Wh, b):
        a = x @ Wx + h_prev @ Wh + b
        h_next = np.tanh(a[:2])
        return h_next, (x, h_prev, Wx, Wh, h_next)

    assert not judge(EXERCISES["1.2"], hard_coded, VISIBLE).right


def test_a_memorised_answer_fails_the_hidden_check():
    known = {}

    def learn(x, h_prev, Wx, Wh, b):
        known[x.tobytes()] = rnn_step_forward(x, h_prev, Wx, Wh, b)
        return known[x.tobytes()]

    exercise = EXERCISES["1.2"]
    assert judge(exercise, learn, VISIBLE).right
    assert judge(exercise, lambda x, h_prev, Wx, Wh, b: known[x.tobytes()], VISIBLE).right
    assert not judge(exercise, lambda x, h_prev, Wx, Wh, b: known[x.tobytes()], HIDDEN, seed=5).right


def test_a_result_that_was_not_given_does_not_pass_for_right():
    def probe(answer, arguments, record):
        record.update(answer(**arguments))

    def both(x):
        return {"one": x, "other": 2 * x}

    exercise = Exercise(
        heading="9.9 ★ Both",
        reference=both,
        results={"one": "(H,)", "other": "(H,)"},
        draw=lambda rng, sizes: {"x": rng.normal(size=sizes.H)},
        probe=probe,
    )
    assert judge(exercise, exercise.reference, VISIBLE).right
    verdict = judge(exercise, lambda x: {"one": x}, VISIBLE)
    assert verdict.paragraphs[0] == "`both` gave no `other`."


def test_a_result_that_the_example_by_hand_does_not_have_is_not_called_off():
    def add_weight_decay(params, strength):
        once = {id(param): param for param in params}.values()
        for param in once:
            param.grad += strength * param.value
        return 0.3 * strength * sum(float(np.sum(param.value**2)) for param in once)

    words = said("6.3", add_weight_decay)
    assert "Off: `penalty`." in words


def test_infinity_is_no_sign_of_a_mistake_that_also_ends_there():
    message = said("2.1", lambda grads: np.sqrt(sum(np.sum(np.abs(grad) ** 2.5) for grad in grads)))
    assert "is infinite, expected" in message
    assert not any(mistake.name in message for mistake in EXERCISES["2.1"].misconceptions)


def test_an_int_that_no_float_holds_is_named():
    assert "is an int of some 401 digits, expected" in said("8.1", lambda params: 10**400)

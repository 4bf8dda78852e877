"""References on loan: where they run, what bounds them, and whose fault it is when they do not."""

import os
import time

import numpy as np
import psutil
import pytest

from helpers.classroom.grading import lending
from helpers.classroom.grading.grader import grade_submission
from helpers.classroom.grading.lending import FEW_NUMBERS, Lender
from helpers.classroom.grading.sandbox.framing import Closed, Pipe
from helpers.classroom.grading.sandbox.isolation import Limits
from helpers.classroom.grading.sandbox.references import NUMBERS
from helpers.nn import Dropout, Embedding, Param, Stacked, numerical_gradient
from helpers.nn.functional import sigmoid
from tests.classroom.attacks.kit import Work, template

LIMITS = Limits(seconds=20, memory=640 << 20, cpu=5)


@pytest.fixture
def make_lender(monkeypatch):
    """A function that returns the references for a submission whose answers are not there."""
    lenders, ends = [], [*os.pipe(), *os.pipe()]
    monkeypatch.setattr(lending, "_idle", [])

    def make():
        lenders.append(Lender(Pipe(ends[0], ends[3]), LIMITS))
        lenders[-1].answers.deadline = time.monotonic() + LIMITS.seconds
        return lenders[-1]

    yield make
    for lender in lenders:
        lender.answers.fail("the test is over")
        lender.close()
    lending.end_idle()
    for end in ends:
        os.close(end)


@pytest.fixture
def lender(make_lender):
    """The references for one submission."""
    return make_lender()


def use(lender, reference, *args):
    """Call a reference where the lender has it run."""
    connection, number = lender.find(reference, (args, {}))
    return connection.call(number, None, args, {})


def stack_of_stacks(lender):
    """A layer whose forward makes a hundred million calls."""
    layer = use(lender, Dropout, 0.5, np.random.default_rng(0))
    for _ in range(4):
        layer = use(lender, Stacked, [layer] * 100)
    return layer


def process_of(lender):
    """The process in which references run."""
    return psutil.Process(lender.process.popen.pid)


def test_a_layer_runs_in_another_process_and_its_parameters_are_the_same(lender):
    matrix = Param(np.arange(6.0).reshape(2, 3), "E")
    layer = use(lender, Embedding, matrix)
    assert not isinstance(layer, Embedding)
    assert layer.parameters() == [matrix]
    assert layer.forward(np.array([[1, 0]])).tolist() == [[[3, 4, 5], [0, 1, 2]]]
    layer.backward(np.ones((1, 2, 3)))
    assert matrix.grad.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_a_reference_that_is_handed_over_is_the_one_there(lender):
    connection, _ = lender.find(Stacked, ())
    assert connection.registry.imports[NUMBERS[id(Stacked)]] is Stacked


def test_a_function_of_little_data_runs_here(lender):
    assert lender.find(sigmoid, ((np.zeros(FEW_NUMBERS),), {})) is None
    assert lender.find(numerical_gradient, ((np.zeros(2), [None, 1.0, True]), {})) is None
    assert lender.process is None
    assert lender.find(sigmoid, ((np.zeros(FEW_NUMBERS + 1),), {})) is not None


@pytest.mark.parametrize(
    "given",
    [print, [Stacked], {"f": object()}, 10**9, np.array(10**9), range(3), np.zeros((10**12, 0)), np.zeros((2, 1, 1))],
)
def test_a_function_that_is_given_anything_else_does_not(given, lender):
    assert lender.find(sigmoid, ((given,), {})) is not None


def test_what_is_no_reference_runs_here(lender):
    assert lender.find(len, ()) is None


def test_time_is_limited_by_the_clock_of_the_answers(lender):
    layer = stack_of_stacks(lender)
    lender.answers.deadline = time.monotonic() + 1
    lender.start_clock()
    with pytest.raises(Closed, match="took too long"):
        layer.forward(np.ones((1, 1, 1)))
    assert lender.answers.failure == "it took too long"


def test_memory_is_limited(lender):
    layer = use(lender, Embedding, Param(np.ones((1, 24_000)), "E"))
    with pytest.raises(MemoryError):
        layer.forward(np.zeros((1, 24_000), int))
    assert layer.forward(np.zeros((1, 1), int)).shape == (1, 1, 24_000)


def test_processor_time_is_limited_though_nobody_waits_for_it(lender):
    lender.limits = Limits(cpu=0)
    with pytest.raises(Closed):  # on a slow machine it is spent before there is a layer
        stack_of_stacks(lender).forward(np.ones((1, 1, 1)))
    assert lender.answers.failure == "what it called of the course used too much memory or time"


def test_the_next_submission_gets_the_same_process_with_nothing_left_in_it(make_lender):
    first, second = make_lender(), make_lender()
    layer = use(first, Embedding, Param(np.ones((1, 1)), "E"))
    process = process_of(first)
    first.close()
    use(second, sigmoid, np.zeros(FEW_NUMBERS + 1))
    assert process_of(second) == process
    with pytest.raises(AttributeError, match="'function' object has no attribute"):
        layer.forward(np.zeros((1, 1), int))


def test_a_process_in_the_middle_of_something_is_ended(lender):
    use(lender, Embedding, Param(np.ones((1, 1)), "E"))
    process = process_of(lender)
    lender.answers.fail("it took too long")
    lender.close()
    assert not process.is_running()


@pytest.mark.parametrize("late", [True, False])
def test_what_becomes_of_a_process_after_a_check_is_not_the_fault_of_the_answers(late, lender):
    use(lender, Embedding, Param(np.ones((1, 1)), "E"))
    process = process_of(lender)
    if late:  # the check has just used up its time
        lender.process.pipe.deadline = time.monotonic()
    else:
        process.kill()
        process.wait()
    lender.reset()
    assert lender.answers.failure is None
    assert (lender.process is None) is not late
    assert use(lender, sigmoid, np.zeros(FEW_NUMBERS + 1)).shape == (FEW_NUMBERS + 1,)
    lender.process.popen.kill()
    lender.close()
    assert lending._idle == []


def test_a_process_that_does_not_start_in_time_is_not_the_fault_of_the_answers(lender, monkeypatch):
    monkeypatch.setattr(lending, "_PATIENCE", 0.001)
    with pytest.raises(Closed):
        use(lender, Embedding, Param(np.ones((1, 1)), "E"))
    assert str(lender.error) == "The process for the references could not be started: it took too long."


def test_a_process_that_has_ended_meanwhile_is_replaced(lender, make_lender):
    first = make_lender()
    use(first, sigmoid, np.zeros(FEW_NUMBERS + 1))
    process = process_of(first)
    first.close()
    process.kill()
    process.wait()
    assert use(lender, sigmoid, np.zeros(FEW_NUMBERS + 1)).shape == (FEW_NUMBERS + 1,)


def test_the_secret_seed_is_not_in_its_environment(lender, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET_SEED", "secret")
    use(lender, sigmoid, np.zeros(FEW_NUMBERS + 1))
    assert "COURSE_SECRET_SEED" not in process_of(lender).environ()


def test_a_process_that_cannot_be_started_is_not_the_fault_of_the_submission(monkeypatch, working_sandbox):
    def out_of_memory(*args, **kwargs):
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(lending, "_idle", [])
    monkeypatch.setattr(lending, "_Process", out_of_memory)
    work = Work("09")
    work.put_after("9.1", "Embedding(Param(np.ones((1, 1)), 'E'))")
    with pytest.raises(OSError, match="process for the references could not be started: Cannot allocate memory"):
        grade_submission(template("09"), work.data(), limits=LIMITS)

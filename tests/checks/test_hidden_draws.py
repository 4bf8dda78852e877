"""What a hidden check asks follows its secret seed: no constant, no order and no size can be known beforehand."""

import functools
import inspect
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.checks.session import Session
from helpers.nn import rnn_step_forward
from helpers.nn.base import Param

SECRETS = ("one", "another", "a third")
#: Exercises whose checks call an answer often.
SLOW = ("5.6", "7.2", "7.3", "8.3")

every_exercise = pytest.mark.parametrize(
    "exercise_id", [pytest.param(id, marks=[pytest.mark.slow] * (id in SLOW)) for id in EXERCISES]
)

#: Numbers that an exercise gets in every session, by its definition, with what they are.
DEFINED = {
    "5.4": {0.0: "the loss of no tokens"},
    "5.6": {1e-4: "a temperature near 0, where the most likely word comes"},
    "6.2": {0.25: "the tolerance of whole numbers, where `>` and `>=` differ"},
    "6.4": {0.0: "the rate at which nothing is dropped"},
    "7.1": {0.0: "the rate at which all is kept"},
    "7.2": {0.0: "the rate at which nothing is dropped"},
    "7.3": {0.0: "the rate at which nothing is dropped"}
    | {float(1 - np.finfo(dtype).epsneg): "the rate at which all is dropped" for dtype in ("f4", "f8")},
}


def check(exercise_id, answer, secret=None):
    """Judge an answer on the visible draws, or on the hidden ones of a secret, and look for no cause."""
    exercise = replace(EXERCISES[exercise_id], misconceptions=(), example=None)
    draws, seed = (VISIBLE, 0) if secret is None else (HIDDEN, [1, *secret.encode()])
    return judge(exercise, answer, draws, seed)


def listened(answer, before, after):
    """An answer that calls ``before(method, arguments)``, whose result it gives if it is not None, and ``after``."""

    def around(really, method):
        @functools.wraps(really)
        def called(*arguments, **keywords):
            one = arguments[0] if inspect.isclass(answer) else None
            given = arguments[1:] if inspect.isclass(answer) else arguments
            names = list(inspect.signature(really).parameters)[one is not None :]
            by_name = dict(zip(names, given)) | keywords
            if (known := before(method, by_name, one)) is not None:
                return known[0]
            result = really(*arguments, **keywords)
            result = list(result) if hasattr(result, "__next__") else result
            after(method, by_name, one, result)
            return result

        return called

    if not inspect.isclass(answer):
        return around(answer, "")
    methods = [method for method in ("__init__", "forward", "backward") if hasattr(answer, method)]
    return type(answer.__name__, (answer,), {method: around(getattr(answer, method), method) for method in methods})


def numbers_in(name, value):
    """Yield ("name", number) and ("shape of name", shape) for all there is in an argument."""
    if isinstance(value, Param):
        value = value.value
    if isinstance(value, np.ndarray):
        yield f"shape of {name}", value.shape
    elif isinstance(value, list | tuple):
        yield f"length of {name}", len(value)
        for item in value:
            yield from numbers_in(f"{name}[…]", item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from numbers_in(f"{name}[{key}]", item)
    elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
        yield name, value


@functools.cache
def asked_for(exercise_id, secret=None):
    """What the reference is given in a session: (method, argument) to the set of its numbers or shapes."""
    found = defaultdict(set)

    def before(method, by_name, _):
        for name, value in by_name.items():
            for what, number in numbers_in(name, value):
                found[method, what].add(number)

    assert check(exercise_id, listened(EXERCISES[exercise_id].reference, before, lambda *_: None), secret).right
    return found


@every_exercise
def test_no_number_is_the_same_in_all_sessions(exercise_id):
    sessions = [asked_for(exercise_id, secret) for secret in (None, *SECRETS)]
    numbers = [key for key, found in sessions[0].items() if any(isinstance(number, float) for number in found)]
    same = set().union(*(set.intersection(*(session[key] for session in sessions)) for key in numbers))
    assert same == set(DEFINED.get(exercise_id, {}))


@every_exercise
def test_the_sizes_follow_the_secret_seed(exercise_id):
    sessions = [asked_for(exercise_id, secret) for secret in SECRETS]
    sized = [key for key in sessions[0] if key[1].startswith("shape")]
    assert [key for key in sized if all(session[key] == sessions[0][key] for session in sessions)] == []


# --- a replay ---------------------------------------------------------------------------------------------------------


def arrays_in(value):
    """Yield all arrays in an argument."""
    if isinstance(value, Param):
        yield from (value.value, value.grad)
    elif isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from arrays_in(item)


def _all_arrays(by_name, one):
    return [*arrays_in(list(by_name.values())), *arrays_in(list(vars(one).values()) if one is not None else [])]


def _by_order(method, by_name):
    return method


def _by_sizes(method, by_name):
    """What an argument is but for its floats."""
    whole = [pair for name, value in by_name.items() for pair in numbers_in(name, value)]
    return method, *(pair for pair in whole if not isinstance(pair[1], float | np.floating))


def replay(exercise_id, key_of, secrets):
    """An answer that gives what the right one gave and changed in some sessions: the next of a key, or the last."""
    reference, known = EXERCISES[exercise_id].reference, defaultdict(deque)

    def learn(method, by_name, one, result):
        known[key_of(method, by_name)].append((result, [array.copy() for array in _all_arrays(by_name, one)]))

    def recite(method, by_name, one):
        if method == "__init__":
            return None  # nothing is computed there
        rows = known.get(key_of(method, by_name))
        if not rows:
            raise LookupError("not in the table")
        result, arrays = rows[0] if len(rows) == 1 else rows.popleft()
        for array, right in zip(_all_arrays(by_name, one), arrays):
            if array.shape == right.shape:
                array[...] = right
        return (result,)

    for secret in secrets:
        assert check(exercise_id, listened(reference, lambda *_: None, learn), secret).right
    return listened(reference, recite, lambda *_: None)


@every_exercise
@pytest.mark.parametrize("key_of", [_by_order, _by_sizes])
def test_a_replay_of_other_sessions_loses_the_hidden_points(exercise_id, key_of):
    assert not check(exercise_id, replay(exercise_id, key_of, (SECRETS[1],)), SECRETS[0]).right
    assert not check(exercise_id, replay(exercise_id, key_of, (None, SECRETS[1])), SECRETS[0]).right


@pytest.mark.parametrize("exercise_id", ["1.5", "2.3", "4.4", "6.2", "8.1"])
def test_a_replay_of_the_session_itself_passes(exercise_id):
    """So the test above can fail."""
    assert check(exercise_id, replay(exercise_id, _by_order, (SECRETS[0],)), SECRETS[0]).right


# --- how many there are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(8))
def test_a_mistake_in_one_of_eight_hidden_draws_costs_the_hidden_points(place):
    calls = []

    def rnn_step_forward_but_once(x, h_prev, Wx, Wh, b):
        h_next, cache = rnn_step_forward(x, h_prev, Wx, Wh, b)
        calls.append(x.shape)
        return (h_next + 1 if len(calls) == place + 1 else h_next), cache

    session = Session(show=lambda panel: None, secret="a secret")
    assert session.hidden_check("1.2", rnn_step_forward) == EXERCISES["1.2"].points
    assert session.hidden_check("1.2", rnn_step_forward_but_once) == 0.0
    assert len(calls) >= 9  # and the example by hand

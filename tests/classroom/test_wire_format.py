"""What an answers' process can send: valid messages, bent ones and hostile ones, thousands of each.

Whatever arrives, the grader has a value or an ordinary error: it neither dies nor waits, and it takes no more memory
than `ALLOWANCE` beside the message.
"""

import contextlib
import io
import json
import os
import tempfile
import time
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from helpers.classroom.grading.sandbox import framing
from helpers.classroom.grading.sandbox.framing import MAX_BYTES, MAX_TEXT, Closed, Pipe
from helpers.classroom.grading.sandbox.rpc import MAX_FRAMES, MAX_WARNINGS, OFFERED, RpcConnection
from helpers.classroom.grading.sandbox.serialization import MAX_OBJECTS, ObjectRegistry, Writer
from helpers.nn import RNN, Param

#: How much memory a message may take to be read, beside its own length [bytes].
ALLOWANCE = 80 << 20

#: How long any message may keep the grader [s].
PATIENCE = 10

REST = {"changed": [], "warned": [], "printed": "", "forgotten": [], "shared": []}


def deliver(data):
    """Let a grader that asks for something read these bytes; return what comes of it, a value or an error."""
    with tempfile.TemporaryFile() as file, open(os.devnull, "wb") as nowhere:
        file.write(data)
        file.seek(0)
        pipe = Pipe(file.fileno(), nowhere.fileno())
        pipe.deadline = time.monotonic() + PATIENCE
        connection = RpcConnection(pipe, "c", OFFERED)
        rng = np.random.default_rng(0)
        connection.registry.export(RNN(*(Param(rng.normal(size=size)) for size in ((2, 3), (3, 3), (3,)))))
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stdout(io.StringIO()):
            try:
                return connection.call("a1", "get", ("0.1", np.zeros(3)), {})
            except Exception as error:
                assert pipe.failure is None or isinstance(error, Closed)
                return error


def pack(text, block=b"", sizes=None):
    """Return the bytes of a message, with a head that may lie about its sizes."""
    return framing._HEAD.pack(*(sizes or (len(text), len(block)))) + text + block


def said(tree, blocks=()):
    """Return the bytes of a message with a tree."""
    return pack(json.dumps(tree).encode(), b"".join(blocks))


# --- messages of all kinds --------------------------------------------------------------------------------------------

numbers = st.one_of(st.integers(), st.integers(-(1 << 70), 1 << 70), st.floats(), st.booleans(), st.none())
dtypes = st.sampled_from(["f4", "f8", "i8", "u1", "b1", "c16"])
tables = dtypes.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, max_side=4)))
values = st.recursive(
    numbers | st.text(max_size=8) | tables | tables.map(np.transpose),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = ["array", "scalar", "shared", "mine", "yours", "int", "<f8", "O", "c1", "forward", "call", "raise"]
NAMES = ["k", "items", "number", "index", "digits", "dtype", "shape", "at", "strides", "parts", "params", "kind"]
junk = st.recursive(
    numbers | st.text(max_size=8) | st.sampled_from(KINDS),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=20,
)


@st.composite
def messages(draw):
    """Trees of messages with their bytes, as an answers' process writes them."""
    writer = Writer(ObjectRegistry(None, "a"))
    value = writer.write(draw(values))
    tree = dict(REST) | {"verb": draw(st.sampled_from(["return", "raise", "call", "fetch"])), "value": value}
    if tree["verb"] == "raise":
        tree["error"] = {"kinds": ["ValueError"], "text": draw(st.text(max_size=9)), "frames": []}
    if tree["verb"] in ("call", "fetch"):
        tree |= {"number": draw(st.sampled_from(["c1", "c2"])), "numpy": {}, "arguments": writer.write(([value], {}))}
        tree["attribute"] = draw(st.sampled_from([*sorted(OFFERED), "secret", None]))
        tree["arguments"] = {"k": "tuple", "items": [{"k": "list", "items": [value]}, {"k": "dict", "items": []}]}
    tree["warned"] = draw(st.lists(st.text(max_size=9), max_size=3))
    return tree, writer.blocks


@st.composite
def bent(draw):
    """Such messages with one place replaced, left out or added."""
    tree, blocks = draw(messages())
    place, depth = tree, draw(st.integers(0, 5))
    for _ in range(depth):
        inner = [one for one in (place.values() if isinstance(place, dict) else place) if isinstance(one, dict | list)]
        if not any(inner):
            break
        place = draw(st.sampled_from([one for one in inner if one]))
    if isinstance(place, dict):
        key = draw(st.sampled_from(sorted(place)) | st.text(max_size=4)) if place else "k"
        place[key] = draw(junk)
        if draw(st.booleans()):
            del place[key]
    else:
        place[draw(st.integers(0, len(place) - 1)) : None] = draw(st.lists(junk, max_size=3))
    return said(tree, blocks)


@st.composite
def broken(draw):
    """Such messages with other bytes, a head that lies, or cut short."""
    tree, blocks = draw(messages())
    data = bytearray(said(tree, blocks))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


of_all_kinds = (
    messages().map(lambda message: said(*message))
    | bent()
    | broken()
    | junk.map(said)
    | st.binary(max_size=40).map(lambda text: pack(text))
)


@given(messages())
@settings(max_examples=100)
def test_what_a_valid_message_returns_is_what_was_sent(message):
    tree, blocks = message
    if tree["verb"] == "return":
        again = Writer(ObjectRegistry(None, "a"))
        again.write(deliver(said(tree, blocks)))
        assert [len(one) for one in again.blocks] == [len(one) for one in blocks]


@given(of_all_kinds)
@settings(max_examples=300)
def test_the_grader_refuses_or_answers_whatever_arrives(data):
    deliver(data)


@pytest.mark.slow
@given(of_all_kinds)
@settings(max_examples=10_000, suppress_health_check=[HealthCheck.too_slow])
def test_the_grader_refuses_or_answers_ten_thousand_messages(data):
    deliver(data)


# --- messages that want memory or time --------------------------------------------------------------------------------


def returned(value, **others):
    """Return the bytes of a message that returns a value."""
    return pack(f'{{"verb": "return", "value": {value}, {_rest(others)}}}'.encode())


def raised(kinds):
    """Return the bytes of a message that raises an error with these bases."""
    error = f'{{"kinds": {kinds}, "text": "", "frames": []}}'
    return pack(f'{{"verb": "raise", "error": {error}, {_rest({})}}}'.encode())


def _rest(others):
    return ", ".join(f'"{name}": {others.get(name, json.dumps(empty))}' for name, empty in REST.items())


def full(item, most=MAX_TEXT - 400):
    """Return the text of a list of as many of these items as fit."""
    return "[" + ",".join([item] * (most // (len(item) + 1))) + "]"


HUNGRY = {
    "empty lists": returned(full("[]")),
    "empty dicts": returned(full("{}")),
    "dicts": returned(full('{"k":0}')),
    "values in a list": returned('{"k": "list", "items": ' + full("0") + "}"),
    "empty tuples": returned('{"k": "tuple", "items": ' + full('{"k":"tuple","items":[]}') + "}"),
    "a million warnings": returned("0", warned=full('"w"')),
    "numbers that are forgotten": returned("0", forgotten=full('"c"')),
    "Params that have changed": returned("0", shared=full('["c1",[]]')),
    "arguments that have changed": returned("0", changed=full("[0,0]")),
    "bases of an error": raised(full('""')),
    "numbers of 4,290 digits": returned(full("9" * 4290)),
    "a fraction of a million digits": returned("0." + "3" * 1_000_000),
    "a shape of such numbers": returned(
        '{"k": "array", "dtype": "<f8", "at": 0, "shape": [' + ", ".join(["9" * 4290] * 400) + "]}"
    ),
    "a shape of more than there is": returned('{"k": "array", "dtype": "<f8", "at": 0, "shape": [16777216, 16777216]}'),
    "nothing, in a shape beyond all measure": returned(
        '{"k": "array", "dtype": "<f8", "at": 0, "shape": [0, 4611686018427387903, 4611686018427387903]}'
    ),
    "nothing, in a large shape": returned('{"k": "array", "dtype": "<f8", "at": 0, "shape": [0, 16777216, 16777216]}'),
    "strides to the end of the world": returned(
        '{"k": "array", "dtype": "<f8", "at": 0, "shape": [1, 2], "strides": [16777216, 16777216]}'
    ),
    "lists in lists": returned("[" * 500_000 + "]" * 500_000),
    "tuples in tuples": returned('{"k": "tuple", "items": [' * 20_000 + "]}" * 20_000),
    "a wide letter": returned('"' + "x" * (MAX_TEXT - 500) + "\N{GRINNING FACE}" + '"'),
    "a head that promises more": pack(b"{}", sizes=(MAX_TEXT + 1, 0)),
    "a head that promises what never comes": pack(b"{}", sizes=(MAX_TEXT, MAX_BYTES)),
    "many objects": returned(
        '{"k": "list", "items": ['
        + ",".join(f'{{"k":"mine","number":"a{n}","kind":"class","name":"","is_layer":0}}' for n in range(40_000))
        + "]}"
    ),
}


@pytest.mark.parametrize("data", HUNGRY.values(), ids=HUNGRY)
def test_no_message_takes_more_than_the_allowance_or_longer_than_a_moment(data):
    begun = time.process_time()
    deliver(data)
    assert time.process_time() - begun < PATIENCE / 2
    tracemalloc.start()  # which makes everything several times as slow
    try:
        deliver(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= ALLOWANCE + len(data)


def test_a_list_of_numbers_in_strings_is_no_list_of_numbers():
    """Code of a learner may have a table in it."""
    table = ", ".join(["1"] * (framing.MAX_MARKS + 1))
    assert deliver(returned(json.dumps(table))) == table


@pytest.mark.parametrize(
    "data",
    [
        returned("0", warned=json.dumps(["w"] * (MAX_WARNINGS + 1))),
        returned("0", warned='{"w": 0}'),
        returned("0", forgotten=json.dumps(["c9"] * (MAX_OBJECTS + 1))),
        returned("0", shared=json.dumps([["c9", []]] * (MAX_OBJECTS + 1))),
        returned("0", changed=json.dumps([[0, {"k": "list", "items": []}]] * 9)),
        raised(json.dumps(["E"] * (MAX_FRAMES + 1))),
    ],
    ids=["warnings", "a dict", "forgotten", "shared", "changed", "bases"],
)
def test_a_list_longer_than_this_side_would_send_is_refused(data):
    assert str(deliver(data)) == "it sent something that is not a message"

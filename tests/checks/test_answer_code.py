"""Which code an answer depends on: the identity changes with every part of it, and with nothing else."""

import numpy as np
import pytest

from helpers.checks.answer_code import functions_of, identity_of, names_used_by
from helpers.nn import RNN, Layer

#: How an answer `f` may depend on something, and a cell that changes it.
REACHED = {
    "its own code": ("def f(y):\n    return 1 - y", "def f(y):\n    return 1 + y"),
    "a helper": ("def g(y):\n    return y\n\ndef f(y):\n    return g(y)", "def g(y):\n    return -y"),
    "the helper of a helper": (
        "def h(y):\n    return y\n\ndef g(y):\n    return h(y)\n\ndef f(y):\n    return [g(one) for one in y]",
        "def h(y):\n    return -y",
    ),
    "a constant": ("EPS = 1e-5\n\ndef f(y):\n    return y + EPS", "EPS = 1e-6"),
    "what was missing": ("def f(y):\n    return g(y)", "def g(y):\n    return y"),
    "a table": ("table = {'a': [1, 2]}\n\ndef f(y):\n    return table['a'][y]", "table['a'][1] = 3"),
    "an array": ("table = np.zeros(3)\n\ndef f(y):\n    return table[y]", "table[1] = 3"),
    "a default": ("def g(y):\n    return y\n\ndef f(y, g=g):\n    return g(y)", "f.__defaults__ = (abs,)"),
    "a keyword's default": ("def f(y, *, eps=1e-5):\n    return y + eps", "f.__kwdefaults__['eps'] = 1e-6"),
    "a closure": (
        "def make():\n    some = [1]\n    def f(y):\n        return y * some[0]\n    return f, some\n\nf, r = make()",
        "r[0] = 2",
    ),
    "a decorator": (
        "import functools\n\ndef twice(g):\n    @functools.wraps(g)\n    def inner(y):\n        return g(g(y))\n"
        "    return inner\n\n@twice\ndef f(y):\n    return h(y)\n\ndef h(y):\n    return y",
        "def h(y):\n    return -y",
    ),
    "what is cached": (
        "import functools\n\n@functools.cache\ndef f(y):\n    return h(y)\n\ndef h(y):\n    return y",
        "def h(y):\n    return -y",
    ),
    "a partial": (
        "import functools\n\ndef g(a, y):\n    return a * y\n\nf = functools.partial(g, 2)",
        "g.__code__ = (lambda a, y: y).__code__",
    ),
    "a method": ("class f:\n    def forward(self):\n        return 1", "f.forward = lambda self: 2"),
    "an attribute of a class": (
        "class f:\n    rate = 1\n    def forward(self):\n        return self.rate",
        "f.rate = 2",
    ),
    "a static method": (
        "class f:\n    @staticmethod\n    def step(y):\n        return h(y)\n\ndef h(y):\n    return y",
        "def h(y):\n    return -y",
    ),
    "a property": (
        "class f:\n    @property\n    def rate(self):\n        return h()\n\ndef h():\n    return 1",
        "def h():\n    return 2",
    ),
    "a base class": (
        "class Base(Layer):\n    def forward(self):\n        return 1\n\nclass f(Base):\n    pass",
        "Base.forward = lambda self: 2",
    ),
    "a class that it uses": (
        "class Step:\n    def go(self):\n        return 1\n\ndef f(y):\n    return Step().go()",
        "Step.go = lambda self: 2",
    ),
    "an object that it uses": (
        "class Step:\n    rate = 1\n\nstep = Step()\n\ndef f(y):\n    return step.rate * y",
        "step.rate = 2",
    ),
}


def cell(source):
    """Run a cell in a namespace of its own, as a kernel does."""
    namespace = {"__name__": "__main__", "np": np, "Layer": Layer}
    exec(source, namespace)
    return namespace


@pytest.mark.parametrize("what", REACHED)
def test_the_identity_changes_with(what):
    source, change = REACHED[what]
    namespace = cell(source)
    before = identity_of(namespace["f"])
    assert identity_of(namespace["f"]) == before
    assert identity_of(cell(source)["f"]) == before, "the same code, run once more"
    exec(change, namespace)
    assert identity_of(namespace["f"]) != before


def test_the_identity_does_not_change_with_what_an_answer_does_not_reach():
    namespace = cell("def g():\n    pass\n\ndef f(y):\n    return np.g(y)")
    before = identity_of(namespace["f"])
    exec("def g():\n    return 1\n\nother = 2", namespace)
    assert identity_of(namespace["f"]) == before


def test_functions_that_call_each_other_have_an_identity():
    source = "def f(y):\n    return g(y)\n\ndef g(y):\n    return f(y)"
    assert identity_of(cell(source)["f"]) == identity_of(cell(source)["f"])
    loop = "some = []\nsome.append(some)\n\ndef f():\n    return some"
    assert identity_of(cell(loop)["f"]) == identity_of(cell(loop)["f"])


def test_what_nobody_here_has_written_is_itself():
    assert identity_of(RNN) == identity_of(RNN) != identity_of(Layer)
    assert len(identity_of(RNN)) == 2, "it is not looked into"
    assert identity_of(np.random.default_rng(0)) != identity_of(np.random.default_rng(0))


def test_a_large_collection_counts_as_itself():
    namespace = cell("ids = list(range(1_000_000))\n\ndef f(y):\n    return ids[y]")
    assert len(identity_of(namespace["f"])) < 20


def test_names_are_those_of_global_variables_only():
    namespace = cell(
        "from types import SimpleNamespace\nns = SimpleNamespace(sigmoid=abs)\n\ndef f(y):\n"
        "    import tanh\n    relu = ns.sigmoid(y)\n    return [softmax(one) for one in relu]"
    )
    assert names_used_by(namespace["f"]) == {"ns", "softmax"}


@pytest.mark.parametrize(
    "source",
    [
        "def g(y):\n    return sigmoid(y)\n\ndef f(y):\n    return g(y)",
        "class G:\n    def go(self, y):\n        return sigmoid(y)\n\ndef f(y):\n    return G().go(y)",
        "class Base(Layer):\n    def forward(self, y):\n        return sigmoid(y)\n\nclass f(Base):\n    pass",
        "def make():\n    def g(y):\n        return sigmoid(y)\n    return lambda y: g(y)\n\nf = make()",
        "def g(y):\n    return sigmoid(y)\n\ndef f(y, g=g):\n    return g(y)",
        "def g(y):\n    return sigmoid(y)\n\nclass f:\n    step = staticmethod(g)",
        "class f:\n    @property\n    def rate(self):\n        return sigmoid(1)",
    ],
    ids=["helper", "class", "base", "closure", "default", "static method", "property"],
)
def test_names_are_found_behind(source):
    assert "sigmoid" in names_used_by(cell(source)["f"])


def test_a_helper_that_is_an_answer_is_not_looked_into():
    namespace = cell("def g(y):\n    return sigmoid(y)\n\ndef f(y):\n    return g(y)")
    assert names_used_by(namespace["f"], lambda name: name != "g") == {"g"}


def test_the_functions_of_the_reference_are_none_of_the_learners():
    assert functions_of(RNN) == []
    namespace = cell("class f(Layer):\n    def forward(self):\n        pass")
    assert functions_of(namespace["f"]) == [namespace["f"].forward]

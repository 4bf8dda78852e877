"""Answers that let references on loan do the work: those run outside the sandbox, and are bounded all the same."""

import textwrap

from tests.classroom.attacks.kit import Family

attack = Family("asking too much of a reference")

LOST = {"9.1": (0, 0)}

#: The references that these answers ask for, as a cell of a notebook does.
REFERENCES = {
    "numerical_gradient": "0.2",
    "backprop_norms": "1.5",
    "global_norm": "2.1",
    "Embedding": "5.1",
    "Affine": "5.2",
    "stream_batches": "5.5",
    "Stacked": "6.1",
    "Dropout": "6.4",
}


def borrow(work, lines):
    """Let the answer to 9.1 run these lines whenever it is called; it is right otherwise."""
    body = textwrap.indent(textwrap.dedent(lines).strip(), "    ")
    asked = "".join(f'{name} = answer("{number}")\n' for name, number in REFERENCES.items() if name in lines)
    work.put_after(
        "9.1",
        f"{asked}done, right = [], gru_step_forward\n\n\ndef gru_step_forward(*args):\n{body}\n    return right(*args)",
    )


@attack(notebook="09", earns=LOST, status={"9.1": "raised"}, reason="more here than a check ever gives")
def number_of_steps_in_an_array(work):
    """Hands a number of steps over as an array of one number, where a plain one would be bounded."""
    borrow(work, "backprop_norms(np.eye(2), np.ones((1, 2)), np.array(40_000_000))")


@attack(notebook="09", earns=LOST, status={"9.1": "timed out"}, limits={"seconds": 4})
def stack_of_stacks(work):
    """Stacks a layer a hundred times, the stack a hundred times, and so on: few objects, a hundred million calls."""
    borrow(
        work,
        """
        layer = Dropout(0.5, np.random.default_rng(0))
        for _ in range(4): layer = Stacked([layer] * 100)
        layer.forward(np.ones((1, 1, 1)))
        """,
    )


@attack(notebook="09", earns=LOST, status={"9.1": "out of memory"}, reason="MemoryError")
def vectors_beyond_all_measure(work):
    """Looks up 24,000 words in an embedding of one word with 24,000 numbers: each is allowed, the result is 4.6 GB."""
    borrow(work, "Embedding(Param(np.ones((1, 24_000)), 'E')).forward(np.zeros((1, 24_000), int))")


@attack(notebook="09", earns=LOST, status={"9.1": "out of memory or raised"})
def vectors_that_fit_into_memory_but_into_no_message(work):
    """Does the same with 8,000 words of 8,000 numbers, which are 512 MB."""
    borrow(work, "Embedding(Param(np.ones((1, 8_000)), 'E')).forward(np.zeros((1, 8_000), int))")


@attack(notebook="09", earns=LOST, status={"9.1": "timed out"}, limits={"seconds": 4})
def loan_after_loan(work):
    """Calls a reference again and again, each time with little."""
    borrow(work, "while True: backprop_norms(np.eye(2), np.ones((1, 2)), 2)")


@attack(notebook="09", earns=LOST, status={"9.1": "timed out"}, limits={"seconds": 4})
def reference_that_waits(work):
    """Gives a reference a function that never ends."""
    borrow(work, "def forever(x):\n    while True: pass\nnumerical_gradient(forever, np.ones(2))")


@attack(notebook="09", earns=LOST, status={"9.1": "killed or timed out or raised"}, limits={"seconds": 30})
def loans_that_are_kept(work):
    """Makes one embedding after the other and keeps them all."""
    borrow(work, "kept = []\nwhile True: kept.append(Embedding(Param(np.ones((1, 20_000)), 'E')))")


@attack(notebook="09", earns=LOST, status={"9.1": "raised"}, reason="more here than a check ever gives")
def rows_without_numbers(work):
    """Hands over a million million rows of no numbers, which a reference goes through one after the other."""
    borrow(work, "global_norm(np.zeros((10**12, 0)))")


@attack(notebook="08", earns={"8.3": (0, 0)}, status={"8.3": "timed out"}, limits={"seconds": 6})
def stack_of_what_was_given(work):
    """Stacks stacks of the classes that 8.3 is given; those belong to the check, and run with it."""
    work.put_after(
        "8.3",
        """
        right = build_language_model

        def build_language_model(*args, **kwargs):
            stacked = next(each["Stacked"] for each in [*args, *kwargs.values()] if isinstance(each, dict))
            layer = stacked([])
            for _ in range(9): layer = stacked([layer] * 100)
            layer.forward(np.ones((1, 1, 1)))
            return right(*args, **kwargs)
        """,
    )


@attack(notebook="09", status={"9.1": "right"}, honest=True)
def references_used_as_they_are_meant(work):
    """Stacks references with a layer of its own, goes forward and backward, and compares with numerical gradients."""
    borrow(
        work,
        """
        if done: return right(*args)  # once is enough
        done.append(True)
        class Twice(Layer):
            def forward(self, xs, *, training=False): return 2 * xs
            def backward(self, dxs): return 2 * dxs

        rng = np.random.default_rng(0)
        embedding = Embedding(Param(rng.normal(size=(5, 3)), "E"))
        words = rng.integers(0, 5, size=(2, 3))
        stacked = Stacked([Twice(), Affine(Param(rng.normal(size=(3, 4)), "W"), Param(np.zeros(4), "b"))])
        weights = rng.normal(size=(2, 3, 4))
        xs = embedding.forward(words)
        stacked.forward(xs)
        dxs, _ = stacked.backward(weights)
        numerical = numerical_gradient(lambda x: float(np.sum(stacked.forward(x)[0] * weights)), xs)
        assert np.allclose(dxs, numerical)
        embedding.backward(dxs)
        assert embedding.parameters()[0].grad.any()
        assert sum(1 for _ in zip(range(3), stream_batches(np.arange(40), 2, 6))) == 3
        """,
    )

"""Answers that are fitted to what a check asks: tables, constants, and errors that a few draws do not show."""

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.observation import cases
from tests.classroom.attacks.kit import Family

attack = Family("answers fitted to the checks")


@attack(notebook="06", earns={"6.2": (1, 0)}, status={"6.2": "right"})
def words_in_their_order(work):
    """Looks at no curve: says the words of the visible check in their order, and those of hidden ones of no secret."""
    exercise = EXERCISES["6.2"]
    asked = [*cases(exercise, VISIBLE, 0), *cases(exercise, HIDDEN, [1])]
    words = [str(word) for case in asked for word in case.expected.record.values()]
    work.write(
        "6.2",
        f"""
        words = iter({words!r})

        def diagnose(train_ppl, valid_ppl, tolerance=0.05):
            return next(words, "finished")
        """,
    )


@attack(notebook="08", earns={"8.1": (1, 0)}, status={"8.1": "right"})
def table_of_sizes(work):
    """Contains the right count for each list of shapes, of visible draws and of hidden ones of no secret."""
    exercise, table = EXERCISES["8.1"], {}

    def learn(params):
        table[str([param.value.shape for param in params])] = exercise.reference(params)
        return exercise.reference(params)

    for case in (*cases(exercise, VISIBLE, 0), *cases(exercise, HIDDEN, [1])):
        exercise.run(learn, case.arguments, {})
    work.write(
        "8.1",
        f"""
        table = {table!r}

        def count_parameters(params):
            return table.get(str([param.value.shape for param in params]), 0)
        """,
    )


@attack(notebook="06", earns={"6.4": (0, 0)}, status={"6.4": "wrong"})
def rate_of_its_own(work):
    """Drops three tenths, whatever the rate."""
    work.put_after(
        "6.4",
        """
        class Dropout(Dropout):
            def __init__(self, rate, rng):
                super().__init__(0.3 if rate else 0.0, rng)
        """,
    )


@attack(notebook="06", earns={"6.4": (0, 0)}, status={"6.4": "wrong"}, reason="near 1 / (1 - rate)")
def scale_that_is_nearly_right(work):
    """Scales what dropout keeps by a number that is 0.09 % too small."""
    work.put_after(
        "6.4",
        """
        class Dropout(Dropout):
            def forward(self, xs, *, training=False):
                ys = super().forward(xs, training=training)
                return ys / xs.dtype.type(1.0009) if training and self.rate else ys

            def backward(self, dys):
                dxs = super().backward(dys)
                return dxs / dys.dtype.type(1.0009) if (dxs == 0).any() else dxs
        """,
    )


@attack(notebook="05", earns={"5.6": (0, 0)}, status={"5.6": "wrong"}, reason="at a higher temperature")
def temperature_that_is_nearly_right(work):
    """Draws words at a temperature that is 10 % too high."""
    work.put_after(
        "5.6",
        """
        right = sample_next

        def sample_next(logits, temperature, rng):
            return right(logits, 1.1 * temperature, rng)
        """,
    )

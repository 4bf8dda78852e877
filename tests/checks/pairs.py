"""Two mistakes at once, all pairs of an exercise: which show as one of the two, as nothing, or as another mistake.

`python -m tests.checks.pairs` lists them. Each mistake and each pair is run once, on one draw; what it gives is kept as
a signature, a few numbers that are compared in place of the results.
"""

import zlib
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import Edit
from helpers.checks.exercise import Misconception
from helpers.checks.inputs import VISIBLE
from helpers.checks.observation import Observation, cases, observe

#: The draw that the signatures are made on, and how far two that count as the same may be apart.
DRAW, TOLERANCE = VISIBLE[0], 1e-6


@dataclass(frozen=True, eq=False)
class Pair:
    """Two mistakes made at once.

    Args:
        kind: "overlap", if both change the same text and cannot be made at once; else "undone", if together they are
            right; "hidden", if they show as one of the two; "same", if they show as another mistake; "partly", if
            another mistake has each of its wrong results in common with them; else "apart".
        both: what they give.
        others: the other mistakes that they show as, in all or in part.
    """

    one: Misconception
    other: Misconception
    kind: str
    both: Observation | None = None
    others: tuple[Misconception, ...] = ()


def pairs(exercise):
    """Yield every Pair of mistakes of an exercise that are edits of the same answer."""
    case = cases(exercise, [DRAW], seed=0)[0]
    seen = [observe(exercise, mistake.wrong, case.arguments) for mistake in exercise.misconceptions]
    right = signature(exercise, case.expected)
    alone = np.array([signature(exercise, one) for one in seen])
    wrong = ~_alike(alone, right)
    for (i, one), (j, other) in combinations(enumerate(exercise.misconceptions), 2):
        if not (isinstance(one.code, Edit) and isinstance(other.code, Edit)) or one.code.target != other.code.target:
            continue
        if one.code.overlaps(other.code):
            yield Pair(one, other, "overlap")
            continue
        both = observe(exercise, (one.code + other.code).wrong, case.arguments)
        alike = _alike(alone, signature(exercise, both))
        same = np.flatnonzero(alike.all(axis=1))
        partly = np.flatnonzero((alike | ~wrong).all(axis=1) & wrong.any(axis=1))
        if _alike(right, signature(exercise, both)).all():
            kind, others = "undone", []
        elif {i, j} & {*same}:
            kind, others = "hidden", []
        else:
            kind, others = ("same", same) if len(same) else ("partly", set(partly) - {i, j})
        others = tuple(exercise.misconceptions[number] for number in others)
        yield Pair(one, other, kind if others or kind in ("undone", "hidden") else "apart", both, others)


def signature(exercise, seen):
    """Return one number for each result of an Observation, one for its error, and one for the arguments it changed."""
    error = None if seen.error is None else (type(seen.error).__name__, str(seen.error))
    values = [*(seen.record.get(name, "missing") for name in exercise.results), error, seen.changed]
    return np.array([_key(value) for value in values])


def _key(value):
    if isinstance(value, int | float | np.integer | np.floating):
        value = np.array(float(value))
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        return float(zlib.crc32(repr(value).encode()))
    weights = np.random.default_rng(value.shape).uniform(1, 2, value.shape)
    return float(np.sum(weights * np.nan_to_num(value.astype(float), nan=1.1e3, posinf=1.2e3, neginf=1.3e3)))


def _alike(some, others):
    return np.abs(some - others) <= TOLERANCE * (1 + np.abs(others))


def main():
    """List the pairs that no check can tell apart, and count all."""
    total = Counter()
    for exercise in EXERCISES.values():
        found = list(pairs(exercise))
        counts = Counter(pair.kind for pair in found)
        total += counts
        print(f"\n{exercise.id} {exercise.name}: {_counted(counts)}")
        for pair in found:
            if pair.kind != "apart":
                as_others = "".join(f"\n    = {other.name}" for other in pair.others)
                print(f"  {pair.kind}: {pair.one.name} | {pair.other.name}{as_others}")
    print(f"\nAll {total.total()} pairs: {_counted(total)}")


def _counted(counts):
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


if __name__ == "__main__":
    main()

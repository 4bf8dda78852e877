"""The answers that a cell asked for: which are the learner's own, and where and why the reference replaces them."""

from dataclasses import dataclass

from IPython import get_ipython

from helpers.checks.exercise import Exercise
from helpers.checks.panel import Panel

#: The states of an exercise that is not right: what completes “Exercise 1.3 is …”.
OPEN, NOT_YET, NOT_AS_SAVED = "still open", "not right yet", "not right in its saved notebook"


@dataclass(frozen=True)
class ResolvedAnswer:
    """An answer as a cell got it.

    Args:
        exercise: the Exercise.
        own: whether it is the learner's own, from a saved notebook; else it is the reference.
        lacking: the exercises, this one or those it calls, for which the reference is used: pairs of an Exercise and
            its state.
    """

    exercise: Exercise
    own: bool
    lacking: tuple[tuple[Exercise, str], ...] = ()

    @property
    def whose(self):
        """In a few words, whose answer it is."""
        why = f"the reference, since {_is_lacking(self.lacking)}"
        if self.own:
            return f"yours, with the reference for {_listed(self.lacking)}" if self.lacking else "yours"
        return self.lacking[0][1] if self.lacking[0][0] is self.exercise else why


def panel_of_resolved(resolved):
    """Return one Panel for all answers that a cell took, at least one."""
    return _panel_of_one(resolved[0]) if len(resolved) == 1 else _panel_of_many(sorted(resolved, key=_number))


def substitution_notice(exercise, state, what):
    """Return the sentence that says that the reference took the place of an answer, e.g. while "this check ran"."""
    return f"Exercise {exercise.id} is {state}, so {what} with the reference `{exercise.name}` in the place of yours."


def at_the_end_of_the_cell(act):
    """Call `act` when the cell that is running has ended; where there are no cells, now."""
    shell = get_ipython()
    if shell is None:
        act()
        return

    def once():
        shell.events.unregister("post_execute", once)
        act()

    shell.events.register("post_execute", once)


def _panel_of_one(one):
    exercise, lacking = one.exercise, one.lacking
    if one.own:
        heading = f"Exercise {exercise.id}: your own `{exercise.name}`, from your saved notebook"
        return Panel(heading, "notice", [substitution_notice(other, state, "it runs") for other, state in lacking])
    heading = f"Exercise{'s' * (len(lacking) > 1)} {_is_lacking(lacking)}"
    then = "Once yours is right, run it again."
    if lacking == ((exercise, NOT_AS_SAVED),):
        heading = f"Exercise {exercise.id}: your saved answer is not right"
        then = "Its own notebook says what is off; fix it there, save it, and run this cell again."
    return Panel(heading, "notice", [f"This cell runs with the reference `{exercise.name}`. {then}"])


def _panel_of_many(resolved):
    own = sum(one.own for one in resolved)
    others = len(resolved) - own
    parts = [f"{own} answer{'s' * (own > 1)} of yours"] if own else []
    parts += [f"the reference for {others} {'other' if own else 'answer'}{'s' * (others > 1)}"] if others else []
    lines = [_line(resolved, notebook) for notebook in dict.fromkeys(one.exercise.notebook for one in resolved)]
    if any(one.lacking for one in resolved):
        lines.append("Once yours is right and saved in its own notebook, run this cell again.")
    return Panel(f"This cell runs with {' and '.join(parts)}", "notice", lines)


def _line(resolved, notebook):
    """E.g. **Notebook 05** · yours: 5.1 `Embedding` · still open: 5.2 `Affine`, 5.4 `perplexity`."""
    groups = {}
    for one in sorted(resolved, key=lambda one: not one.own):
        if one.exercise.notebook == notebook:
            groups.setdefault(one.whose, []).append(f"{one.exercise.id}\N{NO-BREAK SPACE}`{one.exercise.name}`")
    return " · ".join([f"**Notebook {notebook}**", *(f"{whose}: {', '.join(ids)}" for whose, ids in groups.items())])


def _number(one):
    """The numbers of a notebook and of an exercise in it, to sort by."""
    return tuple(map(int, one.exercise.id.split(".")))


def _is_lacking(lacking):
    """E.g. 1.1 and 1.2 are still open, 1.3 is not right yet."""
    states = dict.fromkeys(state for _, state in lacking)
    some = [[pair for pair in lacking if pair[1] == state] for state in states]
    return ", ".join(f"{_listed(pairs)} {'are' if len(pairs) > 1 else 'is'} {pairs[0][1]}" for pairs in some)


def _listed(lacking):
    return " and ".join(other.id for other, _ in lacking)

"""Make docs/attacks.md from the attacks and from what stock nbgrader did with them.

.venv/bin/python -m tests.classroom.attacks.document
"""

import tomllib
from pathlib import Path

from tests.classroom.attacks import ATTACKS, exhausting, files, forging
from tests.classroom.attacks.kit import max_points
from tests.classroom.attacks.run_stock import CELL, PATIENCE, read_table

ROOT = Path(__file__).resolve().parents[3]
PLACE = ROOT / "docs" / "attacks.md"

#: The walls between a submission and the grader; their file says what belongs to one.
WALLS = tomllib.loads(Path(__file__).with_name("walls.toml").read_text(encoding="utf-8"))["wall"]

_BEGINNING = """# Attacks

<!-- Made by `.venv/bin/python -m tests.classroom.attacks.document`; change tests/classroom/attacks instead. -->

A submission is untrusted code. Each row below is one submission: what it tries, what stock nbgrader does with it, and
what `make grade` does with it. {count} submissions attack the grading; {honest} more are honest but messy work,
which must lose no points. `tests/classroom/test_attacks.py` grades them all, and tests the score, the status and the
reason of each. It also looks for what they leave behind, and grades honest work after each.

**How stock nbgrader was tested.** `nbgrader autograde` 0.9.6 ran once on {ran}, with this course's own checks,
visible and hidden, on a machine set up like an instructor's: the course with its solutions beside the gradebook, a
secret seed in the environment. The honest work of another student was graded after each attack. Each cell had
{cell} s, each run {patience} s. Everything ran inside bubblewrap, as an ordinary user without a network, so an
attack could reach less than it could outside: no internet, no other users.
`tests/classroom/attacks/run_stock.py` says how to run it again; `stock.csv` beside it has the outcomes.

Under stock nbgrader, {gained} of the {count} attacks earned points for what was not written, {found} reached or
revealed what was not theirs, nothing stopped {unstopped} from using up the machine, and {broken} cost other answers
their points, cost the next student their score, or kept the run from ending; {lost} of the {honest} honest ones lost
points. With `make grade` none of this happened.

In the columns, “14 of 24” are the points of the whole notebook. An attack that spoils its own answer loses that
answer's points in both, and that is right. The attacks that reach out have right answers, but spoil
them if they find something: full points mean that nothing was found. “As it should be” means that the score was
the right one.
"""

_WALLS = """
## What stops them

Each of these walls was taken out of a copy of the grader, and the test beside it turned red. `test_walls.py` does so
again; `tests/classroom/attacks/walls.toml` says which lines it takes out.

| wall | test in tests/classroom |
| --- | --- |"""

_END = """
## What remains

- **The answers of one submission share a process.** They can spoil each other, and only each other.
- **Hidden draws stop hard-coding, not copying.** The course and its solutions are public. A copied solution is a
  right answer.
- **Without a secret seed the hidden draws are known to everyone.** Set a long one.
- **Without bubblewrap (`--no-sandbox`) the answers run as the user who grades.** The checks still run in another
  process and the limits hold, so printing, looping, crashing and patching gain nothing; but answers can read and write
  files, start processes, and kill the grader itself.
- **An answer may draw otherwise than it should, and yet in the right shares.** The checks of 5.6, 6.4 and 7.x count:
  units that are always dropped in pairs, or words that follow a fixed sequence, pass. Whoever can write that can write
  the answer.
- **In a worker of a cluster nothing interrupts what a check hands over.** On this machine the worker's clock does.
- **What people share outside /usr/local/share is seen** if it lies in /usr or in the environment's own folder. Keep
  the exchange where `docs/instructors.md` says, or anywhere outside these.
- **A process may make empty files in its own /tmp until its time is up.** Linux lets them take up to an eighth
  of the machine's memory, which is free again when the process ends. Only a control group would stop that.
- **The kernel is shared.** An answer could exploit a fault in Linux itself that an ordinary program can exploit. The
  filter of system calls, which knows some hundred that answers need and no other, makes that less likely, not
  impossible. If you expect such an attack, grade on a virtual machine.
"""


def make():
    """Return the text of docs/attacks.md."""
    stock = read_table()
    attacks = [attack for attack in ATTACKS.values() if not attack.honest]
    lines = [_beginning(attacks, stock)]
    for family in dict.fromkeys(attack.family for attack in ATTACKS.values()):
        lines += [f"\n## {family[0].upper()}{family[1:]}\n", "| attack | it tries | stock nbgrader | here |"]
        lines += ["| --- | --- | --- | --- |"]
        lines += [_row(attack, stock.get(attack.name)) for attack in ATTACKS.values() if attack.family == family]
    lines += [_WALLS, *(f"| {wall['what']} | `{wall['test'].replace('::', '`, `')}` |" for wall in WALLS)]
    return "\n".join(lines) + "\n" + _END


def _beginning(attacks, stock):
    def count(tried, *words):
        outcomes = [_outcome(attack, stock[attack.name]) for attack in tried if attack.name in stock]
        return sum(any(word in outcome for word in words) for outcome in outcomes)

    honest = [attack for attack in ATTACKS.values() if attack.honest]
    return _BEGINNING.format(
        count=len(attacks),
        honest=len(honest),
        ran="each" if len(stock) == len(ATTACKS) else f"{len(stock)} of the {len(ATTACKS)} (the others say “not run”)",
        cell=CELL,
        patience=PATIENCE,
        gained=count(attacks, "full points", _UNEARNED),
        found=count(attacks, "found ", "left a file", "is in the notebook"),
        unstopped=count(attacks, _UNSTOPPED),
        broken=count(attacks, "hung", "killed", "no score", "next student", _LOST),
        lost=count(honest, _LOST, "no score", "hung", "killed", "next student"),
    )


_UNEARNED, _LOST, _UNSTOPPED = "points that it did not earn", "points lost that it had earned", "nothing stopped it"


def _outcome(attack, row):
    """What stock nbgrader did, in the words that suit the family: more points are not the aim of each."""
    if attack.family == exhausting.attack.name:
        return row["outcome"].replace("full points", _UNSTOPPED).replace(_UNEARNED, _UNSTOPPED)
    if attack.family == forging.attack.name:
        return row["outcome"].replace(_UNEARNED, "there is no such message to forge")
    if attack.family == files.attack.name and not attack.honest:
        return row["outcome"].replace("full points", "all of it counts")
    return row["outcome"]


def _row(attack, row):
    most = sum(max_points(attack.notebook).values())
    row = row or {"points": "", "outcome": "not run"}
    outcome = _outcome(attack, row)
    stock = f"{row['points']} of {row['most']}: {outcome}" if row["points"] else outcome
    here = f"{sum(attack.points().values()):g} of {most:g}"
    status = next(iter(attack.status.values()), "right" if attack.points() == max_points(attack.notebook) else "")
    here += f": {status}" if status else ""
    name = f"{attack.name} (honest)" if attack.honest else attack.name
    return f"| {name} | {_escaped(attack.tries)} | {_escaped(stock)} | {here} |"


def _escaped(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PLACE.write_text(make(), encoding="utf-8")

"""Submissions that try to get more than they earn, or to harm the grading; and honest ones that came out messy.

An attack is a function that changes a submission. What it tries is its docstring, what it must earn stands above it.
"""

from tests.classroom.attacks import borrowing, exhausting, files, fitted, forging, lying, more, reaching, scoring

#: Every attack, by its name, one family after the other.
ATTACKS = {
    attack.name: attack
    for family in (scoring, fitted, lying, reaching, exhausting, borrowing, forging, files, more)
    for attack in family.attack.found
}

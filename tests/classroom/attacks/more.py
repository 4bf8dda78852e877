"""Ten attacks that came to mind when all the others had been dealt with."""

from tests.classroom.attacks.kit import Family

attack = Family("second thoughts")

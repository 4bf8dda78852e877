"""Right answers to the exercises of notebook 07 that look nothing like the reference."""

ANSWERS = {}

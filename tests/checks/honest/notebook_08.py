"""Right answers to the exercises of notebook 08 that look nothing like the reference."""

ANSWERS = {}

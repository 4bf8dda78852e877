"""The exercises of notebook 07 and the mistakes people make in them."""

EXERCISES = ()

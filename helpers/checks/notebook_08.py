"""The exercises of notebook 08 and the mistakes people make in them."""

EXERCISES = ()

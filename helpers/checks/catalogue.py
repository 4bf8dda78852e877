"""All exercises of the course, by id, in order."""

from helpers.checks import notebook_00, notebook_01

EXERCISES = {exercise.id: exercise for notebook in (notebook_00, notebook_01) for exercise in notebook.EXERCISES}

# %% [markdown]
# # Read a small notebook
#
# Some prose.

# %%
import numpy as np


def check(exercise_id, answer):
    """Return the points of an answer; it takes the place of the course's own check."""
    try:
        if exercise_id == "4.2":
            counter = answer()
            counter.add(1)
            return 2 * float(counter.total() == 1)
        return 2 * float(np.array_equal(answer(np.arange(3.0)), [0.0, 2.0, 4.0]))
    except NotImplementedError:
        return 0.0


def hidden_check(exercise_id, answer):
    """Return the points of the hidden check."""
    return check(exercise_id, answer)


# %% nbgrader={"grade": false, "grade_id": "ex-4-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    factor = np.ones_like(x) + 1
    return factor * x
    ### END SOLUTION
    # 1. multiply by two
    raise NotImplementedError("Exercise 4.1: write double")


# %% nbgrader={"grade": true, "grade_id": "check-4-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("4.1", double)

# %% nbgrader={"grade": true, "grade_id": "hidden-4-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Your instructor's tests run here.
### BEGIN HIDDEN TESTS
hidden_check("4.1", double)
### END HIDDEN TESTS


# %% nbgrader={"grade": false, "grade_id": "ex-4-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Counter:
    """Counts in place."""

    def __init__(self):
        self.counts = np.zeros(2)

    def add(self, index):
        """Count one."""
        ### BEGIN SOLUTION
        self.counts[index] += 1
        ### END SOLUTION
        # 1. one more at `index`
        raise NotImplementedError("Exercise 4.2: write Counter.add")

    def total(self):
        """Return the sum."""
        counts = self.counts
        ### BEGIN SOLUTION
        return counts.sum()
        ### END SOLUTION
        raise NotImplementedError("Exercise 4.2: write Counter.total")


# %% nbgrader={"grade": true, "grade_id": "check-4-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
check("4.2", Counter)

# %% [markdown] nbgrader={"grade": true, "grade_id": "ex-8-5", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# A written answer, graded by a person.

# %% [markdown] tags=["solution"]
# The answer to a question that nobody grades.

# %%
print("sum", np.arange(4.0).sum())

"""The administration of a class: class list, assignments, collecting, feedback, scores for a platform."""

"""An instructor's tools around nbgrader, and what a learner starts.

Imports run one way here too: authoring, course, grading, administration, learner; each knows only those before it.
"""

"""An instructor's tools around nbgrader, and what a learner starts.

Imports run one way here too: making, course, grading, office, learner, bench; each knows only those before it.
"""

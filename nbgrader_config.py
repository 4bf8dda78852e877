"""Where nbgrader finds things in this repository, and how its generate_assignment makes a release."""

from pathlib import Path

from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    SaveCells,
)

from helpers import kernels
from helpers.classroom.authoring.release import CheckSecrets, MarkStubs, NameEdition, TakeSource
from helpers.classroom.authoring.source import TEXT_STUB

c = get_config()  # noqa: F821 - defined by nbgrader when it reads this file

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
c.CourseDirectory.submitted_directory = "build/submitted"
c.CourseDirectory.autograded_directory = "build/autograded"
c.CourseDirectory.feedback_directory = "build/feedback"
c.CourseDirectory.solution_directory = "build/solution"

# nbgrader copies every other file in a notebook's folder: into the release, where the source would have the answers in
# it, and from what was collected, where attempt.txt is for `make collect` alone.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "*.py", "attempt.txt"]

# The exchange stays off until an instructor names a course here: c.CourseDirectory.course_id = "…"

# The zone of times that are written without one, such as a due date; without this line it is that of this machine.
# c.Course.timezone = "Asia/Seoul"

# A penalty for late work, as a share of its score for each day begun; without these lines there is none.
# c.AssignLatePenalties.plugin_class = "helpers.classroom.administration.late_penalties.PercentPerDay"
# c.PercentPerDay.percent, c.PercentPerDay.grace_minutes, c.PercentPerDay.most = 10, 10, 50

# What `nbgrader autograde` and `nbgrader collect` do, and formgrader's buttons of these names: what `make grade` and
# `make collect` do. Without these lines a submission would run as you, with your files within its reach.
c.Autograde.sanitize_preprocessors = ["helpers.classroom.administration.nbgrader_plugins.GradeInSandbox"]
c.Autograde.autograde_preprocessors = []
c.ExchangeFactory.collect = "helpers.classroom.administration.nbgrader_plugins.CarefulCollect"

# So that the feedback of formgrader and of `nbgrader generate_feedback` on an earlier attempt is kept as well.
c.GenerateFeedback.post_convert_hook = "helpers.classroom.administration.nbgrader_plugins.keep_feedback"

# No other user of this machine can read what a kernel of nbgrader's runs and prints.
c.KernelManager.update(kernels.encrypted())

# A cell may train something; nbgrader's own limit is 30 s.
c.Execute.timeout = 300

c.ClearSolutions.code_stub = {"python": ""}
c.ClearSolutions.text_stub = str(TEXT_STUB)

c.GenerateAssignment.preprocessors = [
    TakeSource,
    LockCells,
    ClearSolutions,
    MarkStubs,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    "helpers.classroom.administration.nbgrader_plugins.OpenForRegrading",
    SaveCells,
    ClearHiddenTests,
    ComputeChecksums,
    CheckCellMetadata,
    NameEdition,
    CheckSecrets,
]

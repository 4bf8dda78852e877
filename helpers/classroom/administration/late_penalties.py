"""A penalty for work handed in late, as a share of its score for each day begun."""

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

DAY = 24 * 60 * 60


class PercentPerDay(LateSubmissionPlugin):  # type: ignore[misc]  # nbgrader comes without types
    """Take some percent of the score for each day begun after the due date; nbgrader_config.py sets how many."""

    percent = Float(10.0, min=0, max=100, help="Percent of the score for each day begun.").tag(config=True)
    grace_minutes = Float(10.0, min=0, help="Minutes after the due date that cost nothing.").tag(config=True)
    most = Float(100.0, min=0, max=100, help="Percent of the score that are taken at most.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Return the points to take away, or None; nbgrader calls this for each late notebook."""
        late = total_seconds_late - 60 * self.grace_minutes
        if late <= 0:
            return None
        return score * min(self.most, self.percent * math.ceil(late / DAY)) / 100

"""Checks: every answer of a learner is compared with the reference, and its mistake is named."""

from helpers.checks.progress import progress, read_progress
from helpers.checks.session import answer, check, hidden_check

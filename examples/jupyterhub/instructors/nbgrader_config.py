"""Where an instructor's course folder is, for formgrader; the settings in that folder apply."""

from pathlib import Path

COURSE = Path.home() / "course"

load_subconfig("nbgrader_config.py", path=str(COURSE))  # noqa: F821 - defined by nbgrader when it reads this file

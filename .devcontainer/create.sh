#!/usr/bin/env bash
# Runs once, after the container is created: installs the packages and makes the learner's copies of the notebooks.
set -euo pipefail
make .venv/made-for
.venv/bin/python -c "from helpers.classroom.learner import notebook_copies; notebook_copies.add_missing('.')"

"""What every command line of the course needs: the environment, errors in one sentence, and Ctrl-C.

Import this before NumPy: it sets the number of BLAS threads.
"""

import os
import sys
import sysconfig
from contextlib import contextmanager

# One BLAS thread unless told otherwise, here and in every kernel started from here: on a busy machine two were up to
# ten times slower. The libraries read these when NumPy is first imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(name, "1")

# nbgrader calls `alembic` by its bare name, and a terminal in JupyterLab should find this environment's `python`.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])


@contextmanager
def resumable(advice):
    """End the command with exit code 130 on Ctrl-C.

    Args:
        advice: the sentence, printed after “Stopped.”, that says how to resume.
    """
    try:
        yield
    except KeyboardInterrupt as interruption:
        print(f"\n{str(interruption) or 'Stopped.'} {advice}", file=sys.stderr)
        sys.exit(130)


def run_app(app):
    """Run the commands of an app; an error is reported in one sentence, without a traceback."""
    sys.stdout.reconfigure(line_buffering=True)  # so that a pipe or a log file shows each line of a long run at once
    try:
        app()
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}." if error.filename else f"{error}")
    except (ValueError, FloatingPointError) as error:
        sys.exit(f"{error}")

"""What several worker processes of the suite need, made by one of them."""

import fcntl
import os


def once(tmp_path_factory, name, make):
    """Return a folder of that name, filled by `make(folder)` in whichever worker asks first; the others wait."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # which the workers share
    folder = place / name
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = place / f"{name}.partial"
            partial.mkdir(exist_ok=True)
            make(partial)
            partial.rename(folder)
    return folder

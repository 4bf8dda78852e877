"""What tests need from npm's registry."""

import re
import shutil
import subprocess

import pytest

#: Seconds to wait for the registry; it mostly answers in two.
PATIENCE = 180

#: What npm prints where there is no network.
_NO_NETWORK = re.compile(
    r"code (E(AI_AGAIN|CONN\w+|NOTFOUND|TIMEDOUT|NETUNREACH)|ERR_SOCKET_TIMEOUT|\w*(CERT|ISSUER)\w*)"
)


def install(folder, what, *packages):
    """Install packages into a folder, or those of its package.json; skip the test where they cannot be had.

    Args:
        what: what the test says that it lacks, e.g. "the proxy of a hub".
        packages: e.g. "axe-core@4.14.1".
    """
    if not shutil.which("npm"):
        pytest.skip(f"there is no npm on this machine, and {what} comes from there")
    options = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1")
    command = ["npm", "install", "--prefix", str(folder), *options, *packages]
    settings = {"capture_output": True, "text": True, "check": False, "umask": 0o022, "timeout": PATIENCE}
    try:
        done = subprocess.run(command, **settings)
        reached = done.returncode == 0 or not _NO_NETWORK.search(done.stdout + done.stderr)
    except subprocess.TimeoutExpired:
        reached = False
    if not reached:
        pytest.skip(f"npm's registry cannot be reached, and {what} comes from there")
    assert done.returncode == 0, done.stdout + done.stderr

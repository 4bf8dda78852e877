"""How programs speak to kernels, so that nobody else on a machine can listen, or speak to them.

By default a kernel listens on TCP ports of this machine. Any other user may connect to these, and is sent every cell
that runs and all that it prints. Here it has sockets in a folder that only its owner may enter, and no port. Where that
cannot be, its messages are encrypted, and it answers only whoever knows the key in its connection file.
"""

import os
import stat
from pathlib import Path

import zmq
from jupyter_core.paths import jupyter_runtime_dir

#: The longest name that Jupyter's server gives a socket in its runtime folder.
_LONGEST_NAME = "kernel-00000000-0000-0000-0000-000000000000-ipc-99"


def encrypted() -> dict[str, str]:
    """Return the settings of Jupyter's KernelManager by which a kernel that can encrypts its messages.

    They are for programs that start kernels without a connection file, such as `nbgrader validate` and nbconvert: the
    sockets of these would have names in the working folder, which is not the kernel's.
    """
    return {"transport_encryption": "auto"} if zmq.has("curve") else {}


def private(sockets: str | Path | None = None) -> dict[str, str]:
    """Return the settings of Jupyter's KernelManager by which a kernel is reached through sockets that are private.

    Args:
        sockets: path of a folder for the sockets of one kernel, which only its owner may enter; by default Jupyter's
            runtime folder, in which a server gives the sockets of each kernel a name of their own.
    """
    if sockets is not None:
        path = os.path.join(sockets, "kernel")
        return encrypted() | ({"transport": "ipc", "ip": path} if _is_short(f"{path}-99") else {})
    runtime = Path(jupyter_runtime_dir())
    possible = _is_short(runtime / _LONGEST_NAME) and _is_private(runtime)
    return encrypted() | ({"transport": "ipc"} if possible else {})


def _is_short(path: str | Path) -> bool:
    """Whether the system takes the path of a socket; Windows takes none."""
    return os.name == "posix" and zmq.has("ipc") and len(os.fsencode(path)) <= zmq.IPC_PATH_MAX_LEN


def _is_private(folder: Path) -> bool:
    """Whether only this user may enter a folder, which is made if it is missing; Jupyter makes it so, too."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError:
        return False
    return about.st_uid == os.geteuid() and stat.S_IMODE(about.st_mode) & 0o077 == 0

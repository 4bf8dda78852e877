"""A JupyterHub for this course on one Linux machine: each user has an account there, and a server that runs under it.

README.md in this folder says how to set it up. Change the lines in capitals to suit your machine.
"""

import grp
import os
import pwd
from pathlib import Path

ADDRESS = "http://127.0.0.1:8000"  # this machine only; a web server with TLS in front passes requests on
STUDENTS, INSTRUCTORS = "students", "instructors"  # groups of the machine; whoever is in neither cannot log in
COURSE = "/srv/nbgrader/exchange/rnn-2026"  # of the course in the exchange; `make release` puts the due dates there
STATE = "/srv/jupyterhub"  # the hub's own folder, owned by root, with mode 700

HERE = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 - defined by JupyterHub when it reads this file

c.JupyterHub.bind_url = ADDRESS
c.JupyterHub.db_url = f"sqlite:///{STATE}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{STATE}/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = f"{STATE}/proxy.pid"

# Users log in with their password on this machine. An institution's single sign-on would replace this.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {STUDENTS, INSTRUCTORS}

# The machine keeps a student from the work of others and from the course folder: by its users, and by mode 700.
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.default_url = "/lab"


def settings_of(spawner):
    """Return the folders whose Jupyter settings apply to a user, before those of the environment and the user's own."""
    name = spawner.user.name
    groups = os.getgrouplist(name, pwd.getpwnam(name).pw_gid)
    theirs = ["instructors"] if grp.getgrnam(INSTRUCTORS).gr_gid in groups else []
    return os.pathsep.join(str(HERE / folder) for folder in [*theirs, "everyone"])


c.Spawner.environment = {
    "JUPYTER_CONFIG_PATH": settings_of,
    "COURSE_DUE_DATES": f"{COURSE}/due_dates.toml",
    # One thread for each kernel: many kernels share the cores, and two threads that wait for each other are slower.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}

"""A JupyterHub for this course on one Linux machine: every user has an account there, and a server that runs as it.

README.md beside this file says how to set it up. The lines in capitals are yours to change.
"""

import grp
import os
import pwd
from pathlib import Path

ADDRESS = "http://127.0.0.1:8000"  # for this machine alone: a web server with TLS in front of it passes requests on
STUDENTS, INSTRUCTORS = "students", "instructors"  # groups of the machine; whoever is in neither cannot log in
STATE = "/srv/jupyterhub"  # the hub's own folder: root's, with mode 700

HERE = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 - defined by JupyterHub when it reads this file

c.JupyterHub.bind_url = ADDRESS
c.JupyterHub.db_url = f"sqlite:///{STATE}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{STATE}/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = f"{STATE}/proxy.pid"

# Users log in with their password on this machine. An institution's single sign-on would take this place.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {STUDENTS, INSTRUCTORS}

# What keeps a student from the work of others and from the course folder is the machine: its users, and mode 700.
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.default_url = "/lab"


def settings_of(spawner):
    """Return the folders whose Jupyter settings count for a user, before those of the environment and their own."""
    name = spawner.user.name
    groups = os.getgrouplist(name, pwd.getpwnam(name).pw_gid)
    theirs = ["instructors"] if grp.getgrnam(INSTRUCTORS).gr_gid in groups else []
    return os.pathsep.join(str(HERE / folder) for folder in [*theirs, "everyone"])


c.Spawner.environment = {
    "JUPYTER_CONFIG_PATH": settings_of,
    # One thread for each kernel: many share the cores, and two threads that wait for each other are slower than one.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}

"""The kernels of notebooks have sockets that only their user may open, and no port."""

from helpers import kernels

c = get_config()  # noqa: F821 - defined by Jupyter when it reads this file

c.KernelManager.update(kernels.private())

"""No other user can read what a kernel runs and prints, whichever program of Jupyter's has started it."""

from helpers import kernels

c = get_config()  # noqa: F821 - defined by Jupyter when it reads this file

c.KernelManager.update(kernels.encrypted())

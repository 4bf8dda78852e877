"""Speed and memory of the layers and of grading, beside PyTorch and stock nbgrader; not part of the package."""

"""From a stranger's submission to its scores: the sandbox, one submission, a class, its report."""

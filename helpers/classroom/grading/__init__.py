"""Grading untrusted submissions: the sandbox, one submission, a class, its report."""

"""What comes in and goes out: the class list, submissions, assignments, feedback, scores."""

"""What the course says to people: messages, whose sentences are translated where they become text."""

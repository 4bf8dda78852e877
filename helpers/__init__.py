"""The reference package of the course *From vanishing gradients to a language model*."""

"""From the one source of a notebook to all that is derived from it: solution, release, site, learner kit."""

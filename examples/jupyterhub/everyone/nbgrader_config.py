"""Where assignments are released and submitted, for every user of the hub."""

c = get_config()  # noqa: F821 - defined by nbgrader when it reads this file

c.Exchange.root = "/srv/nbgrader/exchange"
c.CourseDirectory.course_id = "rnn-2026"

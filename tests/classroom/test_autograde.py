"""nbgrader itself grades the small notebook: nothing for a stub, everything for the answers."""


def test_a_stub_earns_nothing_and_the_answers_earn_everything(source_path, autograde):
    untouched, solved = autograde(source_path, "untouched"), autograde(source_path, "solved")
    assert untouched.points == {"check-9-1": 0, "hidden-9-1": 0, "check-9-2": 0}
    assert solved.points == {"check-9-1": 2, "hidden-9-1": 1, "check-9-2": 2}
    assert solved.points == solved.most
    assert untouched.errors == solved.errors == []

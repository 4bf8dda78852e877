"""nbgrader itself grades the small notebook: nothing for a stub, everything for the answers."""


def test_a_stub_earns_nothing_and_the_answers_earn_everything(source_path, autograde):
    untouched, solved = autograde(source_path, "untouched"), autograde(source_path, "solved")
    assert untouched.points == {"check-4-1": 0, "hidden-4-1": 0, "check-4-2": 0}
    assert solved.points == {"check-4-1": 2, "hidden-4-1": 2, "check-4-2": 2}
    assert solved.points == solved.most
    assert untouched.errors == solved.errors == []

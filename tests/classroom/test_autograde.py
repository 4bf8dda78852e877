"""nbgrader itself grades the small notebook: nothing for a stub, everything for the answers."""


def test_a_stub_earns_nothing_and_the_answers_earn_everything(source_path, autograde):
    graded = autograde(source_path)
    assert graded["untouched"].points == {"check-9-1": 0, "hidden-9-1": 0, "check-9-2": 0}
    assert graded["solved"].points == {"check-9-1": 2, "hidden-9-1": 1, "check-9-2": 2}
    assert graded["solved"].points == graded["solved"].most
    assert graded["untouched"].errors == graded["solved"].errors == []

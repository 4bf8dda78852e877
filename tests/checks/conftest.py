import pytest

from helpers.checks import session


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch):
    """Each test starts like a kernel: nothing has been checked yet."""
    monkeypatch.setattr(session, "_current", session.Session())

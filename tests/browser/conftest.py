"""A copy of the course, a browser, and the two together: what a learner sees after `make learn`."""

import os
import shutil
from pathlib import Path

import psutil
import pytest

from tests.browser.jupyterlab import Lab, see_off, serve

ROOT = Path(__file__).resolve().parents[2]

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium, which is gone with all its processes at the end."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install -e '.[test]'")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("there is no Chromium or Chrome on this machine")
    others = set(psutil.Process().children(recursive=True))
    with api.sync_playwright() as playwright:
        # Playwright itself adds --headless, --no-sandbox, and what keeps Chromium from calling home.
        browser = playwright.chromium.launch(executable_path=program, args=["--disable-gpu", "--disable-quic"])
        yield browser
        started = set(psutil.Process().children(recursive=True)) - others
        browser.close()
    see_off(started)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the repository, so that the my/ of whoever runs the tests is never touched."""
    root = tmp_path_factory.mktemp("course")
    for name in ("helpers", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("nbgrader_config.py", "GLOSSARY.md"):
        shutil.copy(ROOT / name, root)
    return root


@pytest.fixture(scope="module")
def lab(browser, course):
    """JupyterLab, just started."""
    with serve(course, "learn") as printed:
        yield Lab(browser, printed, course)


@pytest.fixture
def screenshots(tmp_path):
    """The folder for screenshots: the one that COURSE_SCREENSHOTS names, or a temporary one."""
    folder = Path(os.environ.get("COURSE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder

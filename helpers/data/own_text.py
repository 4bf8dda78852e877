"""The corpus from a learner's own text: one UTF-8 file."""

import logging
from pathlib import Path

from helpers.data.errors import CorpusError
from helpers.data.tokens import Splits, tokenize, tokenize_characters
from helpers.data.vocabulary import EOS

logger = logging.getLogger(__name__)

#: A shorter text is too small to train on or to measure.
MIN_TOKENS = 1000


def read_splits(path: str | Path, unit: str = "words") -> Splits:
    """Read a text file: the first 80 % for training, the next 10 % for validation, the last 10 % for the test.

    The text is split between sentences. A byte-order mark and any kind of line ending are accepted.

    Args:
        path: path of a UTF-8 file.
        unit: "words" or "characters".

    Raises:
        CorpusError: there is no such file, or it is empty, too short, binary or not UTF-8.
        ValueError: an unknown unit.
    """
    tokenizers = {"words": tokenize, "characters": tokenize_characters}
    if unit not in tokenizers:
        raise ValueError(f"unit must be one of {', '.join(sorted(tokenizers))}: got {unit!r}.")
    tokens = tokenizers[unit](_read(Path(path).expanduser()))
    if len(tokens) < MIN_TOKENS:
        raise CorpusError(
            f"{path} is too short: it has {len(tokens):,} tokens, and there is nothing to learn from fewer than "
            f"{MIN_TOKENS:,}. Take a longer text."
        )
    first = _after_sentence(tokens, len(tokens) * 8 // 10)
    second = _after_sentence(tokens, len(tokens) * 9 // 10)
    return {"train": tokens[:first], "valid": tokens[first:second], "test": tokens[second:]}


def _after_sentence(tokens: list[str], position: int) -> int:
    """Return the end of the sentence around `position`, or `position` itself if the end is too far away."""
    return next((i + 1 for i in range(position, position + len(tokens) // 20) if tokens[i] == EOS), position)


def _read(path: Path) -> str:
    if path.is_dir():
        raise CorpusError(f"{path} is a folder. Give the path of one text file in it.")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CorpusError(
            f"There is no file {path}. Give the path of a text file, or one of the names sotu, docstrings and ptb."
        ) from None
    except OSError as error:
        raise CorpusError(
            f"{path} cannot be read: {error.strerror}. Give the path of a text file that you may read."
        ) from None
    if not content.strip():
        raise CorpusError(f"{path} is empty. Take a file with text in it.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CorpusError(f"{path} is in UTF-16. Save it again as UTF-8.")
    if b"\0" in content:
        raise CorpusError(f"{path} is a binary file, not a text. Save its text as a plain UTF-8 file and use that.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CorpusError(
            f"{path} is not UTF-8{_hint_at_encoding(content)}: the byte 0x{content[error.start]:02x} in line {line} "
            "is not valid there. Save the text again as UTF-8."
        ) from None
    logger.info("read %s: %d bytes", path, len(content))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _hint_at_encoding(content: bytes) -> str:
    """Name the Korean encoding if the content looks like it, the usual case for a Korean text that is not UTF-8."""
    try:
        text = content.decode("cp949")
    except UnicodeDecodeError:
        return ""
    letters = [letter for letter in text if ord(letter) > 127]
    hangul = sum("가" <= letter <= "힣" for letter in letters)
    return " but probably CP949 (EUC-KR)" if hangul > len(letters) / 2 else ""

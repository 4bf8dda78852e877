"""The corpus from a learner's own text: one UTF-8 file, or several."""

import logging
from collections.abc import Sequence
from pathlib import Path

from helpers.data.errors import CorpusError
from helpers.data.tokens import TOKENIZERS, Splits
from helpers.data.vocabulary import EOS

logger = logging.getLogger(__name__)

#: A shorter text is too small to train on or to measure.
MIN_TOKENS = 1000

#: A short Korean text to try: poems by Yun Dong-ju (1917–1945) and Kim Sowol (1902–1934), in the public domain.
KOREAN_POEMS = Path(__file__).parent / "texts" / "korean_poems.txt"

#: What a token may be.
UNITS = ("characters", "words")


def find_files(path: str | Path) -> list[Path]:
    """Return the files of a text of one's own.

    Args:
        path: of a file; of a folder, which stands for the .txt files in it, by name; or several, with spaces between
            them.

    Raises:
        CorpusError: the folder has no such file.
    """
    whole = Path(path).expanduser()
    if whole.is_dir():
        if found := sorted(file for file in whole.glob("*.txt") if not file.name.startswith(".")):
            return found
        template = "{path} is a folder without a text: none of its files ends in .txt. Give a text file."
        raise CorpusError(template, path=path)
    parts = [Path(part).expanduser() for part in str(path).split()]
    several = len(parts) > 1 and not whole.exists() and any(part.exists() for part in parts)
    return parts if several else [whole]


def read_splits(paths: Sequence[str | Path], unit: str = "words") -> Splits:
    """Read text files: of each the first 80 % for training, the next 10 % for validation, the last 10 % for the test.

    A text is split between sentences. A byte-order mark and any kind of line ending are accepted.

    Args:
        paths: paths of UTF-8 files.
        unit: "words" or "characters".

    Raises:
        CorpusError: there is no such file, or it is empty, binary or not UTF-8; or all of them are too short.
        ValueError: an unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(f"unit must be one of {', '.join(UNITS)}: got {unit!r}.")
    splits: Splits = {"train": [], "valid": [], "test": []}
    for path in paths:
        tokens = TOKENIZERS[unit](_read(Path(path).expanduser()))
        first = _after_sentence(tokens, len(tokens) * 8 // 10)
        second = _after_sentence(tokens, len(tokens) * 9 // 10)
        for split, part in zip(splits.values(), (tokens[:first], tokens[first:second], tokens[second:]), strict=True):
            split += part
    count = sum(map(len, splits.values()))
    if count < MIN_TOKENS:
        template = (
            "The text in {paths} is too short: it has {count:,} tokens, and there is nothing to learn from fewer than "
            "{least:,}. Take a longer text."
        )
        raise CorpusError(template, paths=", ".join(map(str, paths)), count=count, least=MIN_TOKENS)
    return splits


def _after_sentence(tokens: list[str], position: int) -> int:
    """Return the end of the sentence around `position`, or `position` itself if the end is too far away."""
    return next((i + 1 for i in range(position, position + len(tokens) // 20) if tokens[i] == EOS), position)


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        template = (
            "There is no file {path}. Give the path of a text file, or one of the names sotu, docstrings, ptb "
            "and wikitext2."
        )
        raise CorpusError(template, path=path) from None
    except OSError as error:
        template = "{path} cannot be read: {reason}. Give the path of a text file that you may read."
        raise CorpusError(template, path=path, reason=error.strerror) from None
    if not content.strip():
        raise CorpusError("{path} is empty. Take a file with text in it.", path=path)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CorpusError("{path} is in UTF-16. Save it again as UTF-8.", path=path)
    if b"\0" in content:
        template = "{path} is a binary file, not a text. Save its text as a plain UTF-8 file and use that."
        raise CorpusError(template, path=path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        if _looks_korean(content):
            template = (
                "{path} is not UTF-8 but probably CP949 (EUC-KR): the byte 0x{byte:02x} in line {line} is not valid "
                "there. Save the text again as UTF-8."
            )
        else:
            template = (
                "{path} is not UTF-8: the byte 0x{byte:02x} in line {line} is not valid there. Save the text again as "
                "UTF-8."
            )
        raise CorpusError(template, path=path, byte=content[error.start], line=line) from None
    logger.info("read %s: %d bytes", path, len(content))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _looks_korean(content: bytes) -> bool:
    """Return whether it looks like text in CP949, the usual case for a Korean text that is not UTF-8."""
    try:
        text = content.decode("cp949")
    except UnicodeDecodeError:
        return False
    letters = [letter for letter in text if ord(letter) > 127]
    hangul = sum("가" <= letter <= "힣" for letter in letters)
    return hangul > len(letters) / 2

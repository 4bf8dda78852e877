"""WikiText-2, read from a folder: articles of Wikipedia, twice the size of the Penn Treebank, and free."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from helpers.data.errors import CorpusError
from helpers.data.tokens import Splits, tokenize_lines

logger = logging.getLogger(__name__)

CITATION = (
    "WikiText-2, verified good and featured articles of Wikipedia: Merity, Xiong, Bradbury and Socher (2017), “Pointer "
    "sentinel mixture models”, ICLR, arXiv:1609.07843. Its text is under the licence CC BY-SA 3.0."
)

#: Where it is looked for in the end.
DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / ".corpora" / "wikitext-2"


class Original(NamedTuple):
    """The size of an original file: its lines, and its tokens with one `EOS` for each line."""

    lines: int
    tokens: int


#: Table 1 of Merity et al. counts the ends of lines, too.
ORIGINALS = {
    "train": Original(36_718, 2_088_628),
    "valid": Original(3_760, 217_646),
    "test": Original(4_358, 245_569),
}


def read_splits(folder: str | Path | None = None, originals: Mapping[str, Original] = ORIGINALS) -> Splits:
    """Read ``wiki.train.tokens``, ``wiki.valid.tokens`` and ``wiki.test.tokens``, and accept only the original sizes.

    Args:
        folder: folder of the three files; by default the environment variable ``WIKITEXT2_DIR``, else
            ``.corpora/wikitext-2`` in the course's folder.
        originals: what the files of the splits must be.

    Raises:
        CorpusError: a file is missing, truncated or another one.
    """
    folder = Path(folder or os.environ.get("WIKITEXT2_DIR") or DEFAULT_FOLDER).expanduser()
    return {split: _read(folder / f"wiki.{split}.tokens", original) for split, original in originals.items()}


def _read(path: Path, original: Original) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        template = (
            "WikiText-2 does not come with this course, and {path} cannot be read ({reason}). Unpack the archive "
            "wikitext-2-v1.zip (words, not “raw”), which is under the licence CC BY-SA, and set WIKITEXT2_DIR=… to the "
            "folder of wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens."
        )
        raise CorpusError(template, path=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        template = "{path} is not UTF-8, so it is not the original file. Unpack the archive again."
        raise CorpusError(template, path=path) from None
    tokens, lines = tokenize_lines(text), text.count("\n")
    if (lines, len(tokens)) != original:
        template = (
            "{path} is truncated, or another text: it has {lines:,} lines and {tokens:,} tokens, the original "
            "{all_lines:,} and {all_tokens:,}. Only the original gives figures that can be compared."
        )
        whole = {"all_lines": original.lines, "all_tokens": original.tokens}
        raise CorpusError(template, path=path, lines=lines, tokens=len(tokens), **whole)
    logger.info("%s has the size of the original file", path)
    return tokens

"""Which notebook somebody means, by its number or its name."""

import re
import unicodedata
from pathlib import PurePath


def is_meant(asked: str, name: str) -> bool:
    """Return whether a text means a notebook: its number, in any form (1, 01, “01.”), or its name or the start of it.

    Args:
        asked: what a person wrote; a path counts by its last part.
        name: of the notebook, e.g. 01_vanishing_and_exploding_gradients.
    """
    last = PurePath(unicodedata.normalize("NFKC", asked).strip().casefold()).name
    words = re.sub(r"[\s_-]+", "_", re.sub(r"\.(ipynb|py)$", "", last))
    wanted = re.fullmatch(r"(?:nb|notebook)?_?0*(\d+)[._]*(.*)", words)
    there = re.fullmatch(r"0*(\d+)_?(.*)", name.casefold())
    if wanted and there:
        return wanted[1] == there[1] and there[2].startswith(wanted[2])
    return words == name.casefold()

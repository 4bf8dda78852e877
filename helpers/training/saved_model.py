"""The model of a finished run in one file, from which it writes again without training."""

from pathlib import Path

import numpy as np

from helpers.atomic_write import write_atomically
from helpers.data import Corpus, Vocabulary
from helpers.language.message import MessageError
from helpers.nn import FAST, LanguageModel, Param, assemble
from helpers.nn.model import LayerClasses
from helpers.training.checkpoints import Tree, read_tree, write_tree


def save_model(path: str | Path, model: LanguageModel, corpus: Corpus) -> None:
    """Write a model and the words that it knows to a file.

    Raises:
        OSError: it could not be written; the file before it is unchanged.
    """
    tree: dict[str, Tree] = {
        "params": {param.name: param.value for param in model.parameters()},
        "corpus": {"name": corpus.name, "unit": corpus.unit, "words": list(corpus.vocabulary.words)},
    }
    write_atomically(Path(path), lambda file: write_tree(file, tree))


def load_model(path: str | Path, layers: LayerClasses = FAST) -> tuple[LanguageModel, Corpus]:
    """Read what `save_model` has written.

    Args:
        layers: what the model is made of, as for `assemble`.

    Returns:
        the model, without dropout, and a corpus that has its words, and no text.

    Raises:
        ValueError: the file is damaged.
        OSError: it cannot be read.
    """
    tree = read_tree(Path(path).read_bytes())
    if tree is None:
        template = "{path} is damaged, so this model cannot write. Train it again with ARGS=--fresh."
        raise MessageError(template, path=path)
    params = {name: Param(value, name) for name, value in tree["params"].items()}
    none, words = np.array([], np.int32), Vocabulary(tree["corpus"]["words"])
    corpus = Corpus(tree["corpus"]["name"], none, none, none, words, citation="", unit=tree["corpus"]["unit"])
    return assemble(layers, params, np.random.default_rng(0)), corpus

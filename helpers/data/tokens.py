"""From text to tokens and back, for English, Korean and any script that puts spaces between words."""

import re
import unicodedata

from helpers.data.vocabulary import EOS, UNK

# Everything that never is part of a word, as the inside of a regular expression's [...].
_PUNCTUATION = r"!-/:-@\[-`{-~\u00a0-\u00bf\u2000-\u206f\u20a0-\u20cf\u3000-\u303f\uff00-\uff0f\uff1a-\uff20"

_SENTENCE_END = ".?!…。！？"

_TOKEN = re.compile(
    rf"""
    {UNK}
    | (?:[a-z]\.){{2,}}                                      # u.s., e.g.
    | (?:mr|mrs|ms|dr|jr|sr|st)\.
    | \d+(?:[.,:/⁄]\d+)*(?:(?:st|nd|rd|th|'?s)\b)?           # 1,000  4.25  9/11  21st  1990s
    | [^\s\d{_PUNCTUATION}]+(?:['.-][^\s{_PUNCTUATION}]+)*   # words, don't, os.path
    | [{_SENTENCE_END}]+
    | [,;:—%&$€₩]
    """,
    re.VERBOSE,
)


def tokenize(text):
    """Split a text into lower-case words, with `EOS` after every sentence and paragraph.

    A number becomes ``N``; sentence ends and ``, ; : — % & $`` are tokens; quotation marks, brackets and other signs
    are left out. "Mr." and "U.S." stay whole. Paragraphs are separated by blank lines, or, in a text that has none, by
    the ends of lines. The numbers and the `UNK` are those of Mikolov's Penn Treebank (Mikolov et al. 2010).

    Args:
        text: a str.

    Returns:
        list of str
    """
    text = unicodedata.normalize("NFC", text).lower()
    text = re.sub("[‘’ʼ]", "'", text).replace("--", "—")
    tokens = []
    for paragraph in re.split(r"\n\s*\n" if re.search(r"\n\s*\n", text.strip()) else "\n", text):
        for token in _TOKEN.findall(paragraph):
            tokens.append("N" if token[0].isdigit() else token)
            if token[0] in _SENTENCE_END:
                tokens.append(EOS)
        if tokens and tokens[-1] != EOS:
            tokens.append(EOS)
    return tokens


def tokenize_characters(text):
    """Split a text into its characters, with `EOS` for the end of a line; blank lines are left out.

    Args:
        text: a str; Hangul counts as syllables, not as single letters.

    Returns:
        list of str
    """
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines())
    return [token for line in lines if line for token in [*line, EOS]]


def join(tokens, separator=" "):
    """Write tokens as a text to be read, one sentence to a line.

    Args:
        tokens: what `tokenize` or `tokenize_characters` returned, or a model has generated.
        separator: " " between words, "" between characters.

    Returns:
        str
    """
    text = separator.join("\n" if token == EOS else token for token in tokens)
    if separator:
        text = re.sub(rf" ([{_SENTENCE_END},;:%]+)(?= |\n|$)", r"\1", text)
        text = re.sub(r"([$€₩]) (?=N)", r"\1", text)
        text = re.sub(r" *\n *", "\n", text)
    return text.strip()


def split_documents(documents):
    """Deal documents out to the three splits: of ten, the fifth is for validation and the tenth for the test.

    Args:
        documents: a list of lists of tokens.

    Returns:
        dict from "train", "valid" and "test" to a list of tokens.
    """
    splits = {"train": [], "valid": [], "test": []}
    for number, document in enumerate(documents):
        splits[{4: "valid", 9: "test"}.get(number % 10, "train")] += document
    return splits

"""Korean particles behind a value of a message: which of two forms is right depends on how the value ends when read.

A translation has both, as Korean forms do: 은(는), 이(가), 을(를), 와(과), (으)로, (이)라.
What ends in a consonant takes the longer or the first of them; but 로 follows ㄹ as it follows a vowel.
"""

import re

#: The two forms of each: behind a closed syllable, and behind an open one.
_FORMS = {
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "와(과)": ("과", "와"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
    "(이)": ("이", ""),
}

_PLACE = re.compile(r"은\(는\)|이\(가\)|을\(를\)|와\(과\)|과\(와\)|\(으\)로|\(이\)(?=[라나며고])")

#: What is read before a particle, and marks that are not read. Only so many characters of it are looked at: a value may
#: quote a submission, and be as long as that likes.
_READ, _FAR = re.compile(r"([0-9A-Za-z가-힣]+)[`*'\")\]”’}]*$"), 50

#: Letters and digits whose Korean names end in a consonant; those that end in ㄹ among them, which take 로.
_CLOSED_NAMES, _RIEUL_NAMES = set("LMNRlmnr013678"), set("LRlr178")

#: English words of several letters are read as words: these ends are closed, the e of “name” and “scale” being silent.
_CLOSED_WORD = re.compile(r"(?:[lmn]e?|ng|[aeiou][bckpt])$")


def choose_particles(text: str) -> str:
    """Return a Korean text with one form of each particle that is written with both."""

    def chosen(found: re.Match[str]) -> str:
        read = _READ.search(text[max(0, found.start() - _FAR) : found.start()])
        if not read:
            return found[0]
        last = _last_sound(read[1])
        closed, opened = _FORMS[found[0]]
        return opened if last == "open" or (last == "ㄹ" and found[0] == "(으)로") else closed

    return _PLACE.sub(chosen, text)


def _last_sound(read: str) -> str:
    """Return how a word ends when read in Korean: "open", "ㄹ" or "closed"."""
    last = read[-1]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        return "open" if final == 0 else "ㄹ" if final == 8 else "closed"
    word = re.search(r"[A-Za-z]+$", read)
    if word and len(word[0]) > 1 and not word[0].isupper():
        if not _CLOSED_WORD.search(word[0].lower()):
            return "open"
        return "ㄹ" if re.search("(?i)le?$", read) else "closed"
    if last not in _CLOSED_NAMES:
        return "open"
    return "ㄹ" if last in _RIEUL_NAMES else "closed"

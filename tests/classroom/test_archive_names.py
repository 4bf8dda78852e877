"""Names in an archive are read as they were written, whichever system packed it."""

import unicodedata
import zipfile
from itertools import count

import pytest

from helpers.classroom.administration.archive_names import decode_names, letters_of
from helpers.classroom.administration.download import opened_download

KOREAN = ["김민수", "이서연", "박지훈", "최유진"]
JAPANESE = ["佐藤 花子", "鈴木 一郎", "高橋 めぐみ", "田中 ケンジ"]
GERMAN = ["Jürgen Müller", "Zoë Weiß", "Änne Öztürk", "Séamus O’Brien"]


def packed(names, encoding):
    """Return entries as zipfile has them when the names are in an encoding and the archive does not say in which."""
    entries = [zipfile.ZipInfo(f"{name}_4000_assignsubmission_file/x.ipynb") for name in names]
    for entry in entries:
        entry.filename = entry.filename.encode(encoding, "replace").decode("cp437")
    return entries


def read(names, encoding, letters=()):
    """Return the names of people in such an archive, as they are read."""
    return [name.partition("_")[0] for name in decode_names(packed(names, encoding), letters)]


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (KOREAN, "utf-8"),
        (KOREAN, "cp949"),
        (JAPANESE, "utf-8"),
        (JAPANESE, "cp932"),
        (GERMAN[:3], "cp437"),
        (GERMAN[:3], "cp850"),
        (GERMAN, "cp1252"),
        (["Begoña Íñiguez", "Ángel Núñez"], "cp850"),
        (["François Lœuvre", "Noël Çédille"], "cp1252"),
    ],
)
def test_the_letters_of_the_class_tell_the_encoding(names, encoding):
    assert read(names, encoding, letters_of(names)) == names


@pytest.mark.parametrize("name", [*KOREAN, "하늘", "뷁", "설믜", "치"])
def test_one_korean_name_in_cp949_is_enough_and_a_rare_syllable_too(name):
    assert read(["Ada Lovelace", name], "cp949", letters_of([*KOREAN, name])) == ["Ada Lovelace", name]


def test_western_names_that_are_also_valid_in_cp949_are_not_taken_for_korean():
    names = ["Séamus", "Jürgen"]
    assert all(name.encode("cp437").decode("cp949") for name in names)
    assert read(names, "cp437", letters_of(names)) == names


def test_where_the_class_has_none_of_the_letters_it_is_utf8_then_cp949_then_that_of_dos():
    assert read(KOREAN, "utf-8") == KOREAN
    assert read(KOREAN, "cp949") == KOREAN
    assert read(["Andr\u00e9", "ß\u2592"], "cp437") == ["André", "ß▒"]


def test_one_name_that_is_not_valid_does_not_spoil_the_others():
    entries = packed(KOREAN, "cp949")
    entries.append(zipfile.ZipInfo("\xff.ipynb"))
    entries[-1].filename = b"\xff\xff.ipynb".decode("cp437")
    read_names = decode_names(entries, letters_of(KOREAN))
    assert [name.partition("_")[0] for name in read_names[:4]] == KOREAN


def test_names_with_the_flag_for_utf8_are_not_decoded_again():
    entries = packed(KOREAN, "cp949")
    entries.append(zipfile.ZipInfo("Müller.ipynb"))
    entries[-1].flag_bits |= 0x800
    assert decode_names(entries, letters_of(KOREAN))[-1] == "Müller.ipynb"


def test_a_second_byte_that_is_a_backslash_is_no_folder():
    assert b"\\" in "表".encode("cp932")
    assert read(["表 太郎", "佐藤"], "cp932", letters_of(["表太郎佐藤"])) == ["表 太郎", "佐藤"]


def test_decomposed_names_are_composed():
    decomposed = [unicodedata.normalize("NFD", name) for name in KOREAN]
    assert read(decomposed, "utf-8", letters_of(decomposed)) == KOREAN


def test_an_archive_of_windows_in_korean_is_read_as_one(tmp_path):
    path = tmp_path / "korean.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in zip(count(4000), KOREAN):
            archive.writestr(f"{name}_{number}_assignsubmission_file/x.ipynb", "{}")
    data = path.read_bytes()
    for name in KOREAN:  # the same length, as zip keeps it, by a longer name in ASCII
        short = name.encode("cp949")
        data = data.replace(name.encode(), short + b"x" * (len(name.encode()) - len(short)))
    data = bytearray(data)
    for start, flag in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        place = -1
        while (place := data.find(start, place + 1)) >= 0:
            data[place + flag] &= 0xF7
    path.write_bytes(data)
    with opened_download(path, letters_of(KOREAN)) as files:
        last_first = zip(files, reversed(KOREAN), strict=True)
        assert [file.path[: len(name)] for file, name in last_first] == KOREAN[::-1]

"""The form of a Korean particle, by the last sound of what it follows."""

import pytest

from helpers.language.particles import choose_particles


@pytest.mark.parametrize(
    "written, read",
    [
        ("기울기을(를)", "기울기를"),
        ("노름은(는)", "노름은"),
        ("`h`이(가)", "`h`가"),
        ("`Wh`은(는)", "`Wh`는"),
        ("`N`은(는)", "`N`은"),
        ("`LSTM`와(과)", "`LSTM`과"),
        ("`RNN`을(를)", "`RNN`을"),
        ("`forward`은(는)", "`forward`는"),
        ("`mask`을(를)", "`mask`를"),
        ("`sigmoid`이(가)", "`sigmoid`가"),
        ("`dropout`은(는)", "`dropout`은"),
        ("`clip`을(를)", "`clip`을"),
        ("`global_norm`은(는)", "`global_norm`은"),
        ("`Affine`을(를)", "`Affine`을"),
        ("`name`은(는)", "`name`은"),
        ("`scale`(으)로", "`scale`로"),
        ("`None`이(가)", "`None`이"),
        ("`rate`이(가)", "`rate`가"),
        ("연습문제 1.3은(는)", "연습문제 1.3은"),
        ("0이(가)", "0이"),
        ("2을(를)", "2를"),
        ("float64와(과)", "float64와"),
        ("10(으)로", "10으로"),
        ("1(으)로", "1로"),
        ("서울(으)로", "서울로"),
        ("집(으)로", "집으로"),
        ("`np.zeros(3)`은(는)", "`np.zeros(3)`은"),
        ("`dxs`(이)라고", "`dxs`라고"),
        ("값(이)나", "값이나"),
        ("**답**은(는)", "**답**은"),
    ],
)
def test_the_last_sound_decides(written, read):
    assert choose_particles(f"{written} 맞습니다.") == f"{read} 맞습니다."


def test_what_is_no_particle_stays():
    text = "f(이)와 g(가)는 은(는) 것 (으)로 x = 이(가)"
    assert choose_particles("형상 (이, 가)") == "형상 (이, 가)"
    assert choose_particles(text).count("은(는)") == 1  # behind a blank nothing is read

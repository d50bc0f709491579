import pytest

from bloodstudy.analysis.comparisons.verdict import TESTED, Verdict, Word


@pytest.mark.parametrize("word", list(Word))
def test_a_verdict_rests_on_a_test_or_says_why_there_is_none(word):
    assert Verdict(word).tested == (word in ("equivalent", "improves", "harms", "not worse", "inconclusive"))
    assert Verdict(word).tested == (word in TESTED)


def test_an_open_arm_says_how_many_looks_were_held():
    assert Verdict(Word.OPEN, "2/4").text == "open 2/4"
    assert Verdict(Word.INVALID, "it has no trial of seed 3").text == "invalid"

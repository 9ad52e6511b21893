"""Every code of samples has a word, and each sentence says the same in both languages."""

from __future__ import annotations

import re

from dashboards.words_samples import (
    CRITERIA,
    DEFECTS,
    LOOKED,
    RESULTS,
    SEVERITIES,
    SHAPES,
    STATES,
    WORDS,
)
from dashboards.words_trail import LOOKS
from replay import sampled, samples


def test_every_code_has_a_word_in_both_languages() -> None:
    """Results, defects, criteria and ways of looking: no code is shown as it stands."""
    assert set(RESULTS) == set(SHAPES) == set(samples.RESULTS)
    assert set(DEFECTS) == set(samples.DEFECTS)
    assert tuple(CRITERIA) == samples.NAMES
    assert set(SEVERITIES) == set(samples.SEVERITIES)
    assert set(STATES) == {samples.OPEN, samples.CONCLUDED}
    assert set(LOOKED) == {*LOOKS, sampled.TEXTS_LOOK, sampled.FILE_LOOK}


def test_the_words_have_the_same_blanks_in_both_languages() -> None:
    """Nothing that is told in one language is missing in the other."""
    blanks = {
        key: [set(re.findall(r"{(\w+)}", text)) for text in pair] for key, pair in WORDS.items()
    }
    assert [key for key, (zh, en) in blanks.items() if zh != en] == []

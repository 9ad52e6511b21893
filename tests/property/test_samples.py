"""Samples of cases: the same seed gives the same cases, whoever draws and in whatever order."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from replay.samples import chosen

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
KEYS = st.lists(st.tuples(TEXT, TEXT), unique=True, max_size=40)
NUMBERS = st.integers(1, 50)


def redrawn(seed: str, population: list[tuple[str, str]], n: int) -> list[tuple[str, str]]:
    """Another program's drawing, from the description alone."""
    ranked = []
    for source, case_no in population:
        said = seed.encode() + b"\0" + source.encode() + b"\0" + case_no.encode()
        ranked.append((hashlib.sha256(said).hexdigest(), source, case_no))
    return [(source, case_no) for _, source, case_no in sorted(ranked)][:n]


@given(TEXT, KEYS, NUMBERS, st.randoms(use_true_random=False))
def test_the_order_in_which_cases_are_found_does_not_matter(
    seed: str, population: list[tuple[str, str]], n: int, random: object
) -> None:
    """A log read forwards, backwards or by another index gives the same sample."""
    before = chosen(seed, population, n)
    random.shuffle(population)  # type: ignore[attr-defined]
    assert chosen(seed, population, n) == before


@given(TEXT, KEYS, NUMBERS)
def test_another_program_draws_the_same(
    seed: str, population: list[tuple[str, str]], n: int
) -> None:
    """Five lines of it are enough."""
    assert chosen(seed, population, n) == redrawn(seed, population, n)


@given(TEXT, KEYS, NUMBERS, NUMBERS)
def test_a_smaller_sample_is_the_beginning_of_a_greater(
    seed: str, population: list[tuple[str, str]], one: int, other: int
) -> None:
    """To draw some more afterwards changes nothing of what was drawn; none is drawn twice."""
    less, more = sorted((one, other))
    drawn = chosen(seed, population, more)
    assert chosen(seed, population, less) == drawn[:less]
    assert len(set(drawn)) == len(drawn) == min(more, len(population))

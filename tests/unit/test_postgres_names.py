"""How names are kept in PostgreSQL, whose texts hold no NUL."""

from __future__ import annotations

from hypothesis import given as drawn
from hypothesis import strategies as st

from supervision.store.postgres_writing import given, kept

NAMES = st.text(st.sampled_from("\x00\x01\x02\x03/0a"), max_size=6)


@drawn(NAMES)
def test_a_name_is_given_back_as_it_was(name: str) -> None:
    """And what is kept holds no NUL."""
    assert given(kept(name)) == name
    assert "\0" not in kept(name)


@drawn(NAMES, NAMES)
def test_names_are_kept_in_their_order(one: str, other: str) -> None:
    """So that all streams of a case are one range, as in any store."""
    assert (kept(one) < kept(other)) == (one < other)

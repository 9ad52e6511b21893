"""Parameters written into the SQL: what fits its type, and what is refused before it is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from projections.literals import filled
from projections.warehouse import ParameterUnfit


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("String", "plain", "'plain'"),
        ("String", "it's \\ a\nline\0", "'it\\'s \\\\ a\\nline\\0'"),
        ("Int64", -(2**63), "(-9223372036854775808)"),
        ("UInt64", 2**64 - 1, "18446744073709551615"),
        ("UInt32", 14, "14"),
        ("Int8", -1, "(-1)"),
        ("Date", date(2026, 11, 20), "toDate('2026-11-20')"),
        ("Array(String)", ["a", "b'"], "cast(['a', 'b\\''], 'Array(String)')"),
        ("Array(Int64)", (), "cast([], 'Array(Int64)')"),
    ],
)
def test_a_value_of_its_type_becomes_a_literal(kind: str, value: object, expected: str) -> None:
    """As text that every version reads."""
    assert expected == filled(f"{{one:{kind}}}", {"one": value})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", 1),
        ("String", b"bytes"),
        ("String", None),
        ("String", "half a pair \ud83d"),
        ("Int64", "1 or 1"),
        ("Int64", 1.0),
        ("Int64", True),
        ("Int64", 2**63),
        ("Int8", 128),
        ("UInt32", -1),
        ("UInt64", 2**64),
        ("Date", "2026-11-20"),
        ("Date", datetime(2026, 11, 20, tzinfo=UTC)),
        ("Date", date(1969, 12, 31)),
        ("Date", date(2106, 1, 1)),
        ("Array(String)", "abc"),
        ("Array(String)", ["a", 1]),
        ("Float64", 1.5),
        ("String)", "x"),
    ],
)
def test_what_is_not_of_its_type_is_refused(kind: str, value: object) -> None:
    """By the parameter's name; the value is not told, as it may be somebody's."""
    with pytest.raises(ParameterUnfit, match="one") as refused:
        filled(f"select {{one:{kind}}}", {"one": value})
    assert "1 or 1" not in str(refused.value)


def test_a_parameter_without_a_value_is_refused() -> None:
    """Rather than sent as it stands."""
    with pytest.raises(ParameterUnfit, match="missing"):
        filled("select {one:String}", {"other": "x"})


def test_a_value_is_not_looked_at_for_parameters() -> None:
    """Whatever somebody types into a search."""
    assert "'{b:String}' 'x'" == filled("{a:String} {b:String}", {"a": "{b:String}", "b": "x"})

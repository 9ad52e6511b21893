"""Keys of source systems on the system administrator's page: limited, shown once, ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from supervision.intake.keys import Rights, keys, new_key
from supervision.store.mapping import moment
from tests.offices_town import (
    START,
    SYSTEM,
    Town,
    publish,
    shown_once,
    text_of,
    told,
    town_in,
)

pytestmark = pytest.mark.integration

KEY = {"source": "city", "expires": "90d", "departments": "whole", "kinds": "whole"}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The administrators' pages over a record of their own."""
    with town_in(tmp_path / "home") as made:
        yield made


def test_a_key_is_given_with_its_limits_and_its_secret_shown_once(town: Town) -> None:
    """The list tells what it is good for, never the secret."""
    publish(town, "公安局")
    answer = town.post(
        SYSTEM, "/keys", **KEY | {"departments": "parts", "kinds": "parts"},
        department="公安局", kind=["CaseAccepted"], signed="yes", note="一期",
    )  # fmt: skip
    secret = shown_once(answer)
    (key,) = keys(town.record)
    assert (("公安局",), ("CaseAccepted",), True, SYSTEM) == (
        key.rights.departments, key.rights.kinds, key.rights.signed, key.issued_by,
    )  # fmt: skip
    assert key.rights.expires_at == moment(START) + timedelta(days=90)
    for path in ("/keys", f"/keys/{key.id}"):
        shown = town.get(SYSTEM, path)
        assert "受理" in shown.text
        assert secret not in shown.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"source": ""}, "来源系统的名称"),
        ({"source": "x" * 201}, "来源系统的名称"),
        ({"expires": "yesterday"}, "期限须为"),
        ({"expires": "2001-01-01"}, "期限须为"),
        ({"departments": ""}, "请选择部门"),
        ({"departments": "parts"}, "请选择部门"),
        ({"kinds": ""}, "请选择事实种类"),
        ({"kinds": "parts", "kind": "NoFact"}, "没有这"),
        ({"note": "x" * 101}, "备注"),
    ],
)
def test_a_key_that_does_not_fit_is_not_given(
    town: Town, fields: dict[str, str], words: str
) -> None:
    """Any department and any kind are never given because a field was left empty."""
    answer = town.post(SYSTEM, "/keys", **KEY | fields)
    assert 422 == answer.status_code
    assert words in told(answer)
    assert [] == keys(town.record)


def test_a_key_that_ends_soon_is_marked_in_words_and_by_a_shape(town: Town) -> None:
    """Colour is not all that tells."""
    ends = {"a": timedelta(days=5), "b": timedelta(days=300), "c": -timedelta(days=1)}
    for source, end in ends.items():
        new_key(town.record, source, rights=Rights(expires_at=moment(START) + end))
    shown = text_of(town.get(SYSTEM, "/keys"))
    assert ["◆ 即将到期", "✓ 有效", "■ 已过期"] == [
        mark for mark in ("◆ 即将到期", "✓ 有效", "■ 已过期") if shown.count(mark) == 1
    ]
    assert "已过期" not in text_of(town.get(SYSTEM, "/keys?state=valid"))


def test_a_key_is_rotated_with_an_overlap_and_revoked(town: Town) -> None:
    """The old one opens for a while, then not; what is revoked is over for good."""
    old = new_key(town.record, "city", by=SYSTEM)
    answer = town.post(SYSTEM, f"/keys/{old.id}/rotate", overlap="7d", expires="365d")
    assert shown_once(answer)
    new, before = keys(town.record)
    assert (old.id, moment(START) + timedelta(days=7)) == (new.after, before.rights.expires_at)
    refused = town.post(SYSTEM, f"/keys/{old.id}/rotate", overlap="never", expires="365d")
    assert 422 == refused.status_code
    assert 303 == town.post(SYSTEM, f"/keys/{old.id}/revoke").status_code
    assert "已收回" in text_of(town.get(SYSTEM, f"/keys/{old.id}"))
    for act in ("revoke", "rotate"):
        again = town.post(SYSTEM, f"/keys/{old.id}/{act}", overlap="7d", expires="365d")
        assert (409, True) == (again.status_code, "已收回" in told(again))
    assert 404 == town.get(SYSTEM, "/keys/no-such-key").status_code

"""The case file taken from its page: by whoever may export, on record before it leaves."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from dashboards import casefile
from dashboards.casefile import Taken
from projections.chdb import ChdbEngine
from replay.checking import check
from replay.sealing import Sealer
from supervision.access import ruling
from supervision.access.events import AccessRefused, CaseFileTaken, CaseSeen, RoleGranted, TextsSeen
from supervision.access.gate import CSRF_HEADER
from supervision.access.rights import AUDITOR, INSPECTOR, MANAGER, WINDOW
from tests.access import AT, CONSOLE
from tests.filed import log_key
from tests.visitor import Visitor
from tests.whole import HOME, WATER, WOODS, Department, Whole, blank, tells_of, told, whole_at

pytestmark = pytest.mark.integration

REASON = "信访复查 2026-12"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """The application over two departments' cases, each with its cards, and everything sealed."""
    home: Path = tmp_path_factory.mktemp("casefile")
    with whole_at(home, chdb) as found:
        found.settle()
        seal(found)
        yield found


def seal(whole: Whole) -> None:
    """A checkpoint of all that is recorded."""
    sealer = Sealer(whole.record, whole.seals.folder, log_key())
    try:
        while sealer.follow():
            pass
        sealer.sign(whole.time.now())
    finally:
        sealer.close()


def at(department: Department, path: str = "/case-file", number: int = 0) -> str:
    """The address of a department's case."""
    return f"{path}?source={department.source}&case_no={department.cases[number]}"


def take(
    whole: Whole, who: Visitor, department: Department = WATER, number: int = 0, **fields: str
) -> httpx.Response:
    """The form as a browser sends it."""
    address = at(department, number=number)
    return whole.ask("POST", address, who, data={"csrf": who.csrf, "reason": "", **fields})


def told_in(answer: httpx.Response) -> str:
    """What case.json of a bundle says."""
    return zipfile.ZipFile(io.BytesIO(answer.content)).read("case.json").decode()


def taken(whole: Whole) -> list[CaseFileTaken]:
    """The files that the trail knows of."""
    return [each for each in whole.trailed() if isinstance(each, CaseFileTaken)]


def test_whoever_may_export_takes_a_file_that_is_proved(whole: Whole) -> None:
    """A ZIP to keep, by its own name, good under the log's key; masked."""
    answer = take(whole, whole.visit(MANAGER, WATER))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert f"case-{WATER.source}-{WATER.cases[0]}.zip" in answer.headers["content-disposition"]
    checked = check(answer.content, whole.seals.vkey)
    assert (checked.code, checked.findings, checked.reasons) == (0, (), ())
    assert checked.file is not None
    assert checked.file.cards
    assert WATER.text not in told_in(answer)
    assert zipfile.ZipFile(io.BytesIO(answer.content)).read("case.pdf").startswith(b"%PDF")


def test_what_was_taken_is_on_record(whole: Whole) -> None:
    """Who, which case, why, from where, and the digest of the manifest that left."""
    before = len(taken(whole))
    answer = take(whole, whole.visit(AUDITOR), reason=REASON)
    (event,) = taken(whole)[before:]
    manifest = zipfile.ZipFile(io.BytesIO(answer.content)).read("manifest.txt")
    assert event.digest == sha256(manifest).hexdigest()
    assert (event.source, event.case_no) == (WATER.source, WATER.cases[0])
    assert (event.texts, event.reason, event.address) == (False, REASON, HOME)
    assert any(isinstance(e, CaseSeen) and e.by == event.by for e in whole.trailed())


def test_the_page_tells_what_will_be_taken_and_how_to_check_it(whole: Whole) -> None:
    """In both languages: up to where the log is sealed, and the public key."""
    who = whole.visit(MANAGER, WATER)
    page = whole.ask("GET", at(WATER), who)
    assert page.status_code == 200
    assert "取卷" in page.text
    assert whole.seals.vkey.replace("+", "&#43;") in page.text or whole.seals.vkey in page.text
    english = whole.ask("GET", at(WATER) + "&lang=en", who)
    assert "Take the case file" in english.text


def test_to_ask_takes_nothing(whole: Whole) -> None:
    """The page leaves a look, and no file."""
    before = len(taken(whole))
    whole.ask("GET", at(WATER, number=1), whole.visit(INSPECTOR))
    assert len(taken(whole)) == before


def test_texts_need_their_right_and_a_reason(whole: Whole) -> None:
    """Shown to whoever may see them, on record as looked at; refused, and that on record, to who
    may not; not without saying why.
    """
    reader = whole.visit(MANAGER, WATER, texts=True)
    assert take(whole, reader, texts="yes").status_code == 422
    assert take(whole, reader, texts="yes", reason="?").status_code == 422
    answer = take(whole, reader, texts="yes", reason=REASON)
    assert WATER.text in told_in(answer)
    assert check(answer.content, whole.seals.vkey).code == 0
    looked = [each for each in whole.trailed() if isinstance(each, TextsSeen)]
    assert [(each.case_no, each.reason) for each in looked] == [(WATER.cases[0], REASON)]
    assert taken(whole)[-1].texts
    refused = take(whole, whole.visit(MANAGER, WATER), texts="yes", reason=REASON)
    assert refused.status_code == 403
    assert WATER.text not in refused.text
    assert any(isinstance(e, AccessRefused) and "texts" in e.what for e in whole.trailed())


def test_texts_need_the_right_over_whose_case_it_is_by_then(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was given to another department while its file was made: exported it may be, its texts
    are not shown; refused and on record.
    """
    who = whole.visit(AUDITOR, person="both")
    granted = RoleGranted(
        at=AT, by=CONSOLE, person="both", role=MANAGER, units=(WATER.name,), texts=True
    )
    whole.office.rule(lambda people, _: ruling.grant(people, granted))
    assert take(whole, who, texts="yes", reason=REASON).status_code == 200

    def moved(*given: Any, **options: Any) -> Taken | None:
        made = casefile.take(*given, **options)
        return made and made._replace(file=replace(made.file, department=WOODS.name))

    monkeypatch.setattr("dashboards.forms.casefile.take", moved)
    before = len(taken(whole))
    refused = take(whole, who, texts="yes", reason=REASON)
    assert refused.status_code == 403
    assert WATER.text not in refused.text
    assert len(taken(whole)) == before
    assert any(isinstance(e, AccessRefused) and e.by == "both" for e in whole.trailed())
    assert take(whole, who).status_code == 200


def test_another_departments_case_is_one_that_does_not_exist(whole: Whole) -> None:
    """Page and file answer as for a number that nobody has, and the try is on record."""
    who = whole.visit(MANAGER, WATER)
    before = len(taken(whole))
    for method in ("GET", "POST"):
        data = {"csrf": who.csrf, "reason": ""} if method == "POST" else None
        theirs = whole.ask(method, at(WOODS), who, data=data)
        nobodys = whole.ask(method, "/case-file?source=linye&case_no=none", who, data=data)
        assert theirs.status_code == nobodys.status_code == 404
        asked = (WOODS.source, WOODS.cases[0], "none")
        assert blank(theirs, *asked) == blank(nobodys, *asked)
        assert tells_of(theirs, WOODS) == []
    assert len(taken(whole)) == before
    assert any(
        isinstance(e, AccessRefused) and e.why == "another department" for e in whole.trailed()
    )


def test_a_window_takes_no_file(whole: Whole) -> None:
    """It sees cases, and exports none; nor does its case page lead there."""
    who = whole.visit(WINDOW, WATER)
    assert take(whole, who).status_code == 403
    assert whole.ask("GET", at(WATER), who).status_code == 403
    case = f"/case/{WATER.source}/{WATER.cases[0]}"
    assert "/case-file?" not in told(whole.page(who, case))
    assert "/case-file?" in told(whole.page(whole.visit(MANAGER, WATER), case))


def test_a_form_of_another_site_takes_nothing(whole: Whole) -> None:
    """Without the session's token, or from another origin."""
    who = whole.visit(MANAGER, WATER)
    before = len(taken(whole))
    data = {"csrf": "guessed", "reason": ""}
    for headers in ({CSRF_HEADER: "guessed"}, {"Origin": "https://elsewhere.example"}):
        assert whole.ask("POST", at(WATER), who, data=data, headers=headers).status_code == 403
    assert len(taken(whole)) == before


def test_what_came_after_the_checkpoint_is_not_called_proved(whole: Whole) -> None:
    """Texts erased just now: the file is good, and tells which event is not sealed yet."""
    whole.record.erase(WATER.source, WATER.cases[2], "admin", "依法")
    answer = take(whole, whole.visit(MANAGER, WATER), number=2)
    checked = check(answer.content, whole.seals.vkey)
    assert (checked.code, checked.findings) == (3, ())
    assert checked.file is not None
    (young,) = checked.file.unsealed
    assert next(e for e in checked.file.events if e.position == young).kind == "TextErased"
    assert json.loads(told_in(answer))["events"][0]["sealed"]
    seal(whole)
    again = take(whole, whole.visit(MANAGER, WATER), number=2)
    assert check(again.content, whole.seals.vkey).code == 0

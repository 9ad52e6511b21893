"""Cases as XES: every event, as the standard has it, and its facts readable again as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from replay.exporting import CaseEvents
from replay.ocel_export import EVENTS
from replay.xes_export import xes
from supervision.facts import Actor, Fact, StepCompleted
from supervision.intake.applying import Applier, OpenCase, Refusal, Told
from supervision.intake.mapping import MappingWrong, load_mapping
from supervision.intake.reading import CORRECTABLE, FORMS, NUMBERS, SAYS, Form, read_fact
from supervision.intake.xes import read_xes
from supervision.record import APPLICANT, Incoming
from supervision.store.mapping import decode, encode
from supervision.store.stored import Stored
from supervision.streams import facts_stream
from tests.court import fact

EXAMPLES = Path(__file__).parents[2] / "examples" / "xes"
GOLDEN = Path(__file__).parents[1] / "golden"
SOURCE, CASE_NO = "示范/系统", "办件 100%"
NS = "{http://www.xes-standard.org/}"
VALUE_TYPES: dict[str, Any] = {
    "string": str,
    "date": lambda text: datetime.fromisoformat(text).utcoffset(),
    "int": int,
    "boolean": {"true": True, "false": False}.__getitem__,
}


def golden(kind: str) -> Stored:
    """The recorded event of a kind."""
    kept = msgspec.json.decode((GOLDEN / f"envelope-{kind}.json").read_bytes())
    return Stored(
        kept["position"],
        kept["stream"],
        kept["version"],
        kept["topic"],
        kept["recorded_at"],
        kept["payload"].encode(),
    )


def stored(event: Fact, position: int = 1, at: int = 1_795_138_200_000_007) -> Stored:
    """A fact as the log has it."""
    stream = facts_stream(event.source, event.case_no)
    return Stored(position, stream, position, *encode(event)[:1], at, encode(event)[1])


def case_of(*events: Stored) -> CaseEvents:
    return CaseEvents(SOURCE, CASE_NO, list(events))


def with_opinion() -> Fact:
    """A step of which an opinion lies in the vault."""
    step = fact("StepCompleted", "2026-03-02", step="审核")
    return replace(step, texts=("opinion",), sealed="digest")


def tree(*cases: CaseEvents, **how: Any) -> Any:
    """The file, parsed by another's parser."""
    return etree.fromstring(b"".join(xes(cases, **how)))


def said(node: Any) -> dict[str, str]:
    """The attributes of a trace or an event; none stands twice."""
    pairs = [(a.get("key"), a.get("value")) for a in node if etree.QName(a).localname != "event"]
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def only_event(event: Stored, **how: Any) -> dict[str, str]:
    """What the file says of one event."""
    (node,) = tree(case_of(event), **how).iter(f"{NS}event")
    return said(node)


EVERY = case_of(*(golden(kind) for kind in EVENTS))


def test_every_kind_of_event_stands_in_its_case_in_order_of_time() -> None:
    """Facts, links, acts of cards and desks, notices: each once, under its name for good."""
    events = [said(node) for node in tree(EVERY).iter(f"{NS}event")]
    assert sorted(EVENTS) == sorted(each["supervision:event"] for each in events)
    times = [datetime.fromisoformat(each["time:timestamp"]) for each in events]
    assert times == sorted(times)
    families = {each["supervision:event"]: each["supervision:family"] for each in events}
    assert {families[kind] for kind in FORMS} == {"facts"}
    assert [families[kind] for kind in ("CaseLinked", "CardIssued", "CardExplained", "CardTold")]\
        == ["links", "cards", "desk", "notices"]  # fmt: skip


def test_a_fact_that_came_late_stands_where_it_happened() -> None:
    """Not where it was recorded."""
    late = stored(fact("ApplicationReceived", "2026-03-02", id="late"), 2)
    early = stored(fact("CaseAccepted", "2026-03-03", id="early"), 1)
    events = [said(node) for node in tree(case_of(early, late)).iter(f"{NS}event")]
    assert [each["concept:instance"] for each in events] == ["late", "early"]


def test_a_fact_that_a_department_reported_alone_carries_a_cloudevent() -> None:
    """What supervision finds by itself, the link of a case included, is not to be sent again."""
    events = [said(node) for node in tree(EVERY).iter(f"{NS}event")]
    carriers = {e["supervision:event"] for e in events if "supervision:cloudevent" in e}
    assert carriers == set(FORMS)


def test_an_event_of_another_kind_is_none_of_the_case() -> None:
    """A list, say, is passed over."""
    assert list(tree(case_of(golden("ItemPublished"))).iter(f"{NS}event")) == []


def test_a_fact_is_told_with_who_did_it_when_it_happened_and_when_it_was_recorded() -> None:
    """In the words of the standard's extensions, with the offset that the source reported."""
    event = golden("StepCompleted")
    step = event.event
    assert isinstance(step, StepCompleted)
    expected = {
        "concept:name": step.step,
        "concept:instance": step.id,
        "time:timestamp": step.occurred_at.isoformat(),
        "lifecycle:transition": "complete",
        "org:resource": step.actor.id,
        "org:role": step.actor.post,
        "org:group": step.actor.department,
        "supervision:event": "StepCompleted",
        "supervision:family": "facts",
        "supervision:recorded_at": "2026-11-20T01:30:00.000007+00:00",
        "supervision:position": str(event.position),
        "supervision:result": step.result,
    }
    found = only_event(event)
    assert {key: found[key] for key in expected} == expected
    assert found["time:timestamp"].endswith("+08:00")


def test_the_file_is_laid_out_as_the_standard_wants_it() -> None:
    """Extensions, globals, classifiers, attributes, traces; values of their types; NCNames."""
    log = tree(EVERY)
    order = [etree.QName(node).localname for node in log]
    assert order == [*["extension"] * 5, *["global"] * 2, *["classifier"] * 3, "string", "trace"]
    assert log.get("xes.version") == "1849.2016"
    prefixes = {node.get("prefix") for node in log.iter(f"{NS}extension")}
    every = {node.get("key") for node in log.find(f"{NS}global[@scope='event']")}
    for node in log.iter(f"{NS}classifier"):
        assert re.fullmatch(r"\w+", node.get("name"))
        assert set(node.get("keys").split()) <= every
    for event in log.iter(f"{NS}event"):
        assert every <= set(said(event))
    for trace in log.iter(f"{NS}trace"):
        assert {n.get("key") for n in log.find(f"{NS}global[@scope='trace']")} <= set(said(trace))
    for node in log.iter(*(f"{NS}{kind}" for kind in VALUE_TYPES)):
        assert VALUE_TYPES[etree.QName(node).localname](node.get("value")) is not None
        assert node.get("key").partition(":")[0] in prefixes
        assert re.fullmatch(r"[a-z]+:[a-z_.]+", node.get("key"))


def test_every_attribute_of_ours_is_defined_in_the_extension() -> None:
    """Under its key and with its type, for traces and for events."""
    extension = etree.parse(EXAMPLES / "supervision.xesext").getroot()
    declared = {
        (level, f"supervision:{node.get('key')}"): node.tag
        for level in ("trace", "event")
        for node in extension.find(level)
    }
    log = tree(EVERY, texts=lambda event: dict.fromkeys(event.texts, "x"))
    assert extension.get("uri") == log.find(f"{NS}extension[@prefix='supervision']").get("uri")
    used = {
        (etree.QName(node.getparent()).localname, node.get("key")): etree.QName(node).localname
        for level in ("trace", "event")
        for parent in log.iter(f"{NS}{level}")
        for node in parent
        if (node.get("key") or "").startswith("supervision:")
    }
    assert {key: declared.get(key) for key in used} == used


def test_texts_are_told_only_to_whom_they_are_opened() -> None:
    """Otherwise the file names which were given."""
    event = with_opinion()
    closed = only_event(stored(event))
    assert closed["supervision:texts"] == "opinion"
    assert "同意" not in str(closed)
    opened = only_event(stored(event), texts=lambda _: {"opinion": "同意"})
    assert opened["supervision:text.opinion"] == "同意"
    assert json.loads(opened["supervision:cloudevent"])["data"]["opinion"] == "同意"
    assert "supervision:text.opinion" not in only_event(stored(event), texts=lambda _: None)


def test_what_is_no_xml_is_told_in_the_cloudevent_alone() -> None:
    """Control characters are U+FFFD in single attributes; line breaks and quotes stay."""
    event = with_opinion()
    weird = 'a\ufffeb\x0b"<]]>&\r\n\t\U0001f600'
    found = only_event(stored(event), texts=lambda _: {"opinion": weird})
    assert found["supervision:text.opinion"] == 'a\ufffdb\ufffd"<]]>&\r\n\t\U0001f600'
    assert json.loads(found["supervision:cloudevent"])["data"]["opinion"] == weird


def test_a_trace_has_the_number_of_its_case_and_among_several_sources_theirs_before_it() -> None:
    """For two sources may give two cases one number."""
    (alone,) = tree(EVERY).iter(f"{NS}trace")
    (among,) = tree(EVERY, several=True).iter(f"{NS}trace")
    assert said(alone)["concept:name"] == CASE_NO
    assert said(among)["concept:name"] == f"{SOURCE}/{CASE_NO}"
    assert said(among)["supervision:case_no"] == CASE_NO


def test_a_trace_names_the_item_and_the_department_of_the_corrected_facts() -> None:
    """Neither what was corrected nor what was voided, in whatever order the events come; the
    event itself stays as it was reported.
    """
    void = fact("ApplicationReceived", "2026-03-01", id="v", item="v", actor=Actor(department="丙"))
    received = fact("ApplicationReceived", "2026-03-02", id="r", actor=Actor(department="甲局"))
    says = {"item": "NEW", "actor": {"department": "乙局"}}
    corrections = [
        fact("FactCorrected", "2026-03-03", id="c1", item="", corrects="r", says=says),
        fact("FactCorrected", "2026-03-03", id="c2", item="", corrects="v", void=True),
    ]
    events = [stored(e, n, n) for n, e in enumerate((void, received, *corrections), 1)]
    (trace,) = tree(case_of(*reversed(events))).iter(f"{NS}trace")
    assert said(trace)["supervision:item"] == "NEW"
    assert said(trace)["supervision:department"] == "乙局"
    groups = [said(event).get("org:group", "") for event in trace.iter(f"{NS}event")]
    assert groups == ["丙", "甲局", "", ""]


def test_one_case_is_held_at_a_time() -> None:
    """Cases are asked for when those before them are written."""
    asked: list[int] = []

    def cases() -> Iterator[CaseEvents]:
        for n in range(3):
            asked.append(n)
            yield EVERY

    pieces = xes(cases())
    next(pieces)
    assert asked == []
    next(pieces)
    assert asked == [0]


# Back into the intake.

WEIRD = "&<>\"'=]>\\/ \u00a0\u0301\u200d\u2009办㎡Ａ\U0001f600\U0001fffe\ufffe\uffff无"
SIGN = st.sampled_from(WEIRD) | st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
WORD = st.lists(SIGN, min_size=1, max_size=6).map("".join).filter(lambda text: not text.isspace())
TEXT = st.lists(SIGN | st.sampled_from("\n\r\t\u2028"), max_size=12).map("".join)
OFFSET = st.integers(-14 * 60, 14 * 60).map(lambda n: timezone(timedelta(minutes=n)))
TIME = st.datetimes(datetime(1971, 1, 1), datetime(2998, 1, 1), timezones=OFFSET)  # noqa: DTZ001
ACTOR = st.fixed_dictionaries({}, optional={"id": WORD, "post": WORD, "department": WORD})


def values_of(name: str, form: Form) -> st.SearchStrategy[Any]:
    """What a field of a fact may hold, as a sender says it."""
    hint = form.types.get(name)
    if name == APPLICANT:
        return TEXT | st.dictionaries(WORD, TEXT, max_size=3)
    if name in form.private:
        return TEXT
    if name == SAYS:
        return corrections()
    if name in NUMBERS:
        return st.integers(*NUMBERS[name])
    if name == "actor":
        return ACTOR
    if hint is bool:
        return st.booleans()
    if "datetime" in str(hint):
        return TIME.map(datetime.isoformat)
    return st.lists(WORD, max_size=4) if name == "materials" else WORD


def corrections() -> st.SearchStrategy[Any]:
    """What a correction may say of fields of several types and of free texts."""
    step, received = FORMS["StepCompleted"], FORMS["ApplicationReceived"]
    public = {name: values_of(name, step) for name in ("step", "occurred_at", "actor", "item")}
    public |= {"materials": values_of("materials", received)}
    assert public.keys() <= CORRECTABLE.keys()
    private = {"opinion": TEXT, APPLICANT: values_of(APPLICANT, received)}
    return st.fixed_dictionaries({}, optional=public | private)


@st.composite
def reported(draw: st.DrawFn, kind: str) -> Incoming:
    """A fact of a kind as a department may report it, and its texts."""
    form = FORMS[kind]
    names = sorted(form.public | form.private)
    fields = {name: values_of(name, form) for name in names}
    always = {name: fields.pop(name) for name in sorted(form.required)}
    says = draw(st.fixed_dictionaries(always, optional=fields))
    return read_fact(kind, says, history=draw(st.booleans()))


def read_again(folder: Path, data: bytes, *, history: bool = False) -> tuple[Any, list[Refusal]]:
    """What the example's mapping makes of a file."""
    path = folder / "log.xes"
    path.write_bytes(data)
    applier = Applier(load_mapping(EXAMPLES / "mapping.toml"), history=history)
    case, refusals = OpenCase("1", 1), []
    for row in read_xes(path):
        refusals += applier.take(row, case)
    told: list[Told] = applier.close(case)[0]
    return [each.incoming for each in told], refusals


@pytest.mark.parametrize("kind", sorted(FORMS))
@given(st.data())
@settings(max_examples=30)
def test_every_fact_that_was_exported_is_imported_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    """Whatever its kind, fields and texts; history where the import says so."""
    incoming = data.draw(reported(kind))
    kept, private = incoming
    event = replace(kept, texts=tuple(sorted(private)), sealed="digest")
    case = CaseEvents(kept.source, kept.case_no, [stored(event)])
    folder = tmp_path_factory.mktemp("export")
    opened = b"".join(xes([case], texts=lambda _: private))
    assert read_again(folder, opened, history=kept.history) == ([incoming], [])
    without = b"".join(xes([case]))
    assert read_again(folder, without, history=kept.history) == ([Incoming(kept, {})], [])


def test_of_an_exported_case_the_facts_alone_are_imported(tmp_path: Path) -> None:
    """Acts, notices and links are passed over: supervision finds them again by itself."""
    kinds = [decode(each.topic, each.payload) for each in EVERY.events if each.topic[:-2] in FORMS]
    told, refusals = read_again(tmp_path, b"".join(xes([EVERY])))
    assert refusals == []
    assert sorted(type(each.fact).__name__ for each in told) == sorted(
        type(each).__name__ for each in kinds
    )


def test_a_fact_without_its_cloudevent_is_refused(tmp_path: Path) -> None:
    """As another program may have left it out: it is not passed over in silence."""
    data = b"".join(xes([case_of(golden("CaseAccepted"))]))
    data = re.sub(rb'<string key="supervision:cloudevent".*?/>', b"", data)
    _, refusals = read_again(tmp_path, data)
    assert [each.reason for each in refusals] == [
        "supervision:cloudevent is empty: no fact is there"
    ]


def mapping_of(folder: Path, text: str) -> Any:
    path = folder / "mapping.toml"
    path.write_text(text)
    return load_mapping(path)


WHOLE = '[case]\ncase_no = "no"\n[cloudevent]\ncolumn = "fact"\n'


def test_of_whole_facts_those_of_another_source_are_refused_where_one_is_named(
    tmp_path: Path,
) -> None:
    """Without a name of a source every source's are taken."""
    path = tmp_path / "log.xes"
    data = b"".join(xes([case_of(golden("CaseAccepted"))]))
    path.write_bytes(data.replace(b"supervision:cloudevent", b"fact"))
    (row,) = read_xes(path)
    named = Applier(mapping_of(tmp_path, f'format = "xes"\nsource = "q"\n{WHOLE}'))
    (refused,) = named.take(row, OpenCase("1", 1))
    assert refused.reason == "source: the key is that of 'q'"
    any_of_them = Applier(mapping_of(tmp_path, f'format = "xes"\n{WHOLE}'))
    assert any_of_them.take(row, OpenCase("1", 1)) == []


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (
            'zone = "Asia/Shanghai"\n',
            "",
            "cloudevent: holds whole facts: zone would change nothing",
        ),
        ("", '[unmapped]\nas = "step"\n', "holds whole facts: unmapped would change nothing"),
        ("", '[event]\nid = "id"\n', "holds whole facts: event would change nothing"),
        ("", "only = 3\n", "cloudevent.only: must be a table of columns and what they must say"),
        ("", 'colum = "x"\n', "cloudevent: no key 'colum'; did you mean column?"),
    ],
)
def test_a_mapping_of_whole_facts_says_nothing_of_their_parts(
    tmp_path: Path, before: str, after: str, why: str
) -> None:
    """For it would have no effect; the message names the key."""
    with pytest.raises(MappingWrong, match=re.escape(why)):
        mapping_of(tmp_path, before + WHOLE + after)

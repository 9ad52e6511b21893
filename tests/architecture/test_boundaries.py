"""The folders are the architecture: imports go one way, and the judgement touches nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "supervision": {"supervision"},
    "projections": {"supervision", "projections"},
    "alerts": {"supervision", "alerts"},
    "replay": {"supervision", "projections", "alerts", "replay"},
    "dashboards": {"supervision", "projections", "alerts", "replay", "dashboards"},
    "supervision/runners": {"supervision", "projections", "alerts", "replay", "dashboards"},
}
OURS = ("supervision", "projections", "alerts", "replay", "dashboards")
PURE = {
    "__future__", "ast", "bisect", "calendar", "collections", "collections.abc", "datetime",
    "functools", "graphlib", "hashlib", "itertools", "typing", "zoneinfo", "msgspec",
    "msgspec.structs",
}  # fmt: skip
IMPURE_CALLS = {
    "open", "input", "print", "exec", "eval", "__import__", "now", "today", "utcnow",
    "time_ns", "monotonic", "perf_counter", "random", "randrange", "choice", "uuid1", "uuid4",
    "getenv", "getLogger", "sleep", "urandom", "token_hex",
}  # fmt: skip
IMPURE_NAMES = {"os", "sys", "random", "secrets", "uuid", "logging", "socket", "pathlib"}
TIME_READERS = {"supervision/clock.py", "supervision/runners"}
CLOCKS = {"now", "today", "utcnow", "time_ns", "monotonic", "perf_counter", "clock_gettime_ns"}


def modules(folder: str) -> Iterator[Path]:
    """The Python files of a folder."""
    return (path for path in sorted((ROOT / folder).rglob("*.py")))


def imported(path: Path) -> Iterator[str]:
    """The full names that a file imports, relative ones resolved."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*base, *(node.module or "").split(".")]).strip(".")


def called(path: Path) -> Iterator[str]:
    """The last names of what a file calls."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr


def folder_of(path: Path) -> str:
    name = path.relative_to(ROOT).as_posix()
    return "supervision/runners" if name.startswith("supervision/runners/") else name.split("/")[0]


@pytest.mark.parametrize("folder", OURS)
def test_imports_go_one_way(folder: str) -> None:
    """supervision ← projections, alerts ← replay ← dashboards ← supervision/runners."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for name in imported(path)
        if name.split(".")[0] in OURS and name.split(".")[0] not in MAY_IMPORT[folder_of(path)]
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", OURS)
def test_nothing_but_a_runner_imports_a_runner(folder: str) -> None:
    """The runners wire; nobody leans on them."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for name in imported(path)
        if name.startswith("supervision.runners") and folder_of(path) != "supervision/runners"
    ]
    assert wrong == []


JUDGEMENT = [
    *sorted((ROOT / "supervision/judgement").glob("*.py")),
    ROOT / "supervision/facts.py",
    ROOT / "supervision/acts.py",
    ROOT / "supervision/lists.py",
]


@pytest.mark.parametrize("path", JUDGEMENT, ids=lambda path: path.stem)
def test_the_judgement_is_pure(path: Path) -> None:
    """No clock, no randomness, no file, no environment, no log; imports from a list alone."""
    names = {
        name
        for name in imported(path)
        if not name.startswith(
            ("supervision.judgement", "supervision.facts", "supervision.acts", "supervision.lists")
        )
    } - {"supervision"}
    assert names <= PURE, names - PURE
    assert set(called(path)) & IMPURE_CALLS == set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} & IMPURE_NAMES == set()


def test_only_the_clock_and_the_runners_read_a_clock() -> None:
    """Time is data: whoever needs it is given it. What measures a duration says so here."""
    measures = {
        "supervision/intake/importing.py": {"perf_counter"},
        "supervision/intake/http.py": {"time", "monotonic"},
        "dashboards/producer.py": {"monotonic", "time"},
        "dashboards/live.py": {"time"},
    }
    wrong = []
    for folder in OURS:
        for path in modules(folder):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(tuple(TIME_READERS)):
                continue
            found = set(called(path)) & (CLOCKS | {"time_ns"}) - measures.get(name, set())
            wrong += [f"{name} calls {call}" for call in sorted(found)]
    assert wrong == []


def test_a_long_file_says_why_at_its_top() -> None:
    """Above 400 lines a module's docstring must give the reason."""
    long = [
        path.relative_to(ROOT).as_posix()
        for folder in OURS
        for path in modules(folder)
        if len(text := path.read_text(encoding="utf-8").splitlines()) > 400
        and "lines:" not in "\n".join(text[:12])
    ]
    assert long == []

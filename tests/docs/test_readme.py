"""The README is true: what it tells to type is typed here, in its order, in a home of its own.

A block marked `sh no-test` is left out: it needs what is not here. `make` is not run, but what
it is asked for must be a target.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.product import SUPERVISE, Product, stats, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT.parent / "shared" / "data" / "receipt.csv"
FENCED = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOME = re.compile(r"^export SUPERVISION_HOME=(\S+)$", re.MULTILINE)
RUN = re.compile(r"^supervise run *(.*)$", re.MULTILINE)
ADDRESS = "127.0.0.1:8050"


class Block(NamedTuple):
    """A fenced part of the README."""

    kind: str
    text: str


class Typed(NamedTuple):
    """What became of a block."""

    code: int
    told: str


def blocks(name: str) -> list[Block]:
    """All fenced parts, in order."""
    return [Block(*found) for found in FENCED.findall((ROOT / name).read_text(encoding="utf-8"))]


def typed_in(name: str) -> list[str]:
    """The blocks to be typed."""
    return [block.text for block in blocks(name) if block.kind == "sh"]


def of_receipt(text: str) -> bool:
    """Whether a block needs the receipt log."""
    return "RECEIPT.csv" in text or "case-10011" in text


class Reader:
    """Somebody who follows the README in a new folder, with one product running at most."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "var"
        self.product: Product | None = None
        self._make_folder()

    def _make_folder(self) -> None:
        (self.folder / "examples").symlink_to(ROOT / "examples")
        if RECEIPT.exists():
            (self.folder / "RECEIPT.csv").symlink_to(RECEIPT)
        command = self.folder / ".venv" / "bin" / "supervise"
        command.parent.mkdir(parents=True)
        command.write_text(f'#!/bin/sh\nexec {" ".join(SUPERVISE)} "$@"\n')
        command.chmod(0o755)

    def type(self, text: str) -> Typed:
        """Do what a block says; `supervise run` goes on behind the following blocks."""
        if home := HOME.search(text):
            self.home = self.folder / home[1]
        if run := RUN.search(text):
            self.stop()
            self.product = Product(self.home, *run[1].split())
            self.product.start()
            return Typed(0, "")
        if "supervise rebuild" in text:
            self.stop()
        port = f"127.0.0.1:{self.product.port}" if self.product else ADDRESS
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text.replace(ADDRESS, port)],
            cwd=self.folder,
            env={
                **os.environ,
                "SUPERVISION_HOME": str(self.home),
                "PATH": f"{self.folder}/.venv/bin:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Typed(done.returncode, done.stdout + done.stderr)

    def stop(self) -> None:
        """End the product, if one runs."""
        if self.product:
            self.product.stop()


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Typed]]:
    """Every block that can be typed here, and what became of it."""
    reader = Reader(tmp_path_factory.mktemp("readme"))
    typed: dict[str, Typed] = {}
    try:
        for text in typed_in("README.md"):
            if not text.startswith("make ") and (RECEIPT.exists() or not of_receipt(text)):
                typed[text] = reader.type(text)
            if of_receipt(text) and RECEIPT.exists():
                until(lambda: stats(reader.home)["cards"].get("red"), "the red cards")
                counts = stats(reader.home)
                typed["counts"] = Typed(0, f"{counts['late_concluded']} {counts['cards']['red']}")
        yield typed
    finally:
        reader.stop()


def test_every_command_works(followed: dict[str, Typed]) -> None:
    """None of the blocks ends with an error."""
    assert len(followed) >= 8
    assert {text: typed.told for text, typed in followed.items() if typed.code} == {}


def test_what_is_shown_is_what_comes(followed: dict[str, Typed]) -> None:
    """The answers that the page shows below a command are those that the command gives."""
    shown = blocks("README.md")
    pairs = [(a, b) for a, b in pairwise(shown) if a.text in followed]
    compared = 0
    for command, answer in pairs:
        if answer.kind in ("text", "json"):
            told = " ".join(without_positions(followed[command.text].told).split())
            for line in without_positions(answer.text).splitlines():
                if line.strip() != "…":
                    assert " ".join(line.split()) in told
                    compared += 1
    assert compared > 5


def without_positions(text: str) -> str:
    """Positions in the log depend on how many lists the product brings."""
    return re.sub(r'"position":\d+', '"position":N', text)


@pytest.mark.skipif(not RECEIPT.exists(), reason="the receipt log is not here")
def test_the_real_log_shows_what_the_page_says(followed: dict[str, Typed]) -> None:
    """1,434 cases, 8,577 steps, 377 late, 105 open and 482 red cards."""
    told = next(typed.told for text, typed in followed.items() if of_receipt(text))
    for number in ("1,434", "8,577", "377", "105"):
        assert number in told
    assert "'legal': 377" in followed["counts"].told
    assert "482" in followed["counts"].told
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    for number in ("1,434", "8,577", "377", "105", "482"):
        assert number in page


def test_make_has_the_targets() -> None:
    """Whatever `make` is asked for is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = [text.split()[1:] for text in typed_in("README.md") if text.startswith("make ")]
    assert asked
    assert {word for words in asked for word in words} <= targets


def test_both_languages_have_the_same_blocks() -> None:
    """What is typed does not depend on the language."""
    kinds = ("sh", "sh no-test", "json")
    english, chinese = (
        [block for block in blocks(name) if block.kind in kinds]
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english == chinese


def test_every_link_leads_to_a_file() -> None:
    """Links and pictures within the project exist."""
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        targets = [t for t in re.findall(r"\]\(([^)]+)\)", text) if "://" not in t]
        assert len(targets) > 4
        assert [target for target in targets if not (ROOT / target).exists()] == []

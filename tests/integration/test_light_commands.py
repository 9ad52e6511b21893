"""A command imports what it needs: what only the wall and its papers need comes with them alone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("dash", "dash_ag_grid", "plotly", "weasyprint", "docx", "pandas", "numpy", "uvicorn")
"""Libraries of the wall, of papers and of the web server; together some seconds to import."""
ASKED = """
import json, sys
from supervision.runners.cli import main
main(json.loads(sys.argv[1]), standalone_mode=False)
print()
print(json.dumps([name for name in json.loads(sys.argv[2]) if name in sys.modules]))
"""


def imported_by(*words: str) -> list[str]:
    """Which of the heavy libraries a process of its own has imported when the command is over."""
    said = subprocess.run(
        [sys.executable, "-c", ASKED, json.dumps(words), json.dumps(HEAVY)],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    found: list[str] = json.loads(said.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("verify", "--help"),
        ("case", "--help"),
        ("replay", "--help"),
        ("seal", "--help"),
        ("deadline", "--start", "2026-02-09", "--limit", "20wd"),
    ],
    ids=" ".join,
)
def test_help_and_light_commands_import_nothing_of_the_wall(words: tuple[str, ...]) -> None:
    """An operator who asks what there is, or for a deadline, does not wait for the wall."""
    assert imported_by(*words) == []

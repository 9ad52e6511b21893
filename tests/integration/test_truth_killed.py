"""A server that is killed while it shows what truly was leaves neither processes nor folders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from supervision.clock import SteppedClock
from supervision.facts import instant
from supervision.record import Record
from tests.access import AT
from tests.product import until
from tests.whole import _begin

pytestmark = pytest.mark.integration

SHOWING = """
import sys, time
from pathlib import Path
from dashboards.truth_walls import true_walls
from supervision.clock import SystemClock
from supervision.record import Record

if __name__ == "__main__":
    walls = true_walls(Record(Path(sys.argv[1]), SystemClock()), "Asia/Shanghai", processes=0)
    print(walls._process.pid, flush=True)
    time.sleep(600)
"""
DERIVING = """
import os, sys, time
from pathlib import Path
from replay.every_case import Keys, over_cases
from supervision.clock import SystemClock
from supervision.record import Record

def make(given):
    def work(cases):
        print(os.getpid(), flush=True)
        time.sleep(600)
    return work

if __name__ == "__main__":
    record = Record(Path(sys.argv[1]), SystemClock())
    list(over_cases(record, Keys(record), make, None, 1))
"""


def is_there(pid: int) -> bool:
    """Whether a process lives; one that is dead and not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("script", [SHOWING, DERIVING], ids=["showing", "deriving"])
def test_a_killed_server_leaves_nothing_behind(tmp_path: Path, script: str) -> None:
    """Its process ends by itself, whatever it is at, and takes its folder along."""
    record = Record(tmp_path / "home", SteppedClock(instant(AT)))
    _begin(record)
    record.close()
    (tmp_path / "tmp").mkdir()
    program = tmp_path / "program.py"
    program.write_text(script)
    server = subprocess.Popen(
        [sys.executable, str(program), str(tmp_path / "home")],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    assert is_there(pid)
    os.kill(server.pid, signal.SIGKILL)
    server.wait(20)
    server.stdout.close()
    until(lambda: not is_there(pid), "the process to end")
    assert not any((tmp_path / "tmp").glob("supervise-truth-*"))

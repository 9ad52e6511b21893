"""What the fault tests counted is told at the end, passed or not."""

from __future__ import annotations

from _pytest.terminal import TerminalReporter

COUNTED = ": facts sent "


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Facts sent, acknowledged and stored, cards issued and shown, for each fault."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    lines = [
        line
        for report in reports
        if report.when == "call"
        for line in report.capstdout.splitlines()
        if COUNTED in line
    ]
    if lines:
        terminalreporter.section("counts")
        for line in lines:
            terminalreporter.line(line)

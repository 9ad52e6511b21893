"""The servers in the foreground: `python -m tools.services up`, or `make services`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from .kafka import jars
from .server import HOST, ServerError, write_private
from .together import Ports, Services

ENVIRONMENT = "environment"
"""In the folder: the settings, to be read by a shell."""
PARTS = ("日志 · the log", "数据仓 · the warehouse", "消息 · the messages")
"""What each of the three is for, in their order."""
GLANCE = 1.0
"""Seconds between two looks whether all three still run."""


def words() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(prog="python -m tools.services", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("fetch", help="have Maven fetch Kafka's jars, if they are not here")
    up = what.add_parser("up", help="start all three, tell how to reach them, stop at Ctrl-C")
    up.add_argument("--folder", type=Path, default=Path("var/services"), help="of their data")
    for name in Ports._fields:
        up.add_argument(f"--{name}-port", type=int, help="default: that of last time, or any free")
    return parser.parse_args()


def exports(services: Services) -> str:
    """The settings, a line each."""
    return "".join(f"export {name}='{value}'\n" for name, value in services.settings().items())


def overview(services: Services) -> str:
    """What runs where, for people."""
    lines = [
        f"  {server.name:<10} {HOST}:{server.port}  {server.log}  {does}"
        for server, does in zip(services.all, PARTS, strict=True)
    ]
    return "\n".join(
        [
            "",
            "服务已就绪，仅本机可访问，数据保留在以下目录。",
            f"Ready, for this machine only; the data stays in {services.folder}",
            *lines,
            "在另一个终端载入以上设置 · In another terminal, for these settings:",
            f"  . {services.folder / ENVIRONMENT}",
            "按 Ctrl-C 停止 · Ctrl-C stops them",
        ]
    )


def up(services: Services) -> None:
    """Start them, tell, and wait. ServerError if one ends by itself, KeyboardInterrupt if told."""
    services.start()
    try:
        write_private(services.folder / ENVIRONMENT, exports(services))
        print(exports(services) + overview(services), flush=True)
        while all(server.running for server in services.all):
            time.sleep(GLANCE)
        ended = next(server for server in services.all if not server.running)
        raise ServerError(f"{ended.name} ended by itself: {ended.log} says why")
    finally:
        services.stop()


def main() -> int:
    """0 once stopped by Ctrl-C, SIGTERM or the terminal's end; 1 if something is wrong."""
    typed = words()
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    try:
        if typed.what == "fetch":
            jars()
            return 0
        ports = {name: getattr(typed, f"{name}_port") for name in Ports._fields}
        up(Services(typed.folder, Ports(**ports)))
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已停止 · Stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

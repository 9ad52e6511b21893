"""Into the warehouse of a home whose product is stopped: a hundred thousand cards, invented by the
engine as blocks of rows. They stand in no log: the grid shows them, and none can be opened.

    python -m tests.browser.many_cards HOME
"""

from __future__ import annotations

import sys
from pathlib import Path

from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.warehouse import Warehouse
from tests.bench.warehouse_rows import ZONE, invent_cards

CASES = 1_100_000
"""Of which one in ten has a card, and nearly all of those have been issued."""


def main(home: Path) -> None:
    """Insert them."""
    engine = ChdbEngine(home / "warehouse")
    warehouse = Warehouse(engine, days_in(ZONE))
    invent_cards(warehouse, 1, CASES)
    engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

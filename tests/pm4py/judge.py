"""What pm4py finds in an XES and an OCEL file, as JSON on standard output. Imports nothing of ours.

    .venv-pm4py/bin/python tests/pm4py/judge.py FILE.xes FILE.json

For each case of the XES, by the name of its trace: how many events, and between the first and the
last of them how many seconds; the same of the facts alone; and its activities in order of time. For
each case of the OCEL, by its object's id: how many events and how many seconds; and how many
objects of each type, relations, and changes of objects there are.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pm4py

CASE, TIME = "case:concept:name", "time:timestamp"


def spans(frame: Any, by: str, time: str) -> dict[str, list[float]]:
    """By case: the number of events, and seconds from the first to the last."""
    grouped = frame.groupby(by)[time].agg(["count", "min", "max"])
    return {
        str(case): [int(row["count"]), (row["max"] - row["min"]).total_seconds()]
        for case, row in grouped.iterrows()
    }


def xes(path: str) -> dict[str, Any]:
    """The log as a table; "iterparse" reads it by an XML parser, not by its lines."""
    log = pm4py.format_dataframe(pm4py.read_xes(path, variant="iterparse"))
    facts = log[log["supervision:family"] == "facts"]
    ordered = log.sort_values([TIME, "supervision:position"])
    durations = pm4py.get_all_case_durations(log)
    return {
        "all": spans(log, CASE, TIME),
        "facts": spans(facts, CASE, TIME),
        "activities": ordered.groupby(CASE)["concept:name"].agg(list).to_dict(),
        "durations": sorted(float(seconds) for seconds in durations),
    }


def ocel(path: str) -> dict[str, Any]:
    """The log by its objects."""
    log = pm4py.read_ocel2_json(path)
    cases = log.relations[log.relations["ocel:type"] == "case"]
    return {
        "all": spans(cases, "ocel:oid", "ocel:timestamp"),
        "events": len(log.events),
        "objects": log.objects["ocel:type"].value_counts().to_dict(),
        "relations": len(log.relations),
        "o2o": len(log.o2o),
        "changes": len(log.object_changes),
    }


if __name__ == "__main__":
    json.dump({"xes": xes(sys.argv[1]), "ocel": ocel(sys.argv[2])}, sys.stdout)

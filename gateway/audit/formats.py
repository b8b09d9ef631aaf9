"""Records in other people's forms: CSV for a spreadsheet, OCSF events for a security team's collector."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from gateway.audit.search import Found

__all__ = ["CSV_COLUMNS", "as_csv", "as_ocsf"]

CSV_COLUMNS = (
    "shard", "index", "at", "kind", "request", "agency", "role", "purpose", "case", "user",
    "coordinate", "outcome", "owner", "count", "mask", "reason", "agreement", "version", "article",
)  # fmt: skip
"""The columns of ``as_csv``: the record's, then those of one decision of it."""

_OCSF = "1.6.0"
_API_ACTIVITY = 6003
_ACTIVITIES = {"query": (2, "Read"), "subscription": (2, "Read"), "mutation": (3, "Update")}


def as_csv(found: Iterable[Found]) -> Iterator[str]:
    """A header line, then one line for each decision of each record (one for a record without any)."""
    yield _csv_line(CSV_COLUMNS)
    for each in found:
        record, caller = each.record, each.record["caller"]
        head = [each.shard, each.index, record["at"], record["kind"], record["request"]]
        head += [caller[name] for name in ("agency", "role", "purpose", "case", "user")]
        for item in record["disclosed"] or [{}]:
            yield _csv_line([*head, *(item.get(name, "") for name in CSV_COLUMNS[10:])])


def _csv_line(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_inert(value) for value in values])
    return line.getvalue()


def _inert(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return "'" + value if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def as_ocsf(found: Found) -> dict[str, Any]:
    """The record as an OCSF 1.6 event of class API Activity (6003): who called what, and in ``unmapped`` what was decided.

    ``time`` is in milliseconds since 1970. What the class has no place for (decisions, agreements, epoch, proof's
    place) stands under ``unmapped``, as OCSF asks.
    """
    record, caller = found.record, found.record["caller"]
    activity, name = _ACTIVITIES.get(record["operation"]["kind"], (99, "Other"))
    if record["kind"] != "release":
        activity, name = 99, record["kind"].capitalize()
    partly = bool(record["failures"])
    released = [item for item in record["disclosed"] if item["outcome"] in ("ALLOW", "MASK")]
    return {
        "class_uid": _API_ACTIVITY,
        "class_name": "API Activity",
        "category_uid": 6,
        "category_name": "Application Activity",
        "activity_id": activity,
        "activity_name": name,
        "type_uid": _API_ACTIVITY * 100 + activity,
        "time": round(datetime.fromisoformat(record["at"]).timestamp() * 1000),
        "severity_id": 1,
        "severity": "Informational",
        "status_id": 99 if partly else 1,
        "status": "Partial" if partly else "Success",
        "metadata": {
            "version": _OCSF,
            "uid": f"{found.shard}/{found.index}",
            "correlation_uid": record["request"],
            "product": {"name": "two-way-street", "vendor_name": "two-way-street"},
        },
        "actor": {
            "user": {"uid": caller["user"], "org": {"name": caller["agency"]}, "groups": [{"name": caller["role"]}]},
            "session": {"uid": caller["token_id"]},
        },
        "api": {
            "operation": record["operation"]["name"] or record["operation"]["hash"],
            "service": {"name": "gateway"},
            "request": {"uid": record["request"]},
        },
        "src_endpoint": {"uid": caller["location"] or caller["agency"]},
        "resources": [
            {"name": item["coordinate"], "type": "field", "owner": {"org": {"name": item["owner"]}}}
            for item in released
        ],
        "unmapped": {
            "purpose": caller["purpose"],
            "case": caller["case"],
            "epoch": record["epoch"],
            "subjects": record["subjects"],
            "disclosed": record["disclosed"],
        },
    }

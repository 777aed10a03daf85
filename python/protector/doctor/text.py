"""A report for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Columns of lists that are wide: the rest is in the JSON.
_SHOWN = {
    "findings": ("severity", "place", "message", "remedy"),
    "check": ("site", "check", "result", "detail", "remedy"),
}


def rendered(report: Mapping[str, Any]) -> str:
    """The report in sections; what could not be read stands at its end."""
    lines = [f"Protector, seen at {report['made_at']}"]
    for name, section in report.items():
        if name not in ("made_at", "not_read"):
            lines += ["", name.replace("_", " ").upper(), *_indented(section, name)]
    return "\n".join([*lines, "", "NOT READ", *_not_read(report["not_read"])]) + "\n"


def _not_read(rows: list[dict[str, str]]) -> list[str]:
    """One line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        by_reason.setdefault(row["reason"], []).append(row["what"])
    return [f"  {', '.join(names)}: {_line(reason)}" for reason, names in by_reason.items()] or ["  none"]


def _indented(value: Any, name: str, depth: int = 1) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, Mapping) and value.keys() == {"unknown"}:
        yield f"{pad}not read: {_line(value['unknown'])}"
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _named(str(key), part, pad, depth)
    elif isinstance(value, list):
        for part in value:
            yield from _item(part, name, pad, depth)
    else:
        yield f"{pad}{_line(value)}"
    if value in ({}, []):
        yield f"{pad}none"


def _named(key: str, part: Any, pad: str, depth: int) -> Iterator[str]:
    words = key.replace("_", " ") if depth < 3 else key
    if isinstance(part, Mapping) and part.keys() == {"unknown"}:
        yield f"{pad}{words}: not read: {_line(part['unknown'])}"
    elif isinstance(part, (Mapping, list)) and part:
        yield f"{pad}{words}:"
        yield from _indented(part, key, depth + 1)
    else:
        yield f"{pad}{words}: {_line(part)}"


def _item(part: Any, name: str, pad: str, depth: int) -> Iterator[str]:
    if not isinstance(part, Mapping):
        yield f"{pad}{_line(part)}"
    elif name in _SHOWN:
        yield pad + "  ".join(_line(part[column]) for column in _SHOWN[name] if part.get(column) is not None)
    elif all(not isinstance(each, (Mapping, list)) for each in part.values()):
        yield pad + "  ".join(f"{key}={_line(each)}" for key, each in part.items() if each is not None)
    else:
        yield f"{pad}-"
        yield from _indented(part, name, depth + 1)


def _line(value: Any) -> str:
    if value is None or value in ({}, []):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("\n", " ")

"""As much of JSON Schema as ``schema/agreement.schema.json`` uses; a keyword it does not know is an error, not ignored."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

__all__ = ["violations"]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str, date),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_SAID = frozenset({"$schema", "$id", "$defs", "title", "description"})


def violations(value: Any, shape: dict[str, Any], root: dict[str, Any], path: str = "") -> list[str]:
    """The paths at which ``value``, as TOML reads it, is not what ``shape`` says; empty when it is."""
    found: list[str] = []
    for word, wanted in shape.items():
        if word not in _SAID:
            found += _checked(word, wanted, value, shape, root, path)
    return found


def _checked(word: str, wanted: Any, value: Any, shape: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    match word:
        case "$ref":
            return violations(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, path)
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            truth = isinstance(value, bool) and "boolean" not in kinds
            return [path] if truth or not any(isinstance(value, _TYPES[kind]) for kind in kinds) else []
        case "enum":
            return [] if value in wanted else [path]
        case "required":
            return [f"{path}.{key}" for key in wanted if isinstance(value, dict) and key not in value]
        case "properties" if isinstance(value, dict):
            return [
                each
                for key in wanted
                if key in value
                for each in violations(value[key], wanted[key], root, f"{path}.{key}")
            ]
        case "additionalProperties" if isinstance(value, dict):
            others = [key for key in value if key not in shape.get("properties", {})]
            if isinstance(wanted, dict):
                return [each for key in others for each in violations(value[key], wanted, root, f"{path}.{key}")]
            return [] if wanted else [f"{path}.{key}" for key in others]
        case "items" if isinstance(value, list):
            return [each for n, item in enumerate(value) for each in violations(item, wanted, root, f"{path}[{n}]")]
        case "oneOf":
            return [] if sum(not violations(value, each, root, path) for each in wanted) == 1 else [path]
        case "minItems" | "minProperties":
            return [path] if isinstance(value, list | dict) and len(value) < wanted else []
        case "maxProperties":
            return [path] if isinstance(value, dict) and len(value) > wanted else []
        case "minimum":
            return [path] if isinstance(value, int | float) and value < wanted else []
        case "pattern":
            return [path] if isinstance(value, str) and not re.search(wanted, value) else []
        case "format":
            return [] if wanted != "date" or (isinstance(value, date) and not hasattr(value, "hour")) else [path]
        case "properties" | "additionalProperties" | "items":
            return []
    raise AssertionError(f"the checker does not know the keyword {word!r}")

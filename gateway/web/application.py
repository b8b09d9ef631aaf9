"""Which program asks, in its own words: the headers by which GraphQL clients name themselves.

Source: https://www.apollographql.com/docs/graphos/platform/insights/client-segmentation and
https://the-guild.dev/graphql/hive/docs/other-integrations/usage-reporting, whose clients send them without being told to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from gateway.caller import Application

__all__ = ["application_of"]

_NAMED_BY: Final = (
    ("apollographql-client-name", "apollographql-client-version"),
    ("graphql-client-name", "graphql-client-version"),
    ("x-graphql-client-name", "x-graphql-client-version"),
)
_NAME: Final = re.compile(r"[A-Za-z0-9@](?:[A-Za-z0-9._/@ -]{0,62}[A-Za-z0-9])?")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,31}")
_NUMBER: Final = re.compile(r"\d{5}")
"""As long a number may be somebody's, and the name leaves with recorded operations."""


def application_of(headers: Mapping[str, str]) -> Application | None:
    """The application that the headers name; None where they name none, or in no words that may stand on record.

    A name has 1 to 64 letters, digits, spaces and ``._/@-``, and no five digits in a row; a version 1 to 32 letters,
    digits and ``.+_-``. A version that is none is left out.
    """
    for name, version in _NAMED_BY:
        if (named := headers.get(name)) is not None:
            return _read(named, headers.get(version, ""))
    return None


@lru_cache(maxsize=256)
def _read(name: str, version: str) -> Application | None:
    if not _NAME.fullmatch(name) or _NUMBER.search(name):
        return None
    return Application(name, version if _VERSION.fullmatch(version) else "")

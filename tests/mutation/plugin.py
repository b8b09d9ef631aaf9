"""A pytest plugin that imports one module from another file: ``MUTANT_MODULE`` from ``MUTANT_SOURCE``."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != os.environ.get("MUTANT_MODULE"):
            return None
        return importlib.util.spec_from_file_location(fullname, os.environ["MUTANT_SOURCE"])


sys.meta_path.insert(0, _Finder())

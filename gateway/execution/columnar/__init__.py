"""The fast executor: a plan decoded into Struct types of its own, merged column by column, encoded without projection.

Second to the reference executor (``gateway.execution.execute`` and ``project``), whose answers it gives byte for byte:
whatever it does not expect of a plan or of a subgraph's answer, it leaves to the reference.
"""

from __future__ import annotations

from gateway.execution.columnar.answer import FastPath, Told

__all__ = ["FastPath", "Told"]

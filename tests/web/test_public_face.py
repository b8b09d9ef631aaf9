"""``import gateway``: what is visible is what ``__all__`` names, and it is light."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gateway


def test_what_is_visible_is_what_all_names() -> None:
    assert sorted(gateway.__all__) == gateway.__all__
    assert dir(gateway) == gateway.__all__


@pytest.mark.parametrize("name", gateway.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    assert getattr(gateway, name).__doc__


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="pipeline_of_dreams"):
        gateway.pipeline_of_dreams  # noqa: B018


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import gateway", "starlette sqlalchemy strawberry graphql uvicorn pyreqwest typer cryptography"),
        ("import gateway; gateway.compose, gateway.Policy", "starlette sqlalchemy strawberry uvicorn pyreqwest typer"),
        ("import gateway; gateway.create_app", "sqlalchemy strawberry uvicorn typer redis nats z3"),
        ("import gateway.cli", "sqlalchemy strawberry subgraphs"),
    ],
)
def test_nothing_heavy_comes_along(code: str, heavy: str) -> None:
    told = f"{code}; import sys; print([each for each in {heavy.split()!r} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"

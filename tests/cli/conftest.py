"""The command line in this process, and a copy of the schema folder that a test may break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from tests.scenarios.asking import ROOT

Gateway = Callable[..., Result]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Run ``gateway`` with arguments and return what came out; the environment names no setting."""
    for name in ("TWS_MODE", "TWS_SCHEMA", "TWS_VAR", "TWS_ISSUER", "TWS_JWKS", "TWS_TODAY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path, stdin: str = "", **environment: str) -> Result:
        return CliRunner().invoke(app, [str(each) for each in arguments], input=stdin, env=environment)

    return run


@pytest.fixture(scope="session")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ``schema/`` with generated files that are up to date; not to be changed."""
    folder = tmp_path_factory.mktemp("law") / "schema"
    shutil.copytree(ROOT / "schema", folder)
    done = CliRunner().invoke(app, ["compose", "--config", str(folder / "registry.toml")])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def schema(composed: Path, tmp_path: Path) -> Path:
    """A copy of ``schema/`` that the test may change."""
    return Path(shutil.copytree(composed, tmp_path / "schema"))


def told(result: Result, code: str) -> str:
    """What the error said, once it is known to be told the way all are: coded, with a remedy, exit code 1."""
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith(code)
    assert "  hint: " in result.stderr
    assert "Traceback" not in result.output
    return result.stderr

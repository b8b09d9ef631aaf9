"""``gateway dev``: all subgraphs and the gateway, anew after each save; what cannot be served leaves the last graph up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from watchfiles import Change, watch

from gateway.cli.compose import generate
from gateway.cli.python_places import places_in, raised_in
from gateway.cli.serve import listen
from gateway.config import read_registry, read_settings
from gateway.errors import GatewayError, RequestError

__all__ = ["register"]

_READY = "answers at"
_PATIENCE = 60.0
_PLAIN = {
    "TYPER_STANDARD_TRACEBACK": "1",
    "_TYPER_STANDARD_TRACEBACK": "1",
}  # a traceback that can be read by a program
_WATCHED = (".py", ".toml")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("dev", epilog="Example: [bold]make dev[/bold]\n\nExample: [bold]gateway dev --only visas[/bold]")(dev)


def dev(
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port")] = 4000,
    var: Annotated[Path, typer.Option("--var", help="Where keys, databases and the record are kept.")] = Path("var"),
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Run this subgraph and mocks of all others; may be given several times."),
    ] = None,
) -> None:
    """Serve everything in development, and again after each change of subgraphs/ or schema/.

    A change is exported, composed, held against the agreements and only then served; the connection address stays the
    same. What is wrong is shown with the file and line of the Python that caused it, and the last good graph stays up.
    """
    root = Path()
    settings = read_settings(host=host, port=port, var=var, mode="development")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that what serves is ended too
    with listen(settings) as listening:
        house = _Dev(root, var, listening, mocked=_others(root, only or ()))
        try:
            house.renew()
            for changes in watch(
                root / "subgraphs", root / "schema", watch_filter=_counts, debounce=300, step=50, raise_interrupt=False
            ):
                typer.echo(f"\n{', '.join(sorted(_shown(changes)))} changed")
                house.renew(python=any(path.endswith(".py") for _, path in changes))
        finally:
            house.stop()


def _others(root: Path, only: Collection[str]) -> str:
    """All registered subgraphs that are not among ``only``, for ``TWS_MOCKED``; "" when it names none.

    Raises ``RequestError`` ``SUBGRAPH_NOT_IN_GRAPH``.
    """
    known = list(read_registry(root / "schema" / "registry.toml"))
    if unknown := [each for each in only if each not in known]:
        raise RequestError(
            "SUBGRAPH_NOT_IN_GRAPH",
            f"No subgraph {unknown[0]!r} is registered.",
            where="--only",
            hint=f"Name one of: {', '.join(known)}.",
        )
    return ",".join(each for each in known if only and each not in only)


def _counts(_change: Change, path: str) -> bool:
    """Whether a change of ``path`` may change the graph: what is written by hand, tests and caches aside."""
    name = Path(path).name
    return path.endswith(_WATCHED) and not name.startswith(("test_", ".")) and "__pycache__" not in path


def _shown(changes: Iterable[tuple[Change, str]]) -> set[str]:
    here = Path.cwd()
    return {str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path for _, path in changes}


@dataclass(slots=True)
class _Dev:
    """The gateway that serves now, if any, on a socket that outlives it."""

    root: Path
    var: Path
    listening: socket.socket
    serving: subprocess.Popen[str] | None = None
    wrong: bool = False
    mocked: str = ""
    readers: list[threading.Thread] = field(default_factory=list)

    def renew(self, *, python: bool = True) -> None:
        """Serve the tree as it is now, or say why not; where no ``python`` changed, the SDLs are as they were."""
        began = time.monotonic()
        trouble = (self._exported() if python or self.wrong else "") or self._composed()
        self.wrong = bool(trouble)
        made = time.monotonic() - began
        new = None if trouble else self._started()
        if new is None:
            if trouble:
                typer.echo(trouble, err=True)
            kept = "the last good graph is still served" if self.serving else "nothing is served yet"
            typer.echo(f"not served: {kept}. Save a correction.", err=True)
            return
        old, self.serving = self.serving, new
        _ended(old)
        typer.echo(f"served: made in {made:.1f} s, up after {time.monotonic() - began:.1f} s")

    def stop(self) -> None:
        """End what serves."""
        _ended(self.serving)

    def _exported(self) -> str:
        """What is wrong with the subgraphs' Python; "" when their SDLs are written."""
        ran = subprocess.run(
            [sys.executable, "-m", "subgraphs.kit.export"],
            capture_output=True, text=True, check=False, cwd=self.root, env={**os.environ, **_PLAIN},
        )  # fmt: skip
        if ran.returncode == 0:
            return ""
        lines = ran.stderr.strip().splitlines()
        told = [lines[-1] if lines else "the subgraphs cannot be exported"]
        if place := raised_in(ran.stderr, self.root):
            told.append(f"  raised at {place}")
        told += [f"  {each}" for each in places_in(told[0], self.root / "subgraphs")]
        return "\n".join(told)

    def _composed(self) -> str:
        """What keeps the subgraphs from making one graph under the agreements; "" when the generated files are written."""
        try:
            generate(self.root / "schema" / "registry.toml")
        except GatewayError as error:
            told = [f"{error.code} {error}"]
            return "\n".join(told + [f"  {each}" for each in places_in(str(error), self.root / "subgraphs")])
        return ""

    def _started(self) -> subprocess.Popen[str] | None:
        """A gateway that answers on the socket; None, with its own words on the terminal, where it does not start."""
        number = self.listening.fileno()
        new = subprocess.Popen(  # noqa: S603 - this program, with words of its own
            [sys.executable, "-m", "gateway", "serve", "--subgraphs", "asgi", "--var", str(self.var), "--fd", str(number)],
            stdout=subprocess.PIPE, text=True, pass_fds=[number], cwd=self.root,
            env={**os.environ, **self._settings(), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        ready = threading.Event()
        reader = threading.Thread(target=_read, args=(new, ready, self.serving is None), daemon=True)
        reader.start()
        self.readers.append(reader)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and new.poll() is None:
            if ready.wait(0.05):
                return new
        _ended(new)
        return None

    def _settings(self) -> dict[str, str]:
        mocked = {"TWS_MOCKED": self.mocked} if self.mocked else {}
        return {"TWS_MODE": "development", "TWS_LOG": os.environ.get("TWS_LOG", "off"), **mocked}


def _read(process: subprocess.Popen[str], ready: threading.Event, loud: bool) -> None:
    """Note when the gateway says that it answers; pass on what else it says at the first start."""
    for line in process.stdout or ():
        if loud:
            typer.echo(line.rstrip("\n"))
        if _READY in line:
            ready.set()


def _ended(process: subprocess.Popen[str] | None) -> None:
    """Let a gateway finish what it is answering, and no longer than a few seconds."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

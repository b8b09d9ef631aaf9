"""``gateway dev``: all subgraphs and the gateway, anew after each save; what cannot be served leaves the last graph up."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from watchfiles import Change, watch

from gateway.cli.compose import compose_under
from gateway.cli.python_places import places_in, raised_in, told_with_places
from gateway.cli.serve import listen
from gateway.cli.steps import mistakes_of
from gateway.config import read_registry, read_settings
from gateway.errors import GatewayError, RequestError
from gateway.web.development import trouble_file

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
        house = _Dev(root, var, listening, mocked=_others(root, only or ()), at=settings.today)
        try:
            house.renew()
            for changes in watch(
                root / "subgraphs", root / "schema", watch_filter=_counts, debounce=300, step=50, raise_interrupt=False
            ):
                typer.echo(f"\n{', '.join(sorted(_shown(changes)))} changed")
                house.renew([path for _, path in changes])
        finally:
            for each in (signal.SIGTERM, signal.SIGINT):  # asked twice, it still ends what serves before itself
                signal.signal(each, signal.SIG_IGN)
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
    at: datetime | None = None
    views: subprocess.Popen[str] | None = None
    readers: list[threading.Thread] = field(default_factory=list)

    def renew(self, changed: Collection[str] | None = None) -> None:
        """Serve the tree as it is now, or say why not; ``changed`` are the files that changed, all where it is None.

        The agencies' views are made once the graph is served: they are for reviews, and take longer than all before.
        """
        _ended(self.views)
        clock = [time.monotonic()]
        names = None if changed is None or self.wrong else self._touched(changed)
        trouble = self._exported(names) if names is None or names else ""
        clock.append(time.monotonic())
        trouble = trouble or self._composed()
        clock.append(time.monotonic())
        self.wrong = bool(trouble)
        self._tell(trouble)
        new = None if trouble else self._started()
        if new is None:
            kept = "the last good graph is still served" if self.serving else "nothing is served yet"
            typer.echo(f"not served: {kept}. Save a correction.", err=True)
            return
        old, self.serving = self.serving, new
        _ended(old)
        exported, composed, up = (after - before for before, after in pairwise([*clock, time.monotonic()]))
        typer.echo(f"served: exported in {exported:.1f} s, composed in {composed:.1f} s, up after {up:.1f} s more")
        self.views = self._run("gateway", "compose", "--config", str(self.registry), stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        """End what serves, and tell nobody any more."""
        _ended(self.views)
        _ended(self.serving)
        trouble_file(self.var).unlink(missing_ok=True)

    @property
    def registry(self) -> Path:
        """The registry of subgraphs."""
        return self.root / "schema" / "registry.toml"

    def _tell(self, trouble: str) -> None:
        """Say what is wrong on the terminal, and to the explorer of the gateway that still serves."""
        if trouble:
            typer.echo(trouble, err=True)
        path = trouble_file(self.var)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps({"trouble": trouble}), encoding="utf-8")
        beside.replace(path)

    def _touched(self, changed: Collection[str]) -> list[str] | None:
        """The subgraphs whose Python changed; None where that cannot be told, as with the kit or the registry."""
        python = [Path(path) for path in changed if path.endswith(".py")]
        if any(path.endswith("registry.toml") for path in changed):
            return None
        subgraphs = (self.root / "subgraphs").resolve()
        names = {path.resolve().relative_to(subgraphs).parts[0] for path in python}
        return sorted(names) if names <= read_registry(self.registry).keys() else None

    def _exported(self, names: Collection[str] | None) -> str:
        """What is wrong with the Python of the subgraphs ``names``, of all where it is None; "" when their SDLs are written."""
        ran = subprocess.run(  # noqa: S603 - the same
            [sys.executable, "-m", "subgraphs.kit.export", *(names or ())],
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
        """What keeps the subgraphs from making one graph under the agreements; "" when supergraph and API are written."""
        try:
            compose_under(self.registry, self.at or datetime.now(UTC))
        except GatewayError as error:
            return "\n".join(told_with_places(mistakes_of(error), self.root / "subgraphs"))
        return ""

    def _started(self) -> subprocess.Popen[str] | None:
        """A gateway that answers on the socket; None, with its own words on the terminal, where it does not start."""
        number = self.listening.fileno()
        words = ("serve", "--subgraphs", "asgi", "--var", str(self.var), "--fd", str(number))
        new = self._run("gateway", *words, stdout=subprocess.PIPE, sockets=[number])
        ready = threading.Event()
        reader = threading.Thread(target=_read, args=(new, ready, self.serving is None), daemon=True)
        reader.start()
        self.readers.append(reader)
        until, answers = time.monotonic() + _PATIENCE, False
        try:
            while not answers and time.monotonic() < until and new.poll() is None:
                answers = ready.wait(0.05)
        finally:  # whatever happens meanwhile, a gateway that nobody knows of would keep the address
            if not answers:
                _ended(new)
        return new if answers else None

    def _run(self, module: str, *words: str, stdout: int, sockets: Collection[int] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - this program, with words of its own
            [sys.executable, "-m", module, *words], stdout=stdout, text=True, pass_fds=sockets, cwd=self.root,
            env={**os.environ, **self._settings(), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

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

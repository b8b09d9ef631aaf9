"""``gateway publish``: a signed, versioned bundle of graph and policy, in force at every replica from one instant on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from gateway.activation import graph_of
from gateway.audit import Signer
from gateway.audit.note import PLAIN
from gateway.bundles import (
    BundleFolder,
    Manifest,
    SignedBundle,
    bundle_of,
    changes,
    choose,
    collect,
    read_keys,
    relabelled,
    unpack,
)
from gateway.cli.checking import check_all
from gateway.cli.shared import Schema, instant_of
from gateway.config import Settings
from gateway.errors import PolicyError, RequestError
from gateway.opening import open_graph

__all__ = ["register"]

_LEAD = 60


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "publish",
        epilog="Example: [bold]gateway publish --bundles /srv/bundles --key publisher.key --author ruth.okafor "
        '--reason "CBP primary sees the revocation kind" --in 300[/bold]',
    )(publish)


def publish(
    bundles: Annotated[
        Path | None, typer.Option("--bundles", envvar="TWS_BUNDLES", help="The folder that hands bundles out.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The publisher's private key.")] = None,
    author: Annotated[str, typer.Option("--author", help="Who publishes.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    at: Annotated[str, typer.Option("--at", help="The instant from which on it holds (2026-11-24T16:00Z).")] = "",
    seconds: Annotated[
        int | None, typer.Option("--in", help="The same in seconds from now; 60 when neither is given.", min=0)
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="The share of requests that an @override's label is on for: new-visas=12.5"),
    ] = None,
    rollback: Annotated[
        int | None, typer.Option("--rollback", help="Publish the files of this version anew, as the newest.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and publish nothing.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List what was published, the newest last.")] = False,
    publisher_key: Annotated[
        Path | None,
        typer.Option("--publisher-key", envvar="TWS_PUBLISHER_KEY", help="For --list: public keys of publishers."),
    ] = None,
    keygen: Annotated[
        str, typer.Option("--keygen", metavar="NAME", help="Make a publisher's key in --key and FILE.pub.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print data instead of text.")] = False,
    schema: Schema = Path("schema"),
) -> None:
    """Publish the schema folder as one signed bundle that every gateway puts in force at the same instant.

    What `gateway check` refuses is not published. Without --list and --keygen it takes --bundles, --key, --author and
    --reason.
    """
    if keygen:
        _keygen(keygen, _given(key, "--key"))
        return
    if listed:
        _list(BundleFolder(_given(bundles, "--bundles"), read_keys(_given(publisher_key, "--publisher-key"))), as_json)
        return
    signer = Signer.load(_given(key, "--key"), PLAIN)
    trusted = (signer.public, *(read_keys(publisher_key) if publisher_key else ()))
    folder = BundleFolder(_given(bundles, "--bundles"), trusted)
    who, why = _said(author, "--author"), _said(reason, "--reason")
    before = _newest(folder)
    pages = relabelled(_pages(folder, rollback, schema), label or ())
    made = _made(pages, _Wish(who, why, _instant(at, seconds), rollback), before, signer)  # seconds count from here
    where = "" if dry_run else str(folder.add(made))
    _tell(made, before, where, as_json)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the publisher says of a bundle."""

    author: str
    reason: str
    activates: datetime
    rollback: int | None


def _made(pages: Mapping[str, str], wish: _Wish, before: SignedBundle | None, signer: Signer) -> SignedBundle:
    """The signed bundle of ``pages``, which were held to everything that a gateway will hold them to."""
    with TemporaryDirectory(prefix="bundle-") as scratch:
        folder = unpack(pages, Path(scratch) / "schema")
        graph = open_graph(folder, at=wish.activates)
        manifest = Manifest(
            version=1 if before is None else before.manifest.version + 1,
            activates=wish.activates,
            author=wish.author,
            reason=wish.reason,
            epoch=graph.policy.epoch,
            supergraph=graph.hash,
            previous="" if before is None else before.digest,
            republishes=wish.rollback,
        )
        made = bundle_of(manifest, pages, signer)
        graph_of(made, folder, Settings(), wish.activates, graph)
    return made


def _pages(folder: BundleFolder, rollback: int | None, schema: Path) -> Mapping[str, str]:
    """The files to publish: those of an older version, or those of ``schema``, which are checked as a whole first."""
    if rollback is not None:
        return folder.read(rollback).pages  # checked when it was published; held to what holds now below
    checked = check_all(schema)
    if not checked.ok:
        mistakes = tuple(mistake for step in checked.steps for mistake in step.mistakes)
        raise PolicyError("CHECK_FAILED", "What `gateway check` refuses is not published.", mistakes)
    return collect(schema)


def _newest(folder: BundleFolder) -> SignedBundle | None:
    """The newest version that lies there. Raises ``PolicyError`` where a newer one lies there that cannot be read."""
    versions = folder.versions() if folder.path.exists() else ()
    return folder.read(versions[-1]) if versions else None


def _instant(at: str, seconds: int | None) -> datetime:
    if at and seconds is not None:
        raise RequestError("DATE_MALFORMED", "Two instants are given.", where="--at", hint="Give --at or --in.")
    if at:
        return instant_of(at).astimezone(UTC)
    lead = timedelta(seconds=_LEAD if seconds is None else seconds)
    return datetime.now(UTC).replace(microsecond=0) + lead


def _given(path: Path | None, option: str) -> Path:
    if path is None:
        raise RequestError(
            "PUBLISH_INCOMPLETE", f"{option} is not given.", where=option, hint="`gateway publish --help` says what is."
        )
    return path


def _said(text: str, option: str) -> str:
    if not text.strip():
        raise RequestError(
            "PUBLISH_INCOMPLETE", f"{option} says nothing.", where=option, hint="Every bundle says who made it and why."
        )
    return text.strip()


def _keygen(name: str, path: Path) -> None:
    made = Signer.make(name, path, PLAIN)
    public = path.with_name(f"{path.name}.pub")
    public.write_text(f"{made.public}\n", encoding="utf-8")
    typer.echo(f"{path} signs, keep it where you publish; give {public} to every gateway and subgraph:")
    typer.echo(str(made.public))


def _tell(made: SignedBundle, before: SignedBundle | None, where: str, as_json: bool) -> None:
    told = changes({} if before is None else before.pages, made.pages)
    if as_json:
        typer.echo(json.dumps({**_as_json(made), "file": where, "changes": list(told)}, indent=2))
        return
    manifest = made.manifest
    typer.echo(f"{'published' if where else 'would publish'} version {manifest.version} {where}".rstrip())
    typer.echo(f"  epoch      {manifest.epoch}")
    left = (manifest.activates - datetime.now(UTC)).total_seconds()
    typer.echo(f"  activates  {manifest.activates.isoformat()}, in {max(0, round(left))} s")
    for line in told if before is not None else ():
        typer.echo(f"  {line}")
    if before is not None and not told:
        typer.echo("  the same files as the version before")


def _list(folder: BundleFolder, as_json: bool) -> None:
    good, bad = folder.sound()
    choice = choose(good, datetime.now(UTC))
    refused = {each.version: each for each in (*bad, *choice.refused)}
    states = {each.manifest.version: _state(each, choice.now) for each in good}
    if as_json:
        page = [{**_as_json(each), "state": states[each.manifest.version]} for each in good]
        page += [{"version": each.version, "state": "refused", "code": each.code} for each in refused.values()]
        typer.echo(json.dumps(sorted(page, key=lambda each: int(each["version"])), indent=2))
        return
    by_version = {each.manifest.version: each.manifest for each in good}
    for version in sorted(by_version.keys() | refused.keys()):
        if version in refused:
            typer.echo(f"{version:6}  refused   {refused[version].code}")
            continue
        manifest = by_version[version]
        again = f" (version {manifest.republishes} again)" if manifest.republishes else ""
        typer.echo(
            f"{version:6}  {states[version]:8}  {manifest.activates.isoformat()}  {manifest.epoch[:19]}  "
            f"{manifest.author}: {manifest.reason}{again}"
        )


def _state(bundle: SignedBundle, now: SignedBundle | None) -> str:
    if bundle is now:
        return "in force"
    return "past" if now is not None and bundle.manifest.version < now.manifest.version else "coming"


def _as_json(bundle: SignedBundle) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(bundle.manifest.text())
    return {**page, "digest": bundle.digest, "publisher": bundle.publisher}

"""The bundle as bytes: deterministic, and refused by name when it is unsigned, edited, another's, or older."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit import Signer
from gateway.bundles import (
    BundleFolder,
    Manifest,
    Remembered,
    SignedBundle,
    bundle_of,
    changes,
    choose,
    collect,
    open_bundle,
    read_keys,
    relabelled,
    remember,
    remembered,
    unpack,
)
from gateway.errors import PolicyError
from tests.bundles.publishing import NOON, signer
from tests.scenarios.asking import ROOT

PAGES = {"supergraph.graphql": "type Query { a: Int }\n", "agreements/a.toml": 'id = "A"\n', "labels.toml": ""}
KEYS = (signer().public,)


def made(
    version: int = 1, seconds: float = 0, previous: str = "", by: Signer | None = None, **pages: str
) -> SignedBundle:
    manifest = Manifest(
        version, NOON + timedelta(seconds=seconds), "ruth.okafor", "why", "sha256:e", "sha256:g", previous
    )
    named = {f"{name}.toml": text for name, text in pages.items()}
    return bundle_of(manifest, {**PAGES, **named}, by or signer())


def code_of(raw: bytes, keys: tuple[object, ...] = KEYS) -> str:
    with pytest.raises(PolicyError) as caught:
        open_bundle(raw, keys, "here")  # type: ignore[arg-type]
    assert caught.value.mistakes[0].where == "here"
    return caught.value.code


def test_the_same_content_is_the_same_bytes_and_reads_back() -> None:
    first, second = made(), made()
    assert first.raw == second.raw
    assert first.digest != made(2).digest
    found = open_bundle(first.raw, KEYS, "here")
    assert (found.manifest, dict(found.pages), found.publisher) == (first.manifest, PAGES, "state.example/publisher")


def test_any_byte_that_is_otherwise_is_refused() -> None:
    raw = made().raw
    codes: dict[str, int] = {}
    for place in range(len(raw)):
        bent = bytearray(raw)
        bent[place] ^= 1
        code = code_of(bytes(bent))
        codes[code] = codes.get(code, 0) + 1
    assert set(codes) == {"BUNDLE_MALFORMED", "BUNDLE_EDITED"}, "sums of the zip or the comparison find each"
    for cut in (0, 1, len(raw) // 2, len(raw) - 1):
        assert code_of(raw[:cut]) == "BUNDLE_MALFORMED"
    assert code_of(raw + b"\n") in ("BUNDLE_EDITED", "BUNDLE_MALFORMED")


def test_only_a_trusted_publisher_counts() -> None:
    stranger = signer(2)
    assert code_of(made(by=stranger).raw) == "BUNDLE_UNSIGNED"
    assert code_of(made(by=signer(1, "another.example/publisher")).raw) == "BUNDLE_UNSIGNED"
    assert open_bundle(made(by=stranger).raw, (*KEYS, stranger.public), "here").publisher == stranger.name


def rewritten(change: Callable[[dict[str, bytes]], None], kind: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(io.BytesIO(made().raw)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    change(files)
    new = io.BytesIO()
    with zipfile.ZipFile(new, "w", kind) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, kind)
    return new.getvalue()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda files: files.update({"agreements/b.toml": b""}), "BUNDLE_EDITED"),
        (lambda files: files.pop("agreements/a.toml"), "BUNDLE_EDITED"),
        (lambda files: files.update({"agreements/a.toml": b'id = "B"\n'}), "BUNDLE_EDITED"),
        (lambda files: files.update({"../outside.toml": b""}), "BUNDLE_MALFORMED"),
        (lambda files: files.update({"/outside.toml": b""}), "BUNDLE_MALFORMED"),
        (lambda files: files.update({"agreements/a.toml": b"\xff"}), "BUNDLE_MALFORMED"),
        (lambda files: files.pop("MANIFEST"), "BUNDLE_MALFORMED"),
        (lambda files: files.update({"MANIFEST": b"no note\n"}), "BUNDLE_MALFORMED"),
        (lambda files: files.update({"MANIFEST": files["MANIFEST"].replace(b'"why"', b'"him"')}), "BUNDLE_UNSIGNED"),
    ],
    ids=["added", "left out", "changed", "above", "absolute", "no text", "no manifest", "no note", "another reason"],
)
def test_what_was_not_signed_is_not_in_it(change: Callable[[dict[str, bytes]], None], code: str) -> None:
    assert code_of(rewritten(change)) == code


def test_the_same_files_packed_otherwise_are_not_the_bundle() -> None:
    assert code_of(rewritten(lambda files: None, zipfile.ZIP_DEFLATED)) == "BUNDLE_MALFORMED"


def test_a_manifest_of_another_form_is_refused_though_signed() -> None:
    key = signer()
    for text in ('{"format": "another"}\n', "[]\n", "{}\n", '{"version": 1}\n'):
        raw = rewritten(lambda files, text=text: files.update({"MANIFEST": f"{text}\n{key.line(text)}".encode()}))  # type: ignore[misc]
        assert code_of(raw) == "BUNDLE_MALFORMED"


def test_names_that_leave_the_folder_are_not_packed() -> None:
    with pytest.raises(PolicyError, match=r"\.\./up\.toml"):
        bundle_of(made().manifest, {"../up.toml": ""}, signer())


# -- the folder


def test_a_version_is_published_once(tmp_path: Path) -> None:
    folder = BundleFolder(tmp_path / "bundles", KEYS)
    path = folder.add(made())
    assert path.name == "00000001.bundle"
    with pytest.raises(PolicyError) as caught:
        folder.add(made(1, by=signer(), other=""))
    assert caught.value.code == "BUNDLE_VERSION_TAKEN"
    assert folder.read(1).raw == made().raw
    assert [each.name for each in path.parent.iterdir()] == [path.name], "no draft is left"


def test_a_bundle_under_another_name_is_refused(tmp_path: Path) -> None:
    folder = BundleFolder(tmp_path, KEYS)
    folder.add(made(1))
    folder.file(2).write_bytes(made(1).raw)
    folder.file(3).write_bytes(b"nothing")
    (tmp_path / "README").write_text("not a bundle")
    good, bad = folder.sound()
    assert [each.manifest.version for each in good] == [1]
    assert [(each.version, each.code) for each in bad] == [(2, "BUNDLE_EDITED"), (3, "BUNDLE_MALFORMED")]
    with pytest.raises(PolicyError) as caught:
        BundleFolder(tmp_path / "none", KEYS).versions()
    assert caught.value.code == "BUNDLES_UNREADABLE"


def test_the_publishers_keys(tmp_path: Path) -> None:
    file = tmp_path / "publishers"
    file.write_text(f"# who may publish\n{signer().public}\n\n{signer(2).public}\n")
    assert read_keys(file) == (signer().public, signer(2).public)
    witness = replace(signer().public, kind=4)
    for text in ("", "# none\n", "nonsense\n", f"{witness}\n"):
        file.write_text(text)
        with pytest.raises(PolicyError) as caught:
            read_keys(file)
        assert caught.value.code == "PUBLISHER_KEY_WRONG"
    with pytest.raises(PolicyError) as caught:
        read_keys(tmp_path / "none")
    assert caught.value.code == "PUBLISHER_KEY_WRONG"


# -- which one holds


def at(seconds: float, *bundles: SignedBundle, newest: Remembered | None = None) -> tuple[int | None, int | None]:
    found = choose(bundles, NOON + timedelta(seconds=seconds), newest)
    return tuple(None if each is None else each.manifest.version for each in (found.now, found.next))  # type: ignore[return-value]


def test_what_holds_is_a_function_of_what_lies_there_and_the_instant() -> None:
    first = made(1)
    second = made(2, 100, first.digest)
    third = made(3, 50, second.digest)
    assert at(-1, first) == (None, 1)
    assert at(0, first) == (1, None)
    assert at(10, first, second) == (1, 2)
    assert at(10, third, first, second) == (1, 3), "what comes first, whatever its version"
    assert at(60, first, second, third) == (3, None), "an older version never follows a newer one"
    assert at(10, first, second, made(3, 100, second.digest)) == (1, 3), "of one instant, the newer version"


def test_an_older_bundle_never_holds_again() -> None:
    first = made(1)
    second = made(2, 100, first.digest)
    newest = Remembered(2, second.digest)
    assert at(10, first, second, newest=newest) == (2, None), "it was in force, whatever a clock says now"
    found = choose([first], NOON, newest)
    assert (found.now, found.next) == (None, None)
    assert [each.code for each in found.refused] == ["BUNDLE_OLDER"]
    assert "--rollback" in found.refused[0].why


def test_what_does_not_follow_is_refused() -> None:
    first = made(1)
    second = made(2, previous=first.digest)
    third = made(3, previous=second.digest)
    assert at(0, first, second, third) == (3, None)
    assert at(0, first, third) == (3, None), "what lay between was cleared away"
    forged = made(2, previous=made(1, 5).digest)
    found = choose([first, forged], NOON)
    assert [(each.version, each.code) for each in found.refused] == [(2, "BUNDLE_FORKED")]
    assert found.now is not None
    assert found.now.manifest.version == 1
    replaced = choose([made(2, 7)], NOON + timedelta(10), Remembered(2, second.digest))
    assert [each.code for each in replaced.refused] == ["BUNDLE_FORKED"]
    assert replaced.now is None


def test_what_was_in_force_is_kept_in_mind(tmp_path: Path) -> None:
    assert remembered(tmp_path) == Remembered()
    remember(tmp_path, made(3))
    remember(tmp_path, made(2))
    assert remembered(tmp_path) == Remembered(3, made(3).digest)
    (tmp_path / "bundles" / "newest.json").write_text("?")
    with pytest.raises(PolicyError) as caught:
        remembered(tmp_path)
    assert caught.value.code == "BUNDLE_MALFORMED"


# -- its files


def test_a_schema_folder_goes_in_and_comes_out(tmp_path: Path) -> None:
    pages = collect(ROOT / "schema")
    assert {"supergraph.graphql", "vocabulary.toml", "registry.toml", "limits.toml"} <= pages.keys()
    folder = tmp_path / "schema"
    (folder / "agreements").mkdir(parents=True)
    (folder / "agreements" / "smuggled.toml").write_text("")
    (folder / "vocabulary.toml").write_text("edited")
    assert collect(unpack(pages, folder)) == pages
    before = (folder / "vocabulary.toml").stat().st_mtime_ns
    unpack(pages, folder)
    assert (folder / "vocabulary.toml").stat().st_mtime_ns == before, "what is right is left alone"


def test_what_changed_is_told_by_file_and_label() -> None:
    after = relabelled({**PAGES, "new.toml": "", "agreements/a.toml": ""}, ["new-visas=12.5"])
    del after["supergraph.graphql"]
    assert changes(PAGES, after) == (
        "~ agreements/a.toml",
        "~ labels.toml",
        "+ new.toml",
        "- supergraph.graphql",
        "label new-visas: by itself before, 12.5 % now",
    )


def test_labels_are_laid_over_those_of_the_page() -> None:
    pages = relabelled(
        {"labels.toml": 'key = "user"\n[labels]\n"percent(5)" = 10\nold = true\n'}, ["old=off", "new=2.5"]
    )
    assert pages["labels.toml"] == 'key = "user"\n\n[labels]\n"new" = 2.5\n"old" = 0.0\n"percent(5)" = 10.0\n'
    assert relabelled(pages, []) == pages
    with pytest.raises(PolicyError) as caught:
        relabelled({}, ["new=200"])
    assert caught.value.code == "LABELS_WRONG"

"""Certificates for TLS: what is issued when, for whom, and how an authority is replaced without a gap."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.errors import IdentityError
from gateway.identity import Vouched, issue_certificates, rotate_authority, standing, valid_until

NOW = datetime.now(UTC).replace(microsecond=0)
SERVERS = {"visas": ("visas", "localhost"), "travelers": ("travelers", "10.1.2.3")}


def issued(folder: Path, *, after: timedelta = timedelta(), anew: bool = False) -> list[Vouched]:
    return issue_certificates(folder, SERVERS, ["gateway"], now=NOW + after, anew=anew)


def fresh(vouched: list[Vouched]) -> list[str]:
    return sorted(each.name for each in vouched if each.fresh)


def connected(folder: Path, server: str, client: str, host: str) -> str:
    """How a handshake between the two ends, in memory: "" or what either side found wrong."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / server / "certificate.pem", folder / server / "key.pem")
    serving.load_verify_locations(folder / server / "authorities.pem")
    serving.verify_mode = ssl.CERT_REQUIRED
    calling = ssl.create_default_context(cafile=str(folder / client / "authorities.pem"))
    calling.load_cert_chain(folder / client / "certificate.pem", folder / client / "key.pem")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [calling.wrap_bio(back, there, server_hostname=host), serving.wrap_bio(there, back, server_side=True)]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return str(error.reason)
    return ""


def test_each_name_has_what_it_needs_and_no_more(tmp_path: Path) -> None:
    vouched = issued(tmp_path)
    assert [(each.name, each.role, each.hosts) for each in vouched] == [
        ("authority", "authority", ()),
        ("visas", "server", ("visas", "localhost")),
        ("travelers", "server", ("travelers", "10.1.2.3")),
        ("gateway", "client", ("gateway",)),
    ]
    for name in ("visas", "travelers", "gateway"):
        files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / name).iterdir()}
        assert files == {"certificate.pem": 0o644, "key.pem": 0o600, "authorities.pem": 0o644}
        assert b"PRIVATE" not in (tmp_path / name / "authorities.pem").read_bytes()
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "authority").iterdir()} == {
        "current.pem": 0o600
    }


def test_a_client_is_let_in_and_a_server_is_not(tmp_path: Path) -> None:
    """A subgraph's certificate opens no other subgraph; a server is believed under its own names only."""
    issued(tmp_path)
    assert connected(tmp_path, "visas", "gateway", "localhost") == ""
    assert connected(tmp_path, "travelers", "gateway", "10.1.2.3") == ""
    assert connected(tmp_path, "visas", "travelers", "localhost") == "CERTIFICATE_VERIFY_FAILED"
    assert connected(tmp_path, "visas", "gateway", "travelers") == "CERTIFICATE_VERIFY_FAILED"
    assert connected(tmp_path, "gateway", "gateway", "gateway") == "CERTIFICATE_VERIFY_FAILED"


def test_only_what_is_due_is_issued_again(tmp_path: Path) -> None:
    assert fresh(issued(tmp_path)) == ["gateway", "travelers", "visas"]
    assert fresh(issued(tmp_path, after=timedelta(days=59))) == []
    assert fresh(issued(tmp_path, after=timedelta(days=61))) == ["gateway", "travelers", "visas"]
    assert fresh(issued(tmp_path, after=timedelta(days=61), anew=True)) == ["gateway", "travelers", "visas"]


@pytest.mark.parametrize("damage", ["gone", "cut", "another's key", "another name"])
def test_what_is_damaged_is_issued_again(tmp_path: Path, damage: str) -> None:
    issued(tmp_path)
    place = tmp_path / "visas"
    if damage == "gone":
        (place / "key.pem").unlink()
    elif damage == "cut":
        (place / "certificate.pem").write_bytes((place / "certificate.pem").read_bytes()[:200])
    elif damage == "another's key":
        (place / "key.pem").write_bytes((tmp_path / "gateway" / "key.pem").read_bytes())
    else:
        for name in ("certificate.pem", "key.pem"):
            (place / name).write_bytes((tmp_path / "travelers" / name).read_bytes())
    assert fresh(issued(tmp_path)) == ["visas"]
    assert connected(tmp_path, "visas", "gateway", "visas") == ""


def test_nothing_outlasts_its_authority(tmp_path: Path) -> None:
    authority = issued(tmp_path)[0]
    late = authority.until - NOW - timedelta(days=10)
    assert {each.until for each in issued(tmp_path, after=late, anew=True)} == {authority.until}
    assert fresh(issued(tmp_path, after=late + timedelta(days=1))) == []
    with pytest.raises(IdentityError) as raised:
        issued(tmp_path, after=authority.until - NOW)
    assert raised.value.code == "CERTIFICATE_UNUSABLE"


def test_an_authority_is_replaced_without_a_gap(tmp_path: Path) -> None:
    """Between two steps a side that has the new files and one that has the old ones understand each other."""
    issued(tmp_path)
    old = {name: (tmp_path / name / "certificate.pem").read_bytes() for name in ("visas", "gateway")}
    with pytest.raises(IdentityError, match="'use' cannot be taken"):
        rotate_authority(tmp_path, step="use", now=NOW)

    rotate_authority(tmp_path, step="publish", now=NOW)
    assert (tmp_path / "visas" / "authorities.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 2
    assert (tmp_path / "visas" / "certificate.pem").read_bytes() == old["visas"]
    with pytest.raises(IdentityError, match="'retire' cannot be taken"):
        rotate_authority(tmp_path, step="retire", now=NOW)

    keys = {name: (tmp_path / name / "key.pem").read_bytes() for name in old}
    assert fresh(rotate_authority(tmp_path, step="use", now=NOW)) == ["gateway", "travelers", "visas"]
    assert fresh(rotate_authority(tmp_path, step="use", now=NOW)) == []
    assert connected(tmp_path, "visas", "gateway", "visas") == ""
    new = {name: ((tmp_path / name / "certificate.pem").read_bytes(), (tmp_path / name / "key.pem").read_bytes()) for name in old}  # fmt: skip
    for behind in old:  # one of the two has not been restarted since
        (tmp_path / behind / "certificate.pem").write_bytes(old[behind])
        (tmp_path / behind / "key.pem").write_bytes(keys[behind])
        assert connected(tmp_path, "visas", "gateway", "visas") == ""
        (tmp_path / behind / "certificate.pem").write_bytes(new[behind][0])
        (tmp_path / behind / "key.pem").write_bytes(new[behind][1])
    with pytest.raises(IdentityError, match="'publish' cannot be taken"):
        rotate_authority(tmp_path, step="publish", now=NOW)

    rotate_authority(tmp_path, step="retire", now=NOW)
    assert connected(tmp_path, "visas", "gateway", "visas") == ""
    (tmp_path / "gateway" / "certificate.pem").write_bytes(old["gateway"])
    (tmp_path / "gateway" / "key.pem").write_bytes(keys["gateway"])
    assert connected(tmp_path, "visas", "gateway", "visas") == "CERTIFICATE_VERIFY_FAILED"
    assert standing(tmp_path)[0].until == NOW + timedelta(days=5 * 365)


def test_there_is_nothing_to_show_or_replace_without_an_authority(tmp_path: Path) -> None:
    for step in ("publish", "use", "retire"):
        with pytest.raises(IdentityError) as raised:
            rotate_authority(tmp_path, step=step, now=NOW)
        assert raised.value.code == "CERTIFICATES_MISSING"
    with pytest.raises(IdentityError) as raised:
        issue_certificates(tmp_path, {"authority": ["authority"]}, [], now=NOW)
    assert raised.value.code == "CERTIFICATE_UNUSABLE"


def test_the_authority_vouches_for_no_other_authority(tmp_path: Path) -> None:
    issued(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / "authority" / "current.pem").read_bytes())
    leaf = x509.load_pem_x509_certificate((tmp_path / "gateway" / "certificate.pem").read_bytes())
    basic = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert valid_until((tmp_path / "gateway" / "certificate.pem").read_bytes()) == leaf.not_valid_after_utc
    assert valid_until(b"nothing") is None

"""X.509 certificates for TLS between gateway and subgraphs: an authority of one's own, and what it vouches for.

A folder holds one folder a name: ``certificate.pem``, ``key.pem`` (mode 0600) and ``authorities.pem``, whom that name is
to trust. ``authority`` beside them holds the authority's own key, which nobody but who issues needs to have. Servers are
vouched for as servers only and clients as clients only (extended key usage, RFC 5280 section 4.2.1.12): a subgraph's
certificate lets nobody in at another subgraph.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.errors import IdentityError
from gateway.identity.keys import ROTATION

__all__ = ["Vouched", "issue_certificates", "rotate_authority", "standing", "valid_until"]

AUTHORITY: Final = "authority"
"""The folder of the authority itself; no server and no client may be called so."""
_YEARS: Final = timedelta(days=5 * 365)
_SKEW: Final = timedelta(minutes=5)  # a clock that is behind shall not refuse what was issued just now


@dataclass(frozen=True, slots=True)
class Vouched:
    """One certificate: whose, as what (``authority``, ``server`` or ``client``), under which names, until when."""

    name: str
    role: str
    hosts: tuple[str, ...]
    until: datetime
    fresh: bool = False


def issue_certificates(
    folder: Path,
    servers: Mapping[str, Sequence[str]],
    clients: Sequence[str],
    *,
    now: datetime,
    days: int = 90,
    anew: bool = False,
) -> list[Vouched]:
    """Every certificate of ``folder`` once those that are due were issued; ``fresh`` are these.

    ``servers`` are the hosts of each by name; an authority is made where there is none. Due is what is missing or
    damaged, has less than a third of its ``days`` left, says something else or is by another authority; with ``anew``
    everything. Raises ``IdentityError`` CERTIFICATE_UNUSABLE where the authority cannot be read or has ended.
    """
    own = folder / AUTHORITY
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (own / "current.pem").exists():
        _write(own / "current.pem", _new_authority(now))
    key, authority = _authority(own / "current.pem", now)
    wanted = {name: ("server", tuple(hosts)) for name, hosts in servers.items()}
    wanted |= {name: ("client", (name,)) for name in clients}
    if AUTHORITY in wanted:
        raise _unusable(own, f"{AUTHORITY!r} is the name of the authority's own folder", "Choose another name.")
    told = [_told(AUTHORITY, AUTHORITY, authority)]
    for name, (role, hosts) in wanted.items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        due = anew or _due(place, role, hosts, authority, now, days)
        if due:
            _issue(place, name, role, hosts, key, authority, now, days)
        trusted = _trusted(own)
        if not (place / "authorities.pem").exists() or (place / "authorities.pem").read_bytes() != trusted:
            _write(place / "authorities.pem", trusted, 0o644)
        told.append(_told(name, role, _certificate(place / "certificate.pem"), fresh=due))
    return told


def rotate_authority(folder: Path, *, step: str, now: datetime, days: int = 90) -> list[Vouched]:
    """Take one step in replacing the authority; returns every certificate as it stands afterwards.

    ``publish`` makes the next authority and has everybody trust both; ``use`` issues every certificate anew by the next;
    ``retire`` has nobody trust the old one. Between two steps everybody has to have loaded the files. A step that was
    taken changes nothing. Raises ``IdentityError`` ROTATION_OUT_OF_ORDER, CERTIFICATES_MISSING, CERTIFICATE_UNUSABLE.
    """
    vouched = standing(folder)
    own = folder / AUTHORITY
    following, previous = own / "next.pem", own / "previous.pem"
    if step == "publish" and not following.exists():
        if previous.exists():
            raise _out_of_order(step, "retire")
        _write(following, _new_authority(now))
    elif step == "use" and following.exists():
        _, current = _authority(own / "current.pem", now)
        _write(previous, _pem(current))
        os.replace(following, own / "current.pem")
    elif step == "use" and not previous.exists():
        raise _out_of_order(step, "publish")
    elif step == "retire":
        if following.exists():
            raise _out_of_order(step, "use")
        previous.unlink(missing_ok=True)
    servers = {each.name: each.hosts for each in vouched if each.role == "server"}
    clients = [each.name for each in vouched if each.role == "client"]
    return issue_certificates(folder, servers, clients, now=now, days=days)


def standing(folder: Path) -> list[Vouched]:
    """Every certificate of ``folder``, the authority's first. Raises ``IdentityError`` CERTIFICATES_MISSING or _UNUSABLE."""
    path = folder / AUTHORITY / "current.pem"
    if not path.exists():
        raise IdentityError(
            "CERTIFICATES_MISSING",
            "There is no authority",
            status=500,
            where=str(path),
            hint="make one with `gateway certificates issue`",
        )
    told = [_told(AUTHORITY, AUTHORITY, _certificate(path))]
    for place in sorted(path.parent.parent.glob("*/certificate.pem")):
        found = _certificate(place)
        told.append(_told(place.parent.name, _role(found), found))
    return told


def valid_until(pem: bytes) -> datetime | None:
    """When the first certificate in ``pem`` ends; None where there is none that can be read."""
    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except ValueError:
        return None


# ---- making ----------------------------------------------------------------------------------------------------------


def _new_authority(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"two-way-street authority {now:%Y-%m-%d %H:%M}")])
    builder = _builder(named, named, key, now, _YEARS).add_extension(x509.BasicConstraints(True, 0), critical=True)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    made = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    return _pem(made) + _secret(key)


def _issue(
    place: Path,
    name: str,
    role: str,
    hosts: tuple[str, ...],
    by: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    now: datetime,
    days: int,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    lasting = min(timedelta(days=days), authority.not_valid_after_utc - now)
    made = (
        _builder(subject, authority.subject, key, now, lasting)
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_PURPOSES[role]]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(each) for each in hosts]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()),
            critical=False,
        )
        .sign(by, hashes.SHA256())
    )
    _write(place / "key.pem", _secret(key))
    _write(place / "certificate.pem", _pem(made), 0o644)


_PURPOSES: Final = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, lasting: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - _SKEW).not_valid_after(now + lasting)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


# ---- reading ---------------------------------------------------------------------------------------------------------


def _due(place: Path, role: str, hosts: tuple[str, ...], authority: x509.Certificate, now: datetime, days: int) -> bool:
    """Whether the certificate in ``place`` has to be issued (again)."""
    try:
        found = _certificate(place / "certificate.pem")
        key = serialization.load_pem_private_key((place / "key.pem").read_bytes(), None)
        found.verify_directly_issued_by(authority)
    except Exception:  # whatever is wrong with what lies there (damaged, half written, by another): a new one mends it
        return True
    if found.public_key() != key.public_key() or (_role(found), _hosts(found)) != (role, hosts):
        return True
    ending = min(timedelta(days=days), authority.not_valid_after_utc - found.not_valid_before_utc)
    return found.not_valid_after_utc - now < ending / 3


def _authority(path: Path, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    certificate = _certificate(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except ValueError:
        raise _unusable(path, "It holds no key", "Put the authority's key back beside its certificate.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _unusable(path, "Its key is of another kind", "Use an authority that this command made.")
    if certificate.not_valid_after_utc <= now:
        raise _unusable(path, "It has ended", "Remove the folder and issue everything anew; next time rotate before.")
    return key, certificate


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        raise _unusable(path, "No certificate can be read there", "Remove the file and issue it anew.") from None


def _role(certificate: x509.Certificate) -> str:
    for purpose in _extended(certificate):
        for role, known in _PURPOSES.items():
            if purpose == known:
                return role
    return ""


def _extended(certificate: x509.Certificate) -> Iterator[x509.ObjectIdentifier]:
    try:
        yield from certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(each.value) for each in names)


def _told(name: str, role: str, certificate: x509.Certificate, *, fresh: bool = False) -> Vouched:
    return Vouched(name, role, _hosts(certificate), certificate.not_valid_after_utc, fresh)


def _trusted(own: Path) -> bytes:
    """The certificates of the authorities that are trusted now, without their keys."""
    files = (own / name for name in ("current.pem", "next.pem", "previous.pem"))
    return b"".join(_pem(_certificate(path)) for path in files if path.exists())


# ---- files -----------------------------------------------------------------------------------------------------------


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put ``content`` at ``path`` whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(draft, path)


def _unusable(where: Path, said: str, hint: str) -> IdentityError:
    return IdentityError("CERTIFICATE_UNUSABLE", said, status=500, where=str(where), hint=hint)


def _out_of_order(step: str, first: str) -> IdentityError:
    return IdentityError(
        "ROTATION_OUT_OF_ORDER",
        f"The step {step!r} cannot be taken now",
        status=500,
        where="--step",
        hint=f"take the step {first!r} first; the steps are {', '.join(ROTATION)}",
    )

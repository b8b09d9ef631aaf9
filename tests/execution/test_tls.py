"""TLS to subgraphs: an authority of our own, and the gateway's certificate where the subgraph asks for one."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.config import Settings, read_settings
from gateway.errors import FetchError, PolicyError
from gateway.execution.http import HttpTransport
from gateway.execution.transport import SubgraphRequest
from gateway.limits import LimitsPage
from gateway.sending import http_transport

ASK = SubgraphRequest("visas", b'{"query":"{ x }"}')
OK = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"data":{}}'


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass
class Authority:
    """A certificate authority made for a test; ``issue`` writes a certificate and its key."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        made = self._signed(self.subject, self.key, x509.BasicConstraints(ca=True, path_length=None), None)
        self.file = self.folder / f"{self.name}.pem"
        self.file.write_bytes(made)

    def issue(self, name: str, usage: x509.ObjectIdentifier) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        plain = x509.BasicConstraints(ca=False, path_length=None)
        certificate, secret = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(self._signed(subject, key, plain, usage))
        secret.write_bytes(_pem(key))
        return certificate, secret

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        basic: x509.BasicConstraints,
        usage: x509.ObjectIdentifier | None,
    ) -> bytes:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(basic, critical=True)
        )
        if usage is not None:
            local = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
            builder = builder.add_extension(local, critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@contextlib.asynccontextmanager
async def subgraph(authority: Authority, clients: Authority | None = None) -> AsyncIterator[str]:
    """The address of a subgraph on TLS; with ``clients``, it takes only those whom that authority vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server", ExtendedKeyUsageOID.SERVER_AUTH))
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.file)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(ASK.body))
                writer.write(OK)
                await writer.drain()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"


async def asked(transport: HttpTransport) -> str:
    """How it ended: "" for an answer, else the code."""
    async with transport:
        try:
            assert (await transport.send(ASK)).body == b'{"data":{}}'
        except FetchError as error:
            return error.code
    return ""


@pytest.mark.asyncio
async def test_who_is_vouched_for_by_nobody_we_trust_is_not_asked(tmp_path: Path) -> None:
    """The same server with and without its authority, and with another's."""
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    async with subgraph(ours) as url:
        told = {
            name: await asked(http_transport({"visas": url}, Settings(subgraph_ca=ca), LimitsPage()))
            for name, ca in {"ours": ours.file, "none": None, "other": other.file}.items()
        }
    assert told == {"ours": "", "none": "SUBGRAPH_UNREACHABLE", "other": "SUBGRAPH_UNREACHABLE"}


@pytest.mark.asyncio
async def test_a_subgraph_may_want_to_know_the_gateway(tmp_path: Path) -> None:
    """mTLS: with its certificate it is let in, without or with one of another authority it is not."""
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    certificate, key = ours.issue("gateway", ExtendedKeyUsageOID.CLIENT_AUTH)
    forged, its_key = other.issue("forged", ExtendedKeyUsageOID.CLIENT_AUTH)
    bare = Settings(subgraph_ca=ours.file)
    known = Settings(subgraph_ca=ours.file, subgraph_certificate=certificate, subgraph_key=key)
    unknown = Settings(subgraph_ca=ours.file, subgraph_certificate=forged, subgraph_key=its_key)
    async with subgraph(ours, clients=ours) as url:
        told = [await asked(http_transport({"visas": url}, each, LimitsPage())) for each in (known, bare, unknown)]
    assert told == ["", "SUBGRAPH_UNREACHABLE", "SUBGRAPH_UNREACHABLE"]


def test_files_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    """A certificate without its key, a file that is not there, and one that is no PEM."""
    page = tmp_path / "page.txt"
    page.write_text("no certificate")
    wrong = [
        ({"TWS_SUBGRAPH_CERTIFICATE": str(page)}, "needs its key"),
        ({"TWS_SUBGRAPH_CA": str(tmp_path / "gone.pem")}, "cannot be read"),
        ({"TWS_SUBGRAPH_CA": str(page)}, "holds no PEM"),
    ]
    for environment, said in wrong:
        with pytest.raises(PolicyError, match=said) as refused:
            http_transport({}, read_settings(environment), LimitsPage())
        assert refused.value.code == "TLS_WRONG"

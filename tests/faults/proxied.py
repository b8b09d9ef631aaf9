"""nginx as it is deployed (``deploy/nginx.conf``) before gateways on this machine, which a small server of names gives it."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.fleet import Program, free_port
from tests.scenarios.asking import ROOT

__all__ = ["names", "nginx", "program"]


def program() -> str | None:
    """Where nginx is."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def names(addresses: Sequence[str]) -> Iterator[int]:
    """The port of a server of names that knows one name, with all these ``addresses``, as an engine of containers has one."""
    answering, over = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), threading.Event()
    answering.bind(("127.0.0.1", 0))
    answering.settimeout(0.2)

    def answer() -> None:
        while not over.is_set():
            try:
                asked, who = answering.recvfrom(512)
            except TimeoutError:
                continue
            question = asked[12 : asked.index(b"\0", 12) + 5]
            found = b"".join(
                struct.pack("!HHHIH4s", 0xC00C, 1, 1, 1, 4, socket.inet_aton(address)) for address in addresses
            )
            answering.sendto(asked[:2] + struct.pack("!5H", 0x8180, 1, len(addresses), 0, 0) + question + found, who)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield int(answering.getsockname()[1])
    finally:
        over.set()
        thread.join()
        answering.close()


def nginx(where: str, folder: Path, server_of_names: int, port: int) -> Program:
    """The nginx at ``where``, not started yet, before whatever serves on ``port`` of the addresses of the name."""
    own = free_port()
    folder.mkdir()
    (folder / "resolver.conf").write_text(f"resolver 127.0.0.1:{server_of_names} valid=1s ipv6=off;\n")
    page = (ROOT / "deploy" / "nginx.conf").read_text()
    for said, here in (("/tmp/", f"{folder}/"), ("listen 8080", f"listen 127.0.0.1:{own}"), (":4000;", f":{port};")):
        assert said in page
        page = page.replace(said, here)
    (folder / "nginx.conf").write_text(page)
    more = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
    command = [where, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", more]
    address = f"http://127.0.0.1:{own}"
    return Program("nginx", command, dict(os.environ), folder / "log", address, f"{address}/health/live")

"""Certificates are verified; a private authority is trusted where it is set."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from anji_common.clock import SystemClock
from anji_common.errors import ConfigurationError, VendorUnavailableError
from anji_common.http_transport import HttpTransport
from anji_common.transport import Call


def make_authority(folder: Path) -> tuple[Path, Path]:
    """Return certificate and key of a site on this machine that vouches for itself, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anji test")])
    begins = datetime.now(UTC) - timedelta(days=1)  # noqa: TID251 - a certificate of the real world
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=2))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "site.pem", folder / "site.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


@asynccontextmanager
async def site(certificate: Path, key: Path) -> AsyncIterator[str]:
    """Yield the address of a site with that certificate."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"well": True})

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}/k3cloud/"
    await runner.cleanup()


async def asked(url: str, ca_file: Path | None) -> bytes:
    transport = HttpTransport(url, system="k3cloud", clock=SystemClock(), ca_file=ca_file)
    try:
        return (await transport.send(Call("x", b"{}"))).body
    finally:
        await transport.close()


async def test_a_site_of_an_unknown_authority_is_not_talked_to(tmp_path: Path) -> None:
    certificate, key = make_authority(tmp_path)
    async with site(certificate, key) as url:
        with pytest.raises(VendorUnavailableError, match="certificate"):
            await asked(url, None)


async def test_a_private_authority_is_trusted_where_it_is_set(tmp_path: Path) -> None:
    certificate, key = make_authority(tmp_path)
    async with site(certificate, key) as url:
        assert await asked(url, certificate) == b'{"well": true}'


async def test_a_file_of_authorities_that_cannot_be_read_is_told_by_its_setting(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match="ANJI_CA_FILE"):
        await asked("https://127.0.0.1:1/", tmp_path / "absent.pem")

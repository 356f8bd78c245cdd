"""A self-signed certificate for loopback, and the server side of TLS with it.

In: where the store is. Out: a certificate and its key beside the store, made when they are missing or about to expire,
the key readable by its owner only. The one module that imports `cryptography`, and only when TLS is asked for: the
standard library cannot make a certificate, and the package comes with azure-identity, which every ftops has; an
emulator without it still serves plain http.
"""

from __future__ import annotations

import os
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from ftops.emulator.store import NoCryptography

_DAYS: Final = 365
_RENEW_SECONDS: Final = 7 * 86_400
_NAMES: Final = ("localhost",)
_ADDRESSES: Final = ("127.0.0.1",)


def certificate_path(store: Path) -> Path:
    """Where the certificate of a store lies; it is what clients trust."""
    return store.with_name(store.name + ".cert.pem")


def key_path(store: Path) -> Path:
    """Where the private key of a store's certificate lies."""
    return store.with_name(store.name + ".key.pem")


def server_context(store: Path) -> ssl.SSLContext:
    """The context that serves with the store's certificate. Raises `NoCryptography`, `OSError`."""
    certificate, key = certificate_path(store), key_path(store)
    if not _usable(certificate, key):
        _make(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def _usable(certificate: Path, key: Path) -> bool:
    """Whether both are there, belong together, and last a while yet."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.load_verify_locations(certificate)
    except (OSError, ssl.SSLError):
        return False
    ends = [str(found["notAfter"]) for found in trusting.get_ca_certs()]
    return bool(ends) and min(map(ssl.cert_time_to_seconds, ends)) > time.time() + _RENEW_SECONDS


def _make(certificate: Path, key: Path) -> None:
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        raise NoCryptography(
            "making a certificate: the package `cryptography` is not installed; install it, or serve without TLS"
        ) from None
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ftops emulator")])
    now = datetime.now(UTC)
    hosts = [*map(x509.DNSName, _NAMES), *(x509.IPAddress(ip_address(text)) for text in _ADDRESSES)]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        # A certificate authority of its own: some clients trust nothing else from a bundle.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_secret(key, secret)
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def _write_secret(path: Path, content: bytes) -> None:
    """Written under another name first: the key is never there with the rights of others, or half."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sink:
        sink.write(content)
    os.replace(fresh, path)

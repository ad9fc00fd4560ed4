"""TLS of a loopback venue: a throw-away CA, and a server certificate for the host names of the exchange it plays.

The CA's key lives and dies in this module: it is never written, so nobody can sign a second certificate with it. Must
not touch the machine's own trust store; what trusts the CA is a context of `client_context` alone.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core import rng
from core.domain.errors import Refused
from core.domain.ports import Clock

LOCAL = ("localhost", "127.0.0.1")  # where every loopback venue is reached without a fence
VALID = timedelta(days=1)
CA_FILE = "ca.pem"
CA_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "perpconsole loopback venue, worth nothing")])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def server_context(hosts: Sequence[str], clock: Clock) -> tuple[ssl.SSLContext, bytes]:
    """A context that serves TLS as any of `hosts` (also `*.binance.com`) and as LOCAL, and the PEM of its CA.

    Both certificates hold for VALID around the clock's now; OpenSSL checks that by the machine's clock, so a clock
    that is not near it gives certificates that nobody accepts. Raises Refused for a name that is none.
    """
    start = _EPOCH + timedelta(microseconds=clock.now() // 1_000) - VALID / 2
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _authority(ca_key, start)
    certificate = _server(key, ca, ca_key, [_name(host) for host in dict.fromkeys((*hosts, *LOCAL))], start)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    _load(context, certificate, key)
    return context, ca.public_bytes(serialization.Encoding.PEM)


def client_context(ca_pem: bytes) -> ssl.SSLContext:
    """A context that trusts this CA and nothing else, and checks host names. Raises Refused where it is no PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # create_default_context trusts the machine's where it gets ""
    try:
        context.load_verify_locations(cadata=ca_pem.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        raise Refused(f"Expected the PEM text of a CA certificate, was something else: {error}") from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def write_ca(folder: Path, ca_pem: bytes) -> Path:
    """Put the CA's certificate into `folder` as CA_FILE. Raises Refused where another CA's file would be lost."""
    path = folder / CA_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and not _ours(path.read_bytes()):
            raise Refused(f"Expected no {path} or one of a loopback venue, was another CA's. Name another folder")
        new = path.with_suffix(".new")
        new.write_bytes(ca_pem)
        os.replace(new, path)
    except OSError as error:
        raise Refused(f"Expected a folder to write {path} in: {error.strerror}") from None
    return path


def _ours(pem: bytes) -> bool:
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        return False
    return [certificate.subject for certificate in found] == [CA_NAME]


def _name(host: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):  # a name is no address
        return x509.IPAddress(ipaddress.ip_address(host))
    labels = host.removeprefix("*.").split(".")
    if not all(label.isascii() and label.replace("-", "").isalnum() for label in labels):
        raise Refused(f"Expected a host name, was {host!r}")
    return x509.DNSName(host.lower())


def _authority(key: ec.EllipticCurvePrivateKey, start: datetime) -> x509.Certificate:
    builder = _builder(CA_NAME, key, start).issuer_name(CA_NAME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _server(
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    names: Sequence[x509.GeneralName],
    start: datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "perpconsole loopback venue")])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = _builder(subject, key, start).issuer_name(ca.subject)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.add_extension(issuer, critical=False).sign(ca_key, hashes.SHA256())


def _builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
    builder = builder.serial_number(int.from_bytes(identifier.digest[:16]) | 1)  # as unique as the key
    builder = builder.not_valid_before(start).not_valid_after(start + VALID)
    return builder.add_extension(identifier, critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _load(context: ssl.SSLContext, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Python's ssl reads certificates from files alone: a 0600 one, locked by a password that only this call knows."""
    password = rng.token() + rng.token()
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )
    handle, name = tempfile.mkstemp(prefix="loopback-venue-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM) + locked)
        context.load_cert_chain(name, password=password)
    finally:
        os.unlink(name)

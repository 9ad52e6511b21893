"""A time stamp authority (RFC 3161): `openssl ts` behind HTTP, with certificates of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIG = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = yes
tsa_name = {named}
ess_cert_id_alg = sha256
"""


class Authority:
    """One authority. `says` stands for its answer where a test wants another; `down`: none."""

    def __init__(self, folder: Path, name: str = "Test TSA", *, named: bool = True) -> None:
        """`named`: whether its stamps name it."""
        folder.mkdir(parents=True)
        self._folder = folder
        self.roots = folder / "root.pem"
        self.says: bytes | None = None
        self.status = 200
        self.asked: list[bytes] = []
        self._turn = Lock()
        _certify(folder, name)
        (folder / "serial").write_text("01\n")
        text = CONFIG.format(folder=folder, named="yes" if named else "no")
        (folder / "tsa.cnf").write_text(text)
        self.url = ""

    def stamp(self, query: bytes) -> bytes:
        """Its answer to a query."""
        with self._turn:
            self.asked.append(query)
            if self.says is not None:
                return self.says
            asked, made = self._folder / "query", self._folder / "reply"
            asked.write_bytes(query)
            words = ("-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply")
            subprocess.run(
                ["openssl", "ts", *words], cwd=self._folder, check=True, capture_output=True
            )
            return made.read_bytes()


@contextmanager
def authority(folder: Path, name: str = "Test TSA", *, named: bool = True) -> Iterator[Authority]:
    """One that answers on loopback."""
    made = Authority(folder, name, named=named)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = made.stamp(body)
            self.send_response(made.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def _certify(folder: Path, name: str) -> None:
    """A root, and a certificate for time stamping by it."""
    root, tsa = _key(), _key()
    ca = _name(f"{name} root")
    _write(folder / "root.pem", _certificate(ca, ca, root, root, authority=True))
    _write(folder / "tsa.pem", _certificate(_name(name), ca, tsa, root, authority=False))
    pem = tsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tsa.key").write_bytes(pem)


def _key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2_048)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(Encoding.PEM))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: RSAPrivateKey, by: RSAPrivateKey, *, authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                key_cert_sign=authority,
                crl_sign=authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if not authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(by, hashes.SHA256())

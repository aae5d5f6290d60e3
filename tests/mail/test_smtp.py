"""The way to the mail server: who can't prove to be it gets neither the password nor a mail."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ppe import create_app, smtp
from ppe.config import Settings
from ppe.errors import DeliveryFailed
from ppe.mail import mailer
from tests.mail.conftest import NOW
from tests.mail.listener import HOST, Listener


@dataclass(frozen=True)
class Authority:
    """Somebody who vouches for mail servers, and the file that says so."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    @property
    def file(self) -> str:
        path = self.folder / "authority.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def server(self, name: x509.GeneralName) -> ssl.SSLContext:
        """What a server of this name shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        return _context(_certificate("server", key, self.certificate.subject, self.key, name), key, self.folder)


OpenListener = Callable[..., Listener]

OURS = x509.IPAddress(ip_address(HOST))
ANOTHER = x509.DNSName("mail.evil.example")


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    signer: ec.EllipticCurvePrivateKey,
    name: x509.GeneralName | None,
) -> x509.Certificate:
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(issuer or called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=name is None, path_length=None), critical=True)
    )
    if name is not None:
        made = made.add_extension(x509.SubjectAlternativeName([name]), critical=False)
    return made.sign(signer, hashes.SHA256())


def _context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, folder: Path) -> ssl.SSLContext:
    path = folder / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The one whom our settings trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, _certificate("authority", key, None, key, None), tmp_path)


@pytest.fixture
def open_listener() -> Iterator[OpenListener]:
    """Mail servers as a test wants them."""
    opened: list[Listener] = []

    def open_one(**how: object) -> Listener:
        opened.append(Listener(offers_login=True, **how).start())  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for one in opened:
        one.stop()


def send(settings: Settings, listener: Listener, security: str, authority: Authority, password: str = "right") -> None:
    """Send a mail with settings for this server."""
    settings = _with(settings, listener.port, security, authority, password)
    with create_app(settings).app_context():
        mailer.send_test("bob@contoso.example", NOW)


def _with(settings: Settings, port: int, security: str, authority: Authority, password: str) -> Settings:
    return replace(
        settings, mail_server=HOST, mail_port=port, mail_security=security, mail_username="ppe",
        mail_password=password, mail_ca_file=authority.file,
    )  # fmt: skip


@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
def test_a_server_that_proves_its_name_gets_password_and_mail(
    settings: Settings, authority: Authority, open_listener: OpenListener, security: str, implicit: bool
) -> None:
    listener = open_listener(tls=authority.server(OURS), implicit=implicit)
    send(settings, listener, security, authority)
    assert listener.logins == [(b"ppe", b"right")]
    assert [taken.recipients for taken in listener.taken] == [["bob@contoso.example"]]


@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
def test_another_name_is_refused(
    settings: Settings, authority: Authority, open_listener: OpenListener, security: str, implicit: bool
) -> None:
    listener = open_listener(tls=authority.server(ANOTHER), implicit=implicit)
    with pytest.raises(DeliveryFailed, match=r"could not be used: .*certificate"):
        send(settings, listener, security, authority)
    assert (listener.logins, listener.taken) == ([], [])


@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
def test_a_self_signed_certificate_is_refused(
    settings: Settings, authority: Authority, open_listener: OpenListener, security: str, implicit: bool
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    own = _context(_certificate("server", key, None, key, OURS), key, authority.folder)
    listener = open_listener(tls=own, implicit=implicit)
    with pytest.raises(DeliveryFailed, match=r"could not be used: .*self-signed certificate"):
        send(settings, listener, security, authority)
    assert (listener.logins, listener.taken) == ([], [])


def test_a_server_without_encryption_is_refused(
    settings: Settings, authority: Authority, open_listener: OpenListener
) -> None:
    listener = open_listener()
    with pytest.raises(DeliveryFailed, match="could not be used: STARTTLS extension not supported"):
        send(settings, listener, "starttls", authority)
    assert (listener.logins, listener.taken) == ([], [])


def test_a_wrong_password_is_told_without_showing_it(
    settings: Settings, authority: Authority, open_listener: OpenListener
) -> None:
    listener = open_listener(tls=authority.server(OURS))
    with pytest.raises(DeliveryFailed, match="could not be used: 535") as failed:
        send(settings, listener, "starttls", authority, password="not-this-one")
    assert "not-this-one" not in failed.value.sentence
    assert listener.taken == []


def test_a_server_that_says_nothing_is_not_waited_for(
    settings: Settings, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server((HOST, 0)) as silent:
        quiet = _with(settings, silent.getsockname()[1], "starttls", authority, "right")
        with create_app(quiet).app_context(), pytest.raises(DeliveryFailed, match="timed out"):
            mailer.send_test("bob@contoso.example", NOW)

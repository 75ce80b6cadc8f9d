"""A mail server gets a password only over a connection whose certificate was checked."""

import datetime as dt
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW

ALERT = Alert("stale", "2 series of 1 symbol lack bars", NOW)
LOGIN = "desk:a-mail-password-of-length"


@dataclass
class MailServer:
    """What a server on loopback was sent."""

    port: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def is_logged_in(self) -> bool:
        """True once a password came."""
        return any(line.upper().startswith("AUTH") for line in self.lines)

    @property
    def has_letter(self) -> bool:
        """True once a letter came."""
        return any(line.startswith("Subject: regime") for line in self.lines)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of this machine's loopback address, self-signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return file


@contextmanager
def _mail_server(certificate: Path, mode: str) -> Iterator[MailServer]:
    """A server of ``mode`` smtps, starttls or plain."""
    context, served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), MailServer()
    context.load_cert_chain(certificate)

    class Session(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                if mode == "smtps":
                    self.request = context.wrap_socket(self.request, server_side=True)
                self.request.sendall(b"220 here\r\n")
                self._talk(self.request.makefile("rb"), offers_tls=mode == "starttls")
            except OSError:
                return
            finally:
                self.request.close()

        def _talk(self, lines: Any, *, offers_tls: bool) -> None:
            while line := lines.readline().decode():
                served.lines.append(line)
                verb = line.upper().split()[0] if line.split() else ""
                more = b"250-STARTTLS\r\n" if offers_tls else b""
                answer = {
                    "EHLO": b"250-here\r\n" + more + b"250 AUTH PLAIN LOGIN\r\n",
                    "AUTH": b"235 ok\r\n",
                    "STARTTLS": b"220 go\r\n",
                    "DATA": b"354 go on\r\n",
                    "QUIT": b"221 bye\r\n",
                }.get(verb, b"250 ok\r\n")
                self.request.sendall(answer)
                if verb == "STARTTLS":
                    self.request = context.wrap_socket(self.request, server_side=True)
                    return self._talk(self.request.makefile("rb"), offers_tls=False)
                if verb == "DATA":
                    served.lines.extend(text.decode() for text in iter(lines.readline, b".\r\n"))
                    self.request.sendall(b"250 ok\r\n")
            return None

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        served.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served
        server.shutdown()


def _notify(settings: Settings, address: str) -> list[str]:
    chosen = Settings(
        _env_file=None,
        REGIME_DATA_ROOT=settings.data_root,
        REGIME_NOTIFY_EMAIL="desk@example.org",
        REGIME_NOTIFY_SMTP=address,
    )
    return send_alert(chosen, ALERT)


@pytest.mark.parametrize("mode", ["smtps", "starttls"])
def test_a_server_with_an_untrusted_certificate_gets_no_password(
    settings: Settings, certificate: Path, mode: str
) -> None:
    scheme = "smtps" if mode == "smtps" else "smtp"
    with _mail_server(certificate, mode) as server:
        problems = _notify(settings, f"{scheme}://{LOGIN}@127.0.0.1:{server.port}")

    assert problems == ["e-mail: SSLCertVerificationError"]
    assert not server.is_logged_in
    assert not server.has_letter


@pytest.mark.parametrize("mode", ["smtps", "starttls", "plain"])
def test_a_server_that_is_trusted_or_this_machine_itself_gets_password_and_letter(
    settings: Settings, certificate: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    scheme = "smtps" if mode == "smtps" else "smtp"
    with _mail_server(certificate, mode) as server:
        problems = _notify(settings, f"{scheme}://{LOGIN}@127.0.0.1:{server.port}")

    assert problems == []
    assert server.is_logged_in
    assert server.has_letter


def test_another_machine_without_encryption_gets_no_password(
    settings: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = socket.getaddrinfo

    def named(host: str, *more: Any, **options: Any) -> Any:
        return known("127.0.0.1" if host == "mail.example" else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", named)
    with _mail_server(certificate, "plain") as server:
        (problem,) = _notify(settings, f"smtp://{LOGIN}@mail.example:{server.port}")

    assert "mail.example offers no STARTTLS" in problem
    assert "smtps://" in problem
    assert not server.is_logged_in
    assert not server.has_letter

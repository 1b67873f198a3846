"""A real SMTP server on this machine (aiosmtpd) that can be told to misbehave."""

import asyncio
import ssl
import warnings
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "huifang", "right-password"


@dataclass
class MailPeer:
    """What the server took, and how it answers the next mails."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    """Taken, in order; among them those whose taking the sender never heard of."""
    to: list[str] = field(default_factory=list)
    answers: deque[str] = field(default_factory=deque)
    """For the next mails: an SMTP answer, ``cut`` (the connection, after the mail was taken) or
    ``hold`` (no answer until `release`). Afterwards all are taken."""
    refused: dict[str, str] = field(default_factory=dict)
    """Address -> answer to RCPT."""
    logins: list[bool] = field(default_factory=list)
    connections: int = 0
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        answer = self.answers.popleft() if self.answers else "250 OK"
        if answer[0] in "45":
            return answer
        async with self.came:
            mail = message_from_bytes(envelope.content, policy=default)
            self.mails.append(cast(EmailMessage, mail))
            self.to += envelope.rcpt_tos
            self.came.notify_all()
        if answer == "cut":
            server.transport.abort()
        elif answer == "hold":
            await self.release.wait()
        return "250 OK"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        """Let `USER` in with `PASSWORD`."""
        right = data == LoginPassword(USER.encode(), PASSWORD.encode())
        self.logins.append(right)
        return AuthResult(success=right, handled=right)

    async def taken(self, number: int) -> None:
        """Wait until so many mails were taken."""
        async with self.came:
            await asyncio.wait_for(self.came.wait_for(lambda: len(self.mails) >= number), 60)


@asynccontextmanager
async def mail_peer(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, auth: bool = False
) -> AsyncIterator[MailPeer]:
    """Run the server on a free port of 127.0.0.1."""
    peer, alive = MailPeer(), set()

    def connection() -> SMTP:
        peer.connections += 1
        with warnings.catch_warnings():
            # It does not know of TLS that was there before it, nor that it is only a test.
            warnings.simplefilter("ignore")
            one = SMTP(
                peer,
                hostname="mail.test",
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=peer.authenticate if auth else None,
                auth_required=auth,
                auth_require_tls=auth and tls is None,
            )
        alive.add(one)
        return one

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        peer.release.set()
        server.close()
        for one in alive:
            if one.transport is not None:
                one.transport.abort()
        await server.wait_closed()


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for `name` that signs itself; the server's context and the PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)

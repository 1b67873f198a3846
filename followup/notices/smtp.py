"""Mails by SMTP (RFC 5321) with aiosmtplib: TLS, STARTTLS (RFC 3207), AUTH (RFC 4954)."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import aiosmtplib

from core.errors import PermanentError, TransientError, problem
from followup.notices.message import one_line

SECONDS = 60.0
"""Longest time for one connection with its login, and for handing over one mail."""


@dataclass(frozen=True)
class SmtpServer:
    """A mail server, and how to talk to it."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    """PEM file of the authorities that may sign its certificate; None: the system's."""
    seconds: float = SECONDS

    @property
    def name(self) -> str:
        """Return host and port, for errors."""
        return f"{self.host}:{self.port}"

    @asynccontextmanager
    async def session(self) -> AsyncIterator["SmtpSession"]:
        """Connect, encrypt and log in; said good-bye at the end."""
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            timeout=self.seconds,
            use_tls=self.security == "tls",
            start_tls=False,
            tls_context=self._context() if self.security != "none" else None,
        )
        transport = None
        try:
            async with asyncio.timeout(self.seconds):
                await self._connect(client)
            transport = client.transport
            yield SmtpSession(client, self)
            with suppress(aiosmtplib.SMTPException, TimeoutError):
                async with asyncio.timeout(5):
                    await client.quit()
        finally:
            transport = transport or client.transport
            client.close()
            if isinstance(transport, asyncio.WriteTransport):
                # All is said: no waiting for the other side's good-bye to the encryption. The
                # socket is closed in the loop's next turns.
                transport.abort()
                for _ in range(3):
                    await asyncio.sleep(0)

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        except OSError as error:
            raise TransientError(
                problem("mail-certificate", server=self.name, reason=f"{self.ca_file}: {error}")
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
            if self.security == "starttls":
                await client.ehlo()
                if not client.supports_extension("starttls"):
                    raise TransientError(problem("mail-no-tls", server=self.name))
                await client.starttls()
            if self.username:
                await client.login(self.username, self.password)
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPNotSupported) as error:
            raise self._told("mail-login", error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            cause = error.__cause__ or error
            code = "mail-certificate" if isinstance(cause, ssl.SSLError) else "mail-unreachable"
            raise self._told(code, error) from error

    def _told(self, code: str, error: Exception) -> TransientError:
        return TransientError(problem(code, server=self.name, reason=reason(error)))


class SmtpSession:
    """A connection that mails are handed over by."""

    def __init__(self, client: aiosmtplib.SMTP, server: SmtpServer) -> None:
        self._client, self._server = client, server
        self.alive = True

    async def send(self, mail: EmailMessage) -> None:
        """Hand one mail over. Raises TransientError (4xx, broken) or PermanentError (5xx)."""
        try:
            async with asyncio.timeout(self._server.seconds):
                await self._client.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise self._refused(error.recipients[0].code, error.recipients[0]) from error
        except aiosmtplib.SMTPResponseException as error:
            raise self._refused(error.code, error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # Perhaps the server took it all the same: it comes once more, under the same id.
            self.alive = False
            raise TransientError(
                problem("mail-broken", server=self._server.name, reason=reason(error))
            ) from error

    def _refused(self, code: int, error: Exception) -> TransientError | PermanentError:
        said = reason(error)
        # RFC 5321 4.2.1: 5yz is for good; anything else may be tried again. 421 says good-bye.
        if code // 100 == 5:
            return PermanentError(problem("mail-refused", server=self._server.name, reason=said))
        self.alive = code != 421 and self._client.is_connected
        return TransientError(problem("mail-later", server=self._server.name, reason=said))


def reason(error: Exception) -> str:
    """Return what went wrong in one line, the server's own words among it."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        said = f"{error.code} {error.message}"
    else:
        said = str(error) or str(error.__cause__ or "") or type(error).__name__
    return one_line(said)[:300]

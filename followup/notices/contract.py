"""What sends mails: one connection for several of them."""

from contextlib import AbstractAsyncContextManager
from email.message import EmailMessage
from typing import Protocol


class MailSession(Protocol):
    """A connection to the mail server."""

    @property
    def alive(self) -> bool:
        """False once the connection has broken: the remaining mails need another one."""
        ...

    async def send(self, mail: EmailMessage) -> None:
        """Hand one mail over; it is the server's on return.

        Raises TransientError where it may be tried again (also where nobody knows whether the
        server took it), PermanentError where the server refuses it for good.
        """
        ...


class MailServer(Protocol):
    """Where mails go."""

    def session(self) -> AbstractAsyncContextManager[MailSession]:
        """Connect and log in. Raises TransientError: the operator can mend whatever it is, and
        no notice may be lost meanwhile."""
        ...

"""A letter as a mail: headers that nothing can be smuggled into, and an id that stays the same.

RFC 5322 (mail), RFC 2046 5.1.4 (text and HTML side by side), RFC 3834 (answers of robots).
"""

import hashlib
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from followup.notices.letter import Letter
from followup.notices.rendering import html, plain

LONGEST_SUBJECT = 200


def message(
    letter: Letter,
    *,
    sender: str,
    sender_name: str,
    recipient: str,
    key: str,
    made_at: datetime,
) -> EmailMessage:
    """Return the mail; the same notice to the same recipient gives the same mail each time."""
    mail = EmailMessage(policy=SMTP)
    mark = _mark(key, recipient)
    mail["From"] = Address(display_name=one_line(sender_name), addr_spec=sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = one_line(letter.subject)[:LONGEST_SUBJECT]
    mail["Date"] = format_datetime(made_at)
    mail["Message-ID"] = message_id(key, recipient, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(plain(letter), cte="base64")
    mail.add_alternative(html(letter), subtype="html", cte="base64")
    # Chosen by Python it would be another one each time, and a repeated mail another mail.
    mail.set_boundary(f"huifang-{mark}")
    return mail


def message_id(key: str, recipient: str, sender: str) -> str:
    """Return the Message-ID of a notice: a mail that arrives twice can be told by it."""
    return f"<huifang.{_mark(key, recipient)}@{sender.rpartition('@')[2]}>"


def _mark(key: str, recipient: str) -> str:
    return hashlib.sha256(f"{key}\n{recipient}".encode()).hexdigest()[:32]


def one_line(text: str) -> str:
    """Return text without line ends and other control signs: it may stand in a header."""
    kept = ("".join(" " if unicodedata.category(c) in _UNSEEN else c for c in text)).split()
    return " ".join(kept)


_UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}
"""Control and format signs (writing direction among them), line and paragraph ends, surrogates."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.notices.letter import Letter
from followup.notices.message import message, message_id, one_line

AT = datetime(2025, 11, 3, 2, 0, tzinfo=UTC)
HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("MIME-Version", "Content-Type"),
]


def made(subject: str, body: str = "lead", **known: Any) -> Any:
    letter = Letter("zh", subject=subject, title="title", lead=body)
    values = {
        "sender": "huifang@example.org",
        "sender_name": "Huifang 回访",
        "recipient": "boss@example.org",
        "key": "urgent:1",
        "made_at": AT,
    }
    return message_from_bytes(
        message(letter, **values | known).as_bytes(),  # type: ignore[arg-type]
        policy=default,
    )


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_becomes_a_header(subject: str, name: str) -> None:
    mail = made(f"a{subject}\r\nBcc: evil@example.org", sender_name=f"{name}\nX-Evil: 1")
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert mail["To"].addresses[0].addr_spec == "boss@example.org"
    assert [one.addr_spec for one in mail["From"].addresses] == ["huifang@example.org"]


@pytest.mark.parametrize("address", ["a@b.cn\r\nBcc: x@y.cn", "a@b.cn, x@y.cn", "a b@c.cn"])
def test_an_address_that_is_more_than_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        made("subject", recipient=address)


def test_the_same_notice_is_the_same_mail_and_another_is_another() -> None:
    assert made("s").as_bytes() == made("s").as_bytes()
    one = message_id("urgent:1", "boss@example.org", "huifang@example.org")
    assert one == made("s")["Message-ID"]
    assert one.endswith("@example.org>")
    assert one != message_id("urgent:2", "boss@example.org", "huifang@example.org")
    assert one != message_id("urgent:1", "chief@example.org", "huifang@example.org")


def test_a_title_of_many_lines_becomes_one() -> None:
    assert one_line("a\r\n b\t\x00c\u2028d\u202ee") == "a b c d e"
    assert len(made("长" * 1000)["Subject"]) == 200

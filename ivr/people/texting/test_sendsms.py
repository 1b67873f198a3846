"""What is asked of the people's gateway, and the escapes of what it tells."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.people.texting.sendsms import Account, NotTaken, Submitted, filled, read

ACCOUNT = Account("tester", "foobar7")
ASKED = {
    "username": "tester",
    "password": "foobar7",
    "from": "1069",
    "to": "+8613800138000",
    "text": "您好",
    "dlr-mask": "31",
    "dlr-url": "http://us/hooks/kannel/report?token=t&id=m1&state=%d",
}


def asked(encoding: str = "utf-8", **changed: str) -> Submitted | NotTaken:
    fields = {name.replace("_", "-"): value for name, value in changed.items()}
    return read(urlencode(ASKED | fields, encoding=encoding).encode(), ACCOUNT)


def test_a_message_with_all_that_it_says() -> None:
    assert asked() == Submitted(("+8613800138000",), "1069", "您好", 31, ASKED["dlr-url"])


def test_several_receivers_and_another_charset() -> None:
    found = asked("gb18030", to="+8613800138000 +8613800138001", charset="gb18030")
    assert isinstance(found, Submitted)
    assert found.numbers == ("+8613800138000", "+8613800138001")
    assert found.text == "您好"


@pytest.mark.parametrize("word", ["password", "username"])
def test_nobody_else_may_send(word: str) -> None:
    found = asked(**{word: "guessed"})
    assert isinstance(found, NotTaken)
    assert found.status == 403


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_what_a_person_writes_stays_within_its_field(words: str) -> None:
    url = "http://us/hooks/kannel/incoming?token=100%%25&from=%p&text=%a&kept=%z"
    told = dict(parse_qsl(urlsplit(filled(url, {"p": "+8613", "a": words})).query, True))
    assert told == {"token": "100%", "from": "+8613", "text": words, "kept": "%z"}

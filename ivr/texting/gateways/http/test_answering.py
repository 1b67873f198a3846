"""What a gateway's answer means: taken, refused, throttled, or nobody knows."""

import pytest

from core.errors import UncertainError
from ivr.texting.contract import Accepted, Refused
from ivr.texting.gateways.http.answering import read
from ivr.texting.gateways.http.description import Answer

ANSWER = Answer(
    accepted="answer.code == 0",
    ids="answer.ids",
    code="answer.code",
    detail="answer.words",
    permanent=("4*",),
    throttled={"9": 30.0},
    uncertain=("5",),
)
ASKED = {"message": "m1", "number": {"e164": "+8613800138000"}}


def judged(status: int, body: str, **headers: str) -> Accepted | Refused:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read(ANSWER, status, named, body, ASKED)


def test_one_id_or_several() -> None:
    assert judged(200, '{"code": 0, "ids": ["a", "b"]}') == Accepted(("a", "b"))
    assert judged(200, '{"code": 0, "ids": 17}') == Accepted(("17",))
    assert judged(200, '{"code": 0}') == Accepted(())


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (200, '{"code": 41, "words": "空号"}', Refused("41", "空号", permanent=True)),
        (200, '{"code": 9}', Refused("9", retry_after=30.0)),
        (200, '{"code": 7, "words": "later"}', Refused("7", "later")),
        (500, '{"code": 7}', Refused("7")),
        (401, "who are you", Refused("401", "who are you")),
        (422, "no", Refused("422", "no", permanent=True)),
        (302, "", Refused("302")),
    ],
)
def test_refusals(status: int, body: str, wanted: Refused) -> None:
    assert judged(status, body) == wanted


def test_throttling_by_http_names_its_wait() -> None:
    assert judged(429, "", retry_after="17") == Refused("429", retry_after=17.0)
    assert judged(503, "", retry_after="soon") == Refused("503")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, '{"code": 5}'),
        (200, "<html>"),
        (200, ""),
        (200, "{}"),
        (204, ""),
        (500, "oops"),
        (502, ""),
    ],
)
def test_what_says_neither_is_uncertain(status: int, body: str) -> None:
    with pytest.raises(UncertainError):
        judged(status, body)

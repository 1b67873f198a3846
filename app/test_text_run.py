"""What `huifang run` says of surveys by text message."""

from typing import Any, cast

from app.context import complaints
from app.text_run import Texts, say_unheard
from ivr.texting.gateways.dry_run import DryRunGateway
from tests.texting.test_kannel import gateway


def said(*gateways: Any) -> str:
    texts = Texts(cast(Any, None), gateways, cast(Any, None), 1)
    with complaints.capture() as caught:
        say_unheard(texts, "en")
    return caught.get()


def test_only_gateways_that_tell_by_http_are_unheard() -> None:
    dry = cast(DryRunGateway, object())
    assert said(dry) == ""
    told = said(dry, gateway("http://127.0.0.1:9", "http://127.0.0.1:8080/hooks/kannel"))
    assert "kannel" in told
    assert "huifang serve" in told

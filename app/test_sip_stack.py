"""The stack is chosen by what is there, and what it cannot do is refused with its place."""

from pathlib import Path

import pytest

from app.sip_stack import sip_stack
from app.test_gateways import loaded
from core.errors import AuthorError, PermanentError
from ivr.channels.sip import stacks
from ivr.channels.sip.stacks import PJSUA2, PYVOIP

TRUNK = "trunks: [{name: a, uri: 'sip:10.0.0.1'}]\n"


def test_pjsua2_is_taken_where_it_is_installed(tmp_path: Path) -> None:
    assert sip_stack(loaded(tmp_path, TRUNK)) is PJSUA2


def test_pyvoip_is_taken_where_pjsua2_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"pyVoIP": object()}
    monkeypatch.setattr(stacks, "find_spec", found.get)
    assert sip_stack(loaded(tmp_path, TRUNK)) is PYVOIP
    with pytest.raises(PermanentError) as refused:
        sip_stack(loaded(tmp_path, TRUNK + "sip: {stack: pjsua2}\n"))
    assert [each.code for each in refused.value.problems] == ["sip-stack-missing"]


def test_everything_that_pyvoip_cannot_do_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        "sip: {stack: pyvoip}\n"
        "ring_back:\n  sip_port: 5060\n"
        "trunks:\n"
        "  - {name: a, uri: 'sip:10.0.0.1'}\n"
        "  - name: b\n    uri: sip:10.0.0.2\n    transport: tls\n"
        "  - name: c\n    uri: sip:10.0.0.3\n    outbound_proxy: sip:10.0.0.4;transport=tcp\n"
    )
    with pytest.raises(AuthorError) as refused:
        sip_stack(loaded(tmp_path, text))
    assert [(each.code, each.place.line) for each in refused.value.problems] == [
        ("sip-stack-transport", 8),
        ("sip-stack-transport", 11),
        ("sip-stack-incoming", 3),
    ]

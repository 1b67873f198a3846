"""How numbers and trunks are written on the line."""

import pytest

from core.phone import written
from core.trunk import Trunk
from ivr.channels.sip.numbering import line_trunk, transfer_target


@pytest.mark.parametrize(
    ("number", "shape", "dialled"),
    [
        ("+8613800138000", "{national}", "13800138000"),
        ("+861062345678", "{national}", "01062345678"),
        ("+8613800138000", "9{national}", "913800138000"),
        ("+8613800138000", "{e164}", "+8613800138000"),
        ("+8613800138000", "00{digits}", "008613800138000"),
        ("8001", "{national}", "8001"),
    ],
)
def test_a_number_is_written_as_the_trunk_wants_it(number: str, shape: str, dialled: str) -> None:
    assert written(number, shape) == dialled


def test_a_trunk_is_written_with_its_identity_and_ways() -> None:
    trunk = Trunk(
        "city",
        "sip:pbx.example:5061;transport=tls",
        transport="tls",
        caller_id="02012345",
        display_name='回访 "中心"',
        domain="gd.example",
        username="u",
        password="p",
        register=True,
        outbound_proxy="edge.example",
    )
    line = line_trunk(trunk, registers=True)
    assert line.identity == '"回访 \\"中心\\"" <sip:02012345@gd.example>'
    assert line.registrar == "sip:pbx.example:5061;transport=tls"
    assert line.outbound_proxy == "sip:edge.example;lr;transport=tls"
    assert line_trunk(trunk, registers=False).registrar == ""


def test_a_transfer_goes_to_a_number_at_the_trunk_or_to_a_uri() -> None:
    trunk = Trunk("city", "sip:10.0.0.1:5060")
    assert transfer_target("+8613800138000", trunk) == "sip:13800138000@10.0.0.1:5060"
    assert transfer_target("sip:desk@10.0.0.2", trunk) == "sip:desk@10.0.0.2"

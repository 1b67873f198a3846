"""docs/channels.md says of every channel what its driver says of itself."""

import re
from pathlib import Path

import pytest

from app.test_gateways import loaded
from config.sections import text_gateways
from ivr.channels.contract import Ability
from ivr.channels.dry_run import DryRunChannel
from ivr.channels.sip.stacks import PJSUA2, PYVOIP
from ivr.cloud.provider import ABILITIES
from tests.test_docs import ROOT

PAGE = (ROOT / "docs" / "channels.md").read_text("utf-8")
SET_UP = {Ability.SPEECH, Ability.PICK_UP, Ability.TEXT}
"""What either SIP stack can do with a model, with phrases, with a text gateway."""
DRIVERS: dict[str, frozenset[Ability]] = {
    "SIP: `pjsua2`": PJSUA2.abilities | SET_UP | {Ability.INCOMING},
    "SIP: `pyvoip`": PYVOIP.abilities | SET_UP,
    "cloud voice": ABILITIES | {Ability.INCOMING, Ability.TEXT},
    "dry run of calls": frozenset(DryRunChannel.abilities),
}
"""Heading of a column -> all that the driver can do, what has to be set up for it included."""


def table(heading: str) -> list[list[str]]:
    """Return the rows of the first table below a heading, the columns' names first."""
    below = PAGE.partition(f"\n{heading}\n")[2]
    lines = re.search(r"(?:^\|.*\n)+", below, re.M)
    assert lines, heading
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[0].splitlines()]
    return [rows[0], *rows[2:]]


def test_every_ability_has_its_row() -> None:
    rows = [re.match(r"`([a-z_]+)`", row[0]) for row in table("## At a glance")[1:]]
    assert [found and found[1] for found in rows] == [each.value for each in Ability]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_channel_can_what_the_page_says(driver: str) -> None:
    heads, *rows = table("## At a glance")
    column = heads.index(driver)
    said = {
        each for each, row in zip(Ability, rows, strict=True) if not row[column].startswith("no")
    }
    assert said == DRIVERS[driver]


def test_every_voice_driver_and_every_gateway_has_a_column() -> None:
    assert set(table("## At a glance")[0]) == {"feature", *DRIVERS, "text messages"}
    assert table("## SMS gateways")[0][1:] == [f"`{each}`" for each in GATEWAYS]


GATEWAYS = sorted(text_gateways.DRIVERS, key=["http", "smpp", "twilio", "dry_run"].index)


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_configuration_can_be_loaded(tmp_path: Path, text: str) -> None:
    loaded(tmp_path, text)  # raises with every fault, and its place

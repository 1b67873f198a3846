"""Gateways of the settings: every configuration of channels.md works, every mistake has a place."""

import re
from pathlib import Path

import pytest

from app.gateways import text_gateways
from app.readiness import gateway_findings
from config.loading import Loaded, load
from core.clock import SystemClock
from core.errors import AuthorError
from ivr.texting.gateways.http.reading import read_description
from tests.peers.ports import free_port
from tests.peers.smpp_center import Center

PAGE = Path(__file__).parent.parent / "docs" / "channels.md"
SECTION = PAGE.read_text("utf-8").partition("## SMS gateways")[2]
BLOCKS = re.findall(r"```yaml( description)?\n(.*?)```", SECTION, re.S)
SETTINGS = [text for description, text in BLOCKS if not description]
DESCRIPTIONS = [text for description, text in BLOCKS if description]


class Environment(dict[str, str]):
    """Every variable is set."""

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        del default
        return f"value of {name}"

    def __missing__(self, name: str) -> str:
        return f"value of {name}"


def loaded(folder: Path, text: str) -> Loaded:
    file = folder / "huifang.yaml"
    file.write_text(text, "utf-8")
    return load(file, Environment())


@pytest.mark.parametrize("text", SETTINGS)
def test_a_configuration_of_the_page_makes_a_gateway(tmp_path: Path, text: str) -> None:
    [gateway] = text_gateways(loaded(tmp_path, text), SystemClock())
    assert gateway.name in text
    assert f"messages_per_second: {gateway.messages_per_second:g}\n" in text


def test_the_page_shows_every_driver() -> None:
    shown = {
        line.split()[1] for text in SETTINGS for line in text.splitlines() if "driver:" in line
    }
    assert shown == {"http", "smpp", "twilio"}


def test_the_description_of_the_page_is_whole(tmp_path: Path) -> None:
    [text] = DESCRIPTIONS
    file = tmp_path / "own.yaml"
    file.write_text(text, "utf-8")
    assert read_description(file).values == ("address",)


KANNEL = next(text for text in SETTINGS if "kannel" in text)
SMPP = next(text for text in SETTINGS if "smpp" in text)
TWILIO = next(text for text in SETTINGS if "twilio" in text)


@pytest.mark.parametrize(
    ("text", "old", "new", "code", "line"),
    [
        (KANNEL, "driver: http", "driver: htp", "config-gateway-driver", 2),
        (KANNEL, "description: kannel", "description: kanel", "document-unreadable", 4),
        (KANNEL, "address: ", "adress: ", "gateway-value-unknown", 7),
        (KANNEL, "      address: http://127.0.0.1:13013\n", "", "gateway-value-missing", 6),
        (KANNEL, "      hook: {env: KANNEL_HOOK}\n", "", "gateway-value-missing", 9),
        (KANNEL, "    public_url: http://127.0.0.1:8080\n", "", "gateway-url-missing", 2),
        (KANNEL, "{env: KANNEL_HOOK}", "{env: A, file: b}", "config-gateway-secret", 12),
        (KANNEL, "{env: KANNEL_HOOK}", "{file: nowhere}", "document-unreadable", 0),
        (KANNEL, "    hook_add", "    tls_ca_file: no.pem\n    hook_add", "gateway-ca-file", 14),
        (SMPP, "window: 10", "window: 0", "document-too-small", 10),
        (SMPP, "window: 10", "windows: 10", "document-unknown-setting", 10),
        (SMPP, "Asia/Shanghai", "Asia/Shanghia", "config-time-zone", 13),
        (SMPP, "udh8", "udh", "document-unknown-word", 11),
        (TWILIO, "    sender: ", "    #", "config-gateway-sender", 2),
        (TWILIO, "account_sid: AC", "account_sid: AB", "document-wrong-form", 4),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, text: str, old: str, new: str, code: str, line: int
) -> None:
    assert old in text
    with pytest.raises(AuthorError) as caught:
        text_gateways(loaded(tmp_path, text.replace(old, new, 1)), SystemClock())
    found = [(each.code, each.place.line) for each in caught.value.problems]
    assert (code, line) in found
    if code == "gateway-value-unknown":  # the name that is meant is missing, too
        found.remove(("gateway-value-missing", 6))
    assert found == [(code, line)]
    assert all(caught.value.sentences(language) for language in ("zh", "en"))


def test_a_secret_that_is_not_set_is_told(tmp_path: Path) -> None:
    file = tmp_path / "huifang.yaml"
    file.write_text(SMPP, "utf-8")
    with pytest.raises(AuthorError) as caught:
        load(file, {})
    [problem] = caught.value.problems
    assert (problem.code, problem.place.line) == ("config-gateway-secret-missing", 7)


async def test_the_check_says_which_gateway_answers(tmp_path: Path) -> None:
    closed, center = free_port(), Center()
    smpp = SMPP.replace("2775", str(center.port))
    http = KANNEL.replace("13013", str(closed)).removeprefix("text_gateways:\n")
    known = loaded(tmp_path, smpp + http)
    async with center:
        found = [finding async for finding in gateway_findings(known, "en")]
    assert [(each.what, each.name, each.good) for each in found] == [
        ("gateway", "centre", True),
        ("gateway", "kannel", False),
    ]
    assert str(closed) in found[1].detail


async def test_the_check_tells_what_is_wrong_with_a_description(tmp_path: Path) -> None:
    known = loaded(tmp_path, KANNEL.replace("description: kannel", "description: kanel"))
    [finding] = [finding async for finding in gateway_findings(known, "zh")]
    assert not finding.good
    assert "huifang.yaml:4" in finding.detail

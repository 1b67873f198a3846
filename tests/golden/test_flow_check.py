"""What `flow check` says of broken surveys: every code, its line and column, both languages.

``flow-check.txt`` is read by people when a sentence changes; it is written anew with
``HUIFANG_REFRESH_GOLDEN=1``.
"""

import os
import tomllib
from pathlib import Path

import pytest

from core.errors import Problem
from flows.check import check_file
from flows.check.test_rules import ASK, CASES, GOOD, steps
from flows.test_reader import FAULTS

HERE = Path(__file__).parent
GOLDEN = HERE / "flow-check.txt"
CODES = set(tomllib.loads((HERE.parent.parent / "core/texts/flows_language.toml").read_text()))
SHARED = "shared: more\nsteps:\n  - say: 好\n"
USE = steps(ASK + "  - call: more\n", head="use: {more: more.yaml}\nfields: {name: {}}\n")
UNHEARD = ASK.replace("{key: 3, label: 不满意", "{label: 俺不中意").replace(
    "不满意请按3", "别的请说"
)
LISTENS = "speech: {enabled: true}\n"
WORLD: list[tuple[str, str | bytes, str]] = [
    ("document-not-utf-8", GOOD.encode("gb18030"), ""),
    ("document-too-large", "x" * 1_000_001, ""),
    ("document-too-complex", "[" * 5000, ""),
    ("flow-part-twice", USE + "parts: {a: [{say: 好}]}\n", SHARED + "parts: {a: [{say: 好}]}\n"),
    ("flow-field-differs", USE, SHARED + "fields: {name: {type: date}}\n"),
    ("flow-channel-cannot", steps("  - {record: 请说明原因。, id: why}\n"), ""),
    ("flow-unknown-transfer", steps("  - {transfer: dutty}\n  - {say: 好}\n"), ""),
    ("flow-no-model", steps(ASK, head=LISTENS).replace("languages: [zh]", "languages: [ko]"), ""),
    ("flow-phrase-not-known", steps(UNHEARD, head=LISTENS), ""),
    ("flow-answer-not-heard", steps(UNHEARD, head=LISTENS), ""),
    ("flow-broken-recording", steps("  - {play: more.yaml, text: 您好}\n"), SHARED),
]
"""(code, survey, a file beside it): what takes more than one survey's text."""


def found(text: str | bytes, beside: str, folder: Path) -> list[Problem]:
    file = folder / "test.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    if beside:
        (folder / "more.yaml").write_text(beside, "utf-8")
    return check_file(
        file,
        abilities={"keys"},
        transfers={"duty"},
        sounds=lambda _: None if beside else 1.0,
        vocabulary=lambda phrase, tongue: None if tongue == "ko" else {"俺"} & set(phrase),
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    cases: list[tuple[str, str | bytes, str]] = [(code, text, "") for code, text in CASES]
    cases += [(code, text, "") for code, text in FAULTS.items()] + WORLD
    lines = []
    for code, text, beside in sorted(cases, key=lambda case: case[0]):
        folder = tmp_path_factory.mktemp("survey")
        here = [each for each in found(text, beside, folder) if each.code == code]
        assert here, (code, text[:200])
        for each in here:
            where = f"{Path(each.place.file).name}:{each.place.line}:{each.place.column}"
            sentences = (each.sentence("zh"), each.sentence("en"))
            lines.append(f"{code}  {where}")
            lines += [f"    {words}".replace(str(folder), "FOLDER") for words in sentences]
    return lines


def test_every_code_is_raised_and_told_as_agreed(told: list[str]) -> None:
    raised = {line.split()[0] for line in told if not line.startswith(" ")}
    assert {code for code in raised if code.startswith("flow-")} == CODES
    text = "\n".join(told) + "\n"
    if os.environ.get("HUIFANG_REFRESH_GOLDEN"):
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")

"""Descriptions: the shipped ones hold, and every mistake is told with its place."""

from pathlib import Path

import pytest

from core.errors import AuthorError
from ivr.texting.gateways.http.reading import description_file, read_description, shipped

GOOD = """\
values: [address]
secrets: [hook]
send:
  url: "{{ values.address }}/send"
  form: {to: "{{ number.digits }}", text: "{{ text }}"}
answer:
  accepted: answer.ok
  ids: answer.id
hooks:
  told:
    secret: {place: query, name: token, is: "{{ secrets.hook }}"}
    report: {id: entry.id, state: entry.state, states: {OK: delivered}}
"""


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_description_can_be_read(name: str) -> None:
    description = read_description(description_file(name, Path()))
    assert description.title
    assert set(description.hooks) == {"report", "incoming"}


def test_three_are_shipped() -> None:
    assert shipped() == ["aliyun", "carrier-mas", "kannel"]


def test_a_file_of_the_operator_is_read_relative_to_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(GOOD, "utf-8")
    assert read_description(description_file("own.yaml", tmp_path)).values == ("address",)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("{{ text }}", "{{ text", "gateway-template", 5),
        ("{{ text }}", "{{ txt }}", "gateway-name", 5),
        ("{{ text }}", "{{ values.sender }}", "gateway-undeclared", 5),
        ("{{ secrets.hook }}", "{{ secrets.hok }}", "gateway-undeclared", 11),
        ("{{ values.address }}/send", "{{ values.address }}/{{ text }}", "gateway-name", 4),
        ("answer.ok", "entry.ok", "gateway-name", 7),
        ("answer.ok", "answer.", "gateway-template", 7),
        ("OK: delivered", "OK: arrived", "document-unknown-word", 12),
        ("  url:", "  method: GET\n  url:", "gateway-body", 3),
        ("  url:", "  json: {a: b}\n  url:", "gateway-body", 3),
        ("  url:", "  uri: x\n  url:", "document-unknown-setting", 4),
        ("answer:\n", "answer:\n  format: text\n", "gateway-pattern", 6),
        ("answer:\n", "answer:\n  format: text\n  pattern: '('\n", "gateway-pattern-wrong", 8),
        ("    secret: ", "    #", "gateway-hook-open", 10),
        ("    report: ", "    #", "gateway-hook-empty", 10),
        ("    report:", "    zone: Asia/Shanghia\n    report:", "config-time-zone", 12),
        ("    report:", "    addresses: [10.0.0.0/99]\n    report:", "document-wrong-value", 12),
        (
            "answer:\n",
            "  signature: {algorithm: md5, over: x, place: json, name: s}\nanswer:\n",
            "gateway-signature-place",
            3,
        ),
        (
            "answer:\n",
            "  signature: {algorithm: hmac-md5, over: x}\nanswer:\n",
            "gateway-signature-key",
            6,
        ),
        (
            "answer:\n",
            "  signature: {algorithm: md5, over: x, name: s}\nanswer:\n",
            "gateway-signature-name",
            6,
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, code: str, line: int
) -> None:
    file = tmp_path / "own.yaml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1), "utf-8")
    with pytest.raises(AuthorError) as caught:
        read_description(file)
    found = caught.value.problems
    assert [(each.code, each.place.line) for each in found] == [(code, line)]
    assert all(each.sentence(language) for each in found for language in ("zh", "en"))

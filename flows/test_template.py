"""Texts look things up and choose; nothing in them can reach out or run away."""

from typing import Any

import pytest

from flows.template import TemplateFault, expression, names_used, text

SCOPE: dict[str, Any] = {
    "name": "张三",
    "count": 3,
    "answers": {"a": {"verdict": "satisfied", "value": None}},
    "vars": {},
}


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("您好", "您好"),
        ("{{ name }}您好", "张三您好"),
        ("{% if count > 2 %}多{% else %}少{% endif %}", "多"),
        ("{{ answers.a.value }}", ""),
        ("{{ '110' | digits }}", "幺幺零"),
        ("{{ 'A110-7' | digits }}", "A幺幺零七"),
        ("{{ '2026-03-05' | spoken_date }}", "二〇二六年三月五日"),
        ("{{ '2026-10-20' | spoken_day }}", "十月二十日"),
        ("{{ '14:05' | spoken_time }}", "下午两点零五分"),
        ("{{ '2026-03-05 09:30' | spoken_time }}", "上午九点半"),
        ("{{ 110 | spoken_number }}", "一百一十"),
    ],
)
def test_texts(source: str, rendered: str) -> None:
    assert text(source)(SCOPE) == rendered


def test_values_are_said_in_the_language_of_the_call() -> None:
    source = "{{ '2026-03-05 14:05' | spoken_time }}, {{ '2026-03-05' | spoken_date }}"
    assert text(source, "en")(SCOPE) == "2:05 p.m., March 5, 2026"
    assert text("{{ 110 | digits }}", "en")(SCOPE) == "one one zero"


@pytest.mark.parametrize(
    "source",
    [
        "{{ nobody }}",
        "{{ answers.b.verdict }}",
        "{{ name.__class__ }}",
        "{{ answers.items }}",
        "{{ answers.items() }}",
        "{{ ''.__class__.__mro__ }}",
        "{% for i in range(1000000) %}x{% endfor %}",
        "{% set x = 1 %}{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{{ 'a' * 99999999 }}",
        "{{ [1] * 99999999 }}",
        "{{ '%99999999d' % 1 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'a' | center(99999999) }}",
        "{{ 1 / 0 }}",
        "{{ name + 1 }}",
        "{{ 'soon' | spoken_date }}",
        "{{ ",
        "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
        "{{ 1 }}" * 1000,
    ],
)
def test_what_is_forbidden_unknown_or_broken_is_a_fault(source: str) -> None:
    with pytest.raises(TemplateFault):
        text(source)(SCOPE)


def test_a_text_is_bounded() -> None:
    with pytest.raises(TemplateFault, match="2000"):
        text("{{ name }}")({**SCOPE, "name": "长" * 2001})


def test_expressions_keep_their_type() -> None:
    assert expression("answers.a.verdict == 'satisfied' and count in [1, 3]")(SCOPE) is True
    assert expression("count + 1")(SCOPE) == 4
    for broken in ("nobody", "count +", "1 }} {{ 2", "count < 'a'"):
        with pytest.raises(TemplateFault):
            expression(broken)(SCOPE)


def test_names_are_found_with_their_dots() -> None:
    assert names_used("{{ name }} {% if vars.x %}{{ answers['a'].value }}{% endif %}") == {
        "name",
        "vars.x",
        "answers.a.value",
    }

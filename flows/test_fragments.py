"""A wording taken apart into what is fixed and what is filled in."""

import pytest

from flows.fragments import Filled, variants
from flows.template import TemplateFault, text


def test_a_plain_text_is_one_piece() -> None:
    assert variants("您好。 请稍候。\n", "zh") == (("您好。 请稍候。",),)
    assert variants("  ", "zh") == ()


def test_values_and_sentences_come_apart() -> None:
    source = "您好。您于{{ day|spoken_day }}报警，编号{{ number }}{{ part }}。谢谢！"
    (found,) = variants(source, "zh")
    assert found == (
        "您好。",
        "您于",
        Filled("day|spoken_day"),
        "报警，编号",
        Filled("number part"),
        "。",
        "谢谢！",
    )


def test_constants_are_fixed_words_in_the_languages_own_way() -> None:
    assert variants("请拨{{ 110|digits }}。", "zh") == (("请拨幺幺零。",),)
    assert variants("Dial {{ 110|digits }}.", "en") == (("Dial one one zero.",),)


def test_every_way_through_the_conditions_is_a_variant() -> None:
    source = "{% if a %}甲{% elif b %}乙{{ b }}{% else %}丙{% endif %}好。再见。"
    assert variants(source, "zh") == (
        ("甲好。", "再见。"),
        ("乙", Filled("b"), "好。", "再见。"),
        ("丙好。", "再见。"),
    )


def test_many_conditions_become_blanks() -> None:
    source = "".join(f"{{% if a{i} %}}甲{i}{{% endif %}}" for i in range(12)) + "再见"
    found = variants(source, "zh")
    assert 1 < len(found) <= 64
    assert all(parts[-1] == "再见" or parts[-1].endswith("再见") for parts in found)


def test_every_rendering_has_one_of_the_shapes() -> None:
    source = "{% if a %}{{ a }}，{% endif %}您好{{ ' 女士' if b else '' }}。再见。"
    for scope in ({"a": "张三", "b": 1}, {"a": "", "b": 0}):
        said = text(source, "zh")(scope)
        assert any(
            all(part in said for part in parts if isinstance(part, str))
            for parts in variants(source, "zh")
        )


def test_what_is_no_template_is_refused() -> None:
    with pytest.raises(TemplateFault):
        variants("您好{{ ", "zh")


def test_sentences_end_where_they_end() -> None:
    (found,) = variants("Hello. Mr. Li, at 3 p.m. {{ day }}. Thank you! (Really.) Bye; now", "en")
    assert found == (
        "Hello.",
        "Mr. Li, at 3 p.m.",
        Filled("day"),
        ".",
        "Thank you!",
        "(Really.) Bye;",
        "now",
    )
    (found,) = variants("“您好！”{{ name }}，请说：“好。”再见……", "zh")
    assert found == ("“您好！”", Filled("name"), "，", "请说：“好。”", "再见……")

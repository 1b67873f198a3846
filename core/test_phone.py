"""Numbers as people type them into case platforms."""

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phone import mask, parse_numbers

MOBILE = "+8613800138000"


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "１３８００１３８０００",
        "138 0013 8000",
        "138-0013-8000",
        "+86 13800138000",
        "＋86-138-0013-8000",
        "0086 13800138000",
        "8613800138000",
        "(+86)13800138000",
        "（86）13800138000",
        "013800138000",
        "1795113800138000",
        "12593 138 0013 8000",
        "手机：13800138000",
        "13800138000（本人）",
        "13800138000、13800138000",
        "本人13800138000",
        "\t13800138000\u3000",
    ],
)
def test_one_mobile_however_it_is_written(typed: str) -> None:
    parsed = parse_numbers(typed)
    assert [n.e164 for n in parsed.numbers] == [MOBILE]
    assert parsed.numbers[0].kind == "mobile"
    assert parsed.refused == ()


@pytest.mark.parametrize(
    ("typed", "e164", "extension"),
    [
        ("010-64370000", "+861064370000", ""),
        ("（010）64370000", "+861064370000", ""),
        ("+86 (0)10 6437 0000", "+861064370000", ""),
        ("+86 10 64370000", "+861064370000", ""),
        ("0575-85123456", "+8657585123456", ""),
        ("0575 8512 3456", "+8657585123456", ""),
        ("85123456", "+8657585123456", ""),
        ("8512-3456", "+8657585123456", ""),
        ("0575-85123456-8001", "+8657585123456", "8001"),
        ("0575-85123456转8001", "+8657585123456", "8001"),
        ("0575-85123456 分机：8001", "+8657585123456", "8001"),
        ("85123456 ext. 801", "+8657585123456", "801"),
        ("0575-85123456#8001", "+8657585123456", "8001"),
        ("17951057585123456", "+8657585123456", ""),
        ("01069012345", "+861069012345", ""),
    ],
)
def test_land_lines(typed: str, e164: str, extension: str) -> None:
    parsed = parse_numbers(typed, area_code="0575")
    assert [(n.e164, n.extension, n.kind) for n in parsed.numbers] == [
        (e164, extension, "landline")
    ]
    assert parsed.refused == ()


def test_a_local_number_without_area_code_is_not_guessed() -> None:
    parsed = parse_numbers("85123456")
    assert parsed.numbers == ()
    assert [r.reason for r in parsed.refused] == ["number-area-code"]


@pytest.mark.parametrize(
    "typed",
    [
        *("110", "119", "120", "122", "114", "12110", "12345", "12389", "95588", "95511", "96110"),
        *("10086", "10010", "4008001234", "400-800-1234", "8008201234", "１１０", "0575-110"),
        *("021-12345", "+86110", "0086 119", "106901234567", "010-96156", "0571-95588", "+8695588"),
    ],
)
def test_emergency_and_service_numbers_are_refused(typed: str) -> None:
    parsed = parse_numbers(typed, area_code="0575")
    assert parsed.numbers == ()
    assert [r.reason for r in parsed.refused] == ["number-service"]


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000、13900139000",
        "13800138000,13900139000",
        "13800138000；13900139000",
        "13800138000/13900139000",
        "13800138000\n13900139000",
        "13800138000 或 13900139000",
        "13800138000 13900139000",
        "手机13800138000，妻子13900139000",
    ],
)
def test_several_numbers_in_one_cell_keep_their_order(typed: str) -> None:
    parsed = parse_numbers(typed)
    assert [n.e164 for n in parsed.numbers] == ["+8613800138000", "+8613900139000"]
    assert parsed.refused == ()


def test_good_and_bad_in_one_cell_are_both_told() -> None:
    parsed = parse_numbers("13800138000、110、1380013800O、1380013")
    assert [n.e164 for n in parsed.numbers] == [MOBILE]
    assert [(r.raw, r.reason) for r in parsed.refused] == [
        ("110", "number-service"),
        ("1380013800O", "number-malformed"),
        ("1380013", "number-unassigned"),
    ]


@pytest.mark.parametrize("typed", ["", " ", "无", "/", "-", "未留电话", "——"])
def test_no_number_is_nothing_rather_than_a_fault(typed: str) -> None:
    assert parse_numbers(typed).numbers == ()
    assert parse_numbers(typed).refused == ()


def test_numbers_abroad_keep_their_country() -> None:
    parsed = parse_numbers("+852 9123 4567; 00852 2345 6789; +1 800 555 0100")
    assert [n.e164 for n in parsed.numbers] == ["+85291234567", "+85223456789"]
    assert [r.reason for r in parsed.refused] == ["number-service"]


def test_another_region_has_its_own_plan() -> None:
    assert [n.e164 for n in parse_numbers("030 901820", region="DE").numbers] == ["+4930901820"]
    assert [r.reason for r in parse_numbers("112", region="DE").refused] == ["number-service"]


@given(st.text(max_size=80))
def test_any_text_gives_only_numbers_that_exist(typed: str) -> None:
    for number in parse_numbers(typed, area_code="010").numbers:
        assert re.fullmatch(r"\+[1-9]\d{6,14}", number.e164)
        assert phonenumbers.is_valid_number(phonenumbers.parse(number.e164))
        assert number.extension == "" or number.extension.isdecimal()


_dressing = st.tuples(
    st.sampled_from(["", "+86", "0086", "+86-", "86 ", "17951", "电话:", "(+86)"]),
    st.sampled_from(["", "-", " ", "－", "·"]),
    st.sampled_from(["", "（本人）", " ", "。", "先生"]),
    st.booleans(),
)


@given(st.integers(0, 99_999_999), _dressing)
def test_a_mobile_is_found_under_any_dressing(
    subscriber: int, dressing: tuple[str, str, str, bool]
) -> None:
    before, between, after, wide = dressing
    digits = f"139{subscriber:08d}"
    typed = before + between.join((digits[:3], digits[3:7], digits[7:])) + after
    if wide:
        typed = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in typed)
    assert [n.e164 for n in parse_numbers(typed).numbers] == [f"+86{digits}"]


@given(st.text(alphabet="0123456789+-", max_size=16))
def test_a_mask_never_shows_more_than_seven_digits(number: str) -> None:
    assert sum(c.isdigit() for c in mask(number)) <= 7

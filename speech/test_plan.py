"""Which words are recorded, and which are spoken: the pieces together are always the text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.pattern import Blank, Pattern, Piece
from speech.plan import How, Part, plan
from speech.studio import Recordings

VISIT = Pattern(("您于", Blank("day"), "拨打110报警。", "谢谢。"))
TEXT = "您于三月五日拨打110报警。谢谢。"


def recordings(
    *texts: str, voice: tuple[str, ...] = (), values: tuple[str, ...] = ()
) -> Recordings:
    files = {text: Path(f"{text}.wav") for text in (*texts, *values)}
    return Recordings(files, frozenset(voice), values=frozenset(values))


def test_a_pattern_takes_a_text_apart() -> None:
    assert VISIT.match(TEXT) == (
        Piece("您于", True),
        Piece("三月五日", False),
        Piece("拨打110报警。", True),
        Piece("谢谢。", True),
    )
    assert VISIT.match("您于拨打110报警。谢谢。") is not None  # nothing was filled in
    assert VISIT.match("另一句") is None
    assert Pattern(("Hello", Blank(), ".")).match("Hello Ann .") is not None
    assert VISIT.whole is None
    assert Pattern(("您好。", "再见。")).whole == "您好。再见。"
    assert Pattern(("Hello.", "Bye.")).whole == "Hello. Bye."


def test_a_survey_without_recordings_is_spoken() -> None:
    made = plan(TEXT, "zh", None, [VISIT])
    assert (made.how, made.parts, made.unrecorded) == (How.VOICE, (Part(TEXT),), ())


def test_a_whole_recording_wins() -> None:
    made = plan(TEXT, "zh", recordings(TEXT, "您于"), [VISIT])
    assert made.how is How.RECORDED
    assert made.parts[0].files == (Path(f"{TEXT}.wav"),)


def test_fragments_are_joined_with_the_spoken_value() -> None:
    made = plan(TEXT, "zh", recordings("您于", "拨打110报警。", "谢谢。"), [VISIT])
    assert made.how is How.JOINED
    assert [bool(part.files) for part in made.parts] == [True, False, True, True]
    assert "".join(part.text for part in made.parts) == TEXT
    assert made.unrecorded == ()


def test_what_is_missing_is_named_unless_the_voice_was_wanted() -> None:
    made = plan(TEXT, "zh", recordings("您于", voice=("谢谢。",)), [VISIT])
    assert made.unrecorded == ("拨打110报警。",)
    assert [part.text for part in made.parts] == ["您于", "三月五日拨打110报警。谢谢。"]
    lost = plan("新的一句。", "zh", recordings("您于"), [VISIT])
    assert (lost.how, lost.unrecorded) == (How.VOICE, ("新的一句。",))
    wanted = plan("新的一句。", "zh", recordings("您于", voice=("新的一句。",)), [VISIT])
    assert wanted.unrecorded == ()


def test_values_of_recorded_words_take_the_longest() -> None:
    words = ("二", "零", "六", "年", "三月", "三", "月", "五日", "十")
    known = recordings("您于", "拨打110报警。", "谢谢。", values=words)
    made = plan("您于2026-03-05拨打110报警。谢谢。", "zh", known, [VISIT])
    said = [file.stem for file in made.parts[1].files]
    assert said == ["二", "零", "二", "六", "年", "三月", "五日"]
    other = plan("您于四月五日拨打110报警。谢谢。", "zh", known, [VISIT])
    assert other.parts[1].files == ()  # 四 is not recorded: the voice says the whole value
    english = recordings(values=("six", "seven"))
    assert english.units("six seven") == [Path("six.wav"), Path("seven.wav")]
    assert english.units("sixty") is None


@given(st.text("您于三月五日报警。， 谢A1", max_size=12))
def test_the_pieces_are_always_the_text(value: str) -> None:
    shape = Pattern(("您于", Blank("value"), "报警。"))
    text = f"您于{' '.join(value.split())}报警。"
    made = plan(text, "zh", recordings("您于", "报警。", values=("三", "月")), [shape])
    assert "".join(part.text for part in made.parts).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", ["，您好", "您好，"])
def test_punctuation_alone_is_never_spoken(text: str) -> None:
    shape = Pattern(("，", Blank("name"), "，"))
    made = plan("，张三，", "zh", recordings("您好"), [shape])
    assert [part.text for part in made.parts] == ["，张三，"]
    assert plan(text, "zh", recordings("您好"), [shape]).parts[0].text == text

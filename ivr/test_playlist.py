"""What a key means while prompts play: nobody answers a question that he has not heard."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from flows.exchange import ALL_KEYS
from ivr.playlist import Playlist, Press, Prompt

NOTICE = Prompt(Path("notice.wav"), 8.0, interrupted_by="9", skipped_by="012345678*#")
QUESTION = Prompt(Path("question.wav"), 6.0, interrupted_by=ALL_KEYS)
BOTH = Playlist((NOTICE, QUESTION))


def press(playlist: Playlist, key: str, elapsed: float) -> Press:
    return playlist.press(key, elapsed, everywhere="9", deaf=0.4)


@pytest.mark.parametrize(
    ("key", "elapsed", "meaning"),
    [
        ("1", 3.0, Press.SKIPS),  # the notice is skipped, the question is not answered
        ("9", 3.0, Press.ANSWERS),  # a refusal counts at once
        ("9", 0.1, Press.ANSWERS),
        ("1", 8.5, Press.ANSWERS),  # the question is being heard
        ("1", 0.1, Press.DROPPED),  # a double press of the question before
    ],
)
def test_keys_during_notice_and_question(key: str, elapsed: float, meaning: Press) -> None:
    assert press(BOTH, key, elapsed) is meaning


@given(some.sampled_from(ALL_KEYS), some.floats(0, 30))
def test_a_prompt_that_no_key_interrupts_is_heard_whole(key: str, elapsed: float) -> None:
    goodbye = Playlist((Prompt(Path("bye.wav"), 3.0),))
    assert press(goodbye, key, elapsed) is Press.DROPPED


@given(some.lists(some.floats(0.1, 10), min_size=1, max_size=6), some.floats(0, 80))
def test_the_prompt_heard_is_the_one_that_plays(lengths: list[float], elapsed: float) -> None:
    playlist = Playlist(tuple(Prompt(Path(f"{i}.wav"), s) for i, s in enumerate(lengths)))
    index = playlist.index_at(elapsed)
    assert sum(lengths[:index]) <= elapsed + 1e-6
    assert elapsed < sum(lengths[: index + 1]) + 1e-6 or index == len(lengths) - 1
    assert playlist.after(index).prompts == playlist.prompts[index + 1 :]


def test_speech_is_heard_where_every_key_interrupts_to_the_end() -> None:
    def prompt(seconds: float, interrupted_by: str) -> Prompt:
        return Prompt(Path("x.wav"), seconds, interrupted_by)

    notice, remark, question = prompt(5, "9"), prompt(2, ALL_KEYS), prompt(3, ALL_KEYS)
    assert Playlist((notice, question)).speech_from(0.4) == 5
    assert Playlist((remark, question)).speech_from(0.4) == 0.4
    assert Playlist((remark, notice, question)).speech_from(0.4) == 7
    assert Playlist((question, notice)).speech_from(0.4) == 8
    assert Playlist((prompt(0.2, ALL_KEYS),)).speech_from(0.4) == 0.2

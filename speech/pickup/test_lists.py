"""The phrase lists: what they mean, what an operator adds, what is told of mistakes."""

from pathlib import Path

import pytest

from core.errors import AuthorError
from speech.contract import Announcement, Word
from speech.pickup.lists import OWN, Speaker, load_phrases

LANGUAGES = sorted(file.stem for file in OWN.glob("*.yaml"))


def words(text: str, confidence: float = 1.0, pace: float = 5.0) -> list[Word]:
    """Return the words of `text`, so many letters a second."""
    at, found = 0.0, list[Word]()
    for word in text.split():
        end = at + len(word) / (pace * (4 if word.isascii() else 1))
        found.append(Word(word, at, end, confidence))
        at = end
    return found


def meaning(text: str, language: str = "zh", *, answered: bool = False) -> str:
    phrases = load_phrases(language)
    assert phrases is not None
    said = phrases.said(words(text), answered=answered)
    return "" if said is None else said.announcement or said.by


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("您好 您 拨打 的 号码 是 空号 请 核对 后 再 拨", Announcement.VACANT),
        ("您 拨打 的 电话 已 关机 暂时 无法 接通", Announcement.SWITCHED_OFF),
        ("对不起 您 拨打 的 电话 已 停机", Announcement.SUSPENDED),
        ("您 拨打 的 用户 正在 通话 中 请 稍后 再 拨", Announcement.BUSY),
        ("您 拨打 的 电话 暂时 无法 接通", Announcement.UNREACHABLE),
        ("您 拨打 的 用户 不在 服务区", Announcement.UNREACHABLE),
        ("您 拨打 的 用户 暂时 无法 接听", Announcement.NO_ANSWER),
        ("您 拨打 的 电话 暂时 无人 接听", Announcement.NO_ANSWER),
        ("您 的 呼叫 正在 转移 请 稍候", Announcement.FORWARDED),
        ("喂 你好", ""),
        ("您 拨打 的 电话 [unk]", ""),
        ("是 [unk] 空号", ""),
    ],
)
def test_what_carriers_say(text: str, kind: str) -> None:
    assert meaning(text) == kind


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "您好 我 是 机主 的 智能 助理"),
        ("zh", "电话 暂时 无法 接听 请 在 提示音 后 留言"),
        ("zh", "您 拨打 的 电话 [unk] 语音 信箱"),
        ("zh", "[unk] [unk] [unk] [unk] 请 在 提示音 后 留言"),
        ("en", "please leave a message after the tone"),
        ("ko", "연결이 되지 않아 삐 소리 후 소리샘으로 연결"),
    ],
)
def test_mailboxes_and_assistants_count_after_the_answer(language: str, text: str) -> None:
    assert meaning(text, language, answered=True) == Speaker.MACHINE
    assert meaning(text, language) != Speaker.MACHINE


def test_a_greeting_is_a_persons() -> None:
    assert meaning("喂 你好", answered=True) == Speaker.PERSON
    assert meaning("여보세요", "ko", answered=True) == Speaker.PERSON


def test_english_announcements() -> None:
    text = "sorry the subscriber you dialed is power off please dial it later"
    assert meaning(text, "en") == Announcement.SWITCHED_OFF


def test_what_is_unsure_or_too_quick_means_nothing() -> None:
    phrases = load_phrases("zh")
    assert phrases is not None
    assert phrases.said(words("号码 是 空号", 0.5), answered=False) is None
    assert phrases.said(words("号码 是 空号", pace=20), answered=False) is None
    assert phrases.said(words("号码 是 空号", pace=4), answered=False) is not None


def test_a_short_phrase_among_strange_words_means_nothing() -> None:
    assert meaning("[unk] 已 关机 [unk] [unk] [unk]") == ""
    assert meaning("您 拨打 的 电话 已 关机 [unk]") == Announcement.SWITCHED_OFF


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_that_comes_along_means_what_it_stands_for(language: str) -> None:
    phrases = load_phrases(language)
    assert phrases is not None
    for kind, wordings in phrases.announcements:
        assert wordings, kind
        for wording in wordings:
            said = phrases.said(words(wording, pace=2.0), answered=False)
            assert said is not None
            assert said.announcement is kind, wording
    for wording in phrases.machine:
        said = phrases.said(words(wording, pace=2.0), answered=True)
        assert said is not None
        assert said.by is Speaker.MACHINE, wording
    for wording in phrases.person:
        said = phrases.said(words(wording), answered=True)
        assert said is not None
        assert said.by is Speaker.PERSON, wording


def test_an_operator_adds_phrases(tmp_path: Path) -> None:
    (tmp_path / "zh.yaml").write_text(
        "language: zh\nannouncements:\n  vacant: [号码已注销]\nmachine: [小艺帮您接听]\n", "utf-8"
    )
    phrases = load_phrases("zh", tmp_path)
    assert phrases is not None
    said = phrases.said(words("号码 已 注销", pace=4), answered=False)
    assert said is not None
    assert said.announcement is Announcement.VACANT
    assert "小艺帮您接听" in phrases.grammar.phrases
    assert "已关机" in phrases.grammar.phrases


def test_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "zh.yaml").write_text("language: zh\nannouncements:\n  vacnt: [空号]\n", "utf-8")
    with pytest.raises(AuthorError) as caught:
        load_phrases("zh", tmp_path)
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert problem.place.line == 3


def test_a_language_without_a_list() -> None:
    assert load_phrases("fr") is None

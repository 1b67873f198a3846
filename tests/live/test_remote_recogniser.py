"""A recognition server that is away, dies, hangs, or whose words are not known here."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import AuthorError, PermanentError, TransientError
from speech.contract import Grammar
from speech.recognition.remote import RemoteRecogniser
from speech.recognition.vocabulary import read_vocabulary
from tests.peers.speakers import spoken
from tests.peers.vosk_server import vosk_server

ANSWERS = Grammar("ko", ("네", "만족합니다"))
CLOSED = "ws://127.0.0.1:9"


@pytest.fixture
def server(korean_model: Path) -> Iterator[tuple[str, int]]:
    with vosk_server(korean_model) as found:
        yield found


async def test_a_server_that_is_away_is_told_at_the_start() -> None:
    with pytest.raises(PermanentError) as away:
        await RemoteRecogniser({"ko": CLOSED}).start()
    assert CLOSED in away.value.sentences("en")[0]


async def test_a_server_that_is_away_costs_the_utterance_alone() -> None:
    ear = RemoteRecogniser({"ko": CLOSED}).listen(ANSWERS)
    ear.feed(spoken("네"))
    with pytest.raises(TransientError) as away:
        await ear.finish()
    assert [one.code for one in away.value.problems] == ["speech-remote-unreachable"]


async def test_a_server_that_hangs_or_dies_costs_the_utterance_alone(
    server: tuple[str, int],
) -> None:
    url, pid = server
    remote = RemoteRecogniser({"ko": url}, finish_seconds=0.2)
    await remote.start()
    os.kill(pid, signal.SIGSTOP)
    slow = remote.listen(ANSWERS)
    slow.feed(spoken("네"))
    with pytest.raises(TransientError) as late:
        await slow.finish()
    assert [one.code for one in late.value.problems] == ["speech-recogniser-busy"]
    patient = RemoteRecogniser({"ko": url}, finish_seconds=300.0)
    dying = patient.listen(ANSWERS)
    dying.feed(spoken("네"))
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(TransientError) as dead:
        await dying.finish()
    assert [one.code for one in dead.value.problems] == ["speech-remote-unreachable"]


async def test_without_the_models_words_no_grammar_is_sent(server: tuple[str, int]) -> None:
    # A grammar of "만족합니다" alone would hear just that, or nothing, in any speech: the model
    # knows no such word, and would be left with an empty grammar.
    remote = RemoteRecogniser({"ko": server[0]}, finish_seconds=300.0)
    ear = remote.listen(Grammar("ko", ("만족합니다",)))
    ear.feed(spoken("네"))
    assert (await ear.finish()).words
    assert await remote.unknown_words("ko", ("鼇",)) == frozenset()


def test_a_models_words_are_read_from_its_graph_or_a_list(
    korean_model: Path, tmp_path: Path
) -> None:
    words = read_vocabulary(korean_model)
    assert len(words) > 500_000
    assert {"네", "만족", "합니다"} <= words
    assert "만족합니다" not in words
    listed = tmp_path / "words.txt"
    listed.write_text("<eps> 0\n네 1\n", "utf-8")
    assert read_vocabulary(listed) == {"<eps>", "네"}


def test_a_folder_without_words_is_refused(tmp_path: Path) -> None:
    graph = tmp_path / "graph"
    graph.mkdir()
    with pytest.raises(AuthorError):
        read_vocabulary(tmp_path)
    (graph / "Gr.fst").write_bytes(b"no transducer")
    with pytest.raises(AuthorError):
        read_vocabulary(tmp_path)

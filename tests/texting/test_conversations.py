"""Conversations by text from the first question to the end, over simulated people."""

from core.clock import VirtualClock
from ivr.texting.people import Texter
from storage.database import Database
from tests.texting.town import number, settle_texts, town


async def test_everybody_comes_to_the_end_that_is_theirs(database: Database) -> None:
    people = list(Texter)[:10]
    numbers = [number(who, index) for index, who in enumerate(people)]
    await settle_texts(database, numbers)
    here = town(database)
    await here.run()
    seen = await here.kept()
    ends = {who: seen.attempts[n][0].disposition for who, n in zip(people, numbers, strict=True)}
    assert ends == {
        Texter.BY_NUMBER: "completed",
        Texter.BY_WORD: "completed",
        Texter.DISSATISFIED: "completed",
        Texter.WRONG_FIRST: "completed",
        Texter.LATE: "no_answer",
        Texter.TWICE: "completed",
        Texter.STOPS: "refused",
        Texter.NEVER: "no_answer",
        Texter.ODD: "completed",
        Texter.UNREACHABLE: "unreachable",
    }
    for person in here.people.people.values():
        answers = seen.answers.get(person.number, {})
        assert [answer.label for answer in answers.values()] == [what for _, what in person.meant]
    assert isinstance(here.clock, VirtualClock)

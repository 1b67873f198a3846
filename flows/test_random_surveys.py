"""Whatever is pressed, said or left unsaid: a survey never crashes and always comes to an end."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.compiler import compile_flow
from flows.engine import TURNS_PER_SESSION, start, step, wait_of
from flows.exchange import (
    EndCall,
    HungUp,
    Keys,
    Recorded,
    Silence,
    Speech,
    Started,
    TransferEnded,
)
from flows.model import Flow
from flows.session import Session

NAMES = ("a", "b", "c", "d", "e")
targets = st.sampled_from([*NAMES, "nowhere"])
reactions = st.fixed_dictionaries(
    {},
    optional={
        "attempts": st.integers(1, 3),
        "on_silence": st.fixed_dictionaries({}, optional={"goto": targets, "say": st.just("没有")}),
        "on_unsure": st.fixed_dictionaries({}, optional={"goto": targets}),
        "on_give_up": st.fixed_dictionaries({}, optional={"goto": targets}),
        "on_hang_up": st.fixed_dictionaries({}, optional={"goto": targets}),
        "barge_in": st.booleans(),
    },
)
choices = st.lists(
    st.fixed_dictionaries(
        {"key": st.sampled_from("12345"), "label": st.sampled_from(["满意", "不满意", "一般"])},
        optional={"verdict": st.sampled_from(["satisfied", "dissatisfied"]), "goto": targets},
    ),
    min_size=1,
    max_size=3,
)
bodies = st.one_of(
    st.builds(lambda r, c: {"ask": "问", "choices": c, **r}, reactions, choices),
    st.builds(lambda r: {"number": "几", "digits": [1, 2], "least": 1, **r}, reactions),
    st.just({"record": "说"}),
    st.builds(
        lambda r: {"book": "何时", "slots": [{"key": 1, "label": "早", "at": "09:00"}], **r},
        reactions,
    ),
    st.just({"transfer": "agents"}),
    st.just({"call": "part"}),
    st.builds(lambda t: {"goto": t}, targets),
    st.builds(lambda t: {"when": "vars.x == 1", "then": t, "else": [{"say": "否"}]}, targets),
    st.sampled_from([{"set": {"x": "1"}}, {"set": {"x": "vars.x + 1"}}, {"say": "一"}]),
    st.just({"end": "partial"}),
)
steps = st.lists(bodies, min_size=1, max_size=5).map(
    lambda found: [{**body, "id": name} for body, name in zip(found, NAMES, strict=False)]
)
inputs = st.one_of(
    st.sampled_from(["1", "2", "3", "9", "*", "0", "12", "#"]).map(Keys),
    st.builds(Speech, st.sampled_from(["满意", "不满意", "对", "不对", "呃"]), st.floats(0, 1)),
    st.just(Silence()),
    st.builds(Recorded, st.just("a.wav"), st.floats(0, 9), st.sampled_from(["key", "hang_up"])),
    st.booleans().map(TransferEnded),
    st.sampled_from([HungUp(), Started()]),
)


@settings(max_examples=150, deadline=None)
@given(
    steps,
    st.lists(bodies.filter(lambda body: "choices" not in body), max_size=1),
    st.lists(inputs, max_size=12),
)
def test_random_people_on_random_surveys(
    main: list[dict[str, Any]], part: list[dict[str, Any]], people: list[Any]
) -> None:
    flow = Flow.model_validate(
        {
            "flow": "random",
            "title": "随机",
            "languages": ["zh"],
            "speech": {"enabled": True},
            "keys": [
                {"key": "9", "label": "拒绝", "does": "refuse"},
                {"key": "*", "label": "重听", "does": "repeat"},
                {"key": "0", "label": "人工", "does": "goto", "goto": "a"},
            ],
            "steps": [*main, {"set": {"x": "1"}}],
            "parts": {"part": [*({**body, "id": "in_part"} for body in part), {"say": "部分"}]},
        }
    )
    program = compile_flow(flow, sha256="random")
    done = start(program, fields={})
    # Then somebody who is silent, takes transfers, leaves no words: an end must come by itself.
    patience = [Silence(), TransferEnded(True), Silence()] * (TURNS_PER_SESSION // 2)
    for one in [*people, *patience]:
        if done.session.ended:
            break
        session = Session.from_json(json.loads(json.dumps(done.session.to_json())), program)
        assert session == done.session
        assert wait_of(program, session) == done.wait
        done = step(program, session, one)
    assert done.session.ended
    assert isinstance(done.effects[-1], EndCall)
    assert sum(isinstance(effect, EndCall) for effect in done.effects) == 1

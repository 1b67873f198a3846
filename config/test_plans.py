from datetime import timedelta
from pathlib import Path

import pytest

from config.loading import load
from config.test_loading import written
from core.disposition import Disposition
from core.errors import AuthorError
from core.plan import NOTICE, SMS, VOICE


def test_a_plan_is_read_whole(tmp_path: Path) -> None:
    text = (
        "plans:\n"
        "  - name: patient\n"
        "    steps:\n"
        "      - {channel: notice, wait: 10min}\n"
        "      - {channel: voice, tries: 2, on: [busy, no_answer]}\n"
        "      - {channel: sms}\n"
    )
    plan = load(written(tmp_path, text), {}).settings.plans[0].plan()
    assert [step.channel for step in plan.steps] == [NOTICE, VOICE, SMS]
    assert plan.steps[0].wait == timedelta(minutes=10)
    assert plan.steps[1].leads_on == {Disposition.BUSY, Disposition.NO_ANSWER}
    assert Disposition.INVALID_NUMBER in plan.steps[2].leads_on


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ("{name: p, steps: [{channel: voice, on: [refused]}]}", "config-plan-never"),
        ("{name: sms, steps: [{channel: sms}]}", "config-plan-shipped"),
        ("{name: p, steps: [{channel: sms}, {channel: sms}]}", "config-plan-same"),
        ("{name: p, steps: [{channel: notice}, {channel: sms}]}", "config-plan-notice"),
        ("{name: p, steps: [{channel: voice}, {channel: notice}]}", "config-plan-notice"),
        ("{name: p, steps: []}", "config-plan-steps"),
        ("{name: p, steps: [{channel: pigeon}]}", "document-unknown-word"),
    ],
)
def test_a_plan_that_cannot_be_walked_is_refused_with_its_place(
    tmp_path: Path, plan: str, code: str
) -> None:
    with pytest.raises(AuthorError) as refused:
        load(written(tmp_path, f"plans:\n  - {plan}\n"), {})
    assert [each.code for each in refused.value.problems] == [code]
    assert refused.value.problems[0].place.line == 2


@pytest.mark.parametrize(
    ("wait", "hours", "fits"),
    [
        ("30min", "", True),
        ("10h", "", True),
        ("12h", "", False),  # told by day, called by night, whenever it begins
        ("15h", "", True),  # told in the evening, called in the morning
        ("24h", "", True),
        ("36h", "", False),
        ("10h", "calling: {hours_from: 9:00, hours_until: 12:00}\n", False),
    ],
)
def test_a_notice_and_its_call_must_both_fall_into_the_hours(
    tmp_path: Path, wait: str, hours: str, fits: bool
) -> None:
    steps = f"[{{channel: notice, wait: {wait}}}, {{channel: voice}}]"
    file = written(tmp_path, f"{hours}plans: [{{name: p, steps: {steps}}}]\n")
    if fits:
        load(file, {})
        return
    with pytest.raises(AuthorError) as refused:
        load(file, {})
    assert [each.code for each in refused.value.problems] == ["config-plan-notice-hours"]
    for language in ("zh", "en"):
        assert "p" in refused.value.sentences(language)[0]


def test_an_advance_notice_names_the_number(tmp_path: Path) -> None:
    with pytest.raises(AuthorError) as refused:
        load(written(tmp_path, "texting: {advance_notice: {zh: 我们会打电话。}}\n"), {})
    assert [each.code for each in refused.value.problems] == ["config-notice-number"]

"""`huifang why`: why somebody was, was not, or will be called."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from app.context import Format, FormatOption, language, moment, print_json, screen
from app.opened import with_database
from config.loading import Loaded
from core.catalogue import text
from core.clock import Clock
from core.phone import mask
from core.plan import stored_plan
from dialer.decision import Reason
from dialer.why import CallbackStory, Explanation, PartyStory, explain
from storage.attempt_rows import INCOMING
from storage.database import Database
from storage.incoming.calls import CallSeen

Shown = Callable[[datetime], str]
"""How a moment is written."""


def why(
    ctx: typer.Context,
    who: Annotated[
        str, typer.Argument(help="number, party's id, or name / 电话号码、当事人编号或姓名")
    ],
    output: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Tell why somebody was, was not, or will be called. / 说明为什么呼叫或不呼叫某人"""

    async def work(database: Database, loaded: Loaded, clock: Clock) -> Explanation:
        return await explain(database, who, loaded.settings.calling.rules(), clock)

    told = with_database(ctx, work)
    if output is Format.JSON:
        print_json(as_json(told, language(ctx)))
        return
    for line in lines(told, language(ctx), lambda at: moment(ctx, at)):
        screen.print(line, markup=False, highlight=False)


def lines(told: Explanation, tongue: str, shown: Shown) -> list[str]:
    """Return the explanation for the screen, numbers masked."""
    if told.number is not None:
        return [told.number.sentence(tongue), *_rang(told.rang, tongue, shown)]
    return [line for story in told.parties for line in _party(story, tongue, shown)]


def _party(story: PartyStory, tongue: str, shown: Shown) -> list[str]:
    numbers = " ".join(mask(number) for number in story.party.numbers) or "-"
    party = story.party
    found = [text("why-party", tongue, party=party.name, id=party.id, numbers=numbers)]
    for told in story.callbacks:
        found += [f"  {line}" for line in _callback(told, tongue, shown)]
    for case, reason in story.without_callback:
        found.append(f"  {text('why-case', tongue, case=case, why=reason.sentence(tongue))}")
    for entry in story.queue:
        values = {
            "item": entry.id,
            "reason": text(f"follow-up-{entry.reason}", tongue),
            "state": text(f"follow-up-state-{entry.state}", tongue),
        }
        found.append(f"  {text('why-queue', tongue, **values)}")
    return found + _rang(story.rang, tongue, shown)


def _rang(calls: list[CallSeen], tongue: str, shown: Shown) -> list[str]:
    """Return the calls of somebody who got no survey, a line each."""
    return [
        "  "
        + text(
            "why-rang",
            tongue,
            at=shown(call.at),
            welcome=text(f"welcome-{call.welcome}", tongue),
        )
        for call in calls
    ]


def _callback(told: CallbackStory, tongue: str, shown: Shown) -> list[str]:
    row = told.callback
    found = [
        text("why-callback", tongue, case=row.case_number, batch=row.batch)
        + told.summary.sentence(tongue)
    ]
    plan = stored_plan(row.plan, row.channel)
    if len(plan.steps) > 1:
        steps = " → ".join(text(f"channel-{step.channel}", tongue) for step in plan.steps)
        found.append(
            f"  {text('why-plan', tongue, plan=plan.name, steps=steps, step=row.plan_step + 1)}"
        )
    for attempt in told.attempts:
        values = {"at": shown(attempt.at), "number": mask(attempt.e164)}
        came = "-incoming" if attempt.direction == INCOMING else ""
        if attempt.disposition is None:
            found.append(f"  {text(f'why-attempt-open{came}', tongue, **values)}")
            continue
        verdict = f" {text(f'verdict-{attempt.verdict}', tongue)}" if attempt.verdict else ""
        values |= {
            "disposition": text(f"disposition-{attempt.disposition}", tongue),
            "verdict": verdict,
        }
        found.append(f"  {text(f'why-attempt{came}', tongue, **values)}")
    if not told.attempts:
        found.append(f"  {text('why-no-attempt', tongue)}")
    if told.decision is not None:
        if told.decision.not_before is not None:
            at = shown(told.decision.not_before)
            found.append(f"  {text('why-earliest', tongue, at=at)}")
        found.append(f"  {text('why-rules', tongue)}")
        found += [f"    {reason.sentence(tongue)}" for reason in told.decision.all_reasons]
    return found


def as_json(told: Explanation, tongue: str) -> dict[str, Any]:
    """Return the explanation for machines, numbers masked."""
    return {
        "at": told.at,
        "number": told.number and _reason(told.number, tongue),
        "rang": [asdict(call) for call in told.rang],
        "parties": [
            {
                "id": story.party.id,
                "name": story.party.name,
                "numbers": [mask(number) for number in story.party.numbers],
                "callbacks": [_callback_json(each, tongue) for each in story.callbacks],
                "without_callback": [
                    {"case_number": case, **_reason(reason, tongue)}
                    for case, reason in story.without_callback
                ],
                "queue": [_masked(asdict(entry)) for entry in story.queue],
                "rang": [asdict(call) for call in story.rang],
            }
            for story in told.parties
        ],
    }


def _callback_json(told: CallbackStory, tongue: str) -> dict[str, Any]:
    decision = told.decision
    return {
        **_masked(asdict(told.callback)),
        "summary": _reason(told.summary, tongue),
        "attempts": [_masked(asdict(attempt)) for attempt in told.attempts],
        "decision": decision
        and {
            "allowed": decision.allowed,
            "reason": _reason(decision.reason, tongue),
            "not_before": decision.not_before,
            "rules": [_reason(reason, tongue) for reason in decision.all_reasons],
        },
    }


def _reason(reason: Reason, tongue: str) -> dict[str, str]:
    return {"code": reason.code, "message": reason.sentence(tongue)}


def _masked(row: dict[str, Any]) -> dict[str, Any]:
    row["number"] = mask(row.pop("e164"))
    return row

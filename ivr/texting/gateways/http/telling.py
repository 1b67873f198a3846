"""Reads what a provider tells us by HTTP: who it is, delivery reports, incoming texts. Pure."""

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from ivr.texting.contract import DeliveryReport, DeliveryState, IncomingText, TextEvent
from ivr.texting.delivery import says_invalid_number
from ivr.texting.gateways.http.asking import Own
from ivr.texting.gateways.http.description import Hook, Incoming, Report
from ivr.texting.gateways.http.signing import signed
from ivr.texting.gateways.http.templates import TemplateFault, expression, template
from ivr.texting.gateways.incoming import e164, made_up_id
from ivr.webhook import WebRequest


class Malformed(Exception):
    """A request that does not hold what the description says."""


def fields(hook: Hook, request: WebRequest) -> dict[str, Any]:
    """Return what expressions see of `request`. Raises Malformed."""
    found: dict[str, Any] = {"query": {}, "form": {}, "json": {}, "headers": request.headers}
    try:
        # Read from the address itself: a server decodes queries as UTF-8 whatever they are.
        pairs = parse_qsl(
            urlsplit(request.url).query, keep_blank_values=True, encoding=hook.charset
        )
        found["query"] = dict(pairs or request.query)
        if hook.format == "form":
            body = request.body.decode("ascii")
            found["form"] = dict(
                parse_qsl(body, keep_blank_values=True, encoding=hook.charset, max_num_fields=500)
            )
        elif hook.format == "json":
            found["json"] = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Malformed("body") from None
    return found


def is_genuine(hook: Hook, request: WebRequest, found: Mapping[str, Any], own: Own) -> bool:
    """Tell whether the provider sent it: every proof that the description asks for holds."""
    if hook.addresses and not is_within(hook.addresses, request.remote):
        return False
    if hook.secret:
        wanted = template(hook.secret.value)({"values": own.values, "secrets": own.secrets})
        if not _same(_field(found, hook.secret.place, hook.secret.name), wanted):
            return False
    if hook.signature:
        try:
            return _is_signed(hook, request, found, own)
        except TemplateFault:
            return False
    return True


def is_within(networks: Sequence[IPv4Network | IPv6Network], remote: str) -> bool:
    """Tell whether the address `remote` is in one of `networks`."""
    try:
        address = ip_address(remote)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _is_signed(hook: Hook, request: WebRequest, found: Mapping[str, Any], own: Own) -> bool:
    signature = hook.signature
    if signature is None:
        return False
    inside = found["json"] if isinstance(found["json"], dict) else {}
    parameters = {**found["query"], **found["form"], **{k: str(v) for k, v in inside.items()}}
    if signature.place != "header":
        parameters.pop(signature.name, None)
    scope = {
        "values": own.values,
        "secrets": own.secrets,
        "hooks": own.hooks,
        "parameters": parameters,
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "body": request.body.decode("utf-8", "replace"),
    }
    return _same(_field(found, signature.place, signature.name), signed(signature, scope))


def _field(found: Mapping[str, Any], place: str, name: str) -> object:
    if place == "header":
        return found["headers"].get(name.lower())
    inside = found[place]
    return inside.get(name) if isinstance(inside, dict) else None


def _same(given: object, wanted: str) -> bool:
    """Compare in constant time; a field that is not there is never the right one."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), wanted.encode())


def events(hook: Hook, found: Mapping[str, Any], region: str, now: datetime) -> list[TextEvent]:
    """Return what a genuine request tells. Raises Malformed: then nothing of it is taken."""
    entries = expression(hook.each)({**found, "now": now}) if hook.each else [found[hook.format]]
    if not isinstance(entries, list):
        raise Malformed("each")
    told = [event for entry in entries for event in _told(hook, found, entry, region, now)]
    if not told and entries:
        raise Malformed("entry")
    return told


def _told(
    hook: Hook, found: Mapping[str, Any], entry: Any, region: str, now: datetime
) -> Iterator[TextEvent]:
    scope = {**found, "entry": entry, "now": now}
    if hook.report and _applies(hook.report, scope):
        yield _report(hook, hook.report, scope)
    if hook.text and _applies(hook.text, scope):
        yield _text(hook, hook.text, scope, region)


def _applies(reading: Report | Incoming, scope: Mapping[str, Any]) -> bool:
    return not reading.when or expression(reading.when)(scope) is True


def _word(source: str, scope: Mapping[str, Any], *, needed: str = "") -> str:
    value = expression(source)(scope) if source else None
    if value is None or isinstance(value, dict | list):
        value = ""
    if needed and value == "":
        raise Malformed(needed)
    # Half an emoji, as gateways hand on that cut messages anywhere, can be kept by no database.
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _report(hook: Hook, report: Report, scope: Mapping[str, Any]) -> DeliveryReport:
    word = _word(report.state, scope, needed="state")
    states = (state for pattern, state in report.states.items() if fnmatchcase(word, pattern))
    code = _word(report.error, scope) or word
    listed = any(fnmatchcase(code, pattern) for pattern in report.invalid_numbers)
    return DeliveryReport(
        id=_word(report.id, scope, needed="id"),
        state=next(states, DeliveryState.UNKNOWN),
        at=_time(hook, _word(report.at, scope)) or scope["now"],
        error=code,
        invalid_number=listed or says_invalid_number(code),
    )


def _text(hook: Hook, text: Incoming, scope: Mapping[str, Any], region: str) -> IncomingText:
    number = e164(_word(text.number, scope, needed="number"), region)
    words = _word(text.text, scope)
    at = _time(hook, _word(text.at, scope))
    to = _word(text.to, scope)
    return IncomingText(
        id=_word(text.id, scope) or made_up_id(number, words, at, to),
        number=number,
        to=to,
        text=words,
        at=at or scope["now"],
    )


def _time(hook: Hook, written: str) -> datetime | None:
    """Return the moment, or None where it is not there or not to be read."""
    try:
        if hook.time in ("epoch", "epoch_ms"):
            # A sum, because a date of the far future is no argument of fromtimestamp everywhere.
            seconds = float(written) / (1000 if hook.time == "epoch_ms" else 1)
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        if hook.time == "iso":
            moment = datetime.fromisoformat(written)
        else:
            moment = datetime.strptime(written, hook.time)  # noqa: DTZ007 - the zone comes next
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(hook.zone))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

"""The text gateways of the settings, each with its driver, its secrets and its files."""

import ssl
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from app.webhooks import hook_address
from config.loading import Loaded
from config.sections.text_gateways import (
    DryRunGatewaySettings,
    HttpGatewaySettings,
    SmppGatewaySettings,
    TwilioGatewaySettings,
)
from core.clock import Clock
from core.document import KeyPath
from core.errors import AuthorError, Place, Problem, problem
from core.reasons import reason
from ivr.people.writing import texter_of
from ivr.texting.contract import TextGateway
from ivr.texting.gateways.dry_run import DryRunGateway
from ivr.texting.gateways.http.asking import Own
from ivr.texting.gateways.http.description import Description
from ivr.texting.gateways.http.driver import HttpGateway
from ivr.texting.gateways.http.reading import description_file, read_description
from ivr.texting.gateways.smpp.driver import SmppAccount, SmppGateway
from ivr.texting.gateways.smpp.receipts import ReceiptReading
from ivr.texting.gateways.twilio_messages import TwilioAccount, TwilioGateway
from ivr.texting.people import TextPeople


def text_gateways(loaded: Loaded, clock: Clock) -> list[TextGateway]:
    """Return the configured text gateways, one driver each; none is connected yet.

    Those that are told by HTTP are an `ivr.webhook.Webhook`, too. Raises AuthorError with every
    fault of their settings and descriptions.
    """
    made: list[TextGateway] = []
    problems: list[Problem] = []
    for index, settings in enumerate(loaded.settings.text_gateways):
        try:
            made.append(_DRIVERS[settings.driver](settings, index, loaded, clock))
        except AuthorError as error:
            problems += error.problems
    if problems:
        raise AuthorError(*problems)
    return made


def _dry_run(
    settings: DryRunGatewaySettings, _index: int, _loaded: Loaded, clock: Clock
) -> TextGateway:
    people = TextPeople(texter_of, seconds=settings.reply_seconds, agreeing=True)
    rate = settings.messages_per_second
    return DryRunGateway(settings.name, clock, people, messages_per_second=rate)


def _http(settings: HttpGatewaySettings, index: int, loaded: Loaded, clock: Clock) -> TextGateway:
    def place(*path: str) -> Place:
        whole: KeyPath = ("text_gateways", index, *path)
        return loaded.document.place(whole)

    file = description_file(settings.description, loaded.folder)
    description = read_description(file, place("description"))
    problems = list(_unfit(settings, description, place))
    address = hook_address(loaded, settings.name, settings.public_url)
    if description.hooks and not address:
        problems.append(problem("gateway-url-missing", place(), name=settings.name))
    if problems:
        raise AuthorError(*problems)
    return HttpGateway(
        settings.name,
        description,
        Own(settings.values, loaded.gateway_secrets[settings.name]),
        address=address,
        messages_per_second=settings.messages_per_second,
        addresses=settings.hook_addresses,
        verify=_authorities(settings.name, settings.tls_ca_file, loaded, place("tls_ca_file")),
        clock=clock,
    )


def _unfit(
    settings: HttpGatewaySettings, description: Description, place: Callable[..., Place]
) -> Iterator[Problem]:
    """Yield what the description needs and the settings do not give, and the other way round."""
    named = {"name": settings.name, "description": settings.description}
    kinds: tuple[tuple[str, Iterable[str], Iterable[str], Iterable[str]], ...] = (
        ("values", settings.values, description.values, description.optional),
        ("secrets", settings.secrets, description.secrets, ()),
    )
    for kind, given, needed, optional in kinds:
        for missing in sorted(set(needed) - set(given)):
            yield problem("gateway-value-missing", place(kind), kind=kind, missing=missing, **named)
        known = [*needed, *optional]
        for unknown in sorted(set(given) - set(known)):
            yield problem(
                "gateway-value-unknown",
                place(kind, unknown),
                kind=kind,
                unknown=unknown,
                allowed=", ".join(known) or "-",
                **named,
            )


def _smpp(settings: SmppGatewaySettings, index: int, loaded: Loaded, clock: Clock) -> TextGateway:
    place = loaded.document.place(("text_gateways", index, "tls_ca_file"))
    account = SmppAccount(
        settings.host,
        settings.port,
        settings.system_id,
        loaded.gateway_secrets[settings.name]["password"],
        system_type=settings.system_type,
        sender=settings.sender,
        sender_ton=settings.sender_ton,
        sender_npi=settings.sender_npi,
        number_format=settings.number_format,
        number_ton=settings.number_ton,
        number_npi=settings.number_npi,
        window=settings.window,
        enquire_seconds=settings.enquire_seconds,
        response_seconds=settings.response_seconds,
        throttle_seconds=settings.throttle_seconds,
        long_messages=settings.long_messages,
        default_alphabet=settings.default_alphabet,
        receipts=ReceiptReading(settings.receipt_ids, settings.receipt_zone),
    )
    tls = _authorities(settings.name, settings.tls_ca_file, loaded, place) if settings.tls else None
    return SmppGateway(
        settings.name,
        account,
        loaded.data / "text-parts" / settings.name,
        messages_per_second=settings.messages_per_second,
        tls=tls,
        clock=clock,
    )


def _twilio(
    settings: TwilioGatewaySettings, index: int, loaded: Loaded, clock: Clock
) -> TextGateway:
    address = hook_address(loaded, settings.name, settings.public_url)
    if not address:
        place = loaded.document.place(("text_gateways", index))
        raise AuthorError(problem("gateway-url-missing", place, name=settings.name))
    account = TwilioAccount(
        settings.account_sid,
        loaded.gateway_secrets[settings.name]["auth_token"],
        sender=settings.sender,
        messaging_service=settings.messaging_service,
        validity_seconds=settings.validity_seconds,
        api_url=settings.api_url,
    )
    return TwilioGateway(
        settings.name,
        account,
        address,
        messages_per_second=settings.messages_per_second,
        clock=clock,
    )


def _authorities(name: str, ca_file: str, loaded: Loaded, place: Place) -> ssl.SSLContext:
    file = loaded.path(Path(ca_file)) if ca_file else None
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        why = reason(getattr(error, "strerror", None) or error)
        raise AuthorError(
            problem("gateway-ca-file", place, name=name, file=file, reason=why)
        ) from error


_DRIVERS: dict[str, Callable[[Any, int, Loaded, Clock], TextGateway]] = {
    "dry_run": _dry_run,
    "http": _http,
    "smpp": _smpp,
    "twilio": _twilio,
}
"""`driver` of the settings -> what makes it."""

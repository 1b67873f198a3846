"""What a YAML file may say of an HTTP gateway: how it is asked, how it answers, how it tells.

A description knows the protocol of one kind of gateway; the operator's own values (address,
sender, passwords) come from the settings, under the names that the description lists.
"""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.document_faults import fault, known_zone
from core.reasons import reason
from ivr.texting.contract import DeliveryState
from ivr.texting.gateways.http import templates

SENDING = (
    "values",
    "secrets",
    "hooks",
    "number",
    "text",
    "encoding",
    "message",
    "now",
    "nonce",
)
"""Names that every template of a request sees."""
TELLING = ("query", "form", "json", "headers", "entry", "now")
"""Names that every expression over a provider's request sees."""


def _checked(names: tuple[str, ...], *, expression: bool = False) -> Callable[[str], str]:
    def check(source: str) -> str:
        try:
            if expression and source:
                templates.expression(source)
            used = templates.names_used(f"{{{{ ({source}) }}}}" if expression else source)
        except templates.TemplateFault as error:
            raise fault("gateway-template", reason=reason(error)) from None
        for name in sorted(used - set(names)):
            raise fault("gateway-name", name=name, allowed=", ".join(names))
        return source

    return check


def _template(*names: str) -> AfterValidator:
    return AfterValidator(_checked(names))


def _expression(*names: str) -> AfterValidator:
    return AfterValidator(_checked(names, expression=True))


AddressTemplate = Annotated[str, _template("values")]
"""No value of a message stands in an address: it could lead elsewhere."""
FieldTemplate = Annotated[str, _template(*SENDING)]
HeaderTemplate = Annotated[str, _template(*SENDING, "signature", "body")]
SignedTemplate = Annotated[
    str, _template(*SENDING, "parameters", "method", "url", "headers", "body", "key")
]
AnswerExpression = Annotated[str, _expression("answer", "status", "headers", "message", "number")]
TellingExpression = Annotated[str, _expression(*TELLING)]
SecretTemplate = Annotated[str, _template("values", "secrets")]
NAME = r"^[a-z][a-z0-9_]*$"
Name = Annotated[str, Field(pattern=NAME)]
Format = Literal["query", "form", "json"]


def _leaves(value: Any) -> Any:
    if isinstance(value, str):
        return _checked(SENDING)(value)
    if isinstance(value, dict):
        return {name: _leaves(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_leaves(inner) for inner in value]
    return value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


JsonTemplate = Annotated[Any, AfterValidator(_leaves)]


class Part(BaseModel):
    """A part of a description; unknown names are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True
    )


class Signature(Part):
    """A signature over a template: how it is made (sending) or what it has to be (hooks)."""

    algorithm: Literal["hmac-sha256", "hmac-sha1", "hmac-md5", "sha256", "sha1", "md5"]
    """``hmac-…`` needs a key; the others are plain hashes, with the secret in `over`."""
    key: Annotated[tuple[SignedTemplate, ...], BeforeValidator(_as_list)] = ()
    """Key of the HMAC. Several: the first keys the second, the result keys the third, and so on
    (derived keys)."""
    over: SignedTemplate
    """What is signed; `parameters` are all other fields of query, form and JSON."""
    encoding: Literal["hex", "HEX", "base64"] = "hex"
    """How the result is written."""
    place: Literal["query", "form", "json", "header", "none"] = "none"
    """Where it stands; ``none``: headers use it as `signature`."""
    name: str = ""
    """Name of the field or header."""

    @model_validator(mode="after")
    def _fits(self) -> "Signature":
        if self.algorithm.startswith("hmac") != bool(self.key):
            raise fault("gateway-signature-key", algorithm=self.algorithm)
        if (self.place == "none") == bool(self.name):
            raise fault("gateway-signature-name", where=self.place)
        return self


class Send(Part):
    """The request that sends one message."""

    method: Literal["GET", "POST", "PUT"] = "POST"
    """HTTP method."""
    url: AddressTemplate
    """Address, without query."""
    headers: dict[str, HeaderTemplate] = Field(default_factory=dict)
    """Headers."""
    query: dict[str, FieldTemplate] = Field(default_factory=dict)
    """Fields of the query."""
    form: dict[str, FieldTemplate] | None = None
    """Fields of a form body."""
    json_body: JsonTemplate = Field(default=None, alias="json")
    """A JSON body: every text in it is a template."""
    wrapped: Literal["plain", "base64"] = "plain"
    """How the body is wrapped."""
    charset: Literal["utf-8", "gb18030"] = "utf-8"
    """In which query and form are written."""
    signature: Signature | None = None
    """Signature of the request."""
    timeout_seconds: float = Field(default=10.0, gt=0, le=120)
    """Time for the whole request; past it nobody knows whether the message was taken."""

    @model_validator(mode="after")
    def _one_body(self) -> "Send":
        bodies = {"form": self.form is not None, "json": self.json_body is not None}
        if all(bodies.values()) or (any(bodies.values()) and self.method == "GET"):
            raise fault("gateway-body", method=self.method)
        place = self.signature.place if self.signature else "none"
        if not bodies.get(place, True) or (
            place == "json" and not isinstance(self.json_body, dict)
        ):
            raise fault("gateway-signature-place", where=place)
        return self


class Answer(Part):
    """How the gateway's answer to a sending is read."""

    format: Literal["json", "text"] = "json"
    """``text``: `pattern` takes it apart."""
    pattern: str = ""
    """Regular expression with named groups, which become the keys of `answer`."""
    accepted: AnswerExpression
    """True where it took the message."""
    ids: AnswerExpression
    """Its id, or a list of them."""
    code: AnswerExpression = "status"
    """Its code where it did not."""
    detail: AnswerExpression = ""
    """Its words where it did not."""
    permanent: tuple[str, ...] = ()
    """Codes of messages that it would refuse again; ``*`` stands for any characters."""
    invalid_numbers: tuple[str, ...] = ()
    """Codes that say that the number does not exist or takes no texts; refused for good."""
    throttled: dict[str, float] = Field(default_factory=dict)
    """Codes that ask us to wait, and seconds."""
    uncertain: tuple[str, ...] = ()
    """Codes after which nobody knows whether the message was taken."""

    @model_validator(mode="after")
    def _readable(self) -> "Answer":
        if (self.format == "text") != bool(self.pattern):
            raise fault("gateway-pattern", format=self.format)
        return self


class Secret(Part):
    """A field of a provider's request that has to be what we gave him."""

    place: Literal["query", "form", "json", "header"]
    """Where it stands."""
    name: str
    """Name of the field or header."""
    value: SecretTemplate = Field(alias="is")
    """What it has to be."""


class Report(Part):
    """How a delivery report is read."""

    when: TellingExpression = ""
    """True where an entry is one; empty: always."""
    id: TellingExpression
    """The gateway's id of the message."""
    state: TellingExpression
    """The gateway's word."""
    states: dict[str, DeliveryState]
    """What its words mean; ``*`` stands for any characters, the first that fits counts."""
    error: TellingExpression = ""
    """Its code; empty: its word."""
    invalid_numbers: tuple[str, ...] = ()
    """Codes that say that the number does not exist, beside those that are known anyway."""
    at: TellingExpression = ""
    """When; empty: now."""


class Incoming(Part):
    """How an incoming text is read."""

    when: TellingExpression = ""
    """True where an entry is one; empty: always."""
    number: TellingExpression
    """Who wrote it."""
    to: TellingExpression = ""
    """Our number."""
    text: TellingExpression
    """What was written."""
    id: TellingExpression = ""
    """The gateway's id; empty: a hash over number, text and time."""
    at: TellingExpression = ""
    """When; empty: now."""


class HookAnswer(Part):
    """What the gateway wants to hear once its request is kept."""

    status: int = Field(default=200, ge=200, le=299)
    """HTTP status."""
    body: str = ""
    """Body."""
    content_type: str = "text/plain; charset=utf-8"
    """Content-Type."""


class Hook(Part):
    """One address that the gateway tells us something at."""

    method: Literal["GET", "POST"] = "POST"
    """HTTP method."""
    format: Format = "json"
    """Where an entry's fields stand."""
    charset: Literal["utf-8", "gb18030"] = "utf-8"
    """In which query and form are written."""
    each: TellingExpression = ""
    """List of the entries; empty: the request is one."""
    secret: Secret | None = None
    """A secret in the request."""
    signature: Signature | None = None
    """A signature of the request."""
    addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that it may come from."""
    report: Report | None = None
    """How it tells of a delivery."""
    text: Incoming | None = None
    """How it tells of a message from a person."""
    time: str = "iso"
    """How times are written: ``iso``, ``epoch``, ``epoch_ms``, or a format as in
    ``%Y-%m-%d %H:%M:%S``."""
    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    """Time zone of times that name none."""
    answer: HookAnswer = HookAnswer()
    """Our answer."""

    @model_validator(mode="after")
    def _guarded(self) -> "Hook":
        if not (self.secret or self.signature or self.addresses):
            raise fault("gateway-hook-open")
        if self.signature and self.signature.place == "none":
            raise fault("gateway-hook-signature")
        if not (self.report or self.text):
            raise fault("gateway-hook-empty")
        return self


class Description(Part):
    """One kind of HTTP gateway."""

    title: str = ""
    """What it is, for people."""
    values: tuple[Name, ...] = ()
    """Names of values that the settings must give."""
    optional: dict[Name, str] = Field(default_factory=dict)
    """Values that the settings may give, with their defaults."""
    secrets: tuple[Name, ...] = ()
    """Names of secrets that the settings must give."""
    region: str = Field(default="CN", pattern=r"^[A-Z]{2}$")
    """Country of incoming numbers that are written without country code."""
    send: Send
    """How a message is sent."""
    answer: Answer
    """How the answer is read."""
    hooks: dict[Name, Hook] = Field(default_factory=dict)
    """What the gateway tells us, by the last part of its address."""

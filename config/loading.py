"""Reading the settings file: whole or not at all, every fault with its place.

A running system is described by `Loaded`: the settings, absolute folders, and the trunks with
their secrets.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from config.sections.trunks import AnyTrunk, TwilioTrunkSettings
from config.settings import Settings
from core.document import Document, KeyPath, parse_document, read_file
from core.document_faults import faults
from core.errors import AuthorError, Place, Problem, problem
from core.trunk import Trunk

DEFAULT_FILE = "huifang.yaml"


@dataclass(frozen=True)
class Loaded:
    """Valid settings, ready to be used."""

    settings: Settings
    folder: Path
    """The folder that relative paths are relative to."""
    database_url: str
    """With its secrets."""
    trunks: tuple[Trunk, ...]
    """With their secrets."""
    mail_password: str = field(default="", repr=False)
    """Of the mail server; empty: none."""
    gateway_secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """Name of a text gateway -> its secrets by their names."""
    written: bool = True
    """False where there is no settings file: these are the defaults."""
    document: Document = field(default_factory=lambda: Document(DEFAULT_FILE, ""), repr=False)
    """The file, for the places of what only other rooms can find wrong."""

    def path(self, setting: Path) -> Path:
        """Return the absolute path of a folder or file named in the settings."""
        return self.folder / setting

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.path(self.settings.folders.data)


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Read and validate the settings.

    `path` None: the file named by HUIFANG_CONFIG, else ``huifang.yaml`` in the current folder,
    else the defaults alone. Raises AuthorError with every fault.
    """
    named = path or (Path(environ["HUIFANG_CONFIG"]) if environ.get("HUIFANG_CONFIG") else None)
    file = named or Path(DEFAULT_FILE)
    present = named or file.exists()
    text = read_file(file) if present else ""
    # A file of comments alone says that all settings are the defaults.
    blank = all(not line.strip() or line.lstrip()[0] == "#" for line in text.splitlines())
    document = parse_document("{}" if blank else text, str(file))
    if not isinstance(document.data, dict):
        raise AuthorError(problem("config-not-a-mapping", document.place(())))
    try:
        settings = Settings(**document.data)
    except ValidationError as error:
        raise AuthorError(*document.problems, *faults(error, document, Settings)) from None
    problems: list[Problem] = list(document.problems)
    _check_zones(settings, document, problems)
    folder = file.resolve().parent
    trunks = tuple(
        _with_secret(trunk, index, document, folder, environ, problems)
        for index, trunk in enumerate(settings.trunks)
    )
    secrets = _gateway_secrets(settings, document, folder, environ, problems)
    url = _database_url(settings, document, folder, problems)
    mail = _mail_password(settings, document, folder, environ, problems)
    if problems:
        raise AuthorError(*problems)
    return Loaded(settings, folder, url, trunks, mail, secrets, bool(present), document)


def _check_zones(settings: Settings, document: Document, problems: list[Problem]) -> None:
    zones: list[tuple[KeyPath, str]] = [(("calling", "time_zone"), settings.calling.time_zone)]
    for index, schedule in enumerate(settings.schedules):
        zones.append((("schedules", index, "time_zone"), schedule.time_zone))
    for path, zone in zones:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            problems.append(problem("config-time-zone", document.place(path), zone=zone))


def _with_secret(
    trunk: AnyTrunk,
    index: int,
    document: Document,
    folder: Path,
    environ: Mapping[str, str],
    problems: list[Problem],
) -> Trunk:
    def secret(env: str, file: Path | None, setting: str) -> str:
        if env and not environ.get(env):
            place = document.place(("trunks", index, f"{setting}_env"))
            problems.append(problem("config-secret-missing", place, name=trunk.name, env=env))
        if file:
            place = document.place(("trunks", index, f"{setting}_file"))
            return _secret_file(folder / file, place, problems)
        return environ.get(env, "") if env else ""

    if isinstance(trunk, TwilioTrunkSettings):
        return Trunk(
            trunk.name,
            trunk.api_url,
            driver=trunk.driver,
            caller_id=trunk.caller_id,
            username=trunk.account_sid,
            password=secret(trunk.auth_token_env, trunk.auth_token_file, "auth_token"),
            calls_per_second=trunk.calls_per_second,
            channels=trunk.channels,
            ring_seconds=trunk.ring_seconds,
            priority=trunk.priority,
        )
    values = dict(trunk)
    values["register"] = values.pop("registration")
    password = secret(values.pop("password_env"), values.pop("password_file"), "password")
    if values["tls_ca_file"]:
        values["tls_ca_file"] = str(folder / values["tls_ca_file"])
    return Trunk(**values, password=password)


def _mail_password(
    settings: Settings,
    document: Document,
    folder: Path,
    environ: Mapping[str, str],
    problems: list[Problem],
) -> str:
    mail = settings.mail
    if mail.password_file:
        place = document.place(("mail", "password_file"))
        return _secret_file(folder / mail.password_file, place, problems)
    if not mail.password_env:
        return ""
    if password := environ.get(mail.password_env, ""):
        return password
    place = document.place(("mail", "password_env"))
    problems.append(problem("config-mail-secret-missing", place, env=mail.password_env))
    return ""


def _gateway_secrets(
    settings: Settings,
    document: Document,
    folder: Path,
    environ: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for index, gateway in enumerate(settings.text_gateways):
        secrets = found.setdefault(gateway.name, {})
        for name, source in gateway.secret_sources().items():
            place = document.place(_secret_path(index, name, document))
            if source.file:
                secrets[name] = _secret_file(folder / source.file, place, problems)
            elif environ.get(source.env):
                secrets[name] = environ[source.env]
            else:
                missing = "config-gateway-secret-missing"
                problems.append(problem(missing, place, name=gateway.name, env=source.env))
    return found


def _secret_path(index: int, name: str, document: Document) -> KeyPath:
    among: KeyPath = ("text_gateways", index, "secrets", name)
    return among if among in document.places else ("text_gateways", index, name)


def _database_url(
    settings: Settings, document: Document, folder: Path, problems: list[Problem]
) -> str:
    url = settings.database.url
    if settings.database.url_file:
        place = document.place(("database", "url_file"))
        url = _secret_file(folder / settings.database.url_file, place, problems)
    scheme, _, rest = url.partition("://")
    if scheme.split("+")[0] not in ("sqlite", "postgresql"):
        problems.append(
            problem("config-database-url", document.place(("database", "url")), scheme=scheme)
        )
    if scheme.startswith("sqlite") and rest.startswith("/") and not rest.startswith("//"):
        return f"sqlite:///{folder / rest[1:]}"
    return url


def _secret_file(path: Path, place: Place, problems: list[Problem]) -> str:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            problems.append(problem("config-secret-open", place, file=path))
            return ""
        return path.read_text("utf-8").strip()
    except OSError as error:
        problems.append(
            problem(
                "document-unreadable", Place(str(path)), path=path, reason=error.strerror or error
            )
        )
        return ""

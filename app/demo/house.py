"""A house of its own for the demonstration: settings, cases and a folder, under ``var/demo``."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from app.demo.cases import PHONE_THEN_TEXT, Party, parties, write
from app.demo.daytime import daytime_zone
from config.loading import Loaded, load

LINES = 12
GATEWAY = "people"
"""The text gateway's name."""
_MARK = ".made-by-huifang-demo"

SETTINGS = """\
# Settings of the demonstration: 12 lines and a text gateway to simulated people on this machine.
# Try things with them:  huifang --config {file} batch list
database: {{url: "sqlite:///huifang.db"}}
folders: {{data: .}}
calling:
  time_zone: {zone}      # where it is daytime just now: nobody is called at night
  tries: 2               # one by each channel of a plan; the other rules are the usual ones
retry:                   # one round: whoever a plan does not reach goes to a person at once
  busy: {{action: follow_up}}
  no_answer: {{action: follow_up}}
  rejected: {{action: follow_up}}
  machine: {{action: follow_up}}
  unreachable: {{action: follow_up}}
  broke_off: {{action: follow_up}}
plans:
  - name: {plan}
    steps: [{{channel: voice}}, {{channel: sms}}]
pacing: {{calls_per_second: 4, channels: {lines}}}
sip: {{rtp_ports: [30000, 30999]}}
trunks:
  - name: people         # huifang people, started by the demonstration
    uri: {uri}
    caller_id: "01012345678"
    channels: {lines}
    calls_per_second: 4
    ring_seconds: 15
voices:
  zh: {{voice: cmn, speed: 240}}
  ko: {{voice: ko, speed: 200}}
speech: {{without_model: keys}}              # no model for Chinese comes along
pick_up: {{announcements: [ko]}}             # what the simulated carriers speak
text_gateways:
  - name: {gateway}        # huifang people, which answers as Kannel does
    driver: http
    description: kannel
    messages_per_second: 20
    values: {{address: "{sendsms}", sender: "106900000110"}}
    secrets:
      username: {{file: secrets/username}}
      password: {{file: secrets/password}}
      hook: {{file: secrets/hook}}
texting: {{expire_after: 30s, remind_after: 12s}}   # days, where people are not simulated
web: {{public_url: "http://127.0.0.1:{port}", port: {port}, monitor_port: 0}}
"""


@dataclass(frozen=True)
class Surroundings:
    """What is around the house."""

    uri: str
    """SIP address of the people."""
    sendsms: str = "http://127.0.0.1:13013"
    """Address of their text gateway."""
    port: int = 8080
    """Of the web server that hears what they write."""
    secrets: Mapping[str, str] = field(
        default_factory=lambda: dict.fromkeys(("username", "password", "hook"), "people")
    )
    """Of the text gateway."""


@dataclass(frozen=True)
class DemoHouse:
    """Where the demonstration lives."""

    folder: Path
    loaded: Loaded
    zone: str

    @property
    def settings_file(self) -> Path:
        """The settings, to try things with."""
        return self.folder / "huifang.yaml"

    @property
    def cases_file(self) -> Path:
        """The cases."""
        return self.folder / "cases.csv"


def build(
    folder: Path,
    around: Surroundings,
    now: datetime,
    language: str,
    everybody: Iterable[Party] = parties(),
) -> DemoHouse:
    """Make the folder anew (only one that an earlier demonstration made is replaced).

    Raises FileExistsError for a folder of somebody else.
    """
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise FileExistsError(str(folder))
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _MARK).touch()
    zone = daytime_zone(now)
    for name, secret in around.secrets.items():
        _keep_secret(folder / "secrets" / name, secret)
    file = folder / "huifang.yaml"
    text = SETTINGS.format(
        file=file,
        zone=zone,
        lines=LINES,
        plan=PHONE_THEN_TEXT,
        gateway=GATEWAY,
        uri=around.uri,
        sendsms=around.sendsms,
        port=around.port,
    )
    file.write_text(f"language: {language}\n{text}", "utf-8")
    house = DemoHouse(folder, load(file), zone)
    write(house.cases_file, now, zone, everybody)
    return house


def _keep_secret(file: Path, secret: str) -> None:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as stream:
        stream.write(secret)

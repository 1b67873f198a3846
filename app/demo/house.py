"""A house of its own for the demonstration: settings, cases and a folder, under ``var/demo``."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.demo.cases import write
from app.demo.daytime import daytime_zone
from config.loading import Loaded, load

LINES = 12
_MARK = ".made-by-huifang-demo"

SETTINGS = """\
# Settings of the demonstration: 12 lines to simulated people on this machine.
# Try things with them:  huifang --config {file} batch list
database: {{url: "sqlite:///huifang.db"}}
folders: {{data: .}}
calling:
  time_zone: {zone}      # where it is daytime just now: nobody is called at night
  tries: 1               # one round: whoever is not reached goes to a person at once
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
"""


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
        """The sixty cases."""
        return self.folder / "cases.csv"


def build(folder: Path, uri: str, now: datetime, language: str) -> DemoHouse:
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
    file = folder / "huifang.yaml"
    text = SETTINGS.format(file=file, zone=zone, lines=LINES, uri=uri)
    file.write_text(f"language: {language}\n{text}", "utf-8")
    house = DemoHouse(folder, load(file), zone)
    write(house.cases_file, now, zone)
    return house

"""Settings: whole or not at all, every fault with its place, secrets never from the file."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from config.loading import load
from config.reference import setting_names
from config.settings import Settings
from core.disposition import Disposition
from core.errors import AuthorError
from core.rules import CallingRules, default_retry

EXAMPLE = Path(__file__).parent / "huifang.example.yaml"

LAUGHS = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def written(folder: Path, text: str) -> Path:
    file = folder / "huifang.yaml"
    file.write_text(text, "utf-8")
    return file


def faults(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(AuthorError) as refused:
        load(written(folder, text), {})
    assert all(
        sentence for language in ("zh", "en") for sentence in refused.value.sentences(language)
    )
    return [(p.place.line, p.code) for p in refused.value.problems]


def test_the_example_file_says_the_defaults() -> None:
    loaded = load(EXAMPLE, {})
    assert loaded.settings.calling.rules() == CallingRules()
    assert loaded.settings.retry_table() == default_retry()
    # But for one: no speech model comes along, so a new house says that keys will do.
    assert loaded.settings.speech.without_model == "keys"
    keys = loaded.settings.speech.model_copy(update={"without_model": "refuse"})
    defaults = Settings().model_dump(exclude={"retry"})
    found = loaded.settings.model_copy(update={"speech": keys})
    assert found.model_dump(exclude={"retry"}) == defaults


def test_the_example_file_names_every_setting() -> None:
    text = EXAMPLE.read_text("utf-8")
    missing = [name for name in setting_names(Settings) if name not in text]
    assert missing == []


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = (
        "calling:\n  hours_from: 7:00\npaceing: {}\ntrunks:\n  - name: a\n"
        "    uri: nonsense\n    ring_seconds: 5\n"
    )
    assert faults(tmp_path, text) == [
        (1, "config-hours-too-wide"),
        (7, "document-too-small"),
        (6, "document-wrong-form"),
        (3, "document-unknown-setting"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("calling: {time_zone: Mars/Base}", "config-time-zone"),
        ("trunks: [{name: a, uri: 'sip:x', registration: true}]", "config-register-needs-user"),
        ("trunks: [{name: a, uri: 'sip:x', number_format: '0'}]", "config-number-format"),
        ("trunks: [{name: a, uri: 'sip:x'}, {name: a, uri: 'sip:y'}]", "config-name-twice"),
        ("sip: {rtp_ports: [5, 4]}", "config-port-range"),
        ("database: {url: 'mysql://x'}", "config-database-url"),
        ("- a\n- b", "config-not-a-mapping"),
        ("a: [", "document-not-yaml"),
        (LAUGHS, "document-too-complex"),
        ("language: zh\nlanguage: en", "document-setting-twice"),
        ("write_back: [{name: a}]", "config-write-back-place"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, text: str, code: str) -> None:
    assert code in [found for _, found in faults(tmp_path, text)]


def test_durations_and_times_are_written_as_people_write_them(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "calling: {hours_from: 8:30, between_tries: 90min}\n"
        "retry: {busy: {action: retry, after: 2h}}",
    )
    settings = load(file, {}).settings
    assert settings.calling.hours_from == time(8, 30)
    assert settings.calling.between_tries == timedelta(minutes=90)
    assert settings.retry_table()[Disposition.BUSY].after == timedelta(hours=2)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIFANG_PACING__CHANNELS", "7")
    settings = load(written(tmp_path, "pacing: {channels: 3, calls_per_second: 2}"), {}).settings
    assert (settings.pacing.channels, settings.pacing.calls_per_second) == (7, 2.0)


def test_a_secret_comes_from_the_environment_or_a_private_file(tmp_path: Path) -> None:
    trunk = "trunks: [{name: a, uri: 'sip:x', username: u, %s}]"
    by_name = written(tmp_path, trunk % "password_env: SECRET")
    assert load(by_name, {"SECRET": "s1"}).trunks[0].password == "s1"
    with pytest.raises(AuthorError, match="config-secret-missing"):
        load(by_name, {})
    secret = tmp_path / "secret"
    secret.write_text("s2\n")
    secret.chmod(0o644)
    by_file = written(tmp_path, trunk % "password_file: secret")
    with pytest.raises(AuthorError, match="config-secret-open"):
        load(by_file, {})
    secret.chmod(0o600)
    trunk_loaded = load(by_file, {}).trunks[0]
    assert trunk_loaded.password == "s2"
    assert "s2" not in repr(trunk_loaded)


def test_relative_paths_are_relative_to_the_settings_file(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, "database: {url: 'sqlite:///var/x.db'}"), {})
    assert loaded.database_url == f"sqlite:///{tmp_path}/var/x.db"
    assert loaded.data == tmp_path / "var"


def test_a_message_for_mailboxes_holds_no_fields(tmp_path: Path) -> None:
    text = "pick_up:\n  mailbox: message\n  messages:\n    zh: 您好，{name}\n"
    assert [code for _, code in faults(tmp_path, text)] == ["config-message-field"]
    assert faults(tmp_path, "pick_up:\n  mailbox: message\n") == [(1, "config-message-missing")]

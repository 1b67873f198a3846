"""`mail`: what is refused before anything is sent."""

from pathlib import Path

import pytest

from config.loading import load
from core.errors import AuthorError

GOOD = "host: mail.example.org, sender: huifang@example.org"


def written(folder: Path, mail: str) -> Path:
    path = folder / "huifang.yaml"
    path.write_text(f"mail: {{{mail}}}\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("mail", "code"),
    [
        (f"{GOOD}, security: none", "config-mail-open"),
        (f"{GOOD}, username: u", "config-mail-password-without-user"),
        (f"{GOOD}, password_env: E", "config-mail-password-without-user"),
        (f"{GOOD}, username: u, password_env: E, password_file: f", "config-mail-two-secrets"),
        (f"{GOOD}, username: u, password_env: E", "config-mail-secret-missing"),
        ("host: mail.example.org", "config-mail-sender"),
        (f'{GOOD}, supervisors: ["a@b.cn, c@d.cn"]', "config-mail-address"),
        (f'{GOOD}, supervisors: ["a@b.cn\\r\\nBcc: c@d.cn"]', "config-mail-address"),
        (f'{GOOD}, supervisors: ["王@b.cn"]', "config-mail-address"),
    ],
)
def test_refused(tmp_path: Path, mail: str, code: str) -> None:
    with pytest.raises(AuthorError, match=code):
        load(written(tmp_path, mail), {})


def test_secrets_come_from_the_environment_or_a_private_file(tmp_path: Path) -> None:
    by_env = written(tmp_path, f"{GOOD}, username: u, password_env: E")
    found = load(by_env, {"E": "s1"})
    assert found.mail_password == "s1"
    assert "s1" not in repr(found)
    secret = tmp_path / "secret"
    secret.write_text("s2\n")
    secret.chmod(0o644)
    by_file = written(tmp_path, f"{GOOD}, username: u, password_file: secret")
    with pytest.raises(AuthorError, match="config-secret-open"):
        load(by_file, {})
    secret.chmod(0o600)
    assert load(by_file, {}).mail_password == "s2"


@pytest.mark.parametrize(
    "mail",
    [
        "security: none, host: 127.0.0.1, sender: a@b.cn",
        "security: none, host: localhost, sender: a@b.cn",
        f"{GOOD}, security: none, unencrypted: true",
    ],
)
def test_unencrypted_on_this_machine_or_where_it_is_said(tmp_path: Path, mail: str) -> None:
    assert load(written(tmp_path, mail), {}).settings.mail.host


def test_who_is_told_what(tmp_path: Path) -> None:
    mail = load(
        written(tmp_path, f"{GOOD}, supervisors: [a@b.cn, c@d.cn], technicians: [c@d.cn, e@f.cn]"),
        {},
    ).settings.mail
    assert mail.addresses("urgent") == ("a@b.cn", "c@d.cn")
    assert mail.addresses("batch") == ("a@b.cn", "c@d.cn", "e@f.cn")
    assert mail.addresses("trunk") == ("c@d.cn", "e@f.cn")

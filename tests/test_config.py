from pathlib import Path

import pytest

from ppe.config import Settings
from ppe.errors import SettingsError

SECRET = "do-not-tell-anybody"


def read(folder: Path, **variables: str) -> Settings:
    environ = {f"PPE_{name}": value for name, value in variables.items()}
    return Settings.from_env({"PPE_DATA_DIR": str(folder)} | environ)


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.mail_server, settings.sms_url, settings.phone_region) == ("", "", "")
    assert settings.mail_from == "PPE <ppe@localhost>"


def test_mails_come_from_where_the_console_is(tmp_path: Path) -> None:
    assert read(tmp_path, PUBLIC_URL="https://ppe.contoso.example").mail_from == "PPE <ppe@ppe.contoso.example>"


@pytest.mark.parametrize(
    ("security", "port", "flags"),
    [("starttls", 587, (True, False)), ("tls", 465, (False, True)), ("none", 25, (False, False))],
)
def test_the_port_follows_the_protection(tmp_path: Path, security: str, port: int, flags: tuple[bool, bool]) -> None:
    settings = read(tmp_path, MAIL_SERVER="localhost", MAIL_SECURITY=security)
    assert settings.mail_port == port
    told = settings.flask_config()
    assert (told["MAIL_USE_TLS"], told["MAIL_USE_SSL"]) == flags
    assert read(tmp_path, MAIL_SERVER="localhost", MAIL_SECURITY=security, MAIL_PORT="2525").mail_port == 2525


def test_everything_about_mail_and_texts_can_be_chosen(tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"
    authority.touch()
    settings = read(
        tmp_path,
        MAIL_SERVER="smtp.contoso.example",
        MAIL_USERNAME="ppe",
        MAIL_PASSWORD=SECRET,
        MAIL_FROM="Contoso, Inc. <filter@contoso.example>",
        MAIL_CA_FILE=str(authority),
        SMS_URL="jsons://sms.contoso.example/send?:to={to}",
        PHONE_REGION="nl",
    )
    assert settings.mail_security == "starttls"
    assert settings.mail_from == "Contoso, Inc. <filter@contoso.example>"
    assert settings.phone_region == "NL"
    assert settings.flask_config()["MAIL_CA_FILE"] == str(authority)


def test_what_has_to_do_with_running_it_can_be_chosen(tmp_path: Path) -> None:
    plain = read(tmp_path)
    assert (plain.log_format, plain.metrics_token, plain.keep_runs_days) == ("text", "", 90)
    chosen = read(tmp_path, LOG_FORMAT="JSON", METRICS_TOKEN=SECRET * 4, KEEP_RUNS_DAYS="7")
    assert (chosen.log_format, chosen.metrics_token, chosen.keep_runs_days) == ("json", SECRET * 4, 7)
    assert SECRET not in repr(chosen)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"MAIL_SERVER": "smtp://contoso.example"}, "PPE_MAIL_SERVER must be the name"),
        ({"MAIL_SERVER": "contoso.example:25"}, "PPE_MAIL_SERVER must be the name"),
        ({"MAIL_SECURITY": "ssl"}, "PPE_MAIL_SECURITY must be starttls, tls or none"),
        ({"MAIL_SECURITY": "none", "MAIL_SERVER": "smtp.contoso.example"}, "PPE_MAIL_SECURITY=none is accepted only"),
        ({"MAIL_PORT": "0"}, "PPE_MAIL_PORT must be between"),
        ({"MAIL_PORT": "smtp"}, "PPE_MAIL_PORT"),
        ({"MAIL_USERNAME": "ppe"}, "PPE_MAIL_USERNAME and PPE_MAIL_PASSWORD need each other"),
        ({"MAIL_PASSWORD": SECRET}, "PPE_MAIL_USERNAME and PPE_MAIL_PASSWORD need each other"),
        ({"MAIL_FROM": "Contoso"}, "PPE_MAIL_FROM must be a mail address"),
        ({"MAIL_FROM": "a@contoso.example, b@contoso.example"}, "PPE_MAIL_FROM must be a mail address"),
        ({"MAIL_FROM": "PPE\nBcc: x@evil.example <a@contoso.example>"}, "PPE_MAIL_FROM must be a mail address"),
        ({"MAIL_CA_FILE": "/nowhere/authority.pem"}, "PPE_MAIL_CA_FILE names a file that does not exist"),
        ({"SMS_URL": f"json://{SECRET}@127.0.0.1/send"}, "PPE_SMS_URL must hold {to}"),
        ({"SMS_URL": f"{SECRET}/{{to}}"}, "PPE_SMS_URL is not an address that apprise understands"),
        ({"SMS_URL": f"carrierpigeon://{SECRET}/{{to}}"}, "PPE_SMS_URL is not an address that apprise understands"),
        ({"PHONE_REGION": "XX"}, "PPE_PHONE_REGION must be the two letters"),
        ({"PHONE_REGION": "Netherlands"}, "PPE_PHONE_REGION must be the two letters"),
        ({"LOG_LEVEL": "LOUD"}, "PPE_LOG_LEVEL must be DEBUG"),
        ({"LOG_FORMAT": "xml"}, "PPE_LOG_FORMAT must be text or json"),
        ({"METRICS_TOKEN": "fifteen letters"}, "PPE_METRICS_TOKEN must be at least 16"),
        ({"METRICS_TOKEN": f"{SECRET} with a space in it"}, "PPE_METRICS_TOKEN must be at least 16"),
        ({"KEEP_RUNS_DAYS": "6"}, "PPE_KEEP_RUNS_DAYS must be at least 7"),
        ({"KEEP_RUNS_DAYS": "for ever"}, "PPE_KEEP_RUNS_DAYS"),
    ],
)
def test_nonsense_stops_the_start_with_a_sentence(tmp_path: Path, variables: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, **variables)
    assert words in refused.value.sentence
    assert SECRET not in refused.value.sentence


def test_the_repr_gives_no_secret_away(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        SECRET_KEY=SECRET * 2,
        DATABASE_URL=f"postgresql://ppe:{SECRET}@db/ppe",
        MAIL_USERNAME="ppe",
        MAIL_PASSWORD=SECRET,
        SMS_URL=f"json://ppe:{SECRET}@127.0.0.1/send?:to={{to}}",
    )
    assert SECRET not in repr(settings)
    assert settings.encryption_keys[0] not in repr(settings)
    assert "public_url" in repr(settings)

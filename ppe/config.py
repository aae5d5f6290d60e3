"""Settings: read from the environment once, refused with a sentence when they make no sense (docs/settings.md)."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from environs import Env, EnvError

from ppe import delivery_settings as delivery
from ppe import operation_settings as operation
from ppe.errors import SettingsError

MICROSOFT_LOGIN_URL = "https://login.microsoftonline.com"
GRAPH_URL = "https://graph.microsoft.com/v1.0"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an installation can choose. Made by `from_env`, or by a test that passes its own.

    `encryption_keys` are Fernet keys, the newest first. `trusted_proxies` is how many proxies in front may tell the
    visitor's address. Without a `mail_server` no mail can be sent, without an `sms_url` no text message. `demo` marks
    an installation that runs on the practice tenant. Without a `metrics_token` there are no metrics to read. What may
    hold a password stays out of the repr.
    """

    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    data_dir: Path
    database_url: str = field(repr=False)
    public_url: str = "http://127.0.0.1:8000"
    trusted_proxies: int = 0
    microsoft_login_url: str = MICROSOFT_LOGIN_URL
    graph_url: str = GRAPH_URL
    mail_server: str = ""
    mail_port: int = delivery.PORTS[delivery.STARTTLS]
    mail_security: str = delivery.STARTTLS
    mail_username: str = ""
    mail_password: str = field(default="", repr=False)
    mail_from: str = "PPE <ppe@localhost>"
    mail_ca_file: str = ""
    sms_url: str = field(default="", repr=False)
    phone_region: str = ""
    log_level: str = "INFO"
    log_format: str = operation.TEXT
    metrics_token: str = field(default="", repr=False)
    keep_runs_days: int = 90
    console_name: str = "PPE"
    console_logo: str = ""
    dns_servers: tuple[str, ...] = ()
    trust_administrators_domains: bool = False
    demo: bool = False
    testing: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Settings from `PPE_…` variables.

        Raises:
            SettingsError: a variable is wrong; the sentence names it.
        """
        env = Env(prefix="PPE_")
        with env_from(environ):
            try:
                return cls._read(env)
            except EnvError as wrong:
                raise SettingsError(f"{wrong}. See docs/settings.md.") from wrong

    @classmethod
    def _read(cls, env: Env) -> "Settings":
        data_dir = Path(env.str("DATA_DIR", "var")).resolve()
        secret_key = env.str("SECRET_KEY", "")
        encryption_keys: tuple[str, ...] = tuple(env.list("ENCRYPTION_KEYS", []))
        if not (secret_key and encryption_keys):
            kept_key, kept_keys = _kept_keys(data_dir)
            secret_key, encryption_keys = secret_key or kept_key, encryption_keys or kept_keys
        port = os.environ.get("PORT", "8000")
        public_url = _https("PPE_PUBLIC_URL", env.str("PUBLIC_URL", f"http://127.0.0.1:{port}"))
        return cls(
            secret_key=_long_enough(secret_key),
            encryption_keys=_usable(encryption_keys),
            data_dir=data_dir,
            database_url=_database(env.str("DATABASE_URL", f"sqlite:///{data_dir / 'ppe.db'}")),
            public_url=public_url,
            trusted_proxies=operation.count("PPE_TRUSTED_PROXIES", env.int("TRUSTED_PROXIES", 0)),
            microsoft_login_url=_https("PPE_MICROSOFT_LOGIN_URL", env.str("MICROSOFT_LOGIN_URL", MICROSOFT_LOGIN_URL)),
            graph_url=_https("PPE_GRAPH_URL", env.str("GRAPH_URL", GRAPH_URL)),
            log_level=operation.log_level(env.str("LOG_LEVEL", "INFO")),
            log_format=operation.log_format(env.str("LOG_FORMAT", operation.TEXT)),
            metrics_token=operation.metrics_token(env.str("METRICS_TOKEN", "")),
            keep_runs_days=operation.keep_runs_days(env.int("KEEP_RUNS_DAYS", 90)),
            console_name=operation.console_name(env.str("CONSOLE_NAME", "PPE")),
            console_logo=operation.console_logo(env.str("CONSOLE_LOGO", "")),
            dns_servers=operation.dns_servers(env.list("DNS_SERVERS", [])),
            trust_administrators_domains=env.bool("TRUST_ADMINISTRATORS_DOMAINS", False),
            demo=env.bool("DEMO", False),
            **_delivery(env, public_url),
        )

    @property
    def is_https(self) -> bool:
        """Whether people reach the console over https, so that cookies may insist on it."""
        return self.public_url.startswith("https://")

    @property
    def redirect_address(self) -> str:
        """The address that is registered in Entra for coming back from Microsoft."""
        return f"{self.public_url}/sign-in/microsoft/callback"

    @property
    def front_channel_logout_address(self) -> str:
        """The address that is registered in Entra to hear that somebody has signed out of Microsoft."""
        return f"{self.public_url}/sign-in/microsoft/signed-out"

    def flask_config(self) -> dict[str, object]:
        """What Flask and its extensions read."""
        return {
            "SECRET_KEY": self.secret_key,
            "SESSION_COOKIE_NAME": "ppe_session",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.is_https,
            "MAX_CONTENT_LENGTH": 4 * 1024 * 1024,
            "WTF_CSRF_TIME_LIMIT": None,  # a review may stay open all day
            "BOOTSTRAP_SERVE_LOCAL": True,
            "MAIL_SERVER": self.mail_server,
            "MAIL_PORT": self.mail_port,
            "MAIL_USE_TLS": self.mail_security == delivery.STARTTLS,
            "MAIL_USE_SSL": self.mail_security == delivery.TLS,
            "MAIL_USERNAME": self.mail_username,
            "MAIL_PASSWORD": self.mail_password,
            "MAIL_CA_FILE": self.mail_ca_file,
            "MAIL_SUPPRESS_SEND": False,  # tests send to a listener of their own
            "TESTING": self.testing,
        }


class env_from:  # noqa: N801 - reads as the sentence `with env_from(environ)`
    """Lets environs, which reads os.environ alone, read another mapping for a moment (tests pass one)."""

    def __init__(self, environ: Mapping[str, str] | None) -> None:
        self.environ = environ

    def __enter__(self) -> None:
        self.kept = dict(os.environ)
        if self.environ is not None:
            os.environ.clear()
            os.environ.update(self.environ)

    def __exit__(self, *_: object) -> None:
        if self.environ is not None:
            os.environ.clear()
            os.environ.update(self.kept)


def _delivery(env: Env, public_url: str) -> dict[str, Any]:
    """What has to do with mail and text messages."""
    server = delivery.mail_server(env.str("MAIL_SERVER", ""))
    security = delivery.mail_security(
        env.str("MAIL_SECURITY", delivery.STARTTLS), server_is_local=not server or is_loopback(server)
    )
    username = env.str("MAIL_USERNAME", "")
    return {
        "mail_server": server,
        "mail_port": delivery.mail_port(env.int("MAIL_PORT", delivery.PORTS[security])),
        "mail_security": security,
        "mail_username": username,
        "mail_password": delivery.mail_password(username, env.str("MAIL_PASSWORD", "")),
        "mail_from": delivery.mail_from(env.str("MAIL_FROM", delivery.sender_at(public_url))),
        "mail_ca_file": delivery.mail_ca_file(env.str("MAIL_CA_FILE", "")),
        "sms_url": delivery.sms_url(env.str("SMS_URL", "")),
        "phone_region": delivery.phone_region(env.str("PHONE_REGION", "")),
    }


def _kept_keys(data_dir: Path) -> tuple[str, tuple[str, ...]]:
    """The keys this box made for itself at its first start, readable by its own user alone."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = data_dir / "keys.json"
    made = json.dumps({"secret_key": secrets.token_urlsafe(48), "encryption_keys": [Fernet.generate_key().decode()]})
    try:
        # Written aside and linked into place: of web and worker starting together one wins, neither reads half a file.
        aside = path.with_suffix(f".{secrets.token_hex(4)}")
        aside.touch(mode=0o600)
        aside.write_text(made)
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink(missing_ok=True)
    kept = json.loads(path.read_text())
    return kept["secret_key"], tuple(kept["encryption_keys"])


def _long_enough(key: str) -> str:
    if len(key) < 32:
        raise SettingsError("PPE_SECRET_KEY is shorter than 32 characters. Make one with `openssl rand -hex 32`.")
    return key


def _usable(keys: tuple[str, ...]) -> tuple[str, ...]:
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError:
            raise SettingsError(f"PPE_ENCRYPTION_KEYS: key {number} is not a Fernet key.") from None
    return keys


def _database(url: str) -> str:
    if urlsplit(url).scheme not in ("sqlite", "postgresql"):
        raise SettingsError("PPE_DATABASE_URL must begin with sqlite:/// or postgresql://.")
    return url


def _https(name: str, url: str) -> str:
    """An address without its last slash; plain http is for this machine alone."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url.rstrip("/")
    if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
        return url.rstrip("/")
    raise SettingsError(f"{name} must be an https address; http is accepted for this machine itself only.")


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

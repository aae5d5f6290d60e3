"""What the settings for running an installation may say: each check gives the value, or names the wrong variable."""

from ipaddress import ip_address
from pathlib import Path

from ppe.errors import SettingsError

TEXT, JSON = LOG_FORMATS = ("text", "json")
SHORTEST_TOKEN = 16
FEWEST_DAYS = 7
LONGEST_NAME = 40
LOGOS = (".svg", ".png")


def count(name: str, number: int) -> int:
    """A number of things."""
    if number < 0:
        raise SettingsError(f"{name} must be 0 or more.")
    return number


def log_level(level: str) -> str:
    """From which level on lines are written."""
    if level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError("PPE_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
    return level.upper()


def log_format(chosen: str) -> str:
    """For whom lines are written: people or programs."""
    if chosen.lower() not in LOG_FORMATS:
        raise SettingsError("PPE_LOG_FORMAT must be text or json.")
    return chosen.lower()


def metrics_token(token: str) -> str:
    """What whoever reads the metrics has to show; one that could be guessed would be none."""
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or any(sign.isspace() for sign in token)):
        raise SettingsError(
            f"PPE_METRICS_TOKEN must be at least {SHORTEST_TOKEN} letters, digits or signs without a space. "
            "Make one with `openssl rand -hex 32`."
        )
    return token


def keep_runs_days(days: int) -> int:
    """How long runs stay: the report of a whole week must have its runs to show."""
    if days < FEWEST_DAYS:
        raise SettingsError(f"PPE_KEEP_RUNS_DAYS must be at least {FEWEST_DAYS}.")
    return days


def dns_servers(servers: list[str]) -> tuple[str, ...]:
    """Which DNS servers to ask, as address:port."""
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            ip_address(host)
            is_port = 0 < int(port) < 65536
        except ValueError:
            is_port = False
        if not is_port:
            raise SettingsError(
                "PPE_DNS_SERVERS must be addresses with a port, such as 9.9.9.9:53, separated by commas."
            )
    return tuple(servers)


def console_name(name: str) -> str:
    """What the console calls itself on its pages, in mails and in authenticator apps."""
    if not (1 <= len(name) <= LONGEST_NAME and name.isprintable()):
        raise SettingsError(f"PPE_CONSOLE_NAME must be 1 to {LONGEST_NAME} letters on one line.")
    return name


def console_logo(path: str) -> str:
    """The file of the logo, as an absolute path: an SVG or a PNG."""
    if not path:
        return ""
    file = Path(path).resolve()
    if file.suffix.lower() not in LOGOS or not file.is_file():
        raise SettingsError("PPE_CONSOLE_LOGO must be the path of an .svg or .png file.")
    return str(file)

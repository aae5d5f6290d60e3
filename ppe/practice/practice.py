"""What the parts of one practice server share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ppe.practice.authorization_codes import AuthorizationCodes
from ppe.practice.browser_session import BrowserSessions
from ppe.practice.delta import Room
from ppe.practice.inbox import Inbox
from ppe.practice.mailbox import Mail
from ppe.practice.phone import Text
from ppe.practice.tenant import Tenant
from ppe.practice.tokens import AccessTokens
from ppe.practice.weather import Weather


class Request(NamedTuple):
    """One request that was answered. The query is apart, so that a test can compare the path."""

    method: str
    path: str
    status: int
    query: str = ""


class RequestLog(list[Request]):
    """The requests to Graph and to the sign-in host, oldest first; very old ones are forgotten."""

    LONGEST = 20_000

    def note(self, request: Request) -> None:
        """Add a request."""
        if len(self) >= self.LONGEST:
            del self[: self.LONGEST // 2]
        self.append(request)


@dataclass(slots=True)
class Practice:
    """One practice tenant as it is served."""

    tenant: Tenant
    room: Room
    state: Path | None = None
    weather: Weather = field(default_factory=Weather)
    log: RequestLog = field(default_factory=RequestLog)
    tokens: AccessTokens = field(default_factory=AccessTokens)
    codes: AuthorizationCodes = field(default_factory=AuthorizationCodes)
    browsers: BrowserSessions = field(default_factory=BrowserSessions)
    mails: Inbox[Mail] = field(default_factory=Inbox)
    texts: Inbox[Text] = field(default_factory=Inbox)
    smtp_port: int = 0

    def keep(self) -> None:
        """Save the tenant, where it has a file."""
        if self.state:
            self.tenant.save(self.state)

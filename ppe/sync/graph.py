"""Microsoft Graph over HTTP: pages in, typed errors out. Knows nothing of our tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from ppe.errors import DeltaExpired, DirectoryError, DirectoryUnavailable, DirectoryUntrusted
from ppe.mail_addresses import in_ascii
from ppe.sync import batch
from ppe.sync.login import Token, consent_missing, fetch_token
from ppe.sync.shared_mailbox import purpose_of
from ppe.sync.wire import Answer, Wire

USER_PROPERTIES = (
    "id,accountEnabled,displayName,givenName,surname,mail,userPrincipalName,proxyAddresses,mobilePhone,userType"
    ",assignedLicenses"
)
GROUP_PROPERTIES = "id,displayName,mail,proxyAddresses,groupTypes,mailEnabled,securityEnabled,members"
RESYNC_CODES = {"syncstatenotfound", "resyncrequired", "syncstateinvalid", "directory_expiredpagetoken"}
IDS_PER_QUESTION = 1000
LARGEST_PAGE = 999  # of a listing of users
MAILBOX_ROLES = frozenset({"MailboxSettings.Read", "MailboxSettings.ReadWrite"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing: its items verbatim, and the link to the next page or, at the end, the delta link."""

    items: Sequence[dict[str, Any]]
    next_link: str | None
    delta_link: str | None


@dataclass(frozen=True, slots=True)
class Purposes:
    """What mailboxes are for, by the ids of their users; "" where Microsoft 365 would not say.

    `throttled` says that others have to be asked again, after `wait` seconds if Microsoft said how many.
    """

    told: dict[str, str]
    throttled: bool
    wait: float | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks: the tenant, and the application's id and secret there."""

    tenant: str
    application_id: str
    secret: str


class Graph:
    """One tenant's directory, read with one application's token."""

    def __init__(self, credentials: Credentials, login_url: str, graph_url: str, wire: Wire) -> None:
        self._credentials = credentials
        self._login_url = login_url
        self._url = graph_url
        self._wire = wire
        self._token: Token | None = None

    def users_delta_now(self) -> str:
        """A delta link that will tell everything that changes among the users from now on."""
        page = self.page(f"{self._url}/users/delta?$deltatoken=latest&$select={USER_PROPERTIES}")
        if page.delta_link is None:
            raise _unusable("Microsoft gave no link for later changes.")
        return page.delta_link

    def users_link(self) -> str:
        """Where the listing of all users begins, in the largest pages there are."""
        return f"{self._url}/users?$select={USER_PROPERTIES}&$top={LARGEST_PAGE}"

    def groups_link(self) -> str:
        """Where the round over all groups and their members begins."""
        return f"{self._url}/groups/delta?$select={GROUP_PROPERTIES}"

    def page(self, link: str) -> Page:
        """One page, at a link that Graph gave or that is one of the two beginnings.

        Raises:
            DeltaExpired: the link is too old; list everything anew.
            DirectoryUntrusted: the link leads away from Graph.
        """
        said = self._get(link)
        items = said.get("value")
        if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
            raise _unusable("Microsoft's answer is not a listing.")
        next_link, delta_link = said.get("@odata.nextLink"), said.get("@odata.deltaLink")
        for follow in (next_link, delta_link):
            if follow is not None:
                self._require_own_host(follow)
        return Page(items, next_link, delta_link)

    def count(self, kind: str) -> int | None:
        """Roughly how many `users` or `groups` there are, for a progress bar; None when Graph won't say."""
        try:
            answer = self._ask("GET", f"{self._url}/{kind}/$count", headers={"ConsistencyLevel": "eventual"})
            return int(answer.body.decode("utf-8-sig")) if answer.status == 200 else None
        except (DirectoryError, ValueError):
            return None

    def existing(self, object_ids: Sequence[str]) -> set[str]:
        """Which of the objects still exist, asked by the thousand."""
        found: set[str] = set()
        for start in range(0, len(object_ids), IDS_PER_QUESTION):
            question = {"ids": list(object_ids[start : start + IDS_PER_QUESTION]), "types": ["user", "group"]}
            answer = self._ask("POST", f"{self._url}/directoryObjects/getByIds", json=question)
            found.update(item["id"] for item in self._listed(answer))
        return found

    def verified_domains(self) -> list[str]:
        """The domains that the tenant has proved to own, spelled as they are registered here."""
        domains = self._listed(self._ask("GET", f"{self._url}/domains"))
        return sorted(in_ascii(domain["id"]) for domain in domains if domain.get("isVerified"))

    def tenant_id(self) -> str:
        """The id of the tenant that the token reads."""
        organizations = self._listed(self._ask("GET", f"{self._url}/organization?$select=id"))
        if len(organizations) != 1:
            raise _unusable("Microsoft did not say which tenant this is.")
        return str(organizations[0]["id"]).lower()

    def secret_expiry(self) -> datetime | None:
        """When the secret in use expires; None when the registration cannot be read here.

        Its entry is found by the hint, the secret's first three characters (resources/passwordcredential.md).
        """
        application_id, secret = self._credentials.application_id, self._credentials.secret
        question = f"$filter=appId eq '{application_id}'&$select=id,appId,displayName,passwordCredentials"
        applications = self._listed(self._ask("GET", f"{self._url}/applications?{question}"))
        entries = [entry for found in applications for entry in found.get("passwordCredentials") or ()]
        ours = [entry for entry in entries if entry.get("hint") == secret[:3]] or entries
        ends = [end for end in (_moment(entry.get("endDateTime")) for entry in ours) if end]
        return max(ends, default=None)

    def reads_mailbox_settings(self) -> bool:
        """Whether the token says that the settings of mailboxes may be read, which is a permission of its own."""
        return not MAILBOX_ROLES.isdisjoint(self._valid_token(fresh=False).roles)

    def mailbox_purposes(self, object_ids: Sequence[str]) -> Purposes:
        """What the mailboxes of these users are for, at most `batch.MOST`, asked in one exchange."""
        urls = [f"/users/{quote(object_id, safe='')}/mailboxSettings" for object_id in object_ids]
        answer = self._usable(self._ask("POST", f"{self._url}/$batch", json=batch.questions(urls)))
        parts = dict(zip(object_ids, batch.parts(answer.json(), len(urls)), strict=True))
        told = {
            object_id: purpose_of(part.body) if part.status == 200 else ""
            for object_id, part in parts.items()
            if not part.is_throttled
        }
        waits = [part.wait for part in parts.values() if part.is_throttled and part.wait is not None]
        return Purposes(told, len(told) < len(parts), max(waits, default=None))

    def rest(self, wait: float | None, attempt: int) -> None:
        """Wait before asking again, within the wire's patience.

        Raises:
            Throttled: that is too long, or too often.
        """
        self._wire.rest(wait, attempt)

    def _get(self, link: str) -> dict[str, Any]:
        self._require_own_host(link)
        return self._usable(self._ask("GET", link)).json()

    def _listed(self, answer: Answer) -> list[dict[str, Any]]:
        items = self._usable(answer).json().get("value")
        if not isinstance(items, list):
            raise _unusable("Microsoft's answer is not a listing.")
        return [item for item in items if isinstance(item, dict) and item.get("id")]

    def _ask(self, method: str, url: str, headers: dict[str, str] | None = None, **body: Any) -> Answer:
        """Ask with the token; once more with a fresh one when the old one is refused."""
        for fresh in (False, True):
            sent = {**(headers or {}), "Authorization": f"Bearer {self._valid_token(fresh=fresh).access_token}"}
            answer = self._wire.ask(method, url, sent, **body)
            if answer.status != 401:
                break
        return answer

    def _valid_token(self, *, fresh: bool) -> Token:
        if self._token is None or fresh:
            who = self._credentials
            self._token = fetch_token(self._wire, self._login_url, who.tenant, who.application_id, who.secret)
        return self._token

    def _require_own_host(self, link: object) -> None:
        """A link to anywhere else would carry the token there."""
        ours, theirs = urlsplit(self._url), urlsplit(str(link))
        if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc) or not theirs.path.startswith(ours.path + "/"):
            raise DirectoryUntrusted(
                "Microsoft's answer links to another host, which is not followed.",
                "Check for a proxy between this machine and Microsoft. Nothing was changed.",
                "",
            )

    def _usable(self, answer: Answer) -> Answer:
        if answer.status == 200:
            return answer
        error = answer.json().get("error")
        code = str(error.get("code", "")) if isinstance(error, dict) else ""
        if answer.status == 410 or code.casefold() in RESYNC_CODES:
            raise DeltaExpired("The stored place in the directory has expired.", "Everything is listed anew.", code)
        if answer.status == 403:
            raise consent_missing(code, answer.correlation_id)
        raise DirectoryUnavailable(
            "Microsoft refused to answer a question about the directory.",
            "Press Test connection to see what is missing; if all is well there, try again later.",
            code or str(answer.status),
            answer.correlation_id,
        )


def _unusable(sentence: str) -> DirectoryUnavailable:
    return DirectoryUnavailable(sentence, "Nothing was changed. Try again in a few minutes.")


def _moment(text: object) -> datetime | None:
    """A moment of Microsoft's, whose seven fractional digits Python before 3.11 could not read."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None

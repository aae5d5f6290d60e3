"""The second factor: who is asked for one, what they can show, and whether what they typed is good."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app

from ppe import audit, outbox, sms
from ppe.db import database
from ppe.errors import Refused
from ppe.models import ADMIN, ADMINISTRATORS, EVERYONE, MICROSOFT, OFF, Account, Organization
from ppe.signin import authenticator, codes, limits, trusted_browsers
from ppe.signin.visitor import Visitor

AUTHENTICATOR = "authenticator"
NUMBER_RESTS_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody can show. `resting_number` is one that a sync changed within the last day: not good enough yet."""

    authenticator: bool
    number: str | None
    resting_number: bool
    recovery_codes: int
    never_had_one: bool

    @property
    def any(self) -> bool:
        """Whether there is anything to show, besides a code that an administrator issues."""
        return self.authenticator or self.number is not None or self.recovery_codes > 0

    @property
    def may_begin(self) -> bool:
        """Whether a first app may be set up with no more than the first step: there never was anything else to show."""
        return self.never_had_one and not self.any and not self.resting_number


def of(account: Account, now: datetime) -> Factors:
    """What this account can show now."""
    number = sms.normalised(account.mobile, current_app.config["SETTINGS"].phone_region) if sms.is_possible() else None
    changed: datetime | None = account.mobile_changed_at
    rests = number is not None and changed is not None and changed > now - NUMBER_RESTS_FOR
    return Factors(
        authenticator=authenticator.is_set_up(account.id),
        number=None if rests else number,
        resting_number=rests,
        recovery_codes=codes.recovery_codes_left(account.id),
        never_had_one=account.second_factor_at is None,
    )


def is_asked(account: Account, organization: Organization, first_step: str) -> bool:
    """Whether this sign-in takes a code. Unless the policy is off, whoever set up an app is asked in any case."""
    if organization.second_factor == OFF or (
        first_step == MICROSOFT and not organization.second_factor_after_microsoft
    ):
        return False
    if organization.second_factor == EVERYONE or (
        organization.second_factor == ADMINISTRATORS and account.type == ADMIN
    ):
        return True
    return authenticator.is_set_up(account.id)


def verify(account: Account, typed: str, visitor: Visitor, now: datetime) -> str:
    """Spend a code of any kind; gives the kind.

    Raises:
        Refused: it is wrong, spent or too old; the sentence does not say which.
        limits.TooMany: there were too many wrong ones lately.
    """
    doors = limits.code_doors(account.id)
    limits.count(doors, now)
    kind = spend(account.id, typed, now)
    if kind is None:
        _note_failure(account, visitor, now)
        raise Refused(
            "This code is not right, or it was used before. Wait for the next one, or use another way.", "code"
        )
    with database.atomic():
        limits.forgive(doors)
        mark_shown(account.id, now)
    return kind


def spend(account_id: int, typed: str, now: datetime) -> str | None:
    """The kind of code this was, if it is good, spending it."""
    plain = "".join(typed.split())
    if authenticator.spend(account_id, plain, now):
        return AUTHENTICATOR
    return codes.spend(account_id, plain, now)


def mark_shown(account_id: int, now: datetime) -> None:
    """From now on a first app can't be set up with a password alone."""
    never = (Account.id == account_id) & Account.second_factor_at.is_null()
    Account.update(second_factor_at=now).where(never).execute()


def send_text(account: Account, visitor: Visitor, now: datetime) -> str:
    """Send a code as a text message; gives the number as its owner recognises it.

    Raises:
        Refused: there is no number that may be used now.
        limits.TooMany: too many were asked for lately.
        DeliveryFailed: the gateway did not take it.
    """
    number = of(account, now).number
    if number is None:
        raise Refused("No text message can be sent to you now. Use another way.")
    limits.count(limits.text_doors(account.id, visitor.remote_address), now)
    code = codes.new_text_code(account.id, now)
    console = current_app.config["SETTINGS"].console_name
    sms.send(number, f"{code} is your code for {console}. It works once, for ten minutes. Never tell it to anybody.")
    _record(account, "text message sent", visitor, now)
    return sms.masked(number)


def forget(account_id: int) -> None:
    """Everything that was set up ends: the app, all codes, and the trust in browsers."""
    authenticator.remove(account_id)
    codes.void(account_id)
    trusted_browsers.revoke_all(account_id)


def _note_failure(account: Account, visitor: Visitor, now: datetime) -> None:
    """On record; and when no further try is left for now, the owner is told that somebody knows the password."""
    with database.atomic():
        _record(account, "wrong second factor", visitor, now)
        if limits.is_shut(limits.code_doors(account.id), now):
            _record(account, "second factor locked", visitor, now)
            details = {"at": now.isoformat(), "remote_address": visitor.remote_address}
            outbox.ask(
                "second_factor_locked", organization_id=account.organization_id, account_id=account.id,
                details=details, now=now,
            )  # fmt: skip


def _record(account: Account, action: str, visitor: Visitor, now: datetime) -> None:
    audit.record(
        account.organization_id, account.display_name, action, audit.Of(account.display_name, account.id),
        now=now, remote_address=visitor.remote_address,
    )  # fmt: skip

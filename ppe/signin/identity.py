"""From an identity that Microsoft vouches for to an account of ours: by tenant and object id, never by mail address.

Who has an account by hand is bound once: an End User by the principal name, which their own tenant owns; an
administrator only while signed in here, for nobody becomes an administrator by what a directory says.
"""

from dataclasses import dataclass
from datetime import datetime

from ppe import audit
from ppe.db import database
from ppe.errors import Refused
from ppe.models import END_USER, SIGN_IN_TYPES, Account, Address, DirectoryObject
from ppe.signin.visitor import Visitor

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of personal Microsoft accounts (graph.md, section 8)
NOBODY = "Nobody here has this Microsoft account. Ask an administrator of your organisation to add you."
NOT_YET = (
    "Your Microsoft account is not connected to your administrator's account here yet. Sign in with your local "
    "password, and connect it under My preferences."
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at Microsoft. `sid` is the id of their session there."""

    tenant_id: str
    object_id: str
    user_principal_name: str
    is_guest: bool
    sid: str | None = None


def account_of(who: Identity, organization_id: int, connection_id: int, visitor: Visitor, now: datetime) -> Account:
    """The account that this identity opens. A refusal is on record.

    Raises:
        Refused: it opens none; the sentence says why, for it is shown to somebody who has proved who they are.
    """
    try:
        return _account_of(who, organization_id, connection_id, visitor, now)
    except Refused as refused:
        audit.record(
            organization_id, who.user_principal_name, "Microsoft sign-in refused", refused.sentence,
            {"tenant": who.tenant_id, "object": who.object_id}, now=now, remote_address=visitor.remote_address,
        )  # fmt: skip
        raise


def _account_of(who: Identity, organization_id: int, connection_id: int, visitor: Visitor, now: datetime) -> Account:
    _require_member(who, connection_id)
    account = _known(who, organization_id) or _bound_by_name(who, organization_id, visitor, now)
    if account is None:
        raise Refused(NOBODY)
    if account.removed_at is not None or not account.active:
        raise Refused("Your account here is not active. Ask an administrator of your organisation.")
    if account.type not in SIGN_IN_TYPES:
        raise Refused("Your account here has no sign-in: your mail is filtered without it.")
    return account


def bind(who: Identity, account: Account, connection_id: int, visitor: Visitor, now: datetime) -> None:
    """Connect a Microsoft account to somebody who is signed in here and has just confirmed it.

    Raises:
        Refused: a guest's, one that another account has, or the account has one.
    """
    _require_member(who, connection_id)
    if account.directory_id is not None or account.microsoft_id is not None:
        raise Refused("Your account is connected to a Microsoft account already.")
    if _known(who, account.organization_id) is not None:
        raise Refused("This Microsoft account belongs to another account here.")
    _write(who, account, visitor, now)


def _require_member(who: Identity, connection_id: int) -> None:
    if who.tenant_id == CONSUMERS:
        raise Refused("Personal Microsoft accounts can't sign in here. Use the account of your organisation.")
    listed_as_guest = DirectoryObject.select().where(
        DirectoryObject.connection == connection_id, DirectoryObject.object_id == who.object_id, DirectoryObject.guest
    )
    if who.is_guest or listed_as_guest.exists():
        raise Refused("Guests of the Microsoft tenant can't sign in here. Use the account of your own organisation.")


def _known(who: Identity, organization_id: int) -> Account | None:
    for tenant, object_id in (
        (Account.directory_tenant, Account.directory_id),
        (Account.microsoft_tenant, Account.microsoft_id),
    ):
        found: Account | None = Account.get_or_none(
            Account.organization == organization_id, tenant == who.tenant_id, object_id == who.object_id
        )
        if found is not None:
            return found
    return None


def _bound_by_name(who: Identity, organization_id: int, visitor: Visitor, now: datetime) -> Account | None:
    """The account by hand with this address, which is bound now and never by name again."""
    account: Account | None = (
        Account.select()
        .join(Address)
        .where(
            Account.organization == organization_id,
            Address.address == who.user_principal_name.casefold(),
            Account.directory_id.is_null(),
            Account.microsoft_id.is_null(),
            Account.removed_at.is_null(),
        )
        .get_or_none()
    )
    if account is None or not account.active or account.type not in SIGN_IN_TYPES:
        return account
    if account.type != END_USER:
        raise Refused(NOT_YET)
    _write(who, account, visitor, now)
    return account


def _write(who: Identity, account: Account, visitor: Visitor, now: datetime) -> None:
    """Once: of two identities at the same instant one is bound."""
    unbound = (Account.id == account.id) & Account.microsoft_id.is_null() & Account.directory_id.is_null()
    with database.atomic():
        written = Account.update(microsoft_tenant=who.tenant_id, microsoft_id=who.object_id).where(unbound).execute()
        if not written:
            raise Refused("Your account was connected to another Microsoft account meanwhile.")
        audit.record(
            account.organization_id, account.display_name, "Microsoft account connected",
            audit.Of(who.user_principal_name, account.id), {"tenant": who.tenant_id, "object": who.object_id},
            now=now, remote_address=visitor.remote_address,
        )  # fmt: skip

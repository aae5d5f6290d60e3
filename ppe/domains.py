"""Registered domains: which mail domains an organisation's accounts may have addresses on."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email
from peewee import IntegrityError, fn

from ppe import audit
from ppe.db import database, one_at_a_time
from ppe.errors import NotFound, Refused
from ppe.models import Account, Address, Domain, DomainClaim

RELAY, MANAGEMENT = KINDS = ("relay", "management")


def registered(organization_id: int) -> list[Domain]:
    """The organisation's domains, by name."""
    return list(Domain.select().where(Domain.organization == organization_id).order_by(Domain.name))


def of(organization_id: int, domain_id: int) -> Domain:
    """One domain of the organisation.

    Raises:
        NotFound: the organisation has no such domain.
    """
    domain: Domain | None = Domain.get_or_none(Domain.organization == organization_id, Domain.id == domain_id)
    if domain is None:
        raise NotFound("No such domain is registered here.")
    return domain


def checked(organization_id: int, name: str, kind: str) -> str:
    """The name as it is stored, if it could be registered.

    Raises:
        Refused: this is no domain name, no kind of domain, or the domain is taken.
    """
    if kind not in KINDS:
        raise Refused("Choose whether it is a relay domain or a management domain.", "kind")
    ascii_name = _ascii(name)
    if Domain.select().where(Domain.name == ascii_name).exists():
        raise Refused(_taken(organization_id, ascii_name), "name")
    return ascii_name


def register(organization_id: int, name: str, kind: str, proof: str, actor: str, now: datetime) -> Domain:
    """Register a domain, so that addresses on it may be given; the next sync looks at everybody anew.

    A claim of it that waits for its proof has come to its end.

    Raises:
        Refused: this is no domain name, no kind of domain, or the domain is taken.
    """
    if kind not in KINDS:
        raise Refused("Choose whether it is a relay domain or a management domain.", "kind")
    ascii_name = _ascii(name)
    try:
        with database.atomic():
            domain: Domain = Domain.create(
                organization=organization_id, name=ascii_name, kind=kind, proof=proof, created_at=now
            )
            DomainClaim.delete().where(
                DomainClaim.organization == organization_id, DomainClaim.name == ascii_name
            ).execute()
            _ask_for_a_new_look(organization_id)
            details = {"kind": kind, "proof": proof}
            audit.record(organization_id, actor, "domain registered", ascii_name, details, now=now)
    except IntegrityError:
        # Whose it is stays unsaid, unless it is theirs: customers must not learn about each other here.
        raise Refused(_taken(organization_id, ascii_name), "name") from None
    return domain


def remove(organization_id: int, domain_id: int, actor: str, now: datetime) -> Domain:
    """Take a domain out of the register; the next sync looks at everybody anew.

    Raises:
        NotFound: the organisation has no such domain.
        Refused: accounts have addresses on it; the sentence says how many.
    """
    domain = of(organization_id, domain_id)
    with database.atomic():
        keep_all(organization_id)
        if used := addresses_on([domain.name], organization_id).get(domain.name, 0):
            have = "1 address is" if used == 1 else f"{used:,} addresses are"
            raise Refused(f"{have} on {domain.name}. Remove or change what uses it first; then the domain can go.")
        if Domain.delete().where(Domain.id == domain.id).execute():
            _ask_for_a_new_look(organization_id)
            audit.record(organization_id, actor, "domain removed", domain.name, {"kind": domain.kind}, now=now)
    return domain


def keep_all(organization_id: int) -> None:
    """Until the caller's transaction ends, nobody removes a domain of the organisation."""
    one_at_a_time(f"domains of {organization_id}")


def require(organization_id: int, addresses: Iterable[str], field: str | None = None) -> None:
    """Inside the transaction that gives the addresses: their domains are registered, and stay so until it ends.

    Raises:
        Refused: one of the domains was removed since somebody looked; `field` goes with the sentence.
    """
    keep_all(organization_id)
    names = {domain.name for domain in registered(organization_id)}
    for domain in (address.rpartition("@")[2] for address in addresses):
        if domain not in names:
            sentence = (
                f"The domain {domain} is not registered here any more. Register it under Domains, then try again."
            )
            raise Refused(sentence, field)


def addresses_on(names: list[str], organization_id: int) -> dict[str, int]:
    """How many addresses the organisation's accounts have on each of these domains; none is left out."""
    counted: Any = (
        Address.select(Address.domain, fn.COUNT(Address.id))
        .join(Account)
        .where(Account.organization == organization_id, Address.domain.in_(names))
        .group_by(Address.domain)
        .tuples()
    )
    return dict(counted)


def _ascii(name: str) -> str:
    """The name as mail servers spell it: lower case, ASCII, no trailing dot."""
    bare = name.strip().removesuffix(".")
    try:
        valid = validate_email(f"postmaster@{bare}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        valid = None
    if valid is None or "." not in bare or valid.ascii_domain is None:
        raise Refused("Write a domain name such as contoso.com, without @ and without https://.", "name")
    return valid.ascii_domain.casefold()


def _taken(organization_id: int, name: str) -> str:
    if Domain.select().where(Domain.organization == organization_id, Domain.name == name).exists():
        return f"{name} is registered already."
    return f"{name} can't be registered here. If it belongs to you, please ask support."


def _ask_for_a_new_look(organization_id: int) -> None:
    """Without its fingerprint an account differs from the directory, so the next sync decides about it again."""
    Account.update(directory_fingerprint=None).where(
        Account.organization == organization_id, Account.directory_id.is_null(False)
    ).execute()

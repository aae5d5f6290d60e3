"""Account Management > Profile: the organisation's name, its time zone, and who gets the notices."""

import json
from dataclasses import asdict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe import organization, overtaken
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.organization import Overtaken, Profile
from ppe.sync import connection as connections
from ppe.sync import tech_contact
from ppe.views.access import admin_required, current_admin_name, current_organization, visitor

bp = Blueprint("profile", __name__, url_prefix="/account-management/profile")

NO_CONTACT = "Saved. Without a tech contact, notices about syncs can't be delivered: choose one as soon as you can."


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The profile as it is."""
    stored = organization.of(current_organization())
    return _page(stored, stored)


@bp.post("")
@admin_required
def save() -> ResponseReturnValue:
    """Keep what was touched; where somebody else touched the same meanwhile, say so first."""
    stored = current_organization()
    seen, typed = overtaken.remembered(request.form.get("seen", ""), organization.of(stored)), _typed()
    try:
        kept = organization.save(stored.id, seen, typed, current_admin_name(), visitor().remote_address, utcnow())
    except Overtaken as refused:
        return _page(overtaken.touched(seen, typed, refused.now), refused.now, refused.wrong), 409
    except Refused as refused:
        return _page(typed, seen, {refused.field or "form": refused.sentence}), 422
    if kept is None:
        flash("Nothing was changed: the profile says that already.", "info")
    elif kept.tech_contact_id is None:
        flash(NO_CONTACT, "warning")
    else:
        flash("The profile is saved.", "success")
    return redirect(url_for(".page"), 303)


def _typed() -> Profile:
    """What was typed; a contact that is no number is nobody's."""
    contact = request.form.get("tech_contact", "")
    is_number = contact.isascii() and contact.isdigit() and len(contact) < 19
    return Profile(
        name=" ".join(request.form.get("name", "").split()),
        time_zone=request.form.get("time_zone", ""),
        tech_contact_id=(int(contact) if is_number else 0) if contact else None,
        notice_addresses=tuple(
            dict.fromkeys(request.form.get("notice_addresses", "").casefold().replace(",", " ").split())
        ),
    )


def _page(shown: Profile, seen: Profile, wrong: dict[str, str] | None = None) -> str:
    stored = current_organization()
    possible = organization.possible_contacts(stored.id)
    zones = organization.time_zones()
    return render_template(
        "profile/page.html",
        shown=shown,
        seen=json.dumps(asdict(seen)),
        zones=[(zone, zone) for zone in (zones if stored.time_zone in zones else (stored.time_zone, *zones))],
        contacts=[("", "Nobody"), *((account.id, account.display_name) for account in possible)],
        deadline=tech_contact.deadline(connections.of(stored.id), stored, utcnow()),
        has_contact=shown.tech_contact_id in {account.id for account in possible},
        wrong=wrong or {},
    )

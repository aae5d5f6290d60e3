"""One mass update: how far its preview is, what it would change and what it changed; applied, or cancelled."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import tasks, work
from ppe.clock import utcnow
from ppe.db import database
from ppe.errors import Refused
from ppe.lists.search import Filter
from ppe.mass_update import harm, review
from ppe.mass_update.choices import Choices
from ppe.models import APPLYING, CHANGED, LEFT_OUT, NOT_CHANGED, PREPARING, REVIEW, TO_DO, MassUpdate, MassUpdateRow
from ppe.spreadsheet import BYTE_ORDER_MARK, line
from ppe.sync.safety import number_of
from ppe.views.access import admin_required, current_admin_name, current_organization
from ppe.views.account_filter import position, told
from ppe.views.words import differences

bp = Blueprint("mass_update", __name__, url_prefix="/mass-update/<int:mass_update_id>")

COLUMNS = ("Name", "Address", "Outcome", "Reason", "What")
HEADLINES = {
    "preparing": "Looking at the accounts",
    "review": "Nothing has changed yet",
    "applying": "Changing the accounts",
    "done": "Done",
    "cancelled": "Cancelled",
}
TABS = {TO_DO: "Would change", CHANGED: "Changed", NOT_CHANGED: "Not changed", LEFT_OUT: "Left out"}


@bp.get("")
@admin_required
def one(mass_update_id: int) -> ResponseReturnValue:
    """The preview, how far it is applied, or the result."""
    return render_template("mass_updates/one.html", **_gathered(_mine(mass_update_id)))


@bp.get("/status")
@admin_required
def status(mass_update_id: int) -> ResponseReturnValue:
    """The live region by itself, asked for every second while something is going on."""
    found = _mine(mass_update_id)
    if work.needs_worker(found, utcnow()):
        tasks.update_many(found.id)
    return render_template("mass_updates/_update.html", is_fragment=True, **_gathered(found))


@bp.post("/apply")
@admin_required
def apply(mass_update_id: int) -> ResponseReturnValue:
    """**Apply**: change what the preview shows."""
    found = _mine(mass_update_id)
    if found.accepted_at is None:
        try:
            review.accept(found, current_user, utcnow(), request.form.get("confirmed", "")[:20])
        except Refused as refused:
            if refused.field:
                return _beside(found, refused), 422
            flash(refused.sentence, "warning")
        else:
            tasks.update_many(found.id)
    return redirect(url_for(".one", mass_update_id=mass_update_id), 303)


@bp.post("/cancel")
@admin_required
def cancel(mass_update_id: int) -> ResponseReturnValue:
    """Stop; whoever is changed already stays so."""
    try:
        review.cancel(_mine(mass_update_id), current_user, utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
    return redirect(url_for(".one", mass_update_id=mass_update_id), 303)


@bp.get("/accounts.csv")
@admin_required
def download(mass_update_id: int) -> ResponseReturnValue:
    """Every account of it with what changes or changed, streamed."""
    found = _mine(mass_update_id)
    review.record_export(found, current_admin_name(), utcnow())
    headers = {
        "Content-Disposition": f"attachment; filename=mass-update-{found.id}.csv",
        "Cache-Control": "no-store",
    }
    return Response(_lines(found), mimetype="text/csv", headers=headers)


def _mine(mass_update_id: int) -> MassUpdate:
    """Of the signed-in account's own organisation; anybody else's does not exist."""
    return review.of(current_organization().id, mass_update_id)


def _beside(found: MassUpdate, refused: Refused) -> str:
    """The page with what is wrong beside its field; what was typed stays."""
    return render_template("mass_updates/one.html", wrong={refused.field: refused.sentence}, **_gathered(found))


def _gathered(found: MassUpdate) -> dict[str, Any]:
    tabs = _tabs(found)
    shown = request.args.get("rows", "")
    chosen = shown if shown in tabs else next((name for name, (_, count) in tabs.items() if count), TO_DO)
    over = harm.over(found) if found.state == REVIEW else []
    return {
        "one": found,
        "over": over,
        "number": number_of(over),
        "confirmed": request.form.get("confirmed", "")[:20],
        "what": Choices(**found.choices).told(),
        "filter_words": told(Filter(**found.wanted)),
        "tabs": tabs,
        "chosen": chosen,
        "place": position(),
        "page": None if found.state == PREPARING else review.page(found, chosen, position()),
        "progress": _progress(found),
        "headline": HEADLINES[found.state],
    }


def _tabs(found: MassUpdate) -> dict[str, tuple[str, int]]:
    """The kinds of rows, with their words and how many there are; none that cannot occur."""
    counts = review.counts(found)
    if found.accepted_at is None:
        return {name: (TABS[name], counts[name]) for name in (TO_DO, LEFT_OUT)}
    waiting = "Still to change" if found.state == APPLYING else "Not reached"
    tabs = {name: (TABS[name], counts[name]) for name in (NOT_CHANGED, CHANGED, LEFT_OUT)}
    return tabs | ({TO_DO: (waiting, counts[TO_DO])} if counts[TO_DO] else {})


def _progress(found: MassUpdate) -> tuple[int, str]:
    """How far it is, in percent and in words."""
    if found.state == PREPARING:
        done, total = found.to_change + found.left_out, found.expected or 0
        return 100 * done // max(1, total), f"{done:,} of {total:,} accounts looked at." if total else "It begins."
    done = found.changed + found.not_changed
    failed = f", {found.not_changed:,} could not be changed" if found.not_changed else ""
    return 100 * done // max(1, found.to_change), f"{done:,} of {found.to_change:,} accounts done{failed}."


def _lines(found: MassUpdate) -> Iterator[str]:
    """The file, a line at a time. It is sent after the request has closed its connection, hence one of its own."""
    outcomes = {name: words for name, (words, _) in _tabs(found).items()}
    with database.connection_context():
        yield BYTE_ORDER_MARK + line(COLUMNS)
        for row in review.every_row(found):
            yield line(_cells(row, outcomes.get(row.standing, TABS[row.standing])))


def _cells(row: MassUpdateRow, outcome: str) -> tuple[str, ...]:
    what = "; ".join(f"{label}: {before or '–'} → {after or '–'}" for label, before, after in differences(row))
    return (row.name, row.address, outcome, row.reason, what)

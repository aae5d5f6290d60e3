"""Import & Sync > Azure Active Directory (Entra ID): the settings of the directory, tested and run."""

from urllib.parse import quote, urlencode

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import Connection
from ppe.signin import contacts
from ppe.sync import connection as connections
from ppe.sync import held, secret, standing, tech_contact
from ppe.sync import run as runs
from ppe.sync.choices import FREQUENCIES, ROLES, Choices, problems
from ppe.views import import_sync_form as form
from ppe.views.access import admin_required, current_admin_name, current_organization, current_settings, elsewhere
from ppe.views.run_page import HEADLINES
from ppe.views.words import moment

bp = Blueprint("import_sync", __name__, url_prefix="/import-sync/azure")


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The settings, and how the connection stands."""
    connection = connections.of(current_organization().id)
    return _page(connection, form.stored(connection))


@bp.post("")
@admin_required
def save() -> ResponseReturnValue:
    """Save and test the settings; with **Save & Run Sync Now** start a run when they work."""
    connection = connections.of(current_organization().id)
    choices = form.typed(request.form, connection)
    if wrong := problems(choices, has_secret=connection.ad_key is not None):
        return _page(connection, choices, wrong), 422
    try:
        saved = connections.save(connection, choices, current_admin_name(), current_settings(), utcnow())
        if request.form.get("action") == "run" and saved.error_sentence is None:
            return _start(saved, send_welcome_mails="send_welcome_mails" in request.form)
    except Refused as refused:
        return _page(connection, choices, {refused.field or "form": refused.sentence}), 422
    if saved.error_sentence is None:
        flash("The settings are saved, and the connection works.", "success")
    else:
        flash("The settings are saved, but the connection does not work yet: the red box says why.", "warning")
    return redirect(url_for(".page"), 303)


@bp.post("/test")
@admin_required
def test() -> ResponseReturnValue:
    """Test the connection as it is stored. The fragment alone for htmx, so that what is being typed stays."""
    connection = connections.of(current_organization().id)
    try:
        connection = connections.verify(connection, current_settings(), utcnow())
    except Refused as refused:
        flash(refused.sentence, "danger")
        return elsewhere(url_for(".page"))
    return _status(connection, is_answer=True) if request.htmx else redirect(url_for(".page"), 303)


@bp.get("/status")
@admin_required
def status() -> ResponseReturnValue:
    """The status box by itself."""
    return _status(connections.of(current_organization().id))


def _start(connection: Connection, *, send_welcome_mails: bool) -> ResponseReturnValue:
    run = runs.start(
        connection,
        by=current_user,
        by_name=current_admin_name(),
        send_welcome_mails=send_welcome_mails,
        now=utcnow(),
    )
    tasks.sync(run.id)
    return redirect(url_for("runs.page", run_id=run.id), 303)


def _page(connection: Connection, choices: Choices, wrong: dict[str, str] | None = None) -> str:
    return render_template(
        "import_sync/page.html",
        choices=choices,
        wrong=wrong or {},
        roles=ROLES,
        frequencies=FREQUENCIES,
        what=form.WHAT,
        how=form.HOW,
        limits=form.LIMITS,
        limit_texts=form.limit_texts(request.form, connection),
        sends_welcome_mails="send_welcome_mails" in request.form,
        redirect_address=current_settings().redirect_address,
        front_channel_logout_address=current_settings().front_channel_logout_address,
        consent_link=_consent_link(connection),
        has_contact=contacts.tech_contact(current_organization()) is not None,
        contact_deadline=tech_contact.deadline(connection, current_organization(), utcnow()),
        **_standing(connection),
    )


def _status(connection: Connection, *, is_answer: bool = False) -> str:
    return render_template("import_sync/_status.html", is_answer=is_answer, **_standing(connection))


def _standing(connection: Connection) -> dict[str, object]:
    """How the connection stands, for the status box."""
    now, at_work = utcnow(), connections.run_at_work(connection)
    return {
        "connection": connection,
        "is_set_up": connections.is_set_up(connection),
        "standing": standing.of(connection, at_work, now, moment),
        "run_at_work": at_work,
        "last_run": connections.last_run(connection),
        "headlines": HEADLINES,
        "held_review": held.waiting(connection) if connection.holding_since else None,
        "secret_days": secret.days_left(connection, now),
    }


def _consent_link(connection: Connection) -> str | None:
    """Where an administrator of the tenant grants consent; None before there is an application to grant it to."""
    tenant = connection.tenant_id or connection.primary_domain
    if not (tenant and connection.application_id):
        return None
    question = urlencode({"client_id": connection.application_id, "redirect_uri": current_settings().redirect_address})
    return f"{current_settings().microsoft_login_url}/{quote(tenant, safe='')}/adminconsent?{question}"

"""A forgotten password, and the mailed link: it proves the mailbox, chooses a password, and signs nobody in."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.signin import links, new_password
from ppe.signin.contacts import primary_of
from ppe.views.access import visitor

bp = Blueprint("password_links", __name__)
TOKEN = "password_link"  # noqa: S105 - the place in the session, not a secret


@bp.get("/sign-in/forgotten")
def forgotten() -> ResponseReturnValue:
    """The form."""
    return render_template("sign_in/forgotten.html", address=request.args.get("email", ""), wrong="")


@bp.post("/sign-in/forgotten")
def ask() -> ResponseReturnValue:
    """A known address and an unknown one get the same answer in the same time; what is mailed is found out later."""
    address = request.form.get("address", "").strip()
    try:
        new_password.ask_for_link(address, visitor(), utcnow())
    except Refused as refused:
        return render_template("sign_in/forgotten.html", address=address, wrong=refused.sentence), 422
    tasks.post()
    flash(
        f"If {address} can sign in here, a mail with a link is on its way to it. The link is good for an hour.",
        "success",
    )
    return redirect(url_for("sign_in.page"), 303)


@bp.get("/password/<token>")
def follow(token: str) -> ResponseReturnValue:
    """Out of the mail: the token moves from the address, which browsers keep and show, into the session."""
    session[TOKEN] = token[:100]
    return redirect(url_for(".choose"), 303)


@bp.get("/sign-in/new-password")
def choose() -> ResponseReturnValue:
    """The form for the new password."""
    account = links.account_of(session.get(TOKEN, ""), utcnow())
    if account is None:
        return render_template("sign_in/link_over.html", sentence=new_password.LINK_OVER), 410
    return render_template("sign_in/new_password.html", account=account, wrong={})


@bp.post("/sign-in/new-password")
def set_new() -> ResponseReturnValue:
    """Set it. Whoever has a second factor is still asked for it when they sign in."""
    token, now = session.get(TOKEN, ""), utcnow()
    account = links.account_of(token, now)
    if account is None:
        return render_template("sign_in/link_over.html", sentence=new_password.LINK_OVER), 410
    password = request.form.get("password", "")
    wrong = {}
    if password != request.form.get("password_again", ""):
        wrong["password_again"] = "The two passwords differ. Type both again."  # noqa: S105 - a sentence
    else:
        try:
            new_password.choose_by_link(token, password, visitor(), now)
        except Refused as refused:
            wrong[refused.field or "password"] = refused.sentence
    if wrong:
        return render_template("sign_in/new_password.html", account=account, wrong=wrong), 422
    session.pop(TOKEN, None)
    tasks.post()
    flash("Your password is set. Sign in with it.", "success")
    return redirect(url_for("sign_in.page", main=1, email=primary_of(account.id)), 303)

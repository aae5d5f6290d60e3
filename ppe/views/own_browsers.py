"""/account/sessions and /account/browsers: where somebody is signed in, and which browsers they trust."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe.clock import utcnow
from ppe.signin import own_browsers
from ppe.views.access import signed_in_required, visitor
from ppe.views.words import plural

bp = Blueprint("own_browsers", __name__, url_prefix="/account")


@bp.post("/sessions/<int:session_id>/end")
@signed_in_required
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign one of somebody's own browsers out; a second click finds it gone, which is what was wanted."""
    own_browsers.end_session(current_user, session_id, visitor(), utcnow())
    return _back("This session has ended: that browser has to sign in again.", "sessions")


@bp.post("/sessions/end-others")
@signed_in_required
def end_other_sessions() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    ended = own_browsers.end_other_sessions(current_user, current_user.sign_in_session.id, visitor(), utcnow())
    have = "has" if ended == 1 else "have"
    return _back(f"{plural(ended, 'other session')} {have} ended. You are signed in here alone.", "sessions")


@bp.post("/browsers/<int:browser_id>/revoke")
@signed_in_required
def revoke(browser_id: int) -> ResponseReturnValue:
    """Trust one browser no more."""
    own_browsers.revoke(current_user, browser_id, visitor(), utcnow())
    return _back("This browser is not trusted any more: the next sign-in there takes a code.", "browsers")


@bp.post("/browsers/revoke-all")
@signed_in_required
def revoke_all() -> ResponseReturnValue:
    """Trust no browser any more."""
    own_browsers.revoke_all(current_user, visitor(), utcnow())
    return _back("No browser is trusted any more: every sign-in that asks for a code gets one.", "browsers")


def _back(sentence: str, section: str) -> ResponseReturnValue:
    flash(sentence, "success")
    return redirect(url_for("preferences.page", _anchor=section), 303)

"""The pages for what went wrong: one sentence on what happened, one on what to do."""

from http import HTTPStatus

from flask import Flask, abort, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from htmx_flask import request
from werkzeug.exceptions import HTTPException

from ppe.errors import NotFound, Refused
from ppe.views.access import here, was_signed_out

SENTENCES = {
    400: ("That was not understood", "Go back, look at what you sent, and try again."),
    403: ("You may not do that", "Ask an administrator of your organisation."),
    404: ("There is no such page", "The address may be mistyped, or what it showed may have been removed."),
    405: ("That is not possible here", "Go back to the page you came from and use its buttons."),
    413: ("That is too large", "Send at most {limit} MB at once."),
    500: (
        "Something went wrong on our side",
        "Nothing you typed was wrong. Try again in a moment; if it stays so, tell whoever looks after this server.",
    ),
}


def init_app(app: Flask) -> None:
    """Answer every kind of mishap in our own words."""
    app.before_request(_refuse_null)
    for code in SENTENCES:
        app.register_error_handler(code, _http)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(Refused, _refused)


def _refuse_null() -> None:
    """Nobody types a null character, and PostgreSQL stores none."""
    if any("\0" in text for text in (request.path, *request.values.values())):
        abort(400)


def _http(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if (request.endpoint or "").rpartition(".")[2] == "static":  # no database is open, to tell a page who looks at it
        return error.get_response()
    if code == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET" and (above := _page_above()):
        return redirect(above, HTTPStatus.SEE_OTHER)
    title, advice = SENTENCES[code]
    # abort(403, "…") says it better than the list; what Werkzeug itself would say is for programmers.
    own_words = error.description if error.description != type(error).description and code == 403 else None
    limit = (request.max_content_length or 0) // 1024 // 1024
    return _answer(title, own_words or advice.format(limit=limit), code)


def _page_above() -> str | None:
    """The page whose button was pressed, for whoever reloads the answer: its address takes what buttons send alone."""
    above: str = request.path.rpartition("/")[0]
    adapter = current_app.create_url_adapter(request)
    if not above or adapter is None or not adapter.test(above, method="GET"):
        return None
    return above


def _stale_form(_: CSRFError) -> ResponseReturnValue:
    if was_signed_out():
        way_in = url_for("sign_in.page", next=here())
        return _answer("You have been signed out", "Nothing was changed.", HTTPStatus.BAD_REQUEST, way_in)
    return _answer(
        "This page has been open for too long",
        "Nothing was changed. Go back, reload the page, and try again; your browser must accept cookies for this site.",
        HTTPStatus.BAD_REQUEST,
    )


def _not_found(error: NotFound) -> ResponseReturnValue:
    return _answer(error.sentence, SENTENCES[404][1], HTTPStatus.NOT_FOUND)


def _refused(error: Refused) -> ResponseReturnValue:
    return _answer(error.sentence, "Nothing was changed.", HTTPStatus.UNPROCESSABLE_ENTITY)


def _answer(title: str, advice: str, code: int, way_in: str | None = None) -> ResponseReturnValue:
    """A page; for htmx a message that goes to the top of the page, whatever the request wanted to replace."""
    said = {"title": title, "advice": advice, "code": int(code), "way_in": way_in}
    if request.htmx:
        headers = {"HX-Retarget": "#messages", "HX-Reswap": "innerHTML"}
        return render_template("errors/_message.html", **said), int(code), headers
    return render_template("errors/page.html", **said), int(code)

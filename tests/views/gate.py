"""Who gets past the gate of a page."""

from flask import Flask

from tests.conftest import sign_in


def assert_administrators_only(app: Flask, path: str, *, method: str = "GET") -> None:
    """A stranger is sent to sign-in and an End User to their own account; both without a word of the page."""
    app.config["WTF_CSRF_ENABLED"] = False
    stranger = app.test_client().open(path, method=method)
    assert (stranger.status_code, stranger.location.partition("?")[0]) == (303, "/sign-in")
    bob = sign_in(app.test_client(), "bob@contoso.example").open(path, method=method)
    assert (bob.status_code, bob.location) == (303, "/account")
    for answer in (stranger, bob):
        assert "contoso" not in answer.text.casefold().replace("/sign-in?next=", "")

"""Shared mailboxes on the pages: in the settings, above and in the review, and on the page of a user."""

import re

from ppe import db
from ppe.models import Account
from tests.views.conftest import Console

AZURE = "/import-sync/azure"
GUESSED = (
    "Guessed, because sign-in is blocked or there is no licence. Grant the application permission"
    " MailboxSettings.Read to know them for sure (optional)"
)
KNOWN = "Known: MailboxSettings.Read is granted"


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def shared(console: Console, **more: bool) -> None:
    marks = {"enabled": False, "licensed": False} | more
    console.tenant.hire("Support", "support@contoso.example", purpose="shared", **marks)  # type: ignore[arg-type]


def test_the_settings_say_whether_shared_mailboxes_are_known_as_soon_as_it_was_tried(console: Console) -> None:
    console.connect()
    assert "Shared mailboxes" not in console.browser.get(f"{AZURE}/status").text
    console.browser.post(f"{AZURE}/test")
    box = console.browser.get(f"{AZURE}/status").text
    assert GUESSED in words(box)
    assert "is-green" in box, "it is optional"
    console.tenant.add_mailbox_settings()
    assert KNOWN in words(console.browser.post(f"{AZURE}/test", headers={"HX-Request": "true"}).text)
    console.tenant.remove_mailbox_settings()
    console.review()
    assert GUESSED in words(console.browser.get(f"{AZURE}/status").text), "a sync notices too"


def test_saving_tells_it_as_well_and_another_secret_that_fails_forgets_it(console: Console) -> None:
    console.tenant.add_mailbox_settings()
    console.save()
    assert KNOWN in words(console.browser.get(AZURE).text)
    console.save(ad_key="another~secret")
    assert "Shared mailboxes" not in console.browser.get(f"{AZURE}/status").text


def test_the_guide_names_the_permission_as_optional(console: Console) -> None:
    assert "MailboxSettings.Read optional: with it shared mailboxes are known, without it guessed" in words(
        console.browser.get(AZURE).text
    )


def test_the_review_says_once_that_it_guesses_and_how_to_know(console: Console) -> None:
    console.connect()
    shared(console)
    run_id = console.review()
    page = console.get(run_id, "?section=not_imported")
    assert words(page).count("Shared mailboxes are guessed by their marks here") == 1
    assert "Looks like a shared mailbox" in page
    assert "Import as functional account" in page
    assert 'id="mailboxes-known"' not in console.get(run_id, "?section=adding"), "nobody there is concerned"


def test_the_review_says_that_microsoft_was_asked(console: Console) -> None:
    console.connect()
    console.tenant.add_mailbox_settings()
    shared(console, enabled=True)
    page = console.get(console.review(), "?section=adding")
    assert words(page).count("Microsoft 365 was asked what these mailboxes are for.") == 1
    assert "A shared mailbox, says Microsoft 365." in page


def test_the_row_of_a_user_offers_the_conversion_and_it_is_chosen_from_there(console: Console) -> None:
    console.connect()
    emil = console.tenant.find("emil@contoso.example")
    console.scheduled()
    console.tenant.block(emil)
    console.tenant.take_licence(emil)
    run_id = console.review()
    found = console.rows(run_id)["Emil"]
    page = console.get(run_id, "?section=disabling")
    button = re.search(rf'<button class="([^"]+)"[^>]*id="functional-{found.id}">Convert to functional account', page)
    assert button is not None
    assert "btn-outline-primary" in button[1]
    console.post(run_id, "functional", only=found.id)
    chosen = console.rows(run_id)["Emil"]
    assert (chosen.section, chosen.kind) == ("updating", "functional_account")
    assert "Looks like a shared mailbox" in console.get(run_id, "?section=updating"), (
        "why it was chosen stays to be read"
    )


def test_whom_a_sync_deactivated_long_ago_is_suggested_on_their_own_page(console: Console) -> None:
    console.connect()
    emil = console.tenant.find("emil@contoso.example")
    console.scheduled()
    with db.database.connection_context():
        page = f"/users/{Account.get(Account.directory_id == emil).id}"
    assert "shared mailbox" not in console.browser.get(page).text
    console.tenant.block(emil)
    console.tenant.take_licence(emil)
    console.scheduled()
    said = words(console.browser.get(page).text)
    assert "Looks like a shared mailbox: sign-in is blocked and it has no licence. As a functional account it" in said
    assert "Convert to functional account" in said

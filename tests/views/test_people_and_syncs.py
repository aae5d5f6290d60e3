"""What is changed by hand, and what the next sync makes of it."""

from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.models import Account, SyncRun
from ppe.sync import review
from tests.views.conftest import Console


def _clara() -> Account:
    found: Account = Account.get(Account.directory_id.is_null(False), Account.display_name.startswith("Clara"))
    return found


def _synced(console: Console) -> Account:
    console.connect()
    run_id = console.review()
    with db.database.connection_context():
        review.accept(SyncRun.get_by_id(run_id), "Ada", utcnow())
    assert console.work(run_id).state == "done"
    with db.database.connection_context():
        return _clara()


def _rename(browser: FlaskClient, clara: Account, **more: str) -> None:
    form = {"display_name": "Clara By Hand", "primary": "clara@contoso.example", "type": clara.type}
    answer = browser.post(f"/users/{clara.id}/edit", data=form | {"version": str(clara.version)} | more)
    assert answer.status_code == 303, answer.text


def test_the_next_sync_restores_what_the_directory_owns(console: Console) -> None:
    clara = _synced(console)
    _rename(console.browser, clara)
    row = console.rows(console.review())["Clara"]
    assert (row.section, row.before["display_name"], row.after["display_name"]) == (
        "updating", "Clara By Hand", "Clara",
    )  # fmt: skip


def test_an_exempt_account_keeps_what_was_edited(console: Console) -> None:
    clara = _synced(console)
    _rename(console.browser, clara, exempt="yes")
    rows = console.rows(console.review())
    assert {row.section for row in rows.values()} == {"exempt"}


def test_a_sync_does_not_reactivate_whom_an_administrator_deactivated(console: Console) -> None:
    clara = _synced(console)
    console.browser.post(f"/users/{clara.id}/deactivate", data={"version": clara.version})
    assert console.rows(console.review()) == {}
    with db.database.connection_context():
        assert not _clara().active

"""The status box after real runs of every kind, with nobody watching: what a run leaves behind is what the box says."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from ppe import db
from ppe.clock import utcnow
from ppe.models import Organization, SyncRun
from tests.views.conftest import Console

AZURE = "/import-sync/azure"


class Box:
    """The status box as Ada sees it, and the hours that pass."""

    def __init__(self, console: Console) -> None:
        self.console = console
        console.connect()
        console.set(sync_frequency=1, next_sync_at=utcnow())
        self.set, self.sync = console.set, console.scheduled

    @property
    def text(self) -> str:
        html = self.console.browser.get(f"{AZURE}/status").text
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()

    @property
    def colour(self) -> str:
        found = re.search(r"status-box is-(\w+)", self.console.browser.get(f"{AZURE}/status").text)
        assert found is not None
        return found[1]

    def after(self, label: str) -> str:
        """What stands behind a label."""
        html = self.console.browser.get(f"{AZURE}/status").text
        found = re.search(rf"<dt>{label}</dt><dd>(.*?)</dd>", html, re.DOTALL)
        assert found is not None
        return re.sub(r"<[^>]+>", "", found[1]).strip()


@pytest.fixture
def box(console: Console) -> Box:
    return Box(console)


def test_a_schedule_that_goes_well_fails_and_recovers(box: Box) -> None:
    assert box.after("Last scheduled success") == "Never"
    assert box.sync().state == "done"
    assert box.colour == "green"
    well = box.after("Last scheduled success")
    assert well != "Never"
    assert box.after("Last run").endswith("on the schedule: Finished")

    box.console.tenant.expire_secret()
    assert box.sync().state == "failed"
    assert box.sync().state == "failed"
    assert box.colour == "red"
    assert "The Client Secret has expired." in box.text
    assert re.search(r"Syncs on the schedule have failed since .* \(2 in a row\)\. The next is tried on ", box.text)
    assert box.after("Last scheduled success") == well
    assert box.after("Last run").endswith("on the schedule: Failed")

    box.console.tenant.renew_secret()
    box.console.browser.post(f"{AZURE}/test")
    assert box.colour == "green"
    assert "have failed since" in box.text
    assert "Since then the connection was found to work." in box.text
    assert box.sync().state == "done"
    assert "have failed since" not in box.text


def test_a_test_by_hand_is_told_apart_from_the_schedule(box: Box) -> None:
    box.set(last_verified_at=None)
    assert (box.colour, box.after("Last verified by hand")) == ("grey", "Never")
    box.console.browser.post(f"{AZURE}/test")
    assert box.colour == "green"
    assert box.after("Last verified by hand") != "Never"
    assert box.after("Last scheduled success") == "Never"


def test_a_sync_by_hand_fails_and_goes_well(box: Box) -> None:
    box.console.tenant.expire_secret()
    assert box.console.work(box.console.begin()).state == "failed"
    assert box.colour == "red"
    assert "A sync on the schedule tries again" in box.text
    box.console.tenant.renew_secret()
    box.console.review()
    assert box.colour == "green"
    assert box.after("Last run").endswith(": Ready for your review")
    assert "failed" not in box.text


def test_a_directory_that_was_read_well_is_not_red_because_of_a_domain(box: Box) -> None:
    box.console.tenant.add_domain("widgets.example")
    box.console.tenant.hire("Wanda", "wanda@widgets.example")
    box.console.tenant.expire_secret()
    box.console.work(box.console.begin())
    assert box.colour == "red"
    box.console.tenant.renew_secret()
    assert box.console.work(box.console.begin()).unknown_domains
    assert box.colour == "green"
    assert box.after("Last run").endswith(": Failed")


def test_what_is_held_back_waits_a_click_away(box: Box) -> None:
    box.sync()
    box.set(limits={"removals": [0, 0]})
    box.console.tenant.delete(box.console.tenant.find("clara@contoso.example"))
    assert box.sync().held
    with db.database.connection_context():
        review = SyncRun.get(SyncRun.state == "review")
    page = box.console.browser.get(AZURE).text
    assert "have held changes back since" in page
    assert f'href="/import-sync/runs/{review.id}">Review what is held back' in page
    assert box.colour == "green"
    assert box.after("Last run").endswith("on the schedule: Finished"), "the list is no run of its own"


def test_a_throttled_sync_says_until_when_it_waits(box: Box) -> None:
    box.console.server.weather.throttle(1, "1200")
    assert box.sync().not_before is not None
    assert re.search(r"Microsoft asks us to wait\. The sync goes on by itself on \d+ \w+ \d+, \d\d:\d\d", box.text)
    assert "A sync is at work: look at it" in box.text
    box.set(next_sync_at=utcnow() - timedelta(hours=1))
    assert "it begins when the sync at work has ended" in box.after("Next run")


def test_never_is_said_as_never(box: Box) -> None:
    box.set(sync_frequency=0, next_sync_at=None)
    assert box.after("Next run") == "Never: When to Sync is set to Never"
    box.set(frequency_reset_reason="There was no tech contact.")
    assert box.after("Next run") == "Never: When to Sync went back to Never by itself"


def test_every_time_is_that_of_the_organisation(box: Box) -> None:
    with db.database.connection_context():
        Organization.update(time_zone="Pacific/Auckland").execute()
    at = datetime(2026, 6, 30, 21, 5, tzinfo=UTC)
    box.set(next_sync_at=at + timedelta(hours=1), last_verified_at=at)
    assert box.after("Last verified by hand") == "1 Jul 2026, 09:05"
    assert box.after("Next run") == "Due since 1 Jul 2026, 10:05: the worker has not come to it yet"
    assert "Last success 1 Jul 2026, 09:05." in box.text

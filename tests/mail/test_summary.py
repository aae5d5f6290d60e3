"""The Daily Azure AD Summary, read back from a real mail server."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask

from ppe.mail import mailer
from ppe.models import ADMIN, Account, Connection, Exemption, Mail, Organization, SyncChange, SyncRun
from ppe.sync import daily
from tests.conftest import OpenDatabase, People, add_account, sign_in
from tests.mail.conftest import CONSOLE, MINUTE, Clock
from tests.mail.listener import Listener, Taken

SIX = datetime(2025, 11, 26, 6, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OVER = {"kind": "removals", "rows": 37, "lately": 0, "base": 120, "number": 5, "percent": 10}


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """A minute after six."""
    clock.now = SIX + MINUTE
    return clock


@pytest.fixture
def morning(post_office: People) -> People:
    """Contoso's day is over, and Ada is to hear of it."""
    begin(post_office)
    return post_office


def begin(people: People) -> None:
    Connection.update(
        sync_frequency=6, next_sync_at=SIX + HOUR, ad_key="encrypted", secret_expiry=SIX + 12 * DAY
    ).where(Connection.organization == people.contoso).execute()  # fmt: skip
    Organization.update(tech_contact=people.ada, summary_until=SIX - DAY).where(
        Organization.id == people.contoso.id
    ).execute()


def a_run(people: People, state: str = "done", **columns: object) -> SyncRun:
    ended = {} if state == "review" else {"finished_at": SIX - 2 * HOUR}
    made: SyncRun = SyncRun.create(
        **({"organization": people.contoso, "connection": Connection.get(Connection.organization == people.contoso),
            "state": state, "scheduled": True, "holds_connection": False, "created_at": SIX - 3 * HOUR,
            "planned_at": SIX - 3 * HOUR} | ended | columns)
    )  # fmt: skip
    return made


def a_change(run: SyncRun, name: str, address: str = "", section: str = "adding", **columns: object) -> None:
    SyncChange.create(
        **({"run": run, "object_id": f"{section} {name}", "section": section, "kind": "user", "name": name,
            "address": address, "outcome": "done", "sort_key": name, "search_key": name} | columns)
    )  # fmt: skip


def a_full_day(people: People) -> tuple[SyncRun, SyncRun]:
    """Something of everything: the run and the list that waits."""
    run = a_run(people, held=[OVER], unknown_domains=[{"name": "litware.example", "people": 3}])
    for number in range(63):
        a_change(run, f"Person {number:02}", f"p{number:02}@contoso.example")
    a_change(
        run, "Zed", "zed@contoso.example", "updating", outcome="failed", outcome_reason="The address is taken."
    )  # fmt: skip
    a_change(run, "Gus Guest", "gus@elsewhere.example", "not_imported", outcome=None, reason="A guest.")
    waiting = a_run(people, "review", held_from=run, held_digest="a digest")
    for number in range(55):
        a_change(waiting, f"Leaver {number:02}", f"l{number:02}@contoso.example", "deleting", outcome=None)
    a_run(people, "failed", error_sentence="Microsoft did not answer.", error_advice="Wait a little.")
    a_run(people, created_at=SIX - 9 * HOUR, finished_at=SIX - 8 * HOUR)
    Exemption.create(
        organization=people.contoso, name="The Boss", address="boss@contoso.example", last_day=SIX.date() + 3 * DAY,
        created_at=SIX, created_by_name="Ada",
    )  # fmt: skip
    return run, waiting


def delivered(listener: Listener, clock: Clock) -> Taken:
    for organization_id in daily.due(clock()):
        daily.ask(organization_id, clock())
    mailer.deliver_due(clock)
    assert [(mail.sent_at is not None, mail.error) for mail in Mail.select()] == [(True, "")]
    (taken,) = listener.taken
    return taken


def flattened(body: str) -> str:
    """The words alone."""
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_text_and_html_tell_the_whole_day(morning: People, listener: Listener, clock: Clock) -> None:
    run, waiting = a_full_day(morning)
    taken = delivered(listener, clock)
    assert taken.recipients == ["ada@contoso.example"]
    assert taken.message["Subject"] == "Azure AD Summary for Contoso, 26 Nov 2025"
    assert taken.message["Auto-Submitted"] == "auto-generated"
    for body in (taken.text, taken.html):
        words = flattened(body)
        for wanted in (
            "25 Nov 2025, 06:00 to 26 Nov 2025, 06:00 (UTC)",
            "63 added; 1 not done.",
            "1 more sync had nothing new to do",
            "Microsoft did not answer.", "Wait a little.",
            "37 removals: more than 5 and more than 10 % of 120 accounts.",
            "55 to delete", "Leaver 49 (l49@contoso.example)",
            "Person 00 (p00@contoso.example)", "Person 49 (p49@contoso.example)",
            "Zed (zed@contoso.example): failed: The address is taken.",
            "by the schedule: Finished", "by the schedule: Failed",
            "A guest.", "Gus Guest (gus@elsewhere.example)", "litware.example (3 people)",
            "The Client Secret expires in 12 days, on 8 Dec 2025.",
            "The Boss: the last day is 29 Nov 2025",
            "The next sync is due on 26 Nov 2025, 07:00.",
        ):  # fmt: skip
            assert wanted in words, wanted
        for beyond in ("Person 50", "Leaver 50"):
            assert beyond not in words
        assert "and 13 more" in words
        assert "and 5 more" in words
        assert f"{CONSOLE}/import-sync/runs/{run.id}?section=adding" in body
        assert f"{CONSOLE}/import-sync/runs/{waiting.id}?section=deleting" in body
    assert not re.search(r"<img|<script|<link|url\(|class=", taken.html), "nothing from elsewhere, and no style sheet"
    assert set(re.findall(r"https?://[\w.-]+\w", taken.html)) == {CONSOLE}
    assert "\n\n\n" not in taken.text.replace("\r\n", "\n")
    assert not [line for line in taken.text.splitlines() if line != line.rstrip() and line != "-- "]


def test_a_day_on_which_nothing_changed_is_told_as_well(morning: People, listener: Listener, clock: Clock) -> None:
    Connection.update(secret_expiry=None).execute()
    taken = delivered(listener, clock)
    for body in (taken.text, taken.html):
        assert "Nothing was changed. No sync ran in this time." in flattened(body)
        assert "The day on which the Client Secret expires is not known" in flattened(body)


def test_every_link_leads_to_a_page_of_ours(
    app: Flask, people: People, listener: Listener, clock: Clock, open_database: OpenDatabase
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context(), open_database():
        begin(people)
        a_full_day(people)
        html = delivered(listener, clock).html
    browser = sign_in(app.test_client(), "ada@contoso.example")
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', html)}
    assert len(links) > 8
    for link in links:
        parts = urlsplit(link)
        answer = browser.get(f"{parts.path}?{parts.query}")
        assert answer.status_code == 200, link
        if "/summary/" in link:
            assert "63 added; 1 not done." in answer.text


def test_names_stay_names(morning: People, listener: Listener, clock: Clock) -> None:
    name = "<script>alert(1)</script>\r\n\r\nBcc: eve@evil.example"
    a_change(a_run(morning), name, "a@contoso.example")
    Organization.update(name="A&B\n<i>Ltd").where(Organization.id == morning.contoso.id).execute()
    taken = delivered(listener, clock)
    assert taken.recipients == ["ada@contoso.example"]
    assert taken.message["Bcc"] is None
    assert taken.message["Subject"] == "Azure AD Summary for A&B <i>Ltd, 26 Nov 2025"
    assert "<script>" not in taken.html
    assert "<i>" not in taken.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Bcc: eve@evil.example" in taken.html
    assert "<script>alert(1)</script> Bcc: eve@evil.example (a@contoso.example)" in taken.text


def test_a_server_that_is_away_for_a_day_gets_it_then_and_the_next_one_too(
    app: Flask, morning: People, listener: Listener, clock: Clock
) -> None:
    a_change(a_run(morning), "Bo", "bo@contoso.example")
    listener.stop()
    back = Listener()
    while clock.now < SIX + DAY + HOUR:
        for organization_id in daily.due(clock()):
            daily.ask(organization_id, clock())
        mailer.deliver_due(clock)
        clock.now += 4 * HOUR
    assert [mail.sent_at for mail in Mail.select()] == [None, None]
    app.extensions["mail"].port = back.start().port
    for _ in range(3):
        mailer.deliver_due(clock)
        clock.now += HOUR
    back.stop()
    assert sorted(taken.message["Subject"][-11:] for taken in back.taken) == ["26 Nov 2025", "27 Nov 2025"]
    (first,) = [taken for taken in back.taken if taken.message["Subject"].endswith("26 Nov 2025")]
    assert "Bo (bo@contoso.example)" in first.text


class Killed(BaseException):
    """What a clock raises that is asked after the process is dead."""


def test_killed_in_the_very_act_of_sending_it_goes_out_again_under_the_same_message_id(
    morning: People, listener: Listener, clock: Clock
) -> None:
    def dies_when_sent() -> datetime:
        if listener.taken:
            raise Killed
        return clock.now

    daily.ask(morning.contoso.id, clock.now)
    with pytest.raises(Killed):
        mailer.deliver_due(dies_when_sent)
    assert Mail.get().sent_at is None
    for _ in range(30):
        clock.now += MINUTE
        for organization_id in daily.due(clock()):
            daily.ask(organization_id, clock())
        mailer.deliver_due(clock)
    first, again = listener.taken
    assert first.message["Message-ID"] == again.message["Message-ID"]
    assert first.message["Subject"] == again.message["Subject"]
    assert Mail.select().count() == 1


def test_who_is_tech_contact_when_it_is_sent_gets_it_and_nobody_else(
    morning: People, listener: Listener, clock: Clock
) -> None:
    zoe = add_account(morning.contoso, ADMIN, "Zoe", "zoe@contoso.example")
    daily.ask(morning.contoso.id, clock.now)
    Account.update(active=False).where(Account.id == morning.ada.id).execute()
    mailer.deliver_due(clock)
    assert (listener.taken, Mail.get().error) == ([], "There is no tech contact to send the summary to.")
    Organization.update(tech_contact=zoe).where(Organization.id == morning.contoso.id).execute()
    clock.now += MINUTE
    mailer.deliver_due(clock)
    assert [taken.recipients for taken in listener.taken] == [["zoe@contoso.example"]]


def test_a_summary_says_nothing_of_another_organisation(morning: People, listener: Listener, clock: Clock) -> None:
    theirs = Connection.get(Connection.organization == morning.fabrikam)
    run = a_run(morning, organization=morning.fabrikam, connection=theirs)
    a_change(run, "Fabrikam's", "x@fabrikam.example")
    a_change(a_run(morning), "Ours", "ours@contoso.example")
    taken = delivered(listener, clock)
    assert "ours@contoso.example" in taken.text
    assert "fabrikam" not in (taken.text + taken.html).casefold()


def test_every_day_has_one(morning: People, listener: Listener, clock: Clock) -> None:
    for _ in range(3 * 8):
        for organization_id in daily.due(clock()):
            daily.ask(organization_id, clock())
        mailer.deliver_due(clock)
        clock.now += 3 * HOUR
    assert [taken.message["Subject"][-11:] for taken in listener.taken] == [
        "26 Nov 2025", "27 Nov 2025", "28 Nov 2025",
    ]  # fmt: skip

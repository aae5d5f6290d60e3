import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import organization
from ppe.models import ADMIN, END_USER, SILENT_USER, Account, AuditEvent, Organization
from tests.conftest import OpenDatabase, People, add_account
from tests.views.gate import assert_administrators_only

PAGE = "/account-management/profile"


def _form(people: People, **other: str) -> dict[str, str]:
    return {"name": "Contoso", "time_zone": "UTC", "tech_contact": str(people.ada.id)} | other


def _opened(browser: FlaskClient, text: str = "") -> dict[str, str]:
    """A form as it would be sent unchanged: the page's, or that of an answer."""
    text = text or browser.get(PAGE).text
    form = {}
    for name in ("name", "notice_addresses", "seen"):
        field = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', text)
        assert field, name
        form[name] = html.unescape(field[1])
    for name in ("time_zone", "tech_contact"):
        chosen = re.search(rf'name="{name}".*?<option value="([^"]*)" selected', text, re.DOTALL)
        assert chosen, name
        form[name] = chosen[1]
    return form


def _stored(open_database: OpenDatabase, people: People) -> Organization:
    with open_database():
        found: Organization = Organization.get_by_id(people.contoso.id)
        return found


def test_the_profile_is_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, PAGE)
    assert_administrators_only(app, PAGE, method="POST")


def test_it_is_saved_and_on_record(signed_in: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    answer = signed_in.post(PAGE, data=_form(people, name=" Contoso  Ltd ", time_zone="Europe/Berlin"))
    assert (answer.status_code, answer.location) == (303, PAGE)
    text = signed_in.get(PAGE).text
    assert "The profile is saved." in text
    assert '<option value="Europe/Berlin" selected>' in text
    stored = _stored(open_database, people)
    assert (stored.name, stored.time_zone, stored.tech_contact_id) == ("Contoso Ltd", "Europe/Berlin", people.ada.id)
    with open_database():
        event = AuditEvent.get(AuditEvent.action == "organisation profile changed")
        assert Organization.get_by_id(people.fabrikam.id).name == "Fabrikam"
    assert event.details["before"] == {
        "name": "Contoso",
        "time_zone": "UTC",
        "tech_contact_id": None,
        "notice_addresses": [],
    }
    assert event.details["after"]["time_zone"] == "Europe/Berlin"
    signed_in.post(PAGE, data=_form(people, name="Contoso Ltd", time_zone="Europe/Berlin"))
    assert "Nothing was changed" in signed_in.get(PAGE).text


def test_times_are_told_in_the_chosen_zone(signed_in: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        made = Account.get_by_id(people.bob.id).created_at
    signed_in.post(PAGE, data=_form(people, time_zone="Asia/Kolkata"))
    text = signed_in.get(f"/users/{people.bob.id}").text
    assert f"{(made.hour + (made.minute + 30) // 60 + 5) % 24:02}:{(made.minute + 30) % 60:02}" in text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"tech_contact": "999999"}, "tech_contact"),
        ({"tech_contact": "Ada"}, "tech_contact"),
        ({"tech_contact": "9" * 30}, "tech_contact"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase, changed: dict[str, str], field: str
) -> None:
    answer = signed_in.post(PAGE, data=_form(people, **changed))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert _stored(open_database, people).tech_contact_id is None


def test_only_an_active_administrator_of_the_organisation_can_be_the_tech_contact(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        gone, idle, silent = (
            add_account(people.contoso, kind, name, f"{name.lower()}@contoso.example")
            for kind, name in ((ADMIN, "Gone"), (ADMIN, "Idle"), (SILENT_USER, "Silent"))
        )
        Account.update(removed_at=people.contoso.created_at).where(Account.id == gone.id).execute()
        Account.update(active=False).where(Account.id == idle.id).execute()
    text = signed_in.get(PAGE).text
    assert f'<option value="{people.ada.id}">Ada' in text
    for account in (gone, idle, silent, people.bob, people.eve):
        assert f'value="{account.id}">' not in text
        assert signed_in.post(PAGE, data=_form(people, tech_contact=str(account.id))).status_code == 422
    assert _stored(open_database, people).tech_contact_id is None


def test_without_a_tech_contact_it_is_saved_with_a_warning(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    signed_in.post(PAGE, data=_form(people))
    assert "There is no tech contact" not in signed_in.get(PAGE).text
    signed_in.post(PAGE, data=_form(people, tech_contact=""))
    assert "can&#39;t be delivered: choose one" in signed_in.get(PAGE).text
    assert "There is no tech contact" in signed_in.get(PAGE).text
    assert _stored(open_database, people).tech_contact_id is None


def test_a_tech_contact_who_is_no_administrator_any_more_is_missed(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        zoe = add_account(people.contoso, ADMIN, "Zoe", "zoe@contoso.example")
    signed_in.post(PAGE, data=_form(people, tech_contact=str(zoe.id)))
    with open_database():
        Account.update(type=END_USER).where(Account.id == zoe.id).execute()
    assert "There is no tech contact" in signed_in.get(PAGE).text


def test_further_addresses_are_kept_each_once_and_a_wrong_one_is_named_beside_its_field(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    signed_in.post(
        PAGE, data=_form(people, notice_addresses="Tickets@contoso.example, ops@other.example  ,ops@other.example")
    )
    assert _stored(open_database, people).notice_addresses == ["tickets@contoso.example", "ops@other.example"]
    assert 'value="tickets@contoso.example, ops@other.example"' in signed_in.get(PAGE).text
    refused = signed_in.post(PAGE, data=_form(people, notice_addresses="tickets@contoso.example, nonsense"))
    assert refused.status_code == 422
    assert 'id="notice_addresses-error">nonsense is not a mail address.' in refused.text
    many = ",".join(f"a{number}@contoso.example" for number in range(11))
    assert "at most 10" in signed_in.post(PAGE, data=_form(people, notice_addresses=many)).text
    assert _stored(open_database, people).notice_addresses == ["tickets@contoso.example", "ops@other.example"]


class TestTwoTabs:
    """One form is opened, then another is saved, then the first is."""

    def test_each_keeps_what_the_other_changed(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        first = _opened(signed_in)
        signed_in.post(PAGE, data=_opened(signed_in) | {"notice_addresses": "soc@contoso.example"})
        signed_in.post(PAGE, data=_opened(signed_in) | {"tech_contact": str(people.ada.id)})
        assert signed_in.post(PAGE, data=first | {"time_zone": "Europe/Berlin"}).status_code == 303
        stored = _stored(open_database, people)
        assert (stored.name, stored.time_zone, stored.tech_contact_id, stored.notice_addresses) == (
            "Contoso", "Europe/Berlin", people.ada.id, ["soc@contoso.example"],
        )  # fmt: skip
        assert "The profile is saved." in signed_in.get(PAGE).text

    @pytest.mark.parametrize(
        ("field", "theirs", "ours", "words"),
        [
            ("name", "Contoso Ltd", "Contoso plc", "changed this to Contoso Ltd meanwhile."),
            ("time_zone", "Asia/Tokyo", "Europe/Berlin", "changed this to Asia/Tokyo meanwhile."),
            ("notice_addresses", "b@x.example c@x.example", "d@x.example", "changed this to b@x.example, c@x.example"),
            ("notice_addresses", "", "d@x.example", "emptied this meanwhile."),
        ],
    )
    def test_of_what_both_changed_the_later_is_refused_once_beside_its_field(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase,
        field: str, theirs: str, ours: str, words: str,
    ) -> None:  # fmt: skip
        signed_in.post(PAGE, data=_opened(signed_in) | {"notice_addresses": "a@x.example"})
        first = _opened(signed_in)
        signed_in.post(PAGE, data=_opened(signed_in) | {field: theirs, "tech_contact": str(people.ada.id)})
        kept = organization.of(_stored(open_database, people))
        refused = signed_in.post(PAGE, data=first | {field: ours})
        assert refused.status_code == 409
        assert f'id="{field}-error">Somebody {words}' in refused.text
        assert organization.of(_stored(open_database, people)) == kept
        again = _opened(signed_in, refused.text)
        assert (again[field], again["tech_contact"]) == (ours, str(people.ada.id))
        assert signed_in.post(PAGE, data=again).status_code == 303
        stored = _opened(signed_in)
        assert (stored[field], stored["tech_contact"]) == (ours, str(people.ada.id))

    def test_a_contested_tech_contact_is_told_by_name(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        with open_database():
            zoe = add_account(people.contoso, ADMIN, "Zoe", "zoe@contoso.example")
        first = _opened(signed_in)
        signed_in.post(PAGE, data=first | {"tech_contact": str(zoe.id)})
        refused = signed_in.post(PAGE, data=first | {"tech_contact": str(people.ada.id)})
        assert 'id="tech_contact-error">Somebody changed this to Zoe meanwhile.' in refused.text
        assert _stored(open_database, people).tech_contact_id == zoe.id

    def test_everything_that_both_changed_is_told_at_once(self, signed_in: FlaskClient) -> None:
        first = _opened(signed_in)
        signed_in.post(PAGE, data=first | {"name": "Theirs", "time_zone": "Asia/Tokyo"})
        refused = signed_in.post(PAGE, data=first | {"name": "Ours", "time_zone": "Europe/Berlin"})
        for field in ("name", "time_zone"):
            assert f'id="{field}-error"' in refused.text

    def test_the_same_change_in_both_is_none(self, signed_in: FlaskClient) -> None:
        first = _opened(signed_in)
        for words in ("Saved.", "Nothing was changed"):
            assert signed_in.post(PAGE, data=first | {"name": "Contoso Ltd"}).status_code == 303
            assert words in signed_in.get(PAGE).text

    def test_a_form_with_a_mistake_still_knows_what_it_was_opened_for(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        mistaken = signed_in.post(PAGE, data=_opened(signed_in) | {"name": "", "time_zone": "Europe/Berlin"})
        assert mistaken.status_code == 422
        signed_in.post(PAGE, data=_opened(signed_in) | {"notice_addresses": "soc@contoso.example"})
        mended = _opened(signed_in, mistaken.text) | {"name": "Contoso"}
        assert signed_in.post(PAGE, data=mended).status_code == 303
        stored = _stored(open_database, people)
        assert (stored.time_zone, stored.notice_addresses) == ("Europe/Berlin", ["soc@contoso.example"])

    @pytest.mark.parametrize("seen", ["", "{", "[]", "null", '{"name": "X"}', '{"a": 1}'])
    def test_a_form_that_remembers_nothing_of_use_counts_as_opened_just_now(
        self, signed_in: FlaskClient, seen: str
    ) -> None:
        signed_in.post(PAGE, data=_opened(signed_in) | {"name": "Theirs"})
        assert signed_in.post(PAGE, data=_opened(signed_in) | {"name": "Ours", "seen": seen}).status_code == 303
        assert _opened(signed_in)["name"] == "Ours"

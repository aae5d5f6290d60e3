"""What the directory says of a licence and of a mailbox, in full, in part and in both of Microsoft's spellings."""

from dataclasses import replace
from typing import Any

import pytest

from ppe.sync.entry import Entry, user_entry
from ppe.sync.shared_mailbox import finding, looks_shared, purpose_of, why_not_imported

LICENCE = {"disabledPlans": [], "skuId": "c7df2760-2c81-4ef7-b578-5b5392b571df"}
MARKED = Entry("o", proxy_addresses=("SMTP:support@contoso.example",), enabled=False, licensed=False)


def said(**properties: Any) -> dict[str, Any]:
    return {"id": "o", **properties}


@pytest.mark.parametrize(("licences", "licensed"), [([LICENCE], True), ([], False), (None, False)])
def test_a_licence_is_there_or_not(licences: object, licensed: bool) -> None:
    assert user_entry(said(assignedLicenses=licences)).licensed is licensed
    assert user_entry(said(assignedLicenses=licences), Entry("o", licensed=not licensed)).licensed is licensed


@pytest.mark.parametrize("licensed", [True, False, None])
def test_licences_that_are_left_out_are_as_they_were_known(licensed: bool | None) -> None:
    assert user_entry(said(displayName="X"), Entry("o", licensed=licensed)).licensed is licensed


def test_a_newcomer_without_the_key_never_had_a_licence() -> None:
    """A delta leaves out what was never set."""
    assert user_entry(said(displayName="X")).licensed is False


def test_a_licence_taken_away_makes_the_sync_look_again() -> None:
    prints = {replace(MARKED, licensed=licensed).fingerprint for licensed in (True, False, None)}
    assert len(prints) == 3
    assert replace(MARKED, purpose="shared").fingerprint == MARKED.fingerprint, "what it is for decides nothing"


@pytest.mark.parametrize("change", [{"accountEnabled": True}, {"assignedLicenses": [LICENCE]}])
def test_a_purpose_is_open_again_when_the_mailbox_stands_differently(change: dict[str, Any]) -> None:
    known = replace(MARKED, purpose="shared")
    assert user_entry(said(displayName="New name"), known).purpose == "shared"
    assert user_entry(said(accountEnabled=False, assignedLicenses=[]), known).purpose == "shared"
    assert user_entry(said(**change), known).purpose is None


@pytest.mark.parametrize(
    ("settings", "purpose"),
    [
        ({"userPurpose": "shared"}, "shared"),
        ({"userPurpose": {"value": "shared"}}, "shared"),
        ({"userPurpose": "Room"}, "room"),
        ({"userPurpose": None}, ""),
        ({"userPurpose": {"value": None}}, ""),
        ({"userPurpose": ["shared"]}, ""),
        ({}, ""),
    ],
)
def test_a_purpose_is_read_in_both_ways_that_microsoft_writes_it(settings: dict[str, Any], purpose: str) -> None:
    assert purpose_of(settings) == purpose


def test_the_marks_are_a_mailbox_a_blocked_sign_in_and_no_licence_together() -> None:
    assert looks_shared(MARKED)
    for other in (
        {"enabled": True},
        {"licensed": True},
        {"licensed": None},
        {"proxy_addresses": ()},
        {"group_kind": "security"},
        {"purpose": "user"},
        {"purpose": "linked"},
    ):
        assert not looks_shared(replace(MARKED, **other)), other


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({}, "Looks like a shared mailbox: sign-in is blocked and it has no licence."),
        ({"purpose": ""}, "Looks like a shared mailbox: sign-in is blocked and it has no licence."),
        ({"purpose": "unknown"}, "Looks like a shared mailbox: sign-in is blocked and it has no licence."),
        ({"purpose": "shared"}, "A shared mailbox, says Microsoft 365."),
        ({"purpose": "shared", "enabled": True}, "A shared mailbox, says Microsoft 365."),
        ({"purpose": "room"}, "A room mailbox, says Microsoft 365."),
        ({"purpose": "equipment", "licensed": True}, "An equipment mailbox, says Microsoft 365."),
        ({"purpose": "user"}, ""),
        ({"licensed": True}, ""),
    ],
)
def test_what_is_known_is_told_from_what_is_guessed(other: dict[str, Any], sentence: str) -> None:
    assert finding(replace(MARKED, **other)) == sentence


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"licensed": True}, "there is a licence: more likely somebody who left than a shared mailbox."),
        ({"purpose": "user"}, "says that the mailbox is a person's: more likely somebody who left."),
        ({"licensed": None}, "as it is for most shared mailboxes."),
        ({"purpose": "room"}, "A room mailbox, says Microsoft 365."),
    ],
)
def test_who_is_not_imported_is_told_what_they_probably_are(other: dict[str, Any], words: str) -> None:
    assert why_not_imported(replace(MARKED, **other)).endswith(words)

"""Delta rounds: what the first tells, what later ones tell, and what no longer holds."""

from typing import Any

import pytest

from tests.practice.conftest import Client

USERS = "/users/delta?$select=id,displayName,mail,mobilePhone,proxyAddresses,accountEnabled"
GROUPS = "/groups/delta?$select=id,displayName,members"


def hire(client: Client, *names: str) -> list[str]:
    return [client.tenant.hire(name, f"{name.lower()}@contoso.example") for name in names]


def members(items: list[dict[str, Any]], group: str) -> list[str]:
    """The members of a group as a reader gathers them, in the order in which the slices came."""
    gathered: list[str] = []
    for item in items:
        for member in item.get("members@delta", []) if item["id"] == group else []:
            if "@removed" in member:
                gathered.remove(member["id"])
            else:
                gathered.append(member["id"])
    return gathered


def test_a_first_round_goes_on_after_the_last_object(client: Client):
    hire(client, "Ann", "Bo", "Cy", "Di")
    pages = client.pages(USERS)
    assert [len(page["value"]) for page in pages] == [3, 1, 0]
    assert ["@odata.deltaLink" in page for page in pages] == [False, False, True]


def test_an_empty_tenant_ends_its_round_at_once(client: Client):
    assert client.round(USERS)[0] == []


def test_what_was_never_set_is_omitted_and_what_was_unset_later_is_null(client: Client):
    (ann,) = hire(client, "Ann")
    (first,), link = client.round(USERS)
    assert "mobilePhone" not in first
    client.tenant.set_mobile(ann, "+31 6 5550 0101")
    (second,), link = client.round(link)
    assert second["mobilePhone"] == "+31 6 5550 0101"
    client.tenant.set_mobile(ann, None)
    client.tenant.remove_mailbox(ann)
    (third,), _ = client.round(link)
    assert (third["mobilePhone"], third["mail"], third["proxyAddresses"]) == (None, None, [])
    assert "mobilePhone" not in client.round(USERS)[0][0], "a new reader is not told of it"


def test_the_latest_link_tells_nothing_until_something_happens(client: Client):
    hire(client, "Ann")
    link = client.latest(USERS)
    assert [page["value"] for page in client.pages(link)] == [[]]
    hire(client, "Bo")
    assert [item["displayName"] for item in client.round(link)[0]] == ["Bo"]


def test_a_later_round_repeats_everything_and_a_minimal_one_the_change_alone(client: Client):
    (ann,) = hire(client, "Ann")
    link = client.latest(USERS)
    client.tenant.block(ann)
    (whole,), _ = client.round(link)
    assert whole == {
        "id": ann,
        "accountEnabled": False,
        "displayName": "Ann",
        "mail": "ann@contoso.example",
        "proxyAddresses": ["SMTP:ann@contoso.example"],
    }
    (minimal,), _ = client.round(link, Prefer="return=minimal")
    assert minimal == {"id": ann, "accountEnabled": False}
    assert client.ask(link, Prefer="return=minimal").headers["Preference-Applied"] == "return=minimal"


def test_a_minimal_round_tells_everything_of_somebody_new(client: Client):
    link = client.latest(USERS)
    (ann,) = hire(client, "Ann")
    client.tenant.block(ann)
    (item,), _ = client.round(link, Prefer="return=minimal")
    assert item["displayName"] == "Ann"


def test_a_soft_deletion_is_changed_and_a_purge_is_deleted(client: Client):
    ann, bo = hire(client, "Ann", "Bo")
    link = client.latest(USERS)
    client.tenant.delete(ann)
    client.tenant.purge(bo)
    items, later = client.round(link)
    assert [(item["id"], item["@removed"]["reason"]) for item in items] == [(ann, "changed"), (bo, "deleted")]
    client.tenant.purge(ann)
    assert client.round(later)[0] == [{"id": ann, "@removed": {"reason": "deleted"}}]


def test_somebody_restored_comes_back_as_a_plain_object(client: Client):
    (ann,) = hire(client, "Ann")
    client.tenant.delete(ann)
    link = client.latest(USERS)
    client.tenant.restore(ann)
    (item,), _ = client.round(link, Prefer="return=minimal")
    assert (item["displayName"], "@removed" in item) == ("Ann", False)


def test_a_first_round_may_tell_of_the_soft_deleted_but_never_of_the_purged(client: Client):
    ann, bo, _ = hire(client, "Ann", "Bo", "Cy")
    client.tenant.delete(ann)
    client.tenant.purge(bo)
    items, _ = client.round(USERS)
    assert [item.get("displayName", item.get("@removed")) for item in items] == [{"reason": "changed"}, "Cy"]


def test_a_change_during_a_round_comes_again_in_the_next(client: Client):
    ann, *_ = hire(client, "Ann", "Bo", "Cy", "Di")
    first = client.get(USERS)
    client.tenant.rename(ann, "Ann Renamed")
    _, link = client.round(first["@odata.nextLink"])
    assert [item["displayName"] for item in client.round(link)[0]] == ["Ann Renamed"]


def test_a_later_round_of_many_changes_has_pages_too(client: Client):
    hired = hire(client, "Ann", "Bo", "Cy", "Di", "Ed")
    link = client.latest(USERS)
    for object_id in reversed(hired):
        client.tenant.block(object_id)
    pages = client.pages(link)
    assert [len(page["value"]) for page in pages] == [3, 2], "here the last page has the link itself"


def test_the_members_of_a_large_group_span_pages(client: Client):
    hired = hire(client, "Ann", "Bo", "Cy", "Di", "Ed")
    group = client.tenant.add_group("All", "security", members=hired)
    items, _ = client.round(GROUPS)
    assert [len(item["members@delta"]) for item in items] == [2, 2, 1]
    assert {item["id"] for item in items} == {group}
    assert members(items, group) == hired


def test_no_member_is_lost_when_one_leaves_between_two_pages(client: Client):
    hired = hire(client, "Ann", "Bo", "Cy", "Di", "Ed")
    group = client.tenant.add_group("All", "security", members=hired)
    first = client.get(GROUPS)
    client.tenant.remove_member(group, hired[0])
    items, link = client.round(first["@odata.nextLink"])
    told = [*first["value"], *items]
    assert members(told, group) == hired
    assert members([*told, *client.round(link)[0]], group) == hired[1:]


def test_members_come_by_select_by_expand_and_unasked(client: Client):
    (ann,) = hire(client, "Ann")
    client.tenant.add_group("All", "security", members=[ann])
    told = [{"@odata.type": "#microsoft.graph.user", "id": ann}]
    for path in (GROUPS, "/groups/delta?$select=displayName&$expand=members", "/groups/delta"):
        assert client.round(path)[0][0]["members@delta"] == told
    assert "members@delta" not in client.round("/groups/delta?$select=displayName")[0][0]


def test_an_empty_group_has_no_members_key(client: Client):
    client.tenant.add_group("Empty", "security")
    assert "members@delta" not in client.round(GROUPS)[0][0]


def test_later_rounds_tell_the_difference_between_members(client: Client):
    ann, bo, cy = hire(client, "Ann", "Bo", "Cy")
    group = client.tenant.add_group("All", "security", members=[ann, bo])
    link = client.latest(GROUPS)
    client.tenant.remove_member(group, ann)
    client.tenant.add_member(group, cy)
    client.tenant.remove_member(group, bo)
    client.tenant.add_member(group, bo)
    items, _ = client.round(link)
    told = [member for item in items for member in item["members@delta"]]
    assert told == [
        {"@odata.type": "#microsoft.graph.user", "id": ann, "@removed": {"reason": "deleted"}},
        {"@odata.type": "#microsoft.graph.user", "id": cy},
        {"@odata.type": "#microsoft.graph.user", "id": bo},
    ]


def test_a_renamed_group_has_no_members_key(client: Client):
    (ann,) = hire(client, "Ann")
    group = client.tenant.add_group("All", "security", members=[ann])
    link = client.latest(GROUPS)
    client.tenant.rename_group(group, "Everybody")
    assert client.round(link)[0] == [{"displayName": "Everybody", "id": group}]


def test_somebody_deleted_leaves_the_groups_and_comes_back_restored(client: Client):
    (ann,) = hire(client, "Ann")
    group = client.tenant.add_group("All", "security", members=[ann])
    link = client.latest(GROUPS)
    client.tenant.delete(ann)
    items, link = client.round(link)
    assert items[0]["members@delta"][0]["@removed"] == {"reason": "deleted"}
    client.tenant.restore(ann)
    assert members(client.round(link)[0], group) == [ann]


def test_a_nested_group_is_a_member_like_any_other(client: Client):
    inner = client.tenant.add_group("Inner", "security")
    client.tenant.add_group("Outer", "security", members=[inner])
    items, _ = client.round(GROUPS)
    assert items[1]["members@delta"] == [{"@odata.type": "#microsoft.graph.group", "id": inner}]


def test_a_user_without_select_has_its_manager(client: Client):
    (ann,) = hire(client, "Ann")
    client.tenant.hire("Bo", "bo@contoso.example", manager=ann)
    bo = client.round("/users/delta")[0][1]
    assert bo["manager@delta"] == [{"@odata.type": "#microsoft.graph.user", "id": ann}]
    assert "manager@delta" not in client.round(USERS)[0][1]


@pytest.mark.parametrize("path", [USERS, GROUPS])
def test_an_expired_delta_link_is_gone_and_says_where_to_start_again(client: Client, path):
    hire(client, "Ann")
    link = client.latest(path)
    client.tenant.expire_delta_links()
    answer = client.ask(link)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "SyncStateNotFound")
    assert answer.headers["Location"].endswith("/delta?$deltatoken=")
    items, link = client.round(answer.headers["Location"])
    assert len(items) == (path == USERS)
    assert client.round(link)[0] == []


def test_a_listings_page_token_is_no_page_of_a_round(client: Client):
    hire(client, "Ann", "Bo")
    token = client.get("/users?$top=1")["@odata.nextLink"].rpartition("=")[2]
    assert client.ask(f"/users/delta?$skiptoken={token}").status_code == 400
    assert client.ask(f"/users/delta?$deltatoken={token}").status_code == 400


def test_a_link_of_another_collection_is_gone(client: Client):
    link = client.latest(USERS)
    assert client.ask(link.replace("/users/", "/groups/")).status_code == 410


@pytest.mark.parametrize("query", ["$top=5", "$orderby=displayName", "$filter=id eq 'x'"])
def test_a_round_takes_no_other_options(client: Client, query):
    assert client.ask(f"{USERS}&{query}").status_code == 400


@pytest.mark.parametrize("token", ["nonsense", "bm9uc2Vuc2U", "eJwDAAAAAAE", "é"])
def test_a_token_that_nobody_issued_is_a_bad_request(client: Client, token):
    assert client.ask(f"/users/delta?$deltatoken={token}").status_code == 400

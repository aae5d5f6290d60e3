import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest
from dns import rcode
from flask import Flask
from flask.testing import FlaskClient

from ppe.models import Domain, DomainClaim
from tests.conftest import OpenDatabase, People, sign_in
from tests.name_server import NameServer
from tests.test_tenant_proof import connected_to, heard
from tests.views.gate import assert_administrators_only


@pytest.fixture(autouse=True)
def _trusting(app: Flask) -> None:
    """The installation's owner takes an administrator's word, but where a test says otherwise."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], trust_administrators_domains=True)


@pytest.fixture
def ids(people: People, open_database: OpenDatabase) -> dict[str, int]:
    with open_database():
        return {domain.name: domain.id for domain in Domain.select()}


def test_domains_are_for_administrators_alone(app: Flask, ids: dict[str, int]) -> None:
    assert_administrators_only(app, "/domains")
    assert_administrators_only(app, "/domains", method="POST")
    assert_administrators_only(app, f"/domains/{ids['contoso.example']}/remove")
    assert_administrators_only(app, f"/domains/{ids['contoso.example']}/remove", method="POST")


def test_the_list_has_the_organisations_own_domains_alone(signed_in: FlaskClient) -> None:
    text = signed_in.get("/domains").text
    assert "contoso.example" in text
    assert 'data-label="Addresses">2<' in text
    assert "fabrikam" not in text


def test_a_domain_is_added_and_adding_it_again_is_refused_beside_the_field(signed_in: FlaskClient) -> None:
    form = {"name": "New.example.", "kind": "management"}
    answer = signed_in.post("/domains", data=form)
    assert (answer.status_code, answer.location) == (303, "/domains")
    text = signed_in.get("/domains").text
    assert "new.example is registered." in text
    assert ">Management<" in text
    again = signed_in.post("/domains", data=form)
    assert again.status_code == 422
    assert 'id="name-error">new.example is registered already.' in again.text
    assert 'value="New.example."' in again.text
    assert '<option value="management" selected>' in again.text


def test_what_was_typed_is_escaped(signed_in: FlaskClient) -> None:
    answer = signed_in.post("/domains", data={"name": '"><script>alert(1)</script>', "kind": "relay"})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_a_domain_that_nobody_uses_is_removed_after_a_question_and_a_second_click_finds_none(
    signed_in: FlaskClient, open_database: OpenDatabase
) -> None:
    signed_in.post("/domains", data={"name": "new.example", "kind": "relay"})
    with open_database():
        domain_id = Domain.get(Domain.name == "new.example").id
    question = signed_in.get(f"/domains/{domain_id}/remove")
    assert "Remove new.example?" in question.text
    answer = signed_in.post(f"/domains/{domain_id}/remove")
    assert (answer.status_code, answer.location) == (303, "/domains")
    assert "new.example is not registered any more." in signed_in.get("/domains").text
    again = signed_in.post(f"/domains/{domain_id}/remove")
    assert again.status_code == 404
    assert "No such domain is registered here." in again.text


def test_a_domain_in_use_can_not_be_removed(signed_in: FlaskClient, ids: dict[str, int]) -> None:
    path = f"/domains/{ids['contoso.example']}/remove"
    question = signed_in.get(path).text
    assert "2 addresses are on this domain" in question
    assert 'method="post" action="/domains' not in question
    signed_in.post(path)
    assert "2 addresses are on contoso.example" in signed_in.get("/domains").text


def test_another_organisations_domain_can_be_neither_seen_nor_removed(
    signed_in: FlaskClient, ids: dict[str, int], open_database: OpenDatabase
) -> None:
    path = f"/domains/{ids['fabrikam.example']}/remove"
    assert signed_in.get(path).status_code == 404
    assert signed_in.post(path).status_code == 404
    with open_database():
        assert Domain.select().where(Domain.name == "fabrikam.example").exists()


def test_a_domain_taken_on_an_administrators_word_is_listed_as_such(signed_in: FlaskClient) -> None:
    signed_in.post("/domains", data={"name": "adatum.example", "kind": "relay"})
    assert unescape(signed_in.get("/domains").text).count("An administrator's word") == 1


class TestProof:
    """Without the owner's word for it, a domain takes the tenant's or its DNS's."""

    @pytest.fixture
    def dns(self, app: Flask) -> Iterator[NameServer]:
        with NameServer() as server:
            app.config["SETTINGS"] = replace(
                app.config["SETTINGS"], trust_administrators_domains=False, dns_servers=(server.address,)
            )
            yield server

    def _claim(self, browser: FlaskClient, name: str = "new.example") -> tuple[str, str, str]:
        answer = browser.post("/domains", data={"name": name, "kind": "relay"})
        assert (answer.status_code, answer.location.rpartition("/")[0]) == (303, "/domains/claims")
        page = browser.get(answer.location).text
        fields = re.findall(r'id="record_(?:name|text)" value="([^"]+)"', page)
        assert len(fields) == 2
        return answer.location, fields[0], fields[1]

    def test_a_domain_waits_for_its_record_and_is_registered_with_it(
        self, signed_in: FlaskClient, dns: NameServer, open_database: OpenDatabase
    ) -> None:
        page, name, text = self._claim(signed_in)
        assert "new.example</a>" in signed_in.get("/domains").text
        early = signed_in.post(page)
        assert early.status_code == 422
        assert "There is no TXT record at _ppe-verification.new.example yet." in early.text
        dns.records[name] = ["v=spf1 -all", text]
        assert signed_in.post(page).location == "/domains"
        with open_database():
            domain = Domain.get(Domain.name == "new.example")
            assert (domain.kind, domain.proof) == ("relay", "dns")
            assert DomainClaim.select().count() == 0
        assert signed_in.post(page).status_code == 404

    @pytest.mark.parametrize(("said", "sentence"), [("ppe-verification=another", "says something else")])
    def test_another_text_proves_nothing(
        self, signed_in: FlaskClient, dns: NameServer, open_database: OpenDatabase, said: str, sentence: str
    ) -> None:
        page, name, _ = self._claim(signed_in)
        dns.records[name] = [said]
        assert sentence in signed_in.post(page).text
        with open_database():
            assert not Domain.select().where(Domain.name == "new.example").exists()

    def test_a_dns_that_fails_is_told_apart(self, signed_in: FlaskClient, dns: NameServer) -> None:
        page, _, _ = self._claim(signed_in)
        dns.rcode = rcode.SERVFAIL
        assert "The DNS did not answer" in signed_in.post(page).text

    def test_each_organisation_has_its_own_text_and_the_first_with_a_record_gets_the_domain(
        self, app: Flask, signed_in: FlaskClient, dns: NameServer, people: People
    ) -> None:
        eve = sign_in(app.test_client(), "eve@fabrikam.example")
        ours, theirs = self._claim(signed_in), self._claim(eve)
        assert ours[2] != theirs[2]
        dns.records[ours[1]] = [theirs[2]]
        assert "says something else" in signed_in.post(ours[0]).text
        assert eve.post(theirs[0]).location == "/domains"
        dns.records[ours[1]].append(ours[2])
        refused = signed_in.post(ours[0])
        assert "can&#39;t be registered here" in refused.text
        assert "Fabrikam" not in refused.text

    def test_claiming_twice_keeps_the_text_that_was_published(self, signed_in: FlaskClient, dns: NameServer) -> None:
        assert self._claim(signed_in) == self._claim(signed_in, "NEW.example.")

    def test_a_claim_can_be_withdrawn_and_the_second_click_finds_none(
        self, signed_in: FlaskClient, dns: NameServer
    ) -> None:
        page, _, _ = self._claim(signed_in)
        assert signed_in.post(f"{page}/withdraw").location == "/domains"
        assert "new.example is not waited for any more." in signed_in.get("/domains").text
        again = signed_in.post(f"{page}/withdraw")
        assert again.status_code == 404
        assert "This domain does not wait for its proof any more." in again.text

    def test_another_organisations_claim_can_be_neither_seen_nor_withdrawn(
        self, app: Flask, signed_in: FlaskClient, dns: NameServer, people: People
    ) -> None:
        page, _, _ = self._claim(sign_in(app.test_client(), "eve@fabrikam.example"))
        for answer in (signed_in.get(page), signed_in.post(page), signed_in.post(f"{page}/withdraw")):
            assert answer.status_code == 404
            assert "new.example" not in answer.text

    @pytest.mark.parametrize("how", ["added", "checked"])
    def test_the_tenants_own_word_is_proof_enough(
        self, signed_in: FlaskClient, dns: NameServer, people: People, open_database: OpenDatabase, how: str
    ) -> None:
        if how == "checked":
            page, _, _ = self._claim(signed_in)
        with open_database():
            connected_to(people, "ours")
            heard(people, "ours", "new.example")
        if how == "checked":
            assert "By now your Microsoft tenant says that it is yours" in signed_in.get(page).text
            assert signed_in.post(page).location == "/domains"
        else:
            signed_in.post("/domains", data={"name": "new.example", "kind": "relay"})
        with open_database():
            assert Domain.get(Domain.name == "new.example").proof == "tenant"

    def test_without_it_the_page_of_the_record_says_why(
        self, signed_in: FlaskClient, dns: NameServer, people: People, open_database: OpenDatabase
    ) -> None:
        with open_database():
            connected_to(people, "ours")
            heard(people, "theirs", "new.example")
        page, _, _ = self._claim(signed_in)
        assert "the Microsoft tenant that is connected now. Run one" in signed_in.get(page).text
        with open_database():
            assert not Domain.select().where(Domain.name == "new.example").exists()

"""Attack cases 23 and 25: where a sign-in leads, and what forces another way in."""

from flask import Flask
from flask.testing import FlaskClient

from ppe import db
from ppe.models import (
    ADMIN,
    ADMINISTRATORS,
    AuditEvent,
    Connection,
    HalfSignIn,
    Mail,
    Organization,
    SignInSession,
)
from ppe.signin import contacts, discovery
from tests.conftest import OpenDatabase, People, add_account
from tests.signin.forger import Forger
from tests.signin.steps import (
    ADA,
    BOB,
    ask_for_codes,
    give_app,
    half_signed_in,
    is_inside,
    new_browser,
    show,
    type_password,
)

ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "////evil.example/account",
    "/\\evil.example",
    "\\\\evil.example\\account",
    "https:evil.example",
    "https:///evil.example/account",
    "https://evil.example/account",
    "http://localhost.evil.tld/account",
    "http://localhost@evil.example/account",
    "//localhost:80@evil.example/account",
    "javascript:alert(1)",
    "javascript:alert(1)//account",
    "data:text/html,<script>alert(1)</script>",
    "/account\r\nLocation: https://evil.example",
    "\t//evil.example",
    " //evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/account/../..//evil.example",
    "/sign-out",
    "/sign-in?next=//evil.example",
    "/sign-in/microsoft?email=ada@contoso.example",
    "/password/planted",
    "/app/login.php",
    "http://[",
)
# A browser that is told to go there with the word before the colon leaves; our page is what is left of them.
WITH_OUR_PATH = ("https:/account", "javascript:/account", "data:/account")
SOME = ("//evil.example", "/\\evil.example", "https://evil.example/account", "/sign-out", *WITH_OUR_PATH)
SCRIPT = "\"'><script>alert(1)</script>"


def test_23_no_next_leads_out_after_a_password(app: Flask, people: People) -> None:
    for wanted in (*ELSEWHERE, *WITH_OUR_PATH):
        assert type_password(new_browser(app), BOB, next=wanted).location == "/account", wanted
    assert type_password(new_browser(app), BOB, next="/account?x=1").location == "/account?x=1"


def test_23_no_next_leads_out_after_microsoft(app: Flask, forger: Forger, people: People) -> None:
    forger.link(people.bob)
    for wanted in SOME:
        assert forger.sign_in(new_browser(app), wanted=wanted).location == "/account", wanted
    assert forger.sign_in(new_browser(app), wanted="/account?x=1").location == "/account?x=1"


def test_23_no_next_leads_out_after_a_code(app: Flask, people: People, open_database: OpenDatabase) -> None:
    """What was wanted waits on our side meanwhile: even what is in the table is looked at anew."""
    ask_for_codes(people.contoso)
    phone = give_app(app, people.bob)
    browser = half_signed_in(app, BOB, next="//evil.example")
    for wanted in SOME:
        with open_database():
            HalfSignIn.update(wanted=wanted).execute()
            db.execute("UPDATE authenticator SET last_step = 0")
        assert show(browser, phone.code()).location == "/account", wanted
        browser = half_signed_in(app, BOB)


def test_23_who_is_signed_in_already_is_not_led_out_either(signed_in: FlaskClient) -> None:
    for wanted in ELSEWHERE:
        assert signed_in.get("/sign-in", query_string={"next": wanted}).location == "/", wanted


def test_23_the_page_after_a_confirmation_is_one_of_a_list(signed_in: FlaskClient) -> None:
    for then in (*ELSEWHERE, "sign_in.sign_out", "static"):
        assert signed_in.get("/account/confirm", query_string={"then": then}).location == "/account", then


def test_23_nothing_typed_or_sent_back_becomes_part_of_a_page(client: FlaskClient, forger: Forger) -> None:
    asked = forger.asks(client, address=f"{SCRIPT}@contoso.example", wanted=SCRIPT)
    sent = {"error": SCRIPT, "error_description": SCRIPT, "state": asked["state"]}
    hostile = {"email": SCRIPT, "next": SCRIPT, "address": SCRIPT, "state": SCRIPT, "code": SCRIPT, "then": SCRIPT}
    pages = [
        client.get("/sign-in/microsoft/callback", query_string=sent),
        *(client.get(path, query_string=hostile) for path in ("/sign-in", "/sign-in/forgotten", "/sign-in/code")),
        client.get("/sign-in/microsoft/callback", query_string=hostile | {"error": SCRIPT}),
        client.get("/sign-in/microsoft", query_string=hostile | {"email": f"{SCRIPT}@contoso.example"}),
        client.get("/sign-in", query_string=hostile | {"main": "1"}),
        client.get(f"/{SCRIPT}"),
        *(client.post(path, data=hostile) for path in ("/sign-in", "/sign-in/password", "/sign-in/forgotten")),
        client.post("/sign-in/forgotten", data={"address": f"{SCRIPT}@contoso.example"}),
        client.get("/sign-in"),
    ]
    for page in pages:
        assert "<script>alert" not in page.text, page.request.path
    for page in (pages[0], pages[-1]):
        assert "&lt;script&gt;alert" in page.text  # so the question was asked of the right pages


def test_25_claiming_that_microsoft_is_away_shows_a_form_and_opens_nothing(
    client: FlaskClient, forger: Forger, app: Flask, people: People, open_database: OpenDatabase
) -> None:
    ask_for_codes(people.contoso, ADMINISTRATORS)
    phone = give_app(app, people.ada)
    assert client.get("/sign-in", query_string={"main": "1", "email": ADA}).status_code == 200
    assert not is_inside(client)
    assert type_password(client, ADA, "wrong wrong wrong", main="1").status_code == 422
    assert type_password(client, ADA, main="1").location == "/sign-in/code"
    assert client.get("/").location.startswith("/sign-in")
    assert show(client, phone.wrong_code()).status_code == 422
    assert show(client, phone.code()).location == "/"


def test_25_microsoft_being_down_opens_nothing_either(
    client: FlaskClient, forger: Forger, app: Flask, people: People, open_database: OpenDatabase
) -> None:
    ask_for_codes(people.contoso, ADMINISTRATORS)
    with open_database():
        Connection.update(tenant_id="a tenant that nobody describes").execute()
    answer = client.post("/sign-in", data={"address": ADA})
    assert (answer.status_code, answer.location) == (303, f"/sign-in?main=1&email={ADA}")
    assert "Microsoft does not answer" in client.get(answer.location).text
    assert type_password(client, ADA).location == "/sign-in/code"
    assert not is_inside(client)


def test_25_what_somebody_writes_into_the_way_back_poisons_nothing_for_others(
    app: Flask, client: FlaskClient, forger: Forger, people: People
) -> None:
    forger.link(people.bob)
    for error in ("invalid_client", "unauthorized_client", "temporarily_unavailable"):
        asked = forger.asks(client)
        sent = {"error": error, "error_description": "AADSTS7000215: an invalid secret", "state": asked["state"]}
        client.get("/sign-in/microsoft/callback", query_string=sent)
        assert forger.sign_in(new_browser(app)).location == "/account", error
    assert not discovery.is_refused(1)


def test_25_an_administrators_fallback_is_on_record_mailed_and_shown_on_home(
    client: FlaskClient, forger: Forger, people: People, open_database: OpenDatabase
) -> None:
    """This is case 38, too: break-glass use can't be overlooked."""
    with open_database():
        grace = add_account(people.contoso, ADMIN, "Grace", "grace@contoso.example")
        Organization.update(tech_contact=grace).where(Organization.id == people.contoso.id).execute()
    assert type_password(client, ADA).location == "/"
    with open_database():
        event = AuditEvent.get(AuditEvent.action == "signed in locally although Microsoft sign-in is on")
        assert (event.actor, event.subject, event.remote_address) == ("Ada", ADA, "127.0.0.1")
        (mail,) = Mail.select()
        assert (mail.kind, mail.organization_id) == ("fallback_used", people.contoso.id)
        assert mail.details["address"] == ADA
        assert contacts.told(Organization.get_by_id(people.contoso.id)) == [("Grace", "grace@contoso.example")]
        assert SignInSession.get().fallback
    home = client.get("/").text.replace("<wbr>", "")
    assert "You signed in with a local password although Microsoft sign-in is on" in home
    assert f"<strong>Ada</strong> ({ADA})" in home


def test_25_an_end_users_fallback_is_on_record_without_a_mail(
    client: FlaskClient, forger: Forger, people: People, open_database: OpenDatabase
) -> None:
    assert type_password(client, BOB).location == "/account"
    with open_database():
        assert AuditEvent.get(AuditEvent.action == "signed in locally although Microsoft sign-in is on").actor == "Bob"
        assert Mail.select().count() == 0


def test_25_where_microsoft_is_not_the_way_a_password_is_no_fallback(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    type_password(client, ADA)
    with open_database():
        assert not SignInSession.get().fallback
        assert Mail.select().count() == 0

"""The way in as people go it: to Microsoft and back, past Microsoft while it is away, and out again."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.demo import Demo, address_of
from tests.browser.sign_in_steps import ADMINISTRATORS_NUMBER, have_code_texted, show_code, show_password, sign_out
from tests.browser.steps import begin_sync, expect_title, press, sign_in_with_microsoft, type_address, until

pytestmark = pytest.mark.browser

AWAY = "Microsoft does not answer at the moment. Sign in with your local password."
AT_MICROSOFT = "Sign in as Demo Administrator"


def test_signing_out_of_microsoft_too_ends_what_the_same_microsoft_session_opened_elsewhere(
    page: Page, another: Page, staffed: Demo, watch: Watch
) -> None:
    watch.foreseen.append("frame-ancestors 'none'")  # our page can't be framed, but the request for it counts
    sign_in_with_microsoft(page, staffed)
    share_microsoft(page, another)
    type_address(another, staffed, staffed.user)
    expect_title(another, "Contoso")

    sign_out(page)
    expect(page.locator("main")).to_contain_text("You have signed out here. Microsoft still knows you in this browser")
    another.reload()
    expect_title(another, "Contoso")

    page.get_by_role("link", name="sign out of Microsoft too").click()
    expect_title(page, "You have signed out")
    until(another.get_by_label("Mail address"), another.reload)
    expect_title(page, "Sign in")
    expect(page.locator("main")).not_to_contain_text("Microsoft still knows you")
    type_address(page, staffed, staffed.user)
    expect(page.get_by_role("button", name=AT_MICROSOFT)).to_be_visible()


def test_somebody_whom_a_sync_brought_in_signs_in_with_microsoft_and_sees_their_own_account(
    page: Page, staffed: Demo, watch: Watch
) -> None:
    watch.foreseen.append("status of 403")
    sign_in_with_microsoft(page, staffed, address_of("Mika Microsoft"))
    expect_title(page, "My preferences")
    expect(page.locator(".who")).to_contain_text("Mika Microsoft")
    expect(page.get_by_role("navigation")).to_have_count(0)
    page.goto(f"{staffed.address}/users")
    expect(page).to_have_url(f"{staffed.address}/account")

    sign_out(page)
    press(page, "Sign in with Microsoft")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pick an account")
    press(page, "Cancel")
    expect_title(page, "You are not signed in")
    page.get_by_role("link", name="Begin again").click()
    expect_title(page, "Sign in")


def test_while_microsoft_is_away_a_password_and_a_text_message_let_people_in(
    demo: Demo, page: Page, has_script: bool
) -> None:
    with demo.weather("sign_in_down", kind="503" if has_script else "hang"):
        type_address(page, demo, demo.user)
        expect(page.locator("main .alert")).to_have_text(AWAY)
        expect_title(page, "Sign in")
        page.get_by_label("Password").fill(demo.password)
        press(page, "Sign in")
        show_code(page, have_code_texted(page, demo, ADMINISTRATORS_NUMBER))
        expect_title(page, "Contoso")

    sign_out(page)
    until(page.get_by_role("button", name=AT_MICROSOFT), lambda: arrive(page, demo))
    press(page, AT_MICROSOFT)
    expect_title(page, "Contoso")


def test_a_browser_that_does_not_go_on_to_microsoft_by_itself_is_helped_on(page: Page, staffed: Demo) -> None:
    page.route("**/sign-in/microsoft?*", without_refresh)
    page.goto(f"{staffed.address}/sign-in/microsoft?email={staffed.user}")
    expect_title(page, "To Microsoft…")
    page.get_by_role("link", name="Use a local password instead").click()
    expect(page.get_by_label("Mail address")).to_have_value(staffed.user)
    page.goto(f"{staffed.address}/sign-in/microsoft?email={staffed.user}")
    page.get_by_role("link", name="Go on to Microsoft").click()
    press(page, AT_MICROSOFT)
    expect_title(page, "Contoso")


def test_the_local_form_is_always_there_and_its_use_is_seen(page: Page, staffed: Demo) -> None:
    subject = "Demo Administrator signed in at Contoso without Microsoft"
    told = page.get_by_role("link", name=subject)
    page.goto(f"{staffed.practice}/mailbox?to={staffed.user}")
    before = told.count()

    page.goto(f"{staffed.address}/app/login.php?main=1&email={staffed.user}")
    expect(page).to_have_url(f"{staffed.address}/sign-in?main=1&email={staffed.user}")
    expect(page.locator("main")).to_contain_text("Signing in with a local password is on record")
    show_password(page, staffed, staffed.user, staffed.password)
    show_code(page, have_code_texted(page, staffed, ADMINISTRATORS_NUMBER))

    expect_title(page, "Contoso")
    expect(page.get_by_text("You signed in with a local password although Microsoft sign-in is on.")).to_be_visible()
    seen = page.get_by_role("region", name="Local sign-ins although Microsoft sign-in is on")
    expect(seen.get_by_role("listitem").first).to_contain_text(f"Demo Administrator ({staffed.user})")
    page.goto(f"{staffed.practice}/mailbox?to={staffed.user}")
    until(told.nth(before), lambda: press(page, "Look again"))


def test_a_session_that_is_ended_elsewhere_leads_to_sign_in_and_back_to_the_same_page(
    page: Page, another: Page, staffed: Demo, has_script: bool
) -> None:
    sign_in_with_microsoft(page, staffed)
    with staffed.weather("slow", seconds="1"):
        sign_in_with_microsoft(another, staffed)
        begin_sync(another)
        run = another.url
        page.goto(f"{staffed.address}/account")
        page.get_by_role("button", name=re.compile("^End the session of ")).first.click()
        expect(page.locator("#messages")).to_contain_text("This session has ended")
        if not has_script:
            another.get_by_role("link", name="Look again").click()
        expect_title(another, "Sign in")
        another.get_by_label("Mail address").fill(staffed.user)
        press(another, "Continue")
        expect(another).to_have_url(re.compile(rf"^{re.escape(run)}(\?|$)"))


def arrive(page: Page, demo: Demo) -> None:
    """Type the administrator's address, and wait for where it leads: Microsoft, or the local form."""
    type_address(page, demo, demo.user)
    expect(page.get_by_role("button", name=re.compile("^Sign in( as .+)?$"))).to_be_visible()


def share_microsoft(page: Page, another: Page) -> None:
    """Let a second browser be known to Microsoft as the first one is; to PPE it stays unknown."""
    for cookie in page.context.cookies():
        if cookie["name"] == "practice_microsoft_session":
            name, value, domain, path = cookie["name"], cookie["value"], cookie["domain"], cookie["path"]
            another.context.add_cookies([{"name": name, "value": value, "domain": domain, "path": path}])


def without_refresh(route: Route) -> None:
    """Answer with the page as it is, but for what makes a browser leave it."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace('http-equiv="refresh"', ""))

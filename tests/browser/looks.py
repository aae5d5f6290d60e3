"""Every page in every state worth looking at, a line each. A page that is not here fails test_accessibility.py.

An address may name what the scene has: `/users/{bob}`. `who` is whose browser it is; `then` is what is done once the
page is there; `says` is the status of the page that is looked at in the end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyotp
from playwright.sync_api import Page

from tests.browser.steps import press

# Whose browser, and with which address it has signed in. Cora and Curt have shown their passwords alone; Mona has done
# so long ago that she has to confirm that it is her.
STRANGER, INVITED = "a stranger", "somebody with a link"
ADA, RITA, BOB, MONA = (f"{who}@contoso.example" for who in ("ada", "rita", "bob", "mona"))
NORA, TESS = "nora@northwind.example", "tess@tailspin.example"
CORA, CURT = "cora@adatum.example", "curt@adatum.example"


@dataclass(frozen=True)
class Look:
    """A page to look at."""

    endpoint: str
    address: str
    who: str = ADA
    then: Callable[[Page], object] | None = None
    says: int = 200

    def __str__(self) -> str:
        done = f", then {self.then.__name__.replace('_', ' ')}" if self.then else ""
        return f"{self.address} for {self.who.partition('@')[0]}{done}"


def presses(words: str) -> Callable[[Page], None]:
    """Press a button as everything stands."""

    def press_it(page: Page) -> None:
        press(page, words)

    press_it.__name__ = f"presses_{words}"
    return press_it


def types(label: str, text: str, button: str) -> Callable[[Page], None]:
    """Fill in one field, and press a button."""

    def fill_in(page: Page) -> None:
        page.get_by_label(label, exact=True).fill(text)
        press(page, button)

    fill_in.__name__ = f"types_{text or 'nothing'}"
    return fill_in


def opens_everything(page: Page) -> None:
    """Unfold whatever is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")


def exempts_nothing(page: Page) -> None:
    """Press Exempt Selected with nothing selected: the answer comes into the list."""
    press(page, "Exempt Selected")
    page.locator(".answer").wait_for()


def shows_the_apps_code(page: Page) -> None:
    """Type what an app would show that has taken the secret on the page."""
    secret = page.locator("code").first.inner_text().replace(" ", "")
    page.get_by_role("textbox").fill(pyotp.TOTP(secret).now())
    page.locator("main button.btn-primary").click()


def asks_for_a_code_from_everyone(page: Page) -> None:
    """Choose what would change something."""
    page.get_by_label("Everyone", exact=True).check()
    press(page, "Review the change")


def applies_without_the_number(page: Page) -> None:
    """Press Apply, whatever the number on it."""
    page.locator("#apply").click()


def posts(page: Page) -> None:
    """Press a button that is not there."""
    _post(page, "JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken']")


def posts_without_a_token(page: Page) -> None:
    """Press a button of a page from another time."""
    _post(page, "''")


def _post(page: Page, token: str) -> None:
    with page.expect_navigation():
        page.evaluate(
            f"""token => {{
              const form = document.createElement("form");
              form.method = "post";
              form.append(Object.assign(document.createElement("input"), {{name: "csrf_token", value: {token}}}));
              document.body.append(form);
              form.submit();
            }}"""
        )


LOOKS = (
    # The way in
    Look("sign_in.page", "/sign-in", STRANGER),
    Look("sign_in.page", "/sign-in", STRANGER, presses("Continue"), 422),
    Look("sign_in.page", "/sign-in?main=1&email=ada@contoso.example", STRANGER),
    Look(
        "sign_in.page", "/sign-in?main=1&email=ada@contoso.example", STRANGER, types("Password", "no", "Sign in"), 422
    ),
    Look("microsoft.begin", "/sign-in/microsoft?email=ada@contoso.example", STRANGER),
    Look("microsoft.callback", "/sign-in/microsoft/callback?error=access_denied", STRANGER, says=403),
    Look("microsoft.callback", "/sign-in/microsoft/callback?admin_consent=True", STRANGER),
    Look("microsoft.callback", "/sign-in/microsoft/callback?error=permission_denied", STRANGER),
    Look("password_links.forgotten", "/sign-in/forgotten", STRANGER),
    Look("password_links.choose", "/sign-in/new-password", STRANGER, says=410),
    Look("password_links.choose", "/password/{link}", INVITED),
    Look("password_links.choose", "/password/{link}", INVITED, presses("Set the password"), 422),
    Look("second_step.page", "/sign-in/code", CORA, opens_everything),
    Look("second_step.page", "/sign-in/code", CORA, types("Code", "000000", "Go on"), 422),
    Look("second_step.set_up", "/sign-in/code/set-up", CURT),
    Look("second_step.set_up", "/sign-in/code/set-up", CURT, shows_the_apps_code),
    # One's own account
    Look("preferences.page", "/account", BOB),
    Look("preferences.page", "/account", BOB, presses("Change password"), 422),
    Look("preferences.page", "/account", MONA),
    Look("preferences.page", "/account"),
    Look("confirm.page", "/account/confirm?then=own_second_factor.app", MONA),
    Look("confirm.page", "/account/confirm?then=own_second_factor.app", MONA, presses("Confirm"), 422),
    Look("own_microsoft.page", "/account/microsoft", BOB),
    Look("own_microsoft.page", "/account/microsoft", BOB, presses("Go to Microsoft")),
    Look("own_second_factor.app", "/account/second-factor", BOB),
    Look("own_second_factor.app", "/account/second-factor", BOB, presses("Set it up"), 422),
    Look("own_second_factor.app", "/account/second-factor", BOB, shows_the_apps_code),
    Look("own_second_factor.renewal", "/account/second-factor/recovery-codes", BOB),
    Look("own_second_factor.removal", "/account/second-factor/remove", BOB),
    # Home and the lists
    Look("home.page", "/"),
    Look("home.page", "/", NORA),
    Look("home.page", "/", TESS),
    Look("users.page", "/users"),
    Look("users.page", "/users?text=nobody"),
    Look("users.page", "/users?text=b", RITA),
    Look("users.one", "/users/{bob}"),
    Look("users.one", "/users/{synced}"),
    Look("users.one", "/users/{exempt}"),
    Look("users.one", "/users/{removed}"),
    Look("users.new", "/users/new"),
    Look("users.new", "/users/new", then=presses("Add user"), says=422),
    Look("users.new", "/users/new", RITA),
    Look("users.form", "/users/{synced}/edit"),
    Look("users.form", "/users/{bob}/edit", then=types("Primary address", "bob@nowhere.example", "Save"), says=422),
    Look("users.deactivation", "/users/{synced}/deactivate"),
    Look("users.removal", "/users/{synced}/remove"),
    Look("users.restoration", "/users/{removed}/restore"),
    Look("conversion.ask", "/users/{synced}/convert"),
    Look("conversion.ask_back", "/functional-accounts/{converted}/convert-back"),
    Look("functional_accounts.page", "/functional-accounts"),
    Look("functional_accounts.page", "/functional-accounts", TESS),
    Look("functional_accounts.new", "/functional-accounts/new", then=presses("Add functional account"), says=422),
    Look("functional_accounts.form", "/functional-accounts/{by_hand}/edit"),
    Look("functional_accounts.deactivation", "/functional-accounts/{by_hand}/deactivate"),
    Look("functional_accounts.removal", "/functional-accounts/{by_hand}/remove"),
    Look("functional_accounts.restoration", "/functional-accounts/{removed_functional}/restore"),
    Look("functional_accounts.one", "/functional-accounts/{by_hand}"),
    Look("", "/functional-accounts/{by_hand}", then=presses("Add member"), says=422),
    Look("functional_accounts.one", "/functional-accounts/{functional}"),
    Look("functional_accounts.one", "/functional-accounts/{converted}"),
    Look("members.of_functional_account", "/functional-accounts/{functional}/directory-members"),
    Look("groups.page", "/groups"),
    Look("groups.page", "/groups", TESS),
    Look("groups.one", "/groups/{nested}?everyone=yes"),
    Look("members.of_group", "/groups/{group}/directory-members"),
    Look("exemptions.page", "/exemptions"),
    Look("exemptions.page", "/exemptions?show=ended"),
    Look("exemptions.page", "/exemptions", TESS),
    Look("exemptions.page", "/exemptions", then=presses("Exempt"), says=422),
    # Many accounts at once, and people from a file
    Look("mass_updates.page", "/mass-update"),
    Look("mass_updates.page", "/mass-update", RITA),
    Look("mass_updates.page", "/mass-update?list=users&whom=ticked&ticked={bob}"),
    Look("mass_updates.page", "/mass-update?list=users&whom=found&text=z", then=presses("Preview"), says=422),
    Look("mass_update.one", "/mass-update/{begun}"),
    Look("mass_update.one", "/mass-update/{previewed}"),
    Look("mass_update.one", "/mass-update/{updated}"),
    Look("mass_update.one", "/mass-update/{shutting_out}", then=applies_without_the_number, says=422),
    Look("csv_import.page", "/csv-import"),
    Look("csv_import.page", "/csv-import", TESS),
    Look("csv_import.page", "/csv-import", then=presses("Upload and review"), says=422),
    Look("csv_import.one", "/csv-import/{unread}"),
    Look("csv_import.one", "/csv-import/{read}"),
    Look("csv_import.one", "/csv-import/{read}?lines=bad"),
    Look("csv_import.one", "/csv-import/{imported}"),
    Look("csv_import.one", "/csv-import/{bad}"),
    # The sync
    Look("import_sync.page", "/import-sync/azure", then=opens_everything),
    Look("import_sync.page", "/import-sync/azure", NORA),
    Look("import_sync.page", "/import-sync/azure", RITA, opens_everything),
    Look("import_sync.page", "/import-sync/azure", TESS),
    Look("import_sync.page", "/import-sync/azure", TESS, presses("Save"), 422),
    Look("runs.history", "/import-sync/runs"),
    Look("runs.history", "/import-sync/runs", TESS),
    *(
        Look("runs.page", f"/import-sync/runs/{{review}}?section={section}")
        for section in ("adding", "updating", "disabling", "deleting", "exempt", "not_imported")
    ),
    Look("runs.page", "/import-sync/runs/{review}?section=adding", then=exempts_nothing),
    Look("runs.page", "/import-sync/runs/{review}", RITA),
    Look("runs.page", "/import-sync/runs/{done}?section=adding&text=carla"),
    Look("runs.page", "/import-sync/runs/{failed}"),
    Look("runs.page", "/import-sync/runs/{cancelled}"),
    Look("runs.page", "/import-sync/runs/{held}", NORA),
    Look("runs.page", "/import-sync/runs/{scheduled}", NORA),
    Look("runs.page", "/import-sync/runs/{queued}", NORA),
    Look("runs.members", "/import-sync/runs/{review}/changes/{change}/members"),
    Look("undo.page", "/import-sync/runs/{done}/undo"),
    Look("summaries.today", "/import-sync/summary"),
    Look("summaries.today", "/import-sync/summary", NORA),
    Look("summaries.page", "/import-sync/summary/{yesterday}"),
    # The organisation
    Look("domains.page", "/domains"),
    Look("domains.page", "/domains", then=presses("Add domain"), says=422),
    Look("domains.prove_page", "/domains/claims/{claim}"),
    Look("domains.confirm_removal", "/domains/{used_domain}/remove"),
    Look("domains.confirm_removal", "/domains/{free_domain}/remove"),
    Look("profile.page", "/account-management/profile"),
    Look("profile.page", "/account-management/profile", then=types("Organisation name", "", "Save"), says=422),
    Look("authentication.page", "/account-management/authentication"),
    Look("authentication.page", "/account-management/authentication", then=asks_for_a_code_from_everyone),
    Look("audit_log.page", "/account-management/audit-log"),
    Look("audit_log.page", "/account-management/audit-log?text=nobody"),
    Look("audit_log.page", "/account-management/audit-log?account={bob}"),
    # What went wrong
    Look("", "/no-such-page", says=404),
    Look("", "/no-such-page", STRANGER, says=404),
    Look("", "/users/new", RITA, posts, 403),
    Look("", "/users/new", STRANGER, posts_without_a_token, 400),
    Look("", "/sign-out", STRANGER, says=405),
)
# Addresses that answer with no page of their own. The test looks whether that is so.
NO_PAGES = {
    "audit_log.download": "/account-management/audit-log/events.csv",
    "brand.logo": "/logo",
    "csv_import.download": "/csv-import/{bad}/bad-lines.csv",
    "csv_import.status": "/csv-import/{unread}/status",
    "exports.functional_account_members": "/functional-accounts/members.csv",
    "exports.functional_accounts": "/functional-accounts.csv",
    "exports.groups": "/groups.csv",
    "exports.users": "/users.csv",
    "health.page": "/healthz",
    "import_sync.status": "/import-sync/azure/status",
    "mass_update.download": "/mass-update/{updated}/accounts.csv",
    "mass_update.status": "/mass-update/{begun}/status",
    "metrics.page": "/metrics",
    "microsoft.signed_out_there": "/sign-in/microsoft/signed-out",
    "password_links.follow": "/password/{link}",
    "runs.download": "/import-sync/runs/{done}.csv",
    "runs.status": "/import-sync/runs/{review}/status",
    "sign_in.as_in_the_original": "/app/login.php",
}
# It closes for good once there is anything to look at: test_setting_up.py goes through it.
ELSEWHERE = {"setup.page"}

"""User Management > Mass Update: one action on the accounts that were ticked on a list, or that its filter finds."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import tasks
from ppe.clock import utcnow
from ppe.lists import listings
from ppe.lists.search import Filter
from ppe.mass_update import beginning, choices, review
from ppe.mass_update.choices import Choices
from ppe.models import FUNCTIONAL, PERSON_TYPES
from ppe.views.access import admin_required, current_day, current_organization
from ppe.views.account_filter import asked, told, words_of

bp = Blueprint("mass_updates", __name__, url_prefix="/mass-update")

LISTS = {"users": PERSON_TYPES, "functional_accounts": (FUNCTIONAL,)}
NOUNS = {"users": ("user", "users"), "functional_accounts": ("functional account", "functional accounts")}
NOBODY = "Nobody is ticked. Tick accounts on the list first, or take all that its filter finds."
NO_LIST = "First choose whom it is for, on the list of users or of functional accounts."


@dataclass(frozen=True, slots=True)
class Selection:
    """Whom the request names: on which list, and the ids that were ticked there, or None for all that is found."""

    on: str
    ticked: list[int] | None
    wanted: Filter

    @property
    def types(self) -> tuple[str, ...]:
        """What the list holds."""
        return LISTS[self.on]

    @property
    def query(self) -> dict[str, object]:
        """As an address has it."""
        if self.ticked is None:
            return {"list": self.on, "whom": "found", **words_of(self.wanted)}
        return {"list": self.on, "whom": "ticked", "ticked": self.ticked}


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """What to change, for whom the address names; and the latest mass updates."""
    return _page(_selected(), Choices(), {})


@bp.post("")
@admin_required
def begin() -> ResponseReturnValue:
    """Have a preview made. Nothing changes yet."""
    selection = _selected()
    if selection is None:
        return _page(None, Choices(), {"form": NO_LIST}), 422
    wanted = choices.typed(request.form, selection.types)
    wrong = choices.problems(wanted, current_day())
    if selection.ticked == []:
        wrong = {"form": NOBODY}
    if wrong:
        return _page(selection, wanted, wrong), 422
    begun = beginning.begin(selection.types, selection.ticked, selection.wanted, wanted, current_user, utcnow())
    tasks.update_many(begun.id)
    return redirect(url_for("mass_update.one", mass_update_id=begun.id), 303)


def _selected() -> Selection | None:
    on = request.args.get("list", "")
    if on not in LISTS:
        return None
    if request.args.get("whom") == "found":
        return Selection(on, None, asked(LISTS[on]))
    sent = request.args.getlist("ticked")
    ids = [int(text) for text in sent if text.isascii() and text.isdigit() and len(text) < 19]
    return Selection(on, beginning.known(current_organization().id, LISTS[on], ids), Filter())


def _page(selection: Selection | None, typed: Choices, wrong: dict[str, str]) -> str:
    return render_template(
        "mass_updates/page.html",
        selection=selection,
        whom=_whom(selection) if selection else "",
        filter_words=told(selection.wanted) if selection else [],
        offered=choices.offered(selection.types) if selection else {},
        typed=typed,
        wrong=wrong,
        labels=choices.LABELS,
        latest=review.latest(current_organization().id),
    )


def _whom(selection: Selection) -> str:
    """How many there are, as far as that is quickly said; the preview counts them all."""
    one, many = NOUNS[selection.on]
    if selection.ticked is not None:
        number = len(selection.ticked)
        return f"{number:,} {one if number == 1 else many} ticked"
    organization_id, today = current_organization().id, current_day()
    found = listings.accounts(organization_id, selection.types, selection.wanted, today)
    more = "more than " if found.is_more else ""
    return f"all {many} that this filter finds: {more}{found.total:,}"

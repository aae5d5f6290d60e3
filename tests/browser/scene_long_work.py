"""Files of people and mass updates, each at every step: not yet begun, to be looked at, done, and of no use."""

import io

from ppe.clock import utcnow
from ppe.csv_import import line, upload
from ppe.csv_import import review as csv_review
from ppe.lists.search import Filter
from ppe.mass_update import beginning
from ppe.mass_update import line as mass_line
from ppe.mass_update import review as mass_review
from ppe.mass_update.choices import Choices
from ppe.models import END_USER, PERSON_TYPES, Account, CsvImport, MassUpdate, Organization

FILE = (
    "Gina,Good,gina.good@contoso.example,+31612345678,gina@contoso.example\n"
    "Hugo,Huge,hugo.huge@contoso.example\n"
    "Una,Known,una@nowhere.example\n"
    "Zed,Broken,not an address\n"
)


def import_files(organization: Organization) -> dict[str, int]:
    """Four files; gives the imports by what became of them."""
    uses = {"unread": FILE, "read": FILE, "imported": FILE, "bad": "Zed,Broken,not an address\n"}
    made = {name: _upload(organization, text) for name, text in uses.items()}
    for name in ("read", "imported", "bad"):
        line.proceed(made[name], "", utcnow)
    csv_review.accept(CsvImport.get_by_id(made["imported"]), "Ada", utcnow())
    line.proceed(made["imported"], "", utcnow)
    return made


def _upload(organization: Organization, text: str) -> int:
    one = upload.take(
        organization, io.BytesIO(text.encode()), "people.csv",
        default_role=END_USER, send_welcome_mails=False, by_name="Ada", now=utcnow(),
    )  # fmt: skip
    return int(one.id)


def begin_mass_updates(by: Account) -> dict[str, int]:
    """Three of the same, and one that would shut out everybody else; gives them by how far they are."""
    made = {}
    for name in ("begun", "previewed", "updated"):
        one = beginning.begin(PERSON_TYPES, None, Filter(text="z"), Choices(digest="on"), by, utcnow())
        made[name] = int(one.id)
    everybody = beginning.begin(PERSON_TYPES, None, Filter(), Choices(state="not_active"), by, utcnow())
    made["shutting_out"] = int(everybody.id)
    for name in ("previewed", "updated", "shutting_out"):
        mass_line.proceed(made[name], utcnow)
    mass_review.accept(MassUpdate.get_by_id(made["updated"]), by, utcnow())
    mass_line.proceed(made["updated"], utcnow)
    return made

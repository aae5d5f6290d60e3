"""What administrators made by hand: functional accounts, one of them removed."""

from ppe.clock import utcnow
from ppe.models import Account
from ppe.people import by_hand, members_by_hand
from ppe.people.by_hand import Seen
from ppe.people.details import Details
from ppe.people.functional_details import BLANK


def functional_accounts(organization_id: int, ada: Account) -> dict[str, int]:
    """Front Desk with two members, and Old Desk, which is removed; by the names they have in an address."""
    wanted = [_details("Front Desk", "front.desk"), _details("Old Desk", "old.desk")]
    front, old = by_hand.add(organization_id, wanted, ada, utcnow(), welcome=False)
    for address in ("ada@contoso.example", "bob@contoso.example"):
        members_by_hand.give(Account.get_by_id(front), address, ada, utcnow())
    by_hand.remove(organization_id, [Seen(old, 1)], ada, utcnow())
    return {"by_hand": front, "removed_functional": old}


def _details(name: str, local: str) -> Details:
    return Details(display_name=name, primary=f"{local}@contoso.example", type=BLANK.type, group_kind=BLANK.group_kind)

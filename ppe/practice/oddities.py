"""One of everything that a directory sync has to cope with. All of it is legal, and most of it is common."""

from dataclasses import dataclass, field
from typing import Any

CONTOSO, FABRIKAM = "contoso.example", "fabrikam.example"
LEGACY = "wingtip.example"  # bought long ago and no domain of the tenant any more, yet some aliases live on in it
EXCHANGE = "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn"
LONG_NAME = "Maximiliana Theodora Wilhelmina Constantia von Hohenstein-Schwarzenberg zu Ostfriesland und Altenburg"

NO_NAMES = {"given": "", "surname": ""}
UNATTENDED = {**NO_NAMES, "enabled": False, "licensed": False}
SHARED, ROOM = {**UNATTENDED, "purpose": "shared"}, {**UNATTENDED, "purpose": "room"}


@dataclass(frozen=True, slots=True)
class Oddity:
    """Somebody to hire. `proxies`, where given, replaces proxyAddresses word for word."""

    name: str
    address: str
    hiring: dict[str, Any] = field(default_factory=dict)
    proxies: tuple[str, ...] | None = None


MAILBOXES = (
    Oddity("Support shared mailbox", f"support@{CONTOSO}", SHARED),
    Oddity("Invoices", f"invoices@{CONTOSO}", {**SHARED, "aliases": (f"billing@{CONTOSO}",)}),
    Oddity("Info Fabrikam", f"info@{FABRIKAM}", SHARED),
    Oddity("Conf Room Adams", f"adams@{CONTOSO}", ROOM),
    Oddity("Conf Room Baker", f"baker@{CONTOSO}", {**ROOM, "enabled": True}),
)
GUESTS = (
    Oddity("Gina Visitor", "gina@northwind.example", {"guest": True}),
    Oddity("Auditor (External)", "audit@tailwind.example", {"guest": True, **NO_NAMES}),
)
NAMES = (
    Oddity("Niamh O'Brien", f"niamh.o'brien@{CONTOSO}", {"mobile": "+353 85 555 0101"}),
    Oddity("Zoë Lindström", f"zoe.lindstrom@{CONTOSO}"),
    Oddity("José Ñandú", f"jose.nandu@{CONTOSO}"),
    Oddity("李小龙", f"li.xiaolong@{CONTOSO}", {"given": "小龙", "surname": "李"}),
    Oddity("Jan van der Berg", f"jan.vanderberg@{CONTOSO}", {"given": "Jan", "surname": "van der Berg"}),
    Oddity("Suharto", f"suharto@{CONTOSO}"),
    Oddity("<b>Bold</b> & Co", f"bold@{CONTOSO}", NO_NAMES),
    Oddity("=SUM(A1:A9) Sumner", f"sumner@{CONTOSO}", {"given": "=SUM(A1:A9)", "surname": "Sumner"}),
    Oddity(LONG_NAME, f"maximiliana@{CONTOSO}", {"given": "Maximiliana Theodora", "surname": LONG_NAME[46:]}),
)
ADDRESSES = (
    Oddity(
        "Carla Many-Names",
        f"carla@{CONTOSO}",
        {"aliases": (f"carla.many@{CONTOSO}", f"c.names@{CONTOSO}", f"carla@{FABRIKAM}", f"carla@{LEGACY}")},
    ),
    Oddity(
        "Peter Protocol",
        f"peter@{CONTOSO}",
        proxies=(
            f"X500:{EXCHANGE}=peter",
            f"smtp:p.protocol@{CONTOSO}",
            f"SMTP:peter@{CONTOSO}",
            f"SIP:peter@{CONTOSO}",
            "SPO:SPO_4f3c@SPO_8d1a",
        ),
    ),
    Oddity(
        "Lowell Case",
        f"lowell@{CONTOSO}",
        proxies=(f"smtp:lowell.case@{CONTOSO}", f"smtp:lowell@{CONTOSO}"),
    ),
    Oddity("Mixed Case", f"Mixed.Case@{CONTOSO}", {"aliases": (f"MIXED@{CONTOSO}",)}),
    Oddity("Uma Principal", f"uma.principal@{CONTOSO}", {"userPrincipalName": f"u1234@{CONTOSO}"}),
    Oddity("Wim Wingtip", f"wim@{CONTOSO}", {"aliases": (f"wim@{LEGACY}",)}),
    Oddity("Fay Fabrikam", f"fay@{FABRIKAM}", {"aliases": (f"fay@{CONTOSO}",)}),
    Oddity("Finn Fabrikam", f"finn@{FABRIKAM}"),
    Oddity("Flora Fabrikam", f"flora@{FABRIKAM}", {"mobile": "5555555555"}),
)
COMINGS_AND_GOINGS = (
    Oddity("Leo Leaver", f"leo.leaver@{CONTOSO}", {"enabled": False}),
    Oddity("Nell Newhire", f"nell.newhire@{CONTOSO}", {"mailbox": False, "licensed": False}),
    Oddity("Otto Onprem", f"otto@{CONTOSO}", {"onPremisesSyncEnabled": True}),
)
ODDITIES = (*MAILBOXES, *GUESTS, *NAMES, *ADDRESSES, *COMINGS_AND_GOINGS)

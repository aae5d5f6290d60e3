"""Microsoft's refusals in our words, told apart by their number and never by their prose (graph.md, section 8)."""

import re

OUR_REGISTRATION = frozenset({7000215, 7000218, 7000222, 700016, 50011})
AWAY = "Microsoft does not answer at the moment. Sign in with your local password."
NOT_ACCEPTED = (
    "Microsoft does not accept this console's registration at the moment, so sign in with your local password. "
    "An administrator finds the reason under Import & Sync."
)
OUR_TENANT = "Ask an administrator of your Microsoft tenant"


def number_of(description: str | None) -> int:
    """The number in Microsoft's description of an error; 0 where there is none."""
    found = re.search(r"AADSTS(\d+)", description or "")
    return int(found[1]) if found else 0


def is_about_us(error: str, number: int) -> bool:
    """Whether Microsoft refuses this console's registration, and so everybody, rather than the person."""
    return error in ("invalid_client", "unauthorized_client") or number in OUR_REGISTRATION


def sentence(error: str, number: int) -> str:
    """What a person is told, and what they can do about it."""
    for numbers, errors, words in SENTENCES:
        if number in numbers or error in errors:
            return words
    code = f"AADSTS{number}" if number else error
    return f"Microsoft did not sign you in ({code}). Try again, or ask an administrator."


# The numbers come first: Microsoft puts several of them under one and the same error.
SENTENCES: tuple[tuple[frozenset[int], frozenset[str], str], ...] = (
    (
        frozenset({65004}),
        frozenset(),
        "You did not agree to what Microsoft asked, so nobody was signed in. Begin again to be asked anew.",
    ),
    (
        frozenset({65001, 90094}),
        frozenset(),
        "This console is not approved in your Microsoft tenant yet: an administrator there has to grant consent.",
    ),
    (
        frozenset({50105}),
        frozenset(),
        f"Your Microsoft account is not assigned to this application. {OUR_TENANT} to assign you.",
    ),
    (
        frozenset({50020, 50034, 90072}),
        frozenset(),
        "This Microsoft account belongs to another organisation. Sign in with the account of your own organisation.",
    ),
    (
        frozenset({50057}),
        frozenset(),
        f"Your Microsoft account is blocked. {OUR_TENANT}.",
    ),
    (
        frozenset({53000, 53001, 53003}),
        frozenset(),
        f"Your organisation's rules at Microsoft don't allow this sign-in from here. {OUR_TENANT}.",
    ),
    (
        frozenset({54005, 70000, 70008}),
        frozenset({"invalid_grant"}),
        "This sign-in took too long, or was used before. Begin again.",
    ),
    (
        frozenset(),
        frozenset({"temporarily_unavailable", "server_error"}),
        "Microsoft has a problem of its own at the moment. Try again, or sign in with your local password.",
    ),
    (
        frozenset(),
        frozenset({"consent_required"}),
        "Your Microsoft tenant has not agreed to this yet. One of its administrators has to grant consent.",
    ),
    (
        frozenset(),
        frozenset({"interaction_required", "login_required"}),
        "Microsoft wants to ask you something first. Begin again.",
    ),
    (
        frozenset(),
        frozenset({"access_denied"}),
        "The sign-in at Microsoft was cancelled. Begin again when you are ready.",
    ),
)

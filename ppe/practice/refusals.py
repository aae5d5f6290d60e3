"""The ways in which Microsoft sends a person back without a code, as a table to choose from."""

from dataclasses import dataclass

from ppe.practice.errors import SignInError


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: what happened, in our words, and what the application is told, in Microsoft's."""

    words: str
    error: str
    code: int
    description: str
    subcode: str = ""

    def told(self, **about: str) -> SignInError:
        """Return the error, with who and what it is about."""
        return SignInError(403, self.error, self.code, self.description.format(**about), subcode=self.subcode)


NOT_OF_THIS_TENANT = (
    "User account '{person}' from identity provider '{provider}' does not exist in tenant '{tenant}' and cannot access "
    "the application '{application_id}'({application}) in that tenant. The account needs to be added as an external "
    "user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account."
)
DECLINED = Refusal(
    "The person declined to consent",
    "access_denied",
    65004,
    "User declined to consent to access the app.",
    "cancel",
)
NOT_CONSENTED = Refusal(
    "Nobody has consented to the application",
    "consent_required",
    65001,
    "The user or administrator has not consented to use the application with ID '{application_id}' named "
    "'{application}'. Send an interactive authorization request for this user and resource.",
)
DISABLED = Refusal("The account is disabled", "access_denied", 50057, "The user account is disabled.")
NO_SESSION = Refusal(
    "Nobody is signed in, and nobody may be asked",
    "login_required",
    50058,
    "Session information is not sufficient for single-sign-on.",
)
REFUSALS = {
    "declined": DECLINED,
    "not_consented": NOT_CONSENTED,
    # recorded with this error; libraries have seen access_denied as well
    "not_assigned": Refusal(
        "The person is not assigned to the application",
        "interaction_required",
        50105,
        "Your administrator has configured the application {application} ('{application_id}') to block users unless "
        "they are specifically granted ('assigned') access to the application. The signed in user '{person}' is "
        "blocked because they are not a direct member of a group with access, nor had access directly assigned by an "
        "administrator. Please contact your administrator to assign access to this application.",
    ),
    "other_tenant": Refusal("The account is one of another tenant", "access_denied", 50020, NOT_OF_THIS_TENANT),
    "disabled": DISABLED,
    "conditional_access": Refusal(
        "Conditional access forbids it",
        "access_denied",
        53003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    "external": Refusal(
        "The account of another provider is not invited", "interaction_required", 90072, NOT_OF_THIS_TENANT
    ),
    "busy": Refusal(
        "Microsoft is busy for a moment",
        "temporarily_unavailable",
        90033,
        "A transient error has occurred. Please try again.",
    ),
    "broken": Refusal("Microsoft itself is broken", "server_error", 50000, "There was an error issuing a token."),
}

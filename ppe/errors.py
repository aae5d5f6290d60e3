"""One error tree. A leaf is named after what its reader can do about it; its text is a sentence that can be shown."""


class PPEError(Exception):
    """Root of every error raised here. Never raised itself."""

    @property
    def sentence(self) -> str:
        """What is wrong, in one sentence, safe to show to whoever asked."""
        return str(self)


class SettingsError(PPEError):
    """An environment variable is missing or wrong; the start is refused and the sentence names it."""


class Refused(PPEError):
    """What was asked for is not possible as things stand; nothing was changed.

    `field` names the form field the sentence belongs beside, where there is one.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class NotFound(PPEError):
    """No such thing in this organisation."""


class DeliveryFailed(PPEError):
    """A mail or a text message did not get away: try it again later, or look at the settings it names."""


class DirectoryError(PPEError):
    """Microsoft did not give what a sync needs.

    Carries one sentence on what is wrong, one on what to do, and for support Microsoft's own code and correlation id.
    """

    def __init__(self, sentence: str, advice: str, code: str = "", correlation_id: str = "") -> None:
        super().__init__(sentence)
        self.advice = advice
        self.code = code
        self.correlation_id = correlation_id


class TenantUnknown(DirectoryError):
    """No Microsoft tenant has this domain: correct the Primary Domain."""


class NationalCloud(DirectoryError):
    """The tenant lives in a national cloud (GCC High, DoD, China), which is not supported."""


class SecretRefused(DirectoryError):
    """Microsoft does not accept the application id or the client secret: make a new secret and save it."""


class ConsentMissing(DirectoryError):
    """The application may not read the directory: an administrator of the tenant has to grant consent."""


class DirectoryUnavailable(DirectoryError):
    """Microsoft did not answer, or not with something usable: wait, it is tried again."""


class DirectoryUntrusted(DirectoryError):
    """An answer that must not be followed: another host, no end, too large, or nobody in it."""


class DeltaExpired(DirectoryError):
    """The stored delta link no longer works: list everything anew."""


class Throttled(DirectoryError):
    """Microsoft asks us to wait `seconds` before the next request."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "Microsoft asks us to slow down.", "Nothing needs to be done: the sync goes on by itself.", "429"
        )
        self.seconds = seconds


class RunLost(PPEError):
    """Another worker took this run over; whoever catches this stops without writing anything."""

"""Who is at the other end: where a request comes from, and which browser says so."""

from dataclasses import dataclass

# The first that occurs in the browser's own words wins: Edge also says Chrome, and Chrome also says Safari.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
           ("Mac OS", "macOS"), ("Linux", "Linux"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visitor:
    """A network address, and the browser in words that its owner recognises (no proof of anything)."""

    remote_address: str
    browser: str = ""


def browser_words(user_agent: str) -> str:
    """The browser and the system behind a User-Agent: Firefox on Linux."""
    browser = next((words for mark, words in BROWSERS if mark in user_agent), "A browser")
    system = next((words for mark, words in SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser

"""What a person (or a test, as JSON) may do to the weather; the table at the end is the whole list."""

from collections.abc import Callable
from typing import cast, get_args

from ppe.practice.changes import Form, Mistake, Outcome, typed
from ppe.practice.directory import Collection
from ppe.practice.weather import Outage, PageFault, SignInOutage, Weather


def sign_in_down(weather: Weather, form: Form) -> None:
    """Take the sign-in host down. Raises Mistake."""
    kind = form.get("kind") or "503"
    if kind not in get_args(SignInOutage):
        raise Mistake(f"Sign-in cannot be down in this way: {kind}.")
    weather.sign_in_down(cast(SignInOutage, kind))


def throttle(weather: Weather, form: Form) -> None:
    """Throttle the next requests."""
    weather.throttle(*how_often(form))


def throttle_parts(weather: Weather, form: Form) -> None:
    """Throttle the next requests inside of batches."""
    times, retry_after = how_often(form)
    weather.throttle_parts(*[retry_after] * times)


def how_often(form: Form) -> tuple[int, str]:
    """Return how many requests are throttled, and what they are told to wait."""
    return int(form.get("times") or 3), str(form.get("retry_after") or "2.5")


def fail_page(weather: Weather, form: Form) -> None:
    """Fail one page of the users or the groups. Raises Mistake."""
    collection, how = form.get("collection") or "users", form.get("how") or "cut"
    if collection not in get_args(Collection) or how not in get_args(PageFault):
        raise Mistake(f"A page of {collection} cannot fail in this way: {how}.")
    page, times = int(form.get("page") or 1), int(form.get("times") or 1)
    weather.fail_page(cast(Collection, collection), page, cast(PageFault, how), times)


def perform_weather(weather: Weather, form: Form) -> Outcome:
    """Change the weather. Raises Mistake."""
    action = typed(form, "action")
    if action not in WEATHER:
        raise Mistake(f"There is no such weather: {action}.")
    try:
        WEATHER[action][0](weather, form)
    except Mistake:
        raise
    except ValueError:
        raise Mistake("Please write a number.") from None
    return Outcome(WEATHER[action][1])


WEATHER: dict[str, tuple[Callable[[Weather, Form], None], str]] = {
    "slow": (lambda weather, form: weather.slow(float(form.get("seconds") or 2)), "Microsoft Graph is slow now."),
    "throttle": (throttle, "The next requests are throttled."),
    "throttle_parts": (throttle_parts, "The next requests inside of batches are throttled."),
    "down": (
        lambda weather, form: weather.down(kind=cast(Outage, form.get("kind") or "503")),
        "Microsoft Graph is down.",
    ),
    "sign_in_down": (sign_in_down, "Microsoft sign-in is down."),
    "fail_page": (fail_page, "That page fails."),
    "cut_listing": (
        lambda weather, form: weather.cut_listing(int(form.get("pages") or 1)),
        "Listings end early and say nothing about it.",
    ),
    "expire_tokens": (lambda weather, _form: weather.expire_tokens(), "All access tokens have expired."),
    "mail_down": (lambda weather, _form: weather.mail_down(), "The mail server is away."),
    "mail_refuses": (lambda weather, _form: weather.mail_refuses(), "The mail server refuses every recipient."),
    "sms_down": (lambda weather, _form: weather.sms_down(), "The text message gateway is away."),
    "calm": (lambda weather, _form: weather.calm(), "All is calm."),
}

"""How moments, numbers and roles are written on the pages, as Jinja filters."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_login import current_user
from markupsafe import Markup, escape

from ppe.mass_update import words as mass_update_words
from ppe.models import MassUpdateRow
from ppe.sync.fields import GROUP_KIND_WORDS, TYPE_WORDS

VALUE_WORDS = {"type": TYPE_WORDS, "group_kind": GROUP_KIND_WORDS}


def init_app(app: Flask) -> None:
    """Give the templates their filters."""
    for word in (
        moment,
        day,
        local_time,
        exact_time,
        number,
        plural,
        role,
        group_kind,
        breakable,
        groups_of_four,
        capitalize_first,
        details_lines,
        differences,
    ):
        app.add_template_filter(word)


def moment(at: datetime) -> str:
    """A moment in the organisation's time zone, as plain text: 24 Nov 2026, 15:04."""
    local = at.astimezone(_zone())
    return f"{local.day} {local:%b %Y, %H:%M}"


def day(of: datetime | date) -> str:
    """A day: 24 Nov 2026. That of a moment is the one in the organisation's time zone."""
    local = of.astimezone(_zone()) if isinstance(of, datetime) else of
    return f"{local.day} {local:%b %Y}"


def local_time(at: datetime | None, never: str = "Never") -> Markup | str:
    """A moment as an element that also tells machines; `never` where there is none."""
    if at is None:
        return never
    return Markup('<time datetime="{}">{}</time>').format(at.astimezone(UTC).isoformat(), moment(at))


def exact_time(at: datetime) -> Markup:
    """The same to the second, for what has to be told apart."""
    return Markup('<time datetime="{}">{}:{:%S}</time>').format(at.astimezone(UTC).isoformat(), moment(at), at)


def number(count: int) -> str:
    """A count that is easy to read: 12,345."""
    return f"{count:,}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: 1 person, 2,000 people."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def role(account_type: str) -> str:
    """The product's own word for a type of account."""
    return TYPE_WORDS[account_type]


def group_kind(kind: str) -> str:
    """What a kind of group is called; nothing for what is none."""
    return GROUP_KIND_WORDS.get(kind, "")


def _zone() -> ZoneInfo:
    """The time zone of whoever reads; UTC before sign-in."""
    return ZoneInfo(current_user.organization.time_zone if current_user.is_authenticated else "UTC")


def breakable(address: str) -> Markup:
    """An address that a narrow column may break behind its @ and its dots, before it breaks inside a word."""
    return Markup(str(escape(address)).replace("@", "@<wbr>").replace(".", ".<wbr>"))  # noqa: S704 - escaped first


def groups_of_four(text: str) -> str:
    """A long secret as people type it off: JBSW Y3DP."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def capitalize_first(text: str) -> str:
    """A sentence's beginning; the rest stays as it is, names and addresses included."""
    return text[:1].upper() + text[1:]


def details_lines(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an event says besides, line by line: before and after beside each other, without what did not change."""
    before, after = details.get("before"), details.get("after")
    lines = []
    if isinstance(before, dict) and isinstance(after, dict):
        lines = [
            (_words(name), _change(name, before, after))
            for name in {**before, **after}
            if _said(before.get(name)) != _said(after.get(name))
        ]
        details = {name: value for name, value in details.items() if name not in ("before", "after")}
    return lines + [(_words(name), _said(value)) for name, value in details.items()]


def differences(row: MassUpdateRow) -> list[tuple[str, str, str]]:
    """What a mass update changes on an account, field by field: label, before, after."""
    return mass_update_words.differences(row.before, row.after)


def _change(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """A value before and after; what was made or is gone as a whole has but one of them."""
    told = [_said(some.get(name)) for some in (before, after) if some]
    return " → ".join(VALUE_WORDS.get(name, {}).get(value, value) for value in told)


def _words(name: str) -> str:
    return capitalize_first(name.replace("_", " "))


def _said(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value)) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{_words(name)}: {_said(text)}" for name, text in value.items()) or "–"
    return str(value)

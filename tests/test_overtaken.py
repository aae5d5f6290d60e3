from dataclasses import asdict, dataclass, replace
from json import dumps

import pytest

from ppe import overtaken


@dataclass(frozen=True)
class Lamp:
    colour: str
    watts: int = 40
    rooms: tuple[str, ...] = ()


SEEN = Lamp("red", 40, ("hall",))


def test_what_was_not_touched_keeps_what_others_made_of_it() -> None:
    now = Lamp("red", 60, ("hall", "attic"))
    assert overtaken.touched(SEEN, replace(SEEN, colour="blue"), now) == Lamp("blue", 60, ("hall", "attic"))


@pytest.mark.parametrize(
    ("typed", "now", "contested"),
    [
        ("red", "green", []),  # changed there alone
        ("blue", "red", []),  # here alone
        ("blue", "blue", []),  # in both, in the same way
        ("blue", "green", ["colour"]),
    ],
)
def test_a_field_is_contested_where_both_changed_it_to_something_else(
    typed: str, now: str, contested: list[str]
) -> None:
    assert overtaken.contested(SEEN, Lamp(typed, 60, ("hall",)), Lamp(now, 40, ("attic",))) == contested


def test_a_form_remembers_how_things_stood() -> None:
    assert overtaken.remembered(dumps(asdict(SEEN)), Lamp("green")) == SEEN


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", "{}", '{"colour": "red", "size": 1}'])
def test_a_form_that_says_nothing_of_use_was_opened_just_now(text: str) -> None:
    assert overtaken.remembered(text, SEEN) == SEEN

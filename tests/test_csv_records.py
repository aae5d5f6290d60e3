"""Text to records, formats and people: whatever stands in a file, each line is read or says why not."""

import csv
from io import BytesIO, StringIO
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppe.csv_import import columns, decoding, person, records
from ppe.csv_import.columns import Format
from ppe.csv_import.person import Expectations, Person
from ppe.errors import Refused
from ppe.spreadsheet import line, restored, safe

PLAIN = Expectations(Format(), "end_user", frozenset({"contoso.example", "xn--mller-kva.example"}))

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40).map(str.strip)
rows = st.lists(st.lists(cells, min_size=1, max_size=5).filter(any), max_size=8)


def read(*pieces: str, delimiter: str = ",") -> list[list[str]]:
    return [record.fields for record in records.records(pieces, delimiter)]


def one(*fields: str) -> Person:
    return person.read(fields, PLAIN)


@given(rows, st.integers(1, 30))
def test_what_is_written_is_read_again_wherever_the_file_is_cut(written: list[list[str]], size: int) -> None:
    text = "".join(line(row) for row in written)
    found = read(*(text[at : at + size] for at in range(0, len(text), size)))
    assert [[restored(field) for field in row] for row in found] == written


@given(st.text())
def test_no_cell_is_a_formula_and_each_can_be_had_back(text: str) -> None:
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert restored(safe(text)) == text


@given(st.lists(st.lists(st.text("""x=+-@;,'"\t\r\n """, max_size=8), min_size=1, max_size=3), max_size=4))
def test_no_spreadsheet_finds_a_formula_whatever_it_separates_by(written: list[list[str]]) -> None:
    file = "".join(line(row) for row in written)
    for delimiter in ",;\t":
        for row in csv.reader(StringIO(file, newline=""), delimiter=delimiter):
            assert not any(cell.lstrip("\r\n\t").startswith(("=", "+", "-", "@")) for cell in row), (delimiter, row)
    assert [[restored(cell) for cell in row] for row in csv.reader(StringIO(file, newline=""))] == written


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300))
def test_no_text_stops_the_reading_and_no_line_is_read_twice(text: str) -> None:
    found = list(records.records([text], ","))
    assert [record.number for record in found] == sorted({record.number for record in found})
    assert all(record.fields for record in found)


def test_a_quote_that_is_never_closed_costs_its_own_line_alone() -> None:
    text = 'Ada,Lovelace,ada@x\nBob,"Builder,bob@x\n' + "".join(f"P{n},Q,p{n}@x\n" for n in range(100))
    found = list(records.records([text], ","))
    assert len(found) == 102
    assert [record.number for record in found if record.problem] == [2]
    assert found[1].problem == "A quotation mark is opened here and not closed."
    assert found[-1].fields == ["P99", "Q", "p99@x"]


def test_a_quote_that_is_never_closed_is_told_before_the_rest_is_read() -> None:
    endless = (text for text in chain(['Bob,"Builder\n'], repeat("a,b\n")))
    assert next(records.records(endless, ",")).problem == "A quotation mark is opened here and not closed."


def test_the_lines_of_one_record_are_no_longer_together_than_one_may_be() -> None:
    text = 'a,"b\n' + ("x" * 9_000 + "\n") * 3 + '"\nlast,one\n'
    assert max(sum(map(len, record.fields)) for record in records.records([text], ",")) <= records.LONGEST_LINE


def test_quoted_fields_keep_their_line_breaks_and_lines_are_counted_as_editors_do() -> None:
    found = list(records.records(['a,"b\r\nc"\r\n\r\n,,\r\nd,e\rf,g'], ","))
    assert [(record.number, record.fields) for record in found] == [
        (1, ["a", "b\r\nc"]), (5, ["d", "e"]), (6, ["f", "g"]),
    ]  # fmt: skip


def test_a_line_of_any_length_is_bad_and_held_no_longer_than_needed() -> None:
    endless = ("x" * 10_000 for _ in range(1000))
    found = list(records.records([*endless, "\na,b"], ","))
    assert [(record.number, bool(record.problem)) for record in found] == [(1, True), (2, False)]
    assert max(map(len, records.lines("x" * 10_000 for _ in range(100)))) <= records.LONGEST_LINE + 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_that_spreadsheets_write_is_recognised(encoding: str) -> None:
    text = "Zoë,Müller,zoe@contoso.example\n" * 20_000
    assert "".join(decoding.pieces(BytesIO(text.encode(encoding)))) == text


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "workbook"),
        ("Ada,L,a@x".encode("utf-16-le"), "UTF-16 without its mark"),
        (b"Ada\x81\x8d,L", "no encoding"),
        (b"\xff\xfeA\x00d", "no encoding"),
        (b"\x00\x01\x02", "no text"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(content: bytes, word: str) -> None:
    with pytest.raises(Refused, match=word) as refused:
        list(decoding.pieces(BytesIO(content)))
    assert refused.value.field == "file"


@pytest.mark.parametrize(
    ("first", "form"),
    [
        ("Ada,Lovelace,ada@x.example,", Format(",")),
        ("Ada;Lovelace;ada@x.example;+31612345678", Format(";")),
        ("Ada\tLovelace, Countess\tada@x.example", Format("\t")),
        ("E-mail;Last name;first_name", Format(";", ("primary", "last_name", "first_name"))),
        (
            "Name,Primary address,Alias,Alias,Shoe size",
            Format(",", ("display_name", "primary", "aliases", "aliases", None), ("Shoe size",)),
        ),
        ("Vorname,Nachname,Adresse", Format(",")),
    ],
)
def test_the_first_line_tells_format_and_separator(first: str, form: Format) -> None:
    assert columns.recognised(first) == form


def test_two_columns_that_mean_the_same_are_refused() -> None:
    with pytest.raises(Refused, match="“Email”"):
        columns.recognised("Email,Primary address,Name")


def test_a_line_in_the_products_format_becomes_a_person() -> None:
    found = one(
        "Ada", "Lovelace", "Ada@Contoso.example", "0031 6 1234 5678", "l@contoso.example", "", "c@contoso.example"
    )
    assert found == Person(
        "Ada", "Lovelace", "Ada Lovelace", "ada@contoso.example", ["c@contoso.example", "l@contoso.example"],
        "+31612345678", "end_user",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (["", "", "ada@contoso.example"], "It has no name."),
        (["Ada", "L"], "It has no primary address."),
        (["Ada", "L", "ada"], "The primary address “ada” is no mail address."),
        (["Ada", "L", ".a@contoso.example"], "The primary address “.a@contoso.example” is no mail address."),
        (["Ada", "L", "a@b.example"], "The primary address a@b.example is on b.example, which is not registered here."),
        (
            ["A", "L", "a@contoso.example", "12"],
            "“12” is no mobile number with its country code, such as +31612345678.",
        ),
        (["A", "L", "a@contoso.example", "+31201234567"], "“+31201234567” is no mobile number"),
        (["A", "L", "a@contoso.example", "", "x"], "The alias “x” is no mail address."),
        (["A" * 300, "L", "a@contoso.example"], "A name is longer than 256 characters."),
        (["A", "L", "a@contoso.example", "", *(f"a{n}@contoso.example" for n in range(101))], "It has 101 aliases"),
    ],
)
def test_a_bad_line_says_why(fields: list[str], problem: str) -> None:
    assert " ".join(one(*fields).problems).startswith(problem)


def test_a_line_says_everything_that_is_wrong_with_it() -> None:
    assert len(one("", "", "nonsense", "12", "x@b.example").problems) == 4


def test_a_number_that_lost_its_plus_in_a_spreadsheet_is_still_one() -> None:
    assert [one("A", "L", "a@contoso.example", text).mobile for text in ("31612345678", "'+31612345678")] == [
        "+31612345678"
    ] * 2


def test_a_domain_is_compared_as_mail_servers_spell_it() -> None:
    assert one("A", "L", "a@Müller.example").primary == "a@xn--mller-kva.example"
    assert one("A", "L", "a@straße.example").unknown_domains == ["xn--strae-oqa.example"]


@pytest.mark.parametrize(
    ("role", "state", "problem"),
    [
        ("Silent User", "Active", ""),
        ("functional_account", "", ""),
        ("Organization Admin", "", "No import makes administrators"),
        ("King", "", "“King” is no role"),
        ("", "Not active", "Its state is “Not active”"),
    ],
)
def test_a_headed_line_may_name_a_role(role: str, state: str, problem: str) -> None:
    headed = Expectations(columns.recognised("Name,Email,Role,State"), "end_user", frozenset({"contoso.example"}))
    found = person.read(["Ada", "a@contoso.example", role, state], headed)
    assert " ".join(found.problems).startswith(problem)
    assert bool(found.problems) == bool(problem)


def test_more_fields_than_headings_are_a_bad_line() -> None:
    headed = Expectations(columns.recognised("Name,Email"), "end_user", frozenset({"contoso.example"}))
    assert person.read(["Ada", "a@contoso.example", "x"], headed).problems == [
        "It has 3 fields, and the first line has 2 headings."
    ]
    assert person.read(["Ada", "a@contoso.example", ""], headed).problems == []


def test_a_name_has_no_line_breaks_and_an_alias_is_not_the_primary_address_again() -> None:
    found = one("A\nda", "L", "a@contoso.example", "", "A@contoso.example b@contoso.example")
    assert (found.first_name, found.aliases) == ("A da", ["b@contoso.example"])

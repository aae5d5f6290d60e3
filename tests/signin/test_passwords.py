import pytest

from ppe.signin import passwords


@pytest.mark.parametrize(
    "password",
    [
        *("short", "elevenchars", "x" * 201, "Ada@Contoso.example", "Ada Lovelace", "abababababababab"),
        *("password1234", "123456789012", "qwertyuiop12", "iloveyouiloveyou", "trustno1trustno1", "p4ssw0rdp4ssw0rd"),
    ],
)
def test_a_poor_password_gets_a_sentence(password: str) -> None:
    problem = passwords.problem(password, address="ada@contoso.example", name="ada lovelace")
    assert problem is not None
    assert problem.endswith(".")


def test_a_password_longer_than_what_is_weighed_is_fine_too() -> None:
    assert passwords.problem("grey kettle anchor " * 10, address="ada@contoso.example", name="Ada") is None


def test_words_in_a_row_are_fine() -> None:
    assert passwords.problem("correct horse battery", address="ada@contoso.example", name="Ada") is None


@pytest.mark.usefixtures("app")
def test_hashed_with_argon2id_and_never_alike() -> None:
    first, second = passwords.hashed("correct horse"), passwords.hashed("correct horse")
    assert first.startswith("$argon2id$")
    assert first != second
    assert passwords.matches(first, "correct horse")
    assert not passwords.matches(first, "correct horsf")


@pytest.mark.usefixtures("app")
def test_nobody_has_a_password_that_matches() -> None:
    assert not passwords.matches(None, "nobody has this password")


@pytest.mark.usefixtures("app")
def test_a_hash_made_at_another_price_is_dated() -> None:
    assert not passwords.is_dated(passwords.hashed("correct horse"))
    assert passwords.is_dated("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43)

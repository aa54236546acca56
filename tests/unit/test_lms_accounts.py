"""Whose an account is: ids, login, and e-mail decide; a name only where nobody else has it."""

import pytest

from autograder.lms.collect.roster import Roster, RosterStudent
from autograder.lms.remote.accounts import match
from autograder.lms.remote.lms_api import Account
from autograder.lms.remote.push import converted

ROSTER = Roster(
    [
        RosterStudent("ada", "Ada", "Lovelace", "ada@uni.example", "4001"),
        RosterStudent("bob", "Bob", "Smith", "bob@uni.example"),
        RosterStudent("tim", "Tim", "Twin", lms_user_id="4004"),
        RosterStudent("tom", "Tim", "Twin", "tom@uni.example"),
    ]
)


@pytest.mark.parametrize(
    "account",
    [
        Account("4001", "Somebody Else"),
        Account("9", "Somebody Else", institution_id="4001"),
        Account("9", "Somebody Else", login="ada"),
        Account("9", "Somebody Else", email="ADA@uni.example"),
    ],
)
def test_a_number_a_login_or_an_address_decides(account: Account) -> None:
    assert match(ROSTER, [account]).accounts == {"ada": account}


def test_a_name_decides_where_one_account_and_one_student_have_it() -> None:
    account = Account("9", "Bob Smith")
    assert match(ROSTER, [account]).accounts == {"bob": account}


def test_a_name_does_not_decide_where_two_accounts_have_it() -> None:
    found = match(ROSTER, [Account("8", "Bob Smith"), Account("9", "bob  smith")])
    assert found.accounts == {}
    assert "Bob Smith (8) or bob  smith (9)" in found.unclear["bob"]


def test_a_name_does_not_decide_where_two_students_have_it() -> None:
    roster = Roster([RosterStudent("a", "Tim", "Twin"), RosterStudent("b", "Tim", "Twin")])
    found = match(roster, [Account("9", "Tim Twin")])
    assert found.accounts == {}
    assert set(found.unclear) == {"a", "b"}


def test_two_students_of_one_name_are_told_apart_by_what_else_is_known() -> None:
    one, other = Account("4004", "Tim Twin"), Account("9", "Tim Twin", email="tom@uni.example")
    found = match(ROSTER, [one, other])
    assert found.accounts == {"tim": one, "tom": other}
    assert found.unclear == {}


def test_two_accounts_with_one_students_number_and_address_are_both_doubted() -> None:
    found = match(ROSTER, [Account("4001", "Ada L."), Account("9", "A. L.", email="ada@uni.example")])
    assert found.accounts == {}
    assert "Ada L. (4001) or A. L. (9)" in found.unclear["ada"]


def test_an_account_of_nobodys_is_listed() -> None:
    stranger = Account("9", "Zoe Young")
    assert match(ROSTER, [stranger]).strangers == [stranger]


def test_a_score_is_converted_to_four_decimal_places() -> None:
    assert [converted(score, 9, 100) for score in (0.0, 3.0, 9.0)] == [0.0, 33.3333, 100.0]

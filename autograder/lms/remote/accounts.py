"""Whose an account is: the students of the roster, and the accounts of the LMS, one to one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from autograder.lms.collect.roster import NotMatched, Person, Roster
from autograder.lms.remote.lms_api import Account


@dataclass
class Matches:
    """By student, the account, or why it is not clear which one it is. Other students have none.

    `strangers`: the accounts that are nobody's on the roster.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)
    strangers: list[Account] = field(default_factory=list)


def person(account: Account, accounts: Sequence[Account]) -> Person:
    """What the roster is asked for. A name may decide only if no other account has it."""
    alone = sum(_folded(one.name) == _folded(account.name) for one in accounts) == 1
    ids = tuple(filter(None, (account.id, account.institution_id)))
    return Person(ids, sid=account.login, email=account.email, name=account.name, by_name=alone)


def match(roster: Roster, accounts: Sequence[Account]) -> Matches:
    """Find the account of each student, by ids, login, and e-mail, and only then by name; in doubt, none."""
    found = Matches()
    claims: dict[str, list[Account]] = {}
    doubts: dict[str, list[Account]] = {}
    for account in accounts:
        who = person(account, accounts)
        try:
            claims.setdefault(roster.find(who), []).append(account)
            continue
        except NotMatched as error:
            candidates = error.students or _called(roster, who)
        for student in candidates:
            doubts.setdefault(student, []).append(account)
        if not candidates:
            found.strangers.append(account)
    for student, claimed in claims.items():
        if len(claimed) == 1:
            found.accounts[student] = claimed[0]
        else:
            doubts.setdefault(student, []).extend(claimed)
    for student, several in doubts.items():
        if student not in found.accounts:
            which = " or ".join(f"{one.name} ({one.id})" for one in several)
            found.unclear[student] = f"it could be {which}; give the number as lms_user_id in the roster"
    return found


def _called(roster: Roster, who: Person) -> tuple[str, ...]:
    """The students who have the name of an account, where a name may not decide."""
    try:
        return (roster.find(replace(who, by_name=True)),)
    except NotMatched as error:
        return error.students


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()

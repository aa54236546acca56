"""Who is enrolled in the LMS's course, and what that makes of the gradebook's roster.

    accounts of the LMS, roster --`plan_roster`--> a row for each student: new, changed, gone, …

Nobody is ever deleted, and a student's id never changes. What the LMS shows of a name and an e-mail address takes the
place of what is on the roster, as in `nbgrader db student import`; what it does not show stays.
"""

import enum
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from autograder.common.text import clean_text
from autograder.lms.collect.roster import Roster, RosterStudent, can_be_id
from autograder.lms.remote.accounts import match
from autograder.lms.remote.lms_api import Account


class RosterAction(enum.StrEnum):
    """What becomes of a student on the roster."""

    ADD = "add"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    GONE = "gone"  # on the roster, and no student there
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class RosterRow:
    """A student as the roster would have them. `old`: as it has them; `why`: what is not clear."""

    student: RosterStudent
    action: RosterAction
    old: RosterStudent | None = None
    why: str = ""

    @property
    def changes(self) -> list[str]:
        """What changes, such as "email: - → ada@uni.example"."""
        before = self.old or RosterStudent(self.student.id)
        pairs = [(one.name, getattr(before, one.name), getattr(self.student, one.name)) for one in fields(before)]
        return [f"{name}: {old or '-'} → {new}" for name, old, new in pairs if old != new]


def plan_roster(roster: Roster, accounts: Sequence[Account]) -> list[RosterRow]:
    """What the accounts of the course's students make of the roster."""
    matches = match(roster, accounts)
    rows = list(_added(roster, matches.strangers))
    for old in roster.students.values():
        if why := matches.unclear.get(old.id):
            rows.append(RosterRow(old, RosterAction.UNCLEAR, old, why))
        elif account := matches.accounts.get(old.id):
            new = _with(old, account)
            rows.append(RosterRow(new, RosterAction.UNCHANGED if new == old else RosterAction.CHANGE, old))
        else:
            rows.append(RosterRow(old, RosterAction.GONE, old))
    return rows


def _added(roster: Roster, strangers: Sequence[Account]) -> Iterator[RosterRow]:
    """Those who are not on the roster yet. An id is the login, or, if it is not shown or can't be an id, the number."""
    ids = [one.login if can_be_id(one.login) and one.login.isprintable() else one.id for one in strangers]
    taken = Counter([*ids, *roster.students])
    for student, account in zip(ids, strangers, strict=True):
        new = _with(RosterStudent(student), account)
        if taken[student] == 1:
            yield RosterRow(new, RosterAction.ADD)
        else:
            why = f"the id would not be that of {account.name} ({account.id}) alone: add this student by hand"
            yield RosterRow(new, RosterAction.UNCLEAR, why=why)


def _with(student: RosterStudent, account: Account) -> RosterStudent:
    """A student with what an account shows. A number that is there already, which may be the institution's, stays."""
    texts = (account.first_name, account.last_name, account.name, account.email)
    first, last, full, email = (clean_text(text).strip() for text in texts)
    if not (first or last):
        first, last = (student.first_name, student.last_name) if student.first_name or student.last_name else ("", full)
    return RosterStudent(student.id, first, last, email or student.email, student.lms_user_id or account.id)

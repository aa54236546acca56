"""Which notebook a file began as, by its cells: their grade_ids, and the text of those that students don't write."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autograder.notebooks.cell_text import is_distinctive, key
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.notebooks.reading import SubmittedCell

SHARE = 0.5  # of a notebook's cells: so many are in a file that began as it


@dataclass(frozen=True)
class CellSet:
    """The cells of a file, by what they are known by: grade_ids, and texts as `cell_text.key` gives them."""

    ids: frozenset[str]
    texts: frozenset[str]

    @classmethod
    def of(cls, cells: Iterable[SubmittedCell]) -> "CellSet":
        """That of a submission's cells."""
        cells = list(cells)
        return cls(frozenset(cell.grade_id for cell in cells if cell.grade_id), frozenset(cell.key for cell in cells))

    def share_of(self, version: Version) -> float:
        """The share of a notebook's cells, from 0 to 1, that are among these.

        Answers don't count, nor unmarked cells with a text that many notebooks may have.
        """
        return self.share(_marks(version))

    def share(self, marks: Iterable[tuple[str | None, str | None]]) -> float:
        """The share of cells, each given by its grade_id and its text, that are among these."""
        found = [grade_id in self.ids or text in self.texts for grade_id, text in marks]
        return sum(found) / max(1, len(found))


def identify(cells: CellSet, called: str | None, versions: Mapping[str, Version]) -> str | None:
    """The one of `versions` (by name) that a file began as; None where neither cells nor name tell.

    `called`: the one that its name is of, which is it where at least half of that notebook's cells are in the file, or
    where the cells tell nothing. Of several notebooks, only those cells count that the others do not have: courses use
    grade_ids anew in each.
    """
    shares = _own_shares(cells, versions)
    if called is not None and shares[called] >= SHARE:
        return called
    best = max(shares.values(), default=0.0)
    found = [name for name, share in shares.items() if share == best]
    return found[0] if best >= SHARE and len(found) == 1 else called


def _own_shares(cells: CellSet, versions: Mapping[str, Version]) -> dict[str, float]:
    marks = {name: _marks(version) for name, version in versions.items()}
    ids = Counter(grade_id for of in marks.values() for grade_id in {grade_id for grade_id, _ in of})
    texts = Counter(text for of in marks.values() for text in {text for _, text in of})
    shares = {}
    for name, of in marks.items():
        both = [(grade_id if ids[grade_id] == 1 else None, text if texts[text] == 1 else None) for grade_id, text in of]
        shares[name] = cells.share([own for own in both if own != (None, None)])
    return shares


def _marks(version: Version) -> list[tuple[str | None, str | None]]:
    """What each of the cells that tell a notebook is known by: its grade_id, and its text where that is distinctive."""
    given = [cell for cell in version.cells if not cell.solution]
    return [(cell.grade_id, key(cell.released)) for cell in given if _tells(cell)]


def _tells(cell: InstructorCell) -> bool:
    return bool(cell.grade_id or is_distinctive(cell.released))

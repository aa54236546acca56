"""Which cell of the student's is which of the instructor's.

Found by text where that is the instructor's to the letter, then by `grade_id`, then answers by the names they bind,
then by closeness and by the place between neighbours already found. Each step only looks at what is left.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from autograder.notebooks.cell_text import binds, bound, closeness, is_telling, key, own_names
from autograder.notebooks.instructor_version import InstructorCell, Version
from autograder.notebooks.reading import SubmittedCell
from autograder.notebooks.splitting import split_at


class Match:
    """The matching of a submission's cells with the version's.

    After construction: `cells`, the student's in their order (answers that had been merged are apart), `found`, the
    student's cell for each position in the version, `dropped`, copies that are left out with the reason for each, and
    `apart`, the answers that were taken out of another.
    """

    def __init__(self, cells: list[SubmittedCell], version: Version) -> None:
        """Match `cells` with those of `version`."""
        self.cells = cells
        self.version = version
        self.found: dict[int, SubmittedCell] = {}
        self.dropped: dict[SubmittedCell, str] = {}
        self.apart: list[tuple[int, SubmittedCell]] = []
        self._own = own_names(version)
        self._keys = [key(cell.released) for cell in version.cells]
        self._ids = {cell.grade_id: position for position, cell in enumerate(version.cells) if cell.grade_id}
        self._by_exact_text()
        self._by_grade_id()
        self._by_names()
        self._by_neighbours()
        self._merged_answers()
        self._copies()

    def answered_elsewhere(self, position: int) -> bool:
        """Whether some kept cell of the student's binds a name by which this solution is known."""
        own = self._own[position]
        return any(own & bound(cell.source) for cell in self.cells if cell not in self.dropped)

    def _missing(self, wanted: Callable[[InstructorCell], bool]) -> list[int]:
        return [n for n, cell in enumerate(self.version.cells) if n not in self.found and wanted(cell)]

    def _free(self) -> list[SubmittedCell]:
        taken = set(self.found.values())
        return [cell for cell in self.cells if cell not in taken]

    def _unclaimed(self, cells: Iterable[SubmittedCell]) -> list[SubmittedCell]:
        """Those which aren't copies of a cell found by its id."""
        return [cell for cell in cells if self._ids.get(cell.grade_id or "") not in self.found]

    def _between(self, position: int) -> list[SubmittedCell]:
        """The free cells between the neighbours that are found; none where these are in another order."""
        index = {cell: n for n, cell in enumerate(self.cells)}
        low = max((n for n in self.found if n < position), default=None)
        high = min((n for n in self.found if n > position), default=None)
        start = -1 if low is None else index[self.found[low]]
        end = len(self.cells) if high is None else index[self.found[high]]
        return [cell for cell in self._unclaimed(self._free()) if start < index[cell] < end]

    def _by_exact_text(self) -> None:
        times = Counter(self._keys)
        texts: dict[str, list[SubmittedCell]] = {}
        for cell in self.cells:
            texts.setdefault(cell.key, []).append(cell)
        for position in self._missing(lambda cell: not cell.solution):
            wanted, text = self.version.cells[position], self._keys[position]
            if not text or times[text] > 1:
                continue
            same = [
                cell
                for cell in texts.get(text, [])
                if is_telling(text) or cell.grade_id in (None, wanted.grade_id) or cell.grade_id not in self._ids
            ]
            if same:
                marked = [cell for cell in same if cell.grade_id == wanted.grade_id]
                self.found[position] = (marked or same)[0]

    def _by_grade_id(self) -> None:
        claims: dict[int, list[SubmittedCell]] = {}
        for cell in self._free():
            if (position := self._ids.get(cell.grade_id or "")) is not None and not self._is_misplaced(position, cell):
                claims.setdefault(position, []).append(cell)
        for position, cells in claims.items():
            if position in self.found:
                continue
            wanted = self.version.cells[position]
            if not wanted.solution:
                self.found[position] = max(cells, key=lambda cell: closeness(cell.source, wanted.released))
                continue
            answers = [cell for cell in cells if cell.key not in ("", self._keys[position])] or cells
            last = len(answers) - 1
            while last and answers[last - 1].key == answers[-1].key:
                last -= 1
            self.found[position] = answers[last]

    def _is_misplaced(self, position: int, cell: SubmittedCell) -> bool:
        """Whether a cell claims to be one but is, by all signs, the answer to another exercise."""
        names = bound(cell.source)
        wanted = self.version.cells[position]
        others = (own for n, own in enumerate(self._own) if n != position and self.version.cells[n].solution)
        if not names or not any(own and own <= names for own in others):
            return False
        if wanted.solution:
            better = (other for other in self.cells if other is not cell and self._own[position] & bound(other.source))
            return not binds(wanted) & names and any(better)
        return closeness(cell.source, wanted.released) < 50

    def _by_names(self) -> None:
        for position in self._missing(lambda cell: cell.solution):
            own, wanted = self._own[position], self.version.cells[position]
            candidates = []
            for order, cell in enumerate(self._free()):
                if shared := len(own & bound(cell.source)):
                    answered = cell.key != self._keys[position]
                    candidates.append((answered, shared, closeness(cell.source, wanted.released), order, cell))
            if candidates:
                self.found[position] = max(candidates, key=lambda candidate: candidate[:4])[-1]

    def _by_neighbours(self) -> None:
        for position in self._missing(lambda cell: not cell.solution):
            text = self._keys[position]
            same = [cell for cell in self._between(position) if cell.key == text]
            if text and same:
                self.found[position] = same[0]
        for position in self._missing(lambda cell: cell.grade_id is not None and not cell.solution):
            released = self.version.cells[position].released
            near = _closest(self._between(position), released, 70)
            far = _closest(self._unclaimed(self._free()), released, 90) if is_telling(released) else None
            if close := near or far:
                self.found[position] = close
        for position in self._missing(lambda cell: cell.grade_id is None):
            wanted = self.version.cells[position]
            between = [cell for cell in self._between(position) if cell.cell_type == wanted.cell_type]
            same_names = [cell for cell in between if binds(wanted) & bound(cell.source)]
            if edited := _closest(between, wanted.released, 60) or (same_names[0] if same_names else None):
                self.found[position] = edited
        for position in self._missing(lambda cell: cell.solution):
            self._by_place(position)
        for position in self._missing(lambda cell: cell.grade_id is None and not binds(cell)):
            # What binds nothing is there to be looked at, so whatever code stands at its place stands for it.
            wanted = self.version.cells[position]
            if between := [cell for cell in self._between(position) if cell.cell_type == wanted.cell_type == "code"]:
                self.found[position] = between[0]

    def _by_place(self, position: int) -> None:
        """An answer that can't be known by its names: free text, or an expression."""
        wanted = self.version.cells[position]
        between = [cell for cell in self._between(position) if cell.source.strip()]
        same_type = [cell for cell in between if cell.cell_type == wanted.cell_type]
        left = between or [cell for cell in self._unclaimed(self._free()) if cell.source.strip()]
        candidates = same_type or (left if len(left) == 1 else [])
        scored = [
            (
                cell.key != self._keys[position],
                max(closeness(cell.source, wanted.released), closeness(cell.source, wanted.source)),
                order,
                cell,
            )
            for order, cell in enumerate(candidates)
        ]
        # Who was to bind a name and did not has at least to look like it.
        if likely := [score for score in scored if score[1] >= 50 or not self._own[position]]:
            self.found[position] = max(likely, key=lambda score: score[:3])[-1]

    def _merged_answers(self) -> None:
        """Take answers apart that stand together in one cell."""
        for position in self._missing(lambda cell: cell.solution):
            own = self._own[position]
            for other, cell in list(self.found.items()):
                if not self.version.cells[other].solution or not own & bound(cell.source):
                    continue
                if parts := split_at(cell, own):
                    rest, answer = (replace(cell, source=part) for part in parts)
                    both = [rest, answer]
                elif parts := split_at(cell, self._own[other]):
                    answer, rest = (replace(cell, source=part) for part in parts)
                    both = [answer, rest]
                else:
                    continue
                if self._own[other] & bound(cell.source) - bound(rest.source) or not own & bound(answer.source):
                    continue
                answer.marks, answer.is_part = {}, True
                index = self.cells.index(cell)
                self.cells[index : index + 1] = both
                self.found[other], self.found[position] = rest, answer
                self.apart.append((position, cell))
                break

    def _copies(self) -> None:
        """Leave out copies of what is there anyway; above all a stub, which would undo the answer above it."""
        for cell in self._free():
            text = cell.key
            for position, kept in self.found.items():
                wanted = self.version.cells[position]
                claimed = cell.grade_id is not None and cell.grade_id == wanted.grade_id
                if wanted.grade_id is None or not (claimed or is_telling(text) or self._own[position] & bound(text)):
                    continue
                if text in ((kept.key, self._keys[position]) if claimed else (self._keys[position],)):
                    self.dropped[cell] = wanted.grade_id
                    break


def _closest(cells: list[SubmittedCell], text: str, at_least: float) -> SubmittedCell | None:
    scored = [(closeness(cell.source, text, at_least), cell) for cell in cells]
    best, cell = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return cell if best > 0 else None

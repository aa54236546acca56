"""Which cell of the student's is which of the instructor's.

What comes in: the student's cells in their order, and the instructor's version. What comes out: for each of the
instructor's positions at most one of the student's cells (`Match.matched`), and which of the other cells are mere
copies (`Match.copies`). All else stays in the notebook as the student's own.

The steps, from the surest sign to the weakest; each looks only at the cells that no step before it has matched:

1. the text is the instructor's to the letter (cells that are not the student's to change);
2. the `grade_id` in the cell's metadata, unless the cell clearly answers another exercise: copy and paste in Jupyter
   copies the id too, and Colab or VS Code may lose it;
3. an answer binds the names (functions, variables) that only this answer binds in the version;
4. the place: between the cells matched already, the same text, then a similar one, then what is left there;
5. an answer that stands in one cell with another answer is split off.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from autograder.notebooks.cell_text import bound_names, is_distinctive, key, names_bound_by, similarity, unique_names
from autograder.notebooks.instructor_version import InstructorCell, Version
from autograder.notebooks.reading import SubmittedCell
from autograder.notebooks.splitting import split_at

# Least similarity, of 100, at which a cell is taken for an edited form of another; the fewer other signs, the higher.
_ANYWHERE = 90  # a marked cell, wherever it stands
_IN_PLACE = 70  # a marked cell, between the right neighbors
_UNMARKED_IN_PLACE = 60  # as above; students may edit an unmarked cell
_SAME_EXERCISE = 50  # an answer against the released or the reference's text; a claimed grade_id


class Match:
    """The matching of a submission's cells with the version's; it is complete once constructed.

    cells: the student's, in their order; an answer that was split off another is a cell of its own
    matched: the student's cell for each position in the version that has one
    copies: cells to leave out, as they add nothing to the cell of that `grade_id`
    split_answers: the position of each answer that was split off, and the cell that it was in
    """

    def __init__(self, cells: list[SubmittedCell], version: Version) -> None:
        """Match `cells` with those of `version`."""
        self.cells = cells
        self.version = version
        self.matched: dict[int, SubmittedCell] = {}
        self.copies: dict[SubmittedCell, str] = {}
        self.split_answers: list[tuple[int, SubmittedCell]] = []
        self._unique_names = unique_names(version)
        self._released_keys = [key(cell.released) for cell in version.cells]
        self._positions = {cell.grade_id: position for position, cell in enumerate(version.cells) if cell.grade_id}
        self._match_exact_text()
        self._match_grade_ids()
        self._match_answers_by_names()
        self._match_repeated_text_in_place()
        self._match_edited_marked_cells()
        self._match_edited_unmarked_cells()
        self._match_answers_in_place()
        self._match_replaced_displays()
        self._split_merged_answers()
        self._find_copies()

    def answered_elsewhere(self, position: int) -> bool:
        """Whether a cell that stays in the notebook binds a name by which this answer is known."""
        names = self._unique_names[position]
        return any(names & bound_names(cell.source) for cell in self.cells if cell not in self.copies)

    def cells_of_another_notebook(self) -> list[str]:
        """The grade_ids of another notebook's cells, where the submission is most likely that notebook; else none.

        So it is where those are more than the cells of this one that it has by their grade_id or text, and of this
        one's marked cells half or more are missing. An answer that is matched by its place alone does not count.
        """
        left = [cell for cell in self._unmatched_cells() if cell not in self.copies and cell.grade_id]
        foreign = [cell for cell in left if cell.grade_id not in self._positions and cell.is_marked]
        marked = [position for position, cell in enumerate(self.version.cells) if cell.grade_id]
        own = [
            position
            for position in marked
            if (cell := self.matched.get(position))
            and (cell.grade_id == self.version.cells[position].grade_id or not self.version.cells[position].solution)
        ]
        graded = any(cell.marks.get("grade") or cell.marks.get("task") for cell in foreign)
        if graded and len(foreign) > len(own) and 2 * len(own) <= len(marked):
            return [str(cell.grade_id) for cell in foreign]
        return []

    def _unmatched_positions(self, wanted: Callable[[InstructorCell], bool]) -> list[int]:
        return [n for n, cell in enumerate(self.version.cells) if n not in self.matched and wanted(cell)]

    def _unmatched_cells(self) -> list[SubmittedCell]:
        taken = set(self.matched.values())
        return [cell for cell in self.cells if cell not in taken]

    def _without_duplicates(self, cells: Iterable[SubmittedCell]) -> list[SubmittedCell]:
        """Those of the cells that do not claim the grade_id of a cell which is matched already."""
        return [cell for cell in cells if self._positions.get(cell.grade_id or "") not in self.matched]

    def _between_neighbors(self, position: int) -> list[SubmittedCell]:
        """The unmatched cells between the nearest matched neighbors of the instructor's cell at `position`.

        Empty where the student has those two neighbors in the other order.
        """
        index = {cell: n for n, cell in enumerate(self.cells)}
        low = max((n for n in self.matched if n < position), default=None)
        high = min((n for n in self.matched if n > position), default=None)
        start = -1 if low is None else index[self.matched[low]]
        end = len(self.cells) if high is None else index[self.matched[high]]
        return [cell for cell in self._without_duplicates(self._unmatched_cells()) if start < index[cell] < end]

    def _match_exact_text(self) -> None:
        """Match cells other than answers whose text is as released, where only one of the version has that text.

        A short text (`plt.show()`) is not enough where the cell has the grade_id of another cell. Of several copies
        the one with the right grade_id is taken, else the first.
        """
        times = Counter(self._released_keys)
        cells_of: dict[str, list[SubmittedCell]] = {}
        for cell in self.cells:
            cells_of.setdefault(cell.key, []).append(cell)
        for position in self._unmatched_positions(lambda cell: not cell.solution):
            wanted, text = self.version.cells[position], self._released_keys[position]
            if not text or times[text] > 1:
                continue
            same = [
                cell
                for cell in cells_of.get(text, [])
                if is_distinctive(text)
                or cell.grade_id in (None, wanted.grade_id)
                or cell.grade_id not in self._positions
            ]
            if same:
                marked = [cell for cell in same if cell.grade_id == wanted.grade_id]
                self.matched[position] = (marked or same)[0]

    def _match_grade_ids(self) -> None:
        """Match cells by the grade_id that they claim.

        Where several claim one: the most similar text for the instructor's own cells; for answers the last that is
        neither empty nor as released, as it runs last; of equal ones at the end, the first.
        """
        claims: dict[int, list[SubmittedCell]] = {}
        for cell in self._unmatched_cells():
            position = self._positions.get(cell.grade_id or "")
            if position is not None and not self._answers_another(position, cell):
                claims.setdefault(position, []).append(cell)
        for position, cells in claims.items():
            if position in self.matched:
                continue
            wanted = self.version.cells[position]
            if not wanted.solution:
                self.matched[position] = max(cells, key=lambda cell: similarity(cell.source, wanted.released))
                continue
            answers = [cell for cell in cells if cell.key not in ("", self._released_keys[position])] or cells
            last = len(answers) - 1
            while last and answers[last - 1].key == answers[-1].key:
                last -= 1
            self.matched[position] = answers[last]

    def _answers_another(self, position: int, cell: SubmittedCell) -> bool:
        """Whether a cell claims to be the one at `position`, but answers another exercise.

        It does where it binds all names that only the other answer binds, and has no sign of the one it claims: for
        an answer none of its names, which another cell binds; for other cells no similar text.
        """
        names = bound_names(cell.source)
        wanted = self.version.cells[position]
        others = (
            unique for n, unique in enumerate(self._unique_names) if n != position and self.version.cells[n].solution
        )
        if not names or not any(unique and unique <= names for unique in others):
            return False
        if wanted.solution:
            unique = self._unique_names[position]
            better = (other for other in self.cells if other is not cell and unique & bound_names(other.source))
            return not names_bound_by(wanted) & names and any(better)
        return similarity(cell.source, wanted.released) < _SAME_EXERCISE

    def _match_answers_by_names(self) -> None:
        """Match answers whose metadata is lost with the cell that binds names which only this answer binds.

        Of several: one that is not as released, then the one with most of the names, the most similar, the last.
        """
        for position in self._unmatched_positions(lambda cell: cell.solution):
            unique, wanted = self._unique_names[position], self.version.cells[position]
            candidates = []
            for order, cell in enumerate(self._unmatched_cells()):
                if shared := len(unique & bound_names(cell.source)):
                    answered = cell.key != self._released_keys[position]
                    candidates.append((answered, shared, similarity(cell.source, wanted.released), order, cell))
            if candidates:
                self.matched[position] = max(candidates, key=lambda candidate: candidate[:4])[-1]

    def _match_repeated_text_in_place(self) -> None:
        """Match texts that the version has several times (`plt.show()`) by their place."""
        for position in self._unmatched_positions(lambda cell: not cell.solution):
            text = self._released_keys[position]
            same = [cell for cell in self._between_neighbors(position) if cell.key == text]
            if text and same:
                self.matched[position] = same[0]

    def _match_edited_marked_cells(self) -> None:
        """Match tests and given cells that were edited and lost their grade_id: a similar text in the right place.

        One that was also moved has to be more similar, and long enough to be recognized by its text.
        """
        for position in self._unmatched_positions(lambda cell: cell.grade_id is not None and not cell.solution):
            released = self.version.cells[position].released
            near = _most_similar(self._between_neighbors(position), released, _IN_PLACE)
            anywhere = (
                _most_similar(self._without_duplicates(self._unmatched_cells()), released, _ANYWHERE)
                if is_distinctive(released)
                else None
            )
            if cell := near or anywhere:
                self.matched[position] = cell

    def _match_edited_unmarked_cells(self) -> None:
        """Match cells that nbgrader does not mark, and that students may edit: in place, by text, else by names."""
        for position in self._unmatched_positions(lambda cell: cell.grade_id is None):
            wanted = self.version.cells[position]
            between = [cell for cell in self._between_neighbors(position) if cell.cell_type == wanted.cell_type]
            same_names = [cell for cell in between if names_bound_by(wanted) & bound_names(cell.source)]
            edited = _most_similar(between, wanted.released, _UNMARKED_IN_PLACE)
            if cell := edited or (same_names[0] if same_names else None):
                self.matched[position] = cell

    def _match_answers_in_place(self) -> None:
        """Match answers that have no names to be known by: free text, or an expression.

        Taken is, of the cells of the right type in the right place, the one that is not as released, then the most
        similar to the released text or to the reference, then the last; or a cell of any type that is the only one
        left. An answer that was to bind a name and does not has to be similar.
        """
        for position in self._unmatched_positions(lambda cell: cell.solution):
            wanted = self.version.cells[position]
            between = [cell for cell in self._between_neighbors(position) if cell.source.strip()]
            same_type = [cell for cell in between if cell.cell_type == wanted.cell_type]
            remaining = between or [
                cell for cell in self._without_duplicates(self._unmatched_cells()) if cell.source.strip()
            ]
            candidates = same_type or (remaining if len(remaining) == 1 else [])
            scored = [
                (
                    cell.key != self._released_keys[position],
                    max(similarity(cell.source, text) for text in (wanted.released, wanted.source)),
                    order,
                    cell,
                )
                for order, cell in enumerate(candidates)
            ]
            if likely := [one for one in scored if one[1] >= _SAME_EXERCISE or not self._unique_names[position]]:
                self.matched[position] = max(likely, key=lambda score: score[:3])[-1]

    def _match_replaced_displays(self) -> None:
        """Match unmarked cells that bind nothing with the first code cell left in their place.

        They only show something (`model.summary()`), so what the student shows there stands for them.
        """
        for position in self._unmatched_positions(lambda cell: cell.grade_id is None and not names_bound_by(cell)):
            if self.version.cells[position].cell_type == "code":
                code = [cell for cell in self._between_neighbors(position) if cell.cell_type == "code"]
                if code:
                    self.matched[position] = code[0]

    def _split_merged_answers(self) -> None:
        """Split off each answer that stands in one cell with another answer, above or below it.

        The cell is cut before the first line that binds a name of the lower answer, and only where then each part
        has the names of its own answer.
        """
        for position in self._unmatched_positions(lambda cell: cell.solution):
            names = self._unique_names[position]
            for other, cell in list(self.matched.items()):
                if not self.version.cells[other].solution or not names & bound_names(cell.source):
                    continue
                if parts := split_at(cell, names):
                    rest, answer = (replace(cell, source=part) for part in parts)
                    both = [rest, answer]
                elif parts := split_at(cell, self._unique_names[other]):
                    answer, rest = (replace(cell, source=part) for part in parts)
                    both = [answer, rest]
                else:
                    continue
                lost = self._unique_names[other] & bound_names(cell.source) - bound_names(rest.source)
                if lost or not names & bound_names(answer.source):
                    continue
                answer.marks, answer.is_part = {}, True
                index = self.cells.index(cell)
                self.cells[index : index + 1] = both
                self.matched[other], self.matched[position] = rest, answer
                self.split_answers.append((position, cell))
                break

    def _find_copies(self) -> None:
        """Find the copies of matched cells among the other cells.

        A copy is as released, or equal to the matched cell whose grade_id it has. It must not run: a copy of an
        answer's released text, further down, would undo the answer.
        """
        for cell in self._unmatched_cells():
            text = cell.key
            for position, matched in self.matched.items():
                wanted, released = self.version.cells[position], self._released_keys[position]
                claims = cell.grade_id is not None and cell.grade_id == wanted.grade_id
                is_known = claims or is_distinctive(text) or bool(self._unique_names[position] & bound_names(text))
                if wanted.grade_id is None or not is_known:
                    continue
                if text == released or (claims and text == matched.key):
                    self.copies[cell] = wanted.grade_id
                    break


def _most_similar(cells: list[SubmittedCell], text: str, at_least: float) -> SubmittedCell | None:
    """The cell whose source is most similar to `text`; None where none is as similar as `at_least` (of 100)."""
    scored = [(similarity(cell.source, text, at_least), cell) for cell in cells]
    best, cell = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return cell if best > 0 else None

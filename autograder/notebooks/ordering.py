"""In which order the mended notebook's cells stand."""

from dataclasses import dataclass

from autograder.notebooks.cell_text import needs
from autograder.notebooks.instructor_version import InstructorCell, Version
from autograder.notebooks.reading import SubmittedCell


@dataclass(eq=False)
class Place:
    """A cell to be: the student's, the instructor's at `position` in the version, or both."""

    position: int | None
    cell: SubmittedCell | None


def insert(places: list[Place], position: int, version: Version) -> Place:
    """Put the instructor's cell at `position` back among `places`, next to its neighbours in the version.

    It goes right after the one before it; a grade cell also after the student's own cells there, which may belong to
    the answer.
    """
    before = [place for place in places if place.position is not None and place.position < position]
    new = Place(position, None)
    index = 0
    if before:
        index = places.index(max(before, key=lambda place: place.position or 0)) + 1
        if version.cells[position].grade:
            while index < len(places) and places[index].position is None:
                index += 1
    places.insert(index, new)
    return new


def arrange(places: list[Place], version: Version) -> tuple[list[Place], list[Place]]:
    """The places in the student's order, but no instructor's code before what it needs, nor after what needs it.

    Returns the places, and those of them that had to move.
    """
    needed = needs(version)
    present = {place.position: place for place in places if place.position is not None}
    done: set[int] = set()
    result: list[Place] = []
    moved: list[Place] = []
    held: list[Place] = []

    def put(place: Place) -> None:
        if place not in result_set:
            result.append(place)
            result_set.add(place)
            if place.position is not None:
                done.add(place.position)

    def is_ready(place: Place) -> bool:
        return all(other in done or other not in present for other in needed[place.position or 0])

    def release() -> None:
        for place in sorted(held, key=lambda place: place.position or 0):
            if is_ready(place):
                held.remove(place)
                put(place)

    result_set: set[Place] = set()
    for place in places:
        if place in result_set:
            continue
        if place.position is not None:
            release()
            cell = version.cells[place.position]
            if is_fixed(cell) and not is_ready(place):
                held.append(place)
                moved.append(place)
                continue
            for other in sorted(needed[place.position]):
                earlier = present.get(other)
                if earlier and other not in done and is_fixed(version.cells[other]) and is_ready(earlier):
                    if earlier in held:
                        held.remove(earlier)
                    else:
                        moved.append(earlier)
                    put(earlier)
        put(place)
    release()
    for place in sorted(held, key=lambda place: place.position or 0):
        put(place)
    return result, moved


def is_fixed(cell: InstructorCell) -> bool:
    """Whether the cell is the instructor's code: what the student makes of it does not count."""
    return cell.cell_type == "code" and not cell.solution and (cell.grade or cell.locked)

"""Files by digest: made of bytes once, while they are used, and no more of them than there is room for."""

import hashlib
from contextlib import closing
from pathlib import Path

import pytest

from autograder.grading.contents import Contents, Digests, NoRoom, WrongContent


def contents(*texts: bytes) -> dict[str, str | bytes]:
    return {hashlib.sha256(text).hexdigest(): text for text in texts}


def test_bytes_become_a_file_and_a_path_stays_what_it_is() -> None:
    with closing(Contents()) as kept:
        wanted: dict[str, str | bytes] = {**contents(b"data"), "0" * 64: "/data/given.csv"}
        with kept.at_hand(wanted) as places:
            assert Path(places[next(iter(wanted))]).read_bytes() == b"data"
            assert places["0" * 64] == "/data/given.csv"
    assert not Path(places[next(iter(wanted))]).exists()


def test_what_is_used_stays_and_what_was_unused_longest_goes_first() -> None:
    first, second, third = b"a" * 6, b"b" * 6, b"c" * 6
    with closing(Contents(kept=12)) as kept:
        with kept.at_hand(contents(first)) as one:
            with kept.at_hand(contents(second)) as other, kept.at_hand(contents(third)) as another:
                pass
            assert all(Path(path).exists() for places in (one, other, another) for path in places.values())
            with kept.at_hand(contents(second)):
                pass
        there = [Path(path).exists() for places in (one, other, another) for path in places.values()]
        assert there == [False, True, True]
        with kept.at_hand(contents(first)) as again:
            assert Path(*again.values()).read_bytes() == first


def test_what_is_used_again_goes_later() -> None:
    first, second = b"a" * 6, b"b" * 6
    with closing(Contents(kept=12)) as kept:
        paths = []
        for content in (first, second, first, b"c" * 6):
            with kept.at_hand(contents(content)) as places:
                paths += [Path(path) for path in places.values()]
        assert [path.exists() for path in paths] == [True, False, True, True]


def test_bytes_of_another_digest_are_refused() -> None:
    with closing(Contents()) as kept:
        with pytest.raises(WrongContent, match=r"6 bytes"), kept.at_hand({"0" * 64: b"forged"}):
            pytest.fail("it was taken")
        with kept.at_hand(contents(b"forged")):
            pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_where_there_is_no_room_that_is_said_and_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written goes to /dev/full, which refuses it as a full disk does."""
    write = Path.write_bytes
    with closing(Contents()) as kept:
        monkeypatch.setattr(Path, "write_bytes", lambda path, data: (path.symlink_to("/dev/full"), write(path, data)))
        with pytest.raises(NoRoom, match="no room for a file of 4 bytes"), kept.at_hand(contents(b"data")):
            pytest.fail("it was stored")
        monkeypatch.undo()
        with kept.at_hand(contents(b"data")) as places:
            assert [path.name for path in Path(*places.values()).parent.iterdir()] == [*places]


def test_a_digest_is_of_the_file_and_of_no_link(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"data")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert Digests().of(str(tmp_path / "data")) == hashlib.sha256(b"data").hexdigest()
    with pytest.raises(OSError, match="link"):
        Digests().of(str(tmp_path / "link"))

"""The library's memory is written to only where it holds what was just reported."""

import ctypes

import pytest

from ivr.channels.pjsua2.last_event import _OFFSETS, LastEvent

VERSION, MACHINE = next(iter(_OFFSETS))
OFFSET = _OFFSETS[VERSION, MACHINE]


class Memory:
    """A pjmedia_stream as far as its last event goes."""

    def __init__(self, *fields: int) -> None:
        self.bytes = ctypes.create_string_buffer(OFFSET + 64)
        self.fields = (ctypes.c_int * 5).from_buffer(self.bytes, OFFSET)
        self.fields[:] = fields

    @property
    def address(self) -> int:
        return ctypes.addressof(self.bytes)


@pytest.fixture(autouse=True)
def _this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: MACHINE)


def test_what_was_reported_is_forgotten() -> None:
    memory = Memory(101, -1, 0, 0, 0)
    last = LastEvent(memory.address, VERSION)
    memory.fields[:] = (101, 11, 480, 1, 0)
    last.forget("#", 60)
    assert list(memory.fields) == [101, -1, 480, 1, 0]
    assert last.known


@pytest.mark.parametrize(
    "fields", [(101, 5, 800, 0, 0), (101, 5, 480, 7, 0), (101, 99, 480, 1, 0), (101, 6, 480, 1, 0)]
)
def test_what_is_not_as_reported_is_left_alone_for_good(fields: tuple[int, ...]) -> None:
    memory = Memory(101, -1, 0, 0, 0)
    last = LastEvent(memory.address, VERSION)
    memory.fields[:] = fields
    last.forget("5", 60)
    assert tuple(memory.fields) == fields
    assert not last.known


@pytest.mark.parametrize("fields", [(0, -1, 0, 0, 0), (101, 0, 0, 0, 0), (101, -1, 0, 0, 3)])
def test_a_beginning_that_looks_otherwise_is_another_layout(fields: tuple[int, ...]) -> None:
    memory = Memory(*fields)
    last = LastEvent(memory.address, VERSION)
    last.forget("5", 60)
    assert not last.known
    assert tuple(memory.fields) == fields


def test_another_version_is_not_looked_at() -> None:
    assert not LastEvent(0, "2.16").known

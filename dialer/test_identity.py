"""The name of a dialer tells whether its process still lives."""

import subprocess
import sys

from dialer.identity import is_gone, is_of_this_machine, own_name


def test_every_dialer_of_this_process_lives() -> None:
    assert len({own_name(), own_name(1), own_name(2)}) == 2
    for name in (own_name(), own_name(2)):
        assert is_of_this_machine(name)
        assert not is_gone(name)


def test_a_process_that_ended_is_gone_and_so_is_one_whose_number_was_used_again() -> None:
    ask = "from dialer.identity import own_name; print(own_name()); print(own_name(2))"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert all(is_gone(name) for name in told.stdout.split())
    place, pid, start = own_name().split(":")
    assert is_gone(f"{place}:{pid}:{int(start) - 1}")
    assert is_gone(f"{place}:{pid}:{int(start) - 1}:2")


def test_what_another_machine_does_is_not_known() -> None:
    _, pid, start = own_name().split(":")
    assert not is_gone(f"elsewhere/1:{pid}:{int(start) - 1}")
    assert not is_gone("nonsense")

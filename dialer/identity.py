"""Who a dialer process is: a name that tells, on its own machine, whether it still lives.

``host/pid-space:pid:start`` - a process id alone may be used again, its start time may not, and
two containers of one host do not see each other's processes. A further dialer of the same process,
started after the first one failed, has its number behind it: ``:2``.
"""

import os
import socket
from pathlib import Path


def own_name(life: int = 1) -> str:
    """Return the name of this process, or of the dialer that is the `life`-th in it."""
    pid = os.getpid()
    name = f"{_place()}:{pid}:{_start_of(pid)}"
    return name if life == 1 else f"{name}:{life}"


def is_gone(name: str) -> bool:
    """True where `name` was a process of this machine and surely is no more.

    Processes of other machines are not known: False.
    """
    place, pid, start, *_ = *name.split(":"), "", ""
    if place != _place() or not pid.isdigit():
        return False
    return _start_of(int(pid)) != start


def is_of_this_machine(name: str) -> bool:
    """True where `name` is, or was, a process of this machine, in whichever container."""
    return name.partition("/")[0] == socket.gethostname()[:60]


def _place() -> str:
    try:
        space = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        space = "0"
    return f"{socket.gethostname()}/{space}"[:60]


def _start_of(pid: int) -> str:
    """Return the start of a process in clock ticks since boot (proc(5), stat, field 22)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    if fields[0] in ("Z", "X"):
        return ""  # dead, only not buried yet
    return fields[19]

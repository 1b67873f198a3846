"""The nursery: a small process that has everything loaded and forks line processes.

Forked lines share the loaded library's memory and start in a few milliseconds. It carries no
call: when it dies, the lines live on and the pool starts another one.

Run as ``python -m ivr.channels.sip.nursery FD ENGINE``; through that socket come one-byte
messages, each with the line's end of a socket as SCM_RIGHTS.
"""

import array
import gc
import os
import signal
import socket
import sys

# One thread for each line process is enough for its few tones; and threads do not survive a fork.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from ivr.channels.sip.line import Line
from ivr.channels.sip.stack import StackMaker, load

ORPHAN_SECONDS = 5


def main(descriptor: int, engine: str) -> None:
    """Fork a line for every socket received, until the house goes."""
    make_stack = load(engine)  # here, so that the lines share it
    house = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C drains; the house decides
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    gc.collect()
    gc.freeze()  # a collection in a line must not touch, and so copy, shared pages
    house.sendall(b"!")
    children: list[int] = []
    while True:
        message, ancillary, _, _ = house.recvmsg(1, socket.CMSG_SPACE(4))
        if not message:
            break
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                (line_end,) = array.array("i", data)
                children.append(_fork(house, line_end, make_stack))
                os.close(line_end)
    _see_off(children)


def _fork(house: socket.socket, line_end: int, make_stack: StackMaker) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        house.close()
        line = Line(socket.socket(fileno=line_end), make_stack)  # held until the process has ended
        line.run()
        status = 0
    finally:
        # No clean-up of Python's: the stack's objects must not be collected in any odd order.
        os._exit(status)


def _see_off(children: list[int]) -> None:
    """The house is gone: its lines say goodbye by themselves; end those that hang."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.alarm(ORPHAN_SECONDS + 5)
    import time

    until = time.monotonic() + ORPHAN_SECONDS
    left = set(children)
    while left and time.monotonic() < until:
        for child in list(left):
            if not os.path.exists(f"/proc/{child}"):  # noqa: PTH110 - pathlib is not loaded here
                left.discard(child)
            else:
                try:
                    if os.waitpid(child, os.WNOHANG)[0]:
                        left.discard(child)
                except ChildProcessError:
                    left.discard(child)
        time.sleep(0.05)
    for child in left:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

"""Answering an INFO (RFC 6086) that pjsua does not know itself.

pjsua2 has no way to answer a request inside a call that it does not know: it lets the application
look and then sends 500 (pjsip_dialog.c, "Unhandled by dialog usages"). The library below it has,
and it is loaded already; where a build does not show it, the sender gets its 500 and the key
counts all the same.
"""

import ctypes
from functools import cache
from typing import Any

import pjsua2 as pj


@cache
def _library() -> Any:
    try:
        library = ctypes.CDLL(pj._pjsua2.__file__)
        library.pjsip_tsx_get_dlg.restype = ctypes.c_void_p
        library.pjsip_tsx_get_dlg.argtypes = [ctypes.c_void_p]
        library.pjsip_dlg_respond.restype = ctypes.c_int
        library.pjsip_dlg_respond.argtypes = [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_int,
            *[ctypes.c_void_p] * 3,
        ]
    except (AttributeError, OSError):
        return None
    return library


def answer_ok(state: Any) -> bool:
    """Answer the request of a transaction's event (``tsxState``) with 200; True where it went."""
    library = _library()
    if library is None:
        return False
    transaction, request = int(state.tsx.pjTransaction), int(state.src.rdata.pjRxData)
    dialog = library.pjsip_tsx_get_dlg(transaction)
    if not dialog or not request:
        return False
    return bool(library.pjsip_dlg_respond(dialog, request, 200, None, None, None) == 0)

"""Signatures of requests, as HTTP gateways want them. Pure."""

import base64
import hashlib
import hmac

from ivr.texting.gateways.http.description import Signature
from ivr.texting.gateways.http.templates import Scope, template


def signed(signature: Signature, scope: Scope) -> str:
    """Return the signature over what `scope` makes of its templates. Raises TemplateFault."""
    over = template(signature.over)(scope).encode()
    name = signature.algorithm.removeprefix("hmac-")
    if signature.key:
        first, *more = (template(key)(scope).encode() for key in signature.key)
        key = first
        for derived in more:
            key = hmac.new(key, derived, name).digest()
        digest = hmac.new(key, over, name).digest()
    else:
        digest = hashlib.new(name, over).digest()
    if signature.encoding == "base64":
        return base64.b64encode(digest).decode()
    return digest.hex().upper() if signature.encoding == "HEX" else digest.hex()

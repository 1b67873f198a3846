"""How a number is written to a trunk, and how a trunk is written to a line. Pure."""

from core.phone import written
from core.trunk import Trunk
from ivr.channels.sip.protocol import LineTrunk


def target(trunk: Trunk) -> str:
    """Return host, port and parameters of the trunk's URI."""
    return trunk.uri.removeprefix("sips:").removeprefix("sip:").rpartition("@")[2]


def domain(trunk: Trunk) -> str:
    """Return the domain of From and of the registration."""
    if trunk.domain:
        return trunk.domain
    return target(trunk).partition(";")[0]


def transfer_target(to: str, trunk: Trunk) -> str:
    """Return the Refer-To URI for a number or a SIP URI."""
    if to.startswith(("sip:", "sips:")):
        return to
    return f"sip:{written(to, trunk.number_format)}@{target(trunk)}"


def line_trunk(trunk: Trunk, *, registers: bool) -> LineTrunk:
    """Return what a line needs of `trunk`; only the line that `registers` registers."""
    host = domain(trunk)
    user = trunk.caller_id or trunk.username
    shown = trunk.display_name.replace("\\", "\\\\").replace('"', '\\"')
    identity = f"<sip:{user}@{host}>" if user else f"<sip:{host}>"
    if trunk.register and trunk.username and not trunk.caller_id:
        identity = f"<sip:{trunk.username}@{host}>"
    proxy = trunk.outbound_proxy
    if proxy and not proxy.startswith(("sip:", "sips:")):
        proxy = f"sip:{proxy}"
    if proxy and ";lr" not in proxy:
        proxy += ";lr"
    if proxy and trunk.transport != "udp" and "transport=" not in proxy:
        proxy += f";transport={trunk.transport}"
    registrar = f"sip:{target(trunk)}" if registers and trunk.register else ""
    if registrar and trunk.transport != "udp" and "transport=" not in registrar:
        registrar += f";transport={trunk.transport}"
    return LineTrunk(
        name=trunk.name,
        target=target(trunk),
        transport=trunk.transport,
        identity=f'"{shown}" {identity}' if shown else identity,
        registrar=registrar,
        username=trunk.username,
        password=trunk.password,
        outbound_proxy=proxy,
        codecs=list(trunk.codecs),
        dtmf=trunk.dtmf,
        tls_verify=trunk.tls_verify,
        tls_ca_file=trunk.tls_ca_file,
    )

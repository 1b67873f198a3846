"""Kamailio as a trunk: digest authentication, registrar, UDP, TCP and TLS, on loopback."""

import asyncio
import subprocess
from pathlib import Path

from tests.peers.ports import free_port

CONFIG = """
debug=1
log_stderror=yes
fork=no
children=1
auto_aliases=no
server_header="Server: trunk"
listen=udp:127.0.0.1:{port}
{more}
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
{tls}
request_route {{
    if (is_method("OPTIONS") && !has_totag()) {{ sl_send_reply("200", "OK"); exit; }}
    if (has_totag()) {{ loose_route(); t_relay(); exit; }}
    if (is_method("CANCEL")) {{ t_relay(); exit; }}
    if (is_method("ACK")) {{ exit; }}
    if (is_method("INVITE") && $rU == "house") {{
        if (!lookup("location")) {{ sl_send_reply("404", "Not registered"); exit; }}
        t_relay(); exit;
    }}
    if (!pv_auth_check("{realm}", "{password}", "0", "0")) {{
        auth_challenge("{realm}", "0"); exit;
    }}
    if (is_method("REGISTER")) {{
        xlog("L_ERR", "REGISTERED $fU by $ct\\n");
        save("location"); exit;
    }}
    remove_hf("Proxy-Authorization");
    record_route();
    $du = "{next_hop}";
    t_relay();
}}
"""


class Kamailio:
    """A Kamailio process that authenticates, registers, and passes calls on to `next_hop`; those
    for ``house`` to where that user was registered from."""

    def __init__(self, folder: Path, next_hop: str, *, tls: bool = False) -> None:
        self._folder = folder / "kamailio"
        self._folder.mkdir()
        self._next_hop = next_hop
        self.port = free_port()
        self.tls_port = self.port + 1
        self.password = "öffentlich-7".encode("ascii", "ignore").decode()
        self._tls = tls
        self.authority = self._folder / "ca.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self._folder / "log"

    async def __aenter__(self) -> "Kamailio":
        more = tls = ""
        if self._tls:
            await asyncio.to_thread(self._certify)
            more = f"enable_tls=yes\nlisten=tls:127.0.0.1:{self.tls_port}"
            key, cert = self._folder / "key.pem", self._folder / "cert.pem"
            tls = (
                'loadmodule "tls.so"\nmodparam("tls", "tls_method", "TLSv1.2")\n'
                f'modparam("tls", "private_key", "{key}")\n'
                f'modparam("tls", "certificate", "{cert}")\n'
            )
        config = self._folder / "kamailio.cfg"
        config.write_text(
            CONFIG.format(
                port=self.port,
                more=more,
                tls=tls,
                realm="trunk.example",
                password=self.password,
                next_hop=self._next_hop,
            )
        )
        command = ["kamailio", "-DD", "-E", "-f", str(config), "-Y", str(self._folder)]
        command += ["-P", str(self._folder / "pid"), "-m", "32", "-M", "4"]
        with self._log.open("wb") as log:
            self._process = await asyncio.to_thread(
                subprocess.Popen, command, stdout=log, stderr=log, start_new_session=True
            )
        wanted = f"0100007F:{self.port:04X}"
        try:
            async with asyncio.timeout(15):
                while wanted not in Path("/proc/net/udp").read_text():
                    assert self._process.poll() is None, self.log()
                    await asyncio.sleep(0.05)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    def _certify(self) -> None:
        def openssl(*words: str) -> None:
            subprocess.run(["openssl", *words], cwd=self._folder, check=True, capture_output=True)

        (self._folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:127.0.0.1\n")
        openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=Test authority"),
        )
        openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem"),
            *("-out", "request.pem", "-subj", "/CN=127.0.0.1"),
        )
        openssl(
            *("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem"),
            *("-CAcreateserial", "-out", "cert.pem", "-days", "2", "-extfile", "san"),
        )

    def log(self) -> str:
        """Return what it wrote."""
        return self._log.read_text(errors="replace")

    async def __aexit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            try:
                await asyncio.to_thread(self._process.wait, 5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)

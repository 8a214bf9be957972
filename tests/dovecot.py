"""A throwaway Dovecot on loopback: real IMAP for tests and soak programs.

Works as root (mail belongs to `nobody`) and as an ordinary user. Nothing outside its own
temporary folder is read or written. Use it as a context manager:

    with Dovecot() as server:
        server.deliver(b"Subject: hello\r\n\r\nhi\r\n", user="inbox@example.org")
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from imapclient import IMAPClient, imap_utf7

from tests.certificates import make_certificates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.oauth_stub import Issuer

PASSWORD = "correct-horse"  # of every user who has none of their own
USER = "inbox@example.org"
# What Dovecot 2.3 offers after login; tests take single words out of it.
CAPABILITIES = (
    "IMAP4rev1 SASL-IR LITERAL+ LOGIN-REFERRALS ID ENABLE IDLE UNSELECT CHILDREN NAMESPACE "
    "UIDPLUS LIST-EXTENDED CONDSTORE QRESYNC ESEARCH MOVE SPECIAL-USE"
)
_START_TIMEOUT_S = 10.0
_counter = itertools.count(1)


def available() -> bool:
    """Whether a Dovecot server is installed."""
    return shutil.which("dovecot") is not None or Path("/usr/sbin/dovecot").exists()


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dovecot:
    """One server with its own configuration, users and ports.

    `port` speaks IMAP and STARTTLS, `tls_port` IMAPS. `without` takes words out of the
    capabilities that the server offers after login ("IDLE", "MOVE", "UIDPLUS").
    `plaintext=False` refuses a login before STARTTLS. `separator` and `prefix` are those of
    everybody's folders. With an `issuer` its tokens are taken too; with a `relay_port` mail can be
    submitted at `submission_port`, and goes on to that port. `sessions`: so many at once, where
    that is more than a hundred.
    """

    def __init__(
        self,
        *,
        without: Iterable[str] = (),
        plaintext: bool = True,
        separator: str = "/",
        prefix: str = "",
        certificate_names: str = "DNS:localhost,IP:127.0.0.1",
        issuer: Issuer | None = None,
        relay_port: int = 0,
        sessions: int = 0,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
        self.port = free_port()
        self.tls_port = free_port()
        self.submission_port = free_port()
        self._issuer = issuer
        self._relay_port = relay_port
        self._sessions = sessions
        self._without = frozenset(without)
        self._plaintext = plaintext
        self._separator = separator
        self._prefix = prefix
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = _mail_owner()
        self.folder.chmod(0o755)  # the mail user must get through
        self.certificates = make_certificates(self.folder / "tls", certificate_names)
        self._users = self.folder / "users"
        self._users.write_text("")
        (self.folder / "dovecot.conf").write_text(self._configuration() + self._more())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.remove()

    # Life of the server

    def start(self) -> None:
        """Start and wait for the greeting; the same ports after `stop()`."""
        binary = shutil.which("dovecot") or "/usr/sbin/dovecot"
        with (self.folder / "stderr").open("ab") as errors:
            self._process = subprocess.Popen(
                [binary, "-F", "-c", str(self.folder / "dovecot.conf")],
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._greets():
            if time.monotonic() > deadline or self._process.poll() is not None:
                message = f"Dovecot did not start:\n{self.log()}"
                raise RuntimeError(message)
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end, as a restart of the service does: sessions are told BYE."""
        children = self._children()
        self._signal(signal.SIGTERM)
        _signal_all(children, signal.SIGTERM)  # or sessions would be left alone for 30 s
        self._reap()

    def kill(self) -> None:
        """End it at once, the master before its children, as a power cut would."""
        children = self._children()
        self._signal(signal.SIGKILL)
        _signal_all(children, signal.SIGKILL)
        self._reap()
        while self._accepts():
            time.sleep(0.01)

    def remove(self) -> None:
        """Delete everything it had on disk."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What the server said, for the message of a failing test."""
        files = [self.folder / "stderr", self.folder / "log"]
        return "\n".join(f.read_text(errors="replace") for f in files if f.exists())

    # Users and mail

    def add_user(self, user: str, password: str) -> None:
        """Give somebody a password of their own; call it before `start()`.

        Every other name can log in with PASSWORD and has an empty mailbox.
        """
        with self._users.open("a") as users:
            users.write(f"{user}:{{PLAIN}}{password}\n")

    def new_mailbox(self) -> Mailbox:
        """An empty mailbox of a new user."""
        return Mailbox(server=self, user=f"user{next(_counter)}@example.org")

    def deliver(self, content: bytes, folder: str = "INBOX", user: str = USER) -> None:
        """Put one message into a folder the way a delivery agent does: whole, by rename."""
        self.deliver_many([content], folder, user)

    def deliver_many(
        self, contents: Iterable[bytes], folder: str = "INBOX", user: str = USER
    ) -> None:
        """Deliver several messages; their UIDs follow the order given."""
        maildir = self.maildir(folder, user)
        for part in ("cur", "new", "tmp"):
            self._own_dir(maildir / part)
        for content in contents:
            # Dovecot numbers new files in the order of their names.
            name = f"{time.time_ns() // 1_000_000_000}.M{next(_counter):09d}P{os.getpid()}.test"
            temporary = maildir / "tmp" / name
            temporary.write_bytes(content)
            self._own(temporary)
            temporary.rename(maildir / "new" / name)

    def maildir(self, folder: str = "INBOX", user: str = USER) -> Path:
        """Where a folder lies on disk."""
        root = self.folder / "mail" / user
        if folder.upper() == "INBOX":
            return root
        encoded: bytes = imap_utf7.encode(folder)
        return root / f".{encoded.decode('ascii').replace('/', '.')}"

    @contextlib.contextmanager
    def session(self, user: str = USER, folder: str = "") -> Iterator[IMAPClient]:
        """A plain IMAPClient session beside the program's own, to look and to meddle."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20)
        try:
            client.login(user, PASSWORD)
            if folder:
                client.select_folder(folder)
            yield client
            client.logout()
        finally:
            with contextlib.suppress(OSError):
                client.shutdown()

    def create_folder(self, folder: str, user: str = USER) -> None:
        """Create a folder; made again after `delete_folder` it has a new UIDVALIDITY."""
        with self.session(user) as client:
            client.create_folder(folder)

    def delete_folder(self, folder: str, user: str = USER) -> None:
        """Delete a folder and all its mail."""
        with self.session(user) as client:
            client.delete_folder(folder)

    def renumber(self, folder: str = "INBOX", user: str = USER) -> None:
        """Number a folder anew, as after a restore from a backup: a new UIDVALIDITY, all mail.

        Nobody may have the folder open.
        """
        maildir = self.maildir(folder, user)
        for path in [maildir / "dovecot-uidlist", *maildir.glob("dovecot.index*")]:
            path.unlink(missing_ok=True)

    def expunge(self, uids: Iterable[int], folder: str = "INBOX", user: str = USER) -> None:
        """Remove messages as another person's mail program would."""
        with self.session(user, folder) as client:
            client.delete_messages(list(uids))
            client.expunge()

    def _signal(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)

    def _reap(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
        return True

    def _children(self) -> list[int]:
        if self._process is None:
            return []
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                return probe.recv(64).startswith(b"* OK")
        except OSError:
            return False

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _own_dir(self, path: Path) -> None:
        """Create a folder and its parents inside ours, all belonging to the mail user."""
        for part in [*reversed(path.relative_to(self.folder).parents), path]:
            full = self.folder / part
            if full != self.folder and not full.exists():
                full.mkdir(mode=0o700)
                self._own(full)

    def _more(self) -> str:
        """What few tests need: tokens, and a way in for mail."""
        text = ""
        if self._issuer:
            settings, authority = self.folder / "oauth2.conf", self.folder / "issuer.pem"
            authority.write_bytes(self._issuer.authority.read_bytes())  # where Dovecot may read it
            settings.write_text(
                f"introspection_url = {self._issuer.url}/introspect?token=\n"
                f"introspection_mode = get\ntls_ca_cert_file = {authority}\n"
                "username_attribute = username\n"
                "active_attribute = active\nactive_value = true\n"
            )
            text += _TOKENS.format(settings=settings)
        if self._relay_port:
            text += _SUBMISSION.format(port=self.submission_port, relay=self._relay_port)
        if self._sessions:
            text += _SESSIONS.format(imap=self._sessions + 50, clients=4 * self._sessions + 400)
        return text

    def _configuration(self) -> str:
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid()).pw_name
        capabilities = " ".join(w for w in CAPABILITIES.split() if w not in self._without)
        self._own_dir(self.folder / "mail")
        return _CONFIGURATION.format(
            folder=self.folder,
            port=self.port,
            tls_port=self.tls_port,
            plaintext="no" if self._plaintext else "yes",
            separator=self._separator,
            prefix=f"prefix = {self._prefix}" if self._prefix else "",
            capability=f"imap_capability = {capabilities}" if self._without else "",
            users=f"default_internal_user = {me}\ndefault_login_user = {me}" if not root else "",
            chroot="" if root else "  chroot =",
            uid=self._owner.pw_uid,
            gid=self._owner.pw_gid,
            certificate=self.certificates.certificate,
            key=self.certificates.key,
            password=PASSWORD,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One user's mail on a server, so that tests do not meet on it."""

    server: Dovecot
    user: str

    def deliver(self, *contents: bytes, folder: str = "INBOX") -> None:
        """Deliver messages in this order."""
        self.server.deliver_many(contents, folder, self.user)

    def session(self, folder: str = "") -> contextlib.AbstractContextManager[IMAPClient]:
        """A second session, to look and to meddle."""
        return self.server.session(self.user, folder)

    def create_folder(self, folder: str) -> None:
        """Create a folder."""
        self.server.create_folder(folder, self.user)

    def delete_folder(self, folder: str) -> None:
        """Delete a folder and its mail."""
        self.server.delete_folder(folder, self.user)

    def expunge(self, *uids: int, folder: str = "INBOX") -> None:
        """Remove messages as somebody else would."""
        self.server.expunge(uids, folder, self.user)


def _signal_all(pids: Iterable[int], how: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


def _mail_owner() -> pwd.struct_passwd:
    """Mail as uid 0 is refused by Dovecot, so as root it belongs to `nobody`."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
{users}
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = never
mail_max_userip_connections = 200
auth_failure_delay = 0
disable_plaintext_auth = {plaintext}
{capability}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
namespace inbox {{
  inbox = yes
  separator = {separator}
  {prefix}
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
{chroot}
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
{chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

_TOKENS = """
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {settings}
}}
"""

_SUBMISSION = """
protocols = imap submission
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
hostname = localhost
service submission-login {{
  inet_listener submission {{
    port = {port}
  }}
}}
"""

_SESSIONS = """
service imap {{
  process_limit = {imap}
}}
service imap-login {{
  service_count = 0
  client_limit = {clients}
  process_limit = 2
}}
service anvil {{
  client_limit = {clients}
}}
service auth {{
  client_limit = {clients}
}}
"""

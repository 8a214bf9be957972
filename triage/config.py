"""`triage.toml` as frozen values. Each part of the program receives only its own section.

Rules: every mistake is reported at once, each with its path; relative paths are relative to the
config file; a secret is never written in the file itself, only where to find it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - the loader reads these annotations at run time
from pathlib import Path
from typing import Literal

Security = Literal["tls", "starttls", "none"]
PageRole = Literal["read", "correct", "run"]  # each may do what those before it may


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a password lies: exactly one of these.

    Attributes:
        env: an environment variable.
        file: a file that only its owner may read.
        command: a program that prints it, with its arguments.
        keyring: an entry of the system's keyring, `service/user`.
    """

    env: str = ""
    file: Path | None = None
    command: tuple[str, ...] = ()
    keyring: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A store on a PostgreSQL server, which several programs may share.

    `url` is `postgresql://user@host:port/database`, with what libpq knows after a `?`; never with
    the password, which lies elsewhere (None: the server wants none).
    """

    url: str
    password: Secret | None = None

    def __str__(self) -> str:
        """The URL, which holds nothing secret."""
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthLogin:
    """A login with OAuth 2.0 tokens (RFC 6749), which accounts and the way out may share.

    Attributes:
        type: whose rules hold: Microsoft's, Google's, or those of the standards.
        client_id, client_secret: how this program is registered with the issuer.
        app_only: the program logs in as itself; else a person allows it once, `triage login`.
        tenant, authority: Microsoft's directory, and the cloud it is in.
        service_account: Google's key file of a program that logs in as itself.
        token_url, device_url, authorize_url: where a generic issuer answers.
        scopes: what is asked for; empty: mail by IMAP and SMTP.
        ca_file: trust this authority only, for an issuer of one's own.
    """

    type: Literal["microsoft", "google", "generic"]
    client_id: str = ""
    client_secret: Secret | None = None
    app_only: bool = False
    tenant: str = ""
    authority: str = "https://login.microsoftonline.com"
    service_account: Path | None = None
    token_url: str = ""
    device_url: str = ""
    authorize_url: str = ""
    scopes: tuple[str, ...] = ()
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterDecision:
    """What to change in the mailbox once a message is decided. Default: nothing.

    keyword: IMAP keyword (flag) set on escalated mail. move_to: folder for escalated mail.
    """

    keyword: str = ""
    move_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFolders:
    """Folders into which people move mail to say what it really is.

    Attributes:
        root: the folder around them; `/` between levels, whatever the server writes there.
        names: what a tag's folder is called below `root`, where not as the tag itself; `none`
            names the folder for mail without a tag.
        create: make those that are missing when the program starts.
        look_every_s: how often they are looked through; a move out of a watched folder is
            noticed sooner.
    """

    root: str = "Triage"
    names: dict[str, str] = field(default_factory=dict)
    create: bool = False
    look_every_s: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapAccount:
    """A mailbox on an IMAP server.

    It has a `password`, or a `login`: the name of an entry of `[logins]`. `since` (a date) or
    `everything` choose where the first start begins; without them: now. `connections`: how many
    at most are open at once, where that differs from `[limits]`. `policy`, `model`: this account's
    own, where it does not go by the ones at the top.
    """

    name: str
    host: str
    username: str
    password: Secret | None = None
    login: str = ""
    type: Literal["imap"] = "imap"
    port: int = 993
    security: Security = "tls"
    ca_file: Path | None = None
    folders: tuple[str, ...] = ("INBOX",)
    since: date | None = None
    everything: bool = False
    poll_interval_s: int = 240
    idle: bool = True
    timeout_s: int = 60
    connections: int | None = None
    policy: Path | None = None
    model: Path | None = None
    after: AfterDecision = field(default_factory=AfterDecision)
    tag_folders: TagFolders | None = None  # None: no folder means a tag


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderAccount:
    """Mail on disk: a Maildir, an mbox file, or a folder of .eml files. `policy`: as above."""

    name: str
    path: Path
    type: Literal["maildir", "mbox", "eml"] = "eml"
    since: date | None = None
    everything: bool = False
    poll_interval_s: int = 5
    policy: Path | None = None
    model: Path | None = None
    tag_folders: TagFolders | None = None


Account = ImapAccount | FolderAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Where to look whether a send whose answer was lost did arrive: an account and its folder."""

    account: str
    folder: str = "Sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """The SMTP server that carries the briefs, and what to do when an answer is lost.

    `sender` is the address briefs come from; `username` may differ (shared mailboxes). Where the
    server wants a login there is a `password` or a `login`, as for an account.
    `uncertain`: probe (look whether it arrived; resend the identical bytes if not), resend (at
    once), hold (for a person).
    """

    host: str
    sender: str
    sender_name: str = "Triage"
    port: int = 587
    security: Security = "starttls"
    username: str = ""
    password: Secret | None = None
    login: str = ""
    ca_file: Path | None = None
    timeout_s: int = 60
    answer_timeout_s: int = 600
    retry_first_s: int = 300
    retry_max_s: int = 3600
    give_up_after_s: int = 5 * 86400
    uncertain: Literal["probe", "resend", "hold"] = "hold"
    uncertain_after_s: int = 900
    probe: Probe | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """Who "we" are. A sender whose address is in `domains` or `staff` counts as staff."""

    name: str
    domains: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    timezone: str = "UTC"

    def role_of(self, address: str) -> str:
        """`staff` for our own people, else `client`."""
        wanted = address.lower()
        domain = wanted.rpartition("@")[2]
        ours = {d.lower() for d in self.domains}
        return "staff" if domain in ours or wanted in {s.lower() for s in self.staff} else "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds in bytes and counts.

    Attributes:
        max_message_bytes: a larger mail goes to the fallback person, unread.
        batch_messages, batch_bytes: so much is fetched at once from one mailbox.
        connections_per_account: so many folders of one account are held open at once; the others
            take turns. Gmail allows 15, Dovecot 10 as it comes.
        connections_per_host: the same for all accounts of one server.
        logins_at_once: so many mailboxes of one server are being opened at any moment.
    """

    max_message_bytes: int = 25 * 1024 * 1024
    batch_messages: int = 100
    batch_bytes: int = 16 * 1024 * 1024
    connections_per_account: int = 10
    connections_per_host: int = 1000
    logins_at_once: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimits:
    """What one server allows, where that differs from `[limits]`; see there."""

    connections: int | None = None
    logins_at_once: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """When `triage run` trains a new model by itself.

    Attributes:
        retrain_after: so many mails must have been labelled since the last training; 0 for never.
        retrain_interval_s: and so long it must be since that one began.
    """

    retrain_after: int = 50
    retrain_interval_s: int = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """How much may be told, and of what.

    Attributes:
        budget: so many of 100 mails are forwarded at most, for `triage adapt`. Mail of an inbox
            that nobody labelled says no more.
        after_s: trouble of the program itself is told when it has lasted so long.
        command: a program that is told of such trouble too, on its standard input.
    """

    budget: int = 15
    after_s: int = 1800
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long the words of mail are kept.

    Attributes:
        text_days: so long after it came, and after its case was closed; 0 for as long as the store.
        labelled_too: also of mails that people labelled, though models learn from them.
    """

    text_days: int = 0
    labelled_too: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """Figures for Prometheus and a health page, by HTTP; port 0: none.

    `host`: keep it on this machine, since whoever reaches it may read it.
    """

    port: int = 0
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageProxy:
    """A proxy before the page that says who is there, such as the firm's single sign-on.

    Attributes:
        addresses: from where it connects; what anybody else says of a user counts for nothing.
        header: the header in which it gives the user's name.
        secret: what it must send with `X-Triage-Proxy`, so that no other program of its machine
            can speak in its place.
        users: what each may do, by name.
        others: what those may do who are not among them; empty: nothing.
    """

    addresses: tuple[str, ...]
    header: str = "X-Forwarded-User"
    secret: Secret | None = None
    users: dict[str, PageRole] = field(default_factory=dict)
    others: Literal["", "read", "correct", "run"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of `triage serve`.

    Attributes:
        host, port: where it listens; beyond this machine only if the command says so too.
        url: how people reach it, where that is through a proxy.
        session_hours: how long a login lasts.
        proxy: who else may say who is there; None: nobody, people log in by a link.
    """

    host: str = "127.0.0.1"
    port: int = 8717
    url: str = ""
    session_hours: int = 24
    proxy: PageProxy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything `triage.toml` says, validated; `path` is where it was read from."""

    path: Path
    firm: Firm
    accounts: tuple[Account, ...]
    outgoing: Outgoing
    store: Path | Database = Path("triage.db")
    policy: Path = Path("policy.toml")
    models: Path | None = None  # None: the models shipped with the program
    templates: Path | None = None  # own templates, looked up before the shipped ones
    key_file: Path = Path("triage.key")
    tokens: Path = Path("tokens")  # what `triage login` keeps
    logins: dict[str, OAuthLogin] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    hosts: dict[str, HostLimits] = field(default_factory=dict)
    learning: Learning = field(default_factory=Learning)
    alerts: Alerts = field(default_factory=Alerts)
    retention: Retention = field(default_factory=Retention)
    monitoring: Monitoring = field(default_factory=Monitoring)
    page: Page = field(default_factory=Page)

    @property
    def servers(self) -> tuple[ImapAccount | Outgoing, ...]:
        """Every mail server that is spoken to: those of accounts, and the one that sends."""
        read = [account for account in self.accounts if isinstance(account, ImapAccount)]
        return (*read, self.outgoing)

    @property
    def store_file(self) -> Path | None:
        """The store, where it is a file; None where it lies on a database server."""
        return self.store if isinstance(self.store, Path) else None

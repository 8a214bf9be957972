"""The files that `triage init` writes: rendered from answers, checked, then put down together.

Rules: nothing is written before everything is known to be right; every file appears whole or not
at all; a file of the user is never overwritten unless they said so, and the key never.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from triage.durable import sync_folder, write_synced
from triage.policy import Person
from triage.resources import resource
from triage.setup_hours import country_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from jinja2 import Template

    from triage.config import OAuthLogin, Secret
    from triage.messages import Address
    from triage.providers import Server

CONFIG_NAME, POLICY_NAME, KEY_NAME = "triage.toml", "policy.toml", "triage.key"
PASSWORD_NAME = "secrets/inbox"  # noqa: S105 - a file's name, not a password
_KEY_BYTES = 32
PRIVATE, READABLE = 0o600, 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Everything `triage init` must know. `since` None: begin with mail from now on.

    `probe_folder` is empty where the provider keeps no copy of what was sent. With a `login` both
    servers get tokens in place of the secrets.
    """

    firm: str
    domains: tuple[str, ...]
    staff: tuple[str, ...]
    timezone: str
    managers: tuple[Address, ...]
    imap: Server
    username: str
    imap_secret: Secret
    folders: tuple[str, ...]
    since: date | None
    smtp: Server
    smtp_username: str
    smtp_secret: Secret
    sender: str
    probe_folder: str = ""
    ca_file: str = ""
    login: OAuthLogin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file to put down. `keep`: where one exists already, leave that one alone."""

    name: str
    content: str
    mode: int = READABLE
    keep: bool = False


def render_config(answers: Answers, today: date) -> str:
    """The text of `triage.toml`."""
    client_secret = answers.login.client_secret if answers.login else None
    return _template(CONFIG_NAME).render(
        firm=answers.firm,
        domains=answers.domains,
        staff=answers.staff,
        timezone=answers.timezone,
        imap=answers.imap,
        username=answers.username,
        imap_secret=_login_line(answers, answers.imap_secret),
        folders=answers.folders,
        since=answers.since,
        example_date=today,
        smtp=answers.smtp,
        smtp_username=answers.smtp_username,
        smtp_secret=_login_line(answers, answers.smtp_secret),
        sender=answers.sender,
        sender_name=f"{answers.firm} Triage",
        probe_folder=answers.probe_folder,
        ca_file=answers.ca_file,
        login=answers.login,
        client_secret=_secret_line(client_secret, "client_secret") if client_secret else "",
        manual=_manual(),
    )


def render_policy(answers: Answers, today: date) -> str:
    """The text of `policy.toml`: the shipped routes, leading to the managers."""
    ids = person_ids(answers.managers)
    deputies = [*ids[1:], ids[0]] if len(ids) > 1 else [""]  # each for the one before, in a ring
    people = [
        Person(id=key, name=manager.name, address=manager.address, role="Management", deputy=deputy)
        for key, manager, deputy in zip(ids, answers.managers, deputies, strict=True)
    ]
    return _template(POLICY_NAME).render(
        firm=answers.firm,
        people=people,
        everyone=ids,
        fallback=ids[0],
        timezone=answers.timezone,
        country=country_of(answers.timezone),
        version=str(today),
        manual=_manual(),
    )


def _manual() -> str:
    """Where the settings are explained; with the path where this installation has the file."""
    name = "docs/configuration.md of the program"
    try:
        path = resource("docs") / "configuration.md"
    except FileNotFoundError:  # installed without its documents
        return name
    return f"{name} ({path})" if path.is_file() else name


def new_key() -> str:
    """A fresh secret for `triage.key`: 32 random bytes in hex."""
    return secrets.token_hex(_KEY_BYTES)


def person_ids(people: Iterable[Address]) -> list[str]:
    """A short id for each person, from the first name, all different."""
    ids: list[str] = []
    for person in people:
        words = re.findall(r"[a-z0-9]+", (person.name or person.address).lower())
        first = words[0] if words else "person"
        taken = sum(re.fullmatch(rf"{first}\d*", other) is not None for other in ids)
        ids.append(f"{first}{taken + 1}" if taken else first)
    return ids


def existing(files: Iterable[NewFile], folder: Path) -> list[Path]:
    """The files of the user that would be overwritten."""
    return [folder / f.name for f in files if not f.keep and (folder / f.name).exists()]


def write_files(files: Sequence[NewFile], folder: Path) -> None:
    """Put all files down, or none; what is replaced stays beside it as `<name>.bak`.

    Each is written under a temporary name and synced first; renaming comes last, and is undone
    when a later one fails.

    Raises:
        OSError: the folder is as it was before.
    """
    wanted = [f for f in files if not (f.keep and (folder / f.name).exists())]
    staged = [((folder / f.name).with_name(f".{Path(f.name).name}.new"), f) for f in wanted]
    done: list[Path] = []
    try:
        for temporary, file in staged:
            _write(temporary, file)
        for temporary, file in staged:
            final = folder / file.name
            if final.exists():
                shutil.copy2(final, _backup(final))
            temporary.rename(final)
            done.append(final)
    except OSError:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        for final in done:
            _take_back(final)
        raise
    for parent in {temporary.parent for temporary, _ in staged}:
        with suppress(OSError):  # where the system can
            sync_folder(parent)


def _backup(final: Path) -> Path:
    return final.with_name(f"{final.name}.bak")


def _take_back(final: Path) -> None:
    """Undo one renaming."""
    if _backup(final).exists():
        _backup(final).rename(final)
    else:
        final.unlink()


def _write(path: Path, file: NewFile) -> None:
    """Write one file in full; private from its first byte where it must be."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    write_synced(path, file.content.encode(), mode=file.mode)


def _login_line(answers: Answers, secret: Secret) -> str:
    """The setting that says how to log in."""
    return f"login = {_toml(answers.login.type)}" if answers.login else _secret_line(secret)


def _secret_line(secret: Secret, name: str = "password") -> str:
    """The setting that says where a password lies."""
    if secret.env:
        return f"{name}_env = {_toml(secret.env)}"
    if secret.command:
        return f"{name}_command = {_toml(secret.command)}"
    if secret.keyring:
        return f"{name}_keyring = {_toml(secret.keyring)}"
    return f"{name}_file = {_toml(str(secret.file))}"


def _toml(value: str | Iterable[str]) -> str:
    """A text or a list of texts as TOML writes them (JSON's escapes are a part of TOML's)."""
    return json.dumps(value if isinstance(value, str) else list(value), ensure_ascii=False)


def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(resource("templates") / "config"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - the result is TOML, and every value goes through `toml`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"toml": _toml, "comment": lambda text: " ".join(text.split())}
    return environment.get_template(f"{name}.j2")

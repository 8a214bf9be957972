"""A digest as a mail: the shipped templates, or the firm's own before them.

Rule: whatever an own template does wrong, the digest still goes out, in the shipped words.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from triage.digest.times import Times
from triage.digest.words import page_of, written_at
from triage.errors import ConfigError
from triage.messages import Address, MessageRef, Occasion
from triage.rendering import notice_id, templates
from triage.rendering.ids import reference_of
from triage.rendering.letters import Letter
from triage.resources import resource
from triage.summary.wording import clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from triage.digest.model import Digest
    from triage.messages import Notice
    from triage.policy import Hours, Person

log = logging.getLogger(__name__)

TEXT, HTML = "digest.txt", "digest.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A digest as it would be sent, in plain text and in HTML."""

    subject: str
    text: str
    html: str


class LetterWriter:
    """Writes digests in one firm's name. `zone` is its time zone, by name."""

    def __init__(
        self,
        *,
        sender: Address,
        key: bytes,
        domain: str,
        hours: Hours | None,
        zone: str,
        own_templates: Path | None = None,
    ) -> None:
        """Load and check the templates. Raises ConfigError for own ones that cannot be used."""
        self._sender = sender
        self._key = key
        self._domain = domain
        self._times = Times(hours=hours, zone=zone)
        self._shipped, self._own = _environment(None), _environment(own_templates)
        _check(self._own)

    def write(self, digest: Digest, reference: str = "") -> Written:
        """Put it into words. `reference` names the mail, for an answer that lost its headers."""
        page = page_of(digest, self._times)
        values = {"page": page, "reference": reference}
        try:
            text, html = _rendered(self._own, values)
        except (TemplateError, TypeError, ArithmeticError, ValueError) as error:
            log.warning("own digest template failed; using the shipped one", extra={"why": error})
            text, html = _rendered(self._shipped, values)
        return Written(subject=page.subject_line, text=text, html=html)

    def notice(self, digest: Digest, person: Person, key: str) -> Notice:
        """The finished mail. The same digest for the same day or week has the same Message-ID."""
        message_id = notice_id(
            key=self._key,
            ref=MessageRef(account=person.id, folder=digest.period, uid_validity=0, uid=0),
            sha256=key,
            occasion=Occasion.DIGEST.value,
            tags=(),
            recipient=person.address,
            domain=self._domain,
        )
        written = self.write(digest, reference_of(message_id))
        letter = Letter(
            sender=self._sender,
            recipient=Address(address=person.address, name=clean_line(person.name)),
            subject=written.subject,
            message_id=message_id,
            date=written_at(digest),
            loop="digest",
        )
        return letter.full(text=written.text, html=written.html)


def _rendered(env: ImmutableSandboxedEnvironment, values: Mapping[str, object]) -> tuple[str, str]:
    return env.get_template(TEXT).render(values), env.get_template(HTML).render(values)


def check_templates(own_templates: Path | None) -> None:
    """Compile the digest's templates. Raises ConfigError for own ones that cannot be used."""
    _check(_environment(own_templates))


def _environment(own_templates: Path | None) -> ImmutableSandboxedEnvironment:
    own = [own_templates / "digest"] if own_templates else []
    return templates.environment([*own, resource("templates") / "digest"])


def _check(env: ImmutableSandboxedEnvironment) -> None:
    problems = []
    for name in (TEXT, HTML):
        try:
            env.get_template(name)
        except (TemplateError, UnicodeDecodeError) as error:
            problems.append(f"templates/digest/{name}: {error}; mend it or take the file away")
    if problems:
        raise ConfigError(problems)

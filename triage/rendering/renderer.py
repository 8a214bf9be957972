"""The renderer: a brief, a recipient and the original in, a notice out.

Rule: whatever an own template does wrong, a brief still goes out, in the shipped words.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from triage.messages import Address
from triage.rendering import mime, templates
from triage.rendering.answer import further_texts, suggest
from triage.rendering.ids import reference_of, valid_ids
from triage.rendering.letters import Letter
from triage.rendering.replies import replies
from triage.resources import resource
from triage.responses import ResponseLibrary
from triage.summary.wording import bare_subject, clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from triage.config import Firm
    from triage.messages import Notice, RawMessage, Recipient
    from triage.rendering.answer import Answer
    from triage.summary import Brief
    from triage.summary.confirmation import Confirmation

log = logging.getLogger(__name__)

ATTACH_MAX_BYTES = 20 * 1024 * 1024  # many servers refuse mails above 25 MB


class Renderer:
    """Writes briefs in one firm's name, with the shipped templates or its own before them."""

    def __init__(
        self,
        *,
        firm: Firm,
        sender: Address,
        templates: Path | None = None,
        responses: ResponseLibrary | None = None,
    ) -> None:
        """Load and check all templates.

        Args:
            firm: in whose name answers are suggested.
            sender: whom the briefs come from.
            templates: own folder with `summary/` or `responses/` in it, looked at first.
            responses: the answers to choose from; default: those in the template folders.

        Raises:
            ConfigError: templates that cannot be used, all at once.
            FileNotFoundError: the installation is incomplete.
        """
        self._firm = firm
        self._sender = sender
        folders = [folder for folder in (templates, resource("templates")) if folder]
        self._shipped, self._own = _environments(folders)
        self._responses = responses or ResponseLibrary.load(*(f / "responses" for f in folders))

    def render(
        self,
        brief: Brief,
        recipient: Recipient,
        raw: RawMessage | None,
        *,
        message_id: str,
        date: datetime,
        in_reply_to: Sequence[str] = (),
    ) -> Notice:
        """Write the mail. The same arguments give the same bytes.

        Args:
            brief: what to say.
            recipient: to whom; decides which reasons are theirs.
            raw: the original; attached if complete. None: it is not attached.
            message_id: of the new mail, see `notice_id`.
            date: of the new mail.
            in_reply_to: ids of the thread, oldest first; invalid ones are left out.

        Raises:
            ValueError: the recipient's or sender's address cannot be written to.
        """
        recipient = replace(recipient, name=clean_line(recipient.name))
        attached = raw.content if raw and _attachable(raw) else None
        answer = suggest(brief, recipient, library=self._responses, firm=self._firm)
        values = {
            "brief": brief,
            "you": recipient,
            "mine": _mine(brief, recipient),
            "others": tuple(r for r in brief.recipients if r.id != recipient.id),
            "answer": answer,
            "texts": further_texts(brief, recipient, library=self._responses, firm=self._firm),
            "replies": replies(brief, message_id, self._sender.address),
            "original": _original(raw),
            "firm": self._firm.name,
        }
        text, html = self._words(values)
        letter = Letter(
            sender=self._sender,
            recipient=Address(address=recipient.address, name=recipient.name),
            subject=brief.subject_line,
            message_id=message_id,
            date=date,
            loop="brief",
            further=(*_case_lines(brief.thread.case_id), *_thread_lines(valid_ids(in_reply_to))),
        )
        return letter.full(text=text, html=html, original=attached)

    def texts(self, brief: Brief, recipient: Recipient) -> tuple[Answer, ...]:
        """The texts that a brief suggests to this recipient, the answer first."""
        library, firm = self._responses, self._firm
        answer = suggest(brief, recipient, library=library, firm=firm)
        further = further_texts(brief, recipient, library=library, firm=firm)
        return (answer, *further) if answer else further

    def said(self, confirmation: Confirmation) -> str:
        """What was understood and came of it, in the words of the mail that confirms an answer."""
        words = {"it": confirmation, "reference": "", "firm": self._firm.name}
        return " ".join(self._confirmation_words(words).split())

    def confirm(
        self,
        confirmation: Confirmation,
        recipient: Address,
        *,
        message_id: str,
        date: datetime,
        subject: str,
        in_reply_to: Sequence[str] = (),
    ) -> Notice:
        """Write the mail that tells somebody what we understood of their answer.

        Args:
            confirmation: what to say.
            recipient: who answered, by the policy's name and address.
            message_id: of the new mail, see `notice_id`.
            date: of the new mail.
            subject: of the answer.
            in_reply_to: ids of the thread, the answer last; invalid ones are left out.
        """
        values = {
            "it": confirmation,
            "reference": reference_of(message_id),
            "firm": self._firm.name,
        }
        letter = Letter(
            sender=self._sender,
            recipient=replace(recipient, name=clean_line(recipient.name)),
            subject=f"Re: {bare_subject(subject)}",
            message_id=message_id,
            date=date,
            loop="confirmation",
            submitted="auto-replied",
            further=(
                *_case_lines(confirmation.case_id),
                *_thread_lines(valid_ids(in_reply_to)),
            ),
        )
        return letter.plain(self._confirmation_words(values))

    def _confirmation_words(self, values: Mapping[str, object]) -> str:
        try:
            return templates.render_confirmation(self._own, values)
        except (TemplateError, TypeError, ArithmeticError, ValueError) as error:
            log.warning("own template failed; using the shipped one", extra={"why": error})
            return templates.render_confirmation(self._shipped, values)

    def _words(self, values: Mapping[str, object]) -> tuple[str, str]:
        try:
            return templates.render(self._own, values)
        except (TemplateError, TypeError, ArithmeticError, ValueError) as error:
            log.warning("own summary template failed; using the shipped one", extra={"why": error})
            return templates.render(self._shipped, values)


def _case_lines(case_id: int) -> list[bytes]:
    """The case that it is about; none for an answer to a digest."""
    return [mime.header_line("X-Triage-Case", str(case_id))] if case_id else []


def _thread_lines(ids: Sequence[str]) -> list[bytes]:
    if not ids:
        return []
    return [mime.ids_line("In-Reply-To", ids[-1:]), mime.ids_line("References", ids)]


def _environments(
    folders: Sequence[Path],
) -> tuple[ImmutableSandboxedEnvironment, ImmutableSandboxedEnvironment]:
    """Return the shipped templates, and the same with own ones before them; both checked."""
    paths = [folder / "summary" for folder in folders]
    shipped, own = templates.environment(paths[-1:]), templates.environment(paths)
    templates.check(shipped)
    templates.check(own)
    return shipped, own


def _attachable(raw: RawMessage) -> bool:
    return raw.complete and 0 < len(raw.content) <= ATTACH_MAX_BYTES


def _original(raw: RawMessage | None) -> str:
    """Say what became of the original: attached, encoded, incomplete, large, empty or absent."""
    if raw is None:
        return "absent"
    if not raw.complete:
        return "incomplete"
    if not raw.content:
        return "empty"
    if len(raw.content) > ATTACH_MAX_BYTES:
        return "large"
    return "attached" if mime.travels_as_mail(raw.content) else "encoded"


def _mine(brief: Brief, recipient: Recipient) -> tuple[object, ...]:
    """Return the reasons that concern this recipient; all, where none is theirs in particular."""
    own = tuple(reason for reason in brief.reasons if reason.tag in recipient.tags)
    return own or brief.reasons

"""The suggested answer of a brief: chosen, filled in, and made ready to send from a phone."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import TemplateError

from triage.messages import Occasion
from triage.summary.people import first_name, is_mailable, name_of
from triage.summary.wording import bare_subject, shorten

if TYPE_CHECKING:
    from triage.config import Firm
    from triage.messages import Recipient
    from triage.responses import Response, ResponseLibrary
    from triage.summary import Brief

log = logging.getLogger(__name__)

GAP = re.compile(r"(\[[^\[\]\n]{1,60}\])")
SUBJECT_LIMIT = 60
MAILTO_LIMIT = 1900  # longer links are cut by some mail programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the answer; `gap` marks a bracketed place that the reader has to fill."""

    text: str
    gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A suggested answer, ready to print."""

    title: str
    to: str
    text: str
    mailto: str = ""

    @property
    def paragraphs(self) -> tuple[tuple[Piece, ...], ...]:
        """The text in paragraphs and pieces, for HTML."""
        return tuple(_pieces(paragraph) for paragraph in self.text.split("\n\n"))

    @property
    def has_gaps(self) -> bool:
        """Whether something is left for the reader to fill in."""
        return GAP.search(self.text) is not None


def _pieces(paragraph: str) -> tuple[Piece, ...]:
    parts = GAP.split(paragraph)
    return tuple(Piece(text=part, gap=index % 2 == 1) for index, part in enumerate(parts) if part)


def suggest(
    brief: Brief, recipient: Recipient, *, library: ResponseLibrary, firm: Firm
) -> Answer | None:
    """Choose the answer for the most urgent tag and fill it in; None where there is none."""
    if brief.occasion is Occasion.UNREADABLE:
        return None
    response = _chosen(brief, library)
    return _written(response, brief, recipient, firm) if response else None


def _chosen(brief: Brief, library: ResponseLibrary) -> Response | None:
    """Choose by the sentences that decided the first tag; by the whole mail if they say nothing.

    A long mail speaks of many things; what made it a case is the situation to answer. One that
    overrides others, such as a legal threat, must be heard wherever it stands.
    """
    role = brief.person_role
    whole = library.choose(brief.tags, brief.text, subject=brief.subject, role=role)
    if whole and whole.overrides:
        return whole
    first = next(iter(brief.tags), "")
    words = " ".join(text for tag, text in brief.deciding if tag == first)
    narrow = library.choose([first], words, subject="", role=role) if words else None
    if narrow and not narrow.default:
        return narrow
    return whole


def _written(response: Response, brief: Brief, recipient: Recipient, firm: Firm) -> Answer | None:
    try:
        text = response.fill(_values(brief, recipient, firm))
    except (TemplateError, TypeError, ArithmeticError, ValueError) as error:
        # An own response with a mistake must not cost the escalation.
        log.warning("response cannot be filled in", extra={"response": response.id, "why": error})
        return None
    to = brief.person.address
    return Answer(title=response.title, to=to, text=text, mailto=_mailto(to, brief, text))


def _values(brief: Brief, recipient: Recipient, firm: Firm) -> dict[str, str]:
    first = first_name(brief.person)
    colleague = (first_name(brief.forwarder) or name_of(brief.forwarder)) if brief.forwarder else ""
    subject = shorten(bare_subject(brief.subject), SUBJECT_LIMIT)
    about = f' about "{subject}"' if subject else ""
    passed_on = f", which {colleague} passed on to me" if colleague else ""
    return {
        "greeting": f"Hi {first}," if first else "Hello,",
        "first_name": first,
        "name": name_of(brief.person),
        "client": brief.client,
        "subject": subject,
        "mail": f"your mail of {brief.written_day}{about}{passed_on}",
        "quote": brief.quotes[0].text if brief.quotes else "",
        "colleague": colleague,
        "firm": firm.name,
        "signer": recipient.name,
    }


def _mailto(address: str, brief: Brief, text: str) -> str:
    """Return a link that opens the answer in a mail program; nothing for an odd address."""
    if not is_mailable(address):
        return ""
    subject = quote(f"Re: {bare_subject(brief.subject)}", safe="")
    body = quote(text.replace("\n", "\r\n"), safe="")
    link = f"mailto:{quote(address, safe='@+')}?subject={subject}&body={body}"
    return link if len(link) <= MAILTO_LIMIT else link.partition("&body=")[0]

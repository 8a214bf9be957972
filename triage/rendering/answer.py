"""The suggested texts of a brief: chosen, filled in, and made ready to send from a phone.

Rule: nothing here is ever sent; a link opens a text in the reader's own mail program.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import TemplateError

from triage.messages import Occasion
from triage.summary.greeting import greeting, short_greeting
from triage.summary.people import first_name, is_mailable, name_of
from triage.summary.wording import bare_subject, shorten

if TYPE_CHECKING:
    from typing import Protocol

    from triage.config import Firm
    from triage.messages import Address, Recipient
    from triage.responses import Response, ResponseLibrary, Use
    from triage.summary import Brief

    class Greet(Protocol):
        """Greets a person by their words and by what they are to us."""

        def __call__(
            self, person: Address, text: str = "", *, colleague: bool = ..., formal: bool = ...
        ) -> str:
            """Write the greeting."""


log = logging.getLogger(__name__)

GAP = re.compile(r"(\[[^\[\]\n]{1,60}\])")
SUBJECT_LIMIT = 60
NOT_KNOWN = "[day and time]"
FURTHER: tuple[Use, ...] = ("holding", "late", "tracker")
MAILTO_LIMIT = 1900  # longer links are cut by some mail programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the answer; `gap` marks a bracketed place that the reader has to fill."""

    text: str
    gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A suggested text, ready to print.

    Attributes:
        to: whom it is for; empty for a text that goes into no mail.
        short: the same in two or three sentences; empty where there is none.
        mailto, short_mailto: links that open the two as new mails; empty where none can be made.
        note: what to mind before it is sent.
        not_for: when not to use it.
    """

    title: str
    to: str
    text: str
    mailto: str = ""
    short: str = ""
    short_mailto: str = ""
    note: str = ""
    not_for: str = ""

    @property
    def paragraphs(self) -> tuple[tuple[Piece, ...], ...]:
        """The text in paragraphs and pieces, for HTML."""
        return tuple(_pieces(paragraph) for paragraph in self.text.split("\n\n"))

    @property
    def short_paragraphs(self) -> tuple[tuple[Piece, ...], ...]:
        """The short version in paragraphs and pieces, for HTML."""
        return tuple(_pieces(paragraph) for paragraph in self.short.split("\n\n") if paragraph)

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
    if brief.occasion is Occasion.UPDATE:  # what is due now is a word to the client
        response = _choose(brief, library, "holding") or _chosen(brief, library)
    else:
        response = _chosen(brief, library)
    return _written(response, brief, recipient, firm) if response else None


def further_texts(
    brief: Brief, recipient: Recipient, *, library: ResponseLibrary, firm: Firm
) -> tuple[Answer, ...]:
    """Texts to keep people informed with, and one for the tracker, as far as they apply."""
    if brief.occasion is Occasion.UNREADABLE:
        return ()
    uses = [use for use in FURTHER if use != "holding" or brief.occasion is not Occasion.UPDATE]
    chosen = (_choose(brief, library, use) for use in uses)
    written = [_written(each, brief, recipient, firm) for each in chosen if each]
    return tuple(each for each in written if each)


def _chosen(brief: Brief, library: ResponseLibrary) -> Response | None:
    """Choose by the sentences that decided the first tag; by the whole mail if they say nothing.

    A long mail speaks of many things; what made it a case is the situation to answer. One that
    overrides others, such as a legal threat, must be heard wherever it stands.
    """
    whole = _choose(brief, library, "answer")
    if whole and whole.overrides:
        return whole
    first = next(iter(brief.tags), "")
    words = " ".join(text for tag, text in brief.deciding if tag == first)
    kinds, role = _kinds(brief), brief.person_role
    narrow = library.choose([first], words, subject="", role=role, kinds=kinds) if words else None
    if narrow and not narrow.kind_default:
        return narrow
    return whole


def _choose(brief: Brief, library: ResponseLibrary, use: Use) -> Response | None:
    return library.choose(
        brief.tags,
        brief.text,
        subject=brief.subject,
        role=brief.person_role,
        kinds=_kinds(brief),
        use=use,
    )


def _kinds(brief: Brief) -> dict[str, str]:
    return {reason.tag: reason.kind for reason in brief.reasons if reason.kind}


def _written(response: Response, brief: Brief, recipient: Recipient, firm: Firm) -> Answer | None:
    try:
        text = response.fill(_values(brief, recipient, firm, response, greeting))
        short = response.fill_short(_values(brief, recipient, firm, response, short_greeting))
    except (TemplateError, TypeError, ArithmeticError, ValueError) as error:
        # An own response with a mistake must not cost the escalation.
        log.warning("response cannot be filled in", extra={"response": response.id, "why": error})
        return None
    to = "" if response.use == "tracker" else brief.person.address
    return Answer(
        title=response.title,
        to=to,
        text=text,
        mailto=_mailto(to, brief, text),
        short=short,
        short_mailto=_mailto(to, brief, short) if short else "",
        note=response.note,
        not_for=response.not_for,
    )


def _values(
    brief: Brief, recipient: Recipient, firm: Firm, response: Response, greet: Greet
) -> dict[str, str]:
    colleague = (first_name(brief.forwarder) or name_of(brief.forwarder)) if brief.forwarder else ""
    subject = shorten(bare_subject(brief.subject), SUBJECT_LIMIT)
    about = f' about "{subject}"' if subject else ""
    passed_on = f", which {colleague} passed on to me" if colleague else ""
    staff = brief.person_role == "staff"
    return {
        "greeting": greet(brief.person, brief.text, colleague=staff, formal=response.formal),
        "first_name": first_name(brief.person),
        "name": name_of(brief.person),
        "client": brief.client,
        "subject": subject,
        "mail": f"your mail of {brief.written_day}{about}{passed_on}",
        "day": brief.written_day,
        "quote": brief.quotes[0].text if brief.quotes else "",
        "colleague": colleague,
        "firm": firm.name,
        "signer": recipient.name,
        "holder": _holder(brief, recipient),
        "update_by": brief.update_by or NOT_KNOWN,
    }


def _holder(brief: Brief, recipient: Recipient) -> str:
    """Who has the case, where it is somebody else than the reader; else a gap to fill."""
    owner = brief.thread.owner.lower()
    names = [p.name for p in brief.recipients if p.address.lower() == owner and p != recipient]
    return next(iter(names), "[name]")


def _mailto(address: str, brief: Brief, text: str) -> str:
    """Return a link that opens the answer in a mail program; nothing for an odd address."""
    if not is_mailable(address):
        return ""
    subject = quote(f"Re: {bare_subject(brief.subject)}", safe="")
    body = quote(text.replace("\n", "\r\n"), safe="")
    link = f"mailto:{quote(address, safe='@+')}?subject={subject}&body={body}"
    return link if len(link) <= MAILTO_LIMIT else link.partition("&body=")[0]

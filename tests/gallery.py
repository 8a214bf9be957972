"""Briefs for every occasion, as tests and eyes need them."""

from __future__ import annotations

from datetime import UTC, datetime

from classifiers.api import Evidence
from tests.factories import (
    WHEN,
    make_address,
    make_case,
    make_email,
    make_escalation,
    make_firm,
    make_raw,
    make_reason,
    make_recipient,
    make_verdict,
)
from triage.messages import Address, Attachment, ClientView, MailKind, Notice, Occasion, Urgency
from triage.rendering import Renderer
from triage.summary import Brief, summarise
from triage.summary.facts import Told

SENDER = Address(address="triage@radial.example", name="Radial Triage")
BEN = make_recipient()
MARSHALL = make_recipient(
    id="marshall", name="Marshall Smith", address="marshall@radial.example", tags=("upsell",)
)
SIGNED_ID = f"<{0x5F0C:040x}.{'a' * 16}@radial.example>"
ALL_TAGS = ("dissatisfaction", "blocker", "scope_mismatch", "upsell")


def make_brief(**changes: object) -> Brief:
    """A brief for the default mail; any argument of `summarise` can be overridden."""
    given: dict[str, object] = {
        "email": make_email(),
        "raw": make_raw(),
        "verdict": make_verdict(),
        "escalation": make_escalation(),
        "case": make_case(),
        "role": "client",
        "message_id_in_store": 4711,
        "policy_version": "2026-03",
        "firm": make_firm(),
        "words": {"dissatisfaction": "unhappy", "scope_mismatch": "scope", "upsell": "sales"},
    }
    return summarise(**{**given, **changes})  # type: ignore[arg-type]  # overrides by keyword


def several_tags() -> Brief:
    """Two tags, two managers, an attachment."""
    text = (
        "Dear Ben,\n\nThis is the third time I write about the export. It still leaves out every "
        "order from Canada, and nobody has answered me since Thursday. Our finance team cannot "
        "close the month without it.\n\nThe proposal says clearly that all regions are included. "
        "If this is not solved by Friday we will look for somebody else.\n\nPriya Raman\n"
        "Head of Finance, Harrow & Pike"
    )
    tags = ("dissatisfaction", "blocker", "scope_mismatch")
    quotes = {
        "dissatisfaction": (
            "If this is not solved by Friday we will look for somebody else.",
            "This is the third time I write about the export.",
        ),
        "blocker": ("Our finance team cannot close the month without it.",),
        "scope_mismatch": ("The proposal says clearly that all regions are included.",),
    }
    return make_brief(
        email=make_email(
            subject="Re: Re: Export",
            sender=make_address("priya.raman@harrow-pike.example", "Raman, Priya"),
            text=text,
            attachments=(
                Attachment(
                    name="proposal signed.pdf", type="application/pdf", size=231044, sha256="0" * 64
                ),
                Attachment(name="orders.csv", type="text/csv", size=9012, sha256="1" * 64),
            ),
        ),
        verdict=make_verdict(
            *tags,
            scores={
                "blocker": 0.83,
                "dissatisfaction": 0.97,
                "scope_mismatch": 0.71,
                "upsell": 0.31,
            },
            unsure_tags=("upsell",),
            evidence=tuple(
                Evidence(tag=tag, sentence=sentence, score=0.9)
                for tag, found in quotes.items()
                for sentence in found
            ),
        ),
        escalation=make_escalation(
            *tags,
            urgency=Urgency.URGENT,
            recipients=(
                make_recipient(tags=("dissatisfaction", "blocker")),
                make_recipient(
                    id="marshall",
                    name="Marshall Smith",
                    address="marshall@radial.example",
                    tags=("scope_mismatch", "dissatisfaction"),
                ),
            ),
        ),
        case=make_case(earlier_mails=2, earlier_subjects=("Export", "Re: Export")),
    )


def staff_forward() -> Brief:
    """A client's question about more work, forwarded by a developer with a note."""
    note = "Ben, this sounds like phase two to me."
    forwarded = (
        "Hi Sam,\n\nThe walkthrough went down well. Our sister site in Aldbourne has the same "
        "paper mess, about 220 beds. Could you put a ballpark together that I can pass on?\n\n"
        "Maureen"
    )
    return make_brief(
        email=make_email(
            subject="FW: discharge letters go-live",
            original_subject="discharge letters go-live",
            sender=make_address("sam@radial.example", "Sam Poole"),
            original_sender=make_address("m.adeyemi@stmarys.example", "Maureen Adeyemi"),
            text=f"{note}\n\n{forwarded}",
            forward_note=note,
            forwarded_text=forwarded,
        ),
        role="staff",
        verdict=make_verdict(
            "upsell",
            evidence=(
                Evidence(
                    tag="upsell",
                    sentence="Could you put a ballpark together that I can pass on?",
                    score=0.95,
                ),
                Evidence(tag="upsell", sentence=note, score=0.9),
            ),
        ),
        escalation=make_escalation("upsell", recipients=(MARSHALL,)),
    )


def staff_report() -> Brief:
    """A developer tells of scope creep in their own words."""
    text = (
        "Hi Ben,\n\nOakfield now want the app in five languages. The SOW says one. I have not "
        "agreed to anything. The mock-ups are attached.\n\nRana"
    )
    return make_brief(
        email=make_email(
            subject="Oakfield call", sender=make_address("rana@radial.example", "Rana"), text=text
        ),
        role="staff",
        verdict=make_verdict(
            "scope_mismatch",
            evidence=(
                Evidence(
                    tag="scope_mismatch",
                    sentence="Oakfield now want the app in five languages.",
                    score=0.9,
                ),
                Evidence(tag="scope_mismatch", sentence="The SOW says one.", score=0.8),
            ),
        ),
        escalation=make_escalation("scope_mismatch", acknowledge_within_s=None),
    )


def long_names() -> Brief:
    """Everything as long as it gets, in one word where that hurts, in two scripts."""
    return make_brief(
        email=make_email(
            subject="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
            " und weitere Fragen zur Freischaltung",
            sender=make_address(
                "maximiliane.von-und-zu-hohenstaufen-wittelsbach@"
                "donaudampfschifffahrtsgesellschaft-verwaltung.example.co.uk",
                "Maximiliane Freifrau von und zu Hohenstaufen-Wittelsbach",
            ),
            attachments=(
                Attachment(
                    name="a_very_long_file_name_without_any_space_" * 3 + ".pdf",
                    type="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                    size=7_340_032,
                    sha256="0" * 64,
                ),
            ),
        ),
        verdict=make_verdict(
            evidence=(
                Evidence(
                    tag="blocker",
                    sentence="https://portal.example/" + "x" * 150 + " does not open for anybody.",
                    score=0.9,
                ),
                Evidence(
                    tag="blocker",
                    sentence="\u05d0\u05d9\u05df \u05d2\u05d9\u05e9\u05d4.",
                    score=0.8,
                ),
            )
        ),
    )


def unreadable() -> Brief:
    """A mail with nothing to read in it, for the fallback person."""
    return make_brief(
        email=make_email(
            subject="Scan_0231",
            text="",
            kind=MailKind.UNREADABLE,
            problems=("2,114 MIME parts; at most 2,000 are read",),
        ),
        verdict=None,
        escalation=make_escalation(
            occasion=Occasion.UNREADABLE,
            tags=(),
            reasons=(
                make_reason(
                    tag="", title="Could not be read", clause="it has too many parts", next_step="-"
                ),
            ),
            recipients=(make_recipient(tags=()),),
            acknowledge_within_s=None,
        ),
    )


def reminder() -> Brief:
    """Nobody answered the first brief."""
    return make_brief(escalation=make_escalation(occasion=Occasion.REMINDER))


def new_tag() -> Brief:
    """A reply in an open case adds displeasure to blocked work."""
    text = "Still no login, and this is the second week. I am losing patience. Who is in charge?"
    return make_brief(
        email=make_email(subject="Re: Staging login", text=text),
        verdict=make_verdict(
            "blocker",
            "dissatisfaction",
            evidence=(
                Evidence(tag="blocker", sentence="Still no login.", score=0.9),
                Evidence(tag="dissatisfaction", sentence="I am losing patience.", score=0.97),
            ),
        ),
        escalation=make_escalation("blocker", "dissatisfaction", occasion=Occasion.NEW_TAG),
        case=make_case(
            earlier_mails=1, earlier_tags=("blocker",), earlier_subjects=("Staging login",)
        ),
    )


def every_tag() -> Brief:
    """All four tags, all for one person."""
    return make_brief(
        verdict=make_verdict(*ALL_TAGS),
        escalation=make_escalation(*ALL_TAGS, urgency=Urgency.URGENT),
    )


def worse_without_evidence() -> Brief:
    """A case that became more urgent, from a private address, with no deciding sentence."""
    return make_brief(
        email=make_email(sender=make_address("dana.reyes@gmail.com", "dana reyes")),
        verdict=make_verdict(evidence=()),
        escalation=make_escalation(occasion=Occasion.WORSE, urgency=Urgency.LOW),
    )


FACTS = (
    "Hi Ben,\n\nThe export still leaves out every order from Canada. I restarted it twice and "
    "we have already tried another browser. You told us it would be fixed by last Friday.\n\n"
    "Could you fix it by Friday? Please also send us the list of orders that are missing. We paid "
    "$4,500 for it, and we want a credit for the two weeks.\n\nThe log is attached. We go live on "
    "14 March.\n\nDana"
)
PROMISED = Told(
    text="Hi Dana,\n\nSorry for that. I will send you the fixed export on Monday.\n\nLeah",
    by="Leah Marsh",
    said="27 February",
    where="mail of 27 February",
    ours=True,
)
CLIENT = ClientView(
    opened=(datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 9, tzinfo=UTC)),
    unresolved=1,
    answered_at=datetime(2026, 2, 27, 16, 2, tzinfo=UTC),
    answered_by="Leah Marsh",
    waiting_since=WHEN,
    update_by=datetime(2026, 3, 3, 9, 14, tzinfo=UTC),
)
RESOLUTION = (
    "Put it right, and say by when. Where that does not make it good: credit or work in kind."
)


def full_of_facts(**changes: object) -> Brief:
    """A mail that asks, dates, counts, recalls and forgets its attachment."""
    given: dict[str, object] = {
        "email": make_email(subject="Export without Canada", text=FACTS, utc_offset_s=3600),
        "verdict": make_verdict(
            "dissatisfaction",
            evidence=(
                Evidence(
                    tag="dissatisfaction",
                    sentence="The export still leaves out every order from Canada.",
                    score=0.9,
                ),
            ),
        ),
        "escalation": make_escalation(
            "dissatisfaction",
            reasons=(make_reason("dissatisfaction", resolution=RESOLUTION),),
        ),
        "case": make_case(client=CLIENT),
        "told": (PROMISED,),
    }
    return make_brief(**{**given, **changes})


def client_waits() -> Brief:
    """Nobody has written to the client in time."""
    return full_of_facts(
        escalation=make_escalation(
            "dissatisfaction",
            occasion=Occasion.UPDATE,
            note="The client has not heard from us since Fri 27 Feb, 16:02.",
        ),
        case=make_case(client=CLIENT, owner="ben@radial.example"),
    )


GALLERY = {
    "one-tag": make_brief,
    "several-tags": several_tags,
    "staff-forward": staff_forward,
    "staff-report": staff_report,
    "long-names": long_names,
    "unreadable": unreadable,
    "reminder": reminder,
    "new-tag": new_tag,
    "every-tag": every_tag,
    "worse-without-evidence": worse_without_evidence,
    "full-of-facts": full_of_facts,
    "client-waits": client_waits,
}


def make_notice(name: str) -> Notice:
    """One brief of the gallery as a finished mail to its first recipient."""
    brief = GALLERY[name]()
    raw = None if name == "reminder" else make_raw()
    return Renderer(firm=make_firm(), sender=SENDER).render(
        brief, brief.recipients[0], raw, message_id=SIGNED_ID, date=WHEN
    )

"""What `triage status` and `triage show` say to people, as lines.

Rules: text of a mail is made harmless first; times are in the firm's zone, named once a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.cli.tables import console, paragraph, plain, when
from triage.summary.ending import ending_in_words
from triage.summary.wording import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from triage.messages import Email
    from triage.repeats import Repeated
    from triage.store.audit import Entry
    from triage.store.cases import Case
    from triage.store.inbox import Decided
    from triage.store.mailboxes import Mailbox
    from triage.store.moves import TagFolder
    from triage.store.outbox import OutboxRow

_SENTENCE_LIMIT = 500
_INDENT = "    "


def print_cases(found: Sequence[Case], zone: str) -> None:
    """The table of open cases, or that there is none."""
    if found:
        console().print(_cases(found, zone))
    else:
        console().print("No open cases.")


def _cases(found: Sequence[Case], zone: str) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=f"Open cases: {len(found)}", title_justify="left")
    for column in ("case", "urgency", "tags", "about", "subject", "since", "status"):
        table.add_column(column, overflow="fold")
    for case in found:
        table.add_row(
            str(case.id),
            case.urgency.label,
            ", ".join(case.tags) or "unreadable",
            plain(case.client),
            plain(case.subject, 80),
            when(case.opened_at, zone),
            plain(f"{case.status} {case.owner or case.acknowledged_by}".strip()),
        )
    return table


def repeated_lines(found: Sequence[Repeated]) -> Iterator[str]:
    """Matters that come up again and again; nothing where there are none."""
    if found:
        yield f"Worth a change in how you work: {len(found)}"
    for each in found:
        yield f"  {plain(each.line, 200)}"
        yield f"      cases {', '.join(map(str, each.cases))}"


def outbox_lines(rows: Sequence[OutboxRow], zone: str) -> Iterator[str]:
    """Briefs that have not left, each with what to do."""
    yield f"Briefs not sent: {len(rows)}"
    for row in rows:
        next_step = {
            "queued": f"next attempt {when(row.next_attempt_at, zone)}",
            "sending": "being sent, or its answer was lost",
            "digest": f"waits for their digest, or until {when(row.next_attempt_at, zone)}",
            "held": (
                f"look whether it arrived: if so, `triage retry {row.id} --arrived`, "
                f"else `triage retry {row.id}`"
            ),
            "failed": f"mend the cause, then `triage retry {row.id}`",
        }.get(row.state, "")
        about = f"case {row.case_id}" if row.case_id else row.occasion
        yield f"  {row.id}  {about}  {row.recipient}  {row.state}: {next_step}"
        if row.detail:
            yield f"      {plain(row.detail)}"


def review_lines(mails: Sequence[Decided]) -> Iterator[str]:
    """Mails that wait for a person's judgement."""
    yield f"For review, newest first: {len(mails)}"
    if mails:
        yield "  Go through them: `triage label`. One alone: `triage show --mail NUMBER`, then"
        yield "  `triage label NUMBER TAGS`, or NUMBER none. A tag tells those who must know."
    for mail in mails:
        yield f"  {mail.id}  {plain(mail.sender, 50)}  {plain(mail.subject, 70)}  {mail.why}"


def mailbox_lines(boxes: Sequence[Mailbox], zone: str) -> Iterator[str]:
    """When each mailbox was looked at, and its trouble."""
    yield "Mailboxes"
    for box in boxes:
        yield f"  {box.account}/{box.folder}  last looked at {when(box.looked_at, zone)}"
        if box.problem:
            yield f"      TROUBLE since {when(box.problem_since, zone)}"
            yield f"      {plain(box.problem)}"


def tag_folder_lines(folders: Sequence[TagFolder], zone: str) -> Iterator[str]:
    """The folders that mean a tag, and their trouble."""
    for account in dict.fromkeys(folder.account for folder in folders):
        mine = [folder for folder in folders if folder.account == account]
        yield f"Tag folders of {account}: {len(mine)}"
        if mine[0].problem:
            yield f"      TROUBLE since {when(mine[0].problem_since, zone)}"
            yield f"      {plain(mine[0].problem)}"


def label_lines(labelled: int, conflicts: int) -> Iterator[str]:
    """How much people have said, and whether they agree."""
    noun = "conflict" if conflicts == 1 else "conflicts"
    against = f", {conflicts} {noun}: `triage examples list --conflicts`" if conflicts else ""
    yield f"Labelled by people: {labelled}{against}"


def case_lines(
    case: Case,
    mails: Sequence[Decided],
    briefs: Sequence[OutboxRow],
    trail: Sequence[Entry],
    zone: str,
) -> Iterator[str]:
    """One case: its mails, the briefs and their fate, and everything that happened."""
    yield f"Case {case.id}: {plain(case.subject)}"
    yield f"  {case.status}, {case.urgency.label}, {', '.join(case.tags) or 'no tag'}"
    yield f"  about {plain(case.client)}, since {when(case.opened_at, zone)}"
    if case.owner:
        yield f"  owned by {plain(case.owner)}"
    if case.merged_into:
        yield f"  part of case {case.merged_into}: `triage show {case.merged_into}`"
    elif ended := ending_in_words(case.outcome, recurs=case.recurs):
        by = f", says {plain(case.outcome_by)}" if case.outcome_by else ""
        at = f", {when(case.outcome_at, zone)}" if case.outcome_at else ""
        yield f"  outcome: {plain(ended)}{by}{at}"
    yield "Mails"
    for mail in mails:
        received = when(mail.received_at, zone)
        yield f"  {mail.id}  {received}  {plain(mail.sender)}  [{mail.action}]"
        yield f"      {plain(mail.subject)}"
        if mail.action == "joined" and mail.why:
            yield f"      {plain(mail.why, _SENTENCE_LIMIT)}"
        if mail.scores:
            yield f"      {_scores(mail)}  model {mail.model}  policy {mail.policy}"
    yield "Briefs"
    for row in briefs:
        yield f"  {row.id}  {row.recipient}  {row.occasion}: {row.state} {plain(row.detail)}"
    yield "What happened"
    for entry in trail:
        which = f" mail {entry.message_id}" if entry.action == "labelled" else ""
        yield f"  {when(entry.at, zone)}  {entry.action}{which}  {plain(entry.detail)}"


def mail_lines(
    mail: Decided, email: Email | None, evidence: Sequence[tuple[str, str]], zone: str
) -> Iterator[str]:
    """One mail: who, when, what was decided and why, and its new text.

    `email` is None where the bytes are not in the store. `evidence` holds (tag, sentence) pairs.
    """
    yield f"Mail {mail.id}: {plain(mail.subject or (email.subject if email else ''))}"
    yield f"  from {plain(email.sender.display if email else mail.sender)}"
    if email and email.date:
        yield f"  written {moment(email.date, zone)}"
    yield f"  received {when(mail.received_at, zone)}, {plain(str(mail.ref))}"
    yield f"  {mail.action or 'waiting'}" + (f": {plain(mail.why)}" if mail.why else "")
    if mail.case_id:
        yield f"  case {mail.case_id}: `triage show {mail.case_id}`"
    if mail.scores:
        yield f"Scores (model {mail.model})"
        yield f"  {_scores(mail)}"
    if evidence:
        yield "What speaks for it"
        yield from (f"  {tag}: {plain(sentence, _SENTENCE_LIMIT)}" for tag, sentence in evidence)
    yield "New text"
    words = email.new_text if email else ""
    yield from (f"{_INDENT}{line}".rstrip() for line in paragraph(words) or ("(none to show)",))


def _scores(mail: Decided) -> str:
    return " ".join(f"{tag} {score:.2f}" for tag, score in (mail.scores or {}).items())

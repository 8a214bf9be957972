"""The same matter twice: pairs of mails, through the real decision and store.

`same`: the second one ends in the case of the first and nobody hears of it. `told`: it is in that
case, and what was added to it is told. `new`: it is a matter of its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.mail_styles import NORA, STYLES, Mail, attached, forward
from tests.steps import Bench, make_bench
from triage.messages import Urgency
from triage.pipeline.same_words import compare, words_of
from triage.rendering.ids import reference_of
from triage.store import audit, cases, inbox, outbox

if TYPE_CHECKING:
    from pathlib import Path

    from triage.messages import Outcome
    from triage.store.outbox import OutboxRow

FIRST = Mail(
    text=(
        "Hi,\n\nNobody on our side can log in to the staging portal, so our testers are stuck and "
        "the release has to wait.\nCould you tell us who resets the accounts?\n\nDana"
    ),
    message_id="<first@client.example>",
)
SHORT = replace(FIRST, text="We are still stuck.", subject="Portal")
INVOICE = replace(
    FIRST,
    text=(
        "Dear team,\n\nplease find attached our invoice for January. We are stuck with two lines "
        "that were not included in the order, and ask you to clear them with our accounts.\n\nDana"
    ),
    subject="Invoice January",
)
FEBRUARY = replace(
    INVOICE,
    text=INVOICE.text.replace("January", "February"),
    subject="Invoice February",
    message_id="<february@client.example>",
)
REPORT = replace(
    FIRST,
    text=(
        "Hello,\n\nattached is the report on open tickets. As before, some of them are stuck with "
        "your team and wait for an answer.\n\nKind regards\nDana"
    ),
    subject="Report on open tickets",
    files=(("report.csv", "week,open\n1,12"),),
)
EMPTY = replace(FIRST, text="", subject="stuck: see the file", files=(("list.csv", "a,b"),))
LISTED = FIRST.text + (
    "\n\n_______________________________________________\nprojects mailing list\n"
    "projects@firm.example\nhttps://lists.firm.example/projects"
)
LINKED = replace(FIRST, text=FIRST.text + "\n\nhttps://portal.client.example/ticket/4711")
SAFE = (
    "https://eur01.safelinks.protection.outlook.example/?url="
    "https%3A%2F%2Fportal.client.example%2Fticket%2F4711&data=05%7C01"
)
OTHER = "Omar Said <omar@other.example>"


@dataclass(frozen=True, kw_only=True)
class Pair:
    first: Mail
    second: Mail
    means: str
    why: str = ""


def pair(means: str, second: Mail, first: Mail = FIRST, why: str = "") -> Pair:
    return Pair(first=first, second=second, means=means, why=why)


def again(mail: Mail = FIRST, *, before: str = "", behind: str = "", **changes: object) -> Mail:
    """The words once more, in a mail of its own, with something around them."""
    return mail.later(text=f"{before}{mail.text}{behind}", **changes)


COPIES = {
    "through another account, with other bytes": pair(
        "same", replace(FIRST, headers="X-Account: two\n"), why="a copy of mail 1"
    ),
    "to an alias": pair("same", replace(FIRST, to="support@firm.example")),
    "of a short mail": pair("same", replace(SHORT, to="support@firm.example"), SHORT),
    "through a list that puts a footer below and a tag before the subject": pair(
        "same", replace(FIRST, text=LISTED, subject="[Projects] Staging portal")
    ),
    "through a list that gives it another Message-ID": pair(
        "same",
        replace(FIRST, message_id="<list-99@lists.example>", headers="List-Post: <x>\n"),
        why="a copy of mail 1",
    ),
    "of a short mail through a list that gives it another Message-ID and subject": pair(
        "same", replace(SHORT, message_id="<l@lists.example>", subject="[Projects] Portal"), SHORT
    ),
    "of a short mail written at another time, with another Message-ID": pair(
        "new",
        replace(SHORT.later(), message_id="<l@lists.example>", subject="[Projects] Portal"),
        SHORT,
    ),
    "through a list that writes in the writer's place": pair(
        "same",
        replace(FIRST, sender="Dana Reyes via Hello <hello@firm.example>", to="x@firm.example"),
    ),
    "wrapped anew by a relay": pair("same", replace(FIRST, text=FIRST.text.replace(" ", "\n", 9))),
    "with a warning put on top": pair(
        "same",
        replace(
            FIRST,
            text="[EXTERNAL] This message came from outside. Do not open links.\n\n" + FIRST.text,
        ),
    ),
    "without text, by its file": pair("same", replace(EMPTY, to="support@firm.example"), EMPTY),
    "by somebody else with the same Message-ID": pair(
        "new", replace(FIRST, sender=OTHER, subject="Help")
    ),
    "with the same Message-ID and other words": pair(
        "new",
        replace(
            SHORT, message_id="<form@site.example>", text="Other people are stuck.", sender=OTHER
        ),
        replace(SHORT, message_id="<form@site.example>"),
    ),
}
FORWARDS = {
    **{
        f"by {style} without a word": pair("same", forward(FIRST, style), why="a forward of mail 1")
        for style in STYLES
    },
    **{
        f"by {style} with a word of passing on": pair(
            "same", forward(FIRST, style, "FYI, see below.\n\nNora")
        )
        for style in STYLES
    },
    **{
        f"by {style} with a comment that adds a tag": pair(
            "told", forward(FIRST, style, "They told me by phone how disappointed they are.")
        )
        for style in STYLES
    },
    "with a comment that adds nothing": pair(
        "same", forward(FIRST, note="Can somebody look at this today? They called me twice.")
    ),
    "as an attachment": pair("same", attached(FIRST)),
    "as an attachment with a comment": pair("same", attached(FIRST, "Ben, is this one yours?")),
    "as an attachment to a mail with its own subject": pair(
        "same", attached(FIRST, "They are stuck, who has this?", subject="Northwind")
    ),
    "as an attachment with a comment that adds a tag": pair(
        "told", attached(FIRST, "I hear that they are disappointed.", subject="Northwind")
    ),
    "by a second colleague": pair(
        "same", forward(FIRST, sender="Priya <priya@firm.example>"), forward(FIRST, "Outlook")
    ),
    "before the mail itself comes": pair(
        "same", FIRST.later(hours=3), forward(FIRST, "Outlook"), why="the original of mail 1"
    ),
    "of a short mail, by its time": pair("same", forward(SHORT, "Outlook"), SHORT),
    "of a short mail, attached": pair("same", attached(SHORT), SHORT),
    "with a link that a filter has wrapped": pair(
        "same",
        replace(
            forward(LINKED, "Outlook"),
            text=forward(LINKED, "Outlook").text.replace(
                "https://portal.client.example/ticket/4711", SAFE
            ),
        ),
        LINKED,
    ),
    "of another short mail of the same words": pair(
        "new", forward(SHORT.later(hours=31, subject="Login"), "Outlook", hours=1), SHORT
    ),
    "of a mail that somebody else wrote in the same words": pair(
        "new", forward(replace(FIRST, sender=OTHER))
    ),
    "by an outsider who claims to pass on a client's words": pair(
        "new", forward(FIRST, sender=OTHER)
    ),
    "of a template with another month": pair(
        "new",
        forward(FEBRUARY),
        INVOICE,
    ),
    "of the same words weeks later": pair("new", forward(FIRST, hours=24 * 20)),
}
REPEATS = {
    "with a word that it is sent again": pair(
        "same",
        again(before="Resending this, as I have not heard back.\n\n", subject="Resending: Portal"),
    ),
    "without a word": pair("same", again(), why="mail 1 sent once more"),
    "from a private address": pair("same", again(sender="Dana Reyes <dreyes77@gmail.example>")),
    "from a private address that has no name with it": pair(
        "same",
        again(sender="dana.reyes@freemail.example"),
        replace(FIRST, sender='"Reyes, Dana" <dr@client.example>'),
    ),
    "as the client's own forward": pair(
        "same",
        forward(FIRST, note="Did you get this?", sender=FIRST.sender),
    ),
    "as a forward by the client's colleague": pair(
        "same", forward(FIRST, "Outlook", "Any news?", sender="Ole <ole@client.example>")
    ),
    "with the forgotten file": pair(
        "same", again(behind="\n\nNow with the file.", files=(("log.csv", "a,b"),))
    ),
    "with a complaint about the silence": pair(
        "told", again(before="Sent again, and I am disappointed to get no answer.\n\n")
    ),
    "sent twice within minutes, however short": pair("same", again(SHORT, hours=0), SHORT),
    "with a phone's closing line": pair("same", again(behind="\n\nSent from my iPhone")),
    "the same invoice of another month": pair(
        "new",
        again(FEBRUARY),
        INVOICE,
    ),
    "the same invoice, the month only in the subject": pair(
        "new",
        again(
            replace(INVOICE, text=INVOICE.text.replace(" for January", "")),
            subject="Invoice February",
        ),
        replace(INVOICE, text=INVOICE.text.replace(" for January", "")),
    ),
    "two guests with one line": pair(
        "new",
        Mail(text="Hello, we are stuck at the door.", sender="Kim Lee <kim@guest.example>"),
        Mail(text="Hello, we are stuck at the door.", sender="Max Roth <max@mail.example>"),
    ),
    "two guests with one first name and one form's words": pair(
        "new",
        again(sender="Dana <dana@elsewhere.example>"),
        replace(FIRST, sender="Dana <dana@client.example>"),
    ),
    "two people at one front desk": pair(
        "new",
        again(sender="Front Desk <desk@hotel.example>"),
        replace(FIRST, sender="Front Desk <desk@inn.example>"),
    ),
    "a report with another file": pair(
        "new", again(REPORT, files=(("report.csv", "week,open\n2,19"),)), REPORT
    ),
    "a weekly report with the same words": pair("new", again(REPORT, hours=7 * 24), REPORT),
    "still broken, in a new thread": pair("new", again(SHORT, hours=30), SHORT),
    "one word differs: not": pair(
        "new",
        again(replace(FIRST, text=FIRST.text.replace("can log in", "can not log in"))),
    ),
    "another figure": pair(
        "new",
        again(replace(LINKED, text=LINKED.text.replace("4711", "4712"))),
        LINKED,
    ),
    "a figure on top": pair("new", again(behind="\n\nTicket 4712")),
    "a page of new words around the old ones": pair(
        "new", again(behind=" And another thing." * 20)
    ),
}
PAIRS = {
    **{f"copy {name}": each for name, each in COPIES.items()},
    **{f"forward {name}": each for name, each in FORWARDS.items()},
    **{f"repeat {name}": each for name, each in REPEATS.items()},
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def take(bench: Bench, mail: Mail) -> Outcome:
    assert mail.date
    bench.clock.now = mail.date.timestamp() + 20
    bench.receive("", content=mail.content(bench.uid))
    [outcome] = bench.decide()
    return outcome


@pytest.mark.parametrize("each", PAIRS.values(), ids=PAIRS.keys())
def test_a_pair(bench: Bench, each: Pair) -> None:
    first = take(bench, each.first)
    assert (first.action, first.case_id) == ("escalated", 1)
    briefs = len(bench.queued())
    second = take(bench, each.second)
    got = {("joined", 1): "same", ("escalated", 1): "told", ("escalated", 2): "new"}
    assert got.get((second.action, second.case_id or 0)) == each.means, second
    if each.means == "same":
        assert len(bench.queued()) == briefs
        # A forward has the client and the subject of its case anyway: that is not what is tested.
        assert second.why.startswith("joined case 1: ")
        assert each.why in second.why
    if each.means == "told":
        assert {occasion for _, occasion in bench.queued()[briefs:]} == {"new-tag"}


def test_the_table_is_large_and_tells_both_ways() -> None:
    assert len(PAIRS) >= 40
    assert sum(each.means == "new" for each in PAIRS.values()) >= 15


# ------------------------------------------------------------- what the table cannot say


def test_a_copy_of_a_mail_without_a_case_is_a_duplicate(bench: Bench) -> None:
    plain = replace(FIRST, text="Thanks for the call, see you on Monday at the usual place.")
    assert take(bench, plain).action == "left"
    second = take(bench, replace(plain, to="support@firm.example"))
    assert (second.action, second.why) == ("duplicate", "a copy of mail 1")


def test_words_that_came_on_top_of_a_copy_are_judged(bench: Bench) -> None:
    take(bench, FIRST)
    added = again(behind="\n\nAnd I am disappointed.", message_id=FIRST.message_id, hours=0)
    assert (take(bench, added).action, added.date) == ("escalated", FIRST.date)
    with bench.store.read() as tx:
        assert cases.get(tx, 1).tags == ("blocker", "dissatisfaction")


def test_an_unsure_copy_asks_for_no_second_review(bench: Bench) -> None:
    perhaps = replace(FIRST, text="We are perhaps stuck.")
    take(bench, perhaps)
    assert take(bench, replace(perhaps, to="support@firm.example")).action == "duplicate"
    with bench.store.read() as tx:
        assert [mail.id for mail in inbox.unsure(tx, 9)] == [1]


def test_a_mail_after_a_newsletter_with_its_words_is_judged(bench: Bench) -> None:
    robot = replace(FIRST, headers="Precedence: bulk\n", message_id="<robot@x.example>")
    assert take(bench, robot).action == "not-triaged"
    assert take(bench, replace(robot, headers="")).action == "escalated"


@pytest.mark.parametrize(
    ("second", "means"),
    [
        (replace(FIRST, to="support@firm.example"), ("joined", 1)),
        (
            again(behind="\n\nStill stuck.", message_id=FIRST.message_id, hours=0),
            ("escalated", 2),
        ),
        (forward(FIRST), ("joined", 1)),
        (forward(FIRST, note="FYI, see below.\n\nNora"), ("joined", 1)),
        (forward(FIRST, note="They called: it is not solved."), ("escalated", 2)),
        (again(before="Sending this again.\n\n"), ("escalated", 2)),
    ],
    ids=[
        "copy",
        "more in a copy",
        "forward",
        "FYI",
        "forward with a comment",
        "repeat by the client",
    ],
)
def test_once_a_case_is_closed_whoever_writes_again_is_heard(
    bench: Bench, second: Mail, means: tuple[str, int]
) -> None:
    take(bench, FIRST)
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "", bench.clock())
    outcome = take(bench, second)
    assert (outcome.action, outcome.case_id) == means


def test_what_a_manager_took_away_does_not_come_back_with_a_forward(bench: Bench) -> None:
    take(bench, replace(FIRST, text=FIRST.text + " It is not included in your quote?"))
    with bench.store.write() as tx:
        cases.retag(tx, 1, tags=["blocker"], urgency=Urgency.HIGH)
    mail = replace(FIRST, text=FIRST.text + " It is not included in your quote?")
    outcome = take(bench, forward(mail, note="Can you answer them until noon?"))
    assert (outcome.action, outcome.case_id) == ("joined", 1)


def test_a_joined_mail_stands_in_the_trail_of_its_case(bench: Bench) -> None:
    take(bench, FIRST)
    take(bench, forward(FIRST))
    with bench.store.read() as tx:
        trail = [(entry.action, entry.detail) for entry in audit.of_case(tx, 1)]
        assert [mail.why for mail in inbox.of_case(tx, 1)][1:] == [trail[-1][1]]
    assert trail[-1] == ("joined", "joined case 1: a forward of mail 1, by Nora Quist")


def test_a_forward_with_a_new_tag_says_in_the_trail_what_it_is(bench: Bench) -> None:
    take(bench, FIRST)
    take(bench, forward(FIRST, note="I hear that they are disappointed with all of this."))
    with bench.store.read() as tx:
        actions = [entry.action for entry in audit.of_case(tx, 1)]
    assert actions == ["escalated", "joined", "escalated"]


def test_what_is_said_again_belongs_to_its_case_whatever_thread_it_stands_in(bench: Bench) -> None:
    take(bench, replace(FIRST, text="Could you quote?", message_id="<q@client.example>"))
    take(bench, replace(FIRST, subject="Portal"))
    reply = again(
        before="Sent again, please look at it.\n\n",
        subject="Re: Call",
        headers="References: <q@client.example>\n",
    )
    outcome = take(bench, reply)
    assert (outcome.action, outcome.case_id) == ("joined", 2)


def test_it_is_the_mail_that_must_be_recent_and_not_its_case(bench: Bench) -> None:
    take(bench, FIRST)
    chase = FIRST.later(
        text="I am disappointed.", headers=f"In-Reply-To: {FIRST.message_id}\n", hours=4 * 24
    )
    assert take(bench, chase).case_id == 1
    outcome = take(bench, again(subject="Portal once more", hours=6 * 24))
    assert (outcome.action, outcome.case_id) == ("escalated", 2)


@pytest.mark.parametrize(
    "part", ["<mailto:", "[mailto:", "[cid:", "http://a?url=", "https://a", " ", "a ", "e\u0301"]
)
def test_reading_words_takes_time_that_grows_with_the_text_alone(part: str) -> None:
    began_at = time.process_time()
    text = part * (100_000 // len(part))
    found = words_of(text)
    compare(found, found[1:])
    assert time.process_time() - began_at < 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Don\u2019t wait,\r\nplease.", "don't wait please"),
        ("> Caf\u00e9 > closed", "cafe\u0301 closed"),
        ("dana@x.example<mailto:dana@x.example>", "dana@x.example"),
        ("*Now* [cid:image001.png@01D] \u2022 one", "now one"),
        ("zero\u200bwidth\u00adhere", "zerowidthhere"),
    ],
)
def test_what_programs_change_on_the_way_is_no_difference(one: str, other: str) -> None:
    assert words_of(one) == words_of(other)


def brief_row(bench: Bench) -> OutboxRow:
    with bench.store.read() as tx:
        return outbox.briefs_of_case(tx, 1)[0]


def colleague(row: OutboxRow, **changes: object) -> Mail:
    """A colleague writes to the shared inbox about a brief that somebody has passed on to them."""
    mail = Mail(
        text=f"Ben, I am disappointed: nobody asked us.\n\nRef: {reference_of(row.rfc_id)}",
        sender=NORA,
        subject="Login of the client",
    )
    return replace(mail, **changes)  # type: ignore[arg-type]


def test_a_colleague_who_quotes_a_briefs_reference_speaks_of_its_case(bench: Bench) -> None:
    take(bench, FIRST)
    assert take(bench, colleague(brief_row(bench))).case_id == 1


def test_a_colleague_who_answers_a_brief_of_somebody_else_speaks_of_its_case(bench: Bench) -> None:
    take(bench, FIRST)
    row = brief_row(bench)
    mail = colleague(row, text="I am disappointed.", headers=f"In-Reply-To: {row.rfc_id}\n")
    assert take(bench, mail).case_id == 1


def test_an_outsider_gets_into_no_case_by_a_reference(bench: Bench) -> None:
    take(bench, FIRST)
    assert take(bench, colleague(brief_row(bench), sender=OTHER)).case_id == 2


def test_a_reference_to_a_closed_case_opens_another(bench: Bench) -> None:
    take(bench, FIRST)
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "", bench.clock())
    assert take(bench, colleague(brief_row(bench))).case_id == 2

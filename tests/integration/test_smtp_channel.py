"""The SMTP channel against real servers on loopback: each end of an attempt, by name.

Most tests use our own sink, which misbehaves on demand; a few use aiosmtpd, which was written by
people who did not know this client.
"""

from __future__ import annotations

import socket
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.certificates import make_certificates
from tests.smtp_faults import Fault, ScriptedFaults
from tests.smtp_sink import Sink, SinkOptions
from triage.channels.smtp import SmtpChannel
from triage.channels.smtp_session import ehlo_name
from triage.config import Outgoing
from triage.errors import ChannelError, LoginError
from triage.messages import DeliveryStatus, Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.certificates import Certificates

SENT, DEFERRED, REFUSED, UNCERTAIN, NOT_CLAIMED = (
    DeliveryStatus.SENT,
    DeliveryStatus.DEFERRED,
    DeliveryStatus.REFUSED,
    DeliveryStatus.UNCERTAIN,
    DeliveryStatus.NOT_CLAIMED,
)
SENDER = "triage@radial.example"
SECRET = "pässword & more"


def make_notice(number: int = 1, **changes: Any) -> Notice:
    message_id = f"<n{number}@radial.example>"
    content = f"Message-ID: {message_id}\r\nSubject: Blocked\r\n\r\nLine\r\n.dot\r\n".encode()
    notice = Notice(
        message_id=message_id,
        sender=SENDER,
        recipient="ben@radial.example",
        subject="Blocked",
        content=content,
    )
    return replace(notice, **changes)


def make_outgoing(port: int, **changes: Any) -> Outgoing:
    outgoing = Outgoing(
        host="127.0.0.1", port=port, sender=SENDER, security="none", timeout_s=5, answer_timeout_s=5
    )
    return replace(outgoing, **changes)


class Claims:
    """Counts how often it was asked; takes its time, as a durable commit does."""

    def __init__(self, *, answer: bool = True, takes_s: float = 0.0) -> None:
        self.asked = 0
        self._answer, self._takes_s = answer, takes_s

    def __call__(self) -> bool:
        self.asked += 1
        time.sleep(self._takes_s)
        return self._answer


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as server:
        yield server


@pytest.fixture
def channel(sink: Sink) -> Iterator[SmtpChannel]:
    with closing(SmtpChannel(make_outgoing(sink.port))) as made:
        yield made


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[SinkOptions], Sink]]:
    """Start sinks of a given kind; all are stopped at the end."""
    started: list[Sink] = []

    def start(options: SinkOptions) -> Sink:
        started.append(Sink(tmp_path / f"sink{len(started)}", options=options).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


# -- how an attempt ends -----------------------------------------------------------------------


def reply(at: Any, code: int) -> list[Fault]:
    return [Fault(at=at, do="reply", code=code, words="4.2.0 as scripted")]


def dropped(at: Any) -> list[Fault]:
    return [Fault(at=at, do="drop")]


BEFORE_THE_DOT = [
    pytest.param(reply("connect", 421), DEFERRED, id="greeting 421"),
    pytest.param(reply("connect", 554), DEFERRED, id="greeting 554"),
    pytest.param(reply("ehlo", 451) * 2, DEFERRED, id="EHLO and HELO 451"),
    pytest.param(reply("ehlo", 550) * 2, DEFERRED, id="EHLO and HELO 550"),
    pytest.param(reply("mail", 451), DEFERRED, id="MAIL 451"),
    pytest.param(reply("rcpt", 450), DEFERRED, id="RCPT 450"),
    pytest.param(reply("data", 451), DEFERRED, id="DATA 451"),
    pytest.param(reply("mail", 421), DEFERRED, id="MAIL 421"),
    pytest.param(reply("mail", 550), REFUSED, id="MAIL 550"),
    pytest.param(reply("rcpt", 550), REFUSED, id="RCPT 550"),
    pytest.param(reply("data", 554), REFUSED, id="DATA 554"),
    pytest.param(reply("mail", 530), DEFERRED, id="MAIL 530, a login is missing"),
    pytest.param(dropped("connect"), DEFERRED, id="dropped at connect"),
    pytest.param(dropped("ehlo"), DEFERRED, id="dropped at EHLO"),
    pytest.param(dropped("mail"), DEFERRED, id="dropped at MAIL"),
    pytest.param(dropped("rcpt"), DEFERRED, id="dropped at RCPT"),
    pytest.param(dropped("data"), DEFERRED, id="dropped before 354"),
]


@pytest.mark.parametrize(("script", "status"), BEFORE_THE_DOT)
def test_what_fails_before_the_dot_is_certain_and_never_claimed(
    sink: Sink, channel: SmtpChannel, script: list[Fault], status: DeliveryStatus
) -> None:
    sink.faults, claims = ScriptedFaults(script), Claims()
    delivery = channel.deliver(make_notice(), claims)
    assert delivery.status is status
    assert f"127.0.0.1:{sink.port}" in delivery.detail
    assert claims.asked == 0
    assert sink.accepted() == []
    assert sum(sink.struck.values()) == len(script)


AFTER_THE_DOT = [
    pytest.param([], SENT, 1, id="250"),
    pytest.param(reply("dot", 451), DEFERRED, 0, id="451 to the dot"),
    pytest.param(reply("dot", 421), DEFERRED, 0, id="421 to the dot"),
    pytest.param(reply("dot", 554), REFUSED, 0, id="554 to the dot"),
    pytest.param(reply("dot", 354), UNCERTAIN, 0, id="no final answer to the dot"),
    pytest.param(dropped("dot"), UNCERTAIN, 0, id="not accepted, no answer"),
    pytest.param([Fault(at="dot", do="accept-drop")], UNCERTAIN, 1, id="accepted, no answer"),
    pytest.param([Fault(at="dot", do="late", seconds=0.4)], SENT, 1, id="late answer"),
]


@pytest.mark.parametrize(("script", "status", "arrived"), AFTER_THE_DOT)
def test_after_the_dot_only_an_answer_makes_it_certain(
    sink: Sink, channel: SmtpChannel, script: list[Fault], status: DeliveryStatus, arrived: int
) -> None:
    sink.faults, claims = ScriptedFaults(script), Claims()
    delivery = channel.deliver(make_notice(), claims)
    assert delivery.status is status
    assert claims.asked == 1
    assert len(sink.accepted()) == arrived


def test_an_answer_slower_than_its_time_out_is_uncertain(sink: Sink) -> None:
    sink.faults = ScriptedFaults([Fault(at="dot", do="late", seconds=2)])
    with closing(SmtpChannel(make_outgoing(sink.port, answer_timeout_s=1))) as channel:
        assert channel.deliver(make_notice(), Claims()).status is UNCERTAIN


def test_the_answer_to_the_dot_may_take_longer_than_any_other(sink: Sink) -> None:
    sink.faults = ScriptedFaults([Fault(at="dot", do="late", seconds=1.6)])
    with closing(SmtpChannel(make_outgoing(sink.port, timeout_s=1))) as channel:
        assert channel.deliver(make_notice(), Claims()).status is SENT
        assert channel.deliver(make_notice(2), Claims()).status is SENT
        sink.faults = ScriptedFaults([Fault(at="rcpt", do="late", seconds=1.6)])
        assert channel.deliver(make_notice(3), Claims()).status is SENT, "retried, kept connection"
        sink.faults = ScriptedFaults([Fault(at="rcpt", do="late", seconds=1.6)] * 2)
        assert channel.deliver(make_notice(4), Claims()).status is DEFERRED


def test_a_connection_dropped_within_the_content_is_certain(
    sink: Sink, channel: SmtpChannel
) -> None:
    sink.faults = ScriptedFaults(dropped("content"))
    delivery = channel.deliver(make_notice(), Claims(takes_s=0.3))
    assert delivery.status is DEFERRED
    assert sink.accepted() == []


def test_a_connection_dropped_within_a_large_content_is_not_even_claimed(
    sink: Sink, channel: SmtpChannel
) -> None:
    sink.faults, claims = ScriptedFaults(dropped("content")), Claims()
    large = make_notice(content=b"A line of text that fills the mail.\r\n" * 400_000)
    assert channel.deliver(large, claims).status is DEFERRED
    assert claims.asked == 0
    assert sink.accepted() == []


def test_a_word_of_the_server_before_the_dot_stops_the_mail(
    sink: Sink, channel: SmtpChannel
) -> None:
    sink.faults = ScriptedFaults([Fault(at="content", do="reply", code=421, words="4.3.2 closing")])
    delivery = channel.deliver(make_notice(), Claims(takes_s=0.3))
    assert delivery.status is DEFERRED
    assert "421 4.3.2 closing" in delivery.detail


def test_a_slow_reader_gets_the_whole_mail(sink: Sink, channel: SmtpChannel) -> None:
    sink.faults = ScriptedFaults([Fault(at="content", do="slow", seconds=0.5)])
    content = b"A line of text that fills the mail.\r\n" * 200_000
    assert channel.deliver(make_notice(content=content), Claims()).status is SENT
    assert sink.accepted()[0].content == content


def test_a_refused_connection_is_deferred() -> None:
    delivery = SmtpChannel(make_outgoing(free_port())).deliver(make_notice(), Claims())
    assert delivery.status is DEFERRED
    assert "refused" in delivery.detail


def test_without_the_claim_nothing_arrives_and_the_next_notice_does(
    sink: Sink, channel: SmtpChannel
) -> None:
    assert channel.deliver(make_notice(1), Claims(answer=False)).status is NOT_CLAIMED
    assert channel.deliver(make_notice(2), Claims()).status is SENT
    assert [mail.message_id for mail in sink.accepted()] == ["<n2@radial.example>"]


def test_what_the_claim_raises_passes_through_and_nothing_arrives(
    sink: Sink, channel: SmtpChannel
) -> None:
    def claim() -> bool:
        raise ConnectionResetError("the store is gone")

    with pytest.raises(ConnectionResetError, match="the store is gone"):
        channel.deliver(make_notice(1), claim)
    assert channel.deliver(make_notice(2), Claims()).status is SENT
    assert [mail.message_id for mail in sink.accepted()] == ["<n2@radial.example>"]


# -- one connection for several notices --------------------------------------------------------


def test_notices_share_a_connection(sink: Sink, channel: SmtpChannel) -> None:
    for number in range(5):
        assert channel.deliver(make_notice(number), Claims()).status is SENT
    assert len(sink.accepted()) == 5
    assert sink.connections == 1


def test_a_stale_connection_costs_no_notice_and_doubles_none(
    sink: Sink, channel: SmtpChannel
) -> None:
    for number in range(4):
        claims = Claims()
        assert channel.deliver(make_notice(number), claims).status is SENT
        assert claims.asked == 1
        sink.hang_up()
    assert [mail.message_id for mail in sink.accepted()] == [
        f"<n{number}@radial.example>" for number in range(4)
    ]
    assert sink.connections == 4


@pytest.mark.parametrize(
    "script",
    [dropped("mail"), dropped("rcpt"), dropped("data"), reply("mail", 421), reply("mail", 452)],
    ids=["MAIL", "RCPT", "DATA", "MAIL 421", "MAIL 452"],
)
def test_a_kept_connection_that_breaks_is_replaced_at_once(
    sink: Sink, channel: SmtpChannel, script: list[Fault]
) -> None:
    channel.deliver(make_notice(1), Claims())
    sink.faults, claims = ScriptedFaults(script), Claims()
    assert channel.deliver(make_notice(2), claims).status is SENT
    assert claims.asked == 1
    assert [m.message_id for m in sink.accepted()] == ["<n1@radial.example>", "<n2@radial.example>"]


def test_an_answer_lost_on_a_kept_connection_is_never_tried_again(
    sink: Sink, channel: SmtpChannel
) -> None:
    channel.deliver(make_notice(1), Claims())
    sink.faults, claims = ScriptedFaults([Fault(at="dot", do="accept-drop")]), Claims()
    assert channel.deliver(make_notice(2), claims).status is UNCERTAIN
    assert claims.asked == 1
    assert len(sink.accepted()) == 2


def test_a_connection_that_rested_too_long_is_left_politely(sink: Sink) -> None:
    now = 0.0
    with closing(SmtpChannel(make_outgoing(sink.port), clock=lambda: now)) as channel:
        channel.deliver(make_notice(1), Claims())
        now = 31.0
        assert channel.deliver(make_notice(2), Claims()).status is SENT
    assert sink.connections == 2
    assert sink.commands.count("QUIT") == 2


def test_one_refused_recipient_does_not_cost_the_connection(
    sink: Sink, channel: SmtpChannel
) -> None:
    sink.faults = ScriptedFaults(reply("rcpt", 550))
    assert channel.deliver(make_notice(1), Claims()).status is REFUSED
    assert channel.deliver(make_notice(2), Claims()).status is SENT
    assert sink.connections == 1


# -- the bytes ---------------------------------------------------------------------------------

AWKWARD = (
    b"Subject: dots\r\n\r\n.\r\n..\r\n.leading\r\n\r\n.\r\nb\xc3\xbccher \xff\r\n"
    + b"x" * 3000
    + b"\r\nMAIL FROM:<a@b>\r\n.\r\n"
)


def test_the_bytes_arrive_as_they_are(sink: Sink, channel: SmtpChannel) -> None:
    assert channel.deliver(make_notice(content=AWKWARD), Claims()).status is SENT
    assert [mail.content for mail in sink.accepted()] == [AWKWARD]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(st.binary(max_size=40).map(lambda b: b.translate(None, b"\r\n"))))
def test_any_lines_arrive_as_they_are(sink: Sink, channel: SmtpChannel, lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in [b"A: b", *lines])
    assert channel.deliver(make_notice(content=content), Claims()).status is SENT
    assert sink.accepted()[-1].content == content


@pytest.mark.parametrize(
    ("given_content", "arrives"),
    [
        (b"A: b\n\n.c\n", b"A: b\r\n\r\n.c\r\n"),
        (b"A: b\r\n\r\nno end", b"A: b\r\n\r\nno end\r\n"),
        (b"A: b\r\n\r\n\n.\n\r.\r\rMAIL", b"A: b\r\n\r\n\r\n.\r\n\r\n.\r\n\r\nMAIL\r\n"),
    ],
    ids=["LF", "no last line end", "an end smuggled in"],
)
def test_other_line_ends_become_crlf(
    sink: Sink, channel: SmtpChannel, given_content: bytes, arrives: bytes
) -> None:
    assert channel.deliver(make_notice(content=given_content), Claims()).status is SENT
    assert [mail.content for mail in sink.accepted()] == [arrives]


def test_size_and_eight_bits_are_announced_where_known(sink: Sink, channel: SmtpChannel) -> None:
    channel.deliver(make_notice(content=b"A: b\r\n\r\n\xff\r\n"), Claims())
    channel.deliver(make_notice(content=b"A: b\r\n\r\nc\r\n"), Claims())
    mails = [command for command in sink.commands if command.upper().startswith("MAIL")]
    assert mails[0].upper().endswith("SIZE=11 BODY=8BITMIME")
    assert mails[1].upper().endswith("SIZE=11")


def test_nothing_is_announced_to_a_server_that_does_not_know_it(
    serve: Callable[[SinkOptions], Sink],
) -> None:
    server = serve(SinkOptions(offers=()))
    with closing(SmtpChannel(make_outgoing(server.port))) as channel:
        assert (
            channel.deliver(make_notice(content=b"A: b\r\n\r\n\xff\r\n"), Claims()).status is SENT
        )
    assert f"MAIL FROM:<{SENDER}>".upper() in [command.upper() for command in server.commands]
    assert server.accepted()[0].content == b"A: b\r\n\r\n\xff\r\n"


@pytest.mark.parametrize("field", ["sender", "recipient"])
@pytest.mark.parametrize(
    "address", ["a@b.example>\r\nRCPT TO:<x@y.example", "a b@c.example", "bücher@c.example", ""]
)
def test_an_address_that_would_break_the_protocol_is_refused(
    sink: Sink, channel: SmtpChannel, field: str, address: str
) -> None:
    changes: dict[str, Any] = {field: address}
    notice = make_notice(**changes)
    assert channel.deliver(notice, Claims()).status is REFUSED
    assert sink.commands == []


# -- encryption and login ----------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_encrypted_to_a_server_our_authority_vouches_for(
    serve: Callable[[SinkOptions], Sink], certificates: Certificates, security: Any
) -> None:
    tls = certificates.server_context()
    server = serve(SinkOptions(tls=tls, implicit=security == "tls", login=("triage", SECRET)))
    outgoing = make_outgoing(
        server.port, security=security, ca_file=certificates.authority, username="triage"
    )
    with closing(SmtpChannel(outgoing, lambda: SECRET)) as channel:
        channel.check()
        assert channel.deliver(make_notice(1), Claims()).status is SENT
        assert channel.deliver(make_notice(2, content=AWKWARD), Claims()).status is SENT
    assert [mail.content for mail in server.accepted()][1] == AWKWARD
    assert server.connections == 2, "one for the check, one for both notices"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_stops_everything(
    serve: Callable[[SinkOptions], Sink], certificates: Certificates, security: Any
) -> None:
    tls = certificates.server_context()
    server = serve(SinkOptions(tls=tls, implicit=security == "tls", login=("triage", SECRET)))
    channel = SmtpChannel(
        make_outgoing(server.port, security=security, username="triage"), lambda: SECRET
    )
    delivery = channel.deliver(make_notice(), Claims())
    assert delivery.status is DEFERRED
    assert "outgoing.ca_file" in delivery.detail
    assert not [c for c in server.commands if c.startswith(("AUTH", "MAIL", "mail"))]
    with pytest.raises(ChannelError, match=f"127.0.0.1:{server.port}.*certificate"):
        channel.check()


def test_a_certificate_for_another_name_stops_everything(
    serve: Callable[[SinkOptions], Sink], tmp_path: Path
) -> None:
    other = make_certificates(tmp_path / "other", "DNS:mail.radial.example")
    server = serve(SinkOptions(tls=other.server_context()))
    outgoing = make_outgoing(server.port, security="starttls", ca_file=other.authority)
    delivery = SmtpChannel(outgoing).deliver(make_notice(), Claims())
    assert delivery.status is DEFERRED
    assert "outgoing.host" in delivery.detail
    assert server.accepted() == []


def test_without_starttls_on_offer_neither_mail_nor_password_leave(sink: Sink) -> None:
    outgoing = make_outgoing(sink.port, security="starttls", username="triage")
    channel = SmtpChannel(outgoing, lambda: SECRET)
    delivery = channel.deliver(make_notice(), Claims())
    assert delivery.status is DEFERRED
    assert "does not offer STARTTLS" in delivery.detail
    assert [c.split()[0] for c in sink.commands] == ["ehlo"]
    with pytest.raises(ChannelError, match="STARTTLS"):
        channel.check()


def test_a_ca_file_that_is_missing_is_named(sink: Sink, tmp_path: Path) -> None:
    outgoing = make_outgoing(sink.port, security="tls", ca_file=tmp_path / "none.pem")
    with pytest.raises(ChannelError, match=r"outgoing\.ca_file .*none\.pem cannot be used"):
        SmtpChannel(outgoing).check()


def test_nothing_leaves_this_machine_unencrypted() -> None:
    channel = SmtpChannel(make_outgoing(25, host="mail.radial.example"))
    assert channel.deliver(make_notice(), Claims()).status is DEFERRED
    with pytest.raises(ChannelError, match="unencrypted"):
        channel.check()


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "PLAIN LOGIN", "CRAM-MD5 LOGIN"])
def test_login_works_by_either_method_with_any_letters(
    serve: Callable[[SinkOptions], Sink], method: str
) -> None:
    server = serve(SinkOptions(login=("triage", SECRET), auth=method))
    outgoing = make_outgoing(server.port, username="triage")
    with closing(SmtpChannel(outgoing, lambda: SECRET)) as channel:
        assert channel.deliver(make_notice(), Claims()).status is SENT


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
def test_a_refused_login_defers_is_marked_and_never_shows_the_password(
    serve: Callable[[SinkOptions], Sink], method: str
) -> None:
    server = serve(SinkOptions(login=("triage", "another"), auth=method))
    channel = SmtpChannel(make_outgoing(server.port, username="triage"), lambda: SECRET)
    delivery = channel.deliver(make_notice(), Claims())
    assert delivery.status is DEFERRED
    assert delivery.login_refused
    assert "refused the login of triage" in delivery.detail
    assert SECRET not in delivery.detail, "the sink says the password back"
    assert len([c for c in server.commands if c.startswith("AUTH")]) == 1, "one try, no lock-out"
    with pytest.raises(ChannelError, match="refused the login of triage"):
        channel.check()


def test_a_login_the_server_cannot_take_now_is_not_called_refused(
    serve: Callable[[SinkOptions], Sink],
) -> None:
    server = serve(SinkOptions(login=("triage", SECRET)))
    server.faults = ScriptedFaults(reply("auth", 454))
    channel = SmtpChannel(make_outgoing(server.port, username="triage"), lambda: SECRET)
    delivery = channel.deliver(make_notice(), Claims())
    assert (delivery.status, delivery.login_refused) == (DEFERRED, False)


def test_a_password_that_cannot_be_had_defers(serve: Callable[[SinkOptions], Sink]) -> None:
    def missing() -> str:
        raise LoginError("the command pass ended with 1; run it by hand")

    server = serve(SinkOptions(login=("triage", SECRET)))
    channel = SmtpChannel(make_outgoing(server.port, username="triage"), missing)
    delivery = channel.deliver(make_notice(), Claims())
    assert (delivery.status, delivery.login_refused) == (DEFERRED, True)
    assert "run it by hand" in delivery.detail


def test_a_server_that_offers_no_login_is_named(sink: Sink) -> None:
    channel = SmtpChannel(make_outgoing(sink.port, username="triage"), lambda: SECRET)
    with pytest.raises(ChannelError, match="offers no login"):
        channel.check()


def test_a_server_that_wants_a_login_we_lack_is_no_fault_of_the_notice(
    serve: Callable[[SinkOptions], Sink],
) -> None:
    server = serve(SinkOptions(login=("triage", SECRET)))
    with closing(SmtpChannel(make_outgoing(server.port))) as channel:
        delivery = channel.deliver(make_notice(), Claims())
    assert (delivery.status, delivery.login_refused) == (DEFERRED, True)
    assert server.accepted() == []


# -- what is said ------------------------------------------------------------------------------


def test_check_names_the_sender_and_sends_nothing(sink: Sink, channel: SmtpChannel) -> None:
    channel.check()
    assert [command.split(" ")[0].upper() for command in sink.commands] == ["EHLO", "MAIL", "QUIT"]
    assert sink.accepted() == []


def test_check_tells_when_the_server_does_not_let_us_send(sink: Sink, channel: SmtpChannel) -> None:
    sink.faults = ScriptedFaults(reply("mail", 550))
    with pytest.raises(ChannelError, match=r"does not let us send as triage@radial\.example: 550"):
        channel.check()


def test_check_tells_of_a_port_nobody_listens_on() -> None:
    port = free_port()
    with pytest.raises(ChannelError, match=rf"127\.0\.0\.1:{port}.*outgoing\.port"):
        SmtpChannel(make_outgoing(port)).check()


def test_check_tells_of_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        outgoing = make_outgoing(mute.getsockname()[1], timeout_s=1)
        with pytest.raises(ChannelError, match=r"no answer within 1 s.*465"):
            SmtpChannel(outgoing).check()


def test_check_tells_tls_from_starttls_ports(sink: Sink) -> None:
    with pytest.raises(ChannelError, match=r'outgoing\.security = "starttls"'):
        SmtpChannel(make_outgoing(sink.port, security="tls")).check()


def test_server_words_are_kept_on_one_short_line(sink: Sink, channel: SmtpChannel) -> None:
    words = "5.1.1 no\x1b[31m such\x07 user\u202e " + "x" * 2000
    sink.faults = ScriptedFaults([Fault(at="rcpt", do="reply", code=550, words=words)])
    detail = channel.deliver(make_notice(), Claims()).detail
    assert "550 5.1.1 no [31m such user xxx" in detail
    assert detail.isprintable()
    assert len(detail) < 450


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("triage@radial.example", "radial.example"),
        ("triage@bücher.example", "xn--bcher-kva.example"),
        ("triage", "triage"),
        ("triage@", "localhost"),
        ("triage@a b\r\nMAIL", "localhost"),
        ("triage@" + "x" * 70 + ".example", "localhost"),
    ],
)
def test_the_greeting_names_the_senders_domain_only(sender: str, name: str) -> None:
    assert ehlo_name(sender) == name


# -- a server that others wrote ----------------------------------------------------------------


class Collector:
    """An aiosmtpd handler that keeps what came."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 stored"


def test_aiosmtpd_gets_the_same_bytes_over_starttls(certificates: Certificates) -> None:
    collector = Collector()
    controller = Controller(
        collector,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=certificates.server_context(),
        require_starttls=True,
        decode_data=False,
    )
    controller.start()
    outgoing = make_outgoing(controller.port, security="starttls", ca_file=certificates.authority)
    content = AWKWARD.replace(b"x" * 3000, b"x" * 900)  # aiosmtpd keeps to 998 bytes a line
    try:
        with closing(SmtpChannel(outgoing)) as channel:
            channel.check()
            for _ in range(2):
                assert channel.deliver(make_notice(content=content), Claims()).status is SENT
    finally:
        controller.stop()
    assert collector.mails == [(SENDER, ["ben@radial.example"], content)] * 2

"""Mails as people's programs write them: plain ones, and forwards by hand of several programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WRITTEN = datetime(2027, 1, 11, 9, 14, 5, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail before it is bytes. `date` None: it carries none."""

    text: str
    sender: str = "Dana Reyes <dana@client.example>"
    to: str = "hello@firm.example"
    subject: str = "Staging portal"
    message_id: str = ""
    date: datetime | None = WRITTEN
    headers: str = ""
    files: tuple[tuple[str, str], ...] = ()  # name and content

    def later(self, **changes: object) -> Mail:
        """The same words in a mail of its own, an hour later unless told otherwise."""
        hours = changes.pop("hours", 1)
        assert isinstance(hours, int)
        date = self.date + timedelta(hours=hours) if self.date else None
        given = {"message_id": "", "date": date, **changes}
        return replace(self, **given)  # type: ignore[arg-type]

    def content(self, number: int) -> bytes:
        """The bytes; `number` makes an id where none is given."""
        rfc_id = self.message_id or f"<n{number}@mail.example>"
        head = f"From: {self.sender}\nTo: {self.to}\nSubject: {self.subject}\n"
        head += f"Message-ID: {rfc_id}\n"
        head += f"Date: {format_datetime(self.date)}\n" if self.date else ""
        head += f"{self.headers}MIME-Version: 1.0\n"
        whole = head + (self._with_files() if self.files else self._plain())
        return whole.replace("\n", "\r\n").encode()

    def _plain(self) -> str:
        return f"Content-Type: text/plain; charset=utf-8\n\n{self.text}\n"

    def _with_files(self) -> str:
        parts = "".join(
            f"--b\nContent-Type: {'message/rfc822' if name.endswith('.eml') else 'text/csv'}\n"
            f'Content-Disposition: attachment; filename="{name}"\n\n{content}\n'
            for name, content in self.files
        )
        return f"Content-Type: multipart/mixed; boundary=b\n\n--b\n{self._plain()}\n{parts}--b--\n"


NORA = "Nora Quist <nora@firm.example>"


def gmail(mail: Mail, note: str = "") -> str:
    assert mail.date
    return (
        f"{note}\n\n---------- Forwarded message ---------\nFrom: {mail.sender}\n"
        f"Date: {mail.date:%a, %b %d, %Y at %H:%M}\nSubject: {mail.subject}\nTo: <{mail.to}>\n\n\n"
        f"{mail.text}"
    )


def outlook(mail: Mail, note: str = "") -> str:
    assert mail.date
    berlin = mail.date + timedelta(hours=1)
    return (
        f"{note}\n\nFrom: {mail.sender}\nSent: {berlin:%A, %d %B %Y %H:%M}\n"
        f"To: Hello <{mail.to}>\nSubject: {mail.subject}\n\n{mail.text}"
    )


def exchange(mail: Mail, note: str = "") -> str:
    """Within a company Outlook names people without their addresses, and puts banners on top."""
    assert mail.date
    name = mail.sender.partition(" <")[0]
    first, _, last = name.partition(" ")
    return (
        f"{note}\n\n________________________________\nFrom: {last}, {first}\n"
        f"Sent: {mail.date:%A, %B %d, %Y %I:%M %p}\nTo: Hello\nSubject: {mail.subject}\n\n"
        "CAUTION: This email originated from outside of the organization. Do not click links or"
        f" open attachments unless you recognize the sender.\n\n{mail.text}"
    )


def german(mail: Mail, note: str = "") -> str:
    assert mail.date
    return (
        f"{note}\n\nVon: {mail.sender}\nGesendet: Montag, {mail.date:%d. Januar %Y %H:%M}\n"
        f"An: {mail.to}\nBetreff: {mail.subject}\n\n{mail.text}"
    )


def apple(mail: Mail, note: str = "") -> str:
    assert mail.date
    quoted = "\n".join(
        [
            "Begin forwarded message:",
            "",
            f"From: {mail.sender}",
            f"Subject: {mail.subject}",
            f"Date: {mail.date:%d %B %Y at %H:%M:%S} GMT",
            f"To: {mail.to}",
            "",
            *mail.text.split("\n"),
        ]
    )
    return f"{note}\n\n" + "\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))


def thunderbird(mail: Mail, note: str = "") -> str:
    assert mail.date
    return (
        f"{note}\n\n-------- Forwarded Message --------\nSubject: {mail.subject}\n"
        f"Date: {mail.date:%a, %d %b %Y %H:%M:%S} +0000\nFrom: {mail.sender}\nTo: {mail.to}\n\n"
        f"{mail.text}"
    )


def yahoo(mail: Mail, note: str = "") -> str:
    assert mail.date
    return (
        f"{note}\n\n----- Forwarded Message -----\nFrom: {mail.sender}\nTo: {mail.to}\n"
        f"Sent: {mail.date:%A, %d %B %Y at %H:%M:%S GMT}\nSubject: {mail.subject}\n\n{mail.text}"
    )


STYLES: dict[str, Callable[[Mail, str], str]] = {
    "Gmail": gmail,
    "Outlook": outlook,
    "Outlook within a company": exchange,
    "Outlook in German": german,
    "Apple Mail": apple,
    "Thunderbird": thunderbird,
    "Yahoo": yahoo,
}


def forward(
    mail: Mail, style: str = "Gmail", note: str = "", *, sender: str = NORA, hours: int = 2
) -> Mail:
    """A forward by hand, with the mail written into the text."""
    prefix = "FW: " if "Outlook" in style else "Fwd: "
    return mail.later(
        text=STYLES[style](mail, note),
        sender=sender,
        subject=f"{prefix}{mail.subject}",
        hours=hours,
    )


def attached(
    mail: Mail, note: str = "", *, subject: str = "", sender: str = NORA, hours: int = 2
) -> Mail:
    """A forward with the mail attached as it is."""
    inner = mail.content(0).decode().replace("\r\n", "\n")
    return mail.later(
        text=note,
        sender=sender,
        subject=subject or f"Fwd: {mail.subject}",
        files=(("mail.eml", inner),),
        hours=hours,
    )

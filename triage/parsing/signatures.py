"""What stands below or above a person's own words: signatures, disclaimers, banners, footers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.parsing.boundaries import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_SIGNATURE_LINES = 15
_MAX_LINE = 1_000

_DASHES = re.compile(r"\s{0,3}(?:--|—|__)\s{0,2}")
_RULE_ONLY = re.compile(r"[\s\-_=~*#+.ᐧ]+")
_PHONE = re.compile(
    r"[(<\[\s]{0,4}(?:sent (?:from|via|with|using|by)|from my|get \[?(?:outlook|bluemail)\b|"
    r"gesendet (?:von|mit|über)|von meinem|diese nachricht wurde von|"
    r"envoyé (?:depuis|de|à partir)|télécharger outlook|enviado (?:desde|do|de|a partir)|"
    r"obtener outlook|inviato (?:da|dal|con)|scarica outlook|verzonden (?:vanaf|met|via)|"
    r"skickat från|sendt fra|wysłane z|отправлено|outlook für|從我的).{0,100}",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"\b(?:i-?phone|i-?pad|i-?pod|android|blackberry|samsung|galaxy|huawei|nokia|mobile?|mobil\w*|"
    r"outlook|windows|mailbox|airmail|yahoo|proton\w*|gmail|smartphone|handy|phone|cell|tablet|"
    r"device|gerät|mail app|mail\.ru|web\.de|gmx|k-9|bluemail|spark|htc|alcatel|xperia|ti-85|"
    r"téléphone|móvil|portable|fairmail|fairemail|superhuman|front)\b",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"[\s*_>]{0,4}(?:(?:legal |important )?(?:disclaimer|confidentiality)(?: notice| note)?\b|"
    r"this (?:e-?mail|message|communication|transmission)(?:,? (?:and|including|together with) "
    r".{0,60}?| transmission| message)?,? (?:is|are|may be|may contain|contains?|was sent)"
    r" .{0,60}(?:confidential|intended|privileged|proprietary)|"
    r"the (?:information|content\w*) (?:contained )?(?:in|of|transmitted).{0,60}"
    r"(?:e-?mail|message|transmission|confidential|communication)|"
    r"if you (?:are not|have received).{0,60}(?:intended|in error|by mistake)|"
    r"diese (?:e-?mail|nachricht).{0,60}vertraulich|(?:der|die) inhalt.{0,60}vertraulich|"
    r"ce (?:message|courriel|mail).{0,80}confidentiel|"
    r"este (?:mensaje|correo).{0,80}confidencial|questo messaggio.{0,80}(?:riservat|confidenzial)|"
    r"please consider the environment|think before you print|bitte denken sie an die umwelt)",
    re.IGNORECASE,
)
_LEGALESE = re.compile(
    r"recipient|addressee|unauthori[sz]ed|in error|delete|disclos|empfänger|irrtümlich|"
    r"destinatari|destinataire|erreur|environment|print|umwelt",
    re.IGNORECASE,
)
_BANNER = re.compile(
    r"[\s*\[!]{0,6}(?:caution|warning|external(?: e-?mail| sender)?|achtung|attention|"
    r"this (?:e-?mail|message) (?:originated|came|was sent) from (?:outside|an external))\b"
    r".{0,200}(?:outside|external|extern|click|links|attachments|unknown sender|originated)",
    re.IGNORECASE,
)
_LIST_FOOTER = re.compile(
    r"mailing list|unsubscribe|google groups|to stop receiving", re.IGNORECASE
)


def without_tail(lines: Sequence[str]) -> list[str]:
    """Drop an outside-sender banner, phone signatures, the signature and disclaimers."""
    kept = [line for line in lines if not _is_phone_signature(line)]
    kept = _without_banner(kept)
    kept = kept[: _disclaimer_start(kept)]
    kept = kept[: _list_footer_start(kept)]
    kept = kept[: _signature_start(kept)]
    while kept and (not kept[-1].strip() or _RULE_ONLY.fullmatch(kept[-1][:_MAX_LINE])):
        kept.pop()
    return kept


def _is_phone_signature(line: str) -> bool:
    bare = line.strip()
    if len(bare) > 120:  # noqa: PLR2004 - longer lines are sentences
        return False
    return bool(_PHONE.fullmatch(bare)) and bool(_DEVICE.search(bare))


def _without_banner(lines: list[str]) -> list[str]:
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None or not _BANNER.match(lines[first][:_MAX_LINE]):
        return lines
    end = next((i for i in range(first, len(lines)) if not lines[i].strip()), len(lines))
    return lines[end:]


def _disclaimer_start(lines: list[str]) -> int:
    """Where the last paragraphs are a disclaimer; the number of lines when they are not."""
    for index, line in enumerate(lines):
        starts_paragraph = index > 0 and not lines[index - 1].strip(" -_*=")
        if starts_paragraph and _DISCLAIMER.match(line[:_MAX_LINE]):
            below = " ".join(ln[:_MAX_LINE] for ln in lines[index : index + 20])
            if _LEGALESE.search(below):
                return index
    return len(lines)


def _list_footer_start(lines: list[str]) -> int:
    for index in range(len(lines) - 1, max(-1, len(lines) - 9), -1):
        if SEPARATOR.fullmatch(lines[index][:_MAX_LINE]) or lines[index].rstrip() == "--":
            below = " ".join(line[:200] for line in lines[index + 1 :])
            return index if _LIST_FOOTER.search(below) else len(lines)
    return len(lines)


def _signature_start(lines: list[str]) -> int:
    """The last "-- " line, when no more than a signature's worth of lines follows."""
    for index in range(len(lines) - 1, max(-1, len(lines) - _MAX_SIGNATURE_LINES - 2), -1):
        if _DASHES.fullmatch(lines[index][:_MAX_LINE]) and has_words(lines[:index]):
            return index
    return len(lines)


def has_words(lines: Sequence[str]) -> bool:
    """Whether there is a letter or digit anywhere."""
    return any(any(ch.isalnum() for ch in line) for line in lines)

"""Who somebody is, from no more than the From line and the mail's own words.

Rule: say less rather than guess. A display name that looks like an address or an office is not
used as a person's name, and an address at a public mail provider names no organisation.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.summary.wording import clean_line, shorten

if TYPE_CHECKING:
    from triage.messages import Address

NAME_LIMIT = 60
GIVEN_NAMES = 2  # more words behind a comma are no given names
ORGANISATION_LIMIT = 40


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEFT_OUT = r"(?:[.'\u2019]? ?|-| & | and )"  # what may stand between two letters of a domain
SECOND_LEVEL = _words("ac co com edu gob gov ltd me ne net or org plc")
PUBLIC_MAIL = _words(
    "aol btinternet comcast fastmail free gmail gmx googlemail hey hotmail hushmail icloud inbox"
    " laposte libero live mac mail mailbox me msn orange outlook pm posteo proton protonmail qq"
    " rocketmail sky t-online tutanota verizon virgilio wanadoo web yahoo yandex ymail zoho"
)
TITLES = _words("dr ing mag mr mrs ms mx prof sir dame herr frau mme m")
OFFICE = _words(
    "account accounts accounting admin billing contact desk director finance help hello hr info"
    " it mail manager marketing no noreply office payable procurement purchasing reception sales"
    " secretary service services support team the"
)


def name_of(person: Address) -> str:
    """Return the display name if it can be shown as one, else the address."""
    name = _in_spoken_order(clean_line(person.name).strip("\"' "))
    return shorten(name, NAME_LIMIT) if name and "@" not in name else address_of(person)


def _in_spoken_order(name: str) -> str:
    """Turn `Reyes, Dana` round; leave `Reyes, Dana, PhD` and `Smith, Jones Ltd.` alone."""
    last, comma, given = name.partition(", ")
    plain = comma and "," not in given and all(w.strip(".").isalpha() for w in given.split())
    return f"{given} {last}" if plain and len(given.split()) <= GIVEN_NAMES else name


def address_of(person: Address) -> str:
    """Return the cleaned address, or words that say there is none."""
    return clean_line(person.address).replace(" ", "") or "(no address)"


def name_and_address(person: Address) -> str:
    """Return the name with the address beside it; the address alone where there is no name."""
    name, address = name_of(person), address_of(person)
    return address if name == address else f"{name} <{address}>"


def first_name(person: Address) -> str:
    """Return the name to greet a person by, or nothing where the From line gives none."""
    name = _in_spoken_order(clean_line(person.name).strip("\"' "))
    if "@" in name:
        return ""
    words = [word for word in name.split() if word.strip(".").lower() not in TITLES]
    if not words or {word.lower().strip(".") for word in words} & OFFICE:
        return ""
    return _as_given_name(words[0])


def _as_given_name(word: str) -> str:
    letters = word.replace("-", "").replace("'", "").replace("\u2019", "")
    if not letters.isalpha() or len(letters) < 2:  # noqa: PLR2004 - an initial is no name
        return ""
    return word if word != word.upper() and word != word.lower() else word.title()


def organisation(domain: str, text: str = "") -> str:
    """Return the organisation a mail domain speaks for, spelt as the mail itself spells it.

    Nothing for public mail providers, for encoded international names, and for no domain.
    """
    labels = [label for label in domain.lower().split(".") if label]
    known = labels[:-1]
    if len(known) > 1 and known[-1] in SECOND_LEVEL and len(labels[-1]) == 2:  # noqa: PLR2004 - country code
        known = known[:-1]
    label = clean_line(known[-1]) if known else ""
    if not label or label in PUBLIC_MAIL or label.startswith("xn--"):
        return ""
    return shorten(_spelt_in(text, label) or _title(label), ORGANISATION_LIMIT)


def _title(label: str) -> str:
    words = re.split(r"[-_]+", label)
    return " ".join(word[:1].upper() + word[1:] for word in words if word)


def _spelt_in(text: str, label: str) -> str:
    """Return the label's spelling in the text where it is written with a capital letter.

    A domain leaves out spaces and signs: `stmarys` may be written `St. Mary's`.
    """
    letters = re.sub(r"[-_]", "", label)
    pattern = re.compile(
        rf"(?<![\w@./-])({LEFT_OUT.join(map(re.escape, letters))})(?![\w@]|\.\w)", re.IGNORECASE
    )
    found = (clean_line(match.group(1)) for match in pattern.finditer(text))
    return next((name for name in found if name[:1].isupper()), "")


def is_mailable(address: str) -> bool:
    """Whether an address is plain enough to be put into a link."""
    return bool(re.fullmatch(r"[A-Za-z0-9._+'-]{1,64}@[A-Za-z0-9.-]{1,190}", address))

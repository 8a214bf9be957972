"""Whether a mail says that a file is attached to it. What is attached elsewhere does not count."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.summary.facts.values import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.messages import Attachment
    from triage.summary.facts.values import Sentence

_SAYS_SO = re.compile(
    r"(?<![\w-])(?:"
    r"(?:please|kindly|pls),? (?:find|see|check|review)(?: \w+){0,4} (?:attached|enclosed)\b"
    r"|(?:please|kindly|pls),? (?:find|see|check|review) (?:attached|enclosed|the attach\w+)"
    r"|find (?:attached|enclosed)|see (?:the )?(?:attached|enclosed)\b|as attached\b"
    r"|(?:see|in|on) (?:the |this |my )?attach(?:ment|ments|ed)\b"
    r"|(?:is|are|was just|i am|i'm|i\u2019m|we are) (?:now |also |all |both )?(?:attached|"
    r"attaching|enclosed|enclosing)\b"
    r"|(?:i|we)(?: have|'ve|\u2019ve)?(?: also| now| just)? attach(?:ed)?\b"
    r"|attached(?:,)? (?:is|are|please|herewith|hereto|you(?:'ll|\u2019ll| will| can)? find|find)\b"
    r"|(?:enclosed|attached) (?:is|are|please|you will)\b"
    r"|the attached (?:file|files|document|documents|pdf|spreadsheet|sheet|list|log|logs|"
    r"screenshot|"
    r"screenshots|picture|image|invoice|contract|quote|proposal|report|draft|plan|mock-?ups?|"
    r"statement|form|version|copy|note|notes|csv|zip|video|recording)\b"
    r"|\(attached\)|\(see attach\w+\)|attached[.!]?$|attachments?:"
    r"|anbei|im anhang|in der anlage|im attachment|(?:ist|sind|habe|"
    r"haben)\b[^.]{0,60}\b(?:angeh\u00e4ngt|beigef\u00fcgt)"
    r"|siehe (?:anhang|anlage)"
    r"|ci-jointe?s?|en pi\u00e8ces? jointes?|ci-inclus\w*|veuillez trouver ci-joint\w*"
    r"|(?:se |le |les )?adjunt(?:o|a|amos)\b|en el (?:archivo )?adjunto|archivos? adjuntos?"
    r")",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:not|n't|n\u2019t|no|without|nothing|never|nobody|forgot(?:ten)? to|if|should be|"
    r"would be|will be|"
    r"to be|could you|can you|please attach|once|when|whatever is|nicht|kein\w*|ohne|pas|"
    r"sin)\b[^.]{0,30}$",
    re.IGNORECASE,
)
_TO_SOMETHING = re.compile(
    r"^(?:[^.]{0,40}?)\b(?:to|onto|in|on) (?:the |your |our |my |this |that |a |each |every )?"
    r"(?:ticket|issue|jira|story|case|task|card|wall|server|box|rack|account|invoice|contract|"
    r"purchase order|project|tracker|portal|previous|last|earlier|first|other|wiki|order|calendar|"
    r"invite|cable|screen|idea|team|volume|instance|network|vpc|bucket|it\b|him|her|them)|"
    r"^[^.]{0,60}\b(?:yesterday|last (?:week|month|time|\w+day)|earlier|previously|before|"
    r"the other day|"
    r"on (?:mon|tues|wednes|thurs|fri|satur|sun)day|weeks? ago|days? ago)\b|"
    r"^[^.]{0,30} below\b|^ (?:by|within)\b|^[^.]{0,20}\blink\b|^[^.]{0,10}\bstrings?\b",
    re.IGNORECASE,
)
_IMAGE_WORD = re.compile(
    (
        r"\b(?:screen ?shots?|screen ?grabs?|images?|pictures?|photos?|logo|bild\w*|fotos?|"
        r"captures?)\b"
    ),
    re.IGNORECASE,
)
_DECORATION = re.compile(
    r"(?:image\d{3,}|logo[\w-]*|outlook-[\w-]*|signature[\w-]*|facebook|linkedin|twitter|"
    r"icon[\w-]*)"
    r"\.(?:png|jpe?g|gif|bmp)|smime\.p7s|signature\.asc|winmail\.dat|.*\.vcf|att\d+\.(?:txt|html?)",
    re.IGNORECASE,
)


def find_missing(sentences: Sequence[Sentence], attachments: Sequence[Attachment]) -> list[Fact]:
    """The sentences that speak of a file, where none came along; at most the first of them."""
    said = [sentence for sentence in sentences if says_attached(sentence.text)]
    files = [file for file in attachments if not _DECORATION.fullmatch(file.name)]
    pictures = [file for file in attachments if file.type.startswith("image/")]
    missing = [s for s in said if not (files or (pictures and _IMAGE_WORD.search(s.text)))]
    return [Fact(text=s.text, where=s.where) for s in missing[:1]]


def says_attached(text: str) -> bool:
    """Whether a sentence says that something is attached to this very mail."""
    for match in _SAYS_SO.finditer(text):
        if not _ELSEWHERE.search(text[: match.start()]) and not _TO_SOMETHING.match(
            text[match.end() :]
        ):
            return not text.endswith("?")
    return False

"""One stretch of an answer, read word by word.

A clause is understood only when every word of it is: one unknown word and it is free text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from triage.feedback.lexicon import Item
from triage.feedback.tokens import CLINGING, DASH

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from triage.feedback.meaning import Doubt
    from triage.feedback.vocabulary import Vocabulary

_STOPS = frozenset({".", "!", ";", ":", "(", ")", "?"})
_SOFT = frozenset({",", DASH})
_MARKS = _STOPS | _SOFT | {CLINGING}
_NUMBER_DIGITS = 9
_COMMANDS = (Item.ACK, Item.TAKE, Item.DONE, Item.NONE, Item.TELL, Item.MERGE)


class Said(Enum):
    """What sort of clause it is."""

    NOTHING = auto()  # no word at all
    COURTESY = auto()
    ACK = auto()
    COMMAND = auto()
    UNCLEAR = auto()
    FREE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause as understood.

    `wants` are the commands in it: take, done, none, tell, merge, correct.
    """

    said: Said
    wants: frozenset[str] = frozenset()
    positive: tuple[str, ...] = ()
    added: bool = False  # the positive ones come on top of what is there
    negative: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    cases: tuple[int, ...] = ()
    doubt: Doubt = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word or phrase with what it does."""

    text: str
    item: Item
    tag: str = ""


def tokens_of(words: Sequence[str], vocabulary: Vocabulary, names: Collection[str]) -> list[Token]:
    """Name what each word or phrase does; the longest phrase wins."""
    found: list[Token] = []
    listed, start = list(words), 0
    while start < len(listed):
        size, item, tag = vocabulary.match(listed, start)
        text = " ".join(listed[start : start + size])
        found.append(Token(text=text, item=item, tag=tag))
        start += size
    return [_filling(token, names) for token in _with_cases_named(_with_people_told(found))]


def _filling(token: Token, names: Collection[str]) -> Token:
    """Marks mean nothing, and neither do names of the writer and of whom they greet."""
    fills = token.item is Item.OTHER and (token.text in _MARKS or token.text in names)
    return Token(text=token.text, item=Item.FILL) if fills else token


def _with_people_told(tokens: Sequence[Token]) -> list[Token]:
    """A name is a command's only behind "tell", and "tell" one's only before a name."""
    found: list[Token] = []
    telling = False
    for index, token in enumerate(tokens):
        names_one = [after.item for after in tokens[index + 1 : index + 2]] == [Item.PERSON]
        idle = not names_one if token.item is Item.TELL else not telling
        if token.item in (Item.TELL, Item.PERSON) and idle:
            found.append(Token(text=token.text, item=Item.OTHER))
        else:
            found.append(token)
        goes_on = token.item in (Item.PERSON, Item.AND) or token.text in _SOFT
        telling = (token.item is Item.TELL and names_one) or (telling and goes_on)
    return found


def _with_cases_named(tokens: Sequence[Token]) -> list[Token]:
    """A number is a case only behind "same as", and "same as" a command only before one."""
    found: list[Token] = []
    merging = False
    for index, token in enumerate(tokens):
        if token.item is Item.MERGE:
            merging = _is_number(_after_filling(tokens[index + 1 :]))
            found.append(token if merging else Token(text=token.text, item=Item.OTHER))
        elif merging and _is_number(token):
            found.append(Token(text=token.text, item=Item.NUMBER))
        else:
            merging = merging and (token.item in (Item.FILL, Item.AND) or token.text in _SOFT)
            found.append(token)
    return found


def _after_filling(tokens: Sequence[Token]) -> Token | None:
    return next((token for token in tokens if token.item is not Item.FILL), None)


def _is_number(token: Token | None) -> bool:
    return token is not None and token.text.isdecimal() and len(token.text) <= _NUMBER_DIGITS


@dataclass(slots=True)
class _State:
    """What has been read of a clause so far."""

    denied: bool = False  # a "not" waits for its tag
    last: str = ""  # whether the last tag was a positive or a negative one
    adding: bool = False
    only: bool = False
    courteous: bool = False
    nodded: bool = False
    off: bool = False
    wants: set[str] = field(default_factory=set)
    positive: dict[str, bool] = field(default_factory=dict)  # tag: whether it is added
    negative: dict[str, None] = field(default_factory=dict)
    people: dict[str, None] = field(default_factory=dict)
    cases: dict[int, None] = field(default_factory=dict)
    doubt: Doubt = ""


def parse(tokens: Sequence[Token]) -> Clause | None:
    """Read a clause; None when a word in it is unknown."""
    if any(token.item is Item.OTHER for token in tokens):
        return None
    if not any(token.text not in _MARKS for token in tokens):
        return Clause(said=Said.NOTHING)
    state = _State()
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        _read(state, token, following)
    if state.denied:
        state.doubt = state.doubt or "unread"
    return _concluded(state)


def _read(state: _State, token: Token, following: Token | None) -> None:
    if token.text == CLINGING and following and following.item is Item.TAG:
        state.doubt = "unread"  # "-upsell" may be a list of one, or mean "without"
    elif token.item is Item.TAG:
        _read_tag(state, token.tag)
    elif token.item is Item.PERSON:
        state.people[token.tag] = None
    elif token.item is Item.NUMBER:
        state.cases[int(token.text)] = None
    elif token.item in _COMMANDS:
        _read_command(state, token.item)
    elif token.item is Item.NO and following and following.item is Item.TAG:
        state.denied, state.last = True, ""  # "no blocker"; with a comma it is another thing
    else:
        _read_link(state, token.item)


def _read_tag(state: _State, tag: str) -> None:
    if state.denied:
        state.negative[tag] = None
        state.denied, state.last = False, "negative"
    elif state.last in ("negative", "off"):
        state.doubt = "unread"  # "not upsell and scope", "wrong: upsell": denied as well?
    else:
        state.positive[tag] = state.adding
        state.last = "positive"


def _read_command(state: _State, item: Item) -> None:
    if state.denied:
        state.doubt = "unread"  # "not mine"
    elif item is Item.ACK:
        state.nodded = True
    else:
        state.wants.add(item.name.lower())


def _read_link(state: _State, item: Item) -> None:
    match item:
        case Item.NOT | Item.INSTEAD:
            state.denied, state.last = True, ""
        case Item.TURN:
            _read_turn(state)
        case Item.NO:
            _read_no(state)
        case Item.OR:
            _read_or(state)
        case Item.ADD:
            state.adding = True
        case Item.TOO:
            state.positive = dict.fromkeys(state.positive, True)
        case Item.ONLY:
            state.only = True
        case Item.HEDGE:
            state.doubt = "hedge"


def _read_turn(state: _State) -> None:
    """Begin anew behind "but" or "it is"; a denial without a tag may have meant the one before."""
    if state.denied and state.positive:
        state.doubt = "unread"  # "upsell is not right, it is ..."
    state.denied, state.last = False, ""


def _read_no(state: _State) -> None:
    """Note that something is off; a tag on either side of it may be the wrong or the right one."""
    if state.positive:
        state.doubt = "unread"  # "upsell is wrong"
    state.off, state.last = True, "off"


def _read_or(state: _State) -> None:
    """Deny what follows "not A or"; a plain "A or B" leaves us the choice, so it is unclear."""
    if state.last == "positive":
        state.doubt = "unread"
    state.denied = state.denied or state.last == "negative"
    state.last = ""


def _concluded(state: _State) -> Clause:
    wants = set(state.wants)
    if state.positive or state.negative:
        wants.add("correct")
    if "none" in wants and state.negative and not state.positive:
        wants.discard("correct")  # "none, not upsell" says one thing twice
    doubt = state.doubt or _contradiction(state, wants)
    if not doubt and state.off and not wants:
        doubt = "unread"  # "wrong" alone
    if doubt:
        return Clause(said=Said.UNCLEAR, doubt=doubt)
    if not wants:
        return Clause(said=Said.ACK if state.nodded else Said.COURTESY)
    return Clause(
        said=Said.COMMAND,
        wants=frozenset(wants),
        positive=tuple(state.positive),
        added=bool(state.positive) and all(state.positive.values()) and not state.only,
        negative=tuple(state.negative),
        people=tuple(state.people),
        cases=tuple(state.cases),
    )


def _contradiction(state: _State, wants: set[str]) -> Doubt:
    if state.positive.keys() & state.negative.keys() or {"none", "correct"} <= wants:
        return "contradiction"
    return "several" if len(wants) > 1 else ""

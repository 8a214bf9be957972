"""From the words of an answer to their meaning.

The first lines are cut into sentences, and each is read as a whole, or as a command with free
text behind it ("not upsell, just a renewal"). What the sentences want is put together; as soon
as one of them casts doubt on it, the answer is unclear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from triage.feedback.clauses import Clause, Said, parse, tokens_of
from triage.feedback.closing import Ending, read_ending
from triage.feedback.lexicon import (
    ABSENCE,
    ASKING,
    COMMANDS,
    NOT_DONE,
    NOT_YET,
    PLAINLY_ASKING,
    Item,
)
from triage.feedback.lines import paragraphs, sentences
from triage.feedback.meaning import Meaning
from triage.feedback.tokens import DASH, words_of
from triage.feedback.vocabulary import ISSUE, is_issue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from triage.feedback.clauses import Token
    from triage.feedback.lines import Paragraph
    from triage.feedback.meaning import Doubt
    from triage.feedback.vocabulary import Vocabulary

SLIP_WORDS = 4
COMMAND_WORDS = 8
SHORT_WORDS = 6  # a stretch this short with a tag in it was most likely meant as a command
_START_CHARS = 600
NEVER = re.compile(r"(?!)")

_DONE = re.compile(r"\b(done|resolved|closed|solved)\b", re.IGNORECASE)
_BLANKS = " \t:,.;!-\u2013\u2014"  # what may part "done" from how it ended
_CUTS = frozenset({",", ";", ":", DASH, "(", "."})
_NOTHING_SAID = frozenset({Said.NOTHING, Said.COURTESY, Said.ACK})
_UNSURE = frozenset({Item.NOT, Item.NO, Item.HEDGE, Item.TURN, Item.INSTEAD, Item.OR})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    """A sentence as understood. `weak`: the doubt rests on nothing but its shortness."""

    clause: Clause
    ending: Ending = field(default_factory=Ending)
    weak: bool = False
    asks: bool = False  # asks somebody, perhaps a colleague


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    vocabulary: Vocabulary
    names: frozenset[str]

    def tokens(self, words: Sequence[str]) -> list[Token]:
        return tokens_of(words, self.vocabulary, self.names)

    def line(self, line: str) -> list[_Sentence]:
        """The sentences of a line; one that begins with "done" is one sentence to its end."""
        done = self._done(line)
        return [done] if done else [self.sentence(each) for each in sentences(line)]

    def sentence(self, text: str) -> _Sentence:
        words = words_of(text)
        asks = words[-1:] == ["?"]
        tokens = self.tokens(words)
        whole = parse(tokens)
        if whole is None:
            return self._with_free_text(tokens, asks=asks)
        if whole.said is not Said.NOTHING and (asks or _inverted(tokens)):
            return _doubt("question")
        if _is_courtesy_about(whole, tokens):
            return _Sentence(clause=Clause(said=Said.ACK))
        return _Sentence(clause=whole)

    def _with_free_text(self, tokens: list[Token], *, asks: bool) -> _Sentence:
        head, rest = _split(tokens)
        doubt = _doubt_in(rest, asks=asks) or self._slip_in(rest)
        if doubt:
            return doubt
        if head is None:
            if _ends_with_command(tokens):
                return _doubt("unread")
            return _Sentence(clause=Clause(said=Said.FREE), asks=asks)
        if asks and head.said is Said.COMMAND:
            return _doubt("question")
        return _Sentence(clause=head, asks=asks)

    def _slip_in(self, rest: list[Token]) -> _Sentence | None:
        """Whether a few words were meant as a command and have a slip in them: "not upsel"."""
        others = [token.text for token in rest if token.item is Item.OTHER]
        if len(rest) > SLIP_WORDS or not others:
            return None
        denies = rest[0].item in (Item.NOT, Item.NO)
        if denies or any(self.vocabulary.is_misspelt(word) for word in others):
            return _doubt("unread", weak=not denies)
        return None

    def _done(self, line: str) -> _Sentence | None:
        """Read "done: credit agreed", with nothing but courtesies before it."""
        found = _DONE.search(line)
        if found is None:
            return None
        words = words_of(line[: found.start()])
        before = parse(self.tokens(words))
        if before is None or before.said not in (Said.NOTHING, Said.COURTESY, Said.ACK):
            return None
        rest = line[found.end() :]
        ending = read_ending(rest)
        if NOT_DONE & set(words) or ASKING & set(words[:1]) or "?" in ending.outcome:
            return _doubt("question")
        outcome = rest.lstrip(_BLANKS)
        words = words_of(outcome)
        if outcome and outcome == rest.lstrip():  # nothing parts it from "done"
            if found[1].lower() != "done":
                return None
            if NOT_YET & set(words[:1]):
                return _doubt("unread")
        return self._closed(ending, words)

    def _closed(self, ending: Ending, words: list[str]) -> _Sentence:
        rest = parse(self.tokens(words))
        if rest and rest.said in (Said.COMMAND, Said.UNCLEAR):
            return _doubt("several" if rest.said is Said.COMMAND else "hedge")
        said = Ending(recurs=ending.recurs) if rest else ending
        return _Sentence(clause=Clause(said=Said.COMMAND, wants=frozenset({"done"})), ending=said)


def read(
    text: str,
    vocabulary: Vocabulary,
    *,
    names: Iterable[str] = (),
    ours: re.Pattern[str] = NEVER,
) -> Meaning:
    """What an answer means.

    Args:
        text: the writer's own words, without quoted history.
        vocabulary: see `vocabulary_of`.
        names: how the writer and those they may greet are called; such words mean nothing.
        ours: finds lines that we put into the answer ourselves.
    """
    called = frozenset(word for name in names for word in words_of(name))
    reader = _Reader(vocabulary=vocabulary, names=called)
    found: list[_Sentence] = []
    told = paragraphs(text, called, ours)
    for paragraph in told:
        found += _heard(_sentences(reader, paragraph), found)
    meaning = _meaning(found)
    if meaning.kind == "done" and meaning.recurs is None:
        return replace(meaning, recurs=read_ending(_joined(told)).recurs)
    return meaning


def read_answer(text: str, *, names: Iterable[str] = (), ours: re.Pattern[str] = NEVER) -> Ending:
    """What an answer to our question says of how a case ended; arguments as in `read`."""
    called = frozenset(word for name in names for word in words_of(name))
    return read_ending(_joined(paragraphs(text, called, ours)), asked=True)


def says_no_more(text: str, vocabulary: Vocabulary, *, names: Iterable[str] = ()) -> bool:
    """Whether a text is thanks and the like, and nothing else."""
    reader = _Reader(vocabulary=vocabulary, names=frozenset(w for n in names for w in words_of(n)))
    found = [parse(reader.tokens(words_of(line))) for line in text.splitlines()]
    return all(each and each.said in _NOTHING_SAID for each in found)


def _joined(told: Sequence[Paragraph]) -> str:
    return "\n".join(line for paragraph in told for line in paragraph)


def is_absence(text: str) -> bool:
    """Whether a text looks like an absence note that carries no sign of being automatic."""
    start = " ".join(text[:_START_CHARS].lower().split())
    return any(phrase in start for phrase in ABSENCE)


def _sentences(reader: _Reader, paragraph: Paragraph) -> list[_Sentence]:
    return [sentence for line in paragraph for sentence in reader.line(line)]


def _heard(later: list[_Sentence], before: Collection[_Sentence]) -> list[_Sentence]:
    """What counts of a further paragraph, which may be a signature ("Sales Director").

    Once something was understood, a paragraph counts that is a command as a whole, or that
    clearly speaks of tags; of others, nothing.
    """
    if not any(each.clause.said in (Said.ACK, Said.COMMAND) for each in before):
        return later
    if all(each.clause.said is not Said.FREE and not each.weak for each in later):
        return later
    return [each for each in later if each.clause.said is Said.UNCLEAR and not each.weak]


def _is_courtesy_about(whole: Clause, tokens: Sequence[Token]) -> bool:
    """Whether it thanks for a thing that is also the word for a kind of issue."""
    only_issues = whole.positive and all(map(is_issue, whole.positive)) and not whole.negative
    words = [token.text for token in tokens]
    nods = any(token.item is Item.ACK for token in tokens)
    return bool(only_issues) and whole.wants == {"correct"} and nods and "for" in words


def _inverted(tokens: Sequence[Token]) -> bool:
    """Whether it begins as a question does: "is this upsell"."""
    return tokens[0].item is Item.FILL and tokens[0].text in ASKING


def _doubt(why: Doubt, *, weak: bool = False) -> _Sentence:
    return _Sentence(clause=Clause(said=Said.UNCLEAR, doubt=why), weak=weak)


def _split(tokens: list[Token]) -> tuple[Clause | None, list[Token]]:
    """The longest understood beginning before a comma or the like, and what stands behind it."""
    for end in range(len(tokens) - 1, 0, -1):
        if tokens[end].text in _CUTS:
            head = parse(tokens[:end])
            if head and head.said in (Said.ACK, Said.COMMAND, Said.UNCLEAR):
                return head, tokens[end + 1 :]
    return None, tokens


def _doubt_in(rest: list[Token], *, asks: bool) -> _Sentence | None:
    """Whether free text casts doubt on what else the answer says, or asks us something."""
    if not rest:
        return None
    # The words for kinds of issue are everyday words: alone they speak of nothing in particular.
    items = {t.item for t in rest if not (t.item is Item.TAG and is_issue(t.tag))}
    short = len(rest) <= SHORT_WORDS
    asks_us = Item.TAG in items or rest[0].text.split()[0] in ASKING
    if (asks and asks_us) or _asks_plainly(rest):
        return _doubt("question")
    if rest[0].item is Item.HEDGE and short:
        return _doubt("hedge")
    speaks_of_tags = Item.TAG in items and (short or bool(items & _UNSURE))
    if speaks_of_tags or _begins_with_command(rest):
        return _doubt("unread", weak=not items & _UNSURE)
    return None


def _begins_with_command(rest: Sequence[Token]) -> bool:
    """Whether it runs on behind a command: "mine I will call her", "none of your business"."""
    courtesies = (Item.ACK, Item.FILL)
    first = next((token for token in rest if token.item not in courtesies), None)
    if first is None or len(rest) > COMMAND_WORDS:
        return False
    return first.item is Item.NONE or first.text in COMMANDS


def _ends_with_command(tokens: Sequence[Token]) -> bool:
    """Whether a command stands behind free text and a comma: "I will call them, mine"."""
    cuts = [n for n, token in enumerate(tokens[:-1]) if token.text in _CUTS]
    last = parse(tokens[cuts[-1] + 1 :]) if cuts else None
    return last is not None and last.said is Said.COMMAND


def _asks_plainly(rest: Sequence[Token]) -> bool:
    """Whether it asks us something without a question mark, as people do on phones."""
    start = " ".join(token.text for token in rest[:2])
    short = len(rest) <= SHORT_WORDS
    return start.startswith(PLAINLY_ASKING) or (short and any(t.text == "why" for t in rest))


def _meaning(found: Sequence[_Sentence]) -> Meaning:
    doubts = [each.clause.doubt for each in found if each.clause.said is Said.UNCLEAR]
    if doubts:
        return Meaning(kind="unclear", doubt=doubts[0])
    commands = [each for each in found if each.clause.said is Said.COMMAND]
    understood = [each for each in found if each.clause.said in (Said.ACK, Said.COMMAND)]
    if any(each.asks for each in found) and not (understood and not _asks_first(found)):
        return Meaning(kind="unclear", doubt="question")
    if not commands:
        courteous = any(each.clause.said is Said.ACK for each in found)
        return Meaning(kind="acknowledge", explicit=courteous)
    return _together(commands)


def _asks_first(found: Sequence[_Sentence]) -> bool:
    """Whether a question stands before anything that was understood."""
    for each in found:
        if each.clause.said in (Said.ACK, Said.COMMAND):
            return False
        if each.asks:
            return True
    return True


def _together(commands: Sequence[_Sentence]) -> Meaning:
    clauses = [each.clause for each in commands]
    wants = frozenset[str]().union(*(clause.wants for clause in clauses))
    people = tuple(dict.fromkeys(person for clause in clauses for person in clause.people))
    cases = tuple(dict.fromkeys(case for clause in clauses for case in clause.cases))
    positive = tuple(dict.fromkeys(tag for clause in clauses for tag in clause.positive))
    negative = tuple(dict.fromkeys(tag for clause in clauses for tag in clause.negative))
    if set(positive) & set(negative) or ("none" in wants and positive):
        return Meaning(kind="unclear", doubt="contradiction")
    if "none" in wants:
        wants -= {"correct"}  # "None. Not upsell." says one thing twice
    if len(wants) > 1:
        return Meaning(kind="unclear", doubt="several")
    added = all(clause.added for clause in clauses if clause.positive)
    ending = next((each.ending for each in commands if each.ending.says_something), Ending())
    return {
        "take": Meaning(kind="take"),
        "done": Meaning(kind="done", outcome=ending.outcome, recurs=ending.recurs),
        "none": Meaning(kind="correct", exactly=()),
        "tell": Meaning(kind="tell", people=people),
        "merge": Meaning(kind="merge", cases=cases),
        "correct": _corrected(positive, negative, added=added),
    }[min(wants)]


def _corrected(positive: tuple[str, ...], negative: tuple[str, ...], *, added: bool) -> Meaning:
    issues, tags = _parted(positive)
    not_issues, removed = _parted(negative)
    said = Meaning(kind="correct", issues=issues, not_issues=not_issues, on_top=added)
    if removed or (added and tags):
        return replace(said, add=tags, remove=removed)
    if not tags:
        return said
    return replace(said, add=tags) if not_issues else replace(said, exactly=tags)


def _parted(found: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kinds of issue by their ids, and tags."""
    issues = tuple(each.removeprefix(ISSUE) for each in found if is_issue(each))
    return issues, tuple(each for each in found if not is_issue(each))

"""Go through mails in the terminal, a key at a time, and say what each is.

Rules: each label is in the store, and acted on, before the next mail is shown, so that a broken
line loses nothing; the last labels can be taken back; nothing is stored for a mail that is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.cli.keys import END, ESCAPE
from triage.cli.review_card import Card, Look, card_lines
from triage.parsing import parse
from triage.store import inbox, labels
from triage.summary.wording import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triage.cli.keys import Keys
    from triage.pipeline.labelling import Effect, Labeller
    from triage.store.engine import Store

CONFIRM = ("\n", " ")
SKIP, UNDO, WHOLE, QUIT = "s", "u", "t", "q"
MOST_KEYS = 9  # digits 1 to 9
HELP = (
    "A digit chooses a tag, or drops it again. Enter or Space stores what is chosen, or none.\n"
    "s skip, u undo, t whole text, q quit."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A mail to look at, and why; `again` shows it although somebody has labelled it."""

    message_id: int
    reason: str
    again: bool = False


@dataclass(slots=True, kw_only=True)
class Tally:
    """How a review went."""

    labelled: int = 0
    skipped: int = 0
    left: int = 0


@dataclass(kw_only=True)
class Review:
    """A review by one person. `say` prints a line; `by` is who they are, `who` as briefs say it."""

    store: Store
    labeller: Labeller
    keys: Keys
    say: Callable[[str], None]
    clock: Callable[[], float]
    by: str
    who: str
    zone: str
    look: Look
    acts: bool = True
    _done: list[tuple[int, Effect]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    @property
    def tags(self) -> Sequence[str]:
        """The tags that have a key, in the policy's order."""
        return [*self.labeller.policy.routes][:MOST_KEYS]

    def run(self, queue: Sequence[Waiting]) -> None:
        """Show one mail after the other until the last, or until told to stop."""
        self.say(HELP)
        number = 0
        while number < len(queue):
            self.tally.left = len(queue) - number
            step = self._ask(queue[number], f"{number + 1} of {len(queue)}", number)
            if step == QUIT:
                return
            if step == UNDO:
                number = self._take_back()
                continue
            number += 1
            if number == len(queue):
                self.tally.left = 0
                number = self._last_chance(number)

    def _last_chance(self, number: int) -> int:
        """After the last mail: end, or take the last label back and go on there."""
        if not self._done:
            return number
        self.keys.forget()
        self.say("That was the last. u takes the last label back, any other key ends.")
        return self._take_back() if self.keys.read() == UNDO else number

    def _ask(self, waiting: Waiting, place: str, number: int) -> str:
        """What the person does with one mail: a key of `run`, or nothing for the next mail."""
        card = self._card(waiting, place)
        if card.label is not None and not waiting.again:
            return ""  # somebody has labelled it meanwhile
        self._show(card)
        chosen: list[str] = []
        step = None
        while step is None:
            step = self._press(self.keys.read(), card, chosen)
        if step in CONFIRM:
            self._store(number, waiting.message_id, chosen)
        self.tally.skipped += step == SKIP
        return step if step in {QUIT, UNDO} else ""

    def _press(self, key: str, card: Card, chosen: list[str]) -> str | None:
        """Follow one key; what it decides, or None when the mail stays."""
        if key in {END, QUIT}:
            return QUIT
        if key in {SKIP, *CONFIRM} or (key == UNDO and self._done):
            return key
        if key == UNDO:
            self.say("There is nothing to take back.")
        elif key == WHOLE:
            self._show(card, whole=True)
        elif key in "123456789" and int(key) <= len(self.tags):
            self._toggle(chosen, self.tags[int(key) - 1])
        elif key != ESCAPE:
            self.say(HELP)
        return None

    def _card(self, waiting: Waiting, place: str) -> Card:
        with self.store.read() as tx:
            mail = inbox.decided(tx, waiting.message_id)
            raw = inbox.load(tx, waiting.message_id).raw
            verdict = inbox.verdict_row(tx, waiting.message_id)
            label = labels.in_force(tx, waiting.message_id)
        return Card(
            mail=mail,
            email=parse(raw.content),
            evidence=[(e["tag"], e["sentence"]) for e in verdict["evidence"]] if verdict else [],
            reason=f"{place}, {waiting.reason}",
            label=label,
        )

    def _show(self, card: Card, *, whole: bool = False) -> None:
        self.say(self.look.faint("-" * min(self.look.width, 72)))
        for line in card_lines(card, self.look, self.zone, whole=whole):
            self.say(line)
        self.keys.forget()  # whoever sees the menu sees the mail
        self.say(self._menu())

    def _menu(self) -> str:
        return "  ".join(f"{n} {tag}" for n, tag in enumerate(self.tags, start=1))

    def _toggle(self, chosen: list[str], tag: str) -> None:
        if tag in chosen:
            chosen.remove(tag)
        else:
            chosen.append(tag)
        self.say(f"  chosen: {', '.join(chosen) or 'nothing'}")

    def _store(self, number: int, message_id: int, chosen: Sequence[str]) -> None:
        with self.store.write() as tx:
            effect = self.labeller.label(
                tx,
                message_id,
                chosen,
                by=self.by,
                how="terminal",
                who=self.who,
                now=self.clock(),
                acts=self.acts,
            )
        self._done.append((number, effect))
        self.tally.labelled += 1
        self.say(effect.in_words)

    def _take_back(self) -> int:
        number, effect = self._done.pop()
        with self.store.write() as tx:
            left = self.labeller.take_back(tx, effect, by=self.by, now=self.clock())
        self.tally.labelled -= 1
        gone = f"; the brief to {listed(left)} had left already" if left else ""
        self.say(f"Mail {effect.message_id}: taken back{gone}.")
        return number

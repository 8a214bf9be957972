"""Whether policy, model and responses speak of the same tags, and people of the same firm. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.check.problem import Problem
from triage.config import ImapAccount
from triage.feedback import vocabulary_of
from triage.providers import PUBLIC_DOMAINS
from triage.summary.wording import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from triage.config import Config, Firm
    from triage.policy import Policy


def tags_without_route(model_tags: Collection[str], policy: Policy) -> Iterator[Problem]:
    """Tags that the model gives and nobody hears of; routes that no mail can take."""
    for tag in model_tags:
        if tag not in policy.routes:
            yield Problem(
                severity="error",
                area="agreement",
                where=f"routes.{tag}",
                what=f'the model gives the tag "{tag}", but no route says who hears of it',
                advice=f"add a table [routes.{tag}] to the policy",
            )
    for tag in policy.routes:
        if tag not in model_tags:
            yield Problem(
                severity="warning",
                area="agreement",
                where=f"routes.{tag}",
                what=f'the model never gives the tag "{tag}", so no mail takes this route',
                advice="check the spelling, train a model with this tag, or take the route out",
            )


def tags_without_response(
    response_tags: Collection[str], tags: Collection[str]
) -> Iterator[Problem]:
    """Tags for which a brief can suggest no answer."""
    for tag in tags:
        if tag not in response_tags:
            yield Problem(
                severity="warning",
                area="agreement",
                where=f"templates/responses/{tag}-*.md",
                what=f'there is no response for "{tag}", so its briefs suggest no answer',
                advice="write one in the folder `responses` of your own templates",
            )


def word_problems(policy: Policy) -> Iterator[Problem]:
    """Words to answer a brief with that could mean two things, and so mean nothing."""
    claims: dict[tuple[str, ...], list[str]] = {}
    for word, tags in vocabulary_of(policy.routes).clashes.items():
        claims.setdefault(tags, []).append(f'"{word}"')
    for tags, words in claims.items():
        whose = f"the tags {listed(tags)}" if len(tags) > 1 else f"{tags[0]} and a command"
        yield Problem(
            severity="warning",
            area="agreement",
            where=f"routes.{tags[0]}.words",
            what=f"{listed(words)} could mean {whose}, so as an answer to a brief it means nothing",
            advice="give each route a title and words of its own, and no command such as ok",
        )


def people_problems(config: Config, policy: Policy) -> Iterator[Problem]:
    """People who should perhaps not, or must not, be sent the clients' mail."""
    watched = watched_addresses(config)
    for person in policy.people.values():
        where = f"people.{person.id}.address"
        address = person.address.lower()
        if address in watched:
            yield Problem(
                severity="error",
                area="people",
                where=where,
                what=f"{person.address} is the inbox that is watched; a brief would land where "
                "the mail already is, and nobody would be told",
                advice="write the person's own address",
            )
        elif config.firm.domains and config.firm.role_of(address) != "staff":
            yield Problem(
                severity="warning",
                area="people",
                where=where,
                what=f"{person.address} lies outside the firm's domains, so clients' mail would "
                "leave the firm",
                advice="correct the address; or, if it is right, add it to firm.staff",
            )


def firm_problems(firm: Firm) -> Iterator[Problem]:
    """A firm that nobody, or everybody, belongs to."""
    if not firm.domains and not firm.staff:
        yield Problem(
            severity="warning",
            area="people",
            where="firm",
            what="nobody counts as staff, so a mail that a colleague forwards is taken for a "
            "client's own",
            advice="write the firm's mail domains under firm.domains",
        )
    for i, domain in enumerate(firm.domains, start=1):
        if domain.lower() in PUBLIC_DOMAINS:
            yield Problem(
                severity="warning",
                area="people",
                where=f"firm.domains[{i}]",
                what=f"everybody with an address at {domain} would count as staff, clients too",
                advice="take it out, and list your own people's addresses under firm.staff",
            )


def reminder_problems(config: Config, policy: Policy) -> Iterator[Problem]:
    """Answers to briefs that triage would never see."""
    reminding = [r.tag for r in policy.routes.values() if r.acknowledge_within_s is not None]
    watched = watched_addresses(config)
    if reminding and watched and config.outgoing.sender.lower() not in watched:
        yield Problem(
            severity="warning",
            area="people",
            where="outgoing.sender",
            what=f"managers answer to {config.outgoing.sender}, which is none of the watched "
            "mailboxes; unless it is another name of one, a reply settles nothing and the "
            "reminder goes out all the same",
            advice="send from a watched address, or let that address deliver into a watched folder",
        )


def watched_addresses(config: Config) -> set[str]:
    """The addresses of the watched mailboxes, as far as their user names show them."""
    names = (a.username.lower() for a in config.accounts if isinstance(a, ImapAccount))
    return {name for name in names if "@" in name}

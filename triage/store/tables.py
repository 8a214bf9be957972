"""The tables. Times are epoch seconds UTC (float), tags and scores are JSON.

Every change here needs a migration beside it; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

HEAD = "0016"  # the newest migration; the store refuses to run on any other

# A naming convention from the first migration, so that constraints can be altered by name later.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows itself only for INTEGER keys.
Key = BigInteger().with_variant(Integer, "sqlite")

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("account", String(200), nullable=False),
    Column("folder", String(400), nullable=False),
    Column("uid_validity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("started_at", Float, nullable=False),  # nothing older is triaged ...
    Column("whole_history", Boolean, nullable=False),  # ... unless everything was asked for
    Column("current", Boolean, nullable=False),
    Column("looked_at", Float),
    Column("problem", Text, nullable=False, default=""),
    Column("problem_since", Float),
    # The highest UID that there was at the first start: what came before is none of ours.
    Column("first_uid", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("account", "folder", "uid_validity"),
)

# What the server last said it holds of a folder, counted from its first start.
listings = Table(
    "listings",
    metadata,
    Column("mailbox_id", Key, ForeignKey("mailboxes.id"), primary_key=True),
    Column("asked_at", Float, nullable=False),
    Column("uids", Text, nullable=False),  # as in IMAP: 4:7,9
)

messages = Table(
    "messages",
    metadata,
    Column("id", Key, primary_key=True),
    Column("account", String(200), nullable=False),
    Column("folder", String(400), nullable=False),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("problem", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("stored_at", Float, nullable=False),
    Column("state", String(20), nullable=False),  # received | decided
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    Column("next_attempt_at", Float, nullable=False, server_default="0"),
    Column("action", String(20), nullable=False, default=""),
    Column("why", Text, nullable=False, default=""),
    Column("kind", String(20), nullable=False, default=""),
    Column("role", String(20), nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("sender", Text, nullable=False, default=""),
    Column("client", String(320), nullable=False, default=""),
    Column("case_id", Key, ForeignKey("cases.id")),
    Column("mark", String(20), nullable=False, default=""),  # '' | pending | done | failed
    Column("moved_to", String(400), nullable=False, server_default=""),  # by us, after escalating
    Column("text_digest", String(64), nullable=False, server_default=""),  # of the words alone
    UniqueConstraint("account", "folder", "uid_validity", "uid"),
    Index("ix_messages_state", "state"),
    Index("ix_messages_sha256", "sha256"),
    Index("ix_messages_case_id", "case_id"),
    Index("ix_messages_mark", "mark"),
    Index("ix_messages_action_received_at", "action", "received_at"),
    Index("ix_messages_text_digest", "text_digest"),
)

raw_messages = Table(
    "raw_messages",
    metadata,
    Column("message_id", Key, ForeignKey("messages.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),  # zlib
)

thread_ids = Table(
    "thread_ids",
    metadata,
    Column("rfc_id", String(998), primary_key=True),  # RFC 5322 Message-ID
    Column("message_id", Key, ForeignKey("messages.id"), primary_key=True),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("message_id", Key, ForeignKey("messages.id"), primary_key=True),
    Column("model", String(200), nullable=False),
    Column("policy", String(200), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("unsure_tags", JSON, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("decided_at", Float, nullable=False),
    Index("ix_verdicts_decided_at", "decided_at"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Key, primary_key=True),
    Column("status", String(20), nullable=False),  # open | acknowledged | resolved
    Column("tags", JSON, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("client", String(320), nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_key", String(400), nullable=False),
    Column("recipients", JSON, nullable=False),  # ids of people
    Column("opened_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("acknowledged_at", Float),
    Column("acknowledged_by", String(320), nullable=False, default=""),
    Column("resolved_at", Float),
    Column("outcome", Text, nullable=False, default=""),
    Column("owner", String(320), nullable=False, server_default=""),  # address of who took it
    Column("level", Integer, nullable=False, server_default="0"),  # of the policy, that was told
    # When somebody last took it up or answered the client: timers set before then are void.
    Column("stopped_at", Float, nullable=False, server_default="0"),
    Column("answered_at", Float),  # when one of our people last answered the client
    Column("answered_by", String(320), nullable=False, server_default=""),
    Column("merged_into", Key),  # the case that it turned out to be
    Column("recurs", Boolean),  # whether it could happen again; NULL: nobody said
    Column("outcome_by", String(320), nullable=False, server_default=""),
    Column("outcome_at", Float),
    # Message-ID of the mail that asked how it ended; a case is asked about once.
    Column("outcome_asked", String(998), nullable=False, server_default=""),
    Index("ix_cases_status_resolved_at_id", "status", "resolved_at", "id"),
    Index("ix_cases_client", "client"),
    Index("ix_cases_updated_at", "updated_at"),
    Index("ix_cases_opened_at", "opened_at"),
)

# What a search looks at; see `store.search`. The index over it is `store.search_index`'s alone.
case_words = Table(
    "case_words",
    metadata,
    Column("case_id", Key, ForeignKey("cases.id"), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("people", Text, nullable=False),  # everybody in its mails' headers
    Column("body", Text, nullable=False),  # its mails' own text, without what they quote
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("rfc_id", String(998), nullable=False),  # Message-ID of the notice
    Column("case_id", Key, ForeignKey("cases.id")),  # none for a digest ...
    Column("message_id", Key, ForeignKey("messages.id")),  # ... which is of no mail either
    Column("occasion", String(20), nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("sender", String(320), nullable=False),
    Column("recipient", String(320), nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),  # frozen MIME bytes
    Column("state", String(20), nullable=False),  # see triage.store.outbox
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Float, nullable=False),
    Column("claimed_at", Float),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("detail", Text, nullable=False),
    Column("why", Text, nullable=False, server_default=""),  # the rules that lead to its recipient
    Column("policy", String(200), nullable=False, server_default=""),  # that said so
    # Why it waits for its reader's digest, or did; '' for a brief that went out at once.
    Column("held_for", String(20), nullable=False, server_default=""),
    UniqueConstraint("rfc_id"),
    Index("ix_outbox_state_next_attempt_at", "state", "next_attempt_at"),
    Index("ix_outbox_case_id", "case_id"),
    Index("ix_outbox_recipient_created_at", "recipient", "created_at"),
)

# One row a person, period and day or week; also for a day of which there was nothing to tell.
digests = Table(
    "digests",
    metadata,
    Column("id", Key, primary_key=True),
    Column("person", String(200), nullable=False),  # id in the policy
    Column("period", String(10), nullable=False),  # day | week
    Column("key", String(20), nullable=False),  # 2026-11-27, 2026-W48; `begin` at the first start
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("outbox_id", Key, ForeignKey("outbox.id")),
    UniqueConstraint("person", "period", "key"),
)

timers = Table(
    "timers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("message_id", Key, ForeignKey("messages.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("due_at", Float, nullable=False),
    Column("done_at", Float),
    # From here on it is worked out anew when the policy, and so the working time, has changed.
    Column("began_at", Float, nullable=False, server_default="0"),  # 0: not known
    Column("step", Integer, nullable=False, server_default="0"),
    Column("basis", JSON),  # the tags and the kind whose routes set it
    Column("policy", String(200), nullable=False, server_default=""),
    Index("ix_timers_done_at_due_at", "done_at", "due_at"),
    # With all three, or SQLite takes the other index, and looks through the timers of every case.
    Index("ix_timers_case_id_done_at_due_at", "case_id", "done_at", "due_at"),
)

answers = Table(
    "answers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("outbox_id", Key, ForeignKey("outbox.id"), nullable=False),  # the brief it answers
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("message_id", Key, ForeignKey("messages.id"), nullable=False),  # the answer itself
    Column("by", String(320), nullable=False),
    Column("rfc_id", String(998), nullable=False),  # its Message-ID; '' for none
    Column("fingerprint", String(64), nullable=False),  # of brief, writer, date and words
    Column("meaning", String(20), nullable=False),
    Column("written_at", Float, nullable=False),
    Column("taken_at", Float, nullable=False),
    UniqueConstraint("fingerprint"),
    Index("ix_answers_case_id", "case_id"),
    Index("ix_answers_rfc_id", "rfc_id"),
)

labels = Table(
    "labels",
    metadata,
    Column("id", Key, primary_key=True),
    Column("message_id", Key, ForeignKey("messages.id"), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("previous", JSON, nullable=False),
    Column("by", String(320), nullable=False),
    Column("how", String(40), nullable=False),
    Column("at", Float, nullable=False),
    Column("sentence", Text, nullable=False, server_default=""),  # of the mail, that decides
    Index("ix_labels_message_id", "message_id"),
)

# Kinds of issue: what the program took a mail for, and what people say it is; the newest counts.
issues = Table(
    "issues",
    metadata,
    Column("id", Key, primary_key=True),
    Column("message_id", Key, ForeignKey("messages.id"), nullable=False),
    Column("tag", String(200), nullable=False),
    Column("kind", String(200), nullable=False),  # '' for none of those there are
    Column("because", Text, nullable=False),  # in words, for the brief
    Column("by", String(320), nullable=False),  # '' for the program
    Column("how", String(40), nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_issues_message_id", "message_id"),
    Index("ix_issues_kind", "kind"),
)

# People of the policy whom a case is about: they are not told, until somebody says so.
spared = Table(
    "spared",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("person", String(200), nullable=False),
    Column("at", Float, nullable=False),
    Column("told_by", String(320), nullable=False, server_default=""),
    Column("told_at", Float),
    UniqueConstraint("case_id", "person"),
)

# That a matter comes up again and again, and when somebody was told so.
suggestions = Table(
    "suggestions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("matter", String(400), nullable=False),  # see `store.repeats`
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("number", Integer, nullable=False),  # of cases, with this one
    Column("at", Float, nullable=False),
    Index("ix_suggestions_matter", "matter"),
)

tag_folders = Table(
    "tag_folders",
    metadata,
    Column("id", Key, primary_key=True),
    Column("account", String(200), nullable=False),
    Column("folder", String(400), nullable=False),  # as the server calls it
    Column("tag", String(200), nullable=False),  # '' for the folder of mail without a tag
    Column("began_at", Float, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    Column("problem_since", Float),
    UniqueConstraint("account", "folder"),
)

# A mail in a folder that means a tag. `message_id` is the mail it is, wherever it was read first.
moves = Table(
    "moves",
    metadata,
    Column("id", Key, primary_key=True),
    Column("account", String(200), nullable=False),
    Column("folder", String(400), nullable=False),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("tag", String(200), nullable=False),
    Column("message_id", Key, ForeignKey("messages.id")),
    Column("outcome", String(20), nullable=False),  # labelled | same | ours | ignored | failed
    Column("present", Boolean, nullable=False),
    Column("seen_at", Float, nullable=False),
    UniqueConstraint("account", "folder", "uid_validity", "uid"),
    Index("ix_moves_message_id", "message_id"),
)

# Labelled texts from elsewhere: no mail of ours has these words, or its mail is not in this store.
examples = Table(
    "examples",
    metadata,
    Column("id", Key, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("from_role", String(20), nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("thread", String(64), nullable=False),
    Column("redacted", Boolean, nullable=False),
    Column("imported_at", Float, nullable=False),
    UniqueConstraint("digest", "sha256"),
)

example_labels = Table(
    "example_labels",
    metadata,
    Column("id", Key, primary_key=True),
    Column("example_id", Key, ForeignKey("examples.id"), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("previous", JSON, nullable=False),
    Column("by", String(320), nullable=False),
    Column("how", String(40), nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_example_labels_example_id", "example_id"),
)

# Every time a model was made from the labels here. `label_id` and `example_label_id` are the newest
# labels it could know; what came later is new.
trainings = Table(
    "trainings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("by", String(320), nullable=False),
    Column("how", String(20), nullable=False),  # hand | automatic
    Column("label_id", Key, nullable=False),
    Column("example_label_id", Key, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("outcome", String(20), nullable=False),  # '' | promoted | kept | failed | interrupted
    Column("version", String(200), nullable=False),
    Column("detail", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Float, nullable=False),
    Column("action", String(40), nullable=False),
    Column("case_id", Key),
    Column("message_id", Key),
    Column("outbox_id", Key),
    Column("detail", Text, nullable=False),
    Index("ix_audit_case_id", "case_id"),
    Index("ix_audit_message_id", "message_id"),
    Index("ix_audit_action", "action"),
)

# When somebody last took their turn among people of whom one hears at a time.
turns = Table(
    "turns",
    metadata,
    Column("id", Key, primary_key=True),
    Column("people", String(800), nullable=False),  # ids of all of them, in alphabetical order
    Column("person", String(200), nullable=False),
    Column("at", Float, nullable=False),
    UniqueConstraint("people", "person"),
)

# Many mails of one matter within a short time: from some mail on they join one case.
storms = Table(
    "storms",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("began_at", Float, nullable=False),  # when the first mail that joined came
    Column("last_at", Float, nullable=False),
    Column("mails", Integer, nullable=False),  # that joined
    Column("told", Integer, nullable=False),  # of them, of which an update has told
    Column("over_at", Float),
    Column("because", Text, nullable=False),
    Index("ix_storms_case_id", "case_id"),
)

# Mails of late that somebody had to know of, by what a storm is told by.
arrivals = Table(
    "arrivals",
    metadata,
    Column("message_id", Key, ForeignKey("messages.id"), primary_key=True),
    Column("at", Float, nullable=False),
    Column("client", String(320), nullable=False),  # '' where the client says nothing
    Column("subject_key", String(400), nullable=False),
    Column("words", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("storm_id", Key, ForeignKey("storms.id")),  # the storm that it is a part of
    Index("ix_arrivals_at", "at"),
    Index("ix_arrivals_storm_id", "storm_id"),
)

# Trouble of the program itself that lasted, and of which the operator was told.
alarms = Table(
    "alarms",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", String(400), nullable=False),  # what is in trouble, such as `mailbox inbox/INBOX`
    Column("says", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("told_at", Float, nullable=False),
    Column("over_at", Float),
    Index("ix_alarms_over_at", "over_at"),
)

# Programs at work on one store, where several may be: PostgreSQL. See `triage.store.leases`.
programs = Table(
    "programs",
    metadata,
    Column("name", String(200), primary_key=True),  # host, process and a number drawn at its start
    Column("role", String(20), nullable=False),  # watch | worker | both
    Column("started_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)

# What only one program does at a time, such as reading one folder.
leases = Table(
    "leases",
    metadata,
    Column("name", String(700), primary_key=True),
    Column("holder", String(200), nullable=False),  # '' for nobody
    Column("token", BigInteger, nullable=False),  # grows with every holder, and fences off old ones
    Column("taken_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
)


def client_domain() -> ColumnElement[str]:
    """Of a case's client, what follows the last @; all of it where there is none.

    In words that both databases index, as a migration does; written with parameters the index would
    not be recognised.
    """
    domain = "replace(cases.client, rtrim(cases.client, replace(cases.client, '@', '')), '')"
    return literal_column(domain, String)

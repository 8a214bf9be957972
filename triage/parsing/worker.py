"""The process that reads mails for another one: frames in, frames out, until its input ends.

Rules: it holds no secret and opens nothing; a mail gets `CPU_S` of processor time and the process
`MEMORY` bytes, and the system ends it beyond; what it answers is JSON, since an answer that ran
code in its reader would undo all of this. Each frame is a length of 4 bytes, and so many bytes.
"""

from __future__ import annotations

import resource
import signal
import struct
import sys
from datetime import datetime
from functools import cache
from typing import BinaryIO

from pydantic import TypeAdapter

from triage.messages import Email
from triage.parsing.message import parse

CPU_S = 10
MEMORY = 1 << 30
HEAD = struct.Struct(">I")


@cache
def emails() -> TypeAdapter[Email]:
    """What turns mails into JSON and back."""
    adapter = TypeAdapter(Email)
    adapter.rebuild(_types_namespace={"datetime": datetime})
    return adapter


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; None at the end, also in the middle of one."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    [size] = HEAD.unpack(head)
    content = stream.read(size)
    return content if len(content) == size else None


def frame(content: bytes) -> bytes:
    """Content with its length before it."""
    return HEAD.pack(len(content)) + content


def main() -> None:
    """Read mails until the input ends. Signals are for the program that this one works for."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold the mail
    while (raw := read_frame(sys.stdin.buffer)) is not None:
        _bound_time()
        sys.stdout.buffer.write(frame(emails().dump_json(parse(raw))))
        sys.stdout.buffer.flush()


def _bound_time() -> None:
    """From here on so much processor time, then SIGXCPU (setrlimit(2))."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_S, resource.RLIM_INFINITY))

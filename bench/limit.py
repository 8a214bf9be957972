"""The limit: read the mailbox by plain IMAPClient and do nothing else. Prints one JSON object."""

from __future__ import annotations

import json
import time

from bench.fetching import arguments, batches


def main() -> None:
    given = arguments(__doc__).parse_args()
    began = time.perf_counter()
    mails = size = 0
    for batch in batches(given.imap_port, given.user):
        mails += len(batch)
        size += sum(map(len, batch))
    print(json.dumps({"mails": mails, "bytes": size, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()

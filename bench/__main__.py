"""Both benchmarks, one after the other: `python -m bench [--mails N] [--samples M] [--json]`."""

from __future__ import annotations

import argparse
import json

from bench import backlog, latency
from bench.machine import describe


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--mails", type=int, default=backlog.MAILS, help="size of the backlog")
    parser.add_argument("--samples", type=int, default=latency.SAMPLES, help="mails timed singly")
    parser.add_argument(
        "--stand-in", action="store_true", help="take verdicts from the labels, without a model"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    given = parser.parse_args()
    machine = describe()
    worked = backlog.measure(given.mails, stand_in=given.stand_in)
    waited = latency.measure(given.samples, stand_in=given.stand_in)
    if given.json:
        result = {"machine": machine, "backlog": worked.as_json(), "latency": waited.as_json()}
        print(json.dumps(result, indent=2))
    else:
        print("\n\n".join([", ".join(machine.values()), worked.as_text(), waited.as_text()]))


if __name__ == "__main__":
    main()

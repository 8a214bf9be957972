"""The unit file in the page on running it as a service: what it gives up stays given up."""

from __future__ import annotations

import re

import pytest

from tests.named_tests import ROOT

PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
[UNIT] = re.findall(r"`/etc/systemd/system/triage.service`:\n\n```ini\n(.*?)```", PAGE, re.DOTALL)
ON = (
    *("LockPersonality", "NoNewPrivileges", "PrivateDevices", "PrivateMounts", "PrivateTmp"),
    *("PrivateUsers", "ProtectClock", "ProtectControlGroups", "ProtectHome", "ProtectHostname"),
    *("ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "RemoveIPC"),
    *("RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID"),
)
SET = (
    *("AmbientCapabilities=", "CapabilityBoundingSet=", "KeyringMode=private"),
    *("ProtectProc=invisible", "ProtectSystem=strict", "ReadWritePaths=/srv/triage"),
    *("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "SystemCallArchitectures=native"),
    *("SystemCallFilter=@system-service", "SystemCallFilter=~@privileged", "UMask=0077"),
)


@pytest.mark.parametrize("line", [*(f"{name}=yes" for name in ON), *SET])
def test_the_service_may_do_no_more_than_it_needs(line: str) -> None:
    assert line in UNIT.splitlines()


def test_the_service_is_started_again_but_not_for_mistakes_in_its_settings() -> None:
    lines = UNIT.splitlines()
    assert {"Restart=always", "RestartPreventExitStatus=2", "Type=notify"} <= set(lines)

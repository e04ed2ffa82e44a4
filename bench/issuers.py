"""The issuers of the wallets' credentials, the same in every run: a service can trust them beforehand."""

import dataclasses
import json
from pathlib import Path

from db.migrate import ROOT
from local.issuer import Issuer

# Where results and keys are kept.
RESULTS = ROOT / ".bench"


def issuers(folder: Path = RESULTS) -> tuple[Issuer, Issuer]:
    """Of production's form and of the legacy one; their keys are kept in the folder."""
    file = folder / "issuers.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([dataclasses.asdict(i) for i in (Issuer.ethereum(), Issuer.ed25519())]))
    typed, legacy = (Issuer(**kept) for kept in json.loads(file.read_text()))
    return typed, legacy

"""An issuer of credentials: signs, with didkit, what the production issuer signs."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import didkit
from cryptography.hazmat.primitives.asymmetric import ec

from api.didkit_loop import result

TEXT = "https://schema.org/Text"
CREDENTIALS = "https://www.w3.org/2018/credentials/v1"
STATUS_LIST = "https://w3id.org/vc/status-list/2021/v1"


def typed(fields: dict[str, str]) -> list[dict[str, str]]:
    """The members of an EIP-712 type, in order."""
    return [{"name": name, "type": type_} for name, type_ in fields.items()]


# The EIP-712 domain under which the production issuer signs.
EIP712_DOMAIN = {
    "domain": {"name": "VerifiableCredential"},
    "primaryType": "Document",
    "types": {
        "@context": typed({"nullifiers": "NullifiersContext", "provider": "string"}),
        "CredentialSubject": typed(
            {"@context": "@context", "nullifiers": "string[]", "id": "string", "provider": "string"}
        ),
        "Document": typed(
            {
                "@context": "string[]",
                "credentialSubject": "CredentialSubject",
                "expirationDate": "string",
                "issuanceDate": "string",
                "issuer": "string",
                "proof": "Proof",
                "type": "string[]",
            }
        ),
        "EIP712Domain": typed({"name": "string"}),
        "NullifiersContext": typed({"@container": "string", "@type": "string"}),
        "Proof": typed(
            {
                "@context": "string",
                "created": "string",
                "proofPurpose": "string",
                "type": "string",
                "verificationMethod": "string",
            }
        ),
    },
}


@dataclass(frozen=True)
class Issuer:
    """A DID and the key it signs with."""

    did: str
    key: str
    method: str

    @classmethod
    def ethereum(cls) -> "Issuer":
        """A fresh did:ethr issuer, which signs as production does today."""
        numbers = ec.generate_private_key(ec.SECP256K1()).private_numbers()
        public = numbers.public_numbers
        key = json.dumps(
            {"kty": "EC", "crv": "secp256k1"}
            | {
                name: base64.urlsafe_b64encode(value.to_bytes(32)).rstrip(b"=").decode()
                for name, value in {
                    "x": public.x,
                    "y": public.y,
                    "d": numbers.private_value,
                }.items()
            }
        )
        did = didkit.key_to_did("ethr", key)
        return cls(did, key, f"{did}#controller")

    @classmethod
    def ed25519(cls) -> "Issuer":
        """A fresh did:key issuer, which signs as production once did."""
        key = didkit.generate_ed25519_key()
        did = didkit.key_to_did("key", key)
        return cls(did, key, f"{did}#{did.removeprefix('did:key:')}")

    def credential(
        self,
        address: str,
        provider: str,
        nullifiers: list[str],
        expires_at: datetime | str | None = None,
        **changes: Any,
    ) -> dict[str, Any]:
        """A signed credential for a wallet; expires in 90 days unless told. changes replace top-level fields
        before it is signed. A did:key issuer signs the legacy form, with the first nullifier as hash."""
        if expires_at is None:
            expires_at = datetime.now(UTC) + timedelta(days=90)
        if isinstance(expires_at, datetime):
            expires_at = expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        legacy = self.did.startswith("did:key:")
        subject: dict[str, Any] = {"id": f"did:pkh:eip155:1:{address}", "provider": provider}
        if legacy:
            subject |= {"hash": nullifiers[0], "@context": [{"hash": TEXT, "provider": TEXT}]}
        else:
            subject |= {
                "nullifiers": nullifiers,
                "@context": {
                    "nullifiers": {"@container": "@list", "@type": TEXT},
                    "provider": TEXT,
                },
            }
        document = {
            "@context": [CREDENTIALS] if legacy else [CREDENTIALS, STATUS_LIST],
            "type": ["VerifiableCredential"],
            "issuer": self.did,
            "issuanceDate": "2026-06-01T00:00:00Z",
            "expirationDate": expires_at,
            "credentialSubject": subject,
        } | changes
        options: dict[str, Any] = {
            "proofPurpose": "assertionMethod",
            "verificationMethod": self.method,
        }
        if not legacy:
            options |= {"type": "EthereumEip712Signature2021", "eip712Domain": EIP712_DOMAIN}
        return sign(document, options, self.key)


def sign(document: dict[str, Any], options: dict[str, Any], key: str) -> dict[str, Any]:
    """The document with didkit's proof."""
    signed: dict[str, Any] = json.loads(
        result(lambda: didkit.issue_credential(json.dumps(document), json.dumps(options), key))
    )
    return signed

"""Mutations of the types that an EIP-712 proof signs a document by."""

from random import Random
from typing import Any

from local.issuer import EIP712_DOMAIN
from tests.fuzz.grammar import kind, objects, other
from tests.fuzz.signed import TYPED_PROOF, Document, hash_types

TYPES = (
    "string", "string[]", "string[2]", "string[][]", "bool", "bytes", "bytes32", "bytes1", "bytes0",
    "uint256",
    "uint8", "uint0", "uint7", "int256", "address", "Document", "CredentialSubject", "Proof",
    "CredentialSubject[]",
    "Missing", "@context", "uint", "string]", "bytes99999999999999999999", "string[99999999999]", "",
    "string ",
)  # fmt: skip
NAMES = (
    "id,string provider", "provider)X(string x", "id string", "", ",", "provider ", "provider,string",
    "@context",
    "provider", "nullifiers", "hash", "id", "expirationDate", "issuer", "__proto__",
)  # fmt: skip
ZEROS: tuple[Any, ...] = ("0x" + "00" * 32, "0x", 0, "", False, [], "0x" + "00" * 20)


def domain_of(document: Document) -> Document:
    """The description of the types, written where didkit derives it; raises where none is looked at."""
    proof = document["proof"]
    if proof["type"] != TYPED_PROOF:
        raise ValueError
    for name in ("eip712Domain", "eip712"):
        if name in proof:
            found: Document = proof[name]
            return found
    made: Document = copied(EIP712_DOMAIN)
    proof["eip712Domain"] = made
    return made


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: copied(child) for name, child in value.items()}
    return [copied(child) for child in value] if isinstance(value, list) else value


def fields_of(rng: Random, document: Document) -> list[Document]:
    """The fields of any type."""
    types = domain_of(document)["types"]
    found: list[Document] = types[rng.choice(list(types))]
    return found


@kind("eip712 beside eip712Domain")
def both_domains(rng: Random, document: Document) -> Document:
    proof = document["proof"]
    proof["eip712"] = rng.choice((copied(EIP712_DOMAIN), hash_types(), copied(domain_of(document)), {}, None))
    if rng.random() < 0.3:
        del proof["eip712Domain"]
    return document


@kind("messageSchema beside types")
def message_schema(rng: Random, document: Document) -> Document:
    domain = domain_of(document)
    domain["messageSchema"] = copied(domain["types"])
    if rng.random() < 0.5:
        del domain["types"]
    return document


@kind("types left out")
def untyped(rng: Random, document: Document) -> Document:
    document["proof"].pop("eip712Domain", None)
    return document


@kind("types by address")
def types_by_address(rng: Random, document: Document) -> Document:
    domain_of(document)["types"] = rng.choice(
        ("https://localhost:1/types", "https://example.org/types.json", "")
    )
    return document


@kind("types of another document")
def other_types(rng: Random, document: Document) -> Document:
    document["proof"]["eip712Domain"] = other(rng)["proof"]["eip712Domain"]
    return document


@kind("type of a field")
def field_type(rng: Random, document: Document) -> Document:
    rng.choice(fields_of(rng, document))["type"] = rng.choice(TYPES)
    return document


@kind("name of a field")
def field_name(rng: Random, document: Document) -> Document:
    field = rng.choice(fields_of(rng, document))
    field["name"] = rng.choice((*NAMES, f"{field['name']},string x", f"x,string {field['name']}"))
    return document


@kind("two fields written as one")
def fields_joined(rng: Random, document: Document) -> Document:
    """The text that is signed for a type stays, but there is one field less."""
    fields = fields_of(rng, document)
    at = rng.randrange(len(fields) - 1)
    second = fields.pop(at + 1)
    fields[at]["name"] += f",{second['type']} {second['name']}"
    return document


@kind("types written as one")
def types_joined(rng: Random, document: Document) -> Document:
    """A field's name that closes its type and opens the next one."""
    types = domain_of(document)["types"]
    first, second = rng.sample(list(types), 2)
    written = ",".join(f"{field['type']} {field['name']}" for field in types[second])
    types[first][-1]["name"] += f"){second}({written}"
    if rng.random() < 0.5:
        del types[second]
    return document


@kind("type name with fields in it")
def type_with_fields(rng: Random, document: Document) -> Document:
    domain = domain_of(document)
    types, primary = domain["types"], domain["primaryType"]
    first = types[primary].pop(0)
    domain["primaryType"] = f"{primary}({first['type']} {first['name']},"
    types[domain["primaryType"]] = types.pop(primary)
    return document


@kind("field added to a type")
def field_added(rng: Random, document: Document) -> Document:
    fields = fields_of(rng, document)
    fields.insert(
        rng.randint(0, len(fields)),
        {"name": rng.choice(NAMES), "type": rng.choice(TYPES)} | rng.choice(({}, {"x": 1})),
    )
    return document


@kind("field taken out of a type")
def field_taken_out(rng: Random, document: Document) -> Document:
    fields = fields_of(rng, document)
    del fields[rng.randrange(len(fields))]
    return document


@kind("fields in another order")
def shuffled(rng: Random, document: Document) -> Document:
    rng.shuffle(fields_of(rng, document))
    return document


@kind("field twice in a type")
def field_twice(rng: Random, document: Document) -> Document:
    fields = fields_of(rng, document)
    fields.append(dict(rng.choice(fields)))
    return document


@kind("type added")
def type_added(rng: Random, document: Document) -> Document:
    types = domain_of(document)["types"]
    types[rng.choice(("Extra", "string", "uint256", "", "A,B", "EIP712Domain", "hash"))] = [
        {"name": rng.choice(NAMES), "type": rng.choice(TYPES)}
    ]
    return document


@kind("type renamed")
def type_renamed(rng: Random, document: Document) -> Document:
    types = domain_of(document)["types"]
    old, new = rng.choice(list(types)), rng.choice((*types, "New", "string", "", "string[]", "X y"))
    types[new] = types.pop(old)
    for fields in types.values():
        for field in fields:
            field["type"] = field["type"].replace(old, new)
    return document


@kind("type within itself")
def recursive(rng: Random, document: Document) -> Document:
    types = domain_of(document)["types"]
    name = rng.choice(list(types))
    types[name].append({"name": "x", "type": rng.choice((name, f"{name}[]"))})
    return document


@kind("primary type of another name")
def primary_type(rng: Random, document: Document) -> Document:
    domain = domain_of(document)
    domain["primaryType"] = rng.choice((*domain["types"], "Missing", "", "EIP712Domain", 1))
    return document


@kind("another domain")
def other_domain(rng: Random, document: Document) -> Document:
    domain_of(document)["domain"] = rng.choice(
        ({}, {"name": "Forged"}, {"name": "VerifiableCredential", "version": "1"}, {"name": 1}, [], "x", None)
    )
    return document


@kind("value as a number that is signed for it")
def zeros(rng: Random, document: Document) -> Document:
    """A field that is missing is signed as zeros, as some numbers are."""
    holder = rng.choice(list(objects({name: document[name] for name in document if name != "proof"})))
    holder[rng.choice(("hash", "nullifiers", "provider", "id", "x"))] = rng.choice(ZEROS)
    rng.choice(fields_of(rng, document))["type"] = rng.choice(
        ("bytes32", "uint256", "bool", "address", "bytes")
    )
    return document


@kind("array of objects")
def structs(rng: Random, document: Document) -> Document:
    holder = rng.choice(list(objects(document)))
    name = rng.choice(list(holder))
    holder[name] = [holder[name]] * rng.choice((1, 2))
    for fields in domain_of(document)["types"].values():
        for field in fields:
            if field["name"] == name:
                field["type"] += "[]"
    return document


@kind("fields whose derived types have one name")
def collision(rng: Random, document: Document) -> Document:
    document["proof"].pop("eip712Domain", None)
    holder = rng.choice((document, document["credentialSubject"]))
    name = rng.choice(("document", "Document", "Proof", "CredentialSubject", "eIP712Domain", "ß", ""))
    holder[name] = rng.choice(
        (copied(document["credentialSubject"]), {}, {"provider": "Forged"}, {"x": {"y": "z"}})
    )
    return document


@kind("many types")
def many_types(rng: Random, document: Document) -> Document:
    types = domain_of(document)["types"]
    count = rng.choice((20, 300))
    for number in range(count):
        types[f"T{number}"] = [{"name": "x", "type": f"T{(number + 1) % count}"}]
    rng.choice(list(types.values())).append({"name": "x", "type": "T0"})
    return document

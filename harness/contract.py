"""The published contract as tests go through it: operations, the requests and answers that it shows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from api.app import OPENAPI

METHODS = {"get", "put", "post", "delete", "patch"}


@dataclass(frozen=True)
class Operation:
    """An operation, with its references resolved."""

    id: str
    method: str
    path: str
    tag: str
    has_key: bool
    parameters: dict[str, dict[str, Any]]
    body: Any
    responses: dict[str, dict[str, Any]]

    def arguments(self) -> dict[str, Any]:
        """What the contract gives as an example of each parameter that a request must have."""
        return {name: given["example"] for name, given in self.parameters.items() if given.get("required")}

    def url(self, **changed: object) -> str:
        """Path and query of the request that the contract shows, with parameters that differ."""
        arguments = self.arguments() | changed
        path, query = self.path, {}
        for name, value in arguments.items():
            if self.parameters[name]["in"] == "path":
                path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
            elif self.parameters[name]["in"] == "query":
                query[name] = value
        return f"{path}?{urlencode(query)}" if query else path

    def examples(self) -> Iterator[tuple[str, str, Any]]:
        """Status, name and value of each answer that the contract shows; one without a name is of its
        status."""
        for status, response in self.responses.items():
            for media in response.get("content", {}).values():
                if "example" in media:
                    yield status, "", media["example"]
                for name, example in media.get("examples", {}).items():
                    yield status, name, example["value"]


def document() -> dict[str, Any]:
    """The contract."""
    read: dict[str, Any] = json.loads(OPENAPI.read_text())
    return read


def operations() -> list[Operation]:
    """Every operation of the contract."""
    contract = document()

    def resolved(node: Any) -> Any:
        if "$ref" not in node:
            return node
        found: Any = contract
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return found

    def response(node: Any) -> dict[str, Any]:
        given: dict[str, Any] = resolved(node)
        return given | {"headers": {name: resolved(each) for name, each in given.get("headers", {}).items()}}

    found = []
    for path, item in contract["paths"].items():
        for method in item.keys() & METHODS:
            operation = item[method]
            given = [resolved(each) for each in item.get("parameters", []) + operation.get("parameters", [])]
            body = resolved(operation.get("requestBody", {})).get("content", {}).get("application/json", {})
            shown = [each["value"] for each in body.get("examples", {}).values()] or [body.get("example")]
            found.append(
                Operation(
                    operation["operationId"],
                    method,
                    path,
                    operation["tags"][0],
                    bool(operation.get("security", contract.get("security"))),
                    {each["name"]: each for each in given},
                    shown[0],
                    {status: response(each) for status, each in operation["responses"].items()},
                )
            )
    return sorted(found, key=lambda operation: (operation.path, operation.method))

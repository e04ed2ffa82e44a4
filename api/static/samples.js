// Code that asks what the contract shows, for each operation: whole programs, the key from the environment.

const METHODS = ["get", "put", "post", "delete", "patch"];

/** Gives each operation of the contract its code samples, with base as the service's address; gives the contract. */
export function withSamples(contract, base) {
  const resolved = (node) =>
    "$ref" in node ? node.$ref.slice(2).split("/").reduce((found, part) => found[part], contract) : node;
  for (const [path, item] of Object.entries(contract.paths)) {
    for (const method of METHODS.filter((name) => name in item)) {
      const operation = item[method];
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolved);
      const required = (place) => parameters.filter((given) => given.in === place && given.required);
      const query = new URLSearchParams(required("query").map(({ name, example }) => [name, example]));
      const asked = {
        method: method.toUpperCase(),
        url: base + filled(path, required("path")) + (query.size ? `?${query}` : ""),
        hasKey: (operation.security ?? contract.security ?? []).length > 0,
        body: bodyOf(resolved(operation.requestBody ?? {})),
      };
      operation["x-codeSamples"] = [
        { lang: "shell", label: "curl", source: curl(asked) },
        { lang: "javascript", label: "JavaScript", source: javascript(asked) },
        { lang: "python", label: "Python", source: python(asked) },
      ];
    }
  }
  return contract;
}

function filled(path, parameters) {
  return parameters.reduce((text, { name, example }) => text.replace(`{${name}}`, encodeURIComponent(example)), path);
}

function bodyOf(requestBody) {
  const media = requestBody.content?.["application/json"];
  return media && JSON.stringify(media.example ?? Object.values(media.examples)[0].value);
}

function curl({ method, url, hasKey, body }) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  return [
    `curl${method === "GET" ? "" : ` -X ${method}`} ${quoted(url)}`,
    ...(hasKey ? [`-H "X-API-Key: $API_KEY"`] : []),
    ...(body ? ["-H 'Content-Type: application/json'", `-d ${quoted(body)}`] : []),
  ].join(" \\\n  ");
}

function javascript({ method, url, hasKey, body }) {
  const headers = [
    ...(hasKey ? [`"X-API-Key": process.env.API_KEY`] : []),
    ...(body ? [`"Content-Type": "application/json"`] : []),
  ];
  const options = [
    ...(method === "GET" ? [] : [`  method: "${method}",`]),
    ...(headers.length ? [`  headers: { ${headers.join(", ")} },`] : []),
    ...(body ? [`  body: JSON.stringify(${body}),`] : []),
  ];
  return [
    `const response = await fetch("${url}"${options.length ? `, {\n${options.join("\n")}\n}` : ""});`,
    "if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);",
    "const answer = await response.json();",
    "console.log(JSON.stringify(answer, null, 2));",
  ].join("\n");
}

function python({ method, url, hasKey, body }) {
  const headers = [
    ...(hasKey ? [`"X-API-Key": os.environ["API_KEY"]`] : []),
    ...(body ? [`"Content-Type": "application/json"`] : []),
  ];
  const given = [
    `    "${url}",`,
    ...(method === "GET" ? [] : [`    method="${method}",`]),
    ...(headers.length ? [`    headers={${headers.join(", ")}},`] : []),
    ...(body ? [`    data=${JSON.stringify(body)}.encode(),`] : []),
  ];
  return [
    "import json",
    ...(hasKey ? ["import os"] : []),
    "from urllib.request import Request, urlopen",
    "",
    `request = Request(\n${given.join("\n")}\n)`,
    "with urlopen(request) as response:",
    "    answer = json.load(response)",
    "print(json.dumps(answer, indent=2))",
  ].join("\n");
}

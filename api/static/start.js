// Shows the contract. All addresses are relative, so that the page also stands where a path goes before it.

// What the reader chose and typed ends with the page: nothing is stored.
Object.defineProperty(window, "localStorage", { value: { getItem: () => null, setItem() {}, removeItem() {} } });

const { createApiReference } = await import("./scalar-1.76.0/standalone.esm.js");
const { withSamples } = await import("./samples.js");

// Requests go to the service that gave the page.
const service = new URL("..", location.href).href.replace(/\/$/, "");
const contract = await (await fetch("openapi.json")).json();

createApiReference("#reference", {
  slug: "passport-scorer",
  content: withSamples(contract, service),
  servers: [{ url: service }],
  authentication: { preferredSecurityScheme: "apiKey" },
  persistAuth: false,
  telemetry: false,
  proxyUrl: "",
  withDefaultFonts: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: "never",
  hideClientButton: true,
  // Light or dark is as the reader's system has it.
  hideDarkModeToggle: true,
  // Fields are seen at once, not asked for.
  expandAllResponses: true,
  orderSchemaPropertiesBy: "preserve",
  orderRequiredPropertiesFirst: false,
  documentDownloadType: "json",
  // Those that the renderer draws are no whole programs; ours are.
  hiddenClients: true,
});

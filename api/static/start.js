// Shows the contract. All addresses are relative, so that the page also stands where a path goes before it.

// What the reader chose and typed ends with the page: nothing is stored.
Object.defineProperty(window, "localStorage", { value: { getItem: () => null, setItem() {}, removeItem() {} } });

const { createApiReference } = await import("./scalar-1.76.0/standalone.esm.js");

createApiReference("#reference", {
  url: "openapi.json",
  // Requests go to the service that gave the page.
  servers: [{ url: new URL("..", location.href).href.replace(/\/$/, "") }],
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
  documentDownloadType: "direct",
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  featuredClients: ["shell/curl", "js/fetch", "python/requests"],
});

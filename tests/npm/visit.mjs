// A reader's visit to the docs page, by Chromium: node visit.mjs '{"program", "url", "key", "width", "scheme"}'
// prints as JSON what the page asked for, complained about, showed, answered and stored.
import { chromium } from "playwright-core";

const { program, url, key, width, scheme } = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: program,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
const page = await context.newPage();
const found = { requests: [], complaints: [], widths: [], samples: [], answers: [] };
page.on("request", (request) => found.requests.push(request.url()));
page.on("pageerror", (error) => found.complaints.push(error.message));
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) found.complaints.push(message.text());
});
const measure = async () => found.widths.push(await page.evaluate(() => document.documentElement.scrollWidth));

await page.goto(url);
await page.locator(".scalar-password-input").first().waitFor();
await measure();
found.background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
await page.locator(".scalar-password-input").first().fill(key);

// What is below is drawn when the reader comes there.
const contract = await (await context.request.get(new URL("openapi.json", page.url()).href)).json();
for (const [path, item] of Object.entries(contract.paths)) {
  for (const method of Object.keys(item)) {
    const id = `tag/${item[method].tags[0].toLowerCase().replaceAll(" ", "-")}/${method.toUpperCase()}${path}`;
    await page.evaluate((hash) => (location.hash = hash), id);
    const section = page.locator(`section[id$="${id}"]`);
    const button = section.getByRole("button", { name: "Test Request" });
    await button.waitFor();
    await button.scrollIntoViewIfNeeded();
    await measure();
    for (const [shown, next] of [["curl", "JavaScript"], ["JavaScript", "Python"], ["Python", "curl"]]) {
      found.samples.push([shown, await section.locator(".request-card code").innerText()]);
      await section.getByTestId("client-picker").click();
      await page.getByRole("option", { name: next }).click();
    }
    await button.click();
    const answered = page.waitForResponse((response) => response.request().resourceType() === "fetch");
    await page.getByRole("button", { name: "Send" }).first().click();
    const response = await answered;
    found.answers.push({ operation: item[method].operationId, status: response.status() });
    await page.getByText(`${response.status()} `).first().waitFor();
    await measure();
    await page.keyboard.press("Escape");
  }
}
found.text = await page.evaluate(() => document.body.innerText);
found.stored = {
  ...(await context.storageState({ indexedDB: true })),
  session: await page.evaluate(() => Object.keys(sessionStorage)),
  databases: await page.evaluate(() => indexedDB.databases()),
};
await browser.close();
console.log(JSON.stringify(found));

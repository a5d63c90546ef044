// The development page in a real browser: exits 1 on any deviation, and on any error of the console.
//
// usage: node page.mjs URL TOKEN SCREENSHOT     (or MITHRIL_URL, MITHRIL_TOKEN, SCREENSHOT)
// CHROMIUM is the browser, /usr/bin/chromium where it is not set. playwright-core is looked for
// beside this file and in NODE_PATH. Beside SCREENSHOT a dark one is written, with `-dark` in its name.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");

const given = process.argv.length > 2
  ? process.argv.slice(2)
  : [process.env.MITHRIL_URL, process.env.MITHRIL_TOKEN, process.env.SCREENSHOT];
const [base, token, screenshot] = given;
assert.ok(base && token && screenshot, "usage: node page.mjs URL TOKEN SCREENSHOT");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, colorScheme: "light" });
  page.setDefaultTimeout(15_000);
  const problems = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => problems.push(`${request.url()} ${request.failure().errorText}`));
  // What the page asks for beyond itself would be an external resource.
  const asked = [];
  page.on("request", (request) => { if (!request.url().startsWith("data:")) asked.push(new URL(request.url()).pathname); });

  await page.goto(`${base.replace(/\/$/, "")}/#token=${token}`);
  await page.locator("#state[data-state=open]").waitFor();
  await page.locator("#pool-list button").first().click();
  await page.locator("#exercise-list button").first().click();
  const id = await page.locator("#exercise-list button[aria-pressed=true]").getAttribute("data-id");
  await page.locator(`#exercise-body[data-id="${id}"] h3`).waitFor();

  const rows = page.locator("#rows tr");
  await page.locator("#raw").fill("{ this is not JSON");
  await page.getByRole("button", { name: "Send" }).click();
  await rows.filter({ hasText: "received" }).filter({ hasText: "bad_request" }).waitFor();
  await page.getByRole("button", { name: "Launch" }).click();
  await rows.filter({ hasText: /note.*session/ }).waitFor();
  assert.ok(await rows.filter({ hasText: "sent" }).count() >= 5, "sent frames are shown");
  assert.ok(await rows.filter({ hasText: "received" }).count() >= 5, "received frames are shown");
  await page.screenshot({ path: screenshot });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: screenshot.replace(/(\.\w+)?$/, "-dark$1") });

  // Larger than a frame may be: the server closes, the page says why and comes back by itself.
  await page.locator("#raw").fill(" ".repeat(70_000));
  await page.getByRole("button", { name: "Send" }).click();
  await rows.filter({ hasText: "closed with 1009" }).waitFor();
  await page.locator("#state[data-state=open]").waitFor();

  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.locator("#state[data-state=closed]").waitFor();
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.locator("#state[data-state=open]").waitFor();

  assert.deepEqual(problems, [], "the console is clean");
  assert.deepEqual(asked, ["/"], "nothing but the page is asked for");
  console.log("chromium", browser.version(), "ok");
} finally {
  await browser.close();
}

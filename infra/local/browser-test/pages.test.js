// Tests the start page, and the sign-in form in /docs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser, startStack } from "./stack.js";

let stack, browser;
before(async () => ([stack, browser] = await Promise.all([startStack(), startBrowser()])));
after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function open(t, path, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  t.after(() => assert.deepEqual(errors, []));
  await page.goto(`${stack.url}${path}`);
  return page;
}

/** Saves a screenshot if SCREENSHOTS names a folder. */
async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

test("the start page shows the demo courses and accounts", async (t) => {
  const page = await open(t, "/");
  await page.getByText(`Running at ${stack.url}`).waitFor();
  await page.getByRole("link", { name: "How a web request reaches a database" }).waitFor();
  await page.getByText("student@demo.test", { exact: true }).waitFor();
  const calls = await page.locator("#first-calls").textContent();
  assert.ok(calls.includes(`curl -s ${stack.url}/v1/auth/login`), calls);
  await picture(page, "start");
});

test("the start page fits a phone", async (t) => {
  const page = await open(t, "/", { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
  await page.getByText("halfway@demo.test", { exact: true }).waitFor();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(width, 360, "nothing is wider than the screen");
  await picture(page, "start-phone");
});

test("/docs groups operations by domain", async (t) => {
  const page = await open(t, "/docs");
  await page.locator("#operations-tag-Accounts").waitFor();
  const groups = await page.locator(".opblock-tag a span").allTextContents();
  assert.deepEqual(groups, ["Accounts", "Catalogue", "Learning", "Media", "Operating"]);
  await picture(page, "docs");
});

test("one click in /docs signs in, and operations are tried with the token", async (t) => {
  const page = await open(t, "/docs");
  const operation = page.locator("#operations-Accounts-get_profile");
  await operation.waitFor();
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("Signed in as student@demo.test").waitFor();
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  await operation.getByRole("button", { name: "Execute" }).click();
  await operation.locator(".live-responses-table", { hasText: "student@demo.test" }).waitFor();
  await picture(page, "docs-signed-in");
});

test("a refused sign-in in /docs shows the reason", async (t) => {
  const page = await open(t, "/docs");
  await page.locator("#operations-tag-Accounts").waitFor();
  await page.locator("#sign-in [name=password]").fill("wrong");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.locator("#sign-in output", { hasText: /password/ }).waitFor();
});

// Tests /_local/upload: a video is uploaded by drag and drop, interrupted, resumed after a reload, and plays.
import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { startBrowser, startStack } from "./stack.js";
import { writeLargeVideo } from "./video.js";

const MEDIA = join(import.meta.dirname, "../demo/media");
const PASSWORD = "lyceum demo 2026";
const MEGABYTE = 1 << 20;

let stack, browser;
before(async () => ([stack, browser] = await Promise.all([startStack(), startBrowser()])));
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Opens the page in a new browser context, signs in, and waits for the lessons. */
async function openPage(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`${stack.url}/_local/upload`);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Lesson").waitFor();
  return page;
}

/** Drops a file onto the page, as a person does. */
async function drop(page, path) {
  const { x, y, width, height } = await page.locator("#zone").boundingBox();
  const session = await page.context().newCDPSession(page);
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    await session.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data });
  }
}

const said = (page, text) => page.getByRole("status").filter({ hasText: text }).waitFor();

/** Records the part number of each successful PUT to S3. */
function watchParts(page) {
  const sent = [];
  page.on("response", (response) => {
    const number = new URL(response.url()).searchParams.get("partNumber");
    if (response.request().method() === "PUT" && response.ok()) sent.push(Number(number));
  });
  return sent;
}

test("a video upload is interrupted, resumes after a reload, and plays", async (t) => {
  const page = await openPage(t);
  const video = join(stack.folder, "lecture.mp4");
  writeLargeVideo(join(MEDIA, "request-path.mp4"), video, 60 * MEGABYTE); // four parts

  // The connection breaks after half of the parts.
  const isLate = (url) => /partNumber=[34]\b/.test(url.search);
  await page.route(isLate, (route) => route.abort("connectionreset"));
  const first = watchParts(page);
  await drop(page, video);
  await said(page, "The connection is lost.");
  assert.deepEqual(first.sort(), [1, 2]);

  // After a reload, only the missing parts are sent.
  await page.unroute(isLate);
  await page.reload();
  await said(page, "An upload for this lesson is not finished.");
  const second = watchParts(page);
  const ranges = [];
  page.on("response", (response) => {
    if (response.status() === 206) ranges.push(response.headers()["content-range"]);
  });
  await drop(page, video);
  await said(page, "Ready.");
  assert.deepEqual(second.sort(), [3, 4]);
  const kept = await page.evaluate(() => Object.keys(localStorage));
  assert.deepEqual(kept, ["lesson"]);

  // The video plays, also after seeking.
  const runs = (from) => page.waitForFunction((from) => document.querySelector("video").currentTime > from, from);
  await page.locator("video").evaluate((video) => video.play());
  await runs(0.3);
  const { duration, width } = await page.locator("video").evaluate((video) => {
    video.currentTime = video.duration * 0.7;
    return { duration: video.duration, width: video.videoWidth };
  });
  assert.ok(duration > 30 && width === 1280, `${duration} s, ${width} pixels`);
  await runs(duration * 0.7 + 0.3);
  const starts = new Set(ranges.map((range) => range.split("-")[0]));
  assert.ok(starts.size > 1, `the video is read by ranges: ${ranges}`);
  assert.ok(ranges.every((range) => range.endsWith(`/${statSync(video).size}`)), `${ranges}`);
});

test("a document is uploaded by a form and downloads under its name", async (t) => {
  const page = await openPage(t);
  const path = join(stack.folder, "Lösungen 1.md");
  writeFileSync(path, "# Lösungen\n\nDie erste.\n");
  await page.getByLabel("Drop a file here").setInputFiles(path);
  await said(page, "Ready.");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Lösungen 1.md" }).click()]);
  assert.equal(download.suggestedFilename(), "Lösungen 1.md");
  assert.equal(statSync(await download.path()).size, statSync(path).size);
});

test("refused and rejected files show the API's reason", async (t) => {
  const page = await openPage(t);
  const program = join(stack.folder, "setup.exe");
  writeFileSync(program, "MZ");
  await page.getByLabel("Drop a file here").setInputFiles(program);
  await said(page, "A document can have these types: application/pdf");

  const lying = join(stack.folder, "slides.pdf");
  writeFileSync(lying, "<!doctype html><script>alert(1)</script>");
  await page.getByLabel("Drop a file here").setInputFiles(lying);
  await said(page, "Rejected:");
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), ["lesson"]);
});

test("an upload can be paused, resumed and cancelled", async (t) => {
  const page = await openPage(t);
  const video = join(stack.folder, "long.mp4");
  writeLargeVideo(join(MEDIA, "request-path.mp4"), video, 60 * MEGABYTE);
  const parts = [];
  await page.route(/partNumber=/, (route) => void parts.push(route)); // blocks all parts
  await drop(page, video);
  await page.getByRole("button", { name: "Pause" }).click();
  await said(page, "Paused.");
  await page.getByRole("button", { name: "Resume" }).click();
  await said(page, "0 of 4 parts arrived");
  await page.getByRole("button", { name: "Give up" }).click();
  await said(page, "Given up.");
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), ["lesson"]);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

// Starts a separate stack for the tests, and a browser.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const { chromium } = createRequire(join(process.env.MODULES, "package.json"))("playwright-core");

/** Starts the stack on a free port. `stop` ends it and deletes its data. */
export async function startStack() {
  const folder = mkdtempSync(join(tmpdir(), "lyceum-browser-"));
  const process_ = spawn(process.env.STACK, ["--port", "0", "--data-dir", join(folder, "data")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, RUST_LOG: "warn" },
  });
  const ended = once(process_, "exit");
  const url = await Promise.race([
    ended.then(([code]) => Promise.reject(new Error(`the stack ended with ${code}`))),
    (async () => {
      for await (const line of createInterface(process_.stdout)) {
        const ready = line.match(/^Lyceum is ready at (\S+)/);
        if (ready !== null) return ready[1];
      }
      throw new Error("the stack did not print its address");
    })(),
  ]);
  process_.stdout.resume();
  const stop = async () => {
    process_.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  };
  return { url, folder, stop };
}

/** Starts Debian's Chromium without background requests. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

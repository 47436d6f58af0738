// Uploads a file for a lesson directly from the browser to S3, and shows it: the page /_local/upload.
//
// 1. POST /v1/lessons/{id}/uploads   returns how to send it: a signed form, or signed parts for a large video.
// 2. The form or the parts           go to S3. Parts that fail are sent again; parts that arrived are not.
// 3. POST /v1/uploads/{id}/complete  makes S3 assemble the parts.
// 4. GET /v1/uploads/{id}            returns `ready` after the check, or `rejected` with the reason.
// 5. GET /v1/lessons/{id}/media      returns signed URLs for playing and downloading, valid for 15 minutes.
//
// Unfinished uploads are stored in localStorage by lesson and file, so that they can be resumed after the page was
// closed. The file must be chosen again, because a page can't keep it.
import { Problem, call, isSignedIn, signIn } from "./api.js";

const element = (id) => document.getElementById(id);
const [signInForm, lessons, zone, fileInput] = ["sign-in", "lesson", "zone", "file"].map(element);
const [sending, progress, pauseButton, giveUpButton] = ["sending", "progress", "pause", "give-up"].map(element);
const say = (text) => (element("outcome").textContent = text);

const PARTS_AT_ONCE = 3;
const LONGEST_WAIT = 30_000;
const CLOSED = "/problems/upload-closed";
// The media types of files for which browsers know none.
const TYPES = { csv: "text/csv", md: "text/markdown", mp4: "video/mp4", webm: "video/webm" };

/** The current upload: `{ file, lesson, memory, id, stop }`. */
let current;

// --- Signing in and choosing a lesson ---

signInForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { identifier, password } = Object.fromEntries(new FormData(signInForm));
  await withErrorShown(() => signIn(identifier, password).then(begin));
});

/** Lists the lessons of the user's own courses, and selects the last one. */
async function begin() {
  const me = await call("GET", "/v1/me");
  const courses = await call("GET", `/v1/courses?instructor_id=${me.id}&limit=100`);
  for (const course of courses.data) {
    const outline = await call("GET", `/v1/courses/${course.id}/outline`);
    const group = document.createElement("optgroup");
    group.label = course.title;
    for (const lesson of outline.sections.flatMap((section) => section.lessons)) {
      group.append(new Option(lesson.title, lesson.id));
    }
    lessons.append(group);
  }
  const last = localStorage.getItem("lesson");
  if ([...lessons.options].some((option) => option.value === last)) lessons.value = last;
  signInForm.hidden = true;
  element("upload").hidden = false;
  const started = Object.keys(localStorage).filter((name) => name.startsWith(`upload ${lessons.value} `));
  say(started.length === 0 ? "" : "An upload for this lesson is not finished. Choose its file again to resume it.");
}

lessons.addEventListener("change", () => localStorage.setItem("lesson", lessons.value));

// --- Choosing a file ---

fileInput.addEventListener("change", () => choose(fileInput.files[0]));
for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, (event) => event.preventDefault());
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  choose(event.dataTransfer.files[0]);
});

function choose(file) {
  if (file === undefined || current !== undefined) return;
  const lesson = lessons.value;
  localStorage.setItem("lesson", lesson);
  current = { file, lesson, memory: `upload ${lesson} ${file.name} ${file.size} ${file.lastModified}` };
  run();
}

// --- Sending ---

pauseButton.addEventListener("click", () => {
  if (current.stop.signal.aborted) return run();
  current.stop.abort();
  pauseButton.textContent = "Resume";
  say("Paused. The parts that arrived are kept for a day.");
});

giveUpButton.addEventListener("click", async () => {
  const { id, memory, stop } = current;
  stop.abort();
  // DELETE /v1/uploads/{id}: cancels the upload and deletes its parts.
  if (id !== undefined) await withErrorShown(() => call("DELETE", `/v1/uploads/${id}`));
  end(memory);
  say("Given up.");
});

/** Sends until the upload is complete or paused. Waits and retries when the connection is lost. */
async function run() {
  const upload = current;
  upload.stop = new AbortController();
  const { signal } = upload.stop;
  sending.hidden = false;
  pauseButton.textContent = "Pause";
  for (let wait = 1000; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      await send(upload, signal).catch((problem) => {
        if (problem.type !== CLOSED) throw problem; // the upload is complete, but the response was lost
      });
      await checked(upload, signal);
      end(upload.memory);
      return show(upload.lesson);
    } catch (problem) {
      if (signal.aborted) return;
      // 503: S3 or the database is temporarily unavailable. Other errors would occur again.
      if (problem instanceof Problem && problem.status !== 503) {
        end(upload.memory);
        return say(problem.message);
      }
      say(`${problem.message} Trying again in ${wait / 1000} s.`);
      await Promise.race([pause(wait, signal), new Promise((online) => addEventListener("online", online, { once: true }))]);
      if (signal.aborted) return;
    }
  }
}

function end(memory) {
  localStorage.removeItem(memory);
  current = undefined;
  sending.hidden = true;
  fileInput.value = "";
}

async function send(upload, signal) {
  const { file, memory } = upload;
  const known = JSON.parse(localStorage.getItem(memory) ?? "{}");
  if (known.id !== undefined) {
    const state = await call("GET", `/v1/uploads/${known.id}`);
    signal.throwIfAborted();
    upload.id = known.id;
    if (state.status !== "pending") return;
    if (state.part_size_bytes !== null) return sendParts(upload, state, signal);
  }
  const asked = await ask(upload, known);
  signal.throwIfAborted();
  if (asked.method === "POST") {
    say(`Sending ${file.name}.`);
    return sendForm(asked, file, signal);
  }
  return sendParts(upload, { parts: [], part_size_bytes: asked.parts[0].size_bytes }, signal, asked.parts);
}

/**
 * POST /v1/lessons/{id}/uploads: validates the file's data and signs the upload. With the same Idempotency-Key, the
 * same request returns the same upload with new signatures, so a lost response doesn't create a second one.
 */
async function ask(upload, known) {
  const { file, lesson, memory } = upload;
  const key = known.key ?? crypto.randomUUID();
  localStorage.setItem(memory, JSON.stringify({ ...known, key }));
  const type = TYPES[file.name.split(".").pop().toLowerCase()] ?? file.type;
  const body = {
    kind: type.startsWith("video/") ? "video" : "document",
    file_name: file.name,
    content_type: type,
    size_bytes: file.size,
  };
  const asked = await call("POST", `/v1/lessons/${lesson}/uploads`, body, { "Idempotency-Key": key });
  localStorage.setItem(memory, JSON.stringify({ key, id: asked.upload_id }));
  upload.id = asked.upload_id;
  return asked;
}

/** Sends a small file: S3 accepts a form with exactly the signed fields, and the file as the last field. */
async function sendForm({ url, fields }, file, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file);
  await transfer("POST", url, form, signal, (loaded) => (progress.value = Math.min(loaded / file.size, 1)));
}

/** Sends a large file: one URL per part, three parts at once. Parts that S3 has are not sent again. */
async function sendParts(upload, state, signal, signed = []) {
  const { file, id } = upload;
  const size = state.part_size_bytes;
  const count = Math.ceil(file.size / size);
  const etags = new Map(state.parts.map((part) => [part.part_number, part.etag]));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter((number) => !etags.has(number));
  if (missing.length > 0 && signed.length === 0) {
    // POST /v1/uploads/{id}/parts: signs the missing parts again, because URLs expire.
    signed = (await call("POST", `/v1/uploads/${id}/parts`, { part_numbers: missing })).parts;
    signal.throwIfAborted();
  }
  const waiting = signed.filter((part) => !etags.has(part.part_number));
  const loaded = new Map();
  const tell = () => {
    if (signal.aborted) return;
    const arrived = state.parts.reduce((sum, part) => sum + part.size_bytes, 0);
    progress.value = (arrived + [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0)) / file.size;
    say(`Sending ${file.name}: ${etags.size} of ${count} parts arrived.`);
  };
  tell();
  const sendSome = async () => {
    for (let part = waiting.shift(); part !== undefined && !signal.aborted; part = waiting.shift()) {
      const { part_number: number, url, headers } = part;
      const bytes = file.slice((number - 1) * size, number * size);
      const counted = (count) => (loaded.set(number, count), tell());
      etags.set(number, await transfer("PUT", url, bytes, signal, counted, headers));
      tell();
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, sendSome));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  signal.throwIfAborted();
  // POST /v1/uploads/{id}/complete: makes S3 assemble the parts.
  const parts = [...etags].map(([part_number, etag]) => ({ part_number, etag }));
  await call("POST", `/v1/uploads/${id}/complete`, { parts });
}

/** Sends bytes to S3 and reports progress, which `fetch` can't. Returns the ETag. */
function transfer(method, url, body, signal, progressed, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded }) => progressed(loaded));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve(request.getResponseHeader("ETag"));
      // S3 gives the reason in XML. Expired URLs are signed again by the next attempt.
      const why = request.responseXML?.querySelector("Message")?.textContent ?? `status ${request.status}`;
      reject(new Error(`S3 refused the file: ${why}.`));
    });
    request.addEventListener("error", () => reject(new Error("The connection is lost.")));
    request.addEventListener("abort", () => reject(new Error("Stopped.")));
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) return reject(new Error("Stopped."));
    request.send(body);
  });
}

// --- Showing the result ---

/** Polls GET /v1/uploads/{id} until the file was checked. */
async function checked({ id }, signal) {
  progress.removeAttribute("value");
  for (;;) {
    const { status, rejection, expires_at } = await call("GET", `/v1/uploads/${id}`);
    if (status === "ready") return;
    if (status === "pending" && new Date(expires_at) < new Date()) {
      throw new Problem(409, { detail: "The upload has expired. Choose the file again." });
    }
    if (status === "rejected") throw new Problem(422, { detail: `Rejected: ${rejection.reason}` });
    say("The file arrived and is being checked.");
    await pause(1000, signal);
    if (signal.aborted) throw new Error("Stopped.");
  }
}

/** GET /v1/lessons/{id}/media: shows the lesson's files. */
async function show(lesson) {
  const { video, documents } = await call("GET", `/v1/lessons/${lesson}/media`);
  element("video").hidden = video === null;
  if (video !== null) element("video").src = video.url;
  const link = ({ url, file_name }) => {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("a"), { href: url, textContent: file_name }));
    return item;
  };
  element("documents").replaceChildren(...documents.map(link));
  say("Ready.");
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()));
  });
}

/** Runs `work` and shows its error. */
async function withErrorShown(work) {
  try {
    await work();
  } catch (problem) {
    say(problem.message);
  }
}

if (isSignedIn()) withErrorShown(begin);

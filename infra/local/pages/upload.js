// Uploads a file for a lesson, straight from the browser to S3, and shows it: the page /_local/upload.
//
// 1. POST /v1/lessons/{id}/uploads   says how to send it: one signed form, or signed parts of a large video.
// 2. The form or the parts           go to S3. What does not arrive is sent again; what arrived is not.
// 3. POST /v1/uploads/{id}/complete  has S3 put the parts together.
// 4. GET /v1/uploads/{id}            says `ready` when it was checked, or `rejected` and why.
// 5. GET /v1/lessons/{id}/media      gives signed URLs that play and download for 15 minutes.
//
// An upload is remembered in localStorage by its lesson and file, so that it goes on after the page was closed: the
// file must be chosen again, since no page may keep it.
import { Problem, call, isSignedIn, signIn } from "./api.js";

const element = (id) => document.getElementById(id);
const [signInForm, lessons, zone, fileInput] = ["sign-in", "lesson", "zone", "file"].map(element);
const [sending, progress, pauseButton, giveUpButton] = ["sending", "progress", "pause", "give-up"].map(element);
const say = (text) => (element("outcome").textContent = text);

const PARTS_AT_ONCE = 3;
const LONGEST_WAIT = 30_000;
const CLOSED = "/problems/upload-closed";
// Browsers know no type for some files that lessons have.
const TYPES = { csv: "text/csv", md: "text/markdown", mp4: "video/mp4", webm: "video/webm" };

/** The upload that is under way: `{ file, lesson, memory, id, stop }`. */
let current;

// --- Before: who, and for which lesson ---

signInForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { identifier, password } = Object.fromEntries(new FormData(signInForm));
  await told(() => signIn(identifier, password).then(begin));
});

/** Lists the lessons of one's own courses, and shows the one that was shown last. */
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
  say(started.length === 0 ? "" : "An upload for this lesson is not finished. Choose its file again to go on.");
}

lessons.addEventListener("change", () => localStorage.setItem("lesson", lessons.value));

// --- Choosing ---

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
  say("Paused. What arrived is kept for a day.");
});

giveUpButton.addEventListener("click", async () => {
  const { id, memory, stop } = current;
  stop.abort();
  // DELETE /v1/uploads/{id}: gives it up, with the parts that arrived.
  if (id !== undefined) await told(() => call("DELETE", `/v1/uploads/${id}`));
  end(memory);
  say("Given up.");
});

/** Sends until it is there, or somebody pauses; a lost connection is waited for. */
async function run() {
  const upload = current;
  upload.stop = new AbortController();
  const { signal } = upload.stop;
  sending.hidden = false;
  pauseButton.textContent = "Pause";
  for (let wait = 1000; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      await send(upload, signal).catch((problem) => {
        if (problem.type !== CLOSED) throw problem; // it is complete: only the answer that said so was lost
      });
      await checked(upload, signal);
      end(upload.memory);
      return show(upload.lesson);
    } catch (problem) {
      if (signal.aborted) return;
      // 503 says that S3 or the database is away for a moment. What else the API refuses, it would refuse again.
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
 * POST /v1/lessons/{id}/uploads: checks what it can before any byte is sent, and signs. With the same Idempotency-Key
 * the same call again is the same upload, signed anew: should its answer get lost, there are not two.
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

/** A small file: S3 takes a form with exactly the fields that were signed, and the file last. */
async function sendForm({ url, fields }, file, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file);
  await transfer("POST", url, form, signal, (loaded) => (progress.value = Math.min(loaded / file.size, 1)));
}

/** A large file: each part by a URL of its own, three at once; those that S3 has are not sent again. */
async function sendParts(upload, state, signal, signed = []) {
  const { file, id } = upload;
  const size = state.part_size_bytes;
  const count = Math.ceil(file.size / size);
  const etags = new Map(state.parts.map((part) => [part.part_number, part.etag]));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter((number) => !etags.has(number));
  if (missing.length > 0 && signed.length === 0) {
    // POST /v1/uploads/{id}/parts: signs the missing ones anew, since URLs expire.
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
  // POST /v1/uploads/{id}/complete: S3 puts them together.
  const parts = [...etags].map(([part_number, etag]) => ({ part_number, etag }));
  await call("POST", `/v1/uploads/${id}/complete`, { parts });
}

/** Bytes to S3, with their progress, which `fetch` does not tell; gives the ETag. */
function transfer(method, url, body, signal, progressed, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded }) => progressed(loaded));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve(request.getResponseHeader("ETag"));
      // S3 says in XML why not. What expired is signed anew with the next try.
      const why = request.responseXML?.querySelector("Message")?.textContent ?? `status ${request.status}`;
      reject(new Error(`S3 did not take it: ${why}.`));
    });
    request.addEventListener("error", () => reject(new Error("The connection is lost.")));
    request.addEventListener("abort", () => reject(new Error("Stopped.")));
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) return reject(new Error("Stopped."));
    request.send(body);
  });
}

// --- After ---

/** GET /v1/uploads/{id} until what arrived was checked. */
async function checked({ id }, signal) {
  progress.removeAttribute("value");
  for (;;) {
    const { status, rejection, expires_at } = await call("GET", `/v1/uploads/${id}`);
    if (status === "ready") return;
    if (status === "pending" && new Date(expires_at) < new Date()) {
      throw new Problem(409, { detail: "It has expired. Choose the file again." });
    }
    if (status === "rejected") throw new Problem(422, { detail: `Rejected: ${rejection.reason}` });
    say("It arrived, and is being checked.");
    await pause(1000, signal);
    if (signal.aborted) throw new Error("Stopped.");
  }
}

/** GET /v1/lessons/{id}/media: what the lesson has now. */
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

/** Does it, and says what the API has against it. */
async function told(work) {
  try {
    await work();
  } catch (problem) {
    say(problem.message);
  }
}

if (isSignedIn()) told(begin);

// Lyceum's API, as a frontend calls it: with a token, and with a new one when the old one has expired.
// The tokens outlive a reload of the page, and end with its tab.

/** What the API says when it does not do as asked: `detail` is for people, `type` for programs (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    const faults = (body.errors ?? []).map((fault) => fault.detail);
    super([body.detail ?? `The API answered ${status}.`, ...faults].join(" "));
    this.status = status;
    this.type = body.type;
  }
}

async function send(method, path, body, headers) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const said = text === "" ? {} : JSON.parse(text);
  if (!answer.ok) throw new Problem(answer.status, said);
  return said;
}

function remember({ access_token, refresh_token }) {
  sessionStorage.setItem("access_token", access_token);
  sessionStorage.setItem("refresh_token", refresh_token);
}

export const isSignedIn = () => sessionStorage.getItem("access_token") !== null;

/** POST /v1/auth/login: gives a token that works for 15 minutes, and one to renew it with. */
export async function signIn(identifier, password) {
  remember(await send("POST", "/v1/auth/login", { identifier, password }, {}));
}

// Only one renewal at a time: a refresh token works once, and to use it twice would end the session.
let renewal;

/** POST /v1/auth/refresh */
async function renew() {
  renewal ??= send("POST", "/v1/auth/refresh", { refresh_token: sessionStorage.getItem("refresh_token") }, {})
    .then(remember)
    .finally(() => (renewal = undefined));
  return renewal;
}

/** Any other call. */
export async function call(method, path, body, headers = {}) {
  const signed = () => ({ ...headers, Authorization: `Bearer ${sessionStorage.getItem("access_token")}` });
  try {
    return await send(method, path, body, signed());
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    await renew();
    return send(method, path, body, signed());
  }
}

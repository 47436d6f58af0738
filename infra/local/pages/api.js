// A client of Lyceum's API for frontends: sends the access token, and renews it when it has expired.
// The tokens survive a reload of the page, and are deleted with its tab.

/** An error response of the API: `detail` is for people, `type` for programs (RFC 9457). */
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

/** POST /v1/auth/login: returns an access token that is valid for 15 minutes, and a refresh token to renew it. */
export async function signIn(identifier, password) {
  remember(await send("POST", "/v1/auth/login", { identifier, password }, {}));
}

// Only one renewal at a time: a refresh token can be used once, and reuse ends the session.
let renewal;

/** POST /v1/auth/refresh: renews the access token. */
async function renew() {
  renewal ??= send("POST", "/v1/auth/refresh", { refresh_token: sessionStorage.getItem("refresh_token") }, {})
    .then(remember)
    .finally(() => (renewal = undefined));
  return renewal;
}

/** Sends any other request, and renews the access token if it has expired. */
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

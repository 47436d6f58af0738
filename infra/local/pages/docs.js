// Adds a form to /docs that signs in with a demo account and passes the access token to Swagger UI. Renews the token
// before it expires, as long as the page is open.
const { accounts, password } = await (await fetch("/_local/accounts.json")).json();

const form = document.createElement("form");
form.id = "sign-in";
form.style.cssText =
  "position: sticky; top: 0; z-index: 9; display: flex; flex-wrap: wrap; gap: .6rem; align-items: center;" +
  "padding: .7rem 1.2rem; font: 1rem/1.4 system-ui, sans-serif; color: #1d2433; background: #e8edfb";
form.innerHTML = `
  <label>Email or username <input name="identifier" list="demo-accounts" required autocomplete="username"></label>
  <datalist id="demo-accounts"></datalist>
  <label>Password <input name="password" type="password" required autocomplete="current-password"></label>
  <button>Sign in</button>
  <output role="status">Sign in to call operations that require a token.</output>`;
for (const input of form.querySelectorAll("input, button")) input.style.cssText = "font: inherit; padding: .2rem .5rem";
for (const { email, who } of accounts) {
  form.querySelector("datalist").append(new Option(`${email}: ${who}`, email));
}
if (accounts.length > 0) {
  form.identifier.value = accounts.find(({ email }) => email.startsWith("student@"))?.email ?? accounts[0].email;
  form.password.value = password;
}
document.body.prepend(form);
const said = form.querySelector("output");

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const result = await answer.json();
  if (!answer.ok) throw new Error(result.detail);
  return result;
}

let renewal;

/** Passes the token to Swagger UI, like its dialog "Authorize", and renews it a minute before it expires. */
function use({ access_token, refresh_token, expires_in }) {
  window.ui?.preauthorizeApiKey("bearer", access_token);
  if (!window.ui?.authSelectors.authorized().has("bearer")) throw new Error("The page is still loading; try again.");
  clearTimeout(renewal);
  const renew = () => post("/v1/auth/refresh", { refresh_token }).then(use).catch(tell);
  renewal = setTimeout(renew, (expires_in - 60) * 1000);
}

const tell = (error) => (said.textContent = error.message);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const identifier = form.identifier.value;
    use(await post("/v1/auth/login", { identifier, password: form.password.value }));
    said.textContent = `Signed in as ${identifier}. "Try it out" sends the token.`;
  } catch (error) {
    tell(error);
  }
});

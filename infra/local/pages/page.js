// Sends the page's form to the API and shows the result.
//   <form data-send="/v1/auth/login">: the fields are the body; a `token` in the page's address is added to it.
const form = document.querySelector("[data-send]");
const outcome = document.getElementById("outcome");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = Object.fromEntries(new FormData(form));
  const token = new URLSearchParams(location.search).get("token");
  if (token !== null) body.token = token;
  const answer = await fetch(form.dataset.send, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const said = text === "" ? {} : JSON.parse(text);
  for (const label of form.querySelectorAll(`[data-asked-by="${said.type}"]`)) {
    label.hidden = false;
    label.querySelector("input").disabled = false; // a disabled field is not sent
  }
  outcome.textContent = answer.ok ? (said.access_token ?? form.dataset.done) : said.detail;
});

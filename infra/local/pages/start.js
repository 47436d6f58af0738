// The start page: shows whether the API is running, the demo accounts, and the newest courses.
const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
const byId = (id) => document.getElementById(id);

async function showState() {
  const runs = await fetch("/health").then((answer) => answer.ok, () => false);
  byId("state").textContent = runs ? `Running at ${location.origin}` : "Not running: see the terminal.";
  byId("state").className = runs ? "up" : "down";
}

async function showCourses() {
  const answer = await fetch("/v1/courses?limit=12");
  const { data } = await answer.json();
  byId("courses").replaceChildren(
    ...data.map(({ title, slug, description, difficulty_level, instructor }) => {
      const link = Object.assign(element("a", title), { href: `/v1/courses/${slug}` });
      const heading = element("strong", "");
      heading.append(link);
      const item = element("li", "");
      item.append(heading, element("p", description), element("small", `${difficulty_level} · ${instructor.first_name} ${instructor.last_name}`));
      return item;
    }),
  );
  if (data.length === 0) byId("courses").append(element("li", "No course is published yet."));
}

async function showAccounts() {
  const { accounts, password, first_calls } = await (await fetch("/_local/accounts.json")).json();
  if (accounts.length === 0) return;
  byId("demo").hidden = false;
  byId("password").textContent = password;
  byId("accounts").replaceChildren(...accounts.flatMap(({ email, who }) => [element("dt", email), element("dd", who)]));
  byId("first-calls").textContent = first_calls.join("\n").replaceAll("{url}", location.origin);
}

await Promise.all([showState(), showCourses(), showAccounts()]);

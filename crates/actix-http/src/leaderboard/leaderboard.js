// Asks the API as any other of its consumers does, and shows what it says.

const PAGE = 100; // entries at first, and with each "Show more"
const MOST = 1000; // entries that one answer may have
const REFRESH = 60_000; // milliseconds
const KEY = "benchmark-api-key";
const ASKED = ["metric", "workload", "window", "statistic", "provider"];

const signIn = document.querySelector("#sign-in");
const question = document.querySelector("#question");
const status = document.querySelector("#status");
const more = document.querySelector("#more");

let metrics = [];
let limit = PAGE;
let latest = 0; // the number of the last question
let timer;

/** What the service said instead of an answer. */
class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** What is at a path of the API: the envelope, and the headers around it. */
async function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value);
  const url = `api/v1/${path}?${new URLSearchParams(given)}`;
  const headers = { Accept: "application/json", "X-API-Key": sessionStorage.getItem(KEY) };
  const answer = await fetch(url, { headers });
  let envelope;
  try {
    envelope = await answer.json();
  } catch {
    throw new Refusal(answer.status, `${answer.status} ${answer.statusText}, and no JSON`);
  }
  if (!answer.ok) throw new Refusal(answer.status, envelope.message);
  return { ...envelope, headers: answer.headers };
}

/** An element with these attributes and children; a text is a text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

function drawing(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

const figures = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const shares = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });
const counts = new Intl.NumberFormat("en");
const figure = (value) => (value === null ? "–" : figures.format(value));

function say(text, isAlarm = false) {
  status.textContent = text;
  status.classList.toggle("alarm", isAlarm);
}

/** What the address asks for. */
const asks = (name) => new URLSearchParams(location.search).get(name);

/** What there is to choose from, with what the address says chosen. */
function offer(name, options) {
  const select = question.elements[name];
  const asked = asks(name);
  if (asked && !options.some(([value]) => value === asked)) options.push([asked, asked]);
  select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  if (asked) select.value = asked;
}

/** The values that the plots of a ranking span. */
function scaleOf(entries) {
  const ends = entries.flatMap((entry) => [entry.ci_low, entry.ci_high, entry.value]);
  const known = ends.filter((end) => end !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const at = (value) => (high > low ? 4 + (192 * (value - low)) / (high - low) : 100);
  return { low, high, at };
}

/** A value as a dot on its interval. */
function plot(entry, { at }) {
  const label = entry.ci_low === null
    ? "interval unknown"
    : `${figure(entry.ci_low)} to ${figure(entry.ci_high)}`;
  const marks = [drawing("title", {}, label)];
  if (entry.ci_low !== null) {
    const ends = { x1: at(entry.ci_low), x2: at(entry.ci_high), y1: 10, y2: 10 };
    marks.push(drawing("line", { ...ends, stroke: "currentColor", "stroke-width": 2 }));
  }
  marks.push(drawing("circle", { cx: at(entry.value), cy: 10, r: 4, fill: "currentColor" }));
  return drawing("svg", { viewBox: "0 0 200 20", role: "img", "aria-label": label }, ...marks);
}

function row(entry, scale) {
  const { attempted_requests: attempted, failed_requests: failed } = entry;
  const share = attempted ? `${shares.format((100 * failed) / attempted)} %` : "–";
  const notes = [];
  if (entry.mostly_failed) notes.push(element("span", { class: "alarm" }, "mostly failed"));
  if (entry.provisional) notes.push(element("span", {}, "provisional"));
  if (entry.source === "simulation") notes.push(element("span", {}, "simulated"));
  const separated = notes.flatMap((note, nth) => (nth ? [", ", note] : [note]));
  const provider = element("span", { class: "faint" }, entry.provider ?? "");
  const percentile = (name) => {
    const why = entry.missing[name];
    return element("td", { class: "number", ...(why && { title: why }) }, figure(entry[name]));
  };
  const number = (text) => element("td", { class: "number" }, text);
  const { rank_low: best, rank_high: worst } = entry;
  return element(
    "tr",
    {},
    number(`${entry.rank}`),
    element("td", {}, best === worst ? `${best}` : `${best} to ${worst}`),
    element("td", { class: "llm" }, entry.llm_name, " ", provider),
    number(figure(entry.value)),
    element("td", {}, plot(entry, scale)),
    percentile("p50"),
    percentile("p95"),
    percentile("p99"),
    number(counts.format(entry.run_count)),
    number(counts.format(entry.sample_count)),
    element(
      "td",
      { class: "number", title: `${counts.format(failed)} of ${counts.format(attempted)}` },
      share,
    ),
    element("td", {}, ...separated),
  );
}

/** Shows a ranking, or the reason why there is none. */
function show(metric, { data, message, headers }) {
  const scale = scaleOf(data);
  const better = metric.better === "lower" ? "Lower is better." : "Higher is better.";
  document.querySelector("#about").textContent =
    `${metric.name}: ${metric.definition}${/[.!?]$/.test(metric.definition) ? "" : "."} ${better}`;
  const { value: statistic } = question.elements.statistic;
  document.querySelector("#value").textContent = `${statistic} (${metric.unit})`;
  document.querySelector("#scale").textContent =
    data.length ? `${figure(scale.low)} to ${figure(scale.high)}` : "";
  document.querySelector("tbody").replaceChildren(...data.map((entry) => row(entry, scale)));
  document.querySelector("#about").hidden = false;
  for (const part of ["#ranking", "#legend"]) {
    document.querySelector(part).hidden = data.length === 0;
  }
  more.hidden = data.length < limit || limit >= MOST;
  const providers = new Set(data.map((entry) => entry.provider).filter(Boolean));
  if (!question.elements.provider.value) {
    const options = [...providers].sort().map((value) => element("option", { value }));
    document.querySelector("#providers").replaceChildren(...options);
  }
  const age = headers.get("Age");
  const isOld = (headers.get("Cache-Status") ?? "").includes("detail=stale");
  const remarks = [];
  if (isOld) remarks.push(`This answer is ${age} seconds old; the database does not answer.`);
  if (message) remarks.push(message[0].toUpperCase() + message.slice(1));
  say(remarks.join(" "), isOld);
}

/** Asks for the ranking that is chosen, now and from time to time. */
async function ask() {
  clearTimeout(timer);
  latest += 1;
  const number = latest;
  const asked = Object.fromEntries(ASKED.map((name) => [name, question.elements[name].value]));
  const metric = metrics.find(({ name }) => name === asked.metric);
  if (!metric) return;
  const { metric: name, ...parameters } = asked;
  try {
    const answer = await get(`benchmark/${encodeURIComponent(name)}`, { ...parameters, limit });
    // Who has chosen something else since waits for that.
    if (number === latest) show(metric, answer);
  } catch (error) {
    if (number === latest) fail(error);
  }
  if (number === latest) timer = setTimeout(() => document.hidden || ask(), REFRESH);
}

function fail(error) {
  if (error.code === 401 || error.code === 403) {
    sessionStorage.removeItem(KEY);
    start(error.message);
  } else {
    // Without an answer there is no code: the network, or the service, is away.
    say(error.code ? error.message : `The service does not answer: ${error.message}`, true);
  }
}

/** Every workload by name, page by page. */
async function workloads() {
  const slugs = [];
  let after;
  do {
    const { data } = await get("workloads", { limit: MOST, after });
    slugs.push(...data.map(({ slug }) => slug));
    after = data.length === MOST && data.at(-1).slug;
  } while (after && slugs.length < 10 * MOST);
  return slugs;
}

async function start(remark = "") {
  clearTimeout(timer);
  latest += 1;
  const hasKey = Boolean(sessionStorage.getItem(KEY));
  signIn.hidden = hasKey;
  question.hidden = !hasKey;
  document.querySelector("#forget").hidden = !hasKey;
  for (const part of ["#about", "#ranking", "#legend", "#more"]) {
    document.querySelector(part).hidden = true;
  }
  say(remark, Boolean(remark));
  if (!hasKey) return;
  try {
    const [known, slugs] = await Promise.all([get("metrics"), workloads()]);
    metrics = known.data;
    offer("metric", metrics.map(({ name }) => [name, name]));
    if (!asks("metric")) question.elements.metric.value = "TTFT";
    offer("workload", [["", "the default"], ...slugs.map((slug) => [slug, slug])]);
    for (const name of ["window", "statistic"]) {
      offer(name, [...question.elements[name].options].map(({ value, text }) => [value, text]));
    }
    question.elements.provider.value = asks("provider") ?? "";
    await ask();
  } catch (error) {
    fail(error);
  }
}

/** A key in the address, behind `#`, is never sent with it; it is taken from there at once. */
function takeKey() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key || !/^[!-~]+$/.test(key)) return;
  sessionStorage.setItem(KEY, key);
  history.replaceState(null, "", location.pathname + location.search);
}

signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, signIn.elements.key.value.trim());
  signIn.reset();
  start();
});

question.addEventListener("submit", (event) => event.preventDefault());
question.addEventListener("change", () => {
  limit = PAGE;
  const chosen = ASKED.map((name) => [name, question.elements[name].value]);
  const address = new URLSearchParams(chosen.filter(([, value]) => value));
  history.replaceState(null, "", `?${address}`);
  ask();
});

more.addEventListener("click", () => {
  limit = Math.min(limit + PAGE, MOST);
  ask();
});

document.querySelector("#forget").addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  start();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !question.hidden) ask();
});

window.addEventListener("hashchange", () => {
  takeKey();
  start();
});

takeKey();
start();

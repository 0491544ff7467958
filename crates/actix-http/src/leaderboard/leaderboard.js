// Asks the API as any other of its consumers does, and shows what it says.

const PAGE = 100; // entries at first, and with each "Show more"
const MOST = 1000; // entries that one answer may have
const REFRESH = 60_000; // milliseconds
const SOON = 5_000; // the same, where a newer answer is on its way
const KNOWN_FOR = 300_000; // the same, for what there is to choose from
const PATIENCE = 15_000; // the same, for one answer
const STORED = "benchmark-api-key";
const DEFAULTS = {
  metric: "TTFT",
  workload: "",
  window: "latest",
  statistic: "mean",
  provider: "",
};

const find = (selector) => document.querySelector(selector);
const signIn = find("#sign-in");
const question = find("#question");
const table = find("#ranking");
const more = find("#more");

let key;
let asked = { ...DEFAULTS }; // the question
let limit = PAGE;
let choices; // the metrics and the workloads that there are, once they are known
let shown = {}; // which answer is to be seen
let attempts = 0; // who asks when another attempt has begun is not heard any more
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
  const answer = await fetch(`api/v1/${path}?${new URLSearchParams(given)}`, {
    headers: { Accept: "application/json", "X-API-Key": key },
    signal: AbortSignal.timeout(PATIENCE),
  });
  const envelope = await answer.json().catch(() => ({ message: "what it says is no JSON" }));
  if (!answer.ok || !envelope.success) throw new Refusal(answer.status, envelope.message);
  return { ...envelope, headers: answer.headers };
}

/** An element with these attributes and children; a text is a text, never markup. */
function element(name, attributes = {}, ...children) {
  return dressed(document.createElement(name), attributes, children);
}

/** An element of a drawing. */
function drawing(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  return dressed(made, attributes, children);
}

function dressed(made, attributes, children) {
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

// Four digits, and of a greater number every one before the point.
const figures = new Intl.NumberFormat("en", {
  maximumSignificantDigits: 4,
  maximumFractionDigits: 0,
  roundingPriority: "morePrecision",
});
const counts = new Intl.NumberFormat("en");
const figure = (value) => (value === null ? "–" : figures.format(value));
const stopped = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);
const sentence = (text) => text[0].toUpperCase() + stopped(text.slice(1));

function say(text, isAlarm = false) {
  const status = find("#status");
  // What is said already is not read out again.
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("alarm", isAlarm);
}

/** A select of these options, and of the one that is asked for. */
function offer(name, options) {
  const others = options.some(([value]) => value === asked[name]) ? [] : [asked[name]];
  const all = [...options, ...others.map((value) => [value, value])];
  const select = question.elements[name];
  select.replaceChildren(...all.map(([value, text]) => element("option", { value }, text)));
  select.value = asked[name];
}

/** Everything that there is to choose from, as far as it is known. */
function offerAll() {
  const { metrics = [], workloads = [] } = choices?.known ?? {};
  offer("metric", metrics.map(({ name }) => [name, name]));
  offer("workload", [["", "the default"], ...workloads.map((slug) => [slug, slug])]);
  for (const name of ["window", "statistic"]) {
    offer(name, [...question.elements[name].options].map(({ value, text }) => [value, text]));
  }
}

/** The metrics, and the workloads page by page. */
async function loadChoices() {
  const workloads = async () => {
    const slugs = [];
    let isLast = false;
    while (!isLast && slugs.length < 10 * MOST) {
      const { data } = await get("workloads", { limit: MOST, after: slugs.at(-1) });
      slugs.push(...data.map(({ slug }) => slug));
      isLast = data.length < MOST;
    }
    return slugs;
  };
  const [metrics, slugs] = await Promise.all([get("metrics"), workloads()]);
  return { known: { metrics: metrics.data, workloads: slugs }, loadedAt: Date.now() };
}

/** Where the values of a ranking lie on its plots. */
function scaleOf(entries) {
  const ends = entries.flatMap((entry) => [entry.ci_low, entry.ci_high, entry.value]);
  const known = ends.filter((end) => end !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const at = (value) => (high > low ? 4 + (192 * (value - low)) / (high - low) : 100);
  return { low, high, at };
}

/** A value as a dot on its interval. */
function plot({ value, ci_low: low, ci_high: high }, { at }) {
  const label = low === null ? "interval unknown" : `${figure(low)} to ${figure(high)}`;
  const marks = [drawing("title", {}, label)];
  if (low !== null) {
    const ends = { x1: at(low), x2: at(high), y1: 10, y2: 10 };
    marks.push(drawing("line", { ...ends, stroke: "currentColor", "stroke-width": 2 }));
  }
  marks.push(drawing("circle", { cx: at(value), cy: 10, r: 4, fill: "currentColor" }));
  return drawing("svg", { viewBox: "0 0 200 20", role: "img", "aria-label": label }, ...marks);
}

function notesOn(entry) {
  const notes = [];
  if (entry.mostly_failed) notes.push(element("span", { class: "alarm" }, "mostly failed"));
  if (entry.provisional) notes.push("provisional");
  if (entry.source === "simulation") notes.push("simulated");
  const missing = {};
  for (const [percentile, why] of Object.entries(entry.missing)) {
    (missing[why] ??= []).push(percentile);
  }
  for (const [why, names] of Object.entries(missing)) notes.push(`${names.join(", ")}: ${why}`);
  return notes.flatMap((note, nth) => (nth ? [", ", note] : [note]));
}

function row(entry, scale) {
  const { rank_low: best, rank_high: worst } = entry;
  const number = (text) => element("td", { class: "number" }, text);
  const provider = element("span", { class: "faint" }, entry.provider ?? "");
  return element(
    "tr",
    {},
    number(`${entry.rank}`),
    element("td", {}, best === worst ? `${best}` : `${best} to ${worst}`),
    element("th", { scope: "row", class: "llm" }, entry.llm_name, " ", provider),
    number(figure(entry.value)),
    element("td", {}, plot(entry, scale)),
    number(figure(entry.p50)),
    number(figure(entry.p95)),
    number(figure(entry.p99)),
    number(counts.format(entry.run_count)),
    number(counts.format(entry.sample_count)),
    number(`${counts.format(entry.failed_requests)} / ${counts.format(entry.attempted_requests)}`),
    element("td", { class: "notes" }, ...notesOn(entry)),
  );
}

/** Shows a ranking, or the reason why there is none. */
function show({ data, message, headers }) {
  const answer = { question: JSON.stringify([asked, limit]), tag: headers.get("ETag") };
  // What is there already is left alone, with what is selected or read out of it.
  if (answer.question !== shown.question || answer.tag !== shown.tag) {
    showEntries(data.slice(0, limit));
  }
  shown = answer;
  more.hidden = data.length <= limit;
  const remarks = [];
  const isAll = data.length <= limit && data.length < MOST;
  const many = `${isAll ? "" : "the first "}${Math.min(data.length, limit)} LLMs`;
  if (data.length) remarks.push(sentence(`${many} by ${asked.metric}`));
  if (message) remarks.push(sentence(message));
  const isOld = (headers.get("Cache-Status") ?? "").includes("detail=stale");
  if (isOld) remarks.push(`This is ${headers.get("Age")} seconds old; there is nothing newer yet.`);
  say(remarks.join(" "));
  return isOld ? SOON : REFRESH;
}

function showEntries(entries) {
  const scale = scaleOf(entries);
  const metric = choices?.known.metrics.find(({ name }) => name === asked.metric);
  find("#about").textContent = metric
    ? `${metric.name}: ${sentence(metric.definition)} ${sentence(`${metric.better} is better`)}`
    : asked.metric;
  find("#value").textContent = `${asked.statistic} (${entries[0]?.unit ?? ""})`;
  find("#scale").textContent = `${figure(scale.low)} to ${figure(scale.high)}`;
  find("tbody").replaceChildren(...entries.map((entry) => row(entry, scale)));
  reveal(entries.length > 0);
  if (!asked.provider) {
    const providers = new Set(entries.map((entry) => entry.provider).filter(Boolean));
    const options = [...providers].sort().map((value) => element("option", { value }));
    find("#providers").replaceChildren(...options);
  }
}

/** Lets the ranking be seen, or not. */
function reveal(isThere) {
  for (const part of ["#about", "#ranking", "#legend"]) find(part).hidden = !isThere;
  if (!isThere) {
    more.hidden = true;
    shown = {};
  }
}

/** Asks the question, now and from time to time. */
async function ask() {
  clearTimeout(timer);
  attempts += 1;
  const attempt = attempts;
  const isHeard = () => attempt === attempts;
  const { metric, ...parameters } = asked;
  table.setAttribute("aria-busy", "true");
  const isOld = !choices || Date.now() - choices.loadedAt > KNOWN_FOR;
  const [known, ranking] = await Promise.allSettled([
    isOld ? loadChoices() : choices,
    // One more than is shown tells whether there are more.
    get(`benchmark/${encodeURIComponent(metric)}`, {
      ...parameters,
      limit: Math.min(limit + 1, MOST),
    }),
  ]);
  if (!isHeard()) return;
  table.removeAttribute("aria-busy");
  // Without them the page still answers; they are asked for again next time.
  if (known.status === "fulfilled" && isOld) {
    const isNew = JSON.stringify(choices?.known) !== JSON.stringify(known.value.known);
    choices = known.value;
    if (isNew) offerAll();
  }
  const pause = ranking.status === "fulfilled" ? show(ranking.value) : fail(ranking.reason);
  if (pause) timer = setTimeout(() => document.hidden || ask(), pause);
}

/** Says why there is no answer, and gives when to ask again. */
function fail(error) {
  if (error.code === 401 || error.code === 403) {
    forget(error.message);
    return undefined;
  }
  if (shown.question !== JSON.stringify([asked, limit])) reveal(false);
  // Without an answer there is no code: the network, or the service, is away.
  say(error.code ? error.message : `The service does not answer: ${error.message}`, true);
  return error.code === 404 || error.code === 422 ? REFRESH : SOON;
}

/** Asks with a key, which the tab keeps where the browser lets it. */
function use(given) {
  key = given;
  try {
    sessionStorage.setItem(STORED, key);
  } catch {
    // It is known until the page is left.
  }
  signIn.hidden = true;
  question.hidden = false;
  find("#forget").hidden = false;
  say("");
  ask();
}

/** Forgets the key, and asks for another. */
function forget(reason = "") {
  key = undefined;
  choices = undefined;
  attempts += 1;
  clearTimeout(timer);
  try {
    sessionStorage.removeItem(STORED);
  } catch {
    // Then it was not kept either.
  }
  reveal(false);
  signIn.hidden = false;
  question.hidden = true;
  find("#forget").hidden = true;
  say(reason, Boolean(reason));
  signIn.elements.key.focus();
}

/**
 * The key behind `#key=`, which is part of no request, or the one that the tab keeps.
 * It is taken out of the address at once.
 */
function keyAtHand() {
  const [, given] = /^#key=(.*)$/.exec(location.hash) ?? [];
  if (given === undefined) {
    try {
      return sessionStorage.getItem(STORED);
    } catch {
      return null;
    }
  }
  history.replaceState(null, "", location.pathname + location.search);
  try {
    return decodeURIComponent(given);
  } catch {
    return given;
  }
}

function start() {
  const address = new URLSearchParams(location.search);
  for (const name of Object.keys(DEFAULTS)) asked[name] = address.get(name) ?? DEFAULTS[name];
  asked.metric = asked.metric.toUpperCase();
  offerAll();
  question.elements.provider.value = asked.provider;
  const given = keyAtHand();
  if (!given) forget();
  else if (/^[!-~]+$/.test(given)) use(given);
  else forget("A key has visible ASCII characters alone");
}

signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = signIn.elements.key.value.trim();
  signIn.reset();
  use(given);
  question.elements.metric.focus();
});

question.addEventListener("submit", (event) => event.preventDefault());
question.addEventListener("change", () => {
  for (const name of Object.keys(DEFAULTS)) asked[name] = question.elements[name].value.trim();
  limit = PAGE;
  const unusual = Object.entries(asked).filter(([name, value]) => value !== DEFAULTS[name]);
  const query = new URLSearchParams(unusual).toString();
  history.replaceState(null, "", location.pathname + (query && `?${query}`));
  ask();
});

more.addEventListener("click", () => {
  limit = Math.min(limit + PAGE, MOST);
  table.focus();
  ask();
});

find("#forget").addEventListener("click", () => forget());
document.addEventListener("visibilitychange", () => document.hidden || !key || ask());
window.addEventListener("hashchange", start);
start();

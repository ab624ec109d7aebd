/* A user's own measurements: a file that is read here and goes nowhere, and what it makes of the members. */

const LARGEST_FILE = 2e6, MOST_NEXT = 5, MOST_SURVIVORS = 50;
const SHARED = {
  usual: "mine_shared_usual", observable: "mine_shared_observable", gel: "mine_shared_gel", replicate: "mine_shared_replicate",
  cells: "mine_shared_cells", arm: "mine_shared_arm",
};

function measurementCard() {
  const { members } = page.facts;
  if (!members.count) return [];
  const mine = (page.mine = page.mine || { shared: "usual", loading: null, job: 0 });
  const input = make("input", { type: "file", id: "minefile", accept: ".csv,.tsv,.txt", hidden: true,
    onchange: () => { takeFile(input.files[0]); input.value = ""; } });
  const choose = make("button", { type: "button", id: "minechoose", "aria-describedby": "minehint", onclick: () => input.click() }, say("mine_choose"));
  const shared = make("select", { id: "mineshared", onchange: () => { mine.shared = shared.value; weighAgain(); } },
    ...Object.entries(SHARED).map(([word, key]) => make("option", { value: word, selected: word === mine.shared }, say(key))));
  const loading = make("input", { type: "checkbox", id: "mineloading", checked: mine.loading === null ? usualLoading() : mine.loading,
    onchange: () => { mine.loading = loading.checked; weighAgain(); } });
  return [card("mine", say("mine_title"), true,
    make("p", { class: "hint", id: "minehint" }, say("mine_hint", { count: members.count })),
    make("div", { class: "drop", id: "minedrop" }, choose, input, make("span", { id: "minestate" }, say("mine_drop"))),
    make("details", { id: "minehow" }, make("summary", {}, say("mine_how")), make("p", { class: "hint" }, say("mine_columns")),
      make("div", { class: "slider" }, make("label", { for: "mineshared" }, say("mine_shared")), shared),
      make("label", { class: "tick" }, loading, make("span", {}, say("mine_loading")))),
    make("div", { id: "minemistakes", role: "alert" }), make("div", { id: "mineresult" }))];
}

const usualLoading = () => {
  const { data } = page.facts.document, table = (Array.isArray(data) ? data[0] : data) || {};
  return [table.normalize].flat().includes("loading");
};

/* What the controls say beyond the scenario: nothing where they were not touched. */
function chosenReading() {
  const { shared, loading } = page.mine, chosen = {};
  if (shared !== "usual") chosen.shared = shared === "observable" ? null : shared;
  if (loading !== null) chosen.loading = loading;
  return chosen;
}

async function takeFile(file) {
  if (!file) return;
  const mine = page.mine;
  mine.name = file.name;
  if (file.size > LARGEST_FILE) return tellMistakes([[0, say("mine_large", { bytes: file.size, most: LARGEST_FILE })]]);
  mine.text = await file.text();
  weighAgain();
}

function weighAgain() {
  const mine = page.mine;
  if (mine.text === undefined || !page.worker) return;
  Object.assign(mine, { job: mine.job + 1, weighed: null, asked: null, mistakes: null, progress: 0 });
  page.worker.postMessage({ weigh: mine.job, text: mine.text, name: mine.name, chosen: chosenReading(), state: page.state });
  drawMeasurements();
}

function forgetFile() {
  const mine = page.mine;
  Object.assign(mine, { job: mine.job + 1, weighed: null, asked: null, mistakes: null, progress: null });
  delete mine.text;
  page.worker.postMessage({ weigh: mine.job });
  drawMeasurements();
  askForCloud();
  $("live").textContent = say("mine_forgotten");
  $("minechoose").focus();
}

function tellMistakes(mistakes) {
  const had = page.mine.weighed;
  Object.assign(page.mine, { mistakes, weighed: null, asked: null, progress: null });
  delete page.mine.text;
  drawMeasurements();
  if (had) askForCloud();
}

/* What the worker says of a file. */
function hearOfFile({ weigh, progress, mistakes, weighed, asked }) {
  const mine = page.mine;
  if (weigh !== mine.job) return;
  if (mistakes) {
    const text = mine.text;
    tellMistakes(mistakes);
    mine.text = text; // other controls may read it
    return;
  }
  if (progress !== undefined) mine.progress = progress;
  if (weighed) {
    mine.weighed = weighed;
    $("live").textContent = numberSentence(weighed);
    askForCloud();
  }
  if (asked) Object.assign(mine, { asked, progress: null });
  drawMeasurements();
  if (asked) document.documentElement.dataset.weighed = weighed ? "" : mine.weighed.milliseconds.toFixed(0);
}

const numberSentence = ({ effective, survivors, gain, weights, before }) => say("mine_number", {
  effective: number(effective), before: number(core.effectiveNumber(before)), count: weights.length, survivors: survivors.length, gain: number(gain),
  share: Math.round(100 * page.facts.weighing.surviving) });

function drawMeasurements() {
  const mine = page.mine, host = $("mineresult");
  if (!host) return;
  const running = mine.progress !== null && mine.progress !== undefined;
  write($("minestate"), running ? say("mine_running", { file: mine.name, share: Math.round(100 * mine.progress) }) : say("mine_drop"));
  const told = (mine.mistakes || []).map(([line, text]) =>
    make("li", {}, line ? say("mine_line", { file: mine.name, line, text }) : `${mine.name}: ${text}`));
  $("minemistakes").replaceChildren(...(told.length ? [make("ul", {}, ...told)] : []));
  const key = JSON.stringify([mine.job, Boolean(mine.weighed), Boolean(mine.asked), Boolean(mine.mistakes)]);
  if (host.dataset.key === key) return; // what is being read with the keyboard stays
  host.dataset.key = key;
  host.replaceChildren(...(mine.weighed ? weighedParts(mine) : []));
}

function weighedParts({ name, weighed, asked }) {
  const { fewest } = page.facts.weighing, dead = weighed.logLikelihoods.filter((l) => l === -Infinity).length;
  const tool = (id, text, onclick) => make("button", { type: "button", id, onclick }, text);
  return [
    make("p", {}, say("mine_read", { file: name, points: weighed.points, quantities: weighed.quantities.join(", "), arms: weighed.arms })),
    make("p", {}, make("strong", {}, numberSentence(weighed)), dead ? ` ${say("mine_dead", { count: dead })}` : ""),
    weighed.effective < fewest ? make("p", { class: "message", id: "minewarning" }, say("mine_few", { fewest, effective: number(weighed.effective), count: weighed.weights.length })) : null,
    weightPicture(weighed), survivorTable(weighed),
    ...(asked ? [make("h3", {}, say("mine_changed")), headlineList(asked.headlines), ...nextParts(asked.next)] : []),
    make("p", { class: "hint" }, say("mine_kept")),
    make("div", { class: "row" },
      tool("mineweights", say("mine_weights"), () => save("weights.csv", weightTable(weighed), "text/csv")),
      tool("minetoml", say("mine_toml"), () => save(`${page.facts.scenario.name}_measured.toml`, weighed.toml, "text/plain")),
      tool("mineforget", say("mine_forget"), forgetFile)),
  ].filter(Boolean);
}

/* Each member a bar, the heaviest first; the line is their mean. */
function weightPicture(weighed) {
  const { weights, survivors } = weighed, n = weights.length, most = Math.max(...weights), wide = 600, tall = 90;
  const bars = core.heaviestFirst(weights).map((m, k) => {
    const height = (tall * weights[m]) / most;
    return make("rect", { x: ((k * wide) / n).toFixed(2), width: ((0.85 * wide) / n).toFixed(2), y: (tall - height).toFixed(2), height: height.toFixed(2),
      fill: k < survivors.length ? "var(--accent)" : "var(--line)" });
  });
  const mean = tall - tall / n / most;
  return make("div", { class: "weights" }, make("svg", { viewBox: `0 0 ${wide} ${tall}`, preserveAspectRatio: "none", role: "img",
    "aria-label": say("mine_picture", { count: n, survivors: survivors.length }) }, ...bars,
    make("line", { class: "axis", x1: 0, x2: wide, y1: mean.toFixed(2), y2: mean.toFixed(2), "stroke-dasharray": "4 4" })),
    make("p", { class: "hint" }, say("mine_picture_key")));
}

function table(head, rows) {
  return make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": head[0] }, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map(([first, ...rest]) => make("tr", {}, make("th", { scope: "row" }, first), ...rest.map((text) => make("td", {}, text)))))));
}

function survivorTable({ weights, logLikelihoods, survivors }) {
  const rows = survivors.slice(0, MOST_SURVIVORS).map((m) => [String(m), number(weights[m]), number(logLikelihoods[m], 4)]);
  return make("details", {}, make("summary", {}, say("mine_survivors", { survivors: survivors.length })),
    table([say("mine_member"), say("mine_weight"), say("mine_likelihood")], rows));
}

function headlineList(headlines) {
  const told = (key, { interval, share }) => make("p", {}, say(key, { share: Number.isNaN(share) ? "\u2013" : Math.round(100 * share),
    median: number(interval && interval[1]), low: number(interval && interval[0], 2), high: number(interval && interval[2], 2) }));
  return make("ul", { class: "findings", id: "mineheadlines" }, ...headlines.map((one) =>
    make("li", {}, make("strong", {}, one.claim), told("mine_before", one.before), told("mine_after", one.after))));
}

function nextParts(next) {
  if (!next) return [make("p", {}, say("mine_no_next"))];
  // Of the harvests and assays of one comparison, the most telling.
  const best = new Map([...next.ranked].reverse().map((one) => [JSON.stringify([one.quantity, one.arms]), one]));
  const telling = next.ranked.filter((one) => one.nats > next.chance && [...best.values()].includes(one)).slice(0, MOST_NEXT);
  const label = ({ quantity, arms, time, assay, nats }) => say(arms.length > 1 ? "mine_next_pair" : "mine_next_one", {
    quantity: quantity.replaceAll("_", " "), arm: arms[0], against: arms[1], time: hours(time), assay, nats: number(nats, 2) });
  return [make("h3", {}, say("mine_next", { claim: next.claim })),
    telling.length ? make("ol", { id: "minenext" }, ...telling.map((one) => make("li", {}, label(one)))) : make("p", {}, say("mine_next_none"))];
}

function weightTable(weighed) {
  const survives = new Set(weighed.survivors), rows = core.heaviestFirst(weighed.weights).map((m) =>
    [m, Number.isFinite(weighed.logLikelihoods[m]) ? weighed.logLikelihoods[m] : "", weighed.before[m], weighed.weights[m], survives.has(m) ? "yes" : "no"]);
  return [["member", "log-likelihood", "weight before", "weight after", "survives"], ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

/* A file may be dropped anywhere on the page. */
function listenForFiles() {
  if (!page.facts.members.count) return;
  const carries = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files"), mark = (on) => $("minedrop").classList.toggle("over", on);
  addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(), mark(true); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    mark(false);
    takeFile(event.dataTransfer.files[0]);
  });
}

/* Words, elements, colors, the settings in the address, and what happens when they change.
 *
 * The files of this folder stand in one function, explorerPage(core, strings, coreSource), made by
 * pathway/explorer/page.py. All numbers come from the core, all words from strings.json. */

const SVG = "http://www.w3.org/2000/svg";
const say = (key, values = {}) => strings[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const $ = (id) => document.getElementById(id);

/* Elements: make("div", {class: "x"}, child, "text") */
function make(tag, attributes = {}, ...children) {
  const svg = make.svg.has(tag), node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
make.svg = new Set(["svg", "g", "path", "rect", "line", "circle", "text", "title", "polygon"]);

const COLORS = ["#D55E00", "#0072B2", "#009E73", "#B8559A", "#3D8FC4", "#B97800", "#8C6D1F"];
const DASHES = ["", "7 3", "2 2", "8 2 2 2"];
const page = { state: {}, undo: [], pinned: null, cloud: null, time: null };

const clear = (node) => node.replaceChildren();
/* Only what has changed: the browser lays out anew even where the words are the same. */
const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const set = (node, name, value) => {
  const known = (node.known = node.known || {});
  if (known[name] !== value) node.setAttribute(name, (known[name] = value));
};
const copy = (value) => JSON.parse(JSON.stringify(value));
const number = (value, digits = 3) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "\u2013";
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(digits)));
};
const hours = (t) => say("hours", { value: number(t, 4) });
const style = (name) => {
  const k = page.plan.arms.findIndex((arm) => arm.name === name);
  return { color: COLORS[k % COLORS.length], dash: DASHES[Math.floor(k / COLORS.length) % DASHES.length] };
};
const swatch = (name) => {
  const { color, dash } = style(name);
  return make("svg", { class: "swatch", viewBox: "0 0 34 10", "aria-hidden": "true" },
    make("line", { x1: 0, x2: 34, y1: 5, y2: 5, stroke: color, "stroke-width": 4, "stroke-dasharray": dash || null }));
};

/* State in the address. */

const encode = (state) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(state))))
  .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const decode = (text) => JSON.parse(new TextDecoder().decode(
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))));

function stateFromAddress() {
  const text = location.hash.slice(1);
  if (!text || text === "results") return null;
  try {
    const { v, of, ...state } = decode(text);
    if (v !== page.facts.version || of !== page.facts.scenario.name || !isKnown(state)) throw new Error();
    return state;
  } catch {
    tell(say("other_version"));
    return null;
  }
}

/* Whether everything that a state names is there. */
function isKnown(state) {
  const { facts } = page, plan = facts.scenario, copies = Object.values(state.copies || {});
  if (!copies.every((one) => plan.arms.some((arm) => arm.name === one.of) && one.doses.every((dose) => plan.doses[dose]))) return false;
  const { arms, doses } = core.withCopies(plan, state.copies), known = (group, all) => Object.keys(group || {}).every((name) => name in all);
  return known(state.doses, doses) && known(state.knock, facts.knock_downs) && known(state.scale, facts.parameter_index) &&
    Object.entries(state.cells || {}).flat().concat(copies.map((one) => one.cells)).every((line) => line in facts.lines) &&
    (state.off || []).every((loop) => loop in facts.loops) && (state.arms || []).every((name) => arms.some((arm) => arm.name === name));
}

function writeAddress() {
  const whole = { v: page.facts.version, of: page.facts.scenario.name, ...page.state };
  try {
    history.replaceState(null, "", "#" + encode(whole));
  } catch {
    // A frame without an address of its own.
  }
}

function tell(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

/* Changes: `move` while a slider is held, `release` when it is let go. */

function move(change) {
  change(page.state);
  if (page.waiting) return;
  page.waiting = requestAnimationFrame(() => {
    page.waiting = null;
    refresh(1e-4);
  });
}

function release(change) {
  if (change) {
    page.undo.push(page.saved);
    if (page.undo.length > 100) page.undo.shift();
    change(page.state);
  } else if (JSON.stringify(page.saved) !== JSON.stringify(page.state)) {
    page.undo.push(page.saved);
  }
  page.saved = copy(page.state);
  if (page.waiting) cancelAnimationFrame(page.waiting);
  page.waiting = null;
  page.cloud = null;
  refresh(1e-5);
  writeAddress();
  speak();
  askForCloud();
  report();
  $("undo").disabled = !page.undo.length;
}

/* Takes a state over; arms may have been copied. */
function adopt(state) {
  page.state = copy(state);
  page.plan = core.withCopies(page.facts.scenario, state.copies);
  const names = page.plan.arms.map((arm) => arm.name);
  if (!names.includes(page.mapOf)) page.mapOf = names[0];
  if (!names.includes(page.mapAgainst)) page.mapAgainst = names[0];
}

function restore(state) {
  adopt(state);
  page.saved = copy(state);
  buildSettings();
  buildResults();
  page.cloud = null;
  refresh(1e-5);
  writeAddress();
  askForCloud();
  report();
  $("undo").disabled = !page.undo.length;
}

const put = (state, group, name, value) => {
  state[group] = state[group] || {};
  if (value === undefined) delete state[group][name];
  else state[group][name] = value;
  if (!Object.keys(state[group]).length) delete state[group];
};

/* One setting of a dose, which keeps its others. */
function putDose(state, name, key, value) {
  const change = { ...((state.doses || {})[name] || {}), [key]: value };
  if (value === undefined) delete change[key];
  put(state, "doses", name, Object.keys(change).length ? change : undefined);
}

const shown = () => page.state.arms || page.defaultArms;

function compute(tolerance) {
  const needed = [...new Set([...shown(), page.mapOf, page.mapAgainst])];
  const { start, end, record_every } = page.facts.scenario;
  // While a slider moves, no more points than can be seen.
  const every = tolerance > 1e-5 ? Math.max(record_every, (end - start) / 100) : record_every;
  page.result = core.evaluate(page.engine, page.rests, page.state, { arms: needed, relative: tolerance, every, before: page.result });
  const { times } = page.result, last = times[times.length - 1];
  if (page.time === null || page.time > last || page.time < times[0]) page.time = page.result.scenario.growth_until;
  page.at = nearest(times, page.time);
}

function nearest(times, time) {
  let low = 0, high = times.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle;
    else high = middle;
  }
  return time - times[low] < times[high] - time ? low : high;
}

function refresh(tolerance) {
  const begun = performance.now();
  compute(tolerance);
  page.computed = performance.now() - begun;
  draw(tolerance);
  page.spent = performance.now() - begun;
}

function draw(tolerance) {
  drawTime();
  drawMap();
  drawGrowth();
  drawTimeline();
  // While a slider moves, only the curves in sight.
  page.charts.filter((chart) => tolerance <= 1e-5 || chart.seen).forEach(drawChart);
  if (tolerance <= 1e-5) {
    drawTable();
    drawFindings();
    complain();
  }
}

function complain() {
  const failed = shown().filter((name) => !page.result.has(name)).map((name) => {
    const run = page.result.courses.get(page.result.arm(name).key);
    return say("failed", { arm: name, reason: say("cells_fail", { reason: run ? run.failed : "" }) });
  });
  if (failed.length || page.complained) tell(failed.join(" "));
  page.complained = failed.length > 0;
}

const course = (name, quantity) => {
  const arm = page.result.arm(name);
  return arm && arm.key ? page.result.course(arm.key, quantity) : null;
};
/* At the time read at. */
const valueNow = (name, quantity) => {
  const arm = page.result.arm(name);
  return arm && arm.key ? page.result.value(arm.key, quantity, page.at) : NaN;
};


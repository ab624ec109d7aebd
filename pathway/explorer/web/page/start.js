/* Export, tools, start. */

function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const stem = () => `${page.facts.scenario.name}_explorer`;

const toml = () =>
  core.scenarioToml(page.facts, page.state, say("changed_title", { title: page.facts.scenario.title }));

/* Computed as `pathway run` computes the exported scenario. */
function csv() {
  const whole = core.evaluate(page.engine, page.rests, page.state, { arms: shown() });
  const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const list = page.drawn(), rows = [["arm", "time [h]", ...list.map((q) => `${q} [${page.facts.units[q] || "1"}]`)]];
  for (const name of shown().filter((one) => whole.has(one))) {
    const courses = list.map((q) => whole.course(whole.arm(name).key, q));
    whole.times.forEach((t, k) => rows.push([name, t, ...courses.map((c) => c[k])]));
  }
  return rows.map((row) => row.map((cell) => quote(String(cell))).join(",")).join("\n") + "\n";
}

function picture() {
  const charts = page.charts.filter((chart) => $("charts").contains(chart.host)), columns = Math.min(3, charts.length);
  const names = shown(), wide = BOX.width + 20, tall = BOX.height + 30, height = Math.ceil(charts.length / columns) * tall + 20 * names.length + 20;
  const whole = make("svg", { xmlns: SVG, width: columns * wide, height, viewBox: `0 0 ${columns * wide} ${height}` },
    make("rect", { width: "100%", height: "100%", fill: "#fff" }));
  charts.forEach((chart, k) => {
    const inner = chart.svg.cloneNode(true), x = (k % columns) * wide + 10, y = Math.floor(k / columns) * tall + 24;
    inner.querySelectorAll("text").forEach((t) => { t.setAttribute("font-size", 11); t.setAttribute("fill", "#000"); });
    inner.querySelectorAll(".axis, .cross").forEach((l) => { l.setAttribute("stroke", "#888"); l.setAttribute("fill", "none"); });
    inner.querySelectorAll(".line").forEach((l) => l.setAttribute("stroke-width", 18));
    for (const [key, value] of Object.entries({ x, y, width: BOX.width, height: BOX.height })) inner.setAttribute(key, value);
    whole.append(make("text", { x, y: y - 6, "font-size": 12, "font-weight": "bold" }, chart.quantity), inner);
  });
  names.forEach((name, k) => {
    const { color, dash } = style(name), y = height - 20 * (names.length - k);
    whole.append(make("line", { x1: 10, x2: 44, y1: y, y2: y, stroke: color, "stroke-width": 3, "stroke-dasharray": dash || null }),
      make("text", { x: 52, y: y + 4, "font-size": 12 }, name));
  });
  whole.setAttribute("font-family", "sans-serif");
  return { whole, text: new XMLSerializer().serializeToString(whole), width: columns * wide, height };
}

function png() {
  const { text, width, height } = picture(), image = new Image();
  image.onload = () => {
    const canvas = make("canvas", { width: 2 * width, height: 2 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, 2 * width, 2 * height);
    canvas.toBlob((blob) => save(`${stem()}.png`, blob));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}

function togglePin() {
  if (page.pinned) page.pinned = null;
  else {
    page.pinned = {};
    for (const name of shown().filter((one) => page.result.has(one))) {
      page.pinned[name] = { times: page.result.times };
      for (const q of page.facts.quantities) page.pinned[name][q] = course(name, q);
    }
  }
  $("pin").textContent = say(page.pinned ? "unpin" : "pin");
  page.charts.forEach(drawChart);
}

async function share() {
  writeAddress();
  try {
    await navigator.clipboard.writeText(location.href);
    $("live").textContent = say("shared");
  } catch {
    tell(say("share_by_hand"));
  }
}

function buildTools() {
  const tool = (id, text, onclick) => make("button", { type: "button", id, onclick }, text);
  $("tools").replaceChildren(
    tool("undo", say("undo"), () => page.undo.length && restore(page.undo.pop())),
    tool("reset", say("reset"), () => { page.undo.push(page.saved); restore({}); }),
    tool("pin", say("pin"), togglePin), tool("share", say("share"), share),
    tool("toml", say("toml"), () => save(`${stem()}.toml`, toml(), "text/plain")),
    tool("csv", say("csv"), () => save(`${stem()}.csv`, csv(), "text/csv")),
    tool("svg", say("svg"), () => save(`${stem()}.svg`, picture().text, "image/svg+xml")),
    tool("png", say("png"), png));
  $("undo").disabled = true;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && page.undo.length) {
      event.preventDefault();
      restore(page.undo.pop());
    }
  });
}

/* Which arms are drawn first, and what the map compares: what the first headlines speak of. */
function chooseArms() {
  const plan = page.facts.scenario, names = plan.arms.map((arm) => arm.name);
  const headlines = plan.expectations.filter((e) => e.headline);
  const told = new Set((headlines.length ? headlines : plan.expectations.slice(0, 3)).flatMap((e) => e.reading.arms));
  const controls = plan.arms.filter((arm) => told.has(arm.name)).map((arm) => core.matchedControl(arm, plan)).filter(Boolean);
  for (const control of controls) if (control.arm.name === control.name) told.add(control.name);
  const chosen = names.filter((name) => told.has(name)).slice(0, 6);
  page.defaultArms = chosen.length > 1 ? chosen : names.slice(0, 6);
  const pair = plan.expectations.find((e) => e.reading.how === "ratio" && e.reading.arms.length === 2);
  [page.mapOf, page.mapAgainst] = pair ? pair.reading.arms : [page.defaultArms[page.defaultArms.length - 1], page.defaultArms[0]];
}

async function start(moved) {
  page.bytes = await unpacked("data");
  const { facts, blobs } = core.open(page.bytes);
  page.facts = facts;
  const dark = matchMedia("screen and (prefers-color-scheme: dark)");
  page.dark = dark.matches;
  dark.addEventListener("change", () => { page.dark = dark.matches; drawMap(); });
  page.engine = await core.Engine.create(facts, blobs);
  page.rests = new core.Rests(page.engine);
  chooseArms();
  adopt(stateFromAddress() || moved || {});
  page.saved = copy(page.state);
  addEventListener("hashchange", () => {
    const state = stateFromAddress();
    if (state && JSON.stringify(state) !== JSON.stringify(page.state)) restore(state);
  });
  buildTools();
  buildLesson();
  buildSettings();
  buildResults();
  compute(1e-5);
  draw(1e-4);
  performance.mark("ready");
  document.documentElement.dataset.ready = "true";
  setTimeout(() => {
    draw(1e-5);
    const whole = core.evaluate(page.engine, new core.Rests(page.engine), {});
    page.hash = core.hashOf(whole);
    document.documentElement.dataset.hash = page.hash;
    drawHonesty();
    startWorker();
    listenForFiles();
    askForCloud();
    listen();
  }, 0);
}

globalThis.explorer = {
  page, start: (moved) => start(moved).catch((error) => tell(say("broken", { reason: error.message }))), release, refresh,
  exports: { csv, picture, toml },
};

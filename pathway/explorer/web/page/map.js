/* The cards of the results, and the map. */

const card = (id, title, wide, ...children) =>
  make("section", { id, class: wide ? "card wide" : "card", "aria-labelledby": `${id}-title` },
    make("h2", { id: `${id}-title` }, title), ...children);

function choice(id, label, options, value, onchange) {
  const select = make("select", { id, onchange: () => onchange(select.value) },
    ...options.map((name) => make("option", { value: name, selected: name === value }, name)));
  return make("label", {}, make("span", {}, label), select);
}

function buildResults() {
  const { plan } = page, host = $("results");
  const names = plan.arms.map((arm) => arm.name);
  clear(host);
  const redraw = () => release(() => {});
  host.append(
    card("map", say("map"), false,
      make("div", { class: "row" },
        choice("mapof", say("map_of"), names, page.mapOf, (name) => { page.mapOf = name; redraw(); }),
        choice("mapagainst", say("map_against"), names, page.mapAgainst, (name) => { page.mapAgainst = name; redraw(); })),
      make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": say("map") }), make("p", { class: "hint narrow" }, say("map_scroll")), make("p", { class: "hint" }, say("map_key")),
      make("div", { id: "detail" })),
    card("growth", say("growth"), false, make("p", { class: "hint", id: "growthhint" }), make("div", { id: "bars" })),
    card("timeline", say("timeline"), true, make("p", { class: "hint" }, say("timeline_hint")), make("div", { id: "tracks" })),
    card("courses", say("courses"), true, make("div", { id: "clock" }), make("div", { class: "charts", id: "charts" })),
    card("values", "", true, make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": say("table", { time: "" }) })),
    card("findings", say("findings"), true, make("p", { class: "hint" }, say("findings_hint")), make("ul", { class: "findings" })),
    ...measurementCard(),
  );
  if (!plan.expectations.length) $("findings").remove();
  buildMap();
  buildGrowth();
  buildTimeline();
  buildClock();
  if (page.mine) drawMeasurements();
  page.charts = page.drawn().map(buildChart);
  $("charts").append(...page.charts.map((chart) => chart.host));
}

page.drawn = () => [...new Set([...page.facts.scenario.observables, ...(page.state.more || [])])];

/* The map: boxes 92 x 34, a hundred units to the inch of the layout by hand. */

const WIDE = 47, TALL = 18;

function buildMap() {
  const { nodes, edges } = page.facts.map, places = Object.fromEntries(nodes.map((n) => [n.name, [100 * n.x, 100 * n.y]]));
  const svg = make("svg", { viewBox: "0 0 710 580", role: "group" });
  page.edges = edges.filter((e) => places[e.start] && places[e.end]).map((edge) => {
    const back = edges.some((other) => other.start === edge.end && other.end === edge.start && !other.corners.length);
    const corners = edge.corners.map(([x, y]) => [100 * x, 100 * y]);
    const path = edgePath(places[edge.start], places[edge.end], corners, back && !corners.length ? 9 : 0);
    const told = make("title");
    const line = make("path", { class: "edge", d: path.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") }, told);
    line.addEventListener("pointerenter", () => write(told, edgeWords(edge, fluxFold(edge))));
    svg.append(line, tip(path, edge.sign));
    return { edge, line, path };
  });
  for (const one of page.edges) if (one.edge.loop) svg.append(loopSwitch(one));
  page.boxes = nodes.map((node) => {
    const [x, y] = places[node.name];
    const box = make("rect", { class: "box", x: x - WIDE, y: y - TALL, width: 2 * WIDE, height: 2 * TALL, rx: 6 });
    const label = make("text", { x, y: y - 6 }, `${node.label} `), fold = make("text", { class: "fold", x, y: y + 9 });
    svg.append(make("g", button(() => openDetail(node)), box, label, fold));
    return { node, box, label, fold };
  });
  page.mapSvg = svg;
  document.querySelector("#map .scroll").append(svg);
}

/* What makes a part of a drawing a button, for hand and keyboard. */
const button = (press) => ({
  role: "button", tabindex: 0, onclick: press,
  onkeydown: (event) => [" ", "Enter"].includes(event.key) && (event.preventDefault(), press()),
});

function border([x0, y0], [x1, y1]) {
  const dx = x1 - x0, dy = y1 - y0;
  const share = Math.min(dx ? (WIDE + 2) / Math.abs(dx) : 9, dy ? (TALL + 2) / Math.abs(dy) : 9, 1);
  return [x0 + share * dx, y0 + share * dy];
}

function edgePath(start, end, corners, aside) {
  const way = [start, ...corners, end];
  way[0] = border(start, way[1]);
  way[way.length - 1] = border(end, way[way.length - 2]);
  if (aside) {
    const [[x0, y0], [x1, y1]] = way, size = Math.hypot(x1 - x0, y1 - y0);
    const [ax, ay] = [(aside * (y1 - y0)) / size, (-aside * (x1 - x0)) / size];
    return [[x0 + ax, y0 + ay], [x1 + ax, y1 + ay]];
  }
  return way;
}

function tip(path, sign) {
  const [x0, y0] = path[path.length - 2], [x1, y1] = path[path.length - 1], size = Math.hypot(x1 - x0, y1 - y0) || 1;
  const ux = (x1 - x0) / size, uy = (y1 - y0) / size;
  const at = (along, across) => `${(x1 - along * ux - across * uy).toFixed(1)},${(y1 - along * uy + across * ux).toFixed(1)}`;
  return sign === "+" ? make("polygon", { class: "tip", points: `${at(0, 0)} ${at(9, 4.5)} ${at(9, -4.5)}` })
    : make("polygon", { class: "tip", points: `${at(0, 7)} ${at(2.5, 7)} ${at(2.5, -7)} ${at(0, -7)}` });
}

function loopSwitch(one) {
  const [[x0, y0], [x1, y1]] = [one.path[0], one.path[1]], x = 0.55 * x0 + 0.45 * x1, y = 0.55 * y0 + 0.45 * y1;
  one.switch = make("g", { class: "switch", ...button(() => toggleLoop(one.edge.loop)) },
    make("circle", { cx: x, cy: y, r: 12 }), make("text", { x, y: y + 1 }, "\u00d7"));
  return one.switch;
}

const channels = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
function shade(doublings) {
  const share = Math.max(-1, Math.min(1, doublings / 2)), middle = page.dark ? [44, 48, 56] : [255, 255, 255];
  const end = channels(share > 0 ? (page.dark ? "#f0962c" : "#e08214") : page.dark ? "#a394d6" : "#8073ac");
  const mixed = middle.map((m, k) => Math.round(m + (end[k] - m) * Math.abs(share)));
  const light = mixed.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
  return [`rgb(${mixed.join(",")})`, luminance > 0.18 ? "#000" : "#fff"];
}

const foldText = (own, other) => (own > 0 && other > 0 ? `${number(own / other, 2)}x` : say("nothing"));

function drawMap() {
  for (const { node, box, label, fold } of page.boxes) {
    const a = valueNow(page.mapOf, node.quantity), b = valueNow(page.mapAgainst, node.quantity), text = foldText(a, b);
    const doublings = a > 0 && b > 0 ? Math.log2(a / b) : 0, [color, ink] = shade(doublings);
    set(box, "fill", color);
    set(label, "fill", ink);
    set(fold, "fill", ink);
    write(fold, `${doublings > 0.14 ? "\u25b2 " : doublings < -0.14 ? "\u25bc " : ""}${text}`);
  }
  for (const { edge, line, switch: pressed } of page.edges) {
    const off = (page.state.off || []).includes(edge.loop);
    line.classList.toggle("off", off);
    set(line, "stroke-width", strokeWidth(fluxFold(edge)).toFixed(1));
    if (!pressed) continue;
    pressed.classList.toggle("off", off);
    set(pressed, "aria-label", say(off ? "switch_on" : "switch_off", { loop: edge.loop }));
    set(pressed, "aria-pressed", String(off));
  }
  set(page.mapSvg, "aria-label", say("map_label", {
    arm: page.mapOf, against: page.mapAgainst, time: hours(page.result.times[page.at]),
  }));
}

/* What flows through the reactions of an arrow, against the other arm; null for an arrow that has none. */
function fluxFold({ reactions }) {
  const flux = (arm) => reactions.reduce((sum, name) => sum + valueNow(arm, name), 0);
  return reactions.length ? flux(page.mapOf) / flux(page.mapAgainst) : null;
}

/* A doubling makes an arrow 1.6 times as wide. */
const strokeWidth = (fold) => (fold > 0 && fold < Infinity ? Math.max(0.5, Math.min(7, 1.6 * fold ** 0.7)) : 1.6);

function edgeWords(edge, fold) {
  const label = (name) => page.facts.map.nodes.find((node) => node.name === name).label;
  const words = say(edge.sign === "+" ? "raises" : "lowers", { start: label(edge.start), end: label(edge.end) });
  return fold > 0 && fold < Infinity ? `${words}: ${say("flux", { fold: `${number(fold, 2)}x` })}` : words;
}

/* Equations of a box and of the reactions that arrows into it stand for, with the parameters in them. */
function equationsOf(node) {
  const { facts } = page, cells = page.plan.arms.find((arm) => arm.name === page.mapOf).cells;
  const into = page.edges.filter(({ edge }) => edge.end === node.name);
  const names = [...new Set([node.quantity, ...into.flatMap(({ edge }) => edge.reactions)])].filter((name) => facts.formulas[name]);
  const used = [...new Set(names.flatMap((name) => facts.formula_parameters[name]))].filter((name) => facts.parameter_notes[name]);
  const row = (name) => {
    const [confidence, source] = facts.parameter_notes[name], unit = facts.parameter_units[name];
    const value = facts.lines[cells][facts.parameter_index[name]];
    return make("tr", {}, make("th", { scope: "row" }, name), ...[`${number(value)}${unit === "1" ? "" : ` ${unit}`}`, confidence, source]
      .map((text) => make("td", {}, text)));
  };
  const head = ["parameter", "value", "confidence", "source"].map((key) => make("th", { scope: "col" }, say(key)));
  return [
    make("ul", {}, ...into.map(({ edge }) => make("li", {}, edgeWords(edge, fluxFold(edge))))),
    ...names.map((name) => make("p", { class: "formula" }, `${name} = ${facts.formulas[name]}`)),
    used.length ? make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": say("parameter") },
      make("table", { class: "sources" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...used.map(row)))) : "",
  ];
}

function openDetail(node) {
  const close = () => {
    clear($("detail"));
    page.charts = page.charts.filter((chart) => chart.host.isConnected);
  };
  close();
  const chart = buildChart(node.quantity);
  page.charts.push(chart);
  $("detail").append(
    make("h3", {}, say("detail", { label: node.label, quantity: node.quantity })),
    chart.host, ...equationsOf(node), make("button", { type: "button", onclick: close }, say("close")));
  drawChart(chart);
}


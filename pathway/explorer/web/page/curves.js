/* Curves, the time they are read at, and the table of values. */

const BOX = { width: 300, height: 170, left: 44, right: 8, top: 12, bottom: 24 };

function buildChart(quantity) {
  const unit = page.facts.units[quantity], title = `${quantity.replaceAll("_", " ")}${unit && unit !== "1" ? `, ${unit}` : ""}`;
  const svg = make("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img", "aria-label": title });
  const axis = make("path", { class: "axis" }), cross = make("line", { class: "cross", y1: BOX.top, y2: BOX.height - BOX.bottom });
  const labels = make("g"), clouds = make("g");
  // Tenths of a unit: whole numbers are written several times faster.
  const [ghosts, lines] = [make("g", { transform: "scale(0.1)" }), make("g", { transform: "scale(0.1)" })];
  svg.append(clouds, ghosts, axis, labels, lines, cross);
  const chart = { quantity, svg, axis, cross, labels, ghosts, clouds, lines, paths: new Map(), texts: [] };
  const follow = (event) => {
    const box = svg.getBoundingClientRect(), x = ((event.clientX - box.left) * BOX.width) / box.width;
    const { times } = page.result, low = times[0], high = times[times.length - 1];
    setTime(low + ((x - BOX.left) / (BOX.width - BOX.left - BOX.right)) * (high - low));
  };
  svg.addEventListener("pointermove", follow);
  svg.addEventListener("pointerdown", follow);
  chart.host = make("div", { class: "chart" }, make("h3", {}, title), svg);
  chart.seen = true;
  new IntersectionObserver((entries) => {
    const now = entries[entries.length - 1].isIntersecting;
    if (now && !chart.seen) drawChart(chart);
    chart.seen = now;
  }).observe(svg);
  return chart;
}

function niceStep(span, most) {
  const power = 10 ** Math.floor(Math.log10(span / most));
  return [1, 2, 2.5, 5, 10].map((s) => s * power).find((s) => span / s <= most);
}

function drawChart(chart) {
  const { times } = page.result, names = shown(), q = chart.quantity;
  const courses = names.map((name) => course(name, q));
  let top = 0, bottom = 0;
  for (const one of courses) if (one) for (const value of one) {
    if (value > top) top = value;
    if (value < bottom) bottom = value;
  }
  const bands = names.map((name) => page.cloud && page.cloud.arms[name] && page.cloud.arms[name].courses[q]);
  // Room for the cloud, as far as it leaves the curves legible; what lies above is cut off at the frame.
  const most = 1.6 * top;
  for (const band of bands) if (band) for (const v of band[1]) if (v > top) top = Math.min(v, most);
  top = top > bottom ? top : bottom + 1;
  const low = times[0], high = times[times.length - 1];
  const x = (t) => BOX.left + ((t - low) / (high - low)) * (BOX.width - BOX.left - BOX.right);
  const y = (v) => BOX.height - BOX.bottom - ((v - bottom) / (1.05 * (top - bottom))) * (BOX.height - BOX.top - BOX.bottom);
  chart.x = x;
  drawAxes(chart, low, high, bottom, top, x, y);
  const points = pointsAcross(times, x);
  names.forEach((name, k) => {
    let path = chart.paths.get(name);
    if (!path) {
      const { color, dash } = style(name);
      path = make("path", { class: "line", stroke: color, fill: "none", "stroke-dasharray": tenfold(dash) });
      chart.paths.set(name, path);
      chart.lines.append(path);
    }
    set(path, "d", courses[k] ? polyline(points, courses[k], y) : "");
  });
  for (const [name, path] of chart.paths) if (!names.includes(name)) set(path, "d", "");
  const ghosts = page.pinned ? names.filter((name) => page.pinned[name] && page.pinned[name][q]) : [];
  if (ghosts.length || chart.ghosts.childNodes.length) {
    chart.ghosts.replaceChildren(...ghosts.map((name) => make("path", {
      class: "ghost", fill: "none", stroke: style(name).color, d: polyline(pointsAcross(page.pinned[name].times, x), page.pinned[name][q], y) })));
  }
  if (page.cloud || chart.clouds.childNodes.length) {
    const faint = Math.max(0.07, Math.min(0.16, 0.4 / names.length)); // many bands over each other must leave the curves legible
    chart.clouds.replaceChildren(...names.flatMap((name, k) => (bands[k]
      ? [make("path", { class: "cloud", fill: style(name).color, "fill-opacity": faint, d: area(page.cloud.times, bands[k], x, y) })] : [])));
  }
  drawCross(chart);
}

const tenfold = (dash) => (dash ? dash.split(" ").map((v) => 10 * v).join(" ") : null);

function drawCross(chart) {
  const x = chart.x(page.result.times[page.at]).toFixed(1);
  set(chart.cross, "x1", x);
  set(chart.cross, "x2", x);
}

/* Which times are drawn, and how the path goes there, the same for every curve of a chart. One point per two pixels:
   more cannot be seen and costs more than computing. */
function pointsAcross(times, x) {
  const points = [];
  let last = -9;
  for (let k = 0; k < times.length; k++) {
    const px = x(times[k]);
    if (px - last < 1.9 && k < times.length - 1) continue;
    points.push([k, `${points.length ? "L" : "M"}${Math.round(10 * px)} `]);
    last = px;
  }
  return points;
}

function polyline(points, values, y) {
  let text = "";
  for (const [k, across] of points) text += across + Math.round(10 * y(values[k]));
  return text;
}

function area(times, [low, high], x, y) {
  const top = BOX.top - 8, clip = (v) => Math.max(top, y(v));
  const point = (k, v) => `${x(times[k]).toFixed(1)} ${clip(v).toFixed(1)}`;
  const there = times.map((_, k) => point(k, high[k])), back = times.map((_, k) => point(k, low[k])).reverse();
  return `M${there.concat(back).join("L")}Z`;
}

function raised(power) {
  return String(power).replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
}

function drawAxes(chart, low, high, bottom, top, x, y) {
  const key = `${low} ${high} ${bottom.toPrecision(3)} ${top.toPrecision(3)}`;
  const ticks = [], across = niceStep(high - low, 5), up = niceStep(1.05 * (top - bottom), 4);
  for (let t = Math.ceil(low / across) * across; t <= high + 1e-9; t += across) ticks.push([x(t), BOX.height - 8, number(t, 4), "middle"]);
  let marks = "";
  const exponent = Math.abs(top) >= 1e4 || Math.abs(top) < 0.01 ? Math.floor(Math.log10(Math.abs(top) || 1)) : 0;
  for (let v = Math.ceil(bottom / up) * up; v <= 1.05 * top + 1e-12; v += up) {
    ticks.push([BOX.left - 6, y(v) + 4, number(v / 10 ** exponent), "end"]);
    marks += `M${BOX.left - 4} ${y(v).toFixed(1)}h4`;
  }
  if (exponent) ticks.push([BOX.left + 4, 10, `×10${raised(exponent)}`, "start"]);
  set(chart.axis, "d", `M${BOX.left} ${BOX.top}V${BOX.height - BOX.bottom}H${BOX.width - BOX.right}${marks}`);
  if (chart.key === key) return;
  chart.key = key;
  while (chart.texts.length < ticks.length) {
    const text = make("text", { fill: "currentColor" });
    chart.texts.push(text);
    chart.labels.append(text);
  }
  chart.texts.forEach((text, k) => {
    const [tx, ty, words, anchor] = ticks[k] || [0, 0, "", "start"];
    set(text, "x", tx.toFixed(1));
    set(text, "y", ty.toFixed(1));
    set(text, "text-anchor", anchor);
    write(text, words);
  });
}

function buildClock() {
  const plan = page.facts.scenario;
  const out = make("output", { for: "at" });
  const input = make("input", {
    type: "range", id: "at", min: Math.floor(plan.start), max: Math.ceil(plan.end), step: plan.record_every,
    oninput: () => setTime(Number(input.value)),
  });
  page.clock = { input, out };
  $("clock").replaceChildren(make("div", { class: "slider" }, make("label", { for: "at" }, make("span", {}, say("read_at")), out), input));
}

function setTime(time) {
  page.time = time;
  page.at = nearest(page.result.times, time);
  if (page.ticking) return;
  page.ticking = requestAnimationFrame(() => {
    page.ticking = null;
    drawTime();
    drawMap();
    page.charts.forEach(drawCross);
    drawTable();
  });
}

function drawTime() {
  const { times } = page.result, { input, out } = page.clock, now = times[page.at];
  set(input, "min", String(Math.floor(times[0])));
  set(input, "max", String(Math.ceil(times[times.length - 1])));
  input.value = now;
  write(out, hours(now));
  set(input, "aria-valuetext", hours(now));
}

function drawTable() {
  const host = $("values"), names = shown().filter((name) => page.result.has(name)), list = page.drawn();
  $("values-title").textContent = say("table", { time: hours(page.result.times[page.at]) });
  const head = make("tr", {}, make("th", { scope: "col" }, say("arm")), ...list.map((q) => make("th", { scope: "col" }, q.replaceAll("_", " "))));
  const rows = names.map((name) => make("tr", {}, make("th", { scope: "row" }, name),
    ...list.map((q) => make("td", {}, number(valueNow(name, q))))));
  host.querySelector(".scroll").replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}


/* Growth bars, and doses over time. */

/* Growth. */

function buildGrowth() {
  page.bars = [];
  clear($("bars"));
  if (!page.plan.growth_of.length && !page.plan.arms.some((arm) => arm.control)) {
    $("growthhint").textContent = say("no_growth");
    return;
  }
  for (const name of shown()) {
    const { color } = style(name);
    const rect = make("rect", { y: 3, height: 12, fill: color }), span = make("path", { class: "axis" });
    const svg = make("svg", { viewBox: "0 0 300 18", preserveAspectRatio: "none", "aria-hidden": "true" },
      make("line", { class: "axis", x1: 60, x2: 60, y1: 0, y2: 18 }), make("line", { class: "axis", x1: 260, x2: 260, y1: 0, y2: 18, "stroke-dasharray": "2 2" }), rect, span);
    span.setAttribute("stroke", "currentColor");
    const numbers = make("span", { class: "numbers" });
    $("bars").append(make("div", { class: "bar" }, make("span", { class: "name" }, swatch(name), name), svg, numbers));
    page.bars.push({ name, rect, span, numbers, svg });
  }
}

const barPlace = (value) => Math.max(0, Math.min(300, 60 + 200 * value));

function drawGrowth() {
  for (const { name, rect, span, numbers, svg } of page.bars) {
    const growth = page.result.has(name) ? page.result.growth(name) : null;
    const percent = page.result.has(name) ? page.result.percentOfUntreated(name) : null;
    const defined = growth && !Number.isNaN(growth.gr), [a, b] = defined ? [60, barPlace(growth.gr)].sort((x, y) => x - y) : [60, 60];
    set(rect, "x", a.toFixed(1));
    set(rect, "width", Math.max(0, b - a).toFixed(1));
    svg.style.display = defined ? "" : "none";
    const cloud = page.cloud && page.cloud.arms[name];
    set(span, "d", cloud && cloud.gr ? `M${barPlace(cloud.gr[0]).toFixed(1)} 9H${barPlace(cloud.gr[2]).toFixed(1)}` : "");
    const interval = cloud && cloud.gr ? say("interval", { low: number(cloud.gr[0], 2), high: number(cloud.gr[2], 2) }) : "";
    const words = [defined ? say("gr", { value: number(growth.gr), interval, control: growth.name }) : say("no_gr")];
    if (percent !== null) words.push(say("of_untreated", { value: number(percent) }));
    write(numbers, words.join(" \u00b7 "));
  }
  if (page.bars.length) write($("growthhint"), say("growth_hint", { time: hours(page.result.scenario.growth_until) }));
}

/* Doses over time. */

function buildTimeline() {
  const { plan } = page, host = $("tracks");
  const used = [...new Set(plan.arms.filter((arm) => shown().includes(arm.name)).flatMap((arm) => arm.doses))];
  clear(host);
  page.tracks = used.map((name, k) => ({ name, k }));
  if (!used.length) {
    host.append(make("p", { class: "hint" }, say("no_doses")));
    page.trackSvg = null;
    return;
  }
  const width = Math.max(280, Math.min(1000, host.clientWidth || 700)), height = 40 * used.length + 24;
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const low = Math.min(-120, ...used.flatMap((n) => plan.doses[n].times)), high = plan.end;
  page.trackScale = { x: (t) => 8 + ((t - low) / (high - low)) * (width - 16), t: (x) => low + ((x - 8) / (width - 16)) * (high - low) };
  const step = [1, 2, 4, 6, 12, 24, 48, 72, 120, 168].find((s) => ((high - low) / s) * 44 < width) || 336;
  for (let t = Math.ceil(low / step) * step; t <= high; t += step) {
    const x = page.trackScale.x(t);
    const inside = x > 20 && x < width - 20;
    svg.append(make("line", { class: "axis", x1: x, x2: x, y1: height - 22, y2: height - 17 }),
      inside ? make("text", { x, y: height - 4, "text-anchor": "middle" }, `${t} h`) : "");
  }
  svg.append(make("line", { class: "cross", x1: page.trackScale.x(0), x2: page.trackScale.x(0), y1: 0, y2: height - 22 }));
  page.tracks.forEach((track) => {
    const y = 40 * track.k + 30;
    svg.append(make("line", { class: "axis", x1: 8, x2: width - 8, y1: y, y2: y }), make("text", { x: 8, y: y - 12 }, track.name));
    track.marks = plan.doses[track.name].times.map((t) => {
      const mark = make("circle", { class: "mark", r: 9, cy: y });
      mark.addEventListener("pointerdown", (event) => dragMark(event, track, t, svg));
      svg.append(mark);
      return { mark, t };
    });
  });
  page.trackSvg = svg;
  host.append(svg);
}

function dragMark(event, track, time, svg) {
  event.preventDefault();
  event.target.setPointerCapture(event.pointerId);
  const place = (e) => {
    const box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    return Math.round(page.trackScale.t(((e.clientX - box.left) * view.width) / box.width));
  };
  const drag = (e) => move((state) => {
    const t = Math.max(-120, Math.min(page.facts.scenario.end - 1, place(e)));
    putDose(state, track.name, "shift", t === time ? undefined : t - time);
  });
  const stop = () => {
    event.target.removeEventListener("pointermove", drag);
    release();
    buildSettings();
  };
  event.target.addEventListener("pointermove", drag);
  event.target.addEventListener("pointerup", stop, { once: true });
  event.target.addEventListener("pointercancel", stop, { once: true });
}

function drawTimeline() {
  if (!page.trackSvg) return;
  for (const { name, marks } of page.tracks) {
    const shift = (((page.state.doses || {})[name] || {}).shift || 0);
    for (const { mark, t } of marks) set(mark, "cx", page.trackScale.x(t + shift).toFixed(1));
  }
}


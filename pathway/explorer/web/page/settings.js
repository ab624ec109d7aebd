/* Settings: arms, doses, cells, knock-downs, circuit. */

function section(title, open, ...children) {
  return make("details", { open }, make("summary", {}, title), ...children);
}

function slider({ id, label, min, max, step, value, text, tags = [], span, onmove }) {
  const out = make("output", { for: id }, text(value));
  const input = make("input", {
    type: "range", id, min, max, step, value, "aria-valuetext": text(value),
    oninput: () => {
      const now = Number(input.value);
      out.textContent = text(now);
      input.setAttribute("aria-valuetext", text(now));
      move((state) => onmove(state, now));
    },
    onchange: () => release(),
  });
  input.value = value;
  const bar = span ? make("div", { class: "span", "aria-hidden": "true" }) : null;
  if (bar) {
    bar.style.backgroundSize = `${span[1] - span[0]}% 100%`;
    bar.style.backgroundPosition = `${span[1] - span[0] >= 99.9 ? 0 : (100 * span[0]) / (100 - span[1] + span[0])}% 0`;
  }
  return make("div", { class: "slider" },
    make("label", { for: id }, make("span", {}, label, ...tags), out), input, bar);
}

function buildSettings() {
  const { facts, plan } = page, host = $("settings");
  const open = [...host.querySelectorAll("details")].map((one) => one.open);
  clear(host);
  host.append(
    section(say("arms"), innerWidth >= 960, make("p", { class: "hint" }, say("arms_hint")), ...plan.arms.map(armTick), copyButton()),
    ...Object.keys(page.state.copies || {}).map(copySection),
    section(say("doses"), true, ...doseSliders()),
    section(say("cells"), innerWidth >= 960, ...cellChoices()),
    section(say("knock"), false, make("p", { class: "hint" }, say("knock_hint")), ...knockSliders()),
    section(say("circuit"), false, ...facts.knobs.flatMap(knobSlider),
      make("h2", {}, say("loops")), ...Object.keys(facts.loops).map(loopTick)),
  );
  [...host.querySelectorAll("details")].forEach((one, k) => (one.open = open.length ? open[k] : one.open));
}

function armTick(arm, k) {
  const input = make("input", {
    type: "checkbox", id: `arm${k}`, checked: shown().includes(arm.name),
    onchange: () => {
      const names = page.plan.arms.map((one) => one.name);
      const chosen = names.filter((name) => (name === arm.name ? input.checked : shown().includes(name)));
      if (!chosen.length) {
        input.checked = true;
        return;
      }
      page.undo.push(page.saved);
      restore({ ...page.state, arms: chosen });
      $(`arm${k}`).focus();
    },
  });
  return make("label", { class: "tick", title: arm.note || null }, input, swatch(arm.name), make("span", {}, arm.name));
}

function doseSliders() {
  const { facts, plan } = page;
  const used = new Set(plan.arms.filter((arm) => shown().includes(arm.name)).flatMap((arm) => arm.doses));
  const made = [...used].flatMap((name, k) => {
    const dose = plan.doses[name], agent = facts.agents[dose.agent], moved = (page.state.doses || {})[name] || {};
    const rows = [];
    if (dose.amount !== null && agent.species !== null) {
      const most = Math.max(agent.highest || 0, dose.amount) || 10 * dose.amount;
      const place = (amount) => (amount > 0 ? Math.max(1, Math.min(100, 100 + 25 * Math.log10(amount / most))) : 0);
      const amountAt = (p) => (p === 0 ? 0 : most * 10 ** ((p - 100) / 25));
      const now = moved.amount === undefined ? dose.amount : moved.amount, start = Math.round(place(now));
      const exact = (p) => (p === start ? now : Number(amountAt(p).toPrecision(3)));
      rows.push(slider({
        id: `amount${k}`, label: say("amount", { dose: name }), min: 0, max: 100, step: 1, value: start,
        text: (p) => `${number(exact(p) / dose.per_unit)} ${dose.unit}`,
        onmove: (state, p) => putDose(state, name, "amount", exact(p) === dose.amount ? undefined : exact(p)),
      }));
    }
    const first = dose.times[0];
    rows.push(slider({
      id: `time${k}`, label: say("time", { dose: name }), min: Math.min(-120, first), max: Math.floor(plan.end - 1), step: 1,
      value: first + (moved.shift || 0), text: hours,
      onmove: (state, t) => putDose(state, name, "shift", t === first ? undefined : t - first),
    }));
    return rows;
  });
  return made.length ? made : [make("p", { class: "hint" }, say("no_doses"))];
}

function cellChoices() {
  const { facts } = page, own = [...new Set(facts.scenario.arms.map((arm) => arm.cells))];
  return own.map((line, k) => {
    const chosen = (page.state.cells || {})[line] || line;
    const select = make("select", {
      id: `cells${k}`,
      onchange: () => release((state) => put(state, "cells", line, select.value === line ? undefined : select.value)),
    }, ...Object.keys(facts.lines).map((name) =>
      make("option", { value: name, selected: name === chosen }, facts.line_titles[name])));
    return make("div", { class: "slider" },
      make("label", { for: `cells${k}` }, say("cells_of", { line: facts.line_titles[line] })), select);
  });
}

function knockSliders() {
  return Object.entries(page.facts.knock_downs).filter(([, one]) => one.parameter !== null).map(([protein], k) =>
    slider({
      id: `knock${k}`, label: say("knock_of", { protein }), min: 0, max: 95, step: 1,
      value: Math.round(100 * ((page.state.knock || {})[protein] || 0)), text: (p) => `${p} %`,
      onmove: (state, p) => put(state, "knock", protein, p ? p / 100 : undefined),
    }));
}

function knobSlider(knob, k) {
  const { facts } = page, usual = facts.lines[facts.scenario.arms[0].cells][facts.parameter_index[knob.parameter]];
  if (!(usual > 0)) return [];
  // What is moved is the factor on every line's own number; shown is that of the first arm's cells.
  const [low, high] = knob.range, top = Math.max(high, usual) * 1.25, step = top / 200;
  const factor = (page.state.scale || {})[knob.parameter], start = factor === undefined ? usual : factor * usual;
  const unit = knob.unit === "1" ? "" : ` ${knob.unit}`, place = Math.round(start / step);
  const value = (p) => (p === place ? start : Number((p * step).toPrecision(4)));
  const prior = knob.prior;
  return [slider({
    id: `knob${k}`, label: knob.label, min: 0, max: 200, step: 1, value: place,
    text: (p) => `${number(value(p))}${unit}`, span: [(100 * low) / top, (100 * high) / top],
    tags: prior ? [" ", make("span", { class: "tag" }, say("prior"))] : [],
    onmove: (state, p) => put(state, "scale", knob.parameter, value(p) === usual ? undefined : value(p) / usual),
  }), make("p", { class: "hint" }, say("range", {
    low: number(low), high: number(high), confidence: prior ? say("prior") : knob.confidence, source: knob.source,
  }))];
}

function loopTick(name, k) {
  const off = (page.state.off || []).includes(name);
  const input = make("input", { type: "checkbox", id: `loop${k}`, checked: off, onchange: () => toggleLoop(name) });
  return make("label", { class: "tick", title: page.facts.loops[name].says || null }, input, make("span", {}, name));
}

function toggleLoop(name) {
  release((state) => {
    const off = new Set(state.off || []);
    if (!off.delete(name)) off.add(name);
    if (off.size) state.off = [...off].sort();
    else delete state.off;
  });
  Object.keys(page.facts.loops).forEach((one, k) => ($(`loop${k}`).checked = (page.state.off || []).includes(one)));
}


/* The scenario as a file that `pathway run` takes, with what has been moved; without what speaks of the old one. With a
   reading plan (readingPlan) and its file, `pathway fit --ensemble` weighs by that file as the page does. */
function scenarioToml(facts, state, title, measured = null) {
  const document = JSON.parse(JSON.stringify(facts.document)), moved = experimentOf(facts, state), { fit } = document;
  const plan = withCopies(facts.scenario, state.copies);
  for (const key of ["expect", "fit", "data", "analyze"]) delete document[key];
  if (measured) {
    const { normalize, shared, decimal } = measured.plan;
    document.data = { file: measured.file, ...(normalize.length ? { normalize } : {}), ...(shared ? { scale_shared_by: shared } : {}),
      ...(decimal ? { decimal } : {}) };
    // Which parameters a fit would seek does not matter to members; one has to be named.
    document.fit = fit || { parameters: ["k_PI3K"], parameter: { k_PI3K: { shared: "no" } } };
  }
  for (const name of Object.keys(state.copies || {})) {
    const { arm, dose } = copyTables(facts, state, name);
    document.arm.push(arm);
    document.dose = { ...document.dose, ...dose };
  }
  document.title = title;
  const cells = state.cells || {};
  document.cells = cells[document.cells] || document.cells;
  for (const name of Object.keys(state.doses || {})) moveDose(document.dose[name], name, facts, state);
  document.arm.forEach((arm, k) => {
    const { changes, knock_downs } = moved.arms[k], before = plan.arms[k];
    if (arm.cells && !before.copied) arm.cells = cells[arm.cells] || arm.cells;
    for (const [name, change] of Object.entries(changes)) {
      if (JSON.stringify(change) === JSON.stringify(before.changes[name])) continue;
      const unit = facts.parameter_units[name];
      arm.changes = { ...arm.changes, [name]: change[0] === "x" ? `${change[1]} x` : unit === "1" ? `${change[1]}` : `${change[1]} ${unit}` };
    }
    for (const [protein, share] of Object.entries(knock_downs)) {
      if (before.knock_downs[protein] === undefined) arm.knock_down = { ...arm.knock_down, [protein]: `${100 * share} %` };
    }
  });
  return toml(document);
}

function moveDose(dose, name, facts, state) {
  const change = state.doses[name], { times } = experimentOf(facts, state).doses[name];
  if (change.amount !== undefined) dose.amount = `${change.amount} ${facts.agents[dose.agent].unit}`;
  if (change.shift) dose.at = `${times[0]} h`;
  if (dose.every) dose.times = times.length;
}

/* A copy as a scenario's tables have it: {arm, dose: {NAME: dose}}. */
function copyTables(facts, state, name) {
  const copy = state.copies[name], place = facts.scenario.arms.findIndex((one) => one.name === copy.of);
  const arm = { ...JSON.parse(JSON.stringify(facts.document.arm[place])), name, cells: copy.cells, doses: [] }, dose = {};
  for (const given of copy.doses) {
    const own = ownDose(given, name);
    arm.doses.push(own);
    dose[own] = { ...facts.document.dose[given] };
    if ((state.doses || {})[own]) moveDose(dose[own], own, facts, state);
  }
  const lowered = Object.entries(copy.knock || {}).map(([protein, share]) => [protein, `${100 * share} %`]);
  if (lowered.length) arm.knock_down = { ...arm.knock_down, ...Object.fromEntries(lowered) };
  return { arm, dose };
}

function toml(document) {
  const key = (name) => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name));
  const table = (value) => typeof value === "object" && !Array.isArray(value);
  const tables = (value) => Array.isArray(value) && value.length > 0 && value.every(table);
  const text = (value) => {
    if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
    if (table(value)) return `{ ${Object.entries(value).map(([k, v]) => `${key(k)} = ${text(v)}`).join(", ")} }`;
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  };
  const lines = [], body = (entries) => entries.forEach(([k, v]) => lines.push(`${key(k)} = ${text(v)}`));
  body(Object.entries(document).filter(([, v]) => !table(v) && !tables(v)));
  for (const [name, value] of Object.entries(document)) {
    if (tables(value)) {
      for (const one of value) {
        lines.push("", `[[${key(name)}]]`);
        body(Object.entries(one));
      }
    } else if (table(value)) {
      const inner = Object.entries(value), whole = inner.length > 0 && inner.every(([, v]) => table(v));
      if (!whole) lines.push("", `[${key(name)}]`);
      if (!whole) body(inner);
      else for (const [k, v] of inner) {
        lines.push("", `[${key(name)}.${key(k)}]`);
        body(Object.entries(v));
      }
    }
  }
  return lines.join("\n") + "\n";
}


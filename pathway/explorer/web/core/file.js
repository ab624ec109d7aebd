/* The scenario as a file that `pathway run` takes, with what has been moved; without what speaks of the old one. */
function scenarioToml(facts, state, title) {
  const document = JSON.parse(JSON.stringify(facts.document)), moved = experimentOf(facts, state);
  for (const key of ["expect", "fit", "data", "analyze"]) delete document[key];
  document.title = title;
  const cells = state.cells || {};
  document.cells = cells[document.cells] || document.cells;
  for (const [name, change] of Object.entries(state.doses || {})) {
    const dose = document.dose[name], { times } = moved.doses[name];
    if (change.amount !== undefined) dose.amount = `${change.amount} ${facts.agents[dose.agent].unit}`;
    if (change.shift) dose.at = `${times[0]} h`;
    if (dose.every) dose.times = times.length;
  }
  document.arm.forEach((arm, k) => {
    const { changes, knock_downs } = moved.arms[k], before = facts.scenario.arms[k];
    if (arm.cells) arm.cells = cells[arm.cells] || arm.cells;
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


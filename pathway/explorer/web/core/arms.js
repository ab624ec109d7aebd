/* Arms: the scenario with what has been moved, controls, what is done when. After pathway/scenario/arms.py, controls.py, run.py. */

const MEDIUM_CHANGE = "medium change";

const ownDose = (dose, copy) => `${dose}_${copy.replace(/[^A-Za-z0-9]+/g, "_")}`;

/* The scenario with copies of its arms, {NAME: {of: ARM, cells, doses: [DOSE], knock: {PROTEIN: share}}}: what a copy is
   given is its own dose, with its own amount and time. */
function withCopies(plan, copies) {
  const doses = { ...plan.doses }, arms = [...plan.arms];
  for (const [name, copy] of Object.entries(copies || {})) {
    const arm = plan.arms.find((one) => one.name === copy.of);
    for (const dose of copy.doses) doses[ownDose(dose, name)] = { ...plan.doses[dose], copied: dose };
    arms.push({
      ...arm, name, cells: copy.cells, doses: copy.doses.map((dose) => ownDose(dose, name)),
      knock_downs: { ...arm.knock_downs, ...copy.knock }, copied: copy.of, note: "",
    });
  }
  return { ...plan, doses, arms };
}

/* The scenario with what has been moved: a state holds differences from the scenario alone.
   {doses: {NAME: {amount, shift}}, cells: {LINE: LINE}, knock: {PROTEIN: share}, scale: {PARAMETER: factor},
   off: [LOOP], copies: see withCopies} */
function experimentOf(facts, state) {
  const plan = withCopies(facts.scenario, state.copies), moved = state.doses || {}, doses = {};
  for (const [name, dose] of Object.entries(plan.doses)) {
    const change = moved[name] || {};
    const amount = dose.amount === null || change.amount === undefined ? dose.amount : change.amount;
    doses[name] = { ...dose, amount, times: dose.times.map((t) => t + (change.shift || 0)) };
  }
  const changes = {};
  for (const loop of state.off || []) {
    for (const [name, value] of Object.entries(facts.loops[loop].switched_off)) changes[name] = ["=", value];
  }
  for (const [name, factor] of Object.entries(state.scale || {})) changes[name] = ["x", factor];
  const knocked = Object.entries(state.knock || {}).filter(([, share]) => share > 0);
  const arms = plan.arms.map((arm) => {
    // What an arm changes at a moment, or lowers then, is its own affair: a file can say either, not both.
    const timed = arm.timed_changes.filter((c) => !c.medium).map((c) => facts.parameters[c.parameter]);
    const lowered = arm.timed_knock_downs.map((c) => c.protein);
    const without = (entries, names) => Object.fromEntries(entries.filter(([name]) => !names.includes(name)));
    return {
      ...arm,
      cells: (!arm.copied && (state.cells || {})[arm.cells]) || arm.cells,
      changes: { ...arm.changes, ...without(Object.entries(changes), timed) },
      knock_downs: { ...without(knocked, lowered), ...arm.knock_downs },
    };
  });
  const used = new Set(arms.flatMap((arm) => arm.doses));
  const moments = [...used].flatMap((name) => doses[name].times);
  for (const arm of arms) for (const c of [...arm.timed_changes, ...arm.timed_knock_downs]) moments.push(c.time);
  return { ...plan, doses, arms, start: Math.min(0, ...moments) };
}

const sorted = (object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));

/* controls.dish: arms with the same are run once. */
function dish(arm, scenario) {
  const acts = (name) => scenario.doses[name].amount !== null || scenario.doses[name].agent === MEDIUM_CHANGE;
  return JSON.stringify([
    arm.cells, sorted(arm.changes), arm.timed_changes, sorted(arm.knock_downs), arm.timed_knock_downs,
    arm.doses.filter(acts).sort(),
  ]);
}

const growthDoses = (scenario) =>
  Object.keys(scenario.doses).filter(
    (name) => scenario.growth_of.includes(name) || scenario.growth_of.includes(scenario.doses[name].agent)
  );

function partingTime(arm, control, scenario) {
  const asked = growthDoses(scenario);
  const differing = [
    ...arm.doses.filter((d) => !control.doses.includes(d)), ...control.doses.filter((d) => !arm.doses.includes(d)),
  ];
  const mine = differing.filter((name) => asked.includes(name) && arm.doses.includes(name));
  const anywhere = asked.filter((name) => scenario.arms.some((other) => other.doses.includes(name)));
  const names = mine.length ? mine : differing.length ? differing : anywhere;
  const times = names.flatMap((name) => scenario.doses[name].times);
  return times.length ? Math.min(...times) : 0;
}

function matchedControl(arm, scenario) {
  if (arm.control) {
    const own = scenario.arms.find((other) => other.name === arm.control);
    return { arm: own, name: own.name, since: partingTime(arm, own, scenario) };
  }
  const effect = growthDoses(scenario), asked = arm.doses.filter((name) => effect.includes(name));
  if (!asked.length) return null;
  const control = { ...arm, doses: arm.doses.filter((name) => !asked.includes(name)) };
  const key = dish(control, scenario), other = scenario.arms.find((one) => dish(one, scenario) === key);
  const kept = control.doses.map((name) => scenario.doses[name].agent);
  const left = asked.map((name) => (kept.includes(scenario.doses[name].agent) ? name : scenario.doses[name].agent));
  return {
    arm: other || control,
    name: other ? other.name : `without ${[...new Set(left)].join(", ")}`,
    since: Math.min(...asked.flatMap((name) => scenario.doses[name].times)),
  };
}

function untreated(arm, scenario) {
  const bare = {
    ...arm, doses: [], timed_changes: arm.timed_changes.filter((c) => c.medium), knock_downs: {},
    timed_knock_downs: [], control: null,
  };
  const key = dish(bare, scenario);
  return scenario.arms.find((other) => dish(other, scenario) === key) || bare;
}

const changed = (change, usual) => (change[0] === "x" ? change[1] * usual : change[1]);

/* arms.arm_experiment: what is done when, as actions of the loop: [time, kind, target, value]. */
function schedule(arm, scenario, facts, usual) {
  const moments = new Map();
  const act = (time, kind, index, change) => {
    if (!moments.has(time)) moments.set(time, new Map());
    const at = moments.get(time), key = kind + index, [factor, added] = at.get(key) || [1, 0];
    at.set(key, change(factor, added));
  };
  const doses = arm.doses.map((name) => scenario.doses[name]);
  // The wash goes first: what is given with the new medium must survive it.
  for (const wash of [true, false]) {
    for (const dose of doses.filter((d) => (d.agent === MEDIUM_CHANGE) === wash)) {
      const species = facts.agents[dose.agent].species;
      for (const time of dose.times) {
        if (wash) for (const s of facts.washed_out) act(time, "s", s, () => [0, 0]);
        else if (species !== null && dose.amount !== null) {
          act(time, "s", species, (factor, added) => [factor, added + dose.amount]);
        }
      }
    }
  }
  for (const c of arm.timed_changes) act(c.time, "p", c.parameter, () => [0, changed(c.change, usual[c.parameter])]);
  for (const c of arm.timed_knock_downs) {
    for (const [kind, index] of facts.knock_downs[c.protein].scaled) {
      act(c.time, kind, index, (factor, added) => [factor * (1 - c.share), added * (1 - c.share)]);
    }
  }
  const { SET, SCALE, ADD, PARAMETER_SET, PARAMETER_SCALE, PARAMETER_ADD } = facts;
  const actions = [];
  for (const time of [...moments.keys()].sort((a, b) => a - b)) {
    const lines = [[], [], []];
    for (const [key, [factor, added]] of moments.get(time)) {
      const p = key[0] === "p", index = Number(key.slice(1));
      if (factor === 0) lines[0].push([time, p ? PARAMETER_SET : SET, index, added]);
      else {
        if (factor !== 1) lines[1].push([time, p ? PARAMETER_SCALE : SCALE, index, factor]);
        if (added !== 0) lines[2].push([time, p ? PARAMETER_ADD : ADD, index, added]);
      }
    }
    actions.push(...lines.flat());
  }
  return actions.filter(([time]) => time >= scenario.start && time <= scenario.end);
}

function largestDoses(actions, facts) {
  let doses = null;
  for (const [, kind, target, value] of actions) {
    if (kind !== facts.SET && kind !== facts.ADD) continue;
    doses = doses || new Float64Array(facts.species.length);
    doses[target] = Math.max(doses[target], Math.abs(value));
  }
  return doses;
}

/* run.record_times */
function recordTimes(scenario, every) {
  const step = every || scenario.record_every;
  const count = Math.floor((scenario.end - scenario.start) / step + 1e-9);
  const times = Array.from({ length: count + 1 }, (_, k) => scenario.start + step * k);
  times.push(0, scenario.end, ...scenario.named_times);
  for (const dose of Object.values(scenario.doses)) times.push(...dose.times);
  for (const arm of scenario.arms) {
    for (const c of [...arm.timed_changes, ...arm.timed_knock_downs]) times.push(c.time);
  }
  if (scenario.growth_at !== null) times.push(scenario.growth_at);
  const inside = times.filter((t) => t >= scenario.start && t <= scenario.end).sort((a, b) => a - b);
  return inside.filter((t, k) => k === 0 || t !== inside[k - 1]).filter((t, k, all) => k === 0 || t - all[k - 1] > 1e-9);
}


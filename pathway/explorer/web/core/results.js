/* Results: every dish run once, growth, members of an ensemble. After pathway/scenario/run.py, growth.py, members.py. */

function gr(count, control, start, controlStart) {
  const doublings = Math.log2(count / start), of = Math.log2(control / controlStart);
  return of > 1e-9 ? Math.pow(2, doublings / of) - 1 : NaN;
}

const firstAtLeast = (times, t) => {
  const place = times.findIndex((one) => one >= t);
  return place < 0 ? times.length : place;
};

/* One dish: a table of times by quantities, whose columns are taken out where they are asked for. */
class Run {
  constructor(table, columns, steps) {
    Object.assign(this, { table, columns, steps, known: [] });
  }

  course(column) {
    if (this.known[column]) return this.known[column];
    const { table, columns } = this, values = new Float64Array(table.length / columns);
    for (let row = 0, place = column; row < values.length; row++, place += columns) values[row] = table[place];
    return (this.known[column] = values);
  }

  at(column, row) {
    return this.table[row * this.columns + column];
  }
}

class Result {
  constructor(facts, scenario, times, courses) {
    Object.assign(this, { facts, scenario, times, courses, until: firstAtLeast(times, scenario.growth_until) });
  }

  course(dishKey, quantity) {
    const run = this.courses.get(dishKey), place = this.facts.quantity_index[quantity];
    return run && !run.failed && place !== undefined ? run.course(place) : null;
  }

  value(dishKey, quantity, row) {
    const run = this.courses.get(dishKey), place = this.facts.quantity_index[quantity];
    return run && !run.failed && place !== undefined ? run.at(place, row) : NaN;
  }

  has(name) {
    const arm = this.arm(name), run = arm && this.courses.get(arm.key);
    return Boolean(run && !run.failed);
  }

  arm(name) {
    return this.scenario.arms.find((arm) => arm.name === name);
  }

  /* growth.compare_growth */
  growth(name) {
    const arm = this.arm(name);
    if (!arm.growth_control) return null;
    const count = this.course(arm.key, this.facts.cell_count);
    const control = this.course(arm.growth_control.key, this.facts.cell_count);
    if (!count || !control) return null;
    const start = firstAtLeast(this.times, arm.growth_control.since);
    const course = count.map((x, k) => (k > start ? gr(x, control[k], count[start], control[start]) : NaN));
    return {
      gr: course[this.until], percent: (100 * count[this.until]) / control[this.until], course, control,
      name: arm.growth_control.name,
    };
  }

  percentOfUntreated(name) {
    const arm = this.arm(name), bare = arm.bare_key && this.course(arm.bare_key, this.facts.cell_count);
    const count = this.course(arm.key, this.facts.cell_count);
    return bare && count ? (100 * count[this.until]) / bare[this.until] : null;
  }
}

/* Runs everything that the arms asked for need; throws nothing for cells that fail, but names them.
   options: {arms: names, relative (else that of `pathway run`), every, rowOf(line, member), members: [numbers], moments: [more times], before: result}
   What the result before computed at the same settings, times and tolerance is taken from there. */
function evaluate(engine, rests, state, options = {}) {
  const { facts } = engine, scenario = experimentOf(facts, state), wanted = options.arms;
  const relative = options.relative || facts.RELATIVE_TOLERANCE;
  const members = options.members || [null], rowOf = options.rowOf || ((line) => facts.lines[line]);
  const dishes = new Map();
  const need = (arm) => {
    const key = dish(arm, scenario);
    if (!dishes.has(key)) dishes.set(key, arm);
    return key;
  };
  const compares = scenario.growth_of.length > 0 || scenario.arms.some((arm) => arm.control);
  for (const arm of scenario.arms) {
    if (wanted && !wanted.includes(arm.name)) continue;
    arm.key = need(arm);
    const control = matchedControl(arm, scenario);
    arm.growth_control = control && { ...control, key: need(control.arm) };
    arm.bare_key = compares ? need(untreated(arm, scenario)) : null;
  }
  const times = recordTimes({ ...scenario, named_times: [...scenario.named_times, ...(options.moments || [])] }, options.every);
  const { courses, runs } = runDishes(engine, rests, scenario, dishes, times, { ...options, members, rowOf, relative });
  const results = members.map((m) => new Result(facts, scenario, times, courses.get(m)));
  for (const result of results) Object.assign(result, { relative, runs });
  return options.members ? results : results[0];
}

/* Every dish in every member: {courses: member -> dish -> run, runs: by all that they depend on}. */
function runDishes(engine, rests, scenario, dishes, times, { members, rowOf, relative, before, batch }) {
  const { facts } = engine, jobs = [];
  for (const member of members) {
    for (const [key, arm] of dishes) {
      const usual = rowOf(arm.cells, member);
      if (!usual) continue;
      const base = JSON.stringify([member, arm.cells, sorted(arm.changes)]);
      const lowered = Object.keys(arm.knock_downs).length ? JSON.stringify([base, sorted(arm.knock_downs)]) : base;
      jobs.push({ member, dish: key, arm, usual, base, key: lowered });
    }
  }
  const found = rests.of(jobs), living = [], runs = new Map(), courses = new Map(members.map((m) => [m, new Map()]));
  const same = before && before.relative === relative && times.length === before.times.length &&
    times.every((t, k) => t === before.times[k]);
  jobs.forEach((job, k) => {
    if (found[k].failed) return courses.get(job.member).set(job.dish, { failed: found[k].failed });
    const actions = schedule(job.arm, scenario, facts, job.usual), known = JSON.stringify([job.key, actions]);
    const run = same && before.runs.get(known);
    if (run) runs.set(known, run), courses.get(job.member).set(job.dish, run);
    else living.push({ job, rest: found[k], actions, known });
  });
  const columns = facts.quantities.length, size = batch || living.length;
  for (let first = 0; first < living.length; first += size) {
    const part = living.slice(first, first + size);
    const run = engine.run({
      observed: true, times, startTimes: [scenario.start], starts: part.map((one) => one.rest.state),
      parameters: part.map((one) => one.rest.parameters),
      absolute: part.map((one) =>
        engine.scales(one.rest.state, largestDoses(one.actions, facts)).map((v) => v * facts.SMALL)),
      relative, steps: facts.MAXIMUM_STEPS, schedules: part.map((one) => one.actions),
    });
    part.forEach((one, m) => {
      const length = times.length * columns, table = run.values.subarray(m * length, (m + 1) * length);
      const made = run.status[m] === facts.DONE ? new Run(table, columns, run.steps[m]) : { failed: "cannot be computed" };
      runs.set(one.known, made);
      courses.get(one.job.member).set(one.job.dish, made);
    });
  }
  return { courses, runs };
}

/* A name for numbers: FNV-1a over 32-bit words, twice with different starts. */
function hash(arrays) {
  let a = 0x811c9dc5, b = 0x9747b28c;
  for (const array of arrays) {
    const words = new Uint32Array(array.buffer, array.byteOffset, array.byteLength / 4);
    for (const word of words) {
      a = Math.imul(a ^ word, 0x01000193);
      b = Math.imul(b ^ ((word >>> 13) | (word << 19)), 0x85ebca6b);
      b ^= b >>> 15;
    }
  }
  return [a, b].map((v) => (v >>> 0).toString(16).padStart(8, "0")).join("");
}

function hashOf(result) {
  const keys = [...new Set(result.scenario.arms.map((arm) => arm.key).filter(Boolean))];
  const courses = (run) => (run.failed ? [] : Array.from({ length: run.columns }, (_, column) => run.course(column)));
  return hash(keys.flatMap((key) => courses(result.courses.get(key))));
}

/* Members of an ensemble: where they differ from the line's own numbers, in single precision, with one byte more of numbers
   that have more digits; a line may share numbers with the first one. */

/* Bytes of numbers that lie together by their places: all first bytes, all second ones, ... */
function gathered(bytes) {
  const made = new Uint8Array(bytes.length), n = bytes.length / 4;
  for (let k = 0; k < bytes.length; k++) made[4 * (k % n) + Math.floor(k / n)] = bytes[k];
  return made;
}

function memberRows(facts, blobs) {
  const { count, lines } = facts.members, rows = {}, columns = {};
  for (const [line, { varying, finer, shared, of, blob, alive }] of Object.entries(lines)) {
    const size = 4 * varying.length * count, numbers = new Float32Array(gathered(blobs[blob].subarray(0, size)).buffer);
    const rest = new Int8Array(blobs[blob].slice(size).buffer);
    columns[line] = new Map(varying.map((place, k) => [place, numbers.subarray(k * count, (k + 1) * count)]));
    finer.forEach((place, k) => columns[line].set(place,
      Float64Array.from(columns[line].get(place), (v, m) => v * (1 + rest[k * count + m] * 2 ** -facts.members.FINER))));
    for (const place of shared) columns[line].set(place, columns[of].get(place));
    rows[line] = Array.from({ length: count }, (_, m) => {
      if (!alive[m]) return null;
      const row = Float64Array.from(facts.lines[line]);
      for (const [place, column] of columns[line]) row[place] = column[m];
      return row;
    });
  }
  return (line, member) => (rows[line] ? rows[line][member] : null);
}

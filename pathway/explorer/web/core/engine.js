/* Kernels and step loop as WebAssembly: memory, tables of named tuples, runs side by side, steady states.
 *
 * The files of this folder stand in one function, pathwayCore, made by pathway/explorer/page.py. It runs in a page, in a
 * worker and in Node: no document, no file, no network. What it repeats of the package is held against `pathway run` by
 * tests/explorer; functions are called as the Python ones that they repeat. */

const PAGE = 65536, LOWEST = 1 << 20; // the stack lies below, and the loop's own data at 0

/* The container: length of the facts, facts (JSON), then blobs that the facts name: [start, length]. */
function open(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  const blobs = {};
  for (const [name, [start, length]] of Object.entries(facts.blobs)) {
    blobs[name] = bytes.slice(4 + size + start, 4 + size + start + length);
  }
  return { facts, blobs };
}

class CoreError extends Error {}

class Engine {
  static async create(facts, blobs) {
    const engine = new Engine();
    engine.facts = facts;
    engine.memory = new WebAssembly.Memory({ initial: 64 });
    const table = new WebAssembly.Table({ initial: 64, element: "anyfunc" });
    const env = {
      __linear_memory: engine.memory,
      __stack_pointer: new WebAssembly.Global({ value: "i32", mutable: true }, LOWEST),
      __indirect_function_table: table,
    };
    const [loop, kernels] = await Promise.all(
      [blobs.loop, blobs.kernels].map((code) => WebAssembly.instantiate(code, { env }))
    );
    engine.loop = loop.instance.exports.run;
    engine.kernels = kernels.instance.exports;
    const slots = {};
    facts.parts.forEach((part, k) => {
      table.set(k + 1, engine.kernels[part]);
      slots[part] = k + 1;
    });
    engine.prepareTables(slots);
    return engine;
  }

  prepareTables(slots) {
    const facts = this.facts, n = facts.species.length;
    this.n = n;
    this.width = facts.kernels.width;
    this.free = LOWEST;
    const addresses = {};
    for (const [name, part] of Object.entries(facts.addresses)) addresses[name] = part ? slots[part] : 0;
    const kernels = { ...facts.kernels, ...addresses };
    const keep = (name, values) => this.pack(name, values);
    this.tables = {
      observed: keep("Kernels", kernels),
      silent: keep("Kernels", { ...kernels, observables: 0 }),
      pattern: keep("Pattern", facts.pattern),
      method: keep("Method", facts.method),
      lanes: keep("Lanes", this.lanes()),
    };
    this.nowhere = this.take(128);
    const rows = facts.pattern.rows.data, columns = facts.pattern.columns.data;
    this.diagonal = rows.map((r, k) => (r === columns[k] ? k : -1)).filter((k) => k >= 0);
    // Rooms for kernels that are called from here, W lanes each.
    const w = this.width, sizes = facts.sizes;
    this.room = {};
    for (const [name, count] of Object.entries({
      time: 1, y: n, p: sizes.parameter_slots, f: n, j: rows.length, lu: sizes.lu, shift: 1, worst: 1,
      seen: sizes.observables,
    })) {
      this.room[name] = this.take(8 * w * count);
    }
    this.bottom = this.free;
  }

  lanes() {
    const entries = Object.entries(this.facts.lanes);
    return Object.fromEntries(entries.map(([name, one]) => [name, one.fill === "inf" ? { ...one, fill: Infinity } : one]));
  }

  /* Memory. */

  take(bytes) {
    const address = this.free;
    this.free += Math.ceil(bytes / 16) * 16;
    if (this.free > this.memory.buffer.byteLength) {
      this.memory.grow(Math.ceil((this.free - this.memory.buffer.byteLength) / PAGE) + 16);
    }
    return address;
  }

  reals(address, count) {
    return new Float64Array(this.memory.buffer, address, count);
  }

  /* The table of a named tuple; see pathway/kernels/structs.py. Arrays: {shape, data}, or {shape} for one of zeros. */
  pack(name, values) {
    const fields = this.facts.layouts[name];
    const last = fields[fields.length - 1];
    const words = this.take(8 * (last[1] + 1 + last[3]));
    const placed = {};
    for (const [field, , code, dimensions] of fields) {
      const value = values[field];
      if (value === undefined) throw new CoreError(`${name}.${field} is missing`);
      if (!dimensions) continue;
      const size = value.shape.reduce((a, b) => a * b, 1);
      if (value.part_of) {
        placed[field] = placed[value.part_of] + value.ahead;
        continue;
      }
      placed[field] = size ? this.take(8 * size) : 0;
      if (!size) continue;
      if (code === "d") {
        const to = this.reals(placed[field], size);
        if (value.data) to.set(value.data);
        else to.fill(value.fill || 0);
      } else {
        const to = new Int32Array(this.memory.buffer, placed[field], 2 * size);
        to.fill(0);
        for (let k = 0; k < size; k++) this.whole(to, 2 * k, value.data ? value.data[k] : value.fill || 0);
      }
    }
    const integers = new Int32Array(this.memory.buffer, words, 2 * (last[1] + 1 + last[3]));
    const reals = this.reals(words, last[1] + 1 + last[3]);
    for (const [field, place, code, dimensions] of fields) {
      if (dimensions) {
        this.whole(integers, 2 * place, placed[field]);
        values[field].shape.forEach((length, k) => this.whole(integers, 2 * (place + 1 + k), length));
      } else if (code === "d") {
        reals[place] = values[field];
      } else {
        this.whole(integers, 2 * place, values[field]);
      }
    }
    placed.words = words;
    return placed;
  }

  whole(integers, place, value) {
    integers[place] = value;
    integers[place + 1] = value < 0 ? -1 : 0;
  }

  /* Runs members side by side; `starts`, `parameters`, `absolute`: one Float64Array each. */
  run({ observed, times, startTimes, starts, parameters, absolute, relative, steps, schedules }) {
    const { facts, n } = this, count = starts.length, before = this.free;
    const rows = (list) => {
      const data = new Float64Array(list.length * list[0].length);
      list.forEach((row, k) => data.set(row, k * row.length));
      return { shape: [list.length, list[0].length], data };
    };
    const vector = (data) => ({ shape: [data.length], data });
    const offsets = [0], actions = { times: [], kinds: [], targets: [], values: [] };
    (schedules || starts.map(() => [])).forEach((schedule) => {
      for (const [time, kind, target, value] of schedule) {
        actions.times.push(time);
        actions.kinds.push(kind);
        actions.targets.push(target);
        actions.values.push(value);
      }
      offsets.push(actions.times.length);
    });
    const task = this.pack("Task", {
      first: 0, last: count, times: vector(times), start_times: vector(startTimes), starts: rows(starts),
      parameters: rows(parameters), absolute: rows(absolute), first_output: 0, relative, running: facts.SMALL,
      maximum_step: Infinity, maximum_steps: steps, pivoted: 0, schedule: vector(offsets),
      action_times: vector(actions.times), action_kinds: vector(actions.kinds),
      action_targets: vector(actions.targets), action_values: vector(actions.values),
      conditions: vector([0]), stop: vector([0]), queue: vector([]),
    });
    const columns = observed ? facts.quantities.length : n, counts = facts.COUNTS;
    const report = this.pack("Report", {
      values: { shape: [count, times.length, columns], fill: NaN },
      states: { shape: [count, n] },
      moments: { shape: [count, 2] },
      counts: { shape: [count, counts] },
      tape: { shape: [0, 0] },
    });
    const t = this.tables;
    const code = this.loop(
      this.nowhere, this.nowhere + 64,
      ...[observed ? t.observed : t.silent, t.pattern, t.method, task, report, t.lanes].map((p) => BigInt(p.words))
    );
    if (code) throw new CoreError("the step loop failed");
    const numbers = new Int32Array(this.memory.buffer, report.counts, 2 * count * counts);
    const found = {
      values: observed ? this.reals(report.values, count * times.length * columns).slice() : null,
      states: starts.map((_, k) => this.reals(report.states + 8 * n * k, n).slice()),
      status: starts.map((_, k) => numbers[2 * (k * counts + facts.STATUS)]),
      steps: starts.map((_, k) => numbers[2 * (k * counts + facts.STEPS)]),
    };
    this.free = before;
    return found;
  }

  /* Kernels from here: lists of rows in, W members at a time. */

  eachGroup(count, visit) {
    for (let first = 0; first < count; first += this.width) {
      const members = [];
      for (let lane = 0; lane < this.width; lane++) members.push(Math.min(first + lane, count - 1));
      visit(members, Math.min(this.width, count - first));
    }
  }

  fill(address, members, rows, size) {
    const w = this.width, to = this.reals(address, size * w);
    members.forEach((member, lane) => {
      const row = rows[member];
      for (let k = 0; k < row.length; k++) to[k * w + lane] = row[k];
    });
    return to;
  }

  putParameters(members, parameters) {
    this.fill(this.room.p, members, parameters, this.facts.sizes.parameter_slots);
    this.kernels.prepare(this.room.p);
    this.reals(this.room.time, this.width).fill(this.facts.start_time);
  }

  /* prepared.starts: initial values depend on parameters. */
  initialValues(parameters) {
    const { n, width: w, room } = this, made = parameters.map(() => new Float64Array(n));
    this.eachGroup(parameters.length, (members, used) => {
      this.putParameters(members, parameters);
      this.reals(room.y, n * w).fill(0);
      this.kernels.initial_values(room.time, room.y, room.p, room.f);
      const out = this.reals(room.f, n * w);
      for (let lane = 0; lane < used; lane++) {
        for (let k = 0; k < n; k++) made[members[lane]][k] = out[k * w + lane];
      }
    });
    return made;
  }

  /* Quantities of states. */
  readings(states, parameters) {
    const { n, width: w, room } = this, size = this.facts.quantities.length;
    const made = states.map(() => new Float64Array(size));
    this.eachGroup(states.length, (members, used) => {
      this.putParameters(members, parameters);
      this.fill(room.y, members, states, n);
      this.kernels.observables(room.time, room.y, room.p, room.seen);
      const out = this.reals(room.seen, size * w);
      for (let lane = 0; lane < used; lane++) {
        for (let k = 0; k < size; k++) made[members[lane]][k] = out[k * w + lane];
      }
    });
    return made;
  }

  /* prepared.scales: each species' own. */
  scales(start, doses) {
    const { facts, n } = this, largest = new Float64Array(facts.n_units);
    let overall = 0;
    for (let k = 0; k < n; k++) {
      const known = Math.max(Math.abs(start[k]), doses ? doses[k] : 0);
      if (known > largest[facts.unit_of[k]]) largest[facts.unit_of[k]] = known;
      if (known > overall) overall = known;
    }
    const made = new Float64Array(n);
    for (let k = 0; k < n; k++) {
      const own = Math.abs(start[k]), all = largest[facts.unit_of[k]] || overall || 1;
      made[k] = facts.declared_scales[k] || (own > 0 ? Math.max(own, facts.TRACE * all) : facts.FAINT * all);
    }
    return made;
  }

  /* steady._horizons: 1000 times the slowest loss. */
  horizons(states, parameters) {
    const { n, width: w, room } = this, made = [];
    this.eachGroup(states.length, (members, used) => {
      this.putParameters(members, parameters);
      this.fill(room.y, members, states, n);
      this.kernels.jacobian(room.time, room.y, room.p, room.j);
      const j = this.reals(room.j, this.facts.pattern.rows.data.length * w);
      for (let lane = 0; lane < used; lane++) {
        let slowest = Infinity;
        for (const entry of this.diagonal) {
          const loss = Math.abs(j[entry * w + lane]);
          if (loss > 0 && loss < slowest) slowest = loss;
        }
        made.push(1e3 / (slowest < Infinity ? slowest : 1));
      }
    });
    return made;
  }

  /* Newton's method on states that hardly move. Instead of the package's equations with conserved totals in place,
     a tiny shift, (s - J) d = f: totals stay what they are by themselves, and each round still gains three digits. */
  polish(states, parameters, starts) {
    const { n, width: w, room, facts } = this, quiet = facts.outputs, good = states.map(() => false);
    this.eachGroup(states.length, (members, used) => {
      this.putParameters(members, parameters);
      const begun = members.map((m) => states[m].slice());
      const last = members.map(() => Infinity), done = members.map((_, lane) => lane >= used);
      const rows = members.map((m) => states[m].slice());
      for (let round = 0; round < 20 && done.includes(false); round++) {
        const y = this.reals(room.y, n * w);
        rows.forEach((row, lane) => row.forEach((value, k) => (y[k * w + lane] = value)));
        this.kernels.right_hand_side(room.time, room.y, room.p, room.f);
        this.kernels.jacobian(room.time, room.y, room.p, room.j);
        this.reals(room.shift, w).fill(facts.SHIFT);
        this.kernels.factor(room.j, room.shift, room.lu, room.worst);
        this.kernels.solve(room.lu, room.f);
        const change = this.reals(room.f, n * w);
        for (let lane = 0; lane < used; lane++) {
          if (done[lane]) continue;
          const row = rows[lane], start = starts[members[lane]];
          let share = 0, largest = 0;
          for (let k = 0; k < n; k++) largest = Math.max(largest, Math.abs(start[k]), Math.abs(begun[lane][k]));
          for (let k = 0; k < n; k++) {
            if (quiet[k]) continue;
            const d = change[k * w + lane], own = Math.max(Math.abs(start[k]), Math.abs(begun[lane][k]));
            row[k] += d;
            const s = Math.abs(d) / (Math.abs(row[k]) + 1e-9 * own + 1e-15 * largest + 1e-300);
            if (!(s <= share)) share = s;
          }
          const stalled = round > 2 && share < 1e-8 && share >= last[lane];
          if (share < 1e-11 || stalled) {
            good[members[lane]] = this.isNear(begun[lane], row, start, largest);
            done[lane] = true;
          } else if (!(share < Infinity)) {
            done[lane] = true;
          }
          last[lane] = share;
        }
      }
      for (let lane = 0; lane < used; lane++) {
        const member = members[lane];
        if (!good[member]) continue;
        for (let k = 0; k < n; k++) {
          if (quiet[k]) rows[lane][k] = starts[member][k];
          else if (rows[lane][k] < 0 && begun[lane][k] >= 0) rows[lane][k] = 0;
        }
        states[member] = rows[lane];
      }
    });
    return good;
  }

  isNear(before, after, start, largest) {
    for (let k = 0; k < this.n; k++) {
      if (this.facts.outputs[k]) continue;
      const own = Math.max(Math.abs(start[k]), Math.abs(before[k])), floor = 1e-12 * largest;
      const room = 0.01 * Math.max(Math.abs(after[k]), Math.abs(before[k])) + 1e-6 * own + floor;
      if (!(Math.abs(after[k] - before[k]) <= room)) return false;
      if (!(after[k] >= (before[k] < 0 ? -Infinity : -1e-9 * own - floor))) return false;
    }
    return true;
  }

  /* steady.find_steady_states: followed in time from the start, so that the state found is the one the model goes to. */
  steadyStates(starts, parameters, tolerance = this.facts.TOLERANCE) {
    const { facts } = this, found = starts.map(() => null);
    let waiting = starts.map((_, k) => k), now = starts.map((s) => s.slice());
    let horizons = this.horizons(starts, parameters);
    for (let attempt = 0; attempt < 3 && waiting.length; attempt++) {
      const own = waiting.map((m) => parameters[m]), begun = waiting.map((m) => now[m]);
      const run = this.run({
        observed: false, times: [0], startTimes: waiting.map((m) => -horizons[m]), starts: begun, parameters: own,
        absolute: begun.map((s) => this.scales(s, null).map((v) => v * facts.SMALL)), relative: tolerance,
        steps: facts.RELAX_STEPS,
      });
      const states = run.states.map((s) => s.slice());
      const good = this.polish(states, own, waiting.map((m) => starts[m]));
      const left = [];
      waiting.forEach((m, k) => {
        now[m] = run.states[k];
        if (good[k] && run.status[k] === facts.DONE) found[m] = states[k];
        else if (run.status[k] === facts.DONE) left.push(m);
      });
      waiting = left;
      horizons = horizons.map((h) => 100 * h);
    }
    return found;
  }
}


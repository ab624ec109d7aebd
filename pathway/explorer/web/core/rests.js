/* Rests of cells: usual parameters, lasting changes, knock-downs. Results are kept by what they depend on. */

const LARGEST_MOVE = Math.log(4), RESTARTS = [1, 0.25, 4], ROUNDS = 60, HALVINGS = 12;
const miss = (distance) => {
  const size = Math.hypot(...distance);
  return Number.isNaN(size) ? Infinity : size;
};

/* A few linear equations, by elimination with the largest pivot. */
function solved(matrix, right) {
  const rows = matrix.map((row, i) => [...row, right[i]]), n = rows.length;
  for (let k = 0; k < n; k++) {
    const best = rows.slice(k).reduce((b, row, i) => (Math.abs(row[k]) > Math.abs(rows[b][k]) ? k + i : b), k);
    [rows[k], rows[best]] = [rows[best], rows[k]];
    for (let i = 0; i < n; i++) {
      if (i !== k) rows[i] = rows[i].map((v, j) => v - (rows[k][j] * rows[i][k]) / rows[k][k]);
    }
  }
  return rows.map((row, k) => row[n] / row[k]);
}

class Rests {
  /* `tolerance`: of the way to a rest, whose end Newton's method finds; the package's own unless told otherwise. */
  constructor(engine, tolerance = engine.facts.TOLERANCE) {
    this.engine = engine;
    this.tolerance = tolerance;
    this.kept = new Map();
  }

  of(jobs) {
    const fresh = new Map();
    for (const job of jobs) if (!this.kept.has(job.key) && !fresh.has(job.key)) fresh.set(job.key, job);
    const list = [...fresh.values()];
    if (list.length) this.solve(list);
    if (this.kept.size > 4000) this.kept = new Map([...this.kept].slice(-2000));
    return jobs.map((job) => this.kept.get(job.key));
  }

  solve(jobs) {
    const { engine } = this, facts = engine.facts;
    const base = new Map();
    for (const job of jobs) {
      const key = job.base;
      if (base.has(key) || this.kept.has(key)) continue;
      const row = Float64Array.from(job.usual);
      for (const [name, change] of Object.entries(job.arm.changes)) {
        const k = facts.parameter_index[name];
        row[k] = changed(change, job.usual[k]);
      }
      base.set(key, row);
    }
    const rows = [...base.values()], states = rows.length
      ? engine.steadyStates(engine.initialValues(rows), rows, this.tolerance) : [];
    [...base.keys()].forEach((key, k) => {
      this.kept.set(key, states[k] ? { parameters: rows[k], state: states[k] } : { failed: "do not come to rest" });
    });
    const lowered = jobs.filter((job) => job.key !== job.base && !this.kept.get(job.base).failed);
    if (lowered.length) this.knockDown(lowered);
    for (const job of jobs) if (!this.kept.has(job.key)) this.kept.set(job.key, this.kept.get(job.base));
  }

  /* Each synthesis falls until the level has fallen as far as asked: Newton's method in logarithms, its matrix
     learned on the way (Broyden), every trial followed from the state before. */
  knockDown(jobs) {
    const { engine } = this, facts = engine.facts;
    const normal = jobs.map((job) => this.kept.get(job.base));
    const levels = engine.readings(normal.map((r) => r.state), normal.map((r) => r.parameters));
    let open = jobs.map((job, k) => {
      const goals = Object.entries(job.arm.knock_downs).map(([protein, share]) => ({
        protein, share, place: facts.knock_downs[protein].parameter, reads: facts.knock_downs[protein].observable,
      }));
      const distance = goals.map((g) => -Math.log(1 - g.share));
      return {
        job, goals, start: normal[k].state, begun: normal[k].parameters, row: Float64Array.from(normal[k].parameters), state: normal[k].state,
        aims: goals.map((g) => levels[k][g.reads] * (1 - g.share)), distance, inverse: goals.map((_, i) =>
          goals.map((_, j) => (i === j ? 1 : 0))), step: null, halvings: 0,
      };
    });
    for (const one of open) this.propose(one);
    for (let round = 0; round < 40 && open.length; round++) {
      const rows = open.map((one) => one.trial);
      const states = engine.steadyStates(open.map((one) => one.start), rows);
      const seen = engine.readings(states.map((s, k) => s || open[k].start), rows);
      open = open.filter((one, k) => !this.judge(one, states[k], seen[k]));
    }
    for (const one of open) this.fail(one);
  }

  propose(one) {
    const step = one.inverse.map((row) => -row.reduce((sum, v, j) => sum + v * one.distance[j], 0));
    const most = Math.max(...step.map(Math.abs)), factor = Math.min(1, LARGEST_MOVE / most);
    this.tryStep(one, step.map((s) => s * factor));
  }

  tryStep(one, step) {
    one.step = step;
    one.trial = Float64Array.from(one.row);
    one.goals.forEach((g, i) => (one.trial[g.place] *= Math.exp(step[i])));
  }

  /* Whether a search has ended. */
  judge(one, state, seen) {
    const after = state ? one.goals.map((g, i) => Math.log(seen[g.reads] / one.aims[i])) : [NaN];
    if (!(miss(after) < miss(one.distance))) {
      if (one.halvings++ > HALVINGS) return this.fail(one);
      this.tryStep(one, one.step.map((s) => 0.5 * s));
      return false;
    }
    // Broyden's update of the inverse: H += (dx - H dF) (dx^T H) / (dx^T H dF)
    const dF = after.map((a, i) => a - one.distance[i]), H = one.inverse, dx = one.step;
    const HdF = H.map((row) => row.reduce((sum, v, j) => sum + v * dF[j], 0));
    const dxH = dx.map((_, j) => dx.reduce((sum, d, i) => sum + d * H[i][j], 0));
    const scale = dx.reduce((sum, d, i) => sum + d * HdF[i], 0);
    if (scale !== 0) one.inverse = H.map((row, i) => row.map((v, j) => v + ((dx[i] - HdF[i]) * dxH[j]) / scale));
    one.row = one.trial;
    one.state = state;
    one.distance = after;
    one.halvings = 0;
    if (this.met(one)) {
      this.kept.set(one.job.key, { parameters: one.row, state: one.state });
      return true;
    }
    this.propose(one);
    return false;
  }

  /* Where that stalls, for a level that rises as its synthesis falls: Newton's method with slopes by differences, as
     the package goes (anchor.solve_anchors), from its places. */
  searchWithSlopes(one) {
    for (const factor of RESTARTS) {
      one.row = this.withPlaces(one, one.begun, one.goals.map(() => Math.log(factor)));
      [one.state] = this.engine.steadyStates([one.start], [one.row]);
      one.distance = this.distances(one, [one.state], [one.row])[0];
      for (let round = 0; round < ROUNDS && miss(one.distance) < Infinity; round++) {
        if (this.met(one)) return;
        const step = this.newtonStep(one);
        if (!step || !this.goTowards(one, step)) break;
      }
    }
  }

  met(one) {
    return one.distance.every((d) => Math.abs(d) < this.engine.facts.KNOCK_DOWN_PRECISION);
  }

  withPlaces(one, row, steps) {
    const moved = Float64Array.from(row);
    one.goals.forEach((g, i) => (moved[g.place] *= Math.exp(steps[i])));
    return moved;
  }

  distances(one, states, rows) {
    const seen = this.engine.readings(states.map((s) => s || one.start), rows);
    return states.map((s, k) => one.goals.map((g, i) => (s ? Math.log(seen[k][g.reads] / one.aims[i]) : NaN)));
  }

  newtonStep(one) {
    const size = 1e-5, moves = one.goals.map((_, i) => one.goals.map((_, j) => (i === j ? size : 0)));
    const rows = moves.map((steps) => this.withPlaces(one, one.row, steps));
    const after = this.distances(one, this.engine.steadyStates(rows.map(() => one.start), rows), rows);
    const slopes = one.goals.map((_, i) => one.goals.map((_, j) => (after[j][i] - one.distance[i]) / size));
    const step = solved(slopes, one.distance.map((d) => -d));
    const most = Math.max(...step.map(Math.abs));
    return most < Infinity ? step.map((s) => s * Math.min(1, LARGEST_MOVE / most)) : null;
  }

  goTowards(one, step) {
    for (let halving = 0; halving < HALVINGS; halving++) {
      const row = this.withPlaces(one, one.row, step.map((s) => s / 2 ** halving));
      const [state] = this.engine.steadyStates([one.start], [row]), [distance] = this.distances(one, [state], [row]);
      if (miss(distance) < miss(one.distance)) return Object.assign(one, { row, state, distance });
    }
    return null;
  }

  fail(one) {
    this.searchWithSlopes(one);
    const worst = one.distance.map(Math.abs).indexOf(Math.max(...one.distance.map(Math.abs)));
    const goal = one.goals[worst];
    this.kept.set(one.job.key, this.met(one)
      ? { parameters: one.row, state: one.state }
      : { failed: `${goal.protein} cannot be lowered by ${Math.round(100 * goal.share)} %` });
    return true;
  }
}


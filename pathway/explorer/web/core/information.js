/* What a measurement would tell about a yes or no, in nats. After pathway/planning/information.py, contrasts.py, ranking.py;
 * what a bench can measure, and how assays scatter, comes with the facts. */

const PER_DEVIATION = 4, FAR = 9, MOST_POINTS = 20000, SHUFFLES = 10, LEAST_SCATTER = 1e-9;

/* For each candidate and each of its times: [value, standard deviation of one replicate in units of that of one reading]. */
function contrastsOf(candidates, result) {
  const { facts, times } = result;
  return candidates.map(({ quantity, arms, times: harvests }) => harvests.map((time) => {
    const row = Math.min(firstAtLeast(times, time - 1e-9), times.length - 1);
    if (quantity === "GR") return growthContrast(result, arms[0], row);
    const [one, two] = arms.map((name) => Math.log(Math.max(result.value(result.arm(name).key, quantity, row), 1e-300)));
    return [one - two, Math.SQRT2];
  }));
}

/* contrasts.gr_contrast: three counts scatter, of the arm and its control, and of both when they were one. */
function growthContrast(result, name, row) {
  const arm = result.arm(name), control = arm.growth_control;
  if (!control) return [NaN, NaN];
  const at = (key, place) => result.value(key, result.facts.cell_count, place), start = firstAtLeast(result.times, control.since);
  const first = at(control.key, start), grown = Math.log(at(arm.key, row) / first), other = Math.log(at(control.key, row) / first);
  const byArm = (Math.LN2 * 2 ** (grown / other)) / other, byControl = (-byArm * grown) / other;
  return [gr(at(arm.key, row), at(control.key, row), first, first), Math.hypot(byArm, byControl, byArm + byControl)];
}

/* {ranked: [{quantity, arms, time, assay, nats}], chance}: every measurement by what it tells above what it tells of
   shuffled answers; `chance` is the most that any tells of these. */
function rankMeasurements(facts, contrasts, yes, weights) {
  const { assays, replicates, candidates } = facts.weighing, sum = weights.reduce((a, b) => a + b, 0), most = Math.max(...weights);
  const kept = weights.map((_, m) => m).filter((m) => weights[m] > 1e-9 * most), own = kept.map((m) => weights[m] / sum);
  const answers = [kept.map((m) => yes[m]), ...shuffles(kept.map((m) => yes[m]))], ranked = [];
  let chance = 0;
  candidates.forEach(({ quantity, arms, times }, c) => times.forEach((time, t) => {
    for (const [assay, { noise, range, measures }] of Object.entries(assays)) {
      if (!measures.includes(quantity)) continue;
      const reach = quantity === "GR" ? Infinity : Math.log(range), shown = kept.map((m) => contrasts[m][c][t]);
      const values = shown.map(([value]) => within(value, -reach, reach));
      const scatter = resolvedNoise(values, shown.map(([, size]) => (noise * size) / Math.sqrt(replicates)), own);
      if (![...values, ...scatter].every(Number.isFinite)) continue;
      const [told, ...others] = mutualInformation(answers, values, scatter, own), mean = others.reduce((a, b) => a + b, 0) / others.length;
      ranked.push({ quantity, arms, time, assay, told, nats: told - mean });
      chance = Math.max(chance, Math.max(...others) - mean);
    }
  }));
  return { ranked: ranked.sort((a, b) => b.nats - a.nats || a.time - b.time), chance };
}

/* The noise, and beside it what so many members cannot resolve (Silverman 1986). */
function resolvedNoise(values, noise, weights) {
  const [low, median, high] = weightedQuantiles(values, weights, [0.25, 0.5, 0.75]);
  const deviation = Math.sqrt(values.reduce((sum, v, m) => sum + weights[m] * (v - median) ** 2, 0));
  const spread = high > low ? Math.min(deviation, (high - low) / 1.34) : deviation;
  const bandwidth = spread * effectiveNumber(weights) ** -0.2;
  return noise.map((n) => Math.max(Math.hypot(n, bandwidth), LEAST_SCATTER));
}

/* Of several answers, each a yes or no in every member: by quadrature over the result. */
function mutualInformation(answers, values, noise, weights) {
  const low = Math.min(...values.map((v, m) => v - FAR * noise[m])), high = Math.max(...values.map((v, m) => v + FAR * noise[m]));
  const count = Math.min(MOST_POINTS, Math.ceil((PER_DEVIATION * (high - low)) / Math.min(...noise)) + 1), step = (high - low) / (count - 1);
  const all = new Float64Array(count), yes = answers.map(() => new Float64Array(count)), shares = answers.map(() => 0);
  values.forEach((value, m) => {
    answers.forEach((answer, a) => (shares[a] += answer[m] ? weights[m] : 0));
    // Beyond nine deviations there is nothing.
    const first = Math.max(0, Math.floor((value - FAR * noise[m] - low) / step)), last = Math.min(count - 1, Math.ceil((value + FAR * noise[m] - low) / step));
    const height = weights[m] / (noise[m] * Math.sqrt(2 * Math.PI));
    for (let k = first; k <= last; k++) {
      const density = height * Math.exp(-0.5 * ((low + k * step - value) / noise[m]) ** 2);
      all[k] += density;
      for (let a = 0; a < answers.length; a++) if (answers[a][m]) yes[a][k] += density;
    }
  });
  const term = (joint, share, whole) => (joint > 0 ? joint * Math.log(joint / (share * whole)) : 0);
  return answers.map((_, a) => {
    let told = 0;
    for (let k = 0; k < count; k++) told += term(yes[a][k], shares[a], all[k]) + term(all[k] - yes[a][k], 1 - shares[a], all[k]);
    return Math.max(0, step * told);
  });
}

/* The answers given to other members, always in the same order of chance (mulberry32). */
function shuffles(answers) {
  let seed = 1;
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Array.from({ length: SHUFFLES }, () => {
    const made = [...answers];
    for (let k = made.length - 1; k > 0; k--) {
      const other = Math.floor(next() * (k + 1));
      [made[k], made[other]] = [made[other], made[k]];
    }
    return made;
  });
}

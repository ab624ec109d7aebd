/* Members of an ensemble weighted by how likely they make measured points, and what that does to headline numbers.
 * After pathway/fitting/laboratory/member_likelihood.py, reweighting.py and pathway/scenario/weighted.py. */

/* Members that are run together, and those of a page in such batches. */
const TOGETHER = 20;
const batches = (members) => Array.from({ length: Math.ceil(members.length / TOGETHER) }, (_, k) => members.slice(k * TOGETHER, (k + 1) * TOGETHER));
const memberBatches = ({ members }) => batches(Array.from({ length: members.count }, (_, m) => m));

/* Between records of members, of which only bands and readings are shown. */
const coarseStep = ({ scenario }) => Math.max(scenario.record_every, (scenario.end - scenario.start) / 60);

/* Runs at the first tolerance show which members count. The more a member weighs, the more exactly it is run again, so that
   every weight is right to 1e-6: [relative tolerance, least weight]. */
const EXACTNESS = [[1e-4, 0], [1e-6, 1e-3], [1e-8, 2e-2]];

/* A generator of the share that is done; it returns {logLikelihood, weights, runs}, one number for each member. */
function* weighMembers(engine, rests, rowOf, points, plan) {
  const { facts } = engine, { scenario } = plan, count = facts.members.count, all = Array.from({ length: count }, (_, m) => m);
  const usual = simulatedPoints(engine, rests, points, plan, { members: [null], rowOf: (line) => facts.lines[line], relative: 1e-6 })[0];
  const groups = likelihoodGroups(points, plan, usual || points.map(() => NaN));
  const logLikelihoods = new Float64Array(count).fill(-Infinity), before = weightsBefore(facts);
  let weights = null, runs = 0; // of members, the same one several times
  for (const [relative, least] of EXACTNESS) {
    const some = all.filter((m) => !weights || weights[m] > least);
    for (const members of batches(some)) {
      simulatedPoints(engine, rests, points, plan, { members, rowOf, relative })
        .forEach((simulated, k) => (logLikelihoods[members[k]] = simulated ? logLikelihood(groups, simulated) : -Infinity));
      runs += members.length;
      if (!weights) yield runs / count;
    }
    weights = weightsOf(logLikelihoods, before);
  }
  return { logLikelihoods, weights, runs };
}

/* What each member shows at each point, in the model's unit; null of a member that gives no living cells. */
function simulatedPoints(engine, rests, points, plan, options) {
  const { facts } = engine, { scenario } = plan, dishes = new Map(), keys = new Map();
  for (const name of new Set(points.map((p) => p.arm))) {
    const arm = plan.arms.get(name), key = dish(arm, scenario);
    keys.set(name, key);
    if (!dishes.has(key)) dishes.set(key, arm);
  }
  const moments = points.flatMap((p) => (p.fold_of_start ? [p.time, 0] : [p.time]));
  const times = [...new Set(moments.map((t) => within(t, scenario.start, scenario.end)))].sort((a, b) => a - b);
  const { courses } = runDishes(engine, rests, scenario, dishes, times, options);
  return options.members.map((member) => {
    const runs = courses.get(member), own = (p) => runs.get(keys.get(p.arm));
    if (points.some((p) => !own(p) || own(p).failed)) return null;
    const at = (p, time) => own(p).at(facts.quantity_index[p.observable], firstAtLeast(times, within(time, scenario.start, scenario.end)));
    return points.map((p) => at(p, p.time) / (p.fold_of_start ? at(p, 0) : 1));
  });
}

/* Of the members that the page carries. */
const weightsBefore = ({ members }) => Float64Array.from(members.weights || Array(members.count).fill(1 / members.count));

/* The weights before times the likelihoods; all 0 where no member is left. */
function weightsOf(logLikelihoods, before) {
  const most = Math.max(...logLikelihoods.filter((_, m) => before[m] > 0));
  if (!Number.isFinite(most)) return logLikelihoods.map(() => 0);
  const raw = logLikelihoods.map((l, m) => before[m] * Math.exp(l - most)), sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((w) => w / sum);
}

const effectiveNumber = (weights) => {
  const squares = weights.reduce((sum, w) => sum + w * w, 0), sum = weights.reduce((a, b) => a + b, 0);
  return squares > 0 ? (sum * sum) / squares : 0;
};

const heaviestFirst = (weights) => Array.from(weights, (_, m) => m).sort((a, b) => weights[b] - weights[a] || a - b);

/* The fewest members that have such a share of the weight, the heaviest first. */
function survivors(weights, share) {
  const order = heaviestFirst(weights), sum = weights.reduce((a, b) => a + b, 0);
  let known = 0, k = 0;
  while (k < order.length && known < share * sum * (1 - 1e-12)) known += weights[order[k++]];
  return order.slice(0, k);
}

/* Kullback-Leibler divergence from the weights before, in nats. */
const informationGain = (weights, before) => weights.reduce((sum, w, m) => sum + (w > 0 ? w * Math.log(w / before[m]) : 0), 0);

/* weighted.weighted_quantiles: the smallest value at or below which at least such a share of the weight lies. */
function weightedQuantiles(values, weights, levels) {
  const known = Array.from(values, (v, k) => k).filter((k) => !Number.isNaN(values[k]) && weights[k] > 0).sort((a, b) => values[a] - values[b]);
  const sum = known.reduce((total, k) => total + weights[k], 0);
  return levels.map((level) => {
    let below = 0;
    for (const k of known) if ((below += weights[k]) >= (level - 1e-12) * sum) return values[k];
    return known.length ? values[known[known.length - 1]] : NaN;
  });
}

/* The middle 90 % and the median, [low, median, high]; null where no member has a value. */
function weightedInterval(values, weights) {
  const found = weightedQuantiles(values, weights, [0.05, 0.5, 0.95]);
  return Number.isNaN(found[1]) ? null : found;
}

/* The findings that are told before and after: the headlines, or else the first prediction. */
function headlinesOf(facts) {
  const every = facts.scenario.expectations.map((expectation, place) => ({ expectation, place }));
  const chosen = every.filter((one) => one.expectation.headline);
  return chosen.length ? chosen : every.filter((one) => one.expectation.role === "prediction").slice(0, 1);
}

/* A generator of the share that is done; it returns {headlines, next}: headline numbers before and after, and what to
   measure next where the headline that is most open can still be settled (null: nothing). */
function* askMembers(engine, rests, rowOf, state, weights) {
  const { facts } = engine, { candidates } = facts.weighing, asked = headlinesOf(facts), every = coarseStep(facts);
  const arms = [...new Set([...asked.flatMap((one) => armsOf(one.expectation.reading)), ...candidates.flatMap((one) => one.arms)])];
  const moments = [...new Set(candidates.flatMap((one) => one.times))], alive = [], rows = [];
  for (const members of memberBatches(facts)) {
    evaluate(engine, rests, state, { arms, members, rowOf, relative: 1e-4, every, moments }).forEach((result, k) => {
      if (!arms.every((name) => result.has(name))) return;
      alive.push(members[k]);
      rows.push({ judged: asked.map((one) => judge(one.expectation, result)), contrasts: contrastsOf(candidates, result) });
    });
    yield (members[members.length - 1] + 1) / facts.members.count;
  }
  const [before, after] = [weightsBefore(facts), weights].map((all) => alive.map((m) => all[m]));
  const share = (k, own) => rows.reduce((sum, row, m) => sum + (row.judged[k].met ? own[m] : 0), 0) / own.reduce((a, b) => a + b, 0);
  const headlines = asked.map(({ expectation, place }, k) => {
    const values = rows.map((row) => row.judged[k].value), told = (own) => ({ interval: weightedInterval(values, own), share: share(k, own) });
    return { claim: expectation.claim, place, before: told(before), after: told(after) };
  });
  const open = headlines.map((one, k) => [Math.abs(one.after.share - 0.5), k]).filter(([off]) => off < 0.5).sort(([a], [b]) => a - b);
  if (!open.length || !candidates.length || effectiveNumber(after) < facts.weighing.fewest_ranked) return { headlines, next: null };
  const [[, k]] = open, yes = rows.map((row) => row.judged[k].met);
  const ranking = rankMeasurements(facts, rows.map((row) => row.contrasts), yes, after);
  return { headlines, next: { claim: headlines[k].claim, ...ranking } };
}

const armsOf = (reading) => [...reading.arms, ...(reading.over ? armsOf(reading.over) : [])];

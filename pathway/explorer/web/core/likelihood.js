/* How likely measured points are, with factors and scatters that are left free at their best.
 * After pathway/fitting/laboratory/measurement_model.py and pathway/fitting/objective; tests/explorer holds both together. */

const LOG_2PI = Math.log(2 * Math.PI), FACTOR_WIDTH = 1e3;

/* Points that share a scatter, and among them those that share a factor; bounds of both as the fit has them.
   `usual`: what the line's own numbers show at each point. */
function likelihoodGroups(points, plan, usual) {
  const counts = (p) => !plan.held.includes(p.arm) && !(p.fold_of_start && plan.scenario.start < 0 && p.time === 0);
  const groups = groupedBy(points.map((point, k) => ({ point, k })), ({ point }) => JSON.stringify([point.observable, point.kind]));
  return [...groups.values()].map((group) => {
    const choice = choiceFor(group[0].point, plan), log = choice.distribution === "log-normal";
    const largest = Math.max(...group.map(({ point }) => Math.abs(point.value))) || 1, first = log ? 0.2 : 0.1 * largest;
    const entries = group.map(({ point, k }) => {
      const given = (log && point.error !== null ? point.error / (RELATIVE.includes(point.error_kind) ? 1 : Math.abs(point.value) || 1)
        : point.error === null ? 0 : point.error * (RELATIVE.includes(point.error_kind) ? Math.abs(point.value) : 1));
      const known = typeof choice.noise === "number" ? choice.noise : choice.noise === "constant" ? 0 : given;
      return { k, value: point.value, side: point.below ? -1 : point.saturated ? 1 : 0, counts: counts(point), known, group: scaleGroup(point, plan) };
    });
    const free = choice.scale === "free", parts = [...groupedBy(entries, (e) => (free ? e.group : "")).values()].map((all) => {
      const ratios = all.map((e) => e.value / usual[e.k]).filter((r) => Number.isFinite(r) && r > 0).sort((a, b) => a - b);
      const middle = ratios.length ? 0.5 * (ratios[(ratios.length - 1) >> 1] + ratios[ratios.length >> 1]) : 1;
      return { entries: all.filter((e) => e.counts), low: middle / FACTOR_WIDTH, high: middle * FACTOR_WIDTH };
    });
    return { log, free, factor: free ? 1 : typeof choice.scale === "number" ? choice.scale : 1, parts,
      low: first / FACTOR_WIDTH, high: first * FACTOR_WIDTH };
  });
}

/* The logarithm of the likelihood of all groups at simulated values; -inf where they are no numbers. */
function logLikelihood(groups, simulated) {
  let sum = 0;
  for (const group of groups) sum += groupLoss(group, simulated);
  return Number.isFinite(sum) ? -sum : -Infinity;
}

function groupLoss(group, simulated) {
  const entries = group.parts.flatMap((part) => part.entries), open = entries.filter((e) => !e.known);
  const atScatter = (scatter) => group.parts.reduce((sum, part) => sum + partLoss(group, part, simulated, scatter), 0);
  if (!open.length) return atScatter(1);
  if (entries.some((e) => e.side)) return lowest((l) => atScatter(Math.exp(l)), Math.log(group.low), Math.log(group.high));
  // Without limits a factor is best whatever the scatter, and the scatter is that of what is left.
  let squares = 0;
  for (const part of group.parts) {
    const factor = bestFactor(group, part, simulated, 1);
    for (const e of part.entries) if (!e.known) squares += distance(group, e, factor, simulated) ** 2;
  }
  return atScatter(within(Math.sqrt(squares / open.length), group.low, group.high));
}

const within = (value, low, high) => Math.min(Math.max(value, low), high);
const distance = ({ log }, e, factor, simulated) =>
  log ? Math.log((factor * simulated[e.k]) / e.value) : factor * simulated[e.k] - e.value;

function partLoss(group, part, simulated, scatter) {
  if (!group.free) return lossAt(group, part, simulated, scatter, group.factor);
  if (!part.entries.some((e) => e.side)) return lossAt(group, part, simulated, scatter, bestFactor(group, part, simulated, scatter));
  return lowest((l) => lossAt(group, part, simulated, scatter, Math.exp(l)), Math.log(part.low), Math.log(part.high));
}

function lossAt(group, part, simulated, scatter, factor) {
  let sum = 0;
  for (const e of part.entries) {
    const noise = e.known || scatter, r = distance(group, e, factor, simulated) / noise;
    if (e.side) sum -= logNormalBelow(e.side * r);
    else sum += 0.5 * (r * r + LOG_2PI) + Math.log(noise) + (group.log ? Math.log(Math.abs(e.value)) : 0);
  }
  return sum;
}

/* Least squares, between the bounds; Golub & Pereyra 1973, doi 10.1137/0710036. */
function bestFactor(group, part, simulated, scatter) {
  if (!group.free) return group.factor;
  let above = 0, below = 0;
  for (const e of part.entries) {
    const share = 1 / (e.known || scatter) ** 2, own = simulated[e.k];
    above += share * (group.log ? Math.log(e.value / own) : own * e.value);
    below += share * (group.log ? 1 : own * own);
  }
  const best = below > 0 ? above / below : 0;
  return within(group.log ? Math.exp(best) : best, part.low, part.high);
}

/* The least value of a function with one minimum: Brent's method (Brent 1973, Algorithms for Minimization, chapter 5). */
function lowest(f, low, high) {
  const golden = 0.5 * (3 - Math.sqrt(5)), precision = 1e-7;
  let a = low, b = high, x = a + golden * (b - a), w = x, v = x, fx = f(x), fw = fx, fv = fx, step = 0, before = 0;
  for (let round = 0; round < 200; round++) {
    const middle = 0.5 * (a + b), small = precision * (Math.abs(x) + 1);
    if (Math.abs(x - middle) <= 2 * small - 0.5 * (b - a)) break;
    let parabola = false;
    if (Math.abs(before) > small) {
      const r = (x - w) * (fx - fv), q0 = (x - v) * (fx - fw), p0 = (x - v) * q0 - (x - w) * r, q1 = 2 * (q0 - r);
      const p = q1 > 0 ? -p0 : p0, q = Math.abs(q1);
      if (Math.abs(p) < Math.abs(0.5 * q * before) && p > q * (a - x) && p < q * (b - x)) {
        [before, step, parabola] = [step, p / q, true];
        if (x + step - a < 2 * small || b - x - step < 2 * small) step = x < middle ? small : -small;
      }
    }
    if (!parabola) [before, step] = x < middle ? [b - x, golden * (b - x)] : [a - x, golden * (a - x)];
    const u = x + (Math.abs(step) >= small ? step : step > 0 ? small : -small), fu = f(u);
    if (fu <= fx) {
      if (u < x) b = x;
      else a = x;
      [v, fv, w, fw, x, fx] = [w, fw, x, fx, u, fu];
    } else {
      if (u < x) a = u;
      else b = u;
      if (fu <= fw || w === x) [v, fv, w, fw] = [w, fw, u, fu];
      else if (fu <= fv || v === x || v === w) [v, fv] = [u, fu];
    }
  }
  return Math.min(fx, f(low), f(high));
}

/* The logarithm of the probability that a standard normal number lies below x: a series near 0, a continued fraction far
   below it (Abramowitz & Stegun 26.2.11 and 26.2.14). */
function logNormalBelow(x) {
  if (x > 2) return Math.log1p(-Math.exp(logNormalBelow(-x)));
  const density = -0.5 * (x * x + LOG_2PI);
  if (x > -2) {
    let term = x, sum = x;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += term *= (x * x) / k;
    return Math.log(0.5 + Math.exp(density) * sum);
  }
  let tail = 0;
  for (let k = 200; k > 0; k--) tail = k / (-x + tail);
  return density - Math.log(-x + tail);
}

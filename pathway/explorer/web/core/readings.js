/* Readings, and whether they fall into their bands. After pathway/scenario/expectations.py and measurements.py. */

const AT_READING = ["GR", "percent_of_control", "percent_of_untreated"];

function read(reading, result) {
  let value;
  const ofArm = (name) => readArm(reading, name, result);
  if (reading.reduce === "rmse") value = rmse(result, reading.quantity, reading.how === "arm" ? reading.arms : []);
  else if (reading.how === "arm") value = pick(reading.arms.map(ofArm));
  else if (reading.how === "rank") value = rankCorrelation(partners(reading, result), reading.arms.map(ofArm));
  else {
    const [first, second] = reading.arms.map(ofArm);
    value = reading.how === "compare" ? first - second : taken(reading.take, divided(first, second));
  }
  return reading.over ? divided(value, read(reading.over, result)) : value;
}

/* expectations.ranked_numbers: what the reading is ranked against. */
function partners(reading, result) {
  if (reading.measured.length) return reading.measured;
  return reading.arms.map((name) => readArm({ ...reading, quantity: reading.partner }, name, result));
}

function rankCorrelation(first, second) {
  const known = first.map((_, k) => k).filter((k) => Number.isFinite(first[k]) && Number.isFinite(second[k]));
  if (known.length < 3) return NaN;
  const [one, two] = [first, second].map((values) => ranks(known.map((k) => values[k])));
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const covariance = (a, b) => mean(a.map((v, k) => (v - mean(a)) * (b[k] - mean(b))));
  const spread = Math.sqrt(covariance(one, one) * covariance(two, two));
  return spread > 0 ? covariance(one, two) / spread : NaN;
}

/* From 1 up; equal values, and those that are nothing beside the largest, share the mean of their ranks. */
function ranks(numbers) {
  const nothing = 1e-9 * Math.max(...numbers.map(Math.abs)); // expectations.NOTHING
  const values = numbers.map((v) => (Math.abs(v) < nothing ? 0 : v));
  return values.map((v) => values.filter((w) => w < v).length + 0.5 * (values.filter((w) => w === v).length + 1));
}

// Python's max keeps the first where it meets nan.
const pick = (values) => values.reduce((a, b) => (b > a ? b : a));
const divided = (a, b) => (b !== 0 ? a / b : NaN);

function taken(take, ratio) {
  if (take === "log") return ratio > 0 ? Math.log(ratio) : NaN;
  return take === "loss" ? 1 - ratio : ratio;
}

function readArm(reading, name, result) {
  if (!result.has(name)) return NaN;
  if (AT_READING.includes(reading.quantity) && reading.reduce === "end") {
    const growth = result.growth(name);
    const value = { GR: growth && growth.gr, percent_of_control: growth && growth.percent,
      percent_of_untreated: result.percentOfUntreated(name) }[reading.quantity];
    return value === null ? NaN : value;
  }
  if (reading.reduce === "drift" || reading.quantity === "every species") return ofEverySpecies(reading, name, result);
  let course = courseOf(reading.quantity, name, result);
  if (!course) return NaN;
  const first = reading.from_time === null ? 0 : reading.from_time;
  const last = reading.until === null ? result.scenario.end : reading.until;
  const inside = result.times.map((_, k) => k).filter((k) => result.times[k] >= first - 1e-9 && result.times[k] <= last + 1e-9);
  if (!inside.length) return NaN;
  if (reading.relative_to) {
    const base = reading.relative_to === "start" ? course[inside[0]] : Math.max(...inside.map((k) => course[k]));
    course = Array.from(course, (v) => (base ? v / base : NaN));
  }
  if (reading.reduce === "at") return interpolate(reading.at || 0, result.times, course);
  return REDUCE[reading.reduce](inside.map((k) => result.times[k]), inside.map((k) => course[k]));
}

function courseOf(quantity, name, result) {
  const arm = result.arm(name), count = result.course(arm.key, result.facts.cell_count);
  const growth = ["GR", "percent_of_control"].includes(quantity) ? result.growth(name) : null;
  if (quantity === "GR") return growth && growth.course;
  if (quantity === "percent_of_control") return growth && count.map((x, k) => (100 * x) / growth.control[k]);
  if (quantity === "percent_of_untreated") {
    const bare = arm.bare_key && result.course(arm.bare_key, result.facts.cell_count);
    return bare ? count.map((x, k) => (100 * x) / bare[k]) : null;
  }
  if (quantity === "cell_number_fold") return count.map((x) => x / count[0]);
  return result.course(arm.key, quantity);
}

function interpolate(t, times, course) {
  if (t <= times[0]) return course[0];
  const k = firstAtLeast(times, t);
  if (k >= times.length) return course[course.length - 1];
  if (times[k] === t) return course[k];
  return course[k - 1] + ((t - times[k - 1]) / (times[k] - times[k - 1])) * (course[k] - course[k - 1]);
}

function ofEverySpecies(reading, name, result) {
  const kept = result.facts.species.filter((_, k) => !result.facts.outputs[k]);
  const all = kept.map((species) => result.course(result.arm(name).key, species));
  if (all.includes(null)) return NaN;
  const floor = 1e-12 * Math.max(...all.map((c) => Math.abs(c[0])));
  if (reading.reduce === "drift") {
    return Math.max(...all.map((c) => Math.max(...c.map((v) => Math.abs(v - c[0]))) / Math.max(Math.abs(c[0]), floor)));
  }
  const ends = all.map((c) => (reading.reduce === "max" ? Math.max(...c) : Math.min(...c)));
  return reading.reduce === "max" ? Math.max(...ends) : Math.min(...ends);
}

const finite = (course) => course.filter((v) => !Number.isNaN(v));

const REDUCE = {
  end: (times, course) => course[course.length - 1],
  min: (times, course) => Math.min(...finite(course)),
  max: (times, course) => Math.max(...finite(course)),
  mean: (times, course) => {
    let sum = 0;
    for (let k = 1; k < times.length; k++) sum += 0.5 * (course[k] + course[k - 1]) * (times[k] - times[k - 1]);
    const length = times[times.length - 1] - times[0];
    return length > 0 ? sum / length : course[0];
  },
  half_rise_time: (times, course) => {
    const last = course[course.length - 1], half = 0.5 * (course[0] + last), sign = Math.sign(last - course[0]);
    const k = course.findIndex((v) => sign * (v - half) >= 0);
    if (sign === 0 || k <= 0) return NaN;
    const share = (half - course[k - 1]) / (course[k] - course[k - 1]);
    return times[k - 1] + share * (times[k] - times[k - 1]) - times[0];
  },
  rebound: (times, course) => {
    const low = Math.min(...course), lost = course[0] - low;
    return lost > 1e-9 * Math.abs(course[0]) ? (course[course.length - 1] - low) / lost : 0;
  },
  biphasic: (times, course) => {
    const undone = (signal) => {
      const low = Math.min(...signal), trough = signal.indexOf(low);
      const fall = Math.max(...signal.slice(0, trough + 1)) - low;
      const back = Math.max(...signal.slice(trough)) - low;
      return fall > 1e-9 * Math.max(...signal.map(Math.abs)) ? back / fall : 0;
    };
    return Math.max(undone(course), undone(course.map((v) => -v)));
  },
  never_decreases: (times, course) => {
    let highest = -Infinity, worst = -Infinity;
    for (const value of course) {
      highest = Math.max(highest, value);
      worst = Math.max(worst, (highest - value) / Math.max(Math.abs(highest), 1e-300));
    }
    return worst;
  },
};

/* measurements.root_mean_square_error */
function rmse(result, quantity, arms) {
  const { points, axes } = result.scenario.measured, cellsOf = (p) => result.arm(p.arm).cells;
  const modelled = (p) => {
    if (!result.has(p.arm)) return NaN;
    const course = result.course(result.arm(p.arm).key, p.observable);
    const value = interpolate(p.time, result.times, course);
    return p.fold_of_start ? value / interpolate(0, result.times, course) : value;
  };
  const squares = [];
  for (const point of points) {
    const asked = quantity === "every species" || quantity === point.observable;
    if (!asked || (arms.length && !arms.includes(point.arm)) || !point.measured) continue;
    let group = points.filter((p) => p.observable === point.observable && p.table === point.table && p.group === point.group);
    const mine = group.filter((p) => cellsOf(p) === cellsOf(point));
    group = mine.length ? mine : group;
    const axis = axes[group[0].table], model = group.map(modelled);
    let own = modelled(point), data = point.value;
    if (axis === "minmax" && group.length > 1) {
      const low = Math.min(...model), high = Math.max(...model);
      own = (own - low) / (high - low || 1);
    } else if (axis && axis.lane) {
      const course = result.course(result.arm(axis.lane[0]).key, point.observable);
      own /= interpolate(axis.lane[1], result.times, course);
    } else if (group.every((p) => p.kind !== "absolute") && group.some((p) => p.value)) {
      const dot = (a, b) => a.reduce((sum, v, k) => sum + v * b[k], 0), values = group.map((p) => p.value);
      data *= dot(model, values) / dot(values, values);
    }
    squares.push((own - data) ** 2);
  }
  return squares.length ? Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length) : NaN;
}

function judge(expectation, result) {
  const value = read(expectation.reading, result);
  const met = !Number.isNaN(value) && (expectation.above === null || value >= expectation.above) &&
    (expectation.below === null || value <= expectation.below);
  return { value, met };
}


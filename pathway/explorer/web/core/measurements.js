/* Measured points of a file: long, wide, or plate counts. After pathway/scenario/measurement_files.py, measurements.py and
   fit_data.py, in whose words mistakes are told; which columns, words and units there are comes with the facts. */

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/, QUANTITY = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$/;
const HEADED = /^([^\[\]()]+?)\s*(?:\[([^\]]*)\]|\((.*)\))?$/, MOST_MISTAKES = 20, MOST_ROWS = 5000;
const NO_NUMBERS = ["nan", "inf", "-inf", "+inf", "infinity", "-infinity"];
const clipped = (text) => (text.length > 120 ? `${text.slice(0, 80)} [... ${text.length - 80} more characters]` : text);
const quoted = (names) => [...names].map((name) => `'${name}'`).join(", ");
const isNumber = (text) => NUMBER.test(text) || NO_NUMBERS.includes(text.toLowerCase());

class BadRow extends Error {}
const refuse = (text) => { throw new BadRow(text); };

/* What a file is read with: the scenario's [data] and [fit], and what the page's own controls say. */
function readingPlan(facts, scenario, file, chosen = {}) {
  const { data = {}, fit = {} } = facts.document, tables = Array.isArray(data) ? data : [data], stem = file.replace(/\.[^.]*$/, "");
  const table = tables.find((one) => one.file === file) || tables[0] || {};
  let normalize = [table.normalize || []].flat();
  if (chosen.loading !== undefined) normalize = [...(chosen.loading ? ["loading"] : []), ...normalize.filter((word) => word !== "loading")];
  const lane = normalize.find((word) => word.startsWith("lane:")) || "";
  const axis = normalize.includes("minmax") ? "minmax" : lane;
  return {
    facts, scenario, stem, normalize, axis, lane: lane && laneOf(lane, facts, scenario), decimal: table.decimal,
    shared: chosen.shared === undefined ? table.scale_shared_by || null : chosen.shared,
    said: fit.observable || {}, held: fit.hold_out || [], words: facts.table, arms: new Map(scenario.arms.map((arm) => [arm.name, arm])),
  };
}

function laneOf(word, facts, scenario) {
  const text = word.slice(5).trim(), names = scenario.arms.map((arm) => arm.name).filter((name) => text.startsWith(`${name} `));
  const arm = names.sort((a, b) => b.length - a.length)[0];
  if (!arm) throw new TableError(`normalize = '${word}' names no arm of this page`, 0);
  return { arm, time: hoursOf(text.slice(arm.length).trim(), facts.table) };
}

/* {points, mistakes: [[line, text]]} */
function readMeasurements(text, plan) {
  const done = (points, mistakes) => {
    const sorted = [...mistakes].sort(([a], [b]) => a - b), more = sorted.length - MOST_MISTAKES;
    if (more > 0) sorted.splice(MOST_MISTAKES, more, [sorted[MOST_MISTAKES][0], `... and ${more} more mistakes from here on`]);
    return { points, mistakes: sorted.map(([line, words]) => [line, words]) };
  };
  try {
    let table = withPlainNames(readTable(text), plan.words);
    if (table.rows.length > MOST_ROWS) throw new TableError(`this file has ${table.rows.length} rows; this page reads at most ${MOST_ROWS}`);
    table = withPlainNumbers(table, table.header.filter((name) => !plan.words.texts.includes(name)), plan.decimal);
    const reader = readerOf(table, plan), ofHeader = [...reader.complaints(table.header)];
    if (!table.rows.length) ofHeader.push("this file holds no measurements");
    const complaints = [...ofHeader.map((words) => [table.headerLine, words]), ...table.mistakes];
    if (complaints.some(([line]) => line === table.headerLine)) return done([], complaints);
    const bad = new Set(complaints.map(([line]) => line));
    const { points, wrong } = pointsOf(table.rows.filter(([line]) => !bad.has(line)), table.header, reader, plan);
    if (complaints.length || wrong.length) return done([], [...complaints, ...wrong]);
    const made = normalizedPoints(points, plan), against = [...valueMistakes(made, plan), ...groupMistakes(made, plan)];
    return done(against.length ? [] : made, against);
  } catch (error) {
    if (error instanceof TableError) return { points: [], mistakes: [[error.line, error.message]] };
    throw error;
  }
}

function withPlainNames(table, words) {
  const known = new Set([...words.columns, ...words.count_columns]), names = new Map(), units = {};
  for (const written of table.header) {
    const found = HEADED.exec(written), plain = (found ? found[1] : written).toLowerCase().replaceAll(" ", "_");
    const unit = found ? found[2] || found[3] : undefined;
    if (!known.has(plain) || !(unit === undefined || ["time", "concentration", "value", "loading", "total"].includes(plain))) continue;
    names.set(written, plain);
    if (unit) units[plain] = unit;
  }
  const rows = table.rows.map(([line, row]) => {
    const cells = new Map([...row].map(([name, cell]) => [names.get(name) || name, cell]));
    return [line, cells];
  });
  return { ...table, header: table.header.map((name) => names.get(name) || name), rows, units };
}

/* A unit in the heading goes into the cell. */
function withUnits(row, units) {
  const made = new Map(row);
  for (const name of ["time", "concentration"]) {
    if (units[name] && isNumber(made.get(name) || "")) made.set(name, `${made.get(name)} ${units[name]}`);
  }
  if (units.value && !made.get("unit")) made.set("unit", units.value);
  return made;
}

function readerOf(table, plan) {
  const { words, facts } = plan, { header } = table;
  if (header.includes("cell_count") || header.includes("cell_line")) return countReader(plan, table.units);
  if (!header.includes("value") && !header.includes("observable")) {
    const wide = header.filter((name) => !words.columns.includes(name)).filter((name) => {
      const found = HEADED.exec(name);
      return found && (found[1] in facts.readable || found[2] !== undefined || found[3] !== undefined);
    });
    if (wide.length) return wideReader(plan, table.units, wide);
  }
  return {
    complaints: (names) => columnComplaints(names, words.required, words.columns),
    points: (cells) => {
      const row = withUnits(cells, table.units), cell = (name) => row.get(name) || "";
      return words.not_measured.includes(row.get("value")) ? [] : [onePoint(plan, row, cell("observable"), cell("value"), cell("unit"), cell("error"))];
    },
  };
}

function wideReader(plan, units, names) {
  const { readable } = plan.facts, columns = names.map((name) => {
    const found = HEADED.exec(name);
    return { name, observable: found[1], unit: found[2] || found[3] || "" };
  });
  const errors = [...new Set(columns.map((one) => `${one.observable} error`))].sort();
  const hint = "write replicates one below the other, with a column 'replicate'";
  return {
    *complaints(header) {
      const measured = header.map((name) => columns.find((one) => one.name === name)).filter(Boolean).map((one) => one.observable);
      for (const { name, observable } of columns) {
        if (!(observable in readable)) yield `column '${clipped(name)}': no observable is called '${clipped(observable)}'.${didYouMean(observable, Object.keys(readable))}`;
      }
      for (const observable of new Set(measured.filter((one, k) => measured.indexOf(one) !== k))) {
        const own = header.filter((name) => columns.some((one) => one.name === name && one.observable === observable));
        yield `two columns hold ${observable}: ${quoted(own)}; ${hint}`;
      }
      for (const name of errors.filter((one) => header.filter((other) => other === one).length > 1)) yield `two columns are called '${name}'; ${hint}`;
      const own = header.filter((name) => !names.includes(name) && !errors.includes(name));
      yield* columnComplaints(own, ["arm", "time"], ["arm", "time", "unit", ...plan.words.lane, "error_kind", ...Object.keys(readable)]);
    },
    points: (cells) => {
      const row = withUnits(cells, units);
      return columns.filter(({ name }) => row.get(name) && !plan.words.not_measured.includes(row.get(name)))
        .map(({ name, observable, unit }) => onePoint(plan, row, observable, row.get(name), unit || row.get("unit") || "", row.get(`${observable} error`) || ""));
    },
  };
}

/* Plate counts in the columns of the public GR scripts, matched to arms by cells, agent and concentration. */
function countReader(plan, units) {
  const { facts, words, scenario } = plan, plain = (cells) => cells.toLowerCase().replace(/\.toml$/, "").replace(/[^\p{L}\p{N}]/gu, "");
  const micromolar = (text, agent) => {
    if (isNumber(text) || !text) return plainValue(text, "concentration");
    const found = QUANTITY.exec(text), factors = (facts.agents[agent] || {}).micromolar || words.micromolar;
    if (!found) refuse(`concentration '${clipped(text)}' does not start with a number`);
    if (Number(found[1]) === 0) return 0;
    if (!(found[2] in factors)) refuse(`concentration '${clipped(text)}': its unit is none of ${quoted(Object.keys(factors))}`);
    return Number(found[1]) * factors[found[2]];
  };
  const armOf = (cells, agent, amount) => {
    const own = scenario.arms.filter((arm) => plain(arm.cells) === plain(cells));
    const known = [...new Set(scenario.arms.map((arm) => arm.cells))];
    if (!own.length) refuse(`no arm has the cells '${clipped(cells)}'.${didYouMean(cells, known)} Cells: ${quoted(known)}`);
    const is = (dose) => dose.agent === agent && dose.amount !== null && agent in facts.agents &&
      Math.abs(amount * facts.agents[agent].per_micromolar - dose.amount) <= 1e-3 * Math.max(amount * facts.agents[agent].per_micromolar, dose.amount);
    const fits = own.find((arm) => (!agent && !arm.doses.length) || (arm.doses.length === 1 && is(scenario.doses[arm.doses[0]])));
    if (fits) return fits.name;
    const near = agent && !(agent in facts.agents) ? didYouMean(agent, Object.keys(facts.agents)) : "";
    return refuse(`no arm of '${clipped(cells)}' is given ${agent ? `${amount} uM ${clipped(agent)}` : "nothing"}.${near} Arms: ${quoted(own.map((arm) => arm.name))}`);
  };
  return {
    complaints: (names) => columnComplaints(names, words.counts, words.count_columns),
    points: (cells) => {
      const row = withUnits(cells, units), cell = (name) => row.get(name) || "";
      const amount = micromolar(cell("concentration"), cell("agent"));
      if (amount < 0) refuse(`concentration ${clipped(cell("concentration"))} cannot be negative`);
      const arm = armOf(cell("cell_line"), amount > 0 ? cell("agent") : "", amount), count = plainValue(cell("cell_count"), "cell_count");
      if (count < 0) refuse(`cell_count ${count} cannot be negative`);
      const before = optional(cell("cell_count__time0"), "cell_count__time0", words);
      if (before !== null && before <= 0) refuse(`cell_count__time0 ${before} must be more than zero`);
      return [{
        arm, time: hoursOf(cell("time"), words), observable: facts.cell_count, value: count / (before || 1), unit: before === null ? "a.u." : "1",
        kind: before === null ? "arbitrary" : "absolute", replicate: cell("replicate"), gel: "", loading: null, total: null, error: null,
        error_kind: "", below: false, saturated: false, fold_of_start: before !== null,
      }];
    },
  };
}

function* columnComplaints(header, required, known) {
  const missing = required.filter((name) => !header.includes(name));
  if (missing.length) yield `the ${missing.length > 1 ? `columns ${quoted(missing)} are` : `column '${missing[0]}' is`} missing; columns: ${known.join(", ")}`;
  for (const name of header.filter((one) => !known.includes(one))) yield `unknown column '${clipped(name)}'.${didYouMean(name, known)}`;
  for (const name of new Set(header.filter((one, k) => header.indexOf(one) !== k))) yield `two columns are called '${clipped(name)}'`;
}

/* One point. */

function numberOf(text, column) {
  const sign = ["<", ">"].includes(text[0]) ? text[0] : "", bare = text.slice(sign.length).trim();
  if (!text) refuse(`${column} is empty; write NA for what was not measured`);
  if (!isNumber(bare)) {
    const hint = bare.includes(",") ? "the decimal sign is a dot, and thousands stand without a sign"
      : "write NA for what was not measured, and <LIMIT for what was below detection";
    refuse(`${column} '${clipped(text)}' is no number; ${hint}`);
  }
  const value = Number(bare);
  if (!Number.isFinite(value)) refuse(`${column} '${clipped(text)}' is not finite; write NA for what was not measured`);
  return { value, sign };
}

function plainValue(text, column) {
  const { value, sign } = numberOf(text, column);
  if (sign) refuse(`${column} '${clipped(text)}' is a limit; only measured values can be limits`);
  return value;
}

const optional = (text, column, words) => (text && !words.not_measured.includes(text) ? plainValue(text, column) : null);

function hoursOf(text, words) {
  if (!text) refuse("time is empty");
  if (isNumber(text)) return Number.isFinite(Number(text)) ? Number(text) : refuse(`time '${clipped(text)}' is not finite`);
  const found = QUANTITY.exec(text);
  if (!found) refuse(`time '${clipped(text)}' does not start with a number`);
  if (!(found[2] in words.hours)) refuse(`time '${clipped(text)}' is no time; write for example '48 h'`);
  return Number(found[1]) * words.hours[found[2]];
}

function said(row, column, words) {
  const text = (row.get(column) || "").toLowerCase();
  if (!words.yes.includes(text) && !words.no.includes(text)) refuse(`${column} is '${clipped(row.get(column))}'; expected yes or nothing`);
  return words.yes.includes(text);
}

const kindOf = (unit, words) => (words.cycles.includes(unit) ? "cycles" : !unit || words.arbitrary.includes(unit.toLowerCase()) ? "arbitrary" : "absolute");

function onePoint(plan, row, observable, value, unit, error) {
  const { facts, words, arms } = plan, cell = (name) => row.get(name) || "";
  if (!arms.has(cell("arm"))) refuse(`no arm is called '${clipped(cell("arm"))}'.${didYouMean(cell("arm"), [...arms.keys()])} Arms: ${quoted(arms.keys())}`);
  if (!(observable in facts.readable)) refuse(`no observable is called '${clipped(observable)}'.${didYouMean(observable, Object.keys(facts.readable))}`);
  if (!(observable in facts.quantity_index)) {
    refuse(`${observable} is not computed in this page, but by 'pathway fit'.${didYouMean(observable, facts.quantities)}`);
  }
  const number = numberOf(value, "value"), [below, saturated] = ["below_detection", "saturated"].map((name) => said(row, name, words));
  if ((below || number.sign === "<") && (saturated || number.sign === ">")) refuse("a value cannot be below detection and saturated at once");
  const point = {
    arm: cell("arm"), time: hoursOf(cell("time"), words), observable, value: number.value, unit, kind: kindOf(unit, words),
    replicate: cell("replicate"), gel: cell("gel"), loading: optional(cell("loading"), "loading", words),
    total: optional(cell("total"), "total", words), error: optional(error, "error", words), error_kind: errorKind(cell("error_kind"), words),
    below: below || number.sign === "<", saturated: saturated || number.sign === ">", fold_of_start: false,
  };
  if (point.error !== null && point.error < 0) refuse(`error ${point.error} cannot be negative`);
  if (point.error === 0) refuse("error 0 would make the value exact; leave the cell empty if the error is not known");
  if (point.error !== null && point.error_kind === "%") Object.assign(point, { error: point.error / 100, error_kind: "cv" });
  return inUnits(point, facts.readable[observable], words);
}

function errorKind(text, words) {
  if (text && !words.error_kinds.includes(text)) {
    refuse(`error_kind '${clipped(text)}' is not one of ${quoted(words.error_kinds)}.${didYouMean(text, words.error_kinds)}`);
  }
  return text;
}

function inUnits(point, wanted, words) {
  if (point.kind === "cycles") {
    const spread = point.error === null ? null : point.error * Math.log(2);
    return { ...point, value: 2 ** -point.value, error: spread, error_kind: "sd_log", below: point.saturated, saturated: point.below };
  }
  if (point.kind === "arbitrary") return point;
  const factors = words.units[wanted] || {};
  if (!(point.unit in factors)) {
    refuse(`unit: '${clipped(point.unit)}' of ${point.observable}; expected ${quoted(Object.keys(factors))}, or 'a.u.' for arbitrary units`);
  }
  return scaledPoint(point, factors[point.unit]);
}

const RELATIVE = ["cv", "sd_log"];
function scaledPoint(point, factor) {
  const error = point.error === null || RELATIVE.includes(point.error_kind) ? point.error : point.error * factor;
  return { ...point, value: point.value * factor, error };
}

function pointsOf(rows, header, reader, plan) {
  const points = [], wrong = [], seen = new Map();
  const needed = [plan.shared, "cell_count__time0", ...plan.normalize.filter((word) => word === "total")]
    .filter((name) => header.includes(name) && rows.some(([, row]) => row.get(name)));
  for (const [line, row] of rows) {
    try {
      for (const point of reader.points(row)) {
        const missing = needed.find((name) => !row.get(name) && (!["gel", "replicate"].includes(name) || point.kind !== "absolute" || plan.axis));
        if (missing) refuse(`no ${missing}, which other rows of this file have`);
        checkPoint(point, plan, seen, line);
        points.push({ ...point, line });
      }
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      wrong.push([line, error.message]);
    }
  }
  return { points, wrong };
}

const short = (value) => String(Number(value.toPrecision(6)));

function checkPoint(point, plan, seen, line) {
  const { start, end } = plan.scenario, { time, observable } = point;
  if (time > end * (1 + 1e-9)) refuse(`time ${short(time)} h lies after the end of the scenario (${short(end)} h); a number alone means hours`);
  if (time < start - 1e-9) refuse(`time ${short(time)} h lies before the first moment of the scenario (${short(start)} h)`);
  const { members } = plan.facts, { cells } = plan.arms.get(point.arm);
  if (members.count && !members.lines[cells]) refuse(`'${point.arm}' has the cells '${cells}', of which this page has no members; take the scenario's own`);
  const key = JSON.stringify([point.arm, time.toFixed(9), observable, point.replicate, point.gel]);
  if (seen.has(key) && seen.get(key) !== line) {
    refuse(`the same arm, time, observable, replicate and gel stand on line ${seen.get(key)}; name repeats in the column 'replicate'`);
  }
  seen.set(key, line);
  if (!point.unit && !plan.axis) refuse(`no unit for ${observable}; write its unit (${plan.facts.readable[observable]}) or 'a.u.' for arbitrary units`);
  if (point.value < 0 && point.kind === "absolute") refuse(`${observable} cannot be negative (${short(point.value)} ${point.unit})`);
  for (const word of ["loading", "total"].filter((one) => plan.normalize.includes(one))) {
    if (word === "loading" && point.loading === null) refuse("normalize = \"loading\" needs a value in the column 'loading'");
    if (point[word] !== null && point[word] <= 0) refuse(`${word} ${short(point[word])} must be more than zero to be divided by`);
  }
}

/* What the bench does to values. */

function normalizedPoints(points, plan) {
  let made = points;
  for (const word of plan.normalize) {
    if (word === "loading" || word === "total") made = made.map((p) => (p[word] ? scaledPoint(p, 1 / p[word]) : p));
    else if (word.startsWith("lane:")) made = byLane(made, plan);
    else throw new TableError(`normalize = '${word}' is none that this page does, but 'pathway fit'`, 0);
  }
  return made;
}

function byLane(points, plan) {
  const { arm, time } = plan.lane, groups = groupedBy(points, (p) => JSON.stringify([p.observable, scaleGroup(p, plan)])), made = [];
  for (const group of groups.values()) {
    const lanes = group.filter((p) => p.arm === arm && Math.abs(p.time - time) < 1e-6), bad = lanes.find((p) => p.below || p.saturated);
    const base = lanes.length ? lanes.reduce((sum, p) => sum + p.value, 0) / lanes.length : 0, name = scaleGroup(group[0], plan);
    if (bad || !(base > 0)) {
      const why = bad ? "is beyond a limit" : lanes.length ? "is not above zero" : "was not measured", first = bad || (lanes.length ? lanes : group)[0];
      const where = name ? ` on ${plan.shared || "gel"} ${clipped(name)}` : "";
      throw new TableError(`${first.observable}: the reference lane '${arm}' at ${short(time)} h ${why}${where}`, first.line);
    }
    made.push(...group.map((p) => scaledPoint(p, 1 / base)));
  }
  return made.sort((a, b) => a.line - b.line);
}

function groupedBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

/* measurements.scale_group: the name of what a point shares its factor with. */
function scaleGroup(point, plan) {
  const counts = point.observable === plan.facts.cell_count && point.kind === "arbitrary";
  const shared = plan.shared || (point.kind === "cycles" || plan.axis ? "gel" : counts ? "replicate" : "observable");
  if (shared === "cells") return plan.arms.get(point.arm).cells;
  return ["gel", "replicate", "arm"].includes(shared) ? point[shared] : "";
}

/* fit_data.observable_choice_for */
function choiceFor(point, plan) {
  const { said: told, stem, axis } = plan, own = told[`${point.observable} in ${stem}`] || told[point.observable] || {};
  const scale = own.scale !== undefined ? own.scale : point.kind === "absolute" && !axis ? "none" : "free";
  return { scale, noise: own.noise, offset: own.offset || "none", distribution: own.distribution || (point.kind === "cycles" ? "log-normal" : "normal"),
    noise_shared_by: own.noise_shared_by || "observable" };
}

function* valueMistakes(points, plan) {
  for (const point of points) {
    const choice = choiceFor(point, plan), name = point.observable;
    const strange = unsupported(choice);
    if (strange) yield [point.line, `${name}: this page does not weigh with ${strange}, but 'pathway fit' does`];
    if (choice.distribution === "log-normal" && point.value <= 0) {
      yield [point.line, `${name} is ${short(point.value)}, but ${choice.distribution} noise needs values above zero`];
    }
    if (choice.noise === "given" && !point.error) yield [point.line, `${name} has no error, which noise = "given" needs`];
  }
}

function unsupported({ scale, noise, offset, distribution, noise_shared_by }) {
  if (!["normal", "log-normal"].includes(distribution)) return `distribution = "${distribution}"`;
  if (noise !== undefined && typeof noise !== "number" && !["given", "constant"].includes(noise)) return `noise = "${noise}"`;
  if (scale === "normalized") return 'scale = "normalized"';
  if (noise_shared_by !== "observable") return `noise_shared_by = "${noise_shared_by}"`;
  return offset === "none" ? "" : `offset = "${offset}"`;
}

/* Points that say nothing: limits alone, or a single moment whose free scale can make anything of it; and observables
   of which only some points have an error, which this page leaves to 'pathway fit'. */
function* groupMistakes(points, plan) {
  const name = (p) => (choiceFor(p, plan).scale === "free" ? scaleGroup(p, plan) : "any");
  for (const group of groupedBy(points, (p) => JSON.stringify([p.observable, name(p)])).values()) {
    const own = group.filter((p) => !plan.held.includes(p.arm)), choice = choiceFor(group[0], plan), free = choice.scale === "free";
    const where = free && name(group[0]) ? `${group[0].observable} on ${plan.shared || "gel"} ${clipped(name(group[0]))}` : group[0].observable;
    if (own.length && own.every((p) => p.below || p.saturated) && !(typeof choice.noise === "number" && !free)) {
      yield [own[0].line, `${where}: every point is a limit; at least one must be a value`];
    } else if (own.length && free && new Set(group.map((p) => JSON.stringify([p.arm, p.time]))).size === 1) {
      yield [own[0].line, `${where}: a single arm and time with a free scale of its own says nothing; add others to it`];
    }
    const without = free && choice.noise === undefined ? own.find((p) => !p.error) : undefined;
    if (without && own.some((p) => p.error)) {
      yield [without.line, `${where}: no error here, but in other rows; this page weighs files with all errors or none, 'pathway fit' both`];
    }
  }
  if (points.length && points.every((p) => plan.held.includes(p.arm))) yield [0, "every measured arm is held out; nothing is left to weigh"];
}

/* Runs the page's core in Node: node run_core.js CORE FILE < jobs (JSON) > answers (JSON). */
const fs = require("fs"), zlib = require("zlib");
const core = require(process.argv[2])();
const bytes = new Uint8Array(zlib.inflateRawSync(fs.readFileSync(process.argv[3])));
const number = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);

(async () => {
  const { facts, blobs } = core.open(bytes);
  const engine = await core.Engine.create(facts, blobs), rests = new core.Rests(engine);
  const answers = [];
  let last = null;
  for (const job of JSON.parse(fs.readFileSync(0, "utf-8"))) {
    const begun = process.cpuUsage().user;
    const options = { ...job.options };
    if (options.members) options.rowOf = core.memberRows(facts, blobs);
    if (job.goes_on) options.before = last;
    const found = last = core.evaluate(engine, job.fresh ? new core.Rests(engine) : rests, job.state || {}, options);
    const microseconds = process.cpuUsage().user - begun;
    const answer = (result) => ({
      hash: core.hashOf(result),
      expectations: facts.scenario.expectations.map((e) => core.judge(e, result)),
      arms: Object.fromEntries(result.scenario.arms.filter((arm) => arm.key).map((arm) => {
        const run = result.courses.get(arm.key);
        if (!run || run.failed) return [arm.name, { failed: run ? run.failed : "no such cells" }];
        const growth = result.growth(arm.name);
        return [arm.name, {
          steps: run.steps, gr: growth && growth.gr, percent: growth && growth.percent,
          untreated: result.percentOfUntreated(arm.name),
          ends: Object.fromEntries(facts.quantities.map((name, k) => [name, run.at(k, result.times.length - 1)])),
          courses: job.courses ? Object.fromEntries(job.courses.map((name) => [name, Array.from(result.course(arm.key, name))])) : undefined,
        }];
      })),
      times: job.courses ? result.times : undefined,
    });
    answers.push(Array.isArray(found) ? found.map(answer) : { ...answer(found), microseconds });
  }
  process.stdout.write(JSON.stringify(answers, number));
})();

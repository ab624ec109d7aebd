/* Weighs members in the page's core: node weigh_members.js CORE FILE < jobs (JSON) > answers (JSON).
   A job: {text, file, chosen, state, only_read, ask, before: a line of JavaScript}. */
const fs = require("fs"), zlib = require("zlib");
const core = require(process.argv[2])();
const bytes = new Uint8Array(zlib.inflateRawSync(fs.readFileSync(process.argv[3])));
const number = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
const finished = (generator) => {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
  }
};

(async () => {
  const { facts, blobs } = core.open(bytes);
  const engine = await core.Engine.create(facts, blobs), rowOf = core.memberRows(facts, blobs);
  const answers = JSON.parse(fs.readFileSync(0, "utf-8")).map((job) => {
    if (job.before) new Function("facts", job.before)(facts);
    const state = job.state || {}, plan = core.readingPlan(facts, core.experimentOf(facts, state), job.file, job.chosen);
    const { points, mistakes } = core.readMeasurements(job.text, plan);
    if (mistakes.length || job.only_read) return { points, mistakes };
    const rests = new core.Rests(engine, 1e-4), begun = process.cpuUsage(), made = finished(core.weighMembers(engine, rests, rowOf, points, plan));
    const used = process.cpuUsage(begun), weights = Array.from(made.weights);
    return {
      weights, logLikelihoods: Array.from(made.logLikelihoods), runs: made.runs, seconds: (used.user + used.system) / 1e6,
      effective: core.effectiveNumber(weights), survivors: core.survivors(weights, facts.weighing.surviving), gain: core.informationGain(weights, Array.from(core.weightsBefore(facts))),
      toml: core.scenarioToml(facts, state, "weighed", { plan, file: job.file }),
      asked: job.ask ? finished(core.askMembers(engine, rests, rowOf, state, weights)) : undefined,
    };
  });
  process.stdout.write(JSON.stringify(answers, number));
})();

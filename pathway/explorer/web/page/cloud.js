/* Runs in the worker, where `core` alone is in reach: the cloud of members, and members weighted by a user's file. */
function cloudWorker(core) {
  let engine, rowOf, facts, rests, latest = 0, file = 0, weights = null, before = null;
  const pause = () => new Promise((done) => setTimeout(done, 0));

  async function answer({ job, state, arms, quantities }) {
    const begun = performance.now(), every = core.coarseStep(facts);
    const results = [], fresh = new core.Rests(engine);
    for (const members of core.memberBatches(facts)) {
      results.push(...core.evaluate(engine, fresh, state, { arms, members, rowOf, relative: 1e-3, every }));
      await pause();
      if (latest !== job) return;
    }
    const weight = new Map(results.map((r, m) => [r, (weights || before)[m]])), own = (those) => those.map((r) => weight.get(r));
    const alive = results.filter((r) => arms.every((name) => !facts.members.lines[r.arm(name).cells] || r.has(name)));
    const made = {};
    for (const name of arms) {
      const those = alive.filter((r) => r.has(name));
      if (!those.length) continue;
      const growth = those.map((r) => r.growth(name)), courses = {}, theirs = own(those);
      for (const q of quantities) {
        const all = those.map((r) => r.course(r.arm(name).key, q));
        const bands = those[0].times.map((_, t) => core.weightedInterval(all.map((c) => c[t]), theirs) || [NaN, NaN, NaN]);
        courses[q] = [bands.map((b) => b[0]), bands.map((b) => b[2])];
      }
      made[name] = { gr: growth[0] ? core.weightedInterval(growth.map((g) => g.gr), theirs) : null, courses };
    }
    const sum = (those) => own(those).reduce((a, b) => a + b, 0);
    const shares = facts.scenario.expectations.map((e) => {
      if (!alive.length || !core.armsOf(e.reading).every((name) => arms.includes(name))) return null;
      return sum(alive.filter((r) => core.judge(e, r).met)) / sum(alive);
    });
    postMessage({ job, arms: made, shares, times: alive.length ? alive[0].times : [], dead: results.length - alive.length,
      milliseconds: performance.now() - begun });
  }

  /* What a generator returns; `told` of the share that is done. Nothing where another file has come. */
  async function finished(generator, own, told) {
    for (;;) {
      const { done, value } = generator.next();
      if (done) return value;
      told(value);
      await pause();
      if (file !== own) return null;
    }
  }

  async function weigh({ weigh: own, text, name, chosen, state }) {
    const post = (more) => postMessage({ weigh: own, ...more }), progress = (from, to) => (share) => post({ progress: from + (to - from) * share });
    try {
      const plan = core.readingPlan(facts, core.experimentOf(facts, state), name, chosen), { points, mistakes } = core.readMeasurements(text, plan);
      if (mistakes.length) return post({ mistakes });
      const begun = performance.now(), found = await finished(core.weighMembers(engine, rests, rowOf, points, plan), own, progress(0, 0.5));
      if (!found) return;
      const milliseconds = performance.now() - begun, made = Array.from(found.weights), effective = core.effectiveNumber(made);
      const weighed = {
        weights: made, logLikelihoods: Array.from(found.logLikelihoods), effective, milliseconds,
        survivors: core.survivors(made, facts.weighing.surviving), gain: core.informationGain(made, before), before: Array.from(before), points: points.length,
        quantities: [...new Set(points.map((p) => p.observable))], arms: new Set(points.map((p) => p.arm)).size,
        toml: core.scenarioToml(facts, state, facts.scenario.title, { plan, file: name }),
      };
      if (!effective) return post({ mistakes: [[0, "no member of this page can have given these measurements"]] });
      weights = made;
      post({ weighed });
      const asked = await finished(core.askMembers(engine, rests, rowOf, state, made), own, progress(0.5, 1));
      if (asked) post({ asked });
    } catch (error) {
      post({ mistakes: [[0, error.message]] });
    }
  }

  onmessage = async ({ data }) => {
    if (data.bytes) {
      const { facts: opened, blobs } = core.open(data.bytes);
      facts = opened;
      rowOf = core.memberRows(facts, blobs);
      before = core.weightsBefore(facts);
      engine = core.Engine.create(facts, blobs);
      return;
    }
    engine = await engine;
    rests = rests || new core.Rests(engine, 1e-4);
    if (data.weigh !== undefined) {
      file = data.weigh;
      weights = null;
      if (data.text !== undefined) weigh(data);
      return;
    }
    latest = data.job;
    answer(data);
  };
}

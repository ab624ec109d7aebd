/* Runs in the worker; `core` alone is in reach. */
function cloudWorker(core) {
  let engine, rowOf, facts, latest = 0;
  const quantile = (sorted, share) => {
    const place = share * (sorted.length - 1), low = Math.floor(place);
    return sorted[low] + (place - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
  };
  const three = (values) => {
    const sorted = values.filter((v) => Number.isFinite(v)).sort((a, b) => a - b);
    return sorted.length ? [0.05, 0.5, 0.95].map((share) => quantile(sorted, share)) : null;
  };
  async function answer({ job, state, arms, quantities }) {
    const begun = performance.now(), every = Math.max(facts.scenario.record_every, (facts.scenario.end - facts.scenario.start) / 60);
    const results = [], rests = new core.Rests(engine);
    for (let first = 0; first < facts.members.count; first += 20) {
      const members = Array.from({ length: Math.min(20, facts.members.count - first) }, (_, k) => first + k);
      results.push(...core.evaluate(engine, rests, state, { arms, members, rowOf, relative: 1e-3, every }));
      await new Promise((done) => setTimeout(done, 0));
      if (latest !== job) return;
    }
    const alive = results.filter((r) => arms.every((name) => !facts.members.lines[r.arm(name).cells] || r.has(name)));
    const made = {};
    for (const name of arms) {
      const those = alive.filter((r) => r.has(name));
      if (!those.length) continue;
      const growth = those.map((r) => r.growth(name)), courses = {};
      for (const q of quantities) {
        const all = those.map((r) => r.course(r.arm(name).key, q));
        const bands = those[0].times.map((_, t) => three(all.map((c) => c[t])) || [NaN, NaN, NaN]);
        courses[q] = [bands.map((b) => b[0]), bands.map((b) => b[2])];
      }
      made[name] = { gr: growth[0] ? three(growth.map((g) => g.gr)) : null, courses };
    }
    const shares = facts.scenario.expectations.map((e) => {
      if (!alive.length || !armsOf(e.reading).every((name) => arms.includes(name))) return null;
      return alive.filter((r) => core.judge(e, r).met).length / alive.length;
    });
    postMessage({ job, arms: made, shares, times: alive.length ? alive[0].times : [], dead: results.length - alive.length,
      milliseconds: performance.now() - begun });
  }
  const armsOf = (reading) => [...reading.arms, ...(reading.over ? armsOf(reading.over) : [])];
  onmessage = async ({ data }) => {
    if (data.bytes) {
      const { facts: opened, blobs } = core.open(data.bytes);
      facts = opened;
      rowOf = core.memberRows(facts, blobs);
      engine = core.Engine.create(facts, blobs);
      return;
    }
    latest = data.job;
    engine = await engine;
    if (latest === data.job) answer(data);
  };
}

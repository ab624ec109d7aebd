/* Findings, what to doubt, and the cloud: members of the ensemble in a worker. */

/* Findings: all arms are needed, so only on release. */

function drawFindings() {
  const list = page.facts.scenario.expectations, host = document.querySelector("#findings ul");
  if (!host || !list.length) return;
  const whole = core.evaluate(page.engine, page.rests, page.state, { relative: 1e-5 });
  host.replaceChildren(...list.map((expectation, k) => {
    const { value, met } = core.judge(expectation, whole);
    const { above, below } = expectation, open = (v) => (v === null ? "\u2026" : number(v));
    const verdict = Number.isNaN(value) ? "unread" : met ? "met" : "missed";
    const share = page.cloud && page.cloud.shares && page.cloud.shares[k];
    const words = [say("band", { value: number(value), low: open(above), high: open(below) }), expectation.role];
    if (share !== null && share !== undefined) words.push(say("in_draws", { share: Math.round(100 * share) }));
    if (!met && expectation.reason) words.push(expectation.reason);
    return make("li", {}, make("span", { class: met ? "verdict" : "verdict no" }, `${say(verdict)}: `), expectation.claim,
      make("span", { class: "hint" }, ` (${words.join("; ")})`));
  }));
}

function drawHonesty() {
  const { facts } = page, members = facts.members, says = {
    calibrated: "cloud_calibrated", prior: members.asked ? "cloud_chosen" : "cloud_prior", none: "cloud_none" };
  const items = [...facts.scenario.caveats, say("not_measured"),
    say(says[members.kind] || "cloud_file", { count: members.count, name: members.kind }), say("exactness")];
  if (members.count) items.push(`${say("cloud_single")} ${say("cloud_cells")}`);
  if (page.mine && page.mine.weighed) items.push(say("cloud_weighted", { file: page.mine.name, effective: number(page.mine.weighed.effective) }));
  const state = page.cloud && page.cloud.dead ? [say("cloud_dead", { count: page.cloud.dead })] : page.cloudRunning ? [say("cloud_running")] : [];
  $("honesty").replaceChildren(make("h2", {}, say("honesty")), make("ul", {}, ...[...items, ...state].map((text) => make("li", {}, text))),
    make("p", { class: "hint" }, say("made_by", { version: facts.package }),
      page.hash ? ` ${say("name_of_numbers", { hash: page.hash })}.` : ""));
}

function speak() {
  const name = page.mapOf, parts = [];
  if (!page.result.has(name)) return;
  const growth = page.result.growth(name);
  if (growth && !Number.isNaN(growth.gr)) parts.push(say("live_growth", { value: number(growth.gr) }));
  for (const quantity of ["PTEN", "pAKT"]) {
    const own = valueNow(name, quantity), other = valueNow(page.mapAgainst, quantity);
    if (own >= 0 && other >= 0) parts.push(say("live_fold", { quantity, fold: foldText(own, other), against: page.mapAgainst }));
  }
  $("live").textContent = say("live", { arm: name, parts: parts.join(", ") });
}

/* The cloud: members of the ensemble, in a worker. */

function startWorker() {
  if (!page.facts.members.count) return;
  const source = `${coreSource}\nconst core = pathwayCore();\n(${cloudWorker.toString()})(core);`;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  page.worker = new Worker(address);
  page.worker.onmessage = ({ data }) => {
    if (data.weigh !== undefined) return hearOfFile(data);
    if (data.job !== page.job) return;
    page.cloud = data;
    page.cloudRunning = false;
    drawGrowth();
    page.charts.forEach((chart) => { chart.key = ""; drawChart(chart); });
    drawFindings();
    drawHonesty();
    document.documentElement.dataset.cloud = data.milliseconds.toFixed(0);
  };
  page.worker.postMessage({ bytes: page.bytes });
}

function askForCloud() {
  page.job = (page.job || 0) + 1;
  clearTimeout(page.cloudTimer);
  if (!page.worker) return;
  page.cloudRunning = true;
  drawHonesty();
  delete document.documentElement.dataset.cloud;
  page.cloudTimer = setTimeout(() => page.worker.postMessage({
    job: page.job, state: page.state, arms: shown(), quantities: page.drawn(),
  }), 250);
}


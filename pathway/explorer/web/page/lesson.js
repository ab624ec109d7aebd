/* A lesson: read, commit a prediction, try, answer. The engine judges experiments; see pathway/course. */

const ANSWERS = "pathway-answers-1";

function buildLesson() {
  const { lesson } = page.facts;
  if (!lesson) return;
  page.answers = keptAnswers();
  const host = make("section", { id: "lesson", class: "card", "aria-labelledby": "lesson-title" },
    make("h2", { id: "lesson-title" }, say("lesson", { number: lesson.number, title: lesson.title })),
    make("p", { class: "hint" }, say("lesson_minutes", { minutes: lesson.minutes })),
    make("ul", {}, ...lesson.aims.map((aim) => make("li", {}, aim))),
    ...lesson.steps.map((step) => (step.question ? questionBox(step.question) : part(step))), answerTools());
  $("layout").before(host);
}

/* What pathway/course wrote from a lesson file; the page's policy lets no script in it run. */
function prose(html, tag = "div") {
  const node = make(tag, { class: "prose" });
  node.innerHTML = html;
  return node;
}

/* A text, or what the lesson's code gave: hidden until the questions that it answers have been predicted. */
function part({ html, after = [] }) {
  const node = prose(html);
  if (after.length) node.dataset.after = after.join(" ");
  node.hidden = !after.every(isPredicted);
  return node;
}

const isPredicted = (id) => answerOf(id).prediction !== null || answerOf(id).tries.length > 0;

function showPredicted() {
  for (const node of document.querySelectorAll("#lesson [data-after]")) node.hidden = !node.dataset.after.split(" ").every(isPredicted);
}

const place = () => `pathway lesson ${page.facts.lesson.number}`;

function keptAnswers() {
  try {
    return JSON.parse(localStorage.getItem(place())) || {};
  } catch {
    return {};
  }
}

function keepAnswers() {
  try {
    localStorage.setItem(place(), JSON.stringify(page.answers));
  } catch {
    // A page from disk may have no storage: answers then last until the page is closed.
  }
}

const answerOf = (id) => (page.answers[id] = page.answers[id] || { prediction: null, tries: [] });

function questionBox(question) {
  const { id } = question, legend = make("legend", {}, say("question", { id }));
  const field = FIELDS[question.kind](question, `q${id}`), out = make("div", { role: "status" });
  const check = make("button", { type: "button", onclick: () => answer(question, field, out) }, say("check"));
  const box = make("fieldset", { class: "question-box", "data-question": id }, legend, prose(question.ask));
  if (question.predict && !isPredicted(id)) {
    const guess = FIELDS[question.kind](question, `p${id}`);
    const ready = make("button", { type: "button", onclick: () => {
      const prediction = guess.read();
      if (prediction === null) return;
      answerOf(id).prediction = prediction;
      keepAnswers();
      showPredicted();
      row.replaceWith(make("p", { class: "hint" }, say("predicted", { value: prediction })), field.node, check);
    } }, say("commit"));
    const row = make("div", {}, make("p", { class: "hint" }, say("predict_first")), guess.node, ready);
    box.append(row, out);
  } else {
    box.append(field.node, check, out);
  }
  return box;
}

const FIELDS = {
  number(question, id) {
    const input = make("input", { id, inputmode: "decimal", autocomplete: "off" }), unit = question.unit;
    const node = make("label", { class: "answer" }, say("your_number"), input, unit && unit !== "1" ? unit : "");
    const value = () => Number(input.value.trim().replace(",", "."));
    return { node, read: () => (input.value.trim() && Number.isFinite(value()) ? value() : null) };
  },
  choice(question, id) {
    const radios = question.options.map((option, k) => make("input", { type: "radio", name: id, id: `${id}${k}`, value: option.key }));
    const node = make("div", { role: "radiogroup", "aria-label": say("question", { id: question.id }) },
      ...question.options.map((option, k) => make("label", { class: "tick" }, radios[k], prose(option.text, "span"))));
    return { node, read: () => (radios.find((radio) => radio.checked) || { value: null }).value };
  },
  order(question) {
    const items = [...question.items], node = make("ol", { class: "order" });
    const swap = (k, other) => {
      [items[k], items[other]] = [items[other], items[k]];
      draw();
      node.children[other].querySelector("button:not(:disabled)").focus();
    };
    const step = (k, other, words, sign) => make("button", {
      type: "button", disabled: other < 0 || other >= items.length, "aria-label": say(words, { item: items[k] }), onclick: () => swap(k, other),
    }, sign);
    const draw = () => node.replaceChildren(...items.map((item, k) => make("li", {},
      step(k, k - 1, "order_up", "\u2191"), step(k, k + 1, "order_down", "\u2193"), make("span", {}, item))));
    draw();
    return { node, read: () => [...items] };
  },
  experiment() {
    const node = make("p", { class: "hint" }, say("experiment_how", { name: say("mine") }));
    return { node, read: () => ((page.state.copies || {})[say("mine")] ? core.copyTables(page.facts, page.state, say("mine")) : null) };
  },
};

const VERDICTS = {
  number({ right, wrong }, value) {
    if (Math.abs(value - right.value) <= right.tolerance) return null;
    const apart = (one) => Math.abs(value - one.value), known = wrong.filter((one) => apart(one) <= one.tolerance);
    return known.length ? known.reduce((a, b) => (apart(b) < apart(a) ? b : a)).says : "";
  },
  choice({ options }, key) {
    const chosen = options.find((option) => option.key === key);
    return chosen.right ? null : chosen.says || "";
  },
  order({ right_order: right, wrong }, order) {
    const same = (other) => other.every((item, k) => item === order[k]);
    return same(right) ? null : (wrong.find((one) => same(one.order)) || {}).says || "";
  },
  /* The arm alone, whatever else has been moved on the page: as the teacher's grading will run it. */
  experiment({ goals }) {
    const name = say("mine"), own = Object.entries(page.state.doses || {}).filter(([dose]) => !page.facts.scenario.doses[dose]);
    const state = { copies: { [name]: page.state.copies[name] }, doses: Object.fromEntries(own) };
    const result = core.evaluate(page.engine, page.rests, state);
    if (!result.has(name)) return say("experiment_failed", { name });
    const missed = goals.find((goal) => !core.judge(goal, result).met);
    return missed ? missed.says || "" : null;
  },
};

function answer(question, field, out) {
  const given = field.read();
  if (given === null) {
    out.textContent = say(question.kind === "experiment" ? "experiment_none" : "answer_none", { name: say("mine") });
    return;
  }
  const says = VERDICTS[question.kind](question, given), kept = answerOf(question.id);
  kept.tries.push({ answer: given, verdict: says === null ? "right" : "wrong" });
  keepAnswers();
  const hint = question.hints[Math.min(kept.tries.filter((one) => one.verdict === "wrong").length, question.hints.length) - 1];
  out.replaceChildren(make("p", { class: says === null ? "verdict" : "verdict no" }, say(says === null ? "right" : "wrong")),
    ...(says === null ? [prose(question.explain)] : [says ? make("p", {}, says) : "", hint ? prose(hint) : ""]));
}

function answerTools() {
  const input = make("input", { id: "student", autocomplete: "name" });
  const write = () => {
    const student = input.value.trim(), kept = Object.entries(page.answers).filter(([, one]) => one.tries.length || one.prediction !== null);
    const whole = { format: ANSWERS, student, written_by: `explorer ${page.facts.package}`, answers: Object.fromEntries(kept) };
    const stem = student.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_|_$/g, "") || "student";
    save(`answers_${stem}.json`, JSON.stringify(whole, null, 1), "application/json");
  };
  return make("div", { class: "row" }, make("label", { class: "answer" }, say("student"), input),
    make("button", { type: "button", id: "answers", onclick: write }, say("save_answers")));
}


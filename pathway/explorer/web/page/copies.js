/* Copies of arms: cells, doses and knock-downs of their own. */

const MOST_COPIES = 3;

function copyButton() {
  const names = page.facts.scenario.arms.map((arm) => arm.name), chosen = page.copied || page.mapOf;
  const select = make("select", { id: "copyof" }, ...names.map((name) => make("option", { value: name, selected: name === chosen }, name)));
  const full = Object.keys(page.state.copies || {}).length >= MOST_COPIES;
  return make("div", { class: "slider" }, make("label", { for: "copyof" }, say("copy_of")), select,
    make("button", { type: "button", id: "copy", disabled: full, onclick: () => copyArm(select.value) }, say("copy")));
}

function copyArm(of) {
  const copies = page.state.copies || {}, arm = page.facts.scenario.arms.find((one) => one.name === of);
  const names = [say("mine"), ...[2, 3].map((k) => `${say("mine")} ${k}`)], name = names.find((one) => !copies[one]);
  page.copied = of;
  page.mapOf = name;
  change({ copies: { ...copies, [name]: { of, cells: arm.cells, doses: [...arm.doses] } }, arms: [...shown(), name] });
}

/* Another state, which can be undone. */
function change(entries, base = page.state) {
  page.undo.push(page.saved);
  restore({ ...base, ...entries });
}

function changeCopy(name, entries, focus) {
  change({ copies: { ...page.state.copies, [name]: { ...page.state.copies[name], ...entries } } });
  if (focus && $(focus)) $(focus).focus();
}

function removeCopy(name) {
  const copies = Object.fromEntries(Object.entries(page.state.copies).filter(([one]) => one !== name));
  const doses = Object.fromEntries(Object.entries(page.state.doses || {}).filter(([dose]) => page.facts.scenario.doses[dose]));
  change({ copies, doses, arms: shown().filter((one) => one !== name) });
}

function copySection(name, k) {
  const { facts } = page, copy = page.state.copies[name], id = `copy${k}`;
  const cells = make("select", { id: `${id}cells`, onchange: () => changeCopy(name, { cells: cells.value }, cells.id) },
    ...Object.keys(facts.lines).map((line) => make("option", { value: line, selected: line === copy.cells }, facts.line_titles[line])));
  const given = Object.keys(facts.scenario.doses).map((dose, d) => {
    const input = make("input", {
      type: "checkbox", id: `${id}dose${d}`, checked: copy.doses.includes(dose),
      onchange: () => changeCopy(name, {
        doses: Object.keys(facts.scenario.doses).filter((one) => (one === dose ? input.checked : copy.doses.includes(one))),
      }, input.id),
    });
    return make("label", { class: "tick" }, input, make("span", {}, dose));
  });
  const lowered = Object.entries(facts.knock_downs).filter(([, one]) => one.parameter !== null).map(([protein], p) =>
    slider({
      id: `${id}knock${p}`, label: say("knock_of", { protein }), min: 0, max: 95, step: 1,
      value: Math.round(100 * ((copy.knock || {})[protein] || 0)), text: (share) => `${share} %`,
      onmove: (state, share) => {
        put(state.copies[name], "knock", protein, share ? share / 100 : undefined);
        page.plan = core.withCopies(facts.scenario, state.copies);
      },
    }));
  return section(say("copy_named", { name, of: copy.of }), true,
    make("div", { class: "slider" }, make("label", { for: cells.id }, say("cells")), cells),
    make("p", { class: "hint" }, say("copy_doses")), ...given, ...lowered,
    make("button", { type: "button", onclick: () => removeCopy(name) }, say("copy_remove", { name })));
}


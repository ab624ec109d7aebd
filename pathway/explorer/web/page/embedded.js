/* Inside a frame, as in a notebook's cell: settings come from the page around it, settings and results go there. */

function listen() {
  if (parent === window) return;
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || !data || !data.explorer_state) return;
    const state = data.explorer_state;
    if (!isKnown(state)) tell(say("unknown_settings"));
    else if (JSON.stringify(state) !== JSON.stringify(page.state)) change(state, {});
    report();
  });
  report();
}

function report() {
  if (parent !== window) parent.postMessage({ explorer: { state: page.state, results: shownNumbers() } }, "*");
}

/* Of every arm that is shown, at the time that is read at. */
function shownNumbers() {
  return Object.fromEntries(shown().filter((name) => page.result.has(name)).map((name) => {
    const growth = page.result.growth(name), numbers = { GR: growth && growth.gr, percent_of_untreated: page.result.percentOfUntreated(name) };
    for (const quantity of page.facts.scenario.observables) numbers[quantity] = valueNow(name, quantity);
    return [name, numbers];
  }));
}


"""The explorer's page in Chromium: how long a slider move and a cloud take, how large the page is.

    python -m benchmarks.explorer              # needs playwright and /usr/bin/chromium

Single moves start from the default settings with eight arms shown: one slider of the page is set to a place within its
track, and set back. The time is that of the main thread, drawing included: computing, changing the picture, and the
layout that the browser does for it, which is forced before the clock is read.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from pathway.explorer import explorer_page
from pathway.scenario import read_scenario

CHROMIUM = "/usr/bin/chromium"
SCENARIO = "antimir21_resensitises"
MOVES, ARMS, MEMBERS = 300, 8, 200

MOVE = """async ([moves, arms]) => {
  const { page, refresh, release } = explorer;
  const names = page.facts.scenario.arms.map((arm) => arm.name).slice(0, arms);
  document.querySelectorAll('details').forEach((one) => (one.open = true));
  release((state) => { state.arms = names; });
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const sliders = [...document.querySelectorAll('#settings input[type=range]')];
  const times = [], computed = [];
  for (let k = 0; k < moves; k++) {
    const slider = sliders[k % sliders.length], before = slider.value, kept = JSON.stringify(page.state);
    const [low, high] = [Number(slider.min), Number(slider.max)];
    slider.value = Math.round(Number(before) + (random() - 0.5) * 0.3 * (high - low));
    slider.dispatchEvent(new Event('input'));
    cancelAnimationFrame(page.waiting);
    page.waiting = null;
    const begun = performance.now();
    refresh(1e-4);
    document.body.offsetHeight;
    times.push(performance.now() - begun);
    computed.push(page.computed);
    slider.value = before;
    page.state = JSON.parse(kept);
    await new Promise((done) => setTimeout(done, 0));
  }
  return { times, computed };
}"""


def measure() -> dict[str, float]:
    """Milliseconds and bytes, by what they are of."""
    from playwright.sync_api import sync_playwright

    text = explorer_page(read_scenario(SCENARIO), members=MEMBERS)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(300_000)
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]", state="attached")
        first = page.evaluate("performance.getEntriesByType('mark').find((m) => m.name === 'ready')?.startTime ?? 0")
        page.wait_for_selector("html[data-cloud]", state="attached")
        page.evaluate(
            "explorer.release((s) => { s.arms = explorer.page.facts.scenario.arms.slice(0, 8).map((a) => a.name); })"
        )
        page.wait_for_selector("html[data-cloud]", state="attached")
        cloud = float(page.evaluate("document.documentElement.dataset.cloud"))
        found = page.evaluate(MOVE, [MOVES, ARMS])
        browser.close()
    times, computed = sorted(found["times"]), sorted(found["computed"])
    return {
        "bytes": len(text.encode()),
        "first picture, ms after navigation": first,
        "move p50, ms": statistics.median(times),
        "move p95, ms": times[int(0.95 * len(times))],
        "of which computing p50, ms": statistics.median(computed),
        "of which computing p95, ms": computed[int(0.95 * len(computed))],
        f"cloud of {MEMBERS} members, {ARMS} arms, ms": cloud,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))

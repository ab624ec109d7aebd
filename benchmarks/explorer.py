"""The explorer's page in Chromium: how long a slider move and a cloud take, how large the page is.

    python -m benchmarks.explorer              # needs playwright and /usr/bin/chromium

Single moves start from the default settings with eight arms shown: one slider of the page is set to another place on
its track, and set back. A move's time is the processor time of the page's main thread from the move until after the
next picture: computing, drawing, style, layout and paint. What the same two pictures cost without a move is taken off.
Moves far out start with every slider anywhere on its track. The first picture is what the main thread has spent until
the picture stands and is refined; the cloud, what the worker's thread has spent from a release until it is drawn.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from pathway.explorer import explorer_page
from pathway.scenario import read_scenario

CHROMIUM = "/usr/bin/chromium"
SCENARIO = "antimir21_resensitises"
MOVES, FAR_MOVES, ARMS, MEMBERS = 300, 100, 8, 200

PREPARE = """(arms) => {
  const { page, release } = explorer;
  const names = page.facts.scenario.arms.map((arm) => arm.name).slice(0, arms);
  document.querySelectorAll('details').forEach((one) => (one.open = true));
  release((state) => { state.arms = names; });
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const picture = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const sliders = [...document.querySelectorAll('#settings input[type=range]')];
  globalThis.moves = {
    async still() { await picture(); await picture(); return ""; },
    async far() {
      for (const slider of sliders) {
        slider.value = Number(slider.min) + random() * (Number(slider.max) - Number(slider.min));
        slider.dispatchEvent(new Event('input'));
      }
      sliders[0].dispatchEvent(new Event('change'));
      await picture();
      await picture();
    },
    async move(k) {
      const slider = sliders[k % sliders.length], [low, high] = [Number(slider.min), Number(slider.max)];
      globalThis.moves.before = [slider, slider.value];
      slider.value = Math.round(Number(slider.value) + (random() - 0.5) * 0.3 * (high - low));
      slider.dispatchEvent(new Event('input'));
      await picture();
      await picture();
      return slider.id;
    },
    async back() {
      const [slider, value] = globalThis.moves.before;
      slider.value = value;
      slider.dispatchEvent(new Event('input'));
      slider.dispatchEvent(new Event('change'));
      await picture();
      await picture();
    },
  };
}"""


class MainThread:
    """Processor time that the page's main thread has spent, in milliseconds."""

    def __init__(self, page: Any):
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent(self) -> float:
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return 1000.0 * float(next(one["value"] for one in metrics if one["name"] == "ThreadTime"))

    def during(self, page: Any, script: str) -> tuple[float, Any]:
        before = self.spent()
        answer = page.evaluate(script)
        return self.spent() - before, answer


def moves(page: Any, count: int = MOVES, far: bool = False) -> list[float]:
    """Milliseconds of single moves, in rising order."""
    page.evaluate(PREPARE, ARMS)
    thread, times = MainThread(page), []
    for k in range(count):
        if far:
            page.evaluate("moves.far()")
        still, _ = thread.during(page, "moves.still()")
        moved, name = thread.during(page, f"moves.move({k})")
        page.evaluate("moves.back()")
        times.append((moved - still, name))
    if os.environ.get("EXPLORER_MOVES") and not far:
        Path(os.environ["EXPLORER_MOVES"]).write_text(json.dumps(times))
    return sorted(time for time, _ in times)


def worker_spent(browser: Any) -> float:
    """Processor time of the threads of workers in the browser's pages, in milliseconds."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    tasks = [task for one in processes for task in Path(f"/proc/{one['id']}/task").glob("*")]
    threads = [task for task in tasks if (task / "comm").read_text().startswith("DedicatedWorker")]
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e6


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
        thread = MainThread(page)
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-hash]", state="attached")
        first = thread.spent()
        page.wait_for_selector("html[data-cloud]", state="attached")
        before = worker_spent(browser)
        page.evaluate(
            "(count) => explorer.release((state) => {"
            " state.arms = explorer.page.facts.scenario.arms.slice(0, count).map((arm) => arm.name); })",
            ARMS,
        )
        page.wait_for_selector("html[data-cloud]", state="attached")
        cloud = worker_spent(browser) - before
        times, far = moves(page), moves(page, FAR_MOVES, far=True)
        browser.close()
    return {
        "bytes": len(text.encode()),
        "first picture, ms": first,
        "move p50, ms": statistics.median(times),
        "move p95, ms": times[int(0.95 * len(times))],
        "move far out p95, ms": far[int(0.95 * len(far))],
        f"cloud of {MEMBERS} members, {ARMS} arms, ms": cloud,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))

"""Shows one input, or tries many.

python -m tests.fuzz KIND SEED            what stands in the files, what the program says
python -m tests.fuzz KIND FROM COUNT      tries so many seeds and lists the finds, each kind of fault once
"""

from __future__ import annotations

import collections
import re
import sys
import time

from .harness import files_of, outcome


def main() -> None:
    """As the arguments say."""
    kind, first, *count = sys.argv[1:]
    if not count:
        files, commands = files_of(kind, int(first))
        for name, content in files.items():
            print(f"--- {name}\n{content[:3000].decode('utf-8', 'replace')}")
        print(commands, outcome(kind, int(first)), sep="\n")
        return
    codes: collections.Counter[int] = collections.Counter()
    finds: collections.Counter[str] = collections.Counter()
    begun = time.monotonic()
    for seed in range(int(first), int(first) + int(count[0])):
        found = outcome(kind, seed)
        codes[found.code] += 1
        if found.complaint:
            where = re.findall(r'File ".*?/((?:pathway|tests)/.*?)", line (\d+)', found.complaint)
            last = [line for line in found.complaint.strip().splitlines() if "please report it" not in line][-1][:150]
            name = f"{where[-1] if where else ''} {last}"
            if name not in finds:
                print(f"{kind} {seed}: {name}", flush=True)
            finds[name] += 1
    print(f"{kind}: {sum(codes.values())} in {time.monotonic() - begun:.0f} s, codes {dict(codes)}, finds {finds}")


main()

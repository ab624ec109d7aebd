"""Shows one input, tries many, or goes on where the last run stopped.

python -m tests.fuzz KIND SEED            what stands in the files, what the program says
python -m tests.fuzz KIND FROM COUNT      tries so many seeds and lists the finds, each kind of fault once
python -m tests.fuzz --go-on KIND COUNT   tries the next so many seeds and writes down how far it came
"""

from __future__ import annotations

import collections
import math
import sys
import time

from pathway.errors import InputError

from .campaign import go_on, told, tried
from .harness import files_of, outcome


def main() -> None:
    """As the arguments say."""
    if sys.argv[1] == "--go-on":
        print(*go_on(sys.argv[2], int(sys.argv[3]), math.inf), sep="\n")
        return
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
    for seed, found in tried(kind, int(first), int(count[0]), math.inf):
        codes[found.code] += 1
        if found.complaint:
            if told(found) not in finds:
                print(f"{kind} {seed}: {told(found)}", flush=True)
            finds[told(found)] += 1
    print(f"{kind}: {sum(codes.values())} in {time.monotonic() - begun:.0f} s, codes {dict(codes)}, finds {finds}")


try:
    main()
except InputError as error:
    sys.exit(str(error))

"""What `import protector` costs over bare Python: milliseconds and MiB, median of 21 processes each."""

import statistics
import subprocess
import sys
import time

SAY = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def measure(code: str) -> tuple[float, float]:
    times, sizes = [], []
    for _ in range(21):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", f"{code}\n{SAY}"], capture_output=True, text=True, check=True)
        times.append((time.perf_counter() - start) * 1000)
        sizes.append(int(done.stdout) / 1024)
    return statistics.median(times), statistics.median(sizes)


bare, with_us = measure("pass"), measure("import protector")
print(f"import protector: {with_us[0] - bare[0]:.1f} ms and {with_us[1] - bare[1]:.1f} MiB over bare (target: 30 ms)")

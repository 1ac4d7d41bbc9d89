"""Runs a command and prints, as JSON, its time and peak memory as the kernel counted them: stopwatch.py OUTPUT COMMAND ARGUMENTS…

OUTPUT takes the command's standard output. `peakKiB` is of the command, or of the largest process that it waited for.
"""
import json
import os
import sys
import time

output, *command = sys.argv[1:]
to_output = (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
start = time.perf_counter()
pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[to_output])
_, status, usage = os.wait4(pid, 0)
milliseconds = 1000 * (time.perf_counter() - start)
kib = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
print(json.dumps({"milliseconds": milliseconds, "peakKiB": kib, "exit": os.waitstatus_to_exitcode(status)}))

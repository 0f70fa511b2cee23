"""What stays open in a cell without a root of its own: prints for each `NAME: done`, or the number of the error.

open.py VICTIM OBJECTS SIBLING: a file and a directory of the same user outside, the objects of the repository, and a
process of the same user."""
import ctypes, fcntl, os, sys
victim, objects, sibling = sys.argv[1], sys.argv[2], int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)

def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "call")

def watch():
    watcher = libc.inotify_init()
    call(watcher)
    # Attributes: a directory may be watched that may not be read.
    call(libc.inotify_add_watch(watcher, victim.encode(), 4))

ways = {
    "stat": lambda: os.stat(victim),
    "mode": lambda: os.chmod(victim, 0o640),
    "owner": lambda: os.chown(victim, os.getuid(), os.getgid()),
    "times": lambda: os.utime(victim, (1, 1)),
    "attributes": lambda: os.setxattr(victim, "user.git-awo", b"x"),
    "watch": watch,
    "mode of objects": lambda: os.chmod(objects, 0o755),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, sibling, os.getpriority(os.PRIO_PROCESS, sibling)),
    "processors": lambda: os.sched_setaffinity(sibling, os.sched_getaffinity(sibling)),
    "scheduling": lambda: os.sched_setscheduler(sibling, os.SCHED_OTHER, os.sched_param(0)),
    "lock": lambda: fcntl.flock(os.open("/etc/passwd", os.O_RDONLY), fcntl.LOCK_SH),
    "read": lambda: open(victim),
}
for name, way in ways.items():
    try:
        way()
        print(name, "done", sep=": ")
    except OSError as error:
        print(name, error.errno, sep=": ")

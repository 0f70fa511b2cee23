"""Attacks of a hostile command, for x86-64: prints for each `NAME: done`, or the number of the error or signal.

attacks.py WORLD TCP4 UDP4 TCP6 SIBLING ABSTRACT: where the victims are, the ports and the name on which somebody
listens, and a process of the same user."""
import ctypes, os, signal, socket, sys
out, tcp4, udp4, tcp6, sibling, abstract = sys.argv[1:7]
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *args):
    result = libc.syscall(number, *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), "call")
    return result

def read(path):
    open(path, "rb").read(1)

def append(path):
    open(path, "ab").write(b"\n")

def linked(target, how):
    how(target, "link")
    append("link")

def connect(family, kind, where):
    socket.socket(family, kind).connect(where)

def send(family, where):
    socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", where)

def pair():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    a.sendto(b"x", out + "/datagrams")

def big():
    with open("big", "wb") as file:
        file.truncate(5 << 30)

def shared():
    segment = call(29, 0, 4096, 0o1600)
    # Not to be left behind where it could be made.
    call(31, segment, 0, 0)

def chown():
    open("own", "w").close()
    os.chown("own", 1, 1)

def other():
    import mmap
    child = os.fork()
    if child == 0:
        m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        # getpid of the 32-bit system calls: mov eax, 20; int 0x80; ret.
        m.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        raise OSError(status, "signal")

def x32():
    # getpid of x32. Many kernels have none: ENOSYS there too.
    call(0x40000000 + 39)

def vector(buffer):
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    return ctypes.byref(Part(ctypes.addressof(buffer), len(buffer)))

def memory():
    here, there = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
    call(310, int(sibling), vector(here), 1, vector(there), 1, 0)

def descriptor():
    pidfd = os.pidfd_open(int(sibling))
    call(438, pidfd, 0, 0)

def bind():
    os.makedirs("bound", exist_ok=True)
    call(165, rita.encode(), b"bound", None, 4096, None)
    try:
        read("bound/README.md")
    finally:
        # umount2(…, MNT_DETACH)
        call(166, b"bound", 2)

def tree():
    # open_tree(AT_FDCWD, ..., OPEN_TREE_CLONE)
    call(428, -100, rita.encode(), 1)

def handle():
    # A handle of a file, made by name_to_handle_at for the file itself.
    buffer = ctypes.create_string_buffer(b"\x80\0\0\0", 136)
    mount = ctypes.c_int()
    call(303, -100, (out + "/victim").encode(), buffer, ctypes.byref(mount), 0)
    call(304, os.open(".", os.O_RDONLY), buffer, os.O_RDONLY)

def perf():
    attributes = ctypes.create_string_buffer(128)
    # PERF_TYPE_SOFTWARE, size 128, of this process.
    attributes[0:8] = b"\x01\0\0\0\x80\0\0\0"
    call(298, attributes, 0, -1, -1, 0)

def semaphores():
    made = call(64, 0, 1, 0o1600)
    call(66, made, 0, 0)

def messages():
    made = call(68, 0, 0o1600)
    call(71, made, 0, None)

def posix_messages():
    name = b"git-awo-%d" % os.getpid()
    call(240, name, os.O_CREAT | os.O_RDWR, 0o600, None)
    call(241, name)

otto, rita = out + "/otto", out + "/rita"
attacks = {
    "read a key": lambda: read(out + "/home/otto/.ssh/id"),
    "read a shadow file": lambda: read(out + "/etc/shadow"),
    "read another clone": lambda: read(rita + "/README.md"),
    "read the real clone": lambda: read(otto + "/README.md"),
    "read its settings": lambda: read(otto + "/.git/config"),
    "read a process": lambda: read("/proc/%s/environ" % sibling),
    "read by proc root": lambda: read("/proc/self/root" + rita + "/README.md"),
    "memory by proc": lambda: read("/proc/%s/mem" % sibling),
    "list a home": lambda: os.listdir(out + "/home/otto"),
    "write outside": lambda: append(out + "/victim"),
    "write by a symlink": lambda: linked(out + "/victim", os.symlink),
    "write by a hard link": lambda: (os.unlink("link") if os.path.lexists("link") else 0, linked(out + "/victim", os.link)),
    "write by proc root": lambda: append("/proc/self/root" + out + "/victim"),
    "move out": lambda: (open("moved", "w").close(), os.rename("moved", out + "/moved")),
    "write a ref": lambda: append(otto + "/.git/refs/heads/evil"),
    "write packed refs": lambda: append(otto + "/.git/packed-refs"),
    "write a hook": lambda: append(otto + "/.git/hooks/evil"),
    "write settings": lambda: append(otto + "/.git/config"),
    "write an object": lambda: append(otto + "/.git/objects/evil"),
    "replace by a move": lambda: (open("new", "w").close(), os.rename("new", out + "/victim2")),
    "remove": lambda: os.remove(out + "/victim3"),
    "make a directory": lambda: os.mkdir(out + "/made"),
    "cut a file": lambda: os.truncate(out + "/victim", 0),
    "make a device": lambda: os.mknod("null", 0o20666, os.makedev(1, 3)),
    "agent": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, out + "/agent"),
    "abstract": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract),
    "datagram pair": pair,
    "tcp 4": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(tcp4))),
    "udp 4": lambda: send(socket.AF_INET, ("127.0.0.1", int(udp4))),
    "raw 4": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "tcp 6": lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ("::1", int(tcp6))),
    "udp 6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    "raw 6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58),
    "packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
    "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
    "kernel ciphers": lambda: socket.socket(38, socket.SOCK_SEQPACKET),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "ptrace": lambda: call(101, 16, int(sibling), 0, 0),
    "memory of another": memory,
    "descriptor of another": descriptor,
    "signal": lambda: os.kill(int(sibling), 0),
    "limits of another": lambda: __import__("resource").prlimit(int(sibling), 4, (0, -1)),
    "io_uring": lambda: call(425, 1, ctypes.create_string_buffer(120)),
    "namespace": lambda: call(272, 0x10000000),
    # Of a kind that there is not: whoever may mount is told so, and nothing is mounted.
    "mount": lambda: call(165, b"none", b".", b"no-such-kind", 0, 0),
    "bind mount": bind,
    "open tree": tree,
    "open by handle": handle,
    "bpf": lambda: call(321, 0, ctypes.create_string_buffer(128), 128),
    "perf": perf,
    "faults": lambda: call(323, 1),
    "enter a namespace": lambda: call(308, os.open("/proc/self/ns/uts", os.O_RDONLY), 0),
    "chroot": lambda: os.chroot("."),
    "keys": lambda: call(248, b"user", b"x", b"y", 1, -2),
    "shared memory": shared,
    "semaphores": semaphores,
    "messages": messages,
    "posix messages": posix_messages,
    "big file": big,
    "chown": chown,
    "other architecture": other,
    "x32": x32,
}
for name, attack in attacks.items():
    # In a process of its own: one that has entered a namespace fails at other things.
    if os.fork() == 0:
        try:
            attack()
            print(name, "done", sep=": ", flush=True)
        except OSError as error:
            print(name, error.errno, sep=": ", flush=True)
        os._exit(0)
    os.wait()

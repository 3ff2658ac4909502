"""Runs Python tools: one new child for each call, inside the sandbox that Parley started.

The supervisor never runs, reads or keeps what callers send. It forks a child that waits for one
request on the standard input, answers on the standard output and ends. So nothing of a call is left
for the next one, in memory or elsewhere, and what is imported here is warm for every call.

  request   one line of JSON: {"code", "arguments"}, or {"code"} to look at a tool without calling it
  answer    lines of a word and JSON: "output" with a text, any number; then "result" with any value,
            or "error" with a text
  end       a line with a number that nobody could know before the child was gone; the supervisor
            writes it here, and after the child's status to descriptor 3, which no child has
"""

import base64, bisect, calendar, collections, csv, datetime, decimal, fractions, functools, hashlib
import heapq, html, inspect, io, itertools, json, linecache, math, operator, random, re, statistics
import string, struct, textwrap, time, traceback, typing, unicodedata, urllib.parse, uuid
import ctypes, fcntl, gc, os, platform, resource, sys

MEBIBYTE = 1024 * 1024
LIMITS = (
    (resource.RLIMIT_AS, 256 * MEBIBYTE, 256 * MEBIBYTE),
    (resource.RLIMIT_CPU, 10, 11),
    (resource.RLIMIT_NPROC, 0, 0),
    (resource.RLIMIT_FSIZE, 0, 0),
    (resource.RLIMIT_NOFILE, 64, 64),
    (resource.RLIMIT_CORE, 0, 0),
)
MOST_RESULT = 2 * MEBIBYTE
MOST_OUTPUT = 64 * 1024
MOST_ERROR = 16 * 1024
CONTROL = 3
FILE = 'tool.py'


def supervise():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    filters = build_filters(platform.machine())
    # PR_SET_DUMPABLE: another process of the same user can then neither trace this one nor open its descriptors.
    control(libc, 4, 0)
    flags = fcntl.fcntl(1, fcntl.F_GETFL)
    gc.freeze()
    os.nice(10)
    tell(CONTROL, 'ready')
    while True:
        pid = os.fork()
        if pid == 0:
            os.close(CONTROL)
            serve(libc, filters)
        _, status = os.waitpid(pid, 0)
        # The child may have changed them: they belong to the pipe, which outlives it.
        fcntl.fcntl(1, fcntl.F_SETFL, flags)
        number = os.urandom(16).hex()
        tell(1, number)
        tell(CONTROL, f'{status} {number}')
        if status != 0:
            return


def tell(descriptor, line):
    data = f'{line}\n'.encode()
    while data:
        data = data[os.write(descriptor, data):]


def serve(libc, filters):
    status = 1
    try:
        request = read_request()
        confine(libc, filters)
        answer(request)
        status = 0
    finally:
        os._exit(status)


def read_request():
    parts = []
    while not parts or not parts[-1].endswith(b'\n'):
        part = os.read(0, 65536)
        if not part:
            os._exit(1)
        parts.append(part)
    return json.loads(b''.join(parts))


def confine(libc, filters):
    null = os.open('/dev/null', os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 2)
    os.close(null)
    for limit, soft, hard in LIMITS:
        resource.setrlimit(limit, (soft, hard))
    # PR_SET_NO_NEW_PRIVS, then PR_SET_SECCOMP with SECCOMP_MODE_FILTER.
    control(libc, 38, 1)
    program = ctypes.create_string_buffer(filters, len(filters))
    packed = struct.pack('@HP', len(filters) // 8, ctypes.addressof(program))
    descriptor = ctypes.create_string_buffer(packed, len(packed))
    control(libc, 22, 2, ctypes.addressof(descriptor))


def control(libc, option, value, pointer=0):
    if libc.prctl(option, value, pointer, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f'prctl {option}')


# What a calculation needs of the kernel. No process, no thread, no signal to others, no socket but
# a pair of one's own, no file but to read; what is not named here fails with "permission denied".
# (name, number on x86_64 or None, number on aarch64 or None)
CALLS = (
    ('read', 0, 63), ('write', 1, 64), ('open', 2, None), ('close', 3, 57), ('stat', 4, None),
    ('fstat', 5, 80), ('lstat', 6, None), ('poll', 7, None), ('lseek', 8, 62), ('mmap', 9, 222),
    ('mprotect', 10, 226), ('munmap', 11, 215), ('brk', 12, 214), ('rt_sigaction', 13, 134),
    ('rt_sigprocmask', 14, 135), ('rt_sigreturn', 15, 139), ('pread64', 17, 67),
    ('pwrite64', 18, 68), ('readv', 19, 65), ('writev', 20, 66), ('access', 21, None),
    ('pipe', 22, None), ('select', 23, None), ('sched_yield', 24, 124), ('mremap', 25, 216),
    ('madvise', 28, 233), ('dup', 32, 23), ('dup2', 33, None), ('nanosleep', 35, 101),
    ('getitimer', 36, 102), ('alarm', 37, None), ('setitimer', 38, 103), ('getpid', 39, 172),
    ('sendto', 44, 206), ('recvfrom', 45, 207), ('socketpair', 53, 199), ('exit', 60, 93),
    ('uname', 63, 160), ('getcwd', 79, 17), ('readlink', 89, None), ('gettimeofday', 96, 169),
    ('getrlimit', 97, 163), ('getrusage', 98, 165), ('sysinfo', 99, 179), ('times', 100, 153),
    ('getuid', 102, 174), ('getgid', 104, 176), ('geteuid', 107, 175), ('getegid', 108, 177),
    ('getppid', 110, 173), ('sigaltstack', 131, 132), ('gettid', 186, 178), ('time', 201, None),
    ('futex', 202, 98), ('sched_getaffinity', 204, 123), ('getdents64', 217, 61),
    ('restart_syscall', 219, 128), ('clock_gettime', 228, 113), ('clock_getres', 229, 114),
    ('clock_nanosleep', 230, 115), ('exit_group', 231, 94), ('epoll_wait', 232, None),
    ('epoll_ctl', 233, 21), ('openat', 257, 56), ('newfstatat', 262, 79), ('readlinkat', 267, 78),
    ('faccessat', 269, 48), ('pselect6', 270, 72), ('ppoll', 271, 73), ('epoll_pwait', 281, 22),
    ('epoll_create1', 291, 20), ('dup3', 292, 24), ('pipe2', 293, 59), ('getrandom', 318, 278),
    ('statx', 332, 291), ('rseq', 334, 293), ('faccessat2', 439, 439),
)
FCNTL = {'x86_64': 72, 'aarch64': 25}
IOCTL = {'x86_64': 16, 'aarch64': 29}
ARCHITECTURE = {'x86_64': 0xC000003E, 'aarch64': 0xC00000B7}
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC.
FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)
# FIONBIO, for the loop of asyncio.
IOCTL_COMMANDS = (0x5421,)


def build_filters(machine):
    if machine not in ARCHITECTURE:
        raise SystemExit(f'no system call filter for {machine}')
    numbers = [row[1 if machine == 'x86_64' else 2] for row in CALLS]
    allow, refuse, kill = 0x7FFF0000, 0x00050000 | 13, 0x80000000
    load, equal, give = 0x20, 0x15, 0x06
    program = [
        (load, 0, 0, 4), (equal, 1, 0, ARCHITECTURE[machine]), (give, 0, 0, kill), (load, 0, 0, 0),
    ]
    for number in numbers:
        if number is not None:
            program += [(equal, 0, 1, number), (give, 0, 0, allow)]
    for number, commands in ((FCNTL[machine], FCNTL_COMMANDS), (IOCTL[machine], IOCTL_COMMANDS)):
        # The low half of the second argument; then the number of the call again.
        program += [(equal, 0, 2 * len(commands) + 2, number), (load, 0, 0, 24)]
        for command in commands:
            program += [(equal, 0, 1, command), (give, 0, 0, allow)]
        program += [(load, 0, 0, 0)]
    program += [(give, 0, 0, refuse)]
    return b''.join(struct.pack('=HBBI', *instruction) for instruction in program)


def answer(request):
    output = Output()
    sys.stdout = sys.stderr = output
    try:
        value = call(request)
        text = json.dumps(value, allow_nan=False)
        if len(text) > MOST_RESULT:
            raise ValueError(f'the result has {len(text)} characters of JSON; at most {MOST_RESULT}')
    except BaseException as error:
        kind, text = 'error', json.dumps(describe(error))
    else:
        kind = 'result'
    output.send()
    tell(1, f'{kind} {text}')


def call(request):
    code = request['code']
    linecache.cache[FILE] = (len(code), None, code.splitlines(True), FILE)
    module = {'__name__': 'tool', '__builtins__': __builtins__}
    exec(compile(code, FILE, 'exec', dont_inherit=True), module)
    execute, run = module.get('execute'), module.get('run')
    if not callable(execute) and not callable(run):
        raise LookupError('the code defines no function execute(args) and no function run(**args)')
    if 'arguments' not in request:
        return None
    arguments = request['arguments']
    value = execute(arguments) if callable(execute) else run(**arguments)
    if inspect.isawaitable(value):
        import asyncio
        return asyncio.run(settle(value))
    return value


async def settle(value):
    return await value


def describe(error):
    try:
        told = traceback.TracebackException.from_exception(error, limit=-24)
        hide_own_frames(told)
        text = ''.join(told.format() if told.stack else told.format_exception_only())
    except BaseException:
        text = type(error).__name__
    half = MOST_ERROR // 2
    return text if len(text) <= MOST_ERROR else f'{text[:half]}\n[…]\n{text[-half:]}'


def hide_own_frames(told):
    while told is not None:
        frames = [frame for frame in told.stack if frame.filename != '<string>']
        told.stack = traceback.StackSummary.from_list(frames)
        if told.__cause__ is not None:
            hide_own_frames(told.__cause__)
        told = told.__context__


class Output(io.TextIOBase):
    """What the tool prints, in few frames, and cut after MOST_OUTPUT characters."""

    def __init__(self):
        self.parts, self.size, self.left, self.next = [], 0, MOST_OUTPUT, 0.0

    def writable(self):
        return True

    def write(self, text):
        text = str(text)
        if self.left > 0:
            self.parts.append(text[:self.left])
            self.size += len(self.parts[-1])
            self.left -= len(self.parts[-1])
            if self.left == 0:
                self.parts.append('\n[cut: the output is too long]\n')
            if self.size >= 8192 or (time.monotonic() >= self.next and text.endswith('\n')):
                self.send()
        return len(text)

    def send(self):
        if self.parts:
            text = json.dumps(''.join(self.parts))
            self.parts, self.size, self.next = [], 0, time.monotonic() + 0.5
            tell(1, f'output {text}')


supervise()

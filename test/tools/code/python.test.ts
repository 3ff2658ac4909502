import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCodeRunner } from '#tools/code/code-runner.ts'
import { callCode, outputOf } from './code-calls.ts'

const runner = await openCodeRunner({ isEnabled: true, size: 4 })
afterAll(() => runner.close())

const { python } = runner.support
const title = python.isAvailable ? 'Python' : `Python (skipped: ${python.why})`
const call = (code: string, options = {}) => callCode(runner, 'python', code, options)
const body = (...lines: string[]) =>
  ['def execute(args):', ...lines.map((line) => `  ${line}`)].join('\n')

let reached = 0
let port = 0
const door = createServer((socket) => {
  reached += 1
  socket.destroy()
})
beforeAll(async () => {
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  const address = door.address()
  port = typeof address === 'object' && address ? address.port : 0
})
afterAll(async () => {
  await new Promise((resolve) => door.close(resolve))
})

describe.skipIf(!python.isAvailable)(title, () => {
  test('execute gets the arguments and any JSON comes back', async () => {
    expect(
      await call(body('return args'), { args: { a: [1, 2.5, null, 'é', { b: true }] } }),
    ).toEqual({
      type: 'result',
      is_error: false,
      output: '{"a":[1,2.5,null,"é",{"b":true}]}',
      structured: { a: [1, 2.5, null, 'é', { b: true }] },
    })
    expect(await call('def run(a, b=2): return a * b', { args: { a: 4 } })).toMatchObject({
      output: '8',
    })
    expect(await call(body('return "plain"'))).toEqual({
      type: 'result',
      is_error: false,
      output: 'plain',
    })
    const waits = 'import asyncio\nasync def execute(args):\n  await asyncio.sleep(0)\n  return 5'
    expect(await call(waits)).toMatchObject({ output: '5' })
  })

  test('what it prints is progress', async () => {
    const printed: string[] = []
    await call(body('import sys', 'print("one")', 'print("two", file=sys.stderr)'), {
      onOutput: (text: string) => printed.push(text),
    })
    expect(printed.join('')).toBe('one\ntwo\n')
  })

  test('an error is told with its own lines and none of ours', async () => {
    const outcome = await call(body('return 1 / args["by"]'), { args: { by: 0 } })
    expect(outcome).toMatchObject({ is_error: true })
    expect(outputOf(outcome)).toMatch(
      /^Traceback .*\n {2}File "tool.py", line 2, in execute\n {4}return 1 \/ args\["by"\]\n[\s\S]*ZeroDivisionError: division by zero\n$/,
    )
    expect(outputOf(outcome)).not.toContain('<string>')
  })

  const libc = 'import ctypes; libc = ctypes.CDLL(None, use_errno=True)'
  const syscall = (number: number, ...args: number[]) => [
    libc,
    `if libc.syscall(${[number, ...args].join(', ')}) != -1: return "out"`,
    'raise OSError(ctypes.get_errno(), "refused")',
  ]
  const x64 = process.arch === 'x64'

  async function expectRefusal(lines: string[], refusal: string) {
    const outcome = await call(body(...lines), { args: { port } })
    expect(outputOf(outcome)).toContain(refusal)
    expect(outcome).toMatchObject({ is_error: true })
    expect(reached).toBe(0)
    expect(await call(body('return "fine"'))).toMatchObject({ output: 'fine' })
  }

  test.each([
    ['a file of the host', ['return open("/etc/passwd").read()'], 'FileNotFoundError'],
    [
      'this file',
      [`return open(${JSON.stringify(import.meta.filename)}).read()`],
      'FileNotFoundError',
    ],
    [
      'the root of another process',
      ['import os', 'return os.listdir("/proc/1/root")'],
      'FileNotFoundError',
    ],
    [
      'its own descriptors',
      ['import os', 'return os.listdir("/proc/self/fd")'],
      'FileNotFoundError',
    ],
    ['a symbolic link', ['import os', 'os.symlink("/etc", "/x")'], 'PermissionError'],
    ['a new file', ['open("/x", "w")'], 'Read-only file system'],
    ['a temporary file', ['import tempfile', 'tempfile.TemporaryFile()'], 'FileNotFoundError'],
    ['a directory', ['import os', 'os.mkdir("/x")'], 'PermissionError'],
    [
      'TCP on loopback',
      ['import socket', 'socket.create_connection(("127.0.0.1", args["port"]))'],
      'PermissionError',
    ],
    ['a name', ['import socket', 'return socket.getaddrinfo("localhost", 80)'], 'gaierror'],
    ['a unix socket', ['import socket', 'socket.socket(socket.AF_UNIX)'], 'PermissionError'],
    [
      'a netlink socket',
      ['import socket', 'socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)'],
      'PermissionError',
    ],
    ['a fork', ['import os', 'while True: os.fork()'], 'PermissionError'],
    [
      'a program',
      ['import subprocess', 'subprocess.run(["/usr/bin/python3", "-V"])'],
      'PermissionError',
    ],
    [
      'another program in its place',
      ['import os', 'os.execv("/usr/bin/python3", ["python3", "-V"])'],
      'PermissionError',
    ],
    [
      'a thread',
      ['import threading', 'threading.Thread(target=print).start()'],
      'start new thread',
    ],
    ['a signal to its parent', ['import os', 'os.kill(os.getppid(), 9)'], 'PermissionError'],
    ['a signal to all', ['import os', 'os.kill(-1, 9)'], 'PermissionError'],
    [
      'ptrace',
      [
        libc,
        'if libc.ptrace(16, 2, 0, 0) == 0: return "out"',
        'raise OSError(ctypes.get_errno(), "refused")',
      ],
      'PermissionError',
    ],
    ['the memory of its parent', syscall(x64 ? 310 : 270, 2, 0, 0, 0, 0, 0), 'PermissionError'],
    ['a namespace', syscall(x64 ? 272 : 97, 0x10000000), 'PermissionError'],
    ['a mount', syscall(x64 ? 165 : 40, 0, 0, 0, 0, 0), 'PermissionError'],
    ['io_uring', syscall(425, 1, 0), 'PermissionError'],
    ['a user namespace by clone3', syscall(435, 0, 0), 'PermissionError'],
    ['shared memory that stays', syscall(x64 ? 29 : 194, 0, 4096, 0o1777), 'PermissionError'],
    [
      'higher limits',
      ['import resource', 'resource.setrlimit(resource.RLIMIT_CPU, (11, 11))'],
      'PermissionError',
    ],
    ['600 MB', ['return len(bytearray(600 * 1024 * 1024))'], 'MemoryError'],
    [
      'memory in small pieces',
      ['kept = []', 'while True: kept.append(bytearray(100000))'],
      'MemoryError',
    ],
  ])('%s is out of reach', async (_, lines, refusal) => await expectRefusal(lines, refusal))

  test.each([
    ['endless recursion', ['return execute(args)'], 'RecursionError'],
    [
      'a result without end',
      ['value = []', 'for _ in range(100000): value = [value]', 'return value'],
      'Recursion',
    ],
    [
      'a result that is too deep',
      ['value = []', 'for _ in range(100): value = [value]', 'return value'],
      'nested deeper than 64',
    ],
    ['a result that is too long', ['return "x" * 3000000'], 'at most 2097152'],
    ['a result that is no JSON', ['return float("nan")'], 'Out of range float'],
    ['the end of the process', ['import os', 'os._exit(0)'], 'did not end as it should'],
    ['an early exit', ['import sys', 'sys.exit("bye")'], 'SystemExit: bye'],
    ['a crash', ['import ctypes', 'ctypes.string_at(0)'], 'crashed Python (signal 11)'],
    ['a closed pipe', ['import os', 'os.close(1)'], 'instead of returning'],
    [
      'a forged answer',
      ['import os', 'os.write(1, b"result 1\\n")', 'return 2'],
      'wrote to the pipe',
    ],
    [
      'an answer that is no JSON',
      [
        'import os',
        'left = b\'result "\' + b\'\\\\"\' * 1000000 + b"\\n"',
        'while left: left = left[os.write(1, left):]',
        'os._exit(0)',
      ],
      'is not JSON',
    ],
    [
      'a forged end',
      ['import os', 'os.write(1, b"result 1\\n" + b"0" * 32 + b"\\n")', 'return 2'],
      'wrote to the pipe',
    ],
    [
      'another answer than ours',
      ['import os', 'os.write(1, b"\\xff\\x00{")', 'return 2'],
      'wrote to the pipe',
    ],
    ['a flood', ['import os', 'while True: os.write(1, b"x" * 65536)'], 'wrote more than it may'],
    [
      'a flood of lines',
      ['import os', 'while True: os.write(1, b"output \\"x\\"\\n")'],
      'wrote more than it may',
    ],
  ])(
    '%s is an error, and the next call works',
    async (_, lines, refusal) => await expectRefusal(lines, refusal),
  )

  test('it sees no environment, no user, no other process and only the files of Python', async () => {
    const look = body(
      'import os',
      'return {"names": sorted(os.environ), "root": sorted(os.listdir("/")), "uid": os.getuid(),',
      '  "dev": os.listdir("/dev"), "usr": sorted(os.listdir("/usr")), "host": os.uname().nodename}',
    )
    expect(await call(look)).toMatchObject({
      structured: {
        names: ['LC_CTYPE', 'PWD'],
        root: expect.not.arrayContaining(['etc', 'proc', 'home', 'root', 'tmp', 'work']),
        uid: 65534,
        dev: ['null'],
        usr: expect.not.arrayContaining(['local', 'src', 'sbin']),
        host: 'sandbox',
      },
    })
  })

  test('it inherits no descriptor but its pipes', async () => {
    const look = body(
      'import os',
      'found = []',
      'for number in range(64):',
      '  try: os.fstat(number)',
      '  except OSError: continue',
      '  found.append(number)',
      'return found',
    )
    expect(await call(look)).toMatchObject({ structured: [0, 1, 2] })
  })

  test('a flood of output is cut, and the server keeps none of it', async () => {
    let printed = 0
    const before = process.memoryUsage().rss
    const outcome = await call(
      body('for _ in range(1000): print("x" * 1000000)', 'return "done"'),
      {
        onOutput: (text: string) => {
          printed += text.length
        },
      },
    )
    const silent = await call(
      body('import os', 'for _ in range(16384): os.write(2, b"x" * 65536)', 'return "done"'),
    )
    expect([outputOf(outcome), outputOf(silent)]).toEqual(['done', 'done'])
    expect(printed).toBeLessThan(70_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })

  test('nothing that a call changes is there in the next one', async () => {
    const leave = [
      'import builtins, json, os, sys',
      'def execute(args):',
      '  builtins.left = json.left = sys.left = 1',
      '  json.dumps = lambda *a, **k: "1"',
      '  os.set_blocking(1, False)',
      '  return 1',
    ].join('\n')
    await call(leave)
    const find = body(
      'import builtins, json, sys',
      'found = [hasattr(place, "left") for place in (builtins, json, sys)]',
      'return found',
    )
    expect(await call(find)).toMatchObject({ structured: [false, false, false] })
    expect(await call(body('return ["x" * 1000000]'))).toMatchObject({ is_error: false })
  })

  test('text that cannot be stored is replaced, and __proto__ is only left out', async () => {
    const outcome = await call(
      body('return {"a\\x00": "b\\x00\\ud800c", "__proto__": {"polluted": 1}, "constructor": 2}'),
    )
    expect(outcome).toMatchObject({
      output: '{"a\uFFFD":"b\uFFFD\uFFFDc","constructor":2}',
      structured: { 'a\uFFFD': 'b\uFFFD\uFFFDc', constructor: 2 },
    })
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(outputOf(await call(body('raise ValueError("a\\x00\\ud800")')))).toContain(
      'a\uFFFD\uFFFD',
    )
  })

  test('an endless computation ends by itself, also when it ignores the warning', async () => {
    const stubborn = body(
      'import signal',
      'signal.signal(signal.SIGXCPU, signal.SIG_IGN)',
      'while True: pass',
    )
    const [loop, ignoring] = await Promise.all([
      call(body('while True: pass'), { session: 'a' }),
      call(stubborn, { session: 'b' }),
    ])
    expect(outputOf(loop)).toContain('computed for more than 10 s')
    expect(outputOf(ignoring)).toContain('used more than it may')
  }, 120_000)

  test('a call that is aborted is killed, while those of other sessions go on', async () => {
    const abort = new AbortController()
    const sleep = body('import time', 'print("started")', 'time.sleep(3600)')
    const started: Promise<void>[] = []
    const sleeping = [1, 2, 3].map((number) => {
      const begun = Promise.withResolvers<void>()
      if (number < 3) started.push(begun.promise)
      return call(sleep, { signal: abort.signal, onOutput: () => begun.resolve() })
    })
    await Promise.all(started)
    // The third waits: one session has at most half of the four places.
    expect(await call(body('return "fine"'), { session: 'other' })).toMatchObject({
      output: 'fine',
    })
    abort.abort(new Error('cancelled'))
    const ends = await Promise.allSettled(sleeping)
    expect(ends.map((end) => end.status === 'rejected' && end.reason.message)).toEqual(
      Array(3).fill('cancelled'),
    )
  })

  test('code is looked at where it would run', async () => {
    const check = (code: string) => runner.check({ name: 'a', language: 'python', code })
    expect(await check(body('return 1'))).toEqual([])
    expect(await check('def execute(args) return 1')).toEqual([
      {
        path: 'python_code',
        message: expect.stringMatching(/line 1[\s\S]*SyntaxError: expected ':'$/),
      },
    ])
    expect(await check('x = 1')).toEqual([
      { path: 'python_code', message: expect.stringContaining('no function execute(args)') },
    ])
    expect(await check('import not_there\ndef execute(args): pass')).toEqual([
      { path: 'python_code', message: expect.stringContaining("No module named 'not_there'") },
    ])
    expect(await check(`${'('.repeat(100_000)}`)).toHaveLength(1)
  })
})

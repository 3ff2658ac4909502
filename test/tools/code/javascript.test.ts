import { afterAll, expect, test } from 'vitest'
import { openCodeRunner } from '#tools/code/code-runner.ts'
import { callCode, outputOf } from './code-calls.ts'

const nowhere = { bubblewrap: '/nowhere/bwrap', python: '/nowhere/python3' }
const runner = await openCodeRunner({ isEnabled: true, size: 2, paths: nowhere })
afterAll(() => runner.close())

const call = (code: string, options = {}) => callCode(runner, 'javascript', code, options)
const body = (text: string) => `export function execute(args) { ${text} }`

test('execute gets the arguments and any JSON comes back', async () => {
  const args = { a: [1, 2.5, null, 'é', { b: true }] }
  expect(await call(body('return args'), { args })).toEqual({
    type: 'result',
    is_error: false,
    output: '{"a":[1,2.5,null,"é",{"b":true}]}',
    structured: args,
  })
  const later = 'export async function execute() { await null; return "later" }'
  expect(await call(later)).toEqual({ type: 'result', is_error: false, output: 'later' })
  expect(await call(body(''))).toMatchObject({ output: 'null' })
})

test('what it logs is progress', async () => {
  let printed = ''
  const onOutput = (text: string) => {
    printed += text
  }
  await call(body('console.log("one", { two: 2 }, undefined); console.error(Symbol("s"))'), {
    onOutput,
  })
  expect(printed).toBe('one {"two":2} undefined\nSymbol(s)\n')
})

test('an error is told with its place in the code', async () => {
  const outcome = await call('export const execute = (args) => {\n  return args.by.way\n}')
  expect(outcome).toMatchObject({ is_error: true })
  expect(outputOf(outcome)).toMatch(/^TypeError: .*\n {4}at execute \(tool\.js:2:/)
})

test.each([
  ['process', 'return process.env'],
  ['require', 'return require("fs")'],
  ['fetch', 'return fetch("http://127.0.0.1")'],
  ['a timer', 'return setTimeout(() => {}, 1)'],
  ['the host by a constructor', 'return console.log.constructor("return process")()'],
  [
    'the host by an error',
    'try { null.x } catch (e) { return e.constructor.constructor("return process")() }',
  ],
  ['the host by the print function', 'return args.constructor.constructor("return process")()'],
  ['a worker', 'return new Worker("x")'],
  ['WebAssembly', 'return new WebAssembly.Memory({ initial: 1 })'],
])('%s is not there', async (_, text) => {
  expect(outputOf(await call(body(text)))).toMatch(/^ReferenceError: '?\w+'? is not defined/)
})

test.each([
  [
    'a module of the host',
    'import fs from "node:fs"; export const execute = () => fs',
    'could not load module',
  ],
  ['a dynamic import', 'export const execute = () => import("node:fs")', 'could not load module'],
  ['an array that grows', body('const a = []; for (;;) a.push(new Array(1000).fill(1))'), 'memory'],
  ['a text that grows', body('let a = "x"; for (;;) a += a'), ''],
  ['a large buffer', body('return new Uint8Array(600 * 1024 * 1024).length'), ''],
  ['many buffers', body('const a = []; for (;;) a.push(new ArrayBuffer(1000000))'), 'memory'],
  ['endless recursion', body('return execute(args)'), 'stack overflow'],
  [
    'a deep value',
    body('let a = []; for (let i = 0; i < 100; i++) a = [a]; return a'),
    'nested deeper than 64',
  ],
  ['a value without end', body('const a = []; a.push(a); return a'), 'circular'],
  ['a very deep value', body('let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a'), ''],
  ['a long result', body('return "x".repeat(3000000)'), 'more than 2097152'],
  ['a number that JSON lacks', body('return 10n'), 'BigInt'],
  ['a promise without end', 'export const execute = () => new Promise(() => {})', 'never settled'],
  ['something thrown that is no error', body('throw { a: 1 }'), 'Thrown: {"a":1}'],
  [
    'an error that fails to be told',
    body('throw Object.create(Error.prototype, { name: { get() { throw 1 } } })'),
    'cannot be shown',
  ],
  [
    'a changed prototype',
    body('Object.prototype.toJSON = () => { throw new Error("mine") }; return {}'),
    'mine',
  ],
  ['a changed JSON', body('JSON.stringify = () => "forged"; throw new Error("mine")'), 'mine'],
])('%s is an error, and the next call works', async (_, code, told) => {
  const outcome = await call(code)
  expect(outcome).toMatchObject({ is_error: true })
  expect(outputOf(outcome)).toContain(told)
  expect(await call(body('return "fine"'))).toMatchObject({ output: 'fine' })
})

test('nothing that a call changes is there in the next one', async () => {
  await call(body('globalThis.left = 1; Array.prototype.left = 1; JSON.parse = 1; return 1'))
  expect(await call(body('return [typeof left, typeof [].left, typeof JSON.parse]'))).toMatchObject(
    {
      structured: ['undefined', 'undefined', 'function'],
    },
  )
})

test('text that cannot be stored is replaced, and __proto__ is only left out', async () => {
  const outcome = await call(
    body(
      'return JSON.parse(\'{"a\\\\u0000":"b\\\\u0000\\\\ud800c","__proto__":{"polluted":1},"constructor":2}\')',
    ),
  )
  expect(outcome).toMatchObject({
    output: '{"a\uFFFD":"b\uFFFD\uFFFDc","constructor":2}',
    structured: { 'a\uFFFD': 'b\uFFFD\uFFFDc', constructor: 2 },
  })
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
  expect(outputOf(await call(body('throw new Error("a\\0\\ud800b")')))).toContain('a\uFFFD\uFFFDb')
})

test('a flood of output is cut, and the server keeps none of it', async () => {
  let printed = 0
  const before = process.memoryUsage().rss
  const onOutput = (text: string) => {
    printed += text.length
  }
  const flood = body(
    'const x = "x".repeat(1e6); for (let i = 0; i < 1000; i++) console.log(x); return 1',
  )
  expect(await call(flood, { onOutput })).toMatchObject({ output: '1' })
  expect(printed).toBeLessThan(70_000)
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024)
})

test('an endless computation ends by itself, also one of promises', async () => {
  const chain = 'export async function execute() { for (;;) await null }'
  const [loop, promises] = await Promise.all([
    call(body('for (;;) {}'), { session: 'a' }),
    call(chain, { session: 'b' }),
  ])
  expect(outputOf(loop)).toContain('computed for more than 10 s')
  expect(outputOf(promises)).toContain('computed for more than 10 s')
}, 120_000)

test('a call that is aborted is killed, while those of other sessions go on', async () => {
  const abort = new AbortController()
  const begun = Promise.withResolvers<void>()
  const loop = body('console.log("started"); for (;;) {}')
  const options = { signal: abort.signal, onOutput: () => begun.resolve() }
  const looping = [call(loop, options), call(loop, options)]
  await begun.promise
  // The second waits: one session has at most half of the two places.
  expect(await call(body('return "fine"'), { session: 'other' })).toMatchObject({ output: 'fine' })
  abort.abort(new Error('cancelled'))
  const ends = await Promise.allSettled(looping)
  expect(ends.map((end) => end.status === 'rejected' && end.reason.message)).toEqual([
    'cancelled',
    'cancelled',
  ])
})

test('code is looked at where it would run', async () => {
  const check = (code: string) => runner.check({ name: 'a', language: 'javascript', code })
  expect(await check(body('return 1'))).toEqual([])
  expect(await check('export function execute( {')).toEqual([
    { path: 'javascript_code', message: expect.stringContaining('SyntaxError') },
  ])
  expect(await check('function execute() {}')).toEqual([
    { path: 'javascript_code', message: expect.stringContaining('export function execute(args)') },
  ])
})

test('without bubblewrap and Python, a Python tool is refused with what to install', async () => {
  const why = expect.stringContaining('apt-get install bubblewrap python3')
  expect(runner.support).toEqual({
    javascript: { isAvailable: true, engine: 'JavaScript in QuickJS' },
    python: { isAvailable: false, why },
  })
  const check = runner.check({ name: 'a', language: 'python', code: 'def execute(args): pass' })
  await expect(check).rejects.toMatchObject({ code: 'code_disabled', message: why })
  const outcome = callCode(runner, 'python', 'def execute(args): pass')
  await expect(outcome).rejects.toThrow('apt-get install bubblewrap python3')
})

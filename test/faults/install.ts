import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { applyEdits, type Edit } from './patch.ts'
import { editOf, findPoint } from './points.ts'
import { findBug } from './seeded-bugs.ts'

/** What happens at a fault point, at its `nth` passage in this process; null: at each. */
export type Fault = {
  point: string
  action:
    | { type: 'kill' }
    | { type: 'stop' }
    | { type: 'throw' }
    | { type: 'delay'; milliseconds: number }
  nth: number | null
}

declare global {
  /** What the sources call at their fault points. */
  var parleyFault: (point: string) => Promise<void> | void
}

const repository = new URL('../../', import.meta.url)

/** Changes the sources that this process is about to load. Throws when one of the changes does not fit. */
export function install({
  faults,
  bug,
  log,
  clockOffset,
}: {
  faults: Fault[]
  bug: string | undefined
  /** The file that says which faults have fired. */
  log: string | undefined
  /** Milliseconds that this process's calendar is ahead. */
  clockOffset: number
}): void {
  const points = new Set(faults.map((fault) => fault.point))
  // A bug may stand where a point is looked for, so it comes first.
  const edits = [
    ...(bug === undefined ? [] : findBug(bug).edits),
    ...[...points].map((name) => editOf(findPoint(name))),
  ]
  patchSources(edits)
  globalThis.parleyFault = createFaults({ faults, log })
  if (clockOffset !== 0) shiftClock(clockOffset)
}

/** `name:action:nth`, several with commas: `call.executed:kill:1`, `journal.committed:delay 200:*`. */
export function parseFaults(text: string): Fault[] {
  return text.split(',').map((part) => {
    const match = /^([\w.-]+):(kill|stop|throw|delay (\d+)):([1-9]\d*|\*)$/.exec(part.trim())
    if (!match) {
      throw new Error(
        `${part} is no fault; write name:action:nth, where action is kill, stop, throw or ` +
          '"delay MILLISECONDS", and nth counts from 1 or is * for each time',
      )
    }
    const [, point = '', action = '', milliseconds, nth] = match
    findPoint(point)
    return { point, action: toAction(action, milliseconds), nth: nth === '*' ? null : Number(nth) }
  })
}

function toAction(action: string, milliseconds: string | undefined): Fault['action'] {
  if (action === 'kill' || action === 'stop' || action === 'throw') return { type: action }
  return { type: 'delay', milliseconds: Number(milliseconds) }
}

/** Rewrites TypeScript before its types are taken away. */
function patchSources(edits: Edit[]): void {
  const sources = new Map<string, string>()
  for (const file of new Set(edits.map((edit) => edit.file))) {
    const { href } = new URL(file, repository)
    const own = edits.filter((edit) => edit.file === file)
    sources.set(href, applyEdits(readFileSync(new URL(href), 'utf8'), own))
  }
  if (sources.size === 0) return
  registerHooks({
    load(url, context, nextLoad) {
      const source = sources.get(url)
      if (source === undefined) return nextLoad(url, context)
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}

function createFaults({
  faults,
  log,
}: {
  faults: Fault[]
  log: string | undefined
}): (point: string) => Promise<void> | void {
  const passages = new Map<string, number>()
  return (point) => {
    const passage = (passages.get(point) ?? 0) + 1
    passages.set(point, passage)
    const fault = faults.find(
      (each) => each.point === point && (each.nth === null || each.nth === passage),
    )
    if (!fault) return
    if (log !== undefined) note(log, `${point}:${fault.action.type}:${passage} ${process.pid}`)
    return act(fault)
  }
}

/** On the disk before anything happens. */
function note(log: string, line: string): void {
  const file = openSync(log, 'a')
  writeSync(file, `${line}\n`)
  fsyncSync(file)
  closeSync(file)
}

function act({ point, action }: Fault): Promise<void> | void {
  switch (action.type) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL')
      return
    case 'stop':
      process.kill(process.pid, 'SIGSTOP')
      return
    case 'throw':
      throw new Error(`A fault was thrown at ${point}`)
    case 'delay': {
      const { waits } = findPoint(point)
      if (waits) return setTimeout(action.milliseconds)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, action.milliseconds)
    }
  }
}

/** The calendar alone: timers and `performance` go on as they did. */
function shiftClock(offset: number): void {
  const RealDate = globalThis.Date
  const now = () => RealDate.now() + offset
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, values, made) =>
      Reflect.construct(target, values.length > 0 ? values : [now()], made),
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  })
}

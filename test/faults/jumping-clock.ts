import { appendFileSync } from 'node:fs'

// A preload: on SIGUSR2 the calendar of this process jumps by PARLEY_CLOCK_JUMP milliseconds, and the
// next time back. Timers and `performance` go on as they did.
const RealDate = globalThis.Date
const jump = Number(process.env.PARLEY_CLOCK_JUMP)
let offset = 0
const now = () => RealDate.now() + offset

globalThis.Date = new Proxy(RealDate, {
  construct: (target, values, made) =>
    Reflect.construct(target, values.length > 0 ? values : [now()], made),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})

process.on('SIGUSR2', () => {
  offset = offset === 0 ? jump : 0
  appendFileSync(process.env.PARLEY_FAULT_LOG ?? '', `clock ${offset} ${process.pid}\n`)
})

import { parseArgs } from 'node:util'

export type Options = {
  seed: number
  long: boolean
  /** Promises or names of trials; empty: all. */
  only: string[]
  /** How often each kind of trial is made; undefined: as often as its tier says. */
  trials: number | undefined
  /** A figure above its limit ends the command with 1, too. */
  strict: boolean
  /** A trial that fails is made once more, and counts when it fails again. */
  confirm: boolean
  /** Where the report goes as JSON and Markdown; undefined: only to the terminal. */
  report: string | undefined
}

export const usage = `npm run faults [-- OPTIONS]

  --long           many trials of each kind, for hours
  --only NAME      a promise (R5) or a kind of trial (pause); may be repeated
  --trials N       so many trials of each kind
  --seed N         begin at this seed; trial number i of each kind has seed N + i
  --strict         end with 1 also when a figure is above its limit
  --confirm        make a trial that fails once more: it counts when it fails again
  --report FILE    write FILE.json and FILE.md, too
`

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      long: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      trials: { type: 'string' },
      strict: { type: 'boolean', default: false },
      confirm: { type: 'boolean', default: false },
      report: { type: 'string' },
    },
  })
  return {
    seed: values.seed === undefined ? Date.now() % 1_000_000 : toCount('--seed', values.seed),
    long: values.long,
    only: values.only,
    trials: values.trials === undefined ? undefined : toCount('--trials', values.trials),
    strict: values.strict,
    confirm: values.confirm,
    report: values.report,
  }
}

function toCount(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`${name} takes a whole number, not ${JSON.stringify(text)}`)
}

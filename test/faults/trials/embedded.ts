import { killTrials } from '../../store/kill-trials.ts'
import { runServer } from '../../support/process.ts'
import type { Violation } from '../evidence.ts'
import { openHouse } from '../house.ts'
import type { Figure, Trial } from '../trial.ts'

/** `kill -9` of a process that opens, migrates and writes, again and again in one directory. */
export const embeddedKills: Trial = {
  name: 'embedded-kills',
  promises: ['R17'],
  database: 'embedded',
  quick: 1,
  long: 1,
  async run({ random }) {
    const trials = process.argv.includes('--long') ? 500 : 8
    const { kills, lost } = await killTrials({ trials, random })
    const violations: Violation[] = lost.map((row) => ({
      promise: 'R17',
      what: `${row} was acknowledged and is lost`,
    }))
    return { violations, fired: kills, figures: [] }
  },
}

/** A second process on the same directory. */
export const secondOpener: Trial = {
  name: 'second-opener',
  promises: ['R17'],
  database: 'embedded',
  quick: 1,
  long: 20,
  async run() {
    const house = await openHouse({})
    try {
      const { directory } = house
      const args = ['--data-dir', `${directory}/data`, '--listen', '127.0.0.1:0']
      const { code, errors, milliseconds } = await runServer(
        [`${directory}/assistant.yaml`, ...args],
        house,
      )
      const said = /is in use by another process/.test(errors)
      const violations: Violation[] =
        code === 1 && said
          ? []
          : [{ promise: 'R17', what: `the second one ended with ${code}: ${errors}` }]
      const figures: Figure[] = [
        { promise: 'R17', name: 'second opener', value: milliseconds, limit: 2000, unit: 'ms' },
      ]
      return { violations, fired: 1, figures }
    } finally {
      await house.close()
    }
  },
}

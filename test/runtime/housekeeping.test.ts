import { expect, onTestFinished, test } from 'vitest'
import { createHousekeeping, type Retention } from '#runtime/housekeeping.ts'
import type { ExpiredSession } from '#store/session-expiry.ts'

const session: ExpiredSession = {
  id: 'ses_1',
  tenant: 'acme',
  owner: 'ada',
  agent: 'helper',
  agent_name: 'root',
  working_dir: null,
}

test('idle sessions are looked for until none is left, and each is told', async () => {
  const { asked, told, until } = startHousekeeping({ answers: [[session], [session], []] })
  await until(3)
  expect(asked).toEqual(Array(3).fill({ idleFor: 1, limit: 50 }))
  expect(told).toEqual([session, session])
})

test('a look that failed is said, and there is another', async () => {
  const { warnings, told, until } = startHousekeeping({
    answers: [new Error('away'), [session], []],
  })
  await until(3)
  expect(warnings).toEqual(['could not remove idle sessions'])
  expect(told).toEqual([session])
})

test('stop waits for what is under way, and nothing is begun after it', async () => {
  const { asked, until, stop } = startHousekeeping({ answers: [[session], [session], []] })
  await until(1)
  await stop()
  expect(asked).toHaveLength(1)
})

/** Housekeeping of sessions alone; a look that has no answer left finds nothing. */
function startHousekeeping({ answers }: { answers: (ExpiredSession[] | Error)[] }) {
  const asked: object[] = []
  const told: ExpiredSession[] = []
  const warnings: string[] = []
  let watch = () => {}
  const nothing = async () => 0
  const retention: Retention = { events: 0, sessions: 1 }
  const { start, stop } = createHousekeeping({
    rows: {
      removeExpiredKeys: nothing,
      removeExpiredTokens: nothing,
      expireEvents: nothing,
      async expireSessions(request) {
        asked.push(request)
        watch()
        const answer = answers.shift() ?? []
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    retention,
    onExpired: (expired) => void told.push(expired),
    log: { warn: (message) => void warnings.push(message) },
  })
  start()
  onTestFinished(stop)
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      watch = () => {
        if (asked.length >= count) resolve()
      }
      watch()
    })
  return { asked, told, warnings, until, stop }
}

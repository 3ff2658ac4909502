import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createArchiver } from '#runtime/archiver.ts'
import { createDeliveries } from '#store/deliveries.ts'
import { readFinishedTurn } from '#store/finished-turn.ts'
import { networkRules } from '#tools/guarded-connection.ts'
import { createArchiveEndpoint } from '../../src/archive-endpoint.ts'
import { readSigningKeys } from '../../src/webhook-signature.ts'
import { openStore } from '../store/rows.ts'
import {
  type Answer,
  archiveSecret,
  startArchiveReceiver,
  take,
} from '../support/archive-receiver.ts'

const { database, close, rows: write } = await openStore()
afterAll(close)

test('a turn that was refused comes again under its id until it is taken', async () => {
  const { id, receiver, open, lines } = await archive({
    answer: (response, _, index) => void response.writeHead([503, 500][index] ?? 204).end(),
  })
  const archiver = open()
  for (const count of [1, 2, 3]) {
    await receiver.until(count)
    if (count < 3) await dueAgain(id)
    archiver.wake()
  }
  await gone(id)
  expect(receiver.received.map((each) => [each.id, each.signed])).toEqual(Array(3).fill([id, true]))
  expect(lines()).toEqual([
    'the archive does not take turns; they are kept and sent again for a day',
    'the archive takes turns again',
  ])
})

test('the time between tries doubles, with jitter, up to an hour', async () => {
  const { id, open } = await archive({ answer: (response) => void response.writeHead(500).end() })
  const waits: number[] = []
  for (const attempt of [1, 2, 3, 9, 12, 40]) {
    await database.query(
      `update webhook_deliveries set attempt = $2, due_at = now(), last_error = null where id = $1`,
      [id, attempt - 1],
    )
    const archiver = open({ random: () => 0.5 })
    waits.push(await postponed(id))
    await archiver.stop(0)
  }
  const expected = [5, 10, 20, 1280, 3600, 3600]
  // Some time passes before they are read.
  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeLessThanOrEqual(expected[index] ?? 0)
    expect(wait).toBeGreaterThan((expected[index] ?? 0) - 4)
  }
})

test('an archive that says Retry-After is left alone as long, by all turns', async () => {
  const { id, receiver, open } = await archive({
    answer: (response) => void response.writeHead(429, { 'retry-after': '600' }).end(),
  })
  const archiver = open()
  expect(await postponed(id)).toBeGreaterThan(500)
  const other = await newTurn()
  archiver.wake()
  await archiver.stop(0)
  expect(receiver.received.map((each) => each.id)).toEqual([id])
  await forget(other)
})

test('410 Gone drops the turn, and only that', async () => {
  const { id, receiver, open, lines } = await archive({
    answer: (response, _, index) => void response.writeHead(index % 2 === 0 ? 410 : 204).end(),
  })
  const archiver = open()
  const ids = [id]
  for (;;) {
    await gone(ids.at(-1) ?? '')
    if (ids.length === 4) break
    ids.push(await newTurn())
    archiver.wake()
  }
  expect(receiver.received.map((each) => each.id)).toEqual(ids)
  expect(lines()).toEqual([expect.stringContaining('410 Gone')])
})

test('a turn that cannot be read is put off like one that was refused', async () => {
  const { id, receiver, open } = await archive({ answer: take })
  const broken = () => Promise.reject(new Error('no such column'))
  const archiver = open({ read: broken })
  expect(await postponed(id)).toBeLessThan(8)
  expect(await lastError(id)).toContain('no such column')
  await archiver.stop(0)
  expect(receiver.received).toEqual([])
})

test.each<[string, RegExp, Answer]>([
  ['never answers', /no answer within 300 ms/, () => undefined],
  ['cuts the connection', /the connection was cut/, (response) => void response.destroy()],
  [
    'redirects',
    /it answered 302/,
    (response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
  ],
])('an archive that %s has not taken the turn', async (_, reason, answer) => {
  const { id, open, receiver } = await archive({ answer })
  open()
  await postponed(id)
  expect(await lastError(id)).toMatch(reason)
  expect(receiver.received).toHaveLength(1)
})

test.each<[string, Answer]>([
  [
    'breaks off',
    (response) => void response.writeHead(200).write('half', () => response.destroy()),
  ],
  ['never ends', (response) => void response.writeHead(202).write('on and on')],
])('an answer that %s after its status has taken the turn', async (_, answer) => {
  const { id, receiver, open } = await archive({ answer })
  open()
  await gone(id)
  expect(receiver.received).toHaveLength(1)
})

test('an internal address is refused with what to do about it', async () => {
  const { id, open, receiver } = await archive({ answer: take, allowed: false })
  open()
  await postponed(id)
  expect(await lastError(id)).toContain('--allow-host')
  expect(receiver.received).toEqual([])
})

test('a turn that nobody took for a day is given up, and the log names it', async () => {
  const { id, open, entries } = await archive({
    answer: (response) => void response.writeHead(500).end(),
  })
  await database.query(
    `update webhook_deliveries set created_at = now() - interval '25 h' where id = $1`,
    [id],
  )
  open()
  await gone(id)
  expect(entries.at(-1)).toMatchObject({
    message: 'the archive never took a turn; it is given up',
    id,
    session_id: expect.stringMatching(/^ses_/),
    run_id: expect.stringMatching(/^run_/),
    reason: 'it answered 500',
  })
})

test('what was under way when a server stopped is taken by another at once', async () => {
  const { id, receiver, open } = await archive({
    answer: (response, _, index) => void (index > 0 && response.writeHead(204).end()),
    timeout: 60_000,
  })
  const first = open()
  await receiver.until(1)
  await first.stop(0)
  open()
  await gone(id)
  expect(receiver.received.map((each) => each.id)).toEqual([id, id])
})

test('many instances send each turn once, a bounded number of them at a time', async () => {
  let open = 0
  let most = 0
  const waiting: (() => void)[] = []
  const each: Answer = (response) => {
    open += 1
    most = Math.max(most, open)
    waiting.push(() => {
      open -= 1
      response.writeHead(204).end()
    })
    // Answers when both instances have as many under way as they may have.
    if (waiting.length >= 16) for (const end of waiting.splice(0)) end()
  }
  const { id, receiver, open: openArchiver } = await archive({ answer: each, timeout: 60_000 })
  const ids = [id]
  while (ids.length < 48) ids.push(await newTurn())
  openArchiver()
  openArchiver()
  await receiver.until(48)
  await expect.poll(() => countLeft(ids)).toBe(0)
  expect(receiver.received.map((turn) => turn.id).sort()).toEqual(ids.sort())
  expect(most).toBe(16)
})

test('a turn whose session is gone is forgotten', async () => {
  const { id, receiver, open } = await archive({ answer: take })
  await database.query(
    'delete from sessions where id = (select session_id from webhook_deliveries where id = $1)',
    [id],
  )
  open()
  await gone(id)
  expect(receiver.received).toEqual([])
})

/** A turn in the queue, a receiver, and archivers that send it there. */
async function archive({
  answer,
  allowed = true,
  timeout = 300,
}: {
  answer: Answer
  allowed?: boolean
  timeout?: number
}) {
  const id = await newTurn()
  const receiver = await startArchiveReceiver({ answer })
  const entries: { message: string }[] = []
  const note = (message: string, fields = {}) => void entries.push({ message, ...fields })
  onTestFinished(async () => {
    await forget(id)
    await receiver.close()
  })
  const rules = networkRules({
    resolve: () => Promise.reject(new Error('no names here')),
    allowHosts: allowed ? ['127.0.0.1'] : [],
  })
  function open(options: Partial<Parameters<typeof createArchiver>[0]> = {}) {
    const archiver = createArchiver({
      rows: createDeliveries({ database }),
      read: (delivery) => readFinishedTurn(database, delivery),
      send: createArchiveEndpoint({
        url: receiver.url,
        keys: readSigningKeys(archiveSecret),
        rules,
        version: '1.2.3',
        now: Date.now,
        timeout,
      }),
      log: { info: note, warn: note, error: note },
      ...options,
    })
    onTestFinished(() => archiver.stop(0))
    archiver.start()
    return archiver
  }
  return { id, receiver, open, entries, lines: () => entries.map(({ message }) => message) }
}

async function newTurn(): Promise<string> {
  const sessionId = await write.session()
  await write.message(sessionId, 1, null)
  const runId = await write.run(sessionId, { firstSeq: 1, lastSeq: 2, finishedAt: new Date() })
  const id = `dlv_${runId.slice(4)}`
  await database.query(
    `insert into webhook_deliveries (id, tenant, session_id, run_id) values ($1, 'acme', $2, $3)`,
    [id, sessionId, runId],
  )
  return id
}

async function forget(id: string): Promise<void> {
  await database.query('delete from webhook_deliveries where id = $1', [id])
}

/** Seconds until the turn is due, once it was put off for longer than it was held. */
async function postponed(id: string): Promise<number> {
  const read = () =>
    database.query<{ wait: number; reason: string | null }>(
      `select extract(epoch from due_at - now())::double precision as wait, last_error as reason
       from webhook_deliveries where id = $1`,
      [id],
    )
  await expect.poll(async () => (await read())[0]?.reason).toBeTypeOf('string')
  return (await read())[0]?.wait ?? 0
}

async function dueAgain(id: string): Promise<void> {
  await postponed(id)
  await database.query(
    'update webhook_deliveries set due_at = now(), last_error = null where id = $1',
    [id],
  )
}

async function lastError(id: string): Promise<string | null | undefined> {
  const [row] = await database.query<{ reason: string | null }>(
    'select last_error as reason from webhook_deliveries where id = $1',
    [id],
  )
  return row?.reason
}

function gone(id: string): Promise<void> {
  return expect.poll(() => countLeft([id])).toBe(0)
}

async function countLeft(ids: string[]): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    'select count(*) from webhook_deliveries where id = any($1)',
    [ids],
  )
  return row?.count ?? 0
}

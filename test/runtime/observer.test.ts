import { expect, test } from 'vitest'
import { joinObservers, noObserver, type RunObserver } from '#runtime/observer.ts'

const run = {
  ...{ id: 'run_1', sessionId: 'ses_1', rootSessionId: 'ses_1', depth: 0, trace: null },
  ...{ agent: 'a', agentName: 'root', description: null, model: null },
}

/** Says what it is told, with its name. */
function speaker(name: string, said: string[]): RunObserver {
  return {
    ...noObserver,
    traceContext: () => ({ [name === 'outer' ? 'request_id' : 'traceparent']: name }),
    async run(_run, work) {
      said.push(`${name} begins`)
      const outcome = await work()
      said.push(`${name} ends`)
      return outcome
    },
    tookOver: () => void said.push(`${name} took over`),
    lost: (reason) => void said.push(`${name} lost ${reason}`),
  }
}

test('those who watch stand around each other, the first outermost, and all are told', async () => {
  const said: string[] = []
  const watching = joinObservers([speaker('outer', said), speaker('inner', said)])
  const outcome = await watching.run(run, async () => {
    said.push('work')
    return { type: 'finished', reason: 'completed' }
  })
  watching.tookOver()
  watching.lost('fenced')
  expect(outcome).toEqual({ type: 'finished', reason: 'completed' })
  expect(said).toEqual([
    ...['outer begins', 'inner begins', 'work', 'inner ends', 'outer ends'],
    ...['outer took over', 'inner took over', 'outer lost fenced', 'inner lost fenced'],
  ])
  expect(watching.traceContext()).toEqual({ request_id: 'outer', traceparent: 'inner' })
})

test('nobody watches: the work goes its way, and nothing is kept with a run', async () => {
  const watching = joinObservers([])
  await expect(watching.run(run, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(watching.traceContext()).toBeNull()
})

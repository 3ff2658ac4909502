import { expect, test } from 'vitest'
import { Problem } from '#contract/problem.ts'
import { patient } from '#runtime/patience.ts'

test('what is asked while the database is away is asked again, until it is back', async () => {
  const answers = [new Problem('unavailable', 'Away'), new Problem('unavailable', 'Away'), 'here']
  const asked: string[] = []
  const ask = patient(async (what: string) => {
    asked.push(what)
    const answer = answers.shift()
    if (answer instanceof Problem) throw answer
    return answer
  })
  expect(await ask('Where?')).toBe('here')
  expect(asked).toEqual(['Where?', 'Where?', 'Where?'])
})

test('any other error is thrown at once', async () => {
  let count = 0
  const ask = patient(async () => {
    count += 1
    throw new Problem('not_found', 'It is gone')
  })
  await expect(ask()).rejects.toMatchObject({ code: 'not_found' })
  expect(count).toBe(1)
})

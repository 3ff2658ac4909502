import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { examine } from './examine.ts'
import type { KeptCase } from './request.ts'
import { closeConnections } from './send.ts'
import { openTarget, type Target } from './target.ts'

const folder = new URL('cases/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

let target: Target
let values: Record<string, string>
beforeAll(async () => {
  target = await openTarget()
  values = await target.refresh()
})
afterAll(async () => {
  closeConnections()
  await target.close()
})

test.each(files)('what %s sends is answered as the document says', async (file) => {
  const { request }: KeptCase = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  const { problems } = await examine(target.url, request, { ...values, fresh: file })
  expect(problems).toEqual([])
  expect(target.server.errors()).toBe('')
  await target.golden()
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import {
  chromiumPath,
  expectClean,
  keepScreenshot,
  presentBrowser,
  say,
  settled,
  startBrowser,
} from './browser.ts'

const operator = 'the-operators-own-key'
const browser = chromiumPath ? await startBrowser() : undefined
const app = browser ? await startApp({ lifetime: 'file' }) : undefined

test.skipIf(!browser)('a call runs with the arguments that a person wrote', async () => {
  const { tab, page, model, directory } = await open()
  const call = { name: 'write_file', arguments: { path: 'note.txt', content: 'Buy milk' } }
  model.push({ toolCalls: [call] }, { text: 'Written.' })
  await say(page, 'Write it down')
  await page.getByRole('button', { name: 'Approve', exact: true }).waitFor()
  await keepScreenshot(page, 'approval')
  await page.getByRole('button', { name: 'Edit arguments' }).click()
  const editor = page.getByLabel('Arguments, as JSON')
  await editor.fill('{"path": "note.txt", "content": ')
  await page.getByText('This is not a JSON object yet.').waitFor()
  await editor.fill('{"path": "note.txt", "content": "Buy bread"}')
  await page.getByRole('button', { name: 'Approve with changes' }).click()
  await page.getByText('Written.').first().waitFor()
  await settled(page)
  expect(await readFile(join(directory, 'files', 'note.txt'), 'utf8')).toBe('Buy bread')
  expectClean(tab)
})

test.skipIf(!browser)(
  'a call that is rejected does not run, and the model is told why',
  async () => {
    const { tab, page, model, directory } = await open()
    const call = { name: 'write_file', arguments: { path: 'no.txt', content: 'No' } }
    model.push({ toolCalls: [call] }, { text: 'Then not.' })
    await say(page, 'Write it down')
    await page.getByRole('button', { name: 'Reject…' }).click()
    await page.getByLabel(/^Why not/).fill('Ask Ada first')
    await page.getByRole('button', { name: 'Reject', exact: true }).click()
    await page.getByText('Then not.').first().waitFor()
    await settled(page)
    expect(JSON.stringify(model.requests.at(-1)?.body.messages.at(-1))).toContain('Ask Ada first')
    await expect(readFile(join(directory, 'files', 'no.txt'))).rejects.toThrow('ENOENT')
    await page.getByText('Rejected').first().waitFor()
    expectClean(tab)
  },
)

test.skipIf(!browser)(
  'a question is a form that says what is missing, and its answer goes on',
  async () => {
    const { tab, page, model } = await open()
    const schema = {
      type: 'object',
      required: ['city', 'nights'],
      properties: {
        city: { type: 'string', title: 'City' },
        nights: { type: 'integer', title: 'Nights', minimum: 1 },
        quiet: { type: 'boolean', title: 'Quiet room' },
      },
    }
    const call = { name: 'user_prompt', arguments: { message: 'Which trip?', schema } }
    model.push({ toolCalls: [call] }, { text: 'Booked.' })
    await say(page, 'Book')
    const question = page.getByRole('region', { name: 'A question for you' })
    await question.getByLabel('City').fill('Bern')
    await question.getByRole('button', { name: 'Answer' }).click()
    await question.locator('.fault').waitFor()
    await keepScreenshot(page, 'question')
    await page.reload()
    await question.getByLabel('City').fill('Bern')
    await question.getByLabel('Nights').fill('2')
    await question.getByLabel('Quiet room').check()
    await question.getByRole('button', { name: 'Answer' }).click()
    await page.getByText('Booked.').first().waitFor()
    await settled(page)
    const told = JSON.parse(String(model.requests.at(-1)?.body.messages.at(-1)?.content))
    expect(told).toEqual({ action: 'accept', content: { city: 'Bern', nights: 2, quiet: true } })
    expectClean(tab)
  },
)

test.skipIf(!browser)(
  'a server with keys asks who is calling, again when the key is wrong',
  async () => {
    const locked = await startApp({
      flags: ['--http-token', operator],
      token: operator,
      script: [{ text: 'Come in.' }],
    })
    const { page, faults, strangers } = await presentBrowser(browser).open(locked.url)
    const dialog = page.getByRole('dialog', { name: 'Who is calling?' })
    await keepScreenshot(page, 'key')
    for (const key of ['nearly-the-operators-key', operator]) {
      await dialog.getByLabel('API key').fill(key)
      await dialog.getByLabel('API key').press('Enter')
      if (key !== operator) await dialog.getByText('Another key takes the place').waitFor()
    }
    await say(page, 'Hello')
    await page.getByText('Come in.').first().waitFor()
    await settled(page)
    expect(strangers).toEqual([])
    // The browser writes each refusal; there is nothing else.
    expect(faults.filter((fault) => !fault.includes('401 (Unauthorized)'))).toEqual([])
  },
)

async function open() {
  if (!app) throw new Error('There is no server')
  const tab = await presentBrowser(browser).open(app.url)
  return { tab, page: tab.page, model: app.model, directory: app.directory }
}

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

const browser = chromiumPath ? await startBrowser() : undefined

test.skipIf(!browser)('the log follows live, and its slider shows what stood there', async () => {
  const app = await startApp()
  const call = { name: 'write_file', arguments: { path: 'a.txt', content: 'A' } }
  app.model.push({ text: 'I write.', toolCalls: [call] }, { text: 'The file is there.' })
  const tab = await presentBrowser(browser).open(app.url)
  const { page } = tab
  await say(page, 'Write a file')
  await page.getByRole('button', { name: 'Approve', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Actions for this conversation' }).click()
  await page.getByRole('menuitem', { name: 'Events' }).click()
  const log = page.getByRole('complementary', { name: 'Events' })
  const types = log.locator('.log-type')
  await types.getByText('run_waiting').waitFor()
  await page.getByRole('button', { name: 'Approve', exact: true }).click()
  await settled(page)
  await types.getByText('stream_stopped').waitFor()

  await log.getByLabel('Type of event').selectOption('tool_call_response')
  const rows = log.getByRole('listitem')
  expect(await rows.count()).toBe(1)
  await rows.getByRole('button').click()
  await log.getByText('"state": "succeeded"').waitFor()
  await log.getByLabel('Type of event').selectOption('')
  await log.getByLabel('Run').selectOption({ label: 'Run 1' })
  const seqs = (await log.locator('.log-seq').allTextContents()).map(Number)
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1))

  const slider = page.getByRole('slider', { name: 'Event' })
  const said = page.getByRole('article', { name: 'root' })
  await slider.press('Home')
  await said.waitFor({ state: 'detached' })
  expect(await page.locator('.bubble').allTextContents()).toEqual(['Write a file'])
  const waiting = (await rows.allTextContents()).findIndex((row) => row.includes('run_waiting'))
  await slider.fill(String(waiting))
  await page.getByText('Needs approval').waitFor()
  expect(await said.getByText('The file is there.').count()).toBe(0)
  await keepScreenshot(page, 'replay')
  await page.getByRole('button', { name: 'Approve', exact: true }).click()
  await page.getByText('This is what was.').waitFor()

  await page.getByLabel('Speed').selectOption('16')
  await slider.press(' ')
  await said.getByText('The file is there.').waitFor()
  await page.getByRole('button', { name: 'Play the replay' }).waitFor()
  await page.getByRole('button', { name: 'Back to now' }).click()
  await page.getByRole('textbox', { name: /^Message/ }).waitFor()
  await settled(page)
  expectClean(tab)
})

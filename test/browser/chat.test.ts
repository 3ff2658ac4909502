import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { chromiumPath, keepScreenshot, startBrowser } from './browser.ts'

const browser = chromiumPath ? await startBrowser() : undefined

test.skipIf(!browser)(
  'a conversation begins on the page, its answer arrives, and a reload finds it again',
  async () => {
    const app = await startApp({
      script: [{ text: 'Grüezi! **Bold** words and `code`.' }, { text: 'And more.' }],
    })
    const { page, faults, strangers } = await open(app.url)
    const composer = page.getByRole('textbox', { name: 'Message assistant' })
    await keepScreenshot(page, 'new-conversation')
    await composer.fill('Say hello')
    await composer.press('Enter')

    const answer = page.getByRole('article', { name: 'root' })
    await answer.getByText('words and').waitFor()
    await page.getByText('Working').waitFor({ state: 'hidden' })
    expect(await page.locator('.bubble').textContent()).toBe('Say hello')
    expect(await answer.locator('strong').textContent()).toBe('Bold')

    const place = page.url()
    await page.reload()
    await answer.getByText('words and').waitFor()
    expect(page.url()).toBe(place)
    await composer.fill('More')
    await composer.press('Enter')
    await page.getByText('And more.', { exact: true }).last().waitFor()
    await keepScreenshot(page, 'conversation')
    expect({ faults, strangers }).toEqual({ faults: [], strangers: [] })
  },
)

test.skipIf(!browser)('a reload in mid-word goes on where the answer is', async () => {
  const text = ['The ', 'moun', 'tain ', 'is ', 'high.']
  const app = await startApp({ script: [{ text, hold: true, holdAfter: 2 }] })
  const { page, faults } = await open(app.url)
  const composer = page.getByRole('textbox', { name: 'Message assistant' })
  await composer.fill('How high?')
  await composer.press('Enter')
  const answer = page.getByRole('article', { name: 'root' })
  await answer.getByText('The moun').waitFor()
  await page.reload()
  await answer.getByText('The moun').waitFor()
  expect(await answer.textContent()).toBe('The moun')
  app.model.release()
  await answer.getByText('The mountain is high.').waitFor()
  expect(faults).toEqual([])
})

async function open(url: string) {
  if (!browser) throw new Error('There is no Chromium')
  return browser.open(url)
}

import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { chromiumPath, keepScreenshot, startBrowser } from './browser.ts'

test.skipIf(!chromiumPath)(
  'a conversation begins on the page, its answer arrives, and a reload finds it again',
  async () => {
    const browser = await startBrowser()
    const app = await startApp({
      script: [{ text: 'Grüezi! **Bold** words and `code`.' }, { text: 'And more.' }],
    })
    const { page, faults, strangers } = await browser.open(app.url)
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

import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
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
const app = browser ? await startApp({ lifetime: 'file' }) : undefined
const phone = { width: 390, height: 844 }

const answer = `Two things were left over:

1. **Bread**, for \`two\` days
2. Milk

\`\`\`ts
export const left = ['bread', 'milk'] // and no more
\`\`\`
`

test.skipIf(!browser).each([
  ['wide-light', { dark: false }],
  ['wide-dark', { dark: true }],
  ['phone-light', { dark: false, ...phone }],
  ['phone-dark', { dark: true, ...phone }],
])('%s: each page can be used by everybody', async (name, options) => {
  const tab = await presentBrowser(browser).open(url(), options)
  const { page } = tab
  const call = { name: 'write_file', arguments: { path: 'list.txt', content: 'Bread' } }
  app?.model.push(
    { reasoning: 'There was a list.', text: answer },
    { text: 'I write that down.', toolCalls: [call] },
  )
  await page.getByRole('radio').first().waitFor()
  await look(page, `${name}-start`)
  await say(page, 'What is left over?')
  await settled(page)
  await look(page, `${name}-answer`)
  await say(page, 'Write it down')
  await page.getByRole('button', { name: 'Approve', exact: true }).waitFor()
  await look(page, `${name}-approval`)
  const conversation = page.url()
  await page.goto(`${conversation}?panel=events`)
  await page
    .getByRole('complementary', { name: 'Events' })
    .getByText('run_waiting')
    .last()
    .waitFor()
  await look(page, `${name}-events`)
  await page.goto(`${conversation}?panel=settings`)
  await page.getByLabel('Allow all tools').waitFor()
  await look(page, `${name}-settings`)
  await page.goto(`${url()}/#/agents`)
  await page
    .getByRole('link', { name: /^assistant/ })
    .last()
    .waitFor()
  await look(page, `${name}-agents`)
  await page.goto(`${url()}/#/agents/assistant`)
  await page.getByLabel('The file of assistant').waitFor()
  await look(page, `${name}-agent`)
  await page.goto(`${url()}/#/new-agent`)
  await page.getByLabel('The file of the new agent').waitFor()
  await look(page, `${name}-new-agent`)
  if (page.viewportSize()?.width === phone.width) {
    await page.getByRole('button', { name: 'Open the list of conversations' }).click()
    await page.getByRole('searchbox').waitFor()
    await look(page, `${name}-drawer`)
    await page.keyboard.press('Escape')
    expect(await page.locator('.sidebar').getAttribute('data-open')).toBe('false')
  }
  expectClean(tab)
})

test.skipIf(!browser)('a conversation is had with the keyboard alone', async () => {
  const tab = await presentBrowser(browser).open(url())
  const { page } = tab
  const call = { name: 'write_file', arguments: { path: 'keys.txt', content: 'K' } }
  const gate = Promise.withResolvers<void>()
  app?.model.push(
    { toolCalls: [call] },
    { text: 'Done by keys.' },
    { text: ['So ', 'long'], hold: gate.promise },
  )
  await page.getByRole('textbox', { name: /^Message/ }).waitFor()
  await page.keyboard.type('Write')
  await page.keyboard.press('Enter')
  const approve = page.getByRole('button', { name: 'Approve', exact: true })
  await approve.waitFor()
  await tabTo(page, 'Approve', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await page.getByText('Done by keys.').first().waitFor()
  await settled(page)
  await page.keyboard.press('/')
  await page.keyboard.type('Go on')
  await page.keyboard.press('Enter')
  await page.getByRole('article', { name: 'root' }).getByText('So').last().waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('Stopped.').waitFor()
  gate.resolve()
  await settled(page)
  await page.locator('main').focus()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'hidden' })
  expectClean(tab)
})

test.skipIf(!browser)('a theme that was chosen stays', async () => {
  const { page } = await presentBrowser(browser).open(url())
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const light = await background()
  await page.getByRole('button', { name: /^Theme/ }).click()
  await page.getByRole('menuitem', { name: 'Dark' }).click()
  const dark = await background()
  expect(dark).not.toBe(light)
  await page.reload()
  expect(await background()).toBe(dark)
})

/** Nothing serious for axe, no part beyond the right edge, and a picture. */
async function look(page: Page, name: string): Promise<void> {
  await keepScreenshot(page, name)
  const { violations } = await new AxeBuilder({ page }).analyze()
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${name}: ${id} ${nodes.map(({ html }) => html).join(' ')}`)
  expect(grave).toEqual([])
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow).toBe(0)
}

async function tabTo(page: Page, name: string, key: string): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    const focused = await page.evaluate(() => document.activeElement?.textContent)
    if (focused === name) return
    await page.keyboard.press(key)
  }
  throw new Error(`The keyboard does not reach ${name}`)
}

function url(): string {
  if (!app) throw new Error('There is no server')
  return app.url
}

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { chromiumPath, keepScreenshot, presentBrowser, startBrowser, type Tab } from './browser.ts'

const browser = chromiumPath ? await startBrowser() : undefined
const app = browser
  ? await startApp({ lifetime: 'file', flags: ['--allow-host', '127.0.0.1', '--enable-code'] })
  : undefined

test.skipIf(!browser)(
  'a copy of a read-only agent is edited, with its mistakes shown',
  async () => {
    const { tab, page } = await open()
    await page.getByRole('link', { name: 'Agents' }).click()
    await page.getByRole('link', { name: /^assistant/ }).click()
    await page.getByText('This agent is read only here').waitFor()
    expect(await page.getByLabel('The file of assistant').isEditable()).toBe(false)
    await page.getByRole('button', { name: 'Duplicate it' }).click()
    const copy = page.getByLabel('Name of the copy')
    await copy.fill('assistant')
    await copy.press('Enter')
    await page.getByText('There is an agent assistant already').waitFor()
    await copy.fill('mine')
    await copy.press('Enter')

    const file = page.getByLabel('The file of mine')
    await file.waitFor()
    const before = await file.inputValue()
    const lines = before.split('\n')
    const line = lines.findIndex((text) => text.includes('description: Helps')) + 1
    await file.fill(before.replace('description: Helps', 'descripton: Helps'))
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: `Line ${line}` }).click()
    await page.getByText('descripton').first().waitFor()
    await keepScreenshot(page, 'agent-mistake')
    await file.fill(`${before}\n  broken: [`)
    await page.getByRole('button', { name: /^Line/ }).first().waitFor()
    expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true)
    await file.fill(before.replace('description: Helps', 'description: Helps me'))
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved. Runs').waitFor()
    expect(await described()).toBe('Helps me')

    await page.getByRole('button', { name: 'What changed in revision 2' }).click()
    await page.getByText('description: Helps me').last().waitFor()
    expect(await page.locator('.difference [data-kind=added]').count()).toBe(1)
    await keepScreenshot(page, 'agent-versions')
    await page.getByRole('button', { name: 'Go back to revision 1' }).click()
    await page.getByText('is served again').waitFor()
    await expect.poll(() => file.inputValue()).toBe(before)
    expect(await described()).toBe('Helps')
    expectOnlyRefusals(tab)
  },
)

test.skipIf(!browser)(
  'what somebody else has changed meanwhile is shown and not lost',
  async () => {
    const { tab, page } = await open()
    await makeAgent(page, 'shared')
    const file = page.getByLabel('The file of shared')
    const text = await file.inputValue()
    const path = { agent: 'shared' }
    await client().PUT('/api/agents/{agent}', {
      params: { path },
      body: { description: 'Theirs' },
    })
    await file.fill(text.replace('Answers questions\n', 'Mine\n'))
    await page.getByRole('link', { name: 'Agents' }).click()
    await page.getByRole('link', { name: /^shared/ }).click()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    const conflict = page.getByRole('alert')
    await conflict.getByText('description: Theirs').waitFor()
    await keepScreenshot(page, 'agent-conflict')
    await conflict.getByRole('button', { name: 'Save mine over it' }).click()
    await page.getByText('Saved. Runs').waitFor()
    expect((await client().GET('/api/agents/{agent}', { params: { path } })).data.description).toBe(
      'Mine',
    )
    await page.getByRole('button', { name: 'Actions for this agent' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('link', { name: 'New agent' }).waitFor()
    expect(await page.getByRole('link', { name: /^shared/ }).count()).toBe(0)
    expectOnlyRefusals(tab)
  },
)

test.skipIf(!browser)('a tool of code is made, corrected and removed', async () => {
  const { tab, page } = await open()
  await makeAgent(page, 'counting')
  await page.getByText('0 tools').click()
  await page.getByRole('button', { name: 'New tool of code' }).click()
  const dialog = page.getByRole('dialog', { name: 'New tool' })
  await dialog.getByLabel('Name').fill('increase')
  await dialog.getByLabel('Code').fill('export function execute({ a }) {')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText(/SyntaxError|syntax/).waitFor()
  await dialog.getByLabel('Code').fill('export function execute({ a }) { return a + 2 }')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('1 tool', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Edit increase' }).click()
  const edited = page.getByRole('dialog', { name: 'increase' })
  await edited.getByLabel('Code').waitFor()
  expect(await edited.getByLabel('Code').inputValue()).toContain('a + 2')
  await edited.getByRole('button', { name: 'Delete' }).click()
  await page.getByText('0 tools').waitFor()
  expectOnlyRefusals(tab)
})

test.skipIf(!browser)('Tab indents in the file, and Escape lets the keyboard out', async () => {
  const { page } = await open()
  await page.goto(`${app?.url}/#/new-agent`)
  const file = page.getByLabel('The file of the new agent')
  await file.fill('')
  await file.pressSequentially('agents:')
  await file.press('Enter')
  await file.press('Tab')
  await file.pressSequentially('root: {}')
  expect(await file.inputValue()).toBe('agents:\n  root: {}')
  await page.getByLabel('Name', { exact: true }).fill('-no-')
  await file.press('Escape')
  await file.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('a name is up to 100 letters').waitFor()
})

test.skipIf(!browser)('a page that is older than the server says so', async () => {
  const { page } = await open()
  await page.route('**/assets/new-agent-page-*', (route) => route.fulfill({ status: 404 }))
  await page.goto(`${app?.url}/#/new-agent`)
  await page.getByText('This page could not be loaded').waitFor()
  await page.unroute('**/assets/new-agent-page-*')
  await page.getByRole('button', { name: 'Reload' }).click()
  await page.getByLabel('The file of the new agent').waitFor()
})

async function makeAgent(page: Page, name: string): Promise<void> {
  await page.goto(`${app?.url}/#/new-agent`)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Make it' }).click()
  await page.getByLabel(`The file of ${name}`).waitFor()
}

async function described(): Promise<string> {
  const params = { path: { agent: 'mine' } }
  return (await client().GET('/api/agents/{agent}', { params })).data.description
}

/** The browser writes of each refusal that the page shows; there is nothing else. */
function expectOnlyRefusals({ faults, strangers }: Tab): void {
  expect(faults.filter((fault) => !/status of (409|422)/.test(fault))).toEqual([])
  expect(strangers).toEqual([])
}

function client() {
  if (!app) throw new Error('There is no server')
  return app.client
}

async function open() {
  if (!app) throw new Error('There is no server')
  const tab = await presentBrowser(browser).open(app.url)
  return { tab, page: tab.page }
}

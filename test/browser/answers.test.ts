import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'
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

test.skipIf(!browser)('an answer that is stopped keeps what it said', async () => {
  const { tab, page, model } = await open()
  const gate = Promise.withResolvers<void>()
  model.push({ text: ['One ', 'two ', 'three'], hold: gate.promise, holdAfter: 2 })
  await say(page, 'Count')
  const answer = page.getByRole('article', { name: 'root' })
  await answer.getByText('One two').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await answer.getByText('Stopped.').waitFor()
  gate.resolve()
  await settled(page)
  expect(await answer.locator('.markdown').textContent()).toBe('One two')
  expectClean(tab)
})

test.skipIf(!browser)(
  'a message said otherwise and an answer given again are branches',
  async () => {
    const { tab, page, model } = await open()
    model.push({ text: 'First answer' }, { text: 'Second answer' }, { text: 'Third answer' })
    await say(page, 'First words')
    await settled(page)
    const bubble = page.locator('.bubble')
    const said = page.getByRole('article', { name: 'root' }).locator('.markdown')

    await page.getByRole('article', { name: 'You' }).hover()
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Your message').fill('Other words')
    await page.getByLabel('Your message').press('Enter')
    await said.getByText('Second answer').waitFor()
    await settled(page)
    expect(await bubble.allTextContents()).toEqual(['Other words'])

    await page.getByRole('button', { name: 'The version before' }).click()
    await said.getByText('First answer').waitFor()
    expect(await bubble.allTextContents()).toEqual(['First words'])

    await page.getByRole('button', { name: 'Answer again' }).click()
    await said.getByText('Third answer').waitFor()
    await settled(page)
    await page.getByText('2/2').waitFor()
    await keepScreenshot(page, 'branches')
    await page.reload()
    await said.getByText('Third answer').waitFor()
    expect(await said.allTextContents()).toEqual(['Third answer'])
    expectClean(tab)
  },
)

test.skipIf(!browser)(
  'a copy goes on by itself and leaves the conversation as it was',
  async () => {
    const { tab, page, model } = await open()
    model.push({ text: 'Common ground' }, { text: 'Only in the copy' })
    await say(page, 'Begin')
    await settled(page)
    const original = page.url()
    await page.getByRole('button', { name: 'Continue in a copy' }).click()
    await page.waitForURL((url) => url.href !== original)
    await page.getByText('Common ground').first().waitFor()
    await say(page, 'Go on')
    await page.getByText('Only in the copy').first().waitFor()
    await settled(page)
    await page.goto(original)
    await page.getByText('Common ground').first().waitFor()
    expect(await page.locator('.bubble').allTextContents()).toEqual(['Begin'])
    expectClean(tab)
  },
)

test.skipIf(!browser)('two tabs and a lost network show every word once', async () => {
  const { url, model } = app ?? nothing()
  const { hostname: host, port } = new URL(url)
  const proxy = await openTcpProxy({ target: { host, port: Number(port) } })
  onTestFinished(() => proxy.close())
  const tab = await presentBrowser(browser).open(`http://127.0.0.1:${proxy.port}`)
  const { page } = tab
  const gate = Promise.withResolvers<void>()
  const words = Array.from({ length: 12 }, (_, index) => `w${index} `)
  model.push({ text: words, hold: gate.promise, holdAfter: 4 })
  await say(page, 'Talk')
  const answer = page.getByRole('article', { name: 'root' })
  await answer.getByText('w3').waitFor()
  const other = await presentBrowser(browser).open(`${url}/${new URL(page.url()).hash}`)
  const mirror = other.page.getByRole('article', { name: 'root' })
  await mirror.getByText('w3').waitFor()

  await page.context().setOffline(true)
  await proxy.refuse()
  await page.getByText('Offline').waitFor()
  await keepScreenshot(page, 'offline')
  gate.resolve()
  await settled(other.page)
  expect((await answer.textContent())?.trim()).toBe('w0 w1 w2 w3')
  await proxy.accept()
  await page.context().setOffline(false)
  await settled(page)
  for (const shown of [answer, mirror]) {
    expect(await shown.locator('.markdown').textContent()).toBe(words.join('').trim())
  }

  model.push({ text: 'Seen in both' })
  await say(other.page, 'From the other tab')
  await page.getByText('Seen in both').first().waitFor()
  expect(await page.locator('.bubble').allTextContents()).toEqual(['Talk', 'From the other tab'])
  expectClean(other)
  // The browser itself writes of each request that found no network.
  expect(tab.faults.filter((fault) => !fault.includes('net::ERR_'))).toEqual([])
})

async function open() {
  const { url, model } = app ?? nothing()
  const tab = await presentBrowser(browser).open(url)
  return { tab, page: tab.page, model }
}

function nothing(): never {
  throw new Error('There is no server')
}

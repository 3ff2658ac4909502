import { execFile } from 'node:child_process'
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, expect, onTestFinished } from 'vitest'

const builder = fileURLToPath(new URL('../../tools/web/build.ts', import.meta.url))

/** Chromium on this machine: `PARLEY_CHROMIUM`, or where it usually is; undefined without one. */
export const chromiumPath: string | undefined = await findChromium()

export type Tab = {
  page: Page
  /** What the page wrote to its console as an error, and what it threw. */
  faults: string[]
  /** Requests that went to another host than the page's own. */
  strangers: string[]
}

export type Browser = {
  /** A tab of a person of its own; `width` and `height` are of what it shows. */
  open(
    url: string,
    options?: { width?: number; height?: number; dark?: boolean; sharing?: Tab },
  ): Promise<Tab>
}

/** The playground as the sources have it now, and a browser for the tests of a file. */
export async function startBrowser(): Promise<Browser> {
  await promisify(execFile)(process.execPath, [builder, '--if-stale'])
  const browser = await chromium.launch({
    ...(chromiumPath && { executablePath: chromiumPath }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  afterAll(() => browser.close())
  return {
    async open(url, { width = 1280, height = 800, dark = false, sharing } = {}) {
      const context =
        sharing?.page.context() ??
        (await browser.newContext({
          viewport: { width, height },
          colorScheme: dark ? 'dark' : 'light',
          reducedMotion: 'reduce',
        }))
      if (!sharing) onTestFinished(() => context.close())
      context.setDefaultTimeout(patience)
      return openTab(context, url)
    },
  }
}

/** Milliseconds until what has not come on the page is a failure. */
const patience = 15_000

/** The browser of a file whose tests are skipped where there is none. */
export function presentBrowser(browser: Browser | undefined): Browser {
  if (!browser) throw new Error('There is no Chromium')
  return browser
}

/** Writes a message and sends it by the key. */
export async function say(page: Page, text: string): Promise<void> {
  const field = page.getByRole('textbox', { name: /^Message/ })
  await field.fill(text)
  await field.press('Enter')
}

/** Until the agent is done: nothing can be stopped any more. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Answer again' }).last().waitFor()
  await page.locator('.stop').waitFor({ state: 'detached' })
}

/** Every journey's end: no error, no breach of the page's policy, no request to another host. */
export function expectClean({ faults, strangers }: Tab): void {
  expect({ faults, strangers }).toEqual({ faults: [], strangers: [] })
}

async function openTab(context: BrowserContext, url: string): Promise<Tab> {
  const page = await context.newPage()
  const faults: string[] = []
  const strangers: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url())
    if (protocol !== 'data:' && host !== new URL(url).host) strangers.push(request.url())
  })
  await page.goto(url)
  return { page, faults, strangers }
}

const artefacts =
  process.env.PARLEY_SCREENSHOTS ?? fileURLToPath(new URL('artefacts', import.meta.url))

/** Keeps a picture of the page where `PARLEY_SCREENSHOTS` says, or in `artefacts` beside this file. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await mkdir(artefacts, { recursive: true })
  await page.screenshot({ path: join(artefacts, `${name}.png`) })
}

async function findChromium(): Promise<string | undefined> {
  const names = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  for (const path of [process.env.PARLEY_CHROMIUM, ...names]) {
    if (path && (await isThere(path))) return path
  }
  return undefined
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

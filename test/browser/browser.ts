import { execFile } from 'node:child_process'
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll } from 'vitest'

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
      return openTab(context, url)
    },
  }
}

async function openTab(context: BrowserContext, url: string): Promise<Tab> {
  const page = await context.newPage()
  const faults: string[] = []
  const strangers: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url())
    if (protocol !== 'data:' && host !== new URL(url).host) strangers.push(request.url())
  })
  await page.goto(url)
  return { page, faults, strangers }
}

/** Keeps a picture where `PARLEY_SCREENSHOTS` says; does nothing without it. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.PARLEY_SCREENSHOTS
  if (!folder) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`) })
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

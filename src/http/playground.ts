import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '#contract/problem.ts'
import type { AppContext } from './env.ts'
import type { Page } from './pages.ts'

/**
 * The playground as it was built into `directory`; without a build, the page that stands in for it.
 * The folder is looked at for each request, so that a build counts at once.
 */
export function playgroundPages({
  directory,
  fallback,
}: {
  directory: string
  fallback: Page
}): Page[] {
  return [
    {
      path: '/',
      async handler(c, next) {
        const page = await findFile(join(directory, 'index.html'), c)
        if (!page) return fallback.handler(c, next)
        c.header('Content-Security-Policy', policy)
        return answer(c, page, { type: 'text/html; charset=utf-8', cache: 'no-cache' })
      },
    },
    ...['theme.js', 'favicon.svg'].map((name) => ({
      path: `/${name}`,
      handler: (c: AppContext) => answerFile(c, { directory, name, cache: 'no-cache' }),
    })),
    {
      path: '/assets/:file',
      handler: (c) =>
        answerFile(c, {
          directory: join(directory, 'assets'),
          name: c.req.param('file') ?? '',
          // Their names change with what is in them.
          cache: 'public, max-age=31536000, immutable',
        }),
    },
  ]
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const types: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

async function answerFile(
  c: AppContext,
  { directory, name, cache }: { directory: string; name: string; cache: string },
): Promise<Response> {
  const type = types[/^[\w-][\w.-]*\.(\w+)$/.exec(name)?.[1] ?? '']
  const file = type && (await findFile(join(directory, name), c))
  if (!file) throw new Problem('not_found', 'There is no such file; reload the page')
  return answer(c, file, { type, cache })
}

type StoredFile = { content: Buffer<ArrayBuffer>; encoding: 'br' | 'gzip' | undefined }

/** The smallest form that the caller takes. */
async function findFile(path: string, c: AppContext): Promise<StoredFile | undefined> {
  const accepted = c.req.header('accept-encoding')
  if (accepts(accepted, 'br')) {
    const content = await readIfThere(`${path}.br`)
    if (content) return { content, encoding: 'br' }
  }
  if (accepts(accepted, 'gzip')) {
    const content = await readIfThere(`${path}.gz`)
    if (content) return { content, encoding: 'gzip' }
  }
  const content = await readIfThere(path)
  return content && { content, encoding: undefined }
}

function answer(
  c: AppContext,
  { content, encoding }: StoredFile,
  { type, cache }: { type: string; cache: string },
): Response {
  const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
  c.header('Cache-Control', cache)
  c.header('ETag', tag)
  c.header('Vary', 'Accept-Encoding', { append: true })
  if (c.req.header('if-none-match') === tag) return c.body(null, 304)
  c.header('Content-Type', type)
  if (encoding) c.header('Content-Encoding', encoding)
  return c.body(content)
}

function accepts(header: string | undefined, encoding: string): boolean {
  return new RegExp(`\\b${encoding}\\b(?!\\s*;\\s*q=0(?:\\.0*)?\\s*(?:,|$))`).test(header ?? '')
}

async function readIfThere(path: string): Promise<Buffer<ArrayBuffer> | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
}

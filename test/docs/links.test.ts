import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)

test('every link of the pages leads to a file, and to a heading where it names one', () => {
  const links = pages().flatMap(linksOf)
  expect(links.length).toBeGreaterThan(100)
  expect(links.flatMap(faultOf)).toEqual([])
})

test.each(['README.md', 'docs/README.md'])('%s leads to every page', (start) => {
  const linked = linksOf(start).map(({ path }) => path)
  const written = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'))
  const lost = written.filter((name) => name !== 'README.md' && !linked.includes(`docs/${name}`))
  expect(lost).toEqual([])
})

/** A relative link: where it stands, and the file and heading that it names, from the root. */
type Link = { place: string; path: string; heading: string | undefined }

function pages(): string[] {
  const below = ['docs/', 'examples/', 'deploy/', 'tools/'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules/'))
      .map((name) => `${folder}${name}`),
  )
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...below]
}

function linksOf(page: string): Link[] {
  const text = withoutCode(readFileSync(new URL(page, root), 'utf8'))
  return [...text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)]
    .map(([, target]) => `${target}`)
    .filter((target) => !/^(?:[a-z]+:|\/)/.test(target))
    .map((target) => {
      const { pathname, hash } = new URL(target, new URL(page, root))
      const path = decodeURIComponent(pathname).slice(decodeURIComponent(root.pathname).length)
      return { place: `${page} → ${target}`, path, heading: hash.slice(1) || undefined }
    })
}

/** What stands in code is no link. */
function withoutCode(text: string): string {
  return text.replaceAll(/^ *```.*?^ *```$/gms, '').replaceAll(/`[^`\n]*`/g, 'code')
}

function faultOf({ place, path, heading }: Link): string[] {
  const file = new URL(path, root)
  if (!existsSync(file)) return [`${place}: there is no ${path}`]
  if (heading === undefined || !path.endsWith('.md')) return []
  if (statSync(file).isDirectory()) return [`${place}: a folder has no headings`]
  const known = headingsOf(readFileSync(file, 'utf8'))
  return known.includes(heading) ? [] : [`${place}: ${path} has no such heading`]
}

/** The anchors of a page, made as GitHub makes them. */
function headingsOf(text: string): string[] {
  const seen = new Map<string, number>()
  const titles = text.replaceAll(/^ *```.*?^ *```$/gms, '').matchAll(/^#+ +(.+)$/gm)
  return [...titles].map(([, title = '']) => {
    const anchor = title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-')
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    return times === 0 ? anchor : `${anchor}-${times}`
  })
}

import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)

test('the walk names every source file, and no file that is gone', () => {
  const text = readFileSync(new URL('docs/architecture.md', root), 'utf8')
  const walk = text.slice(text.indexOf('## Every file'))
  const named = [...walk.matchAll(/^### (?:[^\n]*?`(\w+)\/`|Entry: (\w+)|Entry)\n([^#]*)/gm)]
  const files = named.flatMap(([, folder, entry, table = '']) => {
    const prefix = folder ?? entry ?? ''
    return [...table.matchAll(/^\| `([^`]+\.ts)` \|/gm)].map(([, file]) =>
      prefix ? `${prefix}/${file}` : `${file}`,
    )
  })
  expect(files.toSorted()).toEqual(sourceFiles())
})

test('every file and command that the README names is there', () => {
  const text = readFileSync(new URL('README.md', root), 'utf8')
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => `${path}`)
  const folders = [...text.matchAll(/`(src\/[\w./-]+|test\/[\w./-]+)`/g)].map(
    ([, path]) => `${path}`,
  )
  for (const path of [...links, ...folders]) {
    expect(() => readFileSync(new URL(path, root)), path).not.toThrow(/ENOENT/)
  }
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => `${name}`)
  expect(commands.filter((name) => !(name in scripts))).toEqual([])
})

function sourceFiles(): string[] {
  const names = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.ts')).toSorted()
}

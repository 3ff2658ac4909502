const heading = '## Unreleased\n'

/** What stands under Unreleased, without the heading. */
export function unreleasedNotes(changelog: string): string {
  const begin = changelog.indexOf(heading)
  if (begin === -1) throw new Error('CHANGELOG.md has no heading "## Unreleased"')
  const rest = changelog.slice(begin + heading.length)
  const end = rest.search(/^## /m)
  return (end === -1 ? rest : rest.slice(0, end)).trim()
}

/** The notes under the version and its day, and an empty Unreleased above. */
export function datedChangelog(
  changelog: string,
  { version, day }: { version: string; day: string },
): string {
  return changelog.replace(heading, () => `${heading}\n## ${version} - ${day}\n`)
}

/** Text of a source that is looked for; it must be there exactly once. */
export type Edit = {
  /** Below the repository, with slashes. */
  file: string
  find: string
  replace: string
}

/** A source after all edits, in their order. Throws when one does not fit. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  return edits.reduce((text, { file, find, replace }) => {
    const found = text.split(find).length - 1
    if (found === 1) return text.replace(find, () => replace)
    throw new Error(
      `${file} has ${found === 0 ? 'nowhere' : `${found} times`} what a patch looks for; ` +
        `write it anew after what the source says now:\n${find}`,
    )
  }, source)
}

/** Passes lines on when they differ from what was said about the same matter last. */
export function createOnce(onProblem: (line: string) => void) {
  const said = new Map<string, string>()
  return (matter: string, lines: string[]): void => {
    const text = lines.join('\n')
    if (said.get(matter) === text) return
    said.set(matter, text)
    for (const line of lines) onProblem(line)
  }
}

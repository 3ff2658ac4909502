/** The samples of a text in the format of Prometheus; throws at a line that is none. */
export function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.trimEnd().split('\n')) {
    if (/^# (HELP|TYPE) [a-z_]+ \S/.test(line)) continue
    const match = /^([a-z_]+(?:\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*\})?) (-?[\d.e+-]+)$/.exec(
      line,
    )
    if (!match) throw new Error(`no line of the text format: ${line}`)
    samples.set(`${match[1]}`, Number(match[2]))
  }
  return samples
}

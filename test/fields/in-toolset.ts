import type { ProbeOrNone } from './probe.ts'

/** Probes of the fields of one type of toolset, by their whole paths. */
export function inToolset<Entry extends ProbeOrNone>(
  type: string,
  fields: Record<string, Entry>,
): Record<string, Entry> {
  const path = `agents.*.toolsets[${type}]`
  return Object.fromEntries(
    Object.entries(fields).map(([name, probe]) => [`${path}.${name}`, probe]),
  )
}

import type { Usage } from 'parley-client'

export function formatTokens(count: number): string {
  if (count < 1000) return String(count)
  if (count < 999_500) return `${trim(count / 1000)}k`
  return `${trim(count / 1_000_000)}M`
}

/** Small amounts keep two digits that count. */
export function formatCost(dollars: number): string {
  if (dollars === 0) return '$0'
  if (dollars < 0.0001) return '<$0.0001'
  if (dollars < 0.1) return `$${Number(dollars.toPrecision(2))}`
  return `$${dollars.toFixed(2)}`
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${trim(milliseconds / 1000)} s`
  const minutes = Math.floor(milliseconds / 60_000)
  return `${minutes} min ${Math.round((milliseconds % 60_000) / 1000)} s`
}

/** On one line; the cost only when it is known. */
export function formatUsage({ input_tokens, output_tokens, cost }: Usage): string {
  const tokens = `${formatTokens(input_tokens)} in · ${formatTokens(output_tokens)} out`
  return cost === null ? tokens : `${tokens} · ${formatCost(cost)}`
}

/** The day that a list is parted by, seen from `now`. */
export function dayOf(time: string, now: Date): 'Today' | 'Yesterday' | 'Last 7 days' | 'Older' {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime()
  const passed = midnight - new Date(time).getTime()
  if (passed <= 0) return 'Today'
  if (passed <= 86_400_000) return 'Yesterday'
  return passed <= 7 * 86_400_000 ? 'Last 7 days' : 'Older'
}

function trim(value: number): string {
  return value < 10 ? String(Number(value.toFixed(1))) : String(Math.round(value))
}

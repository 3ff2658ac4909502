const name = 'parley.key'

/** The key lives as long as the tab does. */
export function readApiKey(): string | undefined {
  return window.sessionStorage.getItem(name) ?? undefined
}

export function saveApiKey(key: string): void {
  if (key) window.sessionStorage.setItem(name, key)
  else window.sessionStorage.removeItem(name)
}

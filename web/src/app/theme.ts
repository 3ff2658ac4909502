export type Theme = 'system' | 'light' | 'dark'

const name = 'parley.theme'

export function readTheme(): Theme {
  const { theme } = document.documentElement.dataset
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

/** `public/theme.js` reads it again before the next first paint. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') {
    delete document.documentElement.dataset.theme
    window.localStorage.removeItem(name)
    return
  }
  document.documentElement.dataset.theme = theme
  window.localStorage.setItem(name, theme)
}

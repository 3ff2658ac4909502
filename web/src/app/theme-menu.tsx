import { useState } from 'react'
import { Icon } from './icon.tsx'
import { Menu } from './menu.tsx'
import { applyTheme, readTheme, type Theme } from './theme.ts'

const names = { system: 'Like the system', light: 'Light', dark: 'Dark' } as const

export function ThemeMenu() {
  const [theme, setTheme] = useState(readTheme)

  function choose(next: Theme): void {
    applyTheme(next)
    setTheme(next)
  }

  const themes = ['system', 'light', 'dark'] as const
  return (
    <Menu
      label={`Theme: ${names[theme]}`}
      items={themes.map((name) => ({
        label: names[name],
        icon: name,
        select: () => choose(name),
      }))}
    >
      <Icon name={theme} />
    </Menu>
  )
}

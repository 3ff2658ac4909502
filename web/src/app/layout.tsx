import { useEffect, useState } from 'react'
import { Sidebar } from '../sessions/sidebar.tsx'
import { LayoutContext } from './layout-context.ts'
import { MissingPage } from './missing-page.tsx'
import { viewOf } from './routes.tsx'
import { ShortcutsDialog } from './shortcuts-dialog.tsx'
import { navigate, usePlace } from './use-place.ts'
import { useShortcuts } from './use-shortcuts.ts'

/** The list of conversations beside the page; on a phone it is a drawer. */
export function Layout() {
  const place = usePlace()
  const [isOpen, setOpen] = useState(false)
  const [showsHelp, setShowsHelp] = useState(false)

  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the drawer
  useEffect(() => setOpen(false), [place.path])

  useShortcuts({
    '?': () => setShowsHelp(true),
    'mod+shift+o': () => navigate({ path: '/' }),
    'mod+k': () => {
      setOpen(true)
      focusField('session-search')
    },
  })

  return (
    <LayoutContext value={{ openSidebar: () => setOpen(true), showHelp: () => setShowsHelp(true) }}>
      <button type="button" className="skip" onClick={skipToMain}>
        Skip to the conversation
      </button>
      <div className="layout" data-drawer={isOpen ? 'open' : 'closed'}>
        <Sidebar place={place} close={() => setOpen(false)} isDrawerOpen={isOpen} />
        {isOpen && (
          <button
            type="button"
            className="scrim"
            aria-label="Close the list of conversations"
            onClick={() => setOpen(false)}
          />
        )}
        <main className="main" id="main" tabIndex={-1}>
          {viewOf(place) ?? <MissingPage />}
        </main>
      </div>
      <ShortcutsDialog isOpen={showsHelp} close={() => setShowsHelp(false)} />
    </LayoutContext>
  )
}

/** No link: the address behind `#` is the page's place. */
function skipToMain(): void {
  document.getElementById('main')?.focus()
}

/** After the drawer is there. */
function focusField(id: string): void {
  requestAnimationFrame(() => document.getElementById(id)?.focus())
}

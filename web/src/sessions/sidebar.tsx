import { useEffect, useRef } from 'react'
import type { Place } from '../app/hash.ts'
import { Icon } from '../app/icon.tsx'
import { useLayout } from '../app/layout-context.ts'
import { mountPath, useServer } from '../app/server.tsx'
import { ThemeMenu } from '../app/theme-menu.tsx'
import { SessionList } from './session-list.tsx'
import { SessionSearch } from './session-search.tsx'

export function Sidebar({
  place,
  close,
  isDrawerOpen,
}: {
  place: Place
  close: () => void
  isDrawerOpen: boolean
}) {
  const { showHelp } = useLayout()
  const { askForKey } = useServer()
  const nav = useRef<HTMLElement>(null)
  useEffect(() => {
    // A search that was asked for has the focus already.
    if (!isDrawerOpen || nav.current?.contains(document.activeElement)) return
    nav.current?.querySelector<HTMLElement>('.only-narrow')?.focus()
  }, [isDrawerOpen])
  return (
    <nav
      ref={nav}
      className="sidebar"
      aria-label="Conversations"
      data-open={isDrawerOpen}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isDrawerOpen || event.defaultPrevented) return
        event.preventDefault()
        close()
      }}
    >
      <div className="sidebar-head">
        <a className="brand" href="#/">
          <img src="./favicon.svg" alt="" width="22" height="22" />
          Parley
        </a>
        <button
          type="button"
          className="icon-button only-narrow"
          aria-label="Close the list of conversations"
          onClick={close}
        >
          <Icon name="close" />
        </button>
      </div>
      <a
        className="button new-chat"
        href="#/"
        aria-current={place.path === '/' ? 'page' : undefined}
      >
        <Icon name="add" />
        New conversation
      </a>
      <a
        className="agents-link"
        href="#/agents"
        aria-current={place.path.startsWith('/agents') ? 'page' : undefined}
      >
        <Icon name="agent" />
        Agents
      </a>
      <SessionSearch />
      <SessionList place={place} />
      <div className="sidebar-foot">
        <a className="foot-link" href={`${mountPath()}/docs`} target="_blank" rel="noreferrer">
          API reference
        </a>
        <button
          type="button"
          className="icon-button"
          aria-label="API key"
          onClick={() => askForKey(true)}
        >
          <Icon name="key" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Keyboard shortcuts"
          onClick={showHelp}
        >
          <Icon name="help" />
        </button>
        <ThemeMenu />
      </div>
    </nav>
  )
}

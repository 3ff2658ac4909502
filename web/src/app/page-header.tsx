import { type ReactNode, useEffect } from 'react'
import { Icon } from './icon.tsx'
import { useLayout } from './layout-context.ts'

/** The line at the top of a page; its title is the document's too. */
export function PageHeader({
  title,
  heading = title,
  children,
}: {
  title: string
  /** In place of the title as text. */
  heading?: ReactNode
  children?: ReactNode
}) {
  const { openSidebar } = useLayout()
  useEffect(() => {
    document.title = title === 'Parley' ? title : `${title} · Parley`
  }, [title])
  return (
    <header className="page-header">
      <button
        type="button"
        className="icon-button only-narrow"
        aria-label="Open the list of conversations"
        onClick={openSidebar}
      >
        <Icon name="menu" />
      </button>
      <h1>{heading}</h1>
      <div className="page-header-tools">{children}</div>
    </header>
  )
}

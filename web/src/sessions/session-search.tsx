import { Icon } from '../app/icon.tsx'
import { useSessions } from './use-sessions.tsx'

export function SessionSearch() {
  const { query, search } = useSessions()
  return (
    <search className="session-search">
      <Icon name="search" size={16} />
      <input
        id="session-search"
        type="search"
        placeholder="Search"
        aria-label="Search conversations"
        maxLength={200}
        value={query}
        onChange={(event) => search(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.preventDefault()
          search('')
          event.currentTarget.blur()
        }}
      />
    </search>
  )
}

import { PageHeader } from './page-header.tsx'

export function MissingPage() {
  return (
    <>
      <PageHeader title="Not found" />
      <div className="empty">
        <h2>There is no such page</h2>
        <p>
          Choose a conversation on the left, or <a href="#/">start a new one</a>.
        </p>
      </div>
    </>
  )
}

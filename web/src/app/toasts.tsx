import { useEffect } from 'react'
import { Icon } from './icon.tsx'
import { type Toast, useServer } from './server.tsx'

/** What has just failed or worked, in a corner. */
export function Toasts() {
  const { notices, dismiss } = useServer()
  return (
    <div className="toasts" role="status">
      {notices.map((toast) => (
        <ToastLine key={toast.key} toast={toast} dismiss={() => dismiss(toast.key)} />
      ))}
    </div>
  )
}

function ToastLine({ toast, dismiss }: { toast: Toast; dismiss: () => void }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the clock begins once
  useEffect(() => {
    const timer = setTimeout(dismiss, toast.kind === 'error' ? 12_000 : 4000)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div className="toast" data-kind={toast.kind}>
      <Icon name={toast.kind === 'error' ? 'alert' : 'check'} />
      <p>{toast.text}</p>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={dismiss}>
        <Icon name="close" size={16} />
      </button>
    </div>
  )
}
